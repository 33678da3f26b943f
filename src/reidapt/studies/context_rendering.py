"""Studies context-table-1 and -2, context-figure-4 and -5: people rendered into the target's contexts (Chen et al. 2019).

All four share their trainings, which lie beside the studies' folders: per seed one network trained on the source, whose
judgement the generator learns from, and one run of every method that redraws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.data import CropStore, CropTable, class_labels, read
from reidapt.data.masks import masks_of
from reidapt.data.pairs import random_pairs
from reidapt.data.randomness import numpy_generator
from reidapt.errors import ConfigError
from reidapt.evaluation.distances import set_distance
from reidapt.evaluation.extractors import from_model, random_network
from reidapt.evaluation.perceptual import diversity, random_perceptual
from reidapt.methods.base import Contexts
from reidapt.studies.demo import OPTIONS
from reidapt.studies.setting import Setting, minutes, run_method, score
from reidapt.studies.study import Context, Row, Study, shared_runs
from reidapt.studies.worlds import bench_specs, described
from reidapt.training import Run, load
from reidapt.training.evaluate import Options
from reidapt.training.rendering import Surroundings, context_table
from reidapt.training.run import write_json
from reidapt.training.samples import write_picture
from reidapt.translation import measure_retention, translate_dataset
from reidapt.translation.figures import enlarged, grid

SMALL: Mapping[str, Any] = {"generator_width": 20, "discriminator_width": 20, "lr": 5e-4, "decay_epochs": 4}
REDRAWN: Mapping[str, Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "tiny": {
        "cut-and-paste (random)": ("cut-and-paste", {}),
        "cut-and-paste (mean)": ("cut-and-paste", {"background": "mean"}),
        "spgan": ("spgan", {**SMALL, "blocks": 3, "batch_size": 16, "epochs": 8}),
        "context-rendering": (
            "context-rendering",
            {**SMALL, "blocks": 3, "batch_size": 32, "epochs": 10, "prepare_epochs": 3},
        ),
    },
    "full": {
        "cut-and-paste (random)": ("cut-and-paste", {}),
        "cut-and-paste (mean)": ("cut-and-paste", {"background": "mean"}),
        "spgan": ("spgan", {}),
        "context-rendering": ("context-rendering", {}),
    },
}
"""Name of a row -> method and options; full: the sources' settings."""
SHARE = 0.5
"""Share of the source crops that are redrawn in training."""
STRIPS = {"tiny": 2, "full": 8}
"""Strips of LMP: as many as the network's maps have rows, or half of them."""
CONTEXTS = 8
"""Contexts a person is shown in: of the diversity and of the figures."""


@dataclass(frozen=True)
class Case:
    """One seed of one source and target: its trainings, each run once and found again afterwards."""

    setting: Setting
    target: str
    size: str
    seed: int
    folder: Path
    context: Context

    def place(self, name: str) -> Path:
        """Where something of this name stands that is made for the target."""
        return self.folder / f"{self.target} {name}".replace(" ", "-").replace("(", "").replace(")", "")

    def shared(self) -> dict[str, Any]:
        """Options of every method that redraws."""
        options = self.setting.options
        given = {key: options[key] for key in ("height", "width") if key in options}
        return {"source": self.setting.source, "target": self.setting.target, "seed": self.seed, **given}

    def direct(self) -> Run:
        """The network trained on the source alone."""
        with self.context.display.stage(f"Seed {self.seed}: direct") as progress:
            return self.setting.direct(self.folder / "direct", self.seed, progress)

    def redrawn(self, name: str) -> Run:
        """The run of a method that redraws."""
        method, options = REDRAWN[self.size][name]
        judge = {}
        if method == "context-rendering":
            network = self.setting.options
            judge = {key: network[key] for key in ("backbone", "weights", "last_stride") if key in network}
            judge["init"] = str(self.direct().folder)
        with self.context.display.stage(f"Seed {self.seed}: {name}") as progress:
            out = str(self.place(name))
            return run_method(method, progress, out=out, **self.shared(), **judge, **options)

    def trained(self, name: str) -> Run:
        """source-only on the source, a share of it redrawn on the fly."""
        if name == "direct":
            return self.direct()
        render = {"render": str(self.redrawn(name).folder), "render_share": SHARE}
        s = self.setting
        with self.context.display.stage(f"Seed {self.seed}: re-ID with {name}") as progress:
            out = str(self.place(f"{name} reid"))
            options = {**s.options, **s.supervised, **render}
            return run_method("source-only", progress, source=s.source, out=out, seed=self.seed, **options)

    def adapted(self, name: str) -> Run:
        """cluster-teacher, started from the network of a row and fed by its generator."""
        start, s = self.trained(name), self.setting
        options: dict[str, Any] = {**s.options, **s.adaptation, "source_weight": 1.0}
        if name != "direct":
            options |= {"render": str(self.redrawn(name).folder), "render_share": SHARE}
        with self.context.display.stage(f"Seed {self.seed}: {name} and cluster-teacher") as progress:
            return run_method(
                "cluster-teacher",
                progress,
                source=s.source,
                target=s.target,
                init=str(start.folder),
                out=str(self.place(f"{name} cluster-teacher")),
                seed=self.seed,
                **options,
            )


def cases(context: Context) -> Iterator[Case]:
    """One case a seed."""
    source, target, name = places(context)
    for seed in context.seeds:
        yield case_of(context, seed, source, target, name)


def case_of(context: Context, seed: int, source: str, target: str, name: str) -> Case:
    """The trainings of a seed for a target of this name."""
    folder = shared_runs(context, "colour", *context.data) / f"seed-{seed}"
    return Case(
        Setting(source=source, target=target, **OPTIONS[context.size]), name, context.size, seed, folder, context
    )


def places(context: Context) -> tuple[str, str, str]:
    """Source, target and the target's name: the benchmark's first target, or what ``--data`` gives."""
    if not context.data:
        specs = bench_specs("bench-colour", context.size, context.display)
        return specs["source"], specs["forecourt"], "forecourt"
    if len(context.data) != 2:
        raise ConfigError(
            f"--data was given {len(context.data)} time(s); this study needs two: first the source, then the target, e.g. "
            "--data market1501:DIR --data market1501:OTHER."
        )
    return context.data[0], context.data[1], context.data[1].split(":", 1)[-1].rstrip("/").rsplit("/", 1)[-1]


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of source and target."""
    source, target, _ = places(context)
    return {"source": described(source), "target": described(target)}


# -- Table 2: what the pictures are worth for re-identification -----------------------------------------------------------


def ranking_rows(context: Context) -> Iterator[Row]:
    """Direct transfer, every method that redraws, the better two also with LMP, both hybrids, and the oracle."""
    for case in cases(context):
        for name in ("direct", *REDRAWN[context.size]):
            yield Row(name, case.target, case.seed, partial(ranked, case, partial(case.trained, name)))
            if name in ("direct", "spgan", "context-rendering"):
                lmp = Options(strips=STRIPS[context.size])
                yield Row(
                    f"{name} + LMP", case.target, case.seed, partial(ranked, case, partial(case.trained, name), lmp)
                )
        for name in ("direct", "context-rendering"):
            run = partial(case.adapted, name)
            yield Row(f"{name} + cluster-teacher", case.target, case.seed, partial(ranked, case, run))
        yield Row("oracle", case.target, case.seed, partial(ranked, case, partial(oracle, case)))


def oracle(case: Case) -> Run:
    """Trained on the target's own labels, from the same start."""
    start = case.direct()
    with case.context.display.stage(f"Seed {case.seed}: oracle") as progress:
        return case.setting.oracle(case.place("oracle"), case.seed, start, progress)


def ranked(case: Case, train: Any, options: Options | None = None) -> dict[str, Any]:
    """Train (or find) a run and rank the target with it."""
    run = train()
    name = f"{case.target}-lmp" if options else case.target
    return {**score(run, case.setting.target, name=name, options=options), "minutes": minutes(run)}


# -- Table 1: what the pictures look like ----------------------------------------------------------------------------------


def quality_rows(context: Context) -> Iterator[Row]:
    """Source and target as they are, then every method that redraws."""
    for case in cases(context):
        yield Row("source and target as they are", case.target, case.seed, partial(as_they_are, case))
        for name in REDRAWN[context.size]:
            yield Row(name, case.target, case.seed, partial(quality, case, name))


def as_they_are(case: Case) -> dict[str, Any]:
    """The distance from source to target, and the mean distance of a source picture and a target picture."""
    source, target = (stores(case, role) for role in ("source", "target"))
    pairs = random_pairs(np.arange(min(256, len(source))), np.arange(len(target)), 1, seed=case.seed)
    alike = random_perceptual()(source.images(pairs[:, 0]), target.images(pairs[:, 1]))
    return {"diversity": 100 * float(alike.mean()), **distances(case, source, target), "minutes": 0.0}


def stores(case: Case, role: str) -> CropStore:
    """The training pictures of source or target at the size that everything is trained at."""
    table = read(getattr(case.setting, role)).select(split="train")
    return CropStore(table, load(case.direct().folder).config.size)


def distances(case: Case, first: CropStore, target: CropStore) -> dict[str, Any]:
    """Fréchet distance to the target's pictures by a random network, ×100, kernel distance by the direct network, ×10,000."""
    network = from_model(load(case.direct().folder), "direct transfer's network")
    found = set_distance(first, target, random_network(), "frechet"), set_distance(first, target, network, "kernel")
    write_json(case.place(f"distances {first.table.name}.json"), [str(distance) for distance in found])
    return {"frechet": 100 * found[0].value, "kernel": 10_000 * found[1].value}


def quality(case: Case, name: str, people: int = 64) -> dict[str, Any]:
    """Diversity over contexts, distances to the target, and identity retention of a method's pictures."""
    run = case.redrawn(name)
    method = load(run.folder)
    many, once = case.place(f"{name} {CONTEXTS} contexts"), case.place(f"{name} once")
    if not once.exists():
        translate_dataset(run.folder, case.setting.source, once, splits=("train",), seed=case.seed)
    value = 0.0  # a method without contexts gives one picture
    if "contexts" in getattr(method, "inputs", ()):
        if not many.exists():
            translate_dataset(
                run.folder, case.setting.source, many, splits=("train",), contexts=CONTEXTS, seed=case.seed
            )
        table = read(f"csv:{many / 'crops.csv'}")
        chosen = numpy_generator(case.seed, "diversity", 0).permutation(len(table) // CONTEXTS)[:people]
        groups = [list(range(CONTEXTS * crop, CONTEXTS * (crop + 1))) for crop in chosen.tolist()]
        value, _ = diversity(CropStore(table, method.config.size), groups, random_perceptual())
    spec = f"csv:{once / 'crops.csv'}"
    made = CropStore(read(spec), method.config.size)
    kept = measure_retention(case.direct().folder, spec).summary()
    near = distances(case, made, stores(case, "target"))
    return {"diversity": 100 * value, **near, "retention": kept["retention"], "minutes": minutes(run)}


# -- Figures 4 and 5 ----------------------------------------------------------------------------------------------------------


def drawn(case: Case, count: int) -> tuple[CropTable, CropStore, CropStore, np.ndarray]:
    """Source crops with masks, one of each of ``count`` persons, in random order: the table, stores and rows."""
    store = stores(case, "source")
    usable = masks_of(store).usable
    rows = numpy_generator(case.seed, "figure", 0).permutation(np.flatnonzero(usable))
    labels, _ = class_labels(store.table)
    _, first = np.unique(labels[rows], return_index=True)
    return store.table, store, stores(case, "target"), rows[np.sort(first)][:count]


def figure_4(case: Case) -> dict[str, Any]:
    """People in eight contexts each: the contexts, then a row per method, the person itself on the left."""
    _, store, _, people = drawn(case, 3)
    return figure(case, [(np.repeat(row, CONTEXTS), None) for row in people], store, "one-person-in-eight-contexts")


def figure_5(case: Case) -> dict[str, Any]:
    """Eight people in one context each time: the people, then a row per method, the context on the left."""
    _, store, _, people = drawn(case, 3 * CONTEXTS)
    return figure(
        case, [(part, number) for number, part in enumerate(np.split(people, 3))], store, "eight-people-in-one-context"
    )


def figure(case: Case, blocks: list[tuple[np.ndarray, int | None]], store: CropStore, name: str) -> dict[str, Any]:
    """Draw the blocks: eight source rows each, in eight contexts (None) or all in the same one."""
    methods = {row: load(case.redrawn(row).folder) for row in REDRAWN[case.size]}
    first = next(iter(methods.values()))
    around = Surroundings.of(context_table(first), first)
    picks = numpy_generator(case.seed, "figure contexts", 0).permutation(around.rows)
    masks = masks_of(store)
    sheet: list[list[Any]] = []
    for number, (rows, same) in enumerate(blocks):
        chosen = picks[CONTEXTS * number :][:CONTEXTS] if same is None else np.repeat(picks[same], CONTEXTS)
        contexts = around.contexts(chosen)
        given = {"contexts": Contexts(*contexts), "masks": masks.values[rows]}
        shown = contexts.images if same is None else store.images(rows)
        left = store.images(rows[:1]) if same is None else contexts.images[:1]
        sheet.append([enlarged(left[0]), *map(enlarged, shown)])
        for method in methods.values():
            wanted = {key: given[key] for key in getattr(method, "inputs", ())}
            sheet.append([None, *map(enlarged, method.translate(store.images(rows), **wanted))])
    case.context.out.mkdir(parents=True, exist_ok=True)
    write_picture(grid(sheet), case.context.out / f"{name}-seed-{case.seed}.png")
    return {"pictures": len(blocks) * CONTEXTS * len(methods), "minutes": 0.0}


def picture_rows(draw: Any, context: Context) -> Iterator[Row]:
    """One figure a seed; its rows are, from above, what stands in ``REDRAWN``."""
    for case in cases(context):
        yield Row(", ".join(REDRAWN[context.size]), case.target, case.seed, partial(draw, case))


def _published(name: str, target: str, **values: float) -> dict[str, Any]:
    return {"name": name, "target": target, **values}


STUDY_LIST = (
    Study(
        name="context-table-1",
        summary="context-rendering, Table 1 of the poster: diversity of the pictures and their distance to the target.",
        rows=quality_rows,
        describe_data=describe_data,
        columns={
            "diversity": "diversity ×100 ↑ (random network's perceptual distance)",
            "frechet": "Fréchet distance ×100 ↓ (random network)",
            "kernel": "kernel distance ×10⁴ ↓ (direct network)",
            "retention": "identity retained, % ↑",
        },
        compared=(),
        published=[
            _published("source and target (LPIPS, FID; unknown scale)", "Market→Duke", diversity=45.8, frechet=33.0),
            _published("SPGAN", "Market→Duke", diversity=9.9, frechet=17.1),
            _published("CR-GAN", "Market→Duke", diversity=28.1, frechet=5.8),
            _published("source and target", "Duke→Market", diversity=45.8, frechet=33.0),
            _published("SPGAN", "Duke→Market", diversity=9.9, frechet=11.5),
            _published("CR-GAN", "Duke→Market", diversity=26.9, frechet=9.6),
        ],
    ),
    Study(
        name="context-table-2",
        summary="context-rendering, Table 2 of the poster: re-identification with pictures rendered on the fly.",
        rows=ranking_rows,
        describe_data=describe_data,
        published=[
            _published("SPGAN + LMP", "Market→Duke", rank1=46.4, rank5=62.3, rank10=68.0, mAP=26.2),
            _published("CR-GAN + LMP", "Market→Duke", rank1=56.0, rank5=70.5, rank10=74.6, mAP=33.3),
            _published("SPGAN + TAUDL", "Market→Duke", rank1=66.1, rank5=80.0, rank10=83.2, mAP=47.2),
            _published("CR-GAN + TAUDL", "Market→Duke", rank1=68.9, rank5=80.2, rank10=84.7, mAP=48.6),
            _published("SPGAN + LMP", "Duke→Market", rank1=57.7, rank5=75.8, rank10=82.4, mAP=26.7),
            _published("CR-GAN + LMP", "Duke→Market", rank1=64.5, rank5=79.8, rank10=85.0, mAP=33.2),
            _published("SPGAN + TAUDL", "Duke→Market", rank1=66.5, rank5=81.8, rank10=86.6, mAP=38.5),
            _published("CR-GAN + TAUDL", "Duke→Market", rank1=77.7, rank5=89.7, rank10=92.7, mAP=54.0),
        ],
    ),
    *(
        Study(
            name=f"context-figure-{number}",
            summary=f"context-rendering, Figure {number} of the poster: {what}.",
            rows=partial(picture_rows, draw),
            describe_data=describe_data,
            columns={"pictures": "rendered pictures"},
            compared=(),
        )
        for number, draw, what in (
            (4, figure_4, "one person in eight contexts"),
            (5, figure_5, "eight people in one context"),
        )
    ),
)
