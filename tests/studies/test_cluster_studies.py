"""The studies of cluster-teacher: what they compute from runs, and that every row is asked for once."""

import json
from functools import partial
from pathlib import Path

import pytest

from reidapt.methods import load_method
from reidapt.progress import Display
from reidapt.studies import STUDIES, cluster_quality, context_rendering, infrared, leaderboard, setting, thesis, video
from reidapt.studies.setting import peak_memory
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


SPECS = {
    "bench-colour": {"source": "s", "forecourt": "f", "winter": "w", "transit": "t"},
    "bench-video": {"source": "vs", "promenade": "vp", "clothes": "vc"},
    **{bench: {"world": bench} for bench in infrared.BENCHES.values()},
}


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """The leaderboard with trainings and scores replaced by records of what was asked for: by folder, method and options."""
    asked = {}

    def run_method(name, progress, *, out, **options):
        asked[out.split("-runs/")[1]] = {"method": name, **options}
        load_method(name).Config(**{k: v for k, v in options.items() if k in ("backbone", "tracklets", "epochs")})
        return Run(Path(out)) if Path(out).exists() else write_run(Path(out), [0.1], memory=float(len(asked)))

    def score(run, target, *, name, options=None):
        return {"rank1": 1.0, "of": run.folder, "protocol": options.protocol if options else ""}

    for module in (leaderboard, context_rendering, thesis, video, infrared, setting):
        monkeypatch.setattr(module, "run_method", run_method)
        monkeypatch.setattr(module, "bench_specs", lambda bench, *_: SPECS[bench], raising=False)
        monkeypatch.setattr(module, "score", score, raising=False)
    monkeypatch.setattr(infrared.Target, "specs", property(lambda target: [target.spec]))
    monkeypatch.setattr(infrared.Target, "modality", property(lambda target: target.name))
    monkeypatch.setattr(infrared, "colour_cameras", lambda target: [1, 2])
    monkeypatch.setattr(infrared, "epochs", lambda target, what: 3)
    monkeypatch.setattr(infrared, "scored", lambda runs, target: {"rank1": 1.0, "of": runs[-1].folder})
    monkeypatch.setattr(leaderboard, "translate_dataset", lambda run, spec, out, **_: out.mkdir(parents=True))
    return asked


def test_every_system_and_hybrid_starts_from_the_right_network(recorded, tmp_path):
    rows = list(leaderboard.rows(Context("tiny", range(1), [], tmp_path / "out", Display())))
    assert len({row.key for row in rows}) == len(rows) == 3 * (3 + 1 + 2 * 3) + 5 + 3 * 3
    found = {(row.target, row.name): row.run() for row in rows}
    assert all(values["memory"] > 0 and values["minutes"] > 0 for values in found.values())

    def asked(target, name):
        """What was asked of the run that a row is ranked by."""
        return recorded[str(found[target, name]["of"]).split("-runs/")[1]]

    winter = partial(asked, "bench-colour winter")
    assert winter("direct")["method"] == "source-only"
    assert (winter("oracle")["source"], winter("cluster-teacher")["target"]) == ("w", "w")
    assert 4 * winter("oracle")["epochs"] == winter("oracle, 4 times as long")["epochs"]
    assert winter("cluster-teacher")["init"].endswith("/direct")
    assert "winter-background-gan-crops" in winter("background-gan")["extend"]
    assert winter("background-gan + cluster-teacher")["init"].endswith("winter-background-gan-reid")
    assert winter("cut-joint")["method"] == "cut-joint"
    assert winter("cut-joint + cluster-teacher")["backbone"] == "encoder4+resnet10t"
    assert winter("context-rendering")["render"].endswith("winter-context-rendering")
    both = winter("context-rendering + cluster-teacher")
    assert (both["init"][-22:], both["render"][-17:]) == ("context-rendering-reid", "context-rendering")
    assert asked("bench-video promenade", "cluster-teacher")["tracklets"] is True
    on_tracklets = [values["protocol"] for (target, _), values in found.items() if target == "bench-video promenade"]
    assert on_tracklets == 5 * ["video"]  # networks for pictures, too
    assert asked("bench-video promenade", "video-mean-teacher + cluster-teacher")["init"].endswith("promenade-all")
    in_grey = asked("bench-thermal", "cluster-teacher")
    assert (in_grey["source"], in_grey["grey"]) == ("", 1.0)
    assert asked("bench-thermal", "modality-adversarial")["init"].endswith("in-grey/seed-0")
    assert asked("bench-infrared", "modality-adversarial")["init"].endswith("in-colour/seed-0")


def test_a_part_of_the_leaderboard_looks_at_its_own_worlds_alone(recorded, tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(leaderboard, "bench_specs", lambda bench, *_: looked.append(bench) or SPECS[bench])
    for only, bench, targets in (
        ("bench-thermal", "bench-thermal", {"bench-thermal"}),
        ("winter", "bench-colour", {"bench-colour forecourt", "bench-colour winter", "bench-colour transit"}),
    ):
        rows = leaderboard.rows(Context("tiny", range(1), [], tmp_path / only, Display(), only=only))
        assert {row.target for row in rows} == targets
        assert leaderboard.wanted(Context("tiny", range(1), [], tmp_path / only, Display(), only=only)) == [bench]
    assert set(looked) == {"bench-colour"}


def test_memory_of_a_run_without_record_is_zero(tmp_path):
    assert peak_memory(Run(tmp_path)) == 0


def test_the_studies_are_registered():
    assert {"cluster-quality", "leaderboard"} <= STUDIES.keys()
