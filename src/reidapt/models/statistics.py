"""BatchNorm's running statistics, left alone while features are only looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def untouched_statistics(network: nn.Module) -> Iterator[None]:
    """Within the context BatchNorm normalises as in training, by the batch, and no buffer of it changes."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    tracked = [m.track_running_stats for m in norms]
    try:
        for m in norms:
            m.track_running_stats = False
        yield
    finally:
        for m, before in zip(norms, tracked):
            m.track_running_stats = before
