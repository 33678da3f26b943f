"""What methods that redraw pictures share: their data, masks, the range of their pictures, networks held still."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.data import CropStore, CropTable
from reidapt.data.masks import Masks, ellipse, masks_of
from reidapt.errors import ConfigError, DataError
from reidapt.losses.masked import filled_background

log = logging.getLogger(__name__)

HALF = (0.5, 0.5, 0.5)
"""Mean and deviation that bring pictures to −1..1, the range of tanh."""


def unpaired_tables(
    source: CropTable, target: CropTable | None, source_camera: int, target_camera: int
) -> tuple[CropTable, CropTable]:
    """Crops of camera A and unlabelled ones of camera B: of ``--target``, or of the source itself; −1 = all cameras.

    Raises:
        ConfigError: nothing says which pictures to imitate.
    """
    if target is None and (target_camera < 0 or source_camera == target_camera):
        raise ConfigError(
            "Say which pictures to imitate: --target DATASET, or another --target_camera of the source than its "
            "--source_camera."
        )
    if target is None:
        target = source.require(camera=target_camera).unlabelled()
    elif target_camera >= 0:
        target = target.require(camera=target_camera)
    return (source.require(camera=source_camera) if source_camera >= 0 else source), target


def checked_masks(store: CropStore, source: str, bad: str) -> Masks:
    """The masks of a store; unusable ones are left out, replaced or refused, and that is said."""
    found = masks_of(store, source)
    problem = found.text(store)
    if not problem:
        return found
    if bad == "stop":
        raise DataError(f"{problem}. Repair them, or say --bad_masks leave-out or --bad_masks ellipse.")
    if bad == "ellipse":
        log.warning("%s; an ellipse stands in for them", problem)
        values = found.values.clone()
        values[torch.from_numpy(~found.usable)] = ellipse(store.size)
        return Masks(values, np.full(len(store), "", dtype=object))
    if not found.usable.any():
        raise DataError(f"{problem}, so none is left. Give masks in the table's mask column, or --mask_source ellipse.")
    log.warning("%s; these crops are left out", problem)
    return found


def without_person(pictures: Tensor, masks: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) whose person is filled from around; masks (B, 1, H, W) in 0..1.

    The masks are widened by 1 px at height 128, so that no outline of the person stays.
    """
    reach = max(1, round(pictures.shape[2] / 128))
    return filled_background(pictures, F.max_pool2d(masks, 2 * reach + 1, stride=1, padding=reach))


def without_surroundings(pictures: Tensor, masks: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) whose surroundings are filled with the person's nearest colours; masks (B, 1, H, W) in 0..1.

    A pixel on the outline is a mixture with what lies behind, and brings a rim of it along into another picture. The less of
    it is the person's, the more it takes from inside; below one half, all.
    """
    return filled_background(pictures, 1 - (2 * masks - 1).clamp(min=0))


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradient for the network's parameters from what is computed inside."""
    before = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    network.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, wanted in before:
            parameter.requires_grad_(wanted)


def to_uint8(pictures: Tensor) -> Tensor:
    """−1..1 → uint8 0..255, rounded."""
    return ((pictures.float() + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8)


def to_pictures(images: Tensor) -> Tensor:
    """uint8 0..255 → float32 −1..1."""
    return images.float() / 127.5 - 1


def sheet(*rows: Tensor) -> Tensor:
    """Rows of pictures uint8 (B, 3, H, W) below each other, one picture uint8 (3, rows · H, B · W)."""
    return torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
