"""Writing a table to a CSV or Parquet file that reads back as the same table."""

from __future__ import annotations

import os
from pathlib import Path

from reidapt.data.spec import read
from reidapt.data.table import CropTable
from reidapt.errors import DataError, first_line

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


def convert(data: CropTable | str | os.PathLike[str], out: str | os.PathLike[str]) -> Path:
    """Write a table, or what a spec names, to a `.csv` or `.parquet` file; returns its absolute path.

    Paths below the file's folder are written relative to it, others absolute. The file appears only when it is
    complete; one that exists is not replaced. Raises `DataError` for another suffix, a missing folder, an existing file
    or a file name that cannot be written as Unicode.
    """
    file = Path(os.path.abspath(os.path.expanduser(os.fspath(out))))
    kind = SUFFIXES.get(file.suffix.lower())
    if kind is None:
        raise DataError(f"{file} ends with {file.suffix or 'nothing'}; a table is written to .csv or .parquet.")
    if os.path.lexists(file):
        raise DataError(f"{file} exists already; choose another name or remove it first.")
    if not os.path.isdir(file.parent):
        raise DataError(f"there is no folder {file.parent} to write {file.name} to; make it first.")
    table = data if isinstance(data, CropTable) else read(data)
    _write(table, file, kind)
    return file


def _write(table: CropTable, file: Path, kind: str) -> None:
    frame = table.frame
    prefix = f"{file.parent}{os.sep}".replace(os.sep * 2, os.sep)
    for column in ("path", "mask"):
        values = [value[len(prefix) :] if value.startswith(prefix) else value for value in frame[column].tolist()]
        _require_unicode(values)
        frame[column] = values
    part = file.with_name(f".{file.name}.part")
    try:
        if kind == "csv":
            frame.to_csv(part, index=False, encoding="utf-8")
        else:
            frame.to_parquet(part, index=False)
        os.replace(part, file)
    except ImportError:
        raise DataError(f"writing {file} needs pyarrow; install it with: pip install 'reidapt[parquet]'.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be written: {first_line(error)}.") from None
    finally:
        part.unlink(missing_ok=True)


def _require_unicode(paths: list[str]) -> None:
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError:
            raise DataError(f"the file name {path!r} is not valid Unicode; rename the file.") from None
