"""LS-VID: tracklets as name prefixes, and an HDF5 file that says which are queries.

`tracklet_train/0001/0001_0003_07_000012.jpg`, `tracklet_val/`, `tracklet_test/`: person (4 digits), tracklet (4 digits,
unique within the person), camera (2 digits, 1-15), frame from 1 within the tracklet (6 digits).
`list_sequence/list_seq_train.txt`, `list_seq_val.txt`, `list_seq_test.txt`: a line `tracklet_train/0001/0001_0003_07_
1` per tracklet: the beginning of its pictures' paths, and the person. Queries and gallery stand together in the test
list; the list of `val` is empty where the table has none.
`test/data/info_test.mat` (MATLAB 7.3, HDF5): `query`, Q×1 double in MATLAB and so 1×Q in HDF5: 1-based lines of the
test list.

Only colour; junk and distractors are left out.
"""

from __future__ import annotations

import numpy as np

from reidapt.data.layouts.crops import Crop, limited, tracks
from reidapt.data.layouts.folder import Folder
from reidapt.data.layouts.matlab import Version73

PARTS = {"train": ("train",), "val": ("val",), "test": ("query", "gallery")}


def write(folder: Folder, crops: list[Crop]) -> None:
    """Write LS-VID."""
    found = tracks(crop for crop in crops if crop.modality == "colour" and crop.person > 0)
    count: dict[int, int] = {}
    queries: list[int] = []
    for part, splits in PARTS.items():
        lines: list[str] = []
        for track in (track for track in found if track[0].split in splits):
            first = track[0]
            person = limited(first.person, 1, 9999, "person", "LS-VID")
            count[person] = count.get(person, 0) + 1
            camera = limited(first.camera, 1, 15, "camera", "LS-VID")
            stem = f"tracklet_{part}/{person:04d}/{person:04d}_{count[person]:04d}_{camera:02d}_"
            for k, crop in enumerate(track, 1):
                folder.picture(crop, f"{stem}{k:06d}.jpg")
            lines.append(f"{stem} {person}")
            if first.split == "query":
                queries.append(len(lines))
        folder.lines(f"list_sequence/list_seq_{part}.txt", lines)
    with Version73(folder.place("test/data/info_test.mat")) as mat:
        mat.variable("query", np.array(queries, np.float64).reshape(-1, 1))
