"""The README's figures are those of the result files, and result files say where they come from."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def short_table(title):
    """Lines of the leaderboard's short table of this title."""
    text = (ROOT / "results" / "leaderboard.md").read_text()
    return next(part for part in text.split("\n\n") if part.startswith(f"| {title} |")).splitlines()


TARGETS = {"bench-colour": ["forecourt", "winter", "transit"], "bench-video": ["promenade", "transit"]}
CELL = re.compile(
    r"([0-9.]+)(?: ± [0-9.]+)? / ([0-9.]+)(?: ± [0-9.]+)?(?: \(([-0-9]+) % / ([-0-9]+) %\))?(?: \([1-9] of 3 seeds\))?$"
)


@pytest.mark.parametrize("title", [*TARGETS, "two modalities"])
def test_the_readme_shows_the_studys_table(title):
    table = short_table(title)
    assert len(table) >= 5
    assert "\n".join(table) in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("title", [*TARGETS, "two modalities"])
def test_the_short_table_is_of_the_rows_that_stand_beside_it(title):
    content = json.loads((ROOT / "results" / "leaderboard.json").read_text())
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in short_table(title)]
    targets = lines[0][1:-2]
    assert targets == TARGETS.get(title, targets)
    for column, target in enumerate(targets, 1):
        key = target if title == "two modalities" else f"{title} {target}"
        rows = [row for row in content["rows"] if row["target"] == key]
        names = {row["name"] for row in rows}
        mean = {(n, m): np.mean([r[m] for r in rows if r["name"] == n]) for n in names for m in ("rank1", "mAP")}
        told = [line for line in lines[2:] if line[column] != "–"]
        assert {line[0] for line in told} == names
        for line in told:
            cell = CELL.match(line[column])
            assert cell, line[column]
            assert (cell[3] is None) == ("oracle" not in names)
            for place, metric in ((1, "rank1"), (2, "mAP")):
                assert float(cell[place]) == pytest.approx(mean[line[0], metric], abs=0.06)
                if "oracle" in names:
                    gap = mean["oracle", metric] - mean["direct", metric]
                    share = 100 * (mean[line[0], metric] - mean["direct", metric]) / gap
                    assert float(cell[place + 2]) == pytest.approx(share, abs=0.6)


@pytest.mark.parametrize("study", ["bench-colour", "leaderboard"])
def test_study_results_hold_what_a_reader_needs(study):
    content = json.loads((ROOT / "results" / f"{study}.json").read_text())
    assert set(content) >= {"study", "commit", "machine", "data", "rows", "summary", "published"}
    for row in content["rows"]:
        assert set(row) >= {"name", "seed", "target", "rank1", "rank5", "rank10", "mAP", "mINP", "minutes", "commit"}
    assert len({row["seed"] for row in content["rows"]}) >= 3
    told = {name.partition("/")[0] if "/" in name else study for name in content["data"]}
    assert told >= {row["target"].partition(" ")[0] if study == "leaderboard" else study for row in content["rows"]}


def test_benchmark_results_say_on_what_they_were_measured():
    for path in sorted((ROOT / "results" / "benchmarks").glob("*.json")):
        content = json.loads(path.read_text())
        for measured in content.values() if path.stem == "world-identity" else [content]:
            assert measured["machine"], path
            assert measured["commit"], path
