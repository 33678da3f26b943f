"""Identity losses: cross-entropy with label smoothing, and contrast against cluster centroids."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float | Tensor = 0.1) -> Tensor:
    r"""Cross-entropy against the label mixed with the uniform distribution (Szegedy et al. 2016).

    .. math:: -\frac1B \sum_b \sum_k \Bigl((1-\varepsilon)[k = y_b] + \frac{\varepsilon}{K}\Bigr) \log p_{bk}

    Args:
        logits: (B, K).
        labels: int64 (B,), in 0..K-1.
        smoothing: ε in [0, 1), one for all or one per row (B,).
    """
    if isinstance(smoothing, Tensor):
        log_p = F.log_softmax(logits, dim=1)
        own = log_p.gather(1, labels[:, None])[:, 0]
        return -((1 - smoothing) * own + smoothing * log_p.mean(1)).mean()
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


@float32
def centroid_contrast(features: Tensor, labels: Tensor, centroids: Tensor, temperature: float = 0.05) -> Tensor:
    r"""Contrast of a feature with the centroids of all clusters (Dai et al. 2021, "Cluster Contrast", Eq. 1).

    .. math:: -\frac1B \sum_b \log \frac{\exp(f_b \cdot c_{y_b} / \tau)}{\sum_k \exp(f_b \cdot c_k / \tau)}

    Args:
        features: (B, D), L2-normalised.
        labels: int64 (B,), the cluster of each feature.
        centroids: (K, D), L2-normalised; not differentiated.
        temperature: τ.
    """
    return F.cross_entropy(features @ centroids.detach().T / temperature, labels)


@float32
def soft_contrast(
    features: Tensor,
    teacher: Tensor,
    centroids: Tensor,
    temperature: float = 0.05,
    teacher_temperature: float | None = None,
) -> Tensor:
    r"""Cross-entropy between the teacher's and the student's soft assignment to the centroids (Ge et al. 2020, Eq. 6).

    .. math:: -\frac1B \sum_b \sum_k q_{bk} \log p_{bk},
        \quad p_b = \mathrm{softmax}(f_b \cdot C / \tau),\ q_b = \mathrm{softmax}(g_b \cdot C / \tau_g)

    Its gradient is that of the Kullback-Leibler divergence of p from q, as the teacher's entropy is a constant.

    Args:
        features: f, the student's (B, D), L2-normalised.
        teacher: g, the teacher's (B, D), L2-normalised; not differentiated.
        centroids: C, (K, D), L2-normalised; not differentiated.
        temperature: τ.
        teacher_temperature: τ_g; None is τ.
    """
    centroids = centroids.detach()
    sharpness = temperature if teacher_temperature is None else teacher_temperature
    wanted = F.softmax(teacher.detach() @ centroids.T / sharpness, dim=1)
    return F.cross_entropy(features @ centroids.T / temperature, wanted)
