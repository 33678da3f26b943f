"""Nearest neighbours, the sparse Jaccard distance, and clusters made from it."""

from reidapt.similarity.clustering import cluster, kmeans
from reidapt.similarity.neighbours import knn
from reidapt.similarity.reciprocal import dense, jaccard

__all__ = ["cluster", "dense", "jaccard", "kmeans", "knn"]
