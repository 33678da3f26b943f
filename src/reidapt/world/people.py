"""Who a person is: body, skin, hair and gait for all pictures; clothes, shoes and bag for one outfit."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    hex_colour,
    shade,
)
from reidapt.world.factors import EVERYTHING, Choice, Draws, declare
from reidapt.world.gait import Gait, sample_gait
from reidapt.world.garments import BOTTOMS, PERIODS, TOPS, Weights, at, cut_bottom, cut_top, weigh
from reidapt.world.setting import number, rgb, word
from reidapt.world.streams import between, pick, pick_from, stream

SKINS: tuple[Colour, ...] = (
    (0.93, 0.77, 0.68),
    (0.88, 0.70, 0.58),
    (0.81, 0.61, 0.47),
    (0.71, 0.50, 0.36),
    (0.56, 0.37, 0.26),
    (0.40, 0.26, 0.19),
    (0.29, 0.19, 0.14),
)
"""Skin tones from light to dark; a person's lies between two of them."""

HAIR_COLOURS: dict[str, Colour] = {
    "black": (0.06, 0.05, 0.05),
    "darkbrown": (0.14, 0.09, 0.06),
    "brown": (0.26, 0.17, 0.10),
    "auburn": (0.36, 0.16, 0.08),
    "blond": (0.62, 0.48, 0.28),
    "grey": (0.50, 0.49, 0.47),
    "white": (0.78, 0.77, 0.74),
}
HAIR = ("bald", "buzz", "short", "quiff", "curly", "bob", "long", "ponytail", "bun", "afro")

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
GLASSES = ("none", "glasses", "sunglasses")
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

BODY = declare(
    "body", "person", "sex, size and build", "sex", "height", "gender", "age", "muscle", "weight", "proportions"
)
SKIN = declare("skin", "person", "skin tone", "skin")
HAIRS = declare("hair", "person", "hair style, length and colour", "hair", "hair_length", "hair_colour")
BEARD = declare("beard", "person", "beard, 0..1", "beard")
EYEWEAR = declare("glasses", "person", "glasses and sunglasses", "glasses")
GAIT = declare("gait", "person", "way of walking", *(f"gait_{name}" for name in Gait.__dataclass_fields__))
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
OUTFIT = declare("outfit", "outfit", "which of the person's outfits", "outfit")


@dataclass(frozen=True)
class Person:
    """Everything about one identity in one outfit; the outfit is constant over a picture series."""

    index: int
    outfit: int
    lookalike: int  # number of the cluster of look-alikes, -1 for none
    sex: str
    height: float
    phenotype: dict[str, float]
    skin: Colour
    hair: str
    hair_length: float  # 0 short .. 1 long for its kind
    hair_colour: Colour
    hair_colour_name: str
    beard: float
    glasses: str
    gait: Gait
    top: Top
    bottom: Bottom
    shoes: str
    shoe_colour: Colour
    shoe_colour_name: str
    sole: Colour
    hat: str
    hat_colour: Colour
    hat_colour_name: str
    bag: str
    bag_side: str
    bag_size: float  # times the usual size
    bag_colour: Colour
    bag_colour_name: str
    socks: Colour
    fold_phase: float
    bulk: float

    @property
    def carry(self) -> dict[str, str]:
        """What the arms do because of the bag: "L"/"R" to a name of `gait.ARMS`."""
        return {self.bag_side: IN_HAND[self.bag]} if self.bag in IN_HAND else {}

    @property
    def shoe_material(self) -> str:
        return SHOE_MATERIALS[self.shoes]

    @property
    def hat_material(self) -> str:
        return HAT_MATERIALS.get(self.hat, "cotton")

    @property
    def bag_material(self) -> str:
        return BAG_MATERIALS.get(self.bag, "nylon")

    def columns(self) -> dict[str, object]:
        """The person's parameters as columns of `crops.csv`."""
        top, bottom = self.top, self.bottom
        return {
            "outfit": self.outfit,
            "lookalike": self.lookalike,
            "sex": self.sex,
            "height": round(self.height, 3),
            **{name: round(value, 3) for name, value in self.phenotype.items()},
            "skin": hex_colour(self.skin),
            "hair": self.hair,
            "hair_length": round(self.hair_length, 3),
            "hair_colour": self.hair_colour_name,
            "beard": round(self.beard, 3),
            "glasses": self.glasses,
            "upper": top.kind,
            "upper_colour": top.cloth.colour,
            "upper_rgb": hex_colour(top.cloth.base),
            "upper_pattern": top.cloth.pattern,
            "upper_front": top.cloth.front,
            "upper_material": top.cloth.material,
            "upper_length": round(1.0 - top.hem, 3),
            "sleeve": round(top.sleeve, 3),
            "collar": top.collar,
            "hood_up": int(top.hood_up),
            "inner_colour": top.inner.colour if top.inner else "",
            "lower": bottom.kind,
            "lower_colour": bottom.cloth.colour if bottom.kind != "bare" else "",
            "lower_rgb": hex_colour(bottom.cloth.base) if bottom.kind != "bare" else "",
            "lower_pattern": bottom.cloth.pattern if bottom.kind != "bare" else "",
            "lower_material": bottom.cloth.material if bottom.kind != "bare" else "",
            "lower_length": round(bottom.length, 3),
            "shoes": self.shoes,
            "shoe_colour": self.shoe_colour_name,
            "hat": self.hat,
            "hat_colour": self.hat_colour_name if self.hat != "none" else "",
            "bag": self.bag,
            "bag_side": self.bag_side if self.bag not in ("none", "backpack") else "",
            "bag_size": round(self.bag_size, 3) if self.bag != "none" else "",
            "bag_colour": self.bag_colour_name if self.bag != "none" else "",
            **self.gait.columns(),
        }


Garment = TypeVar("Garment", Top, Bottom)

BLOCK = 20
"""People among whom clusters of look-alikes are formed."""


def lookalike_cluster(seed: int, style: str, index: int, share: float) -> int:
    """The cluster of 2..4 look-alikes that a person belongs to, or −1.

    Clusters are runs of neighbouring indices within blocks of `BLOCK` people, of whom about `share` (0..1) are in one.
    """
    block = index // BLOCK
    rng = stream(seed, style, "lookalikes", block)
    left = int(BLOCK * share + rng.random())
    sizes: list[int] = []
    while left >= 2:
        size = min(int(rng.integers(2, 5)), left)
        size = size - 1 if left - size == 1 and size > 2 else size
        sizes.append(size)
        left -= size
    groups = [sizes[k] for k in rng.permutation(len(sizes))]
    order = rng.permutation(len(groups) + BLOCK - sum(groups))
    start = block * BLOCK
    for place in order:
        size = groups[place] if place < len(groups) else 1
        if start <= index < start + size:
            return block * BLOCK + int(place) if size > 1 else -1
        start += size
    return -1


def sample_person(
    seed: int,
    style: str,
    index: int,
    house: Wardrobe,
    choice: Choice = EVERYTHING,
    outfit: int = 0,
    lookalikes: float = 0.0,
) -> Person:
    """Identity number `index` of a style: the same for every camera, picture and batch.

    Args:
        choice: factors held constant and parameters set (see `factors`).
        outfit: other numbers give other clothes, shoes, hat and bag to the same body, hair and gait.
        lookalikes: share of people (0..1) in clusters that wear the same kinds of clothes in nearly the same colours.

    Raises:
        WorldError: `choice` sets a parameter to a value that it cannot have.
    """
    if OUTFIT in choice.hold:
        outfit = 0
    outfit = int(choice.values.get("outfit", outfit))  # type: ignore[call-overload]
    cluster = lookalike_cluster(seed, style, index, lookalikes) if lookalikes > 0 else -1
    own = Draws(choice, (seed, style, "person"), (index,))
    worn = Draws(choice, (seed, style, "outfit"), (index, outfit))
    kin = own if cluster < 0 else Draws(choice, (seed, style, "person"), ("lookalikes", cluster))
    alike = worn if cluster < 0 else Draws(choice, (seed, style, "outfit"), ("lookalikes", cluster, outfit))

    sex, height, phenotype = sample_body(own, kin)
    woman = sex == "female"
    tone = between(own(SKIN), (0.0, len(SKINS) - 1.001))
    low = int(tone)
    mixed = [(1 - tone + low) * a + (tone - low) * b for a, b in zip(SKINS[low], SKINS[low + 1])]
    skin = rgb(own, "skin", (mixed[0], mixed[1], mixed[2]))
    hair, hair_length, hair_name, hair_colour = sample_hair(own, woman, low, phenotype["age"] > 0.84)
    rng = own(BEARD)
    beard = float(not woman and rng.random() < 0.35) * between(rng, (0.4, 0.9))

    top, bottom = sample_clothes(alike, woman, house)
    if cluster >= 0:
        top, bottom = vary(worn(COLOUR), top), vary(worn(COLOUR), bottom)
    rng = worn(FOOTWEAR)
    calves = bottom.kind == "bare" or bottom.length < 0.7
    shoes = word(worn, "shoes", pick_from(rng, SHOES_BARE if calves else SHOES), SHOE_MATERIALS)
    shoe_name = word(worn, "shoe_colour", pick_from(rng, SHOE_COLOURS), COLOURS)
    shoe_colour = shade(rng, shoe_name)
    sole = COLOURS["white"] if shoes == "sneakers" and rng.random() < 0.7 else COLOURS["black"]
    socks = COLOURS[pick(worn(FOOTWEAR), ["black", "white", "grey"])]
    rng = worn(HAT)
    hat = pick_from(rng, HATS_WOMEN if woman else HATS_MEN) if rng.random() < house.hats else "none"
    hat = word(worn, "hat", hat if not top.hood_up else "none", HATS)
    hat_name = word(worn, "hat_colour", pick_from(rng, house.colours), COLOURS)
    bag, side, size, bag_name, bag_colour = sample_bag(worn, house)
    bulk = min(1.0, 0.25 + 0.5 * phenotype["weight"])
    return Person(
        index=index,
        outfit=outfit,
        lookalike=cluster,
        sex=sex,
        height=height,
        phenotype=phenotype,
        skin=skin,
        hair=hair,
        hair_length=hair_length,
        hair_colour=hair_colour,
        hair_colour_name=hair_name,
        beard=number(own, "beard", beard, 0.0, 1.0),
        glasses=sample_glasses(own, house),
        gait=set_gait(own, sample_gait(own(GAIT), bulk)),
        top=top,
        bottom=bottom,
        shoes=shoes,
        shoe_colour=shoe_colour,
        shoe_colour_name=shoe_name,
        sole=sole,
        hat=hat,
        hat_colour=shade(rng, hat_name),
        hat_colour_name=hat_name,
        bag=bag,
        bag_side=side,
        bag_size=size,
        bag_colour=bag_colour,
        bag_colour_name=bag_name,
        socks=socks,
        fold_phase=between(worn(PATTERN), (0.0, 100.0)),
        bulk=bulk,
    )


def sample_body(own: Draws, kin: Draws) -> tuple[str, float, dict[str, float]]:
    """Sex (the same for look-alikes, `kin`), height in metres, and anny's phenotypes of an adult."""
    woman = bool(kin(BODY).random() < 0.48)
    woman = word(kin, "sex", "female" if woman else "male", ("female", "male")) == "female"
    rng = own(BODY)
    height = number(own, "height", float(np.clip(rng.normal(1.64 if woman else 1.77, 0.065), 1.48, 1.98)), 1.45, 2.05)
    gender = 1.0 - 0.18 * rng.random() if woman else 0.18 * rng.random()
    phenotype = {
        "gender": number(own, "gender", float(gender), 0.0, 1.0),
        "age": number(own, "age", between(rng, (0.67, 0.94)), 0.667, 0.95),
        "muscle": number(own, "muscle", float(np.clip(rng.normal(0.48, 0.15), 0.1, 0.95)), 0.0, 1.0),
        "weight": number(own, "weight", float(np.clip(rng.normal(0.50, 0.19), 0.08, 1.0)), 0.0, 1.0),
        "proportions": number(own, "proportions", between(rng, (0.1, 0.6)), 0.0, 1.0),
    }
    return "female" if woman else "male", height, phenotype


def sample_hair(own: Draws, woman: bool, tone: int, old: bool) -> tuple[str, float, str, Colour]:
    """Hair style, length, colour's name and colour; they depend on sex, skin tone (0..5) and age."""
    colours = {
        "black": 4.0,
        "darkbrown": 4.0,
        "brown": 2.5 if tone < 4 else 0.3,
        "auburn": 0.7 if tone < 3 else 0.1,
        "blond": 2.0 if tone < 2 else 0.12,
    }
    if old:
        colours |= {"grey": 5.0, "white": 3.0}
    dark = float(tone > 3)
    women = {"long": 4.0, "bob": 2.5, "ponytail": 2.5, "bun": 1.5, "short": 0.8, "curly": 1.0, "afro": 0.3 + 0.8 * dark}
    men = {"short": 6.0, "buzz": 2.0, "quiff": 2.0, "bald": 1.2, "curly": 0.9, "bob": 0.4, "bun": 0.3}
    rng = own(HAIRS)
    kind = word(own, "hair", pick_from(rng, women if woman else men | {"afro": 0.2 + 0.9 * dark}), HAIR)
    length = number(own, "hair_length", float(rng.random()), 0.0, 1.0)
    name = word(own, "hair_colour", pick_from(rng, colours), HAIR_COLOURS)
    return kind, length, name, shade(rng, HAIR_COLOURS[name], 0.6)


def sample_glasses(own: Draws, house: Wardrobe) -> str:
    """None, glasses or sunglasses."""
    rest = max(0.0, 1.0 - house.glasses - house.sunglasses)
    table = {"none": rest, "glasses": house.glasses, "sunglasses": house.sunglasses}
    return word(own, "glasses", pick_from(own(EYEWEAR), table), GLASSES)


def set_gait(own: Draws, gait: Gait) -> Gait:
    """`gait` with the parameters that are set."""
    values = {name: number(own, f"gait_{name}", getattr(gait, name), -90.0, 90.0) for name in gait.__dataclass_fields__}
    return replace(gait, **values)


def sample_bag(worn: Draws, house: Wardrobe) -> tuple[str, str, float, str, Colour]:
    """Bag, its side, size, colour's name and colour."""
    rng = worn(BAG)
    carries = bool(rng.random() < house.bags)
    kind = pick_from(rng, BAGS)
    bag = word(worn, "bag", kind if carries else "none", ("none", *BAGS))
    side = word(worn, "bag_side", pick(rng, ["L", "R"]), ("L", "R"))
    size = number(worn, "bag_size", between(rng, (0.85, 1.2)), 0.5, 1.6)
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
        hem=1.0 - number(draws, "upper_length", 1.0 - top.hem, -0.08, 0.8),
        sleeve=number(draws, "sleeve", top.sleeve, 0.0, 1.0),
        collar=word(draws, "collar", top.collar, ("round", "shirt", "turtle", "hood", "coat")),
    )
    up = bool(int(number(draws, "hood_up", float(shares[18] < house.hoods), 0, 1)))
    bottom = cut_bottom(lower, shares[14:18], legs)
    if lower != "bare":
        bottom = replace(bottom, length=number(draws, "lower_length", bottom.length, 0.2, 1.0))
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
