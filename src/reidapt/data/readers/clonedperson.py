"""Reader for ClonedPerson: `train`, `test/query`, `test/gallery` with `700000_s02_c00_f023389.jpg`.

A name is person, scene, camera, frame, as in RandPerson; a camera here is 100 · scene + camera.
"""

from __future__ import annotations

from pathlib import Path

from reidapt.data.entry import Dataset, Published
from reidapt.data.readers.randperson import part
from reidapt.data.readers.tools import table
from reidapt.data.table import CropTable

SPLITS = {"train": "train", "test/query": "query", "test/gallery": "gallery"}


def read(folder: Path) -> CropTable:
    """The table of a folder in the ClonedPerson layout."""
    folder = DATASET.home(folder)
    parts = [part(folder / name, split, 0, DATASET.title) for name, split in SPLITS.items()]
    lowest = min(int(columns["person"].min()) for columns in parts)
    for columns in parts:
        columns["person"] = columns["person"] + (1 if lowest == 0 else 0)
    return table(parts, DATASET.name, folder)


def published() -> Published:
    """Wang, Liang and Liao 2022."""
    return {"all": {"persons": 5_621, "pictures": 887_766, "cameras": 24}}


DATASET = Dataset(
    name="clonedperson",
    title="ClonedPerson",
    kind="synthetic",
    layout="train, test/query and test/gallery with 700000_s02_c00_f023389.jpg",
    marks=tuple(SPLITS),
    nested=("clonedperson", "ClonedPerson"),
    read=read,
    published=published,
    ask="Its authors link it at github.com/Yanan-Wang-cs/ClonedPerson.",
    terms="for research",
    citation="Wang, Liang and Liao, Cloning Outfits from Real-World Images to 3D Characters for Generalizable Person "
    "Re-Identification, CVPR 2022",
)
