"""Evaluating runs: protocols, trials bound to runs, strips and re-ranking recorded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.conftest import QUICK

from reidapt.cli import main
from reidapt.data import CropStore, read
from reidapt.errors import ConfigError
from reidapt.evaluation import embed, load_result, rank
from reidapt.methods.modality_adversarial import ModalityAdversarialConfig
from reidapt.methods.source_only import SourceOnlyConfig
from reidapt.training import load, train
from reidapt.training.trials import bound_trial, check_start, check_trial, spec_trial, trained_on, with_trial


@pytest.fixture(scope="module")
def run(source_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return train("source-only", SourceOnlyConfig(**QUICK, source=f"market1501:{source_dir}", out=str(folder))).folder


def test_options_are_what_was_computed_and_recorded(run, target_dir, tmp_path):
    words = [
        "--protocol",
        "market1501",
        "--flip",
        "--strips",
        "2",
        "--rerank",
        "--k1",
        "5",
        "--k2",
        "2",
        "--embeddings",
    ]
    assert main(["evaluate", str(run), f"market1501:{target_dir}", *words, "--out", str(tmp_path), "--name", "r"]) == 0
    result = load_result(tmp_path / "r")
    assert {k: result.settings[k] for k in ("protocol", "flip", "feature", "reranking")} == {
        "protocol": "market1501",
        "flip": True,
        "feature": "maxima of 2 horizontal strips",
        "reranking": "k-reciprocal, k1 5, k2 2, λ 0.3",
    }
    with np.load(tmp_path / "r.npz") as file:
        assert file["query"].dtype == np.float32
        assert [p.split("/")[-2] for p in file["query_paths"]] == ["query"] * len(file["query"])


def test_evaluate_equals_embedding_and_ranking(run, target_dir, tmp_path):
    assert main(["evaluate", str(run), f"market1501:{target_dir}", "--out", str(tmp_path), "--name", "r"]) == 0
    table, method = read(f"market1501:{target_dir}"), load(run)
    query, gallery = table.select(split="query"), table.select(split="gallery")
    plain = rank(
        *(embed(method, CropStore(part, method.config.size)) for part in (query, gallery)),
        query_person=query.person,
        query_camera=query.camera,
        gallery_person=gallery.person,
        gallery_camera=gallery.camera,
    )
    assert load_result(tmp_path / "r").mAP == pytest.approx(plain.mAP)


def test_strips_are_maxima_of_the_maps(run, target_dir):
    method = load(run)
    table = read(f"market1501:{target_dir}").select(split="query")
    store = CropStore(table, method.config.size)
    from reidapt.data import normalise

    with torch.no_grad():
        maps = method.ranker.feature_maps(normalise(store.images(range(4)))).numpy()
    rows = maps.shape[2]
    middle = (rows // 2, -(-rows // 2))  # strips of an odd number of rows share the one in the middle
    expected = np.concatenate(
        [part.max(axis=(2, 3)) for part in (maps[:, :, : middle[1]], maps[:, :, middle[0] :])], axis=1
    )
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embed(method, store, strips=2)[:4].numpy(), expected, atol=1e-5)
    with pytest.raises(ConfigError, match="strips"):
        embed(method, store, strips=1000)
    with pytest.raises(ConfigError, match="feature_maps"):
        embed(lambda images: images.flatten(1), store, strips=2)


def test_a_run_is_bound_to_its_trial():
    regdb = "regdb:/data/regdb"
    assert bound_trial((f"{regdb}?trial=3", ""), f"{regdb}?trial=5") == "3"
    assert bound_trial((f"market1501:/m+{regdb}?query=thermal&trial=7", ""), regdb) == "7"
    assert bound_trial(("market1501:/m", regdb), f"{regdb}?trial=5") == "1"
    assert bound_trial(("market1501:/m", ""), regdb) is None
    check_trial("3", "3", "run", regdb)
    check_trial(None, "5", "run", regdb)
    with pytest.raises(ConfigError, match=r"trained on trial 3 of regdb, but trial 5.*regdb:/data/regdb\?trial=3"):
        check_trial("3", "5", "run", f"{regdb}?trial=5")
    assert with_trial(regdb, "2") == f"{regdb}?trial=2"
    assert with_trial(f"{regdb}?trial=9&query=thermal", "2") == f"{regdb}?trial=2&query=thermal"
    assert with_trial(f"{regdb}?query=thermal", "2") == f"{regdb}?query=thermal&trial=2"
    assert spec_trial(regdb) == "1"
    assert spec_trial(f"{regdb}?trial=4") == "4"
    assert spec_trial("market1501:/m") is None
    assert bound_trial(("market1501:/m", ""), "market1501:/m") is None
    extra = ModalityAdversarialConfig(source="sysu-mm01:/s", extra=f"{regdb}?trial=6")
    assert bound_trial(trained_on(extra), regdb) == "6"
    extended = SourceOnlyConfig(source="stream:game?people=9", extend=f"csv:/c+{regdb}?trial=8")
    assert bound_trial(trained_on(extended), regdb) == "8"


def test_a_run_does_not_start_from_one_of_another_trial():
    regdb, start = "regdb:/data/regdb", ModalityAdversarialConfig(source="regdb:/data/regdb?trial=3")
    check_start(start, ModalityAdversarialConfig(source=f"{regdb}?trial=3", init="runs/start"))
    check_start(start, ModalityAdversarialConfig(source="sysu-mm01:/s", extra="market1501:/m", init="runs/start"))
    with pytest.raises(
        ConfigError, match=r"'runs/start', which was trained on trial 3 of regdb, but .*trial=4' is trial 4"
    ):
        check_start(start, ModalityAdversarialConfig(source=f"{regdb}?trial=4", init="runs/start"))
    with pytest.raises(ConfigError, match="is trial 1, whose test persons"):
        check_start(start, ModalityAdversarialConfig(source="sysu-mm01:/s", extra=regdb, init="runs/start"))


def test_several_runs_need_trials_of_their_own(run, target_dir, capsys):
    assert main(["evaluate", str(run), str(run), f"market1501:{target_dir}"]) == 2
    assert "the same data" in capsys.readouterr().err
    assert main(["evaluate", str(run), f"market1501:{target_dir}", "--protocol", "sysu"]) == 2
    assert "sysu-mm01" in capsys.readouterr().err
    assert main(["evaluate", str(run), f"market1501:{target_dir}", "--rerank", "--lambda", "2"]) == 2
    assert "λ in [0, 1]" in capsys.readouterr().err


def test_extract_and_compare(run, target_dir, tmp_path, capsys):
    dataset = f"market1501:{target_dir}"
    assert main(["extract", str(run), dataset, str(tmp_path / "all")]) == 0
    with np.load(tmp_path / "all.npz") as file:
        table = read(dataset)
        assert file["path"].tolist() == table.paths.tolist()
        assert file["person"].tolist() == table.person.tolist()
        np.testing.assert_allclose(np.linalg.norm(file["features"], axis=1), 1, atol=1e-5)
    for name, flip in (("plain", []), ("flip", ["--flip"])):
        assert main(["evaluate", str(run), dataset, *flip, "--out", str(tmp_path), "--name", name]) == 0
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "plain.json"), str(tmp_path / "flip.json"), "--by", "person"]) == 0
    text = capsys.readouterr().out
    assert "differ in flip: False | True" in text
    assert "4 resampled units" in text
    assert main(["compare", str(tmp_path / "plain.json"), str(tmp_path / "none.json")]) == 2
