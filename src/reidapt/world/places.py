"""Where people stand: free spots in a camera's view, spots behind things, at the frame's border, in the sun."""

from __future__ import annotations

import numpy as np

from reidapt.world.cameras import FRAME, Camera

TRIES = 16
"""Candidate spots that are drawn at once."""

CELLS = (20, 24)
"""Rows and columns that a camera's walkway is divided into."""

MARGIN = (6.0, 60.0)
"""Frame pixels between a whole person and the frame's border: above and below, beside."""


def first_hits(camera: Camera, origins: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """(N,) where `origins + t * rays` first enter something of the scene: t ≥ 0, infinite if nowhere; 0 from inside.

    `origins` (N, 3) or (3,), `rays` (N, 3). Ellipsoids count as their boxes.
    """
    rows = camera.primitives
    if len(rows) == 0:
        return np.full(len(rays), np.inf)
    start = np.broadcast_to(origins, rays.shape)
    c, s = rows[:, 7], rows[:, 8]
    x, y, z = (start[:, k, None] - rows[:, 1 + k] for k in range(3))
    u, v, w = (rays[:, k, None] for k in range(3))
    near = np.full((len(rays), len(rows)), -np.inf)
    far = np.full((len(rays), len(rows)), np.inf)
    px, py, wx, wy = c * x + s * y, c * y - s * x, c * u + s * v, c * v - s * u
    rise, slope = rows[:, 19], rows[:, 20]  # of things whose upper and lower faces are inclined
    for place, way, half in (
        (px, wx, rows[:, 4]),
        (py, wy, rows[:, 5]),
        (z - rise * py - slope * px, w - rise * wy - slope * wx, rows[:, 6]),
    ):
        inverse = 1.0 / np.where(np.abs(way) < 1e-9, 1e-9, way)
        middle, reach = -place * inverse, half * np.abs(inverse)
        np.maximum(near, middle - reach, out=near)
        np.minimum(far, middle + reach, out=far)
    near = np.maximum(near, 0.0)
    return np.where(far > near, near, np.inf).min(axis=1)


def at_height(spots: np.ndarray, height: float) -> np.ndarray:
    """(N, 3) points above `spots` (N, 2)."""
    points = np.empty((len(spots), 3))
    points[:, :2], points[:, 2] = spots, height
    return points


def in_sun(camera: Camera, spots: np.ndarray) -> np.ndarray:
    """(N,) whether the sun reaches a person's chest at `spots` (N, 2); true where lamps are the light."""
    if camera.scene.indoor or not camera.light.sun_colour.any():
        return np.ones(len(spots), bool)
    chests = at_height(spots, 1.2)
    return np.isinf(first_hits(camera, chests, np.broadcast_to(camera.light.sun, chests.shape)))


def hidden_share(camera: Camera, spots: np.ndarray, heights: tuple[float, ...], half: float = 0.0) -> np.ndarray:
    """(N,) share of sample points of a person at `spots` (N, 2) that something of the scene hides from the camera.

    The points are at `heights` metres above the floor, and `half` metres to both sides where it is not 0.
    """
    away = np.linalg.norm(spots, axis=1, keepdims=True)
    beside = np.stack([spots[:, 1], -spots[:, 0]], axis=1) / np.maximum(away, 1e-6)
    columns = [spots + k * half * beside for k in ((-1.0, 0.0, 1.0) if half else (0.0,))]
    points = np.concatenate([at_height(xy, z) for xy in columns for z in heights])
    rays = points - camera.position
    hidden = first_hits(camera, camera.position, rays) < 1.0 - 0.1 / np.linalg.norm(rays, axis=1)
    return hidden.reshape(-1, len(spots)).mean(axis=0)


def clear(camera: Camera, spots: np.ndarray, radius: float = 0.3) -> np.ndarray:
    """(N,) whether nothing below a person's height is within `radius` metres of `spots` (N, 2)."""
    rows = camera.primitives
    if len(rows) == 0:
        return np.ones(len(spots), bool)
    low = rows[(rows[:, 3] - rows[:, 6] < 1.9) & (rows[:, 3] + rows[:, 6] > 0.05)]
    x, y = spots[:, :1] - low[:, 1], spots[:, 1:] - low[:, 2]
    u, v = low[:, 7] * x + low[:, 8] * y, low[:, 7] * y - low[:, 8] * x
    return ~((np.abs(u) < low[:, 4] + radius) & (np.abs(v) < low[:, 5] + radius)).any(axis=1)


def borders(camera: Camera, spots: np.ndarray, height: float) -> np.ndarray:
    """(N, 4) left, top, right and bottom in frame pixels of people of `height` metres at `spots` (N, 2), roughly."""
    count = len(spots)
    seen = camera.project(np.concatenate([at_height(spots, -0.05), at_height(spots, height + 0.1)]))
    low, high = seen[:count], seen[count:]
    half = 0.17 * (low[:, 1] - high[:, 1])
    left, right = np.minimum(low[:, 0], high[:, 0]) - half, np.maximum(low[:, 0], high[:, 0]) + half
    return np.stack([left, high[:, 1], right, low[:, 1]], axis=1)


def inside(boxes: np.ndarray) -> np.ndarray:
    """(N,) whether `boxes` (N, 4) lie in the frame with a margin."""
    high, wide = FRAME
    over, beside = MARGIN
    return (
        (boxes[:, 0] > beside / 2)
        & (boxes[:, 2] < wide - beside / 2)
        & (boxes[:, 1] > over)
        & (boxes[:, 3] < high - over)
    )


def candidates(rng: np.random.Generator, camera: Camera, reach: tuple[float, float], distance: float) -> np.ndarray:
    """(TRIES, 2) spots in the camera's view, `reach` times its walkway's distance away (exactly `distance` if > 0)."""
    u = rng.random((TRIES, 2))
    y = camera.distance * (reach[0] + (reach[1] - reach[0]) * u[:, 0])
    if distance > 0:
        y = np.full(TRIES, distance)
    x = (2.0 * u[:, 1] - 1.0) * 0.42 * FRAME[1] * y / camera.focal
    if distance > 0:
        y = np.sqrt(np.maximum(distance**2 - x**2, 1.0))
    return np.stack([x, y], axis=1)


def free_cells(camera: Camera) -> np.ndarray:
    """(N, 2) cells of the walkway (row, column of `CELLS`) where a whole person of any height is seen; worked out once."""
    if "free" not in camera.notes:
        rows, columns = (axis.reshape(-1) for axis in np.indices(CELLS))
        spots = on_walkway(camera, (rows + 0.5) / CELLS[0], (columns + 0.5) / CELLS[1])
        good = np.flatnonzero(inside(borders(camera, spots, 2.0)) & clear(camera, spots, 0.4))
        good = good[hidden_share(camera, spots[good], (0.15, 1.3)) == 0.0]
        camera.notes["free"] = np.stack([rows[good], columns[good]], axis=1)
    return camera.notes["free"]


def on_walkway(camera: Camera, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """(N, 2) spots of the walkway in view: `along` (N,) from near to far and `across` (N,) from left to right, in [0, 1]."""
    y = camera.distance * (0.72 + 0.58 * along)
    return np.stack([(2.0 * across - 1.0) * 0.42 * FRAME[1] * y / camera.focal, y], axis=1)


def free_spot(rng: np.random.Generator, camera: Camera, height: float, distance: float = 0.0) -> np.ndarray:
    """A spot (2,) on the walkway (`distance` metres away if > 0) where a whole person of `height` metres is seen."""
    which, along, across = rng.random(3)
    cells = free_cells(camera)
    if distance <= 0.0 and len(cells):
        row, column = cells[int(which * len(cells))]
        return on_walkway(camera, np.array([(row + along) / CELLS[0]]), np.array([(column + across) / CELLS[1]]))[0]
    for _ in range(4 if distance > 0.0 else 0):
        spots = candidates(rng, camera, (0.72, 1.3), distance)
        spots = spots[inside(borders(camera, spots, height)) & clear(camera, spots)]
        spots = spots[hidden_share(camera, spots, (0.15, 1.3)) == 0.0] if len(spots) else spots
        if len(spots):
            return spots[0]
    return np.array([0.0, distance or camera.distance])


def spot_behind_a_thing(rng: np.random.Generator, camera: Camera, height: float) -> np.ndarray | None:
    """A spot (2,) from where something low hides a part of the person, or None where the place has no such spot."""
    things = np.asarray(camera.scene.blocked, float).reshape(-1, 3)
    u = rng.random((TRIES, 3))
    if len(things) == 0:
        return None
    thing = things[(u[:, 0] * len(things)).astype(int)]
    away = np.maximum(np.linalg.norm(thing[:, :2], axis=1), 1.0)
    beside = np.stack([thing[:, 1], -thing[:, 0]], axis=1) / away[:, None]
    spots = thing[:, :2] * (1.0 + (thing[:, 2] + 0.1 + 1.2 * u[:, 1]) / away)[:, None]
    spots = spots + beside * (thing[:, 2] * (2.0 * u[:, 2] - 1.0))[:, None]
    good = inside(borders(camera, spots, height)) & clear(camera, spots) & (spots[:, 1] < 1.7 * camera.distance)
    spots = spots[good]
    if len(spots) == 0:
        return None
    hidden = hidden_share(camera, spots, tuple(height * k for k in (0.1, 0.3, 0.5, 0.7, 0.9)), half=0.14)
    found = np.flatnonzero((hidden > 0.1) & (hidden < 0.5))
    return spots[found[0]] if len(found) else None


def spot_at_the_border(rng: np.random.Generator, camera: Camera, height: float) -> np.ndarray | None:
    """A spot (2,) where the frame's border cuts off a part of the person (at a side or below), or None."""
    side = rng.random() < 0.5
    u = rng.random((TRIES, 2))
    if side:
        y = camera.distance * (0.72 + 0.5 * u[:, 0])
        x = np.where(u[:, 1] < 0.5, -1.0, 1.0) * 0.5 * FRAME[1] * y / camera.focal
        x *= 0.96 + 0.05 * (2.0 * u[:, 1] % 1.0)
    else:
        y = camera.distance * (0.30 + 0.5 * u[:, 0])
        x = (2.0 * u[:, 1] - 1.0) * 0.35 * FRAME[1] * y / camera.focal
    spots = np.stack([x, y], axis=1)
    boxes = borders(camera, spots, height)
    cut = clipped(boxes)
    share = 1.0 - np.prod(cut[:, 2:] - cut[:, :2], axis=1) / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    good = (share > 0.1) & (share < (0.3 if side else 0.45)) & (boxes[:, 1] > MARGIN[0]) & clear(camera, spots)
    spots = spots[good]
    if len(spots) == 0:
        return None
    found = np.flatnonzero(hidden_share(camera, spots, (0.5, 1.3)) == 0.0)
    return spots[found[0]] if len(found) else None


def clipped(boxes: np.ndarray) -> np.ndarray:
    """`boxes` (N, 4) of left, top, right, bottom cut at the frame's border; at least 8 pixels remain."""
    high, wide = FRAME
    left, top = np.clip(boxes[:, 0], 0, wide - 8), np.clip(boxes[:, 1], 0, high - 8)
    right, bottom = np.clip(boxes[:, 2], left + 8, wide), np.clip(boxes[:, 3], top + 8, high)
    return np.stack([left, top, right, bottom], axis=1)
