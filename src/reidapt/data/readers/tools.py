"""What readers share: lists, MATLAB files, names by pattern, pictures that must exist, ids that start from 0."""

from __future__ import annotations

import hashlib
import json
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

Columns = dict[str, Any]
HDF5 = b"\x89HDF\r\n\x1a\n"


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
    found = re.findall(f"^(?:{pattern.pattern})$", joined, flags=re.MULTILINE)
    if len(found) != len(names) or joined.count("\n") >= max(1, len(names)):
        wrong = next((name for name in names if pattern.fullmatch(name) is None), names[0])
        raise DataError(
            f"{where / wrong} does not name a crop: expected names like {example}. Rename or remove the file."
        )
    rows = [(text,) for text in found] if pattern.groups == 1 else found
    columns = list(zip(*rows)) if rows else [()] * pattern.groups
    return {key: list(columns[pattern.groupindex[key] - 1]) for key in pattern.groupindex}


def whole(facts: Mapping[str, Sequence[str]], key: str) -> np.ndarray:
    """A group of every name as int64 (N,), −1 where it took no part."""
    return np.array([int(text) if text else -1 for text in facts[key]], dtype=np.int64)


def lines(file: Path) -> list[str]:
    """The lines of a text list without surrounding space, empty lines left out; `DataError` where it is no text."""
    if not os.path.isfile(file):
        what = "is not a file" if os.path.exists(file) else "is missing"
        raise DataError(f"the list {file} {what}; it belongs to the dataset.")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"the list {file} is not text in UTF-8; replace it by the published one.") from None
    except OSError as error:
        raise DataError(f"the list {file} cannot be read: {error.strerror}.") from None
    if "\x00" in text:
        raise DataError(f"the list {file} holds binary data; replace it by the published one.")
    found = [line.strip() for line in text.splitlines()]
    found = [line for line in found if line]
    if not found:
        raise DataError(f"the list {file} is empty; replace it by the published one.")
    return found


def fields(file: Path, count: int, what: str) -> list[list[str]]:
    """Every line of a list split into `count` fields from the right, so that the first may hold spaces."""
    rows = []
    for number, line in enumerate(lines(file), start=1):
        row = line.rsplit(None, count - 1)
        if len(row) != count:
            raise DataError(f"line {number} of {file} is {line[:80]!r}; expected {what}.")
        rows.append(row)
    return rows


def whole_numbers(texts: Sequence[str], file: Path, what: str) -> np.ndarray:
    """Whole numbers, 0 or more, from a list's fields, as int64 (N,)."""
    for text in texts if not "".join(texts).isdecimal() or "" in texts else ():
        if not text.isdecimal():
            raise DataError(f"{file} has {text[:40]!r} where {what} was expected, a whole number.")
    try:
        return np.array([int(text) for text in texts], dtype=np.int64)
    except OverflowError:
        raise DataError(f"{file} has a number of more than 18 digits where {what} was expected.") from None


def numbers(file: Path, what: str) -> list[int]:
    """All whole numbers of a text file, separated by commas or space."""
    words = [word for line in lines(file) for word in re.split(r"[,\s]+", line) if word]
    return whole_numbers(words, file, what).tolist()


def json_file(file: Path) -> Any:
    """The content of a JSON file."""
    try:
        return json.loads("\n".join(lines(file)))
    except ValueError as error:
        raise DataError(f"{file} is not valid JSON: {first_line(error)}.") from None
    except RecursionError:
        raise DataError(f"{file} is not valid JSON: it is nested too deeply.") from None


def mat(file: Path, key: str) -> Any:
    """A variable of a MATLAB file up to version 7.2, as SciPy gives it (nothing squeezed)."""
    from scipy.io import loadmat

    if not os.path.isfile(file):
        raise DataError(f"the MATLAB file {file} is missing; it belongs to the dataset.")
    try:
        content = loadmat(file)
    except NotImplementedError:
        raise DataError(f"{file} is a MATLAB 7.3 (HDF5) file; expected an older version. Save it with -v7.") from None
    except Exception as error:  # SciPy raises ValueError, TypeError, OSError, zlib.error, ... on damaged files
        raise DataError(f"{file} is damaged or no MATLAB file ({first_line(error)}); replace it.") from None
    if key not in content:
        there = ", ".join(sorted(k for k in content if not k.startswith("__"))) or "nothing"
        raise DataError(f"{file} has no variable {key!r}; it holds {there}. Replace it by the published file.")
    return content[key]


def matrix(values: Any, file: Path, key: str, columns: int | None = None) -> np.ndarray:
    """Whole numbers as int64: (N, columns), or flattened to (N,) where `columns` is None."""
    array = np.asarray(values)
    if array.dtype.kind not in "iufb" or not array.size:
        raise DataError(f"{key} in {file} is no array of numbers ({array.dtype}, {array.shape}); replace the file.")
    if columns is None and max(array.shape) != array.size:
        raise DataError(f"{key} in {file} has the shape {array.shape}; expected one row or one column of numbers.")
    if columns is not None and (array.ndim != 2 or array.shape[1] != columns):
        raise DataError(f"{key} in {file} has the shape {array.shape}; expected N × {columns} numbers.")
    rounded = np.round(array.astype(np.float64))
    if not np.array_equal(rounded, array.astype(np.float64)):
        raise DataError(f"{key} in {file} holds values that are not whole numbers; replace the file.")
    result = rounded.astype(np.int64)
    return result.reshape(-1) if columns is None else result


def within(values: np.ndarray, low: int, high: int, file: Path, key: str) -> np.ndarray:
    """The values, all of which have to lie in low..high."""
    wrong = (values < low) | (values > high)
    if wrong.any():
        raise DataError(
            f"{key} in {file} has the value {int(values[wrong].reshape(-1)[0])}; expected {low}..{high} (counting from {low})."
        )
    return values


def hdf5(file: Path) -> Any:
    """An open HDF5 file (h5py.File), as MATLAB 7.3 writes it: dimensions are reversed."""
    try:
        import h5py
    except ImportError:
        raise DataError(f"reading {file} needs h5py; install it with: pip install h5py.") from None
    if not os.path.isfile(file):
        raise DataError(f"the MATLAB file {file} is missing; it belongs to the dataset.")
    try:
        return h5py.File(file, "r")
    except OSError as error:
        raise DataError(f"{file} is damaged or no MATLAB 7.3 (HDF5) file ({first_line(error)}); replace it.") from None


def is_hdf5(file: Path) -> bool:
    """True where the file starts as HDF5 does, possibly after MATLAB's 512 bytes of text."""
    try:
        with open(file, "rb") as stream:
            head = stream.read(520)
    except OSError:
        return False
    return head.startswith(HDF5) or head[512:] == HDF5


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
    """One table from columns per split or tracklet, all with the same columns; a part's single values are repeated."""
    parts = [part for part in parts if len(part["path"])]
    if not parts:
        raise DataError(f"{root} holds no pictures of {name}.")
    lengths = [len(part["path"]) for part in parts]
    columns = {key: _joined([part[key] for part in parts], lengths) for key in parts[0]}
    return CropTable(pd.DataFrame(columns), name, root)


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
