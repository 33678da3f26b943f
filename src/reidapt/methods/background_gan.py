"""background-gan: labelled people redrawn as another camera would have seen them.

A conditional GAN turns x, a crop of camera A, into a crop for camera B; y is a crop of camera B, m_in and m_out are the
person masks of x and y, and dropout is the noise z. Its five forms differ in what the generator sees, which crops are
paired, and the loss:

    model       generator's input    pairs           loss
    1           x                    same person     L_cGAN + λ L_L1                           Eq. 3-5
    2           x, m_in              same person     the same
    3           x, m_in, m_out       same person     the same; m_out sets the pose
    4           x                    any crops       L_cGAN + λ1 L_foreground + λ2 L_background     Eq. 6-9 (static)
    variable    x, m_in, m_out       same person     the same three, towards y                 Eq. 10-13

Source: B. Kolbeinsson 2019, "Domain transfer between images with GANs"; networks and defaults from Isola et al. 2017,
"Image-to-Image Translation with Conditional Adversarial Networks" (pix2pix). "Our choice" marks what neither says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from reidapt.data import Augment, Batch, CropStore, CropTable, batches
from reidapt.data.masks import Masks
from reidapt.data.pairs import camera_pair, random_pairs
from reidapt.errors import ConfigError, DataError, RunError
from reidapt.losses.adversarial import ImagePool, Kind, discriminator_loss, generator_loss
from reidapt.losses.masked import (
    background_loss,
    band,
    filled_background,
    foreground_loss,
    masked_l1,
    outside,
    softened,
)
from reidapt.methods.base import Method, RunConfig, Stream
from reidapt.methods.redrawing import HALF, checked_masks, frozen, sheet, to_pictures, to_uint8, unpaired_tables
from reidapt.models.patchgan import PatchGAN
from reidapt.models.unet import UNet

log = logging.getLogger(__name__)

MASKS_IN_INPUT = {1: 0, 2: 1, 3: 2, 4: 0, "variable": 2}
"""Mask channels that each model's generator sees beside the picture."""


@dataclass(kw_only=True)
class BackgroundGanConfig(RunConfig):
    """Redraw labelled people for another camera; the pictures extend a re-ID training set."""

    model: Literal[1, 2, 3, 4, "variable"] = 4
    """Which of the report's models; 4 needs no labels of the target camera."""
    source_camera: int = -1
    """Camera A, whose crops are redrawn; −1 = all cameras of --source (model 4 only)."""
    target_camera: int = -1
    """Camera B, for which they are redrawn; −1 = all cameras of --target (model 4 only)."""
    same_sequence: bool = True
    """Pair crops of one sequence only (the report); off: all crops of the same person."""
    pairs_per_crop: int = 10
    """Random target crops for each source crop in an epoch of model 4, drawn anew every epoch (the report: 10, once)."""
    batch_size: int = 0
    """Pairs per step; 0 = the report's: 32 for model 4, else 1."""
    epochs: int = 10
    """Passes over the pairs (the report: 10)."""
    decay_epochs: int = 0
    """Epochs at the end over which the learning rate falls to 0 along a line (pix2pix: half of them; the report: 0)."""
    lr: float = 2e-4
    """Adam's learning rate of both networks (pix2pix: 2e-4)."""
    beta1: float = 0.5
    """Adam's first momentum (pix2pix: 0.5)."""
    flip: float = 0.5
    """Probability of mirroring a whole pair: both pictures and both masks (pix2pix)."""
    l1_weight: float = 100.0
    """λ of Eq. 5, models 1-3 (pix2pix: 100)."""
    foreground_weight: float = 70.0
    """λ1 of Eq. 9 and 13 (the report: 70)."""
    background_weight: float = 30.0
    """λ2 of Eq. 9 and 13 (the report: 30)."""
    gan_weight: float = 1.0
    """Weight of L_cGAN for the generator (the report: 1; it suggests more against the continuity split)."""
    band_weight: float = 0.0
    """Weight of the band term (our choice, model 4): between m_in and m_out, where Eq. 7 and 8 say nothing and the
    background splits left and right, the generated picture follows y with its person filled from around."""
    soften: float = 0.0
    """σ of a Gaussian that softens both masks in the losses, px at height 256 (our choice)."""
    separate_background: bool = False
    """Take the background from another target crop than the foreground (the report's additional benefit, §4.6)."""
    gan: Kind = "vanilla"
    """Adversarial loss: 'vanilla' (Eq. 2) or 'least-squares'."""
    pool: int = 0
    """Generated pictures that a history keeps for the discriminator (CycleGAN: 50; pix2pix: 0)."""
    generator_width: int = 64
    """Channels of the U-Net's outermost level (pix2pix: 64)."""
    discriminator_width: int = 64
    """Channels of the PatchGAN's first layer (pix2pix: 64)."""
    patch_layers: int = 3
    """Strided layers of the PatchGAN; 3 = patches of 70×70 px (pix2pix)."""
    dropout: float = 0.5
    """Dropout of the U-Net's inner levels, the noise z (pix2pix: 0.5); off in translation (our choice)."""
    norm: Literal["auto", "batch", "instance"] = "auto"
    """Normalisation; 'auto' = batch, and instance in batches of 1, which is the same in training and stays so after."""
    mask_source: str = "table"
    """Where masks come from: 'table', 'inverted' (the person is black), 'ellipse', or MODULE:FUNCTION."""
    bad_masks: Literal["leave-out", "ellipse", "stop"] = "leave-out"
    """What happens to crops whose mask is missing, unreadable, empty or covers everything."""

    def __post_init__(self) -> None:
        super().__post_init__()
        weights = ("l1_weight", "foreground_weight", "background_weight", "gan_weight", "band_weight")
        self.require("be 0 or more", lambda value: value >= 0, *weights, "soften", "pool", "decay_epochs", "batch_size")
        widths = ("generator_width", "discriminator_width", "pairs_per_crop", "patch_layers")
        self.require("be 1 or more", lambda value: value >= 1, *widths)
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "dropout", "beta1")
        if self.decay_epochs > self.epochs:
            raise ConfigError(f"Option 'decay_epochs' is {self.decay_epochs}, more than the {self.epochs} epochs.")
        if self.band_weight > 0 and self.model != 4:
            raise ConfigError(
                f"Option 'band_weight' is {self.band_weight}, but model {self.model} has no band without a loss; "
                "use it with model 4."
            )
        if self.separate_background and self.model not in (4, "variable"):
            raise ConfigError(
                f"Option 'separate_background' needs the foreground and background losses of the models 4 and variable; "
                f"model {self.model} has one L1 loss."
            )

    @property
    def paired(self) -> bool:
        """Whether pairs show the same person, which needs labels of both cameras."""
        return self.model != 4

    @property
    def pairs_in_batch(self) -> int:
        """Pairs per step."""
        return self.batch_size or (1 if self.paired else 32)

    @property
    def normalisation(self) -> str:
        """``batch`` or ``instance``."""
        if self.norm == "auto":
            return "instance" if self.pairs_in_batch == 1 else "batch"
        return self.norm

    @property
    def needs_masks(self) -> bool:
        """Whether any mask is looked at."""
        return self.model != 1


class BackgroundGan(Method):
    """U-Net generator and PatchGAN discriminator."""

    name = "background-gan"
    Config = BackgroundGanConfig
    accepts = ("target",)

    def __init__(self, config: BackgroundGanConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        c = config
        seen = 3 + MASKS_IN_INPUT[c.model]
        self.generator = UNet(seen, size=c.size, base=c.generator_width, norm=c.normalisation, dropout=c.dropout)
        self.discriminator = PatchGAN(
            seen + 3, size=c.size, base=c.discriminator_width, norm=c.normalisation, layers=c.patch_layers
        )
        self.pool = ImagePool(c.pool, seen + 3, c.size)
        self.pairs = np.empty((0, 2), np.int64)  # of paired models; rows of the source
        self.masks: dict[str, Masks] = {}

    # -- data ----------------------------------------------------------------------------------------------------------

    @classmethod
    def tables(
        cls, config: BackgroundGanConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """Paired models: the labelled crops of both cameras. Model 4: crops of A, and unlabelled ones of B."""
        a, b = config.source_camera, config.target_camera
        if config.paired:
            if target is not None or min(a, b) < 0:
                raise ConfigError(
                    f"Model {config.model} learns from the same person in two cameras of --source; give --source_camera "
                    "and --target_camera, and no --target. Model 4 needs no labels of the target."
                )
            return source.require(camera=[a, b]), None
        return unpaired_tables(source, target, a, b)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        if self.source is not None and self.source is source:
            return
        super().attach(source=source, target=target)
        assert source is not None
        c = self.config
        self.masks = {
            role: checked_masks(store, c.mask_source, c.bad_masks)
            for role, store in (("source", source), ("target", target))
            if store is not None and c.needs_masks
        }
        if c.paired:
            pair = camera_pair(source.table, c.source_camera, c.target_camera, by_sequence=c.same_sequence)
            self.pairs = pair.pairs[self.usable(pair.pairs)]
            if not len(self.pairs):
                raise DataError(
                    f"No pair of camera {pair.source_camera} and {pair.target_camera} can be trained on: "
                    f"{len(pair.pairs)} pairs of the same person{' and sequence' if pair.by_sequence else ''} were found, "
                    "and none has the masks it needs. Try --same_sequence false, or another mask_source."
                )
            log.info("%s", pair.text())
        depth, net = self.generator.depth, self.discriminator
        log.info("U-Net of %d halvings; PatchGAN of %d strided layers, %d px patches", depth, net.layers, net.patch)

    def usable(self, pairs: np.ndarray) -> np.ndarray:
        """bool (P,): pairs that have every mask the model looks at."""
        if not self.masks:
            return np.ones(len(pairs), dtype=bool)
        good = self.masks["source"].usable
        return good[pairs[:, 0]] & (good[pairs[:, 1]] if self.config.model != 2 else True)

    def streams(self, epoch: int) -> dict[str, Stream]:
        """x as ``source``, y as ``target`` and, if asked for, the background's own y as ``context``."""
        assert self.source is not None
        c = self.config
        seen_by_b = self.source if c.paired else self.target
        assert seen_by_b is not None
        pairs, rows_of_b = self.pairs, np.unique(self.pairs[:, 1])
        if not c.paired:
            rows, rows_of_b = (np.flatnonzero(self.masks[role].usable) for role in ("source", "target"))
            pairs = random_pairs(rows, rows_of_b, c.pairs_per_crop, seed=c.seed, epoch=epoch)
        order = batches(len(pairs), c.pairs_in_batch, seed=c.seed, epoch=epoch)
        augment = Augment(flip=c.flip, pad=0, erase=0.0, mean=HALF, std=HALF)
        chosen = {"source": (self.source, "source", pairs[:, 0])}
        chosen["target"] = (seen_by_b, "source" if c.paired else "target", pairs[:, 1])
        if c.separate_background:
            other = random_pairs(np.arange(len(pairs)), rows_of_b, 1, seed=c.seed + 1, epoch=epoch)[:, 1]
            chosen["context"] = (seen_by_b, chosen["target"][1], other)
        masks = {role: found.values for role, found in self.masks.items()}
        return {
            name: Stream(store, [rows[b] for b in order], None, augment, masks=masks.get(role), draws="pair")
            for name, (store, role, rows) in chosen.items()
        }

    # -- the training step -----------------------------------------------------------------------------------------------

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        c = self.config
        return {
            phase: torch.optim.Adam(network.parameters(), lr=c.lr, betas=(c.beta1, 0.999), fused=True)
            for phase, network in (("discriminator", self.discriminator), ("generator", self.generator))
        }

    def lr_factor(self, epoch: float) -> float:
        c = self.config
        return min(1.0, (c.epochs - epoch) / c.decay_epochs) if c.decay_epochs else 1.0

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        c, context = self.config, batch.get("context", batch["target"])
        x, y, y_background = batch["source"].images, batch["target"].images, context.images
        m_in, m_out, m_background = batch["source"].masks, batch["target"].masks, context.masks

        generated = self.generator(generator_input(c.model, x, m_in, m_out))  # G(x, z)
        condition = discriminator_condition(c.model, x, m_in, m_out)

        real = self.discriminator(torch.cat([condition, y], dim=1))
        fake = self.discriminator(self.pool(torch.cat([condition, generated], dim=1)))
        loss_d = discriminator_loss(real, fake, c.gan)
        self.record("loss/discriminator", loss_d)
        self.record("discriminator/real", (real > 0).double().mean())
        self.record("discriminator/generated", (fake < 0).double().mean())
        yield "discriminator", loss_d

        with frozen(self.discriminator):
            verdict = self.discriminator(torch.cat([condition, generated], dim=1))
        terms = {"gan": c.gan_weight * generator_loss(verdict, c.gan)}
        if c.model in (1, 2, 3):
            terms["l1"] = c.l1_weight * masked_l1(generated, y, torch.ones_like(y[:, :1]))  # Eq. 4
        else:
            assert m_in is not None
            assert m_out is not None
            assert m_background is not None
            m_in, m_out, m_background = (softened(m, c.soften * c.height / 256) for m in (m_in, m_out, m_background))
            if c.model == 4:
                terms["foreground"] = c.foreground_weight * foreground_loss(generated, x, m_in)  # Eq. 7
                kept_out = [m_in, m_background]
                if c.band_weight > 0:
                    filled = filled_background(y_background, m_background)
                    gap = c.band_weight * masked_l1(generated, filled, band(m_in, m_background))
                    terms["band"] = gap
            else:
                terms["foreground"] = c.foreground_weight * foreground_loss(generated, y, m_out)  # Eq. 11
                kept_out = [m_out, m_background] if c.separate_background else [m_out]
            terms["background"] = c.background_weight * background_loss(generated, y_background, *kept_out)  # Eq. 8, 12
        for name, term in terms.items():
            self.record(f"loss/{name}", term)
        yield "generator", torch.stack(list(terms.values())).sum()  # Eq. 5, 9, 13

    # -- what is made of it ----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def translate(self, images: Tensor, masks: Tensor | None = None, poses: Tensor | None = None) -> Tensor:
        """Redraw crops of camera A for camera B.

        Args:
            images: uint8 (B, 3, H, W).
            masks: m_in, uint8 (B, 1, H, W), 255 on the person; for the models 2, 3 and variable.
            poses: m_out, uint8 (B, 1, H, W), the silhouette that is asked for; for the models 3 and variable.

        Returns:
            uint8 (B, 3, H, W). Without noise: equal arguments give equal pictures.
        """
        missing = [name for name, given in zip(("masks", "poses"), (masks, poses)) if given is None]
        if lacking := [name for name in self.inputs if name in missing]:
            raise ConfigError(
                f"Model {self.config.model} redraws from {', '.join(self.inputs)}; {lacking[0]} are missing."
            )
        device = next(self.generator.parameters()).device
        x = to_pictures(images.to(device))
        m_in, m_out = (None if m is None else m.to(device).float() / 255 for m in (masks, poses))
        was_training = self.training
        generated = self.eval().generator(generator_input(self.config.model, x, m_in, m_out))
        self.train(was_training)
        return to_uint8(generated).to(images.device)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a translation needs beside the pictures: nothing, ``masks``, or ``masks`` and ``poses``."""
        return ("masks", "poses")[: MASKS_IN_INPUT[self.config.model]]

    def samples(self, columns: int = 8) -> Tensor:
        """Source crops, what they are redrawn as, and their target crops: three rows of ``columns``, always the same."""
        streams = self.streams(0)
        rows = {name: np.concatenate(stream.batches)[:columns] for name, stream in streams.items()}
        pictures = {name: stream.store.images(rows[name]) for name, stream in streams.items()}
        masks, poses = (
            None if streams[name].masks is None else streams[name].masks[rows[name]]  # type: ignore[index]
            for name in ("source", "target")
        )
        redrawn = self.translate(pictures["source"], masks, poses)
        return sheet(pictures["source"], redrawn, *list(pictures.values())[1:])

    def load_initial(self, other: Method) -> None:
        """Start from the networks of another run of background-gan with the same shapes."""
        try:
            self.load_state_dict(other.state_dict())
        except RuntimeError:
            raise RunError(
                f"The run given by --init ('{other.name}') has other networks; give a run of background-gan with the same "
                "model, widths and picture size."
            ) from None


def generator_input(model: Any, x: Tensor, m_in: Tensor | None, m_out: Tensor | None) -> Tensor:
    """The picture and the masks that the model sees, in −1..1: (B, 3 to 5, H, W)."""
    masks = [m for m in (m_in, m_out)[: MASKS_IN_INPUT[model]] if m is not None]
    return torch.cat([x, *(2 * m - 1 for m in masks)], dim=1)


def discriminator_condition(model: Any, x: Tensor, m_in: Tensor | None, m_out: Tensor | None) -> Tensor:
    """What the discriminator knows of x: the generator's input, but for model 4 the background alone.

    Eq. 6 multiplies x by m_in · m_out, while the text removes the person so that D cannot tell a generated crop by its
    showing the same person. Our choice follows the text: x outside m_in, grey (0) inside.
    """
    if model == 4:
        assert m_in is not None
        return x * outside(m_in)
    return generator_input(model, x, m_in, m_out)
