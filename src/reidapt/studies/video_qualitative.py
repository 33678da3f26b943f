"""Study video-qualitative: ranked lists of hard queries with and without video-mean-teacher (the paper's Figure 4).

Four conditions, each a quarter of a target's query tracklets, chosen by what their pictures show and not by how they are
ranked: the busiest backgrounds, the most hidden people, the darkest pictures; and people who change clothes. The rows are the
figures over these queries alone; pictures of a few of them, drawn by the seed, are written to `figures/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from reidapt.data import CropTable, read
from reidapt.data.pictures import decode, decode_mask
from reidapt.data.tracklets import Tracklets
from reidapt.errors import ConfigError
from reidapt.evaluation import RetrievalResult
from reidapt.evaluation.figures import ranked_lists_compare
from reidapt.evaluation.protocols import PROTOCOLS, protocol
from reidapt.studies.setting import minutes
from reidapt.studies.study import Context, Row, Study
from reidapt.studies.video import CLOTHES, VARIANTS, describe_data, specs_of, train
from reidapt.training import Run, load
from reidapt.training.evaluate import evaluate

QUERIES, PLACES, SHARE = 6, 8, 0.25
"""Queries drawn into a figure, places of their lists, and share of the queries that a condition takes."""


def busy_background(table: CropTable, rows: np.ndarray) -> float:
    """Mean grey difference of neighbouring pixels outside the person's mask, over the frames of a tracklet."""
    values = []
    for row in rows:
        grey = decode(table.paths[row]).astype(float).mean(2)
        mask = table.column("mask")[row]
        outside = decode_mask(mask, grey.shape) < 32 if mask else np.ones(grey.shape, dtype=bool)
        both = outside[:, 1:] & outside[:, :-1]
        values.append(np.abs(np.diff(grey, axis=1))[both].mean() if both.any() else 0.0)
    return float(np.mean(values))


def hidden(table: CropTable, rows: np.ndarray) -> float:
    """Mean hidden share of the person, over the frames of a tracklet."""
    return float(1 - table.column("visible")[rows].mean())


def dark(table: CropTable, rows: np.ndarray) -> float:
    """Minus the mean grey value, over the frames of a tracklet."""
    return -float(np.mean([decode(path).mean() for path in table.paths[rows]]))


CONDITIONS: Mapping[str, tuple[str, str, Callable[[CropTable, np.ndarray], float] | None]] = {
    "background": ("transit", "auto", busy_background),
    "occlusion": ("promenade", "auto", hidden),
    "light": ("promenade", "auto", dark),
    "clothes": ("clothes", CLOTHES, None),
}
"""Role of the target, protocol, and what makes a query tracklet hard (None: all are)."""


def chosen_queries(table: CropTable, hardness: Callable[[CropTable, np.ndarray], float] | None) -> np.ndarray:
    """Numbers of the hardest query tracklets, in the order of the protocol: those of the table's query rows."""
    query = table.select(split="query")
    tracklets = Tracklets.of(query)
    if hardness is None:
        return np.arange(len(tracklets))
    values = np.array([hardness(query, rows) for rows in tracklets.rows])
    return np.sort(np.argsort(-values, kind="stable")[: max(1, round(SHARE * len(values)))])


def figures_of(result: RetrievalResult, queries: np.ndarray) -> dict[str, float]:
    """Rank-k, mAP and mINP in percent over some of a result's queries; those without a match are left out."""
    queries = queries[~np.isnan(result.average_precision[queries])]
    first = result.first_match[queries]
    ranks = {f"rank{k}": 100 * float((first <= k).mean()) for k in (1, 5, 10)}
    means = {"mAP": result.average_precision, "mINP": result.inverse_penalty}
    return {**ranks, **{name: 100 * float(values[queries].mean()) for name, values in means.items()}}


def rows(context: Context) -> Iterator[Row]:
    """The source alone and all parts under every condition."""
    if context.data:
        raise ConfigError(
            "video-qualitative chooses queries by what the worlds record of their pictures; leave --data out."
        )
    specs = specs_of(context)
    for seed in context.seeds:
        for condition in CONDITIONS:
            for name in ("direct", "all"):

                def obtain(seed: int = seed, condition: str = condition, name: str = name) -> dict[str, Any]:
                    results, run = compared(context, specs, seed, condition, upto=name)
                    queries = chosen_queries(read(specs[CONDITIONS[condition][0]]), CONDITIONS[condition][2])
                    return {**figures_of(results[name], queries), "minutes": minutes(run)}

                yield Row(name, condition, seed, obtain)


def compared(
    context: Context, specs: Mapping[str, str], seed: int, condition: str, upto: str
) -> tuple[dict[str, RetrievalResult], Run]:
    """Results of the source alone and, with `upto` all, of all parts, whose lists are then drawn side by side."""
    role, how, hardness = CONDITIONS[condition]
    table, results = read(specs[role]), {}
    for name in ("direct", "all")[: 1 + (upto == "all")]:
        run = train(context, seed, name, ("source", specs["source"]), (role, specs[role]), VARIANTS[name])
        chosen = PROTOCOLS["video"] if how == "auto" else protocol(how, specs[role])
        result, arrays = evaluate(load(run.folder), table, chosen=chosen, dataset=specs[role])
        assert isinstance(result, RetrievalResult)
        results[name] = result
    if upto == "all":
        queries = np.random.default_rng(seed).permutation(chosen_queries(table, hardness))[:QUERIES]
        ranked_lists_compare(
            {"source alone": results["direct"], "video-mean-teacher": results["all"]},
            arrays["query_paths"].tolist(),
            arrays["gallery_paths"].tolist(),
            context.out / "figures" / f"{condition}-seed-{seed}.png",
            queries=np.sort(queries).tolist(),
            k=PLACES,
        )
    return results, run


STUDY = Study(
    name="video-qualitative",
    summary="video-mean-teacher on hard queries: busy background, occlusion, dark pictures, changed clothes; lists in figures/.",
    rows=rows,
    describe_data=describe_data,
    baseline="direct",
)
