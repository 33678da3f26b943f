"""The traps of the video datasets: index bases, junk, halves, tracklets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trees
from scipy.io import savemat

from reidapt.data import CropTable, check, read
from reidapt.errors import DataError


def tracklets(table: CropTable) -> dict[int, tuple[int, int, str, list[str]]]:
    """Person, camera, split and file names of every tracklet."""
    found: dict[int, tuple[int, int, str, list[str]]] = {}
    for path, person, camera, tracklet, split in table.frame[
        ["path", "person", "camera", "tracklet", "split"]
    ].itertuples(index=False):
        known = found.setdefault(tracklet, (person, camera, split, []))
        assert known[:3] == (person, camera, split)
        known[3].append(Path(path).name)
    return found


def test_mars_counts_from_one_and_includes_the_end(tmp_path: Path) -> None:
    table = read(f"mars:{trees.mars(tmp_path)}")
    assert tracklets(table) == {
        1: (1, 1, "train", ["0001C1T0001F001.jpg", "0001C1T0001F002.jpg"]),
        2: (1, 2, "train", ["0001C2T0001F001.jpg"]),
        3: (3, 2, "train", ["0003C2T0001F001.jpg", "0003C2T0001F002.jpg"]),
        4: (-1, 1, "gallery", ["00-1C1T0001F001.jpg", "00-1C1T0001F002.jpg"]),
        5: (0, 2, "gallery", ["0000C2T0001F001.jpg"]),
        6: (2, 1, "gallery", ["0002C1T0001F001.jpg", "0002C1T0001F002.jpg"]),
        7: (2, 1, "query", ["0002C1T0002F001.jpg"]),
        8: (2, 3, "gallery", ["0002C3T0001F001.jpg", "0002C3T0001F002.jpg"]),
    }
    assert table.column("frame").tolist()[:3] == [1, 2, 1]


REST = ([3, 3, 0, 2], [4, 5, 2, 1], [6, 6, 2, 1], [7, 8, 2, 3])
"""The test tracklets 2 to 5 of the tree."""


@pytest.mark.parametrize(
    ("name", "key", "value", "sentence"),
    [
        ("tracks_test_info", "track_test_info", np.ones((5, 3)), r"shape \(5, 3\); expected N × 4"),
        ("tracks_test_info", "track_test_info", [[0, 1, -1, 1], *REST], "has the value 0; expected 1..8"),
        ("tracks_test_info", "track_test_info", [[1, 9, -1, 1], *REST], "has the value 9; expected 1..8"),
        ("tracks_test_info", "track_test_info", [[2, 1, -1, 1], *REST], "starts at 2 and ends at 1"),
        ("tracks_test_info", "track_test_info", [[1, 2, 7, 1], *REST], "do not belong together"),
        ("tracks_test_info", "track_test_info", [[1, 2.5, 7, 1], *REST], "not whole numbers"),
        ("tracks_test_info", "something", [[1, 2, 7, 1]], "no variable 'track_test_info'; it holds something"),
        ("query_IDX", "query_IDX", [[6]], "has the value 6; expected 1..5"),
        ("query_IDX", "query_IDX", [[1, 2], [3, 4]], r"shape \(2, 2\); expected one row"),
        ("query_IDX", "query_IDX", "four", "no array of numbers"),
    ],
)
def test_mars_lists_that_cannot_be_right(name: str, key: str, value: object, sentence: str, tmp_path: Path) -> None:
    folder = trees.mars(tmp_path)
    file = folder / "info" / f"{name}.mat"
    savemat(file, {key: value if isinstance(value, str) else np.array(value, dtype=np.float64)})
    with pytest.raises(DataError, match=sentence) as refusal:
        read(f"mars:{folder}")
    assert name in str(refusal.value) or "info" in str(refusal.value)


def test_unmatched_query_tracklets_are_counted_as_tracklets(tmp_path: Path) -> None:
    folder = trees.mars(tmp_path)
    savemat(folder / "info" / "query_IDX.mat", {"query_IDX": np.array([[2, 4]])})
    text = check(f"mars:{folder}").text()
    assert "1 of 2 query tracklets have no match" in text


def test_ilids_first_half_is_test(tmp_path: Path) -> None:
    folder = trees.ilids_vid(tmp_path)
    numbers = [1, 5, 9, 319]
    for trial in (1, 2, 10):
        table = read(f"ilids-vid:{folder}?trial={trial}")
        order = [(trial - 1 + j) % 4 for j in range(4)]
        assert set(table.select(split="query").person) == {numbers[k] for k in order[:2]}
        assert set(table.select(split="gallery").person) == {numbers[k] for k in order[:2]}
        assert set(table.select(split="train").person) == {numbers[k] for k in order[2:]}
        assert set(table.select(split="query").camera) == {1}
        assert set(table.select(split="gallery").camera) == {2}
    assert len(tracklets(table)) == 8
    assert set(table.column("frame")) == {317, 318}
    (folder / "i-LIDS-VID/sequences/cam2/person009").rename(folder / "i-LIDS-VID/sequences/cam2/person010")
    with pytest.raises(DataError, match="person009 is in only one of cam1 and cam2"):
        read(f"ilids-vid:{folder}")


def test_ilids_orders_have_to_be_orders(tmp_path: Path) -> None:
    folder = trees.ilids_vid(tmp_path)
    file = folder / "train-test people splits" / "train_test_splits_ilidsvid.mat"
    for values, sentence in (
        ([[0, 1, 2, 3]], "has the value 0; expected 1..4"),
        ([[1, 2, 2, 3]], "lists a person twice"),
        ([[1, 2, 3]], r"shape \(1, 3\); expected N × 4"),
    ):
        savemat(file, {"ls_set": np.array(values)})
        with pytest.raises(DataError, match=sentence):
            read(f"ilids-vid:{folder}")
    savemat(file, {"ls_set": np.array([[1, 2, 3, 4]])})
    with pytest.raises(DataError, match="has 1 trials; trial=2"):
        read(f"ilids-vid:{folder}?trial=2")


def test_prid_uses_only_the_persons_of_its_splits(tmp_path: Path) -> None:
    table = read(f"prid2011:{trees.prid2011(tmp_path)}")
    assert set(table.select(split="train").person) == {1, 2}
    assert set(table.select(split="query").person) == {3, 5}
    assert 200 not in table.person
    assert len(tracklets(table)) == 8
    (tmp_path / "prid_2011/multi_shot/cam_b/person_0003").rename(tmp_path / "prid_2011/multi_shot/cam_b/person_0004")
    with pytest.raises(DataError, match="lists person_0003, but there is no folder"):
        read(f"prid2011:{tmp_path}")


@pytest.mark.parametrize("folders", [False, True])
def test_ls_vid_prefixes_do_not_swallow_longer_ones(folders: bool, tmp_path: Path) -> None:
    found = tracklets(read(f"ls-vid:{trees.ls_vid(tmp_path, folders)}"))
    assert {k: v[:3] for k, v in found.items()} == {
        1: (1, 3, "train"),
        2: (1, 4, "train"),
        3: (2, 3, "train"),
        4: (3, 1, "gallery"),
        5: (3, 2, "query"),
        6: (4, 5, "gallery"),
        7: (4, 1, "query"),
    }
    assert all(len(names) == 2 for *_, names in found.values())


def test_duke_video_frames_may_start_at_two(tmp_path: Path) -> None:
    table = read(f"dukemtmc-video:{trees.dukemtmc_video(tmp_path)}")
    assert table.column("frame").tolist() == [2, 3, 4, 1, 1, 1]
    assert {k: v[:3] for k, v in tracklets(table).items()} == {
        1: (1, 6, "train"),
        2: (1, 2, "train"),
        3: (5, 1, "query"),
        4: (5, 2, "gallery"),
    }


def test_ccvid_cameras_of_session_3_and_clothes(tmp_path: Path) -> None:
    table = read(f"ccvid:{trees.ccvid(tmp_path)}")
    facts = table.frame.drop_duplicates("tracklet")[["person", "camera", "split", "clothes"]].to_numpy().tolist()
    assert facts == [
        [1, 1, "train", "1_u1_l1"],
        [1, 14, "train", "1_u2_l1"],
        [2, 3, "query", "2_u1_l1"],
        [2, 3, "gallery", "2_u2_l2"],
        [2, 15, "gallery", "2_u1_l1"],
    ]


@pytest.mark.parametrize("below", ["", "V3DGait_VIS"])
def test_svreid_variants_differ_in_training_only(below: str, tmp_path: Path) -> None:
    folder = trees.svreid(tmp_path, below)
    base, cc, plus = (read(f"svreid:{folder}?variant={name}") for name in ("base", "cc", "plus"))
    assert base.select(split="train").camera.tolist() == [1, 1, 2, 2]
    assert set(cc.select(split="train").column("clothes")) == {"1_0", "1_1"}
    assert set(plus.select(split="train").person) == {1}
    for split in ("query", "gallery"):
        assert base.select(split=split).paths.tolist() == cc.select(split=split).paths.tolist()
    assert base.select(split="gallery").camera.tolist() == [2, 2, 3, 3]
