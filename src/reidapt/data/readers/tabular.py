"""Readers for CSV and Parquet files that have the crops table's columns."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from reidapt.data.columns import refuse_misspelt, require_path_column
from reidapt.data.table import CropTable
from reidapt.data.virtual import file_of
from reidapt.errors import DataError

log = logging.getLogger(__name__)


def read_csv(file: Path) -> CropTable:
    """The table in a comma-separated UTF-8 file with a header line; relative paths start from the file's folder."""
    return _table(_load(file, "csv"), file)


def read_parquet(file: Path) -> CropTable:
    """The table in a Parquet file; relative paths start from the file's folder."""
    return _table(_load(file, "parquet"), file)


def _load(file: Path, kind: str) -> pd.DataFrame:
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise DataError(f"{file} {what}, but a {kind} file with the crops table's columns was expected.")
    try:
        if kind == "csv":
            names = pd.read_csv(file, header=None, nrows=1, dtype=str, skipinitialspace=True, encoding="utf-8-sig")
            twice = sorted(names.iloc[0][names.iloc[0].duplicated()].dropna())
            if twice:
                raise DataError(
                    f"{file} has the column {twice[0]!r} more than once; expected every column once. Remove one."
                )
            return pd.read_csv(file, low_memory=False, skipinitialspace=True, encoding="utf-8-sig")
        return pd.read_parquet(file)
    except ImportError:
        raise DataError(f"reading {file} needs pyarrow; install it with: pip install 'reidapt[parquet]'.") from None
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{file} cannot be read as {kind}: {reason}.") from None


def _table(frame: pd.DataFrame, file: Path) -> CropTable:
    frame = frame.rename(columns=lambda c: str(c).strip())
    frame = frame[[c for c in frame.columns if not c.startswith("Unnamed: ")]]  # an index column without a header
    refuse_misspelt(list(frame.columns), str(file))
    require_path_column(list(frame.columns), str(file))
    if frame.empty:
        raise DataError(f"{file} has a header and no rows; expected a row per picture.")
    try:
        table = CropTable(frame, file.stem, file.parent)
    except DataError as error:
        raise DataError(f"{file}: {error} (The first row below the header is row 0.)") from None
    for column in ("path", "mask"):
        _require_files(table, column, file)
    if not table.labelled:
        log.warning("%s has no column 'person': its pictures are unlabelled", file)
    return table


def _require_files(table: CropTable, column: str, file: Path) -> None:
    files = enumerate(map(file_of, table.column(column)))
    gone = [(row, path) for row, path in files if path and not Path(path).is_file()]
    if gone:
        row, path = gone[0]
        raise DataError(
            f"{file} names {len(gone)} {'pictures' if column == 'path' else 'masks'} that do not exist, first {path} "
            f"(row {row}). Relative paths start from {table.root}."
        )
