"""Reader for RegDB: `idx/train_visible_1.txt` lists `Visible/18/female_back_v_06311_18.bmp 0` (path, label), ten trials.

The label counts within a list, from 0, in training and test alike; the person is the folder's number. One camera is
visible (camera 1), one thermal (camera 2). A model belongs to the trial it was trained on, so the table's name and the
column `trial` say which one it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.formats import fields, whole_numbers
from reidapt.data.readers.tools import Columns, below, from_one, require_files, table
from reidapt.data.table import CropTable
from reidapt.errors import DataError

MODALITIES = {"visible": ("colour", 1), "thermal": ("thermal", 2)}


def read(folder: Path, trial: str = "1", query: str = "visible") -> CropTable:
    """The table of one trial; `query` is the modality that searches, the other one is the gallery."""
    folder = DATASET.home(folder)
    parts = [_part(folder, "train", modality, trial, "train") for modality in MODALITIES]
    for modality in MODALITIES:
        parts.append(_part(folder, "test", modality, trial, "query" if modality == query else "gallery"))
    ids = from_one(np.concatenate([part["person"] for part in parts]))
    for part in parts:
        part["person"], ids = ids[: len(part["path"])], ids[len(part["path"]) :]
    _disjoint(parts, folder, trial)
    return table(parts, DATASET.table_name(trial=trial, query=query), folder)


def _part(folder: Path, kind: str, modality: str, trial: str, split: str) -> Columns:
    file = folder / "idx" / f"{kind}_{modality}_{trial}.txt"
    rows = fields(file, 2, "a path and a label, such as Visible/18/female_back_v_06311_18.bmp 0")
    paths = below(folder, [path for path, _ in rows], file)
    require_files(paths, file, DATASET.title)
    persons: list[int] = []
    label_of: dict[int, int] = {}
    labels = whole_numbers([label for _, label in rows], file, "a label").tolist()
    for path, label in zip(paths, labels):
        place = re.fullmatch(r".*/\D*(\d+)", path.rsplit("/", 1)[0])
        if place is None:
            raise DataError(f"{file} names {path}; expected a folder per person, as in Visible/18/NAME.bmp.")
        person = int(place[1])
        if label_of.setdefault(person, label) != label:
            raise DataError(
                f"{file} gives the pictures of person {person} the labels {label_of[person]} and {label}; a person has one "
                "label. Replace the list by the published one."
            )
        persons.append(person)
    kind_of, camera = MODALITIES[modality]
    return {
        "path": paths,
        "person": np.array(persons, dtype=np.int64),
        "camera": camera,
        "modality": kind_of,
        "split": split,
        "trial": int(trial),
    }


def _disjoint(parts: list[Columns], folder: Path, trial: str) -> None:
    people: dict[bool, set[int]] = {True: set(), False: set()}
    for part in parts:
        people[part["split"] == "train"] |= set(part["person"].tolist())
    if both := sorted(people[True] & people[False]):
        raise DataError(
            f"the lists of trial {trial} in {folder}/idx have person {both[0]} both in train and in test ({len(both)} such "
            "persons); replace them by the published ones."
        )
    for kind, pair in (("train", parts[:2]), ("test", parts[2:])):
        if alone := sorted(set(pair[0]["person"].tolist()) ^ set(pair[1]["person"].tolist())):
            lists = " and ".join(f"{folder}/idx/{kind}_{modality}_{trial}.txt" for modality in MODALITIES)
            raise DataError(
                f"{lists}: person {alone[0]} is in only one of them ({len(alone)} such persons), but RegDB has everybody in "
                "both modalities; replace them by the published ones."
            )


def published(trial: str = "1", query: str = "visible") -> Published:
    """Nguyen et al. 2017: 412 persons, ten visible and ten thermal pictures each."""
    test = {"persons": 206, "pictures": 2_060, "cameras": 1}
    return {"train": {"persons": 206, "pictures": 4_120, "cameras": 2}, "query": test, "gallery": test}


DATASET = Dataset(
    name="regdb",
    title="RegDB",
    kind="cross-modal",
    layout="Visible and Thermal with PERSON/NAME.bmp, and idx/{train,test}_{visible,thermal}_{1..10}.txt",
    marks=("Visible", "Thermal", "idx"),
    nested=("RegDB",),
    read=read,
    published=published,
    ask="Ask its authors at Dongguk University for it (dm.dongguk.edu/link.html).",
    terms="for academic research, by request",
    citation="Nguyen et al., Person Recognition System Based on a Combination of Body Images from Visible Light and Thermal "
    "Cameras, Sensors 17(3), 2017",
    options={
        "trial": Option(TRIALS, "1", "published split", named=True),
        "query": Option(("visible", "thermal"), "visible", "the modality that searches"),
    },
)
