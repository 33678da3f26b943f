"""Pictures that are no files of their own: a row of a packed file (`DIR/pictures.u8#3`) or of a streamed world.

Both stand in the table's `path` and `mask` like any other picture, so that selecting, joining, converting and checking
need not know of them. A streamed world's pictures change with the epoch; `CropStore` draws these, and what asks for one by
its path gets that of epoch 0.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from reidapt.errors import DataError

PACKED = re.compile(r"^(?P<file>.*\.u8)#(?P<row>\d+)$", re.DOTALL)
STREAM = "/stream:"
"""Beginning of the path of a streamed picture; the stream's spec and `#ROW` follow."""
PICTURES, MASKS, TABLE, INDEX = "pictures.u8", "masks.u8", "table.csv", "packed.json"
"""Files of a packed folder."""
FORMAT = 2
"""Of a packed folder; 1 had the channels last."""


@dataclass(frozen=True)
class Packed:
    """What `packed.json` says.

    Attributes:
        shape: (N, H, W).
        name: of the table that was packed.
        root: its folder.
        masks: whether there are any.
    """

    shape: tuple[int, int, int]
    name: str
    root: str
    masks: bool


def read_index(folder: Path) -> Packed:
    """What a packed folder holds; raises `DataError` where `pack` did not write it."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        count, height, width = (int(side) for side in index["shape"])
        if index["format"] != FORMAT:
            raise DataError(f"{folder} has the packed format {index['format']}, expected {FORMAT}; pack it again.")
        return Packed((count, height, width), str(index["name"]), str(index["root"]), bool(index["masks"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder} is no folder of packed pictures ({error}); write one with 'reidapt data pack'."
        ) from error


def map_rows(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A packed file, mapped into memory; raises `DataError` where its size is not that of `shape`."""
    expected, found = int(np.prod(shape)), file.stat().st_size if file.exists() else -1
    if found != expected:
        raise DataError(f"{file} has {max(found, 0)} bytes, expected {expected}; pack the pictures again.")
    return np.memmap(file, np.uint8, "r", shape=shape)


@lru_cache(maxsize=16)
def _rows(file: str, changed: int) -> np.ndarray:
    path = Path(file)
    count, height, width = read_index(path.parent).shape
    return map_rows(path, (count, 3, height, width) if path.stem == "pictures" else (count, height, width))


def is_virtual(path: str) -> bool:
    """Whether a path of the table names no file of its own."""
    return "#" in path and (path.startswith(STREAM) or PACKED.match(path) is not None)


def is_streamed(path: str) -> bool:
    """Whether the picture is drawn, another one in every epoch."""
    return path.startswith(STREAM)


def file_of(path: str) -> str | None:
    """The file that holds a picture; None where it is drawn."""
    if is_streamed(path):
        return None
    found = PACKED.match(path)
    return found["file"] if found else path


def virtual_picture(path: str, size: tuple[int, int] | None, mask: bool = False) -> np.ndarray:
    """RGB (H, W, 3) or mask (H, W) uint8 of a virtual path; a packed one has the size it was packed in.

    Raises:
        DataError: the packed folder is damaged, or has no such row.
    """
    if is_streamed(path):
        from reidapt.data.streamed import split_path, stream_of

        spec, row = split_path(path)
        pair = stream_of(spec, size or (128, 64)).draw([row])
        return pair[1][0, 0].numpy() if mask else pair[0][0].permute(1, 2, 0).numpy()
    found = PACKED.match(path)
    assert found is not None
    try:
        rows = _rows(found["file"], Path(found["file"]).stat().st_mtime_ns)
    except OSError as error:
        raise DataError(f"the packed file {found['file']} cannot be read: {error.strerror}.") from None
    if int(found["row"]) >= len(rows):
        raise DataError(f"{path}: there are rows 0..{len(rows) - 1}; pack the pictures again.")
    picture = np.asarray(rows[int(found["row"])])
    return picture.transpose(1, 2, 0) if picture.ndim == 3 else picture


def virtual_digest(path: str) -> str:
    """SHA-256 of a packed picture's bytes; of a streamed one's spec, row and the version that draws it."""
    if is_streamed(path):
        from reidapt import __version__

        return hashlib.sha256(f"{path} {__version__}".encode()).hexdigest()
    return hashlib.sha256(virtual_picture(path, None).tobytes()).hexdigest()
