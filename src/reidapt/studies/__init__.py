"""Tables and figures as runnable studies: ``reidapt reproduce NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reidapt.config import nearest
from reidapt.errors import ConfigError
from reidapt.progress import Display
from reidapt.studies.bench_colour import STUDY as _bench_colour
from reidapt.studies.cluster_quality import STUDY as _cluster_quality
from reidapt.studies.context_rendering import STUDY_LIST as _context_rendering
from reidapt.studies.demo_three_seeds import STUDY as _demo_three_seeds
from reidapt.studies.infrared import STUDY_LIST as _infrared
from reidapt.studies.leaderboard import STUDY as _leaderboard
from reidapt.studies.parallel import run_seeds
from reidapt.studies.report_figures import STUDY_LIST as _report_figures
from reidapt.studies.report_tables import STUDY_LIST as _report_tables
from reidapt.studies.study import Context, Study, run_study
from reidapt.studies.thesis import STUDY_LIST as _thesis
from reidapt.studies.video import CROSS as _video_cross
from reidapt.studies.video import TABLE as _video_table
from reidapt.studies.video_qualitative import STUDY as _video_qualitative
from reidapt.studies.world_factors import STUDY as _world_factors

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        _demo_three_seeds,
        _bench_colour,
        _cluster_quality,
        _leaderboard,
        _world_factors,
        *_report_tables,
        *_report_figures,
        *_thesis,
        *_context_rendering,
        *_infrared,
        _video_table,
        _video_cross,
        _video_qualitative,
    )
}


def reproduce(
    name: str,
    *,
    size: str = "tiny",
    seeds: int = 3,
    data: Sequence[str] = (),
    out: Path | None = None,
    display: Display | None = None,
    jobs: int = 1,
    only_seed: int | None = None,
    target: str = "",
    rows: Path | None = None,
) -> tuple[Path, str]:
    """Run a study; returns its folder and its Markdown table.

    Args:
        name: one of ``STUDIES``.
        size: ``tiny`` (CPU minutes) or ``full`` (published scale).
        seeds: seeds 0..seeds-1.
        data: dataset specs instead of the rendered worlds.
        out: folder to write, by default ``runs/NAME``; finished rows in it are not run again.
        display: where progress is shown.
        jobs: seeds that run side by side, each in a process of its own with its share of the cores.
        only_seed: run the rows of this seed alone; the table is of what is finished.
        target: run the rows of targets with this in their name alone, e.g. ``bench-colour``.
        rows: ``results.json`` of another run of the study, on this machine or another; its rows are not run again.

    Raises:
        ConfigError: no such study, or a folder or file with rows of another question.
        RunError: seeds that failed in their processes.
    """
    if name not in STUDIES:
        raise ConfigError(f"There is no study '{name}'; {nearest(name, STUDIES)}")
    if seeds < 1:
        raise ConfigError(f"--seeds is {seeds}; a study needs at least 1.")
    if jobs < 1:
        raise ConfigError(f"--jobs is {jobs}; expected at least 1.")
    chosen = range(seeds) if only_seed is None else [only_seed]
    place, shown, conclude = out or Path("runs") / name, display or Display(), only_seed is None and not target
    context = Context(size, chosen, list(data), place, shown, conclude, target, rows)
    if jobs > 1 and len(chosen) > 1:
        run_seeds(STUDIES[name], context, jobs)
    return run_study(STUDIES[name], context)


__all__ = ["STUDIES", "Study", "reproduce"]
