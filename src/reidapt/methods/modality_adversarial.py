"""modality-adversarial: infrared, thermal or sketch probes against colour galleries.

A two-stream part network learns the persons, while domain classifiers D_j tell from the outputs g_j of its stages which
modality a picture is of; the features are trained to leave the classifiers behind:

    λ_final = Σ_i λ_xent(f_i) + λ_tri − Σ_j λ_adv(g_j, w)                                    Eq. 1
    λ_adv(g_j, w) = −w (m log D_j(g_j) + (1 − m) log(1 − D_j(g_j)))                           Eq. 2 with w = 1/M, Eq. 5
    w = (1 + e^{−H(f)}) / Σ_k (1 + e^{−H(f^k)})                                               Eq. 3, H from Eq. 4

f_1 … f_n are the stripes' features, f = [f_1, …, f_n] ranks, m is 0 for colour and 1 for the other modality, H is the
entropy of the softmax of the mean part logits, M the batch size. Classifiers and features are trained in turn; each
phase leaves the other's weights and buffers as they were.

Source: N. Mohammadi Meshky, S. Iodice, K. Mikolajczyk, "Domain Adversarial Training for Infrared-colour Person
Re-Identification" (the preset ``paper``). The defaults add what later work found: channel exchange (Ye et al. 2021,
"Channel Augmented Joint Learning"), GeM, BNNeck and weighted-regularised triplet (Ye et al. 2021, AGW), BatchNorms of its own
for each modality (Chang et al. 2019, "Domain-Specific Batch Normalization"); what has been measured of them is in
docs/modality-adversarial.md.
"Our choice" marks what neither says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from reidapt.data import Batch, CropStore, CropTable, class_labels, pk_batches, read
from reidapt.data.randomness import numpy_generator
from reidapt.errors import ConfigError, RunError
from reidapt.losses.confidence import confidence_weights
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.modality import confusion_loss, modality_loss
from reidapt.losses.triplet import batch_hard_triplet, weighted_triplet
from reidapt.methods.base import Method, Stream, TrainConfig, labels_of
from reidapt.methods.redrawing import frozen as without_gradient
from reidapt.models.domain_classifier import DomainClassifier
from reidapt.models.embedder import ReidNet
from reidapt.models.statistics import kept_statistics
from reidapt.models.two_stream import TwoStreamNet, TwoStreamOutput

FEATURE = 5
"""The level that stands for f itself, beside 1..4 for the stages' outputs g_j."""

PAPER: Mapping[str, Any] = {
    "height": 288, "width": 144, "epochs": 35, "lr": 0.01, "optimiser": "sgd", "backbone_lr": 0.1, "warmup_epochs": 0.0,
    "pad": 0, "erase": 0.2, "exchange": 0.0, "grey": 0.0, "persons_per_batch": 8, "pictures_per_person": 4,
    "shared_from": 4, "parts": 3, "part_dim": 512, "pooling": "average", "neck": False, "norms": "shared", "non_local": False,
    "label_smoothing": 0.0, "triplet": "batch-hard", "margin": 0.3, "levels": [1, 2, 3, 4], "weighting": True,
    "weights_over": "batch", "adversarial_weight": 1.0, "alternate": "epochs", "flip_labels": False,
}  # fmt: skip
"""Network, losses and training of the paper (§3, §4.2); where it is silent: no padding, constant start of the rate, margin
0.3, 8 persons × (4 + 4) pictures."""


@dataclass(kw_only=True)
class ModalityAdversarialConfig(TrainConfig):
    """Match pictures of different modalities: a two-stream part network with adversarial modality classifiers."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": PAPER}

    extra: str = ""
    """Labelled colour dataset that joins training, half of its cameras as pseudo-infrared (the paper: Market-1501)."""
    height: int = 288
    """Picture height, px (the paper: 288)."""
    width: int = 144
    """Picture width, px (the paper: 144)."""
    epochs: int = 60
    """Epochs in which the features are trained (the paper: 35); with alternating epochs as many more for the classifiers."""
    optimiser: Literal["sgd", "adam"] = "adam"
    """'sgd' with momentum 0.9 (the paper) or 'adam'."""
    backbone_lr: float = 1.0
    """Learning rate of the backbone as a multiple of --lr, which is that of heads and classifiers (the paper: 0.1)."""
    classifier_lr: float = 1.0
    """Learning rate of the domain classifiers as a multiple of --lr; ten times the backbone's in the paper."""
    persons_per_batch: int = 8
    """P, persons in a batch (our choice)."""
    pictures_per_person: int = 4
    """K, pictures of each person and modality in a batch (our choice)."""
    pad: int = 10
    """Padding of the random crop, px at height 256 (scaled with the height; the paper: none)."""
    erase: float = 0.5
    """Probability of random erasing (the paper: 0.2)."""
    exchange: float = 0.5
    """Probability that one channel takes the place of all three (Ye et al. 2021; the paper: 0)."""
    shared_from: Literal[0, 1, 2, 3, 4] = 1
    """First stage that both modalities share: 0 = all, 1 = all but the stem, 4 = only the last stage (the paper)."""
    parts: int = 3
    """n, horizontal stripes (the paper: 3)."""
    part_dim: int = 512
    """Width of each stripe's fully connected layer (the paper: 512); 0 = none."""
    pooling: Literal["average", "gem"] = "gem"
    """Pooling of a stripe: 'average' (the paper) or 'gem', a generalised mean with a learnt exponent."""
    neck: bool = True
    """A BatchNorm without shift between f_i and its classifier; its output ranks (the paper: none)."""
    non_local: bool = False
    """Non-local blocks after stages 2 and 3 (AGW)."""
    norms: Literal["shared", "own"] = "own"
    """'own': BatchNorms of its own for each modality in shared stages and necks (Chang et al. 2019); 'shared': one (the paper)."""
    label_smoothing: float = 0.1
    """ε of λ_xent (the paper: 0)."""
    triplet: Literal["weighted", "batch-hard"] = "weighted"
    """λ_tri on f: 'batch-hard' (the paper) or 'weighted', regularised, without a margin (AGW)."""
    margin: float = 0.3
    """Margin of the batch-hard triplet loss (our choice)."""
    levels: list[int] = field(default_factory=list)
    """Levels with an adversarial loss: 1-4 = output of a stage, 5 = f; [] = none, [1,2,3,4] = the paper; its 'vanilla' loss is
    [4,5] with --weighting false."""
    weighting: bool = True
    """Weight λ_adv by the confidence of the identity prediction (Eq. 3); off: w = 1/M (Eq. 2)."""
    weights_over: Literal["batch", "modality"] = "batch"
    """What the weights of Eq. 3 are normalised over: the batch (the paper), or each modality alone (our choice)."""
    adversarial_weight: float = 1.0
    """Weight of λ_adv in the features' loss (Eq. 1: 1)."""
    flip_labels: bool = False
    """Train the features towards flipped modality labels, which is bounded, instead of −λ_adv, which is not (our choice)."""
    alternate: Literal["epochs", "steps"] = "epochs"
    """Train classifiers and features in alternating epochs, classifiers first (the paper), or both in every step."""
    classifier_width: int = 1024
    """Units of the domain classifiers' two hidden layers (our choice)."""
    classifier_dropout: float = 0.5
    """Dropout of the domain classifiers while they are trained (our choice)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(
            "be greater than 0", lambda value: value > 0, "backbone_lr", "classifier_lr", "parts", "classifier_width"
        )
        at_least_0 = ("part_dim", "margin", "adversarial_weight")
        self.require("be 0 or more", lambda value: value >= 0, *at_least_0)
        self.require("be at least 0 and below 1", lambda v: 0 <= v < 1, "label_smoothing", "classifier_dropout")
        if wrong := [level for level in self.levels if level not in range(1, FEATURE + 1)]:
            raise ConfigError(f"Option 'levels' has {wrong[0]}; levels are 1 to 4 (stages) and 5 (the feature f).")
        if len(set(self.levels)) < len(self.levels):
            raise ConfigError(f"Option 'levels' is {self.levels}; name every level once.")
        if self.extra and self.render:
            raise ConfigError(
                "--render would redraw the pseudo-infrared crops of --extra in colour; give one of the two."
            )

    @property
    def in_turn(self) -> bool:
        """Whether epochs of the classifiers and of the features alternate."""
        return bool(self.levels) and self.alternate == "epochs"


class ModalityAdversarial(Method):
    """Two-stream network, a classifier of persons per stripe, a classifier of modalities per level."""

    name = "modality-adversarial"
    Config = ModalityAdversarialConfig
    takes_modality = True

    def __init__(self, config: ModalityAdversarialConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        c = config
        self.network = TwoStreamNet(
            c.backbone,
            persons=persons,
            weights=c.weights,
            size=c.size,
            last_stride=c.last_stride,
            shared_from=c.shared_from,
            parts=c.parts,
            part_dim=c.part_dim,
            pooling=c.pooling,
            neck=c.neck,
            non_local=c.non_local,
            norms=c.norms,
        )
        dims = {**self.network.level_dims, FEATURE: self.network.dim}
        self.classifiers = nn.ModuleDict(
            {
                str(level): DomainClassifier(dims[level], width=c.classifier_width, dropout=c.classifier_dropout)
                for level in c.levels
            }
        )
        self.turn: Tensor  # 1 in epochs of the features, 0 in those of the classifiers
        self.register_buffer("turn", torch.ones((), dtype=torch.int64))
        self.modality = torch.empty(0, dtype=torch.int64)  # m of every crop of the source

    # -- data ----------------------------------------------------------------------------------------------------------

    @classmethod
    def tables(
        cls, config: ModalityAdversarialConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """The source and, where asked for, extra colour crops, half of whose cameras stand for the other modality."""
        kinds = sorted(set(source.column("modality").tolist()))
        others = [kind for kind in kinds if kind != "colour"]
        if len(others) > 1 or (kinds != ["colour", *others]) or not (others or config.extra):
            raise ConfigError(
                f"The source '{config.source}' has the modalities {', '.join(kinds)} in its training split; "
                "modality-adversarial needs colour and one other, as in sysu-mm01:DIR or world:bench-infrared/tiny."
            )
        if config.extra:
            extra = read(config.extra).require(split="train")
            source = joined(source, extra, (others or ["infrared"])[0], config.extra, config.seed)
        return source, target

    @classmethod
    def open_store(
        cls, config: ModalityAdversarialConfig, table: CropTable, progress: Callable[[int, int], None] | None = None
    ) -> CropStore:
        if PSEUDO not in table.columns:
            return super().open_store(config, table, progress)
        return PseudoInfrared(table, config.size, progress=progress)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        super().attach(source=source, target=target)
        assert source is not None
        table = source.table
        self.modality = torch.from_numpy((table.column("modality") != "colour").astype(np.int64))
        self.streams(0)  # too few persons in both modalities are refused here, before anything is written

    def streams(self, epoch: int) -> dict[str, Stream]:
        """Batches of P persons × (K colour + K other) pictures."""
        assert self.source is not None
        c = self.config
        labels, _ = class_labels(self.source.table)
        modality = self.modality.numpy()
        batches = pk_batches(labels, c.persons_per_batch, c.pictures_per_person, c.seed, epoch, modality=modality)
        return {"source": Stream(self.source, batches, labels, c.augment())}

    def modalities(self, batch: Batch) -> Tensor:
        """m of the batch's pictures, int64 (B,), on their device."""
        return self.modality[batch.indices.cpu()].to(batch.images.device)

    # -- the training step -----------------------------------------------------------------------------------------------

    @property
    def total_epochs(self) -> int:
        return int(self.config.epochs) * (2 if self.config.in_turn else 1)

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        c, network = self.config, self.network
        stages = nn.ModuleList([network.colour, network.other, network.shared])
        backbone = list(stages.parameters())  # each once: with norms of their own the branches share theirs
        known = {id(parameter) for parameter in backbone}
        heads = [p for p in network.parameters() if id(p) not in known and p.requires_grad]
        groups = [{"params": backbone, "lr_scale": c.backbone_lr}, {"params": heads}]
        found = {"features": self.optimiser(groups)}
        if c.levels:
            group = {"params": list(self.classifiers.parameters()), "lr_scale": c.classifier_lr}
            found["classifiers"] = self.optimiser([group])
        return found

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """The configured optimiser over parameter groups; ``lr_scale`` multiplies the loop's learning rate."""
        c = self.config
        if c.optimiser == "adam":
            return torch.optim.Adam(groups, lr=c.lr, weight_decay=c.weight_decay, fused=True)
        return torch.optim.SGD(groups, lr=c.lr, momentum=0.9, weight_decay=c.weight_decay)

    def begin_epoch(self, epoch: int) -> None:
        self.turn.fill_(epoch % 2 if self.config.in_turn else 1)

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        c = self.config
        images, m = batch["source"].images, self.modalities(batch["source"])
        labels = labels_of(batch["source"])

        if not int(self.turn):  # an epoch of the classifiers: the network is only looked at
            with torch.no_grad(), kept_statistics(self.network):
                output = self.network(images, m)
            yield "classifiers", self.classifier_loss(output, m)
            return

        output = self.network(images, m)
        xent = torch.stack([smoothed_cross_entropy(z, labels, c.label_smoothing) for z in output.logits]).sum()
        f, weighted = output.feature, c.triplet == "weighted"
        tri = weighted_triplet(f, labels) if weighted else batch_hard_triplet(f, labels, c.margin)
        loss = xent + tri
        self.record("loss/identity", xent)
        self.record("loss/triplet", tri)
        self.record("accuracy", (mean_logits(output).argmax(1) == labels).double().mean())
        if c.levels:
            loss = loss + c.adversarial_weight * self.adversarial_loss(output, m)
        yield "features", loss

        if c.levels and c.alternate == "steps":
            yield "classifiers", self.classifier_loss(output, m)

    def weights(self, output: TwoStreamOutput, m: Tensor) -> Tensor:
        """w of Eq. 3, (B,), adding up to 1; without weighting 1/M."""
        if not self.config.weighting:
            return torch.full((len(m),), 1 / len(m), device=m.device)
        w = confidence_weights(mean_logits(output), m if self.config.weights_over == "modality" else None)
        self.record("weights/largest", w.max() * len(m))
        self.record("weights/smallest", w.min() * len(m))
        return w

    def classifier_loss(self, output: TwoStreamOutput, m: Tensor) -> Tensor:
        """Σ_j λ_adv(g_j, w), which the classifiers minimise; no gradient reaches the features."""
        w, losses = self.weights(output, m), []
        for level, classifier in self.classifiers.items():
            verdict = classifier(level_feature(output, int(level)).detach())
            losses.append(modality_loss(verdict, m, w))
            self.record(f"classifier/loss-{level}", losses[-1])
            self.record(f"classifier/accuracy-{level}", ((verdict > 0) == (m > 0)).double().mean())
        return torch.stack(losses).sum()

    def adversarial_loss(self, output: TwoStreamOutput, m: Tensor) -> Tensor:
        """−Σ_j λ_adv(g_j, w), or its bounded form, which the features minimise against classifiers that stand still."""
        w, losses = self.weights(output, m), []
        with frozen(self.classifiers):
            for level, classifier in self.classifiers.items():
                g = level_feature(output, int(level))
                losses.append(confusion_loss(classifier(g), m, w, flip=self.config.flip_labels))
                self.record(f"adversarial/loss-{level}", losses[-1])
                self.record(f"adversarial/norm-{level}", g.norm(dim=1).mean())
        return torch.stack(losses).sum()

    # -- what is made of it ----------------------------------------------------------------------------------------------

    def embed(self, images: Tensor, modality: Tensor | None = None) -> Tensor:
        """L2-normalised f, (B, n·d), of normalised pictures (B, 3, H, W) whose ``modality`` is 0 = colour or 1, int64 (B,)."""
        return self.network.embed(self.config.seen(images), known(modality))

    @property
    def feature(self) -> str:
        stripes = f"{self.config.parts} stripes" if self.config.parts > 1 else "whole map"
        return f"{stripes}, {'BNNeck' if self.config.neck else 'before the classifiers'}"

    def feature_maps(self, images: Tensor, modality: Tensor | None = None) -> Tensor:
        """The last stage's maps, (B, C, h, w)."""
        return self.network.feature_maps(self.config.seen(images), known(modality))

    def level_features(self, images: Tensor, modality: Tensor) -> dict[str, Tensor]:
        """g_1 … g_4 and f by their names, (B, ·), for the correlation of Fig. 3."""
        output = self.network(self.config.seen(images), modality)
        return {**{f"g{j}": g for j, g in output.levels.items()}, "f": output.feature}

    @property
    def ranker(self) -> ReidNet:
        raise RunError(
            "A run of 'modality-adversarial' has a branch for each modality, from which no other method can start; give "
            "--init a run with a single network, such as one of source-only."
        )

    def load_initial(self, other: Method) -> None:
        """Start from another run of this method, or from a run with a single stream: its backbone for both branches, and
        where it has learnt the same persons and its features are as wide, its neck and classifier for every stripe.
        """
        try:
            if isinstance(other, ModalityAdversarial):
                if other.config.shared_from != self.config.shared_from:  # the names of the weights need not tell
                    raise KeyError(f"--shared_from {other.config.shared_from}")
                given = other.network.state_dict()
                if not self.same_classes(other):
                    mine = self.network.state_dict()
                    given = {key: (mine if key.startswith("classifiers.") else given)[key] for key in given}
                self.network.load_state_dict(given)
            else:
                single, c = other.ranker, self.config
                self.network.copy_backbone(single.backbone)
                if c.neck and single.dim * c.parts == self.network.dim and self.same_classes(other):
                    self.network.copy_head(single.neck, single.classifier)
        except (RuntimeError, KeyError) as problem:
            raise RunError(
                f"The run given by --init ('{other.name}') has another architecture ({str(problem).splitlines()[-1].strip()})"
                ". Use the same --backbone, and where it is a run of modality-adversarial the same --shared_from, "
                "--norms, --parts and head."
            ) from None


PSEUDO = "pseudo"
"""Column (bool) of the crops of `joined` that stand for the other modality."""


class PseudoInfrared(CropStore):
    """Pictures of a table of `joined`: those that stand for infrared show their red channel alone (§4.2).

    They do so before any augmentation, which therefore treats them as it does the other modality's own.
    """

    def images(self, indices: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """As those of a `CropStore`."""
        rows, pictures = self._rows(indices), super().images(indices)
        red = torch.from_numpy(self.table.column(PSEUDO).astype(bool))[rows]
        pictures[red] = pictures[red, :1].expand(-1, 3, -1, -1)
        return pictures


def joined(source: CropTable, extra: CropTable, modality: str, spec: str, seed: int) -> CropTable:
    """``source`` and ``extra``, half of whose cameras become ``modality``; their crops have `PSEUDO`.

    Which half the seed decides; persons and cameras are numbered apart.

    Raises:
        ConfigError: ``extra`` has no labels, fewer than two cameras, or other pictures than colour.
    """
    cameras = np.unique(extra.camera[extra.camera >= 0])
    if not extra.labelled or len(cameras) < 2 or set(extra.column("modality").tolist()) != {"colour"}:
        raise ConfigError(
            f"--extra '{spec}' must be labelled colour pictures of two cameras or more, half of which become "
            f"pseudo-{modality}; found {len(cameras)} known camera(s), labels: {'yes' if extra.labelled else 'no'}."
        )
    chosen = numpy_generator(seed, "pseudo", 0).permutation(cameras)[: len(cameras) // 2]
    pseudo = np.isin(extra.camera, chosen)
    extra = extra.assign(modality=np.where(pseudo, modality, "colour"), **{PSEUDO: pseudo})
    return CropTable.concat([source.assign(**{PSEUDO: False}), extra], persons="separate")


def level_feature(output: TwoStreamOutput, level: int) -> Tensor:
    """g_j for the levels 1..4, f for level 5."""
    return output.feature if level == FEATURE else output.levels[level]


def mean_logits(output: TwoStreamOutput) -> Tensor:
    """The parts' logits averaged, (B, C), from which the entropy of Eq. 4 is taken."""
    return torch.stack(output.logits).mean(0)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Inside, the module is in evaluation mode and gradients pass through it without reaching its parameters."""
    training = module.training
    module.eval()
    try:
        with without_gradient(module):
            yield
    finally:
        module.train(training)


def known(modality: Tensor | None) -> Tensor:
    """The modality that every picture must have, int64 (B,).

    Raises:
        ConfigError: it was not given.
    """
    if modality is None:
        raise ConfigError(
            "A network of 'modality-adversarial' must know the modality of every picture: give embed(images, modality) "
            "an int64 tensor (B,), 0 = colour and 1 = the other one."
        )
    return modality
