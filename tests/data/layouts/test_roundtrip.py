"""Every layout that is written is read back: the same people, cameras and modalities, told apart by what the pictures show."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reidapt.data import CropTable, read
from reidapt.data.catalogue import CATALOGUE
from reidapt.data.layouts import LAYOUTS, write_layout

OPTIONS = {"cuhk03": ["?boxes=detected", "?boxes=labelled"], "regdb": ["?trial=1", "?trial=7"]}
SPECS = [(name, option) for name in LAYOUTS if name in CATALOGUE for option in OPTIONS.get(name, [""])]


def pixels(path: str) -> str:
    """Hash of the decoded picture: formats without loss keep it."""
    with Image.open(path) as picture:
        return hashlib.sha256(np.asarray(picture.convert("RGB")).tobytes()).hexdigest()


def same_partition(a: list[object], b: list[object]) -> bool:
    """Whether equal entries of one list are equal in the other."""
    return len(set(zip(a, b))) == len(set(a)) == len(set(b))


def matched(written: CropTable, found: CropTable) -> list[tuple[int, int]]:
    """Rows (of `found`, of `written`) that show the same pixels."""
    source = {pixels(path): row for row, path in enumerate(written.paths)}
    hashes = [pixels(path) for path in found.paths]
    return [(row, source[key]) for row, key in enumerate(hashes) if key in source]


@pytest.mark.parametrize(("name", "option"), SPECS)
def test_what_is_written_is_read(world, tmp_path: Path, name: str, option: str):
    table = world(name)
    out = write_layout(table, name, tmp_path / "out")
    found = read(f"{name}:{out}{option}")
    pairs = matched(table, found)
    assert len(pairs) >= 0.9 * len(found), "pictures were encoded anew, or come from nowhere"
    real = [(a, b) for a, b in pairs if table.person[b] > 0]
    assert same_partition([found.person[a] for a, _ in real], [table.person[b] for _, b in real])
    assert all(found.person[a] == table.person[b] for a, b in pairs if table.person[b] <= 0)
    assert [str(found.frame["modality"].iloc[a]) for a, _ in pairs] == [
        str(table.frame["modality"].iloc[b]) for _, b in pairs
    ]
    for person in set(found.person.tolist()) - {-1, 0}:  # layouts with two views call every pair of cameras 1 and 2
        own = [(a, b) for a, b in pairs if found.person[a] == person and found.camera[a] >= 0]
        read_as, were = (
            [(t.camera[r], t.frame["modality"].iloc[r]) for r in rows] for t, rows in zip((found, table), zip(*own))
        )
        assert same_partition(read_as, were), "cameras got mixed up"
    if LAYOUTS[name].tracklets:
        assert same_partition(
            [found.frame["tracklet"].iloc[a] for a, _ in pairs], [table.frame["tracklet"].iloc[b] for _, b in pairs]
        )
        order: dict[int, list[int]] = {}
        for a, b in pairs:
            order.setdefault(int(found.frame["tracklet"].iloc[a]), []).append(int(table.frame["frame"].iloc[b]))
        assert all(frames == sorted(frames) for frames in order.values()), "frames of a tracklet are out of order"
    kept = set(LAYOUTS[name].splits)
    if kept >= {"train", "query", "gallery"}:
        wrong = [(found.frame["split"].iloc[a], table.frame["split"].iloc[b]) for a, b in pairs]
        trained = [f == "train" for f, _ in wrong], [t == "train" for _, t in wrong]
        assert trained[0] == trained[1], "training and test people got mixed up"
