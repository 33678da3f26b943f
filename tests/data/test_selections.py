"""Selections against plain loops and laws."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import trees

from reidapt.data import read
from reidapt.data.selections import (
    by_modality,
    hide_labels,
    mixed,
    query_in_gallery,
    spaced_frames,
    swapped,
    trials,
    with_val,
)
from reidapt.errors import DataError


def test_modalities_and_directions(tmp_path: Path) -> None:
    table = read(f"regdb:{trees.regdb(tmp_path)}")
    parts = by_modality(table)
    assert list(parts) == ["colour", "thermal"]
    assert sum(map(len, parts.values())) == len(table)
    other = swapped(table)
    assert other.splits == table.splits
    assert set(other.select(split="query").paths) == set(table.select(split="gallery").paths)
    pd.testing.assert_frame_equal(swapped(other).frame, table.frame)
    pd.testing.assert_frame_equal(
        other.select(split="query").frame,
        read(f"regdb:{tmp_path}?query=thermal").select(split="query").frame.assign(domain=table.name),
    )


def test_query_in_gallery_and_val(tmp_path: Path) -> None:
    table = read(f"mars:{trees.mars(tmp_path / 'mars')}")
    joined = query_in_gallery(table)
    assert joined.splits == {"train": 5, "query": 1, "gallery": 8}
    apart, together = (read(f"msmt17:{trees.msmt17(tmp_path / 'm')}?val={val}") for val in ("separate", "train"))
    assert with_val(apart).splits == together.splits
    assert with_val(apart).paths.tolist() == together.paths.tolist()


def test_hidden_labels_are_gone(market: Path) -> None:
    table = read(f"market1501:{market}")
    known, hidden = hide_labels(table, keep=0.5, seed=1)
    assert not hidden.labelled
    assert set(known.paths) | set(hidden.paths) == set(table.select(split="train").paths)
    assert not set(known.paths) & set(hidden.paths)
    assert len(set(known.person)) == 2
    assert known.paths.tolist() == hide_labels(table, keep=0.5, seed=1)[0].paths.tolist()
    assert len({frozenset(hide_labels(table, 0.5, s)[0].person) for s in range(9)}) > 1
    for keep in (0.0, 1.0):
        with pytest.raises(DataError, match="choose a share in between"):
            hide_labels(table, keep)
    with pytest.raises(DataError, match="no share"):
        hide_labels(table, 2.0)


def test_spaced_frames_keep_the_ends(tmp_path: Path) -> None:
    root = tmp_path / "train/0001/0001"
    trees.put(root, *(f"0001_C6_F{k:04d}_X1.jpg" for k in range(2, 13)))
    trees.put(tmp_path / "query/0002/0001", "0002_C1_F0001_X1.jpg")
    trees.put(tmp_path / "gallery/0002/0001", "0002_C2_F0001_X1.jpg", "0002_C2_F0002_X1.jpg")
    table = read(f"dukemtmc-video:{tmp_path}")
    assert spaced_frames(table, 3).column("frame").tolist() == [2, 7, 12, 1, 1, 2]
    assert len(spaced_frames(table, 100)) == len(table)
    assert spaced_frames(table, 1).column("frame").tolist() == [2, 1, 1]
    images = table.drop("tracklet")
    assert len(spaced_frames(images, 1)) == len(table)


def test_trials_give_every_split(tmp_path: Path) -> None:
    folder = trees.regdb(tmp_path)
    found = dict(trials(f"regdb:{folder}"))
    assert list(found) == list(range(1, 11))
    for number, table in found.items():
        pd.testing.assert_frame_equal(table.frame, read(f"regdb:{folder}?trial={number}").frame)
    assert [n for n, _ in trials(f"regdb:{folder}?query=thermal", only=[2, 5])] == [2, 5]
    with pytest.raises(DataError, match="has no trials"):
        next(trials(f"csv:{folder}"))


def test_mixed_sources_share_nobody(tmp_path: Path) -> None:
    specs = [f"msmt17:{trees.msmt17(tmp_path / 'm')}", f"randperson:{trees.randperson(tmp_path / 'r')}"]
    table = mixed(specs)
    assert table.splits == {"train": 6}
    assert len(set(table.person)) == 4
    assert set(table.column("domain")) == {"msmt17-version-1-val-train", "randperson"}
    assert len(set(mixed(specs, persons=[1, 0]).person)) == 3
