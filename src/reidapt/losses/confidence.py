"""Confidence of identity predictions: entropy, and weights that fall with it (Mohammadi Meshky et al., Eq. 3 and 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def entropy(logits: Tensor) -> Tensor:
    r"""Entropy in nats of each row's class distribution (Eq. 4).

    .. math:: H_b = -\sum_{k=1}^{C} p_{bk} \log p_{bk}, \quad p_b = \mathrm{softmax}(z_b)

    Args:
        logits: z, (B, C).

    Returns:
        (B,), in 0 (one class is certain) .. log C (all are equally likely).
    """
    log_p = F.log_softmax(logits, dim=1)
    return -(log_p.exp() * log_p).sum(1)


@float32
def confidence_weights(logits: Tensor, groups: Tensor | None = None) -> Tensor:
    r"""Weights of a batch that grow with the confidence of the identity prediction (Eq. 3).

    .. math:: w_b = \frac{1 + e^{-H_b}}{\sum_k (1 + e^{-H_k})}

    A certain picture weighs less than twice as much as one of which nothing is known: 1 + e^{-H} lies in 1 + 1/C .. 2.

    Args:
        logits: (B, C); not differentiated.
        groups: int64 (B,); where given, the weights of every group add up to its share of the batch, so that a modality
            whose persons are recognised less well does not lose weight as a whole. None normalises over the batch.

    Returns:
        (B,), adding up to 1.
    """
    confidence = 1 + (-entropy(logits.detach())).exp()
    if groups is None:
        return confidence / confidence.sum()
    weights = torch.empty_like(confidence)
    for group in groups.unique():
        rows = groups == group
        weights[rows] = confidence[rows] / confidence[rows].sum() * rows.float().mean()
    return weights
