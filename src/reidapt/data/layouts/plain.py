"""The toolkit's own layouts: `crops.csv` beside the pictures, or a folder per person.

table   `pictures/000000.jpg` (six digits, the row in the table) and `crops.csv` with every column, paths relative to
it.
folder  `0001/000000.jpg`: a folder per person (four digits or more), six digits for the row; junk and distractors are
        left out, because a folder is an identity, and so are all modalities but one.
"""

from __future__ import annotations

from pathlib import PurePath

from reidapt.data.layouts.crops import Crop
from reidapt.data.layouts.folder import FORMATS, Folder


def table(folder: Folder, crops: list[Crop]) -> None:
    """Write `pictures/` and `crops.csv`."""
    for crop in crops:
        folder.picture(crop, f"pictures/{crop.row:06d}{_ending(crop)}")
    folder.record()


def folder(folder: Folder, crops: list[Crop], *, modality: str = "colour") -> None:
    """Write a folder per person."""
    for crop in crops:
        if crop.person > 0 and crop.modality == modality:
            folder.picture(crop, f"{crop.person:04d}/{crop.row:06d}{_ending(crop)}")


def _ending(crop: Crop) -> str:
    ending = PurePath(crop.path).suffix.lower()
    return ending if ending in FORMATS else ".png"
