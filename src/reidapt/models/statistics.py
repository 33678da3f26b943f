"""BatchNorm's running statistics: held still, or replaced by those of given pictures (Li et al. 2017, AdaBN)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from reidapt.models.narrow import NarrowConvolutions

BatchNorm = nn.modules.batchnorm._BatchNorm


def batch_norms(network: nn.Module) -> list[BatchNorm]:
    """The network's BatchNorm layers that keep running statistics."""
    return [m for m in network.modules() if isinstance(m, BatchNorm) and m.track_running_stats]


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Within the context BatchNorm normalises by the batch, but does not move its running statistics."""
    norms = batch_norms(network)
    saved = [m.momentum for m in norms]
    try:
        for m in norms:
            m.momentum = 0.0
        yield
    finally:
        for m, momentum in zip(norms, saved):
            m.momentum = momentum


@torch.no_grad()
def estimate_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the running statistics by the average of those of ``batches``, normalised pictures (B, 3, H, W) each.

    Every batch counts the same, so they should be of nearly equal size. The network's mode is left as it was.
    """
    norms = batch_norms(network)
    saved = [m.momentum for m in norms]
    training = network.training
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # cumulative average
    network.train()
    try:
        with NarrowConvolutions():
            for pictures in batches:
                network.embed(pictures)  # type: ignore[operator]
    finally:
        network.train(training)
        for m, momentum in zip(norms, saved):
            m.momentum = momentum


@contextmanager
def kept_statistics(network: nn.Module) -> Iterator[None]:
    """Whatever happens to the running statistics within the context, afterwards they are what they were."""
    saved = {name: buffer.clone() for name, buffer in network.named_buffers()}
    try:
        yield
    finally:
        with torch.no_grad():
            for name, buffer in network.named_buffers():
                buffer.copy_(saved[name])
