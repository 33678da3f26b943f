"""A video run from training to results: all frames and some, bad tracklets counted, every video layout end to end."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from tests.conftest import QUICK
from tests.data.layouts.trees import make_table
from tests.tracklet_data import QUICK_VIDEO, write_tracklets

from reidapt.cli import main
from reidapt.data import read
from reidapt.data.layouts import plan, write_layout
from reidapt.evaluation import load_result, rank
from reidapt.evaluation.tracklets import embed_tracklets
from reidapt.methods.cluster_teacher import ClusterTeacherConfig
from reidapt.methods.video_mean_teacher import VideoMeanTeacherConfig
from reidapt.training import evaluate_run, load, train
from reidapt.training.evaluate import Options

ALONE = {"norm": "source", "frame_weight": 0, "clip_weight": 0, "combined_weight": 0, "consistency_weight": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tracklets(tmp_path_factory.mktemp("video") / "data", seed=1, frames=9)


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    options = {**QUICK_VIDEO, **ALONE, "source": f"csv:{folder}/crops.csv", "out": str(out), "epochs": 1}
    return train("video-mean-teacher", VideoMeanTeacherConfig(**options)).folder


def test_all_and_four_frames_are_two_results_that_say_so(run, folder, tmp_path):
    spec = f"csv:{folder}/crops.csv"
    assert main(["evaluate", str(run), spec, "--frames", "0", "4", "--out", str(tmp_path), "--name", "r"]) == 0
    method, table = load(run), read(spec).select(split=["query", "gallery"])
    for name, frames in (("r", 0), ("r-4-frames", 4)):
        result = load_result(tmp_path / name)
        assert result.settings["protocol"] == "video"  # as the rows are tracklets
        assert result.settings["frames"] == (frames or "all")
        assert result.settings["left_out_tracklets"] == result.settings["tracklets_of_one_frame"] == 0
        assert result.settings["queries"] == result.settings["gallery"] == 12
        tracks, x = embed_tracklets(method, table, (32, 16), frames=frames, length=4)
        query, gallery = (np.flatnonzero(tracks.column("split") == split) for split in ("query", "gallery"))
        plain = rank(
            x[query],
            x[gallery],
            query_person=tracks.person[query],
            query_camera=tracks.camera[query],
            gallery_person=tracks.person[gallery],
            gallery_camera=tracks.camera[gallery],
        )
        assert result.mAP == pytest.approx(plain.mAP)


def test_bad_test_tracklets_are_refused_or_left_out_and_counted(run, folder, tmp_path, capsys):
    damaged = shutil.copytree(folder, tmp_path / "copy")
    csv = damaged / "crops.csv"
    csv.write_text(csv.read_text().replace(str(folder), str(damaged)))
    victim = sorted(damaged.glob("0040/*.png"))[2]
    victim.write_bytes(b"no picture")
    words = ["evaluate", str(run), f"csv:{csv}", "--out", str(tmp_path), "--name", "r"]
    assert main(words) == 2
    assert str(victim) in capsys.readouterr().err
    assert main([*words, "--bad-tracklets", "skip"]) == 0
    assert load_result(tmp_path / "r").settings["left_out_tracklets"] == 1
    assert load_result(tmp_path / "r").settings["queries"] == 11
    victim.unlink()
    assert main(words) == 2
    assert str(victim) in capsys.readouterr().err  # the reader's refusal: a table lists what is there


def test_a_picture_protocol_still_takes_pictures(run, source_dir, tmp_path):
    result, _ = evaluate_run(run, f"market1501:{source_dir}", out=tmp_path)
    assert result.settings["protocol"] == "market1501"
    with pytest.raises(Exception, match="must be 1 or more"):
        evaluate_run(run, f"market1501:{source_dir}", out=tmp_path, options=Options(frames=-1))


@pytest.mark.parametrize("tracklets", [True, False])
def test_cluster_teacher_ranks_tracklets_where_it_has_learnt_them(folder, source_dir, tmp_path, tracklets):
    data = {"source": f"market1501:{source_dir}", "target": f"csv:{folder}/crops.csv", "out": str(tmp_path / "run")}
    options = {**QUICK, **data, "epochs": 1, "min_samples": 1, "eps": 0.9, "tracklets": tracklets}
    config = ClusterTeacherConfig(**options)
    result, _ = evaluate_run(train("cluster-teacher", config).folder, data["target"])
    assert result.settings["protocol"] == ("video" if tracklets else "market1501")
    assert result.settings["queries"] == (12 if tracklets else 108)


LAYOUTS = ["mars", "ilids-vid", "prid2011", "ls-vid", "ccvid", "dukemtmc-video"]
LAYOUTS += [f"svreid?variant={variant}" for variant in ("base", "cc", "plus")]


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_every_video_layout_from_training_to_a_result(dataset, folder, tmp_path):
    """The layout as the labelled source and as the unlabelled target, its own protocol, every part switched on."""
    name, _, options = dataset.partition("?")
    made = write_layout(make_table(tmp_path / "made", masks=False, **plan(name)), name, tmp_path / "out")
    spec = f"{name}:{made}" + (f"?{options}" if options else "")
    config = VideoMeanTeacherConfig(
        **{**QUICK_VIDEO, "source": spec, "target": f"csv:{folder}/crops.csv", "out": str(tmp_path / "run")},
    )
    config.persons_per_batch, config.steps, config.epochs, config.min_samples, config.eps = 2, 1, 1, 1, 0.9
    run = train("video-mean-teacher", config)
    result, path = evaluate_run(run.folder, spec)
    assert path.exists()
    assert result.settings["protocol"] == ("ccvid" if name == "ccvid" else "video")
    assert result.settings["queries"] > 0
    unlabelled = read(spec).select(split="train").unlabelled()
    labelled = read(spec).select(split="train")
    from reidapt.data.tracklets import Tracklets

    lengths = [sorted(len(rows) for rows in Tracklets.of(table).rows) for table in (labelled, unlabelled)]
    assert lengths[0] == lengths[1]  # as a target it has the same tracklets


def test_ten_splits_are_averaged(run, tmp_path):
    made = write_layout(make_table(tmp_path / "made", masks=False, **plan("prid2011")), "prid2011", tmp_path / "out")
    result, _ = evaluate_run(run, f"prid2011:{made}", trials=10, out=tmp_path / "results")
    summary = result.summary()
    assert summary["trials"] == 10
    assert summary["mAP"] == pytest.approx(np.mean(summary["per_trial"]["mAP"]))
    assert torch.tensor(summary["per_trial"]["mAP"]).std() > 0
