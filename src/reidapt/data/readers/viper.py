"""Reader for VIPeR: `cam_a/000_45.bmp` is person 0 seen from 45°; the same persons in `cam_b`.

The dataset comes without splits. Ours are recomputable: a trial's training persons come first in the order of the
SHA-256 of "viper/TRIAL/PERSON" with the published person numbers.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.tools import Columns, parsed, pictures, shuffled, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"(?P<person>\d+)_(?P<angle>-?\d+)\.\w+")
CAMERAS = {"cam_a": 1, "cam_b": 2}


def read(folder: Path, trial: str = "1") -> CropTable:
    """The table of one trial: half of the persons train, camera A is the query, camera B the gallery.

    Persons are numbered from 1 (the published 000 is person 1); `angle` is the viewpoint in degrees.
    """
    folder = DATASET.home(folder)
    views = [_view(folder / name, camera) for name, camera in CAMERAS.items()]
    alone = sorted(set(views[0]["person"].tolist()) ^ set(views[1]["person"].tolist()))
    if alone:
        raise DataError(
            f"{folder}: person {alone[0] - 1:03d} is in only one of cam_a and cam_b ({len(alone)} such persons); "
            "VIPeR has everybody in both. Unpack it again."
        )
    order = shuffled((views[0]["person"] - 1).tolist(), "viper", trial)
    train = np.array(order[: len(order) // 2], dtype=np.int64) + 1
    for view, split in zip(views, ("query", "gallery")):
        view["split"] = np.where(np.isin(view["person"], train), "train", split)
    return table(views, DATASET.table_name(trial=trial), folder)


def _view(place: Path, camera: int) -> Columns:
    names = pictures(place)
    facts = parsed(names, NAME, place, "000_45.bmp (person, viewpoint in degrees)")
    return {
        "path": [f"{place}/{name}" for name in names],
        "person": whole(facts, "person") + 1,
        "camera": camera,
        "angle": whole(facts, "angle"),
    }


def published(trial: str = "1") -> Published:
    """632 persons, one picture in each of two cameras."""
    half = {"persons": 316, "pictures": 316}
    return {"train": {"persons": 316, "pictures": 632}, "query": half, "gallery": half}


DATASET = Dataset(
    name="viper",
    title="VIPeR",
    kind="image",
    layout="cam_a and cam_b with 000_45.bmp",
    marks=tuple(CAMERAS),
    nested=("VIPeR",),
    read=read,
    published=published,
    ask="Its authors at UC Santa Cruz offer it (vision.soe.ucsc.edu/node/178).",
    terms="for research",
    citation="Gray, Brennan and Tao, Evaluating Appearance Models for Recognition, Reacquisition, and Tracking, PETS 2007",
    options={"trial": Option(TRIALS, "1", "random split", named=True)},
    recognise=lambda folder: any(NAME.fullmatch(n) for n in sorted(p.name for p in (folder / "cam_a").iterdir())[:3]),
)
