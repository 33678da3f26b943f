"""Embeddings of pictures of several cameras, each camera normalised by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reidapt import processes
from reidapt.evaluation.embedding import PictureStore, embed, module_device, normalised
from reidapt.models.statistics import batch_norms, estimate_statistics, kept_statistics

STATISTICS_PICTURES = 512
"""Pictures of a group from which its statistics are estimated, at most."""

SMALLEST_GROUP = 32
"""Groups with fewer pictures keep the network's own statistics: the variance of a few pictures says little."""

ESTIMATION_BATCH = 128
"""Pictures normalised together while statistics are estimated."""


class Rows:
    """Some rows of a store, as a store."""

    def __init__(self, store: PictureStore, rows: np.ndarray) -> None:
        self.store, self.rows = store, torch.from_numpy(np.asarray(rows, np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def images(self, indices: Tensor) -> Tensor:
        """uint8 (B, 3, H, W)."""
        return self.store.images(self.rows[indices])


def embed_by_group(
    network: Any, store: PictureStore, groups: np.ndarray, seed: int = 0, bf16: bool = False, **options: Any
) -> Tensor:
    """As `embed`, but every group of pictures is normalised by BatchNorm statistics of its own; processes share the work.

    Camera-based batch normalisation (Zhuang et al., ECCV 2020): what a camera does to all its pictures, its colours and
    its light, shifts the statistics of every layer; with the camera's own statistics the embeddings of different cameras
    become comparable. No label is needed, only which camera a picture is from.

    Args:
        network: a `ReidNet`; its statistics are afterwards what they were.
        store: the pictures.
        groups: int (N,), e.g. cameras; pictures of a group below 0 (unknown), or of one with fewer than 32 pictures,
            are normalised by the network's own statistics.
        seed: of the choice of pictures from which a group's statistics are estimated (at most 512).
        bf16, options: of `embed`.

    Returns:
        (N, D) float32 on the CPU, rows of length 1.
    """
    values, counts = np.unique(groups, return_counts=True)
    large = values[(values >= 0) & (counts >= SMALLEST_GROUP)] if batch_norms(network) else values[:0]
    device = module_device(network)
    features = torch.zeros(len(groups), network.dim)
    rest = np.flatnonzero(~np.isin(groups, large))
    with kept_statistics(network):
        for rows in (rest, *(np.flatnonzero(groups == group) for group in large)):
            if len(rows) == 0:
                continue
            if rows is not rest:
                with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                    estimate_statistics(network, _sample(store, rows, seed, device))
            mine = rows[processes.own(len(rows))]
            if len(mine):
                features[torch.from_numpy(mine)] = embed(network, Rows(store, mine), bf16=bf16, **options)
    return processes.summed(features.to(device)).cpu()


def _sample(store: PictureStore, rows: np.ndarray, seed: int, device: torch.device) -> Iterator[Tensor]:
    """Equal batches of a random choice of these rows, normalised: (B, 3, H, W), or clips (B, T, 3, H, W)."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[:STATISTICS_PICTURES]
    for part in order.tensor_split(-(-len(order) // ESTIMATION_BATCH)):
        pictures = store.images(torch.from_numpy(rows)[part[processes.own(len(part))]])
        yield normalised(pictures).to(device)
