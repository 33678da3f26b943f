"""Jaccard distance between k-reciprocal neighbourhoods (Zhong et al., CVPR 2017), kept sparse.

Two pictures that share no neighbour are at distance exactly 1, which is nearly every pair: only the others are stored.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional

from reidapt.errors import ConfigError
from reidapt.similarity.inverted import approximate_knn
from reidapt.similarity.neighbours import BLOCK_BYTES, Features, as_features, full_float32, knn

ROW_BLOCK = 1 << 15
"""Rows of a sparse product or of a set of weights computed at once."""

TRIPLE_BUDGET = 1 << 20
"""Number of (picture, shared neighbour, picture) triples expanded at once: about 30 MB."""


Search = Literal["auto", "exact", "approximate"]
"""How neighbours are found; `auto` is exact up to `EXACT_ROWS` pictures."""

EXACT_ROWS = 100_000


def jaccard(
    features: Features, k1: int = 20, k2: int = 6, max_distance: float = 1.0, search: Search = "auto"
) -> sparse.csr_array:
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
        search: `exact` neighbours, `approximate` ones, or exact ones for up to 100,000 pictures (`auto`).

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
    weights, _ = reciprocal_weights(x, k1, half(k1), k2, search=search)
    return pairwise_jaccard(weights, max_distance)


def search_of(search: Search, pictures: int) -> Search:
    """`exact` or `approximate`, also for `auto`."""
    return search if search != "auto" else "exact" if pictures <= EXACT_ROWS else "approximate"


def reciprocal_weights(
    x: Tensor,
    k1: int,
    small: int,
    k2: int,
    scaled: bool = False,
    search: Search = "exact",
    ranks: np.ndarray | None = None,
) -> tuple[sparse.csr_array, np.ndarray]:
    """The weight of every picture in every picture's neighbourhood, averaged over `k2` neighbours.

    Args:
        x: (N, D) unit features.
        k1, k2: as in `jaccard`.
        small: size of the neighbourhoods that expand a set, the picture itself included.
        search: as in `jaccard`.
        ranks: the neighbours of every picture, int (N, >= k1, k2 and small), itself first; found here if not given.
        scaled: divide squared distances by the largest of their row before exp(-d²), as re-ranking does.

    Returns:
        (N, N) float32 CSR with sorted columns, rows summing to 1; and the largest squared distance of each row (N,)
        where `scaled`, else ones.
    """
    if ranks is None:
        find = knn if search_of(search, len(x)) == "exact" else approximate_knn
        ranks = find(x, max(k1, k2, small))[1].cpu().numpy()
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
    columns, starts = ranks[:, :k].ravel().astype(np.int32), np.arange(0, n * k + 1, k, dtype=np.int32)
    return sparse.csr_array((np.full(n * k, value, np.float32), columns, starts), shape=(n, n))


def expanded_sets(ranks: np.ndarray, k1: int, half_k1: int) -> sparse.csr_array:
    """The expanded k-reciprocal sets of Zhong et al. as a (N, N) matrix whose stored entries are the members."""
    reciprocal, small = mutual(ranks, k1), mutual(ranks, half_k1)
    size, opposite = np.diff(small.indptr), small.T.tocsr()
    parts = []
    for start in range(0, len(ranks), ROW_BLOCK):
        own = reciprocal[start : start + ROW_BLOCK]
        overlap = (own @ opposite).multiply(own).tocsr()  # |R(i, k1) ∩ R(j, k1/2)| for every j in R(i, k1)
        joins = 3 * np.rint(overlap.data).astype(np.int64) > 2 * size[overlap.indices]
        overlap.data = joins.astype(np.float32)
        overlap.eliminate_zeros()
        parts.append((own + overlap @ small).tocsr())
    members = sparse.vstack(parts, format="csr")
    members.sort_indices()
    return members


def mutual(ranks: np.ndarray, k: int) -> sparse.csr_array:
    """Pairs that are among each other's first `k` neighbours, as ones in a (N, N) matrix."""
    near = neighbour_indicator(ranks, k)
    return near.multiply(near.T.tocsr()).tocsr()


def neighbour_weights(x: Tensor, sets: sparse.csr_array, furthest: np.ndarray) -> sparse.csr_array:
    """softmax over each set of -|x_i - x_j|² / furthest_i for unit `x` (N, D); the rows of the result sum to 1."""
    weights = np.empty(sets.nnz, np.float32)
    for start in range(0, len(x), ROW_BLOCK):
        block = sets[start : start + ROW_BLOCK]
        rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        similarity = products_at(x[start : start + ROW_BLOCK], x, block).astype(np.float64)
        value = np.exp((2.0 * similarity - 2.0) / furthest[start + rows])
        sums = np.bincount(rows, value, minlength=block.shape[0])
        weights[sets.indptr[start] : sets.indptr[start] + block.nnz] = value / sums[rows]
    return sparse.csr_array((weights, sets.indices, sets.indptr), shape=sets.shape)


def products_at(x: Tensor, other: Tensor, pattern: sparse.csr_array) -> np.ndarray:
    """The products x_i · y_j (float32) of rows of `x` and `other` at the stored entries of `pattern`, in its order."""
    indptr, indices = (torch.from_numpy(a.astype(np.int64)).to(x.device) for a in (pattern.indptr, pattern.indices))
    zeros = torch.zeros(len(indices), device=x.device)
    with warnings.catch_warnings(), full_float32():
        warnings.filterwarnings("ignore", message=".*Sparse CSR tensor support is in beta.*", category=UserWarning)
        places = torch.sparse_csr_tensor(indptr, indices, zeros, pattern.shape, check_invariants=False)
        return torch.sparse.sampled_addmm(places, x, other.T, beta=0.0).values().cpu().numpy()


def pairwise_jaccard(
    weights: sparse.csr_array, max_distance: float = 1.0, other: sparse.csr_array | None = None
) -> sparse.csr_array:
    """Jaccard distance between the rows of `weights` (N, C) and of `other` (M, C; default the same), rows summing to 1.

    Returns float32 CSR (N, M) of the distances below 1 and up to `max_distance`, column indices sorted.
    """
    shared = shared_weight(weights, weights if other is None else other, other is None, max_distance)
    below = shared.T.tocsr()  # transposing sorts the columns
    shared = below.T.tocsr()
    if other is None:
        shared = shared + below  # the diagonal twice
        shared.setdiag(1)
    shared.data = np.maximum(1 - shared.data / (2 - shared.data), 0)
    return shared


def shared_weight(
    weights: sparse.csr_array, other: sparse.csr_array, upper: bool, max_distance: float = 1.0
) -> sparse.csr_array:
    """sum_c min(weights[i, c], other[j, c]) as a sparse (N, M) matrix; with `upper` only of j >= i (N = M).

    Every entry of a row meets the entries of its column in `other`; the triples are added up as a sparse product with
    the identity does it, in a time that depends on their number alone. Sums that amount to more than `max_distance` are
    dropped as soon as they are known.
    """
    columns = other.tocsc()
    columns.sort_indices()
    height = np.diff(columns.indptr)
    passed = np.zeros(len(height), np.int64)  # entries of each column that lie in rows already done
    identity = sparse.eye_array(other.shape[0], dtype=np.float32, format="csr")
    parts = []
    for start, stop in row_parts(weights, height):
        entries = slice(weights.indptr[start], weights.indptr[stop])
        column = weights.indices[entries]
        begin, count = columns.indptr[column].astype(np.int64), height[column].astype(np.int64)
        if upper:  # from the entry's own place in its column on: its rows are sorted
            place = passed[column] + occurrence(column)
            passed += np.bincount(column, minlength=len(passed))
            begin, count = begin + place, count - place
        ends = np.concatenate([[0], np.cumsum(count)])
        triple = np.arange(ends[-1], dtype=np.int64)
        triple += np.repeat(begin - ends[:-1], count)
        smaller = np.minimum(np.repeat(weights.data[entries], count), columns.data[triple])
        rows = ends[weights.indptr[start : stop + 1] - weights.indptr[start]].astype(np.int32)
        shape = (stop - start, other.shape[0])
        part = sparse.csr_array((smaller, columns.indices[triple], rows), shape=shape) @ identity
        if max_distance < 1:
            part.data[1 - part.data / (2 - part.data) > max_distance] = 0
            part.eliminate_zeros()
        parts.append(part)
    return sparse.vstack(parts, format="csr") if parts else sparse.csr_array((0, other.shape[0]), dtype=np.float32)


def row_parts(weights: sparse.csr_array, height: np.ndarray) -> Iterator[tuple[int, int]]:
    """Consecutive (start, stop) rows whose entries meet at most about `TRIPLE_BUDGET` entries of their columns."""
    for first in range(0, weights.shape[0], ROW_BLOCK):
        last = min(first + ROW_BLOCK, weights.shape[0])
        bounds = weights.indptr[first : last + 1] - weights.indptr[first]
        met = height[weights.indices[weights.indptr[first] : weights.indptr[last]]].astype(np.int64)
        work = np.concatenate([[0], np.cumsum(met)])[bounds]
        start = 0
        while start < last - first:
            stop = int(np.searchsorted(work, work[start] + TRIPLE_BUDGET, side="right")) - 1
            stop = min(last - first, max(start + 1, stop))
            yield first + start, first + stop
            start = stop


def occurrence(values: np.ndarray) -> np.ndarray:
    """How many equal values stand before each entry of `values` (M,), int64."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(values) else np.empty(0, bool)
    first = np.flatnonzero(new)
    count = np.empty(len(values), np.int64)
    count[order] = np.arange(len(values)) - np.repeat(first, np.diff(np.concatenate([first, [len(values)]])))
    return count
