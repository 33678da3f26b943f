"""Tracklets of a table: which rows belong together, in which order, and what is done about damaged ones."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from reidapt.data.files import Progress, in_threads
from reidapt.data.pictures import decode
from reidapt.data.table import CropTable
from reidapt.errors import DataError

log = logging.getLogger(__name__)

KEYS = ("split", "domain", "person", "camera", "sequence", "tracklet")
"""Frames whose values in these columns are equal belong to one tracklet."""

REGULAR = 0.9
"""Frame numbers are counted evenly where so large a share of all steps is the commonest one; else a gap means nothing."""

Policy = Literal["stop", "skip"]


@dataclass(frozen=True)
class Tracklets:
    """The tracklets of a table, in the order of their first rows.

    Attributes:
        table: a row a frame.
        rows: for each tracklet its rows, in the order of the frame numbers.

    See `Tracklets.of`.
    """

    table: CropTable
    rows: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, table: CropTable, ordered: bool = True) -> Tracklets:
        """Group a table's rows by `KEYS`.

        Args:
            table: a row a frame.
            ordered: refuse frames without an order.

        Raises:
            DataError: a row without a tracklet, or a tracklet whose frames have no order: numbers that are missing or
                occur twice.
        """
        group = tracklet_groups(table)
        order = np.lexsort((table.column("frame"), group))
        rows = tuple(np.split(order, np.flatnonzero(np.diff(group[order])) + 1)) if len(order) else ()
        made = cls(table, rows)
        for k, number in enumerate(rows if ordered else ()):
            frames = table.column("frame")[number]
            if len(number) > 1 and (frames[0] < 0 or (np.diff(frames) == 0).any()):
                what = "no frame number" if frames[0] < 0 else f"frame {frames[:-1][np.diff(frames) == 0][0]} twice"
                raise DataError(
                    f"{made.name(k)} has {what}, so that the order of its {len(number)} frames is not known; give every "
                    "frame its own number in the column 'frame'."
                )
        return made

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def first(self) -> np.ndarray:
        """(K,) the row of the table that stands for each tracklet: its first one."""
        return np.array([rows.min() for rows in self.rows], dtype=np.int64)

    def name(self, k: int) -> str:
        """What to call tracklet `k` in a message."""
        row = self.table.frame.iloc[int(self.rows[k][0])]
        return f"tracklet {row['tracklet']} of camera {row['camera']} in {self.table.name!r} ({row['path']})"

    def step(self) -> int:
        """Frames between two pictures where they are counted evenly (see `REGULAR`); 0 where they are not."""
        steps = np.concatenate([np.diff(self.table.column("frame")[rows]) for rows in self.rows] or [np.empty(0, int)])
        if not len(steps):
            return 0
        values, counts = np.unique(steps, return_counts=True)
        return int(values[counts.argmax()]) if counts.max() >= REGULAR * len(steps) else 0

    def gaps(self) -> dict[int, int]:
        """How many frames are missing inside a tracklet, by its number, where frames are counted evenly."""
        step, missing = self.step(), {}
        for k, rows in enumerate(self.rows) if step else ():
            lost = int((np.diff(self.table.column("frame")[rows]) // step - 1).clip(min=0).sum())
            if lost:
                missing[k] = lost
        return missing


def tracklet_groups(table: CropTable) -> np.ndarray:
    """Number of every row's tracklet, (N,) int64, counted in the order of their first rows.

    Raises:
        DataError: a row that belongs to no tracklet.
    """
    frame = table.frame
    if len(frame) and (frame["tracklet"] < 0).any():
        row = int(np.flatnonzero(frame["tracklet"] < 0)[0])
        raise DataError(
            f"row {row} of {table.name!r} ({frame['path'].iloc[row]}) belongs to no tracklet; a video method or protocol "
            "needs the tracklet column. Use one for single pictures, or number the tracklets."
        )
    keys = [key for key in KEYS if key in frame.columns]
    return frame.groupby(keys, sort=False).ngroup().to_numpy(dtype=np.int64, copy=True)


def usable_tracklets(
    table: CropTable,
    *,
    bad: Policy = "stop",
    shortest: int = 2,
    gaps: Literal["keep", "stop", "skip"] = "keep",
    decoded: bool = True,
    progress: Progress | None = None,
) -> CropTable:
    """The table without the tracklets that cannot be used; none is ever shortened.

    Args:
        table: a row a frame.
        bad: what to do about a tracklet with a frame that is missing or unreadable, or with fewer frames than `shortest`:
            stop with an error that names it, or skip all of it with a warning that does.
        shortest: fewest frames of a tracklet.
        gaps: what to do about a tracklet whose frame numbers jump though all others are counted evenly. `keep` uses it as
            it is; either way a warning names it.
        decoded: also decode every frame, at a small size; else only missing files are found.
        progress: called with (done, total) frames.

    Raises:
        DataError: a bad tracklet under `stop`, or nothing left.
    """
    tracklets = Tracklets.of(table, ordered=False)
    reasons = _damaged(tracklets, decoded, progress)
    for k, rows in enumerate(tracklets.rows):
        if len(rows) < shortest:
            reasons.setdefault(k, f"has {len(rows)} frame{'s' * (len(rows) > 1)}, fewer than {shortest}")
    jumps = {k: f"lacks {n} frame(s) between its first and its last" for k, n in tracklets.gaps().items()}
    if gaps == "keep":
        _warn(tracklets, {k: v for k, v in jumps.items() if k not in reasons}, "used as they are")
    refused = reasons if bad == "stop" else {}
    refused = {**jumps, **refused} if gaps == "stop" else refused
    if refused:
        k, why = next(iter(sorted(refused.items())))
        more = f" So are {len(refused) - 1} more tracklets damaged." if len(refused) > 1 else ""
        how = (
            "--bad-tracklets skip" if k in reasons else "--frame-gaps skip (or use them as they are: --frame-gaps keep)"
        )
        raise DataError(f"{tracklets.name(k)} {why}.{more} Restore the frames, or leave such tracklets out with {how}.")
    skipped = {**(jumps if gaps == "skip" else {}), **reasons}
    if not skipped:
        return table
    _warn(tracklets, skipped, "left out")
    if len(skipped) == len(tracklets):
        raise DataError(f"none of the {len(tracklets)} tracklets of {table.name!r} can be used; see the warning above.")
    return table.take(np.sort(np.concatenate([rows for k, rows in enumerate(tracklets.rows) if k not in skipped])))


def _damaged(tracklets: Tracklets, decoded: bool, progress: Progress | None) -> dict[int, str]:
    """Tracklets with a frame that is not there or cannot be read, and which."""
    paths: Sequence[str] = tracklets.table.paths.tolist()
    problems: list[str | None] = [None] * len(paths)

    def look(row: int) -> None:
        if not os.path.isfile(paths[row]):
            problems[row] = f"lacks a frame: there is no file {paths[row]}"
        elif decoded:
            try:
                decode(paths[row], (16, 16))
            except DataError as error:
                problems[row] = f"has an unreadable frame: {str(error).rstrip('.')}"

    in_threads(look, range(len(paths)), progress=progress)
    found = {}
    for k, rows in enumerate(tracklets.rows):
        why = next((problems[row] for row in rows if problems[row]), None)
        if why:
            found[k] = why
    return found


def _warn(tracklets: Tracklets, reasons: dict[int, str], what: str) -> None:
    if not reasons:
        return
    shown = "; ".join(f"{tracklets.name(k)} {why}" for k, why in sorted(reasons.items())[:5])
    more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
    log.warning("%d of %d tracklets are %s: %s%s", len(reasons), len(tracklets), what, shown, more)
