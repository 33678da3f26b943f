"""The rules of a dataset check: each looks at a table and its examined files and yields findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from reidapt.data.check_report import Count, Finding, Level
from reidapt.data.table import CropTable

TEST = ("query", "gallery")


@dataclass(frozen=True)
class Examined:
    """One row's files: the digest and size (H, W) of a readable picture, or why it is not; the same of its mask."""

    digest: str = ""
    size: tuple[int, int] | None = None
    error: str = ""
    mask_size: tuple[int, int] | None = None
    mask_error: str = ""
    mask_empty: bool = False


Rule = Callable[[CropTable, list[Examined]], Iterator[Finding]]


def rows_of(table: CropTable, *splits: str) -> np.ndarray:
    """Numbers of the rows in these splits."""
    return np.flatnonzero(np.isin(table.column("split").astype(str), splits))


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _unreadable(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    for split in table.splits:
        bad = tuple(examined[row].error for row in rows_of(table, split) if examined[row].error)
        if bad:
            yield Finding("error", (split,), f"{_plural(len(bad), 'picture')} cannot be read.", bad)


def _empty(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    if not len(table):
        yield Finding("error", (), "there are no pictures.")
    here = [split for split in TEST if split in table.splits]
    if len(here) == 1:
        other = TEST[1 - TEST.index(here[0])]
        yield Finding("error", tuple(here), f"there is a {here[0]} split but no {other}; ranking needs both.")


def _duplicates(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    """Pictures whose bytes occur more than once."""
    copies: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(examined):
        if one.digest:
            copies[one.digest].append(row)
    split, paths = table.column("split"), table.paths
    groups = [rows for rows in copies.values() if len(rows) > 1]
    across: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for rows in groups:
        concerned = tuple(name for name in table.splits if name in split[rows])
        across[concerned].append(" = ".join(paths[rows]))
    for concerned, files in across.items():
        text = f"{_plural(len(files), 'picture')} with identical copies in {' and '.join(concerned)}."
        level: Level = "warning" if len(concerned) > 1 else "note"
        yield Finding(level, concerned, text, tuple(files))
    if table.labelled:
        person = table.person
        clash = [rows for rows in groups if len(set(person[rows].tolist())) > 1]
        if clash:
            concerned = tuple(name for name in table.splits if name in split[np.concatenate(clash)])
            files = [" = ".join(f"{paths[row]} (person {person[row]})" for row in rows) for rows in clash]
            text = f"{_plural(len(clash), 'picture')} with identical copies under different persons."
            yield Finding("warning", concerned, text, tuple(files))


def _persons(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    if not table.labelled:
        yield Finding("note", (), "there are no persons: the data can be a target, but not a source or a test set.")
        return
    person, camera = table.person, table.camera
    train, test = rows_of(table, "train"), rows_of(table, *TEST)
    both = sorted(({*person[train].tolist()} & {*person[test].tolist()}) - {-1, 0})
    if both:
        concerned = ("train", *(split for split in TEST if split in table.splits))
        text = f"{_plural(len(both), 'person')} both in train and in test: {_list(both)}."
        yield Finding("warning", concerned, text)
    if not len(train):
        return
    out = int((person[train] <= 0).sum())
    if out:
        text = (
            f"{_plural(out, 'picture')} of person 0 (distractor) or −1 (junk) are not trained on; number people from 1."
        )
        yield Finding("warning", ("train",), text)
    pairs = np.unique(np.stack([person[train], camera[train]])[:, (person[train] > 0) & (camera[train] >= 0)], axis=1)
    views = np.unique(pairs[0], return_counts=True)[1]
    if (views == 1).any() and len(np.unique(camera[train])) > 1:
        text = f"{int((views == 1).sum()):,} of {_plural(len(views), 'person')} are seen by one camera only."
        yield Finding("note", ("train",), text)


def _cameras(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    camera = table.camera
    everywhere = {*camera.tolist()} - {-1}
    seen = {split: {*camera[rows_of(table, split)].tolist()} - {-1} for split in table.splits}
    apart = not (seen.get("query", set()) & seen.get("gallery", set()))  # by protocol: one camera searches another
    for split in table.splits:
        here = camera[rows_of(table, split)]
        unknown = int((here < 0).sum())
        if unknown:
            text = (
                f"{unknown:,} of {_plural(len(here), 'picture')} have no camera; same-camera rules do not reach them."
            )
            yield Finding("note" if not everywhere else "warning", (split,), text)
        with_it = TEST if apart and split in TEST else (split,)
        if missing := sorted(everywhere - set().union(*(seen.get(other, set()) for other in with_it))):
            text = f"camera {_list(missing)} of the other splits does not occur."
            yield Finding("warning", (split,), text)


def _matches(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    """Queries whose person no other camera of the gallery saw, nor their own in another modality (the Market rule skips them)."""
    if not table.labelled or not all(split in table.splits for split in TEST):
        return
    person, camera, paths, modality = table.person, table.camera, table.paths, table.column("modality")
    query, gallery = rows_of(table, "query"), rows_of(table, "gallery")
    eyes = list(zip(camera.tolist(), modality.tolist()))
    seen: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for row in gallery.tolist():
        seen[int(person[row])].add(eyes[row])
    lost = [
        row
        for row in query.tolist()
        if person[row] <= 0 or not seen[int(person[row])] - ({eyes[row]} if camera[row] >= 0 else set())
    ]
    if not lost:
        return
    what, skipped, asked = "queries", len(lost), len(query)
    tracklet = table.column("tracklet")
    if (tracklet[query] >= 0).all():
        what, skipped, asked = "query tracklets", len(np.unique(tracklet[lost])), len(np.unique(tracklet[query]))
    others = " or modality" if len(np.unique(modality)) > 1 else ""
    text = f"{skipped:,} of {asked:,} {what} have no match in the gallery from another camera{others} and are skipped."
    level: Level = "error" if len(lost) == len(query) else "warning"
    yield Finding(level, ("query",), text, tuple(paths[lost]))


def _masks(table: CropTable, examined: list[Examined]) -> Iterator[Finding]:
    paths, masks = table.paths, table.column("mask")
    for split in table.splits:
        rows = rows_of(table, split)
        given = [row for row in rows if masks[row]]
        missing = [row for row in rows if not masks[row]]
        if given and missing:
            text = f"{len(missing):,} of {_plural(len(rows), 'picture')} have no mask."
            yield Finding("warning", (split,), text, tuple(paths[missing]))
        bad = tuple(examined[row].mask_error for row in given if examined[row].mask_error)
        if bad:
            yield Finding("error", (split,), f"{_plural(len(bad), 'mask')} cannot be read.", bad)
        other = [r for r in given if examined[r].size and examined[r].mask_size not in (None, examined[r].size)]
        if other:
            files = tuple(
                f"{masks[row]} {_size(examined[row].mask_size)}, picture {_size(examined[row].size)}" for row in other
            )
            text = f"{_plural(len(other), 'mask')} of another size than the picture (height × width); they are resized."
            yield Finding("warning", (split,), text, files)
        empty = [row for row in given if examined[row].mask_empty]
        if empty:
            yield Finding("warning", (split,), f"{_plural(len(empty), 'mask')} without a person.", tuple(masks[empty]))


def differing(counts: tuple[Count, ...], title: str) -> Iterator[Finding]:
    """A warning for every count that is not the published one."""
    for count in counts:
        if count.found != count.published:
            where = "in all" if count.split == "all" else f"in {count.split}"
            text = f"{count.found:,} {count.what} found {where}; the published {title} has {count.published:,}."
            yield Finding("warning", () if count.split == "all" else (count.split,), text)


def _size(size: tuple[int, int] | None) -> str:
    return "×".join(map(str, size)) if size else "?"


def _list(values: list[int], limit: int = 10) -> str:
    return ", ".join(map(str, values[:limit])) + (f" and {len(values) - limit} more" if len(values) > limit else "")


RULES: tuple[Rule, ...] = (_unreadable, _empty, _duplicates, _persons, _cameras, _matches, _masks)
