"""Domain classifiers of frames, clips and combined clips, which features learn to leave behind by gradient reversal.

Source: Chen et al. 2020, "Action Segmentation with Joint Self-Supervised Temporal Domain Adaptation" (SSTDA); Ganin and
Lempitsky 2015 (gradient reversal).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.losses.domain import combined_clips, domain_loss, draw_orders, order_labels, reverse


class ClipDomains(nn.Module):
    """Three classifiers and their losses; β is the strength with which the gradient is reversed for the features.

    Args:
        dim: D of the features.
        hidden: units of each classifier's hidden layer.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.frame = classifier(dim, hidden, 1)
        self.clip = classifier(dim, hidden, 1)
        self.combined = classifier(4 * dim, hidden, 6)

    def frame_loss(self, source: Tensor, target: Tensor, beta: float) -> Tensor:
        """L^S_frame: which domain a frame's feature (B, T, D) is from."""
        return domain_loss(*(self.frame(reverse(frames.flatten(0, 1), beta)) for frames in (source, target)))

    def clip_loss(self, source: Tensor, target: Tensor, beta: float) -> Tensor:
        """L^S_clip: which domain a clip's feature (B, D) is from."""
        return domain_loss(*(self.clip(reverse(clips, beta)) for clips in (source, target)))

    def combined_loss(self, source: Tensor, target: Tensor, beta: float, draws: torch.Generator) -> Tensor:
        """L^S_combined: in which of 6 orders the halves (B, 2, D) of a source and a target clip follow each other."""
        permutation = draw_orders(len(source), draws).to(source.device)
        logits = self.combined(reverse(combined_clips(source, target, permutation), beta))
        return F.cross_entropy(logits.float(), order_labels(permutation))


def classifier(dim: int, hidden: int, classes: int) -> nn.Module:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, classes))
