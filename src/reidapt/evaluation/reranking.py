"""k-reciprocal re-ranking (Zhong et al., CVPR 2017) as a sparse addition to the cosine of each pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional

from reidapt.errors import ConfigError
from reidapt.similarity.neighbours import inverse_norms
from reidapt.similarity.reciprocal import pairwise_jaccard, reciprocal_weights


@dataclass(frozen=True)
class Reranking:
    """Options of k-reciprocal re-ranking; the defaults are the authors'."""

    k1: int = 20
    """Neighbours that make up a neighbourhood, the picture itself not counted."""
    k2: int = 6
    """Neighbours over which neighbourhoods are averaged, the picture itself counted."""
    weight: float = 0.3
    """Share λ of the original distance in the final one, in [0, 1]; the rest is the Jaccard distance."""

    def __post_init__(self) -> None:
        if self.k1 < 1 or self.k2 < 1 or not 0 <= self.weight <= 1:
            raise ConfigError(
                f"re-ranking with k1 = {self.k1}, k2 = {self.k2}, λ = {self.weight} isn't possible; expected at least "
                "1 neighbour for each and λ in [0, 1] (the authors: 20, 6, 0.3)."
            )

    def text(self) -> str:
        """How the result names it."""
        return f"k-reciprocal, k1 {self.k1}, k2 {self.k2}, λ {self.weight:g}"


@dataclass(frozen=True)
class Bonus:
    """What re-ranking adds to the scores of pairs that share a neighbour, (Q, G) sparse."""

    pairs: sparse.csr_array

    def add_to(self, scores: np.ndarray, query: int) -> None:
        """Add to the scores (G,) of one query, in place."""
        entries = slice(self.pairs.indptr[query], self.pairs.indptr[query + 1])
        scores[self.pairs.indices[entries]] += self.pairs.data[entries]

    def add_to_block(self, scores: Tensor, start: int) -> None:
        """Add to the scores (B, G) of queries `start`..., in place."""
        part = self.pairs[start : start + len(scores)].tocoo()
        row, column, value = (torch.from_numpy(a).to(scores.device) for a in (part.row, part.col, part.data))
        scores.index_put_((row.long(), column.long()), value, accumulate=True)


def rerank(query: Tensor, gallery: Tensor, options: Reranking) -> tuple[np.ndarray, Bonus]:
    """Re-rank (Q, D) queries over a (G, D) gallery.

    With d² = |x_i - x_j|² of the unit features over query and gallery together, divided by its largest value m_i in the
    row of i, and J the Jaccard distance of the neighbourhoods weighted by exp(-d²), the final distance is
    (1 - λ) J + λ d². Nearly every J is 1, so its negative is, up to a constant of the row,
    (2λ / m_i) cos + (1 - λ)(1 - J) with a sparse second term.

    Returns:
        2λ / m_i (Q,) float32, and the second term as a Bonus.
    """
    inverse_norms(query, "query features")
    inverse_norms(gallery, "gallery features")
    features = functional.normalize(torch.cat([query.float(), gallery.float()]), dim=1)
    half = int(np.around(options.k1 / 2)) + 1
    weights, furthest = reciprocal_weights(features, options.k1 + 1, half, options.k2, scaled=True)
    queries = len(query)
    distance = pairwise_jaccard(weights[:queries], other=weights[queries:])
    distance.data = (1 - options.weight) * (1 - distance.data)
    return (2 * options.weight / furthest[:queries]).astype(np.float32), Bonus(distance)
