"""The loader: batches of augmented pictures, the next one prepared in the background while this one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reidapt.data.augment import Augment
from reidapt.data.randomness import generator
from reidapt.data.store import CropStore
from reidapt.errors import DataError

Transform = Callable[[Tensor, torch.Generator], Tensor]
"""uint8 (B, 3, H, W) and a generator → float32 (B, 3, H, W), as `Augment`."""

Redraw = Callable[[Tensor, Tensor, torch.Generator], Tensor]
"""uint8 (B, 3, H, W), their rows int64 (B,) and a generator → uint8 (B, 3, H, W): other pictures of the same persons, who
stay where they are, so that masks still fit. A pure function of its arguments; runs in the background thread."""


@dataclass(frozen=True)
class Batch:
    """B crops; where several processes share a batch, `images`, `views` and `masks` hold this process's part of them.

    Attributes:
        images: float32 (B, 3, H, W) normalised; the first view.
        views: the same crops under each of the loader's augmentations, in order; `views[0]` is `images`.
        indices: int64 (B,), the crops' rows in the table.
        labels: int64 (B,) as given to the loader, or None.
        camera: int64 (B,), −1 where unknown.
        step: the number that, with seed and stream, decides the augmentation.
        masks: float32 (B, 1, H, W) in 0..1, mirrored and cropped like `images`, or None.
    """

    images: Tensor
    views: tuple[Tensor, ...]
    indices: Tensor
    labels: Tensor | None
    camera: Tensor
    step: int
    masks: Tensor | None = None


class Loader:
    """An iterable over batches; equal arguments give equal bits, with or without prefetching, from any position.

    `Loader(store, batches[k:], ..., start_step=s + k)` continues `Loader(store, batches, ..., start_step=s)` after k.

    Args:
        store: the pictures.
        batches: row indices per batch, as from `pk_batches` or `batches`.
        augment: one augmentation, or several for several views of the same crops.
        seed, stream: name the randomness; give source and target different streams.
        start_step: step number of the first batch.
        labels: int (N,), label of every row of the table; None gives batches without labels.
        prefetch: prepare the next batch in a background thread.
        part: which rows of a batch of B are this process's, a slice; None = all. Their pictures are those of the whole
            batch at these places, bit for bit; indices, labels and cameras remain those of the whole batch.
        masks: uint8 (N, 1, H, W) in 0..255, a mask of every row; they follow the pictures of the first view, whose
            augmentation must then be an `Augment`.
        redraw: changes pictures before they are augmented, all views of a crop alike; masks stay as they are.
    """

    def __init__(
        self,
        store: CropStore,
        batches: Sequence[np.ndarray],
        augment: Transform | Sequence[Transform],
        seed: int = 0,
        stream: str = "source",
        start_step: int = 0,
        labels: np.ndarray | None = None,
        prefetch: bool = True,
        masks: Tensor | None = None,
        part: Callable[[int], slice] | None = None,
        redraw: Redraw | None = None,
    ) -> None:
        if labels is not None and len(labels) != len(store):
            raise DataError(f"there are {len(labels)} labels for {len(store)} crops; give one label per crop.")
        self.store, self.batches, self.seed, self.stream = store, batches, seed, stream
        self.augments: tuple[Transform, ...] = (augment,) if callable(augment) else tuple(augment)
        self.start_step, self.prefetch, self.masks, self.redraw = start_step, prefetch, masks, redraw
        self.part = part or slice
        self._labels = None if labels is None else torch.tensor(np.asarray(labels), dtype=torch.int64)
        self._camera = torch.tensor(store.table.camera)

    def __len__(self) -> int:
        return len(self.batches)

    def batch(self, position: int) -> Batch:
        """The batch at a position, whatever was loaded before."""
        step = self.start_step + position
        rows = torch.as_tensor(np.asarray(self.batches[position]), dtype=torch.int64)
        own = self.part(len(rows))
        if self.redraw is None:
            images = self.store.images(rows[own])
        else:
            whole = self.store.images(rows)
            images = self.redraw(whole, rows, generator(self.seed, f"{self.stream}/redraw", step))[own]
        views = tuple(self._view(images, rows, step, view) for view in range(len(self.augments)))
        labels = None if self._labels is None else self._labels[rows]
        return Batch(views[0], views, rows, labels, self._camera[rows], step, self._moved_masks(rows, step))

    def _view(self, images: Tensor, rows: Tensor, step: int, view: int) -> Tensor:
        """The pictures of this process's part of a batch, augmented as they are within the whole batch."""
        augment, random = self.augments[view], generator(self.seed, f"{self.stream}/view{view}", step)
        if len(images) == len(rows):
            return augment(images, random)
        if isinstance(augment, Augment):
            draws = augment.draw(len(rows), images.shape[2], images.shape[3], random)
            return augment.apply(images, draws[self.part(len(rows))])
        return augment(self.store.images(rows), random)[self.part(len(rows))]

    def _moved_masks(self, rows: Tensor, step: int) -> Tensor | None:
        """The masks of these rows under the draws that the first view had."""
        if self.masks is None:
            return None
        augment, masks = self.augments[0], self.masks[rows]
        assert isinstance(augment, Augment), "only an Augment can move masks with their pictures"
        height, width = masks.shape[2:]
        draws = augment.draw(len(rows), height, width, generator(self.seed, f"{self.stream}/view0", step))
        own = self.part(len(rows))
        return augment.move(masks[own], draws[own]).float().div_(255)

    def __iter__(self) -> Iterator[Batch]:
        if not self.prefetch:
            yield from (self.batch(position) for position in range(len(self)))
            return
        with ThreadPoolExecutor(1, thread_name_prefix="reidapt-loader") as background:
            following: Future[Batch] | None = background.submit(self.batch, 0) if len(self) else None
            for position in range(len(self)):
                assert following is not None
                batch = following.result()
                following = background.submit(self.batch, position + 1) if position + 1 < len(self) else None
                yield batch
