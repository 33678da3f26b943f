"""The traps of the synthetic datasets: cameras count within a scene, persons start from 0."""

from __future__ import annotations

from pathlib import Path

import pytest
import trees

from reidapt.data import read
from reidapt.errors import DataError


def test_randperson_cameras_belong_to_scenes(tmp_path: Path) -> None:
    table = read(f"randperson:{trees.randperson(tmp_path)}")
    assert table.person.tolist() == [1, 1, 13]
    assert table.camera.tolist() == [0, 1, 1001]
    assert table.column("frame").tolist() == [264, 1032, 3]
    other = tmp_path / "other"
    trees.put(other, "000000_c01_s10_f000264.jpg")  # the older order of scene and camera
    assert read(f"randperson:{other}").camera.tolist() == [1001]


def test_unrealperson_list_chooses_and_numbers(tmp_path: Path) -> None:
    table = read(f"unrealperson:{trees.unrealperson(tmp_path)}")
    assert table.person.tolist() == [1, 1, 2]
    assert table.camera.tolist() == [0, 30, 0]
    assert [Path(p).parts[-3] for p in table.paths] == ["unreal_v1.1", "unreal_v4.1", "unreal_v1.2"]


def test_unrealperson_without_its_list_tells_groups_and_scenes_apart(tmp_path: Path) -> None:
    table = read(f"unrealperson:{trees.unrealperson(tmp_path, listed=False)}")
    where = [(Path(p).parts[-3], Path(p).name[:9]) for p in table.paths]
    person = dict(zip(where, table.person))
    camera = dict(zip(where, table.camera))
    assert person["unreal_v1.1", "0000_c001"] == person["unreal_v4.1", "0000_c001"]  # the same group of persons
    assert person["unreal_v1.1", "0000_c001"] != person["unreal_v1.2", "0000_c001"]
    assert camera["unreal_v1.1", "0000_c001"] == camera["unreal_v1.2", "0000_c001"]  # the same scene
    assert camera["unreal_v1.1", "0000_c001"] != camera["unreal_v4.1", "0000_c001"]


def test_clonedperson_splits(tmp_path: Path) -> None:
    table = read(f"clonedperson:{trees.clonedperson(tmp_path)}")
    assert table.splits == {"train": 2, "query": 1, "gallery": 2}
    assert table.person.tolist() == [700000, 700000, 705227, 705227, 705624]
    assert table.camera.tolist() == [200, 600, 202, 602, 1202]


def test_finegpr_viewpoints_weather_and_light(tmp_path: Path) -> None:
    table = read(f"finegpr:{trees.finegpr(tmp_path)}")
    assert table.column("angle").tolist() == [90, 0, 180]  # c01, c28, c10 of the authors' table
    assert table.column("weather").tolist() == ["overcast", "overcast", "sunny"]
    assert table.column("light").tolist() == ["afternoon", "afternoon", "midnight"]
    assert table.camera.tolist() == [301, 328, 810]
    trees.put(tmp_path / "FineGPR" / "0001", "0001_c01_w01_l01_p01.jpg")
    with pytest.raises(DataError, match="subset and the full set"):
        read(f"finegpr:{tmp_path}")
    assert len(read(f"finegpr:{tmp_path}?release=full")) == 1


def test_weperson_numbers_from_one(tmp_path: Path) -> None:
    table = read(f"weperson:{trees.weperson(tmp_path)}")
    assert table.person.tolist() == [1, 1, 6]
    assert table.camera.tolist() == [301, 302, 401]
    assert table.column("time").tolist() == [12, 12, 23]


def test_gtasynthreid_cameras_with_and_without_splits(tmp_path: Path) -> None:
    table = read(f"gtasynthreid:{trees.gtasynthreid(tmp_path / 'split')}")
    assert table.camera.tolist() == [8, 11, 1, 2]
    assert table.column("light").tolist() == ["day", "night", "day", "night"]
    assert table.person.tolist() == [42647445, 42647445, 77, 77]
    flat = tmp_path / "flat"
    trees.put(flat, "5_sd000c1_0396.jpeg", "5_sd000c2_0396.jpeg", "5_sd001c1_0396.jpeg")
    assert len(set(read(f"gtasynthreid:{flat}").camera)) == 3  # camera 1 of two sequences is not one camera
