"""Reader for iLIDS-VID: `i-LIDS-VID/sequences/cam1/person001/cam1_person001_00317.png`, a folder a tracklet.

`train_test_splits_ilidsvid.mat` has `ls_set`, trials × persons: each row is an order of the persons (counting from 1
through the sorted folders), **the first half tests**, the second trains. Camera 1 is the query, camera 2 the gallery.
"""

from __future__ import annotations

import re
from pathlib import Path

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.formats import mat, matrix, within
from reidapt.data.readers.tools import folders, table
from reidapt.data.readers.tracklets import frames
from reidapt.data.table import CropTable
from reidapt.errors import DataError

SEQUENCES = "i-LIDS-VID/sequences"
SPLITS = "train-test people splits/train_test_splits_ilidsvid.mat"
CAMERAS = {"cam1": 1, "cam2": 2}


def read(folder: Path, trial: str = "1") -> CropTable:
    """The table of one published trial, a row a frame; persons have their folder's number."""
    home = DATASET.home(folder)
    place = home / SEQUENCES
    people = folders(place / "cam1")
    for camera in CAMERAS:
        other = folders(place / camera)
        if other != people:
            alone = sorted(set(people) ^ set(other))[0]
            raise DataError(f"{place}: {alone} is in only one of cam1 and cam2; iLIDS-VID has everybody in both.")
    tested = _tested(home / SPLITS, len(people), int(trial))
    parts = []
    for index, name in enumerate(people):
        number = re.search(r"\d+", name)
        if number is None:
            raise DataError(f"{place / 'cam1' / name} is not named after a person; expected names like person001.")
        for camera, k in CAMERAS.items():
            split = "train" if index not in tested else "query" if k == 1 else "gallery"
            parts.append(
                frames(
                    place / camera / name,
                    DATASET.title,
                    person=int(number[0]),
                    camera=k,
                    tracklet=2 * index + k,
                    split=split,
                )
            )
    return table(parts, DATASET.table_name(trial=trial), home)


def _tested(file: Path, people: int, trial: int) -> set[int]:
    """Places (from 0) of the test persons among the sorted folders."""
    orders = matrix(mat(file, "ls_set"), file, "ls_set", columns=people)
    if trial > len(orders):
        raise DataError(f"{file} has {len(orders)} trials; trial={trial} is not among them.")
    order = within(orders[trial - 1], 1, people, file, "ls_set", "the sorted folders of cam1")
    if len(set(order.tolist())) != people:
        raise DataError(f"{file}: trial {trial} lists a person twice; replace it by the published file.")
    return set((order[: people // 2] - 1).tolist())


def published(trial: str = "1") -> Published:
    """Wang et al. 2014: 300 persons, two tracklets each."""
    test = {"persons": 150, "tracklets": 150}
    return {"train": {"persons": 150, "tracklets": 300}, "query": test, "gallery": test}


DATASET = Dataset(
    name="ilids-vid",
    title="iLIDS-VID",
    kind="video",
    layout=f"{SEQUENCES}/cam1 and cam2 with person001/cam1_person001_00317.png, and '{SPLITS}'",
    marks=(f"{SEQUENCES}/cam1", f"{SEQUENCES}/cam2", SPLITS),
    nested=("iLIDS-VID", "ilids-vid"),
    read=read,
    published=published,
    ask="Its authors at Queen Mary University of London offer it "
    "(www.eecs.qmul.ac.uk/~xiatian/downloads_qmul_iLIDS-VID_ReID_dataset.html).",
    terms="for academic research; the videos belong to the UK Home Office",
    citation="Wang et al., Person Re-Identification by Video Ranking, ECCV 2014",
    options={"trial": Option(TRIALS, "1", "published split; trial 1 is split 0 of others", named=True)},
)
