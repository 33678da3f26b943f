"""What readers share: pictures of a folder, names by pattern, listed files that must exist, tables from columns."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reidapt.data.columns import ODD
from reidapt.data.files import is_clutter, is_picture, listing
from reidapt.data.table import CropTable
from reidapt.errors import DataError, first_line

log = logging.getLogger(__name__)

Columns = dict[str, Any]
TOO_LONG = re.compile(r"[0-9]{19}")
"""More digits than a 64-bit number has."""


def pictures(folder: Path) -> list[str]:
    """Sorted names of the pictures in a folder; clutter and masks are passed over, any other file is a `DataError`."""
    names = [name for name in listing(folder) if not is_clutter(name) and name != "masks"]
    for name in names:
        if not is_picture(name):
            what = "is a folder" if os.path.isdir(folder / name) else "is not a picture"
            raise DataError(f"{folder / name} {what}, but only pictures were expected there. Remove or rename it.")
    return names


def folders(folder: Path) -> list[str]:
    """Sorted names of the folders in a folder, hidden ones left out."""
    return [name for name in listing(folder) if not name.startswith(".") and os.path.isdir(folder / name)]


def parsed(names: Sequence[str], pattern: re.Pattern[str], where: Path, example: str) -> dict[str, list[str]]:
    """Every named group of the pattern as a list of one text per name, empty where the group took no part.

    A name that does not fit is a `DataError` with an example. All names are matched in one go: as many matches as names
    means a match per name, because a match never begins or ends within a line.
    """
    joined = "\n".join(names)
    found = re.findall(f"^(?:{pattern.pattern})$", joined, flags=re.MULTILINE | re.ASCII)
    if len(found) != len(names) or joined.count("\n") >= max(1, len(names)) or TOO_LONG.search(joined):
        strict = re.compile(pattern.pattern, flags=re.ASCII)
        wrong = next((name for name in names if strict.fullmatch(name) is None or TOO_LONG.search(name)), names[0])
        raise DataError(
            f"{where / wrong} does not name a crop: expected names like {example}. Rename or remove the file."
        )
    rows = [(text,) for text in found] if pattern.groups == 1 else found
    columns = list(zip(*rows)) if rows else [()] * pattern.groups
    return {key: list(columns[pattern.groupindex[key] - 1]) for key in pattern.groupindex}


def whole(facts: Mapping[str, Sequence[str]], key: str) -> np.ndarray:
    """A group of every name as int64 (N,), −1 where it took no part."""
    return np.array([int(text) if text else -1 for text in facts[key]], dtype=np.int64)


def require_files(paths: Sequence[str], source: Path, dataset: str) -> None:
    """`DataError` where a picture named by a list does not exist; every folder is listed once."""
    held: dict[str, set[str]] = {}
    missing = []
    for path in paths:
        folder, _, name = path.rpartition("/")
        there = held.get(folder)
        if there is None:
            try:
                there = set(os.listdir(folder or "/"))
            except OSError:
                there = set()
            held[folder] = there
        if name not in there:
            missing.append(path)
    if missing:
        raise DataError(
            f"{source} names {len(missing)} of {len(paths)} pictures that do not exist, first {missing[0]}. "
            f"The copy of {dataset} is incomplete; unpack it again."
        )


ODD_PATH = (*ODD, "\n/", "\n./", "\n../", "\n.\n", "\n..\n", "\\")
"""What plain relative paths that stand on lines do not have."""


def below(root: str | Path, paths: Sequence[str], source: Path) -> list[str]:
    """Paths of a list below the root, `\\` taken as `/`; `DataError` where one leads out of the root."""
    text = "\n".join(["", *paths, ""])
    if any(odd in text for odd in ODD_PATH):
        paths = [os.path.normpath(path.replace("\\", "/")) for path in paths]
        for path in paths:
            if os.path.isabs(path) or path.split("/")[0] == "..":
                raise DataError(
                    f"{source} names {path!r}, which lies outside the dataset's folder {root}; expected a path in it."
                )
    prefix = f"{root}/"
    return [prefix + path for path in paths]


def from_one(ids: np.ndarray) -> np.ndarray:
    """Persons numbered from 0 moved up by one, because 0 and −1 mean distractor and junk in the crops table."""
    return ids + 1 if len(ids) and ids.min() == 0 else ids


def shuffled(ids: Iterable[int], *words: object) -> list[int]:
    """The ids in a random order that any language can recompute: by the SHA-256 of "word/word/.../id"."""
    prefix = "/".join(str(word) for word in words)
    return sorted(set(ids), key=lambda i: hashlib.sha256(f"{prefix}/{i}".encode()).digest())


def table(parts: Sequence[Columns], name: str, root: Path) -> CropTable:
    """One table from columns per split or tracklet, all with the same columns; a part's single values are repeated.

    Masks are picked up from `masks/`, as PNG files with the pictures' paths below the root, further columns from a
    `crops.csv` in the root.
    """
    parts = [part for part in parts if len(part["path"])]
    if not parts:
        raise DataError(f"{root} holds no pictures of {name}.")
    lengths = [len(part["path"]) for part in parts]
    columns = {key: _joined([part[key] for part in parts], lengths) for key in parts[0]}
    if os.path.isdir(root / "masks"):
        columns["mask"] = _masks(list(columns["path"]), root)
    return CropTable(with_attributes(pd.DataFrame(columns), root / "crops.csv"), name, root)


def _masks(paths: Sequence[str], root: Path) -> list[str]:
    """The mask of every picture, empty where there is none; every folder is listed once."""
    prefix, place = f"{root}/", f"{root}/masks/"
    held: dict[str, set[str]] = {}
    masks = []
    for path in paths:
        folder, _, name = (place + path[len(prefix) :]).rpartition("/")
        if folder not in held:
            held[folder] = set(os.listdir(folder)) if os.path.isdir(folder) else set()
        mask = f"{name.rpartition('.')[0]}.png"
        masks.append(f"{folder}/{mask}" if path.startswith(prefix) and mask in held[folder] else "")
    return masks


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


def _joined(values: list[Any], lengths: list[int]) -> np.ndarray | list[Any]:
    """Arrays, lists or single values one after another, the latter as often as their part has rows."""
    if all(isinstance(value, (int, np.integer, np.ndarray)) for value in values):
        return np.concatenate(
            [value if isinstance(value, np.ndarray) else np.full(n, value) for value, n in zip(values, lengths)]
        )
    joined: list[Any] = []
    for value, n in zip(values, lengths):
        joined.extend([value] * n if isinstance(value, (str, int, np.integer)) else value)
    return joined


def need_pictures(part: Columns, where: Path, dataset: str) -> Columns:
    """The part, which has to hold pictures."""
    if not len(part["path"]):
        raise DataError(f"{where} has no pictures; {dataset} needs some there. Unpack the dataset again.")
    return part
