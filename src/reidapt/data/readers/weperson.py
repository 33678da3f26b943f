"""Reader for WePerson: `0001_02_03_12.png` is person, camera, scene, time; letters before the numbers are allowed.

Pictures lie in one folder or in a folder per person; everything trains. Cameras count within a scene, so that a camera
here is 100 · scene + camera; `time` is the time of day as published.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Published
from reidapt.data.files import is_picture, listing
from reidapt.data.readers.tools import Columns, folders, from_one, need_pictures, parsed, pictures, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(
    r"[A-Za-z]*(?P<person>\d+)_[A-Za-z]*(?P<camera>\d+)_[A-Za-z]*(?P<scene>\d+)_[A-Za-z]*(?P<time>\d+)(?:[_-]\w+)?\.\w+"
)
EXAMPLE = "0001_02_03_12.png (person, camera, scene, time)"


def read(folder: Path) -> CropTable:
    """The table of a folder of pictures, of folders of pictures."""
    folder = DATASET.home(folder)
    flat = [name for name in listing(folder) if is_picture(name)]
    places = [folder] if flat else [folder / name for name in folders(folder)]
    if not places:
        raise DataError(f"{folder} has no pictures like {EXAMPLE}. {DATASET.ask}")
    parts = [_part(place) for place in places]
    ids = from_one(np.concatenate([part["person"] for part in parts]))
    for part in parts:
        part["person"], ids = ids[: len(part["path"])], ids[len(part["path"]) :]
    return table(parts, DATASET.name, folder)


def _part(place: Path) -> Columns:
    names = pictures(place)
    facts = parsed(names, NAME, place, EXAMPLE)
    scene = whole(facts, "scene")
    columns: Columns = {
        "path": [f"{place}/{name}" for name in names],
        "person": whole(facts, "person"),
        "camera": 100 * scene + whole(facts, "camera"),
        "scene": scene,
        "time": whole(facts, "time"),
        "split": "train",
    }
    return need_pictures(columns, place, DATASET.title)


def published() -> Published:
    """Li, Ye and Du 2021; the downloadable part is smaller."""
    return {"train": {"persons": 1_500, "pictures": 4_000_000, "cameras": 40}}


DATASET = Dataset(
    name="weperson",
    title="WePerson",
    kind="synthetic",
    layout="a folder of 0001_02_03_12.png",
    marks=(".",),
    read=read,
    published=published,
    ask="Its authors link a part of it at github.com/lihe404/WePerson.",
    terms="for research; made with a commercial game",
    citation="Li, Ye and Du, WePerson: Learning a Generalized Re-identification Model from All-weather Virtual Data, "
    "ACM MM 2021",
    recognise=lambda folder: False,
)
