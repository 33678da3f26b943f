"""Packed pictures: a table's crops decoded once into one file that is mapped into memory, for loading without decoding."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reidapt.data.files import Progress, in_threads
from reidapt.data.pictures import decode, decode_mask
from reidapt.data.readers.packed import rows_of
from reidapt.data.store import CropStore
from reidapt.data.table import CropTable
from reidapt.data.virtual import FORMAT, INDEX, MASKS, PICTURES, TABLE, map_rows, read_index
from reidapt.errors import DataError


def pack(
    table: CropTable | str | os.PathLike[str],
    out: str | os.PathLike[str],
    size: tuple[int, int] = (256, 128),
    progress: Progress | None = None,
) -> Path:
    """Decode and resize all pictures of a table once; returns the folder `out`, which appears only when it is complete.

    Written are `pictures.u8` (N, 3, H, W) and, where every row has a mask, `masks.u8` (N, H, W), both plain bytes,
    `table.csv` and `packed.json`. `table` may also be a dataset spec such as `market1501:DIR`, or a world's folder.

    Raises:
        DataError: a picture that cannot be read, by its name, or a folder in use.
    """
    if not isinstance(table, CropTable):
        table = read_any(table)
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} already exists and is not empty; choose another folder or remove it first.")
    if len(size) != 2 or min(size) < 1 or len(table) == 0:
        raise DataError(
            f"{len(table)} pictures of size {size} cannot be packed; expected (height, width) and a picture."
        )
    paths, masks = table.paths.tolist(), table.column("mask").tolist()
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shape = (len(table), int(size[0]), int(size[1]))
    try:
        temporary.mkdir(parents=True)
        sides = (shape[0], 3, *shape[1:])
        fill(temporary / PICTURES, sides, lambda row: decode(paths[row], size).transpose(2, 0, 1), progress)
        if all(masks):
            fill(temporary / MASKS, shape, lambda row: decode_mask(masks[row], size), progress)
        table.frame.to_csv(temporary / TABLE, index=False)
        index = {"format": FORMAT, "name": table.name, "root": str(table.root), "shape": shape, "masks": all(masks)}
        (temporary / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.rename(folder)
    except OSError as error:
        raise DataError(
            f"the packed pictures cannot be written to {folder}: {error}. Nothing was left there."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def fill(
    path: Path, shape: tuple[int, ...], load: Callable[[int], np.ndarray], progress: Progress | None = None
) -> None:
    """Write a file of `shape` bytes whose row `k` is `load(k)`."""
    rows = np.memmap(path, np.uint8, "w+", shape=shape)

    def keep(row: int) -> None:
        rows[row] = load(row)

    in_threads(keep, range(shape[0]), progress=progress)
    rows.flush()


def read_any(place: str | os.PathLike[str]) -> CropTable:
    """The table of a dataset spec, or of a folder with a `crops.csv`."""
    from reidapt.data.spec import read

    told = Path(place) / "crops.csv"
    return read(f"csv:{told}") if told.is_file() else read(str(place))


def packed_store(
    table: CropTable, folder: str | os.PathLike[str], size: tuple[int, int], progress: Progress | None = None
) -> PackedStore:
    """The pictures of a table from a folder of packed tables: packed there by the first call, found by the following ones.

    A packed table is known by the table's fingerprint and the size, so that changed data is packed anew.
    """
    place = Path(folder) / f"{table.fingerprint()['sha256'][:16]}-{size[0]}x{size[1]}"
    if not (place / INDEX).exists():
        pack(table, place, size, progress)
    store = PackedStore(place)
    store.table = table  # as it was read, not as it came through a file
    return store


class PackedStore(CropStore):
    """The pictures of a packed folder, mapped into memory; `images` and `masks` are those of any `CropStore`.

    Args:
        folder: as `pack` wrote it.

    Raises:
        DataError: a folder that `pack` did not write or that is damaged.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        index = read_index(self.folder)
        count, height, width = index.shape
        self.table = CropTable(rows_of(self.folder, index), index.name, index.root)
        self.size = (height, width)
        self._pictures = map_rows(self.folder / PICTURES, (count, 3, height, width))
        self._covers = map_rows(self.folder / MASKS, index.shape) if index.masks else None

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"PackedStore({self.table!r}, size={self.size})"

    def set_epoch(self, epoch: int) -> None:
        """Packed pictures are the same in every epoch."""

    def images(self, indices: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """Pictures of these rows (B,), a new uint8 tensor (B, 3, H, W) in 0..255 on the CPU."""
        return torch.from_numpy(self._pictures[self._rows(indices).numpy()])

    def masks(self, indices: Sequence[int] | np.ndarray | Tensor, missing: int | None = None) -> Tensor:
        """Person masks of these rows (B,), a new uint8 tensor (B, 1, H, W); `missing` as of `CropStore.masks`."""
        rows = self._rows(indices).numpy()
        if self._covers is not None:
            return torch.from_numpy(self._covers[rows])[:, None]
        if missing is None:
            raise DataError(f"the packed pictures in {self.folder} have no masks; use a method without them.")
        return torch.full((len(rows), 1, *self.size), missing, dtype=torch.uint8)
