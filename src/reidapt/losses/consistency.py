"""Encoder consistency: content kept without negatives, by predicting the input's patch from the output's.

Source: the non-contrastive form of Chen & He 2021, "SimSiam", Eq. 1-2, on patches, as in Cai et al. 2023, "Rethinking the
Paradigm of Content Constraints in Unpaired Image-to-Image Translation" (EnCo).
"""

from __future__ import annotations

from torch import Tensor

from reidapt.losses.precision import float32


@float32
def encoder_consistency(prediction: Tensor, key: Tensor) -> Tensor:
    r"""Squared distance of unit vectors.

    .. math:: \frac1{BS} \sum_{bs} \bigl(2 - 2\, p_{bs} \cdot k_{bs}\bigr)

    Args:
        prediction: p, made from the patches of the output (B, S, D), L2-normalised.
        key: k, patches of the input at the same places (B, S, D), L2-normalised; not differentiated.

    Returns:
        Between 0 and 4.
    """
    return (2 - 2 * (prediction * key.detach()).sum(-1)).mean()
