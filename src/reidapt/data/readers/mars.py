"""Reader for MARS: `info/{train,test}_name.txt` list frames, `tracks_*_info.mat` the tracklets among them.

A tracklet is a row (start, end, person, camera), start and end counting from 1, both included. `query_IDX.mat` lists the
query's rows of the test tracklets, from 1. `0001C1T0001F001.jpg` is person, camera, tracklet, frame, in a folder named
after its first four characters. Person 00-1 is junk (−1), 0000 a distractor.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.formats import lines, mat, matrix, within
from reidapt.data.readers.tools import Columns, require_files, table
from reidapt.data.table import CropTable
from reidapt.errors import DataError

NAME = re.compile(r"(?P<person>00-1|\d{4})C(?P<camera>\d)T(?P<tracklet>\d{4})F(?P<frame>\d+)\.\w+")
FILES = ("train_name.txt", "test_name.txt", "tracks_train_info.mat", "tracks_test_info.mat", "query_IDX.mat")


def read(folder: Path) -> CropTable:
    """The table, a row a frame; tracklets are numbered from 1 through training and test.

    Query tracklets are in the split `query` only: 140 of them find no match in the gallery unless the query joins it,
    which is a matter of evaluation.
    """
    folder = DATASET.home(folder)
    info = folder / "info"
    train = _tracks(info / "tracks_train_info.mat", "track_train_info")
    test = _tracks(info / "tracks_test_info.mat", "track_test_info")
    file = info / "query_IDX.mat"
    chosen = matrix(mat(file, "query_IDX"), file, "query_IDX")
    query = within(chosen, 1, len(test), file, "query_IDX", "the rows of tracks_test_info.mat") - 1
    split = np.full(len(test), "gallery", dtype=object)
    split[query] = "query"
    learn = np.full(len(train), "train", dtype=object)
    parts = [_part(folder, "train", train, learn, 1), _part(folder, "test", test, split, 1 + len(train))]
    return table(parts, DATASET.name, folder)


def _tracks(file: Path, key: str) -> np.ndarray:
    tracks = matrix(mat(file, key), file, key, columns=4)
    if (tracks[:, 0] > tracks[:, 1]).any():
        row = int(np.flatnonzero(tracks[:, 0] > tracks[:, 1])[0])
        raise DataError(f"{key} in {file}: tracklet {row + 1} starts at {tracks[row, 0]} and ends at {tracks[row, 1]}.")
    return tracks


def _part(folder: Path, kind: str, tracks: np.ndarray, split: np.ndarray, first: int) -> Columns:
    """Columns of all frames of the tracklets, whose first is number `first`."""
    pictures, file = folder / f"bbox_{kind}", folder / "info" / f"{kind}_name.txt"
    names = lines(file)
    start, end, person, camera = tracks.T
    within(
        tracks[:, :2],
        1,
        len(names),
        file.with_name(f"tracks_{kind}_info.mat"),
        f"track_{kind}_info",
        f"the lines of {file.name}",
    )
    length = end - start + 1
    within_track = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    frames = np.repeat(start - 1, length) + within_track
    of = np.repeat(np.arange(len(tracks)), length)
    chosen = [names[frame] for frame in frames]
    numbers = np.zeros(len(chosen), dtype=np.int64)
    for row, name in enumerate(chosen):
        fact = NAME.fullmatch(name)
        if fact is None:
            raise DataError(f"{file} names {name!r}; expected names like 0001C1T0001F001.jpg.")
        said = -1 if fact["person"] == "00-1" else int(fact["person"])
        if (said, int(fact["camera"])) != (person[of[row]], camera[of[row]]):
            raise DataError(
                f"{file}: {name} is in tracklet {of[row] + 1} of person {person[of[row]]}, camera {camera[of[row]]} in "
                f"{file.with_name(f'tracks_{kind}_info.mat')}; they do not belong together. Take the published files."
            )
        numbers[row] = int(fact["frame"])
    paths = [f"{pictures}/{name[:4]}/{name}" for name in chosen]
    require_files(paths, file, DATASET.title)
    return {
        "path": paths,
        "person": person[of],
        "camera": camera[of],
        "tracklet": of + first,
        "frame": numbers,
        "split": split[of],
    }


def published() -> Published:
    """Zheng et al. 2016; the gallery's 10,200 tracklets are 9,330 and 870 of junk."""
    return {
        "train": {"persons": 625, "tracklets": 8_298, "pictures": 509_914, "cameras": 6},
        "query": {"persons": 626, "tracklets": 1_980},
        "gallery": {"tracklets": 9_330 + 870},
    }


DATASET = Dataset(
    name="mars",
    title="MARS",
    kind="video",
    layout="bbox_train and bbox_test with 0001/0001C1T0001F001.jpg, and info with two lists and three .mat files",
    marks=("bbox_train", "bbox_test", *(f"info/{name}" for name in FILES)),
    nested=("MARS",),
    read=read,
    published=published,
    ask="Its authors offer it (zheng-lab.cecs.anu.edu.au/Project/project_mars.html); info/ is at "
    "github.com/liangzheng06/MARS-evaluation.",
    terms="for academic research",
    citation="Zheng et al., MARS: A Video Benchmark for Large-Scale Person Re-identification, ECCV 2016",
)
