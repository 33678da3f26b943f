"""Translated datasets: ids kept, readable, provenance told, whole or not there."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tests.conftest import QUICK
from tests.masked_market import QUICK_GAN, write_masked_market

from reidapt.cli import main
from reidapt.data import CropStore, check, read
from reidapt.errors import ConfigError, DataError, RunError
from reidapt.methods.background_gan import BackgroundGanConfig
from reidapt.training import load, train
from reidapt.translation import translate_dataset
from reidapt.translation.write import market_names


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return write_masked_market(tmp_path_factory.mktemp("t") / "market", train=5, test=3, cameras=3)


@pytest.fixture(scope="module")
def runs(market, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for model in (3, 4):
        options = {**QUICK_GAN, "epochs": 1, "model": model, "source_camera": 1, "target_camera": 2}
        train(
            "background-gan",
            BackgroundGanConfig(**options, source=f"market1501:{market}", out=str(folder / str(model))),
        )
    return folder


def test_ids_stay_the_camera_is_the_generated_one_and_every_crop_says_where_it_came_from(market, runs, tmp_path):
    source = read(f"market1501:{market}")
    made = translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "out", batch_size=5)
    table = read(made.spec)
    assert made.spec == f"market1501:{tmp_path / 'out'}"
    of_camera_1 = source.select(camera=1)
    assert made.crops == len(table) == len(of_camera_1)
    assert made.persons == 8
    assert set(table.camera) == {2}
    by_path = dict(zip(source.paths, source.frame.to_dict("records")))
    for row in table.frame.to_dict("records"):
        origin = by_path[row["source_path"]]
        for key in ("person", "sequence", "frame", "split"):
            assert row[key] == origin[key]
        assert row["source_camera"] == origin["camera"] == 1
        assert row["method"] == "background-gan"
        assert str(row["model"]) == "4"
    assert "error" not in check(made.spec).verdict("train")


def test_pictures_are_the_methods_and_masks_travel_along(market, runs, tmp_path):
    method = load(runs / "4")
    translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "out", batch_size=4)
    table = read(f"market1501:{tmp_path / 'out'}")
    source = read(f"market1501:{market}")
    row = {path: i for i, path in enumerate(source.paths)}
    rows = [row[path] for path in table.column("source_path")]
    before, after = CropStore(source, (48, 24)), CropStore(table, (48, 24))
    expected = method.translate(before.images(rows))
    difference = (after.images(range(len(table))).int() - expected.int()).abs().float()
    assert difference.mean() < 6  # JPEG
    assert torch.equal(after.masks(range(len(table))), before.masks(rows))


def test_poses_come_from_the_target_cameras_training_crops_or_are_ones_own(market, runs, tmp_path):
    translate_dataset(runs / "3", f"market1501:{market}", tmp_path / "a", seed=1)
    table = read(f"market1501:{tmp_path / 'a'}")
    poses = table.column("pose_path")
    assert all("bounding_box_train" in path and "_c2s" in path for path in poses)
    assert len(set(poses)) > 3
    translate_dataset(runs / "3", f"market1501:{market}", tmp_path / "b", pose="own")
    own = read(f"market1501:{tmp_path / 'b'}")
    assert own.column("pose_path").tolist() == own.column("source_path").tolist()
    with pytest.raises(ConfigError, match="--pose is for models 3"):
        translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "c", pose="own")


def test_a_part_is_what_the_target_camera_did_not_see(market, runs, tmp_path):
    """With everybody seen by both cameras nothing is left; with one person gone from camera 2, that one is."""
    import shutil

    with pytest.raises(DataError, match="part 'unseen'"):
        translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "out", part="unseen")
    copy = shutil.copytree(market, tmp_path / "copy")
    for file in (copy / "bounding_box_train").glob("0002_c2*"):
        file.unlink()
    made = translate_dataset(runs / "4", f"market1501:{copy}", tmp_path / "out", part="new-ids")
    table = read(f"csv:{tmp_path / 'out' / 'crops.csv'}")
    assert made.spec.startswith("csv:")
    assert set(table.person) == {2}
    assert not (tmp_path / "copy" / "bounding_box_train" / "0002_c2s1_000000_01.jpg").exists()


def test_generated_crops_train_a_re_id_network(market, runs, tmp_path):
    spec = f"market1501:{market}"
    assert main(["translate", str(runs / "4"), spec, str(tmp_path / "g"), "--split", "train"]) == 0
    flags = [f"--{key}={value}" for key, value in QUICK.items()]
    words = [
        "train",
        "source-only",
        "--source",
        spec,
        "--cameras",
        "[1]",
        "--extend",
        f"csv:{tmp_path / 'g' / 'crops.csv'}",
    ]
    assert main([*words, "--share", "0.5", "--out", str(tmp_path / "run"), *flags]) == 0
    assert main(["evaluate", str(tmp_path / "run"), spec, "--name", "x"]) == 0


def test_an_unfinished_translation_leaves_nothing(market, runs, tmp_path):
    class Stop(Exception):
        pass

    def progress(done, total, what):
        raise Stop

    with pytest.raises(Stop):
        translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "out", progress=progress)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "full")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["x"]


def test_bad_masks_are_left_out_and_said(market, runs, tmp_path):
    import shutil

    copy = shutil.copytree(market, tmp_path / "copy")
    bad = sorted((copy / "masks" / "bounding_box_train").glob("*_c1*.png"))[0]
    bad.unlink()
    made = translate_dataset(runs / "3", f"market1501:{copy}", tmp_path / "a", pose="own")
    assert "1 missing" in made.left_out
    assert bad.stem not in "".join(read(made.spec).column("source_path"))
    whole = translate_dataset(runs / "4", f"market1501:{copy}", tmp_path / "b")  # redraws from the picture alone
    table = read(whole.spec)
    assert whole.crops == made.crops + 1
    assert (table.column("mask") == "").sum() == 1


def test_cameras_and_splits_that_are_not_there_are_sentences(market, runs, tmp_path):
    with pytest.raises(DataError, match="splits train, query, gallery"):
        translate_dataset(runs / "4", f"market1501:{market}", tmp_path / "out", splits=("val",))
    folder = tmp_path / "crops"
    folder.mkdir()
    Image.fromarray(np.zeros((48, 24, 3), np.uint8)).save(folder / "a.png")
    with pytest.raises(DataError, match="has no"):
        translate_dataset(runs / "4", f"folder:{folder}", tmp_path / "out")


def test_names_are_unique_where_cameras_meet():
    frame = pd.DataFrame({"person": [2, 2, 2, 12345], "sequence": [1, 1, -1, 2], "frame": [7, 7, 7, -1]})
    assert market_names(frame, 3) == [
        "0002_c3s1_000007_01",
        "0002_c3s1_000007_02",
        "0002_c3s1_000007_03",
        "12345_c3s2_000003_01",
    ]
