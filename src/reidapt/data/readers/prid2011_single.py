"""Reader for PRID2011, single-shot: `single_shot/cam_a/person_0001.png` and the same names in `cam_b`.

Only persons 1..200 are the same in both cameras: `cam_a` goes on to 385 and `cam_b` to 749 with different people, so
that person 201 of camera A is left out and person 201 of camera B stays in the gallery. Splits are those in
`splits_single_shot.json`, or else recomputable ones: the training persons come first in the order of the SHA-256 of
"prid2011-single/TRIAL/PERSON".
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.formats import json_file
from reidapt.data.readers.tools import Columns, need_pictures, parsed, pictures, shuffled, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"person_(?P<person>\d{4})\.\w+")
SHARED = 200
"""Persons up to this number are the same in both cameras."""
SPLITS = "splits_single_shot.json"


def read(folder: Path, trial: str = "1") -> CropTable:
    """The table of one trial: camera A is the query, camera B with everybody else it saw the gallery."""
    home = DATASET.home(folder)
    views = [_view(home / "single_shot" / name, camera) for name, camera in (("cam_a", 1), ("cam_b", 2))]
    both = sorted(set(views[0]["person"].tolist()) & set(views[1]["person"].tolist()) & set(range(1, SHARED + 1)))
    if len(both) < 2:
        raise DataError(f"{home}/single_shot: fewer than two of the persons 1..{SHARED} are in both cameras.")
    train = _train(folder, home, int(trial), both)
    known = views[0]["person"] <= SHARED
    query = {key: np.asarray(v)[known] if not np.isscalar(v) else v for key, v in views[0].items()}
    for view, split in ((query, "query"), (views[1], "gallery")):
        view["split"] = np.where(np.isin(view["person"], train), "train", split)
    return table([query, views[1]], DATASET.table_name(trial=trial), home)


def _train(folder: Path, home: Path, trial: int, both: list[int]) -> list[int]:
    for file in (folder / SPLITS, home / SPLITS):
        if os.path.isfile(file):
            content = json_file(file)
            try:
                persons = [int(person) for person in content[trial - 1]["train"]]
            except (KeyError, IndexError, TypeError, ValueError):
                raise DataError(
                    f'{file} has no split {trial} of the form {{"train": [1, ...], "test": [...]}}; replace or remove it.'
                ) from None
            return persons
    return shuffled(both, "prid2011-single", trial)[: len(both) // 2]


def _view(place: Path, camera: int) -> Columns:
    names = pictures(place)
    facts = parsed(names, NAME, place, "person_0001.png")
    part: Columns = {"path": [f"{place}/{n}" for n in names], "person": whole(facts, "person"), "camera": camera}
    return need_pictures(part, place, DATASET.title)


def published(trial: str = "1") -> Published:
    """Hirzer et al. 2011."""
    return {
        "train": {"persons": 100, "pictures": 200},
        "query": {"persons": 100, "pictures": 100},
        "gallery": {"persons": 649, "pictures": 649},
    }


DATASET = Dataset(
    name="prid2011-single",
    title="PRID2011 (single-shot)",
    kind="image",
    layout="single_shot/cam_a and single_shot/cam_b with person_0001.png",
    marks=("single_shot/cam_a", "single_shot/cam_b"),
    nested=("prid_2011",),
    read=read,
    published=published,
    ask="Its authors at TU Graz offer it (www.tugraz.at/institute/icg/research/team-bischof/lrs/downloads/PRID11).",
    terms="for research",
    citation="Hirzer et al., Person Re-Identification by Descriptive and Discriminative Classification, SCIA 2011",
    options={"trial": Option(TRIALS, "1", "random split, or that of splits_single_shot.json", named=True)},
)
