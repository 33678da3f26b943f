"""Pictures for the page: read, shrunk and encoded within a byte budget."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from reidapt.report.model import Picture

THUMBNAIL = (96, 128)
"""Largest width and height of a ranked-list picture, in pixels."""
THUMBNAIL_BYTES = 4_000
SHEET = (1400, 1800)
"""Largest width and height of a contact sheet, in pixels."""
SHEET_BYTES = 250_000


def thumbnail(path: str | Path, alt: str) -> Picture | None:
    """A crop for a ranked list, within `THUMBNAIL` pixels and `THUMBNAIL_BYTES`; None where it cannot be read."""
    return load(path, alt, THUMBNAIL, THUMBNAIL_BYTES)


def load(path: str | Path, alt: str, largest: tuple[int, int], budget: int) -> Picture | None:
    """The picture at `path` as JPEG within `largest` (width, height) and `budget` bytes; None where unreadable."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return encode(image, alt, largest, budget)


def encode(image: Image.Image, alt: str, largest: tuple[int, int], budget: int) -> Picture:
    """`image` as JPEG: shrunk to `largest`, then coarser in steps and finally smaller until it fits `budget` bytes."""
    scale = min(1.0, largest[0] / image.width, largest[1] / image.height)
    while True:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        small = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
        for quality in (82, 72, 60, 48):
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= budget:
                break
        if buffer.tell() <= budget or min(size) <= 32:
            return Picture(buffer.getvalue(), "image/jpeg", *size, alt)
        scale *= 0.8
