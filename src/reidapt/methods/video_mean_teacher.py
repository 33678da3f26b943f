"""video-mean-teacher: labelled (synthetic) tracklets teach a network for the tracklets of cameras that nobody labelled.

    L = L_id + L_tri + λ_f L^S_frame + λ_v L^S_clip + λ_c L^S_combined + λ_C L^C

on clips of T frames: a backbone gives a feature per frame, temporal pooling the clip's feature f_t, the BNNeck f_i.

* L_id, L_tri: cross-entropy and batch-hard triplet on the source's clips.
* L^S: self-supervised domain losses under gradient reversal. A classifier tells source from target by a frame's feature, one
  by a clip's, and one tells which of 6 orders four shuffled half-clips, two of each domain, stand in (Chen et al. 2020,
  "SSTDA"). The classifiers minimise L^S, the features maximise it: they are live, no gradient is cut off.
* L^C: identity consistency. The teacher, the exponential moving average of the student on the global step, embeds the target,
  each camera normalised by itself; its features are clustered every epoch, as in cluster-teacher. Teacher and student assign
  differently augmented views of a clip softly to the centroids, and the student learns the teacher's assignment and the cluster
  y of the clip's tracklet: q = softmax(g·C/τ_g), p = softmax(f·C/τ), L^C = −(1 − s) Σ q log p − s log p_y. The teacher's
  assignment alone repeats what it already holds of a single view; what several cameras agree on stands in the clusters. A batch
  has several clips of each of its clusters, and within an epoch the centroids follow the student (Dai et al. 2021).

Source: Zhang, Feng, Han, Wang, Song, Hou, "Synthetic-To-Real Video Person Re-ID". Its equations are not quoted here; the paper
states the parts, the rest is our choice. The target gives pictures alone: sampling, clustering and the last epoch's model know
no identity of it.
"""

from __future__ import annotations

import copy
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.data import Batch, CropStore, CropTable, batches, class_labels, generator, pk_batches
from reidapt.data.clips import ClipAugment, ClipStore, clip_batches
from reidapt.data.packed import packed_store
from reidapt.data.randomness import numpy_generator
from reidapt.data.sampling import passes
from reidapt.data.tracklets import Policy, Tracklets, tracklet_groups, usable_tracklets
from reidapt.errors import ConfigError
from reidapt.evaluation.embedding import evaluating
from reidapt.evaluation.tracklets import tracklet_clips
from reidapt.losses.clip_domains import ClipDomains
from reidapt.losses.domain import ramp
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.base import Method, Stream, TrainConfig, adam, copy_network, labels_of, warmup_cosine
from reidapt.methods.pseudo_labels import Clusters, Grouping, camera_features, find_clusters, views
from reidapt.methods.target_clusters import TargetClusters, labels_or_last
from reidapt.models.ema import ema_update
from reidapt.models.embedder import ReidNet
from reidapt.models.statistics import frozen_statistics
from reidapt.models.temporal import Pooling
from reidapt.models.video import VideoNet
from reidapt.similarity import kmeans

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class VideoMeanTeacherConfig(TrainConfig):
    """Video: labelled source tracklets, unlabelled target tracklets; domain losses, mean teacher, identity consistency."""

    epochs: int = 150
    """Passes over the source's tracklets (the authors' code: 150)."""
    lr: float = 3e-4
    """Adam's learning rate (the authors' code: 3e-4)."""
    decay_epochs: list[int] = field(default_factory=lambda: [40, 80, 120])
    """Epochs at which the rate falls to a tenth (the authors' code); empty = it falls along half a cosine."""
    warmup_epochs: float = 0.0
    """Epochs of linear warm-up from a tenth of the learning rate."""
    frames: int = 4
    """T, frames of a clip, one random frame of each of T equal chunks of a tracklet (the authors' code: 4)."""
    pooling: Pooling = "mean"
    """Pooling over time: 'mean' (the authors' code), 'attention' or 'convolution'."""
    persons_per_batch: int = 8
    """P of PK sampling on the source (the authors' code: 8)."""
    pictures_per_person: int = 4
    """K of PK sampling: tracklets of a person (the authors' code: 4)."""
    target_clips: int = 32
    """Clips of the target in a batch (the authors' code: 8 persons × 4, by their true ids)."""
    target_sampling: Literal["random", "clusters"] = "clusters"
    """Clips of the target are drawn from all tracklets, or, once these are clustered, as 'pictures_per_person' of each of so
    many clusters as fit into a batch (our choice, without true ids)."""
    steps: int = 0
    """Steps per epoch; 0 = as many as show every tracklet of the source about once."""
    label_smoothing: float = 0.1
    """ε of L_id (Luo et al. 2019)."""
    margin: float = 0.3
    """Margin of L_tri (the authors' code: 0.3)."""
    triplet_weight: float = 1.0
    """Weight of L_tri."""
    norm: Literal["source", "mixed", "separate"] = "separate"
    """BatchNorm in training: 'source' and 'separate' normalise each domain by its own batch, and the running statistics are the
    source's or the target's; 'mixed' puts both domains into one batch (what the authors' code amounts to)."""
    frame_weight: float = 0.1
    """λ_f of L^S_frame; 0 = off (our choice: small beside L^C)."""
    clip_weight: float = 0.1
    """λ_v of L^S_clip; 0 = off (our choice: small beside L^C)."""
    combined_weight: float = 0.1
    """λ_c of L^S_combined; 0 = off (our choice: small beside L^C)."""
    consistency_weight: float = 1.0
    """λ_C of L^C; 0 = off."""
    reversal: float = 1.0
    """Largest strength β of the gradient reversal; it grows along 2/(1+exp(−10p))−1 (Ganin, Lempitsky 2015)."""
    domain_hidden: int = 256
    """Hidden units of the domain classifiers (our choice)."""
    momentum: float = 0.99
    """Teacher's momentum α per step; at step t it is min(1 − 1/(t+1), α) (the authors' code: 0.99)."""
    rank_with: Literal["teacher", "student"] = "teacher"
    """The network that ranks in the end (our choice: the teacher)."""
    consistency_start: int = 0
    """First epoch with L^C, counted from 0; a network from random weights has nothing to cluster by before (our choice)."""
    clustering: Grouping | Literal["k-means"] = "auto"
    """How the teacher's target features are clustered: on the Jaccard distance by 'average' linkage, 'dbscan' or 'auto' (average
    linkage for up to 50,000 tracklets), or 'k-means'."""
    clusters: int = 500
    """Number of clusters of k-means."""
    eps: float = 0.0
    """Largest mean Jaccard distance, 0..1, of two clusters that merge, or DBSCAN's radius; 0 = chosen every epoch by the
    silhouette, as in cluster-teacher (our choice)."""
    min_samples: int = 4
    """Tracklets of the smallest cluster, or within the radius of a core tracklet of DBSCAN (Cluster Contrast: 4)."""
    k1: int = 20
    """Neighbours of the k-reciprocal encoding (Zhong et al. 2017)."""
    k2: int = 6
    """Neighbours of its query expansion (Zhong et al. 2017)."""
    normalise_cameras: bool = True
    """Cluster features that each camera has normalised by itself, where cameras are known: with BatchNorm statistics of its
    own, or around its mean feature for a network without BatchNorm, as in cluster-teacher (our choice)."""
    temperature: float = 0.05
    """τ of the student's soft assignment."""
    teacher_temperature: float = 0.025
    """τ_g of the teacher's soft assignment; below τ it is sharper than the student's (our choice)."""
    cluster_share: float = 0.5
    """s, share of L^C by which the student follows the cluster of the clip's tracklet, 0..1; the rest is the teacher's soft
    assignment of the clip (Ge et al. 2020, "Mutual Mean-Teaching": 0.5)."""
    centroid_momentum: float = 0.2
    """Share of the old centroid when a student's feature moves its cluster's in a step (Dai et al. 2021, "Cluster Contrast":
    0.1-0.2); 1 = centroids stand still for an epoch."""
    packed: str = ""
    """Folder where decoded frames are kept and mapped into memory, for data larger than it; empty = they are kept in memory."""
    bad_tracklets: Policy = "stop"
    """A tracklet with a missing or unreadable frame or fewer frames than 'shortest': 'stop' names it, 'skip' leaves it out."""
    shortest: int = 2
    """Fewest frames of a training tracklet; 1 accepts single frames, which then fill a clip alone."""
    frame_gaps: Literal["keep", "stop", "skip"] = "keep"
    """A tracklet whose frame numbers jump where all others are counted evenly; it is named in any case."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("be 1 or more", lambda v: v >= 1, "frames", "target_clips", "shortest", "min_samples", "k1", "k2")
        self.require("be 2 or more", lambda v: v >= 2, "clusters")
        self.require("be greater than 0", lambda v: v > 0, "temperature", "teacher_temperature", "domain_hidden")
        weights = ("triplet_weight", "frame_weight", "clip_weight", "combined_weight", "consistency_weight")
        self.require("be 0 or more", lambda v: v >= 0, "steps", "margin", "reversal", "consistency_start", *weights)
        self.require("be at least 0 and below 1", lambda v: 0 <= v < 1, "momentum", "label_smoothing")
        self.require("be at least 0 and below 1", lambda v: 0 <= v < 1, "eps")
        self.require("lie between 0 and 1", lambda v: 0 <= v <= 1, "cluster_share", "centroid_momentum")
        if self.combined_weight > 0 and self.frames < 2:
            raise ConfigError("A clip of 1 frame has no two halves; give --frames 2 or more, or --combined_weight 0.")

    @property
    def uses_target(self) -> bool:
        """Whether any part that is switched on looks at the target."""
        losses = (self.frame_weight, self.clip_weight, self.combined_weight, self.consistency_weight)
        return self.norm != "source" or any(weight > 0 for weight in losses)


@dataclass(frozen=True)
class Clips:
    """What the student makes of one domain's clips."""

    frames: Tensor  # (B, T, D), a feature per frame
    feature: Tensor  # f_t (B, D)
    neck: Tensor  # f_i (B, D)
    logits: Tensor  # (B, persons)


class VideoMeanTeacher(Method):
    """Student and mean teacher on clips; domain classifiers of three levels; soft assignment to target clusters."""

    name = "video-mean-teacher"
    Config = VideoMeanTeacherConfig
    accepts = ("target",)

    def __init__(self, config: VideoMeanTeacherConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        self.student = VideoNet(
            config.backbone,
            pooling=config.pooling,
            persons=persons,
            weights=config.weights,
            size=config.size,
            last_stride=config.last_stride,
        )
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        dim, hidden = self.student.dim, config.domain_hidden
        self.domains = ClipDomains(dim, hidden)
        self.updates: Tensor  # t, global step of the teacher
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self.clusters = TargetClusters(dim)  # of the target's tracklets
        self.length = 1  # steps of an epoch, set by `streams`

    @property
    def ranker(self) -> VideoNet:
        return self.teacher if self.config.rank_with == "teacher" else self.student

    @property
    def clip_length(self) -> int:
        return int(self.config.frames)

    # -- data ----------------------------------------------------------------------------------------------------

    @classmethod
    def tables(
        cls, config: VideoMeanTeacherConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """The tracklets of both domains that can be used; bad ones are named, and skipped or refused."""
        if config.uses_target and target is None:
            raise ConfigError(
                "The domain losses, the consistency and --norm mixed or separate look at unlabelled tracklets; give "
                "--target, or switch all of them off (--norm source, the four weights 0) to train on the source alone."
            )
        if target is not None and not config.uses_target:
            raise ConfigError("Nothing that is switched on looks at --target; leave it out, or switch a part on.")
        policy: dict[str, Any] = {
            "bad": config.bad_tracklets,
            "shortest": config.shortest,
            "gaps": config.frame_gaps,
        }
        return usable_tracklets(source, **policy), None if target is None else usable_tracklets(target, **policy)

    @classmethod
    def open_store(
        cls, config: VideoMeanTeacherConfig, table: CropTable, progress: Callable[[int, int], None] | None = None
    ) -> CropStore:
        if not config.packed:
            return super().open_store(config, table, progress)
        return packed_store(table, config.packed, config.size, progress)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        super().attach(source=source, target=target)
        self.source_tracklets = None if source is None else Tracklets.of(source.table)
        self.target_tracklets = None if target is None else Tracklets.of(target.table)
        self.streams(0)  # a source with too few persons is refused here, before anything is written

    def streams(self, epoch: int) -> dict[str, Stream]:
        assert self.source is not None
        assert self.source_tracklets is not None
        c, augment = self.config, ClipAugment(self.config.augment(), self.config.frames)
        labels, _ = class_labels(self.source.table)
        of = labels[self.source_tracklets.first]

        def persons(seed: int) -> list[np.ndarray]:
            return pk_batches(of, c.persons_per_batch, c.pictures_per_person, seed=seed, epoch=epoch)

        chosen = passes(persons, c.seed, c.steps)
        self.length = len(chosen)
        draws = numpy_generator(c.seed, "clips/source", epoch)
        rows = clip_batches(self.source_tracklets.rows, chosen, c.frames, draws)
        streams = {"source": Stream(self.source, rows, labels, augment)}
        if self.target is not None:
            assert self.target_tracklets is not None
            count, found = len(self.target_tracklets), self.clusters.labels

            def some(seed: int) -> list[np.ndarray]:
                if c.target_sampling == "random" or len(found) == 0:
                    return batches(count, c.target_clips, seed=seed, epoch=epoch)
                each = min(c.pictures_per_person, c.target_clips)
                clusters = min(c.target_clips // each, int(found.max()) + 1)
                return pk_batches(found, clusters, each, seed=seed, epoch=epoch)

            draws = numpy_generator(c.seed, "clips/target", epoch)
            rows = clip_batches(self.target_tracklets.rows, passes(some, c.seed, len(chosen)), c.frames, draws)
            # the clusters are of tracklets, here of their frames; there are none before the clustering
            clusters = found[tracklet_groups(self.target.table)] if len(found) else None
            streams["target"] = Stream(self.target, rows, clusters, (augment, augment))  # for the student, the teacher
        return streams

    # -- the training step ---------------------------------------------------------------------------------------

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        parts = (self.student, self.domains)
        return {"student": adam(itertools.chain(*(part.parameters() for part in parts)), self.config)}

    def lr_factor(self, epoch: float) -> float:
        c = self.config
        if not c.decay_epochs:
            return warmup_cosine(epoch, self.total_epochs, c.warmup_epochs)
        warm = min(1.0, 0.1 + 0.9 * epoch / c.warmup_epochs) if c.warmup_epochs > 0 else 1.0
        return warm * 0.1 ** sum(epoch >= decay for decay in c.decay_epochs)

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        source, target = self.forward_clips(batch)
        loss = self.source_loss(source, batch["source"])
        if target is not None:
            loss = loss + self.domain_losses(source, target, batch["target"].step)
            loss = loss + self.consistency_loss(target, batch["target"])
        yield "student", loss

    def forward_clips(self, batch: Mapping[str, Batch]) -> tuple[Clips, Clips | None]:
        """The student on the clips of both domains, normalised as ``norm`` says."""
        source = self.clips(batch["source"].images)
        if "target" not in batch:
            return self.student_on(source), None
        target = self.clips(batch["target"].images)
        if self.config.norm == "mixed":
            both = self.student_on(torch.cat([source, target]))
            parts = [value.split([len(source), len(target)]) for value in vars(both).values()]
            return Clips(*(part[0] for part in parts)), Clips(*(part[1] for part in parts))
        quiet = frozen_statistics(self.student)  # normalises by the batch, leaves the running statistics alone
        with quiet if self.config.norm == "separate" else nullcontext():
            on_source = self.student_on(source)
        quiet = frozen_statistics(self.student)
        with quiet if self.config.norm == "source" else nullcontext():
            return on_source, self.student_on(target)

    def student_on(self, clips: Tensor) -> Clips:
        """Features of the frames, of the clip before and after the neck, and the identity logits."""
        frames = self.student.frame_features(clips)
        return Clips(frames, *self.student.head(self.student.pool(frames)))

    def clips(self, images: Tensor) -> Tensor:
        """Frames (B · T, 3, H, W), clip after clip → (B, T, 3, H, W)."""
        return images.unflatten(0, (-1, self.config.frames))

    def source_loss(self, source: Clips, batch: Batch) -> Tensor:
        """L_id + L_tri on the source's clips."""
        labels = labels_of(batch)[:: self.config.frames]
        identity = smoothed_cross_entropy(source.logits, labels, self.config.label_smoothing)
        triplet = batch_hard_triplet(source.feature, labels, self.config.margin)
        self.record("loss/identity", identity)
        self.record("loss/triplet", triplet)
        self.record("accuracy", (source.logits.argmax(1) == labels).double().mean())
        return identity + self.config.triplet_weight * triplet

    def domain_losses(self, source: Clips, target: Clips, step: int) -> Tensor:
        """λ_f L^S_frame + λ_v L^S_clip + λ_c L^S_combined on reversed gradients of live features."""
        c = self.config
        beta = c.reversal * ramp(step / max(1, self.length * self.total_epochs))
        pairs = min(len(source.frames), len(target.frames))
        losses = {
            "frame": lambda: self.domains.frame_loss(source.frames, target.frames, beta),
            "clip": lambda: self.domains.clip_loss(source.feature, target.feature, beta),
            "combined": lambda: self.domains.combined_loss(
                self.halves(source.frames[:pairs]),
                self.halves(target.frames[:pairs]),
                beta,
                generator(c.seed, "order", step),
            ),
        }
        total = source.feature.new_zeros(())
        for level, loss in losses.items():
            weight = getattr(c, f"{level}_weight")
            if weight > 0:
                value = loss()
                self.record(f"loss/domain_{level}", value)
                total = total + weight * value
        return total

    def halves(self, frames: Tensor) -> Tensor:
        """Features of the first and the second half of clips, (B, T, D) → (B, 2, D)."""
        middle = frames.shape[1] // 2
        return torch.stack([self.student.pool(frames[:, :middle]), self.student.pool(frames[:, middle:])], dim=1)

    def consistency_loss(self, target: Clips, batch: Batch) -> Tensor:
        """λ_C L^C: the student's assignment of a clip to the centroids follows the teacher's of another view, and the cluster."""
        c = self.config
        if c.consistency_weight == 0 or batch.labels is None:  # not clustered yet
            return target.feature.new_zeros(())
        with torch.no_grad(), evaluating(self.teacher):
            teacher = self.teacher.embed(self.clips(batch.views[1]))
        student = F.normalize(target.neck.float(), dim=1)
        labels = batch.labels[:: c.frames]
        loss, hard = self.clusters.losses(student, teacher, labels, c.temperature, c.teacher_temperature)
        self.record("loss/consistency", loss)
        if c.cluster_share > 0 and hard is not None:
            self.record("loss/cluster", hard)
            loss = (1 - c.cluster_share) * loss + c.cluster_share * hard
        return float(c.consistency_weight) * loss

    def end_step(self) -> None:
        """The teacher moves on the global step, parameters and BatchNorm buffers alike; centroids move to what was seen."""
        self.clusters.follow(self.config.centroid_momentum)
        self.updates += 1
        t = int(self.updates)
        ema_update(self.teacher, self.student, min(1 - 1 / (t + 1), self.config.momentum))

    # -- clustering ----------------------------------------------------------------------------------------------

    def begin_epoch(self, epoch: int) -> None:
        if self.config.consistency_weight > 0 and epoch >= self.config.consistency_start:
            self.cluster_target()

    def cluster_target(self) -> None:
        """New pseudo-labels and centroids from the teacher's features of the target's tracklets.

        An epoch whose clustering finds fewer than two clusters goes on with those of the epoch before.

        Raises:
            ConfigError: the first clustering finds fewer than two.
        """
        c, features = self.config, self.target_features()
        if c.clustering == "k-means":
            clusters = Clusters(kmeans(features, c.clusters, seed=c.seed), 0.0, 0.0)
        else:
            clusters = find_clusters(
                features, grouping=c.clustering, eps=c.eps, min_samples=c.min_samples, k1=c.k1, k2=c.k2
            )
            self.record("radius", clusters.radius)
            self.record("silhouette", clusters.silhouette)
        what, found, outliers = f"{len(features)} target tracklets", clusters.found, clusters.outliers
        log.info("%d clusters, %.0f %% of %s in none", found, 100 * outliers, what)
        self.record("clusters", found)
        self.record("outliers", outliers)
        start = "start the consistency later (--consistency_start), or start from a trained run (--init)"
        last = self.clusters.labels
        if (labels := labels_or_last(clusters, last, what, c.min_samples, start)) is not last:
            self.clusters.renew(features, labels)

    def target_features(self) -> Tensor:
        """What is clustered: the teacher's features of one clip of every target tracklet, float32 (N, D) on the CPU."""
        assert self.target is not None
        assert self.target_tracklets is not None
        c, tracklets = self.config, self.target_tracklets
        clips, _ = tracklet_clips(tracklets, c.frames, c.frames)
        return camera_features(
            self.teacher,
            ClipStore(c.shown(self.target), clips),
            views(self.target.table)[tracklets.first],
            normalise=c.normalise_cameras,
            seed=c.seed,
            batch_size=max(1, 256 // c.frames),
            device=self.device,
            bf16=self.bf16,
        )

    # -- start and checkpoint ------------------------------------------------------------------------------------

    def load_initial(self, other: Method) -> None:
        """Start from any run that ranks; one on pictures brings no pooling over time, which then starts afresh."""
        start: ReidNet = copy.deepcopy(other.ranker)
        if not isinstance(start, VideoNet):
            start.temporal = self.student.temporal
        for network in (self.student, self.teacher):
            copy_network(network, start, classifier=self.same_classes(other))

    def get_extra_state(self) -> dict[str, Any]:
        return self.clusters.state()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.clusters.restore(state)
