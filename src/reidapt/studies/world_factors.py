"""Study world-factors: train on a world with one group of factors held constant, test on the other styles.

What a held group costs is what its variety is worth to a model that has to work on cameras it never saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from reidapt.studies.demo import OPTIONS
from reidapt.studies.setting import METRICS, minutes, run_method, score
from reidapt.studies.study import Context, Row, Study
from reidapt.studies.worlds import described, ensure_world
from reidapt.training import Run
from reidapt.world.benchmarks import BENCHMARKS, Plan

GROUPS: dict[str, tuple[str, ...]] = {
    "people": ("body", "skin", "hair", "beard", "glasses"),
    "garments": ("garments", "shoes", "hat", "bag"),
    "colours": ("colour", "pattern"),
    "poses": ("gait", "pose"),
    "directions": ("yaw",),
    "places": ("scene",),
    "viewpoints": ("geometry", "place"),
    "light": ("weather", "sun", "lighting", "shadows", "exposure"),
    "colour response": ("white_balance", "tone"),
    "sharpness and noise": ("sensor_blur", "sensor_noise", "motion", "resolution", "grain", "jpeg"),
    "occlusions and boxes": ("occlusion", "box"),
}
"""Factors of the world that are held together, by the name of their row."""

EVERYTHING = "everything varies"
SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"people": 100, "pictures": 4, "test_people": 100, "epochs": 10},
    "full": {"people": 750, "pictures": 4, "test_people": 1500, "epochs": 60},
}


def source_plan(size: str, seed: int, hold: tuple[str, ...]) -> Plan:
    """The training world of a row: other people for every seed, everybody in the training split."""
    plan, asked = BENCHMARKS["bench-colour"].sizes[size]["source"], SIZES[size]
    return replace(
        plan, people=asked["people"], pictures=asked["pictures"], seed=100 + seed, train_fraction=1.0, hold=hold
    )


def target_specs(context: Context) -> dict[str, str]:
    """The benchmark's targets, test people only."""
    plans = dict(BENCHMARKS["bench-colour"].sizes[context.size])
    plans.pop("source")
    folder, people = context.out / "worlds", SIZES[context.size]["test_people"]
    return {
        role: ensure_world(
            replace(plan, people=people, train_fraction=0.0), folder, context.display, f"Rendering {role}"
        )
        for role, plan in plans.items()
    }


def rows(context: Context) -> Iterator[Row]:
    """One training for every group and seed, tested on every target; their mean last."""
    targets = target_specs(context)
    for seed in context.seeds:
        for name, hold in {EVERYTHING: (), **{f"same {group}": held for group, held in GROUPS.items()}}.items():
            scores: dict[str, dict[str, Any]] = {}

            def obtain(target: str, name: str = name, hold: tuple[str, ...] = hold, seed: int = seed) -> dict[str, Any]:
                run = trained(context, name, hold, seed)
                return {**score(run, targets[target], name=target), "minutes": minutes(run)}

            def mean(obtain: Any = obtain, scores: dict[str, Any] = scores) -> dict[str, Any]:
                each = [scores.get(target) or obtain(target) for target in targets]
                return {metric: float(np.mean([e[metric] for e in each])) for metric in (*METRICS, "minutes")}

            for target in targets:

                def one(target: str = target, obtain: Any = obtain, scores: dict[str, Any] = scores) -> dict[str, Any]:
                    scores[target] = obtain(target)
                    return scores[target]

                yield Row(name, target, seed, one)
            yield Row(name, "mean", seed, mean)


def trained(context: Context, name: str, hold: tuple[str, ...], seed: int) -> Run:
    """Render the world of a row and train on it."""
    options = {**OPTIONS[context.size]["options"], **OPTIONS[context.size]["supervised"]}
    options["epochs"] = SIZES[context.size]["epochs"]
    plan = source_plan(context.size, seed, hold)
    spec = ensure_world(plan, context.out / "worlds", context.display, f"Rendering: {name}")
    out = context.out / f"seed-{seed}" / name.replace(" ", "-")
    with context.display.stage(f"Seed {seed}: {name}") as progress:
        return run_method("source-only", progress, source=spec, out=str(out), seed=seed, **options)


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of the targets; the sources follow from their plans."""
    return {role: described(spec) for role, spec in target_specs(context).items()}


STUDY = Study(
    name="world-factors",
    summary="Training worlds with one group of factors held constant, tested on three other styles.",
    rows=rows,
    describe_data=describe_data,
    baseline=EVERYTHING,
)
