"""The layout that Market-1501 began: bounding_box_train, query, bounding_box_test, everything else in the names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from reidapt.data.files import is_clutter, is_picture, listing
from reidapt.data.readers.tools import Columns, parsed, whole
from reidapt.errors import DataError

FOLDERS = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}


def first_picture(folder: Path) -> str:
    """The first picture's name in the first split folder, or the empty string; for recognising a layout."""
    place = folder / "bounding_box_train"
    names = (name for name in sorted(os.listdir(place)) if is_picture(name)) if os.path.isdir(place) else iter(())
    return next(names, "")


def split(folder: Path, name: str, pattern: re.Pattern[str], example: str) -> Columns:
    """Columns of one split folder: the pattern's named groups as whole numbers, paths and the split."""
    names = [n for n in listing(folder / name) if not is_clutter(n)]
    for file in names:
        if not is_picture(file):
            raise DataError(
                f"{folder / name / file} is not a picture: expected names like {example}. Rename or remove the file."
            )
    if not names:
        raise DataError(f"{folder / name} is empty: this layout needs pictures in each of {', '.join(FOLDERS)}.")
    facts = parsed(names, pattern, folder / name, example)
    columns: Columns = {"path": [f"{folder / name}/{file}" for file in names]}
    for key in pattern.groupindex:
        columns[key] = whole(facts, key)
    columns["split"] = FOLDERS[name]
    return columns


def splits(folder: Path, pattern: re.Pattern[str], example: str) -> list[Columns]:
    """Columns of the three split folders, train, query, gallery."""
    return [split(folder, name, pattern, example) for name in FOLDERS]
