"""Reader for LS-VID: `list_sequence/list_seq_{train,test}.txt` list tracklets as a path prefix and a person.

Frames are `PERSON_TRACKLET_CAMERA_FRAME.jpg`; a line's path is the beginning of its frames' paths (or their folder).
`info_test.mat` is HDF5 (MATLAB 7.3): `query` has the query's lines of the test list, counted from 1.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Published
from reidapt.data.files import is_picture
from reidapt.data.readers.formats import fields, hdf5, is_hdf5, mat, matrix, whole_numbers, within
from reidapt.data.readers.tools import Columns, below, table
from reidapt.data.readers.tracklets import LAST_NUMBER
from reidapt.data.table import CropTable
from reidapt.errors import DataError

INFO = ("test/data/info_test.mat", "info/data/info_test.mat", "info_test.mat")


def read(folder: Path) -> CropTable:
    """The table, a row a frame; tracklets are numbered from 1 through training and test.

    Where both lists number their persons from 0, the test persons are moved up: they are other people.
    """
    folder = DATASET.home(folder)
    place = folder / "list_sequence"
    train, test = (_listed(folder, place / f"list_seq_{name}.txt") for name in ("train", "test"))
    info = next((folder / name for name in INFO if os.path.isfile(folder / name)), folder / INFO[0])
    query = within(_query(info), 1, len(test), info, "query", "the lines of list_seq_test.txt") - 1
    lowest = [min(person for _, person in rows) for rows in (train, test)]
    first = 1 if lowest[0] == 0 or lowest[1] == 0 else 0
    second = first + (1 + max(person for _, person in train) if lowest == [0, 0] else 0)
    split = ["gallery"] * len(test)
    for row in query:
        split[row] = "query"
    held: dict[str, list[str]] = {}
    tracks = [(path, person + first, "train") for path, person in train]
    tracks += [(path, person + second, where) for (path, person), where in zip(test, split)]
    parts = [_frames(path, held, person, k, where) for k, (path, person, where) in enumerate(tracks, start=1)]
    return table(parts, DATASET.name, folder)


def _listed(folder: Path, file: Path) -> list[tuple[str, int]]:
    rows = fields(file, 2, "a tracklet's path and a person")
    paths = below(folder, [path for path, _ in rows], file)
    return list(zip(paths, whole_numbers([person for _, person in rows], file, "a person").tolist()))


def _query(file: Path) -> np.ndarray:
    if os.path.isfile(file) and not is_hdf5(file):
        return matrix(mat(file, "query"), file, "query")
    with hdf5(file) as content:
        if "query" not in content:
            raise DataError(f"{file} has no variable 'query'; it holds {', '.join(content) or 'nothing'}. Replace it.")
        return matrix(np.asarray(content["query"]), file, "query")


def _frames(path: str, held: dict[str, list[str]], person: int, tracklet: int, split: str) -> Columns:
    """Columns of the frames whose path begins so; every folder is listed once."""
    inside = os.path.isdir(path)
    folder, prefix = (path.rstrip("/"), "") if inside else os.path.split(path)
    if folder not in held:
        try:
            held[folder] = sorted(name for name in os.listdir(folder) if is_picture(name))
        except OSError:
            held[folder] = []
    names = [name for name in held[folder] if name.startswith(prefix) and not _goes_on(name, prefix)]
    if not names:
        raise DataError(f"there are no frames {path}*; the copy of LS-VID is incomplete, unpack it again.")
    camera = re.fullmatch(r"\d+_\d+_(\d+)_\d+\.\w+", names[0])
    if camera is None:
        raise DataError(
            f"{folder}/{names[0]} does not tell its camera; expected names like 0000_001_02_000123.jpg (person, tracklet, "
            "camera, frame)."
        )
    numbers = [LAST_NUMBER.search(name.rsplit(".", 1)[0]) for name in names]
    return {
        "path": [f"{folder}/{name}" for name in names],
        "person": person,
        "camera": int(camera[1]),
        "tracklet": tracklet,
        "frame": np.array([int(found[1]) if found else -1 for found in numbers], dtype=np.int64),
        "split": split,
    }


def _goes_on(name: str, prefix: str) -> bool:
    """True where the prefix ends within a number, as 0001_1 in 0001_12_03_000001.jpg."""
    return prefix[-1:].isdigit() and name[len(prefix) : len(prefix) + 1].isdigit()


def published() -> Published:
    """Li et al. 2019, without the 200 validation persons."""
    return {
        "train": {"persons": 842, "tracklets": 2_831, "cameras": 15},
        "query": {"tracklets": 3_504},
        "gallery": {"tracklets": 7_829},
    }


DATASET = Dataset(
    name="ls-vid",
    title="LS-VID",
    kind="video",
    layout="tracklet_train, tracklet_test, list_sequence/list_seq_{train,test}.txt and test/data/info_test.mat",
    marks=("list_sequence/list_seq_train.txt", "list_sequence/list_seq_test.txt"),
    nested=("LS-VID",),
    read=read,
    published=published,
    ask="Ask its authors at Peking University for it (www.pkuvmc.com).",
    terms="for academic research, by request",
    citation="Li et al., Global-Local Temporal Representations for Video Person Re-Identification, ICCV 2019",
)
