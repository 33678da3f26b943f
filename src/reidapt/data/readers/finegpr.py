"""Reader for FineGPR: `0001_c01_w01_l01_p01.jpg` is person, camera (viewpoint), weather, light, background.

Camera c01 sees a person at 90°, every next one 10° further. A camera here is 100 · background + viewpoint. The subset is
a flat folder, the whole set has a folder per person.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.files import is_picture, listing
from reidapt.data.readers.tools import Columns, folders, need_pictures, parsed, pictures, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"(?P<person>\d+)_c(?P<view>\d+)_w(?P<weather>\d+)_l(?P<light>\d+)_p(?P<scene>\d+)\.\w+")
WEATHER = ("sunny", "clouds", "overcast", "foggy", "neutral", "blizzard", "snowlight")
LIGHT = ("midnight", "dawn", "forenoon", "noon", "afternoon", "dusk", "night")
RELEASES = {"subset": "FineGPR_subset", "full": "FineGPR"}


def read(folder: Path, release: str = "") -> CropTable:
    """The table of one release; everything trains. Columns `angle` (degrees), `weather`, `light`, `scene`."""
    place = _place(folder, release)
    flat = [name for name in listing(place) if is_picture(name)]
    places = [place] if flat else [place / name for name in folders(place)]
    if not places:
        raise DataError(f"{place} has no pictures like 0001_c01_w01_l01_p01.jpg. {DATASET.ask}")
    return table([_part(one) for one in places], DATASET.table_name(release=release), folder)


def _place(folder: Path, release: str) -> Path:
    there = {name: folder / place for name, place in RELEASES.items() if os.path.isdir(folder / place)}
    if release and release not in there:
        raise DataError(f"{folder} has no folder {RELEASES[release]}. {DATASET.ask}")
    if not release and len(there) > 1:
        raise DataError(f"{folder} holds the subset and the full set; write finegpr:{folder}?release=subset or =full.")
    return there[release] if release else next(iter(there.values()), folder)


def _part(place: Path) -> Columns:
    names = pictures(place)
    facts = parsed(names, NAME, place, "0001_c01_w01_l01_p01.jpg (person, camera, weather, light, background)")
    weather, light = whole(facts, "weather"), whole(facts, "light")
    wrong = (weather < 1) | (weather > len(WEATHER)) | (light < 1) | (light > len(LIGHT))
    if wrong.any():
        raise DataError(f"{place / names[int(wrong.argmax())]}: weather and light go from 1 to 7. Rename or remove it.")
    view, scene = whole(facts, "view"), whole(facts, "scene")
    columns: Columns = {
        "path": [f"{place}/{name}" for name in names],
        "person": whole(facts, "person"),
        "camera": 100 * scene + view,
        "angle": (80 + 10 * view) % 360,
        "weather": [WEATHER[k - 1] for k in weather],
        "light": [LIGHT[k - 1] for k in light],
        "scene": scene,
        "split": "train",
    }
    return need_pictures(columns, place, DATASET.title)


def published(release: str = "") -> Published:
    """Xiang et al. 2021."""
    return {"train": {"persons": 1_150, "pictures": 2_028_600 if release == "full" else 4_600}}


def _recognised(folder: Path) -> bool:
    places = [folder / name for name in RELEASES.values() if os.path.isdir(folder / name)] or [folder]
    return any(NAME.fullmatch(name) for place in places for name in listing(place)[:3])


DATASET = Dataset(
    name="finegpr",
    title="FineGPR",
    kind="synthetic",
    layout="FineGPR_subset or FineGPR/PERSON with 0001_c01_w01_l01_p01.jpg",
    marks=(".",),
    read=read,
    published=published,
    ask="Its authors link it at github.com/JeremyXSC/FineGPR.",
    terms="for non-commercial research",
    citation="Xiang et al., Less is More: Learning from Synthetic Data with Fine-grained Attributes for Person "
    "Re-Identification, arXiv 2109.10498",
    options={"release": Option(tuple(RELEASES), "", "needed where both are there")},
    recognise=_recognised,
)
