"""Study leaderboard: every system × every benchmark world: direct, the system, the system + cluster-teacher, oracle.

A system is one line of ``SYSTEMS``, a benchmark one line of ``ARENAS``. What a system needs beyond the options that all trainings
of a benchmark share stands in its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from reidapt.data import read
from reidapt.progress import ProgressCallback
from reidapt.studies.demo import OPTIONS
from reidapt.studies.report_tables import GAN
from reidapt.studies.setting import Setting, minutes, peak_memory, run_method, score
from reidapt.studies.study import RANKING, Context, Row, Study
from reidapt.studies.worlds import bench_specs
from reidapt.training import Run
from reidapt.translation import translate_dataset

#: Trains a system into a folder: (setting, its own options, folder, seed, direct, progress) -> the runs it took, the last
#: of which ranks.
Recipe = Callable[[Setting, Mapping[str, Any], Path, int, Run, "ProgressCallback | None"], list[Run]]


@dataclass(frozen=True)
class Arena:
    """A benchmark: a labelled source and unlabelled targets, and the options of all its trainings by size."""

    bench: str
    source: str
    targets: tuple[str, ...]
    options: Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class System:
    """A system of the toolkit: how it is trained, its own options by size, and the benchmarks it is for."""

    method: str
    recipe: Recipe
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    benches: tuple[str, ...] = ("bench-colour",)


def ranking(
    setting: Setting, own: Mapping[str, Any], folder: Path, seed: int, direct: Run, progress: ProgressCallback | None
) -> list[Run]:
    """A recipe for METHOD, a system that ranks and adapts from direct transfer: one training."""
    shared = {**setting.options, **own}
    method = shared.pop("method")
    data = {"source": setting.source, "target": setting.target, "init": str(direct.folder)}
    return [run_method(method, progress, **data, out=str(folder), seed=seed, **shared)]


def redrawing(
    setting: Setting, own: Mapping[str, Any], folder: Path, seed: int, direct: Run, progress: ProgressCallback | None
) -> list[Run]:
    """A recipe for METHOD, a system that redraws the source in the target's style: source-only on both kinds of crops."""
    options = dict(own)
    method, crops = options.pop("method"), folder / "crops"
    data = {"source": setting.source, "target": setting.target}
    made = run_method(method, progress, **data, out=str(folder / "redraw"), seed=seed, **options)
    if not crops.exists():
        translate_dataset(made.folder, setting.source, crops, splits=("train",), seed=seed)
    shared = {**setting.options, **setting.supervised, "extend": f"csv:{crops / 'crops.csv'}"}
    return [
        made,
        run_method("source-only", progress, source=setting.source, out=str(folder / "run"), seed=seed, **shared),
    ]


ARENAS = (Arena("bench-colour", "source", ("forecourt", "winter", "transit"), OPTIONS),)
"""Benchmarks with a labelled source and unlabelled targets of single pictures."""

SYSTEMS = (System("background-gan", redrawing, {size: {**options, "model": 4} for size, options in GAN.items()}),)
"""Systems beside cluster-teacher itself, which every benchmark gets; one line each."""


def rows(context: Context) -> Iterator[Row]:
    """For every benchmark, seed and target: direct, the oracle, cluster-teacher, every system, and every hybrid."""
    for arena in ARENAS:
        specs = bench_specs(arena.bench, context.size, context.display)
        for seed in context.seeds:
            for target in arena.targets:
                setting = Setting(specs[arena.source], specs[target], **arena.options[context.size])
                place = Place(context, setting, context.out / arena.bench / f"seed-{seed}", target, seed)
                title = f"{arena.bench} {target}"
                yield Row("direct", title, seed, place.direct_row)
                yield Row("oracle", title, seed, place.oracle_row)
                yield Row("cluster-teacher", title, seed, place.adapted_row)
                for system in SYSTEMS:
                    if arena.bench in system.benches:
                        yield Row(system.method, title, seed, partial(place.system_row, system))
                        yield Row(f"{system.method} + cluster-teacher", title, seed, partial(place.hybrid_row, system))


@dataclass(frozen=True)
class Place:
    """One target and seed of a benchmark: its trainings, each done once, and their rows."""

    context: Context
    setting: Setting
    folder: Path
    target: str
    seed: int

    def direct(self, progress: ProgressCallback | None = None) -> Run:
        """Direct transfer, shared by the targets."""
        return self.setting.direct(self.folder / "direct", self.seed, progress)

    def system(self, system: System, progress: ProgressCallback | None = None) -> list[Run]:
        """The runs of a system."""
        own = {"method": system.method, **system.options.get(self.context.size, {})}
        folder = self.folder / f"{self.target}-{system.method}"
        return system.recipe(self.setting, own, folder, self.seed, self.direct(), progress)

    def direct_row(self) -> dict[str, Any]:
        """Direct transfer."""
        return self.row("direct", lambda progress: [self.direct(progress)])

    def oracle_row(self) -> dict[str, Any]:
        """The ceiling."""
        folder = self.folder / f"{self.target}-oracle"
        return self.row("oracle", lambda progress: [self.setting.oracle(folder, self.seed, self.direct(), progress)])

    def adapted_row(self) -> dict[str, Any]:
        """cluster-teacher from direct transfer."""
        folder = self.folder / f"{self.target}-cluster-teacher"
        return self.row(
            "cluster-teacher", lambda progress: [self.setting.adapted(folder, self.seed, self.direct(), progress)]
        )

    def system_row(self, system: System) -> dict[str, Any]:
        """The system alone."""
        return self.row(system.method, lambda progress: self.system(system, progress))

    def hybrid_row(self, system: System) -> dict[str, Any]:
        """cluster-teacher from the system's network."""
        name = f"{system.method}+cluster-teacher"

        def both(progress: ProgressCallback | None) -> list[Run]:
            runs = self.system(system)
            return [*runs, self.setting.adapted(self.folder / f"{self.target}-{name}", self.seed, runs[-1], progress)]

        return self.row(name, both)

    def row(self, name: str, obtain: Callable[[ProgressCallback | None], list[Run]]) -> dict[str, Any]:
        """Metrics of the last run; minutes of all runs beyond direct transfer, and the largest memory."""
        with self.context.display.stage(f"Seed {self.seed}, {self.target}: {name}") as progress:
            runs = obtain(progress)
            found = score(runs[-1], self.setting.target, progress, name=self.target)
        return {**found, "minutes": sum(map(minutes, runs)), "memory": max(map(peak_memory, runs))}


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of every benchmark's worlds."""
    described: dict[str, Any] = {}
    for arena in ARENAS:
        specs = bench_specs(arena.bench, context.size, context.display)
        roles = (arena.source, *arena.targets)
        described |= {f"{arena.bench}/{role}": read(specs[role]).fingerprint() for role in roles}
    return described


STUDY = Study(
    name="leaderboard",
    summary="Every system on every benchmark world: direct transfer, the system, the system + cluster-teacher, the oracle. "
    "Minutes are those of the trainings beyond direct transfer.",
    rows=rows,
    describe_data=describe_data,
    columns={**RANKING, "memory": "MB"},
)
