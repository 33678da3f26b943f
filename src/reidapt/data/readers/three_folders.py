"""The layout that Market-1501 began: bounding_box_train, query, bounding_box_test, everything else in the names.

Masks are picked up from `masks/<split folder>/<stem>.png`, further columns from a `crops.csv` beside the folders.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import pandas as pd

from reidapt.data.files import is_clutter, is_picture, listing
from reidapt.data.readers.tools import Columns, parsed, whole
from reidapt.errors import DataError, first_line

FOLDERS = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}

log = logging.getLogger(__name__)


def first_picture(folder: Path) -> str:
    """The first picture's name in the first split folder, or the empty string; for recognising a layout."""
    place = folder / "bounding_box_train"
    names = (name for name in sorted(os.listdir(place)) if is_picture(name)) if os.path.isdir(place) else iter(())
    return next(names, "")


def split(folder: Path, name: str, pattern: re.Pattern[str], example: str) -> Columns:
    """Columns of one split folder: the pattern's named groups as whole numbers, paths, masks and the split."""
    mask_folder = folder / "masks" / name
    masks = set(listing(mask_folder)) if os.path.isdir(mask_folder) else set()
    names = [n for n in listing(folder / name) if not is_clutter(n)]
    for file in names:
        if not is_picture(file):
            raise DataError(
                f"{folder / name / file} is not a picture: expected names like {example}. Rename or remove the file."
            )
    if not names:
        raise DataError(f"{folder / name} is empty: this layout needs pictures in each of {', '.join(FOLDERS)}.")
    facts = parsed(names, pattern, folder / name, example)
    stems = [f"{file.rsplit('.', 1)[0]}.png" for file in names]
    columns: Columns = {"path": [f"{folder / name}/{file}" for file in names]}
    for key in pattern.groupindex:
        columns[key] = whole(facts, key)
    columns["mask"] = [f"{mask_folder}/{stem}" if stem in masks else "" for stem in stems]
    columns["split"] = FOLDERS[name]
    return columns


def splits(folder: Path, pattern: re.Pattern[str], example: str) -> list[Columns]:
    """Columns of the three split folders, train, query, gallery."""
    return [split(folder, name, pattern, example) for name in FOLDERS]


def with_attributes(frame: pd.DataFrame, extra: Path) -> pd.DataFrame:
    """`frame` joined with the columns of a `crops.csv` that the file names do not tell; as it is where there is none."""
    if not os.path.isfile(extra):
        return frame
    try:
        told = pd.read_csv(extra, low_memory=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{extra} cannot be read as a table: {first_line(error)}. Repair or remove it.") from None
    if "path" not in told.columns or told["path"].duplicated().any():
        raise DataError(f"{extra} must have a column 'path' that names each picture once. Repair or remove it.")
    new = [c for c in told.columns if c not in frame.columns or c == "path"]
    told = told[new].assign(path=[os.path.normpath(extra.parent / str(path)) for path in told["path"]])
    strangers = len(set(frame["path"]) - set(told["path"]))
    if strangers:
        log.warning("%s does not know %d of %d pictures; their attributes are empty", extra, strangers, len(frame))
    return frame.merge(told, on="path", how="left", validate="one_to_one")
