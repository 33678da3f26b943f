"""Cameras and their light: factors of their own, recordings, weather, photographs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reidapt.errors import WorldError
from reidapt.world.cameras import FRAME, sample_camera
from reidapt.world.factors import FACTORS, Choice
from reidapt.world.photographs import find_photographs, linear, open_photograph, photograph_frame
from reidapt.world.places import in_sun
from reidapt.world.styles import STYLES
from reidapt.world.weather import DAYTIMES, WEATHERS, air_rows, lamp_light, light_at

CAMERA = [name for name, factor in FACTORS.items() if factor.level == "camera"]


def parameters(name: str) -> set[str]:
    return set(FACTORS[name].parameters)


def test_every_parameter_of_a_camera_factor_is_a_column():
    columns = sample_camera(STYLES["game"], 1).columns()
    recorded = [parameter for name in CAMERA for parameter in FACTORS[name].parameters]
    assert set(recorded) <= set(columns)
    assert len(recorded) == len(set(recorded))


@pytest.mark.parametrize("name", CAMERA)
def test_a_held_factor_is_the_same_at_all_cameras_and_changes_nothing_else(name):
    style = replace(STYLES["game"], scenes=("plaza", "street", "market", "campus"), daytime={"day": 1.0})
    free = [sample_camera(style, k).columns() for k in range(1, 7)]
    held = [sample_camera(style, k, Choice(frozenset({name}))).columns() for k in range(1, 7)]
    for parameter in parameters(name):
        if parameter not in ("shadow", "focal", "camera_pitch", "camera_distance"):  # these follow the place as well
            assert len({row[parameter] for row in held}) == 1
    if name in ("scene", "weather", "lighting"):
        return  # the place limits the distance; weather and light decide the shadow
    if name in ("sun", "white_balance", "tone", "sensor_noise", "sensor_blur"):
        for before, after in zip(free, held):
            for column in set(before) - parameters(name):
                assert before[column] == after[column], column


def test_without_a_hold_cameras_differ():
    rows = [sample_camera(STYLES["game"], k).columns() for k in range(1, 9)]
    for column in ("place", "camera_height", "focal", "sun_azimuth", "gamma", "noise", "gain_red", "weather"):
        assert len({row[column] for row in rows}) > 1, column


def test_a_set_parameter_is_recorded_and_used():
    values = {
        "camera_height": 3.0,
        "gamma": 1.1,
        "weather": "snow",
        "daytime": "night",
        "sun_azimuth": 10.0,
        "place": "street",
    }
    camera = sample_camera(STYLES["engine"], 2, Choice(values=values))
    assert {name: camera.columns()[name] for name in values} == values
    assert camera.position[2] == 3.0
    assert camera.light.snow > 0
    assert not camera.light.sun_colour.any()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"weather": "sno"}, "did you mean 'snow'"),
        ({"daytime": "noon"}, "daytime is set to 'noon'"),
        ({"place": "plazza"}, "did you mean 'plaza'"),
        ({"gamma": -1}, "gamma is set to -1"),
        ({"camera_height": "high"}, "camera_height is set to 'high'"),
        ({"sun_elevation": 120}, "between 3 and 90"),
    ],
)
def test_an_impossible_value_is_a_sentence(values, sentence):
    with pytest.raises(WorldError, match=sentence):
        sample_camera(STYLES["engine"], 1, Choice(values=values))


def test_recordings_share_the_camera_and_differ_in_light():
    for number in range(1, 7):
        first = sample_camera(STYLES["game"], number)
        second = first.at(2)
        assert first.at(1) is first
        assert second.key == (number, 2)
        assert second.scene is first.scene
        assert np.array_equal(first.gain, second.gain)
        assert not np.array_equal(first.light.sky_colour, second.light.sky_colour)
        again = sample_camera(STYLES["game"], number, sequence=2)
        assert again.columns() == second.columns()


def test_cameras_belong_to_the_style():
    assert sample_camera(STYLES["mall"], 3).columns() == sample_camera(STYLES["mall"], 3).columns()
    assert sample_camera(STYLES["mall"], 3).columns() != sample_camera(STYLES["transit"], 3).columns()


@pytest.mark.parametrize("weather", WEATHERS)
@pytest.mark.parametrize("daytime", DAYTIMES)
def test_the_exposure_control_keeps_a_grey_card_near_one_tone(weather, daytime):
    for number in range(1, 4):
        camera = sample_camera(STYLES["plaza"], number, Choice(values={"weather": weather, "daytime": daytime}))
        _, direct, sky = camera.light_at(np.array([0.0, camera.distance]))
        level = 0.62 * sky.mean() + 0.45 * direct.mean()
        assert level == pytest.approx(0.9 * DAYTIMES[daytime].exposure, rel=0.25)
        assert camera.noise == pytest.approx(camera.sensor_noise * DAYTIMES[daytime].grain)


def test_lamps_light_what_is_near_them():
    camera = sample_camera(STYLES["street"], 1, Choice(values={"daytime": "night", "place": "street"}))
    lamp = camera.light.lamps[0]
    near = lamp_light(lamp[None], np.array([lamp[0], lamp[1], 1.2]))[1].sum()
    away = lamp_light(lamp[None], np.array([lamp[0] + 6.0, lamp[1], 1.2]))[1].sum()
    assert near > 4 * away
    direction, direct, _ = light_at(camera.light, lamp[:2] + np.array([2.0, 0.0]))
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    assert direct.mean() > 0
    assert in_sun(camera, np.array([[0.0, camera.distance]])).all()


def test_clear_air_costs_nothing_and_snow_falls():
    clear = sample_camera(STYLES["engine"], 1, Choice(values={"weather": "clear", "place": "plaza"})).light
    snow = sample_camera(STYLES["engine"], 1, Choice(values={"weather": "snow", "place": "plaza"})).light
    assert air_rows([clear, clear], [1, 2]) is None
    rows = air_rows([clear, snow], [1, 2])
    assert rows is not None
    assert not rows[0, 3:6].any()
    assert rows[1, 5] > 0


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, colour in (("b.png", (200, 40, 40)), ("a.jpg", (90, 120, 150))):
        Image.new("RGB", (640, 480), colour).save(folder / name)
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_photographs_are_sorted_and_taken_in_turn(photographs):
    paths = find_photographs(photographs)
    assert [path.name for path in paths] == ["a.jpg", "b.png"]
    cameras = [sample_camera(STYLES["street"], k, backgrounds=paths) for k in (1, 2, 3)]
    assert [camera.photograph.name for camera in cameras] == ["a.jpg", "b.png", "a.jpg"]
    assert {camera.place for camera in cameras} == {"photograph"}


def test_a_photograph_is_shown_as_it_is_and_has_a_floor(photographs):
    camera = sample_camera(
        STYLES["street"], 2, Choice(values={"daytime": "day"}), backgrounds=find_photographs(photographs)
    )
    frame = photograph_frame(camera)
    assert frame.shape == (*FRAME, 4)
    light = frame[200, 300, :3]
    shown = light * (1 + light / 6) / (1 + 0.55 * light)
    assert np.allclose(shown ** (1 / 2.2) * 255, (200, 40, 40), atol=1.0)
    column, row, depth = camera.project(np.array([[0.5, camera.distance, 0.0]]))[0]
    assert frame[int(row), int(column), 3] == pytest.approx(-depth, rel=0.02)
    assert frame[0, 480, 3] > 0 or camera.pitch > 30


def test_linear_light_is_the_inverse_of_the_neutral_tone_curve():
    display = np.linspace(0, 1, 50)
    y = linear(display)
    assert np.allclose((y * (1 + y / 6) / (1 + 0.55 * y)) ** (1 / 2.2), display)


def test_an_unreadable_photograph_or_an_empty_folder_is_a_sentence(photographs, tmp_path):
    (photographs / "c.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    with pytest.raises(WorldError, match=r"c\.jpg cannot be read"):
        find_photographs(photographs)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WorldError, match="holds no photographs"):
        find_photographs(tmp_path / "empty")
    with pytest.raises(WorldError, match="There is no folder of photographs"):
        find_photographs(tmp_path / "none")
    (photographs / "c.jpg").unlink()
    half = (photographs / "a.jpg").read_bytes()
    (photographs / "a.jpg").write_bytes(half[: len(half) // 2])
    with pytest.raises(WorldError, match=r"a\.jpg"):
        open_photograph(photographs / "a.jpg", (64, 64))


def test_a_world_with_an_unreadable_photograph_leaves_nothing(photographs, tmp_path):
    pytest.importorskip("anny")
    from reidapt.world import render_world

    (photographs / "c.jpg").write_bytes(b"no picture")
    with pytest.raises(WorldError, match=r"c\.jpg"):
        render_world("plaza", people=2, cameras=1, pictures=2, seed=0, out=tmp_path / "x", backgrounds=photographs)
    assert not (tmp_path / "x").exists()
