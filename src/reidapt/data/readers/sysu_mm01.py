"""Reader for SYSU-MM01: `cam3/0001/0001.jpg` is camera 3, person 1, picture 1; cameras 3 and 6 are infrared.

`exp/{train,val,test}_id.txt` list the persons of each split, separated by commas. Of the test persons, infrared
pictures are the query and colour pictures the gallery; which of them a trial draws is the evaluation's business.
"""

from __future__ import annotations

import re
from pathlib import Path

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.readers.formats import numbers
from reidapt.data.readers.tools import Columns, folders, parsed, pictures, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

INFRARED = (3, 6)
NAME = re.compile(r"(?P<frame>\d+)\.\w+")
LISTS = {"train": "exp/train_id.txt", "val": "exp/val_id.txt", "test": "exp/test_id.txt"}


def read(folder: Path, val: str = "train") -> CropTable:
    """The table, by camera, person and picture; persons in none of the lists are left out."""
    folder = DATASET.home(folder)
    split = _splits(folder, val)
    cameras = [name for name in folders(folder) if re.fullmatch(r"cam\d+", name)]
    if not cameras:
        raise DataError(
            f"{folder} has no folders cam1, cam2, ...; unpack the pictures of SYSU-MM01 there. {DATASET.ask}"
        )
    parts = []
    for camera in sorted(cameras, key=lambda name: int(name[3:])):
        for person in folders(folder / camera):
            if not person.isdigit():
                raise DataError(f"{folder / camera / person} is not named after a person; expected names like 0001.")
            if int(person) in split:
                parts.append(_part(folder / camera / person, int(camera[3:]), int(person), split[int(person)]))
    result = table(parts, DATASET.table_name(val=val), folder)
    missing = sorted(set(split) - set(result.person.tolist()))
    if missing:
        raise DataError(
            f"{folder} has no pictures of person {missing[0]:04d}, who is in its lists ({len(missing)} such persons); the "
            "copy is incomplete, unpack it again."
        )
    return result


def _splits(folder: Path, val: str) -> dict[int, str]:
    """The split of every listed person; nobody may be in two lists."""
    split: dict[int, str] = {}
    for name, file in LISTS.items():
        for person in numbers(folder / file, "a person"):
            here = "train" if name == "val" and val == "train" else name
            if split.setdefault(person, here) != here:
                raise DataError(
                    f"{folder / file} lists person {person:04d}, who is in another list as well; the splits must share "
                    "nobody. Replace the lists by the published ones."
                )
    return split


def _part(place: Path, camera: int, person: int, split: str) -> Columns:
    names = pictures(place)
    infrared = camera in INFRARED
    return {
        "path": [f"{place}/{name}" for name in names],
        "person": person,
        "camera": camera,
        "frame": whole(parsed(names, NAME, place, "0001.jpg"), "frame"),
        "modality": "infrared" if infrared else "colour",
        "split": split if split != "test" else "query" if infrared else "gallery",
    }


def published(val: str = "train") -> Published:
    """Wu et al. 2017."""
    test = {"query": {"persons": 96, "pictures": 3_803, "cameras": 2}, "gallery": {"persons": 96, "cameras": 4}}
    if val == "train":
        return {"train": {"persons": 395, "pictures": 22_258 + 11_909, "cameras": 6}, **test}
    return {"train": {"persons": 296}, "val": {"persons": 99}, **test}


DATASET = Dataset(
    name="sysu-mm01",
    title="SYSU-MM01",
    kind="cross-modal",
    layout="cam1 to cam6 with PERSON/0001.jpg, and exp/{train,val,test}_id.txt",
    marks=tuple(LISTS.values()),
    nested=("SYSU-MM01", "ori_data"),
    read=read,
    published=published,
    ask="Ask its authors at Sun Yat-sen University for it (github.com/wuancong/SYSU-MM01).",
    terms="for academic research, by request",
    citation="Wu et al., RGB-Infrared Cross-Modality Person Re-Identification, ICCV 2017",
    options={"val": Option(("train", "separate"), "train", "validation persons join train, or are a split")},
)
