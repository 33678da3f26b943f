"""What a person wears and carries in one outfit, drawn from a style's wardrobe."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from reidapt.world.clothes import (
    COLOURS,
    FRONTS,
    MATERIALS,
    PATTERNS,
    Bottom,
    Cloth,
    Colour,
    Top,
    Wardrobe,
    contrasting,
    shade,
)
from reidapt.world.factors import Draws, declare
from reidapt.world.garments import BOTTOMS, PERIODS, TOPS, Weights, at, cut_bottom, cut_top, weigh
from reidapt.world.setting import rgb, word
from reidapt.world.streams import between, pick, pick_from

Garment = TypeVar("Garment", Top, Bottom)

SHOES: dict[str, float] = {"sneakers": 5.0, "shoes": 3.0, "boots": 2.0}
SHOES_BARE: dict[str, float] = {"sneakers": 4.0, "shoes": 2.0, "boots": 0.7, "sandals": 2.5}  # with bare calves
SHOE_MATERIALS = {"sneakers": "polyester", "shoes": "leather", "boots": "leather", "sandals": "leather"}
SHOE_COLOURS: dict[str, float] = {
    "black": 5.0,
    "white": 4.0,
    "brown": 2.0,
    "grey": 2.0,
    "navy": 1.0,
    "beige": 1.0,
    "red": 0.5,
    "blue": 0.5,
}
HATS_MEN: dict[str, float] = {"cap": 4.0, "beanie": 3.0, "brim": 0.8}
HATS_WOMEN: dict[str, float] = {"cap": 2.0, "beanie": 3.0, "brim": 1.5, "headscarf": 2.0}
HAT_MATERIALS = {"cap": "cotton", "beanie": "wool", "brim": "straw", "headscarf": "cotton"}
HATS = ("none", *HAT_MATERIALS)
BAGS: dict[str, float] = {
    "backpack": 4.0,
    "shoulder": 3.0,
    "handbag": 1.6,
    "tote": 1.6,
    "shopping": 1.2,
    "suitcase": 0.5,
    "umbrella": 0.4,
}
BAG_MATERIALS = {
    "backpack": "nylon",
    "shoulder": "leather",
    "handbag": "leather",
    "tote": "cotton",
    "shopping": "paper",
    "suitcase": "polyester",
    "umbrella": "nylon",
}
BAG_COLOURS: dict[str, float] = {
    "black": 6.0,
    "charcoal": 2.0,
    "grey": 1.5,
    "navy": 2.0,
    "brown": 2.0,
    "camel": 1.5,
    "red": 1.2,
    "blue": 1.0,
    "olive": 1.0,
    "cream": 1.0,
    "white": 0.7,
    "pink": 0.6,
    "yellow": 0.5,
    "teal": 0.6,
}
IN_HAND = {"handbag": "hold", "tote": "hold", "shopping": "hold", "umbrella": "hold", "suitcase": "pull"}
"""What the arm does that carries a bag (a name of `gait.ARMS`); other bags leave the arms free."""

GARMENTS = declare(
    "garments",
    "outfit",
    "kinds, cuts and materials of clothes",
    "upper",
    "upper_length",
    "sleeve",
    "collar",
    "upper_material",
    "lower",
    "lower_length",
    "lower_material",
    "hood_up",
)
COLOUR = declare(
    "colour", "outfit", "colours of clothes", "upper_colour", "upper_rgb", "lower_colour", "lower_rgb", "inner_colour"
)
PATTERN = declare("pattern", "outfit", "patterns, prints and logos", "upper_pattern", "upper_front", "lower_pattern")
FOOTWEAR = declare("shoes", "outfit", "shoes and their colour", "shoes", "shoe_colour")
HAT = declare("hat", "outfit", "hats and headscarves", "hat", "hat_colour")
BAG = declare("bag", "outfit", "bags and what is carried", "bag", "bag_side", "bag_size", "bag_colour")


def sample_shoes(worn: Draws, bottom: Bottom) -> tuple[str, str, Colour, Colour]:
    """Kind, colour's name, colour and the sole's colour; sandals only under bare calves."""
    rng = worn(FOOTWEAR)
    calves = bottom.kind == "bare" or bottom.length < 0.7
    kind = word(worn, "shoes", pick_from(rng, SHOES_BARE if calves else SHOES), SHOE_MATERIALS)
    name = word(worn, "shoe_colour", pick_from(rng, SHOE_COLOURS), COLOURS)
    colour = shade(rng, name)
    pale = bool(rng.random() < 0.7)
    return kind, name, colour, COLOURS["white"] if kind == "sneakers" and pale else COLOURS["black"]


def sample_hat(worn: Draws, woman: bool, house: Wardrobe, hood_up: bool) -> tuple[str, str, Colour]:
    """Kind, colour's name and colour of the hat; none under a hood."""
    rng = worn(HAT)
    wears = bool(rng.random() < house.hats) and not hood_up
    kind = pick_from(rng, HATS_WOMEN if woman else HATS_MEN)
    hat = word(worn, "hat", kind if wears else "none", HATS)
    name = word(worn, "hat_colour", pick_from(rng, house.colours), COLOURS)
    return hat, name, shade(rng, name)


def sample_bag(worn: Draws, house: Wardrobe) -> tuple[str, str, float, str, Colour]:
    """Bag, its side, size, colour's name and colour."""
    rng = worn(BAG)
    carries = bool(rng.random() < house.bags)
    kind = pick_from(rng, BAGS)
    bag = word(worn, "bag", kind if carries else "none", ("none", *BAGS))
    side = word(worn, "bag_side", pick(rng, ["L", "R"]), ("L", "R"))
    size = worn.number("bag_size", between(rng, (0.85, 1.2)), (0.5, 1.6))
    name = word(worn, "bag_colour", pick_from(rng, BAG_COLOURS), COLOURS)
    return bag, side, size, name, shade(rng, name)


def sample_clothes(draws: Draws, woman: bool, house: Wardrobe) -> tuple[Top, Bottom]:
    """Upper and lower garment of an outfit."""
    rng = draws(GARMENTS)
    shares = rng.random(20).tolist()
    upper = weigh({k: w for k, w in (house.women if woman else house.men).items() if k in TOPS}, shares[0])
    upper = word(draws, "upper", upper, TOPS)
    lower = weigh({k: w for k, w in (house.lower_women if woman else house.lower_men).items()}, shares[1])
    if upper == "dress":
        lower = "bare" if shares[2] < 0.6 else "leggings"
    elif upper in ("coat", "puffer") and lower == "shorts":
        lower = "jeans"
    lower = word(draws, "lower", lower, (*BOTTOMS, *(["bare"] if upper == "dress" else [])))
    cut = TOPS[upper]
    below = BOTTOMS["leggings" if lower == "bare" else lower]
    cloth = sample_cloth(draws, "upper", house.colours, cut.fronts, cut.patterns, house.patterned * cut.patterned)
    light = house.colours | {
        name: house.colours.get(name, 0.0) + more for name, more in (("white", 3), ("lightblue", 1))
    }
    inner = sample_cloth(draws, "inner", light, {"none": 1.0}, {"stripes": 1.0, "checks": 0.4}, 0.25)
    table = below.colours or house.lower_colours
    legs = sample_cloth(draws, "lower", table, {"none": 1.0}, below.patterns, below.patterned)
    cloth = replace(cloth, material=word(draws, "upper_material", weigh(cut.materials, shares[3]), MATERIALS))
    legs = replace(
        legs,
        material=word(draws, "lower_material", weigh(below.materials, shares[4]), MATERIALS),
        side_stripe=lower == "joggers" and shares[5] < 0.5,
        trim=False,
    )
    top = cut_top(upper, shares[6:14], cloth, inner)
    top = replace(
        top,
        hem=1.0 - draws.number("upper_length", 1.0 - top.hem, (-0.08, 0.8)),
        sleeve=draws.number("sleeve", top.sleeve, (0.0, 1.0)),
        collar=word(draws, "collar", top.collar, ("round", "shirt", "turtle", "hood", "coat")),
    )
    up = bool(int(draws.number("hood_up", float(shares[18] < house.hoods), (0, 1))))
    bottom = cut_bottom(lower, shares[14:18], legs)
    if lower != "bare":
        bottom = replace(bottom, length=draws.number("lower_length", bottom.length, (0.2, 1.0)))
    return replace(top, hood_up=up and top.collar == "hood"), bottom


def sample_cloth(
    draws: Draws, part: str, colours: Weights, fronts: Weights, patterns: Weights, patterned: float
) -> Cloth:
    """Colours, pattern and front of the garment `part` (upper, inner, lower)."""
    rng = draws(COLOUR)
    name = word(draws, f"{part}_colour", pick_from(rng, dict(colours)), COLOURS)
    second, third = contrasting(rng, name, dict(colours)), pick_from(rng, dict(colours))
    base, other, last = shade(rng, name), shade(rng, second), shade(rng, third)
    shares = draws(PATTERN).random(6).tolist()
    pattern = weigh(patterns, shares[1]) if shares[0] < patterned else "plain"
    pattern = word(draws, f"{part}_pattern", pattern, PATTERNS)
    return Cloth(
        colour=name,
        base=rgb(draws, f"{part}_rgb", base),
        second=other,
        third=last,
        pattern=pattern,
        period=at(PERIODS.get(pattern, (0.06, 0.12)), shares[2]),
        front=word(draws, f"{part}_front", weigh(fronts, shares[3]), FRONTS),
        back=shares[4] < 0.3,
        trim=shares[5] < 0.22,
    )


def vary(rng: np.random.Generator, garment: Garment) -> Garment:
    """A look-alike's version of `garment`: nearly the same colours."""
    cloth = garment.cloth
    near = [shade(rng, colour, 0.22) for colour in (cloth.base, cloth.second, cloth.third)]
    return replace(garment, cloth=replace(cloth, base=near[0], second=near[1], third=near[2]))
