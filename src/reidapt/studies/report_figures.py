"""Studies of background-gan's crops themselves: Table 2, Figures 17, 18 and 21 of Kolbeinsson 2019, and the split's remedies.

Crops of persons that no network has seen are redrawn from one camera for another and judged: does a re-ID network still
find their person, does a camera classifier take them for the target camera, does the person fill the asked silhouette,
does the background split beside the person?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.data import CropStore, CropTable, read
from reidapt.data.pairs import MARKET_SIZES, pair_sizes
from reidapt.studies.report_tables import (
    EVERY,
    GAN,
    REID,
    STATIC,
    Drawn,
    Model,
    dataset,
    describe_data,
    drawn,
    runs_folder,
)
from reidapt.studies.setting import run_method
from reidapt.studies.study import Context, Row, Study
from reidapt.translation import translate_dataset
from reidapt.translation.figures import example_figure, neighbour_figure, pose_figure
from reidapt.translation.judges import (
    background_split,
    cameras_seen,
    overlap,
    silhouettes,
    train_camera_judge,
    train_silhouette_judge,
)
from reidapt.translation.retention import Retention, measure_retention

JUDGED_PAIRS: tuple[Drawn, ...] = (
    *(Drawn(5, 6, model) for model in (1, 2, 3, 4, "variable")),
    Drawn(6, 3, 4),
    Drawn(3, 2, 4),
)
"""What the tables draw: every model of Table 7, and model 4 of Tables 11 and 12."""
REMEDIES: Mapping[str, Mapping[str, Any]] = {
    "no remedy": {"soften": 0.0, "band_weight": 0.0},
    "GAN weight 5": {"soften": 0.0, "band_weight": 0.0, "gan_weight": 5.0},
    "soft masks": {"soften": 8.0, "band_weight": 0.0},
    "band term": {"soften": 0.0, "band_weight": 60.0},
    "band term, soft masks": {"soften": 2.0, "band_weight": 60.0},
}
JUDGED = {
    "rank1_originals": "rank-1 originals",
    "rank1_generated": "rank-1 generated",
    "retention": "retention %",
    "camera": "taken for the target camera %",
    "camera_real": "real ones %",
}


def unseen_crops(context: Context, what: Drawn, seed: int, **changed: Any) -> tuple[Path, CropTable]:
    """The run of a model and what it makes of the source camera's test persons."""
    spec, folder = dataset(context), runs_folder(context, seed)
    run, crops = drawn(what, spec, seed, folder, context, **changed)
    unseen = crops.with_name("test-crops")
    if not unseen.exists():
        translate_dataset(run, spec, unseen, splits=("query", "gallery"), seed=seed)
    return run, read(f"csv:{unseen / 'crops.csv'}")


@cache
def camera_judge(spec: str, size: tuple[int, int], seed: int) -> tuple[Any, np.ndarray, float]:
    """The judge of cameras, and its accuracy on real test crops."""
    table = read(spec)
    network, cameras = train_camera_judge(CropStore(table.require(split="train"), size), seed=seed)
    unseen = table.select(split=["query", "gallery"])
    return network, cameras, float((cameras_seen(network, cameras, CropStore(unseen, size)) == unseen.camera).mean())


def retention(context: Context, what: Drawn, seed: int, **changed: Any) -> tuple[Retention, dict[str, float]]:
    """Identity retention of redrawn test persons, and the share that is taken for the target camera."""
    spec, options = dataset(context), REID[context.size]
    run, table = unseen_crops(context, what, seed, **changed)
    with context.display.stage(f"Seed {seed}: judging {run.parent.name}") as progress:
        out = str(runs_folder(context, seed) / "all-cameras")
        real = run_method(
            "source-only", progress, source=spec, cameras=list(EVERY.cameras), out=out, seed=seed, **options
        )
        found = measure_retention(real.folder, f"csv:{table.root / 'crops.csv'}")
        size = (int(options.get("height", 256)), int(options.get("width", 128)))
        network, cameras, accuracy = camera_judge(spec, size, seed)
        seen = cameras_seen(network, cameras, CropStore(table, size))
    values = {key: value for key, value in found.summary().items() if key in JUDGED}
    return found, {**values, "camera": 100 * float((seen == what.target).mean()), "camera_real": 100 * accuracy}


def figure_17(context: Context) -> Iterator[Row]:
    """Worst and best translations of everything that the tables draw."""
    return judged_rows(context, example_figure)


def figure_18(context: Context) -> Iterator[Row]:
    """Nearest real crops of the same."""
    return judged_rows(context, neighbour_figure)


def judged_rows(context: Context, draw: Callable[[Retention, Path], Path]) -> Iterator[Row]:
    """A row and a picture a model; pictures of the first seed."""

    def obtain(what: Drawn, seed: int) -> dict[str, float]:
        found, values = retention(context, what, seed)
        if seed == context.seeds[0]:
            draw(found, context.out / f"c{what.source}-to-c{what.target}-model-{what.model}.png")
        return values

    for seed in context.seeds:
        for what in JUDGED_PAIRS:
            yield Row(f"model {what.model}", f"c{what.source} to c{what.target}", seed, partial(obtain, what, seed))


def figure_21(context: Context) -> Iterator[Row]:
    """Overlap of the person with the asked silhouette, and a grid of people in poses, for the models that take poses."""

    def obtain(model: Model, seed: int) -> dict[str, float]:
        run, table = unseen_crops(context, Drawn(5, 6, model), seed)
        spec = dataset(context)
        if seed == context.seeds[0]:
            pose_figure(run, spec, context.out / f"model-{model}.png", seed=seed)
        with context.display.stage(f"Seed {seed}: silhouettes of model {model}"):
            options = REID[context.size]
            size = (int(options.get("height", 256)), int(options.get("width", 128)))
            real = read(spec).require(camera=6)
            judge = train_silhouette_judge(CropStore(real.require(split="train"), size), seed=seed)
            values = {}
            for name, part in (("iou", table), ("iou_real", real.select(split=["query", "gallery"]))):
                store = CropStore(part.take(np.flatnonzero(part.column("mask") != "")), size)
                rows = np.arange(len(store))
                asked = store.masks(rows) > 127
                values[name] = 100 * float(overlap(silhouettes(judge, store.images(rows)), asked).mean())
        return values

    for seed in context.seeds:
        for model in (3, "variable"):
            yield Row(f"model {model}", "c5 to c6", seed, partial(obtain, model, seed))


def remedies(context: Context) -> Iterator[Row]:
    """The continuity split of model 4 under each remedy, with what it costs in identity and look; real crops for scale."""

    def new(changed: Mapping[str, Any]) -> dict[str, Any]:
        """Options that differ from the tables' own: runs of equal options are shared with them."""
        own = {"soften": 0.0, "band_weight": 0.0, **GAN[context.size], **STATIC[context.size]}
        return {key: value for key, value in changed.items() if own.get(key) != value}

    def split(table: CropTable, size: tuple[int, int]) -> float:
        store = CropStore(table.take(np.flatnonzero(table.column("mask") != "")), size)
        rows = np.arange(len(store))
        return float(np.nanmean(background_split(store.images(rows), store.masks(rows)).numpy()))

    def obtain(name: str, seed: int) -> dict[str, float]:
        found, values = retention(context, Drawn(6, 3, 4), seed, **new(REMEDIES[name]))
        if seed == context.seeds[0]:
            example_figure(found, context.out / f"{name.replace(', ', '-').replace(' ', '-')}.png")
        size = (int(REID[context.size].get("height", 256)), int(REID[context.size].get("width", 128)))
        real = read(dataset(context)).require(camera=3).select(split=["query", "gallery"])
        return {**values, "split": split(found.generated, size), "split_real": split(real, size)}

    for seed in context.seeds:
        for name in REMEDIES:
            yield Row(name, "c6 to c3", seed, partial(obtain, name, seed))


def table_2(context: Context) -> Iterator[Row]:
    """Sizes of every pair of cameras."""
    table = read(dataset(context)).require(split="train")
    for (a, b), (train, test) in pair_sizes(table).items():
        values = {"train": float(train), "test": float(test)}
        yield Row(f"c{a}c{b}", table.name, 0, partial(dict, values))


def _study(name: str, summary: str, rows: Any, columns: Mapping[str, str], **more: Any) -> Study:
    return Study(
        f"report-{name}", summary, rows, describe_data, columns=columns, compared=more.pop("compared", ()), **more
    )


STUDY_LIST = (
    _study(
        "table-2",
        "background-gan, Table 2 of the report: training pairs and test crops of every two cameras.",
        table_2,
        {"train": "training pairs", "test": "test crops"},
        published=[
            {"name": f"c{a}c{b}", "target": "Market-1501", "train": train, "test": test}
            for (a, b), (train, test) in MARKET_SIZES.items()
        ],
    ),
    _study("figure-17", "background-gan, Figure 17: the worst and best redrawn crops of every model.", figure_17, JUDGED),
    _study("figure-18", "background-gan, Figure 18: the nearest real crops of redrawn ones.", figure_18, JUDGED),
    _study(
        "figure-21",
        "background-gan, Figure 21: the same people in asked poses.",
        figure_21,
        {"iou": "IoU with the asked silhouette %", "iou_real": "IoU of real crops with theirs %"},
    ),
    _study(
        "remedies",
        "background-gan, model 4: remedies of the background that splits beside the person.",
        remedies,
        {"split": "split", "split_real": "split of real crops", **JUDGED},
        baseline="no remedy",
        compared=("split",),
    ),
)  # fmt: skip
