"""What a ranking showed: figures, per-query measures, ranked lists; prints, plots, saves and loads itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from reidapt.errors import RunError
from reidapt.evaluation.files import not_a_result, read_result, write_result
from reidapt.similarity.neighbours import stable_topk

if TYPE_CHECKING:
    from reidapt.evaluation.counting import Picks
    from reidapt.evaluation.scoring import Scorer


@dataclass
class RetrievalResult:
    """The outcome of `reidapt.evaluation.rank`.

    Attributes:
        cmc: (max_rank,) float64 in 0..1; `cmc[k - 1]` is the share of queries whose first match is at rank k or better.
        average_precision: (Q,) float64 in 0..1, NaN for a query without a match.
        inverse_penalty: (Q,) float64 in 0..1, matches / rank of the last match, NaN without a match (its mean is mINP).
        first_match: (Q,) int64 rank of the first match counted from 1, -1 without one.
        settings: what was counted and how: queries, gallery, junk, protocol, AP rule, metric, re-ranking, flip, ...
        query_rows, gallery_rows: rows (Q,), (G,) of the table that were ranked, where a protocol chose them, else None.
    """

    cmc: np.ndarray
    average_precision: np.ndarray
    inverse_penalty: np.ndarray
    first_match: np.ndarray
    settings: dict[str, Any]
    query_rows: np.ndarray | None = None
    gallery_rows: np.ndarray | None = None
    _lists: RankedLists | None = field(default=None, repr=False)
    _source: _Source | None = field(default=None, repr=False)

    @property
    def mAP(self) -> float:
        """Mean average precision over the queries with a match, 0..1."""
        return _mean(self.average_precision)

    @property
    def mINP(self) -> float:
        """Mean inverse negative penalty over the queries with a match, 0..1."""
        return _mean(self.inverse_penalty)

    def summary(self) -> dict[str, Any]:
        """Figures in percent (None where no query has a match), counts, and everything that influenced them."""

        def percent(share: float) -> float | None:
            return None if np.isnan(share) else float(100.0 * share)

        at = {f"rank{k}": percent(self.cmc[min(k, len(self.cmc)) - 1]) for k in (1, 5, 10)}
        return {**at, "mAP": percent(self.mAP), "mINP": percent(self.mINP), **self.settings}

    def __str__(self) -> str:
        figures = self.summary()
        names = ("rank1", "rank5", "rank10", "mAP", "mINP")
        cells = ["-" if figures[name] is None else f"{figures[name]:.1f}" for name in names]
        heading = "  ".join(f"{name:>6}" for name in names)
        values = "  ".join(f"{cell:>6}" for cell in cells)
        about = (
            f"{figures['queries']:,} queries ({figures['skipped_queries']:,} without a match), "
            f"{figures['gallery']:,} gallery pictures ({figures['junk']:,} junk)"
        )
        how = [f"{figures['ap']} AP", f"{figures['metric']} metric", f"same-camera rule {figures['same_camera_rule']}"]
        how += [f"re-ranked ({figures['reranking']})"] * bool(figures["reranking"]) + ["flip"] * bool(figures["flip"])
        if figures["ties_at_rank1"]:
            how.append(f"{figures['ties_at_rank1']:,} rank-1 decided by a tie")
        return "\n".join([heading, values, about, ", ".join(how)])

    # Ranked lists -----------------------------------------------------------------------------------------------------

    def attach(self, scorer: Scorer, positives: Picks, left_out: Picks, junk: np.ndarray) -> None:
        """Remember (without copying) what ranked lists are computed from when someone asks for them."""
        self._source = _Source(scorer, positives, left_out, junk)

    def share_lists(self, other: RetrievalResult) -> None:
        """Take the ranked lists of another result about the same queries and gallery."""
        self._lists, self._source = other._lists, other._source

    def score_rows(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield every query's number and its scores (G,) float32, -inf for what it leaves out.

        The array is used again for the next query. Raises RunError if the result was loaded from a file.
        """
        if self._source is None:
            raise RunError("this result was loaded from a file and doesn't hold its embeddings any more.")
        for start, block in self._source.blocks():
            for row, scores in enumerate(block.cpu().numpy()):
                yield start + row, scores

    def lists(self, k: int) -> RankedLists:
        """The first `k` of each query's ranked list, computed at the first call and kept.

        Raises RunError if the result was loaded from a file that holds shorter lists.
        """
        k = min(k, self.settings["gallery"])
        if self._lists is None or self._lists.indices.shape[1] < k:
            if self._source is None:
                stored = 0 if self._lists is None else self._lists.indices.shape[1]
                raise RunError(
                    f"the first {k} of each ranked list were asked for, but this result was loaded from a file that "
                    f"holds {stored}; save it with save(path, lists={k}) where it is computed."
                )
            self._lists = self._source.lists(k)
        return RankedLists(self._lists.indices[:, :k], self._lists.scores[:, :k], self._lists.correct[:, :k])

    def top(self, k: int) -> np.ndarray:
        """Gallery indices (Q, k) int64 of each ranked list, junk and same-camera pictures removed, padded with -1."""
        return self.lists(k).indices

    def correct(self, k: int) -> np.ndarray:
        """(Q, k) bool: whether the picture at that place of the ranked list is a match; False where padded."""
        return self.lists(k).correct

    def scores(self, k: int) -> np.ndarray:
        """(Q, k) float32: cosine, or minus the Euclidean distance, at each place; -inf where padded."""
        return self.lists(k).scores

    def plot_cmc(self, out_png: str | os.PathLike[str], label: str = "") -> Path:
        """Draw the CMC curve into a PNG file."""
        from reidapt.evaluation.figures import plot_cmc

        return plot_cmc({label or "CMC": self}, out_png)

    def plot_lists(
        self,
        query_paths: Sequence[str | os.PathLike[str]],
        gallery_paths: Sequence[str | os.PathLike[str]],
        out_png: str | os.PathLike[str],
        queries: Sequence[int] | None = None,
        k: int = 10,
    ) -> Path:
        """Draw ranked lists into a PNG file; see `reidapt.evaluation.figures.ranked_lists`."""
        from reidapt.evaluation.figures import ranked_lists

        return ranked_lists(self, query_paths, gallery_paths, out_png, queries, k)

    def plot_scores(self, out_png: str | os.PathLike[str], k: int = 50) -> Path:
        """Draw the scores of matches and of other people among the first `k` into a PNG file."""
        from reidapt.evaluation.figures import score_histogram

        return score_histogram(self, out_png, k)

    # Files ------------------------------------------------------------------------------------------------------------

    def save(
        self,
        path: str | os.PathLike[str],
        lists: int = 50,
        embeddings: bool = False,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> Path:
        """Write `NAME.json` (summary and CMC) and, beside it, `NAME.npz` (per-query measures and ranked lists).

        Args:
            path: with or without `.json`; missing folders are made.
            lists: how much of each ranked list to store; 0 for none.
            embeddings: also store the query and gallery features, from which everything can be computed again.
            extra: further arrays for the `.npz`, such as the paths of the pictures.

        Returns:
            The path of the JSON file. Both files are complete or absent. Raises RunError when they can't be written.
        """
        return write_result(path, {**self.summary(), "cmc": self.cmc.tolist()}, self.arrays(lists, embeddings, extra))

    def arrays(
        self, lists: int = 50, embeddings: bool = False, extra: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """What `save` stores in the `.npz`; its arguments are those of `save`."""
        arrays = {name: getattr(self, name) for name in ARRAYS if getattr(self, name) is not None}
        if lists:
            ranked = self.lists(lists)
            arrays |= {"top": ranked.indices, "scores": ranked.scores, "correct": ranked.correct}
        if embeddings:
            if self._source is None:
                raise RunError("this result was loaded from a file and doesn't hold its embeddings any more.")
            scorer = self._source.scorer
            arrays |= {"query": scorer.query.cpu().numpy(), "gallery": scorer.gallery.cpu().numpy()}
        return arrays | dict(extra or {})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> RetrievalResult:
        """Read what `save` wrote. Raises RunError if a file is missing, damaged, of another format or holds trials."""
        target, summary, arrays = read_result(path)
        if "trial_settings" in summary:
            raise RunError(f"{target} holds the trials of a protocol; read it with TrialsResult.load.")
        try:
            settings = {name: value for name, value in summary.items() if name not in FIGURES}
            return cls.from_arrays(arrays, settings)
        except (KeyError, TypeError, ValueError) as error:
            raise not_a_result(target, error) from error

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], settings: dict[str, Any]) -> RetrievalResult:
        """From what `arrays()` gave; KeyError where a measure is missing."""
        own: dict[str, Any] = {name: arrays.get(name) if name in OPTIONAL else arrays[name] for name in ARRAYS}
        lists = RankedLists(arrays["top"], arrays["scores"], arrays["correct"]) if "top" in arrays else None
        return cls(**own, settings=settings, _lists=lists)


OPTIONAL = ("query_rows", "gallery_rows")
ARRAYS = ("cmc", "average_precision", "inverse_penalty", "first_match", *OPTIONAL)
FIGURES = ("rank1", "rank5", "rank10", "mAP", "mINP", "cmc")


@dataclass(frozen=True)
class RankedLists:
    """The first k places of every query's ranked list."""

    indices: np.ndarray
    """(Q, k) int64, -1 where the list is shorter."""
    scores: np.ndarray
    """(Q, k) float32, -inf where the list is shorter."""
    correct: np.ndarray
    """(Q, k) bool."""


@dataclass(frozen=True)
class _Source:
    """Everything a ranked list is computed from."""

    scorer: Scorer
    positives: Picks
    left_out: Picks
    junk: np.ndarray

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Yield (first query, scores (B, G)), -inf where a picture is left out."""
        junk = torch.from_numpy(self.junk).to(self.scorer.device)
        for start, block in self.scorer.blocks():
            self.scorer.finish(block, start)
            block[:, junk] = -torch.inf
            rows, columns = (
                torch.from_numpy(a).to(block.device) for a in self.left_out.cells(start, start + len(block))
            )
            block[rows, columns] = -torch.inf
            yield start, block

    def lists(self, k: int) -> RankedLists:
        from reidapt.evaluation.tiles import lists_in_tiles

        scorer, queries = self.scorer, self.scorer.queries
        if scorer.tiled:
            indices, values = lists_in_tiles(scorer, self.left_out, self.junk, k)
        else:
            indices, values = np.empty((queries, k), np.int64), np.empty((queries, k), np.float32)
            for start, block in self.blocks():
                best, nearest = stable_topk(block, k)
                indices[start : start + len(block)] = nearest.cpu().numpy()
                values[start : start + len(block)] = best.cpu().numpy()
        shown = np.isfinite(values)
        everyone = torch.arange(queries, device=scorer.device)
        readable = scorer.reported(torch.from_numpy(values).to(scorer.device), everyone).cpu().numpy()
        indices, scores = np.where(shown, indices, -1), np.where(shown, readable, -np.inf)
        correct = np.zeros(indices.shape, np.bool_)
        for query, row in enumerate(indices):
            correct[query] = np.isin(row, self.positives.of(query))
        return RankedLists(indices, scores.astype(np.float32), correct)


def _mean(values: np.ndarray) -> float:
    """Mean of the numbers that are not NaN; NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
