"""Pseudo-labels: DBSCAN over the sparse Jaccard distance, and k-means."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from sklearn.cluster import DBSCAN, KMeans

from reidapt.errors import ConfigError
from reidapt.similarity.neighbours import Features, as_features
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


def kmeans(pictures: Features, clusters: int, seed: int = 0) -> np.ndarray:
    """Group pictures around so many means, for Euclidean distance.

    Args:
        pictures: features (N, D).
        clusters: number of groups.
        seed: of the starting means (the best of four starts is taken).

    Returns:
        labels (N,) int64 in 0..clusters−1, in the order of each cluster's first picture. The same input gives the same labels.

    Raises:
        ConfigError: more clusters than pictures.
    """
    features = as_features(pictures).cpu().numpy()
    if not 1 <= clusters <= len(features):
        raise ConfigError(
            f"{len(features)} pictures can't be put into {clusters} clusters; expected 1 to {len(features)}."
        )
    labels = KMeans(clusters, n_init=4, random_state=seed).fit(features).labels_
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first.argsort().argsort()[inverse].astype(np.int64)
