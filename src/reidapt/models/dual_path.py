"""The dual-path generator of context rendering: one encoder for the person, one for the context, a blend of both."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from reidapt.models.initialise import norm_layer, normal
from reidapt.models.residual import ResidualBlock, changed

HALVINGS = 3
"""Halvings of both encoders: 256×128 px become 32×16."""

START = 3.0
"""Logit of X_C at a person's pixel before anything is learnt, and its opposite elsewhere: 0.95 and 0.05."""


class Rendering(NamedTuple):
    """What the generator gives: X_G, and what it was blended from."""

    picture: Tensor  # X_G = X_C ∘ X_S + (1 − X_C) ∘ X_R, (B, 3, H, W)
    redrawn: Tensor  # X_R, (B, 3, H, W) in −1..1
    blend: Tensor  # X_C, (B, 1, H, W) in 0..1: 1 keeps the source's pixel


class DualPath(nn.Module):
    """Two encoders of three halvings, fused, residual blocks, and a decoder with skips from both encoders.

    X_R is predicted as a change of the context's picture, and the last layers see both inputs at full size: the network
    begins with a sharp context and learns what to change. Where a mask is given with the source, X_C begins near it. The
    decoder doubles by interpolation: transposed convolutions left a grid on clothes and ground. A side that is odd is
    halved rounding down and restored.

    Args:
        source_inputs: channels of the person's input, 3 for the picture alone, 4 with its mask.
        context_inputs: channels of the context's input.
        base: channels of the outermost level; they double to at most four times that.
        blocks: residual blocks at the innermost level.
        norm: ``batch`` or ``instance``. Instance norm takes a picture's own contrast and colours away, which is what a
            context is to give.
    """

    def __init__(
        self,
        *,
        source_inputs: int = 3,
        context_inputs: int = 4,
        base: int = 64,
        blocks: int = 6,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        widths = [base * 2**level for level in range(HALVINGS)]
        self.source_downs = _encoder(source_inputs, widths, norm)
        self.context_downs = _encoder(context_inputs, widths, norm)
        bias = norm == "instance"
        self.fuse = nn.Sequential(
            nn.Conv2d(2 * widths[-1], widths[-1], 3, padding=1, bias=bias), norm_layer(norm, widths[-1]), nn.ReLU()
        )
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1], norm) for _ in range(blocks)))
        self.ups = nn.ModuleList()
        entering = widths[-1]
        for level in reversed(range(HALVINGS)):
            width = widths[level - 1] if level else max(8, base // 2)
            convolution = nn.Conv2d(entering, width, 3, padding=1, bias=bias)
            self.ups.append(nn.Sequential(convolution, norm_layer(norm, width), nn.ReLU()))
            entering = width + (2 * width if level else source_inputs + context_inputs)  # skips of both paths
        last = max(8, base // 2)
        self.mix = nn.Conv2d(entering, last, 3, padding=1)
        self.leave = nn.Conv2d(last, 4, 3, padding=1)
        normal(self)

    def forward(self, source: Tensor, context: Tensor) -> Rendering:
        """Render the person of ``source`` into ``context``.

        Args:
            source: (B, source_inputs, H, W) in −1..1; its first three channels are X_S, the fourth its person's mask.
            context: (B, context_inputs, H, W) in −1..1; its first three channels are the context's picture.
        """
        skips, sizes = [torch.cat([source, context], dim=1)], []
        s, t = source, context
        for down_s, down_t in zip(self.source_downs, self.context_downs):
            sizes.append(list(s.shape[2:]))
            s, t = down_s(s), down_t(t)
            skips.append(torch.cat([s, t], dim=1))
        maps = self.blocks(self.fuse(skips.pop()))
        for up in self.ups:
            maps = functional.interpolate(up(maps), size=sizes.pop(), mode="bilinear", align_corners=False)
            maps = torch.cat([maps, skips.pop()], dim=1)
        out = self.leave(functional.leaky_relu(self.mix(maps), 0.2)).float()
        x, y = source[:, :3].float(), context[:, :3].float()
        prior = START * source[:, 3:4].float() if source.shape[1] > 3 else 0.0
        redrawn, blend = changed(y, out[:, :3]), torch.sigmoid(out[:, 3:] + prior)
        return Rendering(blend * x + (1 - blend) * redrawn, redrawn, blend)


def _encoder(inputs: int, widths: list[int], norm: str) -> nn.ModuleList:
    downs = nn.ModuleList()
    for level, width in enumerate(widths):
        before, bias = (widths[level - 1] if level else inputs), level == 0 or norm == "instance"
        convolution = nn.Conv2d(before, width, 4, stride=2, padding=1, bias=bias)
        normed = [norm_layer(norm, width)] if level else []  # the picture's own level is not normalised
        downs.append(nn.Sequential(convolution, *normed, nn.LeakyReLU(0.2)))
    return downs
