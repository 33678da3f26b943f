"""The studies of context rendering: shared trainings, measured pictures, and figures of the size they promise."""

import json

import pytest
from PIL import Image
from tests.conftest import QUICK
from tests.masked_market import write_masked_market
from tests.rendering_options import QUICK_CONTEXT, SMALL

from reidapt.errors import ConfigError
from reidapt.progress import Display
from reidapt.studies import STUDIES, context_rendering
from reidapt.studies.study import Context, run_study

SHARED = {key: SMALL[key] for key in ("device", "precision", "log_every")}


@pytest.fixture
def context(tmp_path, monkeypatch):
    """A study over people in eight contexts that takes seconds."""
    reid = {key: QUICK[key] for key in ("backbone", "weights", "height", "width", "device", "precision", "log_every")}
    batch = {key: QUICK[key] for key in ("persons_per_batch", "pictures_per_person")}
    options = {"options": {**reid, **batch}, "supervised": {"epochs": 1}, "adaptation": {"epochs": 1}}
    own = {key: value for key, value in QUICK_CONTEXT.items() if key not in ("height", "width", "backbone", "weights")}
    redrawn = {
        "cut-and-paste (mean)": ("cut-and-paste", {**SHARED, "background": "mean"}),
        "context-rendering": ("context-rendering", own),
    }
    monkeypatch.setitem(context_rendering.OPTIONS, "tiny", options)
    monkeypatch.setitem(context_rendering.REDRAWN, "tiny", redrawn)
    source = write_masked_market(tmp_path / "source", train=24, test=3, cameras=2, pictures=1)
    target = write_masked_market(tmp_path / "target", train=6, test=3, cameras=3, seed=7)
    data = [f"market1501:{source}", f"market1501:{target}"]
    return lambda name, **changes: Context(
        **{"size": "tiny", "seeds": range(1), "data": data, "out": tmp_path / name, "display": Display(), **changes}
    )


def test_pictures_are_measured_and_shown_from_the_same_trainings(context, tmp_path):
    folder, table = run_study(STUDIES["context-table-1"], context("table-1"))
    rows = {row["name"]: row for row in json.loads((folder / "results.json").read_text())["rows"]}
    assert list(rows) == ["source and target as they are", "cut-and-paste (mean)", "context-rendering"]
    assert rows["cut-and-paste (mean)"]["diversity"] == 0.0  # one background, one picture
    assert rows["context-rendering"]["diversity"] > 0.0
    assert all(row["frechet"] > 0 for row in rows.values())
    assert "CR-GAN (published)" in table
    runs = sorted(tmp_path.glob("colour-runs/*/seed-0/*/checkpoints/last.pt"))
    before = [run.stat().st_mtime_ns for run in runs]
    assert len(before) == 3
    for number, name in ((4, "one-person-in-eight-contexts"), (5, "eight-people-in-one-context")):
        folder, _ = run_study(STUDIES[f"context-figure-{number}"], context(f"figure-{number}"))
        with Image.open(folder / f"{name}-seed-0.png") as picture:
            cell = (144 + 14, 72 + 14)  # 48×24 three times enlarged, with frame and gap
            assert picture.size == (9 * cell[1], 3 * 3 * cell[0])
        assert name in (folder / "results.md").read_text()
    assert [run.stat().st_mtime_ns for run in runs] == before


def test_table_2_names_every_comparison_of_the_poster(context):
    rows = [row.name for row in context_rendering.ranking_rows(context("table-2"))]
    assert rows == [
        "direct",
        "direct + LMP",
        "cut-and-paste (mean)",
        "context-rendering",
        "context-rendering + LMP",
        "direct + cluster-teacher",
        "context-rendering + cluster-teacher",
        "oracle",
    ]
    with pytest.raises(ConfigError, match="needs two"):
        next(context_rendering.ranking_rows(context("x", data=["market1501:a"])))
