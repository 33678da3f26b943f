"""Initial weights of translation networks."""

from __future__ import annotations

from typing import Literal

from torch import nn


def normal(network: nn.Module, std: float = 0.02) -> None:
    """Gaussian weights as pix2pix has them (Isola et al. 2017, §6.2): convolutions N(0, std), norms N(1, std), biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d) and module.weight is not None:
            nn.init.normal_(module.weight, 1.0, std)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def scaled(network: nn.Module, kind: Literal["kaiming", "xavier"]) -> None:
    """Weights of convolutions by the number of their inputs; biases 0.

    ``kaiming``: N(0, 2 / inputs) (He et al. 2015). ``xavier``: N(0, 0.02² · 2 / (inputs + outputs)), as CUT has them.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            if kind == "kaiming":
                nn.init.kaiming_normal_(module.weight)
            else:
                nn.init.xavier_normal_(module.weight, gain=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def norm_layer(kind: str, channels: int) -> nn.Module:
    """``batch`` or ``instance`` normalisation with a learnt scale and shift; the two agree in a batch of one."""
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.InstanceNorm2d(channels, affine=True)
