"""SPGAN's similarity-preserving contrastive loss on pairs of embeddings (Deng et al. 2018, Eq. 6)."""

from __future__ import annotations

from torch import Tensor

from reidapt.losses.precision import float32


@float32
def contrastive(first: Tensor, second: Tensor, same: bool, margin: float = 2.0) -> Tensor:
    r"""Pairs that belong together attract, the others repel up to a margin.

    .. math:: \frac1B \sum_b \begin{cases} d_b^2 & \text{same} \\ \max(0,\ m - d_b)^2 & \text{otherwise} \end{cases},
        \qquad d_b = \lVert f_b - g_b \rVert_2

    Args:
        first, second: f and g, (B, D), L2-normalised, so that d lies in 0..2.
        same: whether the pairs belong together.
        margin: m, in units of d (SPGAN: 2, the largest distance there is).
    """
    squared = (first - second).square().sum(1)
    if same:
        return squared.mean()
    return (margin - squared.clamp(min=1e-12).sqrt()).clamp(min=0).square().mean()
