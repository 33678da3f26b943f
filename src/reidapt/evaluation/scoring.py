"""Blocks of scores between queries and gallery, larger meaning closer, in float32 and bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.reranking import Bonus, Reranking, rerank
from reidapt.similarity.neighbours import Features, as_features, full_float32, inverse_norms, squared_norms

Metric = Literal["cosine", "euclidean"]
BLOCK_BYTES = 96 << 20
"""Size of a block of scores over the whole gallery: so many queries at once that the product is nearly as fast as that
of all of them."""
FEW_QUERIES = 128
"""Where fewer queries than this fit a block over the whole gallery, the gallery is cut into tiles instead."""
GROUP_BYTES = 16 << 20
"""Size of the query features that meet one tile of the gallery."""
TILE_BYTES = 48 << 20
"""Size of a tile of scores."""
PART_BYTES = 16 << 20
"""Size of the float32 copy of gallery features that are stored as something else."""


class Scorer:
    """Scores of every query against every gallery picture, a block of queries at a time.

    Blocks hold the products q·g of the (for cosine, normalised) queries with the raw gallery; `finish` turns them into
    cosines, or into q·g - |g|²/2, which orders pictures as the Euclidean distance does. So no normalised copy of the
    gallery is needed.
    """

    def __init__(
        self,
        query: Features,
        gallery: Features,
        metric: Metric = "cosine",
        chunk: int | None = None,
        reranking: Reranking | None = None,
    ) -> None:
        if metric not in ("cosine", "euclidean"):
            raise ConfigError(f"metric is {metric!r}; expected 'cosine' or 'euclidean'.")
        self.metric = metric
        self.query, self.gallery = as_features(query, "query features"), as_features(gallery, "gallery features")
        if self.query.shape[1] != self.gallery.shape[1] or self.query.device != self.gallery.device:
            raise DataError(
                f"query features have shape {tuple(self.query.shape)} on {self.query.device}, gallery features "
                f"{tuple(self.gallery.shape)} on {self.gallery.device}; expected the same number of columns and one "
                "device."
            )
        self.queries, self.pictures = len(self.query), len(self.gallery)
        self.device = self.gallery.device
        if metric == "cosine":
            self.query_factor = inverse_norms(self.query, "query features")
            self.gallery_term = inverse_norms(self.gallery, "gallery features")
        else:
            self.query_factor = squared_norms(self.query, "query features")
            self.gallery_term = squared_norms(self.gallery, "gallery features") / 2
        self.bonus: Bonus | None = None
        if reranking is not None:
            if metric != "cosine":
                raise ConfigError(f"re-ranking needs the cosine metric, not {metric!r}: it works on unit features.")
            share, self.bonus = rerank(self.query, self.gallery, reranking)
            self.share = torch.from_numpy(share).to(self.device)
            self.constant = 1 - reranking.weight
            self.query_factor = self.query_factor * self.share
        self.rows = chunk or max(1, min(self.queries, BLOCK_BYTES // (4 * max(1, self.pictures))))
        self.tiled = chunk is None and self.bonus is None and self.rows < min(self.queries, FEW_QUERIES)
        """Whether the gallery is so large that reading it for each block of queries would take longer than the rest."""

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Yield (first query, products (B, G) float32). The memory of a block is used again for the next one."""
        buffer = torch.empty(min(self.rows, self.queries), self.pictures, device=self.device)
        for start in range(0, self.queries, self.rows):
            rows = self.query[start : start + self.rows].float()
            if self.metric == "cosine":
                rows = rows * self.query_factor[start : start + self.rows, None]
            block = buffer[: len(rows)]
            self._multiply(rows, 0, block)
            yield start, block

    def groups(self) -> Iterator[tuple[int, int]]:
        """Stretches (first query, end) whose features take at most GROUP_BYTES."""
        size = max(1, GROUP_BYTES // (4 * max(1, self.query.shape[1])))
        for start in range(0, self.queries, size):
            yield start, min(start + size, self.queries)

    def tiles(self, q0: int, q1: int, holding: np.ndarray | None = None) -> Iterator[tuple[int, Tensor]]:
        """Yield (first picture, scores (q1 - q0, T)) of queries q0..q1 over the whole gallery, or where it is `holding`.

        Scores are finished. The memory of a tile is used again for the next one.
        """
        rows = self.query[q0:q1].float()
        if self.metric == "cosine":
            rows = rows * self.query_factor[q0:q1, None]
        size = min(self.pictures, max(1, TILE_BYTES // (4 * len(rows))))
        buffer = torch.empty(len(rows) * size, device=self.device)
        wanted = range(-(-self.pictures // size)) if holding is None else np.unique(holding // size).tolist()
        for number in wanted:
            first = number * size
            width = min(size, self.pictures - first)
            block = buffer[: len(rows) * width].view(len(rows), width)
            self._multiply(rows, first, block)
            term = self.gallery_term[first : first + size]
            yield first, block.mul_(term) if self.metric == "cosine" else block.sub_(term)

    def _multiply(self, rows: Tensor, first: int, block: Tensor) -> None:
        """Products of `rows` (B, D) with the gallery pictures from `first` on into `block` (B, T)."""
        gallery = self.gallery[first : first + block.shape[1]]
        size = max(1, len(gallery))
        if gallery.dtype != torch.float32:
            size = max(1, PART_BYTES // (4 * max(1, gallery.shape[1])))
        with full_float32():
            for start in range(0, len(gallery), size):
                part = gallery[start : start + size].float()
                torch.mm(rows, part.T, out=block[:, start : start + size])

    @property
    def combine(self) -> np.ufunc:
        """What `finish` does with products and `gallery_term`, for NumPy."""
        return np.multiply if self.metric == "cosine" else np.subtract

    def finish(self, products: Tensor, start: int) -> Tensor:
        """Turn products (B, G) of the queries `start`... into scores, in place."""
        if self.metric == "cosine":
            products.mul_(self.gallery_term)
        else:
            products.sub_(self.gallery_term)
        if self.bonus is not None:
            self.bonus.add_to_block(products, start)
        return products

    def reported(self, scores: Tensor, query: Tensor) -> Tensor:
        """Scores (B, k) of the queries (B,) as people read them: cosine, or minus the Euclidean or re-ranked distance."""
        if self.bonus is not None:
            return scores - self.share[query][:, None] - self.constant
        if self.metric == "cosine":
            return scores
        return -(self.query_factor[query][:, None] - 2 * scores).clamp_min(0).sqrt()
