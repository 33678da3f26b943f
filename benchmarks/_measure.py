"""Shared by the benchmarks: time and peak memory of a stretch of code, machine, commit, a fresh process, the report."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class PeakMemory:
    """Peak resident memory (MB) inside a `with` block above what was resident at its start. Linux only; else None."""

    extra_mb: float | None = None

    def __enter__(self) -> PeakMemory:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
            self._before: float | None = _status("VmRSS")
        except OSError:
            self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            self.extra_mb = round(_status("VmHWM") - self._before, 1)


class PeakAnonymous:
    """Peak of the memory that is no file's (MB) inside a `with` block, above its start: for memory-mapped inputs.

    Pages of a mapped file count as resident, though the system takes them back when it needs them; `PeakMemory` would
    count them. Sampled every 5 ms.
    """

    extra_mb: float | None = None

    def __enter__(self) -> PeakAnonymous:
        self._done = threading.Event()
        self._before = self._peak = _status("RssAnon")
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self._peak = max(self._peak, _status("RssAnon"))

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()
        self.extra_mb = round(max(self._peak, _status("RssAnon")) - self._before, 1)


def _status(name: str) -> float:
    """A field of /proc/self/status in MB (2**20 bytes)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/self/status has no {name}")


def in_process(script: str, *arguments: str, timeout: float | None = None) -> dict[str, Any]:
    """Run `script` in a process of its own and read the JSON object in its last line of output."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, env=environment, timeout=timeout
    )
    if done.returncode:
        raise SystemExit(f"{script} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def timed(run: Callable[[], Any], times: list[tuple[float, float]]) -> None:
    """Run once and note (seconds, CPU seconds)."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    times.append((time.perf_counter() - wall, time.process_time() - cpu))


def finish(report: dict[str, Any], out: Path | None, about: dict[str, Any] | None = None) -> None:
    """Print a report line by line; write it to `out`, with the machine as `about` found it and the commit; print its JSON."""
    for name, value in report.items():
        print(f"  {name:20} {value}")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({**report, "machine": about or machine(), "commit": commit()}, indent=1) + "\n")
    print(json.dumps(report))


def run_phases(method: Any, optimisers: dict[str, Any], batch: Any, half: bool) -> dict[str, float]:
    """All phases of a method's step as the training loop runs them, in bfloat16 where ``half``; their losses."""
    import torch

    from reidapt.models.narrow import NarrowConvolutions

    values: dict[str, float] = {}
    phases = method.step(batch)
    while True:
        with torch.autocast("cpu", torch.bfloat16, enabled=half), NarrowConvolutions():
            phase, loss = next(phases, (None, None))
        if phase is None:
            return values
        optimisers[phase].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[phase].step()
        values[phase] = float(loss.detach())


def machine() -> dict[str, Any]:
    """Processor, cores, load of the last minute, and versions that decide a speed."""
    import numpy
    import torch

    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__}
    return {"cpu": cpu, "cores": os.cpu_count(), "threads": torch.get_num_threads(), "load": load, **versions}


def commit() -> str | None:
    """The commit measured, with a plus where files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + (
            "+" if git("status", "--porcelain", "--", "src", "benchmarks") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return None
