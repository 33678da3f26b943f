"""What a person's things are made of, and how that material looks in near infrared and how much warmth it lets through.

Nothing here looks at a visible colour: most dyes are transparent at 850 nm, and heat knows no hue. What a thing was dyed with
belongs to it, as its material does: dark cloth often has soot or sulphur black in it, and painting it another colour would not
take that out. Reflectances and clothing insulation are rounded from published tables (dyed textiles 0.4-0.8, skin 0.6, hair
0.2-0.4 at 850 nm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reidapt.world.clothes import Cloth
from reidapt.world.people import Person
from reidapt.world.streams import between, stream

Range = tuple[float, float]


@dataclass(frozen=True)
class Fabric:
    """A material: `infrared` reflectance at 850 nm undyed, `gloss`, `passes` share of the body's warmth that one layer lets
    through, `folds` relative height of its folds."""

    infrared: Range
    gloss: float = 0.02
    passes: float = 1.0
    folds: float = 1.0


FABRICS: dict[str, Fabric] = {
    "cotton": Fabric((0.56, 0.80)),
    "linen": Fabric((0.56, 0.80), 0.02, 1.05, 1.2),
    "polyester": Fabric((0.56, 0.84), 0.05, 1.04, 1.1),
    "wool": Fabric((0.42, 0.70), 0.01, 0.86, 0.6),
    "fleece": Fabric((0.50, 0.78), 0.01, 0.82, 0.6),
    "denim": Fabric((0.40, 0.60), 0.01, 0.95, 0.55),
    "leather": Fabric((0.20, 0.50), 0.16, 0.92, 0.7),
    "nylon": Fabric((0.30, 0.75), 0.10, 0.95, 1.0),
    "straw": Fabric((0.45, 0.65), 0.02, 1.0, 0.2),
    "paper": Fabric((0.60, 0.80), 0.03, 1.0, 0.2),
}
"""The materials of `clothes.MATERIALS`."""

WARMTH = {
    "tshirt": 0.74, "polo": 0.72, "blouse": 0.74, "shirt": 0.68, "sweater": 0.54, "hoodie": 0.48, "jacket": 0.40,
    "blazer": 0.44, "puffer": 0.22, "coat": 0.30, "dress": 0.66, "jeans": 0.58, "trousers": 0.60, "joggers": 0.58,
    "leggings": 0.84, "shorts": 0.58, "skirt": 0.46, "bare": 0.9, "tank": 0.76, "vest": 0.34, "bag": 0.07, "hat": 0.42,
    "shoes": 0.36, "sneakers": 0.40, "boots": 0.28, "sandals": 0.55,
}  # fmt: skip
"""How much of the difference between skin and air is left on the outside of a garment, 0..1."""


RETRO = {"jacket": 0.15, "joggers": 0.2, "bag": 0.15, "sneakers": 0.3}
"""Share of garments with a retro-reflective strip."""


@dataclass(frozen=True)
class Wear:
    """One thing a person wears, in the bands beyond the visible; reflectances 0..1."""

    infrared: float
    second: float
    third: float
    gloss: float
    warmth: float
    folds: float
    retro: float  # strength of a retro-reflective strip, 0 = none


def pigment(rng: np.random.Generator, soot: float) -> float:
    """Factor of a cloth's reflectance, 0.1..1, under a dye that has soot in it with the probability `soot`.

    Two black jackets can be black and white in near infrared: carbon and sulphur black swallow most of its light, other dyes
    next to nothing; hardly any lies between.
    """
    return 1.0 - between(rng, (0.6, 0.9) if rng.random() < soot else (0.0, 0.15))


def wear(person: Person, what: str, kind: str, material: str, loose: float = 0.015, sewn: bool = False) -> Wear:
    """How `kind` (a garment, `bag`, `hat`, shoes) of a person is made; drawn from the person, never from a colour.

    `what` names the place on the body, `loose` is the gap to the body in metres; parts of `sewn` cloth (colour blocks)
    are different cloths, a print is a dye on the same one.
    """
    rng = stream(round(person.fold_phase * 1e6), "fabric", what, kind, person.outfit)
    made, (ground, *prints) = FABRICS[material], person.dyes[what]
    cloth = between(rng, made.infrared)
    base = cloth * pigment(rng, ground)
    second, third = ((between(rng, made.infrared) if sewn else cloth) * pigment(rng, soot) for soot in prints)
    warmth = WARMTH.get(kind, 0.5) * made.passes * float(np.clip(1.15 - 9.0 * loose, 0.7, 1.1))
    warmth *= 1.0 + 0.06 * float(np.clip(rng.standard_normal(), -2, 2))
    retro = between(rng, (0.6, 1.0)) if rng.random() < RETRO.get(kind, 0.0) else 0.0
    return Wear(base, second, third, made.gloss, min(warmth, 0.95), made.folds, retro)


@dataclass(frozen=True)
class Wardrobe:
    """Everything a person wears, and the reflectance of skin and hair."""

    upper: Wear
    inner: Wear
    lower: Wear
    shoe: Wear
    hat: Wear
    bag: Wear
    skin: float
    hair: float


def wardrobe(person: Person) -> Wardrobe:
    """The materials of a person; a pure function of what they wear and not of its colours."""

    def cloth(what: str, garment: str, made: Cloth, loose: float) -> Wear:
        return wear(person, what, garment, made.material, loose, made.pattern == "block")

    rng = stream(round(person.fold_phase * 1e6), "fabric", "skin")
    top, bottom = person.top, person.bottom
    return Wardrobe(
        upper=cloth("upper", top.kind, top.cloth, top.loose),
        inner=cloth("inner", "tshirt", top.inner or top.cloth, 0.01),
        lower=cloth("lower", bottom.kind, bottom.cloth, bottom.loose),
        shoe=wear(person, "shoe", person.shoes, person.shoe_material),
        hat=wear(person, "hat", "hat", person.hat_material),
        bag=wear(person, "bag", "bag", person.bag_material),
        skin=between(rng, (0.54, 0.62)),
        hair=between(rng, (0.14, 0.38)),
    )
