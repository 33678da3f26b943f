"""Training curves and CMC curves of several runs, thinned so that a page of them stays small."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reidapt.report.model import LineChart, Series
from reidapt.report.runs import Run

POINTS = 240
"""Most points of a drawn line."""
SMOOTH_FROM = 60
"""Noisy lines of more points than this get a running mean."""
CHARTS = 24
"""Most charts on a page."""
_POSITION = ("step", "epoch", "seconds")


def training_curves(runs: Sequence[Run]) -> tuple[LineChart, ...]:
    """One chart per recorded quantity, over steps, with a line per run; losses first, then the others by name."""
    names = {key for run in runs for row in run.metrics for key, value in row.items() if _plottable(key, value)}
    return tuple(_chart(name, runs) for name in sorted(names, key=_order)[:CHARTS])


def cmc_chart(runs: Sequence[Run], ranks: int = 20) -> LineChart | None:
    """CMC curves in percent up to rank `ranks`; None where no run has one."""
    series = []
    for run in runs:
        cmc = run.evaluation.get("cmc") if run.evaluation else None
        if cmc is not None and cmc.ndim == 1 and len(cmc):
            values = 100.0 * cmc[:ranks].astype(float)
            series.append(Series(run.role, run.label, tuple(range(1, len(values) + 1)), tuple(values.tolist())))
    if not series:
        return None
    longest = max(len(s.x) for s in series)
    marks = tuple(float(rank) for rank in (1, 5, 10, 15, 20) if rank <= longest)
    return LineChart("CMC, % of queries", "rank", tuple(series), y_range=(0.0, 100.0), x_ticks=marks, rest="first")


def decimate(y: Sequence[float], limit: int = POINTS) -> list[int]:
    """Places of at most about `limit` points of a line: the lowest and highest of each stretch, and both ends.

    Extremes and values that are not finite survive, so thinning hides neither a spike nor a NaN.
    """
    count = len(y)
    if count <= limit:
        return list(range(count))
    values = np.asarray(y, dtype=float)
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    keep = {0, count - 1}
    for part in np.array_split(np.arange(count), max(1, limit // 3)):
        keep |= {int(part[low[part].argmin()]), int(part[high[part].argmax()])}
        if not finite[part].all():
            keep.add(int(part[finite[part].argmin()]))
    return sorted(keep)


def running_mean(y: Sequence[float], share: float = 0.05) -> list[float]:
    """Mean of the finite values in a centred window of `share` of the line, narrower at its ends; NaN stays NaN."""
    values = np.asarray(y, dtype=float)
    finite = np.isfinite(values)
    half = max(1, round(share * len(values) / 2))
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    at = np.arange(len(values))
    first, last = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    means = (sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1)
    return np.where(finite, means, np.nan).tolist()


def _noisy(y: Sequence[float]) -> bool:
    """Whether a line turns so often that its trend is hard to see (a schedule or a smooth curve does not)."""
    steps = np.diff(np.asarray(y, dtype=float)[np.isfinite(y)])
    steps = steps[steps != 0]
    return len(steps) > 1 and float(np.mean(np.sign(steps[1:]) != np.sign(steps[:-1]))) > 0.25


def _chart(name: str, runs: Sequence[Run]) -> LineChart:
    series, broken, label = [], 0, "step"
    for run in runs:
        points = []
        for index, row in enumerate(run.metrics):
            if _plottable(name, row.get(name)):
                points.append((_number(row.get("step", index)), _number(row[name])))
        points = [p for p in points if math.isfinite(p[0])]
        points.sort(key=lambda point: point[0])
        if points:
            broken += sum(not math.isfinite(y) for _, y in points)
            xs, ys = [p[0] for p in points], [p[1] for p in points]
            kept = decimate(ys)
            trend = running_mean(ys) if len(ys) > SMOOTH_FROM and _noisy(ys) else None
            lines = [tuple(float(values[i]) for i in kept) for values in (xs, ys, trend) if values is not None]
            series.append(Series(run.role, run.label, *lines))
    note = f"{broken} values are not finite: the line is interrupted there." if broken else ""
    return LineChart(name, label, tuple(series), note=note)


def _plottable(key: str, value: object) -> bool:
    """Numbers, and the null or text that some writers use for a value that is not finite."""
    if key in _POSITION or isinstance(value, bool):
        return False
    return isinstance(value, int | float) or value in ("NaN", "nan", "inf", "-inf", "Infinity", "-Infinity")


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _order(name: str) -> tuple[int, str]:
    if name == "loss":
        return 0, name
    if name.startswith("loss"):
        return 1, name
    if "cluster" in name:
        return 2, name
    return (4 if name == "lr" or name.startswith("lr/") else 3), name
