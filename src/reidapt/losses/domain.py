"""Domain losses under gradient reversal: which domain a feature comes from, and in which order domains follow each other."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32

ORDERS: tuple[tuple[int, ...], ...] = tuple(sorted(set(permutations((0, 0, 1, 1)))))
"""The 6 orders in which two source segments (0) and two target segments (1) can follow each other."""


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def reverse(x: Tensor, strength: float = 1.0) -> Tensor:
    """x forwards, −strength · gradient backwards (Ganin, Lempitsky 2015)."""
    return _Reverse.apply(x, strength)  # type: ignore[no-untyped-call]


def ramp(progress: float, slope: float = 10.0) -> float:
    r"""Strength of the reversal at ``progress`` in 0..1 of the training (Ganin, Lempitsky 2015, §5.2.2).

    .. math:: \beta = \frac{2}{1 + \exp(-\gamma p)} - 1
    """
    return 2.0 / (1.0 + math.exp(-slope * progress)) - 1.0


@float32
def domain_loss(source: Tensor, target: Tensor) -> Tensor:
    r"""Binary cross-entropy of a domain classifier's logits, each domain weighing half.

    .. math:: -\frac{1}{2n_s} \sum_i \log(1 - \sigma(d^s_i)) - \frac{1}{2n_t} \sum_i \log \sigma(d^t_i)

    Args:
        source: d^s, of any shape; log-odds of being from the target.
        target: d^t, of any shape.
    """
    return 0.5 * (F.softplus(source).mean() + F.softplus(-target).mean())


def draw_orders(clips: int, generator: torch.Generator) -> Tensor:
    """A random permutation of four segments for each clip pair, int64 (B, 4), from a CPU generator."""
    return torch.rand(clips, 4, generator=generator).argsort(dim=1)


def order_labels(permutation: Tensor) -> Tensor:
    """Which of the 6 domain orders the permuted segments (source, source, target, target) show, int64 (B,).

    Args:
        permutation: int64 (B, 4): which of the segments 0..3 stands in each place.
    """
    table = torch.full((2, 2, 2, 2), -1, dtype=torch.int64)
    for label, order in enumerate(ORDERS):
        table[order] = label
    domains = (permutation.cpu() >= 2).long()
    return table[domains.unbind(1)].to(permutation.device)


def combined_clips(source: Tensor, target: Tensor, permutation: Tensor) -> Tensor:
    """The segments of a source and a target clip, one after the other in the order of the permutation, (B, 4 · D).

    Args:
        source: features of the source clip's two halves, (B, 2, D).
        target: the same of the target clip.
        permutation: int64 (B, 4).
    """
    segments = torch.cat([source, target], dim=1)
    return segments.gather(1, permutation[:, :, None].expand_as(segments)).flatten(1)
