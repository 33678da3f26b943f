"""Losses are computed in float32 whatever the networks compute in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

F = TypeVar("F", bound=Callable[..., Tensor])


def float32(loss: F) -> F:
    """Decorator: floating-point tensor arguments become float32 and autocast is off inside the loss.

    Without it a matrix product inside a loss would run in bfloat16 under autocast, with three significant digits.
    """

    def cast(value: Any) -> Any:
        return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value

    @functools.wraps(loss)
    def wrapped(*args: Any, **options: Any) -> Tensor:
        first = next(a for a in (*args, *options.values()) if isinstance(a, Tensor))
        with torch.autocast(first.device.type, enabled=False):
            return loss(*map(cast, args), **{key: cast(value) for key, value in options.items()})

    return wrapped  # type: ignore[return-value]
