"""A run killed at any moment and started again ends with the weights of an uninterrupted one, bit for bit."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
import torch
from filelock import FileLock
from tests.conftest import QUICK

import reidapt
from reidapt.data import single_channel
from reidapt.errors import ReidaptError, RunError
from reidapt.evaluation.embedding import strip_maxima
from reidapt.methods import load_method
from reidapt.training import Run, load, train
from reidapt.training.checkpoint import untrained


def config(method, source, target, out, **options):
    data = {"source": f"market1501:{source}"}
    if method == "cluster-teacher":
        data |= {"target": f"market1501:{target}", "source_epochs": 1, "eps": 0.7, "min_samples": 2, "k1": 6, "k2": 2}
    return load_method(method).Config(**{**QUICK, **data, "out": str(out), **options})


def weights(run):
    return torch.load(Run(run).checkpoint, weights_only=True)


def assert_same_weights(a, b):
    first, second = weights(a), weights(b)
    assert first["step"] == second["step"]
    for part in ("networks", "optimisers"):
        assert_equal(first[part], second[part], part)


def assert_equal(a, b, where):
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_equal(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b)):
            assert_equal(x, y, f"{where}[{i}]")
    else:
        assert a == b, where


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("method", ["source-only", "cluster-teacher"])
def test_interrupted_anywhere_equals_uninterrupted(method, source_dir, target_dir, tmp_path):
    whole = config(method, source_dir, target_dir, tmp_path / "whole", checkpoint_steps=2)
    steps = []
    train(method, whole, lambda done, total, what: steps.append(done) if what.startswith("epoch") else None)
    broken = config(method, source_dir, target_dir, tmp_path / "broken", checkpoint_steps=2)
    generator = random.Random(0)
    for _ in range(3):
        moment = generator.randrange(1, len(steps))

        def stop(done, total, what, moment=moment):
            if what.startswith("epoch") and done >= moment:
                raise Killed

        try:
            train(method, broken, stop)
        except Killed:
            torch.manual_seed(generator.randrange(1000))  # another process would have another state
    train(method, broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")
    lines = [(tmp_path / name / "metrics.jsonl").read_text().splitlines() for name in ("whole", "broken")]
    without_time = [[{**eval(line, {"NaN": float("nan")}), "seconds": 0} for line in part] for part in lines]
    assert without_time[0] == without_time[1]


def test_the_target_alone_from_a_state_file_goes_on(source_dir, target_dir, tmp_path):
    """What a run began from is asked again when it is resumed, and is no longer there to be read."""
    start = train("source-only", config("source-only", source_dir, target_dir, tmp_path / "start"))
    backbone = load(start.folder).network.backbone
    torch.save(backbone.state_dict(), tmp_path / "backbone.pt")
    whole, broken = (
        replace(
            config("cluster-teacher", source_dir, target_dir, tmp_path / name, epochs=2),
            source="",
            weights=str(tmp_path / "backbone.pt"),
        )
        for name in ("whole", "broken")
    )
    train("cluster-teacher", whole)

    def stop(done, total, what):
        if what.startswith("epoch 2"):
            raise Killed

    with pytest.raises(Killed):
        train("cluster-teacher", broken, stop)
    (tmp_path / "backbone.pt").unlink()
    train("cluster-teacher", broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")


def test_a_second_command_waits_for_the_first_and_finds_its_run(source_dir, target_dir, tmp_path, caplog):
    first = train("source-only", config("source-only", source_dir, target_dir, tmp_path / "first")).folder
    shutil.copytree(first, tmp_path / "second")
    checkpoint = Run(tmp_path / "second").checkpoint
    checkpoint.rename(tmp_path / "kept")

    held = threading.Event()

    def other_process():
        with FileLock(tmp_path / "second" / ".lock"):
            held.set()
            time.sleep(1)
            (tmp_path / "kept").rename(checkpoint)

    threading.Thread(target=other_process).start()
    held.wait()
    second = train("source-only", config("source-only", source_dir, target_dir, tmp_path / "second"))
    assert "another process trains in" in caplog.text
    assert (second.folder / "metrics.jsonl").read_text() == (first / "metrics.jsonl").read_text()


def test_three_sigkills_at_random_moments(source_dir, tmp_path):
    options = {**QUICK, "epochs": 40, "checkpoint_steps": 3}

    def command(out):
        flags = [f"--{key}={value}" for key, value in options.items()]
        words = ["train", "source-only", f"--source=market1501:{source_dir}", f"--out={out}", *flags]
        return [sys.executable, "-m", "reidapt", *words]

    generator = random.Random(1)
    broken = Run(tmp_path / "broken")
    for _ in range(3):
        before = broken.checkpoint.stat().st_mtime_ns if broken.checkpoint.exists() else 0
        process = subprocess.Popen(command(broken.folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 120
        while time.monotonic() < limit and (
            not broken.checkpoint.exists() or broken.checkpoint.stat().st_mtime_ns == before
        ):
            time.sleep(0.005)
        time.sleep(generator.uniform(0, 0.3))
        assert process.poll() is None, "the run ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert 0 < weights(broken.folder)["step"] < 240
    subprocess.run(command(broken.folder), check=True, capture_output=True)
    train("source-only", config("source-only", source_dir, None, tmp_path / "whole", epochs=40, checkpoint_steps=3))
    assert_same_weights(tmp_path / "whole", broken.folder)


def test_another_configuration_is_refused(source_dir, tmp_path):
    train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1))
    with pytest.raises(RunError, match=r"another configuration \(lr: 0.00035 → 0.1\)"):
        train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1, lr=0.1))


def test_a_run_from_before_an_option_existed_is_found_again(source_dir, tmp_path):
    run = train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1))
    lines = [line for line in run.config.read_text().splitlines() if not line.startswith(("grey:", "lr:"))]
    run.config.write_text("\n".join(lines) + "\n")
    moment = run.checkpoint.stat().st_mtime_ns
    train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1))
    assert run.checkpoint.stat().st_mtime_ns == moment
    with pytest.raises(RunError, match=r"another configuration \(lr: 0.00035 → 0.1\)"):
        train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1, lr=0.1))


def test_a_full_disk_keeps_the_previous_checkpoint(source_dir, tmp_path, monkeypatch):
    import reidapt.training.checkpoint as module

    train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1))
    before = Run(tmp_path).checkpoint.read_bytes()
    real = torch.save

    def full(content, file):
        file.write(b"half a checkpoint")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.torch, "save", full)
    content = torch.load(Run(tmp_path).checkpoint, weights_only=True)
    with pytest.raises(RunError, match=r"No space left on device. The previous checkpoint is unchanged"):
        module.save_checkpoint(Run(tmp_path).checkpoint, content)
    monkeypatch.setattr(module.torch, "save", real)
    assert Run(tmp_path).checkpoint.read_bytes() == before
    assert [p.name for p in Run(tmp_path).checkpoint.parent.iterdir()] == ["last.pt"]


def test_changed_data_is_refused(source_dir, tmp_path):
    import shutil

    copy = shutil.copytree(source_dir, tmp_path / "copy")
    train("source-only", config("source-only", copy, None, tmp_path / "run", epochs=1))
    next((copy / "bounding_box_train").glob("*.jpg")).unlink()
    with pytest.raises(RunError, match=r"source data of the run .* has changed"):
        train("source-only", config("source-only", copy, None, tmp_path / "run", epochs=1))


def test_init_from_another_architecture_is_refused(source_dir, target_dir, tmp_path):
    train("source-only", config("source-only", source_dir, None, tmp_path / "a", epochs=1))
    other = config(
        "cluster-teacher", source_dir, target_dir, tmp_path / "b", init=str(tmp_path / "a"), backbone="resnet10t"
    )
    with pytest.raises(RunError, match="another architecture"):
        train("cluster-teacher", other)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("method", ["source-only", "cluster-teacher"])
def test_init_asks_for_no_other_weights(method, source_dir, target_dir, tmp_path):
    start = config("source-only", source_dir, None, tmp_path / "a", epochs=1)
    train("source-only", start)
    absent = str(tmp_path / "nowhere.pt")
    begun = config(method, source_dir, target_dir, tmp_path / "b", epochs=1, weights=absent, init=start.out)
    assert train(method, begun).checkpoint.exists()
    assert reidapt.load(tmp_path / "b").config.weights == absent
    with pytest.raises(ReidaptError, match="no such file"):
        train(method, config(method, source_dir, target_dir, tmp_path / "c", epochs=1, weights=absent))


@pytest.mark.parametrize("method", ["video-mean-teacher", "context-rendering", "modality-adversarial"])
def test_init_replaces_every_weight_of_the_backbones(method):
    small = {"backbone": "test_resnet", "weights": "random", "height": 64, "width": 32, "out": "unused"}
    source = load_method("source-only")
    start = source(source.Config(**small), persons=3)
    cls, states = load_method(method), []
    for seed in (0, 1):
        torch.manual_seed(seed)
        made = untrained(cls, cls.Config(**{**small, "weights": "nowhere.pt"}), persons=3)
        made.load_initial(start)
        states.append(made.state_dict())
    own = ("backbone.", "network.colour.", "network.other.", "network.shared.")
    keys = [key for key in states[0] if any(part in key for part in own)]
    assert len(keys) >= len(start.network.backbone.state_dict())
    for key in keys:
        assert torch.equal(states[0][key], states[1][key]), key


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_unreadable_checkpoints_are_sentences(content, tmp_path):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(RunError, match="not a readable checkpoint"):
        reidapt.load(tmp_path / "x.pt")
    with pytest.raises(ReidaptError, match="holds no checkpoint"):
        reidapt.load(tmp_path)


def test_killed_before_the_first_checkpoint_repeats_no_line(source_dir, tmp_path):
    whole = config("source-only", source_dir, None, tmp_path / "whole", epochs=1)
    train("source-only", whole)
    broken = config("source-only", source_dir, None, tmp_path / "broken", epochs=1)

    def stop(done, total, what):
        if what.startswith("epoch"):
            raise Killed

    with pytest.raises(Killed):
        train("source-only", broken, stop)
    assert not Run(tmp_path / "broken").checkpoint.exists()
    assert len(Run(tmp_path / "broken").metrics.read_text().splitlines()) == 1
    train("source-only", broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")
    lines = [Run(tmp_path / name).metrics.read_text().count("\n") for name in ("whole", "broken")]
    assert lines[0] == lines[1]


def test_tensorboard_keeps_the_step_of_the_checkpoint(source_dir, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = config("source-only", source_dir, None, tmp_path, epochs=2)

    def stop(done, total, what):
        if what.startswith("epoch") and done > total // 2:
            raise Killed

    with pytest.raises(Killed):
        train("source-only", run, stop)
    train("source-only", run)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    last = torch.load(Run(tmp_path).checkpoint, weights_only=True)["step"]
    assert [event.step for event in events.Scalars("lr")] == list(range(1, last + 1))


def test_pytorch_is_left_as_it_was_and_a_moved_run_goes_on(source_dir, tmp_path):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    train("source-only", config("source-only", source_dir, None, tmp_path / "a", epochs=1, threads=before[0] + 1))
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before
    (tmp_path / "a").rename(tmp_path / "b")
    train("source-only", config("source-only", source_dir, None, tmp_path / "b", epochs=1, threads=before[0] + 1))


def test_strips_of_a_network_that_sees_grey_are_of_grey_pictures(source_dir, tmp_path):
    run = train("source-only", config("source-only", source_dir, None, tmp_path, epochs=1, grey=1.0))
    method, images = load(run.folder), torch.randn(4, 3, 48, 24)
    maps = strip_maxima(method, 2)(images)
    assert torch.equal(maps, strip_maxima(method.ranker, 2)(single_channel(images)))
    assert not torch.equal(maps, strip_maxima(method.ranker, 2)(images))


def test_a_start_in_grey_that_goes_on_in_colour_is_told(source_dir, tmp_path, caplog):
    start = train("source-only", config("source-only", source_dir, None, tmp_path / "start", epochs=1, grey=1.0))
    for grey, told in ((1.0, False), (0.0, True)):
        caplog.clear()
        chosen = config(
            "source-only", source_dir, None, tmp_path / str(grey), epochs=1, grey=grey, init=str(start.folder)
        )
        train("source-only", chosen)
        assert ("grey alone" in caplog.text) == told
