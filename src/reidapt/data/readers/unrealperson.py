"""Reader for UnrealPerson: `unreal_v1.2/images/0001_c001_12.jpg`; `list_unreal_train.txt` has path, person, camera.

Twelve folders: the number before the point is the scene, the one after it the group of persons, so that person and
camera numbers mean something only together with the folder. The list numbers both throughout and chooses the 120,000
pictures of the paper; without it, all pictures are read and numbered by folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.formats import fields, whole_numbers
from reidapt.data.readers.tools import Columns, below, folders, from_one, parsed, pictures, require_files, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

FOLDER = re.compile(r"unreal_v(?P<scene>\d+)\.(?P<group>\d+)")
NAME = re.compile(r"(?P<person>\d+)_c(?P<camera>\d+)_(?P<frame>\d+)\.\w+")
LIST = "list_unreal_train.txt"


def read(folder: Path) -> CropTable:
    """The table of the list, or of all pictures where there is no list; everything trains."""
    parts = [_listed(folder)] if os.path.isfile(folder / LIST) else _walked(folder)
    return table(parts, DATASET.name, folder)


def _listed(folder: Path) -> Columns:
    file = folder / LIST
    rows = fields(file, 3, "a path, a person and a camera")
    paths = below(folder, [path for path, _, _ in rows], file)
    require_files(paths, file, DATASET.title)
    person = whole_numbers([person for _, person, _ in rows], file, "a person")
    camera = whole_numbers([camera for _, _, camera in rows], file, "a camera")
    return {"path": paths, "person": from_one(person), "camera": camera, "split": "train"}


def _walked(folder: Path) -> list[Columns]:
    """Persons are 100,000 · group + number + 1, cameras 1,000 · scene + number."""
    parts = []
    for name in folders(folder):
        match = FOLDER.fullmatch(name)
        if match is None:
            continue
        place = folder / name / "images" if os.path.isdir(folder / name / "images") else folder / name
        files = pictures(place)
        facts = parsed(files, NAME, place, "0001_c001_12.jpg (person, camera, frame)")
        if files:
            parts.append(
                {
                    "path": [f"{place}/{file}" for file in files],
                    "person": 100_000 * int(match["group"]) + whole(facts, "person") + 1,
                    "camera": 1_000 * int(match["scene"]) + whole(facts, "camera"),
                    "frame": whole(facts, "frame"),
                    "scene": int(match["scene"]),
                    "split": "train",
                }
            )
    if not parts:
        raise DataError(
            f"{folder} has neither {LIST} nor folders unreal_v1.1/images to unreal_v4.3/images with pictures. {DATASET.ask}"
        )
    return parts


def published() -> Published:
    """The pictures of list_unreal_train.txt."""
    return {"train": {"persons": 3_000, "pictures": 120_000, "cameras": 34}}


DATASET = Dataset(
    name="unrealperson",
    title="UnrealPerson",
    kind="synthetic",
    layout="unreal_v1.1/images to unreal_v4.3/images with 0001_c001_12.jpg, and list_unreal_train.txt",
    marks=(".",),
    read=read,
    published=published,
    ask="Its authors link it at github.com/FlyHighest/UnrealPerson.",
    terms="for research",
    citation="Zhang et al., UnrealPerson: An Adaptive Pipeline towards Costless Person Re-identification, CVPR 2021",
    recognise=lambda folder: os.path.isfile(folder / LIST) or any(FOLDER.fullmatch(n) for n in folders(folder)),
)
