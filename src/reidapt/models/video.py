"""The video re-ID network: a re-ID network on frames, pooled over time before the neck."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from reidapt.models.embedder import ReidNet, ReidOutput
from reidapt.models.temporal import Pooling, temporal_pool


class VideoNet(ReidNet):
    """Backbone of any kind on every frame → f of a frame → pooling over time → f_t → BN → f_i → classifier.

    A picture is a clip of one frame, so that it also does whatever a :class:`ReidNet` does.

    Args:
        pooling: ``mean``, ``attention`` or ``convolution``.
        backbone, options: as of :class:`ReidNet`.
    """

    def __init__(self, backbone: str = "resnet50", *, pooling: Pooling = "mean", **options: Any) -> None:
        super().__init__(backbone, **options)
        self.temporal = temporal_pool(pooling, self.dim)

    def frame_features(self, clips: Tensor) -> Tensor:
        """Features of all frames, float32 (B, T, D), of normalised clips (B, T, 3, H, W)."""
        return self.features(clips.flatten(0, 1)).view(*clips.shape[:2], -1)

    def pool(self, frames: Tensor) -> Tensor:
        """f_t, float32 (B, D), of the frames' features (B, T, D)."""
        return self.temporal(frames).float()

    def forward(self, images: Tensor) -> ReidOutput:
        """Clips (B, T, 3, H, W), or pictures (B, 3, H, W)."""
        return self.head(self.pool(self.frame_features(as_clips(images))))

    def embed(self, images: Tensor) -> Tensor:
        """L2-normalised f_i, float32 (B, D), of clips (B, T, 3, H, W) or pictures (B, 3, H, W)."""
        return F.normalize(self.neck(self.pool(self.frame_features(as_clips(images)))).float(), dim=1)


def as_clips(images: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) as clips of one frame; clips (B, T, 3, H, W) as they are."""
    return images[:, None] if images.ndim == 4 else images
