"""The crops table: everything known about a dataset's pictures, one row a crop."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from reidapt.data.columns import COLUMNS, MODALITIES, SPLITS, nearest, normalised
from reidapt.data.files import Progress, digests
from reidapt.errors import DataError


class CropTable:
    """One row per crop, never changed in place: every operation returns a new table.

    Args:
        frame: at least a `path` column; the known columns are normalised, missing ones get their defaults (`camera`,
            `sequence`, `frame`, `tracklet` −1, `modality` colour, `mask` empty, `split` train, `domain` the name), and
            every other column is an attribute. Without a `person` column the table is unlabelled.
        name: the dataset's name.
        root: folder that relative paths start from.

    Raises:
        DataError: a value that cannot be used, with its row.
    """

    __slots__ = ("_fingerprint", "_frame", "_name", "_root")
    _fingerprint: dict[str, Any] | None
    _frame: pd.DataFrame
    _name: str
    _root: Path

    def __init__(self, frame: pd.DataFrame, name: str, root: str | os.PathLike[str]) -> None:
        folder = Path(os.path.abspath(root))
        self._set(normalised(frame, name, folder), name, folder)

    def _set(self, frame: pd.DataFrame, name: str, root: Path) -> None:
        for slot, value in zip(self.__slots__, (None, frame, name, root)):
            object.__setattr__(self, slot, value)

    @classmethod
    def _of(cls, frame: pd.DataFrame, name: str, root: Path) -> CropTable:
        """A table around a frame that is already normal and belongs to nobody else."""
        table = cls.__new__(cls)
        table._set(frame, name, root)
        return table

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a CropTable is never changed in place (tried to set {name!r}); use assign or select.")

    def __setstate__(self, state: tuple[None, Mapping[str, Any]]) -> None:
        for slot, value in state[1].items():
            object.__setattr__(self, slot, value)

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self._name

    @property
    def root(self) -> Path:
        """The dataset's folder."""
        return self._root

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame of its own (changing it does not change the table)."""
        return self._frame.copy()

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        splits = ", ".join(f"{split} {n}" for split, n in self.splits.items()) or "empty"
        people = f"{self._count('person')} persons" if self.labelled else "unlabelled"
        return f"CropTable({self.name!r}: {len(self)} crops ({splits}), {people}, {self._count('camera')} cameras)"

    @property
    def columns(self) -> list[str]:
        """Names of all columns, the known ones first."""
        return [str(c) for c in self._frame.columns]

    @property
    def splits(self) -> dict[str, int]:
        """Rows per split that occurs, in the order train, val, query, gallery."""
        counts = self._frame["split"].value_counts()
        return {split: int(counts[split]) for split in SPLITS if split in counts.index}

    @property
    def labelled(self) -> bool:
        """True where the person column is present."""
        return "person" in self._frame.columns

    def column(self, name: str) -> np.ndarray:
        """A column as a read-only numpy array (N,): int64 for numbers, objects for text."""
        self._require(name)
        values = np.array(self._frame[name].to_numpy(), copy=True)
        values.flags.writeable = False
        return values

    @property
    def person(self) -> np.ndarray:
        """Identities, int64 (N,); −1 junk, 0 distractor. Raises `DataError` on an unlabelled table."""
        return self.column("person")

    @property
    def camera(self) -> np.ndarray:
        """Cameras, int64 (N,); −1 where unknown."""
        return self.column("camera")

    @property
    def paths(self) -> np.ndarray:
        """Absolute paths of the pictures, str objects (N,)."""
        return np.array(self._frame["path"].tolist(), dtype=object)

    def _require(self, column: str) -> None:
        if column in self._frame.columns:
            return
        if column == "person":
            raise DataError(f"the table {self.name!r} is unlabelled: it has no persons, and nothing can ask for them.")
        hint = nearest(column, self.columns)
        raise DataError(f"the table {self.name!r} has no column {column!r}; it has {', '.join(self.columns)}.{hint}")

    def _count(self, column: str) -> int:
        """Distinct persons above 0, or distinct cameras that are known."""
        values = self._frame[column].to_numpy()
        return len(np.unique(values[values > 0] if column == "person" else values[values >= 0]))

    def select(self, **criteria: Any) -> CropTable:
        """The rows whose columns equal a value or are members of a collection, in the same order (possibly none).

        `table.select(split="train", camera=[1, 2])`. Raises `DataError` for a column, split or modality that no table
        can have.
        """
        keep = np.ones(len(self), dtype=bool)
        for column, wanted in criteria.items():
            self._require(column)
            values = _members(wanted)
            for valid, of in ((SPLITS, "split"), (MODALITIES, "modality")):
                wrong = [v for v in values if v not in valid] if column == of else []
                if wrong:
                    hint = nearest(str(wrong[0]), valid)
                    raise DataError(f"there is no {of} {wrong[0]!r}; expected one of {', '.join(valid)}.{hint}")
            keep &= self._frame[column].isin(values).to_numpy()
        return self.take(np.flatnonzero(keep))

    def require(self, **criteria: Any) -> CropTable:
        """As `select`, but a selection without rows is a `DataError` that says what the columns hold."""
        found = self.select(**criteria)
        if len(found):
            return found
        there = "; ".join(f"{c} has {_some(self._frame[c].unique().tolist())}" for c in criteria)
        wanted = ", ".join(f"{c} = {v}" for c, v in criteria.items())
        raise DataError(f"no crop of {self.name!r} ({self.root}) has {wanted}: {there or 'the table is empty'}.")

    def take(self, rows: Sequence[int] | np.ndarray) -> CropTable:
        """The rows with these numbers (N,), in this order."""
        return CropTable._of(self._frame.iloc[np.asarray(rows)].reset_index(drop=True), self.name, self.root)

    def assign(self, **columns: Any) -> CropTable:
        """A table with these columns set, each to one value or to a sequence of one value per row."""
        return CropTable(self._frame.assign(**columns), self.name, self.root)

    def drop(self, *columns: str) -> CropTable:
        """A table without these columns; a known column goes back to its default, `person` makes it unlabelled."""
        for column in columns:
            self._require(column)
        return CropTable(self._frame.drop(columns=list(columns)), self.name, self.root)

    def unlabelled(self, progress: Progress | None = None) -> CropTable:
        """What a method may know of a target: no person, no attribute, rows in the order of their files' SHA-256.

        Tracklets are numbered anew in that order, separately per domain, camera and sequence, so that a number shared
        between cameras says nothing. Renaming the files gives the same table up to `path` and `mask`.
        """
        keep = [c for c in COLUMNS if c != "person"]
        values = {c: self._frame[c].tolist() for c in keep}
        digest = digests(values["path"], progress=progress)
        copies = Counter(digest)
        masks = [m if copies[d] > 1 else "" for m, d in zip(values["mask"], digest)]  # only copies need a tie broken
        of_mask = dict(zip(named := sorted({m for m in masks if m}), digests(named)))
        facts = [c for c in keep if c not in ("path", "mask", "tracklet")]
        order = sorted(
            range(len(self)), key=lambda i: (digest[i], [values[c][i] for c in facts], of_mask.get(masks[i], ""))
        )
        fresh: dict[str, list[Any]] = {c: [values[c][i] for i in order] for c in keep}
        groups = zip(fresh["domain"], fresh["camera"], fresh["sequence"], fresh["tracklet"])
        number: dict[tuple[Any, ...], int] = {}
        fresh["tracklet"] = [number.setdefault(g, len(number)) if g[-1] >= 0 else -1 for g in groups]
        return CropTable(pd.DataFrame(fresh), self.name, self.root)

    def fingerprint(self, progress: Progress | None = None) -> dict[str, Any]:
        """`{"name", "rows", "persons", "cameras", "sha256"}`: equal exactly where rows, columns and files are.

        The digest covers every column in order, with paths relative to the root where they lie below it, and the bytes
        of every picture and mask; so a moved dataset keeps it. `persons` counts identities above 0 and is None for an
        unlabelled table. Computed once per table.
        """
        known = self._fingerprint
        if known is None:
            known = self._compute_fingerprint(progress)
            object.__setattr__(self, "_fingerprint", known)
        return dict(known)

    def _compute_fingerprint(self, progress: Progress | None) -> dict[str, Any]:
        paths, masks = self._frame["path"].tolist(), self._frame["mask"].tolist()
        digest = digests(paths + [m for m in masks if m], progress=progress)
        content = hashlib.sha256("\n".join(digest).encode())
        for column in self.columns:
            values = self._frame[column].tolist()
            if column in ("path", "mask"):
                values = [_below(value, self.root) for value in values]
            content.update(repr((column, values)).encode())
        return {
            "name": self.name,
            "rows": len(self),
            "persons": self._count("person") if self.labelled else None,
            "cameras": self._count("camera"),
            "sha256": content.hexdigest(),
        }

    @staticmethod
    def concat(tables: Sequence[CropTable], persons: Literal["shared", "separate"] = "shared") -> CropTable:
        """All rows of all tables in order; the name joins theirs with `+`, the root is their common folder.

        Args:
            tables: at least one; either all labelled or none.
            persons: "shared": equal numbers are the same person and camera (splits of one dataset); "separate": persons
                and cameras of each table are moved up so that none is shared (several datasets).
        """
        if not tables:
            raise DataError("there is nothing to concatenate; give at least one table.")
        if len({table.labelled for table in tables}) > 1:
            bare = next(t.name for t in tables if not t.labelled)
            raise DataError(f"the table {bare!r} is unlabelled and others are not; call unlabelled() on all of them.")
        frames = [table._frame for table in tables]
        if persons == "separate":
            frames = _moved_apart(frames)
        else:
            _refuse_clashing_names(frames)
        name = "+".join(dict.fromkeys(table.name for table in tables))
        root = Path(os.path.commonpath([str(table.root) for table in tables]))
        return CropTable(pd.concat(frames, ignore_index=True), name, root)


def _members(wanted: Any) -> list[Any]:
    if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Iterable):
        return [wanted]
    return list(wanted)


def _some(values: list[Any], limit: int = 8) -> str:
    shown = ", ".join(str(v) for v in sorted(values, key=str)[:limit])
    return (shown or "nothing") + (", ..." if len(values) > limit else "")


def _below(path: str, root: Path) -> str:
    prefix = str(root) + os.sep
    return path[len(prefix) :].replace(os.sep, "/") if path.startswith(prefix) else path


def _moved_apart(frames: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Frames whose positive persons and known cameras do not overlap."""
    moved, offset = [], {"person": 0, "camera": 0}
    for frame in frames:
        changes = {}
        for column in offset:
            if column not in frame.columns or not len(frame):
                continue
            values = frame[column].to_numpy()
            low = 1 if column == "person" else 0
            changes[column] = np.where(values >= low, values + offset[column], values)
            offset[column] = max(offset[column], int(changes[column].max()) + (1 - low))
        moved.append(frame.assign(**changes))
    return moved


def _refuse_clashing_names(frames: Sequence[pd.DataFrame]) -> None:
    for column in ("person", "camera"):
        known: dict[int, str] = {}
        for frame in frames:
            if f"{column}_name" not in frame.columns:
                continue
            for number, name in frame[[column, f"{column}_name"]].drop_duplicates().itertuples(index=False):
                if number > 0 and known.setdefault(number, name) != name:
                    raise DataError(
                        f"{column} {number} is {known[number]!r} in one table and {name!r} in another; "
                        'concatenate with persons="separate" or read them from one file.'
                    )
