"""What a check of a dataset found: counts per split, findings, a verdict per split; as text and as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]

SHOWN = 10
"""Files named per finding in the text; `as_dict` names all."""


@dataclass(frozen=True)
class Finding:
    """One thing to know about a dataset.

    Attributes:
        level: "error": this cannot be used; "warning": this changes results; "note": good to know.
        splits: the splits concerned.
        text: a sentence.
        files: the files concerned, each possibly followed by a reason.
    """

    level: Level
    splits: tuple[str, ...]
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """A number that was published, and what was found: `what` is persons, pictures, tracklets or cameras."""

    split: str
    what: str
    found: int
    published: int


@dataclass(frozen=True)
class SplitFacts:
    """Counts of one split.

    Attributes:
        pictures: rows.
        persons: identities above 0, None where unlabelled; `junk` and `distractors` count pictures.
        cameras: pictures per known camera.
        heights, widths: smallest, median and largest of the readable pictures, in pixels; None where none is.
        tracklets: distinct tracklets, 0 where unknown.
        masks: rows that name a mask.
    """

    split: str
    pictures: int
    persons: int | None
    junk: int
    distractors: int
    cameras: dict[int, int]
    heights: tuple[int, int, int] | None
    widths: tuple[int, int, int] | None
    tracklets: int
    masks: int


@dataclass(frozen=True)
class CheckReport:
    """The result of `check`.

    Attributes:
        name, root, read_as: which data, and the spec it was read with (empty for a table that was given).
        splits: facts per split that occurs.
        findings: errors first.
        counts: found and published numbers, empty where nothing was published.
        notice: said before anything else, such as that the dataset was withdrawn.
    """

    name: str
    root: str
    read_as: str
    splits: tuple[SplitFacts, ...]
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...] = ()
    notice: str = ""

    @property
    def ok(self) -> bool:
        """True where nothing stands in the way of training and evaluation (warnings are allowed)."""
        return not any(finding.level == "error" for finding in self.findings)

    def verdict(self, split: str) -> str:
        """`"good"`, `"usable, N warnings"` or `"not usable, N errors"`."""
        levels: list[str] = [finding.level for finding in self.findings if split in finding.splits]
        for level, word in (("error", "not usable"), ("warning", "usable")):
            if count := levels.count(level):
                return f"{word}, {count} {level}{'s' if count > 1 else ''}"
        return "good"

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "name": self.name,
            "root": self.root,
            "read_as": self.read_as,
            "ok": self.ok,
            "notice": self.notice,
            "splits": {facts.split: {**asdict(facts), "verdict": self.verdict(facts.split)} for facts in self.splits},
            "counts": [asdict(count) for count in self.counts],
            "findings": [asdict(finding) for finding in self.findings],
        }

    def text(self) -> str:
        """The report for a terminal, plain text without a trailing newline."""
        head = f"{self.name} ({self.root})" + (f", read as {self.read_as}" if self.read_as else "")
        rows = [_HEADER, *(self._row(facts) for facts in self.splits)]
        if not any(facts.tracklets for facts in self.splits):
            rows = [[cell for cell, name in zip(row, _HEADER) if name != "tracklets"] for row in rows]
        lines = [head, *([f"notice: {self.notice}"] if self.notice else []), "", *_columns(rows)]
        if self.counts:
            lines += ["", "found, of the published counts:", *(f"  {line}" for line in self._published())]
        for finding in self.findings:
            where = f" [{', '.join(finding.splits)}]" if finding.splits else ""
            lines += ["", f"{finding.level}{where}: {finding.text}"]
            lines += [f"  {file}" for file in finding.files[:SHOWN]]
            if len(finding.files) > SHOWN:
                lines.append(f"  ... and {len(finding.files) - SHOWN} more")
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()

    def _published(self) -> list[str]:
        """`train: 24 of 12,936 pictures, 4 of 751 persons`, a line a split."""
        by_split: dict[str, list[str]] = {}
        for count in self.counts:
            equal = "all" if count.found == count.published else f"{count.found:,} of"
            by_split.setdefault(count.split, []).append(f"{equal} {count.published:,} {count.what}")
        return [f"{split}: {', '.join(said)}" for split, said in by_split.items()]

    def _row(self, facts: SplitFacts) -> list[str]:
        cameras = ", ".join(f"{camera}: {count:,}" for camera, count in facts.cameras.items()) or "unknown"
        return [
            facts.split,
            f"{facts.pictures:,}",
            "unlabelled" if facts.persons is None else f"{facts.persons:,}",
            f"{facts.junk:,}",
            f"{facts.distractors:,}",
            f"{facts.tracklets:,}",
            _range(facts.heights),
            _range(facts.widths),
            f"{facts.masks:,}",
            self.verdict(facts.split),
            cameras,
        ]


_HEADER = ["split", "pictures", "persons", "junk", "distractors", "tracklets", "height", "width", "masks", "verdict"]
_HEADER += ["cameras"]


def _range(values: tuple[int, int, int] | None) -> str:
    if values is None:
        return "-"
    low, middle, high = values
    return str(low) if low == high else f"{low}..{high} (median {middle})"


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
