"""Studies thesis-table-1, thesis-losses, thesis-distance, thesis-figure-2: cut-joint from one source to three targets (Defonte).

The worlds are those of `bench-colour`, or `--data SOURCE --data TARGET ...`. The studies share their trainings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from reidapt.data import CropStore, read
from reidapt.errors import ConfigError
from reidapt.evaluation.distances import set_distance
from reidapt.evaluation.extractors import from_model, random_network
from reidapt.methods import Method
from reidapt.studies.demo import OPTIONS
from reidapt.studies.setting import minutes, run_method, score
from reidapt.studies.study import Context, Row, Study, shared_runs
from reidapt.studies.worlds import bench_specs, described
from reidapt.training import Run
from reidapt.training.checkpoint import load
from reidapt.training.run import write_json
from reidapt.training.samples import write_picture
from reidapt.translation.figures import grid

CUT: Mapping[str, Mapping[str, Any]] = {
    "tiny": {
        **OPTIONS["tiny"]["options"], "blocks": 4, "layers": [0, 2, 3, 4, 6], "patches": 64, "residual": True,
        "discriminator_width": 32, "persons_per_batch": 16, "pictures_per_person": 2, "triplet_weight": 1.0,
        "lr": 5e-4, "head_lr": 1e-3, "schedule": "linear", "epochs": 6,
    },
    "full": {"pictures_per_id": 20},
}  # fmt: skip
"""Options of cut-joint; full: the thesis'."""

WITHOUT = {"gan_weight": 0.0, "content_weight": 0.0, "similarity_weight": 0.0, "identity_weight": 0.0}
"""cut-joint without any translation: its encoder and head on the source alone."""

LOSSES: Mapping[str, Mapping[str, Any]] = {
    "neither": {"similarity_weight": 0.0},
    "similarity": {},
    "identity": {"similarity_weight": 0.0, "identity_weight": 0.5},
    "both": {"identity_weight": 0.5},
}
"""The ablation of §3.1: feature matching and identity mapping beside the contrast of patches."""

DIRECT, SAME_NETWORK = "direct (ResNet)", "direct (encoder + head)"


@dataclass(frozen=True)
class Seed:
    """The trainings of one seed; each is run once and found again."""

    context: Context
    seed: int

    @cached_property
    def specs(self) -> dict[str, str]:
        """Dataset specs: ``source``, then the targets by name."""
        return specs(self.context)

    @cached_property
    def folder(self) -> Path:
        """Where the trainings of this seed stand."""
        return shared_runs(self.context, "colour", *self.context.data) / f"seed-{self.seed}"

    @property
    def targets(self) -> list[str]:
        """Names of the targets."""
        return [role for role in self.specs if role != "source"]

    def train(self, name: str, method: str, **options: Any) -> Run:
        """A run of this seed, in a folder of its name."""
        with self.context.display.stage(f"Seed {self.seed}: {name}") as progress:
            out = str(self.folder / name.replace(" ", "-"))
            return run_method(method, progress, source=self.specs["source"], out=out, seed=self.seed, **options)

    def direct(self) -> Run:
        """source-only with the usual network."""
        options = OPTIONS[self.context.size]
        return self.train("direct", "source-only", **options["options"], **options["supervised"])

    def same_network(self) -> Run:
        """cut-joint without any translation: the same network, batches and steps, the source alone."""
        return self.train(
            "direct encoder", "cut-joint", target=self.specs[self.targets[0]], **{**CUT[self.context.size], **WITHOUT}
        )

    def adapted(self, target: str, name: str = "", **options: Any) -> Run:
        """cut-joint to a target."""
        name = f"{target} {name or 'cut-joint'}"
        return self.train(name, "cut-joint", target=self.specs[target], **{**CUT[self.context.size], **options})

    def ranked(self, train: Callable[[], Run], target: str) -> dict[str, Any]:
        """Train (or find) a run and rank a target with it."""
        run = train()
        return {**score(run, self.specs[target], name=target), "minutes": minutes(run)}

    def pictures(self, role: str) -> CropStore:
        """Training pictures of the source or a target, at the size of the networks."""
        return CropStore(read(self.specs[role]).select(split="train"), load(self.direct().folder).config.size)


def specs(context: Context) -> dict[str, str]:
    """The benchmark's worlds, or the datasets of ``--data``: the source first."""
    if not context.data:
        return bench_specs("bench-colour", context.size, context.display)
    if len(context.data) < 2:
        raise ConfigError(
            "--data was given once; this study needs a source and at least one target, e.g. --data gtasynthreid:DIR "
            "--data market1501:DIR."
        )
    names = [spec.split(":")[0] for spec in context.data[1:]]
    if len(set(names)) < len(names):
        names = [f"target-{number}" for number in range(1, len(names) + 1)]
    return {"source": context.data[0], **dict(zip(names, context.data[1:]))}


def seeds(context: Context) -> Iterator[Seed]:
    """Every seed."""
    for seed in context.seeds:
        yield Seed(context, seed)


def table_rows(context: Context) -> Iterator[Row]:
    """Table 1 for every target: both direct transfers, and the models adapted to each target."""
    for case in seeds(context):
        for name, train in ((DIRECT, case.direct), (SAME_NETWORK, case.same_network)):
            for target in case.targets:
                yield Row(name, target, case.seed, partial(case.ranked, train, target))
        for adapted in case.targets:
            for target in case.targets:
                train = partial(case.adapted, adapted)
                yield Row(f"cut-joint to {adapted}", target, case.seed, partial(case.ranked, train, target))


def loss_rows(context: Context) -> Iterator[Row]:
    """The four combinations of losses, adapted to the first target and ranked on all."""
    for case in seeds(context):
        for target in case.targets:
            yield Row(SAME_NETWORK, target, case.seed, partial(case.ranked, case.same_network, target))
        for name, options in LOSSES.items():
            train = partial(case.adapted, case.targets[0], name if options else "", **options)  # "": Table 1's own
            for target in case.targets:
                yield Row(name, target, case.seed, partial(case.ranked, train, target))


# -- what the translations look like ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Redrawn:
    """The pictures of a store as a method redraws them."""

    store: CropStore
    method: Method

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), px."""
        return self.store.size

    def __len__(self) -> int:
        return len(self.store)

    def images(self, indices: Any) -> Tensor:
        """uint8 (B, 3, H, W)."""
        return self.method.translate(self.store.images(indices))


def distance_rows(context: Context) -> Iterator[Row]:
    """Set distance from the source to every target, before and after the translation to it."""
    for case in seeds(context):
        for target in case.targets:
            yield Row("before", target, case.seed, partial(distances, case, target, False))
            yield Row("after", target, case.seed, partial(distances, case, target, True))


def distances(case: Seed, target: str, translated: bool) -> dict[str, Any]:
    """Fréchet and kernel distance to a target's training pictures, ×100 and ×10,000, by two named extractors."""
    source, there = case.pictures("source"), case.pictures(target)
    run = case.adapted(target)
    first = Redrawn(source, load(run.folder)) if translated else source
    extractors = {"random": random_network(), "direct": from_model(load(case.direct().folder), "direct's network")}
    found, said = {}, []
    for name, extractor in extractors.items():
        for measure, scale in (("frechet", 100), ("kernel", 10_000)):
            distance = set_distance(first, there, extractor, measure)  # type: ignore[arg-type]
            found[f"{measure}_{name}"] = scale * distance.value
            said.append(str(distance))
    when = "after" if translated else "before"
    write_json(case.folder / f"{target}-distances-{when}.json", said)
    return {**found, "minutes": minutes(run) if translated else 0.0}


def figure_rows(context: Context) -> Iterator[Row]:
    """A figure for every seed."""
    for case in seeds(context):
        yield Row("original and translation", "all targets", case.seed, partial(figure, case))


def figure(case: Seed, pairs: int = 8) -> dict[str, Any]:
    """A row for every target: source pictures, each beside its translation; at the end two pictures of the target."""
    source, sheet = case.pictures("source"), []
    persons = source.table.person
    _, first = np.unique(persons, return_index=True)
    for row, target in enumerate(case.targets):
        chosen = first[np.linspace(0, len(first) - 1, pairs * len(case.targets)).astype(int)][row :: len(case.targets)]
        there = case.pictures(target)
        x = source.images(chosen)
        drawn = load(case.adapted(target).folder).translate(x)
        real = there.images(np.linspace(0, len(there) - 1, 4).astype(int)[1:3])
        sheet.append([*[picture for pair in zip(x, drawn) for picture in pair], None, *real])
    case.context.out.mkdir(parents=True, exist_ok=True)
    write_picture(grid(sheet), case.context.out / f"figure-2-seed-{case.seed}.png")
    return {"pictures": pairs * len(case.targets), "minutes": 0.0}


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of the source and the targets."""
    return {role: described(spec) for role, spec in specs(context).items()}


MARKET = "Market-1501"

STUDY_LIST = (
    Study(
        name="thesis-table-1",
        summary="cut-joint, Table 1 of the thesis: direct transfer and the models adapted to each target, each on all targets.",
        rows=table_rows,
        describe_data=describe_data,
        baseline=SAME_NETWORK,
        published=[
            {"name": "direct (ResNet-50)", "target": MARKET, "rank1": 39.4, "mAP": 23.3},
            {"name": "adapted to Market-1501", "target": MARKET, "rank1": 61.2, "mAP": 42.6},
            {"name": "adapted to DukeMTMC-reID", "target": MARKET, "rank1": 59.5, "mAP": 40.7},
            {"name": "adapted to CUHK03", "target": MARKET, "rank1": 60.0, "mAP": 41.6},
        ],
    ),
    Study(
        name="thesis-losses",
        summary="cut-joint, the ablation of the thesis' §3.1: feature matching and identity mapping, adapted to the first target.",
        rows=loss_rows,
        describe_data=describe_data,
        baseline="neither",
    ),
    Study(
        name="thesis-distance",
        summary="cut-joint, §3.2 of the thesis: distance of the source's pictures to each target's before and after translation.",
        rows=distance_rows,
        describe_data=describe_data,
        columns={
            "frechet_random": "Fréchet ×100 ↓ (random network)",
            "kernel_random": "kernel ×10⁴ ↓ (random network)",
            "frechet_direct": "Fréchet ×100 ↓ (direct's network)",
            "kernel_direct": "kernel ×10⁴ ↓ (direct's network)",
            "fid": "FID (extractor unstated)",
        },
        compared=(),
        published=[
            {"name": name, "target": target, "fid": value}
            for target, values in (("first", (45.1, 24.3)), ("second", (50.4, 19.5)), ("third", (62.2, 31.5)))
            for name, value in zip(("before", "after"), values)
        ],
    ),
    Study(
        name="thesis-figure-2",
        summary="cut-joint, Figure 2 of the thesis: originals (left) and translations (right) to each target; last, the target.",
        rows=figure_rows,
        describe_data=describe_data,
        columns={"pictures": "translations"},
        compared=(),
    ),
)
