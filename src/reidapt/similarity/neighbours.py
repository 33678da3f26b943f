"""Exact nearest neighbours in chunks, with a fixed order among equal scores, on the CPU and on CUDA."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reidapt.errors import DataError

Features = Tensor | np.ndarray
BLOCK_BYTES = 48 << 20
"""Size of a block of scores held in memory at once: large enough for a fast matrix product, small beside the inputs."""

MANY_GROUPS = 4
"""Where this many times the groups needed hold candidates, a block is halved, to bound the memory of the sort."""


def as_features(features: Features, what: str = "features") -> Tensor:
    """`features` (N, D) as a tensor, without a copy: a memory map stays on disk until its rows are read.

    Raises DataError if it isn't a floating point matrix.
    """
    if isinstance(features, Tensor):
        tensor = features.detach()
    else:
        with warnings.catch_warnings():  # torch warns of arrays that may not be written to; nothing here writes to them
            warnings.filterwarnings("ignore", message=".*not writable.*", category=UserWarning)
            tensor = torch.from_numpy(np.asarray(features))
    if tensor.ndim != 2 or not tensor.is_floating_point():
        raise DataError(
            f"{what} have shape {tuple(tensor.shape)} and type {tensor.dtype}; expected a floating point matrix "
            "(N, D) with one row a picture."
        )
    return tensor


def inverse_norms(features: Tensor, what: str = "features", chunk: int = 1024) -> Tensor:
    """1 / |row| of (N, D) features as float32 (N,), 0 for a row of zeros. Raises DataError on NaN or infinite rows."""
    squares = squared_norms(features, what, chunk)
    return torch.where(squares > 0, squares.clamp_min(1e-30).rsqrt(), torch.zeros_like(squares))


def squared_norms(features: Tensor, what: str = "features", chunk: int = 1024) -> Tensor:
    """|row|² of (N, D) features as float32 (N,), `chunk` rows at a time. Raises DataError on NaN or infinity."""
    squares = torch.empty(len(features), dtype=torch.float32, device=features.device)
    for start in range(0, len(features), chunk):
        rows = features[start : start + chunk].float()
        squares[start : start + chunk] = torch.linalg.vecdot(rows, rows)
    bad = torch.nonzero(~torch.isfinite(squares)).flatten()
    if len(bad):
        raise DataError(
            f"{what} hold NaN or infinite numbers in {len(bad)} of {len(features)} rows (the first is row "
            f"{int(bad[0])}); expected finite embeddings. Check the model and the pictures that produced them."
        )
    return squares


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Matrix products in true float32: no TF32 and no autocast, which would reorder close neighbours."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.no_grad(), torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def stable_topk(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The `k` largest of each row of (B, N) scores, as a stable sort in descending order would list them.

    Returns values (B, k) and indices (B, k); of equal scores the one of lower index comes first, both inside the list
    and at its end, which `torch.topk` leaves open. Faster than it too: a row's `k` largest lie in those `k` of its
    groups whose maxima are largest, so only these groups are looked at.
    """
    rows, n = scores.shape
    k = min(k, n)
    groups = min(n, 16 * k)
    size = n // groups
    grouped = scores[:, : size * groups].unflatten(1, (size, groups))
    best = grouped.amax(1)
    values, group = best.topk(k, dim=1)
    floor = values[:, -1:]
    reached = int(torch.count_nonzero(best >= floor))
    if reached == rows * k:  # no tie between groups
        group = group.sort(dim=1).values  # so that candidates come in the order of their indices
        candidates = grouped.gather(2, group[:, None, :].expand(rows, size, k)).flatten(1)
        candidates = torch.cat([candidates, scores[:, size * groups :]], dim=1)
        row, place = torch.nonzero(candidates >= floor, as_tuple=True)
        inside = place < size * k
        member = torch.where(inside, place, 0)
        index = torch.where(inside, member // k * groups + group[row, member % k], place + (groups - k) * size)
        value = candidates[row, place]
    elif rows > 1 and reached > MANY_GROUPS * rows * k:  # masses of equal scores
        halves = [stable_topk(part, k) for part in scores.split((rows + 1) // 2)]
        return torch.cat([values for values, _ in halves]), torch.cat([indices for _, indices in halves])
    else:
        row, index = torch.nonzero(scores >= floor, as_tuple=True)  # in the order of rows and, within a row, of indices
        value = scores[row, index]
    value, order = torch.sort(value, descending=True, stable=True)
    row, by_row = torch.sort(row[order], stable=True)
    start = torch.searchsorted(row, torch.arange(rows, device=scores.device))
    pick = by_row[start[:, None] + torch.arange(k, device=scores.device)]
    return value[pick], index[order[pick]]


def knn(features: Features, k: int, chunk: int | None = None) -> tuple[Tensor, Tensor]:
    """The `k` nearest pictures of every picture by cosine similarity, exact.

    Args:
        features: (N, D), need not be normalised.
        k: neighbours a picture, its own row included: it is always the first one, even among duplicates.
        chunk: rows compared at once; by default as many as fit a block of scores of 48 MiB.

    Returns:
        scores (N, k) float32 in [-1, 1], descending; indices (N, k) int64. Of equal scores the lower index comes first.

    Raises:
        DataError: not a matrix, or NaN or infinite features.
        ValueError: `k` below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; expected at least 1.")
    x = as_features(features)
    inverse_norms(x)  # refuses NaN
    x = functional.normalize(x.float(), dim=1)
    n = len(x)
    k = min(k, n)
    rows = chunk or max(1, BLOCK_BYTES // (4 * max(n, 1)))
    scores = torch.empty(n, k, dtype=torch.float32, device=x.device)
    indices = torch.empty(n, k, dtype=torch.int64, device=x.device)
    buffer = torch.empty(min(rows, n), n, device=x.device)
    with full_float32():
        for start in range(0, n, rows):
            part = x[start : start + rows]
            block = torch.mm(part, x.T, out=buffer[: len(part)])
            own = torch.arange(len(block), device=x.device)
            itself = block[own, own + start].clone()
            block[own, own + start] = torch.inf
            values, nearest = stable_topk(block, k)
            values[:, 0] = itself
            scores[start : start + rows], indices[start : start + rows] = values, nearest
    return scores, indices
