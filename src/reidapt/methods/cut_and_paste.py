"""cut-and-paste: the person, cut out by its mask, on a background of the target; nothing is trained.

The naive alternative to rendering a person into a context (Dwibedi, Misra, Hebert 2017, "Cut, Paste and Learn"):

    X_G = M_F ∘ X_S + (1 − M_F) ∘ B

with B a target picture whose own person is filled from around, another one every time, or the mean of them all. It has the
target's backgrounds, but not its colours and light on the person, and where a mask is wrong, a part of the person is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from reidapt.data import Batch, CropStore, CropTable
from reidapt.data.masks import Masks
from reidapt.losses.masked import filled_background, softened
from reidapt.methods.base import Contexts, Method, RunConfig, Stream
from reidapt.methods.redrawing import checked_masks, sheet, to_pictures, to_uint8, unpaired_tables, without_person

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class CutAndPasteConfig(RunConfig):
    """Paste labelled people onto backgrounds of the target; the run is ready at once."""

    background: Literal["random", "mean"] = "random"
    """'random': that of any target picture, its person filled from around; 'mean': the mean over all target pictures."""
    fill: bool = True
    """Fill the place of the target's person from around it; off: the person stays and may show beside the pasted one."""
    soften: float = 1.0
    """σ of a Gaussian that softens the edge of the pasted person, px at height 256 (our choice)."""
    target_camera: int = -1
    """Camera whose crops give the backgrounds; −1 = all cameras of --target."""
    mask_source: str = "table"
    """Where masks come from: 'table', 'inverted' (the person is black), 'ellipse', or MODULE:FUNCTION."""
    bad_masks: Literal["leave-out", "ellipse", "stop"] = "leave-out"
    """What happens to crops whose mask is missing, unreadable, empty or covers everything."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("be 0 or more", lambda value: value >= 0, "soften")


class CutAndPaste(Method):
    """No network; the mean background is its only state."""

    name = "cut-and-paste"
    Config = CutAndPasteConfig
    needs = ("source", "target")

    def __init__(self, config: CutAndPasteConfig, *, persons: int) -> None:
        super().__init__(config, persons=persons)
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(3, *config.size))  # of the backgrounds, −1..1
        self.masks: dict[str, Masks] = {}

    @classmethod
    def tables(
        cls, config: CutAndPasteConfig, source: CropTable, target: CropTable | None
    ) -> tuple[CropTable, CropTable | None]:
        return unpaired_tables(source, target, -1, config.target_camera)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        if self.source is not None and self.source is source:
            return
        super().attach(source=source, target=target)
        assert source is not None
        assert target is not None
        c = self.config
        self.masks = {
            role: checked_masks(store, c.mask_source, c.bad_masks)
            for role, store in (("source", source), ("target", target))
        }
        self.mean = mean_background(target, self.masks["target"]).to(self.mean.device)

    @property
    def total_epochs(self) -> int:
        return 0

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    def streams(self, epoch: int) -> dict[str, Stream]:
        raise AssertionError("nothing is trained")

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        raise AssertionError("nothing is trained")

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a translation needs beside the pictures."""
        return ("masks",) if self.config.background == "mean" else ("masks", "contexts")

    @torch.no_grad()
    def translate(  # type: ignore[override]
        self, images: Tensor, *, masks: Tensor, contexts: Contexts | None = None
    ) -> Tensor:
        """Paste people onto backgrounds.

        Args:
            images: X_S, uint8 (B, 3, H, W).
            masks: M_F, uint8 (B, 1, H, W), 255 on the person.
            contexts: the backgrounds' pictures and their people; not with ``--background mean``.

        Returns:
            uint8 (B, 3, H, W).
        """
        c = self.config
        device = self.mean.device
        person = softened(masks.to(device).float() / 255, c.soften * c.height / 256)
        if c.background == "mean":
            behind = self.mean.expand(len(images), -1, -1, -1)
        else:
            assert contexts is not None
            behind = to_pictures(contexts.images.to(device))
            if c.fill:
                behind = without_person(behind, contexts.masks.to(device).float() / 255)
        return to_uint8(person * to_pictures(images.to(device)) + (1 - person) * behind).to(images.device)

    def samples(self, columns: int = 8) -> Tensor | None:
        """Source crops, what is pasted, and the pictures of the backgrounds: three rows of ``columns``."""
        assert self.source is not None
        assert self.target is not None
        rng = np.random.default_rng(0)
        count = min(columns, int(self.masks["source"].usable.sum()))
        x_rows, y_rows = (rng.choice(np.flatnonzero(self.masks[r].usable), count) for r in ("source", "target"))
        x, y = self.source.images(x_rows), self.target.images(y_rows)
        contexts = Contexts(y, self.masks["target"].values[y_rows])
        given: dict[str, Any] = {"contexts": contexts} if "contexts" in self.inputs else {}
        return sheet(x, self.translate(x, masks=self.masks["source"].values[x_rows], **given), y)


def mean_background(store: CropStore, masks: Masks) -> Tensor:
    """Mean over the usable pictures of what lies outside their people, (3, H, W) in −1..1.

    A pixel that is a person's in every picture takes the value of its surroundings.
    """
    total, seen = torch.zeros(3, *store.size, dtype=torch.float64), torch.zeros(1, *store.size, dtype=torch.float64)
    for rows in np.array_split(np.flatnonzero(masks.usable), -(-int(masks.usable.sum()) // 256)):
        outside = 1 - masks.values[rows].double() / 255
        total += (to_pictures(store.images(rows)).double() * outside).sum(0)
        seen += outside.sum(0)
    mean = (total / seen.clamp(min=1e-9)).float()
    return filled_background(mean[None], (seen < 0.5).float()[None])[0]
