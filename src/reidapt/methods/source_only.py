"""source-only: supervised training on labelled pictures, the direct-transfer baseline; on the target's labels, the oracle.

Source: Luo, Gu, Liao, Lai, Jiang 2019, "Bag of Tricks and a Strong Baseline for Deep Person Re-identification".
    L = L_id(f_i) + L_triplet(f_t)
with L_id the label-smoothed cross-entropy after the BNNeck and L_triplet the batch-hard triplet loss before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reidapt.data import Batch, CropStore, class_labels, pk_batches
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.base import Method, Stream, TrainConfig, adam, build_network, labels_of
from reidapt.models.embedder import ReidNet


@dataclass(kw_only=True)
class SourceOnlyConfig(TrainConfig):
    """Train on labelled pictures: direct transfer, or the oracle when the source is the target with its labels."""

    epochs: int = 60
    """Passes over the source (the source: 120 from ImageNet weights)."""
    label_smoothing: float = 0.1
    """ε of the identity loss (the source: 0.1)."""
    margin: float = 0.3
    """Margin of the triplet loss (the source: 0.3)."""
    triplet_weight: float = 1.0
    """Weight of the triplet loss (the source: 1)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "label_smoothing")
        self.require("be 0 or more", lambda value: value >= 0, "margin", "triplet_weight")


class SourceOnly(Method):
    """Cross-entropy with label smoothing and batch-hard triplet loss around a BNNeck."""

    name = "source-only"
    Config = SourceOnlyConfig

    def __init__(self, config: SourceOnlyConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        self.network = build_network(config, persons)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        super().attach(source=source, target=target)
        self.streams(0)  # a source with too few persons is refused here, before anything is written

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": adam(self.network.parameters(), self.config)}

    def streams(self, epoch: int) -> dict[str, Stream]:
        assert self.source is not None
        c = self.config
        labels, _ = class_labels(self.source.table)
        batches = pk_batches(labels, c.persons_per_batch, c.pictures_per_person, seed=c.seed, epoch=epoch)
        return {"source": Stream(self.source, batches, labels, c.augment())}

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        images, labels = batch["source"].images, labels_of(batch["source"])
        output = self.network(images)
        identity = smoothed_cross_entropy(output.logits, labels, self.config.label_smoothing)
        triplet = batch_hard_triplet(output.feature, labels, self.config.margin)
        self.record("loss/identity", identity)
        self.record("loss/triplet", triplet)
        self.record("accuracy", (output.logits.argmax(1) == labels).double().mean())
        yield "network", identity + self.config.triplet_weight * triplet

    @property
    def ranker(self) -> ReidNet:
        return self.network
