"""CUHK03: an HDF5 file of cell arrays, the same pictures as files, and the splits of the new protocol.

Persons belong to one of five camera pairs, with two views of at most five pictures each. A table's cameras 1 and 2 are
views 1 and 2 of pair 1, cameras 3 and 4 of pair 2, and so on up to camera 10. A person seen in several pairs is kept in
the one with most pictures; of equal pairs, persons take turns. Further pictures, junk and distractors are left out; of
more than five pictures in a view, queries come first, then the lowest frames.

`cuhk03_release/cuhk-03.mat`, MATLAB 7.3 (HDF5, arrays transposed; MATLAB shapes are given here) `detected`, `labeled`
    5×1 cell, a cell array Mᵢ×10 per camera pair: a row per person in the order of their numbers, columns
                            1-5 view 1, columns 6-10 view 2, H×W×3 uint8 or empty (0×0)
    `testsets`              20×1 cell, each a T×2 double array of (camera pair, row), both 1-based: the test persons of
                            the classic protocol; T = 100, or a third of the persons with both views where these are
                            fewer
`images_detected/`, `images_labeled/` `1_001_1_01.png`: camera pair, row in the pair (3 digits), view, picture (01-05
                            view 1, 06-10 view 2)
`cuhk03_new_protocol_config_{detected,labeled}.mat`, MATLAB 5: `filelist` N×1 cell of file names, `labels` N×1 the
    table's persons, `camId` N×1 the view, `train_idx`, `query_idx`, `gallery_idx` n×1 into `filelist`, 1-based; all
    int32. Persons of the splits `train` and `val` train; the splits `query` and `gallery` are taken over.

Detected and labelled boxes hold the same pictures unless the table has an attribute `boxes` ("detected" or "labeled"
per crop).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from reidapt.data.layouts.crops import Crop, grouped, limited
from reidapt.data.layouts.folder import Folder
from reidapt.data.layouts.matlab import Version73, cell
from reidapt.data.pictures import decode
from reidapt.errors import DataError

PAIRS, PER_VIEW = 5, 5
SPLITS = {"train": "train_idx", "val": "train_idx", "query": "query_idx", "gallery": "gallery_idx"}
Rows = list[list[dict[int, Crop]]]
"""For every camera pair, for every person: column 0..9 -> crop."""


def write(
    folder: Folder,
    crops: list[Crop],
    *,
    boxes: str = "both",
    form: str = "both",
    test_persons: int = 100,
    seed: int = 0,
) -> None:
    """Write CUHK03; `boxes` is "detected", "labeled" or "both", `form` "mat", "images" or "both"."""
    for name, value, valid in (("boxes", boxes, ("detected", "labeled")), ("form", form, ("mat", "images"))):
        if value not in (*valid, "both"):
            raise DataError(f"the option {name} is {', '.join(map(repr, valid))} or 'both', found {value!r}.")
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    pair_of = _pairs(people)
    kept = [crop for crop in people if _view(crop.camera)[0] == pair_of[crop.person]]
    sets: dict[str, Rows] = {}
    for kind in ("detected", "labeled"):
        mine = [crop for crop in kept if crop.facts.get("boxes", kind) == kind]
        sets[kind] = _rows(mine, pair_of)
    wanted = ["detected", "labeled"] if boxes == "both" else [boxes]
    if form != "images":
        _release(folder, {kind: sets[kind] for kind in wanted}, test_persons, seed)
    for kind in wanted:
        _images(folder, kind, sets[kind], written=form != "mat")
        _config(folder, kind, sets[kind])


def _view(camera: int) -> tuple[int, int]:
    """(pair, view) of a camera, both from 0."""
    limited(camera, 1, 2 * PAIRS, "camera", "CUHK03")
    return (camera - 1) // 2, (camera - 1) % 2


def _pairs(people: list[Crop]) -> dict[int, int]:
    """Person -> camera pair."""
    chosen = {}
    for rank, ((person,), mine) in enumerate(grouped(people, "person").items()):
        counts: dict[int, int] = defaultdict(int)
        for crop in mine:
            counts[_view(crop.camera)[0]] += 1
        best = sorted(pair for pair, count in counts.items() if count == max(counts.values()))
        chosen[person] = best[rank % len(best)]
    return chosen


def _rows(crops: list[Crop], pair_of: dict[int, int]) -> Rows:
    members: list[list[int]] = [sorted(p for p, mine in pair_of.items() if mine == pair) for pair in range(PAIRS)]
    views = grouped(crops, "person", "camera")
    rows: Rows = [[{} for _ in people] for people in members]
    for (person, camera), mine in views.items():
        pair, view = _view(camera)
        best = sorted(mine, key=lambda crop: crop.split != "query")[:PER_VIEW]  # stable: frames stay in order
        for column, crop in enumerate(best):
            rows[pair][members[pair].index(person)][view * PER_VIEW + column] = crop
    return rows


def _name(pair: int, row: int, column: int) -> str:
    return f"{pair + 1}_{row + 1:03d}_{column // PER_VIEW + 1}_{column + 1:02d}.png"


def _images(folder: Folder, kind: str, rows: Rows, written: bool) -> None:
    for pair, row, column, crop in _each(rows):
        if written:
            folder.picture(crop, f"images_{kind}/{_name(pair, row, column)}")
        else:
            folder.written.append((f"images_{kind}/{_name(pair, row, column)}", crop))


def _each(rows: Rows) -> list[tuple[int, int, int, Crop]]:
    return [
        (pair, row, column, columns[column])
        for pair, people in enumerate(rows)
        for row, columns in enumerate(people)
        for column in sorted(columns)
    ]


def _release(folder: Folder, sets: dict[str, Rows], test_persons: int, seed: int) -> None:
    with Version73(folder.place("cuhk03_release/cuhk-03.mat")) as mat:
        for kind, rows in sets.items():
            pairs = np.empty((PAIRS, 1), dtype=object)
            for pair, people in enumerate(rows):
                cells = np.empty((len(people), 2 * PER_VIEW), dtype=object)
                for row, columns in enumerate(people):
                    for column in range(2 * PER_VIEW):
                        crop = columns.get(column)
                        cells[row, column] = mat.array(
                            np.empty((0, 0), np.uint8) if crop is None else decode(crop.path)
                        )
                pairs[pair, 0] = mat.nested(cells)
            mat.cells(kind, pairs)
        tests = np.empty((20, 1), dtype=object)
        for trial, chosen in enumerate(_testsets(next(iter(sets.values())), test_persons, seed)):
            tests[trial, 0] = mat.array(chosen)
        mat.cells("testsets", tests)


def _testsets(rows: Rows, test_persons: int, seed: int) -> list[np.ndarray]:
    """Twenty arrays (T, 2) of (pair, row), 1-based, of persons seen in both views."""
    both = [
        (pair + 1, row + 1)
        for pair, people in enumerate(rows)
        for row, columns in enumerate(people)
        if min(columns, default=9) < PER_VIEW <= max(columns, default=0)
    ]
    if len(both) < 3:
        raise DataError(f"the classic splits of CUHK03 need 3 persons seen in both views of a pair, found {len(both)}.")
    count = min(test_persons, len(both) // 3)
    draws = [np.random.default_rng([seed, trial]).permutation(len(both))[:count] for trial in range(20)]
    return [np.array([both[k] for k in sorted(draw)], dtype=np.float64) for draw in draws]


def _config(folder: Folder, kind: str, rows: Rows) -> None:
    names, labels, views = [], [], []
    indices: dict[str, list[int]] = {name: [] for name in ("train_idx", "query_idx", "gallery_idx")}
    for number, (pair, row, column, crop) in enumerate(_each(rows), 1):
        names.append(_name(pair, row, column))
        labels.append(crop.person)
        views.append(column // PER_VIEW + 1)
        indices[SPLITS[crop.split]].append(number)
    columns = {"labels": labels, "camId": views, **indices}
    variables = {name: np.array(values, np.int32).reshape(-1, 1) for name, values in columns.items()}
    folder.mat(f"cuhk03_new_protocol_config_{kind}.mat", {"filelist": cell(names), **variables})
