"""Relation consistency: patches of the output relate to each other as those of the input do, with a contrast against
hard negatives (Jung, Kwon, Ye 2022, "Exploring Patch-wise Semantic Relation for Contrastive Learning in Image-to-Image
Translation Tasks")."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def relation_consistency(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    r"""Jensen-Shannon divergence between the relations of every patch to the others, in the output and in the input.

    .. math:: \frac1{BS} \sum_{bs} \mathrm{JS}(P_{bs} \,\|\, Q_{bs}), \quad
        P_{bs}(t) \propto \exp(k_{bs} \cdot k_{bt} / \tau),\ Q_{bs}(t) \propto \exp(q_{bs} \cdot q_{bt} / \tau),\ t \ne s

    Args:
        query: q, patches of the output (B, S, D), L2-normalised.
        key: k, patches of the input at the same places (B, S, D), L2-normalised; not differentiated.
        temperature: τ.

    Returns:
        Between 0 and log 2.
    """
    key = key.detach()
    log_p, log_q = (log_relations(patches, temperature) for patches in (key, query))
    log_m = torch.logaddexp(log_p, log_q) - torch.log(torch.tensor(2.0))
    p, q = log_p.exp(), log_q.exp()
    return 0.5 * (p * (log_p - log_m) + q * (log_q - log_m)).sum(-1).mean()


def log_relations(patches: Tensor, temperature: float) -> Tensor:
    """Log softmax of every patch's similarities to the others of its picture, (B, S, S − 1)."""
    similarity = torch.bmm(patches, patches.transpose(1, 2)) / temperature
    return F.log_softmax(others(similarity), dim=-1)


def others(square: Tensor) -> Tensor:
    """(B, S, S) without its diagonal: (B, S, S − 1)."""
    pictures, places, _ = square.shape
    flat = square.flatten(1)[:, 1:].view(pictures, places - 1, places + 1)
    return flat[:, :, :-1].reshape(pictures, places, places - 1)


@float32
def hard_contrast(query: Tensor, key: Tensor, temperature: float = 0.07, hardness: float = 1.0) -> Tensor:
    r"""Decoupled contrast in which a negative counts the more, the more its input patch resembles the query's.

    .. math:: -\frac1{BS} \sum_{bs} \log \frac{\exp(q_{bs} \cdot k_{bs} / \tau)}
        {(S-1) \sum_{t \ne s} w_{bst} \exp(q_{bs} \cdot k_{bt} / \tau)}, \quad
        w_{bst} \propto \exp(\gamma\, k_{bs} \cdot k_{bt}),\ \sum_t w_{bst} = 1

    Args:
        query: q, patches of the output (B, S, D), L2-normalised.
        key: k, patches of the input at the same places (B, S, D), L2-normalised; not differentiated.
        temperature: τ.
        hardness: γ; 0 weighs all negatives alike.

    Returns:
        May be negative, as the positive is not in the denominator.
    """
    key = key.detach()
    similarity = torch.bmm(query, key.transpose(1, 2)) / temperature
    positive = similarity.diagonal(dim1=1, dim2=2)
    log_weight = F.log_softmax(hardness * others(torch.bmm(key, key.transpose(1, 2))), dim=-1)
    negatives = torch.logsumexp(log_weight + others(similarity), dim=-1)
    return (negatives + torch.log(torch.tensor(query.shape[1] - 1.0)) - positive).mean()
