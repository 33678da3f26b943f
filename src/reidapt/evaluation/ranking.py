"""The Market-1501 retrieval metric (CMC, mAP, mINP) without sorting the gallery.

The rank of a positive is one more than the number of valid gallery pictures that score above it, so it is enough to
count them: a block of queries against the gallery is one matrix product, and each row is counted while it is in cache.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.counting import Picks, count_above
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.scoring import Metric, Scorer
from reidapt.similarity.neighbours import Features

JUNK, DISTRACTOR, UNKNOWN = -1, 0, -1
ApRule = Literal["step", "trapezoid"]


def rank(
    query: Features,
    gallery: Features,
    *,
    query_person: ArrayLike,
    gallery_person: ArrayLike,
    query_camera: ArrayLike | None = None,
    gallery_camera: ArrayLike | None = None,
    ap: ApRule = "step",
    metric: Metric = "cosine",
    max_rank: int = 50,
    chunk: int | None = None,
    record: Mapping[str, Any] | None = None,
) -> RetrievalResult:
    """Rank the gallery for every query by the Market-1501 rule.

    Left out for a query: gallery pictures of the same person *and* camera, and junk (person -1). Distractors (person 0)
    stay as negatives. Queries without a match are skipped and counted. Of equal scores the lower gallery index comes
    first, as in a stable sort by descending similarity.

    Args:
        query: (Q, D) embeddings, tensor or array; computed with in float32.
        gallery: (G, D) likewise, on the same device; may be a memory map.
        query_person: (Q,) identities, 1 or above.
        gallery_person: (G,) identities; -1 junk, 0 distractor.
        query_camera: (Q,) cameras, -1 or None where unknown: the same-camera rule can't apply to such a picture.
        gallery_camera: (G,) likewise.
        ap: "step" sums precision at each positive (torchreid, fastreid); "trapezoid" averages it with the precision
            just before (the authors of Market-1501).
        metric: "cosine", or "euclidean" between the features as they are.
        max_rank: length of the CMC curve.
        chunk: queries compared at once; by default as many as fit a block of scores of 48 MiB.
        record: what else influences the numbers ("flip", "feature", "reranking", ...); written into the summary.

    Returns:
        RetrievalResult; `result.summary()` has the figures in percent.

    Raises:
        DataError: shapes, devices or identities that do not fit, or NaN features.
        ConfigError: an unknown `ap` or `metric`, or `max_rank` below 1.
    """
    if ap not in ("step", "trapezoid"):
        raise ConfigError(f"ap is {ap!r}; expected 'step' or 'trapezoid'.")
    if max_rank < 1:
        raise ConfigError(f"max_rank is {max_rank}; expected at least 1.")
    started = time.perf_counter()
    scorer = Scorer(query, gallery, metric, chunk)
    people = Identities.checked(
        query_person, gallery_person, query_camera, gallery_camera, scorer.queries, scorer.pictures
    )
    positives, left_out = people.split()
    ranks, ties = count_above(scorer, positives, left_out, people.junk)
    first, average_precision, inverse_penalty = per_query(ranks, positives.offsets, ap)
    result = RetrievalResult(
        cmc=cumulative_match(first, max_rank),
        average_precision=average_precision,
        inverse_penalty=inverse_penalty,
        first_match=first,
        settings={
            "queries": scorer.queries,
            "skipped_queries": int((first < 0).sum()),
            "gallery": scorer.pictures,
            "junk": len(people.junk),
            "distractors": int((people.gallery_person == DISTRACTOR).sum()),
            "ties_at_rank1": ties,
            "protocol": "market1501",
            "same_camera_rule": people.camera_rule,
            "ap": ap,
            "metric": metric,
            "reranking": False,
            "flip": False,
            "feature": "embedding",
            **dict(record or {}),
            "seconds": time.perf_counter() - started,
        },
    )
    result.attach(scorer, positives, left_out, people.junk)
    return result


def per_query(ranks: np.ndarray, offsets: np.ndarray, ap: ApRule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First match (1-based, -1 for none), AP and inverse negative penalty (NaN for none) from the positives' ranks.

    Args:
        ranks: (P,) 1-based ranks, ascending within each query.
        offsets: (Q + 1,) where each query's ranks start.
    """
    count = np.diff(offsets)
    query = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(ranks)) - offsets[query] + 1  # the how-manyth positive of its query, from 1
    precision = nth / ranks
    if ap == "trapezoid":
        before = np.where(ranks > 1, (nth - 1) / np.maximum(ranks - 1, 1), 1.0)
        precision = (precision + before) / 2
    some = count > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        average_precision = np.bincount(query, precision, minlength=len(count)) / count
    first = np.full(len(count), -1, np.int64)
    first[some] = ranks[offsets[:-1][some]]
    inverse_penalty = np.full(len(count), np.nan)
    inverse_penalty[some] = count[some] / ranks[offsets[1:][some] - 1]
    return first, average_precision, inverse_penalty


def cumulative_match(first: np.ndarray, max_rank: int) -> np.ndarray:
    """CMC (max_rank,) in 0..1: the share of queries (those with a match) whose first match is at rank k or better."""
    found = first[first > 0]
    if not len(found):
        return np.full(max_rank, np.nan)
    return np.bincount(np.minimum(found, max_rank + 1), minlength=max_rank + 2)[1 : max_rank + 1].cumsum() / len(found)


@dataclass(frozen=True)
class Identities:
    """Who is on each picture and which camera took it, checked."""

    query_person: np.ndarray
    gallery_person: np.ndarray
    query_camera: np.ndarray
    gallery_camera: np.ndarray

    @classmethod
    def checked(
        cls,
        query_person: ArrayLike,
        gallery_person: ArrayLike,
        query_camera: ArrayLike | None,
        gallery_camera: ArrayLike | None,
        queries: int,
        pictures: int,
    ) -> Identities:
        """Columns as int64 arrays of the right lengths; DataError on others, and on junk or distractor queries."""
        columns = cls(
            _column(query_person, queries, "query_person"),
            _column(gallery_person, pictures, "gallery_person"),
            _column(query_camera, queries, "query_camera"),
            _column(gallery_camera, pictures, "gallery_camera"),
        )
        wrong = np.flatnonzero(columns.query_person <= 0)
        if len(wrong):
            raise DataError(
                f"{len(wrong)} of {queries} queries have person 0 (distractor) or below (junk), the first is query "
                f"{wrong[0]} with person {columns.query_person[wrong[0]]}; a query needs an identity of 1 or above. "
                "Leave these rows out of the queries, or number the people from 1."
            )
        odd = np.flatnonzero(columns.gallery_person < JUNK)
        if len(odd):
            raise DataError(
                f"gallery_person {columns.gallery_person[odd[0]]} at picture {odd[0]}; expected an identity of 1 or "
                "above, 0 for a distractor or -1 for junk."
            )
        return columns

    @property
    def junk(self) -> np.ndarray:
        """Gallery indices of junk pictures."""
        return np.flatnonzero(self.gallery_person == JUNK)

    @property
    def camera_rule(self) -> str:
        """Whether pictures of the query's own camera could be left out: "on", "off" or "where known"."""
        unknown = [camera == UNKNOWN for camera in (self.query_camera, self.gallery_camera)]
        if not (unknown[0].any() or unknown[1].any()):
            return "on"
        return "off" if unknown[0].all() or unknown[1].all() else "where known"

    def split(self) -> tuple[Picks, Picks]:
        """For each query the gallery pictures of its person: (matches, those of its own camera, to be left out)."""
        order = np.argsort(self.gallery_person, kind="stable")
        ordered = self.gallery_person[order]
        start = np.searchsorted(ordered, self.query_person, side="left")
        count = np.searchsorted(ordered, self.query_person, side="right") - start
        query = np.repeat(np.arange(len(count)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        picture = order[np.repeat(start, count) + within]
        camera = self.query_camera[query]
        same = (camera == self.gallery_camera[picture]) & (camera != UNKNOWN)
        return (
            Picks.from_pairs(query[~same], picture[~same], len(count)),
            Picks.from_pairs(query[same], picture[same], len(count)),
        )


def _column(values: ArrayLike | None, length: int, name: str) -> np.ndarray:
    if values is None:
        return np.full(length, UNKNOWN, np.int64)
    column = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if column.shape != (length,) or not np.issubdtype(column.dtype, np.integer):
        raise DataError(
            f"{name} has shape {column.shape} and type {column.dtype}; expected {length} whole numbers, one for each "
            "row of the features."
        )
    return column.astype(np.int64)
