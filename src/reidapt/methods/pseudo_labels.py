"""Pseudo-labels from features: which crops are one person, as far as their neighbourhoods tell, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.data import CropTable
from reidapt.errors import ConfigError
from reidapt.evaluation.embedding import PictureStore
from reidapt.evaluation.grouped import embed_by_group
from reidapt.similarity import jaccard
from reidapt.similarity.clustering import dbscan
from reidapt.similarity.linkage import Dendrogram
from reidapt.similarity.quality import choose
from reidapt.similarity.reciprocal import EXACT_ROWS

Grouping = Literal["auto", "average", "dbscan"]

RADII = {
    "average": (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85),
    "dbscan": (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65),
}
"""Radii among which one is chosen where none is given."""

AVERAGE_CROPS = 50_000
"""More crops than this are grouped by DBSCAN: average linkage takes them one by one."""


@dataclass(frozen=True)
class Clusters:
    """A clustering of N crops.

    Attributes:
        labels: int64 (N,), 0, 1, ...; -1 = in no cluster.
        radius: Jaccard distance.
        silhouette: mean over all crops, those in no cluster counting 0.
    """

    labels: np.ndarray
    radius: float
    silhouette: float

    @property
    def found(self) -> int:
        """Number of clusters."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def outliers(self) -> float:
        """Share of crops in no cluster."""
        return float((self.labels < 0).mean())


def find_clusters(
    features: Tensor,
    *,
    grouping: Grouping,
    eps: float,
    min_samples: int,
    k1: int,
    k2: int,
    tracklets: np.ndarray | None = None,
) -> Clusters:
    """Clusters of unit features (N, D) by their Jaccard distance.

    Args:
        grouping: `average` linkage, `dbscan`, or average linkage for up to 50,000 crops (`auto`).
        eps: largest mean distance of two clusters that merge, or DBSCAN's radius; 0 = that of `RADII` which `choose` takes.
        min_samples: crops of the smallest cluster, or of a core's neighbourhood.
        k1, k2: of the Jaccard distance.
        tracklets: int (N,), crops of one number (0 or more) count as one, with their mean feature, and get one label; a
            crop of -1 stands for itself. `min_samples` then counts tracklets.
    """
    if tracklets is not None and (tracklets >= 0).any():
        member, units = joined(tracklets)
        means = group_means(features, torch.from_numpy(member), units)
        whole = find_clusters(means, grouping=grouping, eps=eps, min_samples=min_samples, k1=k1, k2=k2)
        return Clusters(whole.labels[member], whole.radius, whole.silhouette)
    kind = grouping if grouping != "auto" else "average" if len(features) <= AVERAGE_CROPS else "dbscan"
    radii = (eps,) if eps > 0 else RADII[kind]
    # of very large targets only what DBSCAN asks for is kept; where average linkage is forced on one, further pairs count 1
    furthest = 1.0 if len(features) <= EXACT_ROWS else max(radii)
    distance = jaccard(features, k1=k1, k2=k2, max_distance=furthest)
    if kind == "average":
        dendrogram = Dendrogram(distance, max(radii))
        candidates = [(radius, dendrogram.cut(radius, min_samples)) for radius in radii]
    else:
        candidates = [(radius, dbscan(distance, radius, min_samples)) for radius in radii]
    radius, labels, quality = choose(distance, candidates)
    return Clusters(labels, radius, quality)


def joined(tracklets: np.ndarray) -> tuple[np.ndarray, int]:
    """The unit 0, 1, ... of every crop, tracklets first, and the number of units; a crop without tracklet is a unit."""
    alone = tracklets < 0
    _, unit = np.unique(tracklets[~alone], return_inverse=True)
    count = int(unit.max(initial=-1)) + 1
    member = np.empty(len(tracklets), np.int64)
    member[~alone] = unit
    member[alone] = count + np.arange(alone.sum())
    return member, count + int(alone.sum())


def nearest_joined(features: Tensor, labels: np.ndarray, centroids: Tensor, margin: float) -> np.ndarray:
    """Labels (N,) in which an outlier joins its nearest centroid if no other is within ``margin`` of cosine of it."""
    rows = np.flatnonzero(labels < 0)
    if len(rows) == 0 or len(centroids) < 2:
        return labels
    best, place = (features[torch.from_numpy(rows)] @ centroids.T).topk(2, dim=1)
    sure = (best[:, 0] - best[:, 1] > margin).numpy()
    result = labels.copy()
    result[rows[sure]] = place[:, 0].numpy()[sure]
    return result


def group_means(features: Tensor, labels: Tensor, groups: int) -> Tensor:
    """Normalised mean feature of every group 0..groups-1, (groups, D); rows labelled -1 are left out."""
    kept = labels >= 0
    sums = torch.zeros(groups, features.shape[1]).index_add_(0, labels[kept], features[kept])
    return F.normalize(sums, dim=1)


def move(memory: Tensor, features: Tensor, places: Tensor, momentum: float) -> None:
    """memory[p] ← m · memory[p] + (1 − m) · f, normalised, for one feature (B, D) after the other; in place.

    Different places do not wait for each other: the first features of all move together, then the second ones, and so on.
    """
    order = torch.argsort(places, stable=True)
    ranked = places[order]
    turn = torch.arange(len(places), device=places.device) - torch.searchsorted(ranked, ranked)
    for now in range(int(turn.max()) + 1 if len(turn) else 0):
        rows = order[turn == now]
        moved = momentum * memory[places[rows]] + (1 - momentum) * features[rows]
        memory[places[rows]] = F.normalize(moved, dim=1)


def proxy_of(labels: np.ndarray, cameras: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The (cluster, camera) pairs that occur: the pair's number of every crop (N,), -1 without cluster; and both (M,)."""
    number = np.full(len(labels), -1, np.int64)
    kept = labels >= 0
    pairs, place = np.unique(np.stack([labels[kept], cameras[kept]], axis=1), axis=0, return_inverse=True)
    number[kept] = place.reshape(-1)
    return number, pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)


def views(table: CropTable) -> np.ndarray:
    """Which kind of pictures each crop belongs to, int64 (N,): its camera and modality together; -1 = unknown camera.

    Where all cameras are unknown but there are several modalities, the modality alone.
    """
    camera, (kinds, modality) = table.camera, np.unique(table.column("modality"), return_inverse=True)
    if len(kinds) < 2:
        return camera
    if (camera < 0).all():
        return modality.astype(np.int64)
    return np.where(camera < 0, -1, camera * len(kinds) + modality)


def camera_features(
    network: Any, store: PictureStore, kinds: np.ndarray, *, normalise: bool, seed: int, **options: Any
) -> Tensor:
    """Features to cluster, float32 (N, D) on the CPU.

    Args:
        network: what embeds; afterwards as it was.
        store: pictures or clips.
        kinds: of each, see `views`.
        normalise: by the BatchNorm statistics of each kind alone.
        seed, options: of `embed_by_group`.
    """
    return embed_by_group(network, store, kinds if normalise else np.full(len(kinds), -1), seed, **options)


def too_few(found: int, what: str, eps: float, min_samples: int, else_: str) -> ConfigError:
    """The error of a first clustering with fewer than two clusters; ``what`` was clustered, ``else_`` is what to do too."""
    wider = "Lower --eps or --k1" if found else "Raise --eps, lower --min_samples"
    return ConfigError(
        f"Clustering {what} gave {found} cluster(s) at eps={eps}, min_samples={min_samples}; at least 2 are needed. "
        f"{wider}, {else_}, with another --out."
    )
