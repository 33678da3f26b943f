"""cut-disentangled: cut-joint with appearance and pose apart, without cycle consistency; the thesis' future work (§4).

The thesis sees the difficulty: "unless we redefine the concept of patch similarity or design other losses, CUT can be
inconsistent with this kind of objective", since clothes that change break the contrast of patches. Our choice is to give
the generator two inputs, and to compare patches without colour:

    p(x) = encoder(grey x)        pose, and everything else that has a place
    a(x) = R(encoder(x))          appearance: the feature that ranks, one vector
    G(p, a, d)                    drawn as a picture of domain d, source or target

x' is another picture of x's person, x'' one of another person:

    L_G = cut-joint's terms for G(p(x), a(x), target), with L_content between grey pictures
        + λ_same ‖G(p(x), a(x'), source) − x‖₁          the person's own clothes in x's pose are known: they are x
        + λ_idt  ‖G(p(y), a(y), target) − y‖₁           identity mapping
        + λ_swap [ GAN + L_content(grey x, grey swap) + CE(R(encoder(swap)), person of x'') ],  swap = G(p(x), a(x''), target)

The labels of the source stand for the cycle: no picture is translated back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reidapt.data import Batch
from reidapt.errors import ConfigError
from reidapt.losses.adversarial import discriminator_loss, generator_loss
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.mapping import identity_mapping
from reidapt.losses.matching import feature_matching
from reidapt.methods.background_gan import frozen, to_uint8
from reidapt.methods.base import labels_of
from reidapt.methods.cut_joint import CutJoint, CutJointConfig
from reidapt.models.initialise import scaled
from reidapt.models.translator import Decoder

SOURCE, TARGET = 0, 1
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


@dataclass(kw_only=True)
class CutDisentangledConfig(CutJointConfig):
    """Translate with appearance and pose apart: clothes of one person in the pose of another, in the target's look."""

    same_weight: float = 5.0
    """λ_same, a person's picture drawn from its pose and another picture's appearance (our choice)."""
    identity_weight: float = 5.0
    """λ_idt, identity mapping of target pictures (our choice)."""
    swap_weight: float = 0.5
    """λ_swap, all terms of the pictures with exchanged clothes (our choice)."""
    persons_per_batch: int = 4
    """P of PK sampling."""
    pictures_per_person: int = 2
    """K of PK sampling, 2 or more: appearance and pose come from different pictures of a person."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("be 0 or more", lambda value: value >= 0, "same_weight", "swap_weight")
        self.require("be 2 or more", lambda value: value >= 2, "pictures_per_person")
        for name in ("residual", "nce_identity", "flip_equivariance"):
            if getattr(self, name):
                raise ConfigError(
                    f"Option '{name}' is not for cut-disentangled, which draws a picture from pose and appearance alone; "
                    f"say --{name} false, or train cut-joint."
                )


class CutDisentangled(CutJoint):
    """cut-joint's networks, and a decoder that an appearance and a domain steer."""

    name = "cut-disentangled"
    Config = CutDisentangledConfig

    def __init__(self, config: CutDisentangledConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        dim = self.network.dim
        self.decoder = Decoder(self.encoder.channels[1], config.size, antialias=bool(config.antialias), style=dim)
        scaled(self.decoder, config.initial)  # type: ignore[arg-type]
        self.domains = nn.Embedding(2, dim)
        nn.init.normal_(self.domains.weight, std=0.02)

    def drawing(self) -> list[nn.Module]:
        return [*super().drawing(), self.domains]

    def pose(self, pictures: Tensor) -> Tensor:
        """p: the encoder's output on the grey picture."""
        return self.encoder(grey(pictures))

    def appearance(self, pictures: Tensor) -> Tensor:
        """a: the feature of the re-ID head, (B, D)."""
        network = self.network
        return network.neck(network.pooled(network.backbone.stages(self.encoder(pictures)))).float()

    def painted(self, pose: Tensor, appearance: Tensor, domain: int) -> Tensor:
        """G(p, a, d), (B, 3, H, W) in −1..1."""
        return self.decoder(pose, style=appearance + self.domains.weight[domain])

    def drawn(self, pictures: Tensor, maps: Tensor | None = None) -> Tensor:
        return self.painted(self.pose(pictures), self.appearance(pictures), TARGET)

    # -- the training step -----------------------------------------------------------------------------------------------

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        c = self.config
        x, y, labels = batch["source"].images, batch["target"].images, labels_of(batch["source"])
        n, network = len(x), self.network
        own, other = neighbours(n, c.pictures_per_person)

        keys = self.encoder.features(grey(x), {*c.layers, self.encoder.last})
        pose = keys[self.encoder.last]
        output = network.head(network.pooled(network.backbone.stages(self.encoder(x))))
        a_x, a_y = output.neck.float(), self.appearance(y)
        terms = {"reid": c.reid_weight * smoothed_cross_entropy(output.logits, labels, c.label_smoothing)}
        self.record("accuracy/reid", (output.logits.argmax(1) == labels).double().mean())

        fake, swap = self.painted(torch.cat([pose, pose]), torch.cat([a_x, a_x[other]]), TARGET).chunk(2)
        terms["same"] = c.same_weight * identity_mapping(self.painted(pose, a_x[own], SOURCE), x)
        terms["identity"] = c.identity_weight * identity_mapping(self.painted(self.pose(y), a_y, TARGET), y)
        masks = None if self.masks is None else batch["source"].masks
        for name, picture, weight in (("fake", fake, 1.0), ("swap", swap, c.swap_weight)):
            if c.content_weight > 0:
                echo = self.encoder.features(grey(picture), set(c.layers))
                terms[f"content_{name}"] = (
                    weight * c.content_weight * self.content_loss(echo, keys, n, masks, mirrored=False)
                )
        maps = self.encoder(swap)
        terms["swap_reid"] = c.swap_weight * c.reid_weight * self.reid_loss(maps, labels[other], "swap")

        verdict_real, real, source = self.judged(y, x)
        with frozen(self.discriminator):
            verdict, matched = self.discriminator.features(torch.cat([fake, swap]))
        terms["gan"] = c.gan_weight * generator_loss(verdict[:n], "least-squares")
        terms["swap_gan"] = c.swap_weight * c.gan_weight * generator_loss(verdict[n:], "least-squares")
        if c.similarity_weight > 0:
            terms["similarity"] = c.similarity_weight * feature_matching(
                [f.detach() for f in real], [f[:n] for f in matched], c.similarity
            )
        for name, term in terms.items():
            self.record(f"loss/{name}", term)
        yield "generator", torch.stack(list(terms.values())).sum()

        verdict_fake, fakes = self.discriminator.features(torch.cat([fake, swap]).detach())
        loss_d = discriminator_loss(verdict_real, verdict_fake, "least-squares")
        if c.similarity_weight > 0:
            loss_d = loss_d + c.similarity_weight * feature_matching(source, [f[:n] for f in fakes], c.similarity)
        self.record("loss/discriminator", loss_d)
        yield "discriminator", loss_d

    # -- what is made of it ------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def translate(self, images: Tensor, masks: Tensor | None = None, poses: Tensor | None = None) -> Tensor:
        """G(p(x), a(x), target); see :meth:`CutJoint.translate`."""
        return self.dress(images, images)

    @torch.no_grad()
    def dress(self, images: Tensor, clothes: Tensor) -> Tensor:
        """The poses of ``images`` with the appearance of ``clothes``, both uint8 (B, 3, H, W), in the target's look."""
        device, was_training = next(self.decoder.parameters()).device, self.training
        self.eval()
        x, a = (pictures.to(device).float() / 127.5 - 1 for pictures in (images, clothes))
        redrawn = self.painted(self.pose(x), self.appearance(a), TARGET)
        self.train(was_training)
        return to_uint8(redrawn).to(images.device)

    def samples(self, columns: int = 12) -> Tensor | None:
        """Rows: source crops; their translations; each in the clothes of the next; target crops."""
        picture = super().samples(columns)
        assert picture is not None
        height = self.config.height
        x = torch.stack(picture[:, :height].split(self.config.width, dim=2))
        swapped = torch.cat(list(self.dress(x, x.roll(-1, 0))), dim=2)
        return torch.cat([picture[:, : 2 * height], swapped, picture[:, 2 * height :]], dim=1)


def grey(pictures: Tensor) -> Tensor:
    """Luma in all three channels, (B, 3, H, W)."""
    weights = torch.tensor(LUMA, device=pictures.device).view(1, 3, 1, 1)
    return (pictures * weights).sum(1, keepdim=True).expand_as(pictures)


def neighbours(count: int, pictures: int) -> tuple[Tensor, Tensor]:
    """For every picture of a PK batch, K after K: the next one of its person, and the same one of the next person."""
    rows = torch.arange(count).view(-1, pictures)
    return rows.roll(-1, 1).flatten(), rows.roll(-1, 0).flatten()
