"""Random streams: every draw belongs to one named, counter-based generator, whatever is drawn around it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.random.bit_generator import ISeedSequence

T = TypeVar("T")


class Key(ISeedSequence):
    """The first 16 bytes of a digest as the key of a generator; `Philox(key=…)` takes twice as long."""

    def __init__(self, digest: bytes) -> None:
        self.words = np.frombuffer(digest, "<u8", 2)

    def generate_state(self, n_words: int, dtype: object = np.uint32) -> np.ndarray:
        """The key, which is all that Philox asks for."""
        return self.words


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator that belongs to `(seed, *names)`, e.g. `stream(7, "plaza", "person", 12)`.

    Philox keyed by a hash of the names: the numbers of one crop depend neither on the crops drawn before it nor on the
    process or thread that draws them.
    """
    text = "/".join(str(part) for part in (seed, *names))
    return np.random.Generator(np.random.Philox(Key(hashlib.sha256(text.encode()).digest())))  # type: ignore[arg-type]


def between(rng: np.random.Generator, interval: tuple[float, float]) -> float:
    """A uniform draw in `interval`, as a Python float."""
    low, high = interval
    return float(low + (high - low) * rng.random())


def pick(rng: np.random.Generator, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of `items`, drawn with `weights` (relative, uniform by default)."""
    if weights is None:
        return items[int(rng.integers(len(items)))]
    edges = np.cumsum(np.asarray(weights, float))
    return items[int(np.searchsorted(edges, rng.random() * edges[-1], side="right").clip(0, len(items) - 1))]


def pick_from(rng: np.random.Generator, table: Mapping[str, float]) -> str:
    """A key of `table`, drawn with its values as relative weights."""
    return pick(rng, list(table), list(table.values()))
