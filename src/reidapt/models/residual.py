"""Residual blocks of translation networks (Johnson et al. 2016), and pictures drawn as a change of pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reidapt.models.initialise import norm_layer

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
