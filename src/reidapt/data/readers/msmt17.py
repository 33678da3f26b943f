"""Reader for MSMT17: lists of `0000/0000_000_01_0303morning_0015_0.jpg 0` (path, person) over two folders.

Version 1 has `train` and `test`, version 2 (faces blurred) `mask_train_v2` and `mask_test_v2`. Both number their
training and their test persons from 0; here they are moved apart, because they are different people.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.readers.formats import fields, whole_numbers
from reidapt.data.readers.tools import Columns, below, parsed, require_files, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

FOLDERS = {"1": ("train", "test"), "2": ("mask_train_v2", "mask_test_v2")}
NAME = re.compile(r"(?P<person>\d+)_\d+_(?P<camera>\d+)_(?P<session>[^_]+)_(?P<frame>\d+)_\d+\.\w+")
EXAMPLE = "0000_000_01_0303morning_0015_0.jpg (person, number, camera, day and time of day, frame, box)"
LISTS = ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt")


def read(folder: Path, version: str = "", val: str = "train") -> CropTable:
    """The table in the lists' order; `version` is needed only where both versions lie in the folder.

    Columns beyond the known ones: `session`, the day and time of day in the name (`0303morning`).
    """
    folder, version = _version(folder, version)
    train_folder, test_folder = (folder / name for name in FOLDERS[version])
    train = _part(folder, train_folder, "list_train.txt", "train")
    held_out = _part(folder, train_folder, "list_val.txt", "train" if val == "train" else "val")
    first = 1 + max(train["person"].max(), held_out["person"].max())
    test = [
        _part(folder, test_folder, "list_query.txt", "query", first),
        _part(folder, test_folder, "list_gallery.txt", "gallery", first),
    ]
    name = DATASET.table_name(version=version, val=val)
    return table([train, held_out, *test], name, folder)


def _version(folder: Path, wanted: str) -> tuple[Path, str]:
    """The folder of the wanted, or else of the only version that is there."""
    there = {
        version: place
        for version, names in FOLDERS.items()
        for place in (folder / f"MSMT17_V{version}", folder)
        if all(os.path.isdir(place / name) for name in names)
    }
    if wanted and wanted not in there:
        raise DataError(
            f"{folder} does not hold version {wanted} of MSMT17: the folders {' and '.join(FOLDERS[wanted])} are missing. "
            f"{DATASET.ask}"
        )
    if not wanted and len(there) > 1:
        raise DataError(
            f"{folder} holds both versions of MSMT17 (2 has blurred faces), and their numbers cannot be compared; write "
            f"msmt17:{folder}?version=1 or msmt17:{folder}?version=2."
        )
    if not there:
        DATASET.home(folder)
        raise DataError(
            f"{folder} has the lists of MSMT17 but neither {' and '.join(FOLDERS['1'])} (version 1) nor "
            f"{' and '.join(FOLDERS['2'])} (version 2); unpack the pictures there."
        )
    version = wanted or next(iter(there))
    return there[version], version


def _part(folder: Path, pictures: Path, name: str, split: str, first: int = 1) -> Columns:
    """Columns of one list; its person 0 gets the number `first`."""
    file = folder / name
    rows = fields(file, 2, "a path and a person, such as 0000/0000_000_01_0303morning_0015_0.jpg 0")
    paths = below(pictures, [path for path, _ in rows], file)
    names = [path.rpartition("/")[2] for path in paths]
    facts = parsed(names, NAME, pictures, EXAMPLE)
    require_files(paths, file, DATASET.title)
    person = whole_numbers([person for _, person in rows], file, "a person")
    wrong = np.flatnonzero(person != whole(facts, "person"))
    if len(wrong):
        raise DataError(
            f"{file} says that {paths[wrong[0]]} shows person {person[wrong[0]]} ({len(wrong)} such lines); expected the number "
            "that the name begins with. Replace the list by the published one."
        )
    return {
        "path": paths,
        "person": person + first,
        "camera": whole(facts, "camera"),
        "frame": whole(facts, "frame"),
        "session": facts["session"],
        "split": split,
    }


def published(version: str = "", val: str = "train") -> Published:
    """Wei et al. 2018; both versions have the same counts."""
    test = {
        "query": {"persons": 3_060, "pictures": 11_659, "cameras": 15},
        "gallery": {"persons": 3_060, "pictures": 82_161, "cameras": 15},
    }
    if val == "train":
        return {"train": {"persons": 1_041, "pictures": 32_621, "cameras": 15}, **test}
    return {"train": {"persons": 1_041, "pictures": 30_248}, "val": {"pictures": 2_373}, **test}


DATASET = Dataset(
    name="msmt17",
    title="MSMT17",
    kind="image",
    layout="list_{train,val,query,gallery}.txt with train and test (version 1) or mask_train_v2 and mask_test_v2 (2)",
    marks=LISTS,
    nested=("MSMT17_V1", "MSMT17_V2"),
    read=read,
    published=published,
    ask="Ask its authors at Peking University for it (www.pkuvmc.com).",
    terms="for academic research, by request",
    citation="Wei et al., Person Transfer GAN to Bridge Domain Gap for Person Re-Identification, CVPR 2018",
    options={
        "version": Option(("1", "2"), "", "1, or 2 with blurred faces; needed where both are there", named=True),
        "val": Option(("train", "separate"), "train", "validation pictures join train, or are a split", named=True),
    },
)
