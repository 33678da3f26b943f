"""Reader for GRID (QMUL underground): `probe/0001_1_25004_107_32_106_221.jpeg` is person 1, camera 1, ...

Person 0000 of the gallery (775 pictures) is a distractor. `features_and_partitions.mat` holds the ten published trials:
`trainIdxAll` is a 1 × 10 cell array of structures whose third field lists the training persons, counted from 1.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.formats import mat, matrix
from reidapt.data.readers.tools import Columns, need_pictures, parsed, pictures, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"(?P<person>\d{4})_(?P<camera>\d)(?:_\d+)*\.\w+")
PARTITIONS = "features_and_partitions.mat"


def read(folder: Path, trial: str = "1") -> CropTable:
    """The table of one published trial: training persons from both folders, the other probes are the query."""
    folder = DATASET.home(folder)
    train = _train(folder / PARTITIONS, int(trial))
    parts = []
    for name, split in (("probe", "query"), ("gallery", "gallery")):
        place = folder / name
        names = pictures(place)
        facts = parsed(names, NAME, place, "0001_1_25004_107_32_106_221.jpeg (person, camera, box)")
        person = whole(facts, "person")
        part: Columns = {"path": [f"{place}/{n}" for n in names], "person": person, "camera": whole(facts, "camera")}
        part["split"] = np.where(np.isin(person, train), "train", split)
        parts.append(need_pictures(part, place, DATASET.title))
    return table(parts, DATASET.table_name(trial=trial), folder)


def _train(file: Path, trial: int) -> np.ndarray:
    trials = np.asarray(mat(file, "trainIdxAll"), dtype=object).reshape(-1)
    if trial > len(trials):
        raise DataError(f"{file} has {len(trials)} trials in trainIdxAll; trial={trial} is not among them.")
    values: Any = trials[trial - 1]
    if getattr(values, "dtype", None) is not None and values.dtype.names:  # a structure: its third field
        values = values.reshape(-1)[0][min(2, len(values.dtype.names) - 1)]
    persons = matrix(values, file, "trainIdxAll")
    if (persons < 1).any():
        raise DataError(f"trainIdxAll in {file} lists person {int(persons.min())}; persons count from 1.")
    return persons


def published(trial: str = "1") -> Published:
    """250 pairs and 775 pictures of others, eight cameras."""
    return {
        "train": {"persons": 125, "pictures": 250},
        "query": {"persons": 125, "pictures": 125},
        "gallery": {"persons": 125, "pictures": 900},
    }


DATASET = Dataset(
    name="grid",
    title="GRID",
    kind="image",
    layout="probe and gallery with 0001_1_25004_107_32_106_221.jpeg, and features_and_partitions.mat",
    marks=("probe", "gallery", PARTITIONS),
    nested=("underground_reid",),
    read=read,
    published=published,
    ask="Its author offers it (personal.ie.cuhk.edu.hk/~ccloy/downloads_qmul_underground_reid.html).",
    terms="for research",
    citation="Loy, Xiang and Gong, Multi-Camera Activity Correlation Analysis, CVPR 2009",
    options={"trial": Option(TRIALS, "1", "published split", named=True)},
)
