"""What is worn on the head: cap, beanie, brimmed hat, headscarf, a hood that is up; glasses."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.figure import mix, rigid
from reidapt.world.loft import angles, cloth_uv, sheet
from reidapt.world.mesh import HEAD_PART, Piece, grid_triangles
from reidapt.world.people import Person
from reidapt.world.skull import COLUMNS, ROWS, Skull, hairline


def hat_pieces(skull: Skull, person: Person) -> list[Piece]:
    """The person's hat."""
    if person.hat == "none":
        return []
    if person.hat == "headscarf":
        return [hood(skull, m.HAT, 0.02), shawl(skull)]
    row = np.linspace(0.0, 1.0, ROWS)[:, None]
    thick = 0.022 + 0.008 * (1 - row)
    if person.hat == "beanie":
        edge = hairline(62, 84, 104)
        thick = 0.024 + 0.014 * (1 - row) + 0.008 * (row > 0.72)
    elif person.hat == "brim":
        edge = hairline(64, 70, 80)
        thick = 0.020 + 0.020 * np.sin(np.pi * np.clip(1.15 * row, 0, 1)) ** 0.5
    else:
        edge = hairline(60, 74, 92)
    points = skull.shell(edge, np.broadcast_to(thick, (ROWS, COLUMNS)))
    pieces = [skull.shell_piece(points, m.HAT)]
    if person.hat == "cap":
        pieces.append(visor(points[-1]))
    elif person.hat == "brim":
        pieces.append(brim(skull, points[-1], 0.055 + 0.03 * person.hair_length))
    return pieces


def visor(edge: np.ndarray) -> Piece:
    """The visor of a cap whose lowest ring is `edge` (COLUMNS, 3)."""
    middle, half = COLUMNS // 2, 5
    front = edge[middle - half : middle + half + 1]
    out = front.copy()
    out[:, 1] -= 0.085 * np.cos(np.linspace(-1.35, 1.35, len(front))) ** 0.7
    out[:, 2] -= 0.022
    points = np.stack([front, 0.5 * (front + out) + [0, 0, 0.004], out]).reshape(-1, 3)
    triangles = grid_triangles(3, len(front), closed=False)
    return Piece(points, triangles, points[:, :2] * 1.0, rigid((len(points),), {"head": 1.0}), m.HAT, part=HEAD_PART)


def brim(skull: Skull, edge: np.ndarray, wide: float) -> Piece:
    """A brim all around a hat whose lowest ring is `edge` (COLUMNS, 3)."""
    level = edge.copy()
    level[:, 2] = edge[:, 2].mean() + 0.25 * (edge[:, 2] - edge[:, 2].mean())
    out = level - skull.centre
    out[:, 2] = 0.0
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    points = np.stack([edge, level + 0.5 * wide * out + [0, 0, 0.004], level + wide * out - [0, 0, 0.012]])
    weights = rigid(points.shape[:2], {"head": 1.0})
    return sheet(points, cloth_uv(0.12, np.array([0.2, 0.24, 0.28]), COLUMNS), weights, m.HAT, part=HEAD_PART)


def hood(skull: Skull, material: int, room: float) -> Piece:
    """Cloth over the head, open at the face, `room` metres from the hair; rings from the forehead back to a point."""
    rows, across = 9, 18
    t = np.linspace(0.0, 1.0, rows)[:, None]
    turn = angles(across)[None, :]  # 0 is at the crown, ±π under the chin
    back = float(skull.head[:, 1].max())
    full = np.sqrt(1.0 - t**4)
    middle = 0.5 * (skull.top + skull.chin) - 0.03 - 0.03 * t
    tall = (0.5 * (skull.top - skull.chin) + 0.05 + room) * full
    wide = (0.088 + 0.8 * room) * full * np.where(t < 0.05, 0.93, 1.0)
    front = skull.eyes[1] + 0.045 - 0.4 * room
    y = front + (back + 0.025 + room - front) * t - 0.03 * np.cos(turn) * (1 - t)
    points = np.stack(np.broadcast_arrays(-wide * np.sin(turn), y, middle + tall * np.cos(turn)), -1)
    low = np.clip((skull.chin - points[..., 2]) / 0.08, 0.0, 1.0)
    weights = mix(rigid((rows, across), {"head": 1.0}), rigid((rows, across), {"spine01": 1.0}), low)
    light = np.where(np.arange(rows) == 0, 0.6, 1.0)
    return sheet(points, cloth_uv(0.1, t[:, 0] * 0.25, across), weights, material, light, HEAD_PART)


def shawl(skull: Skull) -> Piece:
    """The end of a headscarf around the neck and over the shoulders."""
    rows, across = 5, 20
    t = np.linspace(0.0, 1.0, rows)[:, None]
    a = angles(across)[None, :]
    neck = skull.figure.rest.joint("neck01")
    z = skull.chin + 0.01 - (0.15 + 0.03 * np.cos(a)) * t
    radius = 0.072 + 0.075 * t**1.3
    y = neck[1] - 0.012 + 0.02 * t - radius * np.cos(a)
    points = np.stack(np.broadcast_arrays(1.15 * radius * np.sin(a), y, z), -1)
    weights = mix(rigid(points.shape[:2], {"neck01": 1.0}), rigid(points.shape[:2], {"spine01": 1.0}), t + 0 * a)
    return sheet(points, cloth_uv(0.1, t[:, 0] * 0.2, across), weights, m.HAT)


def glasses_pieces(skull: Skull, kind: str) -> list[Piece]:
    """Frames, or dark lenses, before the eyes, and the arms to the ears."""
    if kind == "none":
        return []
    turn = angles(12)
    pieces = []
    wide, tall = (0.029, 0.021) if kind == "sunglasses" else (0.027, 0.018)
    front = float(skull.eyes[1]) - 0.028
    for eye in skull.figure.rest.eyes:
        rim = np.stack([wide * np.sin(turn), 0.0 * turn, tall * np.cos(turn)], axis=1)
        inner = (0.0 if kind == "sunglasses" else 0.76) * rim
        points = np.stack([rim, inner]) + np.array([eye[0], front, eye[2] - 0.002])
        points[..., 1] += 0.25 * np.abs(points[..., 0] - eye[0]) * (np.abs(points[..., 0]) > abs(eye[0]))
        uv = cloth_uv(0.02, np.array([0.0, 0.02]), 12)
        pieces.append(sheet(points, uv, rigid((2, 12), {"head": 1.0}), m.GLASSES, part=HEAD_PART))
        side = float(np.sign(eye[0]))
        hinge = np.array([eye[0] + side * wide, front + 0.007, eye[2] + 0.006])
        ear = np.array([side * 0.078, skull.eyes[1] + 0.085, eye[2] + 0.004])
        ends = np.stack([hinge, ear])
        half = np.array([0.0, 0.0, 0.004])
        arm = np.concatenate([ends - half, ends + half])
        pieces.append(strip(arm))
    bridge = np.array([[x, front, skull.eyes[2] + z] for z in (0.001, 0.006) for x in (-0.008, 0.008)])
    return [*pieces, strip(bridge)]


def strip(corners: np.ndarray) -> Piece:
    """A flat piece of a frame from its four corners."""
    triangles, weights = grid_triangles(2, 2, closed=False), rigid((4,), {"head": 1.0})
    return Piece(corners, triangles, corners[:, :2] * 1.0, weights, m.GLASSES, part=HEAD_PART)
