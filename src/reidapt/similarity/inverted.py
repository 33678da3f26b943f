"""Approximate nearest neighbours from inverted lists: pictures are compared only within cells that lie close."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from reidapt.similarity.neighbours import Features, as_features, full_float32, inverse_norms

ROUNDS = 8
"""Rounds of k-means; the cells need not be optimal, only even enough."""

PICTURES_PER_CELL = 48
"""Pictures per cell from which the cells are learnt."""

BLOCK_ROWS = 8192
"""Rows compared with the centres of all cells, or with one cell, at once."""


def approximate_knn(
    features: Features, k: int, cells: int | None = None, probes: int = 16, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """The `k` nearest pictures of every picture by cosine similarity, from the `probes` cells nearest to it.

    Pictures are assigned to `cells` cells of a spherical k-means, and each is compared with the pictures of the cells whose
    centres are nearest to it: N · probes · N / cells comparisons instead of N² (an inverted file, Sivic & Zisserman 2003).

    Args:
        features: (N, D), need not be normalised.
        k: neighbours a picture, its own row included as the first.
        cells: number of cells; by default 4 √N.
        probes: cells searched for a picture; all of them make the search exact.
        seed: of the choice of pictures from which the cells are learnt.

    Returns:
        scores (N, k) float32, descending, and indices (N, k) int64, as `knn` gives them. Where the cells searched hold
        fewer than `k` pictures, a row ends with its own index at a score of −1.

    Raises:
        DataError: not a matrix, or NaN or infinite features.
        ValueError: `k`, `cells` or `probes` below 1.
    """
    if k < 1 or probes < 1 or (cells is not None and cells < 1):
        raise ValueError(f"k is {k}, cells is {cells} and probes is {probes}; expected at least 1 for each.")
    x = as_features(features)
    inverse_norms(x)  # refuses NaN
    x = functional.normalize(x.float(), dim=1)
    n = len(x)
    k = min(k, n)
    cells = min(n, cells or max(1, round(4 * math.sqrt(n))))
    with full_float32():
        searched = nearest_cells(x, learn_cells(x, cells, seed), min(probes, cells))
        scores, indices = search_cells(x, searched, cells, k)
    return scores, indices


def learn_cells(x: Tensor, cells: int, seed: int) -> Tensor:
    """Centres (cells, D) of a spherical k-means on a sample of unit rows `x`; an empty cell keeps its centre."""
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[: PICTURES_PER_CELL * cells]
    sample = x[order.to(x.device)]
    centres = sample[:cells].clone()
    for _ in range(ROUNDS):
        own = nearest_cells(sample, centres, 1)[:, 0].long()
        sums = torch.zeros_like(centres).index_add_(0, own, sample)
        centres = torch.where(sums.norm(dim=1, keepdim=True) > 0, functional.normalize(sums, dim=1), centres)
    return centres


def nearest_cells(x: Tensor, centres: Tensor, probes: int) -> Tensor:
    """The `probes` nearest centres of every row, int32 (N, probes), nearest first."""
    parts = [(part @ centres.T).topk(probes, dim=1).indices.int() for part in x.split(BLOCK_ROWS)]
    return torch.cat(parts)


def search_cells(x: Tensor, searched: Tensor, cells: int, k: int) -> tuple[Tensor, Tensor]:
    """Best `k` of the pictures of the cells that each row searches; see `approximate_knn`.

    A cell's pictures are those that have it first in `searched` (N, probes).
    """
    n, probes = searched.shape
    scores = torch.full((n, k), -1.0, device=x.device)
    indices = torch.arange(n, device=x.device)[:, None].repeat(1, k)
    members, member_ends = by_cell(searched[:, 0], cells)
    visits, visit_ends = by_cell(searched.reshape(-1), cells)
    for cell in range(cells):
        inside = members[member_ends[cell] : member_ends[cell + 1]]
        if len(inside) == 0:
            continue
        pictures = x[inside]
        for queries in (visits[visit_ends[cell] : visit_ends[cell + 1]] // probes).split(BLOCK_ROWS):
            block = x[queries] @ pictures.T
            block.masked_fill_(
                queries[:, None] == inside[None, :], -torch.inf
            )  # the row itself is put first at the end
            best, place = block.topk(min(k, len(inside)), dim=1)
            value = torch.cat([scores[queries], best], dim=1)
            index = torch.cat([indices[queries], inside[place]], dim=1)
            value, order = value.topk(k, dim=1)
            scores[queries], indices[queries] = value, index.gather(1, order)
    scores, order = scores.sort(dim=1, descending=True, stable=True)
    indices = indices.gather(1, order)
    own = torch.arange(n, device=x.device)
    itself = torch.linalg.vecdot(x, x)
    return torch.cat([itself[:, None], scores[:, : k - 1]], dim=1), torch.cat(
        [own[:, None], indices[:, : k - 1]], dim=1
    )


def by_cell(cell: Tensor, cells: int) -> tuple[Tensor, list[int]]:
    """Positions (M,) sorted by their cell, in order within a cell, and where each cell begins and ends (cells + 1)."""
    ends = torch.cat([torch.zeros(1, dtype=torch.int64), torch.bincount(cell.long(), minlength=cells).cumsum(0).cpu()])
    return torch.sort(cell, stable=True).indices, ends.tolist()
