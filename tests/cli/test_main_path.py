"""The main job on a user's own files, through the command line: train, adapt, evaluate, report."""

import json

from tests.conftest import QUICK

from reidapt.cli import main

FLAGS = [f"--{key}={value}" for key, value in QUICK.items()]


def run(*words):
    assert main([str(w) for w in words]) == 0


def test_train_adapt_evaluate_report(source_dir, target_dir, tmp_path, capsys):
    direct, adapted = tmp_path / "direct", tmp_path / "adapted"
    source, crops = f"market1501:{source_dir}", f"folder:{target_dir / 'bounding_box_train'}"
    run("train", "source-only", "--source", source, "--out", direct, *FLAGS)
    clustering = ["--eps=0.7", "--min_samples=2", "--k1=6", "--k2=2"]
    run(
        "train",
        "cluster-teacher",
        "--source",
        source,
        "--target",
        crops,
        "--init",
        direct,
        "--out",
        adapted,
        *FLAGS,
        *clustering,
    )
    for folder in (direct, adapted):
        run("evaluate", folder, f"market1501:{target_dir}", "--name", "target")
    run("report", adapted, "--direct", direct)
    result = json.loads((adapted / "evaluations" / "target.json").read_text())
    assert result["queries"] == 12
    assert 0 <= result["mAP"] <= 100
    assert result["dataset"] == f"market1501:{target_dir}"
    assert (adapted / "report.html").stat().st_size > 10_000
    assert str(adapted / "report.html") in capsys.readouterr().out


def test_data_check(source_dir, capsys):
    run("data", "check", f"market1501:{source_dir}")
    assert "36" in capsys.readouterr().out
