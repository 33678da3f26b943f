"""Layouts with the three folders of Market-1501: Market-1501, DukeMTMC-reID, PersonX, GTASynthReid.

`bounding_box_train`, `query` and `bounding_box_test` (the gallery) hold pictures whose names say everything. Crops of
the split `val` go to `bounding_box_train`. Only colour.

market1501    `0002_c1s1_000451_03.jpg`: person (4 digits; `-1` junk, `0000` distractor), camera from 1 (one digit in
              the published set, more where needed), sequence from 1, frame (6 digits), box (2 digits) = attribute
              `box`, or the running number of crops with the same person, camera, sequence and frame, from 1. Option
              `distractors` ="images" puts the distractors of the gallery into `images/`, where the optional 500k set is
              kept.
dukemtmc      `0001_c2_f0046182.jpg`: person (4), camera from 1, frame (7 digits). No junk and no distractors (the
              published gallery's extra persons have ordinary numbers). Where several crops of a person and camera share
              a frame, all of that person and camera are numbered instead.
personx       names as Market-1501, but the six cameras are called 3, 4, 8, 10, 11 and 12. With `form`="backgrounds"
              each camera has a folder of its own, `1/` .. `6/`, with the three folders inside.
gtasynthreid  `42647445_sd000c08_0396.jpeg`: person (no padding), `sd` day or `sn` night (attribute `daytime`), sequence (3 digits, from 0),
              camera (2 digits, from 1 to 19), frame (4 digits or more). Queries are copies: they stay in the gallery.
              No junk or distractors.
"""

from __future__ import annotations

from collections.abc import Callable

from reidapt.data.layouts.crops import Crop, frames, limited, number, numbered, ranks
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

FOLDERS = {"train": "bounding_box_train", "val": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
PERSONX_CAMERAS = (3, 4, 8, 10, 11, 12)


def market1501(folder: Folder, crops: list[Crop], *, distractors: str = "gallery") -> None:
    """Write Market-1501; `distractors` is "gallery" or "images"."""
    if distractors not in ("gallery", "images"):
        raise DataError(f"the option distractors is 'gallery' or 'images', found {distractors!r}.")
    colour = [crop for crop in crops if crop.modality == "colour"]
    name = _market_names(colour, lambda camera: camera)
    for crop in colour:
        place = "images" if crop.person == 0 and distractors == "images" else FOLDERS[crop.split]
        folder.picture(crop, f"{place}/{name(crop)}")


def personx(folder: Folder, crops: list[Crop], *, form: str = "merged") -> None:
    """Write PersonX; `form` is "merged" (three folders) or "backgrounds" (three folders in each of `1/` .. `6/`)."""
    if form not in ("merged", "backgrounds"):
        raise DataError(f"the option form is 'merged' or 'backgrounds', found {form!r}.")
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    place = ranks(crop.camera for crop in people)
    limited(len(place), 1, len(PERSONX_CAMERAS), "number of cameras", "PersonX")
    name = _market_names(people, lambda camera: PERSONX_CAMERAS[place[camera]])
    for crop in people:
        above = f"{place[crop.camera] + 1}/" if form == "backgrounds" else ""
        folder.picture(crop, f"{above}{FOLDERS[crop.split]}/{name(crop)}")


def _market_names(crops: list[Crop], camera_name: Callable[[int], int]) -> Callable[[Crop], str]:
    frame = frames(crops, "person", "camera", "sequence")
    box = numbered(crops, "person", "camera", "sequence", "frame")
    if all(number(crop, "box", -1) >= 0 for crop in crops):
        box = {crop.row: int(number(crop, "box", 0)) for crop in crops}

    def name(crop: Crop) -> str:
        person = "-1" if crop.person < 0 else f"{crop.person:04d}"
        camera = limited(camera_name(crop.camera), 1, 999, "camera", "Market-1501")
        return f"{person}_c{camera}s{max(1, crop.sequence)}_{frame[crop.row]:06d}_{box[crop.row]:02d}.jpg"

    return name


def dukemtmcreid(folder: Folder, crops: list[Crop]) -> None:
    """Write DukeMTMC-reID."""
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    frame = _distinct_frames(people, "person", "camera")
    for crop in people:
        camera = limited(crop.camera, 1, 999, "camera", "DukeMTMC-reID")
        name = f"{crop.person:04d}_c{camera}_f{frame[crop.row]:07d}.jpg"
        folder.picture(crop, f"{FOLDERS[crop.split]}/{name}")


def gtasynthreid(folder: Folder, crops: list[Crop]) -> None:
    """Write GTASynthReid."""
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    frame = _distinct_frames(people, "person", "camera", "sequence")
    for crop in people:
        camera = limited(crop.camera, 1, 19, "camera", "GTASynthReid")
        time = "n" if crop.facts.get("daytime") == "night" else "d"
        name = f"{crop.person}_s{time}{max(0, crop.sequence):03d}c{camera:02d}_{frame[crop.row]:04d}.jpeg"
        folder.picture(crop, f"{FOLDERS[crop.split]}/{name}")
        if crop.split == "query":
            folder.picture(crop, f"{FOLDERS['gallery']}/{name}")


def _distinct_frames(crops: list[Crop], *fields: str) -> dict[int, int]:
    """`frames`, where a group with a frame that occurs twice is numbered from 1 instead."""
    frame, running = frames(crops, *fields), numbered(crops, *fields)
    groups: dict[tuple[int, ...], list[Crop]] = {}
    for crop in crops:
        groups.setdefault(tuple(getattr(crop, name) for name in fields), []).append(crop)
    for group in groups.values():
        if len({frame[crop.row] for crop in group}) < len(group):
            frame |= {crop.row: running[crop.row] for crop in group}
    return frame
