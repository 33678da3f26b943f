"""Residual blocks of translation networks, and the generator made of them (Johnson et al. 2016; Zhu et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reidapt.models.initialise import norm_layer, normal

NEARLY = 0.98
"""Share of the range −1..1 that pictures are squeezed into before atanh, which is infinite at its ends."""


def changed(pictures: Tensor, change: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) in −1..1 with a change added before the tanh: float32 of the same shape and range."""
    return torch.tanh(change.float() + torch.atanh(NEARLY * pictures.float()))


class ResidualBlock(nn.Module):
    """x + two 3×3 convolutions, the first followed by a ReLU; edges are reflected.

    Args:
        channels: of input and output.
        norm: ``batch`` or ``instance``.
    """

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect", bias=norm == "instance"),
            norm_layer(norm, channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect", bias=norm == "instance"),
            norm_layer(norm, channels),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, channels, h, w) → the same shape."""
        return maps + self.body(maps)


class ResidualGenerator(nn.Module):
    """7×7 convolution, two halvings, residual blocks, two doublings, 7×7 convolution: CycleGAN's generator.

    Sides that are no multiple of 4 are restored to the length they had.

    Args:
        base: channels at full size (CycleGAN: 64).
        blocks: residual blocks (CycleGAN: 6 for 128×128 px, 9 for 256×256).
        norm: ``batch`` or ``instance`` (CycleGAN).
        residual: draw a change of the picture instead of the whole picture.
    """

    def __init__(self, *, base: int = 64, blocks: int = 6, norm: str = "instance", residual: bool = False) -> None:
        super().__init__()
        self.residual = residual
        bias = norm == "instance"

        def normed(convolution: nn.Module, channels: int) -> nn.Sequential:
            return nn.Sequential(convolution, norm_layer(norm, channels), nn.ReLU())

        stem = nn.Conv2d(3, base, 7, padding=3, padding_mode="reflect", bias=bias)
        self.enter = normed(stem, base)
        self.downs = nn.ModuleList(
            normed(nn.Conv2d(base * k, base * 2 * k, 3, stride=2, padding=1, bias=bias), base * 2 * k) for k in (1, 2)
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * base, norm) for _ in range(blocks)))
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(base * 2 * k, base * k, 3, stride=2, padding=1, bias=bias) for k in (2, 1)
        )
        self.up_norms = nn.ModuleList(norm_layer(norm, base * k) for k in (2, 1))
        self.leave = nn.Conv2d(base, 3, 7, padding=3, padding_mode="reflect")
        normal(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 3, H, W) in −1..1, float32."""
        maps, sizes = self.enter(pictures), []
        for down in self.downs:
            sizes.append(list(maps.shape[2:]))
            maps = down(maps)
        maps = self.blocks(maps)
        for up, norm in zip(self.ups, self.up_norms):
            maps = torch.relu(norm(up(maps, output_size=sizes.pop())))
        drawn = self.leave(maps).float()
        return changed(pictures, drawn) if self.residual else torch.tanh(drawn)
