"""Who a person is: body, skin, hair, clothes, shoes and bag, constant over that identity's pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reidapt.world.clothes import (
    COLOURS,
    Bottom,
    Colour,
    Top,
    Wardrobe,
    hex_colour,
    sample_bottom,
    sample_top,
    shade,
)
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
HAIR_COLOURS: dict[str, Colour] = {
    "black": (0.06, 0.05, 0.05),
    "darkbrown": (0.14, 0.09, 0.06),
    "brown": (0.26, 0.17, 0.10),
    "auburn": (0.36, 0.16, 0.08),
    "blond": (0.66, 0.52, 0.30),
    "grey": (0.55, 0.54, 0.52),
    "white": (0.80, 0.79, 0.76),
}

SHOES = {"sneakers": 5.0, "shoes": 3.0, "boots": 2.0}
SHOE_COLOURS = {
    "black": 5.0,
    "white": 4.0,
    "brown": 2.0,
    "grey": 2.0,
    "navy": 1.0,
    "beige": 1.0,
    "red": 0.5,
    "blue": 0.5,
}
BAGS = {"backpack": 4.0, "shoulder": 3.0, "handbag": 2.0, "tote": 2.0}
BAG_COLOURS = {
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
    "pink": 0.6,
    "yellow": 0.5,
    "teal": 0.6,
}


@dataclass(frozen=True)
class Person:
    """Everything about one identity that stays the same on all its pictures."""

    index: int
    sex: str
    height: float
    phenotype: dict[str, float]
    skin: Colour
    hair: str
    hair_kind: str
    hair_colour: Colour
    beard: float
    top: Top
    bottom: Bottom
    shoes: str
    shoe_colour: Colour
    shoe_colour_name: str
    sole: Colour
    hat: str
    hat_colour: Colour
    bag: str
    bag_side: str
    bag_colour: Colour
    bag_colour_name: str
    socks: Colour
    fold_phase: float
    bulk: float

    def columns(self) -> dict[str, object]:
        """The person's parameters as columns of `crops.csv`."""
        return {
            "sex": self.sex,
            "height": round(self.height, 3),
            **{name: round(value, 3) for name, value in self.phenotype.items()},
            "skin": hex_colour(self.skin),
            "hair": self.hair_kind,
            "hair_colour": self.hair,
            "upper": self.top.kind,
            "upper_colour": self.top.cloth.colour,
            "upper_rgb": hex_colour(self.top.cloth.base),
            "upper_pattern": self.top.cloth.pattern,
            "upper_front": self.top.cloth.front,
            "inner_colour": self.top.inner.colour if self.top.inner else "",
            "lower": self.bottom.kind,
            "lower_colour": self.bottom.cloth.colour,
            "lower_rgb": hex_colour(self.bottom.cloth.base),
            "lower_pattern": self.bottom.cloth.pattern,
            "shoes": self.shoes,
            "shoe_colour": self.shoe_colour_name,
            "hat": self.hat,
            "bag": self.bag,
            "bag_side": self.bag_side,
            "bag_colour": self.bag_colour_name if self.bag != "none" else "",
        }


def sample_person(seed: int, style: str, index: int, house: Wardrobe) -> Person:
    """Identity number `index` of a style: the same for every camera, picture and batch."""
    rng = stream(seed, style, "person", index)
    woman = bool(rng.random() < 0.48)
    height = float(np.clip(rng.normal(1.64 if woman else 1.77, 0.065), 1.48, 1.98))
    phenotype = {
        "gender": between(rng, (0.82, 1.0)) if woman else between(rng, (0.0, 0.18)),
        "age": between(rng, (0.67, 0.94)),
        "muscle": float(np.clip(rng.normal(0.48, 0.15), 0.1, 0.95)),
        "weight": float(np.clip(rng.normal(0.52, 0.20), 0.08, 1.0)),
        "proportions": between(rng, (0.1, 0.6)),
    }
    tone = between(rng, (0.0, len(SKINS) - 1.001))
    low = int(tone)
    mixed = [(1 - tone + low) * a + (tone - low) * b for a, b in zip(SKINS[low], SKINS[low + 1])]
    skin: Colour = (mixed[0], mixed[1], mixed[2])
    old = phenotype["age"] > 0.84
    hair_table = {
        "black": 4.0,
        "darkbrown": 4.0,
        "brown": 2.5 if low < 4 else 0.3,
        "auburn": 0.7 if low < 3 else 0.1,
        "blond": 2.0 if low < 2 else 0.15,
    }
    if old:
        hair_table |= {"grey": 5.0, "white": 3.0}
    hair = pick_from(rng, hair_table)
    kinds = (
        {"long": 4.0, "bob": 2.5, "ponytail": 2.5, "bun": 1.5, "short": 0.8, "afro": 0.4 + 0.8 * (low > 3)}
        if woman
        else {
            "short": 6.0,
            "buzz": 2.0,
            "quiff": 2.0,
            "bald": 1.2,
            "bob": 0.4,
            "bun": 0.3,
            "afro": 0.3 + 0.9 * (low > 3),
        }
    )
    hair_kind = pick_from(rng, kinds)
    top = sample_top(rng, pick_from(rng, house.women if woman else house.men), house)
    lower = pick_from(rng, house.lower_women if woman else house.lower_men)
    if top.kind == "dress":
        lower = pick(rng, ["leggings", "bare"])
    if top.kind in ("coat", "puffer") and lower == "shorts":
        lower = "jeans"
    bottom = sample_bottom(rng, "leggings" if lower == "bare" else lower, house)
    if lower == "bare":
        bottom = Bottom("bare", bottom.cloth, 0.0, 0.0, 0.0, 0.0)
    shoes = pick_from(rng, SHOES)
    shoe_colour = pick_from(rng, SHOE_COLOURS)
    hat = pick(rng, ["cap", "beanie"]) if rng.random() < house.hats else "none"
    bag = pick_from(rng, BAGS) if rng.random() < house.bags else "none"
    bag_colour = pick_from(rng, BAG_COLOURS)
    return Person(
        index=index,
        sex="female" if woman else "male",
        height=height,
        phenotype=phenotype,
        skin=skin,
        hair=hair,
        hair_kind=hair_kind,
        hair_colour=HAIR_COLOURS[hair],
        beard=float(not woman and rng.random() < 0.35) * between(rng, (0.4, 0.9)),
        top=top,
        bottom=bottom,
        shoes=shoes,
        shoe_colour=shade(rng, shoe_colour),
        shoe_colour_name=shoe_colour,
        sole=COLOURS["white"] if shoes == "sneakers" and rng.random() < 0.7 else COLOURS["black"],
        hat=hat,
        hat_colour=shade(rng, pick_from(rng, house.colours)),
        bag=bag,
        bag_side=pick(rng, ["L", "R"]),
        bag_colour=shade(rng, bag_colour),
        bag_colour_name=bag_colour,
        socks=COLOURS[pick(rng, ["black", "white", "grey"])],
        fold_phase=between(rng, (0.0, 100.0)),
        bulk=min(1.0, 0.5 * phenotype["weight"] + 10.0 * top.loose),
    )
