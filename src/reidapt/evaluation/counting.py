"""Count the gallery pictures ranked above each positive: NumPy on the CPU, torch on an accelerator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from reidapt.evaluation.scoring import Scorer

TILE = 20480
"""Gallery pictures compared at once on the CPU: their scores and the outcomes stay in the second-level cache."""
MANY = 48
"""Above this many positives of one query, sorting its scores once costs less than comparing them with each positive."""
FEWER = 3
"""Scores are set aside where this many times the others are left; copying a few costs less than comparing all."""
WORD_RUN = 128
"""Outcomes are bytes, added up eight at a time as 64-bit words; a byte would overflow after 255 words."""


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
    """One query after the other, so that everything done to its scores happens while they are in cache."""
    terms, combine = scorer.gallery_term.numpy(), scorer.combine
    rows = block.numpy()

    def count(part: range) -> tuple[list[np.ndarray], int]:
        outcomes = np.zeros((MANY, TILE), np.bool_)
        found: list[np.ndarray] = []
        ties = 0
        for i in part:
            mine = positives.of(start + i)
            if not len(mine):
                continue
            scores = rows[i]
            combine(scores, terms, out=scores)
            if scorer.bonus is not None:
                scorer.bonus.add_to(scores, start + i)
            scores[junk] = -np.inf
            scores[left_out.of(start + i)] = -np.inf
            ranks, tied = ranks_in_row(scores, mine, outcomes)
            found.append(ranks)
            ties += tied
        return found, ties

    threads = max(1, min(torch.get_num_threads(), len(rows)))
    cuts = np.linspace(0, len(rows), threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:  # NumPy lets go of the interpreter while it compares
        parts = list(pool.map(count, [range(*cut) for cut in pairwise(cuts)]))
    found = [ranks for part, _ in parts for ranks in part]
    return np.concatenate([np.empty(0, np.int64), *found]), sum(ties for _, ties in parts)


def ranks_in_row(scores: np.ndarray, mine: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, bool]:
    """Ascending 1-based ranks of the positives `mine` among `scores` (G,), and whether a tie decided the first place.

    `outcomes` (at least min(len(mine), MANY), TILE) is memory to work in; `scores` of the positives are overwritten.
    """
    order = np.argsort(-scores[mine], kind="stable")
    values = scores[mine[order]]
    scores[mine] = -np.inf  # what remains are negatives; among themselves the positives are in order already
    above, level = above_each(scores, values, outcomes)
    tied = bool(level and above[0] == 0 and (scores == values[0]).any())
    if level:
        for k, index in enumerate(mine[order]):
            above[k] += np.count_nonzero(scores[:index] == values[k])
    return above + np.arange(1, len(mine) + 1), tied


def above_each(scores: np.ndarray, values: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, bool]:
    """How many of `scores` (G,) are above each of `values` (P,), which descend, and whether any equals one.

    Scores below all values are set aside first where they are the most. `outcomes` (at least min(P, MANY), TILE) bool
    is memory to work in.
    """
    near = scores >= values[-1]
    if FEWER * np.count_nonzero(near) < len(scores):
        scores = scores[near]
    if len(values) <= MANY:
        return _above(scores, values[:, None], outcomes[: len(values)])
    ordered = np.sort(scores)
    above = len(scores) - np.searchsorted(ordered, values, side="right")
    return above, bool((np.searchsorted(ordered, values, side="left") + above < len(scores)).any())


def _above(scores: np.ndarray, values: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, bool]:
    """How many of `scores` (G,) are above each of `values` (P, 1), and whether any equals one. `outcome`: (P, TILE)."""
    above = np.zeros(len(values), np.int64)
    level = False
    for first in range(0, len(scores), TILE):
        tile = scores[first : first + TILE]
        inside = outcome[:, : len(tile)]
        used = outcome[:, : -(-len(tile) // (8 * WORD_RUN)) * 8 * WORD_RUN]
        used[:, len(tile) :] = False
        level = level or bool(np.equal(tile, values, out=inside).any())
        np.greater(tile, values, out=inside)
        words = used.view(np.uint64).reshape(len(values), -1, WORD_RUN)
        above += np.add.reduce(words, axis=2).view(np.uint8).sum(axis=1, dtype=np.int64)
    return above, level


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
