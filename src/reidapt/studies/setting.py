"""What every study shares: a source and a target, and the three trainings each result is measured against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reidapt.methods import load_method
from reidapt.progress import ProgressCallback
from reidapt.training import Run, evaluate_run, train
from reidapt.training.evaluate import Options, result_name

METRICS = ("rank1", "rank5", "rank10", "mAP", "mINP")


@dataclass(frozen=True)
class Setting:
    """One source, one target, and the options that all trainings of a study share."""

    source: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    supervised: Mapping[str, Any] = field(default_factory=dict)
    adaptation: Mapping[str, Any] = field(default_factory=dict)

    def direct(self, out: Path, seed: int, progress: ProgressCallback | None = None) -> Run:
        """Direct transfer: the source alone."""
        return run_method(
            "source-only", progress, source=self.source, out=str(out), seed=seed, **self.options, **self.supervised
        )

    def oracle(self, out: Path, seed: int, init: Run, progress: ProgressCallback | None = None) -> Run:
        """The ceiling: from the same start as the adaptation, trained on the target's own labels."""
        return run_method(
            "source-only",
            progress,
            source=self.target,
            init=str(init.folder),
            out=str(out),
            seed=seed,
            **self.options,
            **self.supervised,
        )

    def adapted(self, out: Path, seed: int, init: Run, progress: ProgressCallback | None = None) -> Run:
        """cluster-teacher, started from ``init``."""
        return run_method(
            "cluster-teacher",
            progress,
            source=self.source,
            target=self.target,
            init=str(init.folder),
            out=str(out),
            seed=seed,
            **self.options,
            **self.adaptation,
        )


def run_method(name: str, progress: ProgressCallback | None, **options: Any) -> Run:
    """Train (or resume, or find finished) one run."""
    return train(name, load_method(name).Config(**options), progress)


def score(
    run: Run,
    target: str,
    progress: ProgressCallback | None = None,
    *,
    name: str = "target",
    options: Options | None = None,
) -> dict[str, Any]:
    """Evaluate a run on the target's query and gallery; an existing result of the same checkpoint is kept.

    Results of the same name must have the same options, but for the number of frames, which is part of the file's name.
    """
    path = run.evaluations / result_name(name, options or Options())
    if path.exists() and path.stat().st_mtime >= run.checkpoint.stat().st_mtime:
        kept = dict(json.loads(path.read_text()))
        if kept.get("dataset") == target:
            return kept
    evaluate_run(run.folder, target, name=name, options=options, progress=progress)
    return dict(json.loads(path.read_text()))


def minutes(run: Run) -> float:
    """Training time of a run."""
    lines = run.metrics.read_text().splitlines() if run.metrics.exists() else []
    return round(json.loads(lines[-1])["seconds"] / 60, 2) if lines else 0.0


def peak_memory(run: Run) -> float:
    """The largest memory that a training noted, MB: of the process, or of the GPU where it ran on one."""
    return float(json.loads(run.cost.read_text())["memory_mb"]) if run.cost.exists() else 0.0


def gap_closed(
    direct: Mapping[str, float], adapted: Mapping[str, float], oracle: Mapping[str, float]
) -> dict[str, float | None]:
    """(adapted − direct) / (oracle − direct) in percent for rank-1 and mAP; None where the oracle is not above direct."""
    closed: dict[str, float | None] = {}
    for metric in ("rank1", "mAP"):
        gap = oracle[metric] - direct[metric]
        closed[metric] = 100 * (adapted[metric] - direct[metric]) / gap if gap > 0 else None
    return closed
