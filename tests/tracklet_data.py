"""A drawn video data set for tests: tracklets of figures that walk, as one CSV table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image


def write_tracklets(
    root: Path, *, train=6, test=4, cameras=3, tracklets=2, frames=6, seed=0, size=(32, 16), start=0.0
) -> Path:
    """A folder with ``crops.csv``: ``train`` and ``test`` identities, ``tracklets`` of ``frames`` frames per camera each.

    The first tracklet of a test identity is a query, the others are the gallery. ``start`` is added to every value.
    """
    generator = np.random.default_rng(seed)
    height, width = size
    clothes = generator.integers(0, 256, (train + test, 2, 3))
    tint = generator.uniform(0.7, 1.3, (cameras, 3))
    rows = []
    for person in range(train + test):
        for camera in range(cameras):
            for track in range(tracklets):
                number = (person * cameras + camera) * tracklets + track
                folder = root / f"{number:04d}"
                folder.mkdir(parents=True)
                for frame in range(frames):
                    image = generator.normal(128, 20, (height, width, 3))
                    left = width // 4 + (frame + track) % 3
                    image[height // 8 : height // 2, left : left + width // 2] = clothes[person, 0]
                    image[height // 2 :, left : left + width // 2] = clothes[person, 1]
                    image = np.clip(image * tint[camera] + start, 0, 255).astype(np.uint8)
                    path = folder / f"{frame:03d}.png"
                    Image.fromarray(image).save(path)
                    split = "train" if person < train else "gallery" if track else "query"
                    rows.append((str(path), person + 1, camera + 1, number, 3 * frame, split))
    columns = ["path", "person", "camera", "tracklet", "frame", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "crops.csv", index=False)
    return root


#: options that make a training of video-mean-teacher take a second
QUICK_VIDEO = {
    "backbone": "test_resnet",
    "weights": "random",
    "height": 32,
    "width": 16,
    "persons_per_batch": 3,
    "pictures_per_person": 2,
    "target_clips": 6,
    "frames": 4,
    "steps": 2,
    "epochs": 2,
    "log_every": 1,
    "device": "cpu",
    "precision": "float32",
    "eps": 0.7,
    "min_samples": 2,
    "k1": 6,
    "k2": 2,
    "decay_epochs": [],
}
