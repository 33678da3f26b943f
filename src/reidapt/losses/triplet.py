"""Triplet losses: batch-hard (Hermans, Beyer, Leibe 2017, Eq. 5) and weighted-regularised (Ye et al. 2021, AGW)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def batch_hard_triplet(features: Tensor, labels: Tensor, margin: float | None = 0.3) -> Tensor:
    r"""For every anchor, its farthest positive against its nearest negative within the batch.

    .. math:: \frac1N \sum_a \max\bigl(0,\ m + \max_{p} d(a, p) - \min_{n} d(a, n)\bigr)

    Args:
        features: (B, D); Euclidean distance, not normalised here.
        labels: int64 (B,).
        margin: m, in units of the distance; ``None`` is the soft margin ``log(1 + exp(·))``.

    Returns:
        Mean over the anchors that have both a positive other than themselves and a negative; 0 (with a gradient of
        zero) if there is none.
    """
    distance = euclidean(features, features)
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    valid = positive.any(1) & (~same).any(1)
    hardest_positive = distance.masked_fill(~positive, -torch.inf).amax(1)
    hardest_negative = distance.masked_fill(same, torch.inf).amin(1)
    gap = (hardest_positive - hardest_negative)[valid]
    if gap.numel() == 0:
        return features.sum() * 0.0
    return (F.softplus(gap) if margin is None else F.relu(gap + margin)).mean()


@float32
def weighted_triplet(features: Tensor, labels: Tensor) -> Tensor:
    r"""Weighted-regularised triplet: all pairs of an anchor count, hard ones more, and there is no margin to choose.

    Source: Ye et al. 2021, "Deep Learning for Person Re-identification: A Survey and Outlook", Eq. 8 and 9.

    .. math:: \frac1N \sum_a \log\Bigl(1 + \exp\bigl(\sum_p w_{ap} d_{ap} - \sum_n w_{an} d_{an}\bigr)\Bigr), \quad
        w_{ap} = \frac{e^{d_{ap}}}{\sum_{p'} e^{d_{ap'}}},\ w_{an} = \frac{e^{-d_{an}}}{\sum_{n'} e^{-d_{an'}}}

    Args:
        features: (B, D); Euclidean distance, not normalised here.
        labels: int64 (B,).

    Returns:
        Mean over the anchors that have both a positive other than themselves and a negative; 0 (with a gradient of
        zero) if there is none.
    """
    distance = euclidean(features, features)
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    valid = positive.any(1) & (~same).any(1)
    if not bool(valid.any()):
        return features.sum() * 0.0
    distance, positive, negative = distance[valid], positive[valid], ~same[valid]
    pull = torch.softmax(distance.masked_fill(~positive, -torch.inf), dim=1)
    push = torch.softmax((-distance).masked_fill(~negative, -torch.inf), dim=1)
    return F.softplus((pull * distance).sum(1) - (push * distance).sum(1)).mean()


def euclidean(a: Tensor, b: Tensor) -> Tensor:
    """Pairwise Euclidean distance (A, B), with a finite gradient at zero."""
    squared = a.pow(2).sum(1)[:, None] + b.pow(2).sum(1)[None, :] - 2 * a @ b.T
    return squared.clamp(min=1e-12).sqrt()
