"""Augmentation of uint8 batches: flip, pad-crop, colour, channels and erasing, drawn per picture, applied to all at once.

What is drawn (`Augment.draw`) and what is done with it (`Augment.apply`) are apart: masks can follow their pictures
(`Augment.move`), and all frames of a clip can share one draw.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from torch import Tensor

from reidapt.errors import ConfigError, DataError

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's red, green and blue in 0..1, as timm's backbones expect."""

GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luma (ITU-R BT.601)."""

TRIES = 10
"""Attempts at an erasing rectangle that fits before a picture is left whole, as in torchvision."""

UNIFORMS = 9 + 2 * TRIES
"""Uniform numbers per picture; always all of them, so that switching one part off leaves the others as they were."""

D = TypeVar("D", bound="Draws")


@dataclass(frozen=True)
class Draws:
    """One augmentation per picture; every field has B entries, on the CPU.

    Attributes:
        flip: bool, mirror left-right.
        top, left: int64 in 0..2·pad, where the crop starts in the padded picture, in pixels.
        brightness, contrast, saturation: float32 factors around 1.
        erase: int64 (B, 4), the erased rectangle's top, left, height, width in pixels; height 0 erases nothing.
        channel: int64, what all three channels become: 0, 1, 2 = red, green, blue, 3 = luma, −1 = themselves.
    """

    flip: Tensor
    top: Tensor
    left: Tensor
    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    erase: Tensor
    channel: Tensor

    def __getitem__(self: D, pictures: Tensor | slice) -> D:
        """The draws of some pictures, possibly repeated (one draw for all frames of a clip)."""
        return type(self)(*(getattr(self, field.name)[pictures] for field in fields(self)))


def normalise(images: Tensor, mean: tuple[float, float, float] = MEAN, std: tuple[float, float, float] = STD) -> Tensor:
    """uint8 (B, 3, H, W) in 0..255 → float32 (x/255 − mean) / std, on the pictures' device."""
    return _normalise(_pictures(images), mean, std)


def single_channel(images: Tensor, weights: tuple[float, float, float] = GREY) -> Tensor:
    """Normalised pictures (..., 3, H, W) whose three channels all show one weighted sum: luma, or with (1, 0, 0) red."""
    std, mean = (torch.tensor(value, device=images.device).view(3, 1, 1) for value in (STD, MEAN))
    share = torch.tensor(weights, device=images.device).view(3, 1, 1)
    return (((images * std + mean) * share).sum(-3, keepdim=True) - mean) / std


def _normalise(values: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Pictures in 0..255, uint8 or float32 → normalised float32."""
    scale = torch.tensor([1 / (255 * s) for s in std], device=values.device).view(3, 1, 1)
    shift = torch.tensor([-m / s for m, s in zip(mean, std)], device=values.device).view(3, 1, 1)
    if values.device.type != "cpu":
        return (values * scale).add_(shift)
    result = torch.empty(values.shape, dtype=torch.float32)
    for place, picture in zip(result, values):  # one at a time stays in the processor's cache
        place.copy_(picture).mul_(scale).add_(shift)
    return result


def _pictures(images: Tensor) -> Tensor:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3:
        raise DataError(
            f"pictures must be uint8 (B, 3, H, W) in 0..255, but these are {images.dtype} {tuple(images.shape)}."
        )
    return images


@dataclass(frozen=True)
class Augment:
    """What may happen to a picture in training, in this order; see `off()` for none of it.

    Attributes:
        flip: probability of mirroring left-right.
        pad: pixels of black added on all sides before a crop of the original size is taken; 0 turns it off.
        brightness, contrast, saturation: each factor is drawn from 1 ± this; 0 turns it off. Contrast works around the
            picture's mean luma, brightness is next, saturation last; then values are limited to 0..255.
        grey: probability of turning a picture into its luma.
        exchange: probability that one channel, drawn at random, takes the place of all three (Ye et al. 2021, "Channel
            Augmented Joint Learning"); `grey` is drawn from the others. Pictures of equal channels stay as they are.
        erase: probability of erasing a rectangle (Zhong et al. 2020), filled with the channel means, that is, with 0.
        erase_area: smallest and largest share of the picture's area that is erased.
        erase_aspect: smallest height / width of the rectangle; the largest is its inverse; log-uniform between.
        mean, std: channel statistics in 0..1.
    """

    flip: float = 0.5
    pad: int = 10
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    grey: float = 0.0
    exchange: float = 0.0
    erase: float = 0.5
    erase_area: tuple[float, float] = (0.02, 0.4)
    erase_aspect: float = 0.3
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD

    def __post_init__(self) -> None:
        for name in ("flip", "erase", "grey", "exchange"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"augmentation: {name} = {getattr(self, name)} is no probability; expected 0..1.")
        for name in ("brightness", "contrast", "saturation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"augmentation: {name} = {getattr(self, name)} is out of range; expected 0..1.")
        if self.pad < 0:
            raise ConfigError(f"augmentation: pad = {self.pad} is negative; expected pixels, 0 or more.")
        low, high = self.erase_area
        if not (0 < low <= high <= 1 and 0 < self.erase_aspect <= 1):
            raise ConfigError(
                f"augmentation: erase_area = {self.erase_area} and erase_aspect = {self.erase_aspect} are no shares; "
                "expected 0 < smallest ≤ largest ≤ 1 and 0 < aspect ≤ 1."
            )

    def off(self) -> Augment:
        """The same statistics with every random part turned off."""
        colours: dict[str, float] = dict.fromkeys(("brightness", "contrast", "saturation", "grey", "exchange"), 0.0)
        return replace(self, flip=0.0, pad=0, erase=0.0, **colours)  # type: ignore[arg-type]

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, 3, H, W) → augmented and normalised float32 (B, 3, H, W) on the same device.

        A picture's augmentation depends on the generator and on its place in the batch alone: neither on the other
        pictures nor on how many follow it.
        """
        _, _, height, width = _pictures(images).shape
        return self.apply(images, self.draw(len(images), height, width, generator))

    def draw(self, pictures: int, height: int, width: int, generator: torch.Generator) -> Draws:
        """Draws for B pictures of this size in pixels, from a CPU generator."""
        u = torch.rand(pictures, UNIFORMS, generator=generator, dtype=torch.float64)
        brightness, contrast, saturation = (
            (1 + strength * (2 * u[:, column] - 1)).float()
            for column, strength in ((3, self.brightness), (4, self.contrast), (5, self.saturation))
        )
        top, left = _whole(u[:, 1], 2 * self.pad + 1), _whole(u[:, 2], 2 * self.pad + 1)
        erase = self._rectangles(u[:, 6:], height, width)
        channel = self._channels(u[:, :3] * 2**24 % 1)  # low bits, which nothing else looks at
        return Draws(u[:, 0] < self.flip, top, left, brightness, contrast, saturation, erase, channel)

    def _channels(self, u: Tensor) -> Tensor:
        """`Draws.channel` from uniform numbers (B, 3)."""
        channel = torch.where(u[:, 0] < self.exchange, _whole(u[:, 1], 3), -1)
        return torch.where((channel < 0) & (u[:, 2] < self.grey), 3, channel)

    def _rectangles(self, u: Tensor, height: int, width: int) -> Tensor:
        low, high = self.erase_area
        area = (low + (high - low) * u[:, 3 : 3 + TRIES]) * height * width
        aspect = self.erase_aspect ** (1 - 2 * u[:, 3 + TRIES :])
        tall = (area * aspect).sqrt().round().long()
        wide = (area / aspect).sqrt().round().long()
        fits = (tall < height) & (wide < width) & (tall > 0) & (wide > 0)
        first = fits.to(torch.uint8).argmax(dim=1, keepdim=True)
        done = fits.any(dim=1) & (u[:, 0] < self.erase)
        tall = tall.gather(1, first)[:, 0] * done
        wide = wide.gather(1, first)[:, 0] * done
        return torch.stack([_whole(u[:, 1], height - tall + 1), _whole(u[:, 2], width - wide + 1), tall, wide], dim=1)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        """uint8 (B, 3, H, W) augmented as drawn → normalised float32 (B, 3, H, W)."""
        values = _normalise(self._recolour(self.move(_pictures(images), draws), draws), self.mean, self.std)
        for picture, (top, left, tall, wide) in zip(values, draws.erase.tolist() if self.erase > 0 else ()):
            if tall > 0:
                picture[:, top : top + tall, left : left + wide] = 0
        return values

    def move(self, images: Tensor, draws: Draws) -> Tensor:
        """Only flip and pad-crop: uint8 (B, C, H, W) → uint8 (B, C, H, W); for masks that follow their pictures."""
        if self.flip == 0 and self.pad == 0:
            return images
        height, width = images.shape[2:]
        moved = torch.zeros_like(images) if self.pad > 0 else torch.empty_like(images)
        for picture, place, flip, top, left in zip(
            images, moved, draws.flip.tolist(), draws.top.tolist(), draws.left.tolist()
        ):
            if flip and self.flip > 0:
                picture = picture.flip(2)
            down, right = (top - self.pad, left - self.pad) if self.pad > 0 else (0, 0)
            rows, columns = (slice(max(0, d), min(n, n + d)) for d, n in ((down, height), (right, width)))
            to_rows, to_columns = (slice(max(0, -d), min(n, n - d)) for d, n in ((down, height), (right, width)))
            place[:, to_rows, to_columns] = picture[:, rows, columns]
        return moved

    def _recolour(self, images: Tensor, draws: Draws) -> Tensor:
        """Colours as drawn, in 0..255; only elementwise arithmetic and exact sums, so that threads change no bit."""
        if self.contrast == self.brightness == self.saturation == self.grey == self.exchange == 0:
            return images
        values = images.to(torch.float32)
        if self.contrast > 0 or self.brightness > 0:
            contrast, brightness = _each(draws.contrast, values), _each(draws.brightness, values)
            sums = values.sum(dim=3).double().sum(dim=2)  # whole numbers: exact in any order
            middle = _luma((sums / images[0, 0].numel()).float()[:, :, None, None])
            values.mul_(contrast * brightness).add_(middle * (1 - contrast) * brightness)
        if self.saturation > 0:
            torch.lerp(_luma(values), values, _each(draws.saturation, values), out=values)
        values = values.clamp_(0, 255)
        if self.grey > 0 or self.exchange > 0:
            sources = torch.cat([values, _luma(values)], dim=1)
            channel = draws.channel.to(values.device)
            rows = channel.clamp(min=0)[:, None].expand(-1, 3)
            own = torch.arange(3, device=values.device).expand_as(rows)
            picked = torch.where(channel[:, None] < 0, own, rows)
            values = sources.gather(1, picked[:, :, None, None].expand(-1, -1, *values.shape[2:]))
        return values


def _whole(uniform: Tensor, bound: Tensor | int) -> Tensor:
    """Uniform numbers in 0..1 → whole numbers in 0..bound−1."""
    return (uniform * bound).floor().long()


def _each(factor: Tensor, values: Tensor) -> Tensor:
    return factor.to(values.device).view(-1, 1, 1, 1)


def _luma(values: Tensor) -> Tensor:
    """(B, 3, H, W) → (B, 1, H, W)."""
    red, green, blue = GREY
    return (values[:, 0:1] * red).add_(values[:, 1:2], alpha=green).add_(values[:, 2:3], alpha=blue)
