"""Reader for RandPerson: `000000_s00_c00_f000264.jpg` is person 0, scene 0, camera 0, frame 264; all of it trains.

Cameras count within a scene, so that a camera here is 100 · scene + camera. Releases differ in the order of scene and
camera; the letters tell. Persons are numbered from 1 (the published 000000 is person 1).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.tools import Columns, need_pictures, parsed, pictures, table, whole
from reidapt.data.table import CropTable

NAME = re.compile(r"(?P<person>\d+)_(?:s(?P<s1>\d+)_c(?P<c1>\d+)|c(?P<c2>\d+)_s(?P<s2>\d+))_f(?P<frame>\d+)\.\w+")
EXAMPLE = "000000_s00_c00_f000264.jpg (person, scene, camera, frame)"
PLACES = ("randperson_subset/randperson_subset", "randperson_subset", "train")


def part(place: Path, split: str, first: int, title: str) -> Columns:
    """Columns of a folder of such names; its person 0 gets the number `first`."""
    names = pictures(place)
    facts = parsed(names, NAME, place, EXAMPLE)
    for key in ("s", "c"):
        facts[key] = [one or other for one, other in zip(facts[f"{key}1"], facts[f"{key}2"])]
    scene = whole(facts, "s")
    columns: Columns = {
        "path": [f"{place}/{name}" for name in names],
        "person": whole(facts, "person") + first,
        "camera": 100 * scene + whole(facts, "c"),
        "frame": whole(facts, "frame"),
        "scene": scene,
        "split": split,
    }
    return need_pictures(columns, place, title)


def read(folder: Path) -> CropTable:
    """The table of the published subset; its folder or the one around it."""
    place = next((folder / name for name in PLACES if os.path.isdir(folder / name)), folder)
    return table([part(place, "train", 1, DATASET.title)], DATASET.name, folder)


def _recognised(folder: Path) -> bool:
    return any(os.path.isdir(folder / name) for name in PLACES[:2]) or (
        os.path.isdir(folder) and any(NAME.fullmatch(name) for name in sorted(os.listdir(folder))[:3])
    )


def published() -> Published:
    """The subset that the authors trained on."""
    return {"train": {"persons": 8_000, "pictures": 132_145, "cameras": 19}}


DATASET = Dataset(
    name="randperson",
    title="RandPerson",
    kind="synthetic",
    layout="a folder of 000000_s00_c00_f000264.jpg",
    marks=(".",),
    read=read,
    published=published,
    ask="Its authors link it at github.com/VideoObjectSearch/RandPerson.",
    terms="for research",
    citation="Wang, Liao and Shao, Surpassing Real-World Source Training Data: Random 3D Characters for Generalizable Person "
    "Re-Identification, ACM MM 2020",
    recognise=_recognised,
)
