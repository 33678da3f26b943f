"""A batch of crops as the tables that the kernels read: actors, their meshes joined, views, transforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reidapt.world.cameras import FRAME
from reidapt.world.crops import Crop
from reidapt.world.mesh import Mesh
from reidapt.world.modalities import vignetting

VIEW_COLUMNS = 41
ACTOR_COLUMNS = 7
JOINED = ("vertices", "normals", "uv", "light", "bones", "weights", "triangles", "materials", "parts")


@dataclass
class Batch:
    """Tables of C crops with A actors; the first C actors are the crops' subjects (see `kernels`)."""

    crops: Sequence[Crop]
    actors: np.ndarray  # (A, ACTOR_COLUMNS) int32
    transforms: np.ndarray  # (A, J, 3, 4) float32
    view: np.ndarray  # (A, VIEW_COLUMNS) float32
    joined: dict[str, np.ndarray]  # the meshes' arrays, one after the other
    palettes: np.ndarray  # (meshes, rows, columns)

    @property
    def crowded(self) -> np.ndarray:
        """(C,) whether somebody but the subject is in the crop."""
        return np.array([bool(crop.others) for crop in self.crops])


def view_row(crop: Crop, camera_slot: int) -> np.ndarray:
    """The crop's row of the kernels' view table (the box follows when the person's outline is known)."""
    camera = crop.camera
    row = np.zeros(VIEW_COLUMNS)
    row[0:9] = camera.rotation.reshape(-1)
    row[9:12] = camera.position
    row[12], row[13], row[14] = camera.focal, FRAME[1] / 2, FRAME[0] / 2
    row[15:19] = 0.0, 0.0, 1.0, 1.0
    row[19:22], row[22:25], row[25:28] = camera.light_at(crop.feet.mean(axis=0))
    row[28], row[29], row[30] = camera.bounce, crop.fold_shift, camera_slot
    row[31] = camera.shadow * crop.sun_visible
    row[32:36] = crop.feet.reshape(-1)
    row[36], row[37], row[38], row[39] = 0.27, 0.50, crop.sun_visible, 1.0
    row[40] = vignetting(camera)
    return row


def gather(crops: Sequence[Crop], meshes: Sequence[Mesh], slots: Sequence[int]) -> Batch:
    """Tables of `crops`, whose subjects are `meshes`; `slots` are the cameras' rows in the renderer's frames."""
    count = len(crops)
    cast: list[tuple[int, Mesh, np.ndarray]] = [
        (row, mesh, crop.transforms) for row, (crop, mesh) in enumerate(zip(crops, meshes))
    ]
    first_other = []
    for row, crop in enumerate(crops):
        first_other.append(len(cast))
        cast += [(row, other.mesh, other.transforms) for other in crop.others]
    unique: dict[int, int] = {}
    pool: list[Mesh] = []
    starts: list[tuple[int, int]] = []
    vertex = triangle = 0
    actors = np.zeros((len(cast), ACTOR_COLUMNS), np.int32)
    for index, (row, mesh, _) in enumerate(cast):
        which = unique.setdefault(id(mesh), len(pool))
        if which == len(pool):
            pool.append(mesh)
            starts.append((vertex, triangle))
            vertex, triangle = vertex + len(mesh.vertices), triangle + len(mesh.triangles)
        shown = 0 if index < count and crops[index].box_kind == "empty" else len(mesh.triangles)
        actors[index, :6] = starts[which][0], len(mesh.vertices), starts[which][1], shown, which, row
    actors[:count, 6] = first_other
    view = np.stack([view_row(crop, slot) for crop, slot in zip(crops, slots)])
    return Batch(
        crops=crops,
        actors=actors,
        transforms=np.stack([transforms for _, _, transforms in cast]).astype(np.float32),
        view=view[actors[:, 5]].astype(np.float32),
        joined={name: np.concatenate([getattr(mesh, name) for mesh in pool]) for name in JOINED},
        palettes=np.stack([mesh.palette for mesh in pool]),
    )
