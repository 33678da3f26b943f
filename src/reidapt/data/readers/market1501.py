"""Reader for Market-1501: three folders; `0002_c1s1_000451_03.jpg` is person 2, camera 1, sequence 1, frame 451, box 3.

Person −1 is junk (ignored by the Market rule), person 0000 a distractor (stays in the gallery as a wrong answer).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.files import is_picture, listing
from reidapt.data.readers import three_folders
from reidapt.data.readers.three_folders import FOLDERS
from reidapt.data.readers.tools import Columns, table
from reidapt.data.table import CropTable
from reidapt.errors import DataError

ARCHIVE = "Market-1501-v15.09.15"
NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)s(?P<sequence>\d+)_(?P<frame>\d+)_(?P<box>\d+)\.\w+")
EXAMPLE = "0002_c1s1_000451_03.jpg (person, camera and sequence, frame, detection)"
DISTRACTORS = ("distractors_500k", "images")
"""Folders in which the 500,000 additional distractors are looked for."""


def parse(name: str) -> dict[str, int] | None:
    """`{"person", "camera", "sequence", "frame", "box"}` of a Market-1501 file name, or None."""
    found = NAME.fullmatch(name)
    return {key: int(value) for key, value in found.groupdict().items()} if found else None


def looks_like(folder: Path) -> bool:
    """True where the folder, or the published archive's folder in it, has one of the three split folders."""
    return any(os.path.isdir(base / split) for base in (folder, folder / ARCHIVE) for split in FOLDERS)


def read(folder: Path, distractors: str = "no") -> CropTable:
    """The table of a folder in the Market-1501 layout, or of the folder that the published archive was unpacked in."""
    folder = DATASET.home(folder)
    parts = three_folders.splits(folder, NAME, EXAMPLE)
    if distractors == "yes":
        parts.append(_distractors(folder))
    return table(parts, folder.name, folder)


def _distractors(folder: Path) -> Columns:
    place = next((folder / name for name in DISTRACTORS if os.path.isdir(folder / name)), None)
    if place is None:
        raise DataError(
            f"{folder} has no folder {' or '.join(DISTRACTORS)} with the additional distractors; leave distractors=yes "
            "out, or unpack them there."
        )
    names = [name for name in listing(place) if is_picture(name)]
    facts = [parse(name) or {} for name in names]
    columns: Columns = {"path": [f"{place}/{name}" for name in names], "person": 0, "split": "gallery"}
    for key in ("camera", "sequence", "frame", "box"):
        columns[key] = np.array([fact.get(key, -1) for fact in facts], dtype=np.int64)
    return columns


def published(distractors: str = "no") -> Published:
    """Zheng et al. 2015; persons without junk and distractors."""
    extra = 500_000 if distractors == "yes" else 0
    return {
        "train": {"persons": 751, "pictures": 12_936, "cameras": 6},
        "query": {"persons": 750, "pictures": 3_368, "cameras": 6},
        "gallery": {"persons": 750, "pictures": 19_732 + extra, "cameras": 6},
        "all": {"persons": 1_501},
    }


DATASET = Dataset(
    name="market1501",
    title="Market-1501",
    kind="image",
    layout="bounding_box_train, query and bounding_box_test with 0002_c1s1_000451_03.jpg",
    marks=tuple(FOLDERS),
    nested=(ARCHIVE,),
    read=read,
    published=published,
    ask="Ask Liang Zheng for it (zheng-lab.cecs.anu.edu.au/Project/project_reid.html).",
    terms="for academic research",
    citation="Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015",
    options={"distractors": Option(("no", "yes"), "no", "add the 500,000 additional distractors to the gallery")},
    recognise=lambda folder: (
        parse(three_folders.first_picture(folder)) is not None or not three_folders.first_picture(folder)
    ),
)
