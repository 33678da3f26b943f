"""The momentum teacher: an exponential moving average of a student network (Tarvainen & Valpola 2017)."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def ema_update(teacher: nn.Module, student: nn.Module, momentum: float) -> None:
    """teacher ← momentum · teacher + (1 − momentum) · student, for parameters and floating-point buffers alike.

    Integer buffers (BatchNorm's batch counter) are copied. Both networks have the same architecture.
    """
    for (name, own), (other_name, other) in zip(_tensors(teacher), _tensors(student)):
        assert name == other_name
        if own.dtype.is_floating_point:
            own.lerp_(other.to(own.dtype), 1.0 - momentum)
        else:
            own.copy_(other)


def _tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]
