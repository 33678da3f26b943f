"""Which primitives a ray can meet: candidate lists per tile of the frame and per cell of the plane across the sun.

Every list is conservative, so that a picture drawn with them equals one drawn by testing every primitive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TILE = (12, 20)
"""Height and width of a tile in frame pixels."""
NEAR = 0.05
"""Metres before the camera at which edges are cut."""
CONTACT = 1.5
"""Metres around a thing within which it darkens the floor."""
SUN_CELLS = 160
EDGES = np.array([(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit])
"""The twelve edges of a box between its corners 0..7; bit k of a corner's number is its side along axis k."""


@dataclass(frozen=True)
class Lists:
    """Lists of primitive numbers, one after the other: list k is `items[starts[k] : starts[k + 1]]`."""

    starts: np.ndarray  # (K + 1,) int32
    items: np.ndarray  # (N,) int32


def corners(prims: np.ndarray, grow: float = 0.0) -> np.ndarray:
    """(P, 8, 3) corners of the primitives' boxes in metres, `grow` metres wider on every side of the floor plan."""
    signs = np.array([[(k >> axis & 1) * 2 - 1 for axis in range(3)] for k in range(8)], float)
    local = signs * (prims[:, None, 4:7] + np.array([grow, grow, 0.0]))
    local[..., 2] += prims[:, None, 19] * local[..., 1] + prims[:, None, 20] * local[..., 0]
    c, s = prims[:, None, 7], prims[:, None, 8]
    x, y = c * local[..., 0] - s * local[..., 1], s * local[..., 0] + c * local[..., 1]
    return np.stack([x, y, local[..., 2]], axis=-1) + prims[:, None, 1:4]


def rectangles(
    points: np.ndarray, rotation: np.ndarray, position: np.ndarray, focal: float, centre: np.ndarray
) -> np.ndarray:
    """(P, 4) left, top, right, bottom in frame pixels around boxes with corners `points` (P, 8, 3).

    Edges are cut at the near plane; a box behind it has left > right.
    """
    local = (points - position) @ rotation.T
    ends = local[:, EDGES]  # (P, 12, 2, 3)
    first, last = ends[:, :, 0], ends[:, :, 1]
    rise = last[..., 2] - first[..., 2]
    share = (NEAR - first[..., 2]) / np.where(np.abs(rise) < 1e-12, 1e-12, rise)
    cut = first + share[..., None] * (last - first)
    crosses = (first[..., 2] < NEAR) != (last[..., 2] < NEAR)
    seen = np.concatenate([local, cut], axis=1)
    valid = np.concatenate([local[..., 2] >= NEAR, crosses], axis=1)
    flat = centre + focal * seen[..., :2] / np.maximum(seen[..., 2:], NEAR)
    low = np.where(valid[..., None], flat, np.inf).min(axis=1)
    high = np.where(valid[..., None], flat, -np.inf).max(axis=1)
    return np.concatenate([low, high], axis=1)


def lists_of(
    boxes: np.ndarray, origin: np.ndarray, cell: np.ndarray, shape: tuple[int, int], order: np.ndarray
) -> Lists:
    """Lists of a grid of `shape` (rows, columns), numbered row by row, of the rectangles (P, 4) that touch each cell.

    `origin` and `cell` are the grid's left top corner and its cells' width and height; `order` is the order in a list.
    """
    boxes = boxes[order]
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    left, top = (boxes[:, 0] - origin[0]) / cell[0] - 0.01, (boxes[:, 1] - origin[1]) / cell[1] - 0.01
    right, bottom = (boxes[:, 2] - origin[0]) / cell[0] + 0.01, (boxes[:, 3] - origin[1]) / cell[1] + 0.01
    across = (columns + 1 >= left[:, None]) & (columns <= right[:, None])
    down = (rows + 1 >= top[:, None]) & (rows <= bottom[:, None])
    meets = down.T[:, None, :] & across.T[None, :, :]  # (rows, columns, P)
    counts = meets.sum(axis=2).reshape(-1)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    items = order[np.nonzero(meets)[2]].astype(np.int32)
    return Lists(starts, items if len(items) else np.zeros(1, np.int32))


def tile_lists(
    prims: np.ndarray, rotation: np.ndarray, position: np.ndarray, focal: float, frame: tuple[int, int], wobble: float
) -> tuple[Lists, Lists, Lists]:
    """Per tile: what a ray through it can meet, what can darken its floor, what a polished floor can mirror in it.

    `wobble` is the largest turn of a mirrored ray in radians.
    """
    shape = (-(-frame[0] // TILE[0]), -(-frame[1] // TILE[1]))
    centre = np.array([frame[1] / 2, frame[0] / 2])
    box, low = corners(prims), corners(prims, CONTACT)
    low[..., 2] = 0.0
    upside = box * np.array([1.0, 1.0, -1.0])
    away = np.linalg.norm(prims[:, 1:4] - position, axis=1) - np.linalg.norm(box - prims[:, None, 1:4], axis=2).max(1)
    order = np.argsort(away, kind="stable")
    cell = np.array([TILE[1], TILE[0]], float)
    result = []
    for points, spread in ((box, 1.0), (low, 1.0), (upside, 2.0 + 0.6 * wobble * focal)):
        rect = rectangles(points, rotation, position, focal, centre) + spread * np.array([-1.0, -1.0, 1.0, 1.0])
        result.append(lists_of(rect, np.zeros(2), cell, shape, order))
    return result[0], result[1], result[2]


def across_sun(sun: np.ndarray) -> np.ndarray:
    """(2, 3) two unit vectors that span the plane across the direction `sun`."""
    side = np.cross(sun, [0.0, 0.0, 1.0] if abs(sun[2]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(sun, side)])


def sun_lists(prims: np.ndarray, sun: np.ndarray) -> tuple[Lists, np.ndarray]:
    """Per cell of the plane across the sun: what can stand between a point and the sun; and the grid's row.

    The row (10,) holds the plane's two vectors, the grid's left top corner and a cell's width and height, in metres.
    """
    plane = across_sun(sun)
    flat = corners(prims) @ plane.T  # (P, 8, 2)
    casts = prims[:, 18] < 0.01
    low, high = flat.min(axis=1), flat.max(axis=1)
    boxes = np.concatenate([np.where(casts[:, None], low, np.inf), np.where(casts[:, None], high, -np.inf)], axis=1)
    first = np.clip(low[casts].min(axis=0, initial=0.0), -60.0, 0.0)
    last = np.clip(high[casts].max(axis=0, initial=0.0), 1.0, 60.0)
    cell = (last - first) / SUN_CELLS
    lists = lists_of(boxes, first, cell, (SUN_CELLS, SUN_CELLS), np.arange(len(prims)))
    return lists, np.concatenate([plane.reshape(-1), first, cell])
