"""The studies of cluster-teacher: what they compute from runs, and that every row is asked for once."""

import json

import pytest

from reidapt.progress import Display
from reidapt.studies import STUDIES, cluster_quality, leaderboard
from reidapt.studies.setting import Setting, peak_memory
from reidapt.studies.study import Context, Row, Study, run_study
from reidapt.training import Run


def write_run(folder, silhouettes, memory=100.0):
    folder.mkdir(parents=True)
    lines = [
        {"step": i, "seconds": 60.0, "clusters/silhouette": s, "stability": s / 2} for i, s in enumerate(silhouettes)
    ]
    lines.insert(1, {"step": 0, "seconds": 1.0, "loss/target_contrast": 3.0})
    Run(folder).metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    Run(folder).cost.write_text(json.dumps({"seconds": 60.0, "memory_mb": memory}))
    return Run(folder)


def test_quality_is_the_mean_over_the_last_epochs(tmp_path):
    found = cluster_quality.quality(write_run(tmp_path / "run", [0.1, 0.2, 0.3, 0.4]))
    assert found["silhouette"] == pytest.approx(30)
    assert found["stability"] == pytest.approx(15)


def test_correlation_is_spearmans(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_quality, "bench_specs", lambda *_: {})  # no world is looked at
    metrics = dict.fromkeys(("rank5", "rank10", "mINP"), 0.0)
    values = {"a": (10, 40), "b": (20, 50), "c": (30, 45), "d": (40, 90)}

    def rows(context):
        for name, (silhouette, score) in values.items():
            found = {**metrics, "silhouette": silhouette, "stability": -silhouette, "rank1": score, "mAP": score}
            yield Row(name, "t", 0, lambda found=found: found)
        yield next(row for row in list(original(context)) if row.name == cluster_quality.CORRELATION)

    original = cluster_quality.rows
    study = Study("q", "", rows, lambda c: {}, columns=cluster_quality.COLUMNS, compared=())
    context = Context("tiny", range(0), [], tmp_path, Display())
    _, table = run_study(study, context)
    last = table.splitlines()[-1]
    assert "| 100.0 | -100.0 | 80.0 | 80.0 |" in last  # one pair of four swapped: 1 - 6 · 2 / (4 · 15) = 0.8


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """The leaderboard with trainings and scores replaced by records of what was asked for."""
    asked = []

    def run_method(name, progress, *, out, init="", **options):
        asked.append((name, out.split("seed-0/")[1], init.split("seed-0/")[-1], options.get("extend", "")))
        folder = tmp_path / out.strip("/").replace("/", "_")
        return Run(folder) if folder.exists() else write_run(folder, [0.1], memory=float(len(asked)))

    specs = {"source": "s", "forecourt": "f", "winter": "w", "transit": "t"}
    monkeypatch.setattr(leaderboard, "run_method", run_method)
    monkeypatch.setattr("reidapt.studies.setting.run_method", run_method)
    monkeypatch.setattr(leaderboard, "bench_specs", lambda *_: specs)
    monkeypatch.setattr(leaderboard, "translate_dataset", lambda run, spec, out, **_: out.mkdir(parents=True))
    monkeypatch.setattr(leaderboard, "score", lambda run, target, progress, name: dict.fromkeys(METRICS, 1.0))
    return asked


METRICS = ("rank1", "rank5", "rank10", "mAP", "mINP")


def test_every_system_and_hybrid_starts_from_the_right_network(recorded, tmp_path):
    context = Context("tiny", range(1), [], tmp_path / "out", Display())
    rows = list(leaderboard.rows(context))
    assert len({row.key for row in rows}) == len(rows) == 3 * (3 + 2 * len(leaderboard.SYSTEMS))
    found = {row.name: row.run() for row in rows if row.target.endswith("winter")}
    assert all(values["memory"] > 0 and values["minutes"] >= 0 for values in found.values())
    by_place = {place: (name, init, extend) for name, place, init, extend in recorded}
    assert by_place["winter-oracle"][1].endswith("seed-0_direct")
    assert by_place["winter-cluster-teacher"][0] == "cluster-teacher"
    assert by_place["winter-cluster-teacher"][1].endswith("seed-0_direct")
    assert by_place["winter-background-gan/run"][0] == "source-only"
    assert by_place["winter-background-gan/run"][2].endswith("winter-background-gan/crops/crops.csv")
    assert "background-gan_run" in by_place["winter-background-gan+cluster-teacher"][1]


def test_a_system_that_ranks_is_one_line():
    asked = {}

    def run_method(name, progress, **options):
        asked.update(options, name=name)

    setting = Setting("s", "t", {"height": 64}, {}, {})
    original, leaderboard.run_method = leaderboard.run_method, run_method
    try:
        own = {"method": "cluster-teacher", "epochs": 3}
        leaderboard.ranking(setting, own, "folder", 0, Run("direct"), None)
    finally:
        leaderboard.run_method = original
    assert asked["name"] == "cluster-teacher"
    assert asked["init"] == "direct"
    assert (asked["height"], asked["epochs"], asked["target"]) == (64, 3, "t")


def test_memory_of_a_run_without_record_is_zero(tmp_path):
    assert peak_memory(Run(tmp_path)) == 0


def test_the_studies_are_registered():
    assert {"cluster-quality", "leaderboard"} <= STUDIES.keys()
