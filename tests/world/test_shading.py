"""Light and camera: the person's own shadow, the tone curve, motion blur, noise."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("warp")

import warp as wp

from reidapt.world import develop, selfshade
from reidapt.world.stage import Stage

COLUMNS = 20


def reach(points: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """(N, 2) shares of sun and sky at `points` (N, 3) of one person."""
    stage = Stage()
    view = np.zeros((1, 41), np.float32)
    view[0, 19:22], view[0, 38] = sun, 1.0
    stage.view = wp.array(view, dtype=wp.float32, device="cpu")
    stage.actors = wp.array(np.array([[0, len(points), 0, 0, 0, 0, 0]], np.int32), dtype=wp.int32, device="cpu")
    stage.place = wp.array(points[None].astype(np.float32), dtype=wp.vec3, device="cpu")
    return selfshade.reach(stage, 64, "cpu").numpy()[0]


def sheet(height: float, half: float) -> np.ndarray:
    """Points 2 cm apart on a square of side 2 `half` at a height, its middle first."""
    step = np.arange(-half, half + 1e-6, 0.02)
    x, y = np.meshgrid(step, step)
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, height)], axis=1)
    return np.concatenate([[[0.0, 0.0, height]], points])


def test_what_lies_behind_the_body_as_seen_from_the_sun_is_shaded():
    high, low = sheet(1.5, 0.2), sheet(0.7, 0.5)
    sun = np.array([0.0, 0.0, 1.0])
    share = reach(np.concatenate([high, low]), sun)[:, 0]
    above, below = share[: len(high)], share[len(high) :]
    covered = np.abs(low[:, :2]).max(axis=1)
    assert above.min() > 0.999
    assert below[covered < 0.12].max() == 0.0
    assert below[covered > 0.28].min() > 0.999
    # a slanting sun throws the shadow aside
    slanting = reach(np.concatenate([high, low]), np.array([0.28, 0.0, 0.96]))[len(high) :, 0]
    shaded = low[slanting < 0.5]
    assert shaded[:, 0].mean() == pytest.approx(-0.8 * 0.28 / 0.96, abs=0.05)
    assert shaded[:, 1].mean() == pytest.approx(0.0, abs=0.05)
    assert slanting[low[:, 0] > 0.08].min() > 0.999


def test_the_sky_reaches_an_open_place_wholly_and_a_covered_one_partly():
    high, low = sheet(1.5, 0.45), sheet(1.1, 0.45)
    sky = reach(np.concatenate([high, low]), np.array([0.0, 0.0, 1.0]))[:, 1]
    assert sky[: len(high)].min() > 0.999
    middle = np.abs(low[:, :2]).max(axis=1) < 0.08
    assert sky[len(high) :][middle].max() < 0.7


def developed(image: np.ndarray, **columns: float) -> tuple[np.ndarray, np.ndarray]:
    """RGB and mask of an (H, W, 4) picture; `columns` as `_14=3.0` set the sensor table."""
    sensor = np.zeros((1, COLUMNS), np.float32)
    sensor[0, 1:7] = 1.0, 1.0, 1.0, 1.0, 1.0, 1.0
    for name, value in columns.items():
        sensor[0, int(name[1:])] = value
    height, width = image.shape[:2]
    rgb = wp.empty((1, height, width, 3), dtype=wp.uint8, device="cpu")
    mask = wp.empty((1, height, width), dtype=wp.uint8, device="cpu")
    wp.launch(
        develop.develop,
        dim=(1, height, -(-width // 7)),
        inputs=[
            wp.array(image[None].astype(np.float32), dtype=wp.vec4, device="cpu"),
            wp.array(sensor, dtype=wp.float32, device="cpu"),
            wp.array(develop.tone_curves(sensor), dtype=wp.float32, device="cpu"),
            wp.array(np.array([5], np.int32), dtype=wp.int32, device="cpu"),
            7,
            rgb,
            mask,
        ],
        device="cpu",
    )
    return rgb.numpy()[0], mask.numpy()[0]


@pytest.mark.parametrize(("gamma", "contrast"), [(1.0, 1.0), (0.8, 1.2), (1.3, 0.9)])
def test_the_tone_curve_is_shoulder_gamma_and_contrast(gamma, contrast):
    light = np.concatenate([np.linspace(0.0, 0.1, 200), np.linspace(0.1, 3.0, 200)])
    image = np.stack([light, light, light, np.zeros(400)], axis=1)[None]
    rgb, _ = developed(image, _5=gamma, _6=contrast)
    bent = light * (1 + light / 6) / (1 + 0.55 * light)
    expected = np.clip(255.0 * (0.45 + (bent ** (gamma / 2.2) - 0.45) * contrast), 0, 255)
    assert np.abs(rgb[0, :, 1] - expected).max() < 1.5


def test_motion_blurs_the_person_and_leaves_the_background_sharp():
    rng = np.random.default_rng(1)
    image = np.zeros((12, 40, 4))
    image[..., :3] = rng.random((12, 40, 1))
    image[:, 18:22] = 1.0, 1.0, 1.0, 1.0
    still, hard = developed(image)
    blurred, soft = developed(image, _14=9.0)
    np.testing.assert_array_equal(blurred[:, :12], still[:, :12])
    np.testing.assert_array_equal(blurred[:, 28:], still[:, 28:])
    assert (soft > 0).sum() > (hard > 0).sum()
    assert soft.sum(dtype=float) == pytest.approx(hard.sum(dtype=float), rel=0.01)
    assert (soft[:, 19] < 255).all()


def test_noise_has_the_asked_for_strength_and_no_mean():
    image = np.full((64, 64, 4), 0.3)
    plain, _ = developed(image, _16=2.0)
    noisy, _ = developed(image, _16=2.0, _8=0.05)
    difference = noisy[..., 0].astype(float) - plain[..., 0]
    assert abs(difference.mean()) < 1.0
    assert difference.std() == pytest.approx(255 * 0.05 * np.hypot(0.8, 0.18), rel=0.08)
    assert (noisy[..., 0] == noisy[..., 1]).all()
    assert (noisy[..., 0] == noisy[..., 2]).all()


def test_sharpening_lifts_edges_and_leaves_plain_areas():
    image = np.full((8, 16, 4), 0.2)
    image[:, 8:, :3] = 0.6
    plain, _ = developed(image)
    sharp, _ = developed(image, _17=0.8)
    np.testing.assert_array_equal(sharp[:, :7], plain[:, :7])
    np.testing.assert_array_equal(sharp[:, 9:], plain[:, 9:])
    assert (sharp[:, 7] < plain[:, 7]).all()
    assert (sharp[:, 8] > plain[:, 8]).all()
