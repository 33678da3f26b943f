"""Shoes and bags as geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reidapt.world import materials as m
from reidapt.world.body import BONES
from reidapt.world.loft import cloth_uv, ring_points, slices, smooth_rows, unit
from reidapt.world.mesh import BAG_PART, Piece, grid_triangles
from reidapt.world.people import Person

if TYPE_CHECKING:
    from reidapt.world.dressing import Figure


def shoe_pieces(figure: Figure, person: Person) -> list[Piece]:
    """A shoe per foot: rings along the foot with a flat sole, a collar at the ankle, a shaft for boots."""
    pieces = []
    rest = figure.rest
    for side in "LR":
        chosen = (figure.part == "foot") & (figure.left == (side == "L"))
        foot = figure.vertices[chosen]
        ankle = rest.joint(f"foot.{side}")
        foot = foot[foot[:, 2] < ankle[2] + 0.03]
        low = foot[foot[:, 2] < 0.06]
        centred = low[:, :2] - low[:, :2].mean(axis=0)
        axis = np.linalg.svd(centred, full_matrices=False)[2][0]
        axis = axis if axis[1] < 0 else -axis
        across = np.array([-axis[1], axis[0]])
        origin = low[:, :2].mean(axis=0)
        along, lateral = (foot[:, :2] - origin) @ axis, (foot[:, :2] - origin) @ across
        station = np.linspace(along.min() - 0.012, along.max() + 0.014, 18)
        columns = 14
        angle = np.arange(columns) * (2 * np.pi / columns)
        rows = []
        for s in station:
            near = np.abs(along - np.clip(s, along.min() + 0.012, along.max() - 0.012)) < 0.022
            left, right, top = lateral[near].min() - 0.008, lateral[near].max() + 0.008, foot[near, 2].max() + 0.010
            past = max(along.min() - s, s - along.max(), -0.03)
            shrink = np.sqrt(max(0.0, 1.0 - ((past + 0.03) / 0.046) ** 2))
            width, height = 0.5 * (right - left) * max(shrink, 0.25), (top + 0.012) * (0.45 + 0.55 * shrink)
            across_angle = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.7
            vertical = np.where(np.cos(angle) > 0, np.cos(angle), -(np.abs(np.cos(angle)) ** 0.4))
            x = 0.5 * (left + right) + width * across_angle
            z = np.where(vertical > 0, 0.35 * height + 0.65 * height * vertical, 0.35 * height * (1 + vertical)) - 0.012
            place = origin + s * axis + x[:, None] * across
            rows.append(np.concatenate([place, z[:, None]], axis=1))
        points = np.concatenate(rows)
        uv = np.stack([np.repeat(station - station[0], columns), points[:, 2] + 0.012], axis=1)
        weights = np.zeros((len(points), len(BONES)))
        weights[:, BONES.index(f"foot.{side}")] = 1.0
        pieces.append(Piece(points, grid_triangles(len(station), columns), uv, weights, m.SHOE))
        if person.shoes == "boots":
            top_z = ankle[2] + 0.16
            heights = np.linspace(top_z, ankle[2] - 0.02, 7)
            knee = rest.joint(f"lowerleg01.{side}")
            t = np.clip((heights - ankle[2]) / (knee[2] - ankle[2]), 0, 1)
            centres = (1 - t)[:, None] * ankle[None, :2] + t[:, None] * knee[None, :2]
            radius = slices(figure.leg_points(side == "L"), heights, centres, 16, 0.02)
            radius = np.minimum(smooth_rows(radius, 1), 0.085) + 0.008
            shaft = ring_points(radius, heights, centres)
            own = np.zeros((len(shaft), len(BONES)))
            share = np.repeat(np.clip((heights - ankle[2]) / 0.05, 0, 1), 16)
            own[:, BONES.index(f"lowerleg01.{side}")] = share
            own[:, BONES.index(f"foot.{side}")] = 1 - share
            pieces.append(Piece(shaft, grid_triangles(7, 16), cloth_uv(radius, heights + 0.3), own, m.SHOE))
    return pieces


def box(size: np.ndarray, rounding: float = 0.35, rows: int = 8, columns: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A rounded box (superellipsoid) of half `size` (3,) around the origin: vertices and triangles."""
    t = np.linspace(0.02, np.pi - 0.02, rows)[:, None]
    a = (np.arange(columns) * 2 * np.pi / columns)[None, :]
    power = lambda value: np.sign(value) * np.abs(value) ** rounding  # noqa: E731
    x = power(np.sin(t)) * power(np.sin(a))
    y = power(np.sin(t)) * power(np.cos(a))
    z = power(np.cos(t)) * np.ones_like(a)
    return np.stack([x, -y, z], -1).reshape(-1, 3) * size, grid_triangles(rows, columns)


def bag_pieces(figure: Figure, person: Person, trunk: np.ndarray) -> list[Piece]:
    """Backpack on the spine, or a bag at the hip or in the hand; `trunk` are the vertices of the upper garment."""
    if person.bag == "none":
        return []
    rest, side = figure.rest, person.bag_side
    sign = 1.0 if side == "L" else -1.0
    big = person.bag_size
    if person.bag == "backpack":
        level = figure.shoulder - 0.20
        back = trunk[np.abs(trunk[:, 2] - level) < 0.2][:, 1].max()
        points, triangles = box(np.array([0.155, 0.085, 0.22]) * big, 0.45, 9, 16)
        points += np.array([0.0, back + 0.06 * big, level])
        bones = {"spine01": 0.75, "spine03": 0.25}
    elif person.bag == "shoulder":
        level = figure.hip + 0.02
        near = trunk[np.abs(trunk[:, 2] - level) < 0.1] if (trunk[:, 2] < level).any() else trunk
        points, triangles = box(np.array([0.055, 0.15, 0.11]) * big, 0.4)
        points += np.array([sign * (np.abs(near[:, 0]).max() + 0.035), figure.middle + 0.02, level])
        bones = {"root": 0.7, "spine05": 0.3}
    else:
        tall = 0.17 if person.bag == "tote" else 0.11
        hand = rest.joint(f"wrist.{side}") + 0.07 * unit(rest.joint(f"wrist.{side}") - rest.joint(f"lowerarm01.{side}"))
        points, triangles = box(np.array([0.05, 0.16, tall]) * big, 0.4)
        # the arm hangs when the bag is carried: build the box below the hand along the arm's axis
        down = unit(rest.joint(f"wrist.{side}") - rest.joint(f"lowerarm01.{side}"))
        across = unit(np.cross(down, [0.0, 1.0, 0.0]))
        forward = np.cross(across, down)
        points = points @ np.stack([across, forward, -down]) + hand + down * (tall * big + 0.06)
        bones = {f"wrist.{side}": 1.0}
    weights = np.zeros((len(points), len(BONES)))
    for name, weight in bones.items():
        weights[:, BONES.index(name)] = weight
    uv = np.stack([points[:, 0], points[:, 2].max() - points[:, 2]], axis=1)
    pieces = [Piece(points, triangles, uv, weights, m.BAG, part=BAG_PART)]
    if person.bag in ("shoulder", "backpack"):
        pieces += [
            strap(figure, person, trunk, points, k) for k in ((-1.0, 1.0) if person.bag == "backpack" else (0.0,))
        ]
    return pieces


def strap(figure: Figure, person: Person, trunk: np.ndarray, bag: np.ndarray, which: float) -> Piece:
    """A band over the shoulder: an arch in the sagittal plane, or across the chest for a shoulder bag (`which` = 0)."""
    if which:
        near = trunk[np.abs(trunk[:, 0] - which * 0.10) < 0.03]
        x = np.full(13, which * 0.10)
        z_top = near[:, 2].max() + 0.008
        front, back = near[:, 1].min() - 0.010, near[:, 1].max() + 0.01
        t = np.linspace(0.0, np.pi, 13)
        y = 0.5 * (front + back) - 0.5 * (back - front) * np.cos(t) * np.abs(np.cos(t)) ** -0.5
        z = z_top - 0.30 + 0.30 * np.sin(t) ** 0.45
        bone = {"spine01": 1.0}
        wide = np.array([0.022, 0.0, 0.0])
    else:
        sign = 1.0 if person.bag_side == "L" else -1.0
        end = bag.mean(axis=0) + np.array([0.0, 0.0, 0.08])
        angles = np.linspace(0, 2 * np.pi, 25)
        high = figure.shoulder + 0.055
        z = 0.5 * (high + end[2]) + 0.5 * (high - end[2]) * np.cos(angles)
        x = -sign * 0.09 + (end[0] + sign * 0.09) * (high - z) / (high - end[2])
        y = np.empty(25)
        for k in range(25):
            ring = trunk[(np.abs(trunk[:, 2] - z[k]) < 0.03) & (np.abs(trunk[:, 0] - x[k]) < 0.05)]
            ring = ring if len(ring) else trunk[np.abs(trunk[:, 2] - z[k]).argsort()[:8]]
            y[k] = ring[:, 1].min() - 0.014 if angles[k] < np.pi else ring[:, 1].max() + 0.014
        bone = {"spine01": 0.5, "spine03": 0.3, "root": 0.2}
        wide = np.array([0.016, 0.0, 0.008])
    line = np.stack([x, y, z], axis=1)
    points = np.stack([line - wide, line + wide], axis=1).reshape(-1, 3)
    weights = np.zeros((len(points), len(BONES)))
    for name, weight in bone.items():
        weights[:, BONES.index(name)] = weight
    uv = np.stack([points[:, 0], points[:, 2]], axis=1)
    return Piece(points, grid_triangles(len(line), 2, closed=False), uv, weights, m.STRAP, part=BAG_PART)
