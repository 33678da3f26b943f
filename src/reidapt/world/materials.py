"""The person's materials: which row of the palette is what, and the numbers the shading kernel reads from a row."""

from __future__ import annotations

import numpy as np

from reidapt.world.clothes import FRONTS, PATTERNS, Cloth, Colour
from reidapt.world.fabrics import Wear, wardrobe
from reidapt.world.people import Person

SKIN, TOP, SLEEVE, COLLAR, BOTTOM, SHOE, HAIR, HAT, BAG, STRAP, GLASSES = range(11)
"""Rows of a person's palette."""

PALETTE_ROWS = 11
PALETTE_COLUMNS = 40
SLEEVE_OFFSET = 0.10
"""Metres of cloth from the neck to where a sleeve starts, so that stripes continue on it."""

# columns of a palette row
BASE, SECOND, THIRD = 0, 3, 6  # linear RGB
PATTERN, PERIOD, FRONT, BACK, TRIM, SIDE = 9, 10, 11, 12, 13, 14
GLOSS, PHASE, TALL, INNER, INNER_PATTERN = 15, 16, 18, 19, 23
INFRARED = 24  # four: base, second and third cloth, what is worn under it
INFRARED_GLOSS, WARMTH, RETRO = 28, 29, 30
DARK = 31  # four, like INFRARED: how dark an artist draws it
FOLDS = 36


def linear(colour: Colour) -> np.ndarray:
    """Linear light of an sRGB colour (approximated by the power 2.2)."""
    return np.clip(np.asarray(colour, float), 0.0, 1.0) ** 2.2


def cloth_row(cloth: Cloth, phase: float, tall: float, gloss: float = 0.02, inner: Cloth | None = None) -> np.ndarray:
    """A palette row of a garment that is `tall` metres long."""
    row = np.zeros(PALETTE_COLUMNS)
    row[BASE : BASE + 3], row[SECOND : SECOND + 3] = linear(cloth.base), linear(cloth.second)
    row[THIRD : THIRD + 3] = linear(cloth.third)
    row[PATTERN], row[PERIOD] = PATTERNS.index(cloth.pattern), cloth.period
    row[FRONT] = FRONTS.index(cloth.front)
    row[BACK], row[TRIM], row[SIDE] = float(cloth.back), float(cloth.trim), float(cloth.side_stripe)
    row[GLOSS], row[PHASE], row[TALL] = gloss, phase, tall
    if inner is not None:
        row[INNER : INNER + 3] = linear(inner.base)
        row[INNER_PATTERN] = 1.0 if inner.pattern == "stripes" else 0.0
    return row


def plain_row(colour: Colour, phase: float, gloss: float, second: Colour | None = None) -> np.ndarray:
    """A palette row of one colour."""
    row = np.zeros(PALETTE_COLUMNS)
    row[BASE : BASE + 3] = linear(colour)
    row[SECOND : SECOND + 3] = linear(second if second is not None else colour)
    row[GLOSS], row[PHASE] = gloss, phase
    return row


def palette(person: Person) -> np.ndarray:
    """(PALETTE_ROWS, PALETTE_COLUMNS) numbers of everything a person shows."""
    top, phase = person.top, person.fold_phase
    tall = 0.50 + (1.0 - top.hem) * 0.9
    gloss = {"puffer": 0.16, "jacket": 0.07}.get(top.kind, 0.02)
    rows = np.zeros((PALETTE_ROWS, PALETTE_COLUMNS))
    face = plain_row(person.skin, phase, 0.06, person.hair_colour)
    face[PERIOD], face[TRIM] = person.beard, float(person.sex == "female")
    rows[SKIN] = face
    rows[TOP] = cloth_row(top.cloth, phase, tall, gloss, top.inner)
    sleeve = cloth_row(top.cloth, phase, 0.10 + 0.62 * top.sleeve, gloss)
    sleeve[FRONT] = 0.0
    rows[SLEEVE] = sleeve
    collar = plain_row(top.cloth.second if top.cloth.trim else top.cloth.base, phase, gloss)
    rows[COLLAR] = collar
    rows[BOTTOM] = cloth_row(person.bottom.cloth, phase + 4.0, 1.0)
    if person.bottom.kind == "jeans":
        rows[BOTTOM, BACK] = 2.0  # worn thighs
    rows[SHOE] = plain_row(person.shoe_colour, phase, 0.10, person.sole)
    rows[SHOE, PERIOD] = {"sneakers": 0.035, "boots": 0.028}.get(person.shoes, 0.018)
    rows[HAIR] = plain_row(person.hair_colour, phase, 0.10)
    rows[HAT] = plain_row(person.hat_colour, phase, 0.02)
    rows[BAG] = plain_row(person.bag_colour, phase, 0.07, tuple(0.6 * c for c in person.bag_colour))  # type: ignore[arg-type]
    rows[STRAP] = plain_row(tuple(0.7 * c for c in person.bag_colour), phase, 0.04)  # type: ignore[arg-type]
    rows[GLASSES] = plain_row((0.03, 0.03, 0.035), phase, 0.25 if person.glasses == "sunglasses" else 0.1)
    rows[:, INFRARED:] = band_columns(person, rows)
    return rows.astype(np.float32)


def darkness(colours: np.ndarray) -> np.ndarray:
    """How dark linear RGB (..., 3) looks, 0 white .. 1 black, in five steps: an artist has no more."""
    grey = colours @ np.array([0.2126, 0.7152, 0.0722])
    return np.round(4.0 * (1.0 - np.clip(grey, 0.0, 1.0) ** (1 / 2.2))) / 4.0


def band_columns(person: Person, rows: np.ndarray) -> np.ndarray:
    """(PALETTE_ROWS, PALETTE_COLUMNS - INFRARED): the palette beyond the visible, from column `INFRARED` on."""
    owned = wardrobe(person)
    table = np.zeros((len(rows), PALETTE_COLUMNS))
    table[:, INFRARED : INFRARED + 4], table[:, WARMTH], table[:, FOLDS] = 0.4, 0.3, 1.0

    def fill(row: int, thing: Wear, inner: Wear, warmth: float = 1.0) -> None:
        table[row, INFRARED : INFRARED + 4] = thing.infrared, thing.second, thing.third, inner.infrared
        table[row, INFRARED_GLOSS], table[row, WARMTH] = thing.gloss, thing.warmth * warmth
        table[row, RETRO], table[row, FOLDS] = thing.retro, thing.folds

    for row in (TOP, SLEEVE, COLLAR):
        fill(row, owned.upper, owned.inner, {TOP: 1.0, SLEEVE: 0.93, COLLAR: 1.08}[row])
    fill(BOTTOM, owned.lower, owned.lower)
    fill(SHOE, owned.shoe, owned.shoe)
    fill(HAT, owned.hat, owned.hat)
    fill(BAG, owned.bag, owned.bag)
    fill(STRAP, owned.bag, owned.bag, 2.5)
    table[SKIN, INFRARED : INFRARED + 2], table[SKIN, WARMTH] = (owned.skin, owned.hair), 1.0
    table[GLASSES, INFRARED], table[GLASSES, WARMTH] = 0.05, 0.15  # glass is dark and cold in both
    table[HAIR, INFRARED : INFRARED + 4], table[HAIR, WARMTH] = owned.hair, 0.40
    for k, start in enumerate((BASE, SECOND, THIRD, INNER)):
        table[:, DARK + k] = darkness(rows[:, start : start + 3])
    return table[:, INFRARED:]
