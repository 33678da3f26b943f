"""Contact sheets of the training data: what the networks are really shown, at the size they are shown it."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from PIL import Image

from reidapt.data import CropStore
from reidapt.training.run import write_atomic


def write_sheet(store: CropStore, path: Path, *, rows: int = 3, columns: int = 12, gap: int = 4, seed: int = 0) -> None:
    """Write a PNG of ``rows`` × ``columns`` crops drawn at random; fewer where the store holds fewer."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(store), generator=generator)[: rows * columns]
    height, width = store.size
    rows = -(-len(chosen) // columns)
    sheet = torch.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, dtype=torch.uint8)
    for place, image in enumerate(store.images(chosen)):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image.permute(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(sheet.numpy()).save(buffer, "PNG", optimize=True)
    write_atomic(path, buffer.getvalue())
