"""Studies video-table and video-cross: each part of video-mean-teacher alone and together; sources against targets.

All trainings of a seed and a source start from the same network, which has seen that source alone, and go on for equally
many steps: `direct` on the source alone, `oracle` on the target's own labels, the others on the source and the target's pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reidapt.errors import ConfigError
from reidapt.studies.setting import minutes, run_method, score
from reidapt.studies.study import Context, Row, Study, shared_runs
from reidapt.studies.worlds import bench_specs, described
from reidapt.training import Run
from reidapt.training.evaluate import Options

DOMAIN_LOSSES = ("frame", "clip", "combined")
PARTS = (*DOMAIN_LOSSES, "consistency")
ALONE: Mapping[str, Any] = {"norm": "source", **{f"{part}_weight": 0.0 for part in PARTS}}
"""The source alone."""

SIZES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "tiny": {
        "options": {
            "backbone": "resnet10t", "weights": "random", "height": 64, "width": 32, "last_stride": 2, "persons_per_batch": 8,
            "pictures_per_person": 2, "target_clips": 16, "decay_epochs": [], "warmup_epochs": 1.0, "k1": 10, "k2": 3,
            "min_samples": 2,
        },
        "start": {"epochs": 20, "lr": 1e-3},
        "rest": {"epochs": 20, "lr": 5e-4, "steps": 30},
    },
    "full": {"options": {}, "start": {"epochs": 60}, "rest": {"epochs": 90, "decay_epochs": [20, 60]}},
}  # fmt: skip
"""Options of all trainings, of the start, and of what follows; full: the authors' code, its 150 epochs in two parts."""


def part(*names: str, weight: float = 1.0) -> dict[str, Any]:
    """Mixed BatchNorm statistics and the parts of these names switched on."""
    return {**ALONE, "norm": "mixed", **{f"{name}_weight": weight for name in names}}


VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "direct": ALONE,
    "mixed BN": part(),
    **{name: part(name) for name in PARTS},
    "all": {**part(*DOMAIN_LOSSES, weight=0.1), "consistency_weight": 1.0},
    "oracle": ALONE,
}
"""The rows of video-table. Beside the consistency the domain losses have a tenth of their weight, as by default."""

PUBLISHED = (
    {"name": "all", "target": "SVReID → iLIDS-VID", "rank1": 42.0, "mAP": 53.3},
    {"name": "all", "target": "SVReID → PRID2011", "rank1": 71.9, "mAP": 79.1},
    {"name": "all", "target": "SVReID → MARS", "rank1": 48.1, "mAP": 30.8},
    {"name": "all", "target": "SVReID → LS-VID", "rank1": 20.1, "mAP": 8.6},
    {"name": "all", "target": "SVReID-cc → CCVID", "rank1": 78.3, "mAP": 72.4},
)
"""What the authors report."""

CLOTHES = "ccvid?setting=clothes-changing"
"""Protocol of the world where people change clothes: only matches in other clothes count."""


def specs_of(context: Context) -> dict[str, str]:
    """Dataset specs by role: `source` and the targets; the benchmark's, or those given by `--data`, the source first."""
    if not context.data:
        return bench_specs("bench-video", context.size, context.display)
    if len(context.data) < 2:
        raise ConfigError(
            "--data was given once; this study needs a source and at least one target, e.g. --data svreid:DIR --data mars:DIR."
        )
    specs = {"source": context.data[0]}
    for spec in context.data[1:]:
        name = spec.partition(":")[0]
        specs[name if name not in specs else f"{name}-{len(specs)}"] = spec
    return specs


def train(
    context: Context,
    seed: int,
    name: str,
    source: tuple[str, str],
    target: tuple[str, str],
    chosen: Mapping[str, Any],
) -> Run:
    """One training (or the finished one found again): from the source's start, `name` with the options `chosen`.

    Args:
        source, target: role and dataset spec.
    """
    sizes, folder = SIZES[context.size], shared_runs(context, "video", *context.data) / f"seed-{seed}"
    start = folder / f"{source[0]}-start"
    whole = {**sizes["options"], **sizes["start"], **ALONE, "source": source[1], "out": str(start), "seed": seed}
    with context.display.stage(f"Seed {seed}: start on {source[0]}") as progress:
        run_method("video-mean-teacher", progress, **whole)
    alone = chosen["norm"] == "source"
    stem = source[0] if name == "direct" else f"{source[0]}-to-{target[0]}"
    taught = target if name == "oracle" else source
    options = {**sizes["options"], **sizes["rest"], **chosen, "source": taught[1], "init": str(start), "seed": seed}
    options["out"] = str(folder / f"{stem}-{name.replace(' ', '-')}")
    if not alone:
        options["target"] = target[1]
    with context.display.stage(f"Seed {seed}: {stem} {name}") as progress:
        return run_method("video-mean-teacher", progress, **options)


def measure(run: Run, target: tuple[str, str], frames: int = 0, protocol: str = "auto") -> dict[str, Any]:
    """The run's figures on a target, from all frames or some."""
    options = Options(frames=frames, protocol=protocol)
    return {**score(run, target[1], name=target[0], options=options), "minutes": minutes(run)}


def table_rows(context: Context) -> Iterator[Row]:
    """Every variant on every target and seed, seen by all frames and by four."""
    specs = specs_of(context)
    source = ("source", specs["source"])
    targets = {role: spec for role, spec in specs.items() if role not in ("source", "clothes")}
    for seed in context.seeds:
        for role, spec in targets.items():
            for name, chosen in VARIANTS.items():

                def obtain(
                    frames: int,
                    seed: int = seed,
                    name: str = name,
                    target: tuple[str, str] = (role, spec),
                    chosen: Any = chosen,
                ) -> dict[str, Any]:
                    return measure(train(context, seed, name, source, target, chosen), target, frames)

                yield Row(name, role, seed, partial(obtain, 0))
                yield Row(name, f"{role}, 4 frames", seed, partial(obtain, 4))


def cross_rows(context: Context) -> Iterator[Row]:
    """Every source on every other target: the source alone, and all parts."""
    specs = specs_of(context)
    if context.data:
        sources = {role: role for role in specs}
    else:
        sources = {"source": "synthetic source", "promenade": "promenade", "transit": "transit"}
    for seed in context.seeds:
        for role, title in sources.items():
            for target, spec in specs.items():
                if target in (role, "source"):
                    continue
                for name in ("direct", "all"):

                    def obtain(
                        seed: int = seed, name: str = name, role: str = role, target: tuple[str, str] = (target, spec)
                    ) -> dict[str, Any]:
                        run = train(context, seed, name, (role, specs[role]), target, VARIANTS[name])
                        return measure(run, target, protocol=CLOTHES if target[0] == "clothes" else "auto")

                    yield Row(name, f"{title} → {target}", seed, obtain)


def describe_data(context: Context) -> dict[str, Any]:
    """Fingerprints of source and targets."""
    return {role: described(spec) for role, spec in specs_of(context).items()}


TABLE = Study(
    name="video-table",
    summary="video-mean-teacher: the source alone, with mixed BatchNorm statistics, each loss on top of these, and all.",
    rows=table_rows,
    describe_data=describe_data,
    published=PUBLISHED,
)

CROSS = Study(
    name="video-cross",
    summary="video-mean-teacher from every source to every other target: the source alone, and all losses.",
    rows=cross_rows,
    describe_data=describe_data,
    published=PUBLISHED,
    baseline="direct",
)
