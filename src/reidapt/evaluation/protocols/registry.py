"""Protocols by name, with options written as text: `sysu-mm01?search=indoor&shots=10`."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from reidapt.data.catalogue import CATALOGUE
from reidapt.data.table import CropTable
from reidapt.errors import ConfigError
from reidapt.evaluation.protocols.cross_modal import cross_modal, llcm, pku_sketch, regdb
from reidapt.evaluation.protocols.cuhk03 import cuhk03_classic
from reidapt.evaluation.protocols.market import market1501
from reidapt.evaluation.protocols.sysu import COLOUR, INFRARED, sysu_mm01
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
        Protocol("cross-modal", cross_modal),
        Protocol("video", video, ("mars", "ls-vid", "dukemtmc-video", "ilids-vid", "prid2011", "svreid"), True),
        Protocol("ccvid", ccvid, ("ccvid",), True),
    )
}


def protocol(text: str, dataset: str = "", table: CropTable | None = None) -> Protocol:
    """The protocol that `NAME` or `NAME?option=value&option=value` names.

    `auto` is the dataset's own; where it has none, the one that fits the test pictures of its table (`fitting`).

    Args:
        text: what was asked for.
        dataset: spec or name of the dataset, for `auto`.
        table: its table, for `auto`; without it Market-1501 stands for data without a protocol.

    Raises:
        ConfigError: an unknown protocol, option or value.
    """
    name, _, options = text.partition("?")
    if name in ("", "auto"):
        kind = dataset.partition(":")[0]
        classic = kind == "cuhk03" and "protocol=classic" in dataset
        kind = "cuhk03-classic" if classic else kind
        own = next((p for p in PROTOCOLS.values() if kind in p.datasets), None)
        found = own or PROTOCOLS["market1501" if table is None or kind in CATALOGUE else fitting(table)]
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


def fitting(table: CropTable) -> str:
    """The protocol of data without one of its own, by the modalities and cameras of its test pictures.

    SYSU-MM01's where its cameras 3 and 6 see infrared and others colour; RegDB's for one colour and one thermal camera;
    `cross-modal` for colour and one other modality; else Market-1501's.
    """
    test = table.select(split=["query", "gallery"])
    modality = test.column("modality")
    cameras = {kind: set(test.camera[modality == kind].tolist()) for kind in set(modality.tolist())}
    if len(cameras) != 2 or "colour" not in cameras:
        return "market1501"
    other = next(kind for kind in cameras if kind != "colour")
    if other == "infrared" and cameras[other] <= set(INFRARED) and cameras["colour"] <= set(COLOUR["all"]):
        return "sysu-mm01"
    if other == "thermal" and len(cameras[other]) == len(cameras["colour"]) == 1:
        return "regdb"
    return "cross-modal"


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
