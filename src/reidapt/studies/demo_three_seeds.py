"""Study demo-three-seeds: the demo over several training seeds, to see the gain beside its spread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reidapt.errors import ConfigError
from reidapt.studies.demo import OPTIONS, WORLDS, demo_setting
from reidapt.studies.setting import Setting, minutes, score
from reidapt.studies.study import Context, Row, Study
from reidapt.studies.worlds import described
from reidapt.training import Run


def setting(context: Context) -> Setting:
    """The demo's worlds, or the two datasets given by ``--data``."""
    if not context.data:
        return demo_setting(context.size, context.out / "worlds", context.display)
    if len(context.data) != 2:
        raise ConfigError(
            f"--data was given {len(context.data)} time(s); this study needs two: first the source, then the target, e.g. "
            "--data market1501:DIR --data market1501:OTHER."
        )
    return Setting(source=context.data[0], target=context.data[1], **OPTIONS[context.size])


def rows(context: Context) -> Iterator[Row]:
    """direct, adapted and oracle for every seed."""
    s = setting(context)
    given = s.target.split(":", 1)[-1].rstrip("/").rsplit("/", 1)[-1]
    target = given if context.data else WORLDS[context.size][1].style
    for seed in context.seeds:
        folder = context.out / f"seed-{seed}"

        def obtain(name: str, folder: Path = folder, seed: int = seed) -> dict[str, Any]:
            with context.display.stage(f"Seed {seed}: {name}") as progress:
                if name == "direct":
                    run = s.direct(folder / "direct", seed, progress)
                elif name == "oracle":
                    run = s.oracle(folder / "oracle", seed, Run(folder / "direct"), progress)
                else:
                    run = s.adapted(folder / "adapted", seed, Run(folder / "direct"), progress)
                return {**score(run, s.target), "minutes": minutes(run)}

        for name in ("direct", "adapted", "oracle"):
            yield Row(name, target, seed, lambda name=name, obtain=obtain: obtain(name))  # type: ignore[misc]


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of source and target."""
    s = setting(context)
    return {"source": described(s.source), "target": described(s.target)}


STUDY = Study(
    name="demo-three-seeds",
    summary="The demo over several training seeds: direct transfer, cluster-teacher, oracle.",
    rows=rows,
    describe_data=describe_data,
)
