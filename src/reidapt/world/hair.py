"""Hair and hats as geometry: shells around the skull, hanging lengths, buns, tails, caps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reidapt.world import materials as m
from reidapt.world.body import BONES
from reidapt.world.mesh import HEAD_PART, Piece, grid_triangles
from reidapt.world.people import Person

if TYPE_CHECKING:
    from reidapt.world.dressing import Figure

COLUMNS, ROWS = 36, 16


def skull(figure: Figure) -> tuple[np.ndarray, np.ndarray]:
    """Centre of the skull (3,) and the head's vertices (N, 3) without the ears' tips."""
    head = figure.vertices[figure.part == "head"]
    eyes = figure.rest.eyes.mean(axis=0)
    top = head[:, 2].max()
    near = head[np.abs(head[:, 2] - eyes[2] - 0.03) < 0.03]
    centre = np.array([0.0, 0.5 * (near[:, 1].min() + near[:, 1].max()) + 0.008, top - 0.105])
    return centre, head


def reach(head: np.ndarray, centre: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Distance from `centre` to the skull along unit `directions` (..., 3): farthest vertex inside a narrow cone."""
    local = head - centre
    length = np.linalg.norm(local, axis=1)
    outer = length > 0.065  # not the mouth's inside
    unit, length = (local[outer] / length[outer, None]).astype(np.float32), length[outer].astype(np.float32)
    flat = directions.reshape(-1, 3).astype(np.float32)
    x, y, z = (flat[:, k, None] * unit[None, :, k] for k in range(3))
    x += y
    x += z
    return np.where(x > 0.972, length[None, :], 0.05).max(axis=1).reshape(directions.shape[:-1]).astype(float)


def shell(figure: Figure, end: np.ndarray, thick: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (ROWS, COLUMNS, 3) over the skull down to polar angle `end` (COLUMNS,), `thick` metres (ROWS, COLUMNS)."""
    centre, head = skull(figure)
    azimuth = np.arange(COLUMNS) * (2 * np.pi / COLUMNS)
    polar = np.linspace(0.0, 1.0, ROWS)[:, None] * end[None, :]
    sine = np.sin(polar)
    directions = np.stack([sine * np.sin(azimuth), -sine * np.cos(azimuth), np.cos(polar)], axis=-1)
    radius = np.clip(reach(head, centre, directions), 0.07, 0.135)
    for _ in range(3):
        radius = 0.25 * np.roll(radius, 1, 1) + 0.5 * radius + 0.25 * np.roll(radius, -1, 1)
        radius[1:-1] = 0.25 * radius[:-2] + 0.5 * radius[1:-1] + 0.25 * radius[2:]
    radius[0] = radius[0].mean()
    return centre + directions * (radius + thick)[..., None], directions


def hairline(front: float, side: float, back: float) -> np.ndarray:
    """Polar angle (radians, COLUMNS) where hair ends: degrees at the forehead, over the ears and at the nape."""
    azimuth = np.degrees(np.arange(COLUMNS) * (2 * np.pi / COLUMNS))
    azimuth = np.minimum(azimuth, 360.0 - azimuth)
    return np.radians(
        np.interp(azimuth, [0, 40, 62, 85, 115, 150, 180], [front, front + 4, side - 12, side, side + 8, back, back])
    )


def skull_weights(points: np.ndarray, figure: Figure) -> np.ndarray:
    """Head bone above the chin, spine below the shoulders, blended between."""
    weights = np.zeros((len(points), len(BONES)))
    chin = figure.rest.joint("head")[2]
    low = np.clip((chin + 0.01 - points[:, 2]) / 0.16, 0.0, 1.0)
    weights[:, BONES.index("head")] = 1.0 - low
    weights[:, BONES.index("spine01")] = low
    return weights


def shell_piece(points: np.ndarray, figure: Figure, material: int) -> Piece:
    """A piece from (rows, columns, 3) points whose last ring turns inwards."""
    centre = skull(figure)[0]
    inner = points[-1:] + 0.014 * (centre - points[-1:]) / np.linalg.norm(centre - points[-1:], axis=-1, keepdims=True)
    points = np.concatenate([points, inner])
    rows, columns = points.shape[:2]
    angle = np.arange(columns) * (2 * np.pi / columns)
    u = np.broadcast_to(np.where(angle > np.pi, angle - 2 * np.pi, angle)[None, :] * 0.1, (rows, columns))
    v = points[0, 0, 2] - points[..., 2]
    flat = points.reshape(-1, 3)
    light = np.ones((rows, columns))
    light[-1] = 0.5
    return Piece(
        flat,
        grid_triangles(rows, columns),
        np.stack([u, v], -1).reshape(-1, 2),
        skull_weights(flat, figure),
        material,
        light.reshape(-1),
        part=HEAD_PART,
    )


def ellipsoid(centre: np.ndarray, size: np.ndarray, figure: Figure, material: int) -> Piece:
    """A rounded lump that moves with the head."""
    t = np.linspace(0.05, np.pi - 0.05, 9)[:, None]
    a = (np.arange(14) * 2 * np.pi / 14)[None, :]
    points = np.stack(
        [np.sin(t) * np.sin(a) * size[0], -np.sin(t) * np.cos(a) * size[1], np.cos(t) * np.ones_like(a) * size[2]], -1
    ).reshape(-1, 3)
    weights = np.zeros((len(points), len(BONES)))
    weights[:, BONES.index("head")] = 1.0
    return Piece(points + centre, grid_triangles(9, 14), points[:, [0, 2]] * 1.0, weights, material, part=HEAD_PART)


def hair_pieces(figure: Figure, person: Person, clothes: np.ndarray) -> list[Piece]:
    """Hair of the person's kind; long hair lies on `clothes`, the vertices (N, 3) of the upper garment."""
    kind = person.hair
    if kind == "bald":
        return []
    centre, _ = skull(figure)
    vary = person.hair_length
    row = np.linspace(0.0, 1.0, ROWS)[:, None]
    azimuth = np.arange(COLUMNS) * (2 * np.pi / COLUMNS)
    front = np.cos(azimuth)[None, :]
    lump = 0.003 * np.sin(3 * azimuth + person.fold_phase)[None, :] * np.sin(np.pi * row)
    under_hat = 0.35 if person.hat != "none" else 1.0
    ends = {"buzz": (52, 92, 122), "short": (50, 96, 128), "quiff": (46, 92, 124), "afro": (44, 98, 128)}
    volume = {"buzz": 0.004, "short": 0.014 + 0.012 * vary, "quiff": 0.014, "afro": 0.05 + 0.03 * vary}.get(kind, 0.016)
    edge = {"buzz": 0.0, "afro": 0.9}.get(kind, 0.35)
    thick = volume * under_hat * (1 - (1 - edge) * row**2) + lump * (volume > 0.01)
    if kind == "quiff":
        thick = thick + 0.028 * under_hat * np.clip(front, 0, 1) * np.sin(np.pi * np.clip(row * 0.9 + 0.1, 0, 1)) * (
            row > 0.2
        )
    points, _ = shell(figure, hairline(*ends.get(kind, (50, 96, 128))), thick + 0.0 * front)
    pieces = [shell_piece(points, figure, m.HAIR)]
    if kind in ("bob", "long"):
        pieces.append(hanging(figure, person, kind, vary, clothes))
    elif kind == "bun":
        place = centre + np.array([0.0, 0.10, 0.055 + 0.05 * vary])
        pieces.append(ellipsoid(place, np.array([0.045, 0.042, 0.042]) * (0.9 + 0.4 * vary), figure, m.HAIR))
    elif kind == "ponytail":
        pieces.append(tail(figure, centre, 0.18 + 0.20 * vary))
    return pieces


def hanging(figure: Figure, person: Person, kind: str, vary: float, clothes: np.ndarray) -> Piece:
    """Hair that falls from the crown behind the face, to the chin or onto the back."""
    centre, head = skull(figure)
    columns, rows = 28, 18
    azimuth = np.linspace(np.radians(62), np.radians(298), columns)
    polar = np.radians(np.linspace(10, 96, 8))
    directions = np.stack(
        [
            np.sin(polar)[:, None] * np.sin(azimuth),
            -np.sin(polar)[:, None] * np.cos(azimuth),
            np.cos(polar)[:, None] * np.ones_like(azimuth),
        ],
        axis=-1,
    )
    radius = np.clip(reach(head, centre, directions), 0.07, 0.125)
    for _ in range(4):
        radius[:, 1:-1] = 0.25 * radius[:, :-2] + 0.5 * radius[:, 1:-1] + 0.25 * radius[:, 2:]
    cap = centre + directions * (radius + 0.018 + 0.008 * vary)[..., None]
    chin = figure.rest.joint("head")[2] - 0.015
    bottom = chin - 0.01 - 0.03 * vary if kind == "bob" else chin - 0.16 - 0.22 * vary
    if person.top.collar in ("hood", "turtle"):  # tucked in
        bottom = max(bottom, chin - 0.05)
    drop = np.linspace(0.0, 1.0, rows - 8 + 1)[1:, None]
    last = cap[-1]
    z = last[:, 2] + drop * (bottom - last[:, 2])
    back = np.clip(-np.cos(azimuth), 0.0, 1.0)[None, :]
    spread = 1.0 + (0.10 if kind == "bob" else 0.04) * drop * (1 - 0.3 * back)
    y_back = 0.055 * np.clip((chin - z) / 0.15, 0, 1) * back + 0.012 * np.clip((chin - z) / 0.2, 0, 1)
    pull = 1.0 - 0.25 * np.clip((centre[2] - 0.06 - z) / 0.12, 0, 1) * back
    x = centre[0] + (last[:, 0] - centre[0]) * spread * (1.0 - 0.12 * np.clip((chin - z) / 0.1, 0, 1))
    y = centre[1] + (last[:, 1] - centre[1]) * spread * pull + y_back
    reach_back = back_of(clothes, x, z) + 0.012
    y = np.where(back > 0.35, np.maximum(y, reach_back), y)
    wave = 0.005 * np.sin(28 * z + person.fold_phase + 3 * azimuth[None, :])
    fall = np.stack([x + wave, y + wave, z], axis=-1)
    points = np.concatenate([cap, fall])
    flat = points.reshape(-1, 3)
    u = np.broadcast_to(azimuth[None, :] * 0.1, points.shape[:2])
    v = cap[0, 0, 2] - points[..., 2]
    uv = np.stack([u, v], -1).reshape(-1, 2)
    return Piece(
        flat,
        grid_triangles(len(points), columns, closed=False),
        uv,
        skull_weights(flat, figure),
        m.HAIR,
        part=HEAD_PART,
    )


def back_of(clothes: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How far back (y) `clothes` reach near every (x, z); −1 where there are none."""
    far = (np.abs(clothes[:, 0] - x[..., None]) > 0.045) | (np.abs(clothes[:, 2] - z[..., None]) > 0.03)
    return np.where(far, -1.0, clothes[:, 1]).max(axis=-1)


def tail(figure: Figure, centre: np.ndarray, length: float) -> Piece:
    """A ponytail that leaves the back of the head and hangs."""
    rows, columns = 12, 10
    t = np.linspace(0.0, 1.0, rows)
    line = np.stack(
        [
            0.0 * t,
            centre[1] + 0.085 + 0.055 * np.sin(np.pi * np.clip(t * 1.4, 0, 1)),
            centre[2] + 0.03 - length * t**1.3,
        ],
        axis=1,
    )
    thick = 0.030 * (1.0 - 0.6 * t) * np.clip(0.5 + t * 4, 0, 1)
    angle = np.arange(columns) * (2 * np.pi / columns)
    ring = np.stack([np.sin(angle), np.cos(angle) * 0.8, np.zeros(columns)], axis=1)
    points = (line[:, None] + thick[:, None, None] * ring).reshape(-1, 3)
    weights = np.zeros((len(points), len(BONES)))
    weights[:, BONES.index("head")] = 0.8
    weights[:, BONES.index("spine01")] = 0.2
    uv = np.stack([np.tile(angle * 0.1, rows), np.repeat(length * t, columns)], axis=1)
    return Piece(points, grid_triangles(rows, columns), uv, weights, m.HAIR, part=HEAD_PART)


def hat_pieces(figure: Figure, person: Person) -> list[Piece]:
    """A cap with a visor or a beanie."""
    if person.hat == "none":
        return []
    row = np.linspace(0.0, 1.0, ROWS)[:, None]
    azimuth = np.arange(COLUMNS) * (2 * np.pi / COLUMNS)
    if person.hat == "beanie":
        end = hairline(62, 84, 104)
        thick = 0.026 + 0.012 * (1 - row) + 0.008 * (row > 0.72)
    else:
        end = hairline(60, 74, 92)
        thick = 0.022 + 0.008 * (1 - row)
    points, _ = shell(figure, end, thick + 0.0 * azimuth[None, :])
    pieces = [shell_piece(points, figure, m.HAT)]
    if person.hat == "cap":
        columns = np.r_[COLUMNS - 6 : COLUMNS, 0:7]
        edge = points[-1][columns]
        out = edge.copy()
        out[:, 1] -= 0.085 * np.cos(np.linspace(-1.35, 1.35, len(columns))) ** 0.7
        out[:, 2] -= 0.022
        visor = np.stack([edge, 0.5 * (edge + out) + [0, 0, 0.004], out]).reshape(-1, 3)
        weights = np.zeros((len(visor), len(BONES)))
        weights[:, BONES.index("head")] = 1.0
        uv = visor[:, :2] * 1.0
        pieces.append(Piece(visor, grid_triangles(3, len(columns), closed=False), uv, weights, m.HAT, part=HEAD_PART))
    return pieces
