"""Which files a world consists of: the Market-1501 layout, and what cannot be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.render import MAX_SIDE
from reidapt.world.streams import stream

LAYOUTS = ("market1501",)
MAX_PEOPLE = 9999
MAX_CAMERAS = 64


@dataclass(frozen=True)
class Item:
    """One file to write: which crop it is and where it goes."""

    folder: str
    name: str
    person: int  # −1 junk, 0 distractor
    picture: int
    camera: int
    sequence: int
    frame: int
    kind: str  # person, partial, empty

    @property
    def split(self) -> str:
        return {"bounding_box_train": "train", "query": "query"}.get(self.folder, "gallery")


def market_items(
    index: int, cameras: int, pictures: int, train_people: int, seed: int, style: str, junk: int, distractors: int
) -> list[Item]:
    """Files of person `index` (0-based) in the Market-1501 layout: `0002_c1s1_000451_03.jpg`.

    Persons below `train_people` go to `bounding_box_train`; of the others, the first picture of every camera goes to
    `query` and the rest to `bounding_box_test`. `junk` partial crops (person −1) and `distractors` background crops
    (person 0) of this test person's walks are added to the gallery.
    """
    items = []
    train = index < train_people
    for camera in range(1, cameras + 1):
        rng = stream(seed, style, "frames", index, camera)
        sequence = 1 + int(rng.integers(6))
        frame = 100 + int(rng.integers(90_000))
        for picture in range(pictures):
            folder = "bounding_box_train" if train else "query" if picture == 0 else "bounding_box_test"
            name = f"{index + 1:04d}_c{camera}s{sequence}_{frame:06d}_{picture + 1:02d}.jpg"
            items.append(Item(folder, name, index + 1, picture, camera, sequence, frame, "person"))
            frame += 25 + int(rng.integers(150))
    if not train:
        for extra in range(junk + distractors):
            rng = stream(seed, style, "extra", index, extra)
            camera, sequence = 1 + int(rng.integers(cameras)), 1 + int(rng.integers(6))
            frame = 100_000 + 1000 * (index % 900) + extra
            person, label, kind = (-1, "-1", "partial") if extra < junk else (0, "0000", "empty")
            name = f"{label}_c{camera}s{sequence}_{frame:06d}_{extra % 100:02d}.jpg"
            items.append(Item("bounding_box_test", name, person, pictures + extra, camera, sequence, frame, kind))
    return items


def check_arguments(
    people: int, cameras: int, pictures: int, size: tuple[int, int], layout: str, train_fraction: float
) -> int:
    """The number of training people; a sentence for what cannot be rendered."""
    if layout not in LAYOUTS:
        raise WorldError(f"There is no layout {layout!r}; the world writes: {', '.join(LAYOUTS)}.")
    for name, value, low, high in (
        ("people", people, 2, MAX_PEOPLE),
        ("cameras", cameras, 1, MAX_CAMERAS),
        ("pictures", pictures, 1, 99),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise WorldError(f"{name} must be a whole number between {low} and {high}, found {value!r}.")
    if len(tuple(size)) != 2 or any(not isinstance(s, (int, np.integer)) or not 16 <= s <= MAX_SIDE for s in size):
        raise WorldError(
            f"size must be (height, width), each between 16 and {MAX_SIDE} pixels, e.g. (128, 64); "
            f"found {tuple(size)!r}."
        )
    if not 0.0 <= train_fraction <= 1.0:
        raise WorldError(f"train_fraction must be between 0 and 1, found {train_fraction!r}.")
    train_people = round(people * train_fraction)
    if train_people < people and pictures < 2:
        raise WorldError(
            "pictures must be at least 2 where there are test people, because one picture per camera becomes a query "
            f"and the others the gallery; found {pictures}. Ask for more pictures or for train_fraction=1."
        )
    return train_people


def check_target(out: Path) -> None:
    """Refuse a folder that already holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WorldError(f"{out} already exists and is not empty; choose another folder or remove it first.")
