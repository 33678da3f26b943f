"""Study bench-colour: direct transfer, cluster-teacher and oracle on the three targets of the benchmark world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reidapt.data import read
from reidapt.studies.demo import OPTIONS
from reidapt.studies.setting import Setting, minutes, score
from reidapt.studies.study import Context, Row, Study
from reidapt.studies.worlds import ensure_world
from reidapt.training import Run
from reidapt.world.benchmarks import BENCHMARKS


def worlds(context: Context) -> dict[str, str]:
    """Dataset specs of the benchmark's roles."""
    plans = BENCHMARKS["bench-colour"].sizes[context.size]
    folder = context.out / "worlds"
    return {role: ensure_world(plan, folder, context.display, f"Rendering {role}") for role, plan in plans.items()}


def rows(context: Context) -> Iterator[Row]:
    """direct, adapted and oracle for every seed and target; the source is trained on once a seed."""
    specs = worlds(context)
    source = specs.pop("source")
    for seed in context.seeds:
        for target, spec in specs.items():
            setting = Setting(source=source, target=spec, **OPTIONS[context.size])

            def obtain(name: str, setting: Setting = setting, target: str = target, seed: int = seed) -> dict[str, Any]:
                folder = context.out / f"seed-{seed}"
                with context.display.stage(f"Seed {seed}, {target}: {name}") as progress:
                    if name == "direct":
                        run = setting.direct(folder / "direct", seed, progress)
                    else:
                        train = setting.oracle if name == "oracle" else setting.adapted
                        run = train(folder / f"{target}-{name}", seed, Run(folder / "direct"), progress)
                    return {**score(run, setting.target, name=target), "minutes": minutes(run)}

            for name in ("direct", "adapted", "oracle"):
                yield Row(name, target, seed, lambda name=name, obtain=obtain: obtain(name))  # type: ignore[misc]


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of the source and the targets."""
    return {role: read(spec).fingerprint() for role, spec in worlds(context).items()}


STUDY = Study(
    name="bench-colour",
    summary="The benchmark world bench-colour: direct transfer, cluster-teacher and oracle on its three targets.",
    rows=rows,
    describe_data=describe_data,
)
