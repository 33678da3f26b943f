"""Packed folders: `packed:DIR`, pictures that were decoded once and need no decoding any more (see `reidapt.data.packed`)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reidapt.data.table import CropTable
from reidapt.data.virtual import MASKS, PICTURES, TABLE, Packed, map_rows, read_index
from reidapt.errors import DataError


def read(folder: Path) -> CropTable:
    """The table of a packed folder; its pictures are rows of `pictures.u8`, wherever the originals are now.

    Raises:
        DataError: a folder that `pack` did not write or that is damaged.
    """
    index = read_index(folder)
    frame = rows_of(folder, index)
    map_rows(folder / PICTURES, (*index.shape, 3))
    if index.masks:
        map_rows(folder / MASKS, index.shape)
    paths = [f"{folder / PICTURES}#{row}" for row in range(len(frame))]
    masks = [f"{folder / MASKS}#{row}" if index.masks else "" for row in range(len(frame))]
    return CropTable(frame.assign(path=paths, mask=masks), index.name, folder)


def rows_of(folder: Path, index: Packed) -> pd.DataFrame:
    """The rows of the table that was packed."""
    try:
        frame = pd.read_csv(folder / TABLE, low_memory=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / TABLE} cannot be read ({error}); pack the pictures again.") from error
    if len(frame) != index.shape[0]:
        raise DataError(f"{folder / TABLE} has {len(frame)} rows for {index.shape[0]} pictures; pack them again.")
    return frame
