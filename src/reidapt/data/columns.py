"""The columns of the crops table: names, defaults, and how foreign values become them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from reidapt.errors import DataError

COLUMNS = ("path", "person", "camera", "sequence", "frame", "tracklet", "modality", "mask", "split", "domain")
WHOLE = ("person", "camera", "sequence", "frame", "tracklet")
MODALITIES = ("colour", "infrared", "thermal", "sketch")
SPLITS = ("train", "val", "query", "gallery")
JUNK, DISTRACTOR, UNKNOWN = -1, 0, -1
ODD = ("//", "/./", "/../", "/\n", "/.\n", "/..\n")
"""What normalising would change in paths that stand on lines."""


def nearest(word: str, valid: Iterable[str], cutoff: float = 0.5) -> str:
    """`" Did you mean 'x'?"` for the valid word nearest to `word`, or the empty string where none is near."""
    lowered = {v.lower(): v for v in valid}
    found = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=cutoff)
    return f" Did you mean {lowered[found[0]]!r}?" if found else ""


def normalised(frame: pd.DataFrame, name: str, root: Path) -> pd.DataFrame:
    """A new frame with the known columns first, in their types, defaults filled in, then the attribute columns.

    Relative paths are taken relative to `root`. Persons or cameras that are not whole numbers are numbered from 1 in
    the order of their names, and the names stay in `person_name` and `camera_name`; a person called `-1` or `0` keeps
    that number and its meaning. Raises `DataError` naming the row and the value that cannot be used.
    """
    require_path_column(list(frame.columns), f"the table {name!r}")
    frame = frame.reset_index(drop=True)
    rows = len(frame)
    known: dict[str, object] = {"path": _paths(frame["path"], root, required=True)}
    names: dict[str, list[str]] = {}
    for column in WHOLE:
        if column not in frame.columns:
            if column != "person":
                known[column] = np.full(rows, UNKNOWN, dtype=np.int64)
            continue
        known[column], labels = _whole(frame[column], column)
        if labels is not None:
            names[f"{column}_name"] = labels
    known["modality"] = _choice(frame, "modality", MODALITIES, "colour")
    known["mask"] = _paths(frame["mask"], root, required=False) if "mask" in frame.columns else [""] * rows
    known["split"] = _choice(frame, "split", SPLITS, "train")
    known["domain"] = _text(frame, "domain", name)
    attributes = [str(c) for c in frame.columns if c not in COLUMNS and c not in names]
    result = pd.DataFrame({c: known[c] for c in COLUMNS if c in known}, index=pd.RangeIndex(rows))
    for column in ("path", "modality", "mask", "split", "domain"):
        result[column] = result[column].astype(str)
    for column, labels in names.items():
        result[column] = pd.Series(labels, index=result.index, dtype=object).astype(str)
    for column in attributes:
        result[column] = frame[column].copy()
    result.attrs = {}
    return result


def require_path_column(columns: Sequence[object], where: str) -> None:
    """Refuse repeated columns and a table without a `path` column."""
    names = [str(c) for c in columns]
    twice = sorted({c for c in names if names.count(c) > 1})
    if twice:
        raise DataError(f"{where} has the column {twice[0]!r} more than once; keep one of them.")
    if "path" not in names:
        close = difflib.get_close_matches("path", [c.lower() for c in names], n=1, cutoff=0.6)
        hint = f" Rename the column {names[[c.lower() for c in names].index(close[0])]!r}?" if close else ""
        raise DataError(f"{where} has no column 'path'; its columns are {', '.join(names) or '(none)'}.{hint}")


def refuse_misspelt(columns: Sequence[str], where: str) -> None:
    """Refuse an unknown column that looks like a known one which is absent (`persons`, `Camera`, `person_id`)."""
    absent = [c for c in COLUMNS if c not in columns]
    for column in columns:
        if column not in COLUMNS and (hint := nearest(column.strip(), absent, cutoff=0.8)):
            raise DataError(
                f"{where} has a column {column!r}, which the crops table does not know.{hint} "
                f"Rename it; the known columns are {', '.join(COLUMNS)}, and any other name is an attribute."
            )


def _first(bad: np.ndarray) -> int:
    return int(np.flatnonzero(bad)[0])


def _paths(column: pd.Series, root: Path, required: bool) -> list[str]:
    """Absolute paths without `.`, `..` and doubled slashes; those that are so already are kept as they are."""
    missing = column.isna().to_numpy()
    values = column.tolist()
    if missing.any() or not all(type(value) is str for value in values):
        values = ["" if gone else str(value) for value, gone in zip(values, missing)]
    values = [value.strip() for value in values]
    if required and not all(values):
        raise DataError(f"row {values.index('')} has an empty path; every row must name a picture file.")
    lines = "\n".join([*values, ""])
    if (
        os.sep == "/"
        and all(value[:1] == "/" or not value for value in values)
        and not any(odd in lines for odd in ODD)
    ):
        return values
    return [os.path.normpath(os.path.join(root, value)) if value else "" for value in values]


def _text(frame: pd.DataFrame, column: str, default: str) -> list[str]:
    if column not in frame.columns:
        return [default] * len(frame)
    codes, uniques = pd.factorize(frame[column], use_na_sentinel=True)
    clean = [str(value).strip() or default for value in uniques]
    return np.array([*clean, default], dtype=object)[codes].tolist()  # code −1 is the last: a missing value


def _choice(frame: pd.DataFrame, column: str, valid: tuple[str, ...], default: str) -> list[str]:
    values = _text(frame, column, default)
    if wrong := set(values) - set(valid):
        row = next(k for k, value in enumerate(values) if value in wrong)
        hint = " Test pictures are 'query' or 'gallery'." if values[row] == "test" else nearest(values[row], valid)
        raise DataError(
            f"row {row} ({frame['path'].iloc[row]}) has the {column} {values[row]!r}; "
            f"expected one of {', '.join(valid)}.{hint}"
        )
    return values


def _whole(series: pd.Series, column: str) -> tuple[np.ndarray, list[str] | None]:
    """Whole numbers as int64, and the names they stand for where the column holds names instead."""
    missing = series.isna().to_numpy()
    if missing.any() and column == "person":
        raise DataError(
            f"row {_first(missing)} has an empty person ({int(missing.sum())} such rows); give every row a person "
            f"({JUNK} = junk, {DISTRACTOR} = distractor) or leave the column out for unlabelled pictures."
        )
    numbers = pd.to_numeric(series.where(~missing, UNKNOWN), errors="coerce").to_numpy(dtype=np.float64)
    whole = np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < 2**53)
    if pd.api.types.is_integer_dtype(series.dtype):  # beyond 2**53 a float would lose digits
        result = series.to_numpy(dtype=np.int64, na_value=UNKNOWN)
        whole = np.ones(len(series), dtype=bool)
    elif whole.all():
        result = numbers.astype(np.int64)
    elif column in ("person", "camera") and not pd.api.types.is_numeric_dtype(series.dtype):
        return _numbered(["" if gone else str(v).strip() for v, gone in zip(series, missing)])
    if not whole.all():
        row = _first(~whole)
        raise DataError(f"row {row} has the {column} {series.iloc[row]!r}; expected a whole number.")
    if (result < UNKNOWN).any():
        row = _first(result < UNKNOWN)
        raise DataError(f"row {row} has the {column} {result[row]}; expected {UNKNOWN} or larger.")
    return result, None


def _numbered(labels: list[str]) -> tuple[np.ndarray, list[str]]:
    reserved = {"": UNKNOWN, "-1": JUNK, "0": DISTRACTOR}
    numbers = {label: i for i, label in enumerate(sorted(set(labels) - set(reserved)), start=1)} | reserved
    return np.array([numbers[label] for label in labels], dtype=np.int64), labels
