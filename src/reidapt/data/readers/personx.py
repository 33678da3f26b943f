"""Reader for PersonX: Market-1501's three folders, names start with `0001_c3`; six cameras, each a scene.

The published subset numbers its cameras 3, 4, 8, 10, 11 and 12; they keep these numbers. What follows the camera in a
name (`s1_2`, the viewpoint and a running number) differs between releases and is not read.
"""

from __future__ import annotations

import re
from pathlib import Path

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers import three_folders
from reidapt.data.readers.tools import table
from reidapt.data.table import CropTable

NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)(?:[_s].*)?\.\w+")


def read(folder: Path) -> CropTable:
    """The table of a folder in the PersonX layout."""
    folder = DATASET.home(folder)
    parts = three_folders.splits(folder, NAME, "0001_c3s1_2.jpg (person, camera, anything)")
    return table(parts, DATASET.name, folder)


def published() -> Published:
    """The subset that adaptation papers use."""
    return {
        "train": {"persons": 410, "pictures": 9_840, "cameras": 6},
        "query": {"persons": 856, "pictures": 5_136, "cameras": 6},
        "gallery": {"persons": 856, "pictures": 30_816, "cameras": 6},
        "all": {"persons": 1_266},
    }


DATASET = Dataset(
    name="personx",
    title="PersonX",
    kind="synthetic",
    layout="bounding_box_train, query and bounding_box_test with names that start with 0001_c3",
    marks=tuple(three_folders.FOLDERS),
    nested=("PersonX",),
    read=read,
    published=published,
    ask="Its authors link it at github.com/sxzrt/Instructions-of-the-PersonX-dataset.",
    terms="for research",
    citation="Sun and Zheng, Dissecting Person Re-identification from the Viewpoint of Viewpoint, CVPR 2019",
    recognise=lambda folder: re.fullmatch(r"\d+_c\d+s\d+_\d+\.\w+", three_folders.first_picture(folder)) is not None,
)
