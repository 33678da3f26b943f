"""The fixture that makes tables for layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from reidapt.data import CropTable
from reidapt.data.layouts import plan

from .trees import make_table


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., CropTable]:
    """`world("mars")`: a table as the plan of that layout, with changes by name."""

    def make(layout: str, changes: Mapping[str, Any] | None = None, **more: Any) -> CropTable:
        number = len(list(tmp_path.glob("source*")))
        return make_table(tmp_path / f"source{number}", **{**plan(layout), **(changes or {}), **more})

    return make
