"""Compare two results on the same queries: differences with confidence intervals from a paired bootstrap."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from reidapt.errors import ConfigError, DataError, RunError
from reidapt.evaluation.files import read_result
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.trials import TrialsResult, load_result

Result = RetrievalResult | TrialsResult
SAME = ("protocol", "dataset", "queries", "gallery")
"""Settings that must agree for a comparison to mean anything."""
FREE = ("seconds", "run")
CHUNK = 4 << 20
"""Numbers drawn at once."""


@dataclass(frozen=True)
class Difference:
    """How much a measure differs, in percentage points (second minus first)."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    """Two-sided: how often the resampled difference would lie on the other side of 0."""

    def text(self, confidence: float) -> str:
        """In words."""
        return (
            f"{self.first:6.1f} → {self.second:6.1f}   {self.difference:+6.2f}   "
            f"{100 * confidence:g} % [{self.low:+.2f}, {self.high:+.2f}]   p = {self.p:.2g}"
        )


@dataclass(frozen=True)
class Comparison:
    """Outcome of `compare`.

    Attributes:
        measures: "rank1" and "mAP" -> `Difference`.
        queries: how many were compared.
        units: how many independent units were resampled (queries, or groups of them).
        confidence: of the intervals, 0..1.
        settings: what differs between the two results, name -> (first, second).
    """

    measures: Mapping[str, Difference]
    queries: int
    units: int
    confidence: float
    settings: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name:>6}  {difference.text(self.confidence)}" for name, difference in self.measures.items()]
        lines.append(f"{self.queries:,} queries, {self.units:,} resampled units")
        lines += [f"differ in {name}: {one} | {two}" for name, (one, two) in self.settings.items()]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a file."""
        return {
            "measures": {name: vars(difference) for name, difference in self.measures.items()},
            "queries": self.queries,
            "units": self.units,
            "confidence": self.confidence,
            "settings": {name: list(pair) for name, pair in self.settings.items()},
        }


def compare(
    first: Result,
    second: Result,
    *,
    groups: ArrayLike | None = None,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Whether `second` ranks better than `first` by more than the choice of queries explains.

    Queries (or groups of them) are drawn with replacement, the same ones for both results, and the differences of
    rank-1 and mAP computed anew each time; the interval is the percentile interval of these, p is twice the share on the
    smaller side of 0, counting the observed one. It says nothing about the spread over training seeds.

    Args:
        first, second: results about the same queries in the same order; of trials, each query's mean is compared.
        groups: (Q,) what is drawn as a whole, such as the queries' persons, whose pictures aren't independent; by
            default every query by itself.
        resamples: bootstrap samples.
        confidence: of the interval, in (0, 1).
        seed: of the draws.

    Raises:
        DataError: results about different queries, datasets or protocols.
        ConfigError: impossible `resamples` or `confidence`.
    """
    if resamples < 1 or not 0 < confidence < 1:
        raise ConfigError(f"{resamples} resamples at confidence {confidence} aren't possible; such as 10000 at 0.95.")
    for name in SAME:
        one, two = first.settings.get(name), second.settings.get(name)
        if one != two:
            raise DataError(
                f"the results can't be compared: they differ in {name} ({one} and {two}); expected two rankings of the "
                "same queries in the same gallery under one protocol."
            )
    values = {name: (_per_query(first, name), _per_query(second, name)) for name in ("rank1", "mAP")}
    known = ~np.isnan(np.stack([value for pair in values.values() for value in pair])).any(0)
    if not known.any():
        raise DataError("no query has a match in both results, so there is nothing to compare.")
    group = np.arange(len(known)) if groups is None else np.asarray(groups)
    if group.shape != known.shape:
        raise DataError(f"groups has shape {group.shape}; expected one entry for each of the {len(known)} queries.")
    unit = np.unique(group[known], return_inverse=True)[1]
    differences = np.stack([(two - one)[known] for one, two in values.values()])
    samples = _resampled(differences, unit, resamples, np.random.default_rng(seed))
    tail = 50 * (1 - confidence)
    measures = {}
    for row, (name, (one, two)) in enumerate(values.items()):
        low, high = np.percentile(samples[row], (tail, 100 - tail))
        below, above = (samples[row] <= 0).sum(), (samples[row] >= 0).sum()
        measures[name] = Difference(
            float(one[known].mean()),
            float(two[known].mean()),
            float(differences[row].mean()),
            float(low),
            float(high),
            float(min(1.0, 2 * (min(below, above) + 1) / (resamples + 1))),
        )
    names = dict.fromkeys([*first.settings, *second.settings])
    pairs = {name: (first.settings.get(name), second.settings.get(name)) for name in names if name not in FREE}
    differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return Comparison(measures, int(known.sum()), int(unit.max()) + 1, confidence, differing)


def compare_files(
    first: str | os.PathLike[str], second: str | os.PathLike[str], by: Literal["query", "person"] = "query"
) -> Comparison:
    """`compare` of two saved results; `by` is what the bootstrap draws.

    Raises RunError where a file can't be read or doesn't hold the queries' persons.
    """
    groups = None
    if by == "person":
        target, _, arrays = read_result(first)
        if "query_person" not in arrays:
            raise RunError(f"{target} doesn't hold the queries' persons; compare by query, or evaluate the run again.")
        groups = arrays["query_person"]
    return compare(load_result(first), load_result(second), groups=groups)


def _per_query(result: Result, measure: str) -> np.ndarray:
    """(Q,) rank-1 (0 or 100) or average precision in percent of every query; NaN without a match; trials averaged."""
    if isinstance(result, TrialsResult):
        lengths = {len(trial.first_match) for trial in result.trials}
        if len(lengths) > 1:
            raise DataError("the trials have different queries, so they can't be paired; compare them trial by trial.")
        return np.mean([_per_query(trial, measure) for trial in result.trials], axis=0)
    if measure == "mAP":
        return 100 * result.average_precision
    return np.where(result.first_match > 0, 100.0 * (result.first_match == 1), np.nan)


def _resampled(differences: np.ndarray, unit: np.ndarray, resamples: int, random: np.random.Generator) -> np.ndarray:
    """(M, resamples) means of differences (M, Q) when the units (Q,) are drawn with replacement."""
    units = int(unit.max()) + 1
    sums = np.stack([np.bincount(unit, row, minlength=units) for row in differences])
    sizes = np.bincount(unit, minlength=units).astype(np.float64)
    means = np.empty((len(differences), resamples))
    step = max(1, CHUNK // units)
    for start in range(0, resamples, step):
        drawn = random.integers(0, units, size=(min(step, resamples - start), units))
        total = sizes[drawn].sum(1)
        for row, values in enumerate(sums):
            means[row, start : start + len(drawn)] = values[drawn].sum(1) / total
    return means
