"""Lofting: closed tubes of cloth around a body, from the convex outline of the body's slices."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree


def outline(points: np.ndarray, directions: int) -> np.ndarray:
    """Radius of the convex hull of 2-D `points` (N, 2) seen from the origin, along `directions` equal angles.

    Angle 0 is −y (the front of a person), growing towards +x (the person's left). The hull is taken from its support
    function, so the result is smooth and never cuts into the points; NaN where there are no points.
    """
    if len(points) == 0:
        return np.full(directions, np.nan)
    angle = np.arange(directions) * (2 * np.pi / directions)
    unit = np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    support = np.maximum((points @ unit.T).max(axis=0), 1e-3)
    cosine = np.cos(angle[:, None] - angle[None, :])
    radius = np.where(cosine > 0.2, support[:, None] / np.maximum(cosine, 0.2), np.inf)
    return radius.min(axis=0)


def smooth_rows(values: np.ndarray, passes: int = 1) -> np.ndarray:
    """Binomial smoothing down the rows of a (rows, columns) array, ends kept."""
    for _ in range(passes):
        inner = 0.25 * values[:-2] + 0.5 * values[1:-1] + 0.25 * values[2:]
        values = np.concatenate([values[:1], inner, values[-1:]])
    return values


def smooth_around(values: np.ndarray, passes: int = 1) -> np.ndarray:
    """Binomial smoothing around the columns of a (rows, columns) array."""
    for _ in range(passes):
        values = 0.25 * np.roll(values, 1, axis=1) + 0.5 * values + 0.25 * np.roll(values, -1, axis=1)
    return values


def slices(points: np.ndarray, heights: np.ndarray, centres: np.ndarray, directions: int, window: float) -> np.ndarray:
    """Outlines (rows, directions) of `points` (N, 3) around `centres` (rows, 2) within ±`window` of every height.

    Rows without points take the nearest row that has some.
    """
    rows = np.stack(
        [
            outline(points[np.abs(points[:, 2] - z) < window][:, :2] - centre, directions)
            for z, centre in zip(heights, centres)
        ]
    )
    good = np.flatnonzero(~np.isnan(rows[:, 0]))
    if len(good) == 0:
        return np.full_like(rows, 0.05)
    nearest = good[np.abs(np.arange(len(rows))[:, None] - good[None, :]).argmin(axis=1)]
    return rows[nearest]


def ring_points(radius: np.ndarray, heights: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Vertices (rows * directions, 3) of horizontal rings."""
    rows, directions = radius.shape
    angle = np.arange(directions) * (2 * np.pi / directions)
    x = centres[:, :1] + radius * np.sin(angle)
    y = centres[:, 1:] - radius * np.cos(angle)
    return np.stack([x, y, np.broadcast_to(np.asarray(heights)[:, None], (rows, directions))], -1).reshape(-1, 3)


def cloth_uv(radius: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Cloth coordinates (rows * directions, 2): u = metres from the front centre (±), v = `down` from the top."""
    rows, directions = radius.shape
    angle = np.arange(directions) * (2 * np.pi / directions)
    signed = np.where(angle > np.pi, angle - 2 * np.pi, angle)
    u = signed[None, :] * radius.mean(axis=1, keepdims=True)
    return np.stack([u, np.broadcast_to(np.asarray(down)[:, None], (rows, directions))], -1).reshape(-1, 2)


def drape(radius: np.ndarray, follow: float) -> np.ndarray:
    """Let cloth hang: going down the rows, a ring is at least `follow` (0..1) times the ring above it."""
    result = radius.copy()
    for row in range(1, len(result)):
        result[row] = np.maximum(result[row], follow * result[row - 1])
    return result


def nearest_weights(points: np.ndarray, body: np.ndarray, weights: np.ndarray, neighbours: int = 6) -> np.ndarray:
    """Skinning weights (N, J) of `points`: the mean over their nearest vertices of `body`."""
    distance, index = cKDTree(body).query(points, k=neighbours)
    near = 1.0 / (distance + 0.01)
    near /= near.sum(axis=1, keepdims=True)
    return (weights[index] * near[:, :, None]).sum(axis=1)


def tube(points: np.ndarray, path: np.ndarray, sections: int, directions: int, window: float) -> tuple[np.ndarray, ...]:
    """Outlines of `points` around a bent axis `path` (K, 3).

    Returns (radius (sections, directions), centres (sections, 3), frame (sections, 2, 3), length (sections,)), where
    the two frame vectors span the plane across the axis.
    """
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    knots = np.concatenate([[0.0], np.cumsum(step)])
    length = np.linspace(0.0, knots[-1], sections)
    centres = np.stack([np.interp(length, knots, path[:, k]) for k in range(3)], axis=1)
    tangent = np.gradient(centres, axis=0)
    for _ in range(2):
        tangent[1:-1] = (tangent[:-2] + 2 * tangent[1:-1] + tangent[2:]) / 4
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    front = np.array([0.0, -1.0, 0.0])
    second = front - tangent * (tangent @ front)[:, None]
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    first = np.cross(second, tangent)
    frame = np.stack([first, second], axis=1)
    rows = []
    for centre, axis, plane in zip(centres, tangent, frame):
        local = points - centre
        near = np.abs(local @ axis) < window
        flat = local[near] @ plane.T
        flat = flat[np.linalg.norm(flat, axis=1) < 0.16]
        rows.append(outline(np.stack([flat[:, 0], -flat[:, 1]], axis=1), directions))
    radius = np.stack(rows)
    good = np.flatnonzero(~np.isnan(radius[:, 0]))
    if len(good) == 0:
        return np.full_like(radius, 0.04), centres, frame, length
    nearest = good[np.abs(np.arange(sections)[:, None] - good[None, :]).argmin(axis=1)]
    return radius[nearest], centres, frame, length


def tube_points(radius: np.ndarray, centres: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Vertices (sections * directions, 3) of a tube from `tube`."""
    directions = radius.shape[1]
    angle = np.arange(directions) * (2 * np.pi / directions)
    around = np.sin(angle)[None, :, None] * frame[:, None, 0] + np.cos(angle)[None, :, None] * frame[:, None, 1]
    return (centres[:, None] + radius[:, :, None] * around).reshape(-1, 3)


def unit(vector: np.ndarray) -> np.ndarray:
    """`vector` / its length."""
    return vector / np.linalg.norm(vector)
