"""Identity mapping: a generator into a domain should leave pictures of that domain as they are (Taigman et al. 2017)."""

from __future__ import annotations

from torch import Tensor

from reidapt.losses.precision import float32


@float32
def identity_mapping(generated: Tensor, pictures: Tensor) -> Tensor:
    r"""Mean absolute difference, :math:`\|G(y) - y\|_1` (Zhu et al. 2017, §5.2).

    Args:
        generated: G(y), (B, 3, H, W).
        pictures: y, (B, 3, H, W).
    """
    return (generated - pictures).abs().mean()
