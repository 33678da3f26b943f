"""Average linkage on sparse distances against scipy on full ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from reidapt.similarity import dense, jaccard
from reidapt.similarity.linkage import Dendrogram


def people(n: int, persons: int, noise: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((persons, 16))
    return (centres[rng.integers(persons, size=n)] + noise * rng.standard_normal((n, 16))).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_equals_scipys_average_linkage(noise: float, seed: int) -> None:
    distance = jaccard(people(250, 18, noise, seed))
    full = dense(distance).astype(np.float64)
    np.fill_diagonal(full, 0)
    tree = linkage(squareform(full, checks=False), "average")
    dendrogram = Dendrogram(distance, 0.9)
    for radius in (0.4, 0.65, 0.9):
        expected, found = fcluster(tree, radius, "distance"), dendrogram.cut(radius, 1)
        assert adjusted_rand_score(expected, found) == 1
        kept = dendrogram.cut(radius, 4)
        size = np.bincount(expected)[expected]
        np.testing.assert_array_equal(kept >= 0, size >= 4)
        assert list(dict.fromkeys(kept[kept >= 0])) == list(range(kept.max() + 1))  # numbered as they first occur


def test_a_bridge_does_not_join_two_groups() -> None:
    """Two groups of five and one picture near one member of each: DBSCAN's radius of 0.3 would chain them."""
    full = np.ones((11, 11))
    full[:5, :5] = full[5:10, 5:10] = 0.2
    full[4, 10] = full[10, 4] = full[5, 10] = full[10, 5] = 0.25
    np.fill_diagonal(full, 1e-9)
    labels = Dendrogram(sparse.csr_array(np.where(full < 1, full, 0)), 0.6).cut(0.6, 2)
    np.testing.assert_array_equal(labels[:10], [0] * 5 + [1] * 5)


def test_nothing_near_merges_nothing() -> None:
    labels = Dendrogram(sparse.csr_array((6, 6), dtype=np.float32), 0.5).cut(0.5, 2)
    np.testing.assert_array_equal(labels, -1)
