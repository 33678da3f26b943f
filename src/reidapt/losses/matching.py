"""Feature matching in a discriminator: two sets of pictures should look alike to its layers (Defonte, §2.1).

Perceptual losses compare features of a fixed network (Johnson et al. 2016); here the network is the discriminator itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from reidapt.losses.precision import float32

Matching = Literal["features", "gram"]


def feature_matching(first: Sequence[Tensor], second: Sequence[Tensor], kind: Matching = "features") -> Tensor:
    r"""Mean over the layers of the mean squared difference.

    .. math:: \frac1L \sum_l \mathrm{MSE}(f_l, g_l) \quad\text{or}\quad \frac1L \sum_l \mathrm{MSE}(\mathrm{Gram}(f_l), \mathrm{Gram}(g_l))

    Args:
        first, second: maps of L layers, (B, C, h, w) each; picture b of one is compared with picture b of the other.
        kind: ``features`` compares place by place, ``gram`` the correlations of channels, wherever they occur.
    """
    compare = squared_difference if kind == "features" else gram_difference
    return torch.stack([compare(f, g) for f, g in zip(first, second, strict=True)]).mean()


@float32
def squared_difference(first: Tensor, second: Tensor) -> Tensor:
    """Mean squared difference of two tensors of one shape."""
    return (first - second).square().mean()


@float32
def gram_difference(first: Tensor, second: Tensor) -> Tensor:
    """Mean squared difference of the Gram matrices of maps (B, C, h, w)."""
    return (gram(first) - gram(second)).square().mean()


def gram(maps: Tensor) -> Tensor:
    r"""(B, C, C): :math:`\frac{1}{Chw} \sum_{ij} f_{cij} f_{dij}` (Johnson et al. 2016, Eq. 3)."""
    rows = maps.flatten(2)
    return torch.bmm(rows, rows.transpose(1, 2)) / rows[0].numel()
