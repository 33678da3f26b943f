"""Lofting: closed tubes of cloth around a body, from the convex outline of the body's slices.

A ring has `directions` columns at equal angles from −π: column 0 is at the back (+y), the middle one at the front (−y),
growing towards +x, the person's left. A finished sheet repeats column 0 at its end, so that cloth coordinates have a
seam at the back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from reidapt.world.mesh import Piece, grid_triangles


def angles(directions: int) -> np.ndarray:
    """(directions,) radians from −π."""
    return np.arange(directions) * (2 * np.pi / directions) - np.pi


@cache
def hull_window(directions: int) -> tuple[np.ndarray, np.ndarray]:
    """(K, D) columns near each of D directions, and 1 / cosine (K, 1) of the angle to them; farther ones never bound it."""
    wide = int(directions * 68 / 360)
    offset = np.arange(-wide, wide + 1)
    near = (np.arange(directions)[None, :] + offset[:, None]) % directions
    return near, 1.0 / np.cos(offset * (2 * np.pi / directions))[:, None]


def hull_radius(support: np.ndarray) -> np.ndarray:
    """Radius (R, D) of convex hulls, seen from inside, from their support function (R, D) along `angles(D)`."""
    near, stretch = hull_window(support.shape[1])
    return (np.maximum(support, 1e-3)[:, near] * stretch).min(axis=1)


def fill_rows(rows: np.ndarray, good: np.ndarray, default: float) -> np.ndarray:
    """`rows` (R, D) with those that are not `good` (R,) replaced by the nearest good one."""
    known = np.flatnonzero(good)
    if len(known) == 0:
        return np.full_like(rows, default)
    return rows[known[np.abs(np.arange(len(rows))[:, None] - known[None, :]).argmin(axis=1)]]


def slices(points: np.ndarray, heights: np.ndarray, centres: np.ndarray, directions: int, window: float) -> np.ndarray:
    """Outlines (rows, directions) of `points` (N, 3) around `centres` (rows, 2) within ±`window` of every height.

    An outline is the convex hull, so it is smooth and never cuts into the points. Rows without points take the nearest
    row that has some.
    """
    order = np.argsort(points[:, 2], kind="stable")
    z = points[order, 2]
    normals = np.stack([np.sin(angles(directions)), -np.cos(angles(directions))])
    along = points[order, :2] @ normals
    first, last = np.searchsorted(z, heights - window), np.searchsorted(z, heights + window)
    good = last > first
    if not good.any():
        return np.full((len(heights), directions), 0.05)
    # reduceat takes pairs of borders: the maxima between a first and its last, and (dropped) those in between
    borders = np.stack([first[good], last[good]], axis=1).ravel()
    along = np.concatenate([along, np.full((1, directions), -np.inf)])
    support = np.full((len(heights), directions), np.nan)
    support[good] = np.maximum.reduceat(along, borders)[::2] - centres[good] @ normals
    return fill_rows(hull_radius(support), good, 0.05)


def smooth_rows(values: np.ndarray, passes: int = 1) -> np.ndarray:
    """Binomial smoothing down the rows of a (rows, columns) array, ends kept."""
    for _ in range(passes):
        inner = 0.25 * values[:-2] + 0.5 * values[1:-1] + 0.25 * values[2:]
        values = np.concatenate([values[:1], inner, values[-1:]])
    return values


def smooth_around(values: np.ndarray, passes: int = 1) -> np.ndarray:
    """Binomial smoothing around the columns of a (rows, columns) array."""
    for _ in range(passes):
        wide = np.concatenate([values[:, -1:], values, values[:, :1]], axis=1)
        values = 0.25 * wide[:, :-2] + 0.5 * wide[:, 1:-1] + 0.25 * wide[:, 2:]
    return values


def drape(radius: np.ndarray, follow: float) -> np.ndarray:
    """Let cloth hang: going down the rows, a ring is at least `follow` (0..1) times the ring above it."""
    result = radius.copy()
    for row in range(1, len(result)):
        np.maximum(result[row], follow * result[row - 1], out=result[row])
    return result


def rings(radius: np.ndarray, heights: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Points (rows, directions, 3) of horizontal rings."""
    angle = angles(radius.shape[1])
    points = np.empty((*radius.shape, 3))
    points[..., 0] = centres[:, :1] + radius * np.sin(angle)
    points[..., 1] = centres[:, 1:] - radius * np.cos(angle)
    points[..., 2] = np.asarray(heights)[:, None]
    return points


def cloth_uv(girth: float | np.ndarray, down: np.ndarray, directions: int) -> np.ndarray:
    """Cloth coordinates (rows, directions + 1, 2): u = metres from the front centre (±), v = `down` from the top.

    `girth` is the mean radius of the cloth, one for all rows (patterns then run straight) or one for each.
    """
    uv = np.empty((len(down), directions + 1, 2))
    uv[..., 0] = np.linspace(-np.pi, np.pi, directions + 1) * np.reshape(girth, (-1, 1))
    uv[..., 1] = np.asarray(down)[:, None]
    return uv


def close(values: np.ndarray) -> np.ndarray:
    """(rows, columns, …) with the first column repeated at the end."""
    return np.concatenate([values, values[:, :1]], axis=1)


def sheet(
    points: np.ndarray,
    uv: np.ndarray,
    weights: np.ndarray,
    material: int,
    light: np.ndarray | None = None,
    part: int | None = None,
) -> Piece:
    """A tube (rows, columns, 3) as a piece; `uv` has a column more, `weights` and `light` (rows,) may."""
    points = close(points)
    if weights.shape[1] < points.shape[1]:
        weights = close(weights)
    if light is not None:
        light = np.broadcast_to(light.reshape(len(points), -1), points.shape[:2]) if light.ndim == 1 else close(light)
        light = light.reshape(-1)
    return Piece(
        points.reshape(-1, 3),
        grid_triangles(points.shape[0], points.shape[1], closed=False),
        uv.reshape(-1, 2),
        weights.reshape(-1, weights.shape[-1]),
        material,
        light,
        tube_normals(points).reshape(-1, 3),
        part,
    )


def tube_normals(points: np.ndarray) -> np.ndarray:
    """Unit normals (rows, columns, 3) of a tube whose last column repeats the first, from differences on the grid."""
    wide = np.concatenate([points[:, -2:-1], points, points[:, 1:2]], axis=1)
    around = wide[:, 2:] - wide[:, :-2]
    down = np.empty_like(points)
    down[1:-1] = points[2:] - points[:-2]
    down[0], down[-1] = points[1] - points[0], points[-1] - points[-2]
    normals = np.empty_like(points)
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        normals[..., k] = down[..., i] * around[..., j] - down[..., j] * around[..., i]
    for end, next_row in ((0, 1), (-1, -2)):  # a ring that is a point, such as a crown
        if np.ptp(points[end], axis=0).max() < 1e-6:
            normals[end] = normals[next_row, :-1].mean(axis=0)
    length = np.sqrt((normals**2).sum(axis=-1, keepdims=True))
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), np.array([0.0, 0.0, 1.0]))


@cache
def coarse(shape: tuple[int, int]) -> tuple[tuple[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Every second row and column of a grid, and a function that spreads values (N, J) there to the grid (R, C, J)."""

    def half(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chosen = np.unique(np.append(np.arange(0, count, 2), count - 1))
        low = np.clip(np.searchsorted(chosen, np.arange(count), side="right") - 1, 0, max(len(chosen) - 2, 0))
        high = np.minimum(low + 1, len(chosen) - 1)
        step = np.maximum(chosen[high] - chosen[low], 1)
        return chosen, low, np.clip((np.arange(count) - chosen[low]) / step, 0.0, 1.0)

    (rows, row, across), (columns, column, along) = half(shape[0]), half(shape[1])

    def spread(values: np.ndarray) -> np.ndarray:
        grid = values.reshape(len(rows), len(columns), -1)
        last = len(rows) - 1
        tall = grid[row] + across[:, None, None] * (grid[np.minimum(row + 1, last)] - grid[row])
        last = len(columns) - 1
        return tall[:, column] + along[None, :, None] * (tall[:, np.minimum(column + 1, last)] - tall[:, column])

    return (rows[:, None], columns[None, :]), spread


def tube(
    points: np.ndarray, path: np.ndarray, sections: int, directions: int, window: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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
    along = points @ tangent.T - (centres * tangent).sum(axis=1)  # (N, sections)
    x = points @ first.T - (centres * first).sum(axis=1)
    y = points @ second.T - (centres * second).sum(axis=1)
    near = (np.abs(along) < window) & (x * x + y * y < 0.16**2)
    row, section = np.nonzero(near.T)[::-1]
    good = near.any(axis=0)
    if not good.any():
        return np.full((sections, directions), 0.04), centres, frame, length
    angle = angles(directions)
    inside = x[row, section][:, None] * np.sin(angle) + y[row, section][:, None] * np.cos(angle)
    starts = np.searchsorted(section, np.flatnonzero(good))
    support = np.full((sections, directions), np.nan)
    support[good] = np.maximum.reduceat(inside, starts)
    return fill_rows(hull_radius(support), good, 0.04), centres, frame, length


def tube_rings(radius: np.ndarray, centres: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Points (sections, directions, 3) of a tube from `tube`."""
    angle = angles(radius.shape[1])
    around = np.sin(angle)[None, :, None] * frame[:, None, 0] + np.cos(angle)[None, :, None] * frame[:, None, 1]
    return centres[:, None] + radius[:, :, None] * around


def unit(vector: np.ndarray) -> np.ndarray:
    """`vector` / its length."""
    return vector / np.linalg.norm(vector)
