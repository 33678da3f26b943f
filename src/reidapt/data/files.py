"""Files on disk: sorted listings, which names are pictures, digests of their bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from reidapt.data.virtual import is_virtual, virtual_digest
from reidapt.errors import DataError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
CLUTTER = ("thumbs.db", "desktop.ini")  # what file managers leave behind; names with a leading dot as well

Progress = Callable[[int, int], None]
"""Called with (done, total) while something long goes on, always from the calling thread."""

T = TypeVar("T")
R = TypeVar("R")


def is_picture(name: str) -> bool:
    """True where the file name ends like a picture's."""
    return name.lower().endswith(PICTURES) and not name.startswith(".")


def is_clutter(name: str) -> bool:
    """True for files that mean nothing (Thumbs.db, .DS_Store, ...)."""
    return name.startswith(".") or name.lower() in CLUTTER


def listing(folder: Path) -> list[str]:
    """Sorted names in `folder`; raises `DataError` where it is missing, not readable or has a name that is no Unicode."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        raise DataError(f"there is no folder {folder}; check the path.") from None
    except NotADirectoryError:
        raise DataError(f"{folder} is a file, but a folder was expected.") from None
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}.") from None
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        odd = next(name for name in names if error.object[error.start] in name)
        raise DataError(f"{folder} holds {odd!r}, a name that is not valid Unicode; rename the file.") from None
    return names


def sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes; raises `DataError` naming a file that cannot be read."""
    if is_virtual(os.fspath(path)):
        return virtual_digest(os.fspath(path))
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def in_threads(
    function: Callable[[T], R], items: Sequence[T], threads: int | None = None, progress: Progress | None = None
) -> list[R]:
    """`[function(item) for item in items]` on a pool of threads, reporting progress in order."""
    results: list[R] = []
    with ThreadPoolExecutor(threads or min(8, os.cpu_count() or 1)) as pool:
        try:
            for result in pool.map(function, items):
                results.append(result)
                if progress is not None:
                    progress(len(results), len(items))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return results


def digests(paths: Sequence[str], threads: int | None = None, progress: Progress | None = None) -> list[str]:
    """SHA-256 of every file's bytes, in order; a path that occurs twice is read once."""
    unique = sorted(set(paths))
    known = dict(zip(unique, in_threads(sha256, unique, threads, progress)))
    return [known[path] for path in paths]
