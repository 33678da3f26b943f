"""Reader for CUHK01: `campus/0001001.png` is person 1, picture 1; pictures 1, 2 are view A, pictures 3, 4 view B.

The dataset comes without splits. Ours are recomputable: a trial's test persons come last in the order of the SHA-256 of
"cuhk01/TRIAL/PERSON".
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reidapt.data.entry import TRIALS, Dataset, Option, Published
from reidapt.data.readers.tools import Columns, parsed, pictures, shuffled, table, whole
from reidapt.data.table import CropTable

NAME = re.compile(r"(?P<person>\d{4})(?P<picture>\d{3})\.\w+")


def read(folder: Path, trial: str = "1", test: str = "486") -> CropTable:
    """The table of one trial; view A (camera 1) is the query, view B (camera 2) the gallery."""
    folder = DATASET.home(folder)
    place = folder / "campus"
    names = pictures(place)
    facts = parsed(names, NAME, place, "0001001.png (person in four digits, picture in three)")
    person, picture = whole(facts, "person"), whole(facts, "picture")
    camera = (picture + 1) // 2
    order = shuffled(person.tolist(), "cuhk01", trial)
    tested = order[-max(1, round(len(order) * int(test) / 971)) :]
    inside = np.isin(person, tested)
    part: Columns = {
        "path": [f"{place}/{name}" for name in names],
        "person": person,
        "camera": camera,
        "frame": picture,
    }
    part["split"] = np.where(~inside, "train", np.where(camera == 1, "query", "gallery"))
    return table([part], DATASET.table_name(trial=trial, test=test), folder)


def published(trial: str = "1", test: str = "486") -> Published:
    """Persons of the two customary splits; four pictures each."""
    tested = int(test)
    return {
        "train": {"persons": 971 - tested, "pictures": 4 * (971 - tested)},
        "query": {"persons": tested, "pictures": 2 * tested},
        "gallery": {"persons": tested, "pictures": 2 * tested},
    }


DATASET = Dataset(
    name="cuhk01",
    title="CUHK01",
    kind="image",
    layout="campus with 0001001.png",
    marks=("campus",),
    nested=("CUHK01",),
    read=read,
    published=published,
    ask="Ask the Multimedia Laboratory of the Chinese University of Hong Kong for it "
    "(www.ee.cuhk.edu.hk/~xgwang/CUHK_identification.html).",
    terms="for academic research, by request",
    citation="Li, Zhao and Wang, Human Reidentification with Transferred Metric Learning, ACCV 2012",
    options={
        "trial": Option(TRIALS, "1", "random split", named=True),
        "test": Option(("486", "100"), "486", "test persons; in a smaller copy the same share"),
    },
)
