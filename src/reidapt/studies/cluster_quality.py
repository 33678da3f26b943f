"""Study cluster-quality: does what can be told without labels, the clusters' silhouette, follow the hidden score?

cluster-teacher is run with settings that suit the target to different degrees. Beside each run's silhouette and stability (the
mean over its last epochs) stands the score on the hidden labels; the last row is Spearman's rank correlation between the
two over all runs, in percent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from reidapt.studies.bench_colour import setting_of
from reidapt.studies.demo import OPTIONS
from reidapt.studies.setting import METRICS, minutes, score
from reidapt.studies.study import Context, Row, Study, read_rows
from reidapt.studies.worlds import bench_specs, described
from reidapt.training import Run

VARIANTS: dict[str, Mapping[str, Any]] = {
    "as shipped": {},
    "cameras not normalised": {"normalise_cameras": False},
    "eps 0.5": {"eps": 0.5},
    "eps 0.9": {"eps": 0.9},
    "DBSCAN": {"grouping": "dbscan"},
    "DBSCAN, eps 0.6": {"grouping": "dbscan", "eps": 0.6},
    "k1 8": {"k1": 8, "k2": 3},
    "k1 40": {"k1": 40},
}
"""Settings by the name of their row."""

EPOCHS = {"tiny": 6, "full": 20}
"""Epochs of adaptation: enough to tell settings apart."""

LAST = 3
"""Epochs whose mean silhouette and stability a row reports."""

TARGET = "forecourt"
CORRELATION = "rank correlation with the silhouette, %"
COLUMNS = {"silhouette": "silhouette × 100", "stability": "stability × 100", "rank1": "rank-1", "mAP": "mAP"}


def rows(context: Context) -> Iterator[Row]:
    """Every variant for every seed, then the correlation over all of them."""
    specs = bench_specs("bench-colour", context.size, context.display)
    for seed in context.seeds:
        for name in VARIANTS:
            yield Row(name, TARGET, seed, partial(obtain, context, specs, name, seed))
    finished = context.out / "rows.jsonl"
    yield Row(CORRELATION, TARGET, 0, lambda: correlation(list(read_rows(finished).values())), concludes=True)


def obtain(context: Context, specs: Mapping[str, str], name: str, seed: int) -> dict[str, Any]:
    """Train a variant from direct transfer; its quality and its score."""
    adaptation = {**OPTIONS[context.size]["adaptation"], "epochs": EPOCHS[context.size], **VARIANTS[name]}
    setting = replace(setting_of(context.size, specs, TARGET), adaptation=adaptation)
    folder = context.out / f"seed-{seed}"
    with context.display.stage(f"Seed {seed}: direct") as progress:
        direct = setting.direct(folder / "direct", seed, progress)
    with context.display.stage(f"Seed {seed}: {name}") as progress:
        run = setting.adapted(folder / name.replace(" ", "-").replace(",", ""), seed, direct, progress)
        return {**score(run, setting.target, progress), **quality(run), "minutes": minutes(run)}


def quality(run: Run) -> dict[str, float]:
    """Means of what a run logged about its clusters in its last epochs, times 100."""
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    logged = {name: [line[name] for line in lines if name in line] for name in ("clusters/silhouette", "stability")}
    return {name.split("/")[-1]: 100 * float(np.mean(values[-LAST:])) for name, values in logged.items()}


def correlation(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Spearman's ρ of every metric with the silhouette over the rows, in percent."""
    from scipy.stats import spearmanr

    runs = [row for row in rows if row["name"] != CORRELATION]
    silhouettes = [row["silhouette"] for row in runs]
    names = dict.fromkeys((*METRICS, *COLUMNS))
    return {name: 100 * float(spearmanr(silhouettes, [row[name] for row in runs]).statistic) for name in names}


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of source and target."""
    specs = bench_specs("bench-colour", context.size, context.display)
    return {role: described(specs[role]) for role in ("source", TARGET)}


STUDY = Study(
    name="cluster-quality",
    summary="cluster-teacher with settings that suit the target more or less: the silhouette of the clusters, told without "
    "labels, beside the hidden score.",
    rows=rows,
    describe_data=describe_data,
    columns=COLUMNS,
    compared=(),
)
