"""How good clusters are, told without labels: silhouette on the sparse Jaccard distance, agreement of two clusterings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse


def silhouette(distance: sparse.csr_array, labels: np.ndarray) -> float:
    """Mean silhouette (Rousseeuw 1987) of all pictures, in [-1, 1]; a picture in no cluster counts 0.

    s(i) = (b - a) / max(a, b), a the mean distance to the other pictures of i's cluster and b the smallest mean distance
    to another cluster. Because pictures outside all clusters count 0, it is small both where clusters melt together and
    where few pictures are in any.

    Args:
        distance: sparse Jaccard distance (N, N) as `jaccard` returns it: absent entries are 1.
        labels: int (N,), -1 = in no cluster.
    """
    n, clusters = len(labels), int(labels.max(initial=-1)) + 1
    inside = np.flatnonzero(labels >= 0)
    if clusters < 2:
        return 0.0
    size = np.bincount(labels[inside], minlength=clusters)
    member = sparse.csr_array((np.ones(len(inside)), (inside, labels[inside])), shape=(n, clusters))
    near = sparse.csr_array((1.0 - distance.data.astype(np.float64), distance.indices, distance.indptr), distance.shape)
    sums = (near @ member).tocoo()  # similarity 1 - d of every picture to every cluster, summed; absent entries add 0
    row, column = sums.coords
    own = labels[row] == column
    within, other = np.zeros(n), np.zeros(n)
    within[row[own]] = sums.data[own]
    np.maximum.at(other, row[~own], sums.data[~own] / size[column[~own]])
    mates = size[labels[inside]] - 1
    itself = near.diagonal()[inside]
    a = 1.0 - (within[inside] - itself) / np.maximum(mates, 1)
    b = 1.0 - other[inside]
    score = np.where(mates > 0, (b - a) / np.maximum(np.maximum(a, b), 1e-12), 0.0)
    return float(score.sum() / n)


def choose(
    distance: sparse.csr_array, candidates: Sequence[tuple[float, np.ndarray]], tolerance: float = 0.03
) -> tuple[float, np.ndarray, float]:
    """Of clusterings with growing radius, the one of the largest radius whose silhouette is near the best.

    Args:
        distance: sparse Jaccard distance.
        candidates: radius and labels (N,) of each clustering, at least one.
        tolerance: how far below the best silhouette, as a share of it, still counts as near: the silhouette is flat
            around its peak, and larger clusters hold more of a person's crops.

    Returns:
        the radius, the labels and their silhouette.
    """
    scored = [(radius, labels, silhouette(distance, labels)) for radius, labels in candidates]
    best = max(score for _, _, score in scored)
    near = [entry for entry in scored if entry[2] >= best - tolerance * abs(best)]
    return max(near, key=lambda entry: entry[0])


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Adjusted Rand index of two clusterings of the same pictures, on those that both have in a cluster; 1 = the same.

    0 where they have no picture in common.
    """
    from sklearn.metrics import adjusted_rand_score

    both = (first >= 0) & (second >= 0)
    return float(adjusted_rand_score(first[both], second[both])) if both.any() else 0.0
