"""Redraw source crops while a re-ID network trains on them: a frozen run, fresh contexts, a pure function of the step."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reidapt.data import CropStore, CropTable, read
from reidapt.data.masks import Masks, masks_of
from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.extractors import weights_hash
from reidapt.methods import Method
from reidapt.methods.base import Contexts

log = logging.getLogger(__name__)

Arithmetic = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Surroundings:
    """Pictures that contexts and poses are drawn from.

    Attributes:
        store: the pictures.
        masks: of their people, one per row.
        rows: int64, the rows with a usable mask.
    """

    store: CropStore
    masks: Masks
    rows: np.ndarray

    @classmethod
    def of(cls, table: CropTable, method: Method) -> Surroundings:
        """All pictures of a table, at the size of a method that redraws, with masks as it was trained on.

        Raises:
            DataError: no picture has a usable mask.
        """
        store = CropStore(table, method.config.size)
        found = masks_of(store, mask_source(method))
        if not found.usable.any():
            raise DataError(
                f"{found.text(store)}, so no context can be drawn from it. Give another dataset of contexts."
            )
        if problem := found.text(store):
            log.warning("%s; these give no contexts", problem)
        return cls(store, found, np.flatnonzero(found.usable))

    def contexts(self, rows: np.ndarray) -> Contexts:
        """The pictures and masks of these rows of the store."""
        return Contexts(self.store.images(rows), self.masks.values[rows])


def mask_source(method: Method) -> str:
    """Where a method that redraws takes masks from."""
    return str(getattr(method.config, "mask_source", "table"))


def needed(method: Method, run: str) -> tuple[str, ...]:
    """What a run's translation needs beside the pictures.

    Raises:
        ConfigError: the run ranks and does not redraw.
    """
    if not method.redraws():
        raise ConfigError(
            f"The run '{run}' was trained with '{method.name}', which ranks pictures and does not redraw them; give a run "
            "of a method that does, such as background-gan, spgan or context-rendering."
        )
    return tuple(getattr(method, "inputs", ()))


def context_table(method: Method, spec: str = "") -> CropTable:
    """Unlabelled pictures for contexts: the train split of ``spec``, or of what the run imitated.

    A split named train is taken where there is one, so that no test picture reaches a training set.
    """
    c = method.config
    spec = spec or c.target or c.source
    table = read(spec)
    table = (table.select(split="train") if table.splits.get("train") else table).unlabelled()
    camera = getattr(c, "target_camera", -1)
    return table.require(camera=camera) if camera >= 0 and (table.camera == camera).any() else table


class Renderer:
    """The `redraw` of a `Loader`: each crop is redrawn with a probability, in a context drawn for it.

    Everything random comes from the generator it is given, and the frozen network draws picture by picture: equal
    arguments give equal pictures, so a resumed training sees what an uninterrupted one would have seen.

    Args:
        method: of a run that redraws; it is put in evaluation mode and never changed.
        source: the crops that are redrawn, at the size that the method draws.
        surroundings: where contexts and poses come from; None for methods without either.
        share: probability that a crop is redrawn.
        run: the run's folder, for messages.
        arithmetic: context manager in which the network computes, such as an autocast.
    """

    def __init__(
        self,
        method: Method,
        source: CropStore,
        surroundings: Surroundings | None,
        share: float,
        *,
        run: str,
        arithmetic: Arithmetic = nullcontext,
    ) -> None:
        self.method = method.eval().requires_grad_(False)
        self.surroundings, self.share, self.run, self.arithmetic = surroundings, share, run, arithmetic
        self.inputs = needed(method, run)
        if source.size != method.config.size:
            drawn, wanted = ("{}×{}".format(*size) for size in (method.config.size, source.size))
            raise ConfigError(
                f"The run given by --render draws pictures of {drawn} px, but this training is at {wanted} px; give both the "
                "same --height and --width."
            )
        self.masks: Masks | None = None
        if "masks" in self.inputs:
            self.masks = masks_of(source, mask_source(method))
            if not self.masks.usable.any():
                raise DataError(f"{self.masks.text(source)}, and the run given by --render redraws from masks.")
            if problem := self.masks.text(source):
                log.warning("%s; these crops are never redrawn", problem)

    def __call__(self, images: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, 3, H, W), rows int64 (B,) of the source → uint8 (B, 3, H, W)."""
        chosen = torch.rand(len(rows), generator=generator) < self.share
        picks = torch.rand(len(rows), generator=generator, dtype=torch.float64)
        if self.masks is not None:
            chosen &= torch.from_numpy(self.masks.usable)[rows]
        if not chosen.any():
            return images
        given: dict[str, Any] = {}
        if self.masks is not None:
            given["masks"] = self.masks.values[rows[chosen]]
        if self.surroundings is not None:
            usable = self.surroundings.rows
            contexts = self.surroundings.contexts(usable[(picks[chosen] * len(usable)).long().numpy()])
            given |= {
                name: value
                for name, value in (("contexts", contexts), ("poses", contexts.masks))
                if name in self.inputs
            }
        with torch.no_grad(), self.arithmetic():
            drawn = self.method.translate(images[chosen], **given)
        result = images.clone()
        result[chosen] = drawn
        return result

    def fingerprints(self) -> dict[str, dict[str, Any]]:
        """What a resumed training must find again: the network's weights, and the pictures of the contexts."""
        found = {"render": {"name": self.run, "sha256": weights_hash(self.method)}}
        if self.surroundings is not None:
            found["contexts"] = self.surroundings.store.table.fingerprint()
        return found


def make_renderer(
    method: Method,
    source: CropStore,
    *,
    run: str,
    share: float,
    contexts: str = "",
    arithmetic: Arithmetic = nullcontext,
) -> Renderer:
    """A renderer for the crops of ``source`` from a loaded run; see :class:`Renderer`.

    Args:
        contexts: dataset of the contexts; empty = what the run was trained on.
    """
    inputs = needed(method, run)
    surroundings = None
    if "contexts" in inputs or "poses" in inputs:
        surroundings = Surroundings.of(context_table(method, contexts), method)
    elif contexts:
        raise ConfigError(f"The run '{run}' ('{method.name}') draws without contexts; leave --render_contexts out.")
    return Renderer(method, source, surroundings, share, run=run, arithmetic=arithmetic)
