"""Fixtures of the world's tests: small worlds that are rendered once per session."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

ARGUMENTS = {"people": 4, "cameras": 2, "pictures": 3, "seed": 11, "size": (64, 32), "train_fraction": 0.5}


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered `plaza` of four people, with junk and distractors."""
    pytest.importorskip("anny")
    pytest.importorskip("warp")
    from reidapt.world import render_world

    out = tmp_path_factory.mktemp("world") / "plaza"
    return render_world("plaza", **ARGUMENTS, junk=1, distractors=1, out=out, workers=1, batch_size=32)


@pytest.fixture(scope="session")
def table() -> Callable[[Path], list[dict[str, str]]]:
    """Reads `crops.csv`."""

    def read(folder: Path) -> list[dict[str, str]]:
        with (folder / "crops.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read
