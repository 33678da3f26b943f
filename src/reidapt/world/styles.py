"""Domain styles: what distinguishes one camera network from another. The fields that move the domain gap are marked.

**The gap between two styles is a knob.** What is expected to widen it, the strongest first: `Sensor.gain` and
`Sensor.gamma` (colour casts and tone per camera), `Sensor.noise` and `Sensor.blur`, `Style.sun` and
`Style.sky_warmth` (light), `Style.camera_height` and `Style.person_pixels` (viewpoint and resolution), then scenes and
wardrobe. `Style.with_severity` scales colour response, noise, blur and warmth of the light in one call.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reidapt.errors import WorldError
from reidapt.world.clothes import Wardrobe
from reidapt.world.wardrobes import CITY, OFFICE, SUMMER, WINTER

Range = tuple[float, float]


@dataclass(frozen=True)
class Sensor:
    """Colour response of a network's cameras: each draws its own fixed values, pictures jitter a little around them."""

    gain: float = 0.12
    """Largest deviation of a colour channel's gain from 1 (white balance). Moves the gap strongly."""
    gamma: Range = (0.8, 1.3)
    """Exponent of the tone curve relative to a standard display; 1 is neutral. Moves the gap strongly."""
    contrast: Range = (0.9, 1.15)
    saturation: Range = (0.75, 1.1)
    black: Range = (0.0, 0.05)
    """Lifted black level (veiling glare), share of white."""
    noise: Range = (0.01, 0.02)
    """Standard deviation, share of white. Moves the gap."""
    blur: Range = (0.6, 1.3)
    """Standard deviation of the lens' and scaling's blur, in half output pixels. Moves the gap."""
    exposure: Range = (0.85, 1.2)
    jpeg: tuple[int, int] = (70, 92)


@dataclass(frozen=True)
class Style:
    """A domain: places, light, cameras, colour response and wardrobe."""

    name: str
    description: str
    scenes: tuple[str, ...]
    wardrobe: Wardrobe
    sensor: Sensor
    camera_height: Range = (2.2, 3.6)
    """Metres above the floor. Moves the gap (viewpoint)."""
    distance: Range = (7.0, 12.0)
    """Metres from the camera to the middle of its walkway."""
    person_pixels: Range = (115.0, 175.0)
    """Height in frame pixels of a person of 1.75 m in the middle of the walkway; sets the focal length."""
    roll: float = 2.0
    sun_elevation: Range = (25.0, 65.0)
    sun: Range = (0.8, 2.2)
    """Sun strength outdoors (indoors: of the ceiling lamps) relative to the sky. Moves the gap."""
    sky: Range = (0.7, 1.1)
    sky_warmth: Range = (-0.15, 0.15)
    """Colour of the light: −1 bluish .. +1 reddish. Moves the gap."""
    haze: float = 0.004
    light_jitter: float = 0.08
    box_jitter: float = 0.05
    """Standard deviation of the crop box's borders, share of the person's height."""
    standing: float = 0.15
    """Share of pictures in which people stand."""
    weather: Mapping[str, float] = field(default_factory=lambda: {"clear": 1.0})
    """Relative weights of the states in `weather.WEATHERS`; indoor cameras have none of them."""
    daytime: Mapping[str, float] = field(default_factory=lambda: {"day": 1.0})
    """Relative weights of `weather.DAYTIMES`."""
    sequences: int = 1
    """Recordings of a camera, each with its own weather and daytime."""

    def with_severity(self, severity: float) -> Style:
        """This style with its colour response and light made milder (< 1) or harsher (> 1)."""

        def about(interval: Range, middle: float) -> Range:
            return (middle + (interval[0] - middle) * severity, middle + (interval[1] - middle) * severity)

        s = self.sensor
        sensor = replace(
            s,
            gain=s.gain * severity,
            gamma=about(s.gamma, 1.0),
            contrast=about(s.contrast, 1.0),
            saturation=about(s.saturation, 1.0),
            black=about(s.black, 0.0),
            noise=about(s.noise, 0.0),
            blur=about(s.blur, 0.5),
            exposure=about(s.exposure, 1.0),
        )
        return replace(self, sensor=sensor, sky_warmth=about(self.sky_warmth, 0.0))


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style(
            "engine",
            "a game engine: clean render, neutral colours, clear light, many kinds of places",
            ("plaza", "street", "campus", "mall", "park", "steps", "corridor", "station"),
            replace(CITY, patterned=0.45),
            Sensor(
                gain=0.03,
                gamma=(0.95, 1.05),
                contrast=(1.0, 1.08),
                saturation=(1.0, 1.12),
                black=(0.0, 0.01),
                noise=(0.0, 0.004),
                blur=(0.5, 0.65),
                exposure=(0.95, 1.1),
                jpeg=(88, 95),
            ),
            camera_height=(1.5, 3.2),
            sun=(1.2, 2.2),
            sky_warmth=(-0.05, 0.05),
            haze=0.001,
            box_jitter=0.03,
            weather={"clear": 4.0, "hazy": 1.0, "overcast": 1.5},
        ),
        Style(
            "plaza",
            "an outdoor square in summer: sun and shade, cameras on poles",
            ("plaza", "campus", "steps", "park"),
            SUMMER,
            Sensor(gamma=(0.85, 1.25), blur=(0.8, 1.5)),
            camera_height=(2.2, 3.8),
            sun=(1.4, 2.8),
            sky_warmth=(-0.1, 0.35),
            weather={"clear": 4.0, "hazy": 2.0},
        ),
        Style(
            "mall",
            "indoors: shops, a station and corridors under lamps, ceiling cameras",
            ("mall", "station", "corridor", "mall", "garage", "station"),
            OFFICE,
            Sensor(
                gain=0.12,
                gamma=(0.8, 1.2),
                saturation=(0.7, 1.0),
                black=(0.01, 0.06),
                noise=(0.008, 0.018),
                blur=(0.8, 1.6),
            ),
            camera_height=(2.3, 2.8),
            distance=(6.0, 9.0),
            sun=(0.35, 0.8),
            sun_elevation=(60.0, 85.0),
            sky=(0.7, 1.0),
            sky_warmth=(-0.25, 0.55),
        ),
        Style(
            "street",
            "streets under an overcast winter sky, high cameras, soft pictures",
            ("street", "street", "campus", "street", "garage", "plaza"),
            WINTER,
            Sensor(
                gain=0.10,
                gamma=(0.9, 1.3),
                saturation=(0.6, 0.95),
                black=(0.02, 0.07),
                noise=(0.008, 0.018),
                blur=(1.0, 1.9),
                jpeg=(60, 85),
            ),
            camera_height=(2.4, 4.2),
            distance=(9.0, 14.0),
            sun=(0.4, 2.2),
            sun_elevation=(15.0, 40.0),
            sky=(0.8, 1.1),
            sky_warmth=(-0.45, 0.05),
            haze=0.012,
            standing=0.10,
            weather={"overcast": 5.0, "wet": 1.0, "rain": 1.0, "snowy": 0.7},
        ),
        Style(
            "game",
            "a game engine's worlds: clean render, every kind of place, weather and time of day; the benchmarks' source",
            (
                "plaza",
                "mall",
                "street",
                "campus",
                "station",
                "park",
                "crossing",
                "lobby",
                "market",
                "corridor",
                "steps",
                "concourse",
            ),
            replace(CITY, patterned=0.42),
            Sensor(
                gain=0.03,
                gamma=(0.95, 1.05),
                contrast=(1.0, 1.08),
                saturation=(1.0, 1.12),
                black=(0.0, 0.01),
                noise=(0.0, 0.004),
                blur=(0.5, 0.65),
                exposure=(0.95, 1.1),
                jpeg=(88, 95),
            ),
            camera_height=(1.5, 3.6),
            distance=(6.0, 12.0),
            sun=(1.0, 2.2),
            sky_warmth=(-0.05, 0.05),
            haze=0.0,
            box_jitter=0.03,
            weather={"clear": 4.0, "overcast": 2.0, "hazy": 1.0, "rain": 0.7, "wet": 0.7, "snowy": 0.4, "fog": 0.4},
            daytime={"day": 4.0, "morning": 1.0, "evening": 1.0, "dusk": 0.7, "night": 0.7},
            sequences=2,
        ),
        Style(
            "forecourt",
            "six cameras before a campus supermarket in summer: sun and shade, bicycles, shop fronts, tight soft crops",
            ("market", "market", "campus", "terrace", "market", "plaza"),
            SUMMER,
            Sensor(gain=0.11, gamma=(0.85, 1.25), saturation=(0.85, 1.1), blur=(0.8, 1.5)),
            camera_height=(2.2, 3.4),
            distance=(6.5, 10.5),
            sun=(1.0, 2.4),
            sky_warmth=(-0.1, 0.30),
            weather={"clear": 4.0, "hazy": 2.0, "overcast": 1.0},
            daytime={"day": 4.0, "morning": 1.0, "evening": 1.0},
            sequences=2,
        ),
        Style(
            "winter",
            "a campus in winter: high cameras over roads and gates, coats, grey days, dusk",
            ("campus", "gate", "street", "courtyard", "busstop", "steps"),
            WINTER,
            Sensor(
                gain=0.10,
                gamma=(0.9, 1.3),
                saturation=(0.6, 0.95),
                black=(0.02, 0.07),
                noise=(0.008, 0.018),
                blur=(1.0, 1.9),
                jpeg=(60, 85),
            ),
            camera_height=(2.8, 4.4),
            distance=(9.0, 14.0),
            sun=(0.4, 2.0),
            sun_elevation=(12.0, 32.0),
            sky=(0.8, 1.1),
            sky_warmth=(-0.45, 0.05),
            haze=0.003,
            standing=0.10,
            weather={"overcast": 4.0, "clear": 1.5, "wet": 1.5, "snowy": 1.0, "snow": 0.5, "fog": 0.4},
            daytime={"day": 4.0, "morning": 1.0, "dusk": 1.0},
            sequences=2,
        ),
        Style(
            "transit",
            "halls, gates and ways of a station by day and at night: lamps and windows, mixed colour of light",
            ("concourse", "turnstile", "underpass", "station", "crossing", "lobby"),
            OFFICE,
            Sensor(
                gain=0.18,
                gamma=(0.75, 1.25),
                saturation=(0.55, 1.0),
                black=(0.01, 0.06),
                noise=(0.008, 0.018),
                blur=(0.8, 1.6),
            ),
            camera_height=(2.3, 3.2),
            distance=(6.0, 10.0),
            sun=(0.35, 1.2),
            sky=(0.7, 1.0),
            sky_warmth=(-0.25, 0.55),
            weather={"overcast": 2.0, "clear": 2.0, "rain": 1.0},
            daytime={"day": 3.0, "dusk": 1.0, "night": 1.5},
            sequences=2,
        ),
        Style(
            "promenade",
            "people followed through wide views of paths, squares and shops: for walks, picture after picture",
            ("park", "terrace", "plaza", "gate", "market", "mall"),
            CITY,
            Sensor(gain=0.10, gamma=(0.85, 1.2), blur=(0.7, 1.4), jpeg=(65, 88)),
            camera_height=(2.6, 4.2),
            distance=(8.0, 12.0),
            person_pixels=(105.0, 160.0),
            sun=(0.8, 2.2),
            sky_warmth=(-0.15, 0.30),
            weather={"clear": 3.0, "hazy": 1.5, "overcast": 2.0, "wet": 1.0},
            daytime={"day": 4.0, "evening": 1.0, "morning": 0.7},
            sequences=2,
        ),
    )
}
"""The styles by name; `engine` and `game` stand for game engines, the others for real camera networks."""


def find_style(name: str | Style) -> Style:
    """The style called `name`; a misspelt name is refused with the nearest valid one."""
    if isinstance(name, Style):
        return name
    if name in STYLES:
        return STYLES[name]
    near = difflib.get_close_matches(name, STYLES, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise WorldError(f"There is no style {name!r}; {hint}The styles are: {', '.join(STYLES)}.")
