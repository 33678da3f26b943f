"""docs/layouts.md: its examples run as they stand, and its table has every layout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reidapt.data.layouts import LAYOUTS, write_layout

from .trees import make_table

PAGE = Path(__file__).parents[3] / "docs" / "layouts.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = ("colour", "infrared", "thermal", "sketch")
    people = make_table(tmp_path / "a", people=4, cameras=2, pictures=2, modalities=every)
    walks = make_table(tmp_path / "b", people=4, cameras=2, pictures=2, tracklets=2, frames=2)
    write_layout(people, "table", tmp_path / "people")
    write_layout(walks, "table", tmp_path / "walks")
    monkeypatch.chdir(tmp_path)
    blocks = list(re.finditer(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL))
    assert len(blocks) == 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile("\n" * TEXT[: block.start(1)].count("\n") + block[1], str(PAGE), "exec"), names)
    assert (tmp_path / "mars" / "crops.csv").is_file()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_table_of_the_page_has_every_layout(layout: str) -> None:
    info = LAYOUTS[layout]
    tree = ", ".join(f"`{part}`" for part in info.tree.split(", ")).replace("|", "\\|")
    assert TEXT.count(f"| `{layout}` | {info.kind} | {tree} | ") == 1
