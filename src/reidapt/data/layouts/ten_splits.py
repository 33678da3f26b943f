"""Video datasets with two cameras and ten random halves of the persons: iLIDS-VID and PRID2011 (multi shot).

The two lowest cameras of the table are the first and second; one tracklet per person and camera, the first. Only
colour; junk and distractors are left out, and the table's splits are not used. Training takes both cameras, queries are
the test persons in the first camera and the gallery the same persons in the second.

ilids-vid      `i-LIDS-VID/sequences/cam1/person001/cam1_person001_00317.png` and `cam2/`: person (3 digits), frame (5
               digits); persons without a tracklet in both cameras are left out.
               `i-LIDS-VID/images/cam1/person001/cam1_person001.png`: the middle frame. `train-test people
               splits/train_test_splits_ilidsvid.mat` (MATLAB 5): `ls_set`, 10×P double, each row a permutation of the
               1-based places of the persons' folders in sorted order (not their numbers, which have gaps). **The first
               half of a row is the test part**, and of an odd number the smaller.
prid2011       `prid_2011/multi_shot/cam_a/person_0001/0001.png` and `cam_b/`: persons numbered as in the single-shot
               set (those of both views first), frames from 1 (4 digits). `splits_prid2011.json`: a list of ten
               `{"train": ["person_0001", ...], "test": [...]}` with halves of the persons seen in both cameras for at
               least `shortest` frames (published: 178 persons with more than 21 frames).
"""

from __future__ import annotations

import numpy as np

from reidapt.data.layouts.crops import Crop, Track, cameras, frames, halves, limited, tracks
from reidapt.data.layouts.folder import Folder
from reidapt.data.layouts.single_shot import prid_views
from reidapt.errors import DataError

TRIALS = 10


def _views(crops: list[Crop], layout: str) -> tuple[list[dict[int, Track]], list[int]]:
    """Person -> tracklet in the first and in the second camera, and the persons of both."""
    people = [crop for crop in crops if crop.modality == "colour" and crop.person > 0]
    views: list[dict[int, Track]] = []
    for camera in cameras(people)[:2]:
        views.append({})
        for track in tracks(crop for crop in people if crop.camera == camera):
            views[-1].setdefault(track[0].person, track)
    both = sorted(set(views[0]) & set(views[1])) if len(views) == 2 else []
    if len(both) < 2:
        raise DataError(
            f"the {layout} layout needs two persons with tracklets in two cameras; the table has {len(both)}."
        )
    return views, both


def ilidsvid(folder: Folder, crops: list[Crop], *, seed: int = 0) -> None:
    """Write iLIDS-VID; `seed` draws the splits."""
    views, both = _views(crops, "iLIDS-VID")
    for number, view in enumerate(views, 1):
        for person in both:
            name = f"person{limited(person, 1, 999, 'person', 'iLIDS-VID'):03d}"
            track = view[person]
            frame = frames(track, "person")
            if len(set(frame.values())) < len(track):
                frame = {crop.row: k for k, crop in enumerate(track, 1)}
            for crop in track:
                file = f"cam{number}_{name}_{frame[crop.row]:05d}.png"
                folder.picture(crop, f"i-LIDS-VID/sequences/cam{number}/{name}/{file}")
            folder.picture(track[len(track) // 2], f"i-LIDS-VID/images/cam{number}/{name}/cam{number}_{name}.png")
    rows = [np.random.default_rng([seed, trial]).permutation(len(both)) + 1.0 for trial in range(TRIALS)]
    folder.mat("train-test people splits/train_test_splits_ilidsvid.mat", {"ls_set": np.array(rows)})


def prid2011video(
    folder: Folder, crops: list[Crop], *, shared: int | None = None, shortest: int = 1, seed: int = 0
) -> None:
    """Write PRID2011 (multi shot); `shared` as in the single-shot set, `seed` draws the splits."""
    views, both = _views(crops, "PRID2011")
    lists = prid_views(views, both, shared)
    for name, mine in zip(("cam_a", "cam_b"), lists):
        for number, track in enumerate(mine, 1):
            for k, crop in enumerate(track, 1):
                folder.picture(crop, f"prid_2011/multi_shot/{name}/person_{number:04d}/{k:04d}.png")
    count = len(both) if shared is None else shared
    long = [k + 1 for k in range(count) if min(len(lists[0][k]), len(lists[1][k])) >= shortest]
    if len(long) < 2:
        raise DataError(
            f"PRID2011 needs two persons with {shortest} frames in both cameras; the table has {len(long)}."
        )
    splits = [dict(zip(("train", "test"), halves(long, seed, trial))) for trial in range(TRIALS)]
    named = [{part: [f"person_{k:04d}" for k in people] for part, people in split.items()} for split in splits]
    folder.json("splits_prid2011.json", named)
