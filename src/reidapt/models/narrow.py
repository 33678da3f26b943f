"""Convolutions on maps a few columns wide, as one matrix product each: what small crops leave of a deep network on a CPU.

A ResNet at 64×32 px ends in maps of 2×1. There oneDNN spends most of a training step on a handful of convolutions whose
arithmetic is negligible: its blocks are made for wide maps. Written as a product of (rows, taps × columns × channels) with
the kernel laid out for every output column, the same sums take a tenth of the time (``benchmarks/narrow.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

NAMES = {
    torch.conv2d: ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    torch.conv_transpose2d: ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
}
DEFAULTS = {"bias": None, "stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}


class NarrowConvolutions(TorchFunctionMode):
    """While active, narrow convolutions on the CPU are matrix products; see :func:`narrow` for which.

    It also keeps clear of a fault: on CPUs with AMX, oneDNN as it comes with PyTorch 2.14 computes strided bfloat16
    convolutions whose smaller map is one column wide from memory that nobody wrote; outputs, or gradients of weights, are
    arbitrary numbers or NaN.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in NAMES:
            given = {**DEFAULTS, **dict(zip(NAMES[func], args)), **kwargs}
            if narrow(given, func is torch.conv_transpose2d):
                return (convolve if func is torch.conv2d else convolve_transposed)(given)
        return func(*args, **kwargs)


def narrow(given: Mapping[str, Any], transposed: bool = False) -> bool:
    """Whether a (transposed) convolution, by its arguments, is faster as a product.

    Its input has at most two columns (one, if transposed), or it is strided under bfloat16 autocast and its input has at
    most four columns or its output one. Grouped and dilated convolutions are never taken, nor those that pad by name or
    by as much as their kernel.
    """
    images = given["input"]
    if images.dim() != 4 or images.device.type != "cpu" or isinstance(given["padding"], str):
        return False
    if given["groups"] != 1 or _pair(given["dilation"]) != (1, 1):
        return False
    if _pair(given["padding"])[1] >= given["weight"].shape[-1]:
        return False
    columns = images.shape[-1]
    if transposed:
        return bool(columns == 1)
    stride = _pair(given["stride"])[1]
    if stride == 1 or not torch.is_autocast_enabled("cpu"):
        return bool(columns <= 2)
    reach = columns + 2 * _pair(given["padding"])[1] - given["weight"].shape[-1]
    return bool(columns <= 4 or reach < stride)


def convolve(given: Mapping[str, Any]) -> Tensor:
    """`torch.conv2d` of `given`: images (B, C, H, W), weight (O, C, h, w) to (B, O, H', W')."""
    images, weight = _typed(given["input"], given["weight"])
    (down, across), (above, before) = _pair(given["stride"]), _pair(given["padding"])
    batch, _, height, width = images.shape
    high, wide = weight.shape[2:]
    rows, columns = (height + 2 * above - high) // down + 1, (width + 2 * before - wide) // across + 1
    lines = F.pad(images.permute(0, 2, 3, 1).reshape(batch, height, -1), (0, 0, above, above))
    taps = torch.cat([lines[:, tap : tap + down * (rows - 1) + 1 : down] for tap in range(high)], dim=-1)
    kernel, met = weight.permute(0, 2, 3, 1), []
    for column in range(columns):  # the kernel as this output column meets the images' columns: zero where it ends
        start = before - across * column
        within = kernel[:, :, max(start, 0) : max(min(start + width, wide), 0)]
        missing = max(-start, 0), max(start + width - wide, 0)
        met.append(F.pad(within, (0, 0, *missing)) if any(missing) else within)
    dense = torch.stack(met)
    found = taps.reshape(batch * rows, -1) @ dense.reshape(columns * len(weight), -1).t()
    return _with_bias(found.reshape(batch, rows, columns, -1), given["bias"])


def convolve_transposed(given: Mapping[str, Any]) -> Tensor:
    """`torch.conv_transpose2d` of `given`: images (B, C, H, 1), weight (C, O, h, w) to (B, O, H', W')."""
    images, weight = _typed(given["input"], given["weight"])
    stride, padding, more = (_pair(given[name]) for name in ("stride", "padding", "output_padding"))
    batch, channels, height, _ = images.shape
    outputs, high, wide = weight.shape[1:]
    kernel = weight.permute(0, 2, 3, 1)  # a single input column meets every column of the kernel once
    parts = images.permute(0, 2, 3, 1).reshape(batch * height, channels) @ kernel.reshape(channels, -1)
    parts = parts.reshape(batch, height, high, wide, outputs)
    whole = parts.new_zeros(batch, stride[0] * (height - 1) + high + more[0], wide + more[1], outputs)
    for tap in range(high):
        whole[:, tap : tap + stride[0] * (height - 1) + 1 : stride[0], :wide] += parts[:, :, tap]
    ends = whole.shape[1] - padding[0], whole.shape[2] - padding[1]
    return _with_bias(whole[:, padding[0] : ends[0], padding[1] : ends[1]], given["bias"])


def _typed(images: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both in autocast's type, cast before the kernel is laid out: half the memory to move."""
    if not torch.is_autocast_enabled("cpu"):
        return images, weight
    half = torch.get_autocast_dtype("cpu")
    return images.to(half), weight.to(half)


def _with_bias(found: Tensor, bias: Tensor | None) -> Tensor:
    if bias is not None:
        found = found + bias.to(found.dtype)
    return found.permute(0, 3, 1, 2)


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    values = tuple(value)
    return (values[0], values[-1])
