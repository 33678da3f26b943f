"""Reader for plain folders: a folder of pictures (unlabelled), or one folder of pictures per person (labelled)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from reidapt.data.files import is_clutter, is_picture, listing
from reidapt.data.readers import market1501
from reidapt.data.table import CropTable
from reidapt.errors import DataError

log = logging.getLogger(__name__)


def read(folder: Path) -> CropTable:
    """The table of `folder/*.jpg` (unlabelled) or `folder/{person}/*.jpg` (labelled), everything in split `train`.

    Cameras are unknown (−1), with one exception: where every name in a flat folder is a Market-1501 name, camera,
    sequence and frame are taken from it, the person is not. Masks are picked up from `masks/`, as PNG files with the
    pictures' names (below the person's name where there is one).
    """
    names = listing(folder)
    pictures = [n for n in names if is_picture(n) and (folder / n).is_file()]
    inside = {
        n: [p for p in listing(folder / n) if is_picture(p)]
        for n in names
        if (folder / n).is_dir() and n != "masks" and not is_clutter(n)
    }
    people = {n: found for n, found in inside.items() if found}
    if market1501.looks_like(folder):
        raise DataError(f"{folder} is in the Market-1501 layout; read it as market1501:{folder}.")
    if pictures and people:
        raise DataError(
            f"{folder} holds both pictures ({pictures[0]}, ...) and folders with pictures ({next(iter(people))}, ...); "
            "expected either pictures alone (unlabelled) or one folder per person."
        )
    if not pictures and not people:
        held = ", ".join(names[:8]) or "nothing"
        raise DataError(f"{folder} has no pictures, neither directly nor in folders one below; it holds {held}.")
    skipped = [n for n in names if n not in pictures and n not in inside and not is_clutter(n) and n != "masks"]
    if skipped:
        log.warning("%s: ignored %d files that are not pictures, first %s", folder, len(skipped), skipped[0])
    rows = _flat(folder, pictures) if pictures else _people(folder, people)
    table = CropTable(pd.DataFrame(rows), folder.name, folder)
    if (table.camera < 0).any():
        log.warning(
            "%s has no cameras: the same-camera rule of the Market metric, camera-aware sampling and camera terms of "
            "methods are off; a table with a 'camera' column (csv:FILE) turns them on",
            folder,
        )
    return table


def _flat(folder: Path, pictures: list[str]) -> list[dict[str, Any]]:
    facts = [market1501.parse(name) for name in pictures]
    known = all(fact is not None for fact in facts)
    return [
        {
            "path": str(folder / name),
            "mask": _mask(folder, Path(name)),
            **({key: fact[key] for key in ("camera", "sequence", "frame")} if known and fact else {}),
        }
        for name, fact in zip(pictures, facts)
    ]


def _people(folder: Path, people: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"path": str(folder / person / name), "person": person, "mask": _mask(folder, Path(person, name))}
        for person, names in people.items()
        for name in names
    ]


def _mask(folder: Path, below: Path) -> str:
    mask = folder / "masks" / below.with_suffix(".png")
    return str(mask) if mask.is_file() else ""
