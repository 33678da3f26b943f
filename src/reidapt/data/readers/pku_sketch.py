"""Reader for PKU-Sketch: `sketch/1.jpg` is person 1, `photo/1_05_356.jpg` person 1, camera 5, frame 356.

`styleAnnotation/a_46.txt` lists the persons drawn in style a. The published protocol draws the training persons within
every style (34 of 46, 15 of 20, 60 of 79, 25 of 33, 16 of 22) without saying which; ours are recomputable: they come
first in the order of the SHA-256 of "pku-sketch/TRIAL/STYLE/PERSON". Sketches are the query and have no camera.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.files import listing
from reidapt.data.readers.formats import numbers
from reidapt.data.readers.tools import Columns, need_pictures, parsed, pictures, shuffled, table, whole
from reidapt.data.table import CropTable
from reidapt.errors import DataError

SKETCH = re.compile(r"(?P<person>\d+)\.\w+")
PHOTO = re.compile(r"(?P<person>\d+)_(?P<camera>\d+)_(?P<frame>\d+)\.\w+")
STYLE = re.compile(r"(?P<style>[a-z])_(?P<count>\d+)\.txt")
TRAIN = {"a": (34, 46), "b": (15, 20), "c": (60, 79), "d": (25, 33), "e": (16, 22)}
"""Training persons of the persons in every style."""

log = logging.getLogger(__name__)


def read(folder: Path, trial: str = "1") -> CropTable:
    """The table of one trial. `style` is the artist's letter, the same for a person's sketch and photos."""
    folder = DATASET.home(folder)
    styles = _styles(folder / "styleAnnotation")
    train = {person for style, people in styles.items() for person in _drawn(style, people, trial)}
    style_of = {person: style for style, people in styles.items() for person in people}
    parts = []
    for name, pattern, split, example in (
        ("photo", PHOTO, "gallery", "1_05_356.jpg (person, camera, frame)"),
        ("sketch", SKETCH, "query", "1.jpg (person)"),
    ):
        part = _part(folder / name, pattern, example)
        strangers = sorted(set(part["person"].tolist()) - set(style_of))
        if strangers:
            raise DataError(
                f"person {strangers[0]} of {folder / name} is in no list of {folder / 'styleAnnotation'} "
                f"({len(strangers)} such persons); every person has a style."
            )
        missing = sorted(set(style_of) - set(part["person"].tolist()))
        if missing:
            raise DataError(
                f"{folder / name} has no picture of person {missing[0]}, whom {folder / 'styleAnnotation'} lists "
                f"({len(missing)} such persons; expected a file such as {missing[0]}{'.jpg' if name == 'sketch' else '_05_356.jpg'}); "
                "unpack PKU-Sketch again."
            )
        part["style"] = [style_of[int(person)] for person in part["person"]]
        part["split"] = ["train" if int(person) in train else split for person in part["person"]]
        part["modality"] = "sketch" if name == "sketch" else "colour"
        parts.append(part)
    return table(parts, DATASET.table_name(trial=trial), folder)


def _part(place: Path, pattern: re.Pattern[str], example: str) -> Columns:
    names = pictures(place)
    facts = parsed(names, pattern, place, example)
    columns: Columns = {"path": [f"{place}/{name}" for name in names]}
    for key in ("person", "camera", "frame"):
        columns[key] = whole(facts, key) if key in pattern.groupindex else np.full(len(names), -1)
    return need_pictures(columns, place, DATASET.title)


def _styles(place: Path) -> dict[str, list[int]]:
    """Persons per style; nobody may be in two."""
    found: dict[str, list[int]] = {}
    seen: dict[int, str] = {}
    for name in listing(place):
        match = STYLE.fullmatch(name)
        if match is None:
            continue
        people = sorted(set(numbers(place / name, "a person")))
        if len(people) != int(match["count"]):
            log.warning("%s lists %d persons, its name says %s", place / name, len(people), match["count"])
        for person in people:
            if seen.setdefault(person, match["style"]) != match["style"]:
                raise DataError(f"{place / name} lists person {person}, who is in style {seen[person]} as well.")
        found[match["style"]] = people
    if not found:
        raise DataError(f"{place} has no lists like a_46.txt (style and number of persons); unpack PKU-Sketch again.")
    return found


def _drawn(style: str, people: list[int], trial: str) -> list[int]:
    train, of = TRAIN.get(style, (3, 4))
    count = train if len(people) == of else round(len(people) * train / of)
    return shuffled(people, "pku-sketch", trial, style)[:count]


def published(trial: str = "1") -> Published:
    """Pang et al. 2018: a sketch and two photos of each of 200 persons."""
    return {
        "train": {"persons": 150, "pictures": 450},
        "query": {"persons": 50, "pictures": 50},
        "gallery": {"persons": 50, "pictures": 100},
    }


DATASET = Dataset(
    name="pku-sketch",
    title="PKU-Sketch",
    kind="cross-modal",
    layout="sketch with 1.jpg, photo with 1_05_356.jpg, styleAnnotation with a_46.txt to e_22.txt",
    marks=("sketch", "photo", "styleAnnotation"),
    nested=("PKUSketchRE-ID_V1",),
    read=read,
    published=published,
    ask="Ask its authors at Peking University for it (www.pkuml.org/resources/pkusketchreid-dataset.html).",
    terms="for academic research, by request",
    citation="Pang et al., Cross-Domain Adversarial Feature Learning for Sketch Re-identification, ACM MM 2018",
    options={"trial": Option(TRIALS, "1", "random split within every style", named=True)},
)
