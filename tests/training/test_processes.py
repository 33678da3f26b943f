"""Two processes train the same model as one: same batches, same losses, weights equal to a tolerance."""

from __future__ import annotations

import json
import multiprocessing

import numpy as np
import pytest
import torch
import torch.distributed as dist
from tests.conftest import QUICK
from torch import nn

from reidapt import processes
from reidapt.data import Augment, CropStore, Loader, read
from reidapt.errors import ConfigError
from reidapt.methods import load_method
from reidapt.models.synced import synchronise_statistics
from reidapt.training import Run, train


def in_processes(work, number, folder, *arguments):
    """Run ``work(*arguments)`` in ``number`` forked processes that know each other; an exception in one fails."""
    context = multiprocessing.get_context("fork")
    meeting = folder / f"meeting-{work.__name__}"

    def one(rank):
        dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=number)
        work(*arguments)
        dist.destroy_process_group()

    children = [context.Process(target=one, args=(rank,)) for rank in range(number)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
        assert child.exitcode == 0


def adapt(source, target, out, **options):
    cls = load_method("cluster-teacher")
    train(
        "cluster-teacher",
        cls.Config(
            **{**QUICK, "persons_per_batch": 3, "pictures_per_person": 3, "lr": 1e-4},  # 9 crops: shares of 5 and 4
            source=f"market1501:{source}",
            target=f"market1501:{target}",
            out=str(out),
            source_epochs=1,
            min_samples=2,
            k1=6,
            k2=2,
            triplet_weight=1.0,
            camera_weight=0.5,
            soft_weight=0.5,
            **options,
        ),
    )


def test_two_processes_equal_one(source_dir, target_dir, tmp_path):
    adapt(source_dir, target_dir, tmp_path / "one")
    in_processes(adapt, 2, tmp_path, source_dir, target_dir, tmp_path / "two")
    lines = [[json.loads(line) for line in Run(tmp_path / n).metrics.read_text().splitlines()] for n in ("one", "two")]
    assert len(lines[0]) == len(lines[1])
    for a, b in zip(*lines):
        for name in a.keys() - {"seconds"}:
            assert b[name] == pytest.approx(a[name], rel=2e-3, abs=2e-3), (name, a["step"])
    one, two = (torch.load(Run(tmp_path / n).checkpoint, weights_only=True)["networks"] for n in ("one", "two"))
    for name, tensor in one.items():
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            # Adam moves every weight by about the learning rate, whatever the size of its gradient
            assert (tensor - two[name]).abs().max() < 2e-3 * max(1.0, float(tensor.abs().max())), name


def gradients(network, images, weights):
    """Of a loss of the global batch: sum(weights · features), through BatchNorm."""
    features = processes.gathered(network(images[processes.own(len(images))]))
    (features * weights).sum().backward()
    processes.sum_gradients(list(network.parameters()))
    return [p.grad for p in network.parameters()]


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5), nn.BatchNorm1d(5)
    )


def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(7, 3, 6, 6, generator=generator), torch.randn(7, 5, generator=generator)


def compare_gradients(expected, statistics):
    network = small_network()
    synchronise_statistics(network)
    for mine, other in zip(gradients(network, *batch()), expected):
        assert torch.allclose(mine, other, atol=1e-5)
    for (name, buffer), other in zip(network.named_buffers(), statistics):
        assert torch.allclose(buffer.float(), other.float(), atol=1e-6), name


def test_gradients_and_statistics_of_uneven_shares_are_those_of_the_whole_batch(tmp_path):
    network = small_network()
    expected = gradients(network, *batch())
    in_processes(compare_gradients, 3, tmp_path, expected, list(network.buffers()))


def test_parts_of_a_batch_are_the_whole_batch(source_dir):
    store = CropStore(read(f"market1501:{source_dir}").select(split="train"), (48, 24))
    rows, augment = [np.arange(9)], Augment(pad=4, brightness=0.3)
    whole = Loader(store, rows, augment).batch(0)
    for part in (slice(0, 5), slice(5, 9)):
        mine = Loader(store, rows, augment, part=lambda size, part=part: part).batch(0)
        assert torch.equal(mine.images, whole.images[part])
        assert torch.equal(mine.indices, whole.indices)
    other = Loader(store, rows, augment.__call__, part=lambda size: slice(5, 9)).batch(0)
    assert torch.equal(other.images, whole.images[5:9])  # a transform that knows nothing of parts


def test_a_device_for_several_processes_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="2 processes"), processes.joined("cuda:1"):
        pass


def test_a_norm_that_cannot_be_shared_is_refused():
    with pytest.raises(ConfigError, match="BatchNorm3d"):
        synchronise_statistics(nn.Sequential(nn.BatchNorm3d(2)))
