"""Run folders with drawn people, made once for all tests of the report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .fake_run import write_crops, write_run


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with complete runs `direct`, `adapted` and `oracle`; not to be changed."""
    root = tmp_path_factory.mktemp("runs")
    crops = write_crops(root / "crops", persons=14)
    for role in ("direct", "adapted", "oracle"):
        write_run(root, role, crops)
    return root


@pytest.fixture
def runs(made_runs: Path, tmp_path: Path) -> Path:
    """A copy of the runs that a test may damage (pictures stay at their place)."""
    for role in ("direct", "adapted", "oracle"):
        shutil.copytree(made_runs / role, tmp_path / role)
    return tmp_path
