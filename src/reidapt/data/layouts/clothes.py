"""Video datasets in which people change clothes: CCVID and SVReID.

The attribute `outfit` says what a person wears; 0 without it. Both list tracklets in text files, a line of tracklet
folder, person and clothes, and name the camera in the folder. `val` goes to training. Only
colour; junk and distractors are left out.

ccvid   `session1/001_01/00001.jpg`: session, person (3 digits), camera (2 digits), frame from 1 (5 digits). Lines of
        `train.txt`, `query.txt`, `gallery.txt` have tabs between `session1/001_01`, the person as in the folder and the
        clothes `u0_l0_s0_c0_a0`, where every number but the last is the outfit. Sessions 1 and 2 share the cameras
        1-12, session 3 has cameras of its own: readers call its camera c the camera 12 + c, so table cameras 13-24 are
        session 3. The first tracklet of a person and camera is session 1, the second session 2 (cameras 13 and above
        have one); further tracklets are left out.
svreid  `SVReID/0001/o0/0001/1/0001.jpg`: person (4 digits), outfit, tracklet from 1 within the person (4 digits),
        camera, frame from 1. Lines `0001/o0/0001/1 0001 o0` with the path relative to `SVReID`, whose last part is the
        camera. `train_svreid.txt`: training tracklets in the first outfit of each person; `train_svreid_cc.txt`: all
        tracklets of the persons with several outfits; `train_svreid_plus.txt`: all training tracklets; `query.txt`,
        `gallery.txt`. Option `name`: the folder, "SVReID" or "V3DGait_VIS".
"""

from __future__ import annotations

from collections import defaultdict

from reidapt.data.layouts.crops import Crop, Track, limited, outfit, tracks
from reidapt.data.layouts.folder import Folder
from reidapt.errors import DataError

LISTS = {"train": "train", "val": "train", "query": "query", "gallery": "gallery"}
OWN_CAMERAS = 12


def _tracks(crops: list[Crop]) -> list[Track]:
    return tracks(crop for crop in crops if crop.modality == "colour" and crop.person > 0)


def ccvid(folder: Folder, crops: list[Crop]) -> None:
    """Write CCVID."""
    lines: dict[str, list[str]] = {"train": [], "query": [], "gallery": []}
    count: dict[tuple[int, int], int] = defaultdict(int)
    for track in _tracks(crops):
        person = limited(track[0].person, 1, 999, "person", "CCVID")
        camera = limited(track[0].camera, 1, 2 * OWN_CAMERAS, "camera", "CCVID")
        count[person, camera] += 1
        if count[person, camera] > (2 if camera <= OWN_CAMERAS else 1):
            continue
        session = count[person, camera] if camera <= OWN_CAMERAS else 3
        place = f"session{session}/{person:03d}_{(camera - 1) % OWN_CAMERAS + 1:02d}"
        for k, crop in enumerate(track, 1):
            folder.picture(crop, f"{place}/{k:05d}.jpg")
        worn = outfit(track[0])
        lines[LISTS[track[0].split]].append(f"{place}\t{person:03d}\tu{worn}_l{worn}_s{worn}_c{worn}_a0")
    for name, mine in lines.items():
        folder.lines(f"{name}.txt", mine)


def svreid(folder: Folder, crops: list[Crop], *, name: str = "SVReID") -> None:
    """Write SVReID with its three training lists; `name` is the folder."""
    if name not in ("SVReID", "V3DGait_VIS"):
        raise DataError(f"the option name is 'SVReID' or 'V3DGait_VIS', found {name!r}.")
    lines: dict[str, list[tuple[int, int, str]]] = {"train": [], "query": [], "gallery": []}
    count: dict[int, int] = defaultdict(int)
    for track in _tracks(crops):
        person = limited(track[0].person, 1, 9999, "person", "SVReID")
        count[person] += 1
        worn = outfit(track[0])
        place = f"{person:04d}/o{worn}/{count[person]:04d}/{track[0].camera}"
        for k, crop in enumerate(track, 1):
            folder.picture(crop, f"{name}/{place}/{k:04d}.jpg")
        lines[LISTS[track[0].split]].append((person, worn, f"{place} {person:04d} o{worn}"))
    outfits: dict[int, set[int]] = defaultdict(set)
    for person, worn, _ in lines["train"]:
        outfits[person].add(worn)
    parts = {
        "train_svreid": [line for person, worn, line in lines["train"] if worn == min(outfits[person])],
        "train_svreid_cc": [line for person, _, line in lines["train"] if len(outfits[person]) > 1],
        "train_svreid_plus": [line for _, _, line in lines["train"]],
        "query": [line for _, _, line in lines["query"]],
        "gallery": [line for _, _, line in lines["gallery"]],
    }
    for file, mine in parts.items():
        folder.lines(f"{name}/{file}.txt", mine)
