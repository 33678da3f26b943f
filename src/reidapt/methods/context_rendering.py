"""context-rendering (CR-GAN): any labelled person drawn into the context of any target picture.

G takes X_S, a source crop, and X_T, a target crop whose person is masked out, and draws X_S's person into X_T's context:

    X_G = G(X_S, X_T) = X_C ∘ X_S + (1 − X_C) ∘ X_R        X_C a predicted soft mask, X_R a redrawn picture

so there are as many contexts as target crops. Four questions are asked of X_G:

    which domain?    L_adv = log D(X_T) + log(1 − D(X_G))                        D learns from pictures of the target
    which identity?  L_id  = −log p(y_j | X_G)                                   a frozen re-ID network of the source
    which camera?    L_cam = −log p(y_c | X_G)                                   a frozen classifier; y_c = camera of X_T
    what context?    L_con = ‖(X_G − X_S) ∘ M_F‖₂ + ‖(X_G − X_T) ∘ M_B‖₂         M_F the source's person, M_B outside both

The first epochs train the two networks that are then frozen; ``--init`` gives the identity network instead. Whoever trains
with ``--render`` has the frozen G draw each crop into a fresh context every time.

Source: Y. Chen, X. Zhu, S. Gong 2019, "Instance-Guided Context Rendering for Cross-Domain Person Re-Identification" (poster;
the blend and the masked context from reports about the paper). "Our choice" marks what neither says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from reidapt.data import Augment, Batch, CropStore, CropTable, batches, class_labels
from reidapt.data.augment import MEAN, STD
from reidapt.data.masks import Masks
from reidapt.data.pairs import random_pairs
from reidapt.errors import RunError
from reidapt.losses.adversarial import Kind, discriminator_loss, generator_loss
from reidapt.losses.context import masked_l2, person_loss, surroundings_loss
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.masked import band
from reidapt.methods.base import Contexts, Method, RunConfig, Stream, copy_network, labels_of
from reidapt.methods.redrawing import (
    HALF,
    checked_masks,
    frozen,
    sheet,
    to_pictures,
    to_uint8,
    unpaired_tables,
    without_person,
    without_surroundings,
)
from reidapt.models.cameras import CameraNet
from reidapt.models.dual_path import DualPath, Rendering
from reidapt.models.embedder import ReidNet
from reidapt.models.patchgan import PatchGAN

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ContextRenderingConfig(RunConfig):
    """Draw labelled people into the contexts of unlabelled target pictures."""

    epochs: int = 30
    """Epochs of the generator, each a pass over the source with a random target crop for every source crop."""
    prepare_epochs: int = 10
    """Epochs before, which train the networks that are then frozen: that of the cameras, and without --init also that of
    the identities (our choice)."""
    target_camera: int = -1
    """Camera whose crops are the contexts; −1 = all cameras of --target."""
    batch_size: int = 16
    """Pairs per step (our choice)."""
    lr: float = 2e-4
    """Adam's learning rate of all networks (pix2pix: 2e-4)."""
    beta1: float = 0.5
    """Adam's first momentum for generator and discriminator (pix2pix: 0.5)."""
    decay_epochs: int = 10
    """Epochs at the end over which the learning rate falls to 0 along a line (our choice)."""
    adversarial_weight: float = 0.3
    """λ of L_adv (our choice): at 1 it draws stains onto clothes and a glow around people."""
    identity_weight: float = 1.0
    """λ of L_id (our choice)."""
    camera_weight: float = 1.0
    """λ of L_cam (our choice); without cameras the term is off."""
    context_weight: float = 10.0
    """λ of L_con (our choice)."""
    person_share: float = 0.5
    """Share of L_con's weight on its first term, the person; ½ is the source's sum."""
    band_weight: float = 5.0
    """Weight of a term where only the target's person stood (our choice): X_G follows X_T with its person filled from
    around, in the units of L_con; 0 is the source, where L_adv alone speaks and draws a bright shadow of somebody."""
    source_mask: bool = True
    """Show M_F, the person's mask, to the generator beside X_S, and X_S without what lay around the person (our choice); it
    then needs masks when it draws."""
    gan: Kind = "vanilla"
    """L_adv: 'vanilla' (the source's logarithms) or 'least-squares'."""
    generator_width: int = 64
    """Channels of the generator's outermost level (our choice)."""
    blocks: int = 6
    """Residual blocks of the generator (our choice)."""
    discriminator_width: int = 64
    """Channels of the PatchGAN's first layer (pix2pix: 64)."""
    patch_layers: int = 3
    """Strided layers of the PatchGAN; 3 = patches of 70×70 px (pix2pix)."""
    norm: Literal["batch", "instance"] = "batch"
    """Normalisation of the generator; instance norm takes from a context its brightness and contrast (our choice)."""
    backbone: str = "resnet50"
    """timm model of the identity network; that of the run given by --init."""
    weights: str = "imagenet"
    """The identity network's start: 'imagenet', 'random', or the path of a backbone state file."""
    last_stride: Literal[1, 2] = 1
    """Stride of the last stage of the identity network; that of the run given by --init."""
    mask_source: str = "table"
    """Where masks come from: 'table', 'inverted' (the person is black), 'ellipse', or MODULE:FUNCTION."""
    bad_masks: Literal["leave-out", "ellipse", "stop"] = "leave-out"
    """What happens to crops whose mask is missing, unreadable, empty or covers everything."""

    def __post_init__(self) -> None:
        super().__post_init__()
        weights = ("adversarial_weight", "identity_weight", "camera_weight", "context_weight", "band_weight")
        self.require("be 0 or more", lambda value: value >= 0, *weights, "prepare_epochs", "decay_epochs", "blocks")
        self.require(
            "be 1 or more",
            lambda value: value >= 1,
            "batch_size",
            "generator_width",
            "discriminator_width",
            "patch_layers",
        )
        self.require("be at least 0 and below 1", lambda value: 0 <= value < 1, "beta1")
        self.require("lie between 0 and 1", lambda value: 0 <= value <= 1, "person_share")
        self.require(f"be at most the {self.epochs} epochs", lambda value: value <= self.epochs, "decay_epochs")


class ContextRendering(Method):
    """Dual-path generator, PatchGAN discriminator, and two networks that judge and are frozen."""

    name = "context-rendering"
    Config = ContextRenderingConfig
    needs = ("source", "target")

    def __init__(self, config: ContextRenderingConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        c = config
        self.generator = DualPath(source_inputs=3 + c.source_mask, base=c.generator_width, blocks=c.blocks, norm=c.norm)
        self.discriminator = PatchGAN(3, size=c.size, base=c.discriminator_width, layers=c.patch_layers)
        self.identity = ReidNet(c.backbone, persons=persons, weights=c.weights, size=c.size, last_stride=c.last_stride)
        self.cameras = np.empty(0, np.int64)  # numbers of the target's cameras, in the order of the classes
        self.camera: CameraNet | None = None  # None without cameras to tell apart
        self.masks: dict[str, Masks] = {}

    # -- data ----------------------------------------------------------------------------------------------------------

    @classmethod
    def tables(
        cls, config: ContextRenderingConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        """All crops of the source; those of one camera of the target, if asked for."""
        return unpaired_tables(source, target, -1, config.target_camera)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        if self.source is not None and self.source is source:
            return
        super().attach(source=source, target=target)
        assert source is not None
        assert target is not None
        c = self.config
        self.masks = {
            role: checked_masks(store, c.mask_source, c.bad_masks)
            for role, store in (("source", source), ("target", target))
        }
        found = np.unique(target.table.camera[target.table.camera >= 0])
        if len(found) < 2 and c.camera_weight > 0:
            log.warning(
                "the target has %s, so the camera loss is off",
                "one camera" if len(found) else "no camera numbers",
            )
        elif c.camera_weight > 0 and self.camera is None:
            self.know(found)
        log.info("PatchGAN of %d strided layers, %d px patches", self.discriminator.layers, self.discriminator.patch)

    def know(self, cameras: np.ndarray) -> None:
        """Make the classifier of these cameras."""
        self.cameras, self.camera = cameras, CameraNet(len(cameras))

    def classes_of(self, cameras: Tensor) -> Tensor:
        """y_c: classes int64 (B,) of camera numbers (B,); −1 where the number is unknown."""
        matches = cameras[:, None] == torch.from_numpy(self.cameras).to(cameras.device)
        return torch.where(matches.any(1), matches.int().argmax(1), -1)

    @property
    def prepare_epochs(self) -> int:
        """Epochs that train the judges."""
        return int(self.config.prepare_epochs)

    @property
    def total_epochs(self) -> int:
        return self.prepare_epochs + int(self.config.epochs)

    def streams(self, epoch: int) -> dict[str, Stream]:
        """X_S with its labels as ``source`` and X_T as ``target``; both are mirrored each for itself."""
        assert self.source is not None
        assert self.target is not None
        c = self.config
        labels, _ = class_labels(self.source.table)
        preparing = epoch < self.prepare_epochs
        usable = {
            role: np.ones(len(found.usable), bool) if preparing else found.usable for role, found in self.masks.items()
        }
        rows = np.flatnonzero(usable["source"] & (labels >= 0))
        pairs = random_pairs(rows, np.flatnonzero(usable["target"]), 1, seed=c.seed, epoch=epoch)
        order = batches(len(pairs), c.batch_size, seed=c.seed, epoch=epoch)
        if preparing:
            augment = Augment(flip=c.flip, pad=max(1, c.height // 25), erase=0.0, mean=HALF, std=HALF)
            masks: dict[str, Tensor | None] = {"source": None, "target": None}
        else:
            augment = Augment(flip=c.flip, pad=0, erase=0.0, mean=HALF, std=HALF)
            masks = {role: found.values for role, found in self.masks.items()}
        x, y = ([column[b] for b in order] for column in pairs.T)
        return {
            "source": Stream(self.source, x, labels, augment, masks=masks["source"]),
            "target": Stream(self.target, y, None, augment, masks=masks["target"]),
        }

    # -- the training step -----------------------------------------------------------------------------------------------

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        c = self.config

        def adam(network: nn.Module, beta1: float) -> torch.optim.Optimizer:
            wanted = [parameter for parameter in network.parameters() if parameter.requires_grad]
            return torch.optim.Adam(wanted, lr=c.lr, betas=(beta1, 0.999), fused=True)

        judges = {"identity": self.identity, **({} if self.camera is None else {"camera": self.camera})}
        return {
            "discriminator": adam(self.discriminator, c.beta1),
            "generator": adam(self.generator, c.beta1),
            **{phase: adam(network, 0.9) for phase, network in judges.items()},
        }

    def lr_factor(self, epoch: float) -> float:
        c, left = self.config, self.total_epochs - epoch
        return min(1.0, left / c.decay_epochs) if c.decay_epochs else 1.0

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        if batch["source"].masks is None:
            yield from self.prepare(batch)
        else:
            yield from self.render(batch)

    def prepare(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        """Train the judges: the identity network on the source, unless it was given, the camera network on the target."""
        if not self.config.init:
            logits = self.identity(as_reid(batch["source"].images)).logits
            loss = smoothed_cross_entropy(logits, labels_of(batch["source"]))
            self.record("loss/prepare_identity", loss)
            self.record("accuracy/identity", (logits.argmax(1) == labels_of(batch["source"])).double().mean())
            yield "identity", loss
        if self.camera is not None:
            wanted = self.classes_of(batch["target"].camera)
            known = wanted >= 0
            if bool(known.any()):
                logits = self.camera(batch["target"].images)[known]
                loss = smoothed_cross_entropy(logits, wanted[known], 0.0)
                self.record("loss/prepare_camera", loss)
                self.record("accuracy/camera", (logits.argmax(1) == wanted[known]).double().mean())
                yield "camera", loss

    def render(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        """Train D, then G."""
        c = self.config
        x_s, x_t = batch["source"].images, batch["target"].images
        m_s, m_t = batch["source"].masks, batch["target"].masks
        assert m_s is not None
        assert m_t is not None
        person, around = self.person(x_s, m_s), without_person(x_t, m_t)
        drawn = self.place(person, m_s, around, m_t)
        x_g = drawn.picture
        self.record("blend/person", (drawn.blend * m_s).sum() / m_s.sum())
        self.record("blend/background", (drawn.blend * (1 - m_s)).sum() / (1 - m_s).sum())

        real, fake = self.discriminator(x_t), self.discriminator(x_g.detach())
        loss_d = discriminator_loss(real, fake, c.gan)
        self.record("loss/discriminator", loss_d)
        self.record("discriminator/real", (real > 0).double().mean())
        self.record("discriminator/generated", (fake < 0).double().mean())
        yield "discriminator", loss_d

        with frozen(self.discriminator):
            terms = {"adversarial": c.adversarial_weight * generator_loss(self.discriminator(x_g), c.gan)}
        terms |= self.judged(x_g, labels_of(batch["source"]), batch["target"].camera)
        weight, share = c.context_weight, 2 * c.person_share
        terms["person"] = weight * share * person_loss(x_g, person, m_s)
        terms["context"] = weight * (2 - share) * surroundings_loss(x_g, x_t, m_s, m_t)
        if c.band_weight > 0:
            terms["band"] = c.band_weight * masked_l2(x_g, around, band(m_s, m_t))
        for name, term in terms.items():
            self.record(f"loss/{name}", term)
        yield "generator", torch.stack(list(terms.values())).sum()

    def judged(self, x_g: Tensor, labels: Tensor, cameras: Tensor) -> dict[str, Tensor]:
        """L_id and L_cam; both networks are still: neither weights nor running statistics move."""
        c = self.config
        terms = {}
        if c.identity_weight > 0:
            with frozen(self.identity.eval()):
                logits = self.identity(as_reid(x_g)).logits
            terms["identity"] = c.identity_weight * smoothed_cross_entropy(logits, labels, 0.0)
            self.record("accuracy/identity", (logits.argmax(1) == labels).double().mean())
        if self.camera is not None:
            wanted = self.classes_of(cameras)
            known = wanted >= 0
            if bool(known.any()):
                with frozen(self.camera.eval()):
                    logits = self.camera(x_g)[known]
                terms["camera"] = c.camera_weight * smoothed_cross_entropy(logits, wanted[known], 0.0)
                self.record("accuracy/camera", (logits.argmax(1) == wanted[known]).double().mean())
        return terms

    def person(self, x_s: Tensor, m_s: Tensor) -> Tensor:
        """X_S as the generator sees it and L_con compares it: where M_F is known, without what lay around the person."""
        return without_surroundings(x_s, m_s) if self.config.source_mask else x_s

    def draw(self, x_s: Tensor, m_s: Tensor, x_t: Tensor, m_t: Tensor) -> Rendering:
        """G(X_S, X_T) of pictures (B, 3, H, W) in −1..1 and masks (B, 1, H, W) in 0..1.

        The target's person is masked out: what lies around fills the place, and M_T says where that is (our choice).
        """
        return self.place(self.person(x_s, m_s), m_s, without_person(x_t, m_t), m_t)

    def place(self, person: Tensor, m_s: Tensor, around: Tensor, m_t: Tensor) -> Rendering:
        """The generator on a person and on surroundings whose own person is filled; the arguments of `draw`, prepared."""
        if self.config.source_mask:
            person = torch.cat([person, 2 * m_s - 1], dim=1)
        return self.generator(person, torch.cat([around, 2 * m_t - 1], dim=1))

    # -- what is made of it ----------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a translation needs beside the pictures: ``contexts``, and ``masks`` if the generator sees them."""
        return ("masks", "contexts") if self.config.source_mask else ("contexts",)

    @torch.no_grad()
    def translate(  # type: ignore[override]
        self, images: Tensor, *, contexts: Contexts, masks: Tensor | None = None
    ) -> Tensor:
        """Draw people into contexts.

        Args:
            images: X_S, uint8 (B, 3, H, W).
            contexts: X_T and M_T, B of each.
            masks: M_F, uint8 (B, 1, H, W), 255 on the person; not needed with ``--source_mask false``.

        Returns:
            X_G, uint8 (B, 3, H, W). A pure function, picture by picture.
        """
        device = next(self.generator.parameters()).device
        x_s, x_t = (to_pictures(p.to(device)) for p in (images, contexts.images))
        m_t = contexts.masks.to(device).float() / 255
        m_s = torch.zeros_like(m_t) if masks is None else masks.to(device).float() / 255
        was_training = self.generator.training
        self.generator.eval()
        drawn = self.draw(x_s, m_s, x_t, m_t).picture
        self.generator.train(was_training)
        return to_uint8(drawn).to(images.device)

    def samples(self, columns: int = 8) -> Tensor | None:
        """Source crops, their renderings and the contexts: three rows of ``columns``, always the same."""
        streams = self.streams(self.prepare_epochs)
        rows = [np.concatenate(streams[role].batches)[:columns] for role in ("source", "target")]
        x, y = (streams[role].store.images(r) for role, r in zip(("source", "target"), rows))
        m_s, m_t = (self.masks[role].values[r] for role, r in zip(("source", "target"), rows))
        return sheet(x, self.translate(x, contexts=Contexts(y, m_t), masks=m_s), y)

    def load_initial(self, other: Method) -> None:
        """Take the identity network from a run that ranks the same source's persons, or everything from a run of this method.

        Raises:
            RunError: the run knows other persons, or has other networks.
        """
        if isinstance(other, ContextRendering):
            try:
                self.load_state_dict(other.state_dict())
            except RuntimeError:
                raise RunError(
                    "The run given by --init has other networks; give a run of context-rendering with the same widths, "
                    "blocks and picture size, or one that ranks the source's persons."
                ) from None
            return
        if not self.same_classes(other):
            raise RunError(
                f"The run given by --init tells {other.persons} persons of '{other.config.source}' apart, but the identity "
                f"loss needs a network for the {self.persons} persons of '{self.config.source}'. Train source-only on it, or "
                "leave --init out."
            )
        copy_network(self.identity, other.ranker)

    # -- checkpoint --------------------------------------------------------------------------------------------------------

    def get_extra_state(self) -> dict[str, Any]:
        return {"cameras": torch.from_numpy(self.cameras)}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        # PyTorch sets a module's extra state before it loads its children, so that the classifier exists by then.
        cameras = state["cameras"].numpy()
        if len(cameras) and not np.array_equal(cameras, self.cameras):
            self.know(cameras)


def as_reid(pictures: Tensor) -> Tensor:
    """Pictures in −1..1 as the re-ID networks expect them."""
    mean, std = (torch.tensor(v, device=pictures.device).view(3, 1, 1) for v in (MEAN, STD))
    return (pictures.float() * 0.5 + 0.5 - mean) / std
