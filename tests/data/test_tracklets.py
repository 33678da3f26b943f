"""Tracklets of a table and what is done about damaged ones: named, skipped or refused, never shortened."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reidapt.data import CropTable
from reidapt.data.tracklets import Tracklets, tracklet_groups, usable_tracklets
from reidapt.errors import DataError


def made(tmp_path, sizes=(5, 5, 5, 5), **columns):
    """One tracklet per size, all of different persons; frames 3 apart, rows of all tracklets mixed."""
    rows = []
    for k, size in enumerate(sizes):
        for frame in range(size):
            path = tmp_path / f"{k}-{frame}.png"
            Image.new("RGB", (8, 16), (k, frame, 0)).save(path)
            rows.append({"path": str(path), "person": k, "camera": 1, "tracklet": 10 + k, "frame": 3 * frame})
    order = np.random.default_rng(0).permutation(len(rows))
    return CropTable(pd.DataFrame([rows[i] for i in order]), "made", tmp_path)


def lengths(table):
    return sorted(len(rows) for rows in Tracklets.of(table).rows)


def test_tracklets_are_whole_and_in_the_order_of_time(tmp_path):
    table = made(tmp_path, (3, 4, 1))
    tracklets = Tracklets.of(table)
    group = tracklet_groups(table)
    for k, rows in enumerate(tracklets.rows):
        assert sorted(rows.tolist()) == np.flatnonzero(group == k).tolist()
        assert table.column("frame")[rows].tolist() == [3 * i for i in range(len(rows))]
        assert tracklets.first[k] == rows.min()
    assert tracklets.first.tolist() == sorted(tracklets.first.tolist())


def test_the_same_number_in_another_camera_split_or_person_is_another_tracklet(tmp_path):
    table = made(tmp_path, (2, 2)).assign(tracklet=1)
    assert lengths(table) == [2, 2]
    for column, values in (("camera", [1, 2, 1, 2]), ("split", ["train", "query"] * 2), ("sequence", [0, 1] * 2)):
        assert len(Tracklets.of(table.assign(person=1, frame=range(4), **{column: values}))) == 2


def test_frames_without_an_order_are_refused(tmp_path):
    table = made(tmp_path)
    with pytest.raises(DataError, match=r"tracklet 1\d of camera 1 .*no frame number"):
        Tracklets.of(table.assign(frame=-1))
    with pytest.raises(DataError, match="frame 0 twice"):
        Tracklets.of(table.assign(frame=np.maximum(table.column("frame") - 3, 0)))
    with pytest.raises(DataError, match="belongs to no tracklet"):
        Tracklets.of(table.assign(tracklet=-1))
    assert len(Tracklets.of(table.assign(frame=-1), ordered=False)) == 4


def damage(table, kind):
    """Damage the tracklet of person 2; returns a part of what must be said."""
    path = str(table.root / "2-2.png")
    if kind == "missing":
        (table.root / "2-2.png").unlink()
        return f"lacks a frame: there is no file {path}"
    content = (table.root / "2-2.png").read_bytes()
    (table.root / "2-2.png").write_bytes(content[: len(content) // 2] if kind == "truncated" else b"")
    return f"has an unreadable frame: {path}"


@pytest.mark.parametrize("kind", ["missing", "truncated", "empty"])
def test_a_missing_or_unreadable_frame_is_named_and_refused_or_skipped_whole(kind, tmp_path, caplog):
    table = made(tmp_path)
    said = damage(table, kind)
    with pytest.raises(DataError) as error:
        usable_tracklets(table)
    assert said in str(error.value)
    assert "tracklet 12 of camera 1" in str(error.value)
    assert "--bad-tracklets skip" in str(error.value)
    with caplog.at_level(logging.WARNING):
        left = usable_tracklets(table, bad="skip")
    assert "1 of 4 tracklets are left out" in caplog.text
    assert said in caplog.text
    assert lengths(left) == [5, 5, 5]
    assert 2 not in left.person


def test_a_tracklet_of_one_frame_is_named_and_refused_skipped_or_accepted(tmp_path, caplog):
    table = made(tmp_path, (5, 1, 5))
    with pytest.raises(DataError, match=r"tracklet 11 .* has 1 frame, fewer than 2"):
        usable_tracklets(table)
    with caplog.at_level(logging.WARNING):
        assert lengths(usable_tracklets(table, bad="skip")) == [5, 5]
    assert "tracklet 11 of camera 1" in caplog.text
    assert usable_tracklets(table, shortest=1) is table
    with pytest.raises(DataError, match="none of the 3 tracklets"):
        usable_tracklets(table, bad="skip", shortest=6)


def test_a_gap_in_the_numbers_is_named_and_kept_refused_or_skipped(tmp_path, caplog):
    table = made(tmp_path, (8, 8, 8))
    table = table.take(np.flatnonzero(~((table.person == 1) & (table.column("frame") == 9))))
    assert Tracklets.of(table).step() == 3
    with caplog.at_level(logging.WARNING):
        assert usable_tracklets(table) is table
    assert "1 of 3 tracklets are used as they are" in caplog.text
    assert "tracklet 11 of camera 1" in caplog.text
    assert "lacks 1 frame(s)" in caplog.text
    assert lengths(usable_tracklets(table, gaps="skip")) == [8, 8]
    with pytest.raises(DataError, match=r"tracklet 11 .*lacks 1 frame.*--frame-gaps skip"):
        usable_tracklets(table, gaps="stop")


def test_irregular_numbers_are_no_gaps(tmp_path, caplog):
    table = made(tmp_path, (8, 8))
    uneven = table.assign(frame=table.column("frame") ** 2)
    assert Tracklets.of(uneven).step() == 0
    with caplog.at_level(logging.WARNING):
        assert usable_tracklets(uneven, gaps="stop") is uneven
    assert not caplog.text


def test_a_world_whose_tracklets_are_fine_is_returned_as_it_is(tmp_path):
    table = made(tmp_path)
    assert usable_tracklets(table) is table
