"""Re-ranking against the published algorithm written out with dense matrices."""

from __future__ import annotations

import numpy as np
import pytest

from reidapt.errors import ConfigError
from reidapt.evaluation import Reranking, rank


def dense_distance(query: np.ndarray, gallery: np.ndarray, k1: int, k2: int, weight: float) -> np.ndarray:
    """(Q, G) final distance of Zhong et al. in float64: sets in Python, one picture at a time."""
    x = np.concatenate([query, gallery]).astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    original = 2 - 2 * x @ x.T
    np.fill_diagonal(original, 0)
    original /= original.max(axis=1, keepdims=True)
    order = np.argsort(original, axis=1, kind="stable")
    n = len(x)

    def reciprocal(i: int, k: int) -> set[int]:
        return {int(j) for j in order[i, : k + 1] if i in order[j, : k + 1]}

    v = np.zeros((n, n))
    for i in range(n):
        base = reciprocal(i, k1)
        members = set(base)
        for j in base:
            candidate = reciprocal(j, int(np.around(k1 / 2)))
            if len(candidate & base) > 2 / 3 * len(candidate):
                members |= candidate
        members = sorted(members)
        v[i, members] = np.exp(-original[i, members])
        v[i] /= v[i].sum()
    v = np.stack([v[order[i, :k2]].mean(0) for i in range(n)])
    q = len(query)
    shared = np.stack([[np.minimum(v[i], v[j]).sum() for j in range(q, n)] for i in range(q)])
    return (1 - shared / (2 - shared)) * (1 - weight) + original[:q, q:] * weight


def people(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((12, 16))
    qp, gp = rng.integers(0, 12, 25), rng.integers(0, 12, 90)
    query, gallery = (centres[p] + 0.9 * rng.standard_normal((len(p), 16)) for p in (qp, gp))
    return query.astype(np.float32), gallery.astype(np.float32), qp + 1, gp + 1


@pytest.mark.parametrize(("k1", "k2", "weight"), [(20, 6, 0.3), (7, 1, 0.5), (10, 3, 0.0), (5, 2, 1.0)])
@pytest.mark.parametrize("chunk", [None, 7])
def test_equals_the_dense_algorithm(k1: int, k2: int, weight: float, chunk: int | None) -> None:
    query, gallery, qp, gp = people()
    result = rank(query, gallery, query_person=qp, gallery_person=gp, reranking=Reranking(k1, k2, weight), chunk=chunk)
    distance = dense_distance(query, gallery, k1, k2, weight)
    order = result.top(90)
    np.testing.assert_allclose(-result.scores(90), np.take_along_axis(distance, order, 1), atol=2e-6)
    best = np.sort(distance, axis=1)
    np.testing.assert_allclose(np.take_along_axis(distance, order, 1), best, atol=2e-6)
    precision = []
    for ranked, person in zip(order, qp):
        places = np.flatnonzero(gp[ranked] == person) + 1
        precision.append(np.mean(np.arange(1, len(places) + 1) / places))
    np.testing.assert_allclose(result.average_precision, precision, atol=1e-6)


def test_it_helps_where_people_have_several_pictures() -> None:
    query, gallery, qp, gp = people(3)
    plain = rank(query, gallery, query_person=qp, gallery_person=gp)
    better = rank(query, gallery, query_person=qp, gallery_person=gp, reranking=Reranking())
    assert better.mAP > plain.mAP + 0.02
    assert "re-ranked (k-reciprocal, k1 20, k2 6, λ 0.3)" in str(better)
    assert plain.settings["reranking"] is False


def test_needs_cosine_and_possible_options() -> None:
    query, gallery, qp, gp = people()
    with pytest.raises(ConfigError, match="cosine"):
        rank(query, gallery, query_person=qp, gallery_person=gp, metric="euclidean", reranking=Reranking())
    for options in ({"k1": 0}, {"k2": 0}, {"weight": 1.5}):
        with pytest.raises(ConfigError):
            Reranking(**options)
