"""Contact sheets of the training data: a look at what a run was given."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from reidapt.data import CropStore, CropTable
from reidapt.training.run import write_atomic


def write_sheet(
    table: CropTable, path: Path, *, rows: int = 3, columns: int = 12, height: int = 128, gap: int = 4, seed: int = 0
) -> None:
    """Write a PNG of ``rows`` × ``columns`` crops drawn at random, ``height`` px high and half as wide."""
    chosen = torch.randperm(len(table), generator=torch.Generator().manual_seed(seed))[: rows * columns].numpy()
    width = height // 2
    rows = -(-len(chosen) // columns)
    sheet = torch.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, dtype=torch.uint8)
    pictures = CropStore(table.take(chosen), (height, width)).images(range(len(chosen)))
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture.permute(1, 2, 0)
    write_picture(sheet.permute(2, 0, 1), path)


def write_picture(picture: Tensor, path: Path) -> None:
    """Write a PNG from uint8 (3, H, W), whole or not at all."""
    buffer = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()).save(buffer, "PNG", optimize=True)
    write_atomic(path, buffer.getvalue())
