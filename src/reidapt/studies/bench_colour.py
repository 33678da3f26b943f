"""Study bench-colour: direct transfer, cluster-teacher and oracle on the three targets of the benchmark world.

All studies on this benchmark share their trainings: what two of them need is trained once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reidapt.studies.demo import OPTIONS
from reidapt.studies.setting import Setting, minutes, score
from reidapt.studies.study import Context, Row, Study, shared_runs
from reidapt.studies.worlds import bench_specs, described


def setting_of(size: str, specs: Mapping[str, str], target: str) -> Setting:
    """The benchmark's source, one of its targets, and the demo's options."""
    return Setting(source=specs["source"], target=specs[target], **OPTIONS[size])


def rows(context: Context) -> Iterator[Row]:
    """direct, adapted and oracle for every seed and target; the source is trained on once a seed."""
    specs = bench_specs("bench-colour", context.size, context.display)
    for seed in context.seeds:
        for target in (role for role in specs if role != "source"):
            setting = setting_of(context.size, specs, target)

            def obtain(name: str, setting: Setting = setting, target: str = target, seed: int = seed) -> dict[str, Any]:
                folder = shared_runs(context, "colour") / f"seed-{seed}"
                with context.display.stage(f"Seed {seed}, {target}: {name}") as progress:
                    if name == "direct":
                        run = setting.direct(folder / "direct", seed, progress)
                    else:
                        train = setting.oracle if name == "oracle" else setting.adapted
                        place = folder / f"{target}-{'oracle' if name == 'oracle' else 'cluster-teacher'}"
                        run = train(place, seed, setting.direct(folder / "direct", seed), progress)
                    return {**score(run, setting.target, name=target), "minutes": minutes(run)}

            for name in ("direct", "adapted", "oracle"):
                yield Row(name, target, seed, lambda name=name, obtain=obtain: obtain(name))  # type: ignore[misc]


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of the source and the targets."""
    specs = bench_specs("bench-colour", context.size, context.display)
    return {role: described(spec) for role, spec in specs.items()}


STUDY = Study(
    name="bench-colour",
    summary="The benchmark world bench-colour: direct transfer, cluster-teacher and oracle on its three targets.",
    rows=rows,
    describe_data=describe_data,
)
