"""Checking a dataset before anything is trained on it: every file decoded; splits, persons, cameras, masks compared."""

from __future__ import annotations

import os
import stat

import numpy as np

from reidapt.data.check_report import CheckReport, Count, SplitFacts
from reidapt.data.check_rules import RULES, Examined, differing, rows_of
from reidapt.data.files import Progress, in_threads, sha256
from reidapt.data.pictures import decode, decode_mask
from reidapt.data.spec import Spec, likely_specs, parse, read
from reidapt.data.table import CropTable
from reidapt.data.virtual import file_of
from reidapt.errors import DataError


def check(
    data: CropTable | str | os.PathLike[str],
    progress: Progress | None = None,
    published: bool = False,
    threads: int | None = None,
) -> CheckReport:
    """Decode every picture and mask, compare the splits, and the counts with the published ones.

    Args:
        data: a table, a spec (`market1501:DIR`), or a bare path whose layout is recognised.
        progress: called with (done, total) pictures.
        published: a count that differs from the published one is a warning; otherwise both are only listed.
        threads: for decoding; None is one per core, at most 8.

    Returns:
        The report; damaged files are findings in it. Raises `DataError` where there is no table to check at all, or
        nothing published to compare with although that was asked for.
    """
    text, parts = "", []
    if not isinstance(data, CropTable):
        text = (likely_specs(data) or [os.fspath(data)])[0]
        parts = parse(text)
        data = read(text)
    counts = _counts(data, parts)
    if published and not counts:
        raise DataError(f"nothing was published to compare {text or data.name!r} with; leave the comparison out.")
    rows = list(zip(data.paths.tolist(), data.column("mask").tolist()))
    examined = in_threads(_examine, rows, threads, progress)
    found = [finding for rule in RULES for finding in rule(data, examined)]
    if published and parts[0].dataset:
        found += differing(counts, parts[0].dataset.title)
    found.sort(key=lambda finding: ("error", "warning", "note").index(finding.level))
    facts = tuple(_facts(data, examined, split) for split in data.splits)
    return CheckReport(data.name, str(data.root), text, facts, tuple(found), counts, _notice(parts))


def _notice(parts: list[Spec]) -> str:
    withdrawn = [part.dataset for part in parts if part.dataset and part.dataset.withdrawn]
    return " ".join(f"{entry.title} was {entry.withdrawn}." for entry in withdrawn)


def _counts(table: CropTable, parts: list[Spec]) -> tuple[Count, ...]:
    """Found and published numbers of a single dataset of the catalogue."""
    if len(parts) != 1 or parts[0].dataset is None or not table.labelled:
        return ()
    counts = []
    for split, published in parts[0].dataset.published(**parts[0].options).items():
        rows = np.arange(len(table)) if split == "all" else rows_of(table, split)
        found = {
            "persons": _distinct(table.person[rows], 1),
            "pictures": len(rows),
            "tracklets": _distinct(table.column("tracklet")[rows], 0),
            "cameras": _distinct(table.camera[rows], 0),
        }
        counts += [Count(split, what, found[what], count) for what, count in published.items()]
    return tuple(counts)


def _distinct(values: np.ndarray, low: int) -> int:
    return len(np.unique(values[values >= low]))


def _examine(files: tuple[str, str]) -> Examined:
    path, mask = files
    report: dict[str, object] = {}
    try:
        _require_regular(path)
        report["size"] = decode(path).shape[:2]
        report["digest"] = sha256(path)
    except DataError as error:
        report["error"] = str(error)
    if mask:
        try:
            _require_regular(mask)
            values = decode_mask(mask)
            report["mask_size"], report["mask_empty"] = values.shape, not values.any()
        except DataError as error:
            report["mask_error"] = str(error)
    return Examined(**report)  # type: ignore[arg-type]


def _require_regular(path: str) -> None:
    """Refuse what would never end when read, such as a named pipe, and links that lead in a circle."""
    file = file_of(path)
    if file is None:
        return
    try:
        mode = os.stat(file).st_mode
    except FileNotFoundError:
        raise DataError(f"the picture {path} does not exist.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise DataError(f"{path} is {what}, but a picture was expected; replace or remove it.")


def _facts(table: CropTable, examined: list[Examined], split: str) -> SplitFacts:
    rows = rows_of(table, split)
    person = table.person[rows] if table.labelled else None
    camera = table.camera[rows]
    sizes = np.array([examined[row].size for row in rows if examined[row].size])
    ranges = [(int(side.min()), int(np.median(side)), int(side.max())) for side in sizes.T] if len(sizes) else None
    return SplitFacts(
        split=split,
        pictures=len(rows),
        persons=None if person is None else len(np.unique(person[person > 0])),
        junk=0 if person is None else int((person == -1).sum()),
        distractors=0 if person is None else int((person == 0).sum()),
        cameras={int(c): int(n) for c, n in zip(*np.unique(camera[camera >= 0], return_counts=True))},
        heights=ranges[0] if ranges else None,
        widths=ranges[1] if ranges else None,
        tracklets=_distinct(table.column("tracklet")[rows], 0),
        masks=sum(bool(mask) for mask in table.column("mask")[rows]),
    )
