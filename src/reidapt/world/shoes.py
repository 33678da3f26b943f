"""Shoes as geometry: rings along the foot with a flat sole, a shaft for boots, straps for sandals."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.figure import Figure, rigid
from reidapt.world.loft import angles, cloth_uv, rings, sheet, slices, smooth_rows
from reidapt.world.mesh import Piece, grid_triangles
from reidapt.world.people import Person

STATIONS, COLUMNS = 14, 12
SOLE = 0.012
"""Metres of sole under the foot."""


def foot_axes(foot: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Origin, forward and sideways directions (2,) of a foot's vertices (N, 3) on the floor."""
    low = foot[foot[:, 2] < 0.06][:, :2]
    origin = low.mean(axis=0)
    axis = np.linalg.svd(low - origin, full_matrices=False)[2][0]
    axis = axis if axis[1] < 0 else -axis
    return origin, axis, np.array([-axis[1], axis[0]])


def shoe_pieces(figure: Figure, person: Person) -> list[Piece]:
    """The shoes of both feet, the left one's pieces first."""
    return [piece for side in "LR" for piece in shoe(figure, person, side)]


def shoe(figure: Figure, person: Person, side: str) -> list[Piece]:
    """One shoe; its first piece reaches the floor. Wide trousers fall over the shaft of a boot, narrow ones are inside."""
    kind = person.shoes
    ankle = figure.rest.joint(f"foot.{side}")
    foot = figure.vertices[figure.of("foot", side=side)]
    foot = foot[foot[:, 2] < ankle[2] + 0.03]
    origin, axis, across = foot_axes(foot)
    along, lateral = (foot[:, :2] - origin) @ axis, (foot[:, :2] - origin) @ across
    heel, toe = along.min(), along.max()
    longer = {"shoes": 0.024, "sandals": 0.004}.get(kind, 0.014)
    station = np.linspace(heel - 0.012, toe + longer, STATIONS)
    near = np.abs(along - np.clip(station, heel + 0.012, toe - 0.012)[:, None]) < 0.022  # (stations, N)
    grow = 0.004 if kind == "sandals" else 0.008
    left = np.where(near, lateral, np.inf).min(axis=1) - grow
    right = np.where(near, lateral, -np.inf).max(axis=1) + grow
    top = np.where(near, foot[:, 2], -np.inf).max(axis=1) + 0.010
    if kind == "sandals":
        top = np.full(STATIONS, 0.008)
    past = np.maximum(np.maximum(heel - station, station - toe), -0.03)
    shrink = np.sqrt(np.clip(1.0 - ((past + 0.03) / (0.032 + longer)) ** 2, 0.0, None))
    width = 0.5 * (right - left) * np.maximum(shrink, 0.25)
    height = (top + SOLE) * (0.45 + 0.55 * shrink)
    turn = angles(COLUMNS)
    sine, cosine = np.sin(turn), np.cos(turn)
    x = (0.5 * (left + right))[:, None] + width[:, None] * np.sign(sine) * np.abs(sine) ** 0.7
    low = 1.0 - np.abs(cosine) ** 0.4
    z = np.where(cosine > 0, 0.35 + 0.65 * cosine, 0.35 * low) * height[:, None] - SOLE
    place = origin + station[:, None, None] * axis + x[..., None] * across
    points = np.concatenate([place, z[..., None]], axis=-1)
    ends = [np.broadcast_to(points[k].mean(axis=0), (1, COLUMNS, 3)) for k in (0, -1)]
    points = np.concatenate([ends[0], points, ends[1]])
    station = np.concatenate([station[:1], station, station[-1:]])
    uv = np.stack(np.broadcast_arrays((station - station[0])[:, None], points[..., 2] + SOLE), -1)
    uv = np.concatenate([uv, uv[:, :1]], axis=1)
    pieces = [sheet(points, uv, rigid(points.shape[:2], {f"foot.{side}": 1.0}), m.SHOE)]
    if kind == "boots" and (person.bottom.loose + person.bottom.flare < 0.011 or person.bottom.length < 0.85):
        pieces.append(shaft(figure, side, ankle, person.bottom.loose))
    if kind == "sandals":
        pieces += [strap(points[k + 1], np.where(near[k], foot[:, 2], 0.0).max(), side) for k in (4, 9)]
    return pieces


def shaft(figure: Figure, side: str, ankle: np.ndarray, under: float) -> Piece:
    """A boot's shaft up the calf, over trousers that are `under` metres loose."""
    heights = np.linspace(ankle[2] + 0.16, ankle[2] - 0.02, 6)
    knee = figure.rest.joint(f"lowerleg01.{side}")
    t = np.clip((heights - ankle[2]) / (knee[2] - ankle[2]), 0, 1)
    centres = (1 - t)[:, None] * ankle[None, :2] + t[:, None] * knee[None, :2]
    radius = slices(figure.leg_points(side), heights, centres, 14, 0.02)
    radius = np.minimum(smooth_rows(radius, 1), 0.085) + 0.009 + 1.3 * under
    points = rings(radius, heights, centres)
    weights = np.zeros((*points.shape[:2], figure.model.weights.shape[1]))
    share = np.clip((heights - ankle[2]) / 0.05, 0, 1)[:, None, None]
    weights = weights + share * rigid((1, 1), {f"lowerleg01.{side}": 1.0})
    weights = weights + (1 - share) * rigid((1, 1), {f"foot.{side}": 1.0})
    return sheet(points, cloth_uv(float(radius.mean()), heights + 0.3, 14), weights, m.SHOE)


def strap(ring: np.ndarray, top: float, side: str) -> Piece:
    """A sandal's band over the foot at a ring (COLUMNS, 3) of its sole."""
    half_band = np.array([0.0, 0.016, 0.001])
    turn = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 8)
    ends = ring[ring[:, 0].argmin()], ring[ring[:, 0].argmax()]
    middle, half = 0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0])
    arc = middle + np.sin(turn)[:, None] * half * 1.06
    arc[:, 2] = 0.004 + np.cos(turn) ** 0.7 * (top + 0.004)
    band = np.stack([arc - half_band, arc + half_band])
    uv = np.broadcast_to([0.0, 0.05], (2, 8, 2))

    return Piece(
        band.reshape(-1, 3),
        grid_triangles(2, 8, closed=False),
        uv.reshape(-1, 2),
        rigid((16,), {f"foot.{side}": 1.0}),
        m.SHOE,
    )
