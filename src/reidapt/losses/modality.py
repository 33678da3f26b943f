"""Domain adversarial loss between two modalities, weighted per picture (Mohammadi Meshky et al., Eq. 2 and 5)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def modality_loss(logits: Tensor, modality: Tensor, weights: Tensor) -> Tensor:
    r"""What a domain classifier minimises: its cross-entropy, a weighted sum over the batch (Eq. 5; Eq. 2 for w = 1/B).

    .. math:: -\sum_b w_b \bigl(m_b \log D_b + (1 - m_b) \log (1 - D_b)\bigr), \quad D = \sigma(z)

    Args:
        logits: z, (B,) or (B, 1), one domain classifier's output.
        modality: m, int64 (B,); 0 = colour, 1 = the other modality.
        weights: w, (B,), adding up to 1.
    """
    each = F.binary_cross_entropy_with_logits(logits.flatten(), modality.to(logits.dtype), reduction="none")
    return (weights * each).sum()


def confusion_loss(logits: Tensor, modality: Tensor, weights: Tensor, *, flip: bool = False) -> Tensor:
    """What the features minimise: the classifier's loss with its sign changed (Eq. 1), or with the labels flipped.

    The first has no lower bound: features can leave the classifier as far behind as they like. With flipped labels the
    same features are sought, but the loss ends at 0, and its gradient is large where the classifier is right.
    """
    if flip:
        return modality_loss(logits, 1 - modality, weights)
    return -modality_loss(logits, modality, weights)
