"""Judges of generated crops: overlap and split against plain loops, and networks that learn what they are shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.masked_market import write_masked_market

from reidapt.data import CropStore, read
from reidapt.translation.judges import (
    background_split,
    cameras_seen,
    overlap,
    silhouettes,
    train_camera_judge,
    train_silhouette_judge,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = write_masked_market(tmp_path_factory.mktemp("judges") / "m", train=8, test=2, cameras=3, pictures=2)
    return CropStore(read(f"market1501:{folder}").select(split="train"), (32, 16))


def test_split_against_loops():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (3, 3, 9, 12), generator=generator, dtype=torch.uint8)
    masks = torch.zeros(3, 1, 9, 12, dtype=torch.uint8)
    masks[0, 0, 2:7, 4:8] = 255
    masks[1, 0, 1:4, 0:6] = 200  # no background on the left: nothing to judge
    found = background_split(images, masks, margin=1)
    rows = []
    for row in range(2, 7):
        left, right = (images[0, :, row, part].double().mean(1) for part in (slice(0, 3), slice(9, 12)))
        rows.append(float((left - right).abs().mean()))
    assert found[0].item() == pytest.approx(np.mean(rows), rel=1e-5)
    assert torch.isnan(found[1:]).all()


def test_overlap_is_intersection_over_union():
    a, b = torch.zeros(2, 1, 4, 4, dtype=torch.bool), torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    a[0, 0, :2], b[0, 0, 1:3] = True, True
    assert overlap(a, b).tolist() == pytest.approx([4 / 12, 1.0])


def test_a_silhouette_judge_learns_masks_and_is_not_fooled_by_none(store):
    judge = train_silhouette_judge(store, epochs=40, width=8)
    rows = torch.arange(len(store))
    found = silhouettes(judge, store.images(rows))
    assert overlap(found, store.masks(rows) > 127).mean() > 0.6
    assert overlap(found, store.masks(rows) <= 127).mean() < 0.3


def test_a_camera_judge_tells_cameras_apart(store):
    tinted = TintedStore(store)
    network, cameras = train_camera_judge(tinted, epochs=5)
    assert (cameras_seen(network, cameras, tinted) == store.table.camera).mean() > 0.8


class TintedStore:
    """The same pictures, a channel of each missing by camera."""

    def __init__(self, store):
        self.store, self.table, self.size = store, store.table, store.size

    def __len__(self):
        return len(self.store)

    def images(self, rows):
        images = self.store.images(rows).clone()
        for place, row in enumerate(np.asarray(rows)):
            images[place, int(self.table.camera[row]) % 3] = 0
        return images
