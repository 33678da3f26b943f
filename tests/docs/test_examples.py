"""Each file of examples/ runs."""

import runpy
from pathlib import Path

from tests.conftest import QUICK

from reidapt.methods.source_only import SourceOnlyConfig
from reidapt.training import train

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_every_example_has_a_test_here():
    assert sorted(p.name for p in EXAMPLES.glob("*.py")) == ["rank_a_folder.py"]


def test_rank_a_folder(source_dir, tmp_path):
    train("source-only", SourceOnlyConfig(**QUICK, source=f"market1501:{source_dir}", out=str(tmp_path / "run")))
    example = runpy.run_path(str(EXAMPLES / "rank_a_folder.py"))
    found = example["main"](str(tmp_path / "run"), str(source_dir / "query"))
    assert len(found) == 5
    assert all(Path(path).exists() for path in found)
