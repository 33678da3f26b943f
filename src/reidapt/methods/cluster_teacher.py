"""cluster-teacher: pseudo-labels on the unlabelled target from a momentum teacher's features.

Every epoch the teacher embeds the target, each camera normalised by itself; average linkage or DBSCAN on the k-reciprocal
Jaccard distance groups the crops, with a radius that the clusters' silhouette decides; and the student learns the groups,
beside the labelled source where there is one:

    L = w_s · L_source + w_t · (L_contrast(f, C) + w_3 · L_triplet(f) + w_c · L_camera(f, P) + λ · H(teacher, student))

with L_contrast the contrast against the cluster centroids C and L_camera that against the proxies P of the same cluster in
other cameras. The teacher is the exponential moving average of the student, BatchNorm buffers included, and it is what
ranks in the end.

Sources: Tarvainen & Valpola 2017 (mean teacher); Ge, Chen, Li 2020, "Mutual Mean-Teaching"; Dai et al. 2021, "Cluster
Contrast"; Wang et al. 2021, "Camera-aware Proxies" (L_camera); Zhuang et al. 2020, "Camera-based Batch Normalization";
Zhong et al. 2017 (k-reciprocal encoding); Li et al. 2017 (AdaBN). Average linkage and the choice of the radius are ours.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt import processes
from reidapt.data import Batch, CropStore, CropTable, class_labels, normalise, pk_batches
from reidapt.data.sampling import passes
from reidapt.errors import ConfigError
from reidapt.losses.identity import centroid_contrast, smoothed_cross_entropy, soft_contrast
from reidapt.losses.proxies import inter_camera_contrast
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.base import (
    Method,
    Stream,
    TrainConfig,
    adam,
    build_network,
    copy_network,
    gathered_output,
    labels_of,
    warmup_cosine,
)
from reidapt.methods.pseudo_labels import (
    Grouping,
    camera_features,
    find_clusters,
    group_means,
    move,
    nearest_joined,
    proxy_of,
    views,
)
from reidapt.methods.source_only import with_generated
from reidapt.methods.target_clusters import labels_or_last
from reidapt.models.ema import ema_update
from reidapt.models.embedder import ReidNet, ReidOutput
from reidapt.models.statistics import estimate_statistics, frozen_statistics
from reidapt.similarity.quality import agreement

STATISTICS_CROPS = 8192
"""Target crops at most, drawn by the seed, whose average becomes the running statistics before the adaptation."""

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
    grouping: Grouping = "auto"
    """'average' linkage, 'dbscan' (Cluster Contrast), or 'auto': average linkage for up to 50,000 crops (our choice)."""
    eps: float = 0.0
    """Largest mean Jaccard distance, 0..1, of two clusters that merge, or DBSCAN's radius (Cluster Contrast: 0.4-0.6);
    0 = chosen every epoch by the silhouette (our choice)."""
    min_samples: int = 4
    """Crops of the smallest cluster, or within the radius of a core crop of DBSCAN (Cluster Contrast: 4)."""
    k1: int = 20
    """Neighbours of the k-reciprocal encoding (Zhong et al. 2017)."""
    k2: int = 6
    """Neighbours of its query expansion (Zhong et al. 2017)."""
    normalise_cameras: bool = True
    """Cluster features that each camera has normalised by itself, where cameras are known: with BatchNorm statistics of its
    own (Zhuang et al. 2020), which a backbone without BatchNorm has in the neck alone."""
    flip_features: bool = True
    """Cluster the mean of the features of each crop and its mirror image."""
    tracklets: bool = False
    """Crops of one tracklet are one person: cluster tracklets; --min_samples then counts tracklets."""
    join_margin: float = 1.0
    """A crop in no cluster joins the nearest one if its cosine to the centroid is larger than to any other by this; 1 =
    never, it is left out of the epoch."""
    adapt_statistics: bool = True
    """Estimate BatchNorm's running statistics on the target before the first clustering (Li et al. 2017, AdaBN)."""
    temperature: float = 0.05
    """τ of the contrast with the centroids (Cluster Contrast)."""
    centroid_momentum: float = 0.2
    """Share of the old centroid when a feature updates it (Cluster Contrast: 0.1-0.2)."""
    target_weight: float = 1.0
    """w_t, weight of the target's loss."""
    triplet_weight: float = 1.0
    """w_3, weight of the batch-hard triplet loss on the target."""
    camera_weight: float = 0.5
    """w_c, weight of the contrast with the proxies of other cameras, where cameras are known (CAP: 0.5)."""
    camera_temperature: float = 0.07
    """τ of that contrast (CAP)."""
    soft_weight: float = 0.0
    """λ, weight of the teacher's soft assignment to the centroids."""
    source_weight: float = 1.0
    """w_s, weight of the source's losses during the adaptation; 0 leaves the source out."""
    extend: str = ""
    """Generated dataset that joins the source, as in source-only."""
    share: float = 1.0
    """Share of the generated crops that join, 0..1."""
    label_smoothing: float = 0.1
    """ε of the source's identity loss."""
    margin: float = 0.3
    """Margin of the triplet loss."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.eps < 1:
            raise ConfigError(
                f"Option 'eps' is {self.eps}; a Jaccard distance lies strictly between 0 and 1 (0: chosen every epoch)."
            )
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "momentum", "label_smoothing")
        self.require("lie between 0 and 1", lambda value: 0 <= value <= 1, "centroid_momentum", "share")
        self.require("be 1 or more", lambda value: value >= 1, "min_samples", "k1", "k2")
        self.require("be greater than 0", lambda value: value > 0, "temperature")
        self.require("be greater than 0", lambda value: value > 0, "camera_temperature")
        at_least_0 = ("source_epochs", "steps", "margin", "join_margin")
        weights = ("source_weight", "target_weight", "triplet_weight", "camera_weight", "soft_weight")
        self.require("be 0 or more", lambda value: value >= 0, *at_least_0, *weights)


class ClusterTeacher(Method):
    """Student and momentum teacher; pseudo-labels by clusters of the teacher's target features."""

    name = "cluster-teacher"
    Config = ClusterTeacherConfig
    needs = ("target",)
    accepts = ("source",)
    fresh_source = True
    parallel = True

    def __init__(self, config: ClusterTeacherConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        self.student = build_network(config, persons)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.pseudo_labels = np.empty(0, np.int64)  # one per target crop; -1 = in no cluster
        self.centroids: Tensor  # (clusters, D), L2-normalised; in the extra state, as their number changes
        self.register_buffer("centroids", torch.empty(0, self.student.dim), persistent=False)
        self.proxies: Tensor  # (M, D), the mean feature of each cluster in each camera; in the extra state
        self.register_buffer("proxies", torch.empty(0, self.student.dim), persistent=False)
        self.proxy_number = np.empty(0, np.int64)  # which proxy each target crop belongs to; -1 = none
        self.proxy_labels, self.proxy_cameras = torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.int64)
        self.kinds = np.empty(0, np.int64)  # of each target crop, see `views`: what counts as its camera
        self.seen: tuple[Tensor, Tensor, Tensor] | None = None  # this step's target features, labels and rows

    @classmethod
    def tables(
        cls, config: ClusterTeacherConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """The source with the generated crops that ``--extend`` names."""
        return with_generated(source, config.extend, config.share, config.seed), target

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        super().attach(source=source, target=target)
        c = self.config
        if source is None and not c.init and c.weights == "random":
            raise ConfigError(
                "Neither --source nor --init is given and the weights are random: there is nothing from which the target's "
                "crops could be compared. Give a labelled --source, or start from a run (--init) or from --weights."
            )
        assert target is not None
        self.kinds = views(target.table).copy()  # a table's columns cannot be written to, which tensors want
        if c.tracklets and not (target.table.column("tracklet") >= 0).any():
            raise ConfigError(
                f"--tracklets is on, but the crops of '{c.target}' have no tracklet numbers; give data with tracklets, or a table "
                "with a column 'tracklet', or leave the option out."
            )

    @property
    def ranker(self) -> ReidNet:
        return self.teacher

    @property
    def of_tracklets(self) -> bool:
        return bool(self.config.tracklets)

    def load_initial(self, other: Method) -> None:
        for network in (self.student, self.teacher):
            copy_network(network, other.ranker, classifier=self.same_classes(other))

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"student": adam(self.student.parameters(), self.config)}

    # -- the plan: first the source alone, then source and clustered target --------------------------------------

    @property
    def source_epochs(self) -> int:
        """Epochs before the adaptation."""
        return 0 if self.config.init or not self.config.source else int(self.config.source_epochs)

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
                self.adapt_statistics()
        self.cluster_target()

    def streams(self, epoch: int) -> dict[str, Stream]:
        assert self.target is not None
        c, augment, streams = self.config, self.config.augment(), {}
        length = 0
        if epoch >= self.source_epochs:
            batches = self.pk(self.pseudo_labels, epoch, length=c.steps)
            streams["target"] = Stream(self.target, batches, self.pseudo_labels, augment)
            length = len(batches)
        if self.source is not None and (epoch < self.source_epochs or c.source_weight > 0):
            labels, _ = class_labels(self.source.table)
            streams["source"] = Stream(self.source, self.pk(labels, epoch, length=length), labels, augment)
        return streams

    def pk(self, labels: np.ndarray, epoch: int, length: int = 0) -> list[np.ndarray]:
        """PK batches of one epoch; with ``length``, exactly so many, freshly shuffled passes one after the other."""
        c = self.config
        persons = min(c.persons_per_batch, len(np.unique(labels[labels >= 0])))
        return passes(
            lambda seed: pk_batches(labels, persons, c.pictures_per_person, seed=seed, epoch=epoch), c.seed, length
        )

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
        output, labels = gathered_output(self.student(batch.images)), labels_of(batch)
        identity = smoothed_cross_entropy(output.logits, labels, self.config.label_smoothing)
        triplet = batch_hard_triplet(output.feature, labels, self.config.margin)
        self.record("loss/source_identity", identity)
        self.record("loss/source_triplet", triplet)
        return identity + triplet

    def target_loss(self, batch: Batch) -> Tensor:
        """Contrast of the target's features with what their pseudo-labels stand for."""
        c = self.config
        output, labels = gathered_output(self.student(batch.images)), labels_of(batch)
        features = F.normalize(output.neck.float(), dim=1)
        self.seen = features.detach(), labels, batch.indices
        loss = centroid_contrast(features, labels, self.centroids, c.temperature)
        self.record("loss/target_contrast", loss)
        for name, weight, term in self.further_terms(batch, output, features, labels):
            self.record(f"loss/target_{name}", term)
            loss = loss + weight * term
        return loss

    def further_terms(
        self, batch: Batch, output: ReidOutput, features: Tensor, labels: Tensor
    ) -> Iterator[tuple[str, float, Tensor]]:
        """Name, weight and value of the target's optional losses that are switched on."""
        c = self.config
        if c.triplet_weight > 0:
            yield "triplet", c.triplet_weight, batch_hard_triplet(output.feature, labels, c.margin)
        if c.camera_weight > 0 and len(self.proxies):
            known = self.proxy_labels.to(labels.device), self.proxy_cameras.to(labels.device)
            kinds = torch.from_numpy(self.kinds).to(labels.device)[batch.indices]
            term = inter_camera_contrast(features, labels, kinds, self.proxies, *known, c.camera_temperature)
            yield "camera", c.camera_weight, term
        if c.soft_weight > 0:
            with torch.no_grad(), frozen_statistics(self.teacher):
                teacher = processes.gathered(self.teacher.embed(batch.images))
            yield "soft", c.soft_weight, soft_contrast(features, teacher, self.centroids, c.temperature)

    def end_step(self) -> None:
        if self.seen is not None:
            self.update_memory(*self.seen)
            self.seen = None
        ema_update(self.teacher, self.student, self.config.momentum)

    # -- clustering ----------------------------------------------------------------------------------------------

    def cluster_target(self) -> None:
        """New pseudo-labels, centroids and proxies from the teacher's features of the whole target.

        An epoch whose clustering finds fewer than two clusters goes on with those of the epoch before.

        Raises:
            ConfigError: the first clustering finds fewer than two.
        """
        assert self.target is not None
        c, table = self.config, self.target.table
        features = self.target_features()
        tracklets = table.column("tracklet") if c.tracklets else None
        options: dict[str, Any] = {
            "grouping": c.grouping,
            "eps": c.eps,
            "min_samples": c.min_samples,
            "k1": c.k1,
            "k2": c.k2,
        }
        clusters = processes.once(lambda: find_clusters(features, **options, tracklets=tracklets))
        if len(self.pseudo_labels) == len(features):
            self.record("stability", agreement(self.pseudo_labels, clusters.labels))
        for name in ("found", "outliers", "radius", "silhouette"):
            self.record(f"clusters/{name}", float(getattr(clusters, name)))
        log.info(
            "%d clusters, %.0f %% of %d target crops in none (radius %.2f, silhouette %.3f)",
            *(clusters.found, 100 * clusters.outliers, len(features), clusters.radius, clusters.silhouette),
        )
        start = "or start from a run that fits the target better (--init)"
        what = f"{len(features)} target crops"
        labels = labels_or_last(clusters, self.pseudo_labels, what, c.min_samples, start)
        found = int(labels.max()) + 1
        self.centroids = group_means(features, torch.from_numpy(labels), found).to(self.device)
        self.pseudo_labels = nearest_joined(features, labels, self.centroids.cpu(), c.join_margin)
        if c.camera_weight > 0 and (self.kinds >= 0).any():
            number, label, camera = proxy_of(self.pseudo_labels, self.kinds)
            self.proxy_number, self.proxy_labels, self.proxy_cameras = number, *map(torch.from_numpy, (label, camera))
            self.proxies = group_means(features, torch.from_numpy(number), len(label)).to(self.device)

    def target_features(self) -> Tensor:
        """What is clustered: the teacher's features of the target, float32 (N, D) on the CPU."""
        assert self.target is not None
        c = self.config
        return camera_features(
            self.teacher,
            c.shown(self.target),
            self.kinds,
            normalise=c.normalise_cameras,
            seed=c.seed,
            flip=c.flip_features,
            device=self.device,
            bf16=self.bf16,
        )

    @torch.no_grad()
    def update_memory(self, features: Tensor, labels: Tensor, rows: Tensor) -> None:
        """c_y ← m · c_y + (1 − m) · f for every feature of the batch, then normalised (Cluster Contrast, Eq. 2)."""
        move(self.centroids, features, labels, self.config.centroid_momentum)
        if len(self.proxies):
            own = torch.from_numpy(self.proxy_number).to(rows.device)[rows]
            move(self.proxies, features, own, self.config.centroid_momentum)

    def adapt_statistics(self) -> None:
        """Replace BatchNorm's running statistics of both networks by averages over the target, of at most 8,192 crops."""
        assert self.target is not None
        store = self.config.shown(self.target)
        order = torch.randperm(len(store), generator=torch.Generator().manual_seed(self.config.seed))[:STATISTICS_CROPS]
        parts = order.tensor_split(-(-len(order) // 128))  # of equal size: every batch counts the same
        own = (rows[processes.own(len(rows))] for rows in parts if len(rows) > 1)
        pictures = (normalise(store.images(rows)).to(self.device) for rows in own)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            estimate_statistics(self.student, pictures)
        copy_network(self.teacher, self.student)

    # -- checkpoint ----------------------------------------------------------------------------------------------

    def get_extra_state(self) -> dict[str, Any]:
        return {
            "pseudo_labels": torch.from_numpy(self.pseudo_labels),
            "centroids": self.centroids.cpu(),
            "proxy_number": torch.from_numpy(self.proxy_number),
            "proxy_labels": self.proxy_labels,
            "proxy_cameras": self.proxy_cameras,
            "proxies": self.proxies.cpu(),
        }

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.pseudo_labels = state["pseudo_labels"].numpy()
        self.centroids = state["centroids"].to(self.centroids.device)
        if "proxies" in state:  # runs of earlier versions have none
            self.proxy_number = state["proxy_number"].numpy()
            self.proxy_labels, self.proxy_cameras = state["proxy_labels"], state["proxy_cameras"]
            self.proxies = state["proxies"].to(self.proxies.device)
