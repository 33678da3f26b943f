"""Adversarial losses on a discriminator's logits: the original one and least squares; a history of generated pictures."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.losses.precision import float32

Kind = Literal["vanilla", "least-squares"]


@float32
def towards(logits: Tensor, real: bool, kind: Kind = "vanilla") -> Tensor:
    r"""How far verdicts are from "real" or "generated", the mean over all patches.

    .. math:: -\log\sigma(d) \text{ or } -\log(1-\sigma(d)) \quad\text{(vanilla)}, \qquad
        (d-1)^2 \text{ or } d^2 \quad\text{(least squares, Mao et al. 2017)}

    Args:
        logits: d, of any shape.
        real: the verdict aimed at.
    """
    wanted = torch.full_like(logits, float(real))
    return F.binary_cross_entropy_with_logits(logits, wanted) if kind == "vanilla" else F.mse_loss(logits, wanted)


def discriminator_loss(real: Tensor, fake: Tensor, kind: Kind = "vanilla") -> Tensor:
    """Half the sum of both verdicts' losses; the half slows the discriminator down (Isola et al. 2017, §3.3)."""
    return 0.5 * (towards(real, True, kind) + towards(fake, False, kind))


def generator_loss(fake: Tensor, kind: Kind = "vanilla") -> Tensor:
    """The non-saturating form: −log D(G(x)) instead of log(1 − D(G(x))) (Goodfellow et al. 2014, §3)."""
    return towards(fake, True, kind)


class ImagePool(nn.Module):
    """A history of generated pictures: the discriminator sees an old one instead of a new one every second time.

    Source: Shrivastava et al. 2017, §2.3. The history is a buffer and the draws come from PyTorch's generator, so a
    checkpoint holds both.

    Args:
        capacity: pictures kept; 0 passes every batch through.
        channels: of what is kept.
        size: (height, width), px.
    """

    def __init__(self, capacity: int, channels: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.history: Tensor
        self.filled: Tensor
        self.register_buffer("history", torch.zeros(capacity, channels, *size))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        """(B, C, H, W), detached: each new, or exchanged for one from the history with probability ½."""
        capacity = len(self.history)
        if capacity == 0:
            return pictures.detach()
        result = pictures.detach().clone()
        for place, picture in enumerate(pictures.detach()):
            filled = int(self.filled)
            if filled < capacity:
                self.history[filled] = picture
                self.filled += 1
            elif torch.rand(()) < 0.5:
                slot = int(torch.randint(capacity, ()))
                result[place] = self.history[slot]
                self.history[slot] = picture
        return result
