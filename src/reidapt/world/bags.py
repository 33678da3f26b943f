"""Bags and what is carried: backpack, shoulder bag, handbag, tote, shopping bag, suitcase, folded umbrella."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.figure import Figure, rigid
from reidapt.world.loft import angles, sheet, unit
from reidapt.world.mesh import BAG_PART, Piece, grid_triangles
from reidapt.world.people import Person

HALF_SIZE: dict[str, tuple[float, float, float]] = {
    "backpack": (0.150, 0.080, 0.215),
    "shoulder": (0.050, 0.145, 0.105),
    "handbag": (0.050, 0.145, 0.100),
    "tote": (0.045, 0.160, 0.180),
    "shopping": (0.055, 0.150, 0.190),
    "suitcase": (0.190, 0.115, 0.290),
    "umbrella": (0.020, 0.020, 0.360),
}
"""Half width, depth and height in metres; of what hangs from a hand: across, along and below the arm."""

ROUNDING = {"shopping": 0.18, "suitcase": 0.22, "tote": 0.30, "umbrella": 0.9}
"""0 is a box, 1 an ellipsoid."""


def box(size: np.ndarray, rounding: float = 0.35, rows: int = 8, columns: int = 14) -> np.ndarray:
    """Points (rows, columns, 3) of a rounded box (superellipsoid) of half `size` (3,) around the origin."""
    t = np.linspace(0.02, np.pi - 0.02, rows)[:, None]
    a = angles(columns)[None, :]
    power = lambda value: np.sign(value) * np.abs(value) ** rounding  # noqa: E731
    x, y = power(np.sin(t)) * power(np.sin(a)), -power(np.sin(t)) * power(np.cos(a))
    return np.stack(np.broadcast_arrays(x, y, power(np.cos(t))), -1) * size


def solid(points: np.ndarray, bones: dict[str, float], material: int) -> Piece:
    """A closed lump that moves with `bones`; cloth runs down from its top."""
    uv = np.stack([points[..., 0], points[..., 2].max() - points[..., 2]], axis=-1)
    uv = np.concatenate([uv, uv[:, :1]], axis=1)
    return sheet(points, uv, rigid(points.shape[:2], bones), material, part=BAG_PART)


def bag_pieces(figure: Figure, person: Person, trunk: np.ndarray) -> list[Piece]:
    """What the person carries; `trunk` are the vertices of the upper garment."""
    if person.bag == "none":
        return []
    size = np.array(HALF_SIZE[person.bag]) * person.bag_size
    if person.bag == "backpack":
        return backpack(figure, size, trunk)
    sign = 1.0 if person.bag_side == "L" else -1.0
    if person.bag == "shoulder":
        return shoulder_bag(figure, size, trunk, sign)
    if person.bag == "suitcase":
        return suitcase(figure, size, sign)
    return in_hand(figure, person, size)


def backpack(figure: Figure, size: np.ndarray, trunk: np.ndarray) -> list[Piece]:
    """A pack on the back, a pocket on it, and two straps."""
    level = figure.shoulder - 0.20
    back = trunk[np.abs(trunk[:, 2] - level) < 0.2][:, 1].max()
    bones = {"spine01": 0.75, "spine03": 0.25}
    place = np.array([0.0, back + 0.70 * size[1], level])
    pack = box(size, 0.42, 9, 14) + place
    pocket = box(size * [0.78, 0.42, 0.42], 0.40, 6, 10) + place + size * [0.0, 0.86, -0.42]
    straps = [shoulder_strap(trunk, which) for which in (-1.0, 1.0)]
    return [solid(pack, bones, m.BAG), solid(pocket, bones, m.BAG), *straps]


def shoulder_strap(trunk: np.ndarray, which: float) -> Piece:
    """A backpack's strap over one shoulder (`which` = ±1): from the back over the shoulder and under the arm."""
    near = trunk[np.abs(trunk[:, 0] - which * 0.10) < 0.03]
    top = near[:, 2].max() + 0.008
    front, back = near[:, 1].min() - 0.010, near[:, 1].max() + 0.01
    t = np.linspace(0.0, np.pi, 13)
    y = 0.5 * (front + back) - 0.5 * (back - front) * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** 0.5
    z = top - 0.32 + 0.32 * np.sin(t) ** 0.45
    for k in np.flatnonzero(t < 0.5 * np.pi):  # lie on the chest
        here = near[np.abs(near[:, 2] - z[k]) < 0.04]
        y[k] = here[:, 1].min() - 0.010 if len(here) else y[k]
    x = which * (0.10 + 0.04 * np.clip((top - 0.12 - z) / 0.2, 0, 1))
    return band(np.stack([x, y, z], axis=1), np.array([0.024, 0.0, 0.0]), {"spine01": 1.0})


def shoulder_bag(figure: Figure, size: np.ndarray, trunk: np.ndarray, sign: float) -> list[Piece]:
    """A bag at the hip on a strap across the chest."""
    level = figure.hip + 0.02
    near = trunk[np.abs(trunk[:, 2] - level) < 0.1] if (trunk[:, 2] < level).any() else trunk
    bag = box(size, 0.4) + np.array([sign * (np.abs(near[:, 0]).max() + 0.030), figure.middle + 0.02, level])
    end = bag.reshape(-1, 3).mean(axis=0) + np.array([0.0, 0.0, 0.08])
    around = np.linspace(0, 2 * np.pi, 23)
    high = figure.shoulder + 0.055
    z = 0.5 * (high + end[2]) + 0.5 * (high - end[2]) * np.cos(around)
    x = -sign * 0.09 + (end[0] + sign * 0.09) * (high - z) / (high - end[2])
    y = np.empty(len(around))
    for k in range(len(around)):
        ring = trunk[(np.abs(trunk[:, 2] - z[k]) < 0.03) & (np.abs(trunk[:, 0] - x[k]) < 0.05)]
        ring = ring if len(ring) else trunk[np.abs(trunk[:, 2] - z[k]).argsort()[:8]]
        y[k] = ring[:, 1].min() - 0.014 if around[k] < np.pi else ring[:, 1].max() + 0.014
    strap = band(
        np.stack([x, y, z], axis=1), np.array([0.016, 0.0, 0.008]), {"spine01": 0.5, "spine03": 0.3, "root": 0.2}
    )
    return [solid(bag, {"root": 0.7, "spine05": 0.3}, m.BAG), strap]


def suitcase(figure: Figure, size: np.ndarray, sign: float) -> list[Piece]:
    """A case on wheels pulled behind, leaning, with its handle up to the hand."""
    tilt = np.radians(38.0)
    lean = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
    foot = np.array([sign * 0.30, figure.middle + 0.85, -0.01])
    case = (box(size, 0.25, 8, 12) + np.array([0.0, 0.0, size[2]])) @ lean.T
    case[..., 1] *= -1.0
    case[..., 2] -= case[..., 2].min()
    case = case[:, ::-1] + foot
    rod = np.linspace(0.0, 1.0, 4)[:, None] * (
        np.array([sign * 0.27, figure.middle + 0.26, 0.72]) - case[0].mean(axis=0)
    )
    return [
        solid(case, {"root": 1.0}, m.BAG),
        band(case[0].mean(axis=0) + rod, np.array([0.035, 0.0, 0.0]), {"root": 1.0}),
    ]


def in_hand(figure: Figure, person: Person, size: np.ndarray) -> list[Piece]:
    """A bag below the hand, along the forearm's axis: the arm hangs when something is carried."""
    side = person.bag_side
    wrist, elbow = figure.rest.joint(f"wrist.{side}"), figure.rest.joint(f"lowerarm01.{side}")
    down = unit(wrist - elbow)
    across = unit(np.cross(down, [0.0, 1.0, 0.0]))
    axes = np.stack([across, np.cross(across, down), -down])
    if np.linalg.det(axes) < 0:
        axes[0] *= -1.0
    hand = wrist + 0.07 * down
    bones = {f"wrist.{side}": 1.0}
    gap = {"umbrella": -0.05, "handbag": 0.09, "tote": 0.13, "shopping": 0.06}[person.bag]
    bag = box(size, ROUNDING.get(person.bag, 0.4), 7, 12)
    if person.bag == "umbrella":
        bag[..., :2] *= np.interp(bag[..., 2] / size[2], [-1, 0.3, 0.7, 1], [0.3, 1.2, 0.5, 0.5])[..., None]
    pieces = [solid(bag @ axes + hand + down * (size[2] + gap), bones, m.BAG)]
    if gap > 0:
        bow = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 7)
        handle = np.stack([0.0 * bow, 0.55 * size[1] * np.sin(bow), (gap + 0.01) * np.cos(bow) - 0.005], axis=1)
        pieces.append(band(handle @ axes + hand + down * gap, 0.010 * axes[0], bones))
    return pieces


def band(line: np.ndarray, wide: np.ndarray, bones: dict[str, float]) -> Piece:
    """A flat band along `line` (N, 3) that reaches `wide` (3,) to both sides."""
    points = np.stack([line - wide, line + wide], axis=1).reshape(-1, 3)
    uv = np.stack([points[:, 0], points[:, 2]], axis=1)
    return Piece(
        points,
        grid_triangles(len(line), 2, closed=False),
        uv,
        rigid((len(points),), bones),
        m.STRAP,
        part=BAG_PART,
    )
