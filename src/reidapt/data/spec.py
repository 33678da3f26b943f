"""Where data comes from, in one word: `market1501:DIR`, `mars:DIR`, `cuhk03:DIR?boxes=detected`, `csv:FILE`, `a:X+b:Y`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reidapt.data.catalogue import CATALOGUE, recognised
from reidapt.data.columns import nearest
from reidapt.data.entry import Dataset
from reidapt.data.readers import folder, market1501, packed, streamed, tabular, world
from reidapt.data.table import CropTable
from reidapt.errors import DataError

GENERIC: dict[str, Callable[[Path], CropTable]] = {
    "folder": folder.read,
    "csv": tabular.read_csv,
    "parquet": tabular.read_parquet,
    "world": world.read,
    "packed": packed.read,
}
READERS: tuple[str, ...] = (*CATALOGUE, *GENERIC, "stream")
"""Everything that can stand before the colon."""


@dataclass(frozen=True)
class Spec:
    """A spec taken apart.

    Attributes:
        reader: a name of `READERS`.
        path: absolute; of `stream`, the style.
        options: of a dataset of the catalogue or a stream, all of them with their values; empty for other readers.
    """

    reader: str
    path: Path
    options: dict[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> Dataset | None:
        """The catalogue's entry, None for `folder`, `csv` and `parquet`."""
        return CATALOGUE.get(self.reader)

    def read(self) -> CropTable:
        """The table; raises `DataError` for whatever the reader finds wrong."""
        if self.reader == "stream":
            return streamed.read(str(self.path), self.options)
        if self.reader == "folder":
            self._refuse_layouts()
        try:
            if self.dataset is None:
                return GENERIC[self.reader](self.path)
            return self.dataset.read(self.path, **self.options)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise DataError(f"{self.path} cannot be read as {self.reader}: {error.strerror or error}{where}.") from None

    def _refuse_layouts(self) -> None:
        """A plain folder is not the layout of a dataset that has folders of its own, which would become persons."""
        known = [name for name in recognised(self.path) if CATALOGUE[name].marks != (".",)]
        if known:
            either = " or ".join(f"{name}:{self.path}" for name in known)
            raise DataError(f"{self.path} is in the {CATALOGUE[known[0]].title} layout; read it as {either}.")


def read(spec: str | os.PathLike[str]) -> CropTable:
    """The table that a spec `READER:PATH`, or several joined by `+`, names.

    Options follow a question mark: `mars:DIR`, `regdb:DIR?trial=3&query=thermal`. `~` is the home folder. Of several
    specs, persons and cameras are numbered apart, because the datasets share nobody.

    Raises `DataError` for an unknown reader or option (with the nearest valid one), a path without a reader (with the
    likely specs), and whatever the reader finds wrong.
    """
    tables = [one.read() for one in parse(spec)]
    return tables[0] if len(tables) == 1 else CropTable.concat(tables, persons="separate")


def parse(spec: str | os.PathLike[str]) -> list[Spec]:
    """The parts of a spec, one for each dataset in it."""
    text = os.fspath(spec)
    names = "|".join(re.escape(name) for name in READERS)
    pieces = re.split(rf"\+(?=(?:{names}):)", text)
    if len(pieces) > 1 and Path(text.partition(":")[2]).exists():
        pieces = [text]
    return [_parse(piece) for piece in pieces]


def _parse(text: str) -> Spec:
    prefix, colon, path = text.partition(":")
    if not colon or os.path.exists(text):
        raise DataError(_about_bare_path(text))
    if prefix not in READERS:
        raise DataError(
            f"there is no reader {prefix!r} (in {text!r}).{nearest(prefix, READERS)} The readers are "
            f"{', '.join(READERS)}; write READER:PATH."
        )
    options: dict[str, str] = {}
    if "?" in path and not os.path.exists(os.path.expanduser(path)):
        path, _, tail = path.partition("?")
        options = _options(tail, prefix)
    if not path.strip():
        raise DataError(f"{text!r} names no path; write {prefix}:PATH.")
    if prefix == "stream":
        return Spec(prefix, Path(path), streamed.resolve(path, options))
    place = world.place(path) if prefix == "world" else Path(os.path.abspath(os.path.expanduser(path)))
    return Spec(prefix, place, CATALOGUE[prefix].resolve(options) if prefix in CATALOGUE else {})


def _options(tail: str, reader: str) -> dict[str, str]:
    if reader not in CATALOGUE and reader != "stream":
        raise DataError(f"{reader}: takes no options, but '?{tail}' follows the path; leave it out.")
    options: dict[str, str] = {}
    for piece in tail.split("&"):
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not equals or not name or not value or name in options:
            raise DataError(
                f"{piece!r} is no option of {reader} once said; write ?name=value&name=value after the path."
            )
        options[name] = value
    return options


def likely_specs(path: str | os.PathLike[str]) -> list[str]:
    """The specs that could read an existing path, the likeliest first; empty where it does not exist."""
    place = Path(path).expanduser()
    if place.is_dir():
        known = [f"{name}:{path}" for name in recognised(place)]
        if not known and market1501.looks_like(place):
            known = [f"market1501:{path}"]
        return known or [f"folder:{path}"]
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
