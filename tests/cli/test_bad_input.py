"""Bad input: a sentence, exit code 2, nothing half-written."""

import shutil

import pytest
from tests.conftest import QUICK

from reidapt.cli import main

FLAGS = [f"--{key}={value}" for key, value in {**QUICK, "epochs": 1}.items()]


@pytest.fixture
def copy(source_dir, tmp_path):
    return shutil.copytree(source_dir, tmp_path / "copy")


def fails(capsys, words, *expected):
    assert main([str(w) for w in words]) == 2
    error = capsys.readouterr().err
    error = error[error.index("reidapt: error: ") :]
    assert error.strip().endswith((".", "?"))
    assert "Traceback" not in error
    for text in expected:
        assert text in error, error


def train(data, out, *more):
    return ["train", "source-only", "--source", f"market1501:{data}", "--out", out, *FLAGS, *more]


def test_no_such_folder(capsys, tmp_path):
    fails(capsys, train(tmp_path / "nowhere", tmp_path / "run"), "nowhere")
    assert not (tmp_path / "run").exists()


def test_wrong_layout(capsys, copy, tmp_path):
    shutil.rmtree(copy / "bounding_box_train")
    fails(capsys, train(copy, tmp_path / "run"), "bounding_box_train")
    assert not (tmp_path / "run").exists()


def test_an_empty_split(capsys, copy, tmp_path):
    for file in (copy / "bounding_box_train").iterdir():
        file.unlink()
    fails(capsys, train(copy, tmp_path / "run"), "bounding_box_train")
    assert not (tmp_path / "run").exists()


def test_a_truncated_picture(capsys, copy, tmp_path):
    file = sorted((copy / "bounding_box_train").iterdir())[5]
    file.write_bytes(file.read_bytes()[:200])
    fails(capsys, train(copy, tmp_path / "run"), file.name)
    assert not (tmp_path / "run").exists()


def test_a_name_that_does_not_parse(capsys, copy, tmp_path):
    file = sorted((copy / "bounding_box_train").iterdir())[0]
    file.rename(file.with_name("person one.jpg"))
    fails(capsys, train(copy, tmp_path / "run"), "person one.jpg", "0002_c1s1_000451_03.jpg")
    assert not (tmp_path / "run").exists()


def test_target_is_source(capsys, copy, tmp_path):
    words = [
        "train",
        "cluster-teacher",
        "--source",
        f"market1501:{copy}",
        "--target",
        f"folder:{copy}/../copy",
        "--out",
        tmp_path / "run",
    ]
    fails(capsys, words, "same data", "oracle")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["train", "source-onyl"], "did you mean 'source-only'?"),
        (["train", "source-only", "--epoch=3"], "did you mean 'epochs'?"),
        (["train", "source-only", "--epochs=many"], "epochs"),
        (["train", "source-only", "--epochs=0"], "greater than 0"),
        (["train", "source-only", "--weight_decay=-1"], "'weight_decay' is -1"),
        (["train", "source-only", "--label_smoothing=2"], "'label_smoothing' is 2"),
        (["train", "source-only", "--threads=-1"], "'threads' is -1"),
        (["train", "source-only", "--seed=-1"], "'seed' is -1"),
        (["train", "source-only", "--pad=-1"], "'pad' is -1"),
        (["train", "source-only", "--lr=.inf"], "'lr' is inf"),
        (["train", "cluster-teacher", "--min_samples=0"], "'min_samples' is 0"),
        (["train", "cluster-teacher", "--temperature=0"], "'temperature' is 0"),
        (["train", "cluster-teacher", "--steps=-1"], "'steps' is -1"),
        (["train", "cluster-teacher", "--source_epochs=-1"], "'source_epochs' is -1"),
        (["train", "source-only"], "--source market1501:DIR"),
        (["trian", "source-only"], "did you mean 'train'?"),
        (["evaluate", "runs/none", "market1501:x", "--flp"], "did you mean '--flip'?"),
        (["evaluate", "runs/none", "market1501:x"], "no run or checkpoint"),
        (["report", "runs/none"], "runs/none"),
        (["data", "chekc", "x"], "did you mean 'check'?"),
        (["reproduce", "demo-thre-seeds"], "did you mean 'demo-three-seeds'?"),
        (["world", "render", "--style", "engine", "--out", "x", "--size", "big"], "HEIGHTxWIDTH"),
        (["train"], "source-only"),
    ],
)
def test_misspelt_words_name_the_nearest(words, hint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fails(capsys, words, hint)
    assert not list(tmp_path.iterdir())


def test_misspelt_key_in_a_configuration_file(capsys, copy, tmp_path):
    (tmp_path / "c.yaml").write_text("learning_rat: 3\nlr: 0.1\n")
    fails(capsys, train(copy, tmp_path / "run", f"--config={tmp_path}/c.yaml"), "unknown key 'learning_rat'")


def test_a_folder_that_is_no_run_is_not_overwritten(capsys, copy, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    fails(capsys, train(copy, tmp_path / "mine"), "not empty")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_evaluating_data_without_queries(capsys, copy, tmp_path):
    assert main([str(w) for w in train(copy, tmp_path / "run")]) == 0
    (tmp_path / "crops").mkdir()
    shutil.copy(sorted((copy / "query").iterdir())[0], tmp_path / "crops" / "a.jpg")
    fails(capsys, ["evaluate", tmp_path / "run", f"folder:{tmp_path / 'crops'}"], "query")
    assert not list((tmp_path / "run" / "evaluations").iterdir())


def test_more_persons_per_batch_than_persons(capsys, copy, tmp_path):
    fails(capsys, train(copy, tmp_path / "run", "--persons_per_batch=16"), "at most 6 persons")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cpu:x", "cuda:99"])
def test_devices_that_do_not_exist(device, capsys, copy, tmp_path):
    fails(capsys, train(copy, tmp_path / "run", f"--device={device}"), "device")
    assert not (tmp_path / "run").exists()


def test_evaluations_that_cannot_be_written(capsys, copy, tmp_path):
    assert main([str(w) for w in train(copy, tmp_path / "run")]) == 0
    (tmp_path / "file").write_text("")
    words = ["evaluate", tmp_path / "run", f"market1501:{copy}"]
    fails(capsys, [*words, "--out", tmp_path / "file"], "cannot be created")
    fails(capsys, [*words, "--device", "cuda:x"], "cuda:N")
    (tmp_path / "a" / "b").mkdir(parents=True)
    shutil.copy(tmp_path / "run" / "checkpoints" / "last.pt", tmp_path / "a" / "b" / "model.pt")
    fails(capsys, ["evaluate", tmp_path / "a" / "b" / "model.pt", f"market1501:{copy}"], "--out")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]
