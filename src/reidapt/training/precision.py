"""The arithmetic of a training: bfloat16 autocast where the hardware multiplies it natively, and one fault of it avoided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from reidapt.methods import RunConfig
from reidapt.training.device import accelerator


def precision(config: RunConfig) -> Any:
    """Fabric's precision: bfloat16 autocast where asked for, or where the hardware multiplies it natively."""
    if config.precision == "auto":
        if accelerator(config.device) == "cuda":
            return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
        return "bf16-mixed" if native_bfloat16() else "32-true"
    return "bf16-mixed" if config.precision == "bfloat16" else "32-true"


def native_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX-512 BF16 or AMX)."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


@contextmanager
def autocast(fabric: lightning.Fabric) -> Iterator[None]:
    """Fabric's autocast; on a CPU in bfloat16 with :class:`NarrowInFloat32`."""
    with fabric.autocast():
        if fabric.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            with NarrowInFloat32():
                yield
        else:
            yield


class NarrowInFloat32(TorchFunctionMode):
    """Strided convolutions whose smaller maps are one column wide are computed in float32 despite autocast.

    On CPUs with AMX, oneDNN as it comes with PyTorch 2.14 computes these in bfloat16 from memory that nobody wrote: their
    outputs, or the gradients of their weights, are arbitrary numbers or NaN. A ResNet at 64×32 px has one, the innermost
    levels of a U-Net another. They are small, so float32 costs little.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in (torch.conv2d, torch.conv_transpose2d) and narrow(func, args, kwargs):
            with torch.autocast("cpu", enabled=False):
                return func(*map(_float32, args), **{name: _float32(value) for name, value in kwargs.items()})
        return func(*args, **kwargs)


def narrow(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a (transposed) convolution is strided and its smaller maps, output (input), have one column."""
    names = ("input", "weight", "bias", "stride", "padding")
    given = {"stride": 1, "padding": 0, **dict(zip(names, args)), **kwargs}
    stride, padding = (_horizontal(given[name]) for name in ("stride", "padding"))
    if stride == 1 or isinstance(padding, str):
        return False
    columns = given["input"].shape[-1]
    if func is torch.conv2d:
        columns = (columns + 2 * padding - given["weight"].shape[-1]) // stride + 1
    return bool(columns == 1)


def _horizontal(value: Any) -> Any:
    return value[-1] if isinstance(value, (tuple, list)) else value


def _float32(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value
