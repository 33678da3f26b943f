"""The files of a world: pictures and labels as they are encoded, `crops.csv`, `world.json`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reidapt.world.labels import FOLDERS
from reidapt.world.studio import Picture
from reidapt.world.styles import Style


def encode(picture: np.ndarray, quality: int) -> bytes:
    """JPEG bytes of an (H, W, 3) uint8 picture."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_png(image: np.ndarray) -> bytes:
    """PNG bytes of an (H, W) uint8 or uint16 image."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def label_images(picture: Picture, labels: Sequence[str]) -> dict[str, np.ndarray]:
    """The labels among `labels` that are images, by name."""
    every = {
        "mask": picture.mask,
        "hard": np.where(picture.mask >= 128, np.uint8(255), np.uint8(0)),
        "parts": None if picture.labels.parts is None else picture.labels.parts[0],
        "depth": None if picture.labels.depth is None else picture.labels.depth[0],
    }
    return {name: every[name] for name in labels if name in FOLDERS and every[name] is not None}  # type: ignore[misc]


def write_picture(folder: Path, picture: Picture, labels: Sequence[str], domain: str) -> dict[str, object]:
    """Write a picture and its labels below `folder`; returns its row of `crops.csv` and `sha256` of its files."""
    item = picture.item
    path = f"{item.folder}/{item.name}"
    jpeg = encode(picture.rgb, picture.crop.jpeg_quality)
    (folder / path).write_bytes(jpeg)
    digest = hashlib.sha256(jpeg)
    columns = {}
    for name, image in label_images(picture, labels).items():
        columns[name] = f"{FOLDERS[name]}/{item.folder}/{item.name[:-4]}.png"
        png = encode_png(image)
        (folder / columns[name]).write_bytes(png)
        digest.update(png)
    return {
        "path": path,
        "person": item.person,
        "camera": item.camera,
        "sequence": item.sequence,
        "frame": item.frame,
        "tracklet": item.tracklet,
        "modality": item.modality,
        "mask": columns.pop("mask", ""),
        "split": item.split,
        "domain": domain,
        **columns,
        "outfit": item.outfit,
        **picture.columns(),
        "sha256": digest.hexdigest(),
    }


def write_tables(
    folder: Path, rows: Sequence[dict[str, object]], style: Style, version: str, arguments: dict[str, object]
) -> None:
    """`crops.csv` and `world.json`."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row['path']} {row['sha256']}\n".encode())
    names = [name for name in rows[0] if name != "sha256"]
    with (folder / "crops.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    digest.update((folder / "crops.csv").read_bytes())
    splits = {split: sum(row["split"] == split for row in rows) for split in ("train", "query", "gallery")}
    summary = {
        "style": style.name,
        "description": style.description,
        "version": version,
        "arguments": arguments,
        "crops": len(rows),
        "splits": splits,
        "sha256": digest.hexdigest(),
    }
    (folder / "world.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
