"""Pseudo-labels against DBSCAN on the full matrix."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from reidapt.errors import ConfigError
from reidapt.similarity import cluster, dense, jaccard


def people(n: int, persons: int, noise: float = 0.6) -> np.ndarray:
    """(n, 16) float32 features scattered around `persons` centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((persons, 16))
    return (centres[rng.integers(persons, size=n)] + noise * rng.standard_normal((n, 16))).astype(np.float32)


@pytest.mark.parametrize("noise", [0.2, 0.8, 1.4])
@pytest.mark.parametrize("eps", [0.3, 0.6])
def test_equals_dbscan_on_the_full_matrix(noise: float, eps: float) -> None:
    x = people(300, persons=25, noise=noise)
    distance = jaccard(x)
    expected = DBSCAN(eps=eps, min_samples=4, metric="precomputed").fit(dense(distance).astype(np.float64)).labels_
    np.testing.assert_array_equal(cluster(distance, eps=eps), expected)
    np.testing.assert_array_equal(cluster(x, eps=eps), expected)


def test_finds_well_separated_people_and_outliers() -> None:
    rng = np.random.default_rng(3)
    centres = np.eye(8, dtype=np.float32)
    truth = np.repeat(np.arange(6), 10)
    x = centres[truth] + 0.02 * rng.standard_normal((60, 8)).astype(np.float32)
    x = np.concatenate([x, centres[6:]])
    labels = cluster(x, k1=8, k2=3)
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels[:60], truth)
    np.testing.assert_array_equal(labels[60:], -1)


def test_refuses_eps_that_needs_absent_entries() -> None:
    with pytest.raises(ConfigError, match="eps is 1"):
        cluster(people(20, 3), eps=1.0)
