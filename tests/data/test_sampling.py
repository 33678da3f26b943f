"""PK batches: their shape and coverage are laws, whatever the label counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reidapt.data import CropTable, batches, class_labels, pk_batches
from reidapt.data.sampling import passes
from reidapt.errors import DataError


@settings(max_examples=80, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=4, max_size=30),
    persons=st.integers(1, 4),
    pictures=st.integers(1, 6),
    outliers=st.integers(0, 20),
    seed=st.integers(0, 2**40),
    aware=st.booleans(),
)
@example(counts=[1, 1, 5, 7], persons=4, pictures=6, outliers=0, seed=0, aware=False)
def test_every_batch_is_p_labels_of_k_rows(
    counts: list[int], persons: int, pictures: int, outliers: int, seed: int, aware: bool
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([*range(10, 10 + len(counts)), -1], [*counts, outliers]))
    cameras = rng.integers(0, 3, len(labels)) if aware else None
    found = pk_batches(labels, persons, pictures, seed=seed, epoch=2, cameras=cameras)
    for batch in found:
        groups = batch.reshape(persons, pictures)
        assert (labels[groups] == labels[groups[:, :1]]).all()
        assert len(set(labels[groups[:, 0]])) == persons
        assert (labels[batch] >= 0).all()
        for group in groups:
            assert len(set(group.tolist())) == min(pictures, counts[labels[group[0]] - 10])
    used = Counter(np.concatenate(found).tolist())
    assert {int(labels[row]) for row in used} == set(range(10, 10 + len(counts)))
    visits = [-(-n // pictures) for n in counts]
    assert len(found) == -(-sum(visits) // persons)
    if max(visits) <= len(found):
        assert set(used) == set(np.flatnonzero(labels >= 0).tolist())
    for label in range(10, 10 + len(counts)):  # rows of one label are used equally often, give or take one round
        times = [used[row] for row in np.flatnonzero(labels == label)]
        assert max(times) - min(times) <= 1


def test_batches_are_a_pure_function_of_seed_and_epoch() -> None:
    labels = np.repeat(np.arange(20), 7)

    def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
        return len(a) == len(b) and all((x == y).all() for x, y in zip(a, b))

    first = pk_batches(labels, 4, 4, seed=3, epoch=5)
    np.random.seed(1)  # noqa: NPY002 - global state must not matter
    assert same(first, pk_batches(labels, 4, 4, seed=3, epoch=5))
    assert not same(first, pk_batches(labels, 4, 4, seed=3, epoch=6))
    assert not same(first, pk_batches(labels, 4, 4, seed=4, epoch=5))


def test_an_epoch_mixes_labels() -> None:
    """Over epochs every pair of labels meets in some batch."""
    labels = np.repeat(np.arange(8), 4)
    met = {
        frozenset(np.unique(labels[batch]).tolist())
        for epoch in range(80)
        for batch in pk_batches(labels, 2, 4, epoch=epoch)
    }
    assert len(met) == 8 * 7 // 2


def test_too_few_persons_is_said_with_numbers() -> None:
    with pytest.raises(DataError, match="batches of 16 persons were asked for, but the 9 crops have 3 persons"):
        pk_batches(np.array([0, 0, 1, 1, 2, 2, -1, -1, -1]))
    with pytest.raises(DataError, match="0 persons"):
        pk_batches(np.array([0]), persons=0)


def test_camera_awareness_spreads_a_visit_over_cameras() -> None:
    labels = np.repeat(np.arange(6), 12)
    cameras = np.tile(np.repeat([0, 1, 2, 3], [6, 2, 2, 2]), 6)

    def spread(found: list[np.ndarray]) -> float:
        return float(np.mean([len(set(cameras[g].tolist())) for b in found for g in b.reshape(-1, 4)]))

    plain = [b for e in range(10) for b in pk_batches(labels, 3, 4, epoch=e)]
    aware = [b for e in range(10) for b in pk_batches(labels, 3, 4, epoch=e, cameras=cameras)]
    assert spread(aware) > spread(plain)
    labels, cameras = np.repeat(np.arange(6), 7), np.tile([0, 0, 0, 0, 1, 2, 3], 6)
    for epoch in range(20):  # two visits per person, and one of them sees all four cameras
        best = dict.fromkeys(range(6), 0)
        for batch in pk_batches(labels, 3, 4, epoch=epoch, cameras=cameras):
            for group in batch.reshape(-1, 4):
                best[labels[group[0]]] = max(best[labels[group[0]]], len(set(cameras[group].tolist())))
        assert set(best.values()) == {4}


def test_plain_batches_visit_every_row_once() -> None:
    found = batches(23, 5, seed=1, epoch=1, drop_last=False)
    assert [len(b) for b in found] == [5, 5, 5, 5, 3]
    assert sorted(np.concatenate(found).tolist()) == list(range(23))
    assert [b.tolist() for b in batches(23, 5, seed=1, epoch=1)] == [b.tolist() for b in found[:-1]]
    assert [len(b) for b in batches(3, 5)] == [3]
    assert found[0].tolist() != batches(23, 5, seed=1, epoch=2)[0].tolist()
    with pytest.raises(DataError, match="batches of 5 from 0 crops"):
        batches(0, 5)


def test_class_labels_leave_out_junk_and_distractors() -> None:
    t = CropTable(pd.DataFrame({"path": list("abcdef"), "person": [7, -1, 0, 3, 7, 1500]}), "x", "/x")
    labels, persons = class_labels(t)
    assert labels.tolist() == [1, -1, -1, 0, 1, 2]
    assert persons.tolist() == [3, 7, 1500]


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=12),
    pictures=st.integers(1, 4),
    seed=st.integers(0, 2**20),
)
def test_a_visit_has_rows_of_every_modality(counts: list[tuple[int, int]], pictures: int, seed: int) -> None:
    pairs = [(3, 5), (1, 2), *counts]  # two labels that have both
    labels = np.concatenate([np.full(sum(pair), label) for label, pair in enumerate(pairs)])
    kinds = np.concatenate([np.repeat(["colour", "infrared"], pair) for pair in pairs])
    order = np.random.default_rng(seed).permutation(len(labels))
    labels, kinds = labels[order], kinds[order]
    found = pk_batches(labels, 2, pictures, seed=seed, modality=kinds)
    both = {label for label, pair in enumerate(pairs) if min(pair) > 0}
    assert {int(labels[row]) for batch in found for row in batch} == both
    for batch in found:
        groups = batch.reshape(2, 2, pictures)  # persons, modalities, pictures
        assert (labels[groups] == labels[groups[:, :1, :1]]).all()
        assert labels[groups[0, 0, 0]] != labels[groups[1, 0, 0]]
        assert (kinds[groups[:, 0]] == "colour").all()
        assert (kinds[groups[:, 1]] == "infrared").all()
    used = Counter(np.concatenate(found).tolist())
    visits = [max(-(-n // pictures) for n in pair) for label, pair in enumerate(pairs) if label in both]
    if max(visits) <= len(found):  # every picture of both modalities is seen
        assert set(used) == {row for row in range(len(labels)) if labels[row] in both}


def test_too_few_persons_in_both_modalities_is_said() -> None:
    with pytest.raises(DataError, match=r"have 1 persons .* without one of the modalities"):
        pk_batches(np.array([0, 0, 1, 2]), 2, 1, modality=np.array(["colour", "sketch", "colour", "sketch"]))


def test_passes_fill_an_epoch_with_freshly_shuffled_ones():
    def one(seed):
        return list(np.random.default_rng(seed).permutation(5).reshape(5, 1))

    made = passes(one, 3, 12)
    assert len(made) == 12
    assert np.array_equal(made[:5], one(3))
    assert sorted(np.concatenate(made[5:10])) == [0, 1, 2, 3, 4]
    assert not np.array_equal(made[5:10], made[:5])
    assert np.array_equal(passes(one, 3, 0), one(3))
    assert np.array_equal(passes(one, 3, 2), one(3)[:2])
