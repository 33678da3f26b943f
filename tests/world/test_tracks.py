"""Laws of tracklets: continuous ways, feet that stay on the floor, light that stays, frames that count up."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

FRAMES = 30


@pytest.fixture(scope="module")
def studio():
    from reidapt.world import find_style
    from reidapt.world.layout import Arguments
    from reidapt.world.studio import Studio

    return Studio(
        find_style("plaza"), Arguments(4, 2, 2, 5, (64, 32), "table", 1.0, tracklets=2, frames=FRAMES, occlusion=0.6)
    )


@pytest.fixture(scope="module")
def tracks(studio):
    """(person's crops) of several tracklets."""
    from reidapt.world.layout import plan

    result = []
    for index in range(3):
        items = plan(studio.arguments, studio.style.name, index)
        crops = studio.crops(studio.dressed(index), items)
        result += [(items[k : k + FRAMES], crops[k : k + FRAMES]) for k in range(0, len(crops), FRAMES)]
    return result


def test_people_walk_at_a_walking_pace_without_jumps(tracks):
    walked = 0
    for _, crops in tracks:
        spots = np.array([crop.feet.mean(axis=0) for crop in crops])
        speed = np.linalg.norm(np.diff(spots, axis=0), axis=1) / 0.12
        if crops[0].columns["walking"]:
            walked += 1
            assert 0.3 < np.median(speed) < 2.0
        else:
            assert speed.max() < 0.3
        assert speed.max() < 3.0
    assert walked > len(tracks) // 2


def test_the_heading_follows_the_way(tracks):
    for _, crops in tracks:
        if not crops[0].columns["walking"]:
            continue
        spots = np.array(
            [crop.transforms[0, :2, 3] + crop.transforms[0, :2, :3] @ crop.rest.heads[0] for crop in crops]
        )
        way = np.diff(spots, axis=0)
        for step, crop in zip(way, crops):
            if np.linalg.norm(step) > 0.05:
                facing = crop.transforms[0, :2, :3] @ np.array([0.0, -1.0, 0.0])
                assert facing @ step / np.linalg.norm(step) / np.linalg.norm(facing) > 0.5


def test_the_foot_that_stands_does_not_slide(tracks):
    """While a person walks, the slower foot moves much less than the body."""
    ratios = []
    for _, crops in tracks:
        if crops[0].columns["walking"]:
            feet = np.array([crop.feet for crop in crops])
            moved = np.linalg.norm(np.diff(feet, axis=0), axis=2)
            body = np.linalg.norm(np.diff(feet.mean(axis=1), axis=0), axis=1)
            ratios.append(np.median(moved.min(axis=1)) / np.median(body))
    assert np.median(ratios) < 0.5


def test_light_and_sensor_stay_and_noise_does_not(tracks):
    for _, crops in tracks:
        assert len({crop.columns["light"] for crop in crops}) == 1
        assert len({crop.jpeg_quality for crop in crops}) == 1
        assert len({crop.noise_seed for crop in crops}) == len(crops)


def test_box_errors_are_smooth():
    from reidapt.world.streams import stream
    from reidapt.world.tracks import box_wander

    noise = np.concatenate([box_wander(stream(k, "box"), 60) for k in range(20)], axis=1)
    assert 0.8 < noise.std() < 1.2
    assert np.diff(noise, axis=0).std() < 0.8 * noise.std()


def test_tracklets_are_numbered_through_the_world_and_frames_count_up(tracks):
    numbers = [items[0].tracklet for items, _ in tracks]
    assert numbers == sorted(set(numbers))
    for items, _ in tracks:
        assert {item.tracklet for item in items} == {items[0].tracklet}
        assert np.all(np.diff([item.frame for item in items]) == 3)
        assert len({(item.camera, item.sequence, item.person) for item in items}) == 1


def test_occlusion_comes_and_goes(studio, tracks):
    from reidapt.world.layout import plan  # noqa: F401

    for camera in studio.cameras:
        studio.renderer.draw_backdrop(camera)
    changing = 0
    for items, crops in tracks:
        if any(crop.others for crop in crops):
            mesh = studio.dressed(items[0].person - 1).mesh
            visible = studio.renderer.draw(crops, [mesh] * len(crops)).visible
            changing += bool(visible.max() > 0.95 and visible.min() < 0.8)
    assert changing >= 1


def test_a_world_of_tracklets_has_a_row_a_frame(table, tmp_path):
    from reidapt.world import render_world

    out = render_world(
        "plaza", people=2, cameras=1, pictures=1, seed=2, size=(64, 32), layout="table", tracklets=2, frames=4, out=tmp_path / "x",
    )  # fmt: skip
    rows = table(out)
    assert len(rows) == 2 * 2 * 4
    by = {}
    for row in rows:
        by.setdefault(int(row["tracklet"]), []).append(int(row["frame"]))
    assert sorted(by) == [0, 1, 2, 3]
    assert all(sorted(frames) == list(range(min(frames), min(frames) + 12, 3)) for frames in by.values())
