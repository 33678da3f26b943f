"""Which frames a clip has: against a plain reading of the rule; augmentation is one per clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reidapt.data import Augment, generator
from reidapt.data.clips import ClipAugment, ClipStore, clip_batches, dense_clips, middle_clip, random_clip, spread

CASES = [(1, 4), (2, 4), (3, 4), (4, 4), (5, 4), (8, 4), (11, 4), (1000, 4), (7, 1), (9, 2)]


def chunk_of(frame: int, frames: int, length: int) -> int:
    """The chunk that a frame lies in: the i with floor(i · n / T) <= frame < floor((i + 1) · n / T)."""
    return next(i for i in range(length) if i * frames // length <= frame < (i + 1) * frames // length)


@pytest.mark.parametrize(("frames", "length"), CASES)
def test_training_takes_one_random_frame_of_each_chunk(frames: int, length: int) -> None:
    rng, seen = np.random.default_rng(0), set()
    for _ in range(400):
        clip = random_clip(frames, length, rng)
        assert clip.shape == (length,)
        assert (np.diff(clip) >= 0).all()
        assert 0 <= clip.min() <= clip.max() < frames
        if frames >= length:
            assert [chunk_of(f, frames, length) for f in clip] == list(range(length))
        else:
            assert set(clip.tolist()) == set(range(frames))  # repeated, none left out
        seen |= set(clip.tolist())
    assert seen == set(range(frames)) or frames > 100


def test_every_frame_of_a_chunk_is_as_likely() -> None:
    rng = np.random.default_rng(1)
    clips = np.array([random_clip(12, 3, rng) for _ in range(8000)])
    for i in range(3):
        counts = np.bincount(clips[:, i], minlength=12)[4 * i : 4 * i + 4]
        assert counts.sum() == 8000
        assert np.abs(counts / 8000 - 0.25).max() < 0.02


@pytest.mark.parametrize(("frames", "length"), CASES)
def test_dense_clips_show_all_frames_and_look_like_training_clips(frames: int, length: int) -> None:
    clips = dense_clips(frames, length)
    assert clips.shape == (-(-frames // length), length)
    counts = np.bincount(clips.reshape(-1), minlength=frames)
    assert len(counts) == frames
    assert counts.min() >= 1
    if frames >= length:
        assert counts.max() <= 2
        assert all([chunk_of(f, frames, length) for f in clip] == list(range(length)) for clip in clips.tolist())
    if frames % length == 0:
        assert (counts == 1).all()


def test_middle_and_spread_frames() -> None:
    assert middle_clip(8, 4).tolist() == [1, 3, 5, 7]
    assert middle_clip(12, 4).tolist() == [1, 4, 7, 10]
    assert middle_clip(1, 4).tolist() == [0, 0, 0, 0]
    assert spread(3, 4).tolist() == [0, 1, 2]
    assert spread(9, 3).tolist() == [1, 4, 7]


def test_batches_of_clips_are_rows_of_their_tracklets() -> None:
    rows = [np.array([9, 4, 7, 1, 3]), np.array([2, 0])]
    (batch,) = clip_batches(rows, [np.array([1, 0, 1])], 4, np.random.default_rng(0))
    first, second, third = batch.reshape(3, 4).tolist()
    assert set(first) == set(third) == {2, 0}
    assert [r for r in rows[0].tolist() if r in second] == second  # in the order of time, not of rows
    again = clip_batches(rows, [np.array([1, 0, 1])], 4, np.random.default_rng(0))
    assert np.array_equal(again[0], batch)


def test_augmentation_is_constant_within_a_clip_and_differs_between_clips() -> None:
    """The same picture T times stays T equal pictures; every clip equals its first frame augmented with the clip's draws."""
    augment = Augment(flip=0.5, pad=3, brightness=0.3, contrast=0.3, saturation=0.3, erase=0.5)
    picture = torch.randint(0, 256, (1, 3, 24, 12), dtype=torch.uint8, generator=generator(0, "x", 0))
    frames = ClipAugment(augment, 4)(picture.expand(24, -1, -1, -1), generator(3, "t", 0)).unflatten(0, (6, 4))
    assert torch.equal(frames, frames[:, :1].expand_as(frames))
    assert len({tuple(frame.flatten().tolist()) for frame in frames[:, 0]}) == 6
    assert torch.equal(frames[:, 2], augment(picture.expand(6, -1, -1, -1), generator(3, "t", 0)))
    assert torch.equal(  # other frames, the same draws
        ClipAugment(augment, 2)(torch.cat([255 - picture, picture]), generator(3, "t", 0))[1:],
        augment(picture, generator(3, "t", 0)),
    )


class Counting:
    def images(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.view(-1, 1, 1, 1).expand(-1, 3, 2, 2).to(torch.uint8)


def test_clip_store_gives_clips_and_pictures() -> None:
    store = ClipStore(Counting(), np.array([[0, 1], [5, 3], [2, 2]]))
    images = store.images(torch.tensor([2, 1]))
    assert images.shape == (2, 2, 3, 2, 2)
    assert images[:, :, 0, 0, 0].tolist() == [[2, 2], [5, 3]]
    assert ClipStore(Counting(), np.array([[4], [6]])).images([1]).shape == (1, 3, 2, 2)
