"""Reader for CUHK03: `images_{detected,labeled}/1_001_1_01.png` (camera pair, person, view, picture), two protocols.

The new protocol (767/700 persons) is in `cuhk03_new_protocol_config_{detected,labeled}.mat`; the classic one is one of
20 test sets of 100 persons in `cuhk-03.mat`. Where only `cuhk-03.mat` (HDF5) is there, its pictures are written to
`images_*` beside it on first use.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.data.entry import Dataset, Option, Published
from reidapt.data.files import listing
from reidapt.data.readers.formats import hdf5, mat, matrix, within
from reidapt.data.readers.tools import Columns, from_one, parsed, pictures, require_files, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError, first_line

NAME = re.compile(r"(?P<pair>\d)_(?P<number>\d{3})_(?P<view>[12])_(?P<picture>\d{2})\.\w+")
EXAMPLE = "1_001_1_01.png (camera pair, person, view, picture)"
BOXES = ("detected", "labeled")
RAW = "cuhk-03.mat"

log = logging.getLogger(__name__)


def read(folder: Path, boxes: str = "", protocol: str = "new", trial: str = "1") -> CropTable:
    """The table of one kind of boxes and one protocol.

    Camera 1 and 2 are the two views of a person, as in the published figures; `pair` is the camera pair, 1..5. In the
    classic protocol view 1 is the query and view 2 the gallery, to be ranked against one picture per person.
    """
    boxes = _boxes(folder, boxes)
    place = folder / f"images_{boxes}"
    if not os.path.isdir(place):
        extract(_raw(folder), place, boxes)
    if protocol == "new":
        parts = _new(folder / f"cuhk03_new_protocol_config_{boxes}.mat", place)
        return table(parts, DATASET.table_name(boxes=boxes), folder)
    parts = _classic(_raw(folder), place, int(trial))
    return table(parts, DATASET.table_name(boxes=boxes, protocol=protocol, trial=trial), folder)


def _boxes(folder: Path, wanted: str) -> str:
    wanted = "labeled" if wanted == "labelled" else wanted
    if wanted:
        return wanted
    held = listing(folder)
    there = [boxes for boxes in BOXES if f"images_{boxes}" in held]
    if len(there) == 1:
        return there[0]
    raise DataError(
        f"CUHK03 in {folder} comes with detected and with hand-labelled boxes, and their numbers cannot be compared; write "
        f"cuhk03:{folder}?boxes=detected or cuhk03:{folder}?boxes=labelled."
    )


def _raw(folder: Path) -> Path:
    for place in (folder, folder / "cuhk03_release"):
        if os.path.isfile(place / RAW):
            return place / RAW
    raise DataError(
        f"{folder} has no {RAW}, neither directly nor in cuhk03_release; it holds the pictures and the classic test sets. "
        f"{DATASET.ask}"
    )


def _columns(place: Path, names: list[str]) -> Columns:
    facts = parsed(names, NAME, place, EXAMPLE)
    pair, number = whole(facts, "pair"), whole(facts, "number")
    return {
        "path": [f"{place}/{name}" for name in names],
        "person": 10_000 * pair + number,
        "camera": whole(facts, "view"),
        "frame": whole(facts, "picture"),
        "pair": pair,
    }


def _new(config: Path, place: Path) -> list[Columns]:
    """Train, query and gallery of the configuration file, whose indices count from 1."""
    names = [_text(cell) for cell in np.asarray(mat(config, "filelist"), dtype=object).reshape(-1)]
    labels = from_one(matrix(mat(config, "labels"), config, "labels"))
    if len(labels) != len(names):
        raise DataError(f"{config} has {len(names)} files in filelist but {len(labels)} labels; replace it.")
    parts = []
    for split, key in (("train", "train_idx"), ("query", "query_idx"), ("gallery", "gallery_idx")):
        rows = within(matrix(mat(config, key), config, key), 1, len(names), config, key, "the files in filelist") - 1
        part = _columns(place, [names[row] for row in rows])
        require_files(part["path"], config, DATASET.title)
        parts.append({**part, "person": labels[rows], "split": split})
    return parts


def _text(cell: Any) -> str:
    """The text in a cell of a MATLAB cell array."""
    while isinstance(cell, np.ndarray) and cell.size:
        cell = cell.reshape(-1)[0]
    return str(cell)


def _classic(raw: Path, place: Path, trial: int) -> list[Columns]:
    """Everybody outside the trial's test set is `train`; the test set's views are query and gallery."""
    part = _columns(place, pictures(place))
    with hdf5(raw) as file:
        sets = _cells(file, "testsets", raw)
        if trial > len(sets):
            raise DataError(f"{raw} has {len(sets)} test sets; trial={trial} is not among them.")
        test = matrix(np.asarray(file[sets[trial - 1]]).T, raw, "testsets", columns=2)
    inside = np.isin(part["person"], 10_000 * test[:, 0] + test[:, 1])
    rows = {"train": ~inside, "query": inside & (part["camera"] == 1), "gallery": inside & (part["camera"] == 2)}
    if not all(where.any() for where in rows.values()):
        raise DataError(f"the test set {trial} of {raw} does not belong to the pictures in {place}.")
    return [
        {**{key: np.asarray(values)[where] for key, values in part.items()}, "split": split}
        for split, where in rows.items()
    ]


def _cells(file: Any, key: str, raw: Path) -> list[Any]:
    """The references of a cell array, in order."""
    if key not in file:
        raise DataError(f"{raw} has no variable {key!r}; it holds {', '.join(file) or 'nothing'}. Replace it.")
    return list(np.asarray(file[key]).reshape(-1))


def extract(raw: Path, out: Path, boxes: str) -> None:
    """Write the pictures of `cuhk-03.mat` to a folder of PNG files, whole or not at all.

    The file holds per camera pair a persons × 10 cell array (views 1 and 2, five pictures each) of H × W × 3 values.
    """
    from PIL import Image

    log.info("%s: writing the %s pictures to %s, once", raw, boxes, out)
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        with hdf5(raw) as file:
            for pair, reference in enumerate(_cells(file, boxes, raw), start=1):
                cells = np.asarray(file[reference]).T
                for (person, picture), cell in np.ndenumerate(cells):
                    values = np.asarray(file[cell])
                    if values.ndim == 3:
                        name = f"{pair}_{person + 1:03d}_{1 + picture // 5}_{picture + 1:02d}.png"
                        Image.fromarray(np.ascontiguousarray(values.T.astype(np.uint8))).save(part / name)
        part.rename(out)
    except DataError:
        raise
    except Exception as error:  # h5py and Pillow raise many kinds on damaged files; a full disk is an OSError
        raise DataError(f"the pictures of {raw} cannot be written to {out}: {first_line(error)}.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def published(boxes: str = "", protocol: str = "new", trial: str = "1") -> Published:
    """Zhong et al. 2017 for the new protocol; the classic sets differ in their pictures."""
    if protocol == "classic":
        return {"query": {"persons": 100}, "gallery": {"persons": 100}}
    train, gallery = (7_368, 5_328) if boxes.startswith("label") else (7_365, 5_332)
    return {
        "train": {"persons": 767, "pictures": train},
        "query": {"persons": 700, "pictures": 1_400},
        "gallery": {"persons": 700, "pictures": gallery},
    }


def _recognised(folder: Path) -> bool:
    held = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    return bool(held & {RAW, "cuhk03_release", "images_detected", "images_labeled"})


DATASET = Dataset(
    name="cuhk03",
    title="CUHK03",
    kind="image",
    layout="images_{detected,labeled} with 1_001_1_01.png and cuhk03_new_protocol_config_*.mat, or cuhk-03.mat",
    marks=(".",),
    read=read,
    published=published,
    ask="Ask the Multimedia Laboratory of the Chinese University of Hong Kong for it "
    "(www.ee.cuhk.edu.hk/~xgwang/CUHK_identification.html); the new protocol is at github.com/zhunzhong07/person-re-ranking.",
    terms="for academic research, by request",
    citation="Li et al., DeepReID: Deep Filter Pairing Neural Network for Person Re-identification, CVPR 2014",
    options={
        "boxes": Option(("detected", "labelled", "labeled"), "", "which bounding boxes; has to be said", named=True),
        "protocol": Option(("new", "classic"), "new", "767/700 persons, or 100 test persons ranked single-shot"),
        "trial": Option(tuple(str(k) for k in range(1, 21)), "1", "test set of the classic protocol"),
    },
    recognise=_recognised,
)
