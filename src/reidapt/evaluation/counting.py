"""Count the gallery pictures ranked above each positive: NumPy on the CPU, torch on an accelerator."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from reidapt.evaluation.scoring import Scorer

GROUP = 16
"""Queries finished together on the CPU: their scores stay in the second-level cache."""
FEWER = 4
"""Scores below all positives are set aside where at most one in this many is left; copying more costs more than sorting."""


@dataclass(frozen=True)
class Picks:
    """Gallery indices per query as one flat array: query i has `indices[offsets[i]:offsets[i + 1]]`, ascending."""

    indices: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_pairs(cls, query: np.ndarray, picture: np.ndarray, queries: int) -> Picks:
        """From pairs ordered by query and then picture."""
        return cls(picture, np.concatenate([[0], np.cumsum(np.bincount(query, minlength=queries))]))

    def of(self, query: int) -> np.ndarray:
        """The gallery indices of one query."""
        return self.indices[self.offsets[query] : self.offsets[query + 1]]

    @classmethod
    def where(cls, chosen: np.ndarray) -> Picks:
        """From a mask (Q, G) bool."""
        query, picture = np.nonzero(chosen)
        return cls.from_pairs(query, picture, len(chosen))

    def cells_of_all(self, pictures: int) -> np.ndarray:
        """query * `pictures` + picture of every pick, ascending."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets)) * pictures + self.indices

    def cells(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """(row, column) of every pick of queries start..stop, rows counted from `start`."""
        count = np.diff(self.offsets[start : stop + 1])
        return np.repeat(np.arange(stop - start), count), self.indices[self.offsets[start] : self.offsets[stop]]


def count_above(scorer: Scorer, positives: Picks, left_out: Picks, junk: np.ndarray) -> tuple[np.ndarray, int]:
    """Ranks (1-based, ascending within a query) of all positives, and how many ties decided a rank-1.

    Pictures of `left_out` and `junk` take no rank. Of equal scores the lower gallery index ranks first. A tie decided a
    rank-1 where a positive and a negative share the best score.
    """
    ranks = np.empty(len(positives.indices), np.int64)
    ties = 0
    count = _count_in_rows if scorer.device.type == "cpu" else _count_in_block
    for start, block in scorer.blocks():
        stop = start + len(block)
        found, tied = count(scorer, block, start, positives, left_out, junk)
        ranks[positives.offsets[start] : positives.offsets[stop]] = found
        ties += tied
    return ranks, ties


def _count_in_rows(
    scorer: Scorer, block: Tensor, start: int, positives: Picks, left_out: Picks, junk: np.ndarray
) -> tuple[np.ndarray, int]:
    """A few queries after the other, so that everything done to their scores happens while they are in cache."""
    terms, rows = scorer.gallery_term.numpy(), block.numpy()
    offsets = positives.offsets[start : start + len(rows) + 1] - positives.offsets[start]
    ranks, ties = np.empty(offsets[-1], np.int64), np.zeros(len(rows), np.bool_)

    def part(some: range) -> None:
        for first in range(some.start, some.stop, GROUP):
            stop = min(first + GROUP, some.stop)
            scores = rows[first:stop]
            scorer.combine(scores, terms, out=scores)
            if scorer.bonus is not None:
                for i, row in enumerate(scores, start + first):
                    scorer.bonus.add_to(row, i)
            if len(junk):
                scores[:, junk] = -np.inf
            scores[left_out.cells(start + first, start + stop)] = -np.inf
            cells = positives.cells(start + first, start + stop)
            mine = slice(offsets[first], offsets[stop])
            ranks[mine], ties[first:stop] = ranks_in_rows(scores, *cells, offsets[first : stop + 1] - offsets[first])

    in_threads(part, len(rows))
    return ranks, int(ties.sum())


def in_threads(part: Callable[[range], None], rows: int) -> None:
    """Run `part` on as many stretches of 0..rows as torch has threads; NumPy lets go of the interpreter meanwhile."""
    threads = max(1, min(torch.get_num_threads(), rows))
    cuts = np.linspace(0, rows, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, [range(*cut) for cut in pairwise(cuts)]))


def ranks_in_rows(
    scores: np.ndarray, row: np.ndarray, column: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """1-based ranks (P,) of the positives, ascending within a row, and (B,) whether a tie decided the first place.

    Args:
        scores: (B, G); those of the positives are overwritten.
        row, column: (P,) where the positives stand, by row.
        offsets: (B + 1,) where each row's positives start.
    """
    values = scores[row, column]
    order = np.lexsort((column, -values, row))
    values, column = values[order], column[order]
    scores[row, column] = -np.inf  # what remains are negatives; among themselves the positives are in order already
    above, before, equal = compare(scores, values, column, offsets)
    tied = np.zeros(len(scores), np.bool_)
    some = np.flatnonzero(np.diff(offsets))
    best = offsets[some]
    tied[some] = (above[best] == 0) & (equal[best] > 0)
    return above + before + np.arange(len(row)) - offsets[row] + 1, tied


def compare(
    scores: np.ndarray, values: np.ndarray, column: np.ndarray, offsets: np.ndarray, first: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each positive: scores of its row above it, equal ones of a lower gallery index, and equal ones, (P,) each.

    Args:
        scores: (B, G) of the gallery pictures from `first` on, the positives' own hidden.
        values: (P,) scores of the positives, by row, descending within it.
        column: (P,) their gallery indices.
        offsets: (B + 1,) where each row's positives start.
    """
    above, before, equal = (np.zeros(len(values), np.int64) for _ in range(3))
    for i, (start, stop) in enumerate(pairwise(offsets)):
        if start == stop:
            continue
        above[start:stop], level = above_each(scores[i], values[start:stop])
        for k in range(start, stop) if level else ():
            same = scores[i] == values[k]
            equal[k] = np.count_nonzero(same)
            before[k] = np.count_nonzero(same[: max(0, column[k] - first)])
    return above, before, equal


def above_each(scores: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, bool]:
    """How many of `scores` (G,) are above each of `values` (P,), which descend, and whether any equals one.

    Scores below all values are set aside, the others sorted once: with the vector instructions that NumPy sorts float32
    with, this costs no more than comparing them with a dozen values.
    """
    near = scores >= values[-1]
    count = np.count_nonzero(near)
    if not count:
        return np.zeros(len(values), np.int64), False
    ordered = np.sort(scores[near] if FEWER * count <= len(scores) else scores)
    reached = np.searchsorted(ordered, values, side="right")
    return len(ordered) - reached, bool((ordered[reached - 1] == values).any())


def _count_in_block(
    scorer: Scorer, block: Tensor, start: int, positives: Picks, left_out: Picks, junk: np.ndarray
) -> tuple[np.ndarray, int]:
    """All queries of a block at once, one positive of each after the other: few and large kernels."""

    def there(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(block.device)

    scorer.finish(block, start)
    block[:, there(junk)] = -torch.inf
    rows, columns = left_out.cells(start, start + len(block))
    block[there(rows), there(columns)] = -torch.inf
    rows, columns = positives.cells(start, start + len(block))
    row, column = there(rows), there(columns)
    values = block[row, column]
    nth = there(np.arange(len(rows)) - (positives.offsets[start + rows] - positives.offsets[start]))
    above = torch.zeros(len(rows), dtype=torch.int64, device=block.device)
    level = torch.zeros_like(above)
    indices = torch.arange(block.shape[1], device=block.device)
    for k in range(int(nth.max()) + 1 if len(rows) else 0):
        now = nth == k
        scores, value, index = block[row[now]], values[now, None], column[now, None]
        same = scores == value
        above[now] = (scores > value).sum(1) + (same & (indices < index)).sum(1)
        level[now] = same.sum(1)
    ranks = np.stack([rows, above.cpu().numpy() + 1])
    ranks = ranks[:, np.lexsort(ranks[::-1])][1]
    best = torch.full((len(block),), -torch.inf, device=block.device).scatter_reduce(0, row, values, "amax")
    at_best = values == best[row]
    shared = torch.zeros(len(block), dtype=torch.int64, device=block.device).index_add(0, row, at_best.long())
    rivals = at_best & (level > shared[row])
    leads = torch.zeros_like(shared).index_add(0, row, (rivals & (block.amax(1)[row] == values)).long())
    return ranks, int((leads > 0).sum())
