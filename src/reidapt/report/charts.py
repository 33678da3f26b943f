"""Charts as inline SVG text: lines, dumbbells and scatter maps, each a pure function of its data.

Colours come from the page's style sheet through classes (`c-direct`, `g-3`), so one drawing serves light, dark and
paper. All drawings are 360 user units wide: shown at 340-520 px their text stays legible on a phone and a desktop.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from reidapt.report.model import METRICS, LineChart, Scatter, Score, Series

WIDTH = 360.0
GROUP_COLOURS = 6
"""Groups of a scatter map that get a colour of their own; later ones share the grey of the unnamed."""

_MARKS = (
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",  # disc
    "m-3.6-3.6h7.2v7.2h-7.2z",  # square
    "m0-4.8l4.6 8.2h-9.2z",  # triangle
    "m0-5l5 5l-5 5l-5-5z",  # diamond
    "m-1.5-4.7h3v3.2h3.2v3h-3.2v3.2h-3v-3.2h-3.2v-3h3.2z",  # plus
    "m0 4.8l4.6-8.2h-9.2z",  # triangle, point down
    "m-5.2-1.8h10.4v3.6h-10.4z",  # bar
    "m-1.8-5.2h3.6v10.4h-3.6z",  # post
)
_DOT = "m-1.6 0a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0z"


@dataclass(frozen=True)
class Axis:
    """A linear map from values `low..high` to drawing units `start..stop`."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values (1, 2, 2.5 or 5 times a power of ten) inside `low..high`, about `count` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= raw * 0.999), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def number(value: float) -> str:
    """A figure for reading: four digits, thousands separated, a real minus sign; "–" where it is not finite."""
    if not math.isfinite(value):
        return "–"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        digits, exponent = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else f"{value:.2e}".split("e")
        text = f"{float(digits):g}e{int(exponent)}"
    elif abs(value) >= 1000:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def line_chart(chart: LineChart) -> str:
    """Draw the lines of `chart` over labelled axes; every finite point is exactly on its linear place."""
    height, left, right, top, bottom = 210.0, 46.0, 12.0, 10.0, 36.0
    x_axis = Axis(*_span([x for s in chart.series for x in s.x], flat=1.0), left, WIDTH - right)
    low, high = chart.y_range or _padded(y for s in chart.series for y in s.y)
    y_axis = Axis(low, high, height - bottom, top)
    parts = []
    for value in ticks(low, high):
        y = _n(y_axis(value))
        parts.append(f'<path class="grid" d="M{_n(left)} {y}H{_n(WIDTH - right)}"/>')
        parts.append(f'<text class="tick end" x="{_n(left - 6)}" y="{y}" dy=".35em">{number(value)}</text>')
    for value in chart.x_ticks or ticks(x_axis.low, x_axis.high):
        x = _n(x_axis(value))
        parts.append(f'<path class="grid" d="M{x} {_n(height - bottom)}v4"/>')
        parts.append(f'<text class="tick mid" x="{x}" y="{_n(height - bottom + 16)}">{number(value)}</text>')
    parts.append(f'<text class="axis end" x="{_n(WIDTH - right)}" y="{_n(height - 4)}">{escape(chart.x_label)}</text>')
    parts.extend(_line(series, x_axis, y_axis) for series in chart.series)
    frame = " ".join(_n(v) for v in (x_axis.start, x_axis.stop, y_axis.start, y_axis.stop))
    values = " ".join(f"{v:.8g}" for v in (x_axis.low, x_axis.high, low, high))
    label = f"{chart.title} over {chart.x_label}. " + " ".join(_in_words(series) for series in chart.series)
    extra = f'data-frame="{frame}" data-values="{values}"'
    return _svg(parts, height, label, "chart lines", extra)


def dumbbell(scores: Sequence[Score], metrics: Sequence[tuple[str, str]] = METRICS) -> str:
    """Draw each metric as a row from 0 to 100 %: ring = direct transfer, disc = adapted, diamond = oracle."""
    rows = [(key, name) for key, name in metrics if any(_finite(s.metrics.get(key)) for s in scores)]
    left, right, step, top = 70.0, 24.0, 46.0, 14.0
    height = top + step * len(rows) + 22
    axis = Axis(0.0, 100.0, left, WIDTH - right)
    parts = []
    for value in (0, 25, 50, 75, 100):
        x = _n(axis(value))
        parts.append(f'<path class="grid" d="M{x} {_n(top - 6)}V{_n(height - 20)}"/>')
        parts.append(f'<text class="tick mid" x="{x}" y="{_n(height - 6)}">{value}{" %" * (value == 100)}</text>')
    words = []
    for index, (key, name) in enumerate(rows):
        y = top + step * (index + 0.5)
        parts.append(f'<text class="name end" x="{_n(left - 12)}" y="{_n(y)}" dy=".35em">{escape(name)}</text>')
        found: dict[str, float] = {s.role: float(s.metrics[key]) for s in scores if _finite(s.metrics.get(key))}
        parts.extend(_dumbbell_row(found, axis, y))
        words.append(f"{name}: " + ", ".join(f"{s.label} {s.metrics[key]:.1f} %" for s in scores if s.role in found))
    return _svg(parts, height, "Scores in percent. " + ". ".join(words) + ".", "chart dumbbell")


def scatter(chart: Scatter) -> str:
    """Draw a map: colour by the point's group, shape by its mark; points without a group are small and grey."""
    height, margin = 320.0, 12.0
    x_axis = Axis(*_padded(p.x for p in chart.points), margin, WIDTH - margin)
    y_axis = Axis(*_padded(p.y for p in chart.points), height - margin, margin)
    cells: dict[tuple[str, str], list[str]] = {}
    for point in chart.points:
        group = point.group if point.group in chart.groups[:GROUP_COLOURS] else ""
        shape = mark_path(chart.marks, point.mark) if group else _DOT
        place = f"M{_n(x_axis(point.x))} {_n(y_axis(point.y))}"
        cells.setdefault((group, point.mark if group else ""), []).append(place + shape)
    parts = [f'<rect class="field" x=".5" y=".5" width="{_n(WIDTH - 1)}" height="{_n(height - 1)}" rx="6"/>']
    for group in ("", *chart.groups[:GROUP_COLOURS]):
        paths = []
        for mark in ("", *chart.marks):
            if (group, mark) in cells:
                title = (
                    f"{chart.group_name} {group}, {chart.mark_name} {mark}" if group else f"another {chart.group_name}"
                )
                paths.append(f'<path d="{"".join(cells[group, mark])}"><title>{escape(title)}</title></path>')
        if paths:
            parts.append(
                f'<g class="{group_class(chart.groups, group)}" data-group="{escape(group)}">{"".join(paths)}</g>'
            )
    named = ", ".join(chart.groups[:GROUP_COLOURS])
    label = (
        f"{chart.title}: map of {len(chart.points)} embeddings, coloured by {chart.group_name} ({named}). {chart.note}"
    )
    return _svg(parts, height, label, "chart map")


def group_class(groups: Sequence[str], group: str) -> str:
    """Class of a group's colour in the style sheet: `g-1` … `g-6`, `g-0` for the unnamed and the later ones."""
    place = groups.index(group) + 1 if group in groups else 0
    return f"g-{place if place <= GROUP_COLOURS else 0}"


def mark_path(marks: Sequence[str], mark: str) -> str:
    """Relative path of a mark's shape, centred on the current point; shapes repeat after the eighth mark."""
    return _MARKS[marks.index(mark) % len(_MARKS)] if mark in marks else _MARKS[0]


def swatch(kind: str, shape: str = "") -> str:
    """A small key for a legend: a line, or `shape` (a relative path) as used in a scatter map."""
    drawn = f'<path d="M7 7{shape}"/>' if shape else '<path class="line" d="M1 7H21"/>'
    width = 14 if shape else 22
    head = f'class="swatch {escape(kind)}" viewBox="0 0 {width} 14" width="{width}" height="14"'
    return f'<svg {head} aria-hidden="true" focusable="false">{drawn}</svg>'


def score_mark(role: str, x: float, y: float) -> str:
    """The mark of a model in the dumbbell chart and its legend, centred on (x, y)."""
    if role == "oracle":
        return f'<path class="c-oracle mark" d="M{_n(x)} {_n(y)}m0-8l8 8l-8 8l-8-8z"/>'
    size = 6.5 if role in ("adapted", "run") else 5.0
    return f'<circle class="c-{escape(role)} mark" cx="{_n(x)}" cy="{_n(y)}" r="{_n(size)}"/>'


def _dumbbell_row(found: dict[str, float], axis: Axis, y: float) -> list[str]:
    parts = []
    ends = [axis(value) for value in found.values()]
    if len(ends) > 1:
        parts.append(f'<path class="bar" d="M{_n(min(ends))} {_n(y)}H{_n(max(ends))}"/>')
    if "direct" in found and "adapted" in found:
        lost = " lost" if found["adapted"] < found["direct"] else ""
        start, stop = axis(found["direct"]), axis(found["adapted"])
        parts.append(f'<path class="gain{lost}" d="M{_n(start)} {_n(y)}H{_n(stop)}"/>')
    for role in ("oracle", "direct", "adapted", "run"):
        if role in found:
            parts.append(score_mark(role, axis(found[role]), y))
    below = {role: axis(found[role]) for role in ("direct", "oracle") if role in found}
    for (role, _), x in zip(below.items(), _apart(list(below.values()), 34, WIDTH - 16)):
        parts.append(f'<text class="value mid c-{role}" x="{_n(x)}" y="{_n(y + 19)}">{found[role]:.1f}</text>')
    for role in ("adapted", "run"):
        if role in found:
            place = f'x="{_n(min(axis(found[role]), WIDTH - 18))}" y="{_n(y - 11)}"'
            parts.append(f'<text class="value strong mid c-{role}" {place}>{found[role]:.1f}</text>')
    return parts


def _apart(places: list[float], distance: float, limit: float) -> list[float]:
    """One or two label places moved so that they are `distance` apart and end before `limit`."""
    if len(places) < 2:
        return [min(place, limit) for place in places]
    low, high = sorted(places)
    push = max(0.0, distance - (high - low)) / 2
    low, high = low - push, high + push
    over = max(0.0, high - limit)
    low, high = min(low, high - over - distance), high - over
    return [low, high] if places[0] <= places[1] else [high, low]


def _line(series: Series, x_axis: Axis, y_axis: Axis) -> str:
    xs, ys = (" ".join(f"{v:.6g}" for v in values) for values in (series.x, series.y))
    head = f'data-name="{escape(series.name)}" data-x="{xs}" data-y="{ys}"'
    faint = " faint" if series.trend else ""
    drawn = f'<path class="line c-{series.role}{faint}" {head} d="{_polyline(series.x, series.y, x_axis, y_axis)}"/>'
    if series.trend:
        drawn += f'<path class="line c-{series.role}" d="{_polyline(series.x, series.trend, x_axis, y_axis)}"/>'
    return drawn


def _polyline(xs: Sequence[float], ys: Sequence[float], x_axis: Axis, y_axis: Axis) -> str:
    drawn, run = [], 0  # run: finite points since the last interruption
    for x, y in zip(xs, ys, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            drawn.append("h0" if run == 1 else "")
            run = 0
            continue
        drawn.append(f"{'L' if run else 'M'}{_n(x_axis(x))} {_n(y_axis(y))}")
        run += 1
    drawn.append("h0" if run == 1 else "")  # with round caps a line of no length is a dot
    return "".join(drawn)


def _in_words(series: Series) -> str:
    finite = [y for y in series.y if math.isfinite(y)]
    if not finite:
        return f"{series.name}: no finite value."
    return f"{series.name}: from {number(finite[0])} to {number(finite[-1])}."


def _svg(parts: Sequence[str], height: float, label: str, kind: str, extra: str = "") -> str:
    head = f'class="{kind}" viewBox="0 0 {_n(WIDTH)} {_n(height)}" role="img" aria-label="{escape(label)}" {extra}'
    return f"<svg {head.strip()}>{''.join(parts)}</svg>"


def _span(values: Iterable[float], flat: float) -> tuple[float, float]:
    finite = [float(v) for v in values if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    return (low, high) if high > low else (low - flat / 2, high + flat / 2)


def _padded(values: Iterable[float]) -> tuple[float, float]:
    finite = [float(v) for v in values if math.isfinite(v)]
    low, high = _span(finite, flat=max(abs(finite[0]), 1e-6) if finite else 1.0)
    pad = 0.04 * (high - low)
    return (0.0 if 0 <= low < 0.3 * high else low - pad), high + pad


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
