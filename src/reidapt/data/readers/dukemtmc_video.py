"""Reader for DukeMTMC-VideoReID: `train/0001/0001/0001_C6_F0099_X30823.jpg`, person and tracklet are folders.

A frame's number is F; in some tracklets it starts at 2, so that frames are taken as they are and never counted on.
Older copies leave the underscores out (`0001C6F0099X30823.jpg`). Withdrawn together with DukeMTMC.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.dukemtmc import WITHDRAWN
from reidapt.data.readers.tools import Columns, folders, need_pictures, parsed, pictures, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"(?P<person>\d{4})_?C(?P<camera>\d)_?F(?P<frame>\d+)_?X(?P<position>\d+)\.\w+")
SPLITS = ("train", "query", "gallery")

log = logging.getLogger(__name__)


def read(folder: Path) -> CropTable:
    """The table, a row a frame; tracklets are numbered from 1 through the splits."""
    folder = DATASET.home(folder)
    log.warning("%s was %s; think again before using it", DATASET.title, WITHDRAWN)
    parts: list[Columns] = []
    for split in SPLITS:
        for person in folders(folder / split):
            if not person.isdigit():
                raise DataError(f"{folder / split / person} is not named after a person; expected names like 0001.")
            for name in folders(folder / split / person):
                parts.append(_tracklet(folder / split / person / name, int(person), 1 + len(parts), split))
    return table(parts, DATASET.name, folder)


def _tracklet(place: Path, person: int, tracklet: int, split: str) -> Columns:
    names = pictures(place)
    facts = parsed(names, NAME, place, "0001_C6_F0099_X30823.jpg (person, camera, frame, position)")
    columns: Columns = {
        "path": [f"{place}/{name}" for name in names],
        "person": person,
        "camera": whole(facts, "camera"),
        "tracklet": tracklet,
        "frame": whole(facts, "frame"),
        "split": split,
    }
    return need_pictures(columns, place, DATASET.title)


def published() -> Published:
    """Wu et al. 2018; 408 more persons of the gallery are nobody's match."""
    return {
        "train": {"persons": 702, "tracklets": 2_196, "cameras": 8},
        "query": {"persons": 702, "tracklets": 702},
        "gallery": {"tracklets": 2_636},
    }


def _recognised(folder: Path) -> bool:
    place = folder / "train"
    for _ in range(2):
        inside = folders(place)
        if not inside:
            return False
        place = place / inside[0]
    return any(NAME.fullmatch(path.name) for path in sorted(place.iterdir())[:3])


DATASET = Dataset(
    name="dukemtmc-video",
    title="DukeMTMC-VideoReID",
    kind="video",
    layout="train, query and gallery with 0001/0001/0001_C6_F0099_X30823.jpg",
    marks=SPLITS,
    nested=("DukeMTMC-VideoReID",),
    read=read,
    published=published,
    ask="It is no longer distributed, and reidapt does not help to find it.",
    terms="withdrawn; no use is recommended",
    citation="Wu et al., Exploit the Unknown Gradually: One-Shot Video-Based Person Re-Identification by Stepwise Learning, "
    "CVPR 2018",
    withdrawn=WITHDRAWN,
    recognise=_recognised,
)
