"""Foreground, background and band losses: absolute differences that count where masks say so."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def masked_l1(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    r"""Absolute difference under a weight, divided by the number of all values, not by that of the masked ones.

    .. math:: \frac{1}{BCHW} \sum_{bchw} |a_{bchw} - b_{bchw}|\, w_{bhw}

    Args:
        a, b: (B, C, H, W).
        weight: w, (B, 1, H, W) in 0..1; no gradient flows where it is 0.
    """
    return ((a - b).abs() * weight).mean()


def foreground_loss(generated: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Eq. 7 (``wanted`` = x, ``mask`` = m_in) and Eq. 11 (y, m_out) of Kolbeinsson 2019."""
    return masked_l1(generated, wanted, mask)


def background_loss(generated: Tensor, wanted: Tensor, *masks: Tensor) -> Tensor:
    """Eq. 8 (outside m_in and m_out) and Eq. 12 (outside m_out) of Kolbeinsson 2019: outside every mask given."""
    return masked_l1(generated, wanted, outside(*masks))


def outside(*masks: Tensor) -> Tensor:
    """∏ (1 − m): 1 where no mask covers a pixel, (B, 1, H, W)."""
    weight = 1 - masks[0]
    for mask in masks[1:]:
        weight = weight * (1 - mask)
    return weight


def band(generated: Tensor, other: Tensor) -> Tensor:
    """(1 − m_in) · m_out, the pixels that neither Eq. 7 nor Eq. 8 covers: the target's person stood there."""
    return (1 - generated) * other


@float32
def filled_background(pictures: Tensor, mask: Tensor) -> Tensor:
    """``pictures`` with the masked person replaced by what lies around, (B, C, H, W).

    Pull-push interpolation: means over the unmasked pixels on ever coarser grids; every masked pixel takes the finest
    grid's value that saw a background pixel. A picture that is masked everywhere becomes its own values.

    Args:
        pictures: (B, C, H, W).
        mask: (B, 1, H, W) in 0..1.
    """
    weight = 1 - mask
    levels = [(pictures * weight, weight)]
    for _ in range(math.ceil(math.log2(max(pictures.shape[2:])))):
        levels.append(tuple(F.avg_pool2d(t, 2, ceil_mode=True, count_include_pad=False) for t in levels[-1]))  # type: ignore[arg-type]
    value, seen = levels[-1]
    filled = torch.where(seen > 0, value / seen.clamp(min=1e-12), pictures.mean((2, 3), keepdim=True))
    for value, seen in reversed(levels[:-1]):
        coarse = F.interpolate(filled, size=value.shape[2:], mode="bilinear", align_corners=False)
        filled = value + (1 - seen) * coarse
    return filled


@float32
def softened(mask: Tensor, sigma: float) -> Tensor:
    """A mask blurred by a Gaussian, edges continued, (B, 1, H, W); ``sigma`` in px, 0 leaves it as it is."""
    if sigma <= 0:
        return mask
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, device=mask.device, dtype=mask.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    rows = F.conv2d(F.pad(mask, (0, 0, radius, radius), mode="replicate"), kernel.view(1, 1, -1, 1))
    return F.conv2d(F.pad(rows, (radius, radius, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1)).clamp(0, 1)
