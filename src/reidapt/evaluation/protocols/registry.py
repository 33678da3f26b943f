"""Protocols by name, with options written as text: `sysu-mm01?search=indoor&shots=10`."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from reidapt.errors import ConfigError
from reidapt.evaluation.protocols.cross_modal import llcm, pku_sketch, regdb
from reidapt.evaluation.protocols.cuhk03 import cuhk03_classic
from reidapt.evaluation.protocols.market import market1501
from reidapt.evaluation.protocols.sysu import sysu_mm01
from reidapt.evaluation.protocols.video import ccvid, video
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.trials import TrialsResult


@dataclass(frozen=True)
class Protocol:
    """A protocol and its options.

    Attributes:
        name: as it is written and recorded.
        run: `(table, features, how, **options) -> result`.
        datasets: catalogue names it is the default for.
        tracklets: rows are tracklets: frames are pooled first.
        options: chosen values by name.
    """

    name: str
    run: Callable[..., RetrievalResult | TrialsResult]
    datasets: tuple[str, ...] = ()
    tracklets: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    def known_options(self) -> dict[str, tuple[Any, Any]]:
        """(type, default) of every option by name."""
        hints = typing.get_type_hints(self.run)
        parameters = inspect.signature(self.run).parameters.values()
        return {p.name: (hints[p.name], p.default) for p in parameters if p.kind is p.KEYWORD_ONLY}

    def with_options(self, given: dict[str, str]) -> Protocol:
        """The protocol with these options; ConfigError on an unknown name or value."""
        known = self.known_options()
        chosen = {}
        for name, text in given.items():
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise ConfigError(f"the protocol {self.name} has no option {name!r}; {has}.")
            chosen[name] = _value(text, known[name][0], f"{self.name}: {name}")
        return Protocol(self.name, self.run, self.datasets, self.tracklets, chosen)


PROTOCOLS = {
    p.name: p
    for p in (
        Protocol("market1501", market1501),
        Protocol("cuhk03-classic", cuhk03_classic, ("cuhk03-classic",)),
        Protocol("sysu-mm01", sysu_mm01, ("sysu-mm01",)),
        Protocol("regdb", regdb, ("regdb",)),
        Protocol("llcm", llcm, ("llcm",)),
        Protocol("pku-sketch", pku_sketch, ("pku-sketch",)),
        Protocol("video", video, ("mars", "ls-vid", "dukemtmc-video", "ilids-vid", "prid2011", "svreid"), True),
        Protocol("ccvid", ccvid, ("ccvid",), True),
    )
}


def protocol(text: str, dataset: str = "") -> Protocol:
    """The protocol that `NAME` or `NAME?option=value&option=value` names; `auto` is the dataset's own, else Market-1501.

    Args:
        text: what was asked for.
        dataset: spec or name of the dataset, for `auto`.

    Raises:
        ConfigError: an unknown protocol, option or value.
    """
    name, _, options = text.partition("?")
    if name in ("", "auto"):
        kind = dataset.partition(":")[0]
        classic = kind == "cuhk03" and "protocol=classic" in dataset
        kind = "cuhk03-classic" if classic else kind
        found = next((p for p in PROTOCOLS.values() if kind in p.datasets), PROTOCOLS["market1501"])
    elif name in PROTOCOLS:
        found = PROTOCOLS[name]
    else:
        close = difflib.get_close_matches(name, PROTOCOLS, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"there is no protocol {name!r}; there are auto, {', '.join(PROTOCOLS)}.{hint}")
    given = {}
    for part in filter(None, options.split("&")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ConfigError(f"the option {part!r} of the protocol {text!r} isn't written option=value.")
        given[key.replace("-", "_")] = value
    return found.with_options(given)


def _value(text: str, kind: Any, what: str) -> Any:
    """`text` as a value of the annotated type."""
    if typing.get_origin(kind) is Literal:
        values = typing.get_args(kind)
        if text not in values:
            raise ConfigError(f"{what} = {text!r}; expected {' or '.join(values)}.")
        return text
    if kind is bool:
        if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise ConfigError(f"{what} = {text!r}; expected yes or no.")
        return text.lower() in ("true", "yes", "1")
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"{what} = {text!r}; expected a whole number.") from None
    return text
