"""The classic small datasets with two views and averaged splits: CUHK01, VIPeR, GRID, PRID2011 (single shot).

The two lowest cameras of the table are the views A and B (GRID keeps all eight). The published sets have no training
part: protocols draw halves of the persons, so the table's splits are not used. Junk is left out, and distractors
everywhere but in GRID.

cuhk01    `campus/0001001.png`: person (4 digits), picture (3 digits): 001 and 002 of view A, 003 and 004 of view B, the
          lowest frames. Persons without two pictures in both views are left out.
viper     `VIPeR/cam_a/000_45.bmp`: person (3 digits, from 0: the table's person less one), viewing angle. One picture
          of each view; the angle is the multiple of 45° from 0 to 180 nearest to the attribute `yaw` (folded), or 0 in
          A and 90 in B.
grid      `underground_reid/probe/0001_1_25004_107_32_106_221.jpeg`: person (4 digits), camera (1-8), frame, box (x, y,
          width, height). `probe` has one picture of every person seen by two cameras, from the lowest of them, and
          `gallery` one from the next; distractors are `0000` in `gallery`. `features_and_partitions.mat` (MATLAB 5) has
          `trainIdxAll`, a 1×10 cell of 1×1 structs whose third field is the 1×n list of the training persons of a
          split, half of them. (The published file also holds features and the other two fields; these are empty here.)
prid2011  `prid_2011/single_shot/cam_a/person_0001.png`. The persons seen in both views come first, numbered from 1 in
          the order of the table; then, in each view on its own, the persons seen only there: the same number above the
          shared ones is not the same person. Option `shared`: how many persons to keep in both views; the rest is dealt
          out to A alone and B alone in the published proportion (200 shared, 185 in A alone, 549 in B alone).
"""

from __future__ import annotations

import numpy as np

from reidapt.data.layouts.crops import Crop, cameras, frames, grouped, halves, limited, number
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

ALONE = (185, 549)
"""Persons of PRID2011 seen in A alone and in B alone."""


def _views(crops: list[Crop], layout: str) -> tuple[list[dict[int, list[Crop]]], list[int]]:
    """Person -> crops in view A and in view B, and the persons of both."""
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    seen = cameras(people)
    views = [
        {person: mine for (person, of), mine in grouped(people, "person", "camera").items() if of == camera}
        for camera in seen[:2]
    ]
    if len(views) < 2 or not set(views[0]) & set(views[1]):
        raise DataError(f"the {layout} layout needs persons seen by two cameras; the table has none.")
    return views, sorted(set(views[0]) & set(views[1]))


def cuhk01(folder: Folder, crops: list[Crop]) -> None:
    """Write CUHK01."""
    views, shared = _views(crops, "CUHK01")
    for person in shared:
        limited(person, 1, 9999, "person", "CUHK01")
        if min(len(view[person]) for view in views) >= 2:
            for k, crop in enumerate([*views[0][person][:2], *views[1][person][:2]], 1):
                folder.picture(crop, f"campus/{person:04d}{k:03d}.png")
    if not folder.written:
        raise DataError("the CUHK01 layout needs persons with two pictures in each of two cameras; the table has none.")


def viper(folder: Folder, crops: list[Crop]) -> None:
    """Write VIPeR."""
    views, shared = _views(crops, "VIPeR")
    for person in shared:
        limited(person, 1, 1000, "person", "VIPeR")
        for name, default, view in zip(("cam_a", "cam_b"), (0, 90), views):
            crop = view[person][0]
            folder.picture(crop, f"VIPeR/{name}/{person - 1:03d}_{_angle(crop, default)}.bmp")


def _angle(crop: Crop, default: int) -> int:
    yaw = number(crop, "yaw", default) % 360
    return round(min(yaw, 360 - yaw) / 45) * 45


def grid(folder: Folder, crops: list[Crop], *, seed: int = 0) -> None:
    """Write GRID."""
    colour = [crop for crop in crops if crop.modality == "colour"]
    frame = frames(colour, "person", "camera")
    pairs = []
    for (person,), mine in grouped((c for c in colour if c.person > 0), "person").items():
        seen = cameras(mine)
        if len(seen) >= 2:
            first, second = (next(crop for crop in mine if crop.camera == camera) for camera in seen[:2])
            pairs.append(limited(person, 1, 9999, "person", "GRID"))
            folder.picture(first, f"underground_reid/probe/{_grid_name(first, frame)}")
            folder.picture(second, f"underground_reid/gallery/{_grid_name(second, frame)}")
    if len(pairs) < 2:
        raise DataError(f"the GRID layout needs two persons seen by two cameras; the table has {len(pairs)}.")
    for crop in colour:
        if crop.person == 0:
            folder.picture(crop, f"underground_reid/gallery/{_grid_name(crop, frame)}")
    fields = [("probe", object), ("gallery", object), ("trainIdx", object)]
    splits = np.empty((1, 10), dtype=object)
    for trial in range(10):
        struct = np.empty((1, 1), dtype=fields)
        empty = np.empty((0, 0))
        struct[0, 0] = (empty, empty, np.array([halves(pairs, seed, trial)[0]], dtype=np.int32))
        splits[0, trial] = struct
    folder.mat("underground_reid/features_and_partitions.mat", {"trainIdxAll": splits})


def _grid_name(crop: Crop, frame: dict[int, int]) -> str:
    camera = limited(crop.camera, 1, 8, "camera", "GRID")
    width, height = int(number(crop, "box_width", 64)), int(number(crop, "box_height", 128))
    return f"{crop.person:04d}_{camera}_{frame[crop.row]}_{crop.row % 640}_{crop.row % 480}_{width}_{height}.jpeg"


def prid2011(folder: Folder, crops: list[Crop], *, shared: int | None = None) -> None:
    """Write PRID2011 (single shot); `shared` is the number of persons in both views, None for all there are."""
    views, both = _views(crops, "PRID2011")
    for name, mine in zip(("cam_a", "cam_b"), prid_views(views, both, shared)):
        for k, of_person in enumerate(mine, 1):
            folder.picture(of_person[0], f"prid_2011/single_shot/{name}/person_{k:04d}.png")


def prid_views(views: list[dict[int, list[Crop]]], both: list[int], shared: int | None) -> list[list[list[Crop]]]:
    """For A and for B: the crops of person_0001, person_0002, ..."""
    kept = both if shared is None else both[: limited(shared, 1, len(both), "number of shared persons", "PRID2011")]
    rest = both[len(kept) :]
    in_a = [(k + 1) * ALONE[0] // sum(ALONE) > k * ALONE[0] // sum(ALONE) for k in range(len(rest))]
    alone = [[p for p, a in zip(rest, in_a) if a], [p for p, a in zip(rest, in_a) if not a]]
    only = [sorted({*extra, *(set(view) - set(both))}) for extra, view in zip(alone, views)]
    return [[view[person] for person in [*kept, *mine]] for view, mine in zip(views, only)]
