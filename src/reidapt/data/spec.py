"""Where data comes from, in one word: `market1501:DIR`, `folder:DIR`, `csv:FILE`, `parquet:FILE`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from reidapt.data.columns import nearest
from reidapt.data.readers import folder, market1501, tabular
from reidapt.data.table import CropTable
from reidapt.errors import DataError

READERS: dict[str, Callable[[Path], CropTable]] = {
    "market1501": market1501.read,
    "folder": folder.read,
    "csv": tabular.read_csv,
    "parquet": tabular.read_parquet,
}


def read(spec: str | os.PathLike[str]) -> CropTable:
    """The table that a spec `READER:PATH` names; `~` in the path is the home folder.

    Raises `DataError` for an unknown reader (with the nearest valid one), a path without a reader (with the likely
    specs), and whatever the reader finds wrong.
    """
    text = os.fspath(spec)
    prefix, colon, path = text.partition(":")
    if not colon or Path(text).exists():
        raise DataError(_about_bare_path(text))
    if prefix not in READERS:
        raise DataError(
            f"there is no reader {prefix!r} (in {text!r}).{nearest(prefix, READERS)} The readers are "
            f"{', '.join(READERS)}; write READER:PATH."
        )
    if not path.strip():
        raise DataError(f"{text!r} names no path; write {prefix}:PATH.")
    return READERS[prefix](Path(os.path.abspath(os.path.expanduser(path))))


def likely_specs(path: str | os.PathLike[str]) -> list[str]:
    """The specs that could read an existing path, the likeliest first; empty where it does not exist."""
    place = Path(path).expanduser()
    if place.is_dir():
        market = [f"market1501:{path}"] if market1501.looks_like(place) else []
        return market or [f"folder:{path}"]
    if place.is_file():
        return [f"parquet:{path}"] if place.suffix.lower() in (".parquet", ".pq") else [f"csv:{path}"]
    return []


def _about_bare_path(text: str) -> str:
    likely = likely_specs(text)
    if likely:
        return f"{text!r} does not say how to read it; write {' or '.join(likely)}."
    return (
        f"{text!r} names no data: there is no such path, and a spec looks like market1501:DIR, folder:DIR or csv:FILE."
    )
