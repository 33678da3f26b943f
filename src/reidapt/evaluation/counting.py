"""Count the gallery pictures ranked above each positive: NumPy on the CPU, torch on an accelerator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reidapt.evaluation.scoring import Scorer

TILE = 16384
"""Gallery pictures compared at once on the CPU: their scores and the outcomes stay in the second-level cache."""
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
    outcomes = np.zeros((0, TILE), np.bool_)
    found, ties = [], 0
    for query in range(start, start + len(block)):
        mine = positives.of(query)
        if not len(mine):
            continue
        scores = scorer.finish(block[query - start]).numpy()
        scores[junk] = -np.inf
        scores[left_out.of(query)] = -np.inf
        if len(outcomes) < len(mine):
            outcomes = np.zeros((len(mine), TILE), np.bool_)
        ranks, tied = ranks_in_row(scores, mine, outcomes)
        found.append(ranks)
        ties += tied
    return (np.concatenate(found) if found else np.empty(0, np.int64)), ties


def ranks_in_row(scores: np.ndarray, mine: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, bool]:
    """Ascending 1-based ranks of the positives `mine` among `scores` (G,), and whether a tie decided the first place.

    `outcomes` (at least len(mine), TILE) is memory to work in.
    """
    values = scores[mine][:, None]
    above = np.zeros(len(mine), np.int64)
    equal = 0
    for first in range(0, len(scores), TILE):
        tile = scores[first : first + TILE]
        outcome = outcomes[: len(mine)]
        if len(tile) < TILE:
            outcome[:, len(tile) :] = False
        np.equal(tile, values, out=outcome[:, : len(tile)])
        equal += np.count_nonzero(outcome)
        np.greater(tile, values, out=outcome[:, : len(tile)])
        words = outcome.view(np.uint64).reshape(len(mine), -1, WORD_RUN)
        above += np.add.reduce(words, axis=2).view(np.uint8).sum(axis=1, dtype=np.int64)
    if equal == len(mine):  # every positive equals itself alone
        return np.sort(above) + 1, False
    best = values.max()
    tied = above.min() == 0 and np.count_nonzero(scores == best) > np.count_nonzero(values == best)
    for k, index in enumerate(mine):
        above[k] += np.count_nonzero(scores[:index] == values[k])
    return np.sort(above) + 1, bool(tied)


def _count_in_block(
    scorer: Scorer, block: Tensor, start: int, positives: Picks, left_out: Picks, junk: np.ndarray
) -> tuple[np.ndarray, int]:
    """All queries of a block at once, one positive of each after the other: few and large kernels."""

    def there(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(block.device)

    scorer.finish(block)
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
