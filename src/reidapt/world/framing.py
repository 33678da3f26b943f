"""What is cut out of a camera's frame: the detector's box, its motion in pixels, and its resolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reidapt.world.crops import Crop
from reidapt.world.places import clipped

MOST_OVERHANG = 4
"""Crop heights (above, below) and widths (left, right) beyond a crop that are searched for what the frame cut off."""


def crop_box(bounds: np.ndarray, noise: np.ndarray, jitter: float, kind: str) -> np.ndarray:
    """Left, top, width and height in frame pixels of the crop around a person's `bounds` (left, top, right, bottom)."""
    left, top, right, bottom = bounds
    tall = max(bottom - top, 8.0)
    n = np.clip(noise, -2.0, 2.0) * jitter
    y0, y1 = top - tall * (0.035 + 0.6 * n[0]), bottom + tall * (0.025 + 0.6 * n[1])
    wide = np.clip((right - left) * 1.10 / (y1 - y0), 0.43, 0.54) * (1.0 + 0.5 * n[3]) * (y1 - y0)
    centre = 0.5 * (left + right) + 0.35 * n[2] * tall
    if kind == "partial":  # a detector's mistake: half a person
        y0, y1 = top + tall * (0.35 + 0.3 * abs(noise[0]) % 0.3), bottom + 0.25 * tall
        centre += np.sign(noise[2] + 1e-9) * 0.28 * tall
    return np.array([centre - wide / 2, y0, wide, y1 - y0])


def cut_boxes(crops: Sequence[Crop], bounds: np.ndarray, jitter: float) -> np.ndarray:
    """(C, 4) left, top, width and height of the crops' boxes, within the frame."""
    boxes = np.stack([crop_box(b, crop.box_noise, jitter, crop.box_kind) for b, crop in zip(bounds, crops)])
    ends = clipped(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1))
    return np.concatenate([ends[:, :2], ends[:, 2:] - ends[:, :2]], axis=1)


def sensor_rows(crops: Sequence[Crop], scale: np.ndarray) -> np.ndarray:
    """(C, SENSOR_COLUMNS) sensor table; `scale` (C, 2) is output pixels per frame pixel."""
    rows = np.stack([crop.sensor for crop in crops])
    for row, crop, across in zip(rows, crops, scale):
        if crop.motion != (0.0, 0.0):
            chest = np.append(crop.feet.mean(axis=0), 1.1)
            ends = crop.camera.project(np.stack([chest, chest + np.array([*crop.motion, 0.0])]))
            row[14:16] = (ends[1, :2] - ends[0, :2]) * across
    return rows


def source_heights(crops: Sequence[Crop], height: int) -> np.ndarray:
    """(C,) pixels that each crop had in height before it was resized to `height`."""
    given = np.array([crop.source_height for crop in crops])
    return np.where(given <= 0.0, height, np.where(given <= 1.0, np.round(given * height), np.round(given))).astype(int)


def lowered(picture: np.ndarray, source_height: int) -> np.ndarray:
    """`picture` (H, W, 3) as it looks when it had only `source_height` pixels in height and was enlarged."""
    height, width = picture.shape[:2]
    if source_height >= height:
        return picture
    from PIL import Image

    small = (max(1, round(width * source_height / height)), max(1, int(source_height)))
    shrunk = Image.fromarray(picture).resize(small, Image.Resampling.BOX)
    return np.asarray(shrunk.resize((width, height), Image.Resampling.BICUBIC))


def overhang(bounds: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Pixels by which people reach beyond their crops, left, top, right and bottom: the most of a batch.

    `bounds` (S, 4) are the people's first and last column and row in the frame, `boxes` (S, 4) the crops' corner, width
    and height there, `size` the crops' height and width in pixels. At most `MOST_OVERHANG` crops are counted.
    """
    tall, wide = size
    scale = np.array([wide, tall]) / boxes[:, 2:]
    before = (boxes[:, :2] - bounds[:, :2]) * scale
    after = (bounds[:, 2:] - boxes[:, :2] - boxes[:, 2:]) * scale
    most = np.concatenate([before, after], axis=1).max(axis=0)
    limits = MOST_OVERHANG * np.array([wide, tall, wide, tall])
    left, top, right, bottom = (int(v) for v in np.clip(np.ceil(most) + 1, 0, limits))
    return left, top, right, bottom
