"""A drawn parameter, or the value it is set to: checked, so that a wrong value is a sentence and not a strange picture."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from reidapt.errors import WorldError
from reidapt.world.clothes import Colour
from reidapt.world.factors import Draws


def word(draws: Draws, parameter: str, drawn: str, allowed: Iterable[str]) -> str:
    """`drawn`, or the value of `parameter`, which must be one of `allowed`.

    Raises:
        WorldError: the parameter is set to something else.
    """
    value = draws.value(parameter, drawn)
    known = list(allowed)
    if value is not drawn and value not in known:
        near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise WorldError(f"{parameter} is set to {value!r}; {hint}It can be: {', '.join(known)}.")
    return str(value)


def rgb(draws: Draws, parameter: str, drawn: Colour) -> Colour:
    """`drawn`, or the colour that `parameter` is set to, written `#rrggbb`.

    Raises:
        WorldError: the parameter is set to something else.
    """
    value: object = draws.value(parameter, drawn)
    if value is drawn:
        return drawn
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise WorldError(f"{parameter} is set to {value!r}; it must be a colour written #rrggbb, such as #2040c0.")
    return (int(value[1:3], 16) / 255, int(value[3:5], 16) / 255, int(value[5:7], 16) / 255)
