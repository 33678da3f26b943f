"""What the catalogue knows of a dataset: how it is recognised and read, what was published, under which terms."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reidapt.data.columns import nearest
from reidapt.data.files import listing
from reidapt.data.table import CropTable
from reidapt.errors import DataError

Kind = Literal["image", "cross-modal", "video", "synthetic"]
Published = Mapping[str, Mapping[str, int]]
"""Per split (or `"all"`) the published `persons`, `pictures`, `tracklets` or `cameras`; what was not published is absent."""

TRIALS = tuple(str(k) for k in range(1, 11))
"""Names of ten trials; trial 1 is what others call split 0."""


@dataclass(frozen=True)
class Option:
    """A choice that a spec may state, as in `mars:DIR?trial=3`.

    Attributes:
        values: what can be written.
        default: taken where the spec is silent; empty where the reader decides from what the folder holds.
        text: what it means.
        named: the table's name always says it, because numbers depend on it.
    """

    values: tuple[str, ...]
    default: str
    text: str
    named: bool = False


@dataclass(frozen=True)
class Dataset:
    """One entry of the catalogue.

    Attributes:
        name: the word before the colon of a spec.
        title: as its authors write it.
        kind: what its pictures are.
        layout: where things lie and what names mean, in a line.
        marks: files and folders that a folder in this layout has, relative to it.
        read: `(folder, **options) -> table`; every option is given, as text.
        published: `(**options) -> counts`.
        ask: where it is asked for or downloaded by hand; nothing is ever downloaded by reidapt.
        terms: what may be done with it.
        citation: the paper to cite.
        options: by name.
        nested: folders of the published archive inside which `marks` lie.
        withdrawn: why its authors took it back, empty where they did not.
        recognise: a closer look where several layouts share their marks.
    """

    name: str
    title: str
    kind: Kind
    layout: str
    marks: tuple[str, ...]
    read: Callable[..., CropTable]
    published: Callable[..., Published]
    ask: str
    terms: str
    citation: str
    options: Mapping[str, Option] = field(default_factory=dict)
    nested: tuple[str, ...] = ()
    withdrawn: str = ""
    recognise: Callable[[Path], bool] | None = None

    def looks_like(self, folder: Path) -> bool:
        """True where the folder has this layout's marks."""
        found = self._inside(folder)
        return found is not None and (self.recognise is None or self.recognise(found))

    def home(self, folder: Path) -> Path:
        """The folder that holds the marks: this one or the archive's folder in it.

        Raises `DataError` that says what is missing, what is there and where to ask for the dataset.
        """
        found = self._inside(folder)
        if found is not None:
            return found
        held = listing(folder)
        missing = [mark for mark in self.marks if not os.path.exists(folder / mark)]
        there = ", ".join(held[:8]) + (", ..." if len(held) > 8 else "")
        raise DataError(
            f"{folder} is not in the {self.title} layout: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            f"missing; it holds {there or 'nothing'}. Expected {self.layout}; "
            f"give the folder that holds them. {self.ask}"
        )

    def _inside(self, folder: Path) -> Path | None:
        candidates = [folder, *(folder / name for name in self.nested)]
        return next((c for c in candidates if all(os.path.exists(c / mark) for mark in self.marks)), None)

    def resolve(self, given: Mapping[str, str]) -> dict[str, str]:
        """All options with their values; raises `DataError` on an unknown name or value."""
        for name, value in given.items():
            if name not in self.options:
                known = "; its options are " + ", ".join(self.options) if self.options else "; it has none"
                raise DataError(f"{self.name} has no option {name!r}{known}.{nearest(name, self.options)}")
            values = self.options[name].values
            if value not in values:
                raise DataError(f"{self.name}: {name} = {value!r}; expected one of {', '.join(values)}.")
        return {name: given.get(name, option.default) for name, option in self.options.items()}

    def table_name(self, **options: str) -> str:
        """The dataset's name and every option that is not the default or always has to be said."""
        said = [
            f"{name}-{options[name]}"
            for name, option in self.options.items()
            if options.get(name) and (option.named or options[name] != option.default)
        ]
        return "-".join([self.name, *said])
