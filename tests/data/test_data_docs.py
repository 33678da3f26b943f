"""The examples of docs/data.md run as they stand, one after the other, beside a small dataset."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_the_examples_of_the_data_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_market: Callable[..., Path]
) -> None:
    write_market(tmp_path / "town")
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for block in blocks:
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], str(PAGE), "exec"), names)


def test_the_data_page_speaks_of_every_dataset_and_selection() -> None:
    from reidapt.data import CATALOGUE, selections

    text = PAGE.read_text(encoding="utf-8")
    for name in CATALOGUE:
        assert f"`{name}`" in text, name
    public = [
        n for n, v in vars(selections).items() if callable(v) and getattr(v, "__module__", "") == selections.__name__
    ]
    for name in public:
        assert name.startswith("_") or f"`{name}`" in text, name
