"""LLCM: visible and near-infrared pictures of the same persons in low light.

Training persons: `vis/0001/0001_c01_s000001_f000012_vis.jpg` and `nir/0001/0001_c01_s000001_f000012_nir.jpg`: person (4
digits), camera (2 digits, 1-9), sequence, frame, modality. Test persons: the same names below `test_vis/cam1/0001/` and
`test_nir/cam1/0001/`. The near-infrared camera 3 does not exist: infrared crops of camera 3 are left out.
`idx/train_vis.txt`, `train_nir.txt`, `test_vis.txt`, `test_nir.txt`: a line `vis/0001/0001_c01_s000001_f000012_vis.jpg
0` per picture: path and label. Training labels run from 0 in the order of the persons, test labels are the persons'
numbers. `idx/test_id.txt`: the test persons on one line with commas between. Option `form`="cameras" writes every
picture to `vis/cam1/0001/` or `nir/cam1/0001/`, training and test alike; the lists name it there.

Persons of the splits `query` and `gallery` are test, the others training. Junk and distractors are left out.
"""

from __future__ import annotations

from reidapt.data.layouts.crops import Crop, grouped, limited, numbered, persons, ranks
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

SIDES = {"colour": "vis", "infrared": "nir"}
MISSING = ("infrared", 3)


def write(folder: Folder, crops: list[Crop], *, form: str = "published") -> None:
    """Write LLCM; `form` is "published" or "cameras"."""
    if form not in ("published", "cameras"):
        raise DataError(f"the option form is 'published' or 'cameras', found {form!r}.")
    people = [c for c in crops if c.person > 0 and c.modality in SIDES and (c.modality, c.camera) != MISSING]
    test = set(persons(crop for crop in people if crop.split in ("query", "gallery")))
    label = ranks(person for person in persons(people) if person not in test)
    label |= {person: person for person in test}
    running = numbered(people, "person", "camera", "modality", "sequence", "frame")
    lists: dict[str, list[str]] = {f"{part}_{side}": [] for part in ("train", "test") for side in SIDES.values()}
    for (person, camera, modality), mine in grouped(people, "person", "camera", "modality").items():
        limited(camera, 1, 9, "camera", "LLCM")
        limited(person, 1, 9999, "person", "LLCM")
        side, part = SIDES[modality], "test" if person in test else "train"
        place = f"test_{side}/cam{camera}" if part == "test" else side
        place = f"{side}/cam{camera}" if form == "cameras" else place
        known = all(crop.frame >= 0 and running[crop.row] == 1 for crop in mine)
        for k, crop in enumerate(mine, 1):
            frame = crop.frame if known else k
            name = f"{person:04d}_c{camera:02d}_s{max(0, crop.sequence):06d}_f{frame:06d}_{side}.jpg"
            path = folder.picture(crop, f"{place}/{person:04d}/{name}")
            lists[f"{part}_{side}"].append(f"{path} {label[person]}")
    for name, lines in lists.items():
        folder.lines(f"idx/{name}.txt", lines)
    folder.lines("idx/test_id.txt", [",".join(map(str, sorted(test)))])
