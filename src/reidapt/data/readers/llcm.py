"""Reader for LLCM: `idx/train_{vis,nir}.txt` list `vis/0001/0001_c01_s185535_f7010_vis.jpg 0` (path, label).

The test pictures are those of `idx/test_{vis,nir}.txt`, or else of the persons of `idx/test_id.txt` in
`test_{vis,nir}/camC/IIII` (or `{vis,nir}/camC/IIII`). Person and camera are in the file's name, or else in its folders,
because labels count within the training lists. Nine cameras; near infrared lacks camera 3.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.readers.formats import fields, numbers, whole_numbers
from reidapt.data.readers.tools import Columns, below, folders, pictures, require_files, table
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"(?P<person>\d+)_c(?P<camera>\d+)(?:_s(?P<sequence>\d+))?(?:_f(?P<frame>\d+))?\D*\.\w+")
PLACE = re.compile(r"(?:.*/)?cam(?P<camera>\d+)/(?P<person>\d+)/[^/]+")
MODALITIES = {"vis": "colour", "nir": "infrared"}


def read(folder: Path, query: str = "nir") -> CropTable:
    """The table; `query` is the modality that searches, the other one is the gallery."""
    folder = DATASET.home(folder)
    parts = []
    for short in MODALITIES:
        parts.append(_part(folder, short, _listed(folder, folder / "idx" / f"train_{short}.txt"), "train"))
    for short in MODALITIES:
        file = folder / "idx" / f"test_{short}.txt"
        paths = _listed(folder, file) if os.path.isfile(file) else _walked(folder, short)
        parts.append(_part(folder, short, paths, "query" if short == query else "gallery"))
    return table(parts, DATASET.table_name(query=query), folder)


def _listed(folder: Path, file: Path) -> list[str]:
    rows = fields(file, 2, "a path and a label, such as vis/0001/0001_c01_s185535_f7010_vis.jpg 0")
    whole_numbers([label for _, label in rows], file, "a label")
    paths = below(folder, [path for path, _ in rows], file)
    require_files(paths, file, DATASET.title)
    return paths


def _walked(folder: Path, short: str) -> list[str]:
    """The pictures of the test persons below the cameras' folders, by camera and person."""
    persons = {f"{person:04d}" for person in numbers(folder / "idx" / "test_id.txt", "a person")}
    place = next((folder / name for name in (f"test_{short}", short) if os.path.isdir(folder / name)), None)
    if place is None:
        raise DataError(f"{folder} has neither test_{short} nor {short} with the test pictures; unpack LLCM again.")
    paths = [
        f"{place / camera / person}/{name}"
        for camera in folders(place)
        if camera.startswith("cam")
        for person in folders(place / camera)
        if person in persons
        for name in pictures(place / camera / person)
    ]
    if not paths:
        raise DataError(f"{place} has no pictures of the persons in {folder}/idx/test_id.txt; unpack LLCM again.")
    return paths


def _part(folder: Path, short: str, paths: list[str], split: str) -> Columns:
    facts = []
    for path in paths:
        found = NAME.fullmatch(path.rsplit("/", 1)[1]) or PLACE.fullmatch(path[len(str(folder)) + 1 :])
        if found is None:
            raise DataError(
                f"{path} tells neither person nor camera; expected names like 0001_c01_s185535_f7010_vis.jpg or folders like "
                "cam1/0001."
            )
        facts.append(found.groupdict())
    columns: Columns = {"path": paths, "modality": MODALITIES[short], "split": split}
    for key in ("person", "camera", "sequence", "frame"):
        columns[key] = np.array([int(fact.get(key) or -1) for fact in facts], dtype=np.int64)
    return columns


def published(query: str = "nir") -> Published:
    """Zhang and Wang 2023: 1,064 persons, of whom 713 for training."""
    counts = {"vis": 8_680, "nir": 7_166}
    other = "vis" if query == "nir" else "nir"
    return {
        "train": {"persons": 713, "pictures": 16_946 + 13_975},
        "query": {"persons": 351, "pictures": counts[query]},
        "gallery": {"persons": 351, "pictures": counts[other]},
    }


DATASET = Dataset(
    name="llcm",
    title="LLCM",
    kind="cross-modal",
    layout="vis, nir (and test_vis, test_nir with camC/IIII) and idx/{train_vis,train_nir,test_id}.txt",
    marks=("idx/train_vis.txt", "idx/train_nir.txt"),
    nested=("LLCM",),
    read=read,
    published=published,
    ask="Ask its authors at Xiamen University for it (github.com/ZYK100/LLCM).",
    terms="for academic research, by request",
    citation="Zhang and Wang, Diverse Embedding Expansion Network and Low-Light Cross-Modality Benchmark for "
    "Visible-Infrared Person Re-identification, CVPR 2023",
    options={"query": Option(("nir", "vis"), "nir", "the modality that searches")},
)
