"""Tiny datasets made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SPLITS = {"bounding_box_train": (2, 3, 5, 9), "query": (10, 11), "bounding_box_test": (-1, 0, 10, 11)}


def picture(path: Path, seed: int, size: tuple[int, int] = (32, 16)) -> Path:
    """A random picture (H, W) with a content of its own per seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))
    return path


def market_name(person: int, camera: int, sequence: int, frame: int, box: int) -> str:
    return (
        f"{person:04d}_c{camera}s{sequence}_{frame:06d}_{box:02d}.jpg"
        if person >= 0
        else (f"-1_c{camera}s{sequence}_{frame:06d}_{box:02d}.jpg")
    )


def write_market(folder: Path, cameras: int = 3, pictures: int = 2) -> Path:
    """A dataset in the Market-1501 layout: 4 training and 2 test persons, junk and distractors."""
    seed = 0
    for split, persons in SPLITS.items():
        for person in persons:
            for camera in range(1, cameras + 1):
                for k in range(1 if split == "query" else pictures):
                    seed += 1
                    frame = seed * 7 + (500 if split == "query" else 0)
                    picture(folder / split / market_name(person, camera, 1 + k % 2, frame, k + 1), seed)
    return folder


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return write_market(tmp_path / "town")


@pytest.fixture(name="picture")
def _picture() -> Callable[..., Path]:
    return picture


@pytest.fixture(name="write_market")
def _write_market() -> Callable[..., Path]:
    return write_market
