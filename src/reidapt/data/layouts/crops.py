"""A table as plain rows, grouped and numbered the way the writers of dataset layouts need them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reidapt.data.columns import COLUMNS
from reidapt.data.table import CropTable
from reidapt.errors import DataError


@dataclass(frozen=True, slots=True)
class Crop:
    """One row of a crops table; `facts` holds its attribute columns."""

    row: int
    path: str
    person: int
    camera: int
    sequence: int
    frame: int
    tracklet: int
    modality: str
    mask: str
    split: str
    domain: str
    facts: Mapping[str, Any] = field(default_factory=dict)


Track = list[Crop]
"""The crops of one tracklet, in the order of their frames."""


def crops_of(table: CropTable) -> list[Crop]:
    """The rows of a labelled table in order; raises `DataError` where it has no persons."""
    names = [name for name in table.columns if name not in COLUMNS]
    attributes = [table.column(name).tolist() for name in names]
    facts = [dict(zip(names, values)) for values in zip(*attributes)] if names else [{}] * len(table)
    known = [table.column(name).tolist() for name in Crop.__dataclass_fields__ if name in COLUMNS]
    return [Crop(*values) for values in zip(range(len(table)), *known, facts)]


def grouped(crops: Iterable[Crop], *fields: str) -> dict[tuple[Any, ...], list[Crop]]:
    """Crops by the values of `fields`, keys sorted, each group in the order of sequence, frame and row."""
    groups: dict[tuple[Any, ...], list[Crop]] = defaultdict(list)
    for crop in sorted(crops, key=lambda crop: (crop.sequence, crop.frame, crop.row)):
        groups[tuple(getattr(crop, name) for name in fields)].append(crop)
    return dict(sorted(groups.items()))


def numbered(crops: Iterable[Crop], *fields: str, start: int = 1) -> dict[int, int]:
    """Row -> running number of the crop within its group, from `start`, in the order of `grouped`."""
    return {crop.row: k for group in grouped(crops, *fields).values() for k, crop in enumerate(group, start)}


def frames(crops: Sequence[Crop], *fields: str) -> dict[int, int]:
    """Row -> the crop's frame, or its running number within its group where a group has unknown frames."""
    numbers: dict[int, int] = {}
    for group in grouped(crops, *fields).values():
        known = all(crop.frame >= 0 for crop in group)
        numbers |= {crop.row: crop.frame if known else k for k, crop in enumerate(group, 1)}
    return numbers


def tracks(crops: Iterable[Crop]) -> list[Track]:
    """The tracklets, in the order of person, camera, sequence and number; junk and distractors without one are left out.

    Raises:
        DataError: a person's crop without a tracklet, or a tracklet whose crops are in several splits or wear several outfits.
    """
    crops = [crop for crop in crops if crop.person > 0 or crop.tracklet >= 0]
    found = list(grouped(crops, "person", "camera", "sequence", "tracklet", "modality", "domain").values())
    for track in found:
        first = track[0]
        if first.tracklet < 0:
            raise DataError(f"row {first.row} ({first.path}) has no tracklet; a video layout needs one for every crop.")
        for what, values in (("splits", {crop.split for crop in track}), ("outfits", {outfit(c) for c in track})):
            if len(values) > 1:
                raise DataError(
                    f"tracklet {first.tracklet} of person {first.person} in camera {first.camera} has crops in the "
                    f"{what} {', '.join(sorted(map(str, values)))}; give it one."
                )
    return found


def number(crop: Crop, name: str, default: float) -> float:
    """An attribute as a number, or the default where the table has none for this crop."""
    try:
        value = float(crop.facts[name])
    except (KeyError, TypeError, ValueError):
        return default
    return value if math.isfinite(value) else default


def outfit(crop: Crop) -> int:
    """Which clothes: the attribute `outfit`; 0 where the table has none, and for junk and distractors."""
    value = crop.facts.get("outfit", 0) if crop.person > 0 else 0
    try:
        return int(value)
    except (TypeError, ValueError):
        raise DataError(f"row {crop.row} ({crop.path}) has the outfit {value!r}; expected a whole number.") from None


def persons(crops: Iterable[Crop]) -> list[int]:
    """The identities above 0, sorted."""
    return sorted({crop.person for crop in crops if crop.person > 0})


def cameras(crops: Iterable[Crop]) -> list[int]:
    """The known cameras, sorted."""
    return sorted({crop.camera for crop in crops if crop.camera >= 0})


def ranks(values: Iterable[int], start: int = 0) -> dict[int, int]:
    """Value -> its place among the sorted distinct values, from `start`."""
    return {value: rank for rank, value in enumerate(sorted(set(values)), start)}


def halves(values: Sequence[int], seed: int, trial: int, share: float = 0.5) -> tuple[list[int], list[int]]:
    """`values` divided at random into a first part of round(`share` · n), at least one, and the rest, both sorted.

    A pure function of its arguments: NumPy's PCG64 seeded with (seed, trial).
    """
    order = np.random.default_rng([seed, trial]).permutation(len(values))
    cut = min(max(1, round(len(values) * share)), max(1, len(values) - 1))
    return sorted(values[k] for k in order[:cut]), sorted(values[k] for k in order[cut:])


def limited(value: int, low: int, high: int, what: str, layout: str) -> int:
    """`value`, or a sentence where the layout's names cannot hold it."""
    if not low <= value <= high:
        raise DataError(
            f"the {layout} layout has room for a {what} between {low} and {high}, and the table has {value}."
        )
    return value
