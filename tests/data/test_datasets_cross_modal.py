"""The traps of the infrared, thermal and sketch datasets."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import trees

from reidapt.data import read
from reidapt.errors import DataError


def test_sysu_cameras_3_and_6_are_infrared(tmp_path: Path) -> None:
    table = read(f"sysu-mm01:{trees.sysu_mm01(tmp_path)}")
    for path, person, camera, frame, modality, split in table.frame[
        ["path", "person", "camera", "frame", "modality", "split"]
    ].itertuples(index=False):
        folder, who, name = Path(path).parts[-3:]
        assert (int(folder[-1]), int(who), int(name[:4])) == (camera, person, frame)
        assert modality == ("infrared" if folder in ("cam3", "cam6") else "colour")
        if person in (1, 2, 3):
            assert split == "train"
        else:
            assert split == ("query" if modality == "infrared" else "gallery")
    assert set(table.person) == {1, 2, 3, 4, 5, 6}  # 333 is in no list
    separate = read(f"sysu-mm01:{tmp_path}?val=separate")
    assert set(separate.select(split="val").person) == {2}
    assert set(separate.select(split="train").person) == {1, 3}


def test_sysu_lists_share_nobody_and_everybody_is_there(tmp_path: Path) -> None:
    folder = trees.sysu_mm01(tmp_path)
    trees.text(folder / "exp" / "test_id.txt", ["3,4,5,6"])
    with pytest.raises(DataError, match=r"test_id.txt lists person 0003, who is in another list"):
        read(f"sysu-mm01:{folder}")
    trees.text(folder / "exp" / "test_id.txt", ["4,5,6,9"])
    with pytest.raises(DataError, match=r"no pictures of person 0009.*\(1 such persons\)"):
        read(f"sysu-mm01:{folder}")


@pytest.mark.parametrize("trial", [1, 2, 10])
def test_regdb_persons_are_folders_not_labels(trial: int, tmp_path: Path) -> None:
    folder = trees.regdb(tmp_path)
    table = read(f"regdb:{folder}?trial={trial}")
    train = {1 + (trial + k) % 4 for k in range(2)}
    assert set(table.select(split="train").person) == train
    assert set(table.select(split=["query", "gallery"]).person) == {1, 2, 3, 4} - train
    for path, person, modality in zip(table.paths, table.person, table.column("modality")):
        assert Path(path).parts[-2] == str(person)
        assert modality == {"Visible": "colour", "Thermal": "thermal"}[Path(path).parts[-3]]
    assert set(table.select(split="query").column("modality")) == {"colour"}
    assert set(table.column("trial")) == {trial}
    assert table.name == f"regdb-trial-{trial}"
    assert table.splits == {"train": 8, "query": 4, "gallery": 4}


def test_regdb_searches_both_ways(tmp_path: Path) -> None:
    folder = trees.regdb(tmp_path)
    forth, back = read(f"regdb:{folder}"), read(f"regdb:{folder}?query=thermal")
    assert set(forth.select(split="query").paths) == set(back.select(split="gallery").paths)
    assert set(forth.select(split="gallery").paths) == set(back.select(split="query").paths)
    assert set(forth.select(split="train").paths) == set(back.select(split="train").paths)


def test_regdb_lists_that_cannot_be_right(tmp_path: Path) -> None:
    folder = trees.regdb(tmp_path)
    file = folder / "idx" / "train_visible_1.txt"
    good = file.read_text()
    file.write_text(good.replace("_00002_3.bmp 1", "_00002_3.bmp 0"))
    with pytest.raises(DataError, match="the pictures of person 3 the labels 1 and 0"):
        read(f"regdb:{folder}")
    file.write_text(good + "Visible/1/male_front_v_00001_1.bmp 2\n")
    with pytest.raises(DataError, match="person 1 both in train and in test"):
        read(f"regdb:{folder}")
    file.write_text(good + "Visible/9/male_front_v_00001_9.bmp 2\n")
    with pytest.raises(DataError, match=r"names 1 of 5 pictures that do not exist, first .*Visible/9/"):
        read(f"regdb:{folder}")


def test_pku_sketch_draws_within_every_style(tmp_path: Path) -> None:
    folder = trees.pku_sketch(tmp_path)
    table = read(f"pku-sketch:{folder}")
    train = table.select(split="train")
    assert len({p for p in train.person if p <= 8}) == 6  # 8 · 34 / 46
    assert len({p for p in train.person if p > 8}) == 3  # 4 · 15 / 20
    first = sorted(range(1, 9), key=lambda k: hashlib.sha256(f"pku-sketch/1/a/{k}".encode()).hexdigest())[:6]
    assert {p for p in train.person if p <= 8} == set(first)  # recomputed as the reader's first lines say
    assert set(table.select(split="query").column("modality")) == {"sketch"}
    assert set(table.select(modality="sketch").camera) == {-1}
    assert set(table.select(modality="colour").camera) == {5, 11}
    assert set(table.select(modality="colour").column("frame")) == {356, 1020}
    assert [s for s, p in zip(table.column("style"), table.person) if p == 9] == ["b"] * 3
    trees.text(folder / "styleAnnotation" / "b_4.txt", ["8", "9", "10", "11", "12"])
    with pytest.raises(DataError, match="lists person 8, who is in style a as well"):
        read(f"pku-sketch:{folder}")


def test_pku_sketch_published_sizes() -> None:
    from reidapt.data.readers.pku_sketch import TRAIN, _drawn

    sizes = {"a": 46, "b": 20, "c": 79, "d": 33, "e": 22}
    assert {s: len(_drawn(s, list(range(1, n + 1)), "1")) for s, n in sizes.items()} == {
        "a": 34,
        "b": 15,
        "c": 60,
        "d": 25,
        "e": 16,
    }
    assert sum(n for n, _ in TRAIN.values()) == 150


@pytest.mark.parametrize("lists", [True, False])
def test_llcm_persons_are_in_names_not_labels(lists: bool, tmp_path: Path) -> None:
    table = read(f"llcm:{trees.llcm(tmp_path, lists)}")
    for path, person, camera, modality in zip(table.paths, table.person, table.camera, table.column("modality")):
        name = Path(path).name
        assert (int(name[:4]), int(name[6:8])) == (person, camera)
        assert modality == ("infrared" if "_nir" in name else "colour")
    assert set(table.select(split="train").person) == {1, 7}
    assert set(table.select(split="query").column("modality")) == {"infrared"}
    assert table.splits == {"train": 8, "query": 4, "gallery": 4}
    back = read(f"llcm:{tmp_path}?query=vis")
    assert set(back.select(split="query").column("modality")) == {"colour"}
