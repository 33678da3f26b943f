"""spgan: unpaired translation from the source's look to the target's that keeps people apart; also CycleGAN and CamStyle's.

G draws a source picture x in the look of the target, F a target picture y in that of the source; D_T and D_S judge them:

    L = L_adv(G, D_T) + L_adv(F, D_S) + λ1 L_cyc + λ2 L_ide + λ3 L_con
    L_cyc = |F(G(x)) − x|₁ + |G(F(y)) − y|₁            L_ide = |G(y) − y|₁ + |F(x) − x|₁
    L_con: in the embedding of a siamese network, trained along, x and G(x) are one person, y and F(y) too,
           while G(x) and any y, and F(y) and any x, are not (two data sets share nobody)

With λ3 = 0 it is CycleGAN (Zhu et al. 2017); between two cameras of one data set it is the translator of CamStyle (Zhong et
al. 2018). One picture has one translation, whatever target picture it is shown.

Source: W. Deng et al. 2018, "Image-Image Domain Adaptation with Preserved Self-Similarity and Domain-Dissimilarity for Person
Re-identification".
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.data import Augment, Batch, CropTable, batches
from reidapt.data.pairs import random_pairs
from reidapt.errors import RunError
from reidapt.losses.adversarial import ImagePool, Kind, discriminator_loss, generator_loss
from reidapt.losses.masked import masked_l1
from reidapt.losses.similarity import contrastive
from reidapt.methods.base import Method, RunConfig, Stream
from reidapt.methods.redrawing import HALF, frozen, sheet, to_pictures, to_uint8, unpaired_tables
from reidapt.models.patchgan import PatchGAN
from reidapt.models.translator import Translator

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class SpganConfig(RunConfig):
    """Translate labelled pictures into the look of an unlabelled target, unpaired."""

    source_camera: int = -1
    """Camera whose crops are translated; −1 = all cameras of --source."""
    target_camera: int = -1
    """Camera that is imitated, of --target or without one of --source; −1 = all cameras of --target."""
    epochs: int = 5
    """Passes over the source (the source: 5 in batches of 1)."""
    decay_epochs: int = 0
    """Epochs at the end over which the learning rate falls to 0 along a line (CycleGAN: half of them)."""
    batch_size: int = 1
    """Pictures of either side per step (CycleGAN: 1)."""
    lr: float = 2e-4
    """Adam's learning rate of all networks (CycleGAN: 2e-4)."""
    beta1: float = 0.5
    """Adam's first momentum (CycleGAN: 0.5)."""
    cycle_weight: float = 10.0
    """λ1 (the source: 10)."""
    identity_weight: float = 5.0
    """λ2, of pictures that have the wanted look already (the source: 5)."""
    similarity_weight: float = 2.0
    """λ3 (the source: 2); 0 is CycleGAN."""
    margin: float = 2.0
    """m, the distance from which unlike pairs are left alone, 0..2 (the source: 2)."""
    gan: Kind = "least-squares"
    """Adversarial loss (CycleGAN: least squares)."""
    pool: int = 50
    """Translated pictures that a history keeps for each discriminator (CycleGAN: 50)."""
    generator_width: int = 64
    """Channels of the generators at full size (CycleGAN: 64)."""
    blocks: int = 9
    """Residual blocks of the generators (CycleGAN: 9 at 256 px)."""
    residual: bool = False
    """Draw a change of the picture instead of the whole picture (our choice; CycleGAN: off): a short training has no time
    to learn to draw."""
    discriminator_width: int = 64
    """Channels of the PatchGANs' first layer (CycleGAN: 64)."""
    patch_layers: int = 3
    """Strided layers of the PatchGANs; 3 = patches of 70×70 px."""

    def __post_init__(self) -> None:
        super().__post_init__()
        weights = ("cycle_weight", "identity_weight", "similarity_weight")
        self.require("be 0 or more", lambda value: value >= 0, *weights, "margin", "pool", "decay_epochs", "blocks")
        self.require(
            "be 1 or more",
            lambda value: value >= 1,
            "batch_size",
            "generator_width",
            "discriminator_width",
            "patch_layers",
        )
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "beta1")
        self.require(f"be at most the {self.epochs} epochs", lambda value: value <= self.epochs, "decay_epochs")


class SiameseNet(nn.Module):
    """SiaNet: four convolutions, each followed by a max pooling, and one linear layer to 128 numbers of length 1."""

    def __init__(self, size: tuple[int, int], base: int = 64, dim: int = 128) -> None:
        super().__init__()
        widths = [base, 2 * base, 4 * base, 4 * base]
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in zip([3, *widths[:-1]], widths)
        )
        height, width = (max(1, side // 2 ** len(widths)) for side in size)
        self.linear = nn.Linear(widths[-1] * height * width, dim)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in −1..1 → (B, dim), L2-normalised float32."""
        maps = pictures
        for layer in self.layers:
            maps = F.max_pool2d(F.leaky_relu(layer(maps), 0.2), 2)
        return F.normalize(self.linear(maps.flatten(1)).float(), dim=1)


class Spgan(Method):
    """Two generators, two discriminators, one siamese network."""

    name = "spgan"
    Config = SpganConfig
    accepts = ("target",)
    inputs: tuple[str, ...] = ()

    def __init__(self, config: SpganConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        c = config
        self.to_target, self.to_source = (
            Translator(c.generator_width, c.size, blocks=c.blocks, residual=c.residual) for _ in range(2)
        )  # G, F
        self.judge_target, self.judge_source = (
            PatchGAN(3, size=c.size, base=c.discriminator_width, norm="instance", layers=c.patch_layers)
            for _ in range(2)
        )
        self.siamese = SiameseNet(c.size, c.discriminator_width)
        self.pool_target, self.pool_source = (ImagePool(c.pool, 3, c.size) for _ in range(2))

    @classmethod
    def tables(
        cls, config: SpganConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """Crops of camera A, and unlabelled ones of camera B: of the target, or of the source itself."""
        return unpaired_tables(source, target, config.source_camera, config.target_camera)

    def streams(self, epoch: int) -> dict[str, Stream]:
        """x as ``source``, y as ``target``, paired at random; both are mirrored each for itself."""
        assert self.source is not None
        assert self.target is not None
        c = self.config
        pairs = random_pairs(np.arange(len(self.source)), np.arange(len(self.target)), 1, seed=c.seed, epoch=epoch)
        order = batches(len(pairs), c.batch_size, seed=c.seed, epoch=epoch)
        augment = Augment(flip=c.flip, pad=0, erase=0.0, mean=HALF, std=HALF)
        x, y = ([column[b] for b in order] for column in pairs.T)
        return {"source": Stream(self.source, x, None, augment), "target": Stream(self.target, y, None, augment)}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        c = self.config
        networks = {
            "generator": (self.to_target, self.to_source),
            "discriminator": (self.judge_target, self.judge_source),
            "siamese": (self.siamese,),
        }
        return {
            phase: torch.optim.Adam(
                [p for network in group for p in network.parameters()], lr=c.lr, betas=(c.beta1, 0.999), fused=True
            )
            for phase, group in networks.items()
        }

    def lr_factor(self, epoch: float) -> float:
        c = self.config
        return min(1.0, (c.epochs - epoch) / c.decay_epochs) if c.decay_epochs else 1.0

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        c, x, y = self.config, batch["source"].images, batch["target"].images
        g_x, f_y = self.to_target(x), self.to_source(y)
        whole = torch.ones_like(x[:, :1])

        terms = {}
        with frozen(self.judge_target), frozen(self.judge_source), frozen(self.siamese):
            terms["to_target"] = generator_loss(self.judge_target(g_x), c.gan)
            terms["to_source"] = generator_loss(self.judge_source(f_y), c.gan)
            if c.similarity_weight > 0:
                terms["similarity"] = c.similarity_weight * self.similarity(x, y, g_x, f_y)
        cycle = masked_l1(self.to_source(g_x), x, whole) + masked_l1(self.to_target(f_y), y, whole)
        terms["cycle"] = c.cycle_weight * cycle
        if c.identity_weight > 0:
            same = masked_l1(self.to_target(y), y, whole) + masked_l1(self.to_source(x), x, whole)
            terms["identity"] = c.identity_weight * same
        for name, term in terms.items():
            self.record(f"loss/{name}", term)
        yield "generator", torch.stack(list(terms.values())).sum()

        g_x, f_y = g_x.detach(), f_y.detach()
        loss = discriminator_loss(self.judge_target(y), self.judge_target(self.pool_target(g_x)), c.gan)
        loss = loss + discriminator_loss(self.judge_source(x), self.judge_source(self.pool_source(f_y)), c.gan)
        self.record("loss/discriminator", loss)
        yield "discriminator", loss

        if c.similarity_weight > 0:
            loss = self.similarity(x, y, g_x, f_y)
            self.record("loss/siamese", loss)
            yield "siamese", loss

    def similarity(self, x: Tensor, y: Tensor, g_x: Tensor, f_y: Tensor) -> Tensor:
        """L_con over the four kinds of pairs, their mean."""
        m, of_x, of_y, of_g, of_f = self.config.margin, *(self.siamese(p) for p in (x, y, g_x, f_y))
        like = contrastive(of_x, of_g, True, m) + contrastive(of_y, of_f, True, m)
        unlike = contrastive(of_g, of_y, False, m) + contrastive(of_f, of_x, False, m)
        return (like + unlike) / 4

    # -- what is made of it ----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def translate(self, images: Tensor) -> Tensor:  # type: ignore[override]
        """G(x): uint8 (B, 3, H, W) → uint8 (B, 3, H, W)."""
        device = next(self.to_target.parameters()).device
        return to_uint8(self.to_target(to_pictures(images.to(device)))).to(images.device)

    def samples(self, columns: int = 8) -> Tensor | None:
        """Source crops, their translations, and target crops: three rows of ``columns``, always the same."""
        streams = self.streams(0)
        x, y = (s.store.images(np.concatenate(s.batches)[:columns]) for s in streams.values())
        return sheet(x, self.translate(x), y)

    def load_initial(self, other: Method) -> None:
        """Start from the networks of another run of spgan with the same shapes."""
        try:
            self.load_state_dict(other.state_dict())
        except RuntimeError:
            raise RunError(
                f"The run given by --init ('{other.name}') has other networks; give a run of spgan with the same widths, "
                "blocks and picture size."
            ) from None
