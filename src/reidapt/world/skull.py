"""The skull in polar coordinates, for everything that lies on it: hair, hats, hoods."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from reidapt.world.figure import Figure, mix, rigid
from reidapt.world.loft import angles, sheet, smooth_rows
from reidapt.world.mesh import HEAD_PART, Piece

COLUMNS, ROWS = 26, 12
"""Of a shell around the skull."""


class Skull:
    """Distances from a centre inside the head to its surface, looked up once and read between.

    Polar angle 0 is the crown; azimuth 0 is the face, growing towards the person's left.
    """

    POLAR = np.radians(np.linspace(0.0, 150.0, 16))
    AZIMUTH = 20

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.rows = figure.of("head")
        self.head = figure.vertices[self.rows]
        self.eyes = figure.rest.eyes.mean(axis=0)
        self.chin = float(figure.rest.joint("head")[2])
        self.top = float(self.head[:, 2].max())
        near = self.head[np.abs(self.head[:, 2] - self.eyes[2] - 0.03) < 0.03]
        self.centre = np.array([0.0, 0.5 * (near[:, 1].min() + near[:, 1].max()) + 0.008, self.top - 0.105])

    @cached_property
    def distances(self) -> np.ndarray:
        """(16, AZIMUTH) metres to the farthest vertex inside a narrow cone, smoothed."""
        local = (self.head - self.centre).astype(np.float32)
        length = np.sqrt((local**2).sum(axis=1))
        outer = length > 0.065  # not the mouth's inside
        local, length = local[outer], length[outer]
        aim = directions(self.POLAR[:, None], angles(self.AZIMUTH)[None, :]).astype(np.float32)
        inside = aim.reshape(-1, 3) @ (local / length[:, None]).T > 0.972
        far = np.where(inside, length, np.float32(0.05)).max(axis=1).reshape(aim.shape[:2]).astype(float)
        far = np.clip(far, 0.07, 0.135)
        for _ in range(2):
            far = 0.25 * np.roll(far, 1, 1) + 0.5 * far + 0.25 * np.roll(far, -1, 1)
            far = smooth_rows(far)
        far[0] = far[0].mean()
        return far

    def radius(self, polar: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
        """Metres from the centre to the skin in a direction, between the distances looked up."""
        p = np.clip(polar / self.POLAR[1], 0.0, len(self.POLAR) - 1.001)
        a = ((azimuth + np.pi) / (2 * np.pi) * self.AZIMUTH) % self.AZIMUTH
        i, j = p.astype(int), a.astype(int) % self.AZIMUTH
        fp, fa, k = p - i, a - a.astype(int), (j + 1) % self.AZIMUTH
        d = self.distances
        return (1 - fp) * ((1 - fa) * d[i, j] + fa * d[i, k]) + fp * ((1 - fa) * d[i + 1, j] + fa * d[i + 1, k])

    def over(self, polar: np.ndarray, azimuth: np.ndarray, thick: np.ndarray | float) -> np.ndarray:
        """Points (…, 3) `thick` metres over the skin in a direction."""
        out = self.radius(polar, azimuth) + thick
        return self.centre + directions(polar, azimuth) * out[..., None]

    def shell(self, edge: np.ndarray, thick: np.ndarray | float) -> np.ndarray:
        """Points (ROWS, COLUMNS, 3) down to polar angle `edge` (COLUMNS,), `thick` metres over the skin."""
        polar = np.linspace(0.0, 1.0, ROWS)[:, None] * edge[None, :]
        return self.over(polar, np.broadcast_to(angles(COLUMNS), polar.shape), thick)

    def weights(self, points: np.ndarray) -> np.ndarray:
        """(…, J): the head above the chin, the chest below the shoulders, blended between."""
        low = np.clip((self.chin + 0.01 - points[..., 2]) / 0.16, 0.0, 1.0)
        shape = points.shape[:-1]
        return mix(rigid(shape, {"head": 1.0}), rigid(shape, {"spine01": 1.0}), low)

    def shell_piece(self, points: np.ndarray, material: int) -> Piece:
        """A piece from `shell` points, whose last ring turns inwards."""
        last = points[-1:] - self.centre
        points = np.concatenate([points, points[-1:] - 0.014 * last / np.linalg.norm(last, axis=-1, keepdims=True)])
        light = np.ones(len(points))
        light[-1] = 0.5
        return sheet(points, self.uv(points), self.weights(points), material, light, HEAD_PART)

    def uv(self, points: np.ndarray) -> np.ndarray:
        """Coordinates (rows, columns + 1, 2) of a closed shell: around, and down from its top."""
        u = np.broadcast_to(
            np.linspace(-0.1 * np.pi, 0.1 * np.pi, points.shape[1] + 1), (len(points), points.shape[1] + 1)
        )
        v = points[0, 0, 2] - points[..., 2]
        return np.stack([u, np.concatenate([v, v[:, :1]], axis=1)], axis=-1)


def directions(polar: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """Unit vectors (…, 3)."""
    sine = np.sin(polar)
    return np.stack(np.broadcast_arrays(sine * np.sin(azimuth), -sine * np.cos(azimuth), np.cos(polar)), axis=-1)


def hairline(front: float, side: float, back: float) -> np.ndarray:
    """Polar angle (radians, COLUMNS) of an edge: degrees at the forehead, over the ears and at the nape."""
    away = np.abs(np.degrees(angles(COLUMNS)))
    ends = [front, front + 4, side - 12, side, side + 8, back, back]
    return np.radians(np.interp(away, [0, 40, 62, 85, 115, 150, 180], ends))
