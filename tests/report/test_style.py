"""Text and marks stand out from their grounds, in the light and in the dark."""

from __future__ import annotations

import re
from importlib import resources

import pytest

CSS = resources.files("reidapt.report").joinpath("template.css").read_text(encoding="utf-8")
TEXT = [
    *((ink, ground) for ink in ("ink", "muted", "accent", "direct", "adapted") for ground in ("paper", "surface")),
    *((ink, "faint") for ink in ("ink", "muted")),
    *((ink, "notice") for ink in ("ink", "muted")),
    *(("surface", sign) for sign in ("right", "wrong")),
    ("paper", "ink"),
]
MARKS = [(f"g{i}", "surface") for i in range(1, 7)] + [(m, "paper") for m in ("oracle", "right", "wrong", "adapted")]


def palettes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.S)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    assert set(light) == set(dark)
    return {"light": light, "dark": dark}


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme: str) -> None:
    colours = palettes()[scheme]
    for ink, ground in TEXT:
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for mark, ground in MARKS:
        assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


def test_every_variable_that_is_used_is_defined() -> None:
    used, defined = set(re.findall(r"var\(--([\w-]+)\)", CSS)), set(re.findall(r"--([\w-]+):", CSS))
    assert used == defined
