"""A Market-1501 folder with person masks, for tests of methods that translate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tests.conftest import write_market


def write_masked_market(root: Path, **options) -> Path:
    """`write_market` and, for every crop, the rectangle that its person fills."""
    write_market(root, **options)
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        (root / "masks" / folder).mkdir(parents=True)
        for file in sorted((root / folder).glob("*.jpg")):
            with Image.open(file) as picture:
                width, height = picture.size
            mask = np.zeros((height, width), np.uint8)
            mask[height // 8 :, width // 4 : width // 4 + width // 2] = 255
            Image.fromarray(mask).save(root / "masks" / folder / f"{file.stem}.png")
    return root


#: options that make a training of background-gan take a second or two
QUICK_GAN = {
    "height": 48,
    "width": 24,
    "generator_width": 4,
    "discriminator_width": 4,
    "epochs": 2,
    "batch_size": 4,
    "pairs_per_crop": 2,
    "log_every": 1,
    "device": "cpu",
    "precision": "float32",
}
