"""cluster-teacher: pseudo-labels on the unlabelled target from a momentum teacher's features.

Every epoch the teacher embeds the target, DBSCAN on the k-reciprocal Jaccard distance groups the crops, and the student
learns the groups beside the labelled source:

    L = L_source + w_t · L_target,      L_target = L_contrast(f, C) + λ · H(teacher, student)

with L_contrast the contrast against the cluster centroids C. The teacher is the exponential moving average of the
student, BatchNorm buffers included, and it is what ranks in the end.

Sources: Tarvainen & Valpola 2017 (mean teacher); Ge, Chen, Li 2020, "Mutual Mean-Teaching"; Dai et al. 2021, "Cluster
Contrast"; Zhong et al. 2017 (k-reciprocal encoding). The epoch's camera-wise centring is our choice.
"""

from __future__ import annotations

import copy
import itertools
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.data import Batch, class_labels, normalise, pk_batches
from reidapt.errors import ConfigError
from reidapt.evaluation import embed
from reidapt.losses.identity import centroid_contrast, smoothed_cross_entropy, soft_contrast
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.base import (
    Method,
    Stream,
    TrainConfig,
    adam,
    build_network,
    copy_network,
    labels_of,
    warmup_cosine,
)
from reidapt.models.ema import ema_update
from reidapt.models.embedder import ReidNet
from reidapt.similarity import cluster

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ClusterTeacherConfig(TrainConfig):
    """Adapt to an unlabelled target: labelled source, pseudo-labels on the target, momentum teacher."""

    epochs: int = 30
    """Epochs of adaptation, each with a new clustering (Dai et al. 2021: 50)."""
    source_epochs: int = 30
    """Epochs of supervised training on the source before the adaptation; none are run when --init is given."""
    steps: int = 0
    """Steps per epoch of adaptation; 0 = as many as show every clustered target crop about once."""
    momentum: float = 0.99
    """Teacher's momentum per step (MMT: 0.999 over far more steps)."""
    eps: float = 0.6
    """DBSCAN's neighbourhood radius, Jaccard distance 0..1 (Cluster Contrast: 0.4-0.6)."""
    min_samples: int = 4
    """Crops within the radius that make a core crop (Cluster Contrast: 4)."""
    k1: int = 20
    """Neighbours of the k-reciprocal encoding (Zhong et al. 2017)."""
    k2: int = 6
    """Neighbours of its query expansion (Zhong et al. 2017)."""
    centre_cameras: bool = True
    """Subtract each camera's mean feature before clustering, where cameras are known (our choice)."""
    adapt_statistics: bool = True
    """Estimate BatchNorm's running statistics on the target before the first clustering (Li et al. 2017, AdaBN)."""
    temperature: float = 0.05
    """τ of the contrast with the centroids (Cluster Contrast)."""
    centroid_momentum: float = 0.2
    """Share of the old centroid when a feature updates it (Cluster Contrast: 0.1-0.2)."""
    target_weight: float = 1.0
    """w_t, weight of the target's loss."""
    soft_weight: float = 0.0
    """λ, weight of the teacher's soft assignment to the centroids."""
    source_weight: float = 1.0
    """Weight of the source's losses during the adaptation; 0 leaves the source out."""
    label_smoothing: float = 0.1
    """ε of the source's identity loss."""
    margin: float = 0.3
    """Margin of the triplet loss."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.eps < 1:
            raise ConfigError(f"Option 'eps' is {self.eps}; a Jaccard distance lies strictly between 0 and 1.")
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "momentum", "label_smoothing")
        self.require("lie between 0 and 1", lambda value: 0 <= value <= 1, "centroid_momentum")
        self.require("be 1 or more", lambda value: value >= 1, "min_samples", "k1", "k2")
        self.require("be greater than 0", lambda value: value > 0, "temperature")
        at_least_0 = ("source_epochs", "steps", "margin", "source_weight", "target_weight", "soft_weight")
        self.require("be 0 or more", lambda value: value >= 0, *at_least_0)


class ClusterTeacher(Method):
    """Student and momentum teacher; pseudo-labels by DBSCAN on the teacher's target features."""

    name = "cluster-teacher"
    Config = ClusterTeacherConfig
    needs = ("source", "target")
    fresh_source = True

    def __init__(self, config: ClusterTeacherConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        self.student = build_network(config, persons)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.pseudo_labels = np.empty(0, np.int64)  # one per target crop; -1 = in no cluster
        self.centroids: Tensor  # (clusters, D), L2-normalised; in the extra state, as their number changes
        self.register_buffer("centroids", torch.empty(0, self.student.dim), persistent=False)
        self.seen: tuple[Tensor, Tensor] | None = None  # this step's target features and labels

    @property
    def ranker(self) -> ReidNet:
        return self.teacher

    def load_initial(self, other: Method) -> None:
        for network in (self.student, self.teacher):
            copy_network(network, other.ranker, classifier=self.same_classes(other))

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"student": adam(self.student.parameters(), self.config)}

    # -- the plan: first the source alone, then source and clustered target --------------------------------------

    @property
    def source_epochs(self) -> int:
        """Epochs before the adaptation."""
        return 0 if self.config.init else int(self.config.source_epochs)

    @property
    def total_epochs(self) -> int:
        return self.source_epochs + int(self.config.epochs)

    def lr_factor(self, epoch: float) -> float:
        c = self.config
        if epoch < self.source_epochs:
            return warmup_cosine(epoch, self.source_epochs, c.warmup_epochs)
        return warmup_cosine(epoch - self.source_epochs, c.epochs, c.warmup_epochs)

    def begin_epoch(self, epoch: int) -> None:
        if epoch < self.source_epochs:
            return
        if epoch == self.source_epochs:
            copy_network(self.teacher, self.student)
            if self.config.adapt_statistics:
                self.estimate_statistics()
        self.cluster_target()

    def streams(self, epoch: int) -> dict[str, Stream]:
        assert self.source is not None
        assert self.target is not None
        c, augment = self.config, self.config.augment()
        labels, _ = class_labels(self.source.table)
        if epoch < self.source_epochs:
            return {"source": Stream(self.source, self.pk(labels, epoch), labels, augment)}
        target = self.pk(self.pseudo_labels, epoch, length=c.steps)
        streams = {"target": Stream(self.target, target, self.pseudo_labels, augment)}
        if c.source_weight > 0:
            streams["source"] = Stream(self.source, self.pk(labels, epoch, length=len(target)), labels, augment)
        return streams

    def pk(self, labels: np.ndarray, epoch: int, length: int = 0) -> list[np.ndarray]:
        """PK batches of one epoch; with ``length``, exactly so many, freshly shuffled passes one after the other."""
        c = self.config
        persons = min(c.persons_per_batch, len(np.unique(labels[labels >= 0])))
        batches: list[np.ndarray] = []
        for part in itertools.count():
            batches += pk_batches(labels, persons, c.pictures_per_person, seed=c.seed + 1_000_003 * part, epoch=epoch)
            if len(batches) >= length:
                return batches[: length or None]
        raise AssertionError("unreachable")

    # -- the training step ---------------------------------------------------------------------------------------

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        c = self.config
        if "target" not in batch:
            yield "student", self.source_loss(batch["source"])
            return
        loss = c.target_weight * self.target_loss(batch["target"])
        if "source" in batch:
            # Source pictures are normalised by their own batch, but leave no trace in the running statistics: these
            # belong to the target, on which the network will rank.
            with frozen_statistics(self.student):
                loss = loss + c.source_weight * self.source_loss(batch["source"])
        yield "student", loss

    def source_loss(self, batch: Batch) -> Tensor:
        """Identity and triplet loss on labelled source pictures, as in ``source-only``."""
        output, labels = self.student(batch.images), labels_of(batch)
        identity = smoothed_cross_entropy(output.logits, labels, self.config.label_smoothing)
        triplet = batch_hard_triplet(output.feature, labels, self.config.margin)
        self.record("loss/source_identity", identity)
        self.record("loss/source_triplet", triplet)
        return identity + triplet

    def target_loss(self, batch: Batch) -> Tensor:
        """Contrast of the target's features with the centroids of their pseudo-labels."""
        c = self.config
        features, labels = self.student.embed(batch.images), labels_of(batch)
        contrast = centroid_contrast(features, labels, self.centroids, c.temperature)
        self.record("loss/target_contrast", contrast)
        loss = contrast
        if c.soft_weight > 0:
            with torch.no_grad(), frozen_statistics(self.teacher):
                teacher = self.teacher.embed(batch.images)
            soft = soft_contrast(features, teacher, self.centroids, c.temperature)
            self.record("loss/target_soft", soft)
            loss = loss + c.soft_weight * soft
        self.seen = features.detach(), labels
        return loss

    def end_step(self) -> None:
        if self.seen is not None:
            self.update_centroids(*self.seen)
            self.seen = None
        ema_update(self.teacher, self.student, self.config.momentum)

    # -- clustering ----------------------------------------------------------------------------------------------

    def cluster_target(self) -> None:
        """New pseudo-labels and centroids from the teacher's features of the whole target."""
        assert self.target is not None
        c = self.config
        features = embed(self.teacher, self.target, batch_size=256, device=self.device).float().cpu()
        compared = centre_per_group(features, self.target.table.camera) if c.centre_cameras else features
        self.pseudo_labels = cluster(compared, k1=c.k1, k2=c.k2, eps=c.eps, min_samples=c.min_samples)
        found = int(self.pseudo_labels.max(initial=-1)) + 1
        outliers = float((self.pseudo_labels < 0).mean())
        log.info("%d clusters, %.0f %% of %d target crops in none", found, 100 * outliers, len(features))
        self.record("clusters", found)
        self.record("outliers", outliers)
        if found < 2:
            wider = "Lower --eps or --k1" if found else "Raise --eps, lower --min_samples"
            raise ConfigError(
                f"Clustering {len(features)} target crops gave {found} cluster(s) at eps={c.eps}, "
                f"min_samples={c.min_samples}; at least 2 are needed. {wider}, or start from a run that fits the "
                "target better (--init), with another --out."
            )
        self.centroids = group_means(features, torch.from_numpy(self.pseudo_labels), found).to(self.device)

    @torch.no_grad()
    def update_centroids(self, features: Tensor, labels: Tensor) -> None:
        """c_y ← m · c_y + (1 − m) · f for every feature of the batch, then normalised (Cluster Contrast, Eq. 2)."""
        m = self.config.centroid_momentum
        for feature, label in zip(features, labels):
            self.centroids[label] = F.normalize(m * self.centroids[label] + (1 - m) * feature, dim=0)

    @torch.no_grad()
    def estimate_statistics(self) -> None:
        """Replace BatchNorm's running statistics of both networks by averages over the target."""
        assert self.target is not None
        norms = [m for m in self.student.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        saved = [m.momentum for m in norms]
        for m in norms:
            m.reset_running_stats()
            m.momentum = None  # cumulative average
        training = self.student.training
        self.student.train()
        order = torch.randperm(len(self.target), generator=torch.Generator().manual_seed(self.config.seed))
        for rows in order.tensor_split(-(-len(order) // 128)):  # of equal size: every batch counts the same
            if len(rows) > 1:
                self.student.embed(normalise(self.target.images(rows)).to(self.device))
        for m, momentum in zip(norms, saved):
            m.momentum = momentum
        self.student.train(training)
        copy_network(self.teacher, self.student)

    # -- checkpoint ----------------------------------------------------------------------------------------------

    def get_extra_state(self) -> dict[str, Any]:
        return {"pseudo_labels": torch.from_numpy(self.pseudo_labels), "centroids": self.centroids.cpu()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.pseudo_labels = state["pseudo_labels"].numpy()
        self.centroids = state["centroids"].to(self.centroids.device)


def centre_per_group(features: Tensor, groups: np.ndarray) -> Tensor:
    """Subtract each group's mean and normalise again, (N, D); groups below 0 are unknown and keep the overall mean."""
    centred = features - features.mean(0)
    for group in np.unique(groups[groups >= 0]):
        rows = torch.from_numpy(np.flatnonzero(groups == group))
        centred[rows] = features[rows] - features[rows].mean(0)
    return F.normalize(centred, dim=1)


def group_means(features: Tensor, labels: Tensor, groups: int) -> Tensor:
    """Normalised mean feature of every group 0..groups-1, (groups, D); rows labelled -1 are left out."""
    kept = labels >= 0
    sums = torch.zeros(groups, features.shape[1]).index_add_(0, labels[kept], features[kept])
    return F.normalize(sums, dim=1)


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Within the context BatchNorm normalises by the batch, but does not move its running statistics."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    saved = [m.momentum for m in norms]
    try:
        for m in norms:
            m.momentum = 0.0
        yield
    finally:
        for m, momentum in zip(norms, saved):
            m.momentum = momentum
