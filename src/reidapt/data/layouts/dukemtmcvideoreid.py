"""DukeMTMC-VideoReID: a folder per tracklet.

`train/0001/0001/0001_C6_F0001_X30823.jpg`, `query/`, `gallery/`: person (4 digits), tracklet from 1 within the person
and split (4 digits), then in the name person, camera (1-8), running number in the tracklet (4 digits), frame of the
recording. Option `names`="old":
`0001C6F0001X30823.jpg`. As in the published set, some tracklets start at F0002: here every third. `val` goes to
`train`.

Only colour; junk and distractors are left out. (The set was withdrawn by its authors: this is its layout, not its
data.)
"""

from __future__ import annotations

from reidapt.data.layouts.crops import Crop, limited, tracks
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

FOLDERS = {"train": "train", "val": "train", "query": "query", "gallery": "gallery"}
NAMES = {
    "new": "{person:04d}_C{camera}_F{number:04d}_X{frame}.jpg",
    "old": "{person:04d}C{camera}F{number:04d}X{frame}.jpg",
}


def write(folder: Folder, crops: list[Crop], *, names: str = "new") -> None:
    """Write DukeMTMC-VideoReID; `names` is "new" or "old"."""
    if names not in NAMES:
        raise DataError(f"the option names is 'new' or 'old', found {names!r}.")
    count: dict[tuple[str, int], int] = {}
    for k, track in enumerate(tracks(crop for crop in crops if crop.modality == "colour" and crop.person > 0), 1):
        person = limited(track[0].person, 1, 9999, "person", "DukeMTMC-VideoReID")
        camera = limited(track[0].camera, 1, 8, "camera", "DukeMTMC-VideoReID")
        place = FOLDERS[track[0].split]
        count[place, person] = tracklet = count.get((place, person), 0) + 1
        for number, crop in enumerate(track, 2 if k % 3 == 0 else 1):
            name = NAMES[names].format(person=person, camera=camera, number=number, frame=max(0, crop.frame))
            folder.picture(crop, f"{place}/{person:04d}/{tracklet:04d}/{name}")
