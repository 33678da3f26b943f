"""The seeds of a study in processes of their own, which share its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from reidapt.errors import RunError
from reidapt.studies.study import Context, Study


def run_seeds(study: Study, context: Context, jobs: int) -> None:
    """Run every seed's rows, ``jobs`` processes at a time, each with its share of the processor's cores.

    What a process prints goes to ``seed-K.log`` in the study's folder. A seed that fails does not stop the others.

    Raises:
        RunError: seeds that failed, with the last line of each one's log.
    """
    context.out.mkdir(parents=True, exist_ok=True)
    with context.display.stage(f"Data of {study.name}"):
        study.describe_data(context)  # renders worlds that are missing before several processes want them
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}

    def run(seed: int) -> tuple[int, int]:
        with log_of(context.out, seed).open("w") as log:
            done = subprocess.run(command(study, context, seed), stdout=log, stderr=subprocess.STDOUT, env=environment)
        return seed, done.returncode

    failed = []
    with ThreadPoolExecutor(jobs) as pool, context.display.stage(f"{study.name} in {jobs} processes") as progress:
        waiting = [pool.submit(run, seed) for seed in context.seeds]
        for count, done in enumerate(as_completed(waiting), 1):
            seed, status = done.result()
            progress(count, len(waiting), f"seed {seed}")
            failed += [seed] if status else []
    if failed:
        last = "; ".join(f"seed {seed}: {last_line(log_of(context.out, seed))}" for seed in sorted(failed))
        raise RunError(
            f"{len(failed)} of {len(waiting)} seeds of {study.name} failed ({last}). The whole output is in "
            f"'{log_of(context.out, min(failed))}'; what is finished is kept, so start the same command again when it is mended."
        )


def command(study: Study, context: Context, seed: int) -> list[str]:
    """The command line that runs one seed."""
    data = [word for spec in context.data for word in ("--data", spec)]
    line = [sys.executable, "-m", "reidapt", "reproduce", study.name, "--size", context.size, "--only-seed", str(seed)]
    part = ["--target", context.only] if context.only else []
    part += ["--rows", str(context.known)] if context.known else []
    return [*line, "--out", str(context.out), *part, *data]


def log_of(folder: Path, seed: int) -> Path:
    """Where a seed's process writes what it prints."""
    return folder / f"seed-{seed}.log"


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, or "no output"."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
