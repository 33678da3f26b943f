"""Embed tracklets: all frames or some, clip by clip, with a fixed number of frames in a forward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reidapt.data.clips import ClipStore, dense_clips, spread
from reidapt.data.store import CropStore
from reidapt.data.table import CropTable
from reidapt.data.tracklets import Tracklets
from reidapt.errors import ConfigError
from reidapt.evaluation.embedding import embed
from reidapt.evaluation.protocols.video import pool_tracklets


def embed_tracklets(
    model: Any,
    table: CropTable,
    size: tuple[int, int],
    *,
    frames: int = 0,
    length: int = 1,
    budget: int = 256,
    flip: bool = False,
    strips: int = 0,
    device: torch.device | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[CropTable, Tensor]:
    """One row and one unit vector a tracklet: the mean of the unit vectors of its clips, normalised.

    No more than `budget` frames are decoded or embedded at a time, however long the tracklets are.

    Args:
        model: as of `embed`; it is given (B, T, 3, H, W), or (B, 3, H, W) where `length` is 1.
        table: a row a frame.
        size: (H, W) of a frame, px.
        frames: frames of every tracklet that are looked at, evenly spread; 0 = all.
        length: T, frames of a clip.
        budget: frames in one forward pass.
        flip, strips, device: as of `embed`.
        progress: called with (clips done, clips in all).

    Raises:
        ConfigError: a budget smaller than one clip.
        DataError: tracklets without an order, or a frame that cannot be read.
    """
    if budget < length:
        raise ConfigError(f"A forward pass of {budget} frames has no room for a clip of {length}; allow more frames.")
    tracklets = Tracklets.of(table, ordered=length > 1 or frames > 0)
    clips, of = tracklet_clips(tracklets, frames, length)
    store = ClipStore(CropStore(table, size, cache_bytes=0), clips)
    features = embed(model, store, budget // length, flip, strips, device, progress)
    return pool_tracklets(table.take(tracklets.first[of]), features)


def tracklet_clips(tracklets: Tracklets, frames: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (C, T) of the clips that show `frames` frames of every tracklet (0: all), and each clip's tracklet (C,)."""
    clips, of = [], []
    for k, rows in enumerate(tracklets.rows):
        chosen = rows[spread(len(rows), frames)] if frames else rows
        mine = chosen[dense_clips(len(chosen), length)]
        clips.append(mine)
        of.append(np.full(len(mine), k))
    return np.concatenate(clips), np.concatenate(of)
