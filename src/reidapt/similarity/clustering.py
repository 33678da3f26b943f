"""Pseudo-labels: DBSCAN over the sparse Jaccard distance, and k-means."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans

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
    return dbscan(sparse.csr_array(pictures), eps, min_samples)


def dbscan(distance: sparse.csr_array, eps: float, min_samples: int) -> np.ndarray:
    """DBSCAN (Ester et al. 1996) on a sparse symmetric distance (N, N) whose absent entries lie above `eps`.

    The clusters are the connected components of the core pictures, so nothing is visited one by one. A picture near cores
    of several clusters joins the one of the lowest number, as it would if the clusters were grown one after the other.
    """
    n = distance.shape[0]
    rows = np.repeat(np.arange(n), np.diff(distance.indptr))
    near = distance.data <= eps
    rows, columns = rows[near], distance.indices[near]
    core = np.bincount(rows, minlength=n) >= min_samples
    labels = np.full(n, -1, np.int64)
    if not core.any():
        return labels
    both = core[rows] & core[columns]
    graph = sparse.csr_array((np.ones(both.sum(), bool), (rows[both], columns[both])), shape=(n, n))
    component = connected_components(graph, directed=False)[1][core]
    _, first, place = np.unique(component, return_index=True, return_inverse=True)  # first core picture of each
    number = np.empty(len(first), np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    labels[core] = number[place]
    border = ~core[rows] & core[columns]
    joined = np.full(n, len(first), np.int64)
    np.minimum.at(joined, rows[border], labels[columns[border]])
    reached = ~core & (joined < len(first))
    labels[reached] = joined[reached]
    return labels


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
