"""Selections of a table that protocols and methods ask for: modalities, trials, hidden labels, frames.

Each is a pure function from tables to tables. Pairs of two cameras are in `pairs`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from reidapt.data.columns import MODALITIES
from reidapt.data.spec import parse, read
from reidapt.data.table import CropTable
from reidapt.errors import DataError


def by_modality(table: CropTable) -> dict[str, CropTable]:
    """A table per modality that occurs, in the order colour, infrared, thermal, sketch."""
    there = set(table.column("modality").tolist())
    return {modality: table.select(modality=modality) for modality in MODALITIES if modality in there}


def swapped(table: CropTable) -> CropTable:
    """Query and gallery exchanged, everything else as it is: the other direction of a cross-modal protocol."""
    other = {"query": "gallery", "gallery": "query"}
    return table.assign(split=[other.get(split, split) for split in table.column("split").tolist()])


def query_in_gallery(table: CropTable) -> CropTable:
    """The query's rows once more in the gallery (MARS has 140 query tracklets that match nothing otherwise)."""
    return CropTable.concat([table, table.require(split="query").assign(split="gallery")])


def with_val(table: CropTable) -> CropTable:
    """The validation split joined to the training split."""
    return table.assign(split=["train" if split == "val" else split for split in table.column("split").tolist()])


def hide_labels(table: CropTable, keep: float, seed: int = 0) -> tuple[CropTable, CropTable]:
    """Two tables: a share of the training persons with labels, the other training crops without any.

    Args:
        table: labelled.
        keep: share of the training persons that stay labelled, in 0..1, rounded to whole persons.
        seed: which of them.

    Returns:
        The labelled crops, and the `unlabelled()` table of all other crops of the training split (so are junk and
        distractors). Raises `DataError` where one of the two is empty.
    """
    if not 0 <= keep <= 1:
        raise DataError(f"keep = {keep} is no share; expected 0..1.")
    train = table.require(split="train")
    people = sorted(
        {int(person) for person in train.person if person > 0},
        key=lambda person: hashlib.sha256(f"hide-labels/{seed}/{person}".encode()).digest(),
    )
    kept = np.isin(train.person, people[: round(keep * len(people))])
    if not kept.any() or kept.all():
        raise DataError(
            f"keeping {keep:.0%} of the labels of {len(people)} persons leaves {'nothing' if kept.all() else 'everything'} "
            "unlabelled; choose a share in between."
        )
    return train.take(np.flatnonzero(kept)), train.take(np.flatnonzero(~kept)).unlabelled()


def spaced_frames(table: CropTable, frames: int) -> CropTable:
    """At most so many frames of every tracklet, evenly spaced from the first to the last; other rows stay."""
    if frames < 1:
        raise DataError(f"frames = {frames}; expected 1 or more.")
    tracklet = table.column("tracklet")
    keep = tracklet < 0
    keys = np.stack([_codes(table.column("domain")), _codes(table.column("split")), table.camera, tracklet], axis=1)
    rows = np.flatnonzero(~keep)
    rows = rows[np.lexsort((rows, table.column("frame")[rows], *keys[rows].T))]
    changes = (keys[rows][1:] != keys[rows][:-1]).any(axis=1)
    starts = np.flatnonzero(np.r_[bool(len(rows)), changes])
    for part in np.split(rows, starts[1:]):
        keep[part[np.unique(np.round(np.linspace(0, len(part) - 1, min(frames, len(part)))).astype(int))]] = True
    return table.take(np.flatnonzero(keep))


def _codes(values: np.ndarray) -> np.ndarray:
    return np.unique(values.astype(str), return_inverse=True)[1].reshape(-1)


def trials(spec: str | os.PathLike[str], only: Iterable[int] | None = None) -> Iterator[tuple[int, CropTable]]:
    """`(number, table)` of every trial of a dataset with published or drawn trials, or of some of them.

    Raises `DataError` where the spec names something without trials.
    """
    parts = parse(spec)
    entry = parts[0].dataset
    if len(parts) != 1 or entry is None or "trial" not in entry.options:
        raise DataError(f"{os.fspath(spec)!r} has no trials; datasets such as regdb and ilids-vid have.")
    numbers: Sequence[int] = [int(value) for value in entry.options["trial"].values]
    for number in numbers if only is None else only:
        options = entry.resolve({**{k: v for k, v in parts[0].options.items() if v}, "trial": str(number)})
        yield number, entry.read(parts[0].path, **options)


def mixed(specs: Sequence[str], persons: Sequence[int] | None = None) -> CropTable:
    """The training splits of several datasets as one source; no person or camera is shared.

    Args:
        specs: two or more; their order is the order of the rows.
        persons: for each, at most so many training persons, the smallest numbers first; 0 takes all.
    """
    tables = []
    for number, spec in enumerate(specs):
        train = read(spec).require(split="train")
        limit = persons[number] if persons is not None else 0
        if limit:
            chosen = np.unique(train.person[train.person > 0])[:limit]
            train = train.take(np.flatnonzero(np.isin(train.person, chosen)))
        tables.append(train)
    return CropTable.concat(tables, persons="separate")
