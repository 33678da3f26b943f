"""The factors a world is drawn from: what varies, how to hold a factor constant, how to set a parameter.

A *factor* (`hair`, `light`, `pose`) is held constant or left to vary; a *parameter* (`height`, `yaw`) is one column of the
crops table and can be set to a value. Every factor of a person, a camera or a crop has a random stream of its own, so that
holding one or setting a parameter changes nothing else.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.streams import stream

T = TypeVar("T")


@dataclass(frozen=True)
class Factor:
    """One thing that varies: `level` is who it belongs to, `parameters` the columns that record it."""

    level: str  # person, outfit, camera or crop
    about: str
    parameters: tuple[str, ...] = ()


FACTORS: dict[str, Factor] = {}
"""Every factor by name, in the order of the gallery; filled by the modules that draw them."""


def declare(name: str, level: str, about: str, *parameters: str) -> str:
    """Add a factor to `FACTORS` and return its name."""
    FACTORS[name] = Factor(level, about, parameters)
    return name


@dataclass(frozen=True)
class Choice:
    """Which factors are held constant and which parameters are set, for a whole world.

    A held factor has one random value for all people (cameras, crops) of the world; a set parameter has the given value.
    """

    hold: frozenset[str] = frozenset()
    values: Mapping[str, object] = field(default_factory=dict)

    def check(self) -> Choice:
        """Refuse unknown names with the nearest valid one.

        Raises:
            WorldError: `hold` names no factor, or `values` no parameter.
        """
        parameters = {name for factor in FACTORS.values() for name in factor.parameters}
        for what, names, known in (("factor", self.hold, set(FACTORS)), ("parameter", self.values, parameters)):
            for name in sorted(names):
                if name not in known:
                    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.4)
                    hint = f"did you mean {near[0]!r}? " if near else ""
                    raise WorldError(
                        f"The world has no {what} {name!r}; {hint}The {what}s are: {', '.join(sorted(known))}."
                    )
        return self


EVERYTHING = Choice()
"""Nothing held, nothing set."""


class Draws:
    """The random streams of one person, camera or crop, a stream per factor.

    `base` names what is shared (seed, style, level), `own` what tells this one from the others (an index, a picture).
    """

    def __init__(self, choice: Choice, base: tuple[str | int, ...], own: tuple[str | int, ...]) -> None:
        self.choice, self.base, self.own = choice, base, own
        self._streams: dict[str, np.random.Generator] = {}

    def __call__(self, factor: str) -> np.random.Generator:
        """The stream of `factor`; the same object each time, so that its parameters are drawn one after the other."""
        if factor not in self._streams:
            own = ("held",) if factor in self.choice.hold else self.own
            seed, *names = self.base
            self._streams[factor] = stream(int(seed), *names, factor, *own)
        return self._streams[factor]

    def value(self, parameter: str, drawn: T) -> T:
        """`drawn`, or the value that `parameter` is set to."""
        return self.choice.values.get(parameter, drawn)  # type: ignore[return-value]

    def number(self, parameter: str, drawn: float, interval: tuple[float, float]) -> float:
        """`drawn`, or the number that `parameter` is set to, which must lie in `interval`.

        Raises:
            WorldError: the parameter is set to something else.
        """
        if parameter not in self.choice.values:
            return drawn
        given = self.choice.values[parameter]
        try:
            value = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            value = float("nan")
        if not interval[0] <= value <= interval[1]:
            raise WorldError(
                f"The parameter {parameter!r} is set to {given!r}; "
                f"expected a number between {interval[0]:g} and {interval[1]:g}."
            )
        return value
