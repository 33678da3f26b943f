"""Silhouette and the choice of the radius against plain computations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import silhouette_samples

from reidapt.similarity import dense, jaccard
from reidapt.similarity.clustering import dbscan
from reidapt.similarity.quality import agreement, choose, silhouette


def people(n: int, persons: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """(n, 16) float32 features scattered around `persons` centres, and the person of each."""
    rng = np.random.default_rng(0)
    centres, person = rng.standard_normal((persons, 16)), rng.integers(persons, size=n)
    return (centres[person] + noise * rng.standard_normal((n, 16))).astype(np.float32), person


@pytest.mark.parametrize("noise", [0.3, 0.9])
def test_silhouette_equals_scikit_learns_with_outliers_counted_as_zero(noise: float) -> None:
    x, _ = people(200, 15, noise)
    distance = jaccard(x)
    labels = dbscan(distance, 0.5, 4)
    kept = labels >= 0
    assert kept.sum() > 50
    full = dense(distance).astype(np.float64)
    np.fill_diagonal(full, 0)
    scores = silhouette_samples(full[np.ix_(kept, kept)], labels[kept], metric="precomputed")
    assert silhouette(distance, labels) == pytest.approx(scores.sum() / len(x), abs=1e-5)


def test_silhouette_of_fewer_than_two_clusters_is_zero() -> None:
    distance = jaccard(people(30, 3, 0.5)[0], k1=5, k2=2)
    assert silhouette(distance, np.full(30, -1)) == 0
    assert silhouette(distance, np.zeros(30, np.int64)) == 0


def test_a_crop_alone_in_its_cluster_counts_zero() -> None:
    distance = sparse.csr_array(np.array([[1e-9, 0.1, 0], [0.1, 1e-9, 0], [0, 0, 1e-9]]))  # absent entries are 1
    assert silhouette(distance, np.array([0, 0, 1])) == pytest.approx(2 / 3 * 0.9, abs=1e-6)


def test_the_largest_radius_near_the_best_silhouette_is_chosen_and_its_clusters_are_good() -> None:
    x, person = people(400, 20, 0.75)
    distance = jaccard(x)
    candidates = [(radius, dbscan(distance, radius, 4)) for radius in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8)]
    scores = {radius: silhouette(distance, labels) for radius, labels in candidates}
    for tolerance in (0.0, 0.1):
        radius, labels, score = choose(distance, candidates, tolerance)
        best = max(scores.values())
        assert radius == max(r for r, s in scores.items() if s >= best * (1 - tolerance))
        assert score == scores[radius]
        np.testing.assert_array_equal(labels, dict(candidates)[radius])
        found = {r: agreement(person, labels) * (labels >= 0).mean() for r, labels in candidates}
        assert found[radius] > max(found.values()) - 0.1


def test_agreement_ignores_names_and_outliers() -> None:
    first = np.array([0, 0, 1, 1, -1, 2, 2])
    assert agreement(first, np.array([5, 5, 3, 3, 1, -1, 0])) == 1
    assert agreement(first, np.array([0, 1, 0, 1, 0, 0, 1])) < 0.3
    assert agreement(first, np.full(7, -1)) == 0
