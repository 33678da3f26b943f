"""cut-joint: the source is translated into the target's look, and the translating encoder also feeds the re-ID network.

x is a labelled source picture, y an unlabelled one of the target, G = decoder ∘ encoder the generator, D the
discriminator, R the re-ID head on the encoder's output:

    L_G = λ_GAN (D(G(x)) − 1)² + λ_NCE L_content(x, G(x)) + λ_sim S(D(y), D(G(x))) + λ_idt ‖G(y) − y‖₁
        + λ_reID CE(R(encoder(x)), person of x)
    L_D = ½ [(D(y) − 1)² + D(G(x))²] + λ_sim S(D(x), D(G(x)))

One training, one direction, no cycle. L_content asks a patch of G(x) to be recognised among the patches of x (PatchNCE),
at several depths of the encoder; S compares features of D's layers (§2.1): for the generator those of target and
translation, for the discriminator those of source and translation. The encoder and R rank pictures as they are.

Sources: A. D. Defonte, "Synthetic-to-Real Domain Transfer with Joint Image Translation and Discriminative Learning for
Pedestrian Re-Identification" (the thesis), whose figures of layers and weights are those of its code; Park, Efros, Zhang,
Zhu 2020, "Contrastive Learning for Unpaired Image-to-Image Translation" (CUT). "Our choice" marks what neither says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from reidapt.data import Augment, Batch, CropStore, CropTable, class_labels, pk_batches
from reidapt.data.masks import masks_of
from reidapt.data.randomness import numpy_generator
from reidapt.errors import ConfigError
from reidapt.losses.adversarial import discriminator_loss, generator_loss
from reidapt.losses.consistency import encoder_consistency
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.mapping import identity_mapping
from reidapt.losses.matching import Matching, feature_matching
from reidapt.losses.patch_nce import patch_nce
from reidapt.losses.relation import hard_contrast, relation_consistency
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.background_gan import HALF, frozen, to_uint8
from reidapt.methods.base import Method, Stream, TrainConfig, labels_of
from reidapt.models.embedder import ReidNet
from reidapt.models.encoder_backbone import encoder_backbone_name
from reidapt.models.initialise import scaled
from reidapt.models.patches import drawn_places, patches_at
from reidapt.models.patchgan import PatchGAN
from reidapt.models.translator import Decoder, Projector

log = logging.getLogger(__name__)

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "thesis": {
        "content_weight": 0.5, "similarity_weight": 0.5, "nce_identity": False, "flip_equivariance": False,
        "antialias": False, "initial": "kaiming", "schedule": "steps",
    },
    "cut": {
        "content_weight": 1.0, "similarity_weight": 0.0, "nce_identity": True, "flip_equivariance": False,
        "antialias": True, "initial": "xavier", "schedule": "linear",
    },
    "fastcut": {
        "content_weight": 10.0, "similarity_weight": 0.0, "nce_identity": False, "flip_equivariance": True,
        "antialias": True, "initial": "xavier", "schedule": "linear",
    },
}  # fmt: skip
"""Values of the options that are left unset."""


@dataclass(kw_only=True)
class CutJointConfig(TrainConfig):
    """Translate the source into the target's look and learn to recognise its persons, in one training."""

    preset: Literal["thesis", "cut", "fastcut"] = "thesis"
    """Values of the options that are not given: the thesis', CUT's or FastCUT's (Park et al. 2020)."""
    gan_weight: float = 1.0
    """λ_GAN (thesis and CUT: 1)."""
    content: Literal["patch-nce", "relation", "encoder-consistency"] = "patch-nce"
    """What keeps the content: contrast of patches; their relations with hard negatives; prediction without negatives."""
    content_weight: float | None = None
    """λ_NCE (thesis: 0.5, CUT: 1, FastCUT: 10)."""
    similarity_weight: float | None = None
    """λ_sim, feature matching in the discriminator, for both networks (thesis: 0.5, CUT: 0)."""
    similarity: Matching = "features"
    """Compare the discriminator's features place by place, or their Gram matrices."""
    identity_weight: float = 0.0
    """λ_idt, identity mapping of target pictures (thesis: 0, or in place of the similarity)."""
    nce_identity: bool | None = None
    """The content term for target pictures too, against G(y) (CUT)."""
    flip_equivariance: bool | None = None
    """Translate the mirrored picture every second time and compare with the patches of the unmirrored one (FastCUT)."""
    reid_weight: float = 0.5
    """λ_reID, identity loss on the source pictures (thesis: 0.5)."""
    translated_weight: float = 0.0
    """Weight of the same loss on the translations, which the content term encodes anyway (our choice; thesis: 0)."""
    triplet_weight: float = 0.0
    """Batch-hard triplet loss beside the cross-entropy, relative to it (our choice; thesis: 0)."""
    margin: float = 0.3
    """Margin of the triplet loss."""
    label_smoothing: float = 0.1
    """ε of the identity loss (thesis: 0.1)."""
    layers: list[int] = field(default_factory=lambda: [0, 2, 3, 4, 8])
    """Encoder layers whose patches are compared: 0 picture, 1 conv7, 2 and 3 halvings, 4 … residual blocks."""
    patches: int = 256
    """Places compared in each layer (CUT: 256)."""
    patch_sampling: Literal["uniform", "mask"] = "uniform"
    """Draw places evenly (CUT), or mostly on the person, where there are masks."""
    mask_source: str = "table"
    """Where masks come from: 'table', 'inverted', 'ellipse' or MODULE:FUNCTION."""
    temperature: float = 0.07
    """τ of the content term (CUT: 0.07)."""
    hardness: float = 1.0
    """γ of the hard negatives of content 'relation' (our choice)."""
    blocks: int = 9
    """Residual blocks of the encoder (thesis and CUT: 9)."""
    antialias: bool | None = None
    """Blurred halvings and doublings (CUT) instead of strided convolutions (thesis)."""
    residual: bool = False
    """Draw a change of the picture instead of the whole picture (our choice; thesis and CUT: off). Instance norm takes a
    picture's own brightness and tint away, and a short training has no time to learn to draw."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer (thesis and CUT: 64)."""
    patch_layers: int = 3
    """Strided layers of the discriminator; 3 = patches of 70×70 px."""
    initial: Literal["kaiming", "xavier"] | None = None
    """Initial weights of generator and discriminator (thesis: kaiming, CUT: xavier)."""
    epochs: int = 60
    """Passes over the source (thesis: 60)."""
    lr: float = 2e-4
    """Adam's learning rate (thesis and CUT: 2e-4)."""
    head_lr: float = 0.0
    """Learning rate of the re-ID head; 0 = as the others (thesis)."""
    beta1: float = 0.5
    """Adam's first momentum (thesis and CUT: 0.5)."""
    schedule: Literal["steps", "linear"] | None = None
    """'steps': a tenth after 2/3 of the epochs, for the head also after 1/2 (thesis: 40 of 60; 30 and 40); 'linear': to 0
    along a line over the second half (CUT)."""
    persons_per_batch: int = 8
    """P of PK sampling (thesis: batches of 8 pictures)."""
    pictures_per_person: int = 1
    """K of PK sampling; the triplet loss needs 2 or more."""
    pictures_per_id: int = 0
    """At most so many pictures of every person are trained on, drawn by the seed (thesis: 20); 0 = all."""
    erase: float = 0.0
    """Probability of random erasing (thesis: 0)."""

    def __post_init__(self) -> None:
        for name, value in PRESETS[self.preset].items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        super().__post_init__()
        weights = ("gan_weight", "content_weight", "similarity_weight", "identity_weight", "reid_weight")
        further = ("translated_weight", "triplet_weight", "margin", "head_lr", "hardness", "pictures_per_id")
        self.require("be 0 or more", lambda value: value >= 0, *weights, *further)
        self.require("be 1 or more", lambda value: value >= 1, "blocks", "discriminator_width", "patch_layers")
        self.require("be 2 or more", lambda value: value >= 2, "patches", "persons_per_batch")
        self.require("be greater than 0", lambda value: value > 0, "temperature")
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "beta1", "label_smoothing")
        if not self.layers or not set(self.layers) <= set(range(self.last + 1)):
            raise ConfigError(
                f"Option 'layers' is {self.layers}; an encoder of {self.blocks} residual blocks has the layers 0 (the "
                f"picture) to {self.last}. Name one or more of these, or give more --blocks."
            )
        if self.triplet_weight > 0 and self.pictures_per_person < 2:
            raise ConfigError(
                f"Option 'triplet_weight' is {self.triplet_weight}, but with {self.pictures_per_person} picture per person "
                "and batch no two pictures show the same person; give --pictures_per_person 4."
            )
        if self.reid_weight == 0 and self.translated_weight == 0:
            raise ConfigError(
                "Both 'reid_weight' and 'translated_weight' are 0, so nothing would learn to rank; give one."
            )

    @property
    def last(self) -> int:
        """Number of the encoder's last layer."""
        return 3 + self.blocks

    @property
    def whole_backbone(self) -> str:
        """Name of the backbone that ranks, encoder and ResNet: what other methods call it."""
        return encoder_backbone_name(self.backbone, blocks=self.blocks, antialias=bool(self.antialias))

    @property
    def translates(self) -> bool:
        """Whether any term asks for a translation; otherwise encoder and head learn on the source alone."""
        terms = (self.gan_weight, self.content_weight, self.similarity_weight, self.identity_weight)
        return any((*terms, self.translated_weight))

    @property
    def judges(self) -> bool:
        """Whether the discriminator is needed."""
        return bool(self.gan_weight or self.similarity_weight)


class CutJoint(Method):
    """Encoder, decoder, discriminator, projectors of the patches, and the re-ID head on the encoder."""

    name = "cut-joint"
    Config = CutJointConfig
    needs = ("source", "target")

    def __init__(self, config: CutJointConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        c = config
        self.network = ReidNet(
            c.whole_backbone, persons=persons, weights=c.weights, size=c.size, last_stride=c.last_stride
        )  # encoder and R
        self.encoder = self.network.backbone.encoder
        self.decoder = Decoder(self.encoder.channels[1], c.size, antialias=bool(c.antialias))
        self.discriminator = PatchGAN(
            3, size=c.size, base=c.discriminator_width, norm="instance", layers=c.patch_layers
        )
        for network in (self.encoder, self.decoder, self.discriminator):
            scaled(network, c.initial)  # type: ignore[arg-type]
        if c.residual:
            nn.init.normal_(self.decoder.last.weight, std=0.001)  # training begins with G(x) = x
        self.projectors = nn.ModuleDict({str(layer): Projector(self.encoder.channels[layer]) for layer in c.layers})
        self.predictors = nn.ModuleDict(
            {str(layer): Projector(256) for layer in c.layers if c.content == "encoder-consistency"}
        )
        self.masks: Tensor | None = None  # uint8, one per source crop, where patches are drawn by them

    @property
    def ranker(self) -> ReidNet:
        return self.network

    # -- data ----------------------------------------------------------------------------------------------------------

    @classmethod
    def tables(
        cls, config: CutJointConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """The source with at most ``pictures_per_id`` crops of every person."""
        if config.pictures_per_id:
            order = numpy_generator(config.seed, "pictures", 0).permutation(len(source))
            by_person = order[np.argsort(source.person[order], kind="stable")]
            persons = source.person[by_person]
            turn = np.arange(len(persons)) - np.searchsorted(persons, persons)
            source = source.take(np.sort(by_person[turn < config.pictures_per_id]))
        return source, target

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        super().attach(source=source, target=target)
        if source is not None and self.config.patch_sampling == "mask":
            found = masks_of(source, self.config.mask_source)
            if not found.usable.all():
                log.warning("%s; in these, patches are drawn evenly", found.text(source))
            self.masks = found.values
        self.streams(0)  # a source with too few persons is refused here, before anything is written

    def streams(self, epoch: int) -> dict[str, Stream]:
        assert self.source is not None
        assert self.target is not None
        c = self.config
        labels, _ = class_labels(self.source.table)
        source = pk_batches(labels, c.persons_per_batch, c.pictures_per_person, seed=c.seed, epoch=epoch)
        size = len(source[0])
        passes = -(-len(source) * size // len(self.target))
        rng = numpy_generator(c.seed, "target", epoch)
        target = np.concatenate([rng.permutation(len(self.target)) for _ in range(passes)])
        augment = Augment(flip=c.flip, pad=round(c.pad * c.height / 256), erase=c.erase, mean=HALF, std=HALF)
        plain = Augment(flip=c.flip, pad=augment.pad, erase=0.0, mean=HALF, std=HALF)
        return {
            "source": Stream(self.source, source, labels, augment, masks=self.masks),
            "target": Stream(self.target, list(target[: len(source) * size].reshape(-1, size)), None, plain),
        }

    # -- optimisation ----------------------------------------------------------------------------------------------------

    def drawing(self) -> list[nn.Module]:
        """The networks that draw, and those that compare what was drawn."""
        return [self.encoder, self.decoder, self.projectors, self.predictors]

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        c = self.config
        encoder = {id(p) for p in self.encoder.parameters()}
        groups: dict[str, list[dict[str, Any]]] = {
            "generator": [
                {"name": "generator", "params": [p for network in self.drawing() for p in network.parameters()]},
                {"name": "head", "params": [p for p in self.network.parameters() if id(p) not in encoder]},
            ],
            "discriminator": [{"name": "discriminator", "params": list(self.discriminator.parameters())}],
        }
        return {
            phase: torch.optim.Adam(
                [{**group, "params": [p for p in group["params"] if p.requires_grad]} for group in phase_groups],
                lr=c.lr, betas=(c.beta1, 0.999), weight_decay=c.weight_decay, fused=True,
            )
            for phase, phase_groups in groups.items()
        }  # fmt: skip

    def learning_rate(self, epoch: float, group: str) -> float:
        c, done = self.config, epoch / self.config.epochs
        base = c.head_lr if group == "head" and c.head_lr else c.lr
        if c.schedule == "linear":
            return float(base * min(1.0, 2 * (1 - done)))
        return float(base * 0.1 ** ((done >= 2 / 3) + (group == "head" and done >= 1 / 2)))

    # -- the training step -------------------------------------------------------------------------------------------

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        c = self.config
        x, y, labels = batch["source"].images, batch["target"].images, labels_of(batch["source"])
        n, last = len(x), self.encoder.last
        redraw_target = c.identity_weight > 0 or c.nce_identity  # G(y) is wanted beside G(x)
        given = torch.cat([x, y]) if redraw_target else x
        keys = self.encoder.features(given, {*c.layers, last})
        terms = {"reid": c.reid_weight * self.reid_loss(keys[last][:n], labels, "reid")}
        if not c.translates:
            yield "generator", terms["reid"]
            return

        mirrored = c.flip_equivariance and bool(torch.rand(()) < 0.5)
        drawn = self.drawn(given.flip(3)) if mirrored else self.drawn(given, keys[last])
        fake = drawn[:n]  # G(x)
        real: list[Tensor] = []
        if c.judges:
            verdict_real, real, source = self.judged(y, x)
            with frozen(self.discriminator):
                verdict, matched = self.discriminator.features(fake)
            terms["gan"] = c.gan_weight * generator_loss(verdict, "least-squares")
        if c.similarity_weight > 0:  # the generator: D(y) and D(G(x)) alike
            terms["similarity"] = c.similarity_weight * feature_matching(
                [f.detach() for f in real], matched, c.similarity
            )
        if c.identity_weight > 0:
            terms["identity"] = c.identity_weight * identity_mapping(drawn[n:], y)
        echo: dict[int, Tensor] = {}
        compared = 2 * n if c.nce_identity else n
        if c.content_weight > 0 or c.translated_weight > 0:
            wanted = {*(c.layers if c.content_weight > 0 else ()), *((last,) if c.translated_weight > 0 else ())}
            echo = self.encoder.features(drawn[:compared], wanted)
        if c.content_weight > 0:
            masks = None if self.masks is None or c.nce_identity else batch["source"].masks
            terms["content"] = c.content_weight * self.content_loss(echo, keys, compared, masks, mirrored)
        if c.translated_weight > 0:
            terms["translated"] = c.translated_weight * self.reid_loss(echo[last][:n], labels, "translated")
        for name, term in terms.items():
            self.record(f"loss/{name}", term)
        yield "generator", torch.stack(list(terms.values())).sum()

        if not c.judges:
            return
        verdict_fake, fakes = self.discriminator.features(fake.detach())
        loss_d = discriminator_loss(verdict_real, verdict_fake, "least-squares")
        if c.similarity_weight > 0:  # the discriminator: D(x) and D(G(x)) alike
            matching = feature_matching(source, fakes, c.similarity)
            self.record("loss/discriminator_similarity", matching)
            loss_d = loss_d + c.similarity_weight * matching
        self.record("loss/discriminator", loss_d)
        self.record("discriminator/real", (verdict_real > 0.5).double().mean())
        self.record("discriminator/generated", (verdict_fake < 0.5).double().mean())
        yield "discriminator", loss_d

    def drawn(self, pictures: Tensor, maps: Tensor | None = None) -> Tensor:
        """G(pictures), (B, 3, H, W) in −1..1; ``maps`` is the encoder's output on them where it is known."""
        maps = self.encoder(pictures) if maps is None else maps
        return self.decoder(maps, pictures if self.config.residual else None)

    def judged(self, y: Tensor, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """D's verdict on y and its features of y and x, in one pass; both phases use those of y.

        The discriminator is stepped after the generator, so that it has not changed in between.
        """
        if not self.config.similarity_weight:
            verdict, features = self.discriminator.features(y)
            return verdict, features, []
        verdict, features = self.discriminator.features(torch.cat([y, x]))
        n = len(y)
        return verdict[:n], [f[:n] for f in features], [f[n:] for f in features]

    def reid_loss(self, maps: Tensor, labels: Tensor, name: str) -> Tensor:
        """Identity loss of the head R on the encoder's output (B, C, h, w)."""
        c, network = self.config, self.network
        output = network.head(network.pooled(network.backbone.stages(maps)))
        loss = smoothed_cross_entropy(output.logits, labels, c.label_smoothing)
        self.record(f"accuracy/{name}", (output.logits.argmax(1) == labels).double().mean())
        if c.triplet_weight > 0:
            loss = loss + c.triplet_weight * batch_hard_triplet(output.feature, labels, c.margin)
        return loss

    def content_loss(
        self, echo: dict[int, Tensor], keys: dict[int, Tensor], count: int, masks: Tensor | None, mirrored: bool
    ) -> Tensor:
        """Mean over the layers of the content term between ``count`` pictures and their translations.

        Args:
            echo: the encoder's layers on the translations.
            keys: the same on what was translated; not differentiated.
            count: pictures compared.
            masks: of the persons, float32 (B, 1, H, W) in 0..1, where places are drawn by them.
            mirrored: whether the translations are mirror images.
        """
        losses = []
        for layer in self.config.layers:
            key, query = keys[layer][:count].detach(), echo[layer].flip(3) if mirrored else echo[layer]
            places = drawn_places(key.shape[2:], self.config.patches, masks)
            project = self.projectors[str(layer)]
            with torch.no_grad():
                k = project(patches_at(key, places))
            losses.append(self.compared(project(patches_at(query, places)), k, layer))
        return torch.stack(losses).mean()

    def compared(self, query: Tensor, key: Tensor, layer: int) -> Tensor:
        """The content term of one layer, between patches (B, S, D)."""
        c = self.config
        if c.content == "patch-nce":
            return patch_nce(query, key, c.temperature)
        if c.content == "relation":
            return relation_consistency(query, key, c.temperature) + hard_contrast(
                query, key, c.temperature, c.hardness
            )
        return encoder_consistency(self.predictors[str(layer)](query), key)

    # -- what is made of it ----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def translate(self, images: Tensor, masks: Tensor | None = None, poses: Tensor | None = None) -> Tensor:
        """G(x): redraw source crops in the target's look; masks and poses are not looked at.

        Args:
            images: uint8 (B, 3, H, W).

        Returns:
            uint8 (B, 3, H, W). Equal pictures give equal pictures, whatever stands beside them in the batch.
        """
        device = next(self.decoder.parameters()).device
        x = images.to(device).float() / 127.5 - 1
        return to_uint8(self.drawn(x)).to(images.device)

    def samples(self, columns: int = 12) -> Tensor | None:
        """Source crops, their translations, and target crops: three rows, always of the same crops."""
        if not self.config.translates:
            return None
        assert self.source is not None
        assert self.target is not None
        x, y = (s.images(np.linspace(0, len(s) - 1, columns).round().astype(int)) for s in (self.source, self.target))
        return torch.cat([torch.cat(list(part), dim=2) for part in (x, self.translate(x), y)], dim=1)
