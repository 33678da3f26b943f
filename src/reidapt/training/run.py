"""The run folder: the unit of work. Everything a later command needs is in it (see docs/design.md)."""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from filelock import FileLock, Timeout

from reidapt import __version__, processes
from reidapt.config import differences, dump_yaml, from_dict, to_dict
from reidapt.errors import ConfigError, RunError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """Paths inside a run folder."""

    folder: Path

    @property
    def config(self) -> Path:
        """Fully resolved configuration."""
        return self.folder / "config.yaml"

    @property
    def metrics(self) -> Path:
        """Scalars, one JSON object per line."""
        return self.folder / "metrics.jsonl"

    @property
    def cost(self) -> Path:
        """What the training took: ``seconds``, and ``memory_mb``, the largest seen at a line of metrics."""
        return self.folder / "cost.json"

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "checkpoints" / "last.pt"

    @property
    def evaluations(self) -> Path:
        """Folder of evaluation results."""
        return self.folder / "evaluations"

    @property
    def samples(self) -> Path:
        """Folder of contact sheets."""
        return self.folder / "samples"


def open_run(folder: Path, config: Mapping[str, Any], schema: type | None = None) -> Run:
    """Create the run folder, or accept an existing one that holds the same configuration (it will be resumed).

    Args:
        schema: the configuration's dataclass. Options that it has gained since the run began have their defaults there.

    Raises:
        RunError: the folder holds something else, or a run with another configuration.
    """
    run = Run(folder)
    if folder.exists() and not folder.is_dir():
        raise RunError(f"The run folder '{folder}' exists and is a file; give another --out.")
    if run.config.exists():
        try:
            stored = yaml.safe_load(run.config.read_text())
        except yaml.YAMLError as problem:
            raise RunError(
                f"'{run.config}' is not readable YAML ({problem}); delete the run folder or restore it."
            ) from None
        before = completed(stored, schema) if schema and isinstance(stored, dict) else stored
        changed = differences({**before, "out": ""}, {**config, "out": ""})  # a run may be moved
        if changed:
            raise RunError(
                f"The run folder '{folder}' holds a run with another configuration ({'; '.join(changed[:4])}"
                f"{'; …' if len(changed) > 4 else ''}). Give another --out, or repeat that run's options to resume it."
            )
    elif folder.exists() and any(folder.iterdir()):
        raise RunError(f"The folder '{folder}' is not empty and is not a run folder; give an empty or new --out.")
    make_folders(run)
    if not run.config.exists():
        write_atomic(run.config, dump_yaml(dict(config)))
    return run


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """Inside, no other command trains in the run folder; a second one waits here until the first has ended, and says so."""
    if processes.rank() > 0:
        yield
        return
    lock = FileLock(run.folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("another process trains in '%s'; this one waits for it", run.folder)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def completed(stored: Mapping[str, Any], schema: type) -> dict[str, Any]:
    """A stored configuration with the defaults of the options it lacks; as it is where the schema does not accept it."""
    own = {key: value for key, value in stored.items() if key != "method"}
    try:
        return {**stored, **to_dict(from_dict(schema, own, where="the run"))}
    except ConfigError:
        return dict(stored)


def make_folders(run: Run) -> None:
    """Create the folders of a run."""
    try:
        for folder in (run.folder, run.checkpoint.parent, run.evaluations, run.samples):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise RunError(
            f"The run folder '{run.folder}' cannot be created: {problem.strerror}. Give another --out."
        ) from None


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old or the new content, never half of it.

    Raises:
        RunError: the file cannot be written (a full disk, missing rights); the old content survives.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise RunError(
            f"'{path}' could not be written: {problem.strerror or problem}. What was there before is unchanged; make "
            "room or choose another folder and start the same command again."
        ) from None


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def environment() -> dict[str, Any]:
    """Versions and machine: what a reader needs to judge or repeat a number."""
    import lightning
    import timm
    import torchvision

    return {
        "reidapt": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "timm": timm.__version__,
        "lightning": lightning.__version__,
        "platform": platform.platform(),
        "processor": processor(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "command": " ".join(["reidapt", *sys.argv[1:]]),
    }


def machine() -> str:
    """One line that names the machine, for result files."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{processor()}, {os.cpu_count()} CPUs{gpu}, torch {torch.__version__}, Python {platform.python_version()}"


INSTRUCTIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16", "avx512f": "AVX-512", "avx2": "AVX2"}
"""Names of what decides a CPU's speed and rounding, by the flag that stands for it; the first that it has is named."""


def processor() -> str:
    """The CPU's name and, where the system tells, its widest arithmetic: makers use one name for several kinds."""
    name, flags = cpu()
    widest = next((f" ({title})" for flag, title in INSTRUCTIONS.items() if flag in flags), "")
    return (name or platform.processor() or platform.machine()) + widest


def cpu() -> tuple[str, list[str]]:
    """Name and flags of the first CPU as Linux tells them; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "", []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    return fields.get("model name", ""), fields.get("flags", "").split()


def memory_mb() -> float:
    """Memory in use, MB (2**20 bytes): the GPU's peak where there is one in use, else what of the process is resident."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def commit() -> str | None:
    """The commit of a source checkout, with '+' where files were changed; None for an installed package."""
    here = Path(__file__).resolve().parent
    try:
        ask = {"cwd": here, "capture_output": True, "text": True, "timeout": 5, "check": True}
        revision = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], **ask).stdout.strip()  # type: ignore[call-overload]
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], **ask).stdout.strip()  # type: ignore[call-overload]
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("+" if changed else "")


def trim_metrics(path: Path, step: int) -> None:
    """Drop the lines after ``step`` and a torn last line, so that a resumed run repeats nothing."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    write_atomic(path, "".join(f"{line}\n" for line in kept))
