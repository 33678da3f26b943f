"""Augmentation against a plain loop over pictures with the same draws, and the laws of its randomness."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from PIL import Image

from reidapt.data import Augment, Draws, generator, normalise, single_channel
from reidapt.data.augment import GREY, MEAN, STD
from reidapt.errors import ConfigError, DataError

FULL = Augment(flip=0.5, pad=3, brightness=0.3, contrast=0.4, saturation=0.5, erase=0.6)


def images(count: int, height: int = 24, width: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator(seed, "x", 0))


def one_by_one(augment: Augment, pictures: torch.Tensor, draws: Draws) -> np.ndarray:
    """The same in numpy float64, a picture at a time."""
    results = []
    for i, picture in enumerate(pictures.numpy()):
        p, (_, h, w) = augment.pad, picture.shape
        picture = picture[:, :, ::-1] if draws.flip[i] else picture
        padded = np.zeros((3, h + 2 * p, w + 2 * p))
        padded[:, p : p + h, p : p + w] = picture
        top, left = int(draws.top[i]), int(draws.left[i])
        x = padded[:, top : top + h, left : left + w]
        grey = np.tensordot(GREY, x, 1)
        x = grey.mean() + (x - grey.mean()) * float(draws.contrast[i])
        x = x * float(draws.brightness[i])
        grey = np.tensordot(GREY, x, 1)
        x = np.clip(grey + (x - grey) * float(draws.saturation[i]), 0, 255)
        x = (x / 255 - np.array(MEAN)[:, None, None]) / np.array(STD)[:, None, None]
        y0, x0, tall, wide = draws.erase[i].tolist()
        x[:, y0 : y0 + tall, x0 : x0 + wide] = 0
        results.append(x)
    return np.stack(results)


@pytest.mark.parametrize("augment", [FULL, Augment(pad=2), Augment(pad=0, erase=0.0), FULL.off()])
def test_a_batch_equals_a_loop_over_pictures(augment: Augment) -> None:
    pictures = images(40)
    before = pictures.clone()
    draws = augment.draw(40, 24, 12, generator(1, "t", 0))
    result = augment.apply(pictures, draws)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), one_by_one(augment, pictures, draws), atol=2e-5)
    assert torch.equal(pictures, before)
    if augment == FULL:  # every part took place, and not always
        assert 0 < int(draws.flip.sum()) < 40
        assert {0, 6} <= set(draws.top.tolist()) | set(draws.left.tolist())
        assert 0 < int((draws.erase[:, 2] > 0).sum()) < 40


def test_normalise_is_the_formula() -> None:
    pictures = images(3)
    wanted = (pictures.double() / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    torch.testing.assert_close(normalise(pictures), wanted.float(), atol=1e-5, rtol=1e-5)
    assert torch.equal(FULL.off()(pictures, generator(0, "x", 0)), normalise(pictures))


def test_a_picture_depends_on_its_place_alone() -> None:
    pictures = images(9)
    whole = FULL(pictures, generator(4, "t", 7))
    assert torch.equal(FULL(pictures[:4], generator(4, "t", 7)), whole[:4])
    others = pictures.clone()
    others[[0, 1, 3]] = 255 - others[[0, 1, 3]]
    assert torch.equal(FULL(others, generator(4, "t", 7))[[2, 4, 8]], whole[[2, 4, 8]])
    assert not torch.equal(FULL(pictures, generator(4, "t", 8)), whole)


def test_bits_do_not_depend_on_the_number_of_threads() -> None:
    pictures = images(16, 64, 32)
    threads = torch.get_num_threads()
    try:
        results = []
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(FULL(pictures, generator(0, "t", 0)))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_draws_have_the_stated_distributions() -> None:
    n, h, w = 20_000, 64, 32
    d = Augment(flip=0.3, pad=4, brightness=0.2, contrast=0.0, saturation=0.5, erase=0.7).draw(
        n, h, w, generator(0, "t", 0)
    )
    assert abs(float(d.flip.float().mean()) - 0.3) < 0.015
    for place in (d.top, d.left):
        counts = torch.bincount(place, minlength=9)
        assert len(counts) == 9
        assert float((counts / n - 1 / 9).abs().max()) < 0.01
    assert (d.contrast == 1).all()
    assert 0.8 <= float(d.brightness.min()) < 0.81 < 1.19 < float(d.brightness.max()) <= 1.2
    assert abs(float(np.corrcoef(d.brightness, d.saturation)[0, 1])) < 0.03
    top, left, tall, wide = d.erase.unbind(1)
    erased = tall > 0
    assert abs(float(erased.float().mean()) - 0.7) < 0.015
    assert ((top >= 0) & (top + tall <= h) & (left >= 0) & (left + wide <= w)).all()
    share = (tall * wide / (h * w))[erased]
    assert 0.01 < float(share.min()) < float(share.max()) < 0.45
    ratio = (tall / wide)[erased & (tall * wide > 200)]
    assert 0.27 < float(ratio.min()) < 0.4
    assert 2.6 < float(ratio.max()) < 3.7
    assert abs(float(ratio.log().median())) < 0.25


def test_switching_one_part_off_leaves_the_other_draws() -> None:
    a = FULL.draw(20, 24, 12, generator(0, "t", 0))
    b = Augment(flip=0.5, pad=3, erase=0.6).draw(20, 24, 12, generator(0, "t", 0))
    assert torch.equal(a.flip, b.flip)
    assert torch.equal(a.left, b.left)
    assert torch.equal(a.erase, b.erase)


def test_masks_follow_their_pictures_and_clips_share_draws() -> None:
    pictures = images(6)
    draws = FULL.draw(6, 24, 12, generator(0, "t", 0))
    assert torch.equal(FULL.move(pictures[:, :1], draws), FULL.move(pictures, draws)[:, :1])
    clip = draws[torch.zeros(4, dtype=torch.int64)]
    frames = FULL.apply(pictures[:1].expand(4, -1, -1, -1), clip)
    assert torch.equal(frames, frames[:1].expand_as(frames))


def test_colour_parts_agree_with_pillow() -> None:
    """Saturation and brightness one at a time, against Pillow's enhancers (which round to whole numbers)."""
    from PIL import ImageEnhance

    pictures = images(1)
    pil = Image.fromarray(pictures[0].permute(1, 2, 0).numpy())
    base = FULL.off().draw(1, 24, 12, generator(0, "t", 0))
    for part, enhancer in (
        ("saturation", ImageEnhance.Color),
        ("brightness", ImageEnhance.Brightness),
        ("contrast", ImageEnhance.Contrast),
    ):
        for factor in (0.6, 1.3):
            draws = Draws(**{**vars(base), part: torch.tensor([factor])})
            augment = Augment(flip=0, pad=0, erase=0, **{part: 0.5}, mean=(0, 0, 0), std=(1, 1, 1))
            ours = augment.apply(pictures, draws)[0].permute(1, 2, 0).numpy() * 255
            theirs = np.asarray(enhancer(pil).enhance(factor)).astype(float)
            assert np.abs(ours - theirs).max() < 1.6, part


def test_channels_become_one_channel_or_luma() -> None:
    """Every picture is itself, one of its channels three times, or its luma, as often as asked for."""
    pictures = images(400)
    augment = Augment(flip=0, pad=0, erase=0, exchange=0.5, grey=0.5, mean=(0, 0, 0), std=(1, 1, 1))
    found = (augment(pictures, generator(0, "t", 0)) * 255).round()
    values = pictures.float()
    luma = 0.299 * values[:, :1] + 0.587 * values[:, 1:2] + 0.114 * values[:, 2:]
    options = [values, *(values[:, c : c + 1].expand_as(values) for c in range(3)), luma.expand_as(values)]
    alike = torch.stack([(found - option).abs().amax((1, 2, 3)) <= 0.51 for option in options])
    assert alike.any(0).all()
    share = alike.float().mean(1)
    assert share.tolist() == pytest.approx([0.25, 1 / 6, 1 / 6, 1 / 6, 0.25], abs=0.06)


def test_channel_draws_leave_the_other_draws_alone_and_grey_pictures_as_they_are() -> None:
    plain, more = FULL, replace(FULL, grey=0.3, exchange=0.4)
    pictures = images(6)[:, :1].expand(-1, 3, -1, -1).contiguous()
    first, second = (a.draw(6, 24, 12, generator(0, "t", 0)) for a in (plain, more))
    for field in fields(Draws):
        same = torch.equal(getattr(first, field.name), getattr(second, field.name))
        assert same == (field.name != "channel")
    grey = Augment(flip=0, pad=0, erase=0, exchange=0.5, grey=0.5)
    assert torch.allclose(grey(pictures, generator(0, "t", 0)), normalise(pictures), atol=1e-4)


def test_single_channel_undoes_and_redoes_the_normalisation() -> None:
    pictures = images(3)
    red = pictures[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(single_channel(normalise(pictures), (1.0, 0.0, 0.0)), normalise(red.contiguous()), atol=1e-5)


def test_wrong_input_is_said() -> None:
    with pytest.raises(DataError, match=r"uint8 \(B, 3, H, W\).*float32 \(2, 3, 4, 4\)"):
        Augment()(torch.rand(2, 3, 4, 4), generator(0, "x", 0))
    with pytest.raises(ConfigError, match=r"flip = 1.5 is no probability"):
        Augment(flip=1.5)
    with pytest.raises(ConfigError, match="pad = -1"):
        Augment(pad=-1)
    with pytest.raises(ConfigError, match="erase_area"):
        Augment(erase_area=(0.4, 0.2))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_does_the_same() -> None:
    pictures = images(8)
    on_cpu, on_gpu = FULL(pictures, generator(0, "t", 0)), FULL(pictures.cuda(), generator(0, "t", 0))
    assert on_gpu.device.type == "cuda"
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, atol=1e-5, rtol=1e-5)
