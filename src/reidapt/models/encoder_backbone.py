"""A re-ID backbone that begins as a translation encoder: its output enters a ResNet at the second stage."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from reidapt.errors import ConfigError
from reidapt.models.translator import Encoder

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""How the pictures that a backbone is given are normalised (ImageNet's statistics)."""


class EncoderBackbone(nn.Module):
    """Encoder → stages 2, 3 and 4 of a ResNet (Defonte, §2.3); used like any timm backbone without classifier.

    The encoder is as wide as the second stage asks for: 64 before a ResNet-50, 16 before a ResNet-10 or -18.

    Args:
        resnet: a timm ResNet; its stem and first stage are left out.
        blocks: the encoder's residual blocks.
        antialias: see :class:`Encoder`.

    Raises:
        ConfigError: not a ResNet with four stages.
    """

    def __init__(self, resnet: Any, *, blocks: int, antialias: bool = False) -> None:
        super().__init__()
        stages: list[Any] = [getattr(resnet, name, None) for name in ("layer2", "layer3", "layer4")]
        if None in stages:
            raise ConfigError(
                f"A head on the encoder needs a ResNet with the stages layer2 to layer4, and {type(resnet).__name__} has "
                "none; give --backbone resnet50, resnet18 or resnet10t."
            )
        self.layer2, self.layer3, self.layer4 = stages
        incoming = next(m for m in self.layer2.modules() if isinstance(m, nn.Conv2d)).in_channels
        self.num_features = int(resnet.num_features)
        self.encoder = Encoder(incoming // 4, blocks, antialias=antialias)
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", 2 * torch.tensor(STD).view(3, 1, 1), persistent=False)
        self.register_buffer("shift", 2 * torch.tensor(MEAN).view(3, 1, 1) - 1, persistent=False)

    def stages(self, maps: Tensor) -> Tensor:
        """The encoder's output (B, C, h, w) → the last stage's maps (B, num_features, h', w')."""
        return self.layer4(self.layer3(self.layer2(maps)))

    def forward_features(self, images: Tensor) -> Tensor:
        """Normalised pictures (B, 3, H, W) → maps; the encoder sees them in −1..1."""
        return self.stages(self.encoder(images * self.scale + self.shift))


def encoder_options(name: str) -> tuple[dict[str, Any], str] | None:
    """``encoder9+resnet50`` → the encoder's options and the ResNet's name; None for any other backbone's name."""
    found = re.fullmatch(r"encoder(\d+)(-blur)?\+(\w+)", name)
    return None if found is None else ({"blocks": int(found[1]), "antialias": bool(found[2])}, found[3])


def encoder_backbone_name(resnet: str, *, blocks: int, antialias: bool) -> str:
    """The inverse of :func:`encoder_options`."""
    return f"encoder{blocks}{'-blur' if antialias else ''}+{resnet}"
