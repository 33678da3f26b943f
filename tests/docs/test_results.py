"""The README's figures are those of the result files, and result files say where they come from."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_the_studys_table():
    rows = [line for line in (ROOT / "results" / "bench-colour.md").read_text().splitlines() if line.startswith("|")]
    assert len(rows) == 11
    readme = (ROOT / "README.md").read_text()
    for row in rows:
        assert row in readme


def test_study_results_hold_what_a_reader_needs():
    content = json.loads((ROOT / "results" / "bench-colour.json").read_text())
    assert set(content) >= {"study", "commit", "machine", "data", "rows", "summary", "published"}
    for row in content["rows"]:
        assert set(row) >= {"name", "seed", "target", "rank1", "rank5", "rank10", "mAP", "mINP", "minutes", "commit"}
    assert len({row["seed"] for row in content["rows"]}) >= 3


def test_benchmark_results_say_on_what_they_were_measured():
    for path in sorted((ROOT / "results" / "benchmarks").glob("*.json")):
        content = json.loads(path.read_text())
        assert content["machine"], path
        assert content["commit"], path
