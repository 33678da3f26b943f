"""Hair as geometry: shells around the skull, hanging lengths, buns and tails."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.figure import rigid
from reidapt.world.loft import angles, cloth_uv, sheet
from reidapt.world.mesh import HEAD_PART, Piece, grid_triangles
from reidapt.world.people import Person
from reidapt.world.skull import COLUMNS, ROWS, Skull, hairline

EDGES: dict[str, tuple[float, float, float]] = {
    "buzz": (52, 92, 122),
    "short": (50, 96, 128),
    "quiff": (46, 92, 124),
    "curly": (46, 98, 130),
    "afro": (44, 98, 128),
}
"""Where hair ends, as for `hairline`; other styles like `short`."""

VOLUME: dict[str, tuple[float, float]] = {
    "buzz": (0.004, 0.007),
    "short": (0.012, 0.026),
    "quiff": (0.012, 0.018),
    "curly": (0.022, 0.042),
    "afro": (0.045, 0.085),
}
"""Metres over the skin of the shortest and the longest hair; other styles 0.016."""


def covered(person: Person) -> bool:
    """Whether a hood or headscarf hides all but the front of the hair."""
    return person.top.hood_up or person.hat == "headscarf"


def scalp(skull: Skull, person: Person) -> np.ndarray:
    """(V,) the head's vertices that hair hides."""
    hidden = np.zeros(len(skull.rows), bool)
    if person.hair == "bald":
        return hidden
    local = skull.head - skull.centre
    polar = np.arccos(np.clip(local[:, 2] / np.linalg.norm(local, axis=1), -1, 1))
    azimuth = np.arctan2(local[:, 0], -local[:, 1])
    edge = np.interp(azimuth, angles(COLUMNS), hairline(*EDGES.get(person.hair, EDGES["short"])), period=2 * np.pi)
    hidden[np.flatnonzero(skull.rows)] = polar < edge - 0.22
    return hidden


def hair_pieces(skull: Skull, person: Person, clothes: np.ndarray) -> list[Piece]:
    """Hair of the person's style; long hair lies on `clothes`, the vertices (N, 3) of the upper garment."""
    kind, length = person.hair, person.hair_length
    if kind == "bald":
        return []
    low, high = VOLUME.get(kind, (0.016, 0.016))
    volume = low + (high - low) * length
    hat = person.hat != "none" or covered(person)
    if hat:
        volume = min(0.35 * volume, 0.007)
    row = np.linspace(0.0, 1.0, ROWS)[:, None]
    azimuth = angles(COLUMNS)[None, :]
    edge = {"buzz": 0.0, "afro": 0.9, "curly": 0.75}.get(kind, 0.35)
    phase = person.fold_phase
    thick = volume * (1 - (1 - edge) * row**2)
    if volume > 0.01:
        thick = thick + 0.003 * np.sin(3 * azimuth + phase) * np.sin(np.pi * row)
    if kind == "curly" and not hat:
        thick = thick + 0.006 * np.sin(7 * azimuth + 9 * row + phase) * np.sin(17 * row - 3 * azimuth)
    if kind == "quiff" and not hat:
        rise = np.sin(np.pi * np.clip(row * 0.9 + 0.1, 0, 1)) * (row > 0.2)
        thick = thick + (0.020 + 0.016 * length) * np.clip(np.cos(azimuth), 0, 1) * rise
    thick = np.broadcast_to(thick, (ROWS, COLUMNS))
    pieces = [skull.shell_piece(skull.shell(hairline(*EDGES.get(kind, EDGES["short"])), thick), m.HAIR)]
    if covered(person):
        return pieces
    if kind in ("bob", "long"):
        pieces.append(hanging(skull, person, clothes))
    elif kind == "bun" and not hat:
        place = skull.centre + np.array([0.0, 0.10, 0.10 * length])
        pieces.append(lump(place, np.array([0.045, 0.042, 0.042]) * (0.9 + 0.3 * length)))
    elif kind == "ponytail":
        pieces.append(tail(skull.centre, 0.16 + 0.24 * length, 0.03 if person.hat == "none" else -0.02))
    return pieces


def lump(centre: np.ndarray, size: np.ndarray) -> Piece:
    """An ellipsoid of half `size` (3,) that moves with the head."""
    t = np.linspace(0.05, np.pi - 0.05, 7)[:, None]
    a = angles(10)[None, :]
    points = np.stack(np.broadcast_arrays(np.sin(t) * np.sin(a), -np.sin(t) * np.cos(a), np.cos(t)), -1) * size
    uv = cloth_uv(0.04, size[2] * t[:, 0], 10)
    return sheet(points + centre, uv, rigid(points.shape[:2], {"head": 1.0}), m.HAIR, part=HEAD_PART)


def hanging(skull: Skull, person: Person, clothes: np.ndarray) -> Piece:
    """Hair that falls from the crown behind the face, to the chin or onto the back."""
    centre, kind, length = skull.centre, person.hair, person.hair_length
    columns, cap_rows, rows = 22, 6, 10
    azimuth = np.radians(np.linspace(62, 298, columns))
    polar = np.radians(np.linspace(10, 96, cap_rows))[:, None]
    thick = 0.018 + 0.008 * length if person.hat == "none" else 0.010
    cap = skull.over(np.broadcast_to(polar, (cap_rows, columns)), np.broadcast_to(azimuth, (cap_rows, columns)), thick)
    chin = skull.chin - 0.015
    bottom = chin + 0.01 - 0.05 * length if kind == "bob" else chin - 0.12 - 0.26 * length
    if person.top.collar in ("hood", "turtle"):  # tucked in
        bottom = max(bottom, chin - 0.05)
    drop = np.linspace(0.0, 1.0, rows + 1)[1:, None]
    last = cap[-1]
    z = last[:, 2] + drop * (bottom - last[:, 2])
    back = np.clip(-np.cos(azimuth), 0.0, 1.0)[None, :]
    spread = 1.0 + (0.10 if kind == "bob" else 0.04) * drop * (1 - 0.3 * back)
    y_back = 0.055 * np.clip((chin - z) / 0.15, 0, 1) * back + 0.012 * np.clip((chin - z) / 0.2, 0, 1)
    pull = 1.0 - 0.25 * np.clip((centre[2] - 0.06 - z) / 0.12, 0, 1) * back
    x = centre[0] + (last[:, 0] - centre[0]) * spread * (1.0 - 0.12 * np.clip((chin - z) / 0.1, 0, 1))
    y = centre[1] + (last[:, 1] - centre[1]) * spread * pull + y_back
    low = z.min(axis=1) < clothes[:, 2].max() + 0.03
    if low.any():
        lying = back_of(clothes, x[low], z[low]) + 0.012
        y[low] = np.where(back > 0.35, np.maximum(y[low], lying), y[low])
    wave = 0.005 * np.sin(28 * z + person.fold_phase + 3 * azimuth[None, :])
    points = np.concatenate([cap, np.stack([x + wave, y + wave, z], axis=-1)])
    u = np.broadcast_to(azimuth[None, :] * 0.1, points.shape[:2])
    uv = np.stack([u, cap[0, 0, 2] - points[..., 2]], -1).reshape(-1, 2)
    weights = skull.weights(points).reshape(-1, skull.figure.model.weights.shape[1])
    triangles = grid_triangles(len(points), columns, closed=False)
    return Piece(points.reshape(-1, 3), triangles, uv, weights, m.HAIR, part=HEAD_PART)


def back_of(clothes: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How far back (y) `clothes` reach near every (x, z); −1 where there are none."""
    near = clothes[(clothes[:, 2] > z.min() - 0.03) & (clothes[:, 1] > np.median(clothes[:, 1]))].astype(np.float32)
    far = (np.abs(near[:, 0] - x[..., None].astype(np.float32)) > 0.045) | (
        np.abs(near[:, 2] - z[..., None].astype(np.float32)) > 0.03
    )
    return np.where(far, np.float32(-1.0), near[:, 1]).max(axis=-1, initial=-1.0).astype(float)


def tail(centre: np.ndarray, length: float, rise: float) -> Piece:
    """A ponytail that leaves the back of the head and hangs."""
    rows, columns = 9, 8
    t = np.linspace(0.0, 1.0, rows)
    y = centre[1] + 0.085 + 0.055 * np.sin(np.pi * np.clip(t * 1.4, 0, 1))
    line = np.stack([0.0 * t, y, centre[2] + rise - length * t**1.3], axis=1)
    thick = 0.038 * (1.0 - 0.55 * t) * np.clip(0.5 + t * 4, 0, 1)
    a = angles(columns)
    ring = np.stack([np.sin(a), -0.8 * np.cos(a), np.zeros(columns)], axis=1)
    points = line[:, None] + thick[:, None, None] * ring
    weights = rigid((rows, columns), {"head": 0.8, "spine01": 0.2})
    return sheet(points, cloth_uv(0.03, length * t, columns), weights, m.HAIR, part=HEAD_PART)
