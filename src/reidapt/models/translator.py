"""The translation generator of CUT: a residual encoder whose features are also used elsewhere, and its decoder."""

from __future__ import annotations

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.models.initialise import normal
from reidapt.models.instance_norm import InstanceNorm
from reidapt.models.residual import changed


class Blur(nn.Module):
    """Binomial low-pass [1 2 1]² / 16 before halving or after doubling (Zhang 2019, "Making Convolutional Networks
    Shift-Invariant Again"); borders are reflected.

    Args:
        stride: 2 halves the map, 1 leaves its size.
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0])
        kernel = (row[:, None] * row[None, :] / 16).expand(channels, 1, 3, 3).contiguous()
        self.kernel: Tensor
        self.register_buffer("kernel", kernel, persistent=False)
        self.stride, self.channels = stride, channels

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, ⌈H / stride⌉, ⌈W / stride⌉)."""
        padded = F.pad(maps, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(padded, self.kernel.to(maps.dtype), stride=self.stride, groups=self.channels)


class Residual(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), reflected borders, no biases."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)
        self.norm1, self.norm2 = InstanceNorm(channels), InstanceNorm(channels)

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu(self.norm1(self.first(maps)))
        return maps + self.norm2(self.second(inner))


class Encoder(nn.Module):
    """Layers that PatchNCE can look at, by number: 0 the picture, 1 conv7, 2 and 3 the halvings, 4 … the residual blocks.

    Args:
        width: channels after the first convolution; four times as many come out.
        blocks: residual blocks.
        antialias: halve by a convolution of stride 1 and a blur, as CUT does, instead of one of stride 2.
    """

    def __init__(self, width: int = 64, blocks: int = 9, *, antialias: bool = False) -> None:
        super().__init__()
        self.channels = [3, width, 2 * width, *[4 * width] * (1 + blocks)]
        layers: list[nn.Module] = [nn.Sequential(convolution(3, width, 7), InstanceNorm(width), nn.ReLU())]
        for before in (width, 2 * width):
            after = 2 * before
            halving: list[nn.Module]
            if antialias:
                halving = [convolution(before, after), InstanceNorm(after), nn.ReLU(), Blur(after, 2)]
            else:
                halving = [
                    nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                    InstanceNorm(after),
                    nn.ReLU(),
                ]
            layers.append(nn.Sequential(*halving))
        self.layers = nn.ModuleList([*layers, *[Residual(4 * width) for _ in range(blocks)]])

    @property
    def last(self) -> int:
        """Number of the last layer, whose output the decoder and the re-ID head take."""
        return len(self.layers)

    def features(self, pictures: Tensor, wanted: Collection[int]) -> dict[int, Tensor]:
        """Outputs of the layers ``wanted``, by number; nothing is computed beyond the highest of them.

        Args:
            pictures: (B, 3, H, W) in −1..1.
        """
        found = {0: pictures} if 0 in wanted else {}
        maps = pictures
        for number in range(1, max(wanted, default=0) + 1):
            maps = self.layers[number - 1](maps)
            if number in wanted:
                found[number] = maps
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in −1..1 → (B, 4 · width, ⌈H/4⌉, ⌈W/4⌉)."""
        return self.features(pictures, (self.last,))[self.last]


class StyledNorm(nn.Module):
    """Instance norm whose scale and shift are given by a style (Huang & Belongie 2017, "Arbitrary Style Transfer").

    Args:
        channels: of the maps.
        style: length of the style's vector.
    """

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.norm = InstanceNorm(channels)
        self.affine = nn.Linear(style, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """(B, channels, h, w) and (B, style) → the same shape as the maps."""
        scale, shift = self.affine(style)[:, :, None, None].chunk(2, dim=1)
        return self.norm(maps) * (1 + scale) + shift


class Decoder(nn.Module):
    """Two doublings, then conv7 and tanh.

    Args:
        width: channels before the last convolution; four times as many come in.
        size: (height, width) of the pictures, px.
        antialias: double by blurred repetition and a convolution, as CUT does, instead of a transposed convolution.
        style: length of a vector that sets scale and shift of all norms; then a convolution and a norm stand at the
            beginning too. 0 = none.
    """

    def __init__(self, width: int, size: tuple[int, int], *, antialias: bool = False, style: int = 0) -> None:
        super().__init__()
        self.antialias = antialias
        half = [-(-side // 2) for side in size]
        self.sizes = [half, list(size)]
        self.doublings, self.norms = nn.ModuleList(), nn.ModuleList()
        for before in (4 * width, 2 * width):
            after = before // 2
            self.doublings.append(
                convolution(before, after)
                if antialias
                else nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, bias=False)
            )
            self.norms.append(StyledNorm(after, style) if style else InstanceNorm(after))
        if style:
            self.enter, self.enter_norm = convolution(4 * width, 4 * width), StyledNorm(4 * width, style)
        self.last = nn.Conv2d(width, 3, 7, padding=3, padding_mode="reflect")

    def forward(self, maps: Tensor, pictures: Tensor | None = None, style: Tensor | None = None) -> Tensor:
        """(B, 4 · width, ⌈H/4⌉, ⌈W/4⌉) → float32 (B, 3, H, W) in −1..1.

        With ``pictures`` (B, 3, H, W) in −1..1, what is drawn is added to them, before the tanh; ``style`` is (B, style).
        """
        given = () if style is None else (style,)
        if style is not None:
            maps = F.relu(self.enter_norm(self.enter(maps), style))
        for doubling, norm, size in zip(self.doublings, self.norms, self.sizes):
            if self.antialias:
                maps = doubling(F.interpolate(maps, size=size, mode="bilinear", align_corners=False))
            else:
                maps = doubling(maps, output_size=size)
            maps = F.relu(norm(maps, *given))
        drawn = self.last(maps).float()
        return torch.tanh(drawn) if pictures is None else changed(pictures, drawn)


class Translator(nn.Module):
    """Encoder and decoder as one network, picture in and picture out: CycleGAN's generator (Zhu et al. 2017).

    Args:
        width: channels at full size (CycleGAN: 64).
        size: (height, width) of the pictures, px.
        blocks: residual blocks (CycleGAN: 6 for 128×128 px, 9 for 256×256).
        residual: draw a change of the picture instead of the whole picture.
    """

    def __init__(self, width: int, size: tuple[int, int], *, blocks: int = 9, residual: bool = False) -> None:
        super().__init__()
        self.encoder, self.decoder, self.residual = Encoder(width, blocks), Decoder(width, size), residual
        normal(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 3, H, W) in −1..1, float32."""
        return self.decoder(self.encoder(pictures), pictures if self.residual else None)


class Projector(nn.Module):
    """Linear, ReLU, linear, length 1: what PatchNCE compares (Park et al. 2020, §3.1).

    Args:
        channels: of the layer looked at.
        dim: of the result.
    """

    def __init__(self, channels: int, dim: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(channels, dim), nn.ReLU(), nn.Linear(dim, dim))
        normal(self)

    def forward(self, patches: Tensor) -> Tensor:
        """(B, S, channels) → float32 (B, S, dim), L2-normalised."""
        return F.normalize(self.layers(patches).float(), dim=-1, eps=1e-7)


def convolution(before: int, after: int, kernel: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size, with reflected borders and without bias."""
    return nn.Conv2d(before, after, kernel, padding=kernel // 2, padding_mode="reflect", bias=False)
