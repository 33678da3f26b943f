"""Strips of the gallery: pictures in which one factor goes through its range and every other is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reidapt.world.clothes import FRONTS, PATTERNS
from reidapt.world.crops import Circumstances
from reidapt.world.factors import FACTORS, Choice
from reidapt.world.garments import BOTTOMS, TOPS
from reidapt.world.layout import Arguments, Item
from reidapt.world.outfits import BAGS, HATS, SHOE_MATERIALS
from reidapt.world.people import GLASSES, HAIR
from reidapt.world.scenes import SCENES
from reidapt.world.studio import Picture, Studio
from reidapt.world.styles import Style
from reidapt.world.weather import DAYTIMES, WEATHERS

COUNT = 8
"""Pictures of a strip that is drawn at random."""


def steps(name: str, low: float, high: float, count: int = COUNT) -> list[dict[str, object]]:
    """Settings of a parameter from `low` to `high`."""
    return [{name: round(float(value), 3)} for value in np.linspace(low, high, count)]


SWEEPS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "scene": [{"place": place} for place in SCENES],
    "geometry": steps("camera_height", 1.2, 6.0),
    "weather": [dict(weather=name, daytime="day") for name in WEATHERS]
    + [dict(weather="clear", daytime=name) for name in DAYTIMES if name != "day"],
    "sun": steps("sun_azimuth", -135.0, 135.0),
    "lighting": steps("warmth", -0.7, 0.7),
    "shadows": steps("shadow", 0.0, 0.8),
    "white_balance": [
        {"gain_red": round(1 + g, 2), "gain_blue": round(1 - g, 2)} for g in np.linspace(-0.25, 0.25, COUNT)
    ],
    "tone": steps("gamma", 0.6, 1.7),
    "sensor_noise": steps("noise", 0.0, 0.07),
    "sensor_blur": steps("blur", 0.4, 3.0),
    "yaw": steps("yaw", 0, 315),
    "place": steps("distance", 5.5, 14.0),
    "exposure": steps("light", 0.55, 1.6),
    "motion": steps("exposure_ms", 0.0, 90.0),
    "resolution": steps("source_height", 20, 128),
    "jpeg": steps("jpeg", 5, 90),
    "garments": [{"upper": kind} for kind in TOPS if kind != "dress"]
    + [{"upper": "tshirt", "lower": kind} for kind in BOTTOMS],
    "pattern": [{"upper_pattern": kind} for kind in PATTERNS] + [{"upper_front": kind} for kind in FRONTS[1:]],
    "shoes": [{"shoes": kind} for kind in SHOE_MATERIALS],
    "hat": [{"hat": kind, "hat_colour": "red"} for kind in HATS],
    "bag": [{"bag": kind} for kind in ("none", *BAGS)],
    "hair": [{"hair": kind} for kind in HAIR],
    "beard": steps("beard", 0.0, 1.0),
    "glasses": [{"glasses": kind} for kind in GLASSES],
}
"""Factors that are shown by setting a parameter; the others are shown by what is drawn."""
PLAIN: dict[str, object] = {
    "place": "plaza",
    "weather": "clear",
    "daytime": "day",
    "sun_azimuth": -40.0,
    "sun_elevation": 55.0,
    "gamma": 0.95,
    "exposure": 1.15,
    "light": 1.0,
    "upper_rgb": "#a4b4c4",
    "lower_rgb": "#56627c",
    "yaw": 40,
    "walking": 1,
    "occluder": "none",
}
"""What a strip has where its own factor does not vary it: a clear day and a whole person, seen well."""
LOOK: Mapping[str, Mapping[str, object]] = {
    "shadows": {"sun_azimuth": 0.0, "sun_elevation": 30.0},
    "gait": {"yaw": 90, "phase": 0.0},
    "motion": {"yaw": 90},
    "hair": {"yaw": 150, "hat": "none", "upper_front": "none"},
    "beard": {"yaw": 20, "sex": "male", "hat": "none", "skin": "#d8ac8c"},
    "glasses": {"yaw": 20, "hat": "none", "skin": "#d8ac8c"},
    "pattern": {"upper_rgb": "#2c3e70", "bag": "none"},
    "bag": {"yaw": 130},
    "grain": {"noise": 0.05},
    "shoes": {"lower": "shorts"},
}
"""What else a strip has set, so that its factor is seen."""
LOOSE_BOX = 0.1
"""Error of the boxes in the strip of the factor `box`, share of the person's height."""


def settings(name: str, values: Mapping[str, object] | None = None) -> dict[str, object]:
    """`PLAIN` and `LOOK` without the parameters of the factor `name`, and `values`."""
    plain = {**PLAIN, **LOOK.get(name, {})}
    return {**{key: value for key, value in plain.items() if key not in FACTORS[name].parameters}, **(values or {})}


@dataclass(frozen=True)
class Theatre:
    """What all strips share: the style, the seed, the size and the bystanders."""

    style: Style
    seed: int
    size: tuple[int, int]
    crowd: Circumstances

    def studio(self, choice: Choice, cameras: int = 1, occlusion: float = 0.0) -> Studio:
        """A studio with drawn empty frames."""
        arguments = Arguments(
            people=2,
            cameras=cameras,
            pictures=2,
            seed=self.seed,
            size=self.size,
            occlusion=occlusion,
            outfits=COUNT,
            choice=choice,
        )
        studio = Studio(replace(self.style, sequences=1), arguments)
        studio.world = replace(self.crowd, choice=choice, occlusion=occlusion)
        for camera in studio.cameras:
            studio.renderer.draw_backdrop(camera)
        return studio


def item(camera: int = 1, picture: int = 0, modality: str = "colour", tracklet: int = -1, step: int = 0) -> Item:
    """One picture to draw, without a place for a file."""
    return Item("", "", 1, picture, camera, 1, 0, "person", "train", modality, 0, tracklet, step)


def one(
    studio: Studio, person: int = 0, outfit: int = 0, asked: Item | None = None, labels: Sequence[str] = ()
) -> Picture:
    """The picture of one item."""
    return next(iter(studio.pictures(studio.dressed(person, outfit), [asked or item()], labels)))


def strip(theatre: Theatre, name: str) -> list[Picture]:
    """Pictures in which the factor `name` varies and every other factor is held."""
    level = FACTORS[name].level
    hold = frozenset(FACTORS) - {name}
    if level == "outfit":  # the factor `outfit` decides which outfit the others are drawn for
        hold -= {"outfit"}
    if name == "outfit":  # another outfit differs in all that belongs to outfits
        hold = frozenset(other for other in FACTORS if FACTORS[other].level != level)
    if name == "box":
        theatre = replace(theatre, style=replace(theatre.style, box_jitter=LOOSE_BOX))
    if name in SWEEPS:
        choices = [Choice(hold, settings(name, values)) for values in SWEEPS[name]]
        if level == "camera":
            return [one(theatre.studio(choice)) for choice in choices]
        return list(swept(theatre.studio(choices[0]), choices))
    studio = theatre.studio(
        Choice(hold, settings(name)), COUNT if level == "camera" else 1, 1.0 if name == "occlusion" else 0.0
    )
    if level == "camera":
        return list(studio.pictures(studio.dressed(0), [item(camera) for camera in range(1, COUNT + 1)]))
    if level == "person":
        return [one(studio, person) for person in range(COUNT)]
    if level == "outfit":
        return [one(studio, 0, outfit) for outfit in range(COUNT)]
    if name == "path":
        asked = [item(picture=k, tracklet=k, step=studio.arguments.frames // 2) for k in range(COUNT)]
        return [one(studio, 0, 0, ask) for ask in asked]
    return list(studio.pictures(studio.dressed(0), [item(picture=k) for k in range(COUNT)]))


def swept(studio: Studio, choices: Sequence[Choice]) -> Iterator[Picture]:
    """One picture per choice of the person's or the crop's parameters, before the same frame."""
    for choice in choices:
        studio.arguments = replace(studio.arguments, choice=choice)
        studio.world = replace(studio.world, choice=choice)
        yield one(studio)


def caption(picture: Picture, names: Sequence[str]) -> str:
    """The parameters `names` of a picture; long numbers shortened."""
    columns = picture.columns()
    words = []
    for name in names:
        value = columns.get(name, "")
        if value != "":
            words.append(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}")
    return " · ".join(words[:4])
