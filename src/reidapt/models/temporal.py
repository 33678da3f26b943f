"""Temporal pooling: the features of a clip's frames become one (mean, attention, a small temporal convolution)."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

Pooling = Literal["mean", "attention", "convolution"]


class MeanPool(nn.Module):
    """The mean over time, (B, T, D) → (B, D)."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean(1)


class AttentionPool(nn.Module):
    """A weighted mean over time, (B, T, D) → (B, D); the weights are a softmax of scores from a two-layer network.

    Source: Gao, Nevatia 2018, "Revisiting Temporal Modeling for Video-based Person ReID". It starts as the mean.
    """

    def __init__(self, dim: int, hidden: int = 128) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        nn.init.zeros_(self.score[2].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.score[2].bias)  # type: ignore[arg-type]

    def forward(self, frames: Tensor) -> Tensor:
        weights = self.score(frames).float().softmax(dim=1)  # (B, T, 1)
        return (weights * frames).sum(1)


class ConvolutionPool(nn.Module):
    """Each frame plus what a convolution over its neighbours in time adds, then the mean, (B, T, D) → (B, D).

    A bottleneck D → D/4 → D with kernels of 3 and of 1; it starts as the mean (our choice).
    """

    def __init__(self, dim: int, shrink: int = 4) -> None:
        super().__init__()
        self.mix = nn.Conv1d(dim, dim // shrink, 3, padding=1)
        self.back = nn.Conv1d(dim // shrink, dim, 1)
        nn.init.zeros_(self.back.weight)
        assert self.back.bias is not None
        nn.init.zeros_(self.back.bias)

    def forward(self, frames: Tensor) -> Tensor:
        added = self.back(F.relu(self.mix(frames.transpose(1, 2))))  # (B, D, T)
        return frames.mean(1) + added.float().mean(2)


def temporal_pool(kind: Pooling, dim: int) -> nn.Module:
    """The pooling of that name for features of ``dim`` channels."""
    if kind == "attention":
        return AttentionPool(dim)
    return ConvolutionPool(dim) if kind == "convolution" else MeanPool()
