"""Instance norm that leaves the memory layout as it is: on a CPU, PyTorch's own copies maps in channels-last layout twice."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

PLACES = 1024
"""Maps of fewer places are left to PyTorch, whose kernels for these are faster than what is saved in copies."""


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without learnt parameters; the same numbers as ``nn.InstanceNorm2d(channels)``."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, channels, h, w) → the same shape, each map with mean 0 and variance 1."""
        large = maps.shape[2] * maps.shape[3] >= PLACES
        if large and maps.device.type == "cpu" and maps.is_contiguous(memory_format=torch.channels_last):
            return _Normalise.apply(maps, self.eps)
        return super().forward(maps)


class _Normalise(torch.autograd.Function):
    """y = (x − mean) / √(variance + ε) over the places of each map.

    The gradient is (g − mean(g) − y · mean(g · y)) / √(variance + ε).
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, eps: float) -> Tensor:
        pictures, channels, height, width = maps.shape
        normal, _, inverse = torch.native_group_norm(
            maps, None, None, pictures, channels, height * width, channels, eps
        )
        ctx.save_for_backward(normal, inverse)
        return normal

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        normal, inverse = ctx.saved_tensors
        slope = (gradient * normal).mean((2, 3), keepdim=True, dtype=torch.float32).to(gradient.dtype)
        level = gradient.mean((2, 3), keepdim=True, dtype=torch.float32).to(gradient.dtype)
        scale = inverse.view(*normal.shape[:2], 1, 1).to(gradient.dtype)
        return torch.addcmul(gradient - level, normal, slope, value=-1).mul_(scale), None
