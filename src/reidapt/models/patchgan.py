"""The PatchGAN discriminator of pix2pix (Isola et al. 2017, §6.1.2): one verdict per patch of the picture."""

from __future__ import annotations

from torch import Tensor, nn

from reidapt.models.initialise import norm_layer, normal


def strided_layers(height: int, width: int, wanted: int = 3) -> int:
    """Halvings that leave at least one verdict: the two last convolutions shorten a side by one px each."""
    shortest = min(height, width)
    return max(0, min(wanted, (shortest // 3).bit_length() - 1))


def receptive_field(layers: int) -> int:
    """Side of the patch that one verdict sees, px; 70 for three strided layers."""
    side = 1
    for stride in [1, 1, *[2] * layers]:
        side = (side - 1) * stride + 4
    return side


class PatchGAN(nn.Module):
    """Strided 4×4 convolutions, then one of stride 1 and the verdicts.

    Args:
        inputs: channels of the condition and the picture together.
        size: (height, width), px; a picture that is too small for three strided layers gets fewer.
        base: channels of the first layer (pix2pix: 64).
        norm: ``batch`` or ``instance``.
        layers: strided layers wanted (3: patches of 70×70 px).
    """

    def __init__(
        self, inputs: int, *, size: tuple[int, int], base: int = 64, norm: str = "batch", layers: int = 3
    ) -> None:
        super().__init__()
        self.layers = strided_layers(*size, wanted=layers)
        self.patch = receptive_field(self.layers)
        blocks: list[nn.Module] = []
        channels = inputs
        for level in range(self.layers + 1):
            width, stride = base * min(2**level, 8), 2 if level < self.layers else 1
            first = level == 0
            blocks.append(nn.Conv2d(channels, width, 4, stride=stride, padding=1, bias=first or norm == "instance"))
            blocks += [nn.LeakyReLU(0.2)] if first else [norm_layer(norm, width), nn.LeakyReLU(0.2)]
            channels = width
        blocks.append(nn.Conv2d(channels, 1, 4, padding=1))
        self.blocks = nn.Sequential(*blocks)
        normal(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, inputs, H, W) → logits (B, 1, h, w), positive where the patch looks real."""
        return self.blocks(pictures)

    def features(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The logits, and the maps after every convolution but the last, activated: layers + 1 of them."""
        maps, found = pictures, []
        for block in self.blocks:
            maps = block(maps)
            if isinstance(block, nn.LeakyReLU):
                found.append(maps)
        return maps, found
