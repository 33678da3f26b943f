"""The worlds studies run on: rendered once into a folder, found again afterwards."""

from __future__ import annotations

from pathlib import Path

from reidapt.data.rendered import plain, render_dataset
from reidapt.errors import RunError
from reidapt.progress import Display
from reidapt.world.benchmarks import Plan


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
