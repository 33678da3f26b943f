"""Domain classifier: a small perceptron that tells from a feature which of two domains a picture is from."""

from __future__ import annotations

from torch import Tensor, nn


class DomainClassifier(nn.Sequential):
    """in → 1024 → 1024 → 1, ReLU and dropout between (Long et al. 2018; the modality paper names no layers).

    Args:
        dim: of the features, (B, dim).
        width: of the hidden layers.
        dropout: probability in 0..1.
    """

    def __init__(self, dim: int, *, width: int = 1024, dropout: float = 0.5) -> None:
        layers: list[nn.Module] = []
        for before in (dim, width):
            layers += [nn.Linear(before, width), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(*layers, nn.Linear(width, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (B,); positive = the second domain."""
        return super().forward(features).flatten()
