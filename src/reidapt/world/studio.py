"""The studio: dresses a person, samples and draws the crops that are asked for; shared by files and streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

import numpy as np

from reidapt.world.body import BodyModel, Rest, load_body_model
from reidapt.world.bystanders import gather_crowd
from reidapt.world.cameras import Camera, sample_camera
from reidapt.world.crops import Ask, Circumstances, Crop, sample_crops
from reidapt.world.dressing import dress
from reidapt.world.labels import Labels
from reidapt.world.layout import Arguments, Item
from reidapt.world.mesh import Mesh
from reidapt.world.people import Person, sample_person
from reidapt.world.photographs import find_photographs
from reidapt.world.render import Renderer
from reidapt.world.styles import Style
from reidapt.world.tracks import sample_track


@dataclass(frozen=True)
class Dressed:
    """A person in an outfit, ready to be posed."""

    person: Person
    rest: Rest
    mesh: Mesh
    soles: np.ndarray


@dataclass(frozen=True)
class Picture:
    """One finished crop."""

    item: Item
    person: Person
    crop: Crop
    rgb: np.ndarray  # (H, W, 3) uint8
    mask: np.ndarray  # (H, W) uint8
    box: np.ndarray  # (4,) left, top, width and height in frame pixels
    visible: float
    occluder: str
    source_height: int
    labels: Labels  # of this crop alone, with a leading axis of 1

    def columns(self) -> dict[str, object]:
        """All parameters, as columns of `crops.csv`."""
        empty = self.item.kind == "empty"
        described = self.person.columns()
        return {
            **(dict.fromkeys(described, "") if empty else described),
            **self.crop.columns,
            "visible": round(self.visible, 3),
            "occluder": self.occluder,
            "source_height": self.source_height,
            "box_height": round(float(self.box[3]), 1),
            **self.crop.camera.columns(),
        }


@dataclass
class Studio:
    """What all pictures of a world share; pictures are pure functions of it and an `Item`.

    Draw the cameras' empty frames (`renderer.draw_backdrop`) before the first picture.
    """

    style: Style
    arguments: Arguments
    device: str = "cpu"
    batch_size: int = 16
    model: BodyModel = field(init=False)
    cameras: list[Camera] = field(init=False)

    def __post_init__(self) -> None:
        self.model = load_body_model()
        a = self.arguments
        photographs = find_photographs(a.backgrounds) if a.backgrounds else []
        numbers, sequences = range(1, a.cameras + 1), range(1, self.style.sequences + 1)
        cameras = (sample_camera(self.style, number, a.choice, backgrounds=photographs) for number in numbers)
        self.cameras = [camera.at(sequence) for camera in cameras for sequence in sequences]

    def camera(self, item: Item) -> Camera:
        """The camera of a picture in the light of its recording; a style has few recordings, which take turns."""
        count = self.style.sequences
        return self.cameras[(item.camera - 1) * count + (item.sequence - 1) % count]

    @cached_property
    def renderer(self) -> Renderer:
        height, width = self.arguments.size
        return Renderer(self.cameras, (int(height), int(width)), self.style.box_jitter, self.device)

    @cached_property
    def world(self) -> Circumstances:
        a = self.arguments
        crowd = tuple(gather_crowd(self.model, a.seed, self.style))
        return Circumstances(a.seed, self.style, a.choice, a.occlusion, crowd, a.simultaneous, a.one_side)

    def dressed(self, index: int, outfit: int = 0) -> Dressed:
        """Person `index` (0-based) in an outfit."""
        a = self.arguments
        person = sample_person(a.seed, self.style.name, index, self.style.wardrobe, a.choice, outfit, a.lookalikes)
        return Dressed(person, *dress(self.model, person))

    def crops(self, who: Dressed, items: Sequence[Item]) -> list[Crop]:
        """Sampled crops of a person; pictures of one tracklet are consecutive items."""
        given = (who.person, who.rest, who.soles, self.model.parents)
        crops: list[Crop] = []
        for (tracklet, number, _), group in groupby(
            items, key=lambda item: (item.tracklet, item.picture if item.tracklet >= 0 else 0, item.modality)
        ):
            part = list(group)
            if tracklet >= 0:
                first = part[0]
                frames = sample_track(
                    self.world, self.camera(first), *given, number, self.arguments.frames, first.modality
                )
                crops += [frames[item.step] for item in part]
            else:
                asks = [Ask(self.camera(item), item.picture, item.kind, item.modality) for item in part]
                crops += sample_crops(self.world, *given, asks)
        return crops

    def pictures(self, who: Dressed, items: Sequence[Item], labels: Sequence[str] = ()) -> Iterator[Picture]:
        """The pictures of `items`, all of one person in one outfit."""
        crops = self.crops(who, items)
        for start in range(0, len(items), self.batch_size):
            part = slice(start, start + self.batch_size)
            drawn = self.renderer.draw(crops[part], [who.mesh] * len(crops[part]), labels)
            for k, (item, crop) in enumerate(zip(items[part], crops[part])):
                yield Picture(
                    item,
                    who.person,
                    crop,
                    drawn.rgb[k],
                    drawn.mask[k],
                    drawn.boxes[k],
                    float(drawn.visible[k]),
                    drawn.occluder[k],
                    int(drawn.source_height[k]),
                    drawn.labels.one(k),
                )
