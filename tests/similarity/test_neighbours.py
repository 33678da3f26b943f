"""Nearest neighbours against full sorts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reidapt.errors import DataError
from reidapt.similarity import knn
from reidapt.similarity.neighbours import stable_topk


@pytest.mark.parametrize("levels", [1, 3, 50, 10**6])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (7, 3), (40, 40), (500, 9), (1000, 60)])
def test_topk_is_the_head_of_a_stable_sort(levels: int, n: int, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reidapt.similarity.neighbours.MANY_GROUPS", 1)  # so that blocks are halved soon
    scores = np.random.default_rng(n).integers(0, levels, (13, n)).astype(np.float32)
    scores[:, ::5] = -np.inf
    values, indices = stable_topk(torch.from_numpy(scores), k)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(indices.numpy(), order)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(scores, order, 1))


@pytest.mark.parametrize("chunk", [None, 1, 17])
def test_neighbours_equal_a_full_sort(chunk: int | None) -> None:
    x = np.random.default_rng(0).standard_normal((90, 12))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosine = unit @ unit.T
    scores, indices = knn(x.astype(np.float32), 8, chunk=chunk)
    expected = np.argsort(-cosine, axis=1)[:, :8]
    np.testing.assert_array_equal(indices.numpy(), expected)
    np.testing.assert_allclose(scores.numpy(), np.take_along_axis(cosine, expected, 1), atol=1e-6)


def test_a_picture_comes_first_among_its_copies() -> None:
    _, indices = knn(np.repeat(np.eye(4, dtype=np.float32), 3, axis=0), 3)
    np.testing.assert_array_equal(indices[:, 0], np.arange(12))
    np.testing.assert_array_equal(np.sort(indices.numpy(), axis=1), np.repeat(np.arange(12).reshape(4, 3), 3, axis=0))


def test_fewer_pictures_than_neighbours() -> None:
    scores, indices = knn(torch.eye(3), 20)
    assert tuple(scores.shape) == tuple(indices.shape) == (3, 3)


def test_refuses_what_is_no_matrix() -> None:
    with pytest.raises(DataError, match="matrix"):
        knn(torch.zeros(3), 1)
    with pytest.raises(DataError, match="row 1"):
        knn(torch.tensor([[1.0], [torch.inf]]), 1)
    with pytest.raises(ValueError, match="k is 0"):
        knn(torch.eye(3), 0)
