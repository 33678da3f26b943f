"""Reader for SVReID, SVReID-cc and SVReID-plus: lists of `tracklet_path person clothes` in the folder `SVReID`.

The variants share query and gallery and differ in the training list. The camera is the last part of a tracklet's path.
Paths start from the dataset's folder or from `V3DGait_VIS` in it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.readers.ccvid import listed
from reidapt.data.readers.tools import table
from reidapt.data.table import CropTable
from reidapt.errors import DataError

PLACES = ("SVReID", "V3DGait_VIS")
"""Folders in which the lists may lie."""
TRAIN = {"base": "train_svreid.txt", "cc": "train_svreid_cc.txt", "plus": "train_svreid_plus.txt"}


def read(folder: Path, variant: str = "base") -> CropTable:
    """The table of one variant, a row a frame; tracklets are numbered from 1 through the lists. Column `clothes`."""
    place = next((folder / name for name in PLACES if os.path.isfile(folder / name / "query.txt")), None)
    if place is None:
        folder = DATASET.home(folder)
        place = folder / PLACES[0]
    lists = {place / TRAIN[variant]: "train", place / "query.txt": "query", place / "gallery.txt": "gallery"}
    roots = [folder, folder / "V3DGait_VIS", place, folder.parent]
    return table(listed(lists, roots, _camera, DATASET.title), DATASET.table_name(variant=variant), folder)


def _camera(path: str, file: Path) -> int:
    last = path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    found = re.search(r"(\d+)(?!.*\d)", last)
    if found is None:
        raise DataError(f"{file} lists {path}, whose last part has no camera number; expected paths like 0001/02/cam3.")
    return int(found[1])


def published(variant: str = "base") -> Published:
    """The paper's page does not count the lists."""
    return {}


DATASET = Dataset(
    name="svreid",
    title="SVReID",
    kind="video",
    layout="SVReID/{train_svreid,train_svreid_cc,train_svreid_plus,query,gallery}.txt and folders of frames",
    marks=("SVReID/query.txt", "SVReID/gallery.txt"),
    nested=("V3DGait_VIS",),
    read=read,
    published=published,
    ask="Ask the authors of 'Synthetic-To-Real Video Person Re-ID' for it.",
    terms="for academic research",
    citation="Zhang et al., Synthetic-To-Real Video Person Re-ID, 2024",
    options={"variant": Option(tuple(TRAIN), "base", "training list: SVReID, clothes-changing, or plus")},
)
