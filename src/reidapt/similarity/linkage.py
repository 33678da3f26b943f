"""Average-linkage clusters on the sparse Jaccard distance: a chain of near pictures alone does not join two people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


class Dendrogram:
    """The merges of average linkage up to a radius; `cut` gives the clusters of any smaller one.

    The distance of two clusters is the mean over all their pairs, pairs that are not stored counting 1 (UPGMA, Sokal &
    Michener 1958). All clusters that are each other's nearest merge at once, with the result of always merging the nearest two,
    for what merges never comes nearer to a third (Bruynooghe 1977, reducibility).

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
    """Merges (a, b, distance), a < b, down to a mean similarity of `least`; `a` goes on as both.

    In every round all pairs merge that are each other's nearest, of equally near ones the first. What has nothing as near
    as `least` never will, and is left out.
    """
    n = distance.shape[0]
    pairs = sparse.triu(distance, k=1, format="coo")
    low, high, shared = pairs.row, pairs.col, 1.0 - pairs.data.astype(np.float64)  # summed similarity of two clusters
    size = np.ones(n)
    while len(low):
        mean = shared / (size[low] * size[high])
        best, nearest = np.zeros(n), np.full(n, n)
        for one in (low, high):
            np.maximum.at(best, one, mean)
        for one, other in ((low, high), (high, low)):
            top = mean == best[one]
            np.minimum.at(nearest, one[top], other[top])
        a = np.flatnonzero((best >= least) & (nearest < n))
        a = a[(nearest[nearest[a]] == a) & (a < nearest[a])]
        b = nearest[a]
        yield from zip(a.tolist(), b.tolist(), (1.0 - best[a]).tolist())
        size[a] += size[b]
        cluster = np.arange(n, dtype=low.dtype)
        cluster[b] = a
        kept = (best >= least)[low] & (best >= least)[high]
        low, high, shared = cluster[low[kept]], cluster[high[kept]], shared[kept]
        apart = low != high
        ends = np.minimum(low, high)[apart], np.maximum(low, high)[apart]
        # the conversion adds up what two clusters bring
        joined = sparse.coo_array((shared[apart], ends), shape=(n, n)).tocsr().tocoo()
        low, high, shared = joined.row, joined.col, joined.data
