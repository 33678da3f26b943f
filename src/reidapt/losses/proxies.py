"""Contrast between cameras: a feature is drawn to its cluster as the other cameras see it (CAP, Wang et al. 2021)."""

from __future__ import annotations

import torch
from torch import Tensor

from reidapt.losses.precision import float32


@float32
def inter_camera_contrast(
    features: Tensor,
    labels: Tensor,
    cameras: Tensor,
    proxies: Tensor,
    proxy_labels: Tensor,
    proxy_cameras: Tensor,
    temperature: float = 0.07,
    hardest: int = 50,
) -> Tensor:
    r"""Contrast of a feature with the proxies of its cluster in other cameras (Wang et al. 2021, "CAP", Eq. 6).

    A proxy is the mean feature of one cluster in one camera. With P the proxies of the feature's cluster in other
    cameras than its own and Q the ``hardest`` most similar proxies of other clusters,

    .. math:: -\frac1B \sum_b \frac1{|P|} \sum_{p \in P} \log
        \frac{\exp(f_b \cdot p / \tau)}{\sum_{u \in P} \exp(f_b \cdot u / \tau) + \sum_{q \in Q} \exp(f_b \cdot q / \tau)}

    Args:
        features: f, (B, D), L2-normalised.
        labels, cameras: int64 (B,), cluster and camera of each feature; a camera of -1 is unknown, and so no other camera.
        proxies: (M, D), L2-normalised; not differentiated.
        proxy_labels, proxy_cameras: int64 (M,), cluster and camera of each proxy.
        temperature: τ (the source: 0.07).
        hardest: |Q| (the source: 50); fewer where there are fewer.

    Returns:
        Mean over the features whose cluster other cameras see too; 0 (with a gradient of zero) if there is none.
    """
    logits = features @ proxies.detach().T / temperature
    same = labels[:, None] == proxy_labels[None, :]
    known = (cameras >= 0)[:, None] & (proxy_cameras >= 0)[None, :]
    positive = same & known & (cameras[:, None] != proxy_cameras[None, :])
    valid = positive.any(1)
    if not valid.any():
        return features.sum() * 0.0
    logits, positive, same = logits[valid], positive[valid], same[valid]
    negatives = logits.masked_fill(same, -torch.inf).topk(min(hardest, logits.shape[1]), dim=1).values
    below = torch.logsumexp(torch.cat([logits.masked_fill(~positive, -torch.inf), negatives], dim=1), dim=1)
    own = torch.where(positive, logits, 0.0).sum(1) / positive.sum(1)
    return (below - own).mean()
