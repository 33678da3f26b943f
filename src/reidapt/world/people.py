"""Who a person is: body, skin, hair and gait for all pictures; clothes, shoes and bag for one outfit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reidapt.world.clothes import Bottom, Cloth, Colour, Top, Wardrobe, hex_colour, shade, soot
from reidapt.world.factors import EVERYTHING, Choice, Draws, declare
from reidapt.world.gait import Gait, sample_gait
from reidapt.world.lookalikes import lookalike_cluster
from reidapt.world.outfits import (
    BAG_MATERIALS,
    COLOUR,
    HAT_MATERIALS,
    IN_HAND,
    PATTERN,
    SHOE_MATERIALS,
    sample_bag,
    sample_clothes,
    sample_hat,
    sample_shoes,
    vary,
)
from reidapt.world.setting import rgb, word
from reidapt.world.streams import between, pick_from

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

GLASSES = ("none", "glasses", "sunglasses")
BODY = declare(
    "body", "person", "sex, size and build", "sex", "height", "gender", "age", "muscle", "weight", "proportions"
)
SKIN = declare("skin", "person", "skin tone", "skin")
HAIRS = declare("hair", "person", "hair style, length and colour", "hair", "hair_length", "hair_colour")
BEARD = declare("beard", "person", "beard, 0..1", "beard")
EYEWEAR = declare("glasses", "person", "glasses and sunglasses", "glasses")
GAIT = declare("gait", "person", "way of walking", *(f"gait_{name}" for name in Gait.__dataclass_fields__))
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
    fold_phase: float
    dyes: dict[str, tuple[float, float, float]]  # per thing, `clothes.soot` of its colours when it was dyed

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
    shoes, shoe_name, shoe_colour, sole = sample_shoes(worn, bottom)
    hat, hat_name, hat_colour = sample_hat(worn, woman, house, top.hood_up)
    if hat != "none":
        top = replace(top, hood_up=False)
    bag, side, size, bag_name, bag_colour = sample_bag(worn, house)
    gait = sample_gait(own(GAIT), bulk=min(1.0, 0.25 + 0.5 * phenotype["weight"]))
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
        beard=own.number("beard", beard, (0.0, 1.0)),
        glasses=sample_glasses(own, house),
        gait=set_gait(own, gait),
        top=top,
        bottom=bottom,
        shoes=shoes,
        shoe_colour=shoe_colour,
        shoe_colour_name=shoe_name,
        sole=sole,
        hat=hat,
        hat_colour=hat_colour,
        hat_colour_name=hat_name,
        bag=bag,
        bag_side=side,
        bag_size=size,
        bag_colour=bag_colour,
        bag_colour_name=bag_name,
        fold_phase=between(worn(PATTERN), (0.0, 100.0)),
        dyes={
            **{name: dyed(cloth) for name, cloth in (("upper", top.cloth), ("lower", bottom.cloth))},
            "inner": dyed(top.inner or top.cloth),
            **{name: (soot(c),) * 3 for name, c in (("shoe", shoe_colour), ("hat", hat_colour), ("bag", bag_colour))},
        },
    )


def dyed(cloth: Cloth) -> tuple[float, float, float]:
    """`clothes.soot` of the three colours of a cloth."""
    return soot(cloth.base), soot(cloth.second), soot(cloth.third)


def sample_body(own: Draws, kin: Draws) -> tuple[str, float, dict[str, float]]:
    """Sex (the same for look-alikes, `kin`), height in metres, and anny's phenotypes of an adult."""
    woman = bool(kin(BODY).random() < 0.48)
    woman = word(kin, "sex", "female" if woman else "male", ("female", "male")) == "female"
    rng = own(BODY)
    height = own.number("height", float(np.clip(rng.normal(1.64 if woman else 1.77, 0.065), 1.48, 1.98)), (1.45, 2.05))
    gender = 1.0 - 0.18 * rng.random() if woman else 0.18 * rng.random()
    phenotype = {
        "gender": own.number("gender", float(gender), (0.0, 1.0)),
        "age": own.number("age", between(rng, (0.67, 0.94)), (0.667, 0.95)),
        "muscle": own.number("muscle", float(np.clip(rng.normal(0.48, 0.15), 0.1, 0.95)), (0.0, 1.0)),
        "weight": own.number("weight", float(np.clip(rng.normal(0.50, 0.19), 0.08, 1.0)), (0.0, 1.0)),
        "proportions": own.number("proportions", between(rng, (0.1, 0.6)), (0.0, 1.0)),
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
    length = own.number("hair_length", float(rng.random()), (0.0, 1.0))
    name = word(own, "hair_colour", pick_from(rng, colours), HAIR_COLOURS)
    return kind, length, name, shade(rng, HAIR_COLOURS[name], 0.6)


def sample_glasses(own: Draws, house: Wardrobe) -> str:
    """None, glasses or sunglasses."""
    rest = max(0.0, 1.0 - house.glasses - house.sunglasses)
    table = {"none": rest, "glasses": house.glasses, "sunglasses": house.sunglasses}
    return word(own, "glasses", pick_from(own(EYEWEAR), table), GLASSES)


def set_gait(own: Draws, gait: Gait) -> Gait:
    """`gait` with the parameters that are set."""
    values = {
        name: own.number(f"gait_{name}", getattr(gait, name), (-90.0, 90.0)) for name in gait.__dataclass_fields__
    }
    return replace(gait, **values)
