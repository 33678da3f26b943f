"""Write pictures as a dataset in the Market-1501 layout, with masks and a ``crops.csv`` that says where each came from."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from torch import Tensor

from reidapt.errors import DataError, RunError

FOLDERS = {"train": "bounding_box_train", "val": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
QUALITY = 95
"""JPEG quality of the pictures."""


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes ``out`` at the end, or disappears if an error ends it.

    Raises:
        RunError: ``out`` exists and is not an empty folder, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"'{out}' already exists and is not empty; choose another folder or remove it first.")
    partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        partial.mkdir(parents=True)
        yield partial
        if out.exists():
            out.rmdir()
        partial.replace(out)
    except OSError as problem:
        raise RunError(
            f"'{out}' could not be written: {problem.strerror or problem}. Nothing was left there."
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def market_names(frame: pd.DataFrame, camera: int) -> list[str]:
    """One name per row, ``0002_c3s1_000451_03``: person, the camera given, sequence, frame and a number that makes it unique.

    Unknown sequences become 1, unknown frames the row's number.

    Raises:
        DataError: a camera or person that the layout cannot name.
    """
    if camera < 0:
        raise DataError(f"the camera {camera} cannot stand in a Market-1501 name; give a number of 0 or more.")
    taken: Counter[tuple[Any, ...]] = Counter()
    names = []
    for row, (person, sequence, number) in enumerate(zip(frame["person"], frame["sequence"], frame["frame"])):
        key = (int(person), max(1, int(sequence)), int(number) if number >= 0 else row)
        taken[key] += 1
        label = "-1" if key[0] < 0 else f"{key[0]:04d}"
        names.append(f"{label}_c{camera}s{key[1]}_{key[2]:06d}_{taken[key]:02d}")
    return names


class MarketWriter:
    """Writes rows one batch after the other; :meth:`close` writes the table.

    Args:
        folder: where; ``bounding_box_train``, ``query``, ``bounding_box_test`` and ``masks`` are made in it.
        frame: person, sequence, frame, split of every row, and further columns for ``crops.csv``.
        camera: the camera that all crops get.
    """

    def __init__(self, folder: Path, frame: pd.DataFrame, camera: int) -> None:
        self.folder, self.camera = folder, camera
        self.frame = frame.reset_index(drop=True)
        self.names = market_names(self.frame, camera)
        self.places = [FOLDERS[split] for split in self.frame["split"]]
        self.masks = [""] * len(self.frame)
        for place in sorted(set(FOLDERS.values())):
            (folder / place).mkdir()
            (folder / "masks" / place).mkdir(parents=True)

    def write(self, rows: np.ndarray, pictures: Tensor, masks: Tensor, known: np.ndarray) -> None:
        """Write pictures uint8 (B, 3, H, W) of these rows, and masks uint8 (B, 1, H, W) where ``known``, bool (B,)."""
        for place, row in enumerate(rows.tolist()):
            stem = f"{self.places[row]}/{self.names[row]}"
            picture = pictures[place].permute(1, 2, 0).contiguous().numpy()
            Image.fromarray(picture).save(self.folder / f"{stem}.jpg", quality=QUALITY)
            if known[place]:
                self.masks[row] = f"masks/{stem}.png"
                Image.fromarray(masks[place, 0].contiguous().numpy()).save(self.folder / self.masks[row])

    def close(self) -> None:
        """Write ``crops.csv``; its columns are those of the crops table, then where each crop came from."""
        known = {
            "path": [f"{place}/{name}.jpg" for place, name in zip(self.places, self.names)],
            "person": self.frame["person"],
            "camera": self.camera,
            "sequence": self.frame["sequence"].clip(lower=1),
            "frame": self.frame["frame"],
            "split": self.frame["split"],
            "mask": self.masks,
        }
        rest = self.frame.drop(columns=[c for c in known if c in self.frame])
        pd.concat([pd.DataFrame(known), rest], axis=1).to_csv(self.folder / "crops.csv", index=False)
