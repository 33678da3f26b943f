"""Places: culled drawing against brute force, a plain ray caster, the light's laws, the things that stand in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reidapt.world.cameras import FRAME, air_row, empty_frame, sample_camera
from reidapt.world.culling import TILE, Lists, across_sun, lists_of, sun_lists, tile_lists
from reidapt.world.factors import Choice
from reidapt.world.places import clear, free_spot, hidden_share
from reidapt.world.props import SURFACES, Scene
from reidapt.world.scenes import SCENES
from reidapt.world.streams import stream
from reidapt.world.styles import STYLES


@pytest.fixture(scope="module")
def drawn():
    """Draws a camera's empty frame: (540, 960, 4)."""
    wp = pytest.importorskip("warp")
    from reidapt.world import backdrop

    def draw(camera):
        frame = wp.zeros(FRAME, dtype=wp.vec4, device="cpu")
        empty_frame(wp, backdrop, camera, frame, 1, "cpu")
        return frame.numpy()

    return draw


def camera_at(place: str, number: int = 1, **values: object):
    return sample_camera(STYLES["engine"], number, Choice(values={"place": place, "daytime": "day", **values}))


@pytest.mark.parametrize(("place", "weather"), [("street", "clear"), ("park", "wet"), ("concourse", "clear")])
def test_a_frame_drawn_with_lists_equals_one_that_tests_every_primitive(drawn, monkeypatch, place, weather):
    camera = camera_at(place, weather=weather)
    quick = drawn(camera)
    everything = np.arange(len(camera.scene.rows))

    def no_culling(count: int) -> Lists:
        return Lists(
            np.arange(count + 1, dtype=np.int32) * len(everything), np.tile(everything, count).astype(np.int32)
        )

    tiles = (-(-FRAME[0] // TILE[0])) * (-(-FRAME[1] // TILE[1]))
    monkeypatch.setattr("reidapt.world.cameras.tile_lists", lambda *_: (no_culling(tiles),) * 3)
    whole_grid = sun_lists(camera.primitives, camera.light.sun)[1]
    casts = everything[camera.primitives[:, 18] < 0.01]
    sun = Lists(np.arange(160 * 160 + 1, dtype=np.int32) * len(casts), np.tile(casts, 160 * 160).astype(np.int32))
    monkeypatch.setattr("reidapt.world.cameras.sun_lists", lambda *_: (sun, whole_grid))
    assert np.array_equal(quick, drawn(camera))


def test_depth_is_that_of_a_plain_ray_caster(drawn):
    scene = Scene(False)
    scene.box((1.0, 9.0, 0.8), (0.7, 0.4, 0.8), "plain", (0.5, 0.5, 0.5), turn=30.0)
    scene.ball((-1.5, 8.0, 1.0), (0.6, 0.5, 1.0), "plain", (0.5, 0.5, 0.5))
    camera = replace(camera_at("plaza", weather="clear"), scene=scene)
    depth = drawn(camera)[..., 3]
    eye, (right, down, forward) = camera.position, camera.rotation
    for row in range(5, FRAME[0], 41):
        for column in range(3, FRAME[1], 53):
            ray = forward + right * (column + 0.5 - 480) / camera.focal + down * (row + 0.5 - 270) / camera.focal
            expected = -eye[2] / ray[2] if ray[2] < 0 else np.inf
            on_floor = ray[2] < 0
            c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
            turned = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
            o, d = turned @ (eye - [1.0, 9.0, 0.8]), turned @ ray
            sides = np.sort(
                np.stack([(-np.array([0.7, 0.4, 0.8]) - o) / d, (np.array([0.7, 0.4, 0.8]) - o) / d]), axis=0
            )
            if sides[0].max() < sides[1].min() and 0 < sides[0].max() < expected:
                expected, on_floor = sides[0].max(), False
            half = np.array([0.6, 0.5, 1.0])
            o, d = (eye - [-1.5, 8.0, 1.0]) / half, ray / half
            root = (o @ d) ** 2 - d @ d * (o @ o - 1)
            if root > 0 and 0 < (-(o @ d) - np.sqrt(root)) / (d @ d) < expected:
                expected, on_floor = (-(o @ d) - np.sqrt(root)) / (d @ d), False
            found = depth[row, column]
            assert (found < 0) == on_floor
            assert abs(found) == pytest.approx(expected, rel=2e-3) or (np.isinf(expected) and found > 500)


def test_lists_hold_every_rectangle_that_touches_a_cell():
    rng = stream(1, "rectangles")
    low = rng.uniform(-20, 100, (40, 2))
    boxes = np.concatenate([low, low + rng.uniform(0, 30, (40, 2))], axis=1)
    order = rng.permutation(40)
    lists = lists_of(boxes, np.zeros(2), np.array([10.0, 8.0]), (9, 11), order)
    for row in range(9):
        for column in range(11):
            k = row * 11 + column
            mine = lists.items[lists.starts[k] : lists.starts[k + 1]].tolist()
            x, y = 10.0 * column, 8.0 * row
            touching = [
                p for p in order if boxes[p, 0] < x + 10 and boxes[p, 2] > x and boxes[p, 1] < y + 8 and boxes[p, 3] > y
            ]
            assert set(touching) <= set(mine)
            assert mine == [p for p in order if p in set(mine)]


def test_a_box_around_the_camera_is_in_every_tile():
    camera = camera_at("plaza")
    row = camera.primitives[:1].copy()
    row[0, 1:9] = 0, 0, 0, 50, 50, 50, 1, 0
    row[0, 19:21] = 0
    lists, _, _ = tile_lists(row, camera.rotation, camera.position, camera.focal, FRAME, 0.0)
    assert (np.diff(lists.starts) == 1).all()


def test_a_wall_from_behind_the_camera_is_in_the_tiles_of_all_rays_that_meet_it():
    camera = camera_at("plaza")
    wall = camera.primitives[:1].copy()
    wall[0, 1:9] = 1.2, 2.0, 2.0, 0.1, 6.0, 2.0, 1, 0
    wall[0, 19:21] = 0
    lists, _, _ = tile_lists(wall, camera.rotation, camera.position, camera.focal, FRAME, 0.0)
    right, down, forward = camera.rotation
    met = 0
    for row in range(0, FRAME[0], TILE[0]):
        for column in range(0, FRAME[1], TILE[1]):
            ray = forward + right * (column + 10 - 480) / camera.focal + down * (row + 6 - 270) / camera.focal
            near, far = np.sort((wall[0, 1:4] + wall[0, 4:7] * [[-1], [1]] - camera.position) / ray, axis=0)
            if near.max() < far.min() and far.min() > 0:
                tile = row // TILE[0] * (FRAME[1] // TILE[1]) + column // TILE[1]
                assert lists.starts[tile + 1] > lists.starts[tile]
                met += 1
    assert 200 < met < 2000


def test_the_plane_across_the_sun_is_across_it():
    for sun in (np.array([0.0, 0.0, 1.0]), np.array([0.6, 0.0, 0.8]), np.array([-0.36, 0.48, 0.8])):
        plane = across_sun(sun)
        assert np.allclose(plane @ sun, 0.0)
        assert np.allclose(plane @ plane.T, np.eye(2))


@pytest.mark.parametrize("place", SCENES)
def test_every_scene_leaves_room_to_walk_and_names_known_surfaces(place):
    for number in range(1, 6):
        camera = camera_at(place, number)
        rows = camera.primitives
        assert rows.shape[1] == 24
        assert np.isfinite(rows).all()
        assert (rows[:, 4:7] > 0).all()
        assert set(rows[:, 9].astype(int)) <= set(range(len(SURFACES)))
        assert ((rows[:, 10:16] >= 0) & (rows[:, 10:16] <= 1.3)).all()
        assert camera.distance <= camera.scene.reach
        assert len(camera.scene.lamps) > 0 or not camera.scene.indoor
        found = [free_spot(stream(number, "spot", k), camera, 1.75) for k in range(4)]
        assert clear(camera, np.stack(found)).all()
        assert (hidden_share(camera, np.stack(found), (0.15, 1.3)) == 0.0).all()
        assert len({tuple(spot) for spot in found}) == 4  # not the one where nothing else is free


def test_scenes_of_one_name_differ_and_are_the_same_each_time():
    for make in SCENES.values():
        first, again, other = (make(stream(0, "scene", k)) for k in (1, 1, 2))
        assert first.rows == again.rows
        assert first.rows != other.rows


def test_floors_lie_in_shadow_behind_a_wall_and_in_the_sun_before_it(drawn):
    scene = Scene(False, floor="plain", floor_colour=(0.3, 0.3, 0.3))
    scene.box((0.0, 10.0, 2.0), (1.0, 0.2, 2.0), "plain", (0.5, 0.5, 0.5))
    camera = replace(camera_at("plaza", weather="clear", sun_azimuth=90.0, sun_elevation=40.0), scene=scene)
    frame = drawn(camera)

    def brightness(x: float, y: float) -> float:
        column, row, _ = camera.project(np.array([[x, y, 0.0]]))[0].astype(int)
        assert frame[row, column, 3] < 0
        return float(frame[row - 3 : row + 4, column - 3 : column + 4, :3].mean())

    # the sun stands to the right: the wall's shadow falls to its left
    assert brightness(-1.9, 10.0) < 0.6 * brightness(1.9, 10.0)


def test_the_light_table_fits_the_kernel():
    from reidapt.world.backdrop import AIR, LAMP, LAMPS

    for place in SCENES:
        camera = camera_at(place, daytime="night")
        row = air_row(camera)
        assert row.shape == (1, AIR)
        count = int(row[0, 31])
        assert count == len(camera.light.lamps) <= (AIR - LAMPS) // LAMP
        assert np.allclose(row[0, LAMPS : LAMPS + LAMP * count], camera.light.lamps.reshape(-1))
