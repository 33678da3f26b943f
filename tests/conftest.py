"""Small data sets for all tests: drawn figures, fast to write, with persons one can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def write_market(
    root: Path, *, train: int = 6, test: int = 4, cameras: int = 3, pictures: int = 2, seed: int = 0, size=(48, 24)
) -> Path:
    """A data set in the Market-1501 layout: ``train`` and ``test`` identities, ``pictures`` per camera each."""
    generator = np.random.default_rng(seed)
    height, width = size
    clothes = generator.integers(0, 256, (train + test, 2, 3))
    tint = generator.uniform(0.7, 1.3, (cameras, 3))
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        (root / folder).mkdir(parents=True)
    for person in range(train + test):
        for camera in range(cameras):
            for picture in range(pictures + (person >= train)):
                image = generator.normal(128, 20, (height, width, 3))
                left = width // 4 + generator.integers(-2, 3)
                image[height // 8 : height // 2, left : left + width // 2] = clothes[person, 0]
                image[height // 2 :, left : left + width // 2] = clothes[person, 1]
                image = np.clip(image * tint[camera] + generator.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
                folder = "bounding_box_train" if person < train else "query" if picture == 0 else "bounding_box_test"
                name = f"{person + 1:04d}_c{camera + 1}s1_{picture:06d}_01.jpg"
                Image.fromarray(image).save(root / folder / name, quality=95)
    return root


@pytest.fixture(scope="session")
def source_dir(tmp_path_factory) -> Path:
    """A labelled source in the Market-1501 layout."""
    return write_market(tmp_path_factory.mktemp("source") / "market", seed=1)


@pytest.fixture(scope="session")
def target_dir(tmp_path_factory) -> Path:
    """A target in the Market-1501 layout, other persons and cameras."""
    return write_market(tmp_path_factory.mktemp("target") / "market", train=8, pictures=4, seed=2)


#: options that make any training take a second or two
QUICK = {
    "backbone": "test_resnet",
    "weights": "random",
    "height": 48,
    "width": 24,
    "persons_per_batch": 3,
    "pictures_per_person": 2,
    "epochs": 2,
    "log_every": 1,
    "device": "cpu",
    "precision": "float32",
}
