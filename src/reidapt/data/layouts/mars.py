"""MARS: tracklets as ranges of two lists of names.

`bbox_train/0001/0001C1T0001F001.jpg`, `bbox_test/`: person (4 digits; `0000` distractors, `00-1` junk), camera (one
digit, 1-6), tracklet from 1 within person and camera (4 digits), frame from 1 within the tracklet (3 digits, more where
needed). `val` goes to
`bbox_train`.
`info/train_name.txt`, `info/test_name.txt`: one file name per line, sorted, so that a tracklet is a run of lines.
`info/tracks_train_info.mat` with `track_train_info` and `info/tracks_test_info.mat` with `track_test_info` (MATLAB 5):
T×4 int32 rows of first line, last line (1-based, both included), person (−1 junk), camera; in the order of the names.
`info/query_IDX.mat` with `query_IDX`: 1×Q int32, 1-based rows of `track_test_info` that are queries.
"""

from __future__ import annotations

import numpy as np

from reidapt.data.layouts.crops import Crop, Track, grouped, limited, tracks
from reidapt.data.layouts.folder import Folder

PARTS = {"train": ("train", "val"), "test": ("query", "gallery")}


def write(folder: Folder, crops: list[Crop]) -> None:
    """Write MARS."""
    found = tracks(crop for crop in crops if crop.modality == "colour")
    for part, splits in PARTS.items():
        mine = sorted((_stem(track, number), track) for number, track in _numbered(found, splits))
        names: list[str] = []
        info, queries = [], []
        for row, (stem, track) in enumerate(mine, 1):
            first = track[0]
            person = stem[:4]
            info.append((len(names) + 1, len(names) + len(track), first.person, first.camera))
            for k, crop in enumerate(track, 1):
                names.append(f"{stem}F{k:03d}.jpg")
                folder.picture(crop, f"bbox_{part}/{person}/{names[-1]}")
            if first.split == "query":
                queries.append(row)
        folder.lines(f"info/{part}_name.txt", names)
        folder.mat(f"info/tracks_{part}_info.mat", {f"track_{part}_info": np.array(info, np.int32).reshape(-1, 4)})
        if part == "test":
            folder.mat("info/query_IDX.mat", {"query_IDX": np.array([queries], np.int32)})


def _numbered(found: list[Track], splits: tuple[str, ...]) -> list[tuple[int, Track]]:
    """The tracklets of a part with their numbers within person and camera."""
    of = {track[0].row: track for track in found if track[0].split in splits}
    groups = grouped((track[0] for track in of.values()), "person", "camera")
    return [(k, of[first.row]) for firsts in groups.values() for k, first in enumerate(firsts, 1)]


def _stem(track: Track, number: int) -> str:
    person = "00-1" if track[0].person < 0 else f"{limited(track[0].person, 0, 9999, 'person', 'MARS'):04d}"
    camera = limited(track[0].camera, 1, 6, "camera", "MARS")
    return f"{person}C{camera}T{limited(number, 1, 9999, 'tracklet', 'MARS'):04d}"
