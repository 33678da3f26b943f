"""The modalities beside colour: what they depend on, what they don't, and that they show the same person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from reidapt.world import artists, fabrics, materials, modalities, render_world
from reidapt.world.body import load_body_model
from reidapt.world.cameras import sample_camera
from reidapt.world.crops import Ask, Circumstances, Crop, sample_crops
from reidapt.world.dressing import dress
from reidapt.world.factors import Choice
from reidapt.world.layout import MODALITIES
from reidapt.world.people import Person, sample_person
from reidapt.world.render import Renderer
from reidapt.world.styles import STYLES

STYLE, SEED, SIZE = STYLES["plaza"], 5, (96, 48)
CAMERAS = [sample_camera(STYLE, number) for number in (1, 2)]


@dataclass
class Actor:
    person: Person
    rest: Any
    mesh: Any
    soles: np.ndarray

    def crop(self, modality: str, camera: int = 0, picture: int = 0) -> Crop:
        parents = load_body_model().parents
        ask = Ask(CAMERAS[camera], picture, modality=modality)
        return sample_crops(Circumstances(SEED, STYLE), self.person, self.rest, self.soles, parents, [ask])[0]


def actor(person: Person) -> Actor:
    return Actor(person, *dress(load_body_model(), person))


@pytest.fixture(scope="module")
def people() -> list[Actor]:
    return [actor(sample_person(SEED, STYLE.name, index, STYLE.wardrobe)) for index in range(3)]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    built = Renderer(CAMERAS, SIZE, STYLE.box_jitter)
    for camera in CAMERAS:
        built.draw_backdrop(camera)
    return built


def pictures(renderer: Renderer, crops: list[Crop], meshes: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    drawn = renderer.draw(crops, meshes)
    return drawn.rgb, drawn.mask


def recoloured(person: Person, turn: Any) -> Person:
    """The person with every visible colour passed through `turn`; nothing else is changed."""

    def cloth(old: Any) -> Any:
        return old and replace(old, base=turn(old.base), second=turn(old.second), third=turn(old.third))

    return replace(
        person,
        skin=turn(person.skin),
        hair_colour=turn(person.hair_colour),
        top=replace(person.top, cloth=cloth(person.top.cloth), inner=cloth(person.top.inner)),
        bottom=replace(person.bottom, cloth=cloth(person.bottom.cloth)),
        shoe_colour=turn(person.shoe_colour),
        sole=turn(person.sole),
        hat_colour=turn(person.hat_colour),
        bag_colour=turn(person.bag_colour),
    )


def inverted(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    return 1.0 - colour[2], 1.0 - colour[0], 1.0 - colour[1]


@pytest.mark.parametrize("modality", ["infrared", "thermal"])
def test_recolouring_everything_leaves_every_byte_of_infrared_and_thermal(renderer, people, modality):
    for shown in people:
        other = actor(recoloured(shown.person, inverted))
        for camera in (0, 1):
            crops = [shown.crop(modality, camera), other.crop(modality, camera)]
            rgb, mask = pictures(renderer, crops, [shown.mesh, other.mesh])
            np.testing.assert_array_equal(rgb[0], rgb[1])
            np.testing.assert_array_equal(mask[0], mask[1])
            colours = [shown.crop("colour", camera), other.crop("colour", camera)]
            seen, _ = pictures(renderer, colours, [shown.mesh, other.mesh])
            assert np.abs(seen[0].astype(int) - seen[1]).max() > 60


def test_another_material_changes_the_infrared_picture(renderer, people, monkeypatch):
    shown = people[0]
    whole = fabrics.wardrobe(shown.person)
    looks = []
    for material in ("cotton", "leather"):
        upper = fabrics.wear(shown.person, "upper", shown.person.top.kind, material)
        monkeypatch.setattr(materials, "wardrobe", lambda person, upper=upper: replace(whole, upper=upper))
        looks.append(renderer.draw([shown.crop("infrared")], [actor(shown.person).mesh]).rgb[0].astype(int))
    assert np.abs(looks[0] - looks[1]).max() > 30


def test_reflectance_and_warmth_lie_in_the_ranges_of_their_material(people):
    for index in range(40):
        person = sample_person(SEED, STYLE.name, index, STYLE.wardrobe)
        for name, made in fabrics.FABRICS.items():
            worn = fabrics.wear(person, "upper", "jacket", name)
            low, high = made.infrared
            assert 0.1 * low <= worn.infrared <= high
            assert 0.0 < worn.warmth < 1.0
    warmth = {
        kind: np.mean([fabrics.wear(shown.person, "upper", kind, "cotton").warmth for shown in people])
        for kind in ("tshirt", "sweater", "puffer")
    }
    assert warmth["tshirt"] > warmth["sweater"] > warmth["puffer"]


def test_what_was_dyed_dark_is_mostly_dark_in_near_infrared_and_bright_dyes_are_not():
    reflected: dict[str, list[float]] = {"dark": [], "bright": []}
    for index in range(300):
        person = sample_person(SEED, STYLE.name, index, STYLE.wardrobe)
        cloth = person.top.cloth
        if cloth.material not in ("cotton", "polyester") or 0.25 < max(cloth.base) < 0.6:
            continue
        reflected["dark" if max(cloth.base) < 0.25 else "bright"].append(fabrics.wardrobe(person).upper.infrared)
        painted = fabrics.wardrobe(recoloured(person, inverted)).upper
        assert painted == fabrics.wardrobe(person).upper
    assert min(map(len, reflected.values())) > 20
    dark, bright = (np.array(reflected[name]) for name in ("dark", "bright"))
    assert dark.mean() < 0.6 * bright.mean()
    for cloths in (dark, bright):  # a dye has soot in it or has not: some black cloth shines and hardly any is between
        least, most = (fabrics.FABRICS[name].infrared for name in ("cotton", "polyester"))
        low, high = min(least[0], most[0]), max(least[1], most[1])
        assert np.mean((cloths > 0.4 * high) & (cloths < 0.85 * low)) == 0.0
        assert 0.02 < np.mean(cloths > 0.4 * high) < 0.99
    assert dark.max() > bright.min()  # it is a tendency


def test_a_camera_with_a_lamp_exposes_who_is_near_and_who_is_far_alike():
    parents, places = load_body_model().parents, {}
    style = STYLES["forecourt"]
    camera = next(c for c in (sample_camera(style, n) for n in range(1, 9)) if modalities.infrared_light(c) == "lamp")
    renderer = Renderer([camera], SIZE, style.box_jitter)
    renderer.draw_backdrop(camera)
    shown = actor(sample_person(SEED, style.name, 0, style.wardrobe))
    for distance in (0.75 * camera.distance, 1.3 * camera.distance):
        world = Circumstances(SEED, style, Choice(values={"distance": distance, "yaw": 0.0}))
        ask = Ask(camera, 0, modality="infrared")
        crop = sample_crops(world, shown.person, shown.rest, shown.soles, parents, [ask])[0]
        rgb, mask = pictures(renderer, [crop], [shown.mesh])
        places[distance] = float(rgb[0][mask[0] > 200].mean()) / 255, modalities.lamp_gain(crop)
    (near, little), (far, much) = places.values()
    assert much / little > 2.5  # without it the near one would be as many times brighter: 3.0 for the distance alone
    assert abs(near - far) < 0.08
    assert 0.25 < near < 0.85


def test_an_artist_sees_light_and_dark_but_no_hue(renderer, people):
    def greyed(colour: tuple[float, float, float]) -> tuple[float, float, float]:
        grey = float(np.asarray(colour) ** 2.2 @ [0.2126, 0.7152, 0.0722]) ** (1 / 2.2)
        return grey, grey, grey

    for shown in people:
        other = actor(recoloured(shown.person, greyed))
        rgb, _ = pictures(renderer, [shown.crop("sketch"), other.crop("sketch")], [shown.mesh, other.mesh])
        np.testing.assert_array_equal(rgb[0], rgb[1])


def test_a_sketch_is_lines_on_empty_paper(renderer, people):
    for shown in people:
        rgb, mask = pictures(renderer, [shown.crop("sketch", picture=k) for k in range(4)], [shown.mesh] * 4)
        for picture, covered in zip(rgb[..., 0].astype(int), mask):
            paper = np.median(picture[covered == 0])
            assert paper > 215
            far = np.abs(picture - paper)
            # nothing is drawn away from the figure; on it there is ink, and paper that shows through
            assert np.quantile(far[covered == 0], 0.90) < 20
            assert (far[covered == 255] > 60).mean() > 0.05
            assert picture[covered == 255].max() > 0.8 * paper
    drawn_by = {artists.artist_of(shown.crop("sketch", picture=k).noise_seed) for shown in people for k in range(8)}
    assert len(drawn_by) > 2


def test_masks_of_the_same_picture_agree_between_modalities(renderer, people):
    for shown in people:
        crops = [replace(shown.crop("colour"), modality=modality) for modality in ("colour", "infrared", "thermal")]
        drawn = renderer.draw(crops, [shown.mesh] * 3)
        rgb, mask, boxes = drawn.rgb, drawn.mask, drawn.boxes
        np.testing.assert_array_equal(boxes[0], boxes[1])
        np.testing.assert_array_equal(boxes[0], boxes[2])
        hard = mask > 127
        for other in (1, 2):
            assert (hard[0] & hard[other]).sum() / (hard[0] | hard[other]).sum() > 0.93
            assert (rgb[other][..., 0] == rgb[other][..., 1]).all()
            assert (rgb[other][..., 0] == rgb[other][..., 2]).all()


def test_the_lamp_falls_with_the_square_of_the_distance(people, monkeypatch):
    shown = people[0]
    camera = artists.easel(CAMERAS[0])
    camera = replace(camera, light=replace(camera.light, haze=0.0))
    renderer = Renderer([camera], SIZE, 0.0)
    row = np.zeros(modalities.BAND_COLUMNS)
    row[1] = 40.0  # a lamp without a beam, and nothing else
    monkeypatch.setattr(modalities, "band_row", lambda camera, modality: row)
    levels = []
    picture = renderer.bands.picture
    monkeypatch.setattr(renderer.bands, "picture", lambda *given: levels.append(picture(*given)) or levels[-1])
    crop = shown.crop("infrared")
    for distance in (12.0, 24.0):
        step = np.array([0.0, distance]) - crop.feet.mean(axis=0)
        moved = crop.transforms.copy()
        moved[:, :2, 3] += step
        renderer.draw(
            [replace(crop, source_height=0.0, camera=camera, transforms=moved, feet=crop.feet + step)], [shown.mesh]
        )
    near, far = (level.numpy()[0] for level in levels)
    ratio = near[near[..., 3] > 0.5][:, 0].mean() / far[far[..., 3] > 0.5][:, 0].mean()
    assert ratio == pytest.approx(4.0, rel=0.08)


@pytest.mark.parametrize("modality", ["infrared", "thermal"])
def test_weather_is_in_the_air_of_infrared_and_thermal_pictures(people, modality):
    shown = people[0]
    fog, rain, snow, clear = (
        sample_camera(STYLE, 1, Choice(values={"weather": state, "daytime": "night"}))
        for state in ("fog", "rain", "snow", "clear")
    )
    pictures = {}
    for camera in (fog, rain, snow, clear):
        renderer = Renderer([camera], SIZE, 0.0)
        seen = []
        draw = renderer.bands.picture
        renderer.bands.picture = lambda *given, draw=draw, seen=seen: seen.append(draw(*given)) or seen[-1]
        renderer.draw([replace(shown.crop(modality), camera=camera, source_height=0.0)], [shown.mesh])
        pictures[camera.light.weather] = seen[0].numpy()[0]
    here = pictures["clear"][..., 3] > 0.5
    values = {state: picture[..., 0][here] for state, picture in pictures.items()}
    assert np.ptp(values["fog"]) < 0.9 * np.ptp(values["clear"])  # haze takes contrast
    fallen = np.abs(values["rain"] - values["clear"]), np.abs(values["snow"] - values["fog"])
    for difference in fallen:  # drops and flakes hide some of the person, and not all
        assert 0.01 < (difference > 0.5 * difference.max()).mean() < 0.5


@pytest.mark.parametrize("height", [64, 128, 256, 512])
def test_the_blur_of_a_thermal_sensor_grows_with_the_picture(people, height):
    crop = people[0].crop("thermal")
    row = modalities.sensor_row(crop, crop.sensor, height)
    taps, step = row[9:14], row[19]
    places = np.concatenate([[0.5], step * np.arange(1, 5) + 0.5])
    assert 2.0 * taps.sum() == pytest.approx(1.0)
    # the taps' own standard deviation, in output pixels of a picture of 128 rows
    deviation = np.sqrt(2.0 * (taps * places**2).sum()) / 2.0 * 128 / height
    assert 0.7 < deviation < 1.35
    assert modalities.sensor_row(crop, crop.sensor, 2 * height)[0] == pytest.approx(2.0 * row[0])


def test_people_are_warmer_than_their_place_in_thermal_pictures(renderer, people):
    for shown in people:
        rgb, mask = pictures(renderer, [shown.crop("thermal", picture=k) for k in range(4)], [shown.mesh] * 4)
        for picture, covered in zip(rgb[..., 0].astype(float), mask):
            assert picture[covered == 255].mean() > picture[covered == 0].mean() + 15


def test_a_crop_does_not_depend_on_the_modalities_drawn_beside_it(renderer, people):
    crops = [shown.crop(m, picture=1) for shown in people[:2] for m in MODALITIES]
    meshes = [shown.mesh for shown in people[:2] for _ in MODALITIES]
    together = renderer.draw(crops, meshes)
    for row, (crop, mesh) in enumerate(zip(crops, meshes)):
        alone = renderer.draw([crop], [mesh])
        for name in ("rgb", "mask", "boxes", "visible"):
            np.testing.assert_array_equal(getattr(together, name)[row], getattr(alone, name)[0])
    assert len({picture.tobytes() for picture in together.rgb}) == len(crops)


def test_what_differs_between_modalities_is_in_the_table():
    camera = CAMERAS[0]
    assert set(modalities.modality_columns("colour", camera, 7).values()) == {""}
    assert modalities.modality_columns("infrared", camera, 7)["infrared_light"] in ("lamp", "day")
    assert 0.0 < modalities.modality_columns("thermal", camera, 7)["air_temperature"] < 30.0
    assert modalities.modality_columns("sketch", camera, 7)["artist"] in range(len(artists.ARTISTS))


def test_a_world_of_all_modalities_has_the_same_bytes_whatever_workers_and_batch_size(tmp_path):
    arguments = {"people": 2, "cameras": 2, "pictures": 2, "seed": 4, "size": (64, 32), "layout": "table"}
    worlds = [
        render_world("plaza", **arguments, modalities=MODALITIES, out=tmp_path / str(k), workers=k, batch_size=size)
        for k, size in ((1, 3), (2, 16))
    ]
    files = [sorted(path.relative_to(world) for path in world.rglob("*") if path.is_file()) for world in worlds]
    assert files[0] == files[1]
    assert sum(path.suffix == ".jpg" for path in files[0]) == 2 * 2 * 2 * 4
    for path in files[0]:
        assert (worlds[0] / path).read_bytes() == (worlds[1] / path).read_bytes(), path
    table = pd.read_csv(worlds[0] / "crops.csv", keep_default_na=False)
    for modality, column in (("infrared", "infrared_light"), ("thermal", "air_temperature"), ("sketch", "artist")):
        assert ((table[column] != "") == (table.modality == modality)).all()
