"""Labels drawn over pictures: masks, body parts, joints and depth, as (H, W, 3) uint8."""

from __future__ import annotations

import colorsys

import numpy as np

LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def toned(linear: np.ndarray) -> np.ndarray:
    """Display bytes of linear light, as a neutral camera would show it."""
    y = np.maximum(linear, 0.0)
    y = y * (1.0 + y / 6.0) / (1.0 + y * 0.55)
    return (np.clip(y ** (1 / 2.2), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def tint_mask(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture, what the mask (H, W) uint8 does not cover turned blue."""
    share = 0.75 * (1.0 - mask[..., None] / 255.0)
    return (rgb * (1 - share) + np.array([20, 60, 200]) * share + 0.5).astype(np.uint8)


def part_colours(count: int) -> np.ndarray:
    """(count, 3) uint8 colours that differ; the first is black."""
    hues = [colorsys.hsv_to_rgb((k * 0.618) % 1.0, 0.75, 1.0 - 0.25 * (k % 2)) for k in range(count - 1)]
    return (np.array([(0.0, 0.0, 0.0), *hues]) * 255).astype(np.uint8)


def paint_parts(rgb: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """The picture with a colour for every body part (H, W) uint8, 0 where nobody is."""
    colours = part_colours(256)[parts]
    share = np.where(parts > 0, 0.65, 0.0)[..., None]
    return (rgb * (1 - share) + colours * share + 0.5).astype(np.uint8)


def grey_depth(depth: np.ndarray) -> np.ndarray:
    """Depth (H, W) uint16 in millimetres as grey: the nearest white, 0 and what is far black."""
    known = depth > 0
    if not known.any():
        return np.zeros((*depth.shape, 3), np.uint8)
    near, far = np.percentile(depth[known], [1, 95]).astype(float)
    grey = np.where(known, 255 - 215 * np.clip((depth - near) / max(far - near, 1.0), 0, 1), 0)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def draw_joints(rgb: np.ndarray, joints: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The picture with joints (J, 2) in pixels: green where seen (2), orange where hidden (1)."""
    from PIL import Image, ImageDraw

    from reidapt.world.posing import JOINTS

    picture = Image.fromarray(rgb).resize((rgb.shape[1] * 3, rgb.shape[0] * 3), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(picture)
    where = {name: tuple(3.0 * joints[k]) for k, name in enumerate(JOINTS)}
    for side in ("left", "right"):
        for chain in (LIMBS[:3], LIMBS[3:]):
            line = [where[f"{side}_{name}"] for name in chain if f"{side}_{name}" in where]
            draw.line(line, fill=(240, 240, 80), width=2)
    for place, state in zip(where.values(), seen):
        if state:
            x, y = place
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=(60, 220, 90) if state == 2 else (250, 140, 30))
    return np.asarray(picture)
