"""Triangle pieces with skinning weights, and the one mesh per person that they are joined into."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from reidapt.world.body import BONES

INFLUENCES = 4
"""Bones that may move one vertex."""

PARTS = (
    "background",
    "head",
    "neck",
    "torso",
    "upper_arm_left",
    "upper_arm_right",
    "lower_arm_left",
    "lower_arm_right",
    "upper_leg_left",
    "upper_leg_right",
    "lower_leg_left",
    "lower_leg_right",
    "foot_left",
    "foot_right",
    "bag",
)
"""Body parts by number, as `Mesh.parts` and part maps have them: 0 is no person, left and right are the person's own.

Clothes belong to the part that moves them, hands to the lower arms, hair, hats and glasses to the head.
"""

BAG_PART, HEAD_PART = PARTS.index("bag"), PARTS.index("head")

_PART_OF = {
    "neck01": "neck",
    "head": "head",
    **{
        f"{bone}.{side}": f"{part}_{word}"
        for side, word in (("L", "left"), ("R", "right"))
        for bone, part in (
            ("upperarm01", "upper_arm"),
            ("lowerarm01", "lower_arm"),
            ("wrist", "lower_arm"),
            ("upperleg01", "upper_leg"),
            ("lowerleg01", "lower_leg"),
            ("foot", "foot"),
        )
    },
}
PART_OF_BONE = np.array([PARTS.index(_PART_OF.get(bone, "torso")) for bone in BONES], np.int32)
"""(J,) the body part that a control bone moves."""


@dataclass
class Piece:
    """A part of a person in the rest pose: skin, a garment, hair, a bag.

    `vertices` (N, 3) in metres, `triangles` (M, 3), `uv` (N, 2) in metres along the cloth (u = 0 at the front centre,
    v = 0 at the top), `weights` (N, J) over the control bones with rows that sum to 1, `light` (N,) in [0, 1] how much
    ambient light reaches the vertex, `material` the row of the person's material table.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    weights: np.ndarray
    material: int
    light: np.ndarray | None = None
    normals: np.ndarray | None = None
    part: int | None = None  # a number of PARTS; None: the part of the bones that move it


@dataclass
class Mesh:
    """All pieces of a person: float32/int32 arrays ready for the kernels."""

    vertices: np.ndarray  # (N, 3)
    normals: np.ndarray  # (N, 3)
    uv: np.ndarray  # (N, 2)
    light: np.ndarray  # (N,)
    bones: np.ndarray  # (N, INFLUENCES) int32
    weights: np.ndarray  # (N, INFLUENCES)
    triangles: np.ndarray  # (M, 3) int32
    materials: np.ndarray  # (M,) int32, a row of `palette` per triangle
    parts: np.ndarray  # (M,) int32, a number of PARTS per triangle
    palette: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals per vertex, (N, 3); a vertex without triangles points up."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    normals = np.stack(
        [
            sum(np.bincount(triangles[:, k], weights=face[:, axis], minlength=len(vertices)) for k in range(3))
            for axis in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), np.array([0.0, 0.0, 1.0]))


@cache
def grid_triangles(rows: int, columns: int, closed: bool = True) -> np.ndarray:
    """Triangles of a (rows, columns) vertex grid whose columns wrap around when `closed`. Not to be written to."""
    last = columns if closed else columns - 1
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(last), indexing="ij")
    right = (column + 1) % columns
    a, b = row * columns + column, row * columns + right
    c, d = a + columns, b + columns
    return np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]).astype(
        np.int64
    )


def strongest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the `INFLUENCES` largest weights of each vertex, largest first, and those weights, summing to 1."""
    left = weights.copy()
    row = np.arange(len(left))
    bones = np.empty((len(left), INFLUENCES), np.int32)
    kept = np.empty((len(left), INFLUENCES), left.dtype)
    for k in range(INFLUENCES):
        bones[:, k] = left.argmax(axis=1)
        kept[:, k] = left[row, bones[:, k]]
        left[row, bones[:, k]] = -1.0
    return bones, kept / kept.sum(axis=1, keepdims=True)


def join(pieces: list[Piece], palette: np.ndarray) -> Mesh:
    """One mesh from `pieces`; only the strongest bones of a vertex are kept.

    A triangle's body part is that of its piece, or that of the bone which moves its first vertex most.
    """
    offsets = np.cumsum([0] + [len(piece.vertices) for piece in pieces])
    bones, weights = strongest(np.concatenate([piece.weights for piece in pieces], dtype=np.float32))
    normals = [
        piece.normals if piece.normals is not None else vertex_normals(piece.vertices, piece.triangles)
        for piece in pieces
    ]
    light = [piece.light if piece.light is not None else np.ones(len(piece.vertices)) for piece in pieces]
    triangles = np.concatenate([p.triangles + o for p, o in zip(pieces, offsets)])
    counts = [len(piece.triangles) for piece in pieces]
    given = np.repeat([-1 if piece.part is None else piece.part for piece in pieces], counts)
    return Mesh(
        vertices=np.concatenate([piece.vertices for piece in pieces], dtype=np.float32),
        normals=np.concatenate(normals, dtype=np.float32),
        uv=np.concatenate([piece.uv for piece in pieces], dtype=np.float32),
        light=np.concatenate(light, dtype=np.float32),
        bones=bones,
        weights=weights,
        triangles=triangles.astype(np.int32),
        materials=np.repeat([piece.material for piece in pieces], counts).astype(np.int32),
        parts=np.where(given < 0, PART_OF_BONE[bones[triangles[:, 0], 0]], given).astype(np.int32),
        palette=palette.astype(np.float32),
    )
