"""MSMT17, version 1 (`train`, `test`) or version 2 (`mask_train_v2`, `mask_test_v2`).

`0000/0000_000_01_0303morning_0015_0.jpg`: person (4 digits), running number of the person's picture from 0 (3 digits or
more), camera (2 digits, from 1), day and time of day, frame (4 digits or more), box 0. Days and times follow from the
sequence: three times (morning, noon, afternoon) of the four days 0113, 0302, 0303 and 0114.
`list_train.txt`, `list_val.txt` (below the training folder), `list_query.txt`, `list_gallery.txt` (below the test
folder): a line
`0000/0000_000_01_0303morning_0015_0.jpg 0` per picture: path and person.

Persons are numbered from 0, anew in training (`train` and `val` together) and in test (`query` and `gallery` together),
in the order of the table's persons: the same number in both is not the same person. `val` holds pictures of training
persons; where the table has none, every 14th training picture (published: 2,373 of 32,621) goes there. Junk and
distractors are left out. Pictures of version 2 are those of version 1: drawn people need no blurred faces.
"""

from __future__ import annotations

from reidapt.data.layouts.crops import Crop, cameras, frames, grouped, limited, ranks
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

FOLDERS = {1: ("train", "test"), 2: ("mask_train_v2", "mask_test_v2")}
DAYS, TIMES = ("0113", "0302", "0303", "0114"), ("morning", "noon", "afternoon")
VAL_EVERY = 14


def write(folder: Folder, crops: list[Crop], *, version: int = 1) -> None:
    """Write MSMT17; `version` is 1 or 2."""
    if version not in FOLDERS:
        raise DataError(f"the option version is 1 or 2, found {version!r}.")
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    for camera in cameras(people):
        limited(camera, 1, 99, "camera", "MSMT17")
    has_val = any(crop.split == "val" for crop in people)
    lists: dict[str, list[str]] = {"train": [], "val": [], "query": [], "gallery": []}
    for place, splits in zip(FOLDERS[version], (("train", "val"), ("query", "gallery"))):
        mine = [crop for crop in people if crop.split in splits]
        number, frame = ranks(crop.person for crop in mine), frames(mine, "person", "camera", "sequence")
        count = 0
        for (person,), pictures in grouped(mine, "person").items():
            for k, crop in enumerate(pictures):
                count += 1
                name = f"{number[person]:04d}/{number[person]:04d}_{k:03d}_{crop.camera:02d}_{_time(crop)}"
                name = f"{name}_{frame[crop.row]:04d}_0.jpg"
                folder.picture(crop, f"{place}/{name}")
                kept_apart = crop.split == "train" and not has_val and count % VAL_EVERY == 0
                lists["val" if kept_apart else crop.split].append(f"{name} {number[person]}")
    for split, lines in lists.items():
        folder.lines(f"list_{split}.txt", lines)


def _time(crop: Crop) -> str:
    slot = max(0, crop.sequence - 1)
    return DAYS[slot // len(TIMES) % len(DAYS)] + TIMES[slot % len(TIMES)]
