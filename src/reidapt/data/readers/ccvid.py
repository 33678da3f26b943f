"""Reader for CCVID: `{train,query,gallery}.txt` list `session1/001_01 001 u1_l1` (tracklet's folder, person, clothes).

The camera is the number after the underscore of the folder's name; session 3 has its own cameras (+12). `clothes` is the
person and the label, because labels count within a person. The general, same-clothes and clothes-changing settings
differ in what the evaluation takes out of the gallery.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.formats import fields, whole_numbers
from reidapt.data.readers.tools import Columns, below, table
from reidapt.data.readers.tracklets import frames
from reidapt.data.table import CropTable
from reidapt.errors import DataError

LISTS = {"train.txt": "train", "query.txt": "query", "gallery.txt": "gallery"}


def read(folder: Path) -> CropTable:
    """The table, a row a frame; tracklets are numbered from 1 through the lists. Column `clothes`."""
    folder = DATASET.home(folder)
    lists = {folder / file: split for file, split in LISTS.items()}
    return table(listed(lists, [folder], camera, DATASET.title), DATASET.name, folder)


def listed(
    lists: Mapping[Path, str], roots: list[Path], camera_of: Callable[[str, Path], int], title: str
) -> list[Columns]:
    """Columns of every tracklet of lists with lines `tracklet_path person clothes`, below the first root that has it."""
    rows: list[tuple[str, int, str, Path, str]] = []
    for file, split in lists.items():
        found = fields(file, 3, "a tracklet's path, a person and clothes")
        people = whole_numbers([person for _, person, _ in found], file, "a person").tolist()
        rows += [(path, person, clothes, file, split) for (path, _, clothes), person in zip(found, people)]
    shift = 1 if any(person == 0 for _, person, *_ in rows) else 0
    parts = []
    for tracklet, (path, person, clothes, file, split) in enumerate(rows, start=1):
        place = next((p for p in (below(root, [path], file)[0] for root in roots) if os.path.isdir(p)), None)
        if place is None:
            raise DataError(f"{file} lists {path}, but there is no such folder below {roots[0]}; unpack {title} again.")
        part = frames(
            Path(place), title, person=person + shift, camera=camera_of(path, file), tracklet=tracklet, split=split
        )
        parts.append({**part, "clothes": f"{person + shift}_{clothes}"})
    return parts


def camera(path: str, file: Path) -> int:
    """The camera in a tracklet's path, `session3/001_04` being camera 16."""
    found = re.fullmatch(r"(?:.*/)?session(\d+)/[^/_]+_(\d+)/?", path)
    if found is None:
        raise DataError(f"{file} lists {path}; expected paths like session1/001_01 (session, person and camera).")
    return int(found[2]) + (12 if int(found[1]) == 3 else 0)


def published() -> Published:
    """Gu et al. 2022: 226 persons."""
    return {
        "train": {"persons": 75, "tracklets": 948},
        "query": {"persons": 151, "tracklets": 834},
        "gallery": {"persons": 151, "tracklets": 1_074},
    }


DATASET = Dataset(
    name="ccvid",
    title="CCVID",
    kind="video",
    layout="session1 to session3 with 001_01/FRAME.jpg, and {train,query,gallery}.txt",
    marks=tuple(LISTS),
    nested=("CCVID",),
    read=read,
    published=published,
    ask="Its authors link it at github.com/guxinqian/Simple-CCReID.",
    terms="for academic research",
    citation="Gu et al., Clothes-Changing Person Re-identification with RGB Modality Only, CVPR 2022",
)
