"""Reader for the Market-1501 layout: three folders, everything else in the file names.

`0002_c1s1_000451_03.jpg` is person 2 in camera 1, sequence 1, frame 451, detection 3; person −1 is junk, 0000 a
distractor. Masks are picked up from `masks/<split folder>/<stem>.png`, further columns from a `crops.csv` beside them.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pandas as pd

from reidapt.data.files import is_clutter, is_picture, listing
from reidapt.data.table import CropTable
from reidapt.errors import DataError

FOLDERS = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}
ARCHIVE = "Market-1501-v15.09.15"
NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)s(?P<sequence>\d+)_(?P<frame>\d+)_(?P<box>\d+)\.\w+")
log = logging.getLogger(__name__)

PUBLISHED = {
    "train": {"persons": 751, "pictures": 12_936},
    "query": {"pictures": 3_368},
    "gallery": {"pictures": 19_732},
    "all": {"persons": 1_501},
}
"""Counts of the published dataset; persons without junk and distractors."""


def parse(name: str) -> dict[str, int] | None:
    """`{"person", "camera", "sequence", "frame", "box"}` of a Market-1501 file name, or None."""
    found = NAME.fullmatch(name)
    return {key: int(value) for key, value in found.groupdict().items()} if found else None


def looks_like(folder: Path) -> bool:
    """True where the folder, or the published archive's folder in it, has one of the three split folders."""
    return any((base / split).is_dir() for base in (folder, folder / ARCHIVE) for split in FOLDERS)


def read(folder: Path) -> CropTable:
    """The table of a folder in the Market-1501 layout, or of the folder that the published archive was unpacked in."""
    present = listing(folder)
    if not set(FOLDERS) & set(present) and (folder / ARCHIVE).is_dir():
        folder = folder / ARCHIVE
        present = listing(folder)
    missing = [split for split in FOLDERS if not (folder / split).is_dir()]
    if missing:
        there = ", ".join(present[:8]) + (", ..." if len(present) > 8 else "")
        raise DataError(
            f"{folder} is not in the Market-1501 layout: the folder{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing; it holds {there or 'nothing'}. "
            f"Give the folder that holds {', '.join(FOLDERS)}, or use another reader."
        )
    rows = [row for split in FOLDERS for row in _split(folder, split)]
    frame = pd.DataFrame(rows)
    extra = folder / "crops.csv"
    if extra.is_file():
        frame = _with_attributes(frame, extra)
    return CropTable(frame, folder.name, folder)


def _split(folder: Path, split: str) -> list[dict[str, Any]]:
    mask_folder = folder / "masks" / split
    masks = set(listing(mask_folder)) if mask_folder.is_dir() else set()
    rows: list[dict[str, Any]] = []
    for name in listing(folder / split):
        if is_clutter(name):
            continue
        facts = parse(name) if is_picture(name) else None
        if facts is None:
            what = "does not name a crop" if is_picture(name) else "is not a picture"
            raise DataError(
                f"{folder / split / name} {what}: expected names like 0002_c1s1_000451_03.jpg "
                "(person, camera and sequence, frame, detection). Rename or remove the file."
            )
        mask = f"{Path(name).stem}.png"
        path = str(folder / split / name)
        rows.append(
            {"path": path, **facts, "mask": str(mask_folder / mask) if mask in masks else "", "split": FOLDERS[split]}
        )
    if not rows:
        raise DataError(
            f"{folder / split} is empty: the Market-1501 layout needs pictures in each of {', '.join(FOLDERS)}."
        )
    return rows


def _with_attributes(frame: pd.DataFrame, extra: Path) -> pd.DataFrame:
    """`frame` joined with the columns of a `crops.csv` that the file names do not tell."""
    try:
        told = pd.read_csv(extra, low_memory=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{extra} cannot be read as a table: {str(error).strip()}. Repair or remove it.") from None
    if "path" not in told.columns or told["path"].duplicated().any():
        raise DataError(f"{extra} must have a column 'path' that names each picture once. Repair or remove it.")
    new = [c for c in told.columns if c not in frame.columns or c == "path"]
    told = told[new].assign(path=[str(extra.parent / str(path)) for path in told["path"]])
    strangers = len(set(frame["path"]) - set(told["path"]))
    if strangers:
        log.warning("%s does not know %d of %d pictures; their attributes are empty", extra, strangers, len(frame))
    return frame.merge(told, on="path", how="left", validate="one_to_one")
