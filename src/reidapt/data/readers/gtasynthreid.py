"""Reader for GTASynthReid: `42647445_sd000c08_0396.jpeg` is person, day or night and sequence, camera, frame.

The split release has Market-1501's three folders and 19 cameras; the unsplit release is a flat folder in which `c1` and
`c2` count within a sequence, so that its camera is made of sequence and camera.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.three_folders import FOLDERS
from reidapt.data.readers.tools import Columns, need_pictures, parsed, pictures, table, whole
from reidapt.data.table import CropTable

NAME = re.compile(r"(?P<person>\d+)_s(?P<light>[dn])(?P<sequence>\d+)c(?P<camera>\d+)_(?P<frame>\d+)\.\w+")
EXAMPLE = "42647445_sd000c08_0396.jpeg (person, day or night and sequence, camera, frame)"
LIGHT = {"d": "day", "n": "night"}


def read(folder: Path) -> CropTable:
    """The table of a folder with the three split folders, or of a flat folder, which is all `train`."""
    split = all(os.path.isdir(folder / name) for name in FOLDERS)
    parts = [_part(folder / name, FOLDERS[name]) for name in FOLDERS] if split else [_part(folder, "train")]
    return table(parts, DATASET.name, folder)


def _part(folder: Path, split: str) -> Columns:
    names = pictures(folder)
    facts = parsed(names, NAME, folder, EXAMPLE)
    camera, sequence = whole(facts, "camera"), whole(facts, "sequence")
    within_sequence = bool(names) and len(facts["camera"][0]) == 1
    columns: Columns = {
        "path": [f"{folder}/{name}" for name in names],
        "person": whole(facts, "person"),
        "camera": np.where(within_sequence, 10 * (sequence + 1) + camera, camera),
        "sequence": sequence,
        "frame": whole(facts, "frame"),
        "light": [LIGHT[letter] for letter in facts["light"]],
        "split": split,
    }
    return need_pictures(columns, folder, DATASET.title)


def _recognised(folder: Path) -> bool:
    place = folder / "bounding_box_train"
    names = sorted(os.listdir(place if os.path.isdir(place) else folder)) if os.path.isdir(folder) else []
    return any(NAME.fullmatch(name) for name in names[:3])


def published() -> Published:
    """The authors' page; the split was not counted there."""
    return {"all": {"persons": 538, "pictures": 94_312}}


DATASET = Dataset(
    name="gtasynthreid",
    title="GTASynthReid",
    kind="synthetic",
    layout="bounding_box_train, query and bounding_box_test with 42647445_sd000c08_0396.jpeg",
    marks=(".",),
    read=read,
    published=published,
    ask="Its authors describe it at github.com/RoboTuan/GTASynthReid.",
    terms="for research; made with a commercial game",
    citation="Defonte, Synthetic-to-Real Domain Transfer with Joint Image Translation and Discriminative Learning for "
    "Pedestrian Re-Identification, 2022",
    recognise=_recognised,
)
