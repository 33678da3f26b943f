"""Video layouts: tracklets, their lists and their splits against independent readings."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import loadmat

from reidapt.data import CropTable
from reidapt.data.layouts import write_layout
from reidapt.errors import DataError

from .trees import agree, lines, rows_by_picture, said, shown

World = Callable[..., CropTable]
Rows = dict[str, dict[str, Any]]


def one_tracklet(rows: Rows, files: list[Path]) -> dict[str, Any]:
    """The first row of the tracklet that these files show, after checking that they show all of it in order."""
    shown_rows = [rows[shown(file)] for file in files]
    first = shown_rows[0]
    whole = [row for row in rows.values() if row["tracklet"] == first["tracklet"] and row["person"] == first["person"]]
    assert [row["path"] for row in shown_rows] == [row["path"] for row in sorted(whole, key=lambda row: row["frame"])]
    return first


def test_mars(world: World, tmp_path: Path) -> None:
    table = world("mars", junk=1, distractors=1)
    out = write_layout(table, "mars", tmp_path / "out")
    rows = rows_by_picture(table)
    pattern = r"bbox_(?:train|test)/(?P<folder>\d{4}|00-1)/(?P=folder)C(?P<camera>[1-6])T\d{4}F(?P<k>\d{3})\.jpg"
    found = said(table, out, pattern)
    agree(found, camera=0)
    assert len(found) == len(table)
    assert {int(w["folder"][-2:] if w["folder"] == "00-1" else w["folder"]) == row["person"] for w, row in found} == {
        True
    }
    splits: dict[str, list[str]] = {"train": [], "test": []}
    for part in splits:
        names = (out / "info" / f"{part}_name.txt").read_text().splitlines()
        assert names == sorted(names)
        assert len(names) == len({*names}) == sum(1 for _ in (out / f"bbox_{part}").rglob("*.jpg"))
        info = loadmat(out / "info" / f"tracks_{part}_info.mat")[f"track_{part}_info"]
        assert info.dtype == np.int32
        assert [first for first, *_ in info[1:].tolist()] == [last + 1 for _, last, *_ in info[:-1].tolist()]
        assert (info[0, 0], info[-1, 1]) == (1, len(names))
        for first, last, person, camera in info.tolist():
            track = names[first - 1 : last]
            assert {name[:11] for name in track} == {track[0][:11]}
            row = one_tracklet(rows, [out / f"bbox_{part}" / name[:4] / name for name in track])
            assert (row["person"], row["camera"]) == (person, camera)
            splits[part].append(row["split"])
    queries = loadmat(out / "info" / "query_IDX.mat")["query_IDX"]
    assert queries.shape == (1, 12)
    assert [k for k, split in enumerate(splits["test"], 1) if split == "query"] == queries[0].tolist()
    assert Counter(splits["train"]) == {"train": 24}
    assert {-1, 0} <= set(loadmat(out / "info" / "tracks_test_info.mat")["track_test_info"][:, 2].tolist())


def test_ilidsvid_first_half_is_the_test_part(world: World, tmp_path: Path) -> None:
    table = world("ilids-vid", people=7)
    table = table.assign(person=[p + 2 if p > 3 else p for p in table.person])  # gaps: folders are not their places
    out = write_layout(table, "ilids-vid", tmp_path / "out")
    rows = rows_by_picture(table)
    cameras = out / "i-LIDS-VID" / "sequences"
    folders = sorted(path.name for path in (cameras / "cam1").iterdir())
    assert (
        folders
        == [f"person{p:03d}" for p in (1, 2, 3, 6, 7, 8, 9)]
        == sorted(p.name for p in (cameras / "cam2").iterdir())
    )
    for number in (1, 2):
        for name in folders:
            files = sorted((cameras / f"cam{number}" / name).iterdir())
            row = one_tracklet(rows, files)
            assert (row["person"], row["camera"]) == (int(name[6:]), number)
            assert [f.name for f in files] == [f"cam{number}_{name}_{rows[shown(f)]['frame']:05d}.png" for f in files]
            assert (out / "i-LIDS-VID" / "images" / f"cam{number}" / name / f"cam{number}_{name}.png").is_file()
    order = loadmat(out / "train-test people splits" / "train_test_splits_ilidsvid.mat")["ls_set"]
    assert order.shape == (10, 7)
    assert (np.sort(order, axis=1) == np.arange(1, 8)).all()
    assert len({tuple(row) for row in order.tolist()}) == 10


def test_prid2011video(world: World, tmp_path: Path) -> None:
    table = world("prid2011", people=8)
    out = write_layout(table, "prid2011", tmp_path / "out", options={"shared": 4})
    rows, base = rows_by_picture(table), out / "prid_2011" / "multi_shot"
    person: dict[str, dict[str, int]] = {"cam_a": {}, "cam_b": {}}
    for camera, view in enumerate(person, 1):
        for folder in sorted((base / view).iterdir()):
            files = sorted(folder.iterdir())
            row = one_tracklet(rows, files)
            assert [f.name for f in files] == [f"{k:04d}.png" for k in range(1, 4)]
            assert row["camera"] == camera
            person[view][folder.name] = row["person"]
    assert [len(names) for names in person.values()] == [5, 7]
    for split in (splits := json.loads((out / "splits_prid2011.json").read_text())):
        assert sorted(split["train"] + split["test"]) == [f"person_{k:04d}" for k in range(1, 5)]
        assert len(split["train"]) == 2
        assert all(person["cam_a"][name] == person["cam_b"][name] for name in split["train"] + split["test"])
    assert len(splits) == 10


def test_prid2011video_short_tracklets_are_not_in_the_splits(world: World, tmp_path: Path) -> None:
    table = world("prid2011")
    short = ~((table.person == 2) & (table.camera == 2) & (np.arange(len(table)) % 3 == 0))
    out = write_layout(table.take(np.flatnonzero(short)), "prid2011", tmp_path / "out", options={"shortest": 3})
    for split in json.loads((out / "splits_prid2011.json").read_text()):
        assert "person_0002" not in split["train"] + split["test"]
    with pytest.raises(DataError, match="two persons with 9 frames in both cameras; the table has 0"):
        write_layout(table, "prid2011", tmp_path / "none", options={"shortest": 9})


def test_lsvid_prefixes_and_queries(world: World, tmp_path: Path) -> None:
    table = world("ls-vid")
    table = table.assign(split=["val" if p == 1 else s for p, s in zip(table.person, table.column("split"))])
    out = write_layout(table, "ls-vid", tmp_path / "out")
    rows = rows_by_picture(table)
    splits: dict[str, list[str]] = defaultdict(list)
    for part in ("train", "val", "test"):
        for prefix, person in lines(out / "list_sequence" / f"list_seq_{part}.txt"):
            files = sorted((out / prefix).parent.glob(Path(prefix).name + "*"))
            row = one_tracklet(rows, files)
            assert row["person"] == int(person)
            assert row["camera"] == int(files[0].name.split("_")[2])
            assert len(files[0].name.split("_")) == 4
            splits[part].append(row["split"])
    with h5py.File(out / "test" / "data" / "info_test.mat") as mat:
        assert mat["query"].shape == (1, 12)
        queries = mat["query"][0, :].astype(int) - 1
    assert [k for k, split in enumerate(splits["test"]) if split == "query"] == queries.tolist()
    assert (set(splits["train"]), set(splits["val"])) == ({"train"}, {"val"})
    assert len(
        said(table, out, r"tracklet_(?:train|val|test)/(?P<person>\d{4})/(?P=person)_\d{4}_\d{2}_\d{6}\.jpg")
    ) == len(table)


def test_dukemtmcvideoreid_some_tracklets_start_at_two(world: World, tmp_path: Path) -> None:
    for names, pattern in (("new", r"(?P=person)_C(?P<camera>\d)_F(?P<k>\d{4})_X(?P<frame>\d+)"),
                           ("old", r"(?P=person)C(?P<camera>\d)F(?P<k>\d{4})X(?P<frame>\d+)")):  # fmt: skip
        table = world("dukemtmc-video")
        out = write_layout(table, "dukemtmc-video", tmp_path / names, options={"names": names})
        where = r"(?P<place>train|query|gallery)/(?P<person>\d{4})/(?P<tracklet>\d{4})/"
        found = said(table, out, where + pattern + r"\.jpg", {n: n for n in ("train", "query", "gallery")})
        agree(found, person=0, camera=0, frame=0)
        rows = rows_by_picture(table)
        starts = Counter()
        for folder in {path.parent for path in out.rglob("*.jpg")}:
            files = sorted(folder.iterdir())
            one_tracklet(rows, files)
            starts[
                min(int(w["k"]) for w, row in found if Path(row["path"]) == Path(rows[shown(files[0])]["path"]))
            ] += 1
        assert starts == {1: 32, 2: 16}


def clothes_lists(out: Path, names: list[str]) -> dict[str, list[list[str]]]:
    return {name: lines(out / f"{name}.txt") for name in names}


def test_ccvid_sessions(world: World, tmp_path: Path) -> None:
    table = world("ccvid", cameras=14)
    out = write_layout(table, "ccvid", tmp_path / "out")
    rows = rows_by_picture(table)
    seen = 0
    for split, listed in clothes_lists(out, ["train", "query", "gallery"]).items():
        for place, person, worn in listed:
            files = sorted((out / place).iterdir())
            row = one_tracklet(rows, files)
            session, folder = place.split("/")
            camera = int(folder.split("_")[1]) + (12 if session == "session3" else 0)  # as published readers count
            assert (row["split"], row["person"], row["camera"]) == (split, int(person), camera)
            assert folder.split("_")[0] == person
            assert worn == "u{0}_l{0}_s{0}_c{0}_a0".format(row["outfit"])
            assert files[0].name == "00001.jpg"
            seen += 1
    assert seen == 8 * (12 * 2 + 2)  # a camera of session 3 has one tracklet
    assert "\t" in (out / "train.txt").read_text()


def test_svreid_training_lists(world: World, tmp_path: Path) -> None:
    table = world("svreid")
    table = table.assign(outfit=[0 if p == 1 else o for p, o in zip(table.person, table.column("outfit"))])
    for name in ("SVReID", "V3DGait_VIS"):
        out = write_layout(table, "svreid", tmp_path / name, options={"name": name}) / name
        rows = rows_by_picture(table)
        lists = clothes_lists(out, ["train_svreid", "train_svreid_cc", "train_svreid_plus", "query", "gallery"])
        worn_by: dict[str, list[tuple[int, int]]] = {}
        for file, listed in lists.items():
            worn_by[file] = []
            for place, person, worn in listed:
                row = one_tracklet(rows, sorted((out / place).glob("*.jpg")))
                assert (row["person"], row["camera"]) == (int(person), int(place.split("/")[-1]))
                assert (worn, row["split"]) == (f"o{row['outfit']}", file.split("_")[0])
                worn_by[file].append((row["person"], row["outfit"]))
        assert set(worn_by["train_svreid"]) == {(p, 0) for p in range(1, 5)}
        assert set(worn_by["train_svreid_cc"]) == {(p, o) for p in range(2, 5) for o in (0, 1)}
        assert Counter(worn_by["train_svreid_plus"]) == Counter(
            dict.fromkeys([(p, o) for p in range(2, 5) for o in (0, 1)], 3) | {(1, 0): 6}
        )


def test_tracklets_must_be_whole(world: World, tmp_path: Path) -> None:
    table = world("mars")
    with pytest.raises(DataError, match=r"row 4 \(.*\) has no tracklet"):
        write_layout(
            table.assign(tracklet=[-1 if k == 4 else t for k, t in enumerate(table.column("tracklet"))]),
            "mars",
            tmp_path / "a",
        )
    with pytest.raises(DataError, match="tracklet 1010 of person 1 in camera 1 has crops in the splits gallery, train"):
        write_layout(
            table.assign(split=["gallery" if k == 0 else s for k, s in enumerate(table.column("split"))]),
            "mars",
            tmp_path / "b",
        )
    with pytest.raises(DataError, match="outfits 0, 5"):
        write_layout(table.assign(outfit=[5 if k == 0 else 0 for k in range(len(table))]), "svreid", tmp_path / "c")
    with pytest.raises(DataError, match=r"outfit 'red'; expected a whole number"):
        write_layout(table.assign(outfit="red"), "ccvid", tmp_path / "d")
