"""The crop store: a table's pictures as uint8 tensors of one size, kept in memory as far as a limit allows."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reidapt.data.augment import GREY
from reidapt.data.files import Progress, in_threads
from reidapt.data.pictures import decode, decode_mask
from reidapt.data.streamed import streams_in
from reidapt.data.table import CropTable
from reidapt.errors import DataError

log = logging.getLogger(__name__)

GIB = 1 << 30


class CropStore:
    """Pictures of a table, decoded and resized once and kept; rows beyond the limit are decoded each time.

    Rows of a streamed world are drawn each time, other pictures in every epoch (`set_epoch`).

    Args:
        table: whose pictures.
        size: (H, W) in pixels.
        cache_bytes: memory for decoded pictures; never more than half of what the machine has free. Rows are kept from
            the first on; 0 keeps none.
        threads: for decoding; None is one per core, at most 8.
        progress: called with (done, total) while pictures are decoded here.

    Raises:
        DataError: an unreadable picture among those kept, by its name; one beyond the limit raises when asked for.
    """

    def __init__(
        self,
        table: CropTable,
        size: tuple[int, int] = (256, 128),
        cache_bytes: int = 8 * GIB,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        if len(size) != 2 or min(size) < 1:
            raise DataError(f"pictures of size {size} are not possible; expected (height, width) in pixels.")
        self.table = table
        self.size = (int(size[0]), int(size[1]))
        self.threads = threads or min(8, os.cpu_count() or 1)
        self._paths: list[str] = table.paths.tolist()
        self._masks: list[str] = table.column("mask").tolist()
        self._pool: ThreadPoolExecutor | None = None
        budget = min(cache_bytes, available_memory() // 2)
        rows = min(len(table), max(0, budget) // (3 * self.size[0] * self.size[1]))
        if rows < len(table) and cache_bytes > 0:
            log.info(
                "%s: %d of %d pictures are kept in memory, the rest is decoded per batch", table.name, rows, len(self)
            )
        self._cache = torch.empty((rows, 3, *self.size), dtype=torch.uint8)
        self._streams = streams_in(self._paths, self.size)
        self._files = torch.ones(len(table), dtype=torch.bool)  # rows that are decoded
        for part in self._streams:
            self._files &= part.number < 0

        def keep(row: int) -> None:
            self._cache[row] = self._picture(row)

        in_threads(keep, self._files[:rows].nonzero()[:, 0].tolist(), self.threads, progress)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return f"CropStore({self.table!r}, size={self.size}, in memory: {len(self._cache)})"

    def set_epoch(self, epoch: int) -> None:
        """Other pictures of the streamed worlds among the rows: those of `epoch`, from 0. Files stay what they are."""
        for part in self._streams:
            part.stream.set_epoch(epoch)

    def images(self, indices: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """Pictures of these rows (B,), a new uint8 tensor (B, 3, H, W) in 0..255 on the CPU."""
        rows = self._rows(indices)
        inside = (rows < len(self._cache)) & self._files[rows]
        if inside.all():
            return self._cache.index_select(0, rows)
        result = torch.empty((len(rows), 3, *self.size), dtype=torch.uint8)
        result[inside] = self._cache.index_select(0, rows[inside])
        self._decode(result, rows, (~inside & self._files[rows]).nonzero()[:, 0].tolist(), self._picture)
        for part in self._streams:
            part.fill(result, rows, "images")
        return result

    def masks(self, indices: Sequence[int] | np.ndarray | Tensor, missing: int | None = None) -> Tensor:
        """Person masks of these rows (B,), a new uint8 tensor (B, 1, H, W) in 0..255, resized as the pictures are.

        Args:
            missing: the value of every pixel where a row has no mask; None makes that a `DataError`.
        """
        rows = self._rows(indices)
        without = [row for row in rows.tolist() if not self._masks[row]]
        if without and missing is None:
            raise DataError(
                f"{len(without)} of {len(rows)} crops of {self.table.name!r} have no mask, first "
                f"{self._paths[without[0]]}; give masks in the table's 'mask' column or use a method without them."
            )
        result = torch.full((len(rows), 1, *self.size), missing or 0, dtype=torch.uint8)
        decoded = [i for i, row in enumerate(rows.tolist()) if self._masks[row] and self._files[row]]
        self._decode(result, rows, decoded, self._mask)
        for part in self._streams:
            part.fill(result, rows, "masks")
        return result

    def _rows(self, indices: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        rows = torch.as_tensor(np.asarray(indices), dtype=torch.int64).reshape(-1)
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(self):
            raise DataError(
                f"rows {int(rows.min())}..{int(rows.max())} were asked for; there are rows 0..{len(self) - 1}."
            )
        return rows

    def _picture(self, row: int) -> Tensor:
        return torch.from_numpy(decode(self._paths[row], self.size).copy()).permute(2, 0, 1)

    def _mask(self, row: int) -> Tensor:
        return torch.from_numpy(decode_mask(self._masks[row], self.size).copy())[None]

    def _decode(self, into: Tensor, rows: Tensor, places: list[int], load: Callable[[int], Tensor]) -> None:
        memory = into.numpy()  # threads have no inference mode: they could not write to a tensor made in it

        def one(place: int) -> None:
            memory[place] = load(int(rows[place])).numpy()

        if self._pool is None and len(places) > 1:
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="reidapt-decode")
        for _ in (map if self._pool is None else self._pool.map)(one, places):
            pass

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_pool": None}


class GreyPictures:
    """A store's pictures as a network that has seen grey alone is shown them: their luma in all three channels.

    Args:
        store: anything with `images(indices)`.
    """

    def __init__(self, store: Any) -> None:
        self.store = store

    def __len__(self) -> int:
        return len(self.store)

    def images(self, indices: Tensor) -> Tensor:
        """uint8 (B, 3, H, W)."""
        pictures = self.store.images(indices)
        share = torch.tensor(GREY).view(3, 1, 1)
        return (pictures * share).sum(-3, keepdim=True).round().to(torch.uint8).expand_as(pictures)


def available_memory() -> int:
    """Bytes that can be taken without swapping, within the container's limit where there is one."""
    free = [int(os.sysconf("SC_AVPHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))] if hasattr(os, "sysconf") else []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")] or free
    except OSError:
        pass
    try:
        control = Path("/sys/fs/cgroup")
        limit, used = (control / "memory.max").read_text().strip(), (control / "memory.current").read_text()
        if limit != "max":
            free.append(max(0, int(limit) - int(used)))
    except (OSError, ValueError):
        pass
    return min(free, default=GIB)
