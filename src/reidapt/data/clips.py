"""Clips: which frames of a tracklet go together through a network, in training and in testing, augmented alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reidapt.data.augment import Augment


def chunks(frames: int, length: int) -> np.ndarray:
    """Edges (length + 1,) of `length` equal chunks of `frames` frames: chunk i is edges[i] .. edges[i+1] − 1.

    With fewer frames than chunks some are empty; see `dense_clips` and `random_clip` for what they show instead.
    """
    return np.arange(length + 1) * frames // length


def random_clip(frames: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Restricted random sampling (Li et al. 2018): one random frame of each of `length` equal chunks, (length,) in order.

    A tracklet shorter than the clip shows frames repeatedly, every one of them at least once.
    """
    edges = chunks(frames, length)
    sizes = np.diff(edges)
    return np.minimum(edges[:-1] + (rng.random(length) * sizes).astype(np.int64), frames - 1)


def middle_clip(frames: int, length: int) -> np.ndarray:
    """The middle frame of each of `length` equal chunks, (length,): the clip that stands for a tracklet in testing."""
    edges = chunks(frames, length)
    return np.minimum(edges[:-1] + np.diff(edges) // 2, frames - 1)


def dense_clips(frames: int, length: int) -> np.ndarray:
    """Clips (C, length) that together show all frames: clip j has the j-th frame of each of `length` equal chunks.

    So a test clip is spread over the tracklet as a training clip is. C = ceil(frames / length); where the chunks are not
    equally long, the last frame of a shorter one is shown twice.
    """
    edges = chunks(frames, length)
    within = np.arange(-(-frames // length))[:, None]
    return np.minimum(edges[:-1] + np.minimum(within, np.maximum(np.diff(edges) - 1, 0)), frames - 1)


def spread(frames: int, wanted: int) -> np.ndarray:
    """At most `wanted` frames, one in the middle of each of so many equal chunks; all where there are no more."""
    return np.arange(frames) if frames <= wanted else middle_clip(frames, wanted)


def clip_batches(
    rows: Sequence[np.ndarray], batches: Sequence[np.ndarray], length: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Batches of tracklet numbers → batches of rows, clip after clip: (B,) → (B · length,).

    Args:
        rows: the rows of every tracklet, in the order of time (`Tracklets.rows`).
        batches: tracklet numbers.
        length: T, frames of a clip.
        rng: where the frames are drawn from.
    """
    return [
        np.concatenate([rows[k][random_clip(len(rows[k]), length, rng)] for k in batch.tolist()]) for batch in batches
    ]


@dataclass(frozen=True)
class ClipAugment:
    """An augmentation whose draws are the same for all frames of a clip.

    Attributes:
        augment: what may happen to a picture.
        length: T, frames of a clip; pictures come clip after clip.
    """

    augment: Augment
    length: int

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B · T, 3, H, W) → augmented and normalised float32 (B · T, 3, H, W)."""
        clips, rest = divmod(len(images), self.length)
        assert rest == 0, f"{len(images)} pictures are no clips of {self.length}"
        _, _, height, width = images.shape
        draws = self.augment.draw(clips, height, width, generator)
        return self.augment.apply(images, draws[torch.arange(clips).repeat_interleave(self.length)])


class ClipStore:
    """Clips of a store's pictures, as pictures are of a `CropStore`.

    Args:
        store: the frames; anything with `images(rows)`.
        clips: int (C, T), the rows of every clip.
    """

    def __init__(self, store: Any, clips: np.ndarray) -> None:
        self.store, self.clips = store, torch.as_tensor(clips, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.clips)

    def images(self, indices: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """uint8 (B, T, 3, H, W); (B, 3, H, W) for clips of one frame."""
        rows = self.clips[torch.as_tensor(indices, dtype=torch.int64)]
        frames = self.store.images(rows.reshape(-1))
        return frames if rows.shape[1] == 1 else frames.view(*rows.shape, *frames.shape[1:])
