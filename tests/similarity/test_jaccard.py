"""The sparse Jaccard distance against a dense formulation written out picture by picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reidapt.errors import ConfigError, DataError
from reidapt.similarity import dense, jaccard


def people(n: int, persons: int, dim: int = 16, noise: float = 0.6, seed: int = 0) -> np.ndarray:
    """(n, dim) float32 features scattered around `persons` centres."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((persons, dim))
    return (centres[rng.integers(persons, size=n)] + noise * rng.standard_normal((n, dim))).astype(np.float32)


def dense_reference(features: np.ndarray, k1: int, k2: int) -> np.ndarray:
    """Zhong et al. with Python sets, one picture at a time, in float64."""
    x = features.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    n = len(x)
    squared = ((x[:, None] - x[None]) ** 2).sum(-1)
    np.fill_diagonal(squared, -1)
    order = np.argsort(squared, axis=1, kind="stable")
    np.fill_diagonal(squared, 0)

    def near(i: int, k: int) -> list[int]:
        return order[i, :k].tolist()

    def reciprocal(i: int, k: int) -> set[int]:
        return {j for j in near(i, k) if i in near(j, k)}

    weights = np.zeros((n, n))
    for i in range(n):
        base = reciprocal(i, k1)
        members = set(base)
        for j in base:
            candidate = reciprocal(j, int(np.around(k1 / 2)) + 1)
            if len(candidate & base) > 2 / 3 * len(candidate):
                members |= candidate
        index = sorted(members)
        e = np.exp(-squared[i, index])
        weights[i, index] = e / e.sum()
    if k2 > 1:
        weights = np.stack([weights[near(i, k2)].mean(axis=0) for i in range(n)])
    result = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            result[i, j] = 1 - np.minimum(weights[i], weights[j]).sum() / np.maximum(weights[i], weights[j]).sum()
    return result


@pytest.mark.parametrize(("k1", "k2"), [(20, 6), (7, 3), (6, 1), (1, 1), (3, 6), (200, 6)])
@pytest.mark.parametrize("noise", [0.3, 1.5])
def test_equals_dense_formulation(k1: int, k2: int, noise: float) -> None:
    x = people(120, persons=9, noise=noise)
    np.testing.assert_allclose(dense(jaccard(x, k1, k2)), dense_reference(x, k1, k2), atol=2e-6)


def test_small_pieces_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = people(150, persons=10)
    whole = jaccard(x)
    monkeypatch.setattr("reidapt.similarity.reciprocal.TRIPLE_BUDGET", 500)
    pieces = jaccard(x)
    assert (whole != pieces).nnz == 0
    assert whole.nnz == pieces.nnz < 150 * 150


@pytest.mark.parametrize("k2", [1, 3, 6])
def test_symmetric_zero_diagonal_and_range(k2: int) -> None:
    d = dense(jaccard(people(200, persons=12), k2=k2))
    np.testing.assert_array_equal(d, d.T)
    assert (np.diag(d) == 0).all()
    assert d.min() >= 0
    assert d.max() == 1


def test_max_distance_leaves_out_only_what_is_further() -> None:
    x = people(150, persons=10, noise=1.0)
    full, near = dense(jaccard(x)), jaccard(x, max_distance=0.5)
    assert near.data.max() <= 0.5
    np.testing.assert_array_equal(dense(near), np.where(full <= 0.5, full, 1))
    assert (full > 0.5).any()
    assert near.nnz == (full <= 0.5).sum()


def test_torch_and_scale_do_not_matter() -> None:
    x = people(80, persons=5)
    np.testing.assert_allclose(dense(jaccard(torch.from_numpy(4 * x))), dense(jaccard(x)), atol=1e-6)


def test_identical_pictures() -> None:
    x = np.repeat(people(20, persons=20), 3, axis=0)
    d = dense(jaccard(x, k1=3, k2=1))
    same = np.kron(np.eye(20), np.ones((3, 3))).astype(bool)
    np.testing.assert_allclose(d[same], 0, atol=1e-6)
    assert (d[~same] == 1).all()


@pytest.mark.parametrize("options", [{"k1": 0}, {"k2": 0}, {"max_distance": 0.0}, {"max_distance": 1.5}])
def test_refuses_bad_options(options: dict) -> None:
    with pytest.raises(ConfigError):
        jaccard(people(10, 2), **options)


def test_refuses_nan() -> None:
    x = people(10, 2)
    x[3, 1] = np.nan
    with pytest.raises(DataError, match="row 3"):
        jaccard(x)
