"""Tables of tiny pictures, shaped like the worlds that `plan` asks for, and what a written picture shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reidapt.data.layouts import plan
from reidapt.data.table import CropTable


def write_noise(path: Path, seed: int, mode: str = "RGB") -> None:
    """A picture (16, 8) of noise, different for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (16, 8, 3) if mode == "RGB" else (16, 8)
    values = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(values).save(path)


def make_table(
    root: Path,
    *,
    people: int,
    cameras: int,
    pictures: int,
    train_fraction: float = 0.5,
    modalities: tuple[str, ...] = ("colour",),
    tracklets: int = 0,
    frames: int = 1,
    outfits: int = 1,
    junk: int = 0,
    distractors: int = 0,
    masks: bool = True,
    ending: str = ".jpg",
) -> CropTable:
    """What `render_world` gives for these arguments, with noise for pictures: test persons have a query per camera."""
    rows: list[dict[str, Any]] = []

    def add(person: int, camera: int, modality: str, split: str, number: int, tracklet: int, outfit: int) -> None:
        row = len(rows)
        path = root / "pictures" / f"{row:05d}{ending}"
        write_noise(path, row)
        mask = root / "masks" / f"{row:05d}.png"
        if masks:
            write_noise(mask, 100_000 + row, "L")
        sequence = 1 + person % 3
        facts = {"sequence": sequence, "frame": 40 * camera + 7 * number + person, "tracklet": tracklet}
        facts |= {"modality": modality, "mask": str(mask) if masks else "", "split": split, "outfit": outfit}
        rows.append({"path": str(path), "person": person, "camera": camera, **facts, "yaw": 37 * row % 360})

    train = round(people * train_fraction)
    for person in range(1, people + 1):
        for camera in range(1, cameras + 1):
            for modality in modalities:
                for group in range(max(1, tracklets)):
                    for k in range(frames if tracklets else pictures):
                        test = "query" if (group if tracklets else k) == 0 else "gallery"
                        track = (person * 100 + camera) * 10 + group if tracklets else -1
                        number = group * 50 + k
                        add(
                            person,
                            camera,
                            modality,
                            "train" if person <= train else test,
                            number,
                            track,
                            group % outfits,
                        )
    for k in range(junk * (people - train)):
        add(-1, 1 + k % cameras, "colour", "gallery", k, 9000 + k if tracklets else -1, 0)
    for k in range(distractors * (people - train)):
        add(0, 1 + k % cameras, "colour", "gallery", k, 8000 + k if tracklets else -1, 0)
    return CropTable(pd.DataFrame(rows), "noise", root)


def shown(path: str | Path) -> str:
    """A digest of the pixels of a file, the same whatever lossless format they are kept in."""
    with Image.open(path) as image:
        return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()


def rows_by_picture(table: CropTable) -> dict[str, dict[str, Any]]:
    """Digest of the pixels -> the table's row."""
    return {shown(row["path"]): row for row in table.frame.to_dict("records")}


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., CropTable]:
    """`world("mars")`: a table as the plan of that layout, with changes by name."""

    def make(layout: str, changes: Mapping[str, Any] | None = None, **more: Any) -> CropTable:
        number = len(list(tmp_path.glob("source*")))
        return make_table(tmp_path / f"source{number}", **{**plan(layout), **(changes or {}), **more})

    return make
