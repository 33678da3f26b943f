"""RegDB: visible and thermal pictures of the same persons, and ten random halves of them.

`Visible/1/male_front_v_00007_1.bmp`, `Thermal/1/male_front_t_00007_1.bmp`: person, `male` or `female` (attribute
`sex`), `front` or `back` (attribute `yaw`: front where its cosine is not negative), modality, frame (5 digits), person.
Windows bitmaps, as published. Where frames of a person and modality are unknown or occur twice, these are numbered
from 1.
`idx/train_visible_1.txt`, `train_thermal_1.txt`, `test_visible_1.txt`, `test_thermal_1.txt` .. `_10`: a line
`Visible/1/male_front_v_00007_1.bmp 0` per picture: path and label. Labels run from 0 within each list, in the order of
the persons, and are equal in the visible and thermal list of a trial; test labels start from 0 again, so a label is not
a person.

Every trial divides all persons that have both modalities in halves; the table's splits and cameras are not used. Junk,
distractors and further modalities are left out.
"""

from __future__ import annotations

import math

from reidapt.data.layouts.crops import Crop, frames, grouped, halves, number, numbered, persons, ranks
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

SIDES = {"colour": ("Visible", "visible", "v"), "thermal": ("Thermal", "thermal", "t")}
TRIALS = 10


def write(folder: Folder, crops: list[Crop], *, seed: int = 0) -> None:
    """Write RegDB; `seed` draws the trials."""
    of = {modality: [c for c in crops if c.modality == modality and c.person > 0] for modality in SIDES}
    both = sorted(set(persons(of["colour"])) & set(persons(of["thermal"])))
    if len(both) < 2:
        raise DataError(f"the RegDB layout needs two persons with colour and thermal crops; the table has {len(both)}.")
    paths: dict[str, dict[int, list[str]]] = {modality: {person: [] for person in both} for modality in SIDES}
    for modality, (place, _, letter) in SIDES.items():
        mine = [crop for crop in of[modality] if crop.person in paths[modality]]
        frame = _frames(mine)
        for (person,), pictures in grouped(mine, "person").items():
            for crop in pictures:
                name = f"{_gender(crop)}_{_side(crop)}_{letter}_{frame[crop.row]:05d}_{person}.bmp"
                paths[modality][person].append(folder.picture(crop, f"{place}/{person}/{name}"))
    for trial in range(1, TRIALS + 1):
        for part, people in zip(("train", "test"), halves(both, seed, trial)):
            label = ranks(people)
            for modality, (_, name, _) in SIDES.items():
                lines = [f"{path} {label[person]}" for person in people for path in paths[modality][person]]
                folder.lines(f"idx/{part}_{name}_{trial}.txt", lines)


def _frames(crops: list[Crop]) -> dict[int, int]:
    frame, running = frames(crops, "person"), numbered(crops, "person")
    for group in grouped(crops, "person").values():
        if len({frame[crop.row] for crop in group}) < len(group):
            frame |= {crop.row: running[crop.row] for crop in group}
    return frame


def _gender(crop: Crop) -> str:
    return "female" if str(crop.facts.get("sex", "")) == "female" else "male"


def _side(crop: Crop) -> str:
    return "front" if math.cos(math.radians(number(crop, "yaw", 0.0))) >= 0 else "back"
