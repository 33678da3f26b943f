"""Writers and readers, written independently from the published layouts, agree on every crop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reidapt.data import CropTable, read
from reidapt.data.layouts import LAYOUTS, write_layout
from reidapt.data.spec import READERS

from .trees import rows_by_picture, shown

World = Callable[..., CropTable]
OWN_SPLITS = (
    *("cuhk01", "viper", "grid", "prid2011-single", "regdb", "pku-sketch", "ilids-vid", "prid2011"),
    *("randperson", "unrealperson", "finegpr", "weperson", "folder"),  # everything is for training
    *("sysu-mm01", "llcm"),  # queries are of one modality, the gallery of the other
    "gtasynthreid",  # its queries are also in the gallery
)
WAYS = {"table": ("csv", "/crops.csv", {}), "cuhk03": ("cuhk03", "?boxes=detected", {"boxes": "detected"})}


def one_to_one(pairs: set[tuple[Any, Any]]) -> bool:
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_written_is_read(layout: str, world: World, tmp_path: Path) -> None:
    reader, place, options = WAYS.get(layout, (layout, "", {}))
    if reader not in READERS:
        pytest.skip(f"there is no reader {reader}")
    table = world(layout)
    # masks in a tree of their own are beside the point here: not every reader looks for them
    out = write_layout(table, layout, tmp_path / "out", options={**options, "masks": layout == "market1501"})
    again = read(f"{reader}:{out}{place}")
    rows = rows_by_picture(table)
    pairs = [(row, rows[shown(row["path"])]) for row in again.frame.to_dict("records")]
    assert pairs
    assert one_to_one({(new["person"], old["person"]) for new, old in pairs})
    assert all(new["modality"] == old["modality"] for new, old in pairs)
    if layout not in OWN_SPLITS:
        assert all(new["split"] == old["split"] for new, old in pairs)
    cameras = {(new["camera"], old["camera"]) for new, old in pairs if new["camera"] >= 0}
    if layout == "cuhk03":  # a camera is a view of a pair
        cameras = {(new, 2 - old % 2) for new, old in cameras}
    if layout != "regdb":  # its two cameras are the modalities
        assert one_to_one(cameras)
        assert cameras or not LAYOUTS[layout].cameras
    if LAYOUTS[layout].tracklets:
        assert one_to_one({(new["tracklet"], (old["person"], old["tracklet"])) for new, old in pairs})
        order: dict[int, list[int]] = {}
        for new, old in sorted(pairs, key=lambda pair: (pair[0]["tracklet"], pair[0]["frame"])):
            order.setdefault(new["tracklet"], []).append(old["frame"])
        assert all(frames == sorted(frames) for frames in order.values())
