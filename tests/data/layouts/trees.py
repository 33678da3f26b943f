"""Tables of tiny pictures, shaped like the worlds that `plan` asks for, and what a written picture shows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from reidapt.data.table import CropTable


def write_noise(path: Path, seed: int, mode: str = "RGB") -> None:
    """A picture (16, 8) of noise, different for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (16, 8, 3) if mode == "RGB" else (16, 8)
    values = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(values).save(path)


def make_table(
    root: Path,
    *,
    people: int,
    cameras: int,
    pictures: int,
    train_fraction: float = 0.5,
    modalities: tuple[str, ...] = ("colour",),
    camera_modalities: tuple[str, ...] = (),
    simultaneous: bool = False,
    one_side: bool = False,
    tracklets: int = 0,
    frames: int = 1,
    outfits: int = 1,
    junk: int = 0,
    distractors: int = 0,
    masks: bool = True,
    ending: str = ".jpg",
) -> CropTable:
    """What `render_world` gives for these arguments, with noise for pictures (of any moment): test persons have a query per camera."""
    rows: list[dict[str, Any]] = []

    def add(person: int, camera: int, modality: str, split: str, number: int, tracklet: int, outfit: int) -> None:
        row = len(rows)
        path = root / "pictures" / f"{row:05d}{ending}"
        write_noise(path, row)
        mask = root / "masks" / f"{row:05d}.png"
        if masks:
            write_noise(mask, 100_000 + row, "L")
        sequence = 1 + person % 3
        facts = {"sequence": sequence, "frame": 40 * camera + 7 * number + person, "tracklet": tracklet}
        facts |= {"modality": modality, "mask": str(mask) if masks else "", "split": split, "outfit": outfit}
        rows.append({"path": str(path), "person": person, "camera": camera, **facts, "yaw": 37 * row % 360})

    train = round(people * train_fraction)
    for person in range(1, people + 1):
        for camera in range(1, cameras + 1):
            for modality in camera_modalities[camera - 1 : camera] or modalities:
                for group in range(max(1, tracklets)):
                    for k in range(frames if tracklets else pictures):
                        test = "query" if (group if tracklets else k) == 0 else "gallery"
                        track = (person * 100 + camera) * 10 + group if tracklets else -1
                        number = group * 50 + k
                        add(
                            person,
                            camera,
                            modality,
                            "train" if person <= train else test,
                            number,
                            track,
                            group % outfits,
                        )
    for k in range(junk * (people - train)):
        add(-1, 1 + k % cameras, "colour", "gallery", k, 9000 + k if tracklets else -1, 0)
    for k in range(distractors * (people - train)):
        add(0, 1 + k % cameras, "colour", "gallery", k, 8000 + k if tracklets else -1, 0)
    return CropTable(pd.DataFrame(rows), "noise", root)


def shown(path: str | Path) -> str:
    """A digest of the pixels of a file, the same whatever lossless format they are kept in."""
    with Image.open(path) as image:
        return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()


def rows_by_picture(table: CropTable) -> dict[str, dict[str, Any]]:
    """Digest of the pixels -> the table's row."""
    return {shown(row["path"]): row for row in table.frame.to_dict("records")}


Said = list[tuple[dict[str, str], dict[str, Any]]]


def said(table: CropTable, out: Path, pattern: str, splits: Mapping[str, str] | None = None) -> Said:
    """What the paths of all pictures below `out` say, read with `pattern`, beside the table's row that each one shows.

    `splits` maps the pattern's `place` to a split, which must be the row's.
    """
    rows, found = rows_by_picture(table), []
    for path in sorted(out.rglob("*")):
        relative = path.relative_to(out).as_posix()
        if path.suffix in (".jpg", ".png", ".bmp", ".jpeg") and not relative.startswith("masks/"):
            match = re.fullmatch(pattern, relative)
            assert match, f"{relative} does not match {pattern}"
            row = rows[shown(path)]
            if splits:
                assert splits[match["place"]] == row["split"], relative
            found.append((match.groupdict(), row))
    assert found
    return found


def agree(found: Said, **offsets: int) -> None:
    """The named numbers of the paths equal the table's columns, after adding an offset to the path's."""
    for words, row in found:
        for name, offset in offsets.items():
            assert int(words[name]) + offset == row[name], (name, words, row["path"])


def lines(file: Path) -> list[list[str]]:
    """The words of every line."""
    return [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
