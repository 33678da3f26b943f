"""source-only: supervised training on labelled pictures, the direct-transfer baseline; on the target's labels, the oracle.

Source: Luo, Gu, Liao, Lai, Jiang 2019, "Bag of Tricks and a Strong Baseline for Deep Person Re-identification".
    L = L_id(f_i) + L_triplet(f_t)
with L_id the label-smoothed cross-entropy after the BNNeck and L_triplet the batch-hard triplet loss before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from reidapt.data import Batch, CropStore, CropTable, class_labels, pk_batches
from reidapt.data.randomness import numpy_generator
from reidapt.data.spec import parse
from reidapt.errors import ConfigError
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.base import Method, Stream, TrainConfig, adam, build_network, gathered_output, labels_of
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
    cameras: list[int] = field(default_factory=list)
    """Train on these cameras of the source only; empty = all."""
    extend: str = ""
    """Generated datasets that join the source, as 'reidapt translate' writes them, several with '+'; ids are the source's."""
    share: float = 1.0
    """Share of the generated crops that join, 0..1, the same for every person as nearly as possible."""
    generated_smoothing: float = -1.0
    """ε for generated crops; −1 = as for the others. CamStyle (Zhong et al. 2018) smooths these alone, with 0.1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "label_smoothing")
        self.require("be 0 or more", lambda value: value >= 0, "margin", "triplet_weight")
        self.require("lie between 0 and 1", lambda value: 0 <= value <= 1, "share")
        self.require("be −1, or at least 0 and below 1", lambda v: v == -1 or 0 <= v < 1, "generated_smoothing")


class SourceOnly(Method):
    """Cross-entropy with label smoothing and batch-hard triplet loss around a BNNeck."""

    name = "source-only"
    Config = SourceOnlyConfig
    fresh_source = True
    parallel = True

    def __init__(self, config: SourceOnlyConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        self.network = build_network(config, persons)
        self.generated: Tensor | None = None  # bool, one per crop of the source; None without generated crops

    @classmethod
    def tables(
        cls, config: SourceOnlyConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """The source's crops of the cameras asked for, and the share of the generated ones."""
        if config.cameras:
            source = source.require(camera=config.cameras)
        return with_generated(source, config.extend, config.share, config.seed), target

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        super().attach(source=source, target=target)
        if source is not None and "generated" in source.table.columns:
            self.generated = torch.from_numpy(source.table.column("generated").astype(bool))
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
        output = gathered_output(self.network(images))
        identity = smoothed_cross_entropy(output.logits, labels, self.smoothing(batch["source"]))
        triplet = batch_hard_triplet(output.feature, labels, self.config.margin)
        self.record("loss/identity", identity)
        self.record("loss/triplet", triplet)
        self.record("accuracy", (output.logits.argmax(1) == labels).double().mean())
        yield "network", identity + self.config.triplet_weight * triplet

    def smoothing(self, batch: Batch) -> float | Tensor:
        """ε of the identity loss: one for all crops, or one per crop (B,) where generated crops have their own."""
        c = self.config
        if self.generated is None or c.generated_smoothing < 0:
            return float(c.label_smoothing)
        drawn = self.generated[batch.indices.cpu()].to(batch.images.device)
        return torch.where(drawn, c.generated_smoothing, c.label_smoothing)

    @property
    def ranker(self) -> ReidNet:
        return self.network


def with_generated(source: CropTable, spec: str, share: float, seed: int) -> CropTable:
    """``source`` and the share of the dataset ``spec`` that joins it; see :func:`extended`. An empty spec adds nothing."""
    if not spec:
        return source
    generated = CropTable.concat([one.read() for one in parse(spec)])  # of several, persons are the source's
    if not generated.labelled:
        raise ConfigError(f"'{spec}' has no persons; --extend needs generated crops with the source's ids.")
    return extended(source, generated.select(split="train"), share, seed)


def extended(source: CropTable, generated: CropTable, share: float, seed: int) -> CropTable:
    """``source`` and ``share`` of the crops of ``generated``, told apart by the column ``generated`` (bool).

    Exactly round(share · N) of the N generated crops join: of each person the same share, the remainder drawn by the seed.
    """
    persons = generated.person
    order = numpy_generator(seed, "extend", 0).permutation(len(generated))
    order = order[persons[order] > 0]
    turn, size = np.empty(len(order)), np.empty(len(order))
    for person in np.unique(persons[order]):
        mine = persons[order] == person
        size[mine] = mine.sum()
        turn[mine] = np.arange(mine.sum())
    by_turn = np.argsort((turn + 0.5) / np.maximum(size, 1), kind="stable")  # every person's first ones, and so on
    chosen = np.sort(order[by_turn][: round(share * len(order))])
    both = [source.assign(generated=False)]
    if len(chosen):
        both.append(generated.take(chosen).assign(generated=True))
    return CropTable.concat(both)
