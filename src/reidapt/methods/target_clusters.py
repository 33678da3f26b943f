"""The clusters of an unlabelled target within a training: pseudo-labels, centroids that follow the student, losses by both."""

from __future__ import annotations

import logging

import numpy as np
import torch
from torch import Tensor, nn

from reidapt.losses.identity import centroid_contrast, soft_contrast
from reidapt.methods.pseudo_labels import Clusters, group_means, move, too_few

log = logging.getLogger(__name__)


def labels_or_last(clusters: Clusters, last: np.ndarray, what: str, min_samples: int, start: str) -> np.ndarray:
    """The labels to learn, int64 (N,): these, or ``last`` where these are fewer than two clusters.

    Args:
        last: the labels of the epoch before; empty in the first.
        what, min_samples, start: for the error, what was clustered, with what, and what to do too.

    Raises:
        ConfigError: the first clustering finds fewer than two.
    """
    if clusters.found >= 2:
        return clusters.labels
    if len(last) == 0:
        raise too_few(clusters.found, what, clusters.radius, min_samples, start)
    log.warning("%d cluster(s): the epoch goes on with the clusters of the last one", clusters.found)
    return last


class TargetClusters(nn.Module):
    """Clusters of N tracklets with features of D dimensions; its state is kept by who owns it, as its size changes.

    Attributes:
        labels: int64 (N,), -1 = in no cluster; empty before the first clustering.
        centroids: C, (clusters, D), L2-normalised.
    """

    centroids: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.labels = np.empty(0, np.int64)
        self.register_buffer("centroids", torch.empty(0, dim), persistent=False)
        self.seen: tuple[Tensor, Tensor] | None = None  # this step's features and their clusters

    def renew(self, features: Tensor, labels: np.ndarray) -> None:
        """Take labels, and as centroids the means of the features, float32 (N, D) on the CPU, that have them."""
        means = group_means(features, torch.from_numpy(labels), int(labels.max()) + 1)
        self.labels, self.centroids = labels, means.to(self.centroids.device)

    def losses(
        self, student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, sharpness: float
    ) -> tuple[Tensor, Tensor | None]:
        """How far the student's assignment is from the teacher's, and from the clusters; None where no label is known.

        Args:
            student, teacher: features of two views, (B, D), L2-normalised.
            labels: int64 (B,), -1 = in no cluster.
            temperature, sharpness: τ of the student's and of the teacher's assignment.
        """
        known = labels >= 0
        self.seen = student[known].detach(), labels[known]
        soft = soft_contrast(student, teacher, self.centroids, temperature, sharpness)
        hard = centroid_contrast(student[known], labels[known], self.centroids, temperature) if known.any() else None
        return soft, hard

    def follow(self, momentum: float) -> None:
        """Centroids move to the student's features of the step, each keeping ``momentum`` of itself; 1 = they stand still."""
        if self.seen is not None and momentum < 1:
            move(self.centroids, *self.seen, momentum)
        self.seen = None

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return {"centroids": self.centroids.cpu(), "pseudo_labels": torch.from_numpy(self.labels)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state`."""
        self.centroids = state["centroids"].to(self.centroids.device)
        if "pseudo_labels" in state:  # runs of earlier versions have none
            self.labels = state["pseudo_labels"].numpy()
