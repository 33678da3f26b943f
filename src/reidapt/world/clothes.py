"""Clothes: named colours, patterns, garments, and drawing them from a style's distribution."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from reidapt.world.streams import between, pick, pick_from

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

PATTERNS = ("plain", "stripes", "pinstripes", "checks", "block", "print", "melange", "camouflage", "dots")
"""Cloth patterns; their position is the number that the shading kernel knows them by."""

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
    collar: str  # none, round, shirt, turtle, hood, coat
    inner: Cloth | None = None  # worn under an open front


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


def hex_colour(colour: Colour) -> str:
    """`#rrggbb`."""
    return "#" + "".join(f"{round(255 * min(max(c, 0.0), 1.0)):02x}" for c in colour)


def shade(rng: np.random.Generator, name: str, spread: float = 1.0) -> Colour:
    """A person's own shade of a named colour: hue, saturation and value vary a little."""
    hue, saturation, value = colorsys.rgb_to_hsv(*COLOURS[name])
    hue = (hue + 0.018 * spread * float(rng.standard_normal())) % 1.0
    saturation = min(1.0, max(0.0, saturation * (1.0 + 0.14 * spread * float(rng.standard_normal()))))
    value = min(0.97, max(0.045, value * (1.0 + 0.14 * spread * float(rng.standard_normal()))))
    return colorsys.hsv_to_rgb(hue, saturation, value)


def contrasting(rng: np.random.Generator, name: str, table: dict[str, float]) -> str:
    """A colour of `table` that is clearly lighter or darker than, or of another hue from, `name`."""
    here = np.array(COLOURS[name])
    others = {k: w for k, w in table.items() if np.abs(np.array(COLOURS[k]) - here).max() > 0.28}
    return pick_from(rng, others or {"white": 1.0})


def sample_cloth(
    rng: np.random.Generator,
    table: dict[str, float],
    patterned: float,
    fronts: dict[str, float],
    patterns: dict[str, float],
) -> Cloth:
    """Colour, pattern and front of a garment."""
    name = pick_from(rng, table)
    second, third = contrasting(rng, name, table), pick_from(rng, table)
    pattern = pick_from(rng, patterns) if rng.random() < patterned else "plain"
    period = {"stripes": (0.04, 0.14), "pinstripes": (0.035, 0.07), "checks": (0.06, 0.16), "block": (0.16, 0.34)}
    front = pick_from(rng, fronts)
    return Cloth(
        name,
        shade(rng, name),
        shade(rng, second),
        shade(rng, third),
        pattern,
        between(rng, period.get(pattern, (0.06, 0.12))),
        front,
        back=bool(rng.random() < 0.3),
        trim=bool(rng.random() < 0.22),
    )


def sample_top(rng: np.random.Generator, kind: str, house: Wardrobe) -> Top:
    """An upper garment of `kind`."""
    soft = {"stripes": 4.0, "checks": 2.0, "block": 3.0, "print": 1.5, "melange": 2.0, "camouflage": 0.6, "dots": 1.0}
    plain = {"melange": 3.0, "checks": 1.5, "block": 1.0}
    light = {
        **house.colours,
        "white": house.colours.get("white", 0) + 3,
        "lightblue": house.colours.get("lightblue", 0) + 1,
    }
    inner = sample_cloth(rng, light, 0.25, {"none": 1.0}, soft)

    def cloth(patterned: float, fronts: dict[str, float], patterns: dict[str, float] = soft) -> Cloth:
        return sample_cloth(rng, house.colours, patterned, fronts, patterns)

    u = lambda low, high: between(rng, (low, high))  # noqa: E731
    share = house.patterned
    if kind == "tshirt":
        fronts = {"none": 4.0, "logo": 2.0, "picture": 2.0}
        return Top(
            kind,
            cloth(share, fronts),
            u(0.008, 0.022),
            u(0.86, 0.98),
            u(0.86, 0.97),
            0.0,
            u(0.30, 0.46),
            u(0.012, 0.028),
            "round",
        )
    if kind == "polo":
        return Top(
            kind,
            cloth(share, {"buttons": 1.0}),
            u(0.008, 0.018),
            u(0.88, 0.97),
            u(0.88, 0.97),
            0.0,
            u(0.34, 0.46),
            u(0.012, 0.022),
            "shirt",
        )
    if kind == "blouse":
        patterns = {"dots": 2.0, "print": 3.0, "stripes": 2.0, "pinstripes": 1.0}
        return Top(
            kind,
            cloth(share, {"none": 2.0, "buttons": 2.0}, patterns),
            u(0.01, 0.03),
            u(0.80, 0.97),
            u(0.84, 0.95),
            u(0.0, 0.03),
            pick(rng, [0.25, 0.6, 0.98]),
            u(0.012, 0.03),
            pick(rng, ["round", "shirt"]),
        )
    if kind == "shirt":
        patterns = {"stripes": 1.0, "pinstripes": 3.0, "checks": 4.0}
        return Top(
            kind,
            cloth(min(1.0, share * 1.3), {"buttons": 1.0}, patterns),
            u(0.012, 0.026),
            u(0.90, 0.99),
            u(0.84, 0.94),
            0.0,
            pick(rng, [0.40, 0.70, 0.99], [2, 1, 5]),
            u(0.012, 0.024),
            "shirt",
        )
    if kind == "sweater":
        return Top(
            kind,
            cloth(share, {"none": 5.0, "logo": 1.5, "picture": 1.0}),
            u(0.014, 0.032),
            u(0.88, 0.98),
            u(0.86, 0.97),
            0.0,
            1.0,
            u(0.014, 0.028),
            pick(rng, ["round", "turtle"], [3, 1]),
        )
    if kind == "hoodie":
        return Top(
            kind,
            cloth(
                share * 0.7,
                {"none": 2.0, "logo": 2.0, "zip": 2.0, "open": 1.0, "picture": 1.0},
                {"block": 2.0, "melange": 3.0, "camouflage": 0.5, "print": 0.5},
            ),
            u(0.024, 0.042),
            u(0.94, 1.0),
            u(0.86, 0.96),
            0.0,
            1.0,
            u(0.022, 0.036),
            "hood",
            inner,
        )
    if kind == "jacket":
        return Top(
            kind,
            cloth(share * 0.5, {"zip": 3.0, "open": 3.0}, plain),
            u(0.024, 0.045),
            u(0.92, 1.0),
            u(0.85, 0.97),
            0.0,
            1.0,
            u(0.022, 0.036),
            pick(rng, ["coat", "turtle", "hood"]),
            inner,
        )
    if kind == "blazer":
        return Top(
            kind,
            cloth(share * 0.4, {"open": 1.0}, {"checks": 1.0, "pinstripes": 1.0}),
            u(0.018, 0.03),
            u(0.86, 0.95),
            u(0.78, 0.9),
            0.01,
            0.98,
            u(0.014, 0.024),
            "coat",
            inner,
        )
    if kind == "puffer":
        return Top(
            kind,
            cloth(share * 0.3, {"zip": 3.0, "open": 1.0}, {"block": 1.0}),
            u(0.045, 0.075),
            u(0.95, 1.0),
            u(0.72, 0.97),
            0.0,
            1.0,
            u(0.035, 0.05),
            pick(rng, ["turtle", "hood"]),
            inner,
        )
    if kind == "coat":
        return Top(
            kind,
            cloth(share * 0.4, {"open": 2.0, "buttons": 2.0, "zip": 1.0}, {"checks": 2.0, "melange": 2.0}),
            u(0.03, 0.05),
            u(0.9, 1.0),
            u(0.36, 0.62),
            u(0.02, 0.07),
            1.0,
            u(0.024, 0.036),
            pick(rng, ["coat", "hood"], [3, 1]),
            inner,
        )
    if kind == "dress":
        patterns = {"dots": 2.0, "print": 3.0, "stripes": 2.0, "block": 1.0}
        return Top(
            kind,
            cloth(min(1.0, share * 1.5), {"none": 1.0}, patterns),
            u(0.008, 0.018),
            u(0.78, 0.92),
            u(0.25, 0.62),
            u(0.05, 0.16),
            pick(rng, [0.12, 0.35, 0.98]),
            u(0.010, 0.022),
            "round",
        )
    raise ValueError(kind)


def sample_bottom(rng: np.random.Generator, kind: str, house: Wardrobe) -> Bottom:
    """A lower garment of `kind`."""
    u = lambda low, high: between(rng, (low, high))  # noqa: E731
    table = house.lower_colours
    if kind == "jeans":
        table = {"denim": 4.0, "navy": 3.0, "black": 2.0, "lightblue": 1.0, "grey": 0.5}
    rare = {"checks": 1.0, "camouflage": 1.0, "melange": 2.0}
    cloth = sample_cloth(
        rng,
        table,
        0.12 if kind != "skirt" else 0.4,
        {"none": 1.0},
        rare if kind != "skirt" else {"checks": 2.0, "print": 2.0, "dots": 1.0, "stripes": 1.0},
    )
    if kind == "jeans":
        return Bottom(kind, cloth, u(0.006, 0.022), u(0.80, 0.98), u(0.95, 1.0), 0.0)
    if kind == "trousers":
        return Bottom(kind, cloth, u(0.012, 0.028), u(0.90, 1.0), u(0.97, 1.0), u(0.0, 0.03))
    if kind == "joggers":
        sport = Cloth(**{**cloth.__dict__, "side_stripe": bool(rng.random() < 0.5)})
        return Bottom(kind, sport, u(0.02, 0.036), u(0.88, 0.96), u(0.93, 0.98), -0.01)
    if kind == "leggings":
        return Bottom(kind, cloth, 0.005, 0.0, u(0.85, 0.97), 0.0)
    if kind == "shorts":
        return Bottom(kind, cloth, u(0.014, 0.034), u(0.96, 1.0), u(0.38, 0.56), u(0.0, 0.015))
    if kind == "skirt":
        return Bottom(kind, cloth, u(0.010, 0.020), u(0.90, 1.0), u(0.36, 0.85), u(0.02, 0.16))
    raise ValueError(kind)
