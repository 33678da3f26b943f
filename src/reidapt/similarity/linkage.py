"""Average-linkage clusters on the sparse Jaccard distance: a chain of near pictures alone does not join two people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


class Dendrogram:
    """The merges of average linkage up to a radius; `cut` gives the clusters of any smaller one.

    The distance of two clusters is the mean over all their pairs, pairs that are not stored counting 1 (UPGMA, Sokal &
    Michener 1958). Merges are found by nearest-neighbour chains (Benzécri 1982), whose result is that of always merging
    the nearest two.

    Args:
        distance: sparse symmetric distance (N, N) as `jaccard` returns it.
        radius: largest mean distance at which clusters merge, in (0, 1).

    Attributes:
        merges: int64 (M, 2), a picture of each of the two clusters that merge.
        heights: float64 (M,), their distance.
    """

    def __init__(self, distance: sparse.csr_array, radius: float) -> None:
        self.pictures = distance.shape[0]
        found = list(_merges(distance, 1.0 - radius))
        self.merges = np.array([(a, b) for a, b, _ in found], np.int64).reshape(-1, 2)
        self.heights = np.array([height for _, _, height in found], np.float64)

    def cut(self, radius: float, min_samples: int) -> np.ndarray:
        """Labels (N,) int64: 0, 1, ... in the order of each cluster's first picture; -1 in clusters below `min_samples`."""
        n, (a, b) = self.pictures, self.merges[self.heights <= radius].T
        graph = sparse.csr_array((np.ones(len(a), bool), (a, b)), shape=(n, n))
        component = connected_components(graph, directed=False)[1]
        _, first, place, count = np.unique(component, return_index=True, return_inverse=True, return_counts=True)
        number = np.full(len(count), -1, np.int64)
        large = np.flatnonzero(count >= min_samples)
        number[large[np.argsort(first[large], kind="stable")]] = np.arange(len(large))
        return number[place]


def _merges(distance: sparse.csr_array, least: float) -> Iterator[tuple[int, int, float]]:
    """Merges (a, b, distance) in the order in which chains find them, down to a mean similarity of `least`."""
    n = distance.shape[0]
    near: list[dict[int, float]] = []  # of every cluster, the summed similarity to each other one
    for i in range(n):
        entries = slice(distance.indptr[i], distance.indptr[i + 1])
        row = dict(zip(distance.indices[entries].tolist(), (1.0 - distance.data[entries]).tolist()))
        row.pop(i, None)
        near.append(row)
    size = [1] * n
    finished = [False] * n
    for start in range(n):
        chain = [] if finished[start] else [start]
        while chain:
            a = chain[-1]
            before = chain[-2] if len(chain) > 1 else -1
            best, b = (near[a][before] / size[before], before) if before >= 0 else (-1.0, -1)
            for c, total in near[a].items():
                if total / size[c] > best:  # of equally near ones the one before, so that chains end
                    best, b = total / size[c], c
            best /= size[a]
            if b < 0 or best < least:
                finished[a] = True  # nothing that merges later comes nearer to it
                chain.pop()
            elif b != before:
                chain.append(b)
            else:
                yield min(a, b), max(a, b), 1.0 - best
                del chain[-2:]
                _join(near, size, finished, *sorted((a, b)))
                if not chain:
                    chain = [min(a, b)]


def _join(near: list[dict[int, float]], size: list[int], finished: list[bool], a: int, b: int) -> None:
    """Let cluster `a` take over `b`."""
    mine = near[a]
    mine.pop(b)
    for c, total in near[b].items():
        if c != a:
            mine[c] = near[c][a] = mine.get(c, 0.0) + total
            del near[c][b]
    near[b] = {}
    size[a] += size[b]
    finished[b] = True
