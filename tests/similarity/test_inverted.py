"""Neighbours from inverted lists: exact where every cell is searched, nearly so otherwise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reidapt.errors import DataError
from reidapt.similarity import jaccard, knn
from reidapt.similarity.clustering import dbscan
from reidapt.similarity.inverted import approximate_knn


def people(n: int, persons: int = 40, noise: float = 0.5) -> np.ndarray:
    """(n, 24) float32 features scattered around `persons` centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((persons, 24))
    return (centres[rng.integers(persons, size=n)] + noise * rng.standard_normal((n, 24))).astype(np.float32)


def test_searching_every_cell_is_exact() -> None:
    x = people(500)
    scores, indices = approximate_knn(x, 12, cells=9, probes=9)
    exact_scores, exact = knn(x, 12)
    assert torch.allclose(scores, exact_scores, atol=1e-5)
    assert (indices == exact).float().mean() > 0.999  # rounding may swap two neighbours


def test_a_few_cells_find_most_neighbours_and_the_same_clusters() -> None:
    x = people(3000, persons=150)
    _, indices = approximate_knn(x, 20, probes=8)
    _, exact = knn(x, 20)
    recall = np.mean([len(np.intersect1d(a, b)) / 20 for a, b in zip(indices.numpy(), exact.numpy())])
    assert recall > 0.97
    labels = [dbscan(jaccard(x, search=search), 0.5, 4) for search in ("exact", "approximate")]
    assert (labels[0] == labels[1]).mean() > 0.97


def test_every_picture_is_its_own_first_neighbour_even_among_duplicates() -> None:
    x = people(200)
    x[50:60] = x[49]
    scores, indices = approximate_knn(x, 5, cells=10, probes=3)
    assert torch.equal(indices[:, 0], torch.arange(200))
    assert (scores[:, :-1] >= scores[:, 1:] - 1e-6).all()
    assert torch.allclose(scores[:, 0], torch.ones(200), atol=1e-5)


def test_the_same_input_gives_the_same_neighbours() -> None:
    x = people(400)
    first, second = approximate_knn(x, 10, probes=2, seed=3), approximate_knn(x, 10, probes=2, seed=3)
    assert torch.equal(first[1], second[1])


def test_cells_with_too_few_pictures_repeat_the_picture_itself() -> None:
    x = np.eye(6, dtype=np.float32)
    scores, indices = approximate_knn(x, 4, cells=6, probes=1)
    assert torch.equal(indices, torch.arange(6)[:, None].expand(6, 4))
    assert (scores[:, 1:] == -1).all()


def test_nan_is_refused() -> None:
    x = people(20)
    x[3, 0] = np.nan
    with pytest.raises(DataError, match="row 3"):
        approximate_knn(x, 3)
