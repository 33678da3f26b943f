"""Synthetic sets with scenes and cameras: RandPerson, UnrealPerson, ClonedPerson, FineGPR, WePerson.

The table's cameras 1, 2, 3, ... are the cameras of the first scene, then of the second, and so on, as the published
sets count them. Only colour; junk and distractors are left out. ClonedPerson has a test part; in the others every crop
is for training.

randperson    `randperson_subset/000000_s00_c00_f000264.jpg`: person less one (6 digits, so the first is 0 and no
              distractor), scene, camera in the scene, frame (6 digits). 11 scenes with 2 2 2 2 1 1 2 1 1 1 4 cameras.
unrealperson  `unreal_v3.1/images/333_c001_78.jpg`: scene (1-4), version of the person's model (1-3), number in the
              version, camera in the scene (3 digits), frame. Scenes have the cameras 1-6, 1-16, 23-28 and 1-6. The
              person of rank r (from 0) is number r // 3 of version r % 3 + 1: equal numbers in two versions are two
              persons, equal camera numbers in two scenes two cameras. `list_unreal_train.txt`: a line `path label
              camera ` per picture (with a space at its end), labels and cameras from 0 in the table's order.
clonedperson  `train/700000_s02_c00_f023389.jpg`, `test/query/`, `test/gallery/`: person + 699,999, scene, camera in the
              scene (4 in each of 02 03 05 06 10 12), frame (6 digits). `val` goes to `train`.
finegpr       `FineGPR/0001/0001_c01_w01_l01_p01.jpg`: person (4 digits), camera (up to 36), weather (1-7), illumination
              (1-7), background (1-9): four cameras to a background. Weather and illumination count a person's pictures
              of a camera: at most 49.
weperson      `0001_01_01_12.png`: person (4 digits), camera, scene (four cameras to a scene), time of day = running
              number of the person's picture of that camera.
"""

from __future__ import annotations

from reidapt.data.layouts.crops import Crop, frames, grouped, limited, numbered, ranks
from reidapt.data.layouts.folder import Folder

RANDPERSON = tuple((scene, camera) for scene, n in enumerate((2, 2, 2, 2, 1, 1, 2, 1, 1, 1, 4)) for camera in range(n))
UNREAL = tuple(
    (scene, camera) for scene, span in enumerate(((1, 7), (1, 17), (23, 29), (1, 7)), 1) for camera in range(*span)
)
CLONED = tuple((scene, camera) for scene in (2, 3, 5, 6, 10, 12) for camera in range(4))


def _people(crops: list[Crop]) -> list[Crop]:
    return [crop for crop in crops if crop.modality == "colour" and crop.person > 0]


def _frames(crops: list[Crop]) -> dict[int, int]:
    """Row -> a frame that is unique for its person and camera."""
    frame, running = frames(crops, "person", "camera"), numbered(crops, "person", "camera")
    for group in grouped(crops, "person", "camera").values():
        if len({frame[crop.row] for crop in group}) < len(group):
            frame |= {crop.row: running[crop.row] for crop in group}
    return frame


def _scene(crop: Crop, scenes: tuple[tuple[int, int], ...], layout: str) -> tuple[int, int]:
    return scenes[limited(crop.camera, 1, len(scenes), "camera", layout) - 1]


def randperson(folder: Folder, crops: list[Crop]) -> None:
    """Write the subset of RandPerson."""
    people = _people(crops)
    frame = _frames(people)
    for crop in people:
        scene, camera = _scene(crop, RANDPERSON, "RandPerson")
        name = f"{crop.person - 1:06d}_s{scene:02d}_c{camera:02d}_f{frame[crop.row]:06d}.jpg"
        folder.picture(crop, f"randperson_subset/{name}")


def unrealperson(folder: Folder, crops: list[Crop]) -> None:
    """Write UnrealPerson."""
    people = _people(crops)
    rank, frame = ranks(crop.person for crop in people), _frames(people)
    lines = []
    for crop in people:
        scene, camera = _scene(crop, UNREAL, "UnrealPerson")
        number, version = divmod(rank[crop.person], 3)
        name = f"{number}_c{camera:03d}_{frame[crop.row]}.jpg"
        path = folder.picture(crop, f"unreal_v{scene}.{version + 1}/images/{name}")
        lines.append(f"{path} {rank[crop.person]} {crop.camera - 1} ")
    folder.lines("list_unreal_train.txt", lines)


def clonedperson(folder: Folder, crops: list[Crop]) -> None:
    """Write ClonedPerson."""
    places = {"train": "train", "val": "train", "query": "test/query", "gallery": "test/gallery"}
    people = _people(crops)
    frame = _frames(people)
    for crop in people:
        scene, camera = _scene(crop, CLONED, "ClonedPerson")
        name = f"{699_999 + crop.person:06d}_s{scene:02d}_c{camera:02d}_f{frame[crop.row]:06d}.jpg"
        folder.picture(crop, f"{places[crop.split]}/{name}")


def finegpr(folder: Folder, crops: list[Crop]) -> None:
    """Write FineGPR."""
    people = _people(crops)
    running = numbered(people, "person", "camera", start=0)
    for crop in people:
        camera = limited(crop.camera, 1, 36, "camera", "FineGPR")
        light, weather = divmod(limited(running[crop.row], 0, 48, "picture number per camera", "FineGPR"), 7)
        name = f"{crop.person:04d}_c{camera:02d}_w{weather + 1:02d}_l{light + 1:02d}_p{(camera - 1) // 4 + 1:02d}.jpg"
        folder.picture(crop, f"FineGPR/{crop.person:04d}/{name}")


def weperson(folder: Folder, crops: list[Crop]) -> None:
    """Write WePerson."""
    people = _people(crops)
    running = numbered(people, "person", "camera", start=0)
    for crop in people:
        camera = limited(crop.camera, 1, 99, "camera", "WePerson")
        scene = (camera - 1) // 4 + 1
        folder.picture(crop, f"{crop.person:04d}_{camera:02d}_{scene:02d}_{running[crop.row]:02d}.png")
