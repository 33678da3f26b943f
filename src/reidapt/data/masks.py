"""Person masks for a method: from the table, from a stand-in, or from a function; what is unusable is found and said."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import torch
from torch import Tensor

from reidapt.data.files import in_threads
from reidapt.data.store import CropStore
from reidapt.errors import ConfigError, DataError

log = logging.getLogger(__name__)

FEWEST, MOST = 0.01, 0.98
"""Share of a picture that a person's mask covers at least and at most; anything else is taken for a failed mask."""

OneMask = Callable[[CropStore, int], Tensor]
"""A store and a row → uint8 (1, H, W), or a `DataError`."""


@dataclass(frozen=True)
class Masks:
    """Masks of all rows of a store.

    Attributes:
        values: uint8 (N, 1, H, W), 255 on the person; 0 everywhere in rows that are not usable.
        problems: str objects (N,), why a row's mask cannot be used; empty where it can.
    """

    values: Tensor
    problems: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """bool (N,)."""
        return self.problems == ""

    def text(self, store: CropStore) -> str:
        """A sentence about the masks that cannot be used; empty where all can."""
        bad = np.flatnonzero(~self.usable)
        if not len(bad):
            return ""
        kinds = ", ".join(f"{count} {why}" for why, count in sorted(Counter(self.problems[bad].tolist()).items()))
        first = store.table.paths[bad[0]]
        return f"{len(bad)} of {len(store)} crops of '{store.table.name}' have no usable mask ({kinds}; first {first})"


def masks_of(store: CropStore, source: str = "table") -> Masks:
    """Masks of every row.

    Args:
        source: ``table``, the table's mask column (the person is white); ``inverted``, the same with a black person;
            ``ellipse``, an upright ellipse, for data without masks; or ``MODULE:FUNCTION``, a function from uint8
            pictures (1, 3, H, W) to uint8 masks (1, 1, H, W).

    Raises:
        ConfigError: no such source.
        DataError: more than half of the masks look inverted.
    """
    one = _source(source)

    def load(row: int) -> tuple[Tensor | None, str]:
        try:
            mask = one(store, row)
        except DataError:
            return None, "missing" if source in ("table", "inverted") and not named[row] else "unreadable"
        share = float(mask.float().mean()) / 255
        why = "empty" if share < FEWEST else "covering everything" if share > MOST else ""
        return (mask, "") if not why else (None, why)

    named = store.table.column("mask")
    values = torch.zeros((len(store), 1, *store.size), dtype=torch.uint8)
    problems = np.full(len(store), "", dtype=object)
    for row, (mask, why) in enumerate(in_threads(load, range(len(store)))):
        problems[row] = why
        if mask is not None:
            values[row] = mask
    found = Masks(values, problems)
    if source == "table" and _inverted(values[torch.from_numpy(found.usable)]):
        raise DataError(
            f"Most masks of {store.table.name!r} are brighter at the border than in the middle, as if the person were "
            "black; white must be the person. If they are that way round, say --mask_source inverted."
        )
    return found


def ellipse(size: tuple[int, int]) -> Tensor:
    """An upright ellipse where a detector's crop shows its person, uint8 (1, H, W)."""
    height, width = size
    y = (torch.arange(height) + 0.5) / height - 0.5
    x = (torch.arange(width) + 0.5) / width - 0.5
    inside = (y[:, None] / 0.46) ** 2 + (x[None, :] / 0.30) ** 2 <= 1
    return inside.to(torch.uint8)[None] * 255


def _inverted(masks: Tensor) -> bool:
    """Whether more than half of the masks are brighter along the border than in the middle third."""
    if not len(masks):
        return False
    values = masks[:, 0].float()
    height, width = values.shape[1:]
    middle = values[:, height // 3 : -(height // 3), width // 3 : -(width // 3)].mean((1, 2))
    border = (values[:, :, [0, -1]].mean((1, 2)) + values[:, [0, -1]].mean((1, 2))) / 2
    return bool((border > middle).float().mean() > 0.5)


def _source(name: str) -> OneMask:
    if name == "table":
        return lambda store, row: store.masks([row])[0]
    if name == "inverted":
        return lambda store, row: 255 - store.masks([row])[0]
    if name == "ellipse":
        return lambda store, row: ellipse(store.size)
    module, colon, function = name.partition(":")
    if not colon:
        raise ConfigError(f"There is no mask source '{name}'; give table, inverted, ellipse or MODULE:FUNCTION.")
    try:
        made = getattr(import_module(module), function)
    except (ImportError, AttributeError) as problem:
        raise ConfigError(f"The mask source '{name}' cannot be imported ({problem}).") from None
    return lambda store, row: _made(made(store.images([row])), store, name)


def _made(masks: Tensor, store: CropStore, name: str) -> Tensor:
    if masks.dtype != torch.uint8 or masks.shape != (1, 1, *store.size):
        raise ConfigError(
            f"The mask source '{name}' returned {masks.dtype} {tuple(masks.shape)}; expected uint8 {(1, 1, *store.size)}."
        )
    return masks[0]
