"""The worlds studies run on: benchmark worlds by name, and plans of their own; rendered once, found again afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reidapt.data import read
from reidapt.data.readers.world import ensure, place
from reidapt.data.rendered import plain, render_dataset
from reidapt.errors import RunError
from reidapt.progress import Display
from reidapt.world.benchmarks import BENCHMARKS, Plan


def bench_specs(bench: str, size: str, display: Display) -> dict[str, str]:
    """Dataset specs of a benchmark's roles; worlds that are not in the cache are rendered first."""
    specs = {}
    for role in BENCHMARKS[bench].sizes[size]:
        name = f"{bench}/{size}/{role}"
        folder = place(name)
        if not (folder / "crops.csv").exists():
            with display.stage(f"Rendering {name}") as progress:
                ensure(folder, progress)
        specs[role] = f"world:{name}"
    return specs


def ensure_world(plan: Plan, folder: Path, display: Display, title: str) -> str:
    """Render `plan` below `folder` unless it is there already; returns its dataset spec."""
    out = folder / plan.name
    if not (out / "world.json").exists():
        if out.exists() and any(out.iterdir()):
            raise RunError(f"'{out}' is not empty and holds no world; delete it and start again.")
        with display.stage(title) as progress:
            render_dataset(out, style=plan.style, **plan.arguments(), progress=progress)
    whole = plain(plan.arguments()) and 0.0 < plan.train_fraction < 1.0
    return f"{'market1501' if whole else 'world'}:{out}"


def described(spec: str) -> dict[str, Any]:
    """Fingerprint of a dataset; of a benchmark world also its name and version, as ``bench-thermal 7``."""
    kind, _, name = spec.partition(":")
    bench = name.partition("/")[0]
    version = {"benchmark": f"{bench} {BENCHMARKS[bench].version}"} if kind == "world" and bench in BENCHMARKS else {}
    return {**read(spec).fingerprint(), **version}
