"""Reads a run folder (docs/design.md, "A run folder") leniently: what is absent or damaged is named, not fatal."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from reidapt.errors import RunError
from reidapt.report.model import Role

PARTS = ("config.yaml", "environment.json", "data.json", "metrics.jsonl", "evaluations", "samples")


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a run: its `summary` and whichever arrays were saved, by the names of `ARRAYS`."""

    name: str
    summary: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    def get(self, key: str) -> np.ndarray | None:
        """The array `key`, or None where it was not saved."""
        return self.arrays.get(key)

    def has(self, *keys: str) -> bool:
        """Whether all of the arrays `keys` were saved."""
        return all(key in self.arrays for key in keys)


@dataclass(frozen=True)
class Run:
    """What a run folder holds; `problems` are sentences about parts that are absent or cannot be read."""

    path: Path
    role: Role
    label: str
    config: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[Mapping[str, Any]] = ()
    evaluations: tuple[str, ...] = ()
    evaluation: Evaluation | None = None
    problems: tuple[str, ...] = ()


ARRAYS = (
    "cmc",  # (K,) share of queries with a match at rank 1..K, 0..1
    "top",  # (Q, k) gallery indices, best first, −1 where the list ended
    "correct",  # (Q, k) bool
    "scores",  # (Q, k)
    "average_precision",  # (Q,) 0..1, NaN for a skipped query
    "query_paths",
    "gallery_paths",
    "query_features",  # (Q, D), (G, D) L2-normalised
    "gallery_features",
    "source_features",  # (S, D), for the map of the two domains
    "query_person",
    "query_camera",
    "gallery_person",
    "gallery_camera",
)
"""Arrays of `evaluations/NAME.npz` that the page uses; all are optional."""


def read_run(path: str | Path, role: Role, label: str, evaluation: str | None = None) -> Run:
    """Read the run folder `path`, with the evaluation named `evaluation` (default: the first by name).

    Raises `RunError` where the folder does not exist or holds none of the parts of a run.
    """
    path = Path(path)
    if not path.is_dir():
        raise RunError(f"There is no run folder at {path}; give the folder that `reidapt train` wrote.")
    if not any((path / part).exists() for part in PARTS):
        raise RunError(f"{path} is not a run folder: it holds none of {', '.join(PARTS)}. Give the folder of a run.")
    problems: list[str] = []
    names = tuple(sorted(p.stem for p in (path / "evaluations").glob("*.json")))
    chosen = evaluation or (names[0] if names else None)
    return Run(
        path=path,
        role=role,
        label=label,
        config=_mapping(path / "config.yaml", yaml.safe_load, problems),
        environment=_mapping(path / "environment.json", json.loads, problems),
        data=_mapping(path / "data.json", json.loads, problems),
        metrics=_metrics(path / "metrics.jsonl", problems),
        evaluations=names,
        evaluation=_evaluation(path, chosen, problems),
        problems=tuple(problems),
    )


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The known arrays of a saved evaluation; the one place that knows how `RetrievalResult` files are laid out."""
    with np.load(path, allow_pickle=False) as saved:
        return {key: saved[key] for key in ARRAYS if key in saved.files}


def _evaluation(run: Path, name: str | None, problems: list[str]) -> Evaluation | None:
    if name is None:
        problems.append(f"{run.name} has no evaluation yet: run `reidapt evaluate {run} DATA`.")
        return None
    path = run / "evaluations" / f"{name}.json"
    summary = _mapping(path, json.loads, problems)
    if not summary:
        return None
    lists = path.with_suffix(".npz")
    try:
        arrays = read_arrays(lists)
    except FileNotFoundError:
        problems.append(f"{_where(lists)} does not exist: curves over ranks, ranked lists and maps need it.")
        arrays = {}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        problems.append(f"{_where(lists)} cannot be read ({error}): run `reidapt evaluate {run} DATA` again.")
        arrays = {}
    return Evaluation(name, summary, _consistent(arrays, lists, problems))


def _consistent(arrays: dict[str, np.ndarray], path: Path, problems: list[str]) -> dict[str, np.ndarray]:
    """Drop arrays that contradict each other in length or shape, or point outside the gallery, and say so."""
    rows = {
        side: [f"{side}_{what}" for what in ("paths", "features", "person", "camera")] for side in ("query", "gallery")
    }
    rows["query"] += ["top", "correct", "average_precision"]
    doubtful: list[str] = []
    for keys in rows.values():
        present = [key for key in keys if key in arrays]
        if len({arrays[key].shape[:1] for key in present}) > 1:
            doubtful += present
    if "top" in arrays and "correct" in arrays and arrays["top"].shape != arrays["correct"].shape:
        doubtful += ["top", "correct"]
    if "top" in arrays and "gallery_paths" in arrays and (arrays["top"] >= len(arrays["gallery_paths"])).any():
        doubtful += ["top", "gallery_paths"]
    if doubtful:
        names = ", ".join(dict.fromkeys(doubtful))
        problems.append(f"{_where(path)} contradicts itself: {names} do not belong together; they are left out.")
    return {key: value for key, value in arrays.items() if key not in doubtful}


def _metrics(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    """Rows of a metrics file; lines that are not JSON objects (a torn last line) are skipped and counted."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        problems.append(f"{_where(path)} does not exist: there are no training curves of this run.")
        return []
    rows, torn = [], 0
    for line in filter(str.strip, lines):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            torn += 1
    if torn:
        problems.append(f"{_where(path)}: {torn} of {len(rows) + torn} lines cannot be read and are not in the curves.")
    return rows


def _mapping(path: Path, parse: Any, problems: list[str]) -> dict[str, Any]:
    try:
        value = parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{_where(path)} does not exist.")
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        problems.append(f"{_where(path)} cannot be read ({str(error).splitlines()[0]}).")
        return {}
    if not isinstance(value, dict):
        problems.append(f"{_where(path)} holds no named values.")
        return {}
    return value


def _where(path: Path) -> str:
    parts = path.parts[-3:] if path.parent.name == "evaluations" else path.parts[-2:]
    return "/".join(parts)


def minutes(run: Run) -> float | None:
    """Minutes of training by the last `seconds` in the metrics, None where they were not recorded."""
    seconds = [row["seconds"] for row in run.metrics if is_number(row.get("seconds"))]
    return max(seconds) / 60 if seconds else None


def is_number(value: Any) -> bool:
    """Whether `value` is a finite int or float (and not a bool)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
