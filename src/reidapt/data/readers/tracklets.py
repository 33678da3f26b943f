"""What video readers share: the frames of a tracklet's folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reidapt.data.readers.tools import Columns, need_pictures, pictures

LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def frames(place: Path, title: str, *, person: int, camera: int, tracklet: int, split: str) -> Columns:
    """Columns of a folder of frames, in the order of their names; a frame's number is the last one in its name."""
    names = pictures(place)
    numbers = [LAST_NUMBER.search(name.rsplit(".", 1)[0]) for name in names]
    columns: Columns = {
        "path": [f"{place}/{name}" for name in names],
        "person": person,
        "camera": camera,
        "tracklet": tracklet,
        "frame": np.array([int(found[1]) if found else -1 for found in numbers], dtype=np.int64),
        "split": split,
    }
    return need_pictures(columns, place, title)
