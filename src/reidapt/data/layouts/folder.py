"""A dataset folder being written: pictures linked, copied or encoded anew, and lists; whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reidapt.data.layouts.crops import Crop
from reidapt.errors import DataError

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP"}
"""Picture formats by the ending that a layout demands."""


class Folder:
    """Files of a dataset under construction. `how` is "link" (hard links, copies where impossible) or "copy"."""

    def __init__(self, root: Path, how: str = "link", masks: bool = True) -> None:
        self.root, self.how, self.masks = root, how, masks
        self.written: list[tuple[str, Crop]] = []
        self._folders: set[Path] = set()

    def place(self, relative: str) -> Path:
        """The path of a file to write, its folders made."""
        path = self.root / relative
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path

    def picture(self, crop: Crop, relative: str) -> str:
        """Write a crop's picture there, encoded anew only where the ending asks for another format; its mask goes to
        `masks/`, with the same name ending in `.png`. Returns `relative`."""
        self._file(crop.path, relative)
        if crop.mask and self.masks:
            self._file(crop.mask, f"masks/{os.path.splitext(relative)[0]}.png", mask=True)
        self.written.append((relative, crop))
        return relative

    def _file(self, source: str, relative: str, mask: bool = False) -> None:
        target = self.place(relative)
        if os.path.lexists(target):
            raise DataError(f"two crops of the table would both be written to {relative}, the second is {source}.")
        wanted = FORMATS[os.path.splitext(relative)[1]]
        if FORMATS.get(os.path.splitext(source)[1].lower()) == wanted:
            if self.how == "link":
                try:
                    os.link(os.path.realpath(source), target)
                    return
                except OSError:  # another file system, a file that does not exist
                    pass
            try:
                shutil.copyfile(source, target)
            except OSError as error:
                raise DataError(f"{source} cannot be copied to {relative}: {error.strerror}.") from None
            return
        self._encode(source, target, wanted, mask)

    def _encode(self, source: str, target: Path, wanted: str, mask: bool) -> None:
        from PIL import Image

        from reidapt.data.pictures import decode, decode_mask

        options: dict[str, Any] = {"quality": 95, "subsampling": 0} if wanted == "JPEG" else {}
        Image.fromarray(decode_mask(source) if mask else decode(source)).save(target, wanted, **options)

    def lines(self, relative: str, lines: Iterable[str]) -> None:
        """A text file (UTF-8), every line ended by a newline."""
        self.place(relative).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")

    def json(self, relative: str, value: Any) -> None:
        """A JSON file."""
        self.place(relative).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")

    def mat(self, relative: str, variables: Mapping[str, Any]) -> None:
        """A MATLAB version 5 file (`scipy.io.loadmat`), without the date of its making."""
        from reidapt.data.layouts.matlab import write_v5

        write_v5(self.place(relative), variables)

    def record(self) -> None:
        """`crops.csv`: a line per picture with its path and all that the table knows of it."""
        known = [name for name in Crop.__dataclass_fields__ if name not in ("row", "path", "facts", "mask")]
        facts = sorted({name for _, crop in self.written for name in crop.facts})
        with self.place("crops.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["path", *known, "mask", *facts])
            for path, crop in sorted(self.written, key=lambda pair: pair[0]):
                mask = f"masks/{os.path.splitext(path)[0]}.png" if crop.mask and self.masks else ""
                writer.writerow(
                    [path, *(getattr(crop, k) for k in known), mask, *(crop.facts.get(f, "") for f in facts)]
                )


@contextmanager
def under_construction(out: Path) -> Iterator[Path]:
    """A temporary sibling of `out` that takes its place when the block ends, and disappears when it fails.

    Raises:
        DataError: `out` is a file or a folder that is not empty, or cannot be written.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())) or out.is_symlink():
        raise DataError(f"{out} is in use; name a folder that does not exist or is empty.")
    temporary = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if out.is_dir():
            out.rmdir()
        temporary.rename(out)
    except OSError as error:
        raise DataError(f"{out} cannot be written: {error.strerror or error}. Nothing was left there.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
