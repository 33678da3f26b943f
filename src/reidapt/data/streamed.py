"""The rows of a table that streamed worlds draw (see `readers.streamed`): from paths to `WorldDataset`s."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from reidapt.data.readers.streamed import DEFAULTS
from reidapt.data.virtual import STREAM, is_streamed

if TYPE_CHECKING:
    from reidapt.world.dataset import WorldDataset


def split_path(path: str) -> tuple[str, int]:
    """`/stream:SPEC#ROW` as (SPEC, ROW)."""
    spec, _, row = path.removeprefix(STREAM).rpartition("#")
    return spec, int(row)


def stream_of(spec: str, size: tuple[int, int]) -> WorldDataset:
    """The stream `STYLE?OPTIONS` in pictures of this size, at epoch 0; who asks again shares what is loaded."""
    view = copy.copy(_opened(spec, size))  # an epoch of its own
    view.set_epoch(0)
    return view


@lru_cache(maxsize=2)
def _opened(spec: str, size: tuple[int, int]) -> WorldDataset:
    from reidapt.world.dataset import WorldDataset

    style, _, tail = spec.partition("?")
    given = dict(piece.split("=", 1) for piece in tail.split("&"))
    options: dict[str, Any] = {name: type(DEFAULTS[name])(given[name]) for name in DEFAULTS}
    return WorldDataset(style, size=size, **options)


@dataclass
class Streamed:
    """The rows of a table that one stream draws.

    Attributes:
        number: int64 (N,): the row in the stream of every row of the table; −1 where it is not this stream's.
        stream: draws them.
    """

    number: Tensor
    stream: WorldDataset

    def fill(self, into: Tensor, rows: Tensor, what: str) -> None:
        """Draw the `images` or `masks` of those among the table's `rows` (B,) that are this stream's."""
        numbers = self.number[rows]
        places = (numbers >= 0).nonzero()[:, 0]
        if len(places):
            into[places] = getattr(self.stream, what)(numbers[places])


def streams_in(paths: Sequence[str], size: tuple[int, int]) -> list[Streamed]:
    """The streams that draw some of these pictures, none for a table of files."""
    taken = [split_path(path) if is_streamed(path) else ("", -1) for path in paths]
    found = []
    for spec in dict.fromkeys(spec for spec, _ in taken if spec):
        number = torch.tensor([row if of == spec else -1 for of, row in taken], dtype=torch.int64)
        found.append(Streamed(number, stream_of(spec, size)))
    return found
