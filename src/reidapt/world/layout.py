"""Which files a world consists of, for each layout it writes itself, and what cannot be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.factors import EVERYTHING, Choice
from reidapt.world.labels import check_labels
from reidapt.world.photographs import find_photographs
from reidapt.world.render import MAX_SIDE
from reidapt.world.streams import stream
from reidapt.world.tracks import STEP

LAYOUTS = {
    "market1501": "bounding_box_train, query and bounding_box_test with names such as 0002_c1s1_000451_03.jpg",
    "table": "pictures/ with a folder per person; everything else is in crops.csv",
}
MAX_PEOPLE = {"market1501": 9_999, "table": 999_999}
"""Persons that a layout's file names have digits for."""
MAX_CAMERAS = 64
MODALITIES = ("colour", "infrared", "thermal", "sketch")


@dataclass(frozen=True)
class Item:
    """One file to write: which crop it is and where it goes."""

    folder: str
    name: str
    person: int  # −1 junk, 0 distractor
    picture: int  # of a tracklet: the number of the tracklet at this camera
    camera: int
    sequence: int
    frame: int
    kind: str  # person, partial, empty
    split: str
    modality: str = "colour"
    outfit: int = 0
    tracklet: int = -1
    step: int = 0  # picture within the tracklet


@dataclass(frozen=True)
class Arguments:
    """The arguments of `render_world` that determine the bytes (see there)."""

    people: int
    cameras: int
    pictures: int
    seed: int = 0
    size: tuple[int, int] = (128, 64)
    layout: str = "market1501"
    train_fraction: float = 0.5
    junk: int = 0
    distractors: int = 0
    modalities: tuple[str, ...] = ("colour",)
    camera_modalities: tuple[str, ...] = ()
    simultaneous: bool = False
    one_side: bool = False
    labels: tuple[str, ...] = ("mask",)
    tracklets: int = 0
    frames: int = 8
    occlusion: float = 0.2
    outfits: int = 1
    lookalikes: float = 0.0
    backgrounds: str = ""
    choice: Choice = field(default=EVERYTHING)

    @property
    def train_people(self) -> int:
        return round(self.people * self.train_fraction)

    @property
    def takes(self) -> int:
        """Pictures, or tracklets where they are asked for, per person, camera and modality."""
        return self.tracklets or self.pictures

    def films(self) -> list[tuple[str, int]]:
        """Modality and camera of everything that is filmed."""
        cameras = range(1, self.cameras + 1)
        if self.camera_modalities:
            return list(zip(self.camera_modalities, cameras))
        return [(modality, camera) for modality in self.modalities for camera in cameras]

    def as_dict(self) -> dict[str, object]:
        """For `world.json`."""
        names = [name for name in self.__dataclass_fields__ if name != "choice"]
        values = {name: getattr(self, name) for name in names}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {**values, "hold": sorted(self.choice.hold), "values": dict(sorted(self.choice.values.items()))}

    def check(self) -> Arguments:
        """These arguments in their types.

        Raises:
            WorldError: what cannot be rendered.
        """
        if self.layout not in LAYOUTS:
            raise WorldError(f"There is no layout {self.layout!r}; the world writes: {', '.join(LAYOUTS)}.")
        most = MAX_PEOPLE[self.layout]
        if is_whole(self.people) and self.people > most:
            raise WorldError(
                f"people must be a whole number between 2 and {most}, found {self.people}: the file names of the layout "
                f"{self.layout} have {len(str(most))} digits for a person. Render several worlds with other seeds."
            )
        for name, value, low, high in (
            ("people", self.people, 2, most),
            ("cameras", self.cameras, 1, MAX_CAMERAS),
            ("pictures", self.pictures, 1, 99),
            ("seed", self.seed, 0, 2**63 - 1),
            ("junk", self.junk, 0, 99),
            ("distractors", self.distractors, 0, 99),
            ("tracklets", self.tracklets, 0, 99),
            ("frames", self.frames, 1, 10_000),
            ("outfits", self.outfits, 1, 9),
        ):
            if not is_whole(value) or not low <= value <= high:
                per = " per test person" if name in ("junk", "distractors") else ""
                raise WorldError(f"{name} must be a whole number between {low} and {high}{per}, found {value!r}.")
        size = tuple(self.size)
        if len(size) != 2 or any(not is_whole(side) or not 16 <= side <= MAX_SIDE for side in size):
            raise WorldError(
                f"size must be (height, width), each between 16 and {MAX_SIDE} pixels, e.g. (128, 64); found {size!r}."
            )
        for name in ("train_fraction", "occlusion", "lookalikes"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise WorldError(f"{name} must be between 0 and 1, found {getattr(self, name)!r}.")
        self._check_together()
        self.choice.check()
        check_labels(self.labels)
        if self.backgrounds:
            find_photographs(self.backgrounds)
        return self

    def _check_together(self) -> None:
        every = (*self.modalities, *self.camera_modalities)
        if not self.modalities or set(every) - set(MODALITIES) or len(set(self.modalities)) < len(self.modalities):
            found = ", ".join(every) or "none"
            raise WorldError(f"modalities must be different ones of {', '.join(MODALITIES)}; found {found}.")
        if self.camera_modalities and len(self.camera_modalities) != self.cameras:
            raise WorldError(
                f"camera_modalities must name one modality for each of the {self.cameras} cameras; "
                f"found {len(self.camera_modalities)}."
            )
        if self.simultaneous and (len(self.modalities) < 2 or self.camera_modalities or self.tracklets):
            raise WorldError(
                "simultaneous makes every camera take single pictures in several modalities at one moment; ask for two or more "
                "modalities, without camera_modalities or tracklets."
            )
        if self.one_side and self.tracklets:
            raise WorldError("one_side is a property of single pictures; a walk has a direction of its own.")
        colour = set(self.camera_modalities or self.modalities) == {"colour"}
        if self.layout == "market1501" and (not colour or self.tracklets or self.outfits > 1):
            raise WorldError(
                "The layout market1501 holds single colour pictures of people in one outfit; "
                "for other modalities, tracklets or outfits ask for the layout 'table'."
            )
        name, least = "tracklets" if self.tracklets else "pictures", self.outfits
        alone = self.layout == "market1501" or len(self.films()) < 2
        if self.takes < 2 and alone and self.train_people < self.people:
            raise WorldError(
                f"{name} must be at least 2 where there are test people, because one per camera becomes a query "
                f"and the others the gallery; found {self.takes}. Ask for more {name} or for train_fraction=1."
            )
        if self.takes < least:
            raise WorldError(f"{name} must be at least {least}, one for each outfit; found {self.takes}.")


def is_whole(value: object) -> bool:
    """Whether `value` is an integer, and no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def plan(arguments: Arguments, style: str, index: int) -> list[Item]:
    """Files of person `index` (0-based)."""
    return (market_items if arguments.layout == "market1501" else table_items)(arguments, style, index)


def market_items(arguments: Arguments, style: str, index: int) -> list[Item]:
    """Files of person `index` in the Market-1501 layout: `0002_c1s1_000451_03.jpg`.

    Persons below `train_people` go to `bounding_box_train`; of the others, the first picture of every camera goes to
    `query` and the rest to `bounding_box_test`. `junk` partial crops (person −1) and `distractors` background crops
    (person 0) of this test person's walks are added to the gallery.
    """
    a, items = arguments, []
    train = index < a.train_people
    for camera in range(1, a.cameras + 1):
        rng = stream(a.seed, style, "frames", index, camera)
        sequence = 1 + int(rng.integers(6))
        frame = 100 + int(rng.integers(90_000))
        for picture in range(a.pictures):
            split = "train" if train else "query" if picture == 0 else "gallery"
            name = f"{index + 1:04d}_c{camera}s{sequence}_{frame:06d}_{picture + 1:02d}.jpg"
            items.append(Item(MARKET[split], name, index + 1, picture, camera, sequence, frame, "person", split))
            frame += 25 + int(rng.integers(150))
    return items + ([] if train else extra_items(a, style, index))


MARKET = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}


def extra_items(a: Arguments, style: str, index: int) -> list[Item]:
    """Junk and distractors of a test person, for the gallery."""
    items = []
    for extra in range(a.junk + a.distractors):
        rng = stream(a.seed, style, "extra", index, extra)
        camera, sequence = 1 + int(rng.integers(a.cameras)), 1 + int(rng.integers(6))
        frame = 100_000 + 1000 * (index % 900) + extra
        person, label, kind = (-1, "-1", "partial") if extra < a.junk else (0, "0000", "empty")
        folder, number = MARKET["gallery"], f"{extra % 100:02d}"
        if a.layout == "table":
            folder, number = f"pictures/{label}", f"{index + 1:06d}_{extra:02d}"
        name = f"{label}_c{camera}s{sequence}_{frame:06d}_{number}.jpg"
        items.append(Item(folder, name, person, a.pictures + extra, camera, sequence, frame, kind, "gallery"))
    return items


def table_items(arguments: Arguments, style: str, index: int) -> list[Item]:
    """Files of person `index` in the layout `table`: `pictures/000002/c1_s1_o0_000451_colour.jpg`.

    Of a test person, the first picture (or tracklet) of every camera and modality is for the query; where there is only
    one each, that of the first camera. The outfits take
    turns, beginning with another one at every camera; each is a recording, so `sequence` differs. Tracklets are numbered
    through the world, from 0.
    """
    a, items = arguments, []
    train = index < a.train_people
    films = a.films()
    for place, (modality, camera) in enumerate(films):
        rng = stream(a.seed, style, "frames", index, camera, *(() if modality == "colour" else (modality,)))
        first, frame = int(rng.integers(6)), 100 + int(rng.integers(90_000))
        for number in range(a.takes):
            outfit = (number * a.outfits // a.takes + camera) % a.outfits
            sequence = 1 + (first + outfit) % max(6, a.outfits)
            query = number == 0 and (a.takes > 1 or place == 0)
            split = "train" if train else "query" if query else "gallery"
            tracklet = (index * len(films) + place) * a.takes + number if a.tracklets else -1
            prefix = f"t{tracklet:06d}_" if a.tracklets else ""
            for step in range(a.frames if a.tracklets else 1):
                at = frame + STEP * step
                items.append(
                    Item(
                        folder=f"pictures/{index + 1:06d}",
                        name=f"{prefix}c{camera}_s{sequence}_o{outfit}_{at:06d}_{modality}.jpg",
                        person=index + 1,
                        picture=number,
                        camera=camera,
                        sequence=sequence,
                        frame=at,
                        kind="person",
                        split=split,
                        modality=modality,
                        outfit=outfit,
                        tracklet=tracklet,
                        step=step,
                    )
                )
            frame = at + 25 + int(rng.integers(150))
    return items + ([] if train else extra_items(a, style, index))


def folders(items: Sequence[Item]) -> list[str]:
    """Folders that `items` go to, sorted."""
    return sorted({item.folder for item in items})


def check_target(out: Path) -> None:
    """Refuse a folder that already holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WorldError(f"{out} already exists and is not empty; choose another folder or remove it first.")
