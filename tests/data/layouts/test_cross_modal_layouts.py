"""Layouts with two modalities: names, lists, trials and permutations against independent readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from reidapt.data import CropTable
from reidapt.data.layouts import write_layout
from reidapt.errors import DataError

from .trees import agree, lines, make_table, rows_by_picture, said, shown

World = Callable[..., CropTable]


def test_sysumm01_cameras_and_ids(world: World, tmp_path: Path) -> None:
    table = world("sysu-mm01")
    out = write_layout(table, "sysu-mm01", tmp_path / "out")
    found = said(table, out, r"cam(?P<camera>[1-6])/(?P<person>\d{4})/(?P<k>\d{4})\.jpg")
    agree(found, camera=0, person=0)
    for words, row in found:
        assert row["modality"] == ("infrared" if words["camera"] in "36" else "colour")
    assert len(found) == 8 * 6 * 3
    for camera in range(1, 7):  # numbered from 1 in the order of the frames
        mine = sorted(
            (row["frame"], int(w["k"])) for w, row in found if w["camera"] == str(camera) and row["person"] == 1
        )
        assert [k for _, k in mine] == [1, 2, 3]
    ids = {}
    for name in ("train", "val", "test", "available"):
        text = (out / "exp" / f"{name}_id.txt").read_text()
        assert text.count("\n") == 1
        ids[name] = [int(word) for word in text.split(",")]
    assert ids == {"train": [1, 2, 3], "val": [4], "test": [5, 6, 7, 8], "available": list(range(1, 9))}


def test_sysumm01_val_follows_the_table(world: World, tmp_path: Path) -> None:
    table = world("sysu-mm01")
    table = table.assign(
        split=["val" if person in (2, 3) else s for person, s in zip(table.person, table.column("split"))]
    )
    out = write_layout(table, "sysu-mm01", tmp_path / "out")
    assert (out / "exp" / "val_id.txt").read_text() == "2,3\n"
    assert (out / "exp" / "train_id.txt").read_text() == "1,4\n"
    mixed = table.assign(split=["gallery" if k == 0 else s for k, s in enumerate(table.column("split"))])
    with pytest.raises(DataError, match="person 1 is in training and in test"):
        write_layout(mixed, "sysu-mm01", tmp_path / "mixed")


def test_sysumm01_permutations_fix_the_galleries(world: World, tmp_path: Path) -> None:
    table = world("sysu-mm01", pictures=12, people=4)
    gone = ~((table.person == 3) & (table.camera == 5))
    table = table.take(np.flatnonzero(gone))
    out = write_layout(table, "sysu-mm01", tmp_path / "out")
    permutations = loadmat(out / "exp" / "rand_perm_cam.mat")["rand_perm_cam"]
    assert permutations.shape == (6, 1)
    for camera in range(1, 7):
        of_person = permutations[camera - 1][0].squeeze()  # as published evaluations take it
        assert len(of_person) == 4
        for person in range(1, 5):
            trials = of_person[person - 1]
            if (camera, person) == (5, 3):
                assert trials.size == 0
                continue
            assert trials.shape == (10, 12)
            assert (np.sort(trials, axis=1) == np.arange(1, 13)).all()
            for number in trials[0][:10].tolist():
                assert (out / f"cam{camera}/{person:04d}/{int(number):04d}.jpg").is_file()
    assert not np.array_equal(permutations[0][0][0, 0], permutations[0][0][1, 0])
    other = write_layout(table, "sysu-mm01", tmp_path / "other", options={"seed": 1})
    assert (other / "exp/rand_perm_cam.mat").read_bytes() != (out / "exp/rand_perm_cam.mat").read_bytes()


def test_sysumm01_refuses_the_wrong_cameras(tmp_path: Path) -> None:
    table = make_table(tmp_path / "s", people=4, cameras=2, pictures=2, modalities=("colour", "infrared"))
    with pytest.raises(DataError, match="needs at least 3 known cameras"):
        write_layout(table, "sysu-mm01", tmp_path / "out")
    table = table.assign(camera=[(1, 2, 4)[row % 3] for row in range(len(table))])
    with pytest.raises(DataError, match="takes infrared crops of the cameras 3, 6, and the table has none there"):
        write_layout(table, "sysu-mm01", tmp_path / "out")


def test_regdb_trials(world: World, tmp_path: Path) -> None:
    table = world("regdb")
    table = table.assign(sex=["female" if person % 2 else "male" for person in table.person])
    out = write_layout(table, "regdb", tmp_path / "out")
    name = r"(?P<place>Visible|Thermal)/(?P<person>\d+)/(?P<gender>male|female)_(?P<side>front|back)_(?P<letter>[vt])_"
    name += r"(?P<frame>\d{5})_(?P=person)\.bmp"
    found = said(table, out, name)
    agree(found, person=0, frame=0)
    for words, row in found:
        assert (words["place"], words["letter"]) == {"colour": ("Visible", "v"), "thermal": ("Thermal", "t")}[
            row["modality"]
        ]
        assert words["gender"] == row["sex"]
        assert words["side"] == ("back" if 90 < row["yaw"] < 270 else "front")
    rows = rows_by_picture(table)
    assert len(list((out / "idx").iterdir())) == 40
    halves = []
    for trial in range(1, 11):
        people: dict[str, list[int]] = {}
        for part in ("train", "test"):
            for side, modality in (("visible", "colour"), ("thermal", "thermal")):
                listed = lines(out / "idx" / f"{part}_{side}_{trial}.txt")
                seen = [(rows[shown(out / path)], int(label)) for path, label in listed]
                assert {row["modality"] for row, _ in seen} == {modality}
                person = {label: row["person"] for row, label in seen}
                assert sorted(person) == [0, 1, 2]
                assert all(person[label] == row["person"] for row, label in seen)
                assert len(listed) == 3 * 3
                same = people.setdefault(part, [person[k] for k in range(3)])
                assert same == [person[k] for k in range(3)]  # visible and thermal agree
        assert sorted(people["train"] + people["test"]) == list(range(1, 7))
        halves.append(tuple(people["train"]))
    assert len(set(halves)) > 3


def test_pkusketch(world: World, tmp_path: Path) -> None:
    table = world("pku-sketch")
    out = write_layout(table, "pku-sketch", tmp_path / "out")
    rows = rows_by_picture(table)
    sketches = sorted((out / "sketch").iterdir(), key=lambda path: int(path.stem))
    assert [path.name for path in sketches] == [f"{k}.jpg" for k in range(1, 11)]
    for path in sketches:
        assert (rows[shown(path)]["person"], rows[shown(path)]["modality"]) == (int(path.stem), "sketch")
    photos = sorted((out / "photo").iterdir())
    assert len(photos) == 20
    for path in photos:
        person, camera, frame = map(int, path.stem.split("_"))
        row = rows[shown(path)]
        assert (row["person"], row["camera"], row["frame"], row["modality"]) == (person, camera, frame, "colour")
    styles = {path.stem: [int(line[0]) for line in lines(path)] for path in (out / "styleAnnotation").iterdir()}
    assert sorted(styles) == ["a_2", "b_1", "c_4", "d_2", "e_1"]  # 46 20 79 33 22 of 200, for ten persons
    assert all(len(mine) == int(name[2:]) and mine == sorted(mine) for name, mine in styles.items())
    assert sorted(person for mine in styles.values() for person in mine) == list(range(1, 11))


def test_pkusketch_published_size_and_artists_of_the_table(world: World, tmp_path: Path) -> None:
    table = make_table(
        tmp_path / "s",
        people=200,
        cameras=2,
        pictures=1,
        train_fraction=1.0,
        modalities=("colour", "sketch"),
        masks=False,
    )
    out = write_layout(table, "pku-sketch", tmp_path / "out")
    assert sorted(p.name for p in (out / "styleAnnotation").iterdir()) == [
        "a_46.txt",
        "b_20.txt",
        "c_79.txt",
        "d_33.txt",
        "e_22.txt",
    ]
    table = table.assign(artist=["zoe" if person % 2 else "ann" for person in table.person])
    told = write_layout(table, "pku-sketch", tmp_path / "told")
    assert sorted(p.name for p in (told / "styleAnnotation").iterdir()) == ["a_100.txt", "b_100.txt"]
    assert lines(told / "styleAnnotation" / "a_100.txt")[:2] == [["2"], ["4"]]


def test_llcm(world: World, tmp_path: Path) -> None:
    table = world("llcm")
    rows = rows_by_picture(table)
    name = r"(?P<person>\d{4})_c(?P<camera>\d{2})_s(?P<sequence>\d{6})_f(?P<frame>\d{6})_(?P<side>vis|nir)\.jpg"
    trees = {
        "published": r"(?:(?:vis|nir)|test_(?:vis|nir)/cam(?P<cam>\d))/\d{4}/" + name,
        "cameras": r"(?:vis|nir)/cam(?P<cam>\d)/\d{4}/" + name,
    }
    for form, pattern in trees.items():
        out = write_layout(table, "llcm", tmp_path / form, options={"form": form})
        found = said(table, out, pattern)
        agree(found, person=0, camera=0, sequence=0, frame=0)
        kept = Counter((words["side"], int(words["camera"])) for words, _ in found)
        assert ("nir", 3) not in kept
        assert ("vis", 3) in kept
        assert len(found) == 8 * 2 * 7  # four cameras colour, three infrared
        for words, row in found:
            assert words["side"] == {"colour": "vis", "infrared": "nir"}[row["modality"]]
            if form == "published":
                assert bool(words["cam"]) == (row["split"] != "train")
        for part in ("train", "test"):
            for side in ("vis", "nir"):
                for path, label in lines(out / "idx" / f"{part}_{side}.txt"):
                    row = rows[shown(out / path)]
                    assert (row["split"] == "train") == (part == "train")
                    assert int(label) == row["person"] - (part == "train")
        assert (out / "idx" / "test_id.txt").read_text() == "5,6,7,8\n"
