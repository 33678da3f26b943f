"""Pseudo-labels: DBSCAN over the sparse Jaccard distance."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from sklearn.cluster import DBSCAN

from reidapt.errors import ConfigError
from reidapt.similarity.neighbours import Features
from reidapt.similarity.reciprocal import jaccard


def cluster(
    pictures: Features | sparse.csr_array, eps: float = 0.6, min_samples: int = 4, k1: int = 20, k2: int = 6
) -> np.ndarray:
    """Group pictures that look like the same person.

    Args:
        pictures: features (N, D), or a sparse Jaccard distance (N, N) as `jaccard` returns it.
        eps: largest distance between neighbours of a cluster, in (0, 1).
        min_samples: neighbours, itself included, that make a picture the core of a cluster.
        k1, k2: of the Jaccard distance where features are given.

    Returns:
        labels (N,) int64: 0, 1, ... in the order of each cluster's first core picture; -1 is an outlier. The same input
        gives the same labels.

    Raises:
        ConfigError: eps outside (0, 1), where pairs that share no neighbour would have to be stored.
        DataError: features with NaN or of a wrong shape.
    """
    if not 0 < eps < 1:
        raise ConfigError(f"eps is {eps}; expected a Jaccard distance between 0 and 1 (1 would join every pair).")
    if isinstance(pictures, (np.ndarray, torch.Tensor)):
        pictures = jaccard(pictures, k1=k1, k2=k2, max_distance=eps)
    distance = sparse.csr_matrix(pictures)
    labels = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(distance).labels_
    return np.asarray(labels, dtype=np.int64)
