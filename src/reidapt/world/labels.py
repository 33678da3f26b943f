"""Labels beside the picture: masks, body parts, joints and depth, and the files they are written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.cameras import FRAME
from reidapt.world.crops import Crop
from reidapt.world.posing import JOINTS, joints

LABELS = ("mask", "hard", "parts", "depth", "joints")
"""What can be written beside the pictures: soft mask, mask of 0 and 255, body parts, depth, joints."""

FOLDERS = {"mask": "masks", "hard": "hard_masks", "parts": "parts", "depth": "depth"}
"""Folders of the labels that are pictures; each has a column of its name in `crops.csv`."""

HIDDEN_BEHIND = 0.16
"""Metres; a joint that lies deeper below the visible surface of its person is hidden by another limb."""


@dataclass
class Labels:
    """Labels of C crops; None where not asked for."""

    parts: np.ndarray | None = None  # (C, H, W) uint8, row of `mesh.PARTS`, 0 = not the person
    depth: np.ndarray | None = None  # (C, H, W) uint16 millimetres along the optical axis
    joints: np.ndarray | None = None  # (C, J, 2) float32 column and row in crop pixels
    places: np.ndarray | None = None  # (C, J, 3) float32 metres: right, down and forward of the camera
    seen: np.ndarray | None = None  # (C, J) uint8, 0 outside the crop, 1 hidden, 2 visible

    def one(self, row: int) -> Labels:
        """The labels of one crop, with a leading axis of 1."""
        names = ("parts", "depth", "joints", "places", "seen")
        return Labels(*(None if getattr(self, n) is None else getattr(self, n)[row : row + 1] for n in names))

    def joint_rows(self) -> tuple[np.ndarray, ...]:
        """Joints of the first crop: pixels (J, 2), metres (J, 3), visibility (J,); empty where not asked for."""
        if self.joints is None or self.places is None or self.seen is None:
            return ()
        return self.joints[0], self.places[0], self.seen[0]

    @staticmethod
    def joined(groups: Sequence[Labels], rows: np.ndarray) -> Labels:
        """The labels of several batches as one, re-ordered by `rows`."""
        result = Labels()
        for name in ("parts", "depth", "joints", "places", "seen"):
            values = [getattr(group, name) for group in groups]
            if all(value is not None for value in values):
                setattr(result, name, np.concatenate(values)[rows])
        return result


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels in a fixed order; a sentence for unknown ones."""
    for name in labels:
        if name not in LABELS:
            raise WorldError(f"There is no label {name!r}; the world writes: {', '.join(LABELS)}.")
    return tuple(name for name in LABELS if name in labels)


def locate_joints(
    crops: Sequence[Crop], boxes: np.ndarray, size: tuple[int, int], keys: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints in crop pixels (C, J, 2), in metres before the camera (C, J, 3), and whether they are seen (C, J).

    `keys` (C, tall, wide) is the z-buffer, from which follows whether the person's own surface is before a joint.
    """
    world = np.stack([joints(crop.rest, crop.transforms) for crop in crops if crop.rest is not None])
    local = np.stack([(w - crop.camera.position) @ crop.camera.rotation.T for w, crop in zip(world, crops)])
    focal = np.array([crop.camera.focal for crop in crops])[:, None, None]
    frame = np.array([FRAME[1] / 2, FRAME[0] / 2]) + focal * local[..., :2] / np.maximum(local[..., 2:], 1e-3)
    pixels = (frame - boxes[:, None, :2]) / boxes[:, None, 2:] * np.array([size[1], size[0]])
    tall, wide = keys.shape[1:]
    column = np.floor(pixels[..., 0] * wide / size[1]).astype(int)
    row = np.floor(pixels[..., 1] * tall / size[0]).astype(int)
    within = (column >= 0) & (column < wide) & (row >= 0) & (row < tall)
    there = keys[np.arange(len(crops))[:, None], row.clip(0, tall - 1), column.clip(0, wide - 1)]
    surface = 1.0 / np.maximum((there >> np.uint64(32)).astype(np.uint32).view(np.float32), 1e-6)
    own = (there > 0) & (((there >> np.uint64(24)) & np.uint64(0xFF)) == 0)
    seen = within & own & (local[..., 2] - surface < HIDDEN_BEHIND)
    shown = np.array([crop.box_kind != "empty" for crop in crops])[:, None]
    state = np.where(within & shown, np.where(seen, 2, 1), 0)
    return pixels.astype(np.float32), local.astype(np.float32), state.astype(np.uint8)


def write_joints(folder: Path, rows: Sequence[dict[str, object]], found: Sequence[tuple[np.ndarray, ...]]) -> None:
    """`joints.npz`: `path` (N,), `names` (J,), `pixels` (N, J, 2), `metres` (N, J, 3), `visible` (N, J)."""
    np.savez(
        folder / "joints.npz",
        path=np.array([str(row["path"]) for row in rows]),
        names=np.array(list(JOINTS)),
        pixels=np.stack([pixels for pixels, _, _ in found]),
        metres=np.stack([metres for _, metres, _ in found]),
        visible=np.stack([seen for _, _, seen in found]),
    )
