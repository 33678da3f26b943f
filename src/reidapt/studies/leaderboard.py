"""Study leaderboard: every system on every benchmark world, alone and followed by cluster-teacher, between direct and oracle.

A benchmark is a function that yields its `Entry`s. What another study trains is trained by that study's functions and found in
its folder, so that no training is done twice. Infrared, thermal and sketch worlds have no unlabelled target: there the floor
is the colour-only network in grey, `modality-adversarial` has labels of both modalities, `cluster-teacher` has none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from reidapt.methods.cut_joint import CutJointConfig
from reidapt.studies import context_rendering, infrared, thesis, video
from reidapt.studies.demo import OPTIONS
from reidapt.studies.report_tables import GAN, STATIC
from reidapt.studies.setting import Setting, minutes, peak_memory, run_method, score
from reidapt.studies.study import RANKING, Context, Row, Study, shared_runs
from reidapt.studies.worlds import bench_specs, described
from reidapt.training import Run
from reidapt.translation import translate_dataset
from reidapt.world.benchmarks import BENCHMARKS

TEACHER, RENDERING = "cluster-teacher", "context-rendering"
TWO_MODALITIES = "two modalities"
"""Title of the short table of infrared, thermal and sketch worlds."""

PAIRS: Mapping[str, Mapping[str, Any]] = {"tiny": {"pairs_per_crop": 3}, "full": {}}
"""Of background-gan, which here learns from all cameras, six times as many crops as in the report's tables. With its ten partners a crop
a training would take 18,000 steps; with these it takes 5,400, of the order of the report's tables (3,600)."""

LONGER = 4
"""How many times as long as `oracle` the row `CEILING` of bench-colour trains at size tiny. The oracle trains as long as direct
transfer does: a yardstick of equal effort, which still gains four points of rank-1 when it goes on."""
CEILING = f"oracle, {LONGER} times as long"


@dataclass(frozen=True)
class Entry:
    """One row for one target and seed.

    Attributes:
        name: of the row.
        runs: trains (or finds) what the row costs beyond direct transfer; the last run ranks.
        score: ranks the target with a run.
    """

    name: str
    runs: Callable[[], list[Run]]
    score: Callable[[Run], Mapping[str, Any]]

    def obtain(self) -> dict[str, Any]:
        """Metrics, minutes of all trainings together, and the largest memory of one, MB."""
        runs = self.runs()
        found = self.score(runs[-1])
        return {**found, "minutes": round(sum(map(minutes, runs)), 2), "memory": max(map(peak_memory, runs))}


# -- single pictures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Colour:
    """One target and seed of bench-colour."""

    context: Context
    seed: int
    target: str

    @property
    def case(self) -> context_rendering.Case:
        """Its trainings around context-rendering."""
        specs = bench_specs("bench-colour", self.context.size, self.context.display)
        return context_rendering.case_of(self.context, self.seed, specs["source"], specs[self.target], self.target)

    def entries(self) -> Iterator[Entry]:
        """Direct transfer and oracle, cluster-teacher, every system that redraws, and every hybrid.

        The baselines of context-rendering stand in context-table-2 and are left out here.
        """
        case = self.case
        systems: Mapping[str, Callable[[], list[Run]]] = {
            "background-gan": self.background_gan,
            "cut-joint": lambda: [thesis.Seed(self.context, self.seed).adapted(self.target)],
            RENDERING: self.context_rendering,
        }
        rows: dict[str, Callable[[], list[Run]]] = {
            "direct": lambda: [case.direct()],
            TEACHER: lambda: [self.taught(TEACHER, case.direct())],
        }
        for name, system in systems.items():
            rows |= {name: system, f"{name} + {TEACHER}": partial(self.hybrid, name, system)}
        rows["oracle"] = lambda: [context_rendering.oracle(case)]
        if self.context.size == "tiny":
            rows[CEILING] = lambda: [self.ceiling()]
        for name, runs in rows.items():
            yield Entry(name, runs, lambda run: score(run, case.setting.target, name=self.target))

    def taught(self, name: str, start: Run, **options: Any) -> Run:
        """cluster-teacher from a network, with the options of bench-colour where none are given."""
        case = self.case
        setting = replace(case.setting, options={**case.setting.options, **options})
        with self.context.display.stage(f"Seed {self.seed}, {self.target}: {name}") as progress:
            return setting.adapted(case.place(name), self.seed, start, progress)

    def ceiling(self) -> Run:
        """The oracle trained until it hardly gains more."""
        case = self.case
        longer = {**case.setting.supervised, "epochs": LONGER * case.setting.supervised["epochs"]}
        start = case.direct()
        with self.context.display.stage(f"Seed {self.seed}, {self.target}: {CEILING}") as progress:
            return replace(case.setting, supervised=longer).oracle(case.place(CEILING), self.seed, start, progress)

    def context_rendering(self) -> list[Run]:
        """The method that redraws on the fly, and re-ID fed by it."""
        return [self.case.redrawn(RENDERING), self.case.trained(RENDERING)]

    def background_gan(self) -> list[Run]:
        """Model 4 from source to target, and re-ID on the source and its redrawn crops."""
        case, options = self.case, {**GAN[self.context.size], **STATIC[self.context.size], **PAIRS[self.context.size]}
        data, crops = {"source": case.setting.source, "target": case.setting.target}, case.place("background-gan crops")
        with self.context.display.stage(f"Seed {self.seed}, {self.target}: background-gan") as progress:
            made = run_method(
                "background-gan",
                progress,
                **data,
                out=str(case.place("background-gan")),
                seed=self.seed,
                model=4,
                **options,
            )
            if not crops.exists():
                translate_dataset(made.folder, case.setting.source, crops, splits=("train",), seed=self.seed)
            shared = {**case.setting.options, **case.setting.supervised, "extend": f"csv:{crops / 'crops.csv'}"}
            out = str(case.place("background-gan reid"))
            return [made, run_method("source-only", progress, source=data["source"], out=out, seed=self.seed, **shared)]

    def hybrid(self, name: str, system: Callable[[], list[Run]]) -> list[Run]:
        """cluster-teacher from the system's network; fed by its generator where that draws on the fly."""
        runs = system()
        if name == RENDERING:
            return [*runs, self.case.adapted(name)]
        options = {}
        if name == "cut-joint":
            options["backbone"] = CutJointConfig(**thesis.CUT[self.context.size]).whole_backbone
        return [*runs, self.taught(f"{name} {TEACHER}", runs[-1], **options)]


def colour(context: Context, seed: int) -> Iterator[tuple[str, Iterator[Entry]]]:
    """The targets of bench-colour."""
    for target in bench_specs("bench-colour", context.size, context.display):
        if target != "source":
            yield f"bench-colour {target}", Colour(context, seed, target).entries()


# -- tracklets -----------------------------------------------------------------------------------------------------------------


def tracklets(context: Context, seed: int) -> Iterator[tuple[str, Iterator[Entry]]]:
    """The targets of bench-video whose people keep their clothes."""
    specs = bench_specs("bench-video", context.size, context.display)
    for target in specs:
        if target not in ("source", "clothes"):
            yield (
                f"bench-video {target}",
                video_entries(context, seed, ("source", specs["source"]), (target, specs[target])),
            )


def video_entries(context: Context, seed: int, source: tuple[str, str], target: tuple[str, str]) -> Iterator[Entry]:
    """Direct transfer and oracle, cluster-teacher on tracklets, video-mean-teacher, and both."""
    own = video.SIZES[context.size]["options"]
    options = {**OPTIONS[context.size]["options"], **{k: own[k] for k in ("k1", "k2", "min_samples") if k in own}}
    setting = Setting(source[1], target[1], options, {}, OPTIONS[context.size]["adaptation"])

    def system(name: str) -> Run:
        return video.train(context, seed, name, source, target, video.VARIANTS[name])

    def taught(name: str, start: str) -> Run:
        place = shared_runs(context, "video") / f"seed-{seed}" / f"{source[0]}-to-{target[0]}-{name}"
        begun = system(start)
        with context.display.stage(f"Seed {seed}, {target[0]}: {name}") as progress:
            with_tracklets = replace(setting, options={**options, "tracklets": True})
            return with_tracklets.adapted(place, seed, begun, progress)

    rows: dict[str, Callable[[], list[Run]]] = {
        "direct": lambda: [system("direct")],
        TEACHER: lambda: [taught(TEACHER, "direct")],
        "video-mean-teacher": lambda: [system("all")],
        f"video-mean-teacher + {TEACHER}": lambda: [system("all"), taught(f"all-{TEACHER}", "all")],
        "oracle": lambda: [system("oracle")],
    }
    for name, runs in rows.items():
        # a network for pictures, too, ranks tracklets
        yield Entry(name, runs, lambda run: video.measure(run, target, protocol="video"))


# -- two modalities -------------------------------------------------------------------------------------------------------------


def modalities(kind: str, context: Context, seed: int) -> Iterator[tuple[str, Iterator[Entry]]]:
    """bench-infrared, bench-thermal or bench-sketch."""
    for target in infrared.targets(context, kind):
        yield infrared.BENCHES[target.name], modality_entries(context, seed, target)


def modality_entries(context: Context, seed: int, target: infrared.Target) -> Iterator[Entry]:
    """The colour-only network in grey; cluster-teacher without labels of either modality; modality-adversarial with both."""

    def floor() -> list[Run]:
        return infrared.colour_only(target, seed, context)

    def system() -> list[Run]:
        options = infrared.options_of(infrared.STRONG, target, context)
        return infrared.networks(infrared.STRONG, target, seed, context, **options)

    def taught(name: str, start: Run) -> list[Run]:
        place: Path = shared_runs(context, "modality", target.spec) / name / f"seed-{seed}"
        options: dict[str, Any] = {"grey": 1.0}  # as the network that it starts from
        adaptation = OPTIONS[context.size]["adaptation"]
        if context.size == "tiny":
            options |= {k: v for k, v in infrared.TINY.items() if k != "lr"}
            adaptation = {**adaptation, "epochs": infrared.epochs(target, TEACHER)}
        else:
            options |= {key: infrared.PAPER[key] for key in ("height", "width")}
        setting = Setting(target.spec, target.spec, options, {}, adaptation)
        with context.display.stage(f"{target.name}, seed {seed}: {name}") as progress:
            return [replace(setting, source="").adapted(place, seed, start, progress)]

    rows: dict[str, Callable[[], list[Run]]] = {
        infrared.GREY: floor,
        TEACHER: lambda: taught(TEACHER, floor()[-1]),
        infrared.METHOD: system,
    }
    for name, runs in rows.items():
        yield Entry(name, runs, lambda run: infrared.scored([run], target))


BENCHES: Mapping[str, Callable[[Context, int], Iterator[tuple[str, Iterator[Entry]]]]] = {
    "bench-colour": colour,
    "bench-video": tracklets,
    **{bench: partial(modalities, kind) for kind, bench in infrared.BENCHES.items()},
}
"""What yields every target of a benchmark with its entries."""


def wanted(context: Context) -> list[str]:
    """The benchmarks with a target that is asked for; the worlds of others are not rendered."""
    roles = {bench: [f"{bench} {role}" for role in BENCHMARKS[bench].sizes[context.size]] for bench in BENCHES}
    return [bench for bench, titles in roles.items() if any(context.only in title for title in titles)]


def rows(context: Context) -> Iterator[Row]:
    """Every entry of every benchmark, target and seed."""
    for bench in wanted(context):
        for seed in context.seeds:
            for title, entries in BENCHES[bench](context, seed):
                for entry in entries:
                    yield Row(entry.name, title, seed, entry.obtain)


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of the benchmarks' worlds."""
    data: dict[str, Any] = {}
    for bench in wanted(context):
        specs = bench_specs(bench, context.size, context.display)
        data |= {f"{bench}/{role}": described(spec) for role, spec in specs.items()}
    return data


STUDY = Study(
    name="leaderboard",
    summary="Every system on every benchmark world: direct transfer, the system, the system + cluster-teacher, the oracle. "
    "In the short tables rank-1 / mAP and in brackets the share of the gap from direct transfer to the oracle. Minutes are "
    "those of the trainings beyond direct transfer, MB the largest memory of one.",
    rows=rows,
    describe_data=describe_data,
    columns={**RANKING, "memory": "MB"},
    overview=lambda target: target.split()[0] if " " in target else TWO_MODALITIES,
)
