"""Files that datasets come with beside pictures: text lists, JSON, MATLAB up to 7.2, MATLAB 7.3 (HDF5)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.errors import DataError, first_line

HDF5 = b"\x89HDF\r\n\x1a\n"


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
    if len({row[0] for row in rows}) < len(rows):
        names = [row[0] for row in rows]
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise DataError(f"{file} lists {twice} twice; expected every line once. Replace it by the published one.")
    return rows


def whole_numbers(texts: Sequence[str], file: Path, what: str) -> np.ndarray:
    """Whole numbers, 0 or more, from a list's fields, as int64 (N,)."""
    for text in texts if not _digits("".join(texts)) or "" in texts else ():
        if not _digits(text):
            raise DataError(f"{file} has {text[:40]!r} where {what} was expected, a whole number.")
    try:
        return np.array([int(text) for text in texts], dtype=np.int64)
    except OverflowError:
        raise DataError(f"{file} has a number of more than 18 digits where {what} was expected.") from None


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


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


def within(values: np.ndarray, low: int, high: int, file: Path, key: str, of: str = "") -> np.ndarray:
    """The values, all of which have to lie in low..high; `of` says what they count."""
    wrong = (values < low) | (values > high)
    if wrong.any():
        raise DataError(
            f"{key} in {file} has the value {int(values[wrong].reshape(-1)[0])}; expected {low}..{high}"
            f"{f', one of {of}' if of else ''}."
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
