"""The context loss: a rendered picture shows the source's person and the target's background (Chen et al. 2019)."""

from __future__ import annotations

from torch import Tensor

from reidapt.losses.masked import outside
from reidapt.losses.precision import float32

TINY = 1e-8
"""Added below the root, so that its slope is finite where nothing differs."""


@float32
def masked_l2(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    r"""Euclidean norm of a difference under a weight, in units that do not depend on the picture's size.

    .. math:: \frac1B \sum_b \sqrt{\frac{1}{CHW} \sum_{chw} \bigl((a_{bchw} - b_{bchw})\, w_{bhw}\bigr)^2}

    The source writes ‖·‖₂; dividing by √(CHW) is our choice.

    Args:
        a, b: (B, C, H, W).
        weight: w, (B, 1, H, W) in 0..1; no gradient flows where it is 0.
    """
    return ((a - b) * weight).square().mean((1, 2, 3)).add(TINY).sqrt().mean()


def person_loss(rendered: Tensor, source: Tensor, mask: Tensor) -> Tensor:
    """‖(X_G − X_S) ∘ M_F‖₂: inside M_F, the source's person, the picture is the source's."""
    return masked_l2(rendered, source, mask)


def surroundings_loss(rendered: Tensor, target: Tensor, *masks: Tensor) -> Tensor:
    """‖(X_G − X_T) ∘ M_B‖₂: in M_B, outside both people's ``masks``, the picture is the target's."""
    return masked_l2(rendered, target, outside(*masks))
