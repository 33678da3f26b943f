"""Judges of generated crops, trained on real ones: which camera took a crop, where its person is, and whether it splits."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.data import Augment, CropStore, batches, normalise
from reidapt.data.randomness import generator
from reidapt.models.embedder import ReidNet
from reidapt.models.unet import UNet


def train_camera_judge(store: CropStore, *, epochs: int = 6, seed: int = 0) -> tuple[ReidNet, np.ndarray]:
    """A small network that tells the cameras of real crops apart, and the cameras (C,) in the order of its logits."""
    torch.manual_seed(seed)
    cameras, labels = np.unique(store.table.camera, return_inverse=True)
    network = ReidNet("resnet10t", persons=len(cameras), weights="random", size=store.size, last_stride=2)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    wanted = torch.from_numpy(labels)
    augment = Augment(pad=2, erase=0.0)
    for epoch in range(epochs):
        for step, rows in enumerate(batches(len(store), 32, seed=seed, epoch=epoch)):
            images = augment(store.images(rows), generator(seed, "camera judge", 10_000 * epoch + step))
            loss = F.cross_entropy(network(images).logits, wanted[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval(), cameras


@torch.no_grad()
def cameras_seen(network: ReidNet, cameras: np.ndarray, store: CropStore) -> np.ndarray:
    """The camera that the judge takes every crop for, (N,)."""
    parts = np.array_split(np.arange(len(store)), -(-len(store) // 256))
    found = [network(normalise(store.images(rows))).logits.argmax(1) for rows in parts]
    return cameras[torch.cat(found).numpy()]


def train_silhouette_judge(store: CropStore, *, epochs: int = 10, seed: int = 0, width: int = 16) -> UNet:
    """A small U-Net that finds the person in real crops, from the masks of ``store``."""
    torch.manual_seed(seed)
    network = UNet(3, size=store.size, base=width, outputs=1, dropout=0.0)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    masks = store.masks(torch.arange(len(store)))
    augment = Augment(pad=2, erase=0.0, brightness=0.3, contrast=0.3)
    for epoch in range(epochs):
        for step, rows in enumerate(batches(len(store), 32, seed=seed, epoch=epoch)):
            images = store.images(rows)
            height, width = store.size
            draws = augment.draw(len(images), height, width, generator(seed, "silhouettes", 10_000 * epoch + step))
            person = augment.move(masks[rows], draws).float() / 255
            loss = F.binary_cross_entropy((network(augment.apply(images, draws)) + 1) / 2, person)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


@torch.no_grad()
def silhouettes(network: UNet, images: Tensor) -> Tensor:
    """Where the judge sees the person, bool (B, 1, H, W), in pictures uint8 (B, 3, H, W)."""
    return network(normalise(images)) > 0


def overlap(found: Tensor, asked: Tensor) -> Tensor:
    """Intersection over union of silhouettes bool (B, 1, H, W), float32 (B,); 1 where both are empty."""
    both, either = (found & asked).flatten(1).sum(1), (found | asked).flatten(1).sum(1)
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)


def background_split(images: Tensor, masks: Tensor, margin: int = 2) -> Tensor:
    """How abruptly the background changes from the left of the person to the right, grey levels float32 (B,).

    In every row in which the person leaves background on both sides, the mean colour left of them is compared with the
    mean colour right of them; the crop's value is the mean absolute difference over these rows, NaN where there are none.

    Args:
        images: uint8 (B, 3, H, W).
        masks: person, uint8 (B, 1, H, W).
        margin: columns next to the person that count as the person.
    """
    person = F.max_pool2d((masks > 0).float(), (1, 2 * margin + 1), stride=1, padding=(0, margin)) > 0
    person = person[:, 0]
    there = person.any(2)
    first = person.float().argmax(2)
    last = person.shape[2] - 1 - person.flip(2).float().argmax(2)
    column = torch.arange(person.shape[2])
    left, right = column < first[..., None], column > last[..., None]
    judged = there & left.any(2) & right.any(2)
    sides = [
        (images.float() * side[:, None]).sum(3) / side.sum(2).clamp(min=1)[:, None] for side in (left, right)
    ]  # (B, 3, H) each
    difference = (sides[0] - sides[1]).abs().mean(1)
    return (difference * judged).sum(1) / judged.sum(1).where(judged.any(1), torch.nan)
