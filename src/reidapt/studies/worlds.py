"""The worlds studies run on: rendered once into a folder, found again afterwards."""

from __future__ import annotations

from pathlib import Path

from reidapt.errors import RunError
from reidapt.progress import Display
from reidapt.world.benchmarks import Plan


def ensure_world(plan: Plan, folder: Path, display: Display, title: str) -> str:
    """Render `plan` below `folder` unless it is there already; returns its dataset spec."""
    out = folder / plan.name
    plain = plan.modalities == ("colour",) and not plan.tracklets
    if not (out / "world.json").exists():
        from reidapt.world import render_world

        if out.exists() and any(out.iterdir()):
            raise RunError(f"'{out}' is not empty and holds no world; delete it and start again.")
        with display.stage(title) as progress:
            layout = "market1501" if plain else "table"
            render_world(plan.style, **plan.arguments(), out=out, layout=layout, progress=progress)
    return f"market1501:{out}" if plain else f"csv:{out / 'crops.csv'}"
