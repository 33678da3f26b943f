"""Reader for PRID2011, video: `multi_shot/cam_a/person_0001/0001.png`, a folder a tracklet.

Of the 200 persons in both cameras, 178 have more than 21 frames in both; `splits_prid2011.json` is a list of trials
`{"train": ["person_0001", ...], "test": [...]}` over them. Camera A is the query, camera B the gallery.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.formats import json_file
from reidapt.data.readers.tools import table
from reidapt.data.readers.tracklets import frames
from reidapt.data.table import CropTable
from reidapt.errors import DataError

CAMERAS = {"cam_a": 1, "cam_b": 2}
SPLITS = "splits_prid2011.json"


def read(folder: Path, trial: str = "1") -> CropTable:
    """The table of one published trial, a row a frame."""
    home = DATASET.home(folder)
    file = next((place / SPLITS for place in (folder, home) if os.path.isfile(place / SPLITS)), home / SPLITS)
    parts = []
    for split, people in _people(file, int(trial)).items():
        for name, number in people.items():
            for camera, k in CAMERAS.items():
                side = split if split == "train" else "query" if k == 1 else "gallery"
                place = home / "multi_shot" / camera / name
                if not os.path.isdir(place):
                    raise DataError(f"{file} lists {name}, but there is no folder {place}; unpack PRID2011 again.")
                parts.append(
                    frames(place, DATASET.title, person=number, camera=k, tracklet=2 * (number - 1) + k, split=side)
                )
    return table(parts, DATASET.table_name(trial=trial), home)


def _people(file: Path, trial: int) -> dict[str, dict[str, int]]:
    """Folder names and numbers of the training and the test persons."""
    content = json_file(file)
    expected = (
        f'expected a list of trials, each {{"train": ["person_0001", ...], "test": [...]}}, {trial} or more of them'
    )
    try:
        names = {split: sorted(str(name) for name in content[trial - 1][split]) for split in ("train", "test")}
    except (KeyError, IndexError, TypeError):
        raise DataError(f"{file} is not a list of splits; {expected}.") from None
    people: dict[str, dict[str, int]] = {}
    for split, listed in names.items():
        matches = {name: re.fullmatch(r"person_(\d+)", name) for name in listed}
        wrong = [name for name, match in matches.items() if match is None]
        if wrong or not listed:
            raise DataError(f"{file}: the {split} list of trial {trial} has {wrong[:1] or 'nobody'}; {expected}.")
        people[split] = {name: int(match[1]) for name, match in matches.items() if match}
    if both := sorted(set(people["train"]) & set(people["test"])):
        raise DataError(f"{file}: trial {trial} has {both[0]} both in train and in test; replace it.")
    return people


def published(trial: str = "1") -> Published:
    """178 persons, two tracklets each."""
    test = {"persons": 89, "tracklets": 89}
    return {"train": {"persons": 89, "tracklets": 178}, "query": test, "gallery": test}


DATASET = Dataset(
    name="prid2011",
    title="PRID2011 (video)",
    kind="video",
    layout=f"multi_shot/cam_a and multi_shot/cam_b with person_0001/0001.png, and {SPLITS}",
    marks=("multi_shot/cam_a", "multi_shot/cam_b"),
    nested=("prid_2011",),
    read=read,
    published=published,
    ask="Its authors at TU Graz offer it (www.tugraz.at/institute/icg/research/team-bischof/lrs/downloads/PRID11); the "
    "splits come with iLIDS-VID's authors and with torchreid.",
    terms="for research",
    citation="Hirzer et al., Person Re-Identification by Descriptive and Discriminative Classification, SCIA 2011",
    options={"trial": Option(TRIALS, "1", "published split; trial 1 is split 0 of others", named=True)},
)
