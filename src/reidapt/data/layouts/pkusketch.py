"""PKU-Sketch: a drawing of every person, photographs from two cameras, and who drew what.

`sketch/1.jpg`: person. `photo/1_05_356.jpg`: person, camera (2 digits), frame (3 digits or more).
`styleAnnotation/a_46.txt`, `b_20.txt`, `c_79.txt`, `d_33.txt`, `e_22.txt`: the persons an artist drew, a number per
line, sorted; the number in the name is how many. Other sizes than 200 persons are divided in the same proportions, and
an artist without a drawing has no file.

The two lowest cameras give one photograph each (the lowest frame). Persons without a sketch or one of the photographs,
junk and distractors are left out; the table's splits are not used, because protocols draw persons within each style.
The artist is the attribute `artist` where the table has it (up to five values, sorted, are a to e); otherwise persons
are dealt out at random by `seed`.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from reidapt.data.layouts.crops import Crop, cameras, frames, grouped, limited
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

STYLES = {"a": 46, "b": 20, "c": 79, "d": 33, "e": 22}
"""Drawings per artist in the published set."""


def write(folder: Folder, crops: list[Crop], *, seed: int = 0) -> None:
    """Write PKU-Sketch; `seed` deals the persons out to artists."""
    people = [crop for crop in crops if crop.person > 0]
    photos = [crop for crop in people if crop.modality == "colour"]
    views = cameras(photos)[:2]
    shown = grouped((crop for crop in photos if crop.camera in views), "person", "camera")
    drawn = {person: mine[0] for (person,), mine in grouped(_sketches(people), "person").items()}
    complete = sorted(person for person in drawn if all((person, camera) in shown for camera in views))
    if len(views) < 2 or not complete:
        raise DataError(
            "the PKU-Sketch layout needs persons with a sketch and photographs from two cameras; found none."
        )
    frame = frames(photos, "person", "camera")
    for person in complete:
        folder.picture(drawn[person], f"sketch/{person}.jpg")
        for camera in views:
            limited(camera, 1, 99, "camera", "PKU-Sketch")
            crop = shown[person, camera][0]
            folder.picture(crop, f"photo/{person}_{camera:02d}_{frame[crop.row]:03d}.jpg")
    for style, mine in sorted(_artists([drawn[person] for person in complete], seed).items()):
        folder.lines(f"styleAnnotation/{style}_{len(mine)}.txt", map(str, sorted(mine)))


def _sketches(crops: list[Crop]) -> list[Crop]:
    return [crop for crop in crops if crop.modality == "sketch"]


def _artists(drawings: list[Crop], seed: int) -> dict[str, list[int]]:
    """Style -> persons."""
    if all("artist" in crop.facts for crop in drawings):
        names = sorted({str(crop.facts["artist"]) for crop in drawings})
        limited(len(names), 1, len(STYLES), "number of artists", "PKU-Sketch")
        letter = dict(zip(names, STYLES))
        styles: dict[str, list[int]] = defaultdict(list)
        for crop in drawings:
            styles[letter[str(crop.facts["artist"])]].append(crop.person)
        return dict(styles)
    order = np.random.default_rng([seed]).permutation(len(drawings))
    ends = np.round(np.cumsum(list(STYLES.values())) / sum(STYLES.values()) * len(drawings)).astype(int)
    parts = np.split(order, ends[:-1])
    return {style: [drawings[k].person for k in part] for style, part in zip(STYLES, parts) if len(part)}
