"""The loader: the same bits with and without prefetching, from any position, and errors reach the caller."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from reidapt.data import Augment, Batch, CropStore, Loader, class_labels, generator, pk_batches, read
from reidapt.errors import DataError

WILD = Augment(pad=3, brightness=0.3, contrast=0.3, saturation=0.3)


@pytest.fixture
def store(market: Path) -> CropStore:
    return CropStore(read(f"market1501:{market}").select(split="train"), (32, 16))


def equal(a: Batch, b: Batch) -> bool:
    same = all(torch.equal(x, y) for x, y in zip(a.views, b.views)) and torch.equal(a.indices, b.indices)
    return same and a.step == b.step


def test_prefetching_and_position_change_no_bit(store: CropStore) -> None:
    labels, _ = class_labels(store.table)
    order = [batch for epoch in range(3) for batch in pk_batches(labels, 2, 3, seed=1, epoch=epoch)]
    plain = list(Loader(store, order, WILD, seed=5, start_step=100, labels=labels, prefetch=False))
    ahead = list(Loader(store, order, WILD, seed=5, start_step=100, labels=labels))
    assert len(plain) == len(ahead) == len(order) > 5
    assert all(equal(a, b) for a, b in zip(plain, ahead))
    for position in (1, 4, len(order) - 1):
        rest = list(Loader(store, order[position:], WILD, seed=5, start_step=100 + position, labels=labels))
        assert all(equal(a, b) for a, b in zip(rest, plain[position:]))
        assert len(rest) == len(order) - position
    uncached = CropStore(store.table, store.size, cache_bytes=0, threads=2)
    assert all(equal(a, b) for a, b in zip(plain, Loader(uncached, order, WILD, seed=5, start_step=100)))


def test_batches_carry_rows_labels_and_cameras(store: CropStore) -> None:
    labels, _ = class_labels(store.table)
    rows = np.array([5, 0, 7])
    batch = next(iter(Loader(store, [rows], WILD, seed=1, stream="target", start_step=9, labels=labels)))
    assert batch.indices.tolist() == [5, 0, 7]
    assert batch.labels is not None
    assert batch.labels.tolist() == labels[rows].tolist()
    assert batch.camera.tolist() == store.table.camera[rows].tolist()
    assert torch.equal(batch.images, WILD(store.images(rows), generator(1, "target/view0", 9)))
    assert next(iter(Loader(store, [rows], WILD))).labels is None


def test_views_streams_and_steps_are_drawn_apart(store: CropStore) -> None:
    rows = np.arange(8)
    two = next(iter(Loader(store, [rows], [WILD, WILD])))
    assert len(two.views) == 2
    assert two.views[0] is two.images
    one = next(iter(Loader(store, [rows], WILD)))
    assert torch.equal(one.images, two.images)
    others = [two.views[1], next(iter(Loader(store, [rows], WILD, stream="target"))).images]
    others += [next(iter(Loader(store, [rows], WILD, seed=1))).images]
    others += [next(iter(Loader(store, [rows], WILD, start_step=1))).images]
    assert not any(torch.equal(one.images, other) for other in others)


def test_leaving_early_ends_the_background_thread(store: CropStore) -> None:
    for _ in Loader(store, [np.arange(4)] * 50, WILD):
        break
    assert not [t for t in threading.enumerate() if t.name.startswith("reidapt-loader")]


def test_errors_reach_the_caller(store: CropStore) -> None:
    late = CropStore(store.table, store.size, cache_bytes=0)
    Path(store.table.paths[6]).write_bytes(b"")
    loader = iter(Loader(late, [np.array([1, 2]), np.array([5, 6])], WILD))
    assert len(next(loader).images) == 2
    with pytest.raises(DataError, match="is empty"):
        next(loader)
    with pytest.raises(DataError, match="3 labels for 24 crops"):
        Loader(store, [], WILD, labels=np.zeros(3))


def test_generators_are_functions_of_all_three_arguments() -> None:
    def draw(seed: int, stream: str, step: int) -> tuple[float, ...]:
        return tuple(torch.rand(4, generator=generator(seed, stream, step)).tolist())

    keys = [(s, n, t) for s in (0, 1, 12) for n in ("source", "target", "2/source") for t in (0, 1, 2, 12)]
    assert len({draw(*key) for key in keys}) == len(keys)
    assert draw(0, "source", 3) == draw(0, "source", 3)
