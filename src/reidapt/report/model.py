"""What a report page says, as plain data: built by `collect`, drawn by `render`, free of files and of HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["run", "direct", "adapted", "oracle"]
Outcome = Literal["better", "same", "worse", "single"]

METRICS: tuple[tuple[str, str], ...] = (
    ("rank1", "Rank-1"),
    ("rank5", "Rank-5"),
    ("rank10", "Rank-10"),
    ("mAP", "mAP"),
    ("mINP", "mINP"),
)
"""Keys of an evaluation summary that are percentages, with the names they have on the page."""


@dataclass(frozen=True)
class Picture:
    """An encoded picture; `width` and `height` in pixels, `alt` says what is seen to somebody who does not see it."""

    data: bytes
    mime: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Score:
    """What one model reached on the target: `metrics` in percent by the keys of `METRICS`, `minutes` of training."""

    role: Role
    label: str
    metrics: Mapping[str, float]
    minutes: float | None = None


@dataclass(frozen=True)
class Series:
    """One line of a chart: `x` ascending, `y` of the same length; values that are not finite interrupt the line.

    `trend`, empty or as long as `x`, is drawn boldly over a then faint line.
    """

    role: Role
    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    trend: tuple[float, ...] = ()


@dataclass(frozen=True)
class LineChart:
    """Lines over one pair of axes; without `y_range` the axis fits the data, without `x_ticks` ticks are chosen.

    The legend names each line's value at its `rest` until the reader points elsewhere.
    """

    title: str
    x_label: str
    series: tuple[Series, ...]
    y_range: tuple[float, float] | None = None
    x_ticks: tuple[float, ...] | None = None
    rest: Literal["first", "last"] = "last"
    note: str = ""


@dataclass(frozen=True)
class Point:
    """A point of a map: `group` (a person, a domain) is its colour, `mark` (a camera) its shape; group "" is grey."""

    x: float
    y: float
    group: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Scatter:
    """A map of embeddings; `note` is printed under it. Maps that are compared share `groups` and `marks`."""

    title: str
    points: tuple[Point, ...]
    groups: tuple[str, ...]
    marks: tuple[str, ...]
    note: str = ""
    group_name: str = "person"
    mark_name: str = "camera"


@dataclass(frozen=True)
class Hit:
    """One gallery picture of a ranked list; `picture` is None where the file can no longer be read."""

    picture: Picture | None
    correct: bool
    rank: int


@dataclass(frozen=True)
class RankedRow:
    """The first hits that one model returns for a query, and the query's average precision in percent."""

    role: Role
    label: str
    hits: tuple[Hit, ...]
    average_precision: float | None = None


@dataclass(frozen=True)
class RankedQuery:
    """A query and its ranked list under every model, in the order of the scores."""

    picture: Picture | None
    caption: str
    rows: tuple[RankedRow, ...]
    outcome: Outcome = "single"


@dataclass(frozen=True)
class RankedLists:
    """Ranked lists of a few queries and the `rule` by which they were chosen, in words."""

    rule: str
    queries: tuple[RankedQuery, ...]


@dataclass(frozen=True)
class Sheet:
    """A contact sheet with its heading."""

    title: str
    picture: Picture
    caption: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns; the first column names the row, `marked` are the rows to point out.

    With `shared`, the columns are alternatives (runs), and a value that all of them have is shown once.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    shared: bool = False


@dataclass(frozen=True)
class Report:
    """Everything on one page. Parts that are empty are left out; `missing` says in sentences what was not measured."""

    title: str
    question: str
    command: str = ""
    byline: str = ""
    scores: tuple[Score, ...] = ()
    protocol: str = ""
    conditions: Table | None = None
    cautions: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    curves: tuple[LineChart, ...] = ()
    cmc: LineChart | None = None
    ranked: RankedLists | None = None
    maps: tuple[Scatter, ...] = ()
    map_note: str = ""
    settings: Table | None = None
    environment: Table | None = None
    data: Table | None = None
    missing: tuple[str, ...] = field(default=())


def gap_closed(direct: float, adapted: float, oracle: float) -> float | None:
    """Share of the distance from direct transfer to the oracle that the adaptation covers, in percent.

    100 · (adapted − direct) / (oracle − direct); negative where the adaptation lost, above 100 where it beat
    the oracle. None where the oracle is not above direct transfer or a figure is not finite: there is no gap to close.
    """
    if not all(math.isfinite(value) for value in (direct, adapted, oracle)) or oracle <= direct:
        return None
    return 100.0 * (adapted - direct) / (oracle - direct)
