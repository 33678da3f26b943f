"""video-mean-teacher: what reaches the student and what must not; every part against plain recomputation."""

from __future__ import annotations

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from tests.tracklet_data import QUICK_VIDEO
from tests.video_method import ALONE, OFF, PARTS, batches_of, make, run

from reidapt.data import CropTable
from reidapt.errors import ConfigError, DataError
from reidapt.losses import clip_domains
from reidapt.methods import target_clusters
from reidapt.methods import video_mean_teacher as module
from reidapt.methods.source_only import SourceOnly, SourceOnlyConfig
from reidapt.methods.video_mean_teacher import VideoMeanTeacherConfig
from reidapt.training import Run, train


def parameters(method):
    for _ in run(method):
        pass
    return {name: value.detach().clone() for name, value in method.student.named_parameters()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a if isinstance(a[name], torch.Tensor))


# -- what reaches the student -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_changing_the_target_videos_changes_the_student_through_every_loss(part, folders, monkeypatch):
    """With one loss alone, and BatchNorm that keeps the domains apart, the target has no other way into the parameters.

    The same with a detach put where the public code has it: nothing arrives any more.
    """
    options = {**OFF, f"{part}_weight": 1.0, "norm": "separate"}
    first, second = (parameters(make(folders, target, **options)) for target in ("target", "other"))
    assert not same(first, second)
    if part == "consistency":
        for name in ("soft_contrast", "centroid_contrast"):
            real = getattr(target_clusters, name)
            monkeypatch.setattr(target_clusters, name, lambda f, *rest, real=real: real(f.detach(), *rest))
    else:
        monkeypatch.setattr(clip_domains, "reverse", lambda x, strength: x.detach())
    first, second = (parameters(make(folders, target, **options)) for target in ("target", "other"))
    assert same(first, second)


def table_of(folder, persons=None):
    frame = pd.read_csv(folder / "crops.csv")
    return frame if persons is None else frame.assign(person=persons)


def trained(folders, target, out):
    options = {
        **QUICK_VIDEO,
        "source": f"csv:{folders['source']}/crops.csv",
        "target": f"csv:{target}",
        "out": str(out),
    }
    train("video-mean-teacher", VideoMeanTeacherConfig(**options))
    return torch.load(Run(out).checkpoint, weights_only=True)["networks"]


def shuffled_ids(folders, path):
    """The target's table with the same tracklets under other persons, and its rows in another order."""
    frame = table_of(folders["target"])
    generator = np.random.default_rng(0)
    train_rows = frame[frame.split == "train"]
    tracks = train_rows.groupby(["camera", "tracklet"]).person.first()
    mixed = pd.concat(
        [part.sample(frac=1, random_state=5).set_axis(part.index) for _, part in tracks.groupby("camera")]
    )
    keys = list(zip(frame.camera, frame.tracklet))
    persons = [mixed.get(key, person) for key, person in zip(keys, frame.person)]
    assert (np.array(persons) != frame.person).mean() > 0.3
    frame.assign(person=persons).iloc[generator.permutation(len(frame))].to_csv(path, index=False)
    return path


def test_shuffling_the_targets_true_ids_changes_no_weight(folders, tmp_path):
    shuffled = shuffled_ids(folders, tmp_path / "shuffled.csv")
    original = trained(folders, folders["target"] / "crops.csv", tmp_path / "a")
    assert same(original, trained(folders, shuffled, tmp_path / "b"))
    assert not same(original, trained(folders, folders["other"] / "crops.csv", tmp_path / "c"))


def test_that_test_sees_a_leak(folders, tmp_path, monkeypatch):
    """With rows that come sorted by person, as a listing does, shuffled ids do change the weights."""

    def leaky(table):
        return table.take(np.argsort(table.person, kind="stable")).drop("person")

    monkeypatch.setattr(CropTable, "unlabelled", leaky)
    shuffled = shuffled_ids(folders, tmp_path / "shuffled.csv")
    original = trained(folders, folders["target"] / "crops.csv", tmp_path / "a")
    assert not same(original, trained(folders, shuffled, tmp_path / "b"))


# -- the parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", PARTS[:3])
def test_gradients_are_reversed_for_the_features_and_not_for_the_classifier(level, folders, monkeypatch):
    method = make(folders)
    dim = method.student.dim
    frames = [torch.randn(5, 4, dim, requires_grad=True) for _ in range(2)]

    def gradients():
        seen = {"frame": lambda f: f, "clip": lambda f: f.mean(1), "combined": method.halves}[level]
        draws = {"draws": torch.Generator().manual_seed(0)} if level == "combined" else {}
        loss = getattr(method.domains, f"{level}_loss")(*map(seen, frames), 0.25, **draws)
        return torch.autograd.grad(loss, [*frames, *getattr(method.domains, level).parameters()])

    found = gradients()
    monkeypatch.setattr(clip_domains, "reverse", lambda x, strength: x)
    plain = gradients()
    for a, b in zip(found[:2], plain[:2]):
        assert float(b.abs().max()) > 0
        assert torch.allclose(a, -0.25 * b, atol=1e-7)
    assert all(torch.allclose(a, b) for a, b in zip(found[2:], plain[2:]))


def test_the_teacher_is_the_average_on_the_global_step_with_its_buffers(folders):
    """Over two epochs: the step count goes on, and BatchNorm's statistics are averaged like every weight."""
    method = make(folders, **OFF, norm="separate", momentum=0.6)
    wanted = copy.deepcopy(method.student.state_dict())
    for t in run(method):
        alpha = min(1 - 1 / (t + 1), 0.6)
        for name, value in method.student.state_dict().items():
            floating = value.dtype.is_floating_point
            wanted[name] = alpha * wanted[name] + (1 - alpha) * value if floating else value.clone()
    assert t == 4
    assert int(method.updates) == 4
    found = method.teacher.state_dict()
    assert all(torch.allclose(found[name], wanted[name], atol=1e-5) for name in wanted)
    moved = [n for n, v in found.items() if "running" in n and not torch.equal(v, method.student.state_dict()[n])]
    assert moved


@pytest.mark.parametrize("norm", ["source", "separate", "mixed"])
def test_each_norm_takes_its_statistics_from_its_own_domain(norm, folders):
    method = make(folders, frame_weight=1.0, norm=norm).train()
    batch = next(batches_of(method))
    name, stem = next((n, m) for n, m in method.student.named_modules() if isinstance(m, torch.nn.BatchNorm2d))
    before = stem.running_mean.clone()
    seen = []
    handle = stem.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach().mean((0, 2, 3))))
    source, target = method.forward_clips(batch)
    handle.remove()
    assert len(seen) == (1 if norm == "mixed" else 2)
    used = seen[1] if norm == "separate" else seen[0]
    assert torch.allclose(stem.running_mean, before + stem.momentum * (used - before), atol=1e-5), name
    assert source.frames.shape == target.frames.shape == (6, 4, method.student.dim)
    if norm == "mixed":  # one batch of both: as if the network had been given it
        again = copy.deepcopy(method.student)
        images = torch.cat([batch["source"].images, batch["target"].images]).unflatten(0, (-1, 4))
        assert torch.allclose(again(images).feature[6:], target.feature, atol=1e-5)


def test_the_source_alone_needs_no_target_and_equals_its_two_losses(folders):
    method = make(folders, **ALONE)
    assert list(method.streams(0)) == ["source"]
    batch = next(batches_of(method))
    images, labels = batch["source"].images.unflatten(0, (-1, 4)), batch["source"].labels[::4]
    plain = copy.deepcopy(method.student).train()(images)
    identity = F.cross_entropy(plain.logits, labels, label_smoothing=0.1)
    triplet = module.batch_hard_triplet(plain.feature, labels, 0.3)
    ((_, loss),) = list(method.train().step(batch))
    assert float(loss.detach()) == pytest.approx(float((identity + triplet).detach()), rel=1e-4)


def test_streams_are_clips_of_one_tracklet_and_label_free_on_the_target(folders):
    method = make(folders)
    streams = method.streams(3)
    again = method.streams(3)
    for name, stream in streams.items():
        tracklet, person = (
            stream.store.table.column("tracklet"),
            stream.labels if name == "source" else None,
        )
        frame = stream.store.table.column("frame")
        for batch, other in zip(stream.batches, again[name].batches):
            assert np.array_equal(batch, other)
            for clip in batch.reshape(-1, 4):
                assert len(set(tracklet[clip])) == 1
                assert (np.diff(frame[clip]) > 0).all()
            if person is not None:
                assert len(set(person[batch])) == 3
    assert streams["target"].labels is None
    assert "person" not in streams["target"].store.table.columns
    assert not np.array_equal(streams["source"].batches[0], method.streams(4)["source"].batches[0])


@pytest.mark.parametrize("schedule", [[], [1, 3]])
def test_learning_rate(schedule, folders):
    method = make(folders, epochs=5, decay_epochs=schedule, warmup_epochs=1.0)
    values = [method.lr_factor(e) for e in (0, 0.5, 1, 2.9, 3, 5)]
    if schedule:
        assert values == pytest.approx([0.1, 0.55, 0.1, 0.1, 0.01, 0.01])
    else:
        cosine = [0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (e - 1) / 4)) for e in (1, 2.9, 3, 5)]
        assert values == pytest.approx([0.1, 0.55, *cosine])


# -- start, resume, refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_starts_from_a_run_on_pictures_and_from_one_on_clips(pooling, folders):
    method = make(folders, pooling=pooling)
    pictures = SourceOnly(SourceOnlyConfig(backbone="test_resnet", weights="random", height=32, width=16), persons=6)
    method.load_initial(pictures)
    for name, value in pictures.network.state_dict().items():
        assert torch.equal(method.student.state_dict()[name], value) or name == "classifier.weight"
        assert torch.equal(method.teacher.state_dict()[name], method.student.state_dict()[name]) or "classifier" in name
    clips = make(folders, pooling=pooling, seed=1)
    torch.nn.init.normal_(clips.teacher.neck.weight)
    method.load_initial(clips)
    assert same(method.student.state_dict(), clips.teacher.state_dict())
    if pooling == "attention":
        from reidapt.errors import RunError

        with pytest.raises(RunError, match="another architecture"):
            method.load_initial(make(folders, pooling="convolution"))
        with pytest.raises(RunError, match=r"another architecture.*temporal.*expected nothing"):
            make(folders).load_initial(clips)


def test_interrupted_equals_uninterrupted_and_packed_equals_in_memory(folders, tmp_path):
    options = {
        **QUICK_VIDEO,
        "source": f"csv:{folders['source']}/crops.csv",
        "target": f"csv:{folders['target']}/crops.csv",
    }
    options |= {"checkpoint_steps": 1, "consistency_start": 1, "pooling": "convolution"}
    options |= {"target_sampling": "clusters", "centroid_momentum": 0.5}
    train("video-mean-teacher", VideoMeanTeacherConfig(**options, out=str(tmp_path / "whole")))
    packed = VideoMeanTeacherConfig(**options, out=str(tmp_path / "broken"), packed=str(tmp_path / "packed"))
    for moment in (2, 3):  # at an epoch's end, and after the clustering in the middle of one

        def stop(done, total, what, moment=moment):
            if what.startswith("epoch") and done >= moment:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train("video-mean-teacher", packed, stop)
        torch.manual_seed(moment)
    train("video-mean-teacher", packed)
    whole, broken = (torch.load(Run(tmp_path / n).checkpoint, weights_only=True) for n in ("whole", "broken"))
    assert whole["step"] == broken["step"] == 4
    assert same(whole["networks"], broken["networks"])
    for name in ("centroids", "pseudo_labels"):
        extra = [content["networks"]["_extra_state"][name] for content in (whole, broken)]
        assert torch.equal(*extra)
    assert len(list((tmp_path / "packed").iterdir())) == 2


def test_what_does_not_fit_together_is_refused_before_anything_is_written(folders, tmp_path):
    spec = f"csv:{folders['source']}/crops.csv"
    other = f"csv:{folders['target']}/crops.csv"

    def attempt(options):
        settings = {**QUICK_VIDEO, "source": spec, "out": str(tmp_path / "run"), **options}
        train("video-mean-teacher", VideoMeanTeacherConfig(**settings))

    def refused(error, match, **options):
        with pytest.raises(error, match=match):
            attempt(options)
        assert not (tmp_path / "run").exists()

    refused(ConfigError, "give --target, or switch all of them off")
    refused(ConfigError, "Nothing that is switched on looks at --target", **ALONE, target=other)
    refused(ConfigError, "no two halves", frames=1)
    refused(DataError, r"batches of 99 persons", **ALONE, persons_per_batch=99)
    frame = table_of(folders["target"])
    short = frame[(frame.tracklet != 3) | (frame.frame == 0)]
    short.to_csv(tmp_path / "short.csv", index=False)
    refused(DataError, r"tracklet \d+ of camera 2 .* has 1 frame, fewer than 2", target=f"csv:{tmp_path / 'short.csv'}")
    frame.assign(tracklet=-1).to_csv(tmp_path / "none.csv", index=False)
    refused(DataError, "belongs to no tracklet", target=f"csv:{tmp_path / 'none.csv'}")
