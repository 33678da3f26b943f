"""Clothes: named colours, patterns, materials, and what a garment is."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from reidapt.world.streams import pick_from

Colour = tuple[float, float, float]
"""sRGB, each 0..1."""

COLOURS: dict[str, Colour] = {
    "black": (0.07, 0.07, 0.08),
    "charcoal": (0.20, 0.20, 0.22),
    "grey": (0.47, 0.48, 0.50),
    "silver": (0.70, 0.71, 0.72),
    "white": (0.92, 0.92, 0.90),
    "cream": (0.90, 0.85, 0.74),
    "beige": (0.76, 0.67, 0.54),
    "camel": (0.66, 0.48, 0.30),
    "brown": (0.33, 0.22, 0.15),
    "navy": (0.09, 0.12, 0.26),
    "denim": (0.27, 0.37, 0.53),
    "lightblue": (0.60, 0.73, 0.87),
    "blue": (0.13, 0.28, 0.66),
    "teal": (0.07, 0.42, 0.46),
    "green": (0.12, 0.43, 0.22),
    "olive": (0.35, 0.36, 0.20),
    "mint": (0.63, 0.85, 0.74),
    "yellow": (0.92, 0.77, 0.17),
    "orange": (0.90, 0.43, 0.10),
    "red": (0.74, 0.10, 0.12),
    "burgundy": (0.38, 0.08, 0.14),
    "pink": (0.91, 0.60, 0.68),
    "magenta": (0.72, 0.14, 0.45),
    "purple": (0.37, 0.20, 0.52),
    "lilac": (0.71, 0.64, 0.83),
}
"""Named cloth colours, before a person's own shade."""

PATTERNS = ("plain", "stripes", "pinstripes", "checks", "block", "print", "melange", "camouflage", "dots", "gradient")
"""Cloth patterns; their position is the number that the shading kernel knows them by."""

MATERIALS = ("cotton", "denim", "wool", "polyester", "nylon", "leather", "linen", "fleece", "straw", "paper")
"""What cloth, shoes, hats and bags are made of."""

FRONTS = ("none", "logo", "open", "zip", "buttons", "picture")
"""What is at the front of an upper garment; position = number in the shading kernel."""


@dataclass(frozen=True)
class Cloth:
    """Colour and pattern of one garment."""

    colour: str
    base: Colour
    second: Colour
    third: Colour
    pattern: str = "plain"
    period: float = 0.08  # metres
    front: str = "none"
    back: bool = False  # a print on the back as well
    trim: bool = False  # hem, cuffs and collar in the second colour
    side_stripe: bool = False
    material: str = "cotton"


@dataclass(frozen=True)
class Top:
    """Upper garment: an offset tube around the trunk and two sleeves. Lengths are fractions of the trunk or the arm."""

    kind: str
    cloth: Cloth
    loose: float  # metres of cloth away from the body
    follow: float  # 0 hugs the waist, 1 falls straight from the chest
    hem: float  # height of the hem as a fraction of the leg: 1 = hip joint, 0.5 = knee
    flare: float  # metres wider at the hem
    sleeve: float  # 0 sleeveless .. 1 wrist
    sleeve_loose: float
    collar: str  # round, shirt, turtle, hood, coat
    inner: Cloth | None = None  # worn under an open front
    hood_up: bool = False
    ribbed: bool = False  # an elastic hem


@dataclass(frozen=True)
class Bottom:
    """Trousers, shorts, leggings or a skirt; `length` 1 = ankle, 0.5 = knee."""

    kind: str
    cloth: Cloth
    loose: float
    follow: float
    length: float
    flare: float


@dataclass(frozen=True)
class Wardrobe:
    """What people of a style wear: relative weights per garment kind and colour."""

    men: dict[str, float]
    women: dict[str, float]
    lower_men: dict[str, float]
    lower_women: dict[str, float]
    colours: dict[str, float]
    lower_colours: dict[str, float]
    patterned: float = 0.35  # share of upper garments with a pattern
    bags: float = 0.45
    hats: float = 0.12
    glasses: float = 0.24
    sunglasses: float = 0.05
    hoods: float = 0.18  # share of people with a hood who wear it up


def hex_colour(colour: Colour) -> str:
    """`#rrggbb`."""
    return "#" + "".join(f"{round(255 * min(max(c, 0.0), 1.0)):02x}" for c in colour)


def soot(colour: Colour) -> float:
    """Probability, 0.03..0.95, that the dye of this colour has soot or sulphur black in it, which swallow near infrared.

    Black cotton's nearly always has, bright dyes hardly ever; by the largest channel, so that red is bright.
    """
    return min(0.95, max(0.03, 1.0 - 1.3 * max(colour)))


def shade(rng: np.random.Generator, colour: str | Colour, spread: float = 1.0) -> Colour:
    """A person's own shade of a colour (or of a named one): hue, saturation and value vary a little."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(COLOURS[colour] if isinstance(colour, str) else colour))
    hue = (hue + 0.018 * spread * float(rng.standard_normal())) % 1.0
    saturation = min(1.0, max(0.0, saturation * (1.0 + 0.14 * spread * float(rng.standard_normal()))))
    value = min(0.97, max(0.045, value * (1.0 + 0.14 * spread * float(rng.standard_normal()))))
    return colorsys.hsv_to_rgb(hue, saturation, value)


def contrasting(rng: np.random.Generator, name: str, table: dict[str, float]) -> str:
    """A colour of `table` that is clearly lighter or darker than, or of another hue from, `name`."""
    here = np.array(COLOURS[name])
    others = {k: w for k, w in table.items() if np.abs(np.array(COLOURS[k]) - here).max() > 0.28}
    return pick_from(rng, others or {"white": 1.0})
