"""Which places of a map are compared, and what stands there."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

OUTSIDE = 0.05
"""Weight of a place outside the person's mask, against 1 inside, when patches are drawn by the mask (our choice)."""


def drawn_places(size: torch.Size, count: int, masks: Tensor | None) -> Tensor:
    """Places in a map of this (height, width), numbered row by row, without repetition.

    Args:
        count: how many at most.
        masks: float32 (B, 1, H, W) in 0..1; places are drawn for every picture, mostly inside. None draws evenly.

    Returns:
        int64 (S,) for all pictures, or (B, S).
    """
    height, width = size
    count = min(count, height * width)
    if masks is None:
        return torch.randperm(height * width)[:count]
    inside = F.interpolate(masks.cpu(), size=(height, width), mode="area").flatten(1)
    return torch.multinomial(inside + OUTSIDE, count)


def patches_at(maps: Tensor, places: Tensor) -> Tensor:
    """The columns of maps (B, C, h, w) at places (S,) or (B, S): (B, S, C)."""
    rows = maps.permute(0, 2, 3, 1).flatten(1, 2)
    places = places.to(maps.device)
    if places.ndim == 1:
        return rows.index_select(1, places)
    return rows.gather(1, places[:, :, None].expand(-1, -1, rows.shape[2]))
