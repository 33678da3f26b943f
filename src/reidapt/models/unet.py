"""The U-Net generator of pix2pix (Isola et al. 2017, §6.1.1), for pictures of any rectangle."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.models.initialise import norm_layer, normal

MAX_DEPTH = 8
"""Halvings of pix2pix's network for 256×256 pictures."""


def depth_for(height: int, width: int) -> int:
    """How often both sides can be halved (rounding down) before one is shorter than 1 px; at most 8."""
    return min(MAX_DEPTH, min(height, width).bit_length() - 1)


class UNet(nn.Module):
    """Encoder of halvings, decoder of doublings, and a skip between every pair of equally large maps.

    A side that is odd is halved rounding down and doubled back to the length it had, so that every rectangle keeps its
    size without padding. Channels double from ``base`` to at most eight times that.

    Args:
        inputs: channels of the input, e.g. 3 for a picture, 5 for a picture with two masks.
        size: (height, width) of the pictures, px; decides the depth.
        base: channels of the outermost level (pix2pix: 64).
        outputs: channels of the output.
        norm: ``batch`` or ``instance``.
        dropout: probability of dropping a channel's value in the inner levels, the generator's noise z (pix2pix: 0.5).
        depth: number of halvings; 0 = as many as the size allows.
    """

    def __init__(
        self,
        inputs: int,
        *,
        size: tuple[int, int],
        base: int = 64,
        outputs: int = 3,
        norm: str = "batch",
        dropout: float = 0.5,
        depth: int = 0,
    ) -> None:
        super().__init__()
        self.depth = depth or depth_for(*size)
        widths = [base * min(2**level, 8) for level in range(self.depth)]
        inner = self.depth - 1
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        self.down_norms, self.up_norms = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths):
            plain = level in (0, inner)  # neither the picture's nor the innermost level is normalised on the way down
            before, after = widths[level - 1] if level else inputs, widths[level - 1] if level else outputs
            self.downs.append(nn.Conv2d(before, width, 4, stride=2, padding=1, bias=plain or norm == "instance"))
            self.down_norms.append(nn.Identity() if plain else norm_layer(norm, width))
            entering = width if level == inner else 2 * width
            self.ups.append(
                nn.ConvTranspose2d(entering, after, 4, stride=2, padding=1, bias=level == 0 or norm == "instance")
            )
            self.up_norms.append(norm_layer(norm, after) if level else nn.Identity())
        self.noisy = range(max(1, inner - 3), inner)  # levels whose decoder drops values: three, the innermost not
        self.dropout = dropout
        normal(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W) in −1..1."""
        skips, sizes, maps = [], [], pictures
        for level, (down, norm) in enumerate(zip(self.downs, self.down_norms)):
            sizes.append(list(maps.shape[2:]))
            maps = norm(down(maps if level == 0 else F.leaky_relu(maps, 0.2)))
            skips.append(maps)
        maps = skips.pop()
        for level in reversed(range(self.depth)):
            maps = self.up_norms[level](self.ups[level](F.relu(maps), output_size=sizes[level]))
            if level in self.noisy:
                maps = F.dropout(maps, self.dropout, training=self.training)
            if level:
                maps = torch.cat([skips.pop(), maps], dim=1)
        return torch.tanh(maps.float())
