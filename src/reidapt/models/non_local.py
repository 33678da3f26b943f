"""Non-local block: every place of a feature map looks at all others (Wang et al. 2018, "Non-local Neural Networks")."""

from __future__ import annotations

from torch import Tensor, nn


class NonLocal(nn.Module):
    """x + BN(W · attention(x)), the embedded Gaussian form; BN starts at 0, so that a new block changes nothing.

    Args:
        channels: C of the maps (B, C, h, w).
        inner: channels of the embeddings; by default half of C.
    """

    def __init__(self, channels: int, inner: int | None = None) -> None:
        super().__init__()
        inner = inner or max(1, channels // 2)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, inner, 1)
        self.out = nn.Sequential(nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels))
        nn.init.zeros_(self.out[1].weight)  # type: ignore[arg-type]

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) → (B, C, h, w)."""
        query, key, value = (part(maps).flatten(2) for part in (self.query, self.key, self.value))  # (B, inner, h·w)
        attention = (query.transpose(1, 2) @ key).float().softmax(dim=2).to(value.dtype)  # rows: places that look
        seen = (value @ attention.transpose(1, 2)).unflatten(2, maps.shape[2:])
        return maps + self.out(seen)
