"""The demo: two worlds, direct transfer, adaptation, the oracle, one report. Also the rows of the study demo-three-seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.evaluation import RetrievalResult
from reidapt.progress import Display
from reidapt.studies.setting import METRICS, Setting, gap_closed, score
from reidapt.studies.worlds import ensure_world
from reidapt.training.run import Run, write_json
from reidapt.world.benchmarks import BENCHMARKS

#: Options of the demo's two sizes: of all trainings, of the supervised ones, of the adaptation. The tiny size renders at
#: 96×48 and trains at 64×32, where a small network sees about 200 crops a second on two CPU cores.
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {
        "options": {"backbone": "resnet10t", "weights": "random", "height": 64, "width": 32, "last_stride": 2},
        "supervised": {"epochs": 14, "lr": 1e-3},
        "adaptation": {"epochs": 12, "lr": 1e-3, "momentum": 0.95, "source_weight": 0.0},
    },
    "full": {
        "options": {"weights": "random"},
        "supervised": {"epochs": 60},
        "adaptation": {"epochs": 30},
    },
}
#: Source and target of each size: the benchmark `bench-colour` and the first of its targets.
WORLDS = {size: (roles["source"], roles["forecourt"]) for size, roles in BENCHMARKS["bench-colour"].sizes.items()}


#: The tiny demo's stages and the seconds they took on two idle cores of a 2.5 GHz Xeon without bfloat16 units.
STAGES = {
    "Rendering the source": 45,
    "Rendering the target": 45,
    "Training on the source": 120,
    "Adapting to the target": 150,
    "Training the oracle": 120,
    "Evaluating direct transfer": 5,
    "Evaluating the adapted model": 5,
    "Evaluating the oracle": 5,
    "Writing the report": 6,
}


@dataclass(frozen=True)
class DemoOutcome:
    """What the demo found and where its report is."""

    results: Mapping[str, Any]
    report: Path

    def text(self) -> str:
        """A small table for the terminal."""
        lines = ["", f"{'':<18}" + "".join(f"{metric:>8}" for metric in METRICS)]
        titles = {"direct": "direct transfer", "adapted": "adapted", "oracle": "oracle"}
        for name, title in titles.items():
            lines.append(f"{title:<18}" + "".join(f"{self.results[name][metric]:8.1f}" for metric in METRICS))
        closed = self.results["gap_closed"]
        said = {metric: "undefined" if value is None else f"{value:.0f} %" for metric, value in closed.items()}
        return "\n".join([*lines, f"gap closed: rank-1 {said['rank1']}, mAP {said['mAP']}", ""])


def demo_setting(size: str, folder: Path, display: Display) -> Setting:
    """Render (or find) the two worlds below ``folder`` and say how to train on them."""
    source, target = WORLDS[size]
    return Setting(
        source=ensure_world(source, folder, display, "Rendering the source"),
        target=ensure_world(target, folder, display, "Rendering the target"),
        **OPTIONS[size],
    )


def run_demo(out: Path, *, seed: int, size: str, display: Display) -> DemoOutcome:
    """Everything from an empty folder to the report; what is already finished is not done again.

    Args:
        out: folder to write: ``worlds/``, ``direct/``, ``adapted/``, ``oracle/``, ``results.json`` and the report.
        seed: seed of the trainings; the worlds are the same for all.
        size: ``tiny`` (minutes on two CPU cores) or ``full`` (ResNet-50 at 256×128, wants a GPU).
        display: where progress is shown.
    """
    from reidapt.report import write_report

    if size == "tiny":
        display.plan(STAGES)
    setting = demo_setting(size, out / "worlds", display)
    with display.stage("Training on the source") as progress:
        direct = setting.direct(out / "direct", seed, progress)
    with display.stage("Adapting to the target") as progress:
        adapted = setting.adapted(out / "adapted", seed, direct, progress)
    with display.stage("Training the oracle") as progress:
        oracle = setting.oracle(out / "oracle", seed, direct, progress)
    results: dict[str, Any] = {}
    titles = {"direct": "direct transfer", "adapted": "the adapted model", "oracle": "the oracle"}
    for name, run in (("direct", direct), ("adapted", adapted), ("oracle", oracle)):
        with display.stage(f"Evaluating {titles[name]}") as progress:
            results[name] = score(run, setting.target, progress)
    results["gap_closed"] = gap_closed(results["direct"], results["adapted"], results["oracle"])
    write_json(out / "results.json", results)
    with display.stage("Writing the report"):
        draw_ranked(out / "ranked.png", {"direct transfer": direct, "adapted without labels": adapted})
        names = " to ".join(plan.style for plan in WORLDS[size])
        report = write_report(adapted.folder, direct=direct.folder, oracle=oracle.folder, title=f"From {names}")
    return DemoOutcome(results, report)


def draw_ranked(path: Path, runs: Mapping[str, Run], queries: int = 6, seed: int = 0) -> None:
    """Ranked lists of the same queries, drawn at random from all, under several runs."""
    from reidapt.evaluation.figures import ranked_lists_compare

    results = {name: RetrievalResult.load(run.evaluations / "target.json") for name, run in runs.items()}
    with np.load(next(iter(runs.values())).evaluations / "target.npz") as saved:
        query_paths, gallery_paths = saved["query_paths"].tolist(), saved["gallery_paths"].tolist()
    count = min(queries, len(query_paths))
    chosen = sorted(np.random.default_rng(seed).choice(len(query_paths), count, replace=False).tolist())
    ranked_lists_compare(results, query_paths, gallery_paths, path, queries=chosen, k=8)
