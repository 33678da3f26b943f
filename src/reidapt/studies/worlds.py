"""The worlds studies run on: rendered once into a folder, found again afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reidapt.errors import RunError
from reidapt.progress import Display


@dataclass(frozen=True)
class WorldPlan:
    """Arguments of one rendered world."""

    style: str
    people: int
    cameras: int
    pictures: int
    size: tuple[int, int]
    seed: int

    @property
    def name(self) -> str:
        """Folder name, different for different arguments."""
        height, width = self.size
        return f"{self.style}-{self.people}x{self.cameras}x{self.pictures}-{height}x{width}-seed{self.seed}"


def ensure_world(plan: WorldPlan, folder: Path, display: Display, title: str) -> str:
    """Render ``plan`` below ``folder`` unless it is there already; returns its dataset spec."""
    out = folder / plan.name
    if not (out / "world.json").exists():
        from reidapt.world import render_world

        if out.exists() and any(out.iterdir()):
            raise RunError(f"'{out}' is not empty and holds no world; delete it and start again.")
        with display.stage(title) as progress:
            render_world(
                plan.style,
                people=plan.people,
                cameras=plan.cameras,
                pictures=plan.pictures,
                seed=plan.seed,
                size=plan.size,
                out=out,
                layout="market1501",
                progress=progress,
            )
    return f"market1501:{out}"
