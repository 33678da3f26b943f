"""Studies infrared-table-1 … 3 and infrared-figure-3, -5 (Mohammadi Meshky, Iodice, Mikolajczyk).

Every row trains one network and ranks infrared, thermal or sketch probes against colour galleries, over ten galleries or
splits. Beside the paper's rows stand the shipped default and, as a floor, a colour-only network that matches pictures in
grey. The trainings of all five studies lie in one folder beside theirs, so a row that two tables share is trained once.

Data are the worlds bench-infrared, bench-thermal and bench-sketch, or what `--data` names: `sysu-mm01:DIR`, `regdb:DIR`,
`pku-sketch:DIR`, `llcm:DIR`; colour data among them, as `market1501:DIR`, join training as pseudo-infrared (§4.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from reidapt.data import CropTable, read
from reidapt.data.spec import parse
from reidapt.errors import ConfigError
from reidapt.evaluation.correlation import Correlation, plot_correlation
from reidapt.evaluation.figures import plot_sweep
from reidapt.evaluation.protocols import protocol
from reidapt.methods.modality_adversarial import PAPER
from reidapt.studies.setting import METRICS, minutes, run_method
from reidapt.studies.study import Context, Row, Study, read_rows, shared_runs
from reidapt.studies.worlds import bench_specs, described
from reidapt.training import Run, evaluate_run, load
from reidapt.training.evaluate import Options
from reidapt.training.explain import level_correlation
from reidapt.training.trials import with_trial

METHOD, GREY = "modality-adversarial", "colour only, in grey"

TINY: Mapping[str, Any] = {
    "backbone": "resnet10t", "weights": "random", "height": 64, "width": 32, "lr": 7e-4, "warmup_epochs": 0.5,
}  # fmt: skip
"""What two CPU cores can do, the same for every row."""

START: Mapping[str, Any] = {"lr": 1e-3, "persons_per_batch": 16}
"""At size tiny of the networks with one stream."""

IN_COLOUR, IN_GREY = "start in colour", "start in grey"

LENGTH = {
    IN_COLOUR: 96_000, IN_GREY: 160_000, GREY: 96_000, "cluster-teacher": 96_000, "infrared": 288_000, "other": 160_000,
}  # fmt: skip
"""Length of a training at size tiny, epochs × training pictures: of the starts, of the colour-only network and of the leaderboard's
cluster-teacher that starts from it, of a row from the start on. Where a person has fewer pictures in one modality these are shown more
often in an epoch, in all a third more of near infrared and drawings."""


TINY_ONLY: Mapping[str, Any] = {"optimiser": "adam", "backbone_lr": 1.0, "neck": True}
"""Without pretrained weights, for which the paper's rates are meant, all rows train with Adam at one rate and with a BNNeck:
without it the batch-hard triplet loss draws all features into one point before anything is learnt."""

TINY_ADVERSARIAL: Mapping[str, Any] = {"alternate": "steps", "classifier_lr": 10.0}
"""Of the rows with an adversarial loss. In alternating epochs the features ran to the far side of the classifiers within one epoch, after
which these were never wrong again and the loss had no gradient. The classifiers learn ten times as fast as the backbone, as in the paper:
when both learnt alike the paper's weight of 1 cost recognition."""

BASELINE, OURS, STRONG = "baseline", "adversarial loss shallow + weighting", "strong default"

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    BASELINE: {**PAPER, "levels": []},
    "vanilla adversarial loss": {**PAPER, "levels": [4, 5], "weighting": False},
    "adversarial loss shallow": {**PAPER, "weighting": False},
    OURS: PAPER,
    STRONG: {},
}
"""Options of modality-adversarial for the rows of Table 2, and the shipped default."""

BENCHES = {"infrared": "bench-infrared", "thermal": "bench-thermal", "sketch": "bench-sketch"}

COLUMNS = {"rank1": "rank-1", "rank10": "rank-10", "mAP": "mAP", "mINP": "mINP", "draws": "rank-1, std over galleries"}
LEVELS = ("g1", "g2", "g3", "g4", "f")

PARTS = {"tiny": (1, 2, 3, 4), "full": (1, 2, 3, 4, 5, 6, 7, 8, 9)}
"""n of Fig. 5; the last map of a tiny picture has four rows."""


@dataclass(frozen=True)
class Target:
    """One dataset of a study.

    Attributes:
        name: for the table.
        spec: what is trained on and tested.
        extra: colour data that join training, or "".
    """

    name: str
    spec: str
    extra: str = ""

    @property
    def table(self) -> CropTable:
        """Its rows, of the first trial where there are several."""
        return read(self.spec)

    @property
    def specs(self) -> list[str]:
        """What is trained on, one run each: the spec, or that of every trial of a dataset with published ones."""
        entry = parse(self.spec)[0].dataset
        if entry is None or "trial" not in entry.options or "trial=" in self.spec:
            return [self.spec]
        return [with_trial(self.spec, str(number)) for number in entry.options["trial"].values]

    @property
    def modality(self) -> str:
        """The one beside colour: ``infrared``, ``thermal`` or ``sketch``."""
        return str(next(kind for kind in np.unique(self.table.column("modality")) if kind != "colour"))

    @property
    def protocol(self) -> str:
        """The dataset's own; for a world's thermal camera ten drawn galleries, as RegDB's rule would have no spread."""
        chosen = protocol("auto", self.spec, self.table).name
        return "cross-modal" if chosen == "regdb" and parse(self.spec)[0].dataset is None else chosen


def targets(context: Context, *kinds: str) -> list[Target]:
    """The worlds of these kinds, or the datasets given by ``--data``."""
    if not context.data:
        return [Target(k, bench_specs(BENCHES[k], context.size, context.display)["world"]) for k in kinds]
    modalities = {spec: set(read(spec).column("modality").tolist()) for spec in context.data}
    extra = [spec for spec, found in modalities.items() if found == {"colour"}]
    tested = [spec for spec, found in modalities.items() if found != {"colour"}]
    if len(extra) > 1 or not tested:
        raise ConfigError(
            f"--data names {len(tested)} dataset(s) of two modalities and {len(extra)} of colour alone; this study needs one or "
            "more of the first, e.g. --data sysu-mm01:DIR, and at most one of the second, which joins training."
        )
    return [Target(spec.partition(":")[0], spec, *extra) for spec in tested]


def chosen(context: Context, *kinds: str) -> list[Target]:
    """Those of `targets` that the study is asked for; the worlds of others are not rendered."""
    wanted = kinds if context.data else [kind for kind in kinds if context.only in kind]
    return [target for target in targets(context, *wanted) if context.only in target.name]


def options_of(variant: str, target: Target, context: Context) -> dict[str, Any]:
    """Options of modality-adversarial for a row."""
    if context.size != "tiny":
        return dict(VARIANTS[variant])
    adversarial = TINY_ADVERSARIAL if VARIANTS[variant].get("levels") else {}
    what = target.modality if target.modality in LENGTH else "other"
    return {**VARIANTS[variant], **TINY, **TINY_ONLY, **adversarial, "epochs": epochs(target, what)}


def epochs(target: Target, what: str) -> int:
    """Epochs of a training of size tiny, as long as `LENGTH` says."""
    rows = target.table.select(split="train")
    seen = rows.select(modality="colour") if what in (IN_COLOUR, GREY) else rows
    return max(1, round(LENGTH[what] / len(seen)))


def colour_only(target: Target, seed: int, context: Context) -> list[Run]:
    """The floor: networks that have seen colour cameras alone, in grey."""
    if context.size == "tiny":
        options = {**TINY, **START, "epochs": epochs(target, GREY)}
    else:
        options = {**{key: PAPER[key] for key in ("height", "width")}, "persons_per_batch": 16}
    options |= {"pictures_per_person": 4, "grey": 1.0, "cameras": colour_cameras(target)}
    return trained(GREY, target, seed, context, "source-only", **options)


def beginnings(target: Target, context: Context) -> list[Run]:
    """At size tiny, without ImageNet weights, what the rows of two streams start from; as these, the same for all seeds.

    For infrared it is one stream for the colour cameras. Drawings and heat have so little in common with colour that in a short
    training nothing comes of that: there the one stream sees pictures of both modalities in grey.
    """
    if context.size != "tiny":
        return []
    if target.modality == "infrared":
        name, options = IN_COLOUR, {"pictures_per_person": 4, "cameras": colour_cameras(target)}
    else:
        name, options = IN_GREY, {"pictures_per_person": 8, "grey": 1.0}
    return trained(
        name, target, 0, context, "source-only", **{**TINY, **START, **options, "epochs": epochs(target, name)}
    )


def networks(name: str, target: Target, seed: int, context: Context, **options: Any) -> list[Run]:
    """The runs of modality-adversarial of a row: at size tiny from `beginnings`, else from ImageNet."""
    starts = beginnings(target, context)
    more = {"extra": target.extra} if target.extra else {}
    return trained(name, target, seed, context, METHOD, starts, **options, **more)


def trained(
    name: str, target: Target, seed: int, context: Context, method: str, starts: Sequence[Run] = (), **options: Any
) -> list[Run]:
    """The runs of a row, one for each trial of the dataset; finished ones are found again.

    Args:
        starts: the runs that these start from, one for each trial; empty for the backbone's own weights.
    """
    runs = []
    for number, spec in enumerate(target.specs, 1):
        place = shared_runs(context, "modality", target.spec) / name.replace(" ", "-").replace(",", "")
        place = place / (f"seed-{seed}" if len(target.specs) == 1 else f"seed-{seed}-trial-{number}")
        with context.display.stage(f"{target.name}, seed {seed}: {name}") as progress:
            start = {"init": str(starts[number - 1].folder)} if starts else {}
            runs.append(run_method(method, progress, source=spec, out=str(place), seed=seed, **start, **options))
    return runs


def scored(runs: Sequence[Run], target: Target) -> dict[str, Any]:
    """Means over the trials, and the standard deviation of their rank-1 as ``draws``."""
    folders = [run.folder for run in runs]
    result, _ = evaluate_run(folders, target.spec, name="study", options=Options(target.protocol))
    summary = result.summary()
    spread = (summary.get("std") or {}).get("rank1")
    found = {metric: summary[metric] for metric in METRICS} | ({} if spread is None else {"draws": spread})
    return {**found, "minutes": round(sum(map(minutes, runs)), 2)}


def obtain(variant: str, target: Target, seed: int, context: Context) -> dict[str, Any]:
    """Train and rank one row of a table."""
    if variant == GREY:
        return scored(colour_only(target, seed, context), target)
    return scored(networks(variant, target, seed, context, **options_of(variant, target, context)), target)


def colour_cameras(target: Target) -> list[int]:
    """Cameras of the colour pictures."""
    table = target.table
    return [int(camera) for camera in np.unique(table.camera[table.column("modality") == "colour"])]


def table_rows(kinds: Sequence[str], variants: Sequence[str]) -> Callable[[Context], Iterator[Row]]:
    """Every variant on every target for every seed."""

    def rows(context: Context) -> Iterator[Row]:
        for seed in context.seeds:
            for target in chosen(context, *kinds):
                for variant in variants:
                    yield Row(variant, target.name, seed, partial(obtain, variant, target, seed, context))

    return rows


# -- figures ---------------------------------------------------------------------------------------------------------


def correlation_rows(context: Context) -> Iterator[Row]:
    """Fig. 3: correlation per level, of the baseline and of the adversarial network, for same and different persons."""
    for seed in context.seeds:
        for target in chosen(context, "infrared"):
            for variant in (BASELINE, OURS):
                for kind in ("same person", "different persons"):
                    name = f"{variant}: {kind}"
                    yield Row(name, target.name, seed, partial(correlation, variant, kind, target, seed, context))


def correlation(variant: str, kind: str, target: Target, seed: int, context: Context) -> dict[str, Any]:
    """Correlations in percent, level by level; draws the figure of this seed from the rows so far."""
    runs = networks(variant, target, seed, context, **options_of(variant, target, context))
    first = read(target.specs[0])
    levels = level_correlation(load(runs[0].folder), first.select(split=["query", "gallery"]))
    if kind == "different persons":
        done = read_rows(context.out / "rows.jsonl")
        drawn = {variant: levels}
        if variant == OURS and (row := done.get((f"{BASELINE}: same person", target.name, seed))):
            strangers = done[f"{BASELINE}: different persons", target.name, seed]
            before = {level: Correlation(row[level] / 100, strangers[level] / 100, 0) for level in LEVELS}
            drawn = {BASELINE: before, **drawn}
        plot_correlation(drawn, context.out / f"{target.name}-seed-{seed}.png")
    values = {level: 100 * (c.same if kind == "same person" else c.other) for level, c in levels.items()}
    return {**values, "minutes": minutes(runs[0])}


def sweep_rows(context: Context) -> Iterator[Row]:
    """Fig. 5: the baseline with n parts, without random erasing and without extra data."""
    for seed in context.seeds:
        for target in chosen(context, "infrared"):
            for parts in PARTS[context.size]:
                yield Row(part_name(parts), target.name, seed, partial(sweep, parts, target, seed, context))


def sweep(parts: int, target: Target, seed: int, context: Context) -> dict[str, Any]:
    """One part count; redraws the figure from the rows so far."""
    options = {**options_of(BASELINE, target, context), "erase": 0.0, "parts": parts}
    found = scored(networks(part_name(parts), replace(target, extra=""), seed, context, **options), target)
    done = [*read_rows(context.out / "rows.jsonl").values(), {"name": part_name(parts), "target": target.name, **found}]
    curve = {
        n: [row["rank1"] for row in done if (row["name"], row["target"]) == (part_name(n), target.name)]
        for n in PARTS[context.size]
    }
    points = {n: values for n, values in curve.items() if values}
    plot_sweep({target.name: points}, "horizontal stripes n", "rank-1 [%]", context.out / f"{target.name}.png")
    return found


def part_name(parts: int) -> str:
    """Such as ``3 parts``."""
    return f"{parts} part{'s' if parts > 1 else ''}"


def describe(*kinds: str) -> Callable[[Context], dict[str, Any]]:
    """Fingerprints of the targets."""

    def data(context: Context) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for target in chosen(context, *kinds):
            found[target.name] = {"spec": target.spec, "protocol": target.protocol, **described(target.spec)}
            if target.extra:
                found["extra"] = {"spec": target.extra, **described(target.extra)}
        return found

    return data


def paper(
    name: str, target: str, rank1: float, mAP: float | None = None, rank10: float | None = None
) -> dict[str, Any]:
    """A published row, in percent."""
    values = {"rank1": rank1, "rank10": rank10, "mAP": mAP}
    return {"name": name, "target": target, **{key: value for key, value in values.items() if value is not None}}


STUDY_LIST = (
    Study(
        name="infrared-table-1",
        summary="Infrared and thermal probes against colour galleries: baseline, adversarial network, shipped default.",
        rows=table_rows(("infrared", "thermal"), (BASELINE, OURS, STRONG, GREY)),
        describe_data=describe("infrared", "thermal"),
        columns=COLUMNS,
        baseline=BASELINE,
        published=(
            paper("Zero-Padding", "SYSU-MM01", 14.8, 16.0, 54.1),
            paper("BCTR", "SYSU-MM01", 16.1, 19.2, 54.9),
            paper("cmGAN", "SYSU-MM01", 27.0, 27.8, 67.5),
            paper("D2RL", "SYSU-MM01", 28.9, 29.2, 70.6),
            paper("EDFL", "SYSU-MM01", 37.0, 40.8, 84.5),
            paper("LZM", "SYSU-MM01", 48.9, 50.0, 90.7),
            paper(BASELINE, "SYSU-MM01", 51.5, 50.4, 89.3),
            paper(OURS, "SYSU-MM01", 55.2, 53.2, 90.9),
            paper("Zero-Padding", "RegDB", 17.8, 18.9, 34.2),
            paper("BCTR", "RegDB", 32.7, 31.0, 57.6),
            paper("D2RL", "RegDB", 43.4, 44.1, 66.1),
            paper("EDFL", "RegDB", 52.6, 53.0, 72.1),
            paper(BASELINE, "RegDB", 58.8, 56.5, 79.7),
            paper(OURS, "RegDB", 61.6, 59.0, 82.7),
        ),
    ),
    Study(
        name="infrared-table-2",
        summary="Ablation of the weighted adversarial loss on infrared, thermal and sketch probes.",
        rows=table_rows(("infrared", "thermal", "sketch"), [name for name in VARIANTS if name != STRONG]),
        describe_data=describe("infrared", "thermal", "sketch"),
        columns=COLUMNS,
        baseline=BASELINE,
        published=(
            paper(BASELINE, "SYSU-MM01", 51.5, 50.4),
            paper("vanilla adversarial loss", "SYSU-MM01", 48.8, 48.8),
            paper("adversarial loss shallow", "SYSU-MM01", 51.9, 51.3),
            paper(OURS, "SYSU-MM01", 55.2, 53.2),
        ),
    ),
    Study(
        name="infrared-table-3",
        summary="Sketches against colour galleries: baseline, adversarial network, shipped default.",
        rows=table_rows(("sketch",), (BASELINE, OURS, STRONG, GREY)),
        describe_data=describe("sketch"),
        columns=COLUMNS,
        baseline=BASELINE,
        published=(
            paper("HOG+LBP+rankSVM", "PKU-Sketch", 5.1, rank10=28.3),
            paper("GN Siamese", "PKU-Sketch", 28.9, rank10=62.4),
            paper("AFL", "PKU-Sketch", 34.0, rank10=72.5),
            paper(BASELINE, "PKU-Sketch", 56.7, rank10=87.3),
            paper(OURS, "PKU-Sketch", 62.2, rank10=91.4),
        ),
    ),
    Study(
        name="infrared-figure-3",
        summary="Correlation of features across modalities, level by level, in percent (the paper: it falls with depth).",
        rows=correlation_rows,
        describe_data=describe("infrared"),
        columns={level: level for level in LEVELS},
        compared=(),
    ),
    Study(
        name="infrared-figure-5",
        summary="Rank-1 over the number of stripes, without erasing (the paper: nine are best, close to 20 above one).",
        rows=sweep_rows,
        describe_data=describe("infrared"),
        columns=COLUMNS,
        baseline=part_name(1),
    ),
)
