"""SYSU-MM01: four colour cameras, two infrared cameras, and the permutations that fix the gallery of the ten trials.

`cam1/0001/0001.jpg`: camera, person (4 digits), running number of the picture from 1 (4 digits) in the order of the
frames. Colour crops of the table's cameras 1, 2, 4 and 5 and infrared crops of its cameras 3 and 6 are written; other
crops, junk and distractors are left out, so a world drawn in both modalities by six cameras fits.
`exp/train_id.txt`, `val_id.txt`, `test_id.txt`, `available_id.txt`: one line of persons with commas between, sorted.
`train` and `val` follow the table; where it has no `val`, the last quarter of the training persons (published: 99 of
395) becomes it. Query and gallery persons are test; which picture is which follows from its camera. `available_id`
holds all of them.
`exp/rand_perm_cam.mat` (MATLAB 5): `rand_perm_cam`, 6×1 cell by camera, each a P×1 cell by person number (P = the
largest), each a 10×n double array, a row per trial, of the 1-based picture numbers in random order; empty (0×0) for a
person without pictures there. Trial t of single-shot search takes the first number of row t, of multi-shot the first
ten.
"""

from __future__ import annotations

import numpy as np

from reidapt.data.layouts.crops import Crop, grouped, limited, persons
from reidapt.data.layouts.folder import Folder
from reidapt.data.layouts.matlab import cell
from reidapt.errors import DataError

COLOUR, INFRARED = (1, 2, 4, 5), (3, 6)
TRIALS = 10


def write(folder: Folder, crops: list[Crop], *, seed: int = 0) -> None:
    """Write SYSU-MM01; `seed` draws the permutations."""
    kept = [
        crop
        for crop in crops
        if crop.person > 0 and crop.camera in {"colour": COLOUR, "infrared": INFRARED}.get(crop.modality, ())
    ]
    for modality, wanted in (("colour", COLOUR), ("infrared", INFRARED)):
        if not any(crop.modality == modality for crop in kept):
            raise DataError(
                f"the SYSU-MM01 layout takes {modality} crops of the cameras {', '.join(map(str, wanted))}, and the table "
                "has none there. A world made with plan('sysu-mm01') fits."
            )
    counts: dict[tuple[int, int], int] = {}
    for (camera, person), mine in grouped(kept, "camera", "person").items():
        counts[camera, person] = len(mine)
        limited(person, 1, 9999, "person", "SYSU-MM01")
        for number, crop in enumerate(mine, 1):
            folder.picture(crop, f"cam{camera}/{person:04d}/{number:04d}.jpg")
    for name, ids in _ids(kept).items():
        folder.lines(f"exp/{name}_id.txt", [",".join(map(str, ids))])
    folder.mat("exp/rand_perm_cam.mat", {"rand_perm_cam": _permutations(counts, seed)})


def _ids(crops: list[Crop]) -> dict[str, list[int]]:
    train, val = (persons(crop for crop in crops if crop.split == split) for split in ("train", "val"))
    train = [person for person in train if person not in set(val)]
    if not val and len(train) > 1:
        cut = len(train) - max(1, len(train) // 4)
        train, val = train[:cut], train[cut:]
    test = persons(crop for crop in crops if crop.split in ("query", "gallery"))
    shared = sorted({*train, *val} & set(test))
    if shared:
        raise DataError(f"the SYSU-MM01 layout divides persons, and person {shared[0]} is in training and in test.")
    return {"train": train, "val": val, "test": test, "available": sorted({*train, *val, *test})}


def _permutations(counts: dict[tuple[int, int], int], seed: int) -> np.ndarray:
    largest = max(person for _, person in counts)
    of_camera = []
    for camera in range(1, 7):
        of_person = []
        for person in range(1, largest + 1):
            count = counts.get((camera, person), 0)
            draw = np.random.default_rng([seed, camera, person])
            rows = [draw.permutation(count) + 1.0 for _ in range(TRIALS)] if count else []
            of_person.append(np.array(rows) if rows else np.empty((0, 0)))
        of_camera.append(cell(of_person))
    return cell(of_camera)
