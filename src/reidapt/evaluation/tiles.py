"""Counting and ranking over galleries so large that few queries fit a block: the gallery is read in tiles instead."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from reidapt.evaluation.counting import Picks, compare, in_threads
from reidapt.evaluation.scoring import Scorer
from reidapt.similarity.neighbours import stable_topk


class Cells:
    """The picks of queries q0..q1 by tile."""

    def __init__(self, picks: Picks, q0: int, q1: int) -> None:
        self.rows, self.columns = picks.cells(q0, q1)

    def within(self, first: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row, column in the tile, number of the pick) of those in pictures first..first + size."""
        inside = np.flatnonzero((self.columns >= first) & (self.columns < first + size))
        return self.rows[inside], self.columns[inside] - first, inside


def count_in_tiles(scorer: Scorer, positives: Picks, left_out: Picks, junk: np.ndarray) -> tuple[np.ndarray, int]:
    """As `counting.count_above`, in two passes over the gallery for each large group of queries.

    The first pass takes the scores of the positives and reads only tiles that hold one; the second counts. Both compute
    a tile by the same product, so equal scores stay equal.
    """
    ranks, ties = np.empty(len(positives.indices), np.int64), 0
    for q0, q1 in scorer.groups():
        cells, out = Cells(positives, q0, q1), Cells(left_out, q0, q1)
        values = _values(scorer, q0, q1, cells)
        order = np.lexsort((np.arange(len(values)), -values, cells.rows))  # ranked within each query
        offsets = positives.offsets[q0 : q1 + 1] - positives.offsets[q0]
        index = cells.columns[order]
        above, before, rivals = np.zeros((3, len(values)), np.int64)
        for first, block in scorer.tiles(q0, q1):
            hide(block, first, junk, out, cells)
            for total, found in zip((above, before, rivals), _compare(block, values[order], index, offsets, first)):
                total += found
            del block  # or its memory would still be held when the next group's is taken
        some = np.flatnonzero(np.diff(offsets))
        ties += int(((above[offsets[some]] == 0) & (rivals[offsets[some]] > 0)).sum())
        nth = np.arange(len(values)) - offsets[cells.rows] + 1
        ranks[positives.offsets[q0] : positives.offsets[q1]] = above + before + nth
    return ranks, ties


def _values(scorer: Scorer, q0: int, q1: int, cells: Cells) -> np.ndarray:
    """The scores of the picks `cells` of queries q0..q1, in their order."""
    values = np.empty(len(cells.rows), np.float32)
    for first, block in scorer.tiles(q0, q1, holding=cells.columns):
        rows, columns, which = cells.within(first, block.shape[1])
        row, column = (torch.from_numpy(a).to(block.device) for a in (rows, columns))
        values[which] = block[row, column].cpu().numpy()
    return values


def lists_in_tiles(scorer: Scorer, left_out: Picks, junk: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `k` gallery indices (Q, k) of every query and their scores, in one pass for each group of queries."""
    indices, scores = np.empty((scorer.queries, k), np.int64), np.empty((scorer.queries, k), np.float32)
    for q0, q1 in scorer.groups():
        out = Cells(left_out, q0, q1)
        best = torch.full((q1 - q0, k), -torch.inf, device=scorer.device)
        places = torch.full((q1 - q0, k), scorer.pictures, device=scorer.device)
        for first, block in scorer.tiles(q0, q1):
            hide(block, first, junk, out)
            values, found = stable_topk(block, k)
            both = torch.cat([best, values], dim=1)  # those of earlier tiles first: a stable sort keeps ties in order
            where = torch.cat([places, found + first], dim=1)
            best, order = both.sort(dim=1, descending=True, stable=True)
            best, places = best[:, :k], where.gather(1, order[:, :k])
            del block
        indices[q0:q1], scores[q0:q1] = places.cpu().numpy(), best.cpu().numpy()
    return indices, scores


def hide(block: Tensor, first: int, junk: np.ndarray, *cells: Cells) -> None:
    """Give the score -inf to junk and to the picks `cells` in a tile."""
    hidden = junk[(junk >= first) & (junk < first + block.shape[1])] - first
    block[:, torch.from_numpy(hidden).to(block.device)] = -torch.inf
    for some in cells:
        rows, columns, _ = some.within(first, block.shape[1])
        block[torch.from_numpy(rows).to(block.device), torch.from_numpy(columns).to(block.device)] = -torch.inf


def _compare(
    block: Tensor, values: np.ndarray, column: np.ndarray, offsets: np.ndarray, first: int
) -> tuple[np.ndarray, ...]:
    """`counting.compare` in as many threads as torch has."""
    scores = block.cpu().numpy()
    counts = tuple(np.zeros(len(values), np.int64) for _ in range(3))

    def part(rows: range) -> None:
        ends = offsets[rows.start : rows.stop + 1]
        mine = slice(ends[0], ends[-1])
        found = compare(scores[rows.start : rows.stop], values[mine], column[mine], ends - ends[0], first)
        for count, some in zip(counts, found):
            count[mine] = some

    in_threads(part, len(scores))
    return counts
