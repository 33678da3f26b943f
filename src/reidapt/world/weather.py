"""Light and weather at a camera: sun, sky and lamps by daytime and weather, and what is in the air and on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reidapt.world.factors import Choice, Draws, declare
from reidapt.world.props import Scene
from reidapt.world.setting import word
from reidapt.world.streams import between, pick_from
from reidapt.world.styles import Style

WEATHER = declare("weather", "camera", "weather and time of day of a recording", "weather", "daytime")
SUN = declare("sun", "camera", "where the sun stands", "sun_elevation", "sun_azimuth")
LIGHTING = declare("lighting", "camera", "strength and colour of the light", "sun_strength", "sky_strength", "warmth")
SHADOWS = declare("shadows", "camera", "darkness of cast shadows", "shadow")

THIN = 0.003
"""Extinction per metre below which people have no haze before them."""


@dataclass(frozen=True)
class Weather:
    """A state of the weather; strengths are factors on the style's."""

    sun: float
    sky: float
    warmth: float = 0.0
    haze: float = 0.0  # extinction per metre, added to the style's
    blue: float = 0.0  # 1: blue zenith, 0: grey
    clouds: float = 0.0
    wet: float = 0.0
    snow: float = 0.0  # share of the ground under snow
    rain: float = 0.0  # density of falling drops
    flakes: float = 0.0  # density of falling flakes


WEATHERS = {
    "clear": Weather(1.4, 0.75, 0.06, blue=1.0, clouds=0.3),
    "hazy": Weather(0.8, 1.0, 0.05, haze=0.004, blue=0.5, clouds=0.2),
    "overcast": Weather(0.28, 1.05, -0.05, haze=0.001, clouds=0.5),
    "rain": Weather(0.12, 0.9, -0.10, haze=0.007, clouds=0.4, wet=1.0, rain=1.0),
    "wet": Weather(0.45, 1.0, 0.0, haze=0.004, blue=0.3, clouds=0.7, wet=0.7),
    "snow": Weather(0.25, 1.1, -0.08, haze=0.012, clouds=0.2, snow=0.75, flakes=1.0),
    "snowy": Weather(1.0, 0.9, -0.02, blue=0.8, clouds=0.2, snow=0.6),
    "fog": Weather(0.08, 1.0, -0.03, haze=0.032),
}
"""States outdoors. `wet` and `snowy` are after the rain and the snow. An indoor camera's weather is `indoor`."""


@dataclass(frozen=True)
class Daytime:
    """A time of day; `elevation` of the sun in degrees, where it is not the style's."""

    elevation: tuple[float, float] | None
    sun: float
    sky: float
    warmth: float
    lamps: float  # strength of lamps relative to the sky by day
    lights: float  # glow of windows and shops
    exposure: float = 1.0
    grain: float = 1.0  # factor on the sensor's noise


DAYTIMES = {
    "day": Daytime(None, 1.0, 1.0, 0.0, 0.0, 0.25),
    "morning": Daytime((14.0, 30.0), 0.9, 0.85, 0.18, 0.0, 0.3),
    "evening": Daytime((7.0, 16.0), 0.75, 0.75, 0.45, 0.0, 0.5),
    "dusk": Daytime((5.0, 6.0), 0.0, 0.40, -0.35, 0.60, 0.9, 0.80, 1.4),
    "night": Daytime((5.0, 6.0), 0.0, 0.07, -0.05, 1.0, 0.9, 0.52, 1.8),
}


@dataclass(frozen=True)
class Light:
    """The light of one recording at one camera; colours are linear RGB after the exposure control."""

    weather: str
    daytime: str
    sun: np.ndarray  # (3,) unit vector towards the sun
    sun_colour: np.ndarray  # zero indoors, at dusk and at night
    sky_colour: np.ndarray
    zenith: np.ndarray
    air: np.ndarray  # what distance fades to
    lamps: np.ndarray  # (K, 7) place 3, colour 3, 1 where it shines downwards
    bounce: float
    shadow: float  # 0..1
    haze: float
    clouds: float
    wet: float
    snow: float
    rain: float
    flakes: float
    lights: float  # glow of windows and shops outdoors, of signs indoors
    daylight: float  # glow of windows seen from indoors
    grain: float
    exposure: float  # of the recording against a well-lit one
    columns: dict[str, object]


def tint(warmth: float) -> np.ndarray:
    """Linear RGB of light with a mean of 1: −1 bluish .. +1 reddish."""
    colour = np.array([1.0 + 0.35 * warmth, 1.0 + 0.02 * warmth, 1.0 - 0.45 * warmth])
    return colour / colour.mean()


def sun_direction(elevation: float, azimuth: float) -> np.ndarray:
    """Unit vector towards a sun at degrees above the horizon and from behind the camera."""
    e, a = np.radians(elevation), np.radians(azimuth)
    return np.array([np.cos(e) * np.sin(a), -np.cos(e) * np.cos(a), np.sin(e)])


def lamp_light(lamps: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions (K, 3) to the lamps and their light (K, 3) at `place` (3,), falling on a surface that faces each."""
    to = lamps[:, :3] - place
    square = (to**2).sum(axis=1, keepdims=True) + 0.05
    to = to / np.sqrt(square)
    emit = 1.0 - 0.8 * lamps[:, 6:7] * (1.0 - np.maximum(to[:, 2:], 0.0))
    return to, lamps[:, 3:6] * emit / (square + 0.4)


def light_at(light: Light, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Direction, direct light and sky light (3,) each on a person who stands at `place` (2,) metres.

    Several lamps become one direction: what of their light comes from elsewhere joins the sky's.
    """
    if len(light.lamps) == 0:
        return light.sun, light.sun_colour, light.sky_colour
    to, colours = lamp_light(light.lamps, np.array([place[0], place[1], 1.2]))
    weight = colours.mean(axis=1, keepdims=True)
    vector = (to * weight).sum(axis=0)
    total = colours.sum(axis=0)
    share = float(np.linalg.norm(vector) / max(weight.sum(), 1e-9))
    direction = vector / max(float(np.linalg.norm(vector)), 1e-9)
    direction[2] = max(direction[2], 0.2)
    direction /= np.linalg.norm(direction)
    return direction, total * share, light.sky_colour + total * (0.5 * (1.0 - share))


def sample_light(style: Style, number: int, sequence: int, scene: Scene, choice: Choice, middle: np.ndarray) -> Light:
    """The light of recording `sequence` (from 1) at camera `number`; `middle` (2,) is the middle of its walkway.

    Raises:
        WorldError: a parameter is set to an unknown name or an impossible number.
    """
    draws = Draws(choice, (0, style.name, "light"), (number, sequence))
    rng = draws(WEATHER)
    weather = word(draws, "weather", pick_from(rng, style.weather), WEATHERS)
    daytime = word(draws, "daytime", pick_from(rng, style.daytime), DAYTIMES)
    state, time = WEATHERS[weather], DAYTIMES[daytime]
    if scene.indoor:
        weather, state = "indoor", Weather(0.0, 1.0)
    rng = draws(SUN)
    elevation = draws.number("sun_elevation", between(rng, time.elevation or style.sun_elevation), (3.0, 90.0))
    azimuth = draws.number("sun_azimuth", between(rng, (-140.0, 140.0)), (-360.0, 360.0))
    rng = draws(LIGHTING)
    direct = draws.number("sun_strength", between(rng, style.sun), (0.0, 20.0))
    ambient = draws.number("sky_strength", between(rng, style.sky), (0.05, 20.0))
    warmth = draws.number("warmth", between(rng, style.sky_warmth), (-1.0, 1.0))
    lamp_warmth = between(rng, (0.1, 0.7))
    bounce = between(rng, (0.5, 0.8) if scene.indoor else (0.4, 0.65))
    sun_colour, sky_colour, lamps, reached = sources(
        scene, state, time, (direct, ambient), (warmth, lamp_warmth), middle
    )
    # the exposure control keeps a grey card near one tone, but not at night
    exposure = 1.0 if scene.indoor else time.exposure
    level = exposure * 0.9 / (0.62 * sky_colour.mean() + 0.45 * (sun_colour.mean() + reached))
    lamps[:, 3:6] *= level
    sun_colour, sky_colour = sun_colour * level, sky_colour * level
    share = (sun_colour.mean() + reached * level) / (sun_colour.mean() + reached * level + 0.8 * sky_colour.mean())
    shadow = float(np.clip(0.80 * share, 0.0, 0.8)) * (0.5 if scene.indoor else 1.0)
    shadow = draws.number("shadow", shadow, (0.0, 1.0))
    blue = state.blue if time.sun else 0.7
    zenith = sky_colour * ((1 - blue) * np.array([0.88, 0.92, 0.96]) + blue * np.array([0.50, 0.68, 0.98]))
    glow = 0.62 * level if scene.indoor else time.lights * level * (0.5 if time.sun else 0.8)
    if len(lamps) and not scene.indoor:  # the air glows above a town at night
        zenith = zenith * 0.8
    columns: dict[str, object] = {
        "weather": weather,
        "daytime": daytime,
        "sun_elevation": round(elevation, 1),
        "sun_azimuth": round(azimuth, 1),
        "sun_strength": round(direct, 3),
        "sky_strength": round(ambient, 3),
        "warmth": round(warmth, 3),
        "shadow": round(shadow, 3),
    }
    return Light(
        weather=weather,
        daytime=daytime,
        sun=sun_direction(elevation, azimuth),
        sun_colour=sun_colour,
        sky_colour=sky_colour,
        zenith=zenith,
        air=sky_colour * 0.75,
        lamps=lamps,
        bounce=bounce,
        shadow=shadow,
        haze=0.001 if scene.indoor else style.haze + state.haze,
        clouds=state.clouds,
        wet=state.wet,
        snow=state.snow,
        rain=state.rain,
        flakes=state.flakes,
        lights=glow,
        daylight=level * (1.25 if time.sun else 0.10),
        grain=1.0 if scene.indoor else time.grain,
        exposure=exposure,
        columns=columns,
    )


def sources(
    scene: Scene,
    state: Weather,
    time: Daytime,
    strengths: tuple[float, float],
    warmths: tuple[float, float],
    middle: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Colour of the sun and of the sky (3,), the lamps (K, 7) and their strength at `middle`, before any exposure.

    `strengths` are the sun's and the sky's, `warmths` the daylight's and the street lamps'. Indoors the sun's strength is
    that of the ceiling lamps.
    """
    direct, ambient = strengths
    warmth, lamp_warmth = warmths
    lamps = lamp_table(scene, time, middle)
    if scene.indoor:
        sun_colour, sky_colour = np.zeros(3), 0.62 * max(ambient, 0.7) * tint(warmth)
        strength = 0.5 + 0.8 * min(direct, 1.2)
        lamps[:, 3:6] *= tint(warmth)
    else:
        sun_colour = direct * state.sun * time.sun * tint(warmth + state.warmth + time.warmth + 0.06)
        sky_colour = ambient * state.sky * time.sky * tint(warmth + state.warmth + 0.5 * min(time.warmth, 0.2) - 0.15)
        strength = 0.9 * time.lamps
        lamps[:, 3:6] *= tint(lamp_warmth)
        if time.lamps and not len(lamps):
            lamps = np.array([[middle[0] + 2.0, middle[1] + 1.0, 5.0, *tint(lamp_warmth), 1.0]])
    if not len(lamps):
        return sun_colour, sky_colour, lamps, 0.0
    there = lamp_light(lamps, np.array([*middle, 1.2]))[1].sum(axis=0).mean()
    lamps[:, 3:6] *= strength / max(float(there), 1e-6)
    return sun_colour, sky_colour, lamps, strength


def lamp_table(scene: Scene, time: Daytime, middle: np.ndarray) -> np.ndarray:
    """(K, 7) the lamps that are on, the eight that matter most at `middle`: place, relative colour, shines downwards."""
    rows = []
    for x, y, z, strength, kind in scene.lamps:
        if kind == "window":
            power = strength * (1.0 if time.sun else 0.06)
            rows.append([x, y, z, *(power * tint(-0.25)), 0.0])
        elif scene.indoor or time.lamps:
            rows.append([x, y, z, strength, strength, strength, 1.0])
    table = np.asarray(rows, float).reshape(-1, 7)
    if len(table) > 8:
        there = lamp_light(table, np.array([*middle, 1.2]))[1].mean(axis=1)
        table = table[np.sort(np.argsort(-there, kind="stable")[:8])]
    return table


def air_rows(lights: Sequence[Light], seeds: Sequence[int]) -> np.ndarray | None:
    """(C, 9) rows of `airborne.veil` for crops in these lights, with noise seeds; None where the air is clear for all."""
    rows = np.zeros((len(lights), 9), np.float32)
    for row, light, seed in zip(rows, lights, seeds):
        row[0:3], row[3] = light.air, light.haze if light.haze >= THIN else 0.0
        row[4:7], row[8] = (light.rain, light.flakes, seed % 9973), 1.4
    return rows if rows[:, 3:6].any() else None
