"""How each kind of garment is cut and printed, as tables of ranges and weights, and drawing one from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reidapt.world.clothes import Bottom, Cloth, Top

Range = tuple[float, float]
Weights = Mapping[str, float]

SOFT: Weights = {
    "stripes": 4.0,
    "checks": 2.0,
    "block": 3.0,
    "print": 1.5,
    "melange": 2.0,
    "camouflage": 0.6,
    "dots": 1.0,
    "gradient": 0.5,
}
SOBER: Weights = {"melange": 3.0, "checks": 1.5, "block": 1.0}
AIRY: Weights = {"dots": 2.0, "print": 3.0, "stripes": 2.0, "pinstripes": 1.0, "gradient": 0.7}


@dataclass(frozen=True)
class TopCut:
    """How an upper garment may turn out; lengths as in `Top`, weights relative."""

    loose: Range
    follow: Range
    hem: Range
    sleeves: tuple[tuple[float, float, float], ...]  # (shortest, longest, weight)
    sleeve_loose: Range
    collars: Weights
    fronts: Weights
    patterns: Weights = field(default_factory=lambda: SOFT)
    patterned: float = 1.0  # times the wardrobe's share of patterned garments
    flare: Range = (0.0, 0.0)
    materials: Weights = field(default_factory=lambda: {"cotton": 1.0})
    ribbed: float = 0.0  # share with an elastic hem
    layered: bool = False  # something else is worn under it


LONG = ((0.97, 1.0, 1.0),)

TOPS: dict[str, TopCut] = {
    "tshirt": TopCut(
        loose=(0.008, 0.022),
        follow=(0.86, 0.98),
        hem=(0.9, 1.02),
        sleeves=((0.30, 0.46, 1.0),),
        sleeve_loose=(0.010, 0.024),
        collars={"round": 1.0},
        fronts={"none": 4.0, "logo": 2.0, "picture": 2.0},
        materials={"cotton": 5.0, "polyester": 2.0},
    ),
    "polo": TopCut(
        loose=(0.008, 0.018),
        follow=(0.88, 0.97),
        hem=(0.92, 1.01),
        sleeves=((0.34, 0.46, 1.0),),
        sleeve_loose=(0.010, 0.018),
        collars={"shirt": 1.0},
        fronts={"buttons": 1.0},
    ),
    "tank": TopCut(
        loose=(0.006, 0.018),
        follow=(0.84, 0.97),
        hem=(0.92, 1.03),
        sleeves=((0.0, 0.04, 1.0),),
        sleeve_loose=(0.006, 0.010),
        collars={"round": 1.0},
        fronts={"none": 4.0, "logo": 1.0, "picture": 1.0},
        materials={"cotton": 3.0, "polyester": 2.0},
    ),
    "blouse": TopCut(
        loose=(0.010, 0.028),
        follow=(0.80, 0.97),
        hem=(0.88, 1.02),
        sleeves=((0.22, 0.30, 1.0), (0.55, 0.66, 1.0), (0.97, 1.0, 1.0)),
        sleeve_loose=(0.010, 0.026),
        collars={"round": 1.0, "shirt": 1.0},
        fronts={"none": 2.0, "buttons": 2.0},
        patterns=AIRY,
        flare=(0.0, 0.03),
        materials={"cotton": 2.0, "polyester": 2.0, "linen": 1.0},
    ),
    "shirt": TopCut(
        loose=(0.012, 0.026),
        follow=(0.90, 0.99),
        hem=(0.87, 0.98),
        sleeves=((0.38, 0.44, 2.0), (0.66, 0.74, 1.0), (0.97, 1.0, 5.0)),
        sleeve_loose=(0.010, 0.020),
        collars={"shirt": 1.0},
        fronts={"buttons": 1.0},
        patterns={"stripes": 1.0, "pinstripes": 3.0, "checks": 4.0},
        patterned=1.3,
        materials={"cotton": 4.0, "linen": 1.0, "denim": 0.7},
    ),
    "sweater": TopCut(
        loose=(0.014, 0.030),
        follow=(0.88, 0.98),
        hem=(0.9, 1.02),
        sleeves=LONG,
        sleeve_loose=(0.010, 0.022),
        collars={"round": 3.0, "turtle": 1.0},
        fronts={"none": 5.0, "logo": 1.5, "picture": 1.0},
        materials={"wool": 3.0, "cotton": 2.0, "fleece": 0.7},
        ribbed=0.6,
    ),
    "hoodie": TopCut(
        loose=(0.020, 0.036),
        follow=(0.92, 1.0),
        hem=(0.9, 1.02),
        sleeves=LONG,
        sleeve_loose=(0.016, 0.028),
        collars={"hood": 1.0},
        fronts={"none": 2.0, "logo": 2.0, "zip": 2.0, "open": 1.0, "picture": 1.0},
        patterns={"block": 2.0, "melange": 3.0, "camouflage": 0.5, "print": 0.5, "gradient": 0.3},
        patterned=0.7,
        materials={"cotton": 4.0, "fleece": 1.5},
        layered=True,
        ribbed=0.85,
    ),
    "jacket": TopCut(
        loose=(0.020, 0.038),
        follow=(0.90, 1.0),
        hem=(0.9, 1.05),
        sleeves=LONG,
        sleeve_loose=(0.015, 0.027),
        collars={"coat": 1.0, "turtle": 1.0, "hood": 1.0},
        fronts={"zip": 3.0, "open": 3.0},
        patterns=SOBER,
        patterned=0.5,
        materials={"nylon": 3.0, "leather": 1.5, "denim": 1.5, "polyester": 2.0},
        layered=True,
        ribbed=0.35,
    ),
    "blazer": TopCut(
        loose=(0.016, 0.026),
        follow=(0.86, 0.95),
        hem=(0.8, 0.92),
        sleeves=((0.96, 0.99, 1.0),),
        sleeve_loose=(0.011, 0.018),
        collars={"coat": 1.0},
        fronts={"open": 1.0},
        patterns={"checks": 1.0, "pinstripes": 1.0},
        patterned=0.4,
        flare=(0.0, 0.012),
        materials={"wool": 3.0, "polyester": 1.0, "linen": 0.5},
        layered=True,
    ),
    "puffer": TopCut(
        loose=(0.040, 0.064),
        follow=(0.95, 1.0),
        hem=(0.74, 1.03),
        sleeves=LONG,
        sleeve_loose=(0.028, 0.042),
        collars={"turtle": 1.0, "hood": 1.0},
        fronts={"zip": 3.0, "open": 1.0},
        patterns={"block": 1.0},
        patterned=0.3,
        materials={"nylon": 1.0},
        layered=True,
        ribbed=0.5,
    ),
    "vest": TopCut(
        loose=(0.030, 0.046),
        follow=(0.94, 1.0),
        hem=(0.92, 1.04),
        sleeves=((0.0, 0.04, 1.0),),
        sleeve_loose=(0.016, 0.020),
        collars={"turtle": 1.0},
        fronts={"zip": 1.0, "open": 2.0},
        patterns={"block": 1.0},
        patterned=0.2,
        materials={"nylon": 2.0, "fleece": 1.0},
        layered=True,
    ),
    "coat": TopCut(
        loose=(0.024, 0.042),
        follow=(0.90, 1.0),
        hem=(0.4, 0.68),
        sleeves=LONG,
        sleeve_loose=(0.017, 0.027),
        collars={"coat": 3.0, "hood": 1.0},
        fronts={"open": 2.0, "buttons": 2.0, "zip": 1.0},
        patterns={"checks": 2.0, "melange": 2.0},
        patterned=0.4,
        flare=(0.0, 0.045),
        materials={"wool": 4.0, "cotton": 1.0, "nylon": 1.0, "leather": 0.4},
        layered=True,
    ),
    "dress": TopCut(
        loose=(0.008, 0.018),
        follow=(0.78, 0.92),
        hem=(0.25, 0.62),
        sleeves=((0.0, 0.04, 1.0), (0.10, 0.14, 1.0), (0.32, 0.38, 1.0), (0.97, 1.0, 1.0)),
        sleeve_loose=(0.009, 0.018),
        collars={"round": 1.0},
        fronts={"none": 1.0},
        patterns={"dots": 2.0, "print": 3.0, "stripes": 2.0, "block": 1.0, "gradient": 0.6},
        patterned=1.5,
        flare=(0.03, 0.14),
        materials={"cotton": 3.0, "polyester": 2.0, "linen": 1.0, "wool": 0.5},
    ),
}
"""Upper garments by kind."""


@dataclass(frozen=True)
class BottomCut:
    """How a lower garment may turn out; lengths as in `Bottom`."""

    loose: Range
    follow: Range
    length: Range
    flare: Range = (0.0, 0.0)
    patterned: float = 0.12
    patterns: Weights = field(default_factory=lambda: {"checks": 1.0, "camouflage": 1.0, "melange": 2.0})
    materials: Weights = field(default_factory=lambda: {"cotton": 1.0})
    colours: Weights | None = None  # instead of the wardrobe's


FLOATING: Weights = {"checks": 2.0, "print": 2.0, "dots": 1.0, "stripes": 1.0, "gradient": 0.4}

BOTTOMS: dict[str, BottomCut] = {
    "jeans": BottomCut(
        loose=(0.006, 0.020),
        follow=(0.80, 0.97),
        length=(0.95, 1.0),
        patterned=0.0,
        materials={"denim": 1.0},
        colours={"denim": 4.0, "navy": 3.0, "black": 2.0, "lightblue": 1.0, "grey": 0.7},
    ),
    "trousers": BottomCut(
        loose=(0.010, 0.026),
        follow=(0.88, 1.0),
        length=(0.96, 1.0),
        flare=(0.0, 0.025),
        patterns={"checks": 1.0, "pinstripes": 2.0, "melange": 2.0, "camouflage": 0.4},
        materials={"cotton": 3.0, "wool": 2.0, "polyester": 1.5, "linen": 0.5},
    ),
    "joggers": BottomCut(
        loose=(0.016, 0.032),
        follow=(0.86, 0.96),
        length=(0.93, 0.98),
        flare=(-0.012, -0.006),
        patterns={"melange": 3.0, "camouflage": 1.0},
        materials={"cotton": 2.0, "polyester": 2.0},
    ),
    "leggings": BottomCut(
        loose=(0.004, 0.006),
        follow=(0.0, 0.0),
        length=(0.85, 0.97),
        patterned=0.06,
        materials={"polyester": 2.0, "cotton": 1.0},
    ),
    "shorts": BottomCut(
        loose=(0.014, 0.032),
        follow=(0.96, 1.0),
        length=(0.36, 0.56),
        flare=(0.0, 0.012),
        materials={"cotton": 3.0, "denim": 1.0, "polyester": 1.0},
    ),
    "skirt": BottomCut(
        loose=(0.010, 0.020),
        follow=(0.90, 1.0),
        length=(0.36, 0.85),
        flare=(0.02, 0.14),
        patterned=0.4,
        patterns=FLOATING,
        materials={"cotton": 2.0, "polyester": 2.0, "wool": 1.0, "denim": 0.6},
    ),
}
"""Lower garments by kind; `bare` legs (under a dress) have none."""

PERIODS: dict[str, Range] = {
    "stripes": (0.04, 0.14),
    "pinstripes": (0.035, 0.07),
    "checks": (0.06, 0.16),
    "block": (0.16, 0.34),
    "gradient": (0.3, 0.6),
}
"""Metres of one repeat of a pattern (of `block`: where the colour changes; of `gradient`: over which it does)."""


def at(interval: Range, share: float) -> float:
    """The number at `share` (0..1) of `interval`."""
    return float(interval[0] + (interval[1] - interval[0]) * share)


def weigh(table: Weights, share: float) -> str:
    """The key of `table` at `share` (0..1) of its cumulated weights."""
    edges = np.cumsum(list(table.values()))
    return list(table)[int(np.searchsorted(edges, share * edges[-1], side="right").clip(0, len(edges) - 1))]


def cut_top(kind: str, shares: Sequence[float], cloth: Cloth, inner: Cloth | None) -> Top:
    """An upper garment of `kind` from eight numbers in [0, 1): the same numbers give similar cuts of any kind."""
    cut = TOPS[kind]
    options = {str(k): option[2] for k, option in enumerate(cut.sleeves)}
    shortest, longest, _ = cut.sleeves[int(weigh(options, shares[3]))]
    return Top(
        kind=kind,
        cloth=cloth,
        loose=at(cut.loose, shares[0]),
        follow=at(cut.follow, shares[1]),
        hem=at(cut.hem, shares[2]),
        flare=at(cut.flare, shares[1]),
        sleeve=at((shortest, longest), shares[4]),
        sleeve_loose=at(cut.sleeve_loose, 0.7 * shares[0] + 0.3 * shares[5]),
        collar=weigh(cut.collars, shares[6]),
        inner=inner if cut.layered else None,
        ribbed=shares[7] < cut.ribbed and at(cut.hem, shares[2]) > 0.9,
    )


def cut_bottom(kind: str, shares: Sequence[float], cloth: Cloth) -> Bottom:
    """A lower garment of `kind` from four numbers in [0, 1); `bare` gives bare legs."""
    if kind == "bare":
        return Bottom("bare", cloth, 0.0, 0.0, 0.0, 0.0)
    cut = BOTTOMS[kind]
    return Bottom(
        kind,
        cloth,
        at(cut.loose, shares[0]),
        at(cut.follow, shares[1]),
        at(cut.length, shares[2]),
        at(cut.flare, shares[3]),
    )
