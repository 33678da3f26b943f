"""PatchNCE: a patch of the output should tell its own patch of the input from the others (Park et al. 2020, CUT, Eq. 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def patch_nce(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    r"""Cross-entropy of finding the patch of the same place among those of the same picture.

    .. math:: -\frac1{BS} \sum_{bs} \log \frac{\exp(q_{bs} \cdot k_{bs} / \tau)}{\sum_t \exp(q_{bs} \cdot k_{bt} / \tau)}

    Args:
        query: q, patches of the output (B, S, D), L2-normalised.
        key: k, patches of the input at the same places (B, S, D), L2-normalised; not differentiated.
        temperature: τ.
    """
    pictures, places, _ = query.shape
    logits = torch.bmm(query, key.detach().transpose(1, 2)) / temperature
    own = torch.arange(places, device=query.device).repeat(pictures)
    return F.cross_entropy(logits.flatten(0, 1), own)
