"""Jaccard distance between k-reciprocal neighbourhoods (Zhong et al., CVPR 2017), kept sparse.

Two pictures that share no neighbour are at distance exactly 1, which is nearly every pair: only the others are stored.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional

from reidapt.errors import ConfigError
from reidapt.similarity.neighbours import BLOCK_BYTES, Features, as_features, full_float32, knn

PAIR_BUDGET = 1 << 20
"""Number of (picture, shared neighbour, picture) triples, and of pairs, expanded at once: about 50 MB."""


def jaccard(features: Features, k1: int = 20, k2: int = 6, max_distance: float = 1.0) -> sparse.csr_array:
    """Sparse Jaccard distance between all pictures, as clustering-based adaptation uses it.

    With R(i, k) the mutual k-nearest neighbours of i (i counts as its own first neighbour), R(i, k1) is expanded by
    R(j, k1/2 + 1) of every j in it that has more than two thirds of its set inside R(i, k1). The weights of i's set are
    V_i = softmax(-|x_i - x_j|²); they are averaged over i's `k2` nearest neighbours, and
    d(i, j) = 1 - sum_c min(V_ic, V_jc) / sum_c max(V_ic, V_jc).

    Args:
        features: (N, D), normalised here.
        k1: neighbours that make up a neighbourhood, the picture itself included.
        k2: neighbours averaged over, the picture itself included; 1 switches the averaging off.
        max_distance: leave out pairs that are further apart (in (0, 1]).

    Returns:
        float32 CSR (N, N), symmetric, column indices sorted. **An entry that isn't stored is a distance of 1** (or
        above `max_distance`); stored entries may be 0, as the diagonal is. `.toarray()` would turn absent entries into
        0: use `dense`.

    Raises:
        DataError: not a matrix, or NaN or infinite features.
        ConfigError: k1 or k2 below 1, or max_distance outside (0, 1].
    """
    if k1 < 1 or k2 < 1:
        raise ConfigError(f"k1 is {k1} and k2 is {k2}; the Jaccard distance needs at least 1 neighbour for each.")
    if not 0 < max_distance <= 1:
        raise ConfigError(f"max_distance is {max_distance}; a Jaccard distance lies in (0, 1].")
    x = functional.normalize(as_features(features).float(), dim=1)
    weights, _ = reciprocal_weights(x, k1, half(k1), k2)
    return pairwise_jaccard(weights, max_distance)


def reciprocal_weights(
    x: Tensor, k1: int, small: int, k2: int, scaled: bool = False
) -> tuple[sparse.csr_array, np.ndarray]:
    """The weight of every picture in every picture's neighbourhood, averaged over `k2` neighbours.

    Args:
        x: (N, D) unit features.
        k1, k2: as in `jaccard`.
        small: size of the neighbourhoods that expand a set, the picture itself included.
        scaled: divide squared distances by the largest of their row before exp(-d²), as re-ranking does.

    Returns:
        (N, N) float32 CSR with sorted columns, rows summing to 1; and the largest squared distance of each row (N,)
        where `scaled`, else ones.
    """
    _, nearest = knn(x, max(k1, k2, small))
    ranks = nearest.cpu().numpy()
    furthest = largest_distances(x) if scaled else np.ones(len(x), np.float32)
    weights = neighbour_weights(x, expanded_sets(ranks, k1, small), furthest)
    if k2 > 1:
        weights = neighbour_indicator(ranks, k2, value=1.0 / min(k2, len(ranks))) @ weights
    weights = weights.tocsr()
    weights.sort_indices()  # both d(i, j) and d(j, i) add up in this order and so are equal to the last bit
    return weights, furthest


def largest_distances(x: Tensor) -> np.ndarray:
    """The largest squared distance (N,) from each unit feature of `x` (N, D) to another; at least 1e-12."""
    furthest = torch.empty(len(x), dtype=torch.float32, device=x.device)
    rows = max(1, BLOCK_BYTES // (4 * max(len(x), 1)))
    with full_float32():
        for start in range(0, len(x), rows):
            furthest[start : start + rows] = 2 - 2 * (x[start : start + rows] @ x.T).amin(1)
    return furthest.clamp_min(1e-12).cpu().numpy()


def dense(distance: sparse.csr_array) -> np.ndarray:
    """The full (N, M) float32 matrix of a sparse distance: absent entries become 1. For small N."""
    full = np.ones(distance.shape, np.float32)
    entries = distance.tocoo()
    full[entries.row, entries.col] = entries.data
    return full


def half(k1: int) -> int:
    """Size of the smaller neighbourhoods that expand a set of k1: k1 / 2 rounded to even, and the picture itself."""
    return int(np.around(k1 / 2)) + 1


def neighbour_indicator(ranks: np.ndarray, k: int, value: float = 1.0) -> sparse.csr_array:
    """(N, N) matrix holding `value` at each picture's first `k` neighbours of `ranks` (N, >=k)."""
    n = len(ranks)
    k = min(k, ranks.shape[1])
    columns = ranks[:, :k].ravel()
    return sparse.csr_array((np.full(n * k, value, np.float32), columns, np.arange(0, n * k + 1, k)), shape=(n, n))


def expanded_sets(ranks: np.ndarray, k1: int, half_k1: int) -> sparse.csr_array:
    """The expanded k-reciprocal sets of Zhong et al. as a (N, N) matrix whose stored entries are the members."""
    reciprocal = mutual(ranks, k1)
    small = mutual(ranks, half_k1)
    overlap = (reciprocal @ small.T).multiply(reciprocal).tocsr()  # |R(i, k1) ∩ R(j, k1/2)| for every j in R(i, k1)
    size = np.diff(small.indptr)
    joins = 3 * np.rint(overlap.data).astype(np.int64) > 2 * size[overlap.indices]
    overlap.data = joins.astype(np.float32)
    overlap.eliminate_zeros()
    members = (reciprocal + overlap @ small).tocsr()
    members.sort_indices()
    return members


def mutual(ranks: np.ndarray, k: int) -> sparse.csr_array:
    """Pairs that are among each other's first `k` neighbours, as ones in a (N, N) matrix."""
    near = neighbour_indicator(ranks, k)
    return near.multiply(near.T.tocsr()).tocsr()


def neighbour_weights(
    x: Tensor, sets: sparse.csr_array, furthest: np.ndarray, chunk: int = 1 << 14
) -> sparse.csr_array:
    """softmax over each set of -|x_i - x_j|² / furthest_i for unit `x` (N, D); the rows of the result sum to 1."""
    rows = np.repeat(np.arange(len(x)), np.diff(sets.indptr))
    columns = sets.indices.astype(np.int64)
    similarity = np.empty(len(columns), np.float32)
    for start in range(0, len(columns), chunk):
        part = slice(start, start + chunk)
        left, right = (torch.from_numpy(index[part]).to(x.device) for index in (rows, columns))
        similarity[part] = torch.linalg.vecdot(x[left], x[right]).cpu().numpy()
    weights = np.exp((2.0 * similarity.astype(np.float64) - 2.0) / furthest[rows])
    sums = np.bincount(rows, weights, minlength=len(x))
    return sparse.csr_array(((weights / sums[rows]).astype(np.float32), sets.indices, sets.indptr), shape=sets.shape)


def pairwise_jaccard(
    weights: sparse.csr_array, max_distance: float = 1.0, other: sparse.csr_array | None = None
) -> sparse.csr_array:
    """Jaccard distance between the rows of `weights` (N, C) and of `other` (M, C; default the same), rows summing to 1.

    Returns float32 CSR (N, M) of the distances below 1 and up to `max_distance`.
    """
    symmetric = other is None
    columns = (weights if other is None else other).tocsc()
    n, m = weights.shape[0], columns.shape[0]
    column_length = np.diff(columns.indptr).astype(np.int64)
    work = np.concatenate([[0], np.cumsum(column_length[weights.indices])])[weights.indptr]  # triples before each row
    indices, data, counts = [np.empty(0, np.int32)], [np.empty(0, np.float32)], np.zeros(n, np.int64)
    start = 0
    while start < n:
        stop = int(np.searchsorted(work, work[start] + PAIR_BUDGET, side="right")) - 1
        stop = min(n, max(start + 1, min(stop, start + PAIR_BUDGET // m)))
        shared = _intersections(weights, columns, column_length, start, stop, m)
        if symmetric:
            own = np.arange(stop - start)
            shared[own * m + own + start] = 1.0
        cell = np.flatnonzero(shared > 0)
        common = shared[cell]
        distance = np.maximum(1.0 - common / (2.0 - common), 0.0)
        if max_distance < 1:
            near = distance <= max_distance
            cell, distance = cell[near], distance[near]
        counts[start:stop] = np.bincount(cell // m, minlength=stop - start)
        indices.append((cell % m).astype(np.int32))
        data.append(distance.astype(np.float32))
        start = stop
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((np.concatenate(data), np.concatenate(indices), indptr), shape=(n, m))


def _intersections(
    weights: sparse.csr_array, columns: sparse.csc_array, column_length: np.ndarray, start: int, stop: int, m: int
) -> np.ndarray:
    """sum_c min(weights[i, c], columns[j, c]) for rows start..stop and all j, as a dense (stop - start, m) block."""
    entries = slice(weights.indptr[start], weights.indptr[stop])
    shared_column, value = weights.indices[entries], weights.data[entries]
    row = np.repeat(np.arange(stop - start), np.diff(weights.indptr[start : stop + 1]))
    length = column_length[shared_column]
    first = np.cumsum(length) - length
    position = np.arange(length.sum()) + np.repeat(columns.indptr[shared_column] - first, length)
    smaller = np.minimum(np.repeat(value, length), columns.data[position])
    cell = np.repeat(row * m, length) + columns.indices[position]
    return np.bincount(cell, smaller, minlength=(stop - start) * m)
