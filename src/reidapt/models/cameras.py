"""A small network that tells which camera took a picture: four strided convolutions, pooled, one linear layer."""

from __future__ import annotations

from torch import Tensor, nn


class CameraNet(nn.Module):
    """Which of C cameras took a picture.

    Batch norm keeps brightness and colour, by which cameras differ.

    Args:
        cameras: C.
        base: channels of the first layer; they double from layer to layer.
    """

    def __init__(self, cameras: int, base: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for level in range(4):
            width = base * 2**level
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, cameras)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in −1..1 → logits float32 (B, C)."""
        return self.classifier(self.layers(pictures).float().mean((2, 3))).float()
