"""Every dataset that reidapt reads: its layout, options, published counts, terms, and where to ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reidapt.data.columns import nearest
from reidapt.data.entry import Dataset
from reidapt.data.readers import (
    ccvid,
    clonedperson,
    cuhk01,
    cuhk03,
    dukemtmc,
    dukemtmc_video,
    finegpr,
    grid,
    gtasynthreid,
    ilids_vid,
    llcm,
    ls_vid,
    market1501,
    mars,
    msmt17,
    personx,
    pku_sketch,
    prid2011,
    prid2011_single,
    randperson,
    regdb,
    svreid,
    sysu_mm01,
    unrealperson,
    viper,
    weperson,
)
from reidapt.errors import DataError

_MODULES = (
    (market1501, dukemtmc, cuhk03, msmt17, cuhk01, viper, grid, prid2011_single),
    (sysu_mm01, regdb, pku_sketch, llcm),
    (mars, ilids_vid, prid2011, ls_vid, dukemtmc_video, ccvid, svreid),
    (personx, randperson, unrealperson, clonedperson, finegpr, weperson, gtasynthreid),
)

CATALOGUE: dict[str, Dataset] = {module.DATASET.name: module.DATASET for group in _MODULES for module in group}
"""Entries by name: image, cross-modal, video and synthetic datasets, in this order."""


def dataset(name: str) -> Dataset:
    """The entry of a name; raises `DataError` with the nearest name."""
    if name not in CATALOGUE:
        raise DataError(
            f"there is no dataset {name!r} in the catalogue.{nearest(name, CATALOGUE)} 'reidapt data list' names all."
        )
    return CATALOGUE[name]


def recognised(folder: Path) -> list[str]:
    """Names of the datasets whose layout a folder has; never raises, whatever lies there."""
    found = []
    for name, entry in CATALOGUE.items():
        try:
            if entry.looks_like(folder):
                found.append(name)
        except (OSError, DataError):
            continue
    return found


def as_dict(entry: Dataset) -> dict[str, Any]:
    """An entry as plain values, for JSON."""
    return {
        "name": entry.name,
        "title": entry.title,
        "kind": entry.kind,
        "layout": entry.layout,
        "options": {
            name: {"values": list(option.values), "default": option.default, "text": option.text}
            for name, option in entry.options.items()
        },
        "published": {split: dict(counts) for split, counts in published(entry).items()},
        "ask": entry.ask,
        "terms": entry.terms,
        "withdrawn": entry.withdrawn,
        "citation": entry.citation,
    }


def published(entry: Dataset, **options: str) -> dict[str, dict[str, int]]:
    """Published counts per split, with the options' defaults where none are given."""
    return {split: dict(counts) for split, counts in entry.published(**entry.resolve(options)).items()}


def overview() -> str:
    """All entries, a line each, for a terminal."""
    rows = [("name", "kind", "published", "terms")]
    for entry in CATALOGUE.values():
        terms = f"WITHDRAWN: {entry.withdrawn.split(',')[0]}" if entry.withdrawn else entry.terms
        rows.append((entry.name, entry.kind, _counts(published(entry)), terms))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", "'reidapt data list NAME' says how one is laid out and where to ask for it."])


def details(entry: Dataset) -> str:
    """One entry in full, for a terminal."""
    lines = [f"{entry.title} ({entry.kind})"]
    if entry.withdrawn:
        lines.append(f"  WITHDRAWN: {entry.withdrawn}.")
    lines += [f"  layout     {entry.layout}", f"  spec       {spec_form(entry)}"]
    for name, option in entry.options.items():
        default = f" (default {option.default})" if option.default else ""
        lines.append(f"    {name}={'|'.join(option.values)}{default}: {option.text}")
    for split, counts in published(entry).items():
        lines.append(f"  published  {split}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    return "\n".join(
        [*lines, f"  where      {entry.ask}", f"  terms      {entry.terms}", f"  cite       {entry.citation}"]
    )


def spec_form(entry: Dataset) -> str:
    """How a spec of this dataset is written."""
    if not entry.options:
        return f"{entry.name}:DIR"
    first = next(iter(entry.options))
    return f"{entry.name}:DIR?{first}={entry.options[first].values[-1]}"


def _counts(counts: dict[str, dict[str, int]]) -> str:
    """`751 persons, 12,936 pictures in train` of the first split that was counted."""
    for split, found in counts.items():
        if found:
            return ", ".join(f"{count:,} {what}" for what, count in found.items() if what != "cameras") + f" in {split}"
    return "-"
