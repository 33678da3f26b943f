"""The traps of the image datasets, each against what the layout's description says by hand."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import trees
from PIL import Image

from reidapt.data import CropTable, read
from reidapt.errors import DataError


def rows(table: CropTable, *columns: str) -> list[tuple[object, ...]]:
    """File name and columns of every row."""
    frame = table.frame
    names = [Path(path).name for path in frame["path"]]
    return list(zip(names, *(frame[column].tolist() for column in columns)))


def test_duke_says_that_it_was_withdrawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        table = read(f"dukemtmc:{trees.dukemtmc(tmp_path)}")
    assert "withdrawn in 2019" in caplog.text
    assert rows(table.select(split="train"), "person", "camera", "frame") == [
        ("0001_c2_f0046182.jpg", 1, 2, 46182),
        ("0001_c3_f0046200.jpg", 1, 3, 46200),
    ]
    assert table.splits == {"train": 2, "query": 1, "gallery": 3}


def test_market_takes_its_distractors_when_asked(tmp_path: Path) -> None:
    folder = trees.market1501(tmp_path)
    with pytest.raises(DataError, match="no folder distractors_500k or images"):
        read(f"market1501:{folder}?distractors=yes")
    trees.put(folder / "images", "0000_c4s1_000001_01.jpg", "noise7.jpg")
    extra = read(f"market1501:{folder}?distractors=yes").frame.iloc[len(read(f"market1501:{folder}")) :]
    assert extra[["person", "camera", "split"]].to_numpy().tolist() == [[0, 4, "gallery"], [0, -1, "gallery"]]


def test_personx_keeps_the_published_camera_numbers(tmp_path: Path) -> None:
    table = read(f"personx:{trees.personx(tmp_path)}")
    assert table.camera.tolist() == [10, 3, 3, 12, 4]


def test_msmt17_moves_training_and_test_persons_apart(tmp_path: Path) -> None:
    table = read(f"msmt17:{trees.msmt17(tmp_path)}")
    assert table.name == "msmt17-version-1-val-train"
    assert rows(table, "person", "camera", "frame", "session", "split") == [
        ("0000_000_01_0303morning_0015_0.jpg", 1, 1, 15, "0303morning", "train"),
        ("0001_000_14_0302noon_0017_2.jpg", 2, 14, 17, "0302noon", "train"),
        ("0000_001_05_0303morning_0025_1.jpg", 1, 5, 25, "0303morning", "train"),
        ("0000_000_02_0303morning_0035_0.jpg", 3, 2, 35, "0303morning", "query"),
        ("0000_001_03_0114noon_0045_0.jpg", 3, 3, 45, "0114noon", "gallery"),
        ("0001_000_02_0303afternoon_0055_0.jpg", 4, 2, 55, "0303afternoon", "gallery"),
    ]
    separate = read(f"msmt17:{tmp_path}?val=separate")
    assert separate.splits == {"train": 2, "val": 1, "query": 1, "gallery": 2}
    assert separate.person.tolist() == table.person.tolist()
    assert separate.name == "msmt17-version-1-val-separate"


def test_msmt17_asks_where_both_versions_are(tmp_path: Path) -> None:
    folder = trees.msmt17(tmp_path)
    trees.msmt17(folder, version=2)
    with pytest.raises(DataError, match=r"both versions of MSMT17 \(2 has blurred faces\).*\?version=1"):
        read(f"msmt17:{folder}")
    assert "/mask_train_v2/" in read(f"msmt17:{folder}?version=2").paths[0]
    assert "/train/" in read(f"msmt17:{folder}?version=1").paths[0]
    shutil.rmtree(folder / "mask_test_v2")
    with pytest.raises(DataError, match="does not hold version 2 of MSMT17"):
        read(f"msmt17:{folder}?version=2")
    apart = tmp_path / "apart"
    trees.msmt17(apart / "MSMT17_V1")
    trees.msmt17(apart / "MSMT17_V2", version=2)
    with pytest.raises(DataError, match="both versions"):
        read(f"msmt17:{apart}")
    assert "/MSMT17_V2/mask_train_v2/" in read(f"msmt17:{apart}?version=2").paths[0]


def test_cuhk03_has_to_be_told_which_boxes(tmp_path: Path) -> None:
    folder = trees.cuhk03(tmp_path)
    with pytest.raises(DataError, match="detected and with hand-labelled boxes"):
        read(f"cuhk03:{folder}")
    table = read(f"cuhk03:{folder}?boxes=labelled")
    assert "/images_labeled/" in table.paths[0]
    assert table.name.startswith("cuhk03-boxes-label")
    shutil.rmtree(folder / "images_labeled")
    assert read(f"cuhk03:{folder}").name == "cuhk03-boxes-detected"


def test_cuhk03_new_protocol_counts_from_one(tmp_path: Path) -> None:
    table = read(f"cuhk03:{trees.cuhk03(tmp_path)}?boxes=detected")
    assert rows(table.select(split="query"), "person", "camera") == [
        ("1_002_1_01.png", 2, 1),
        ("1_004_2_06.png", 4, 2),
        ("2_001_1_02.png", 5, 1),
    ]
    assert {name[:5] for name, *_ in rows(table.select(split="train"))} == {"1_001", "1_003", "2_002"}
    assert sorted(name for name, *_ in rows(table)) == sorted(trees.cuhk03_names())
    assert not set(table.select(split="train").person) & set(table.select(split=["query", "gallery"]).person)


def test_cuhk03_pictures_come_out_of_the_raw_file_upright(tmp_path: Path) -> None:
    folder = trees.cuhk03_raw(tmp_path)
    table = read(f"cuhk03:{folder}?boxes=detected&protocol=classic&trial=2")
    assert sorted(p.name for p in (folder / "images_detected").iterdir()) == sorted(
        name for name in all_raw_names() if not name.startswith("2_002_2")
    )
    first = np.asarray(Image.open(folder / "images_detected" / "1_001_1_01.png"))
    expected = np.random.default_rng(0).integers(0, 256, (3, 4, 8), dtype=np.uint8).transpose(2, 1, 0)
    assert np.array_equal(first, expected)
    assert first.shape == (8, 4, 3)
    assert {name[:5] for name, *_ in rows(table.select(split="query"))} == {"1_001", "2_001"}
    assert {name[6] for name, *_ in rows(table.select(split="query"))} == {"1"}
    assert {name[6] for name, *_ in rows(table.select(split="gallery"))} == {"2"}
    with pytest.raises(DataError, match="has 2 test sets; trial=3"):
        read(f"cuhk03:{folder}?boxes=detected&protocol=classic&trial=3")
    assert not list(folder.glob("*.part"))


def all_raw_names() -> list[str]:
    people = [(1, k) for k in range(1, 5)] + [(2, 1), (2, 2)]
    return [f"{p}_{k:03d}_{v}_{i:02d}.png" for p, k in people for v, ns in ((1, (1, 2)), (2, (6, 7))) for i in ns]


def test_cuhk01_has_two_views_of_two_pictures(tmp_path: Path) -> None:
    folder = trees.cuhk01(tmp_path)
    table = read(f"cuhk01:{folder}")
    for name, person, camera in rows(table, "person", "camera"):
        assert (int(name[:4]), 1 if name[6] in "12" else 2) == (person, camera)
    assert table.splits == {"train": 16, "query": 8, "gallery": 8}
    assert read(f"cuhk01:{folder}?test=100").splits == {"train": 28, "query": 2, "gallery": 2}


@pytest.mark.parametrize("name", ["cuhk01", "viper", "prid2011-single", "pku-sketch"])
def test_drawn_trials_differ_and_repeat(name: str, tmp_path: Path) -> None:
    folder = trees.TREES[name](tmp_path)
    sets = [frozenset(read(f"{name}:{folder}?trial={t}").select(split="train").person.tolist()) for t in range(1, 11)]
    assert len({len(s) for s in sets}) == 1
    assert len(set(sets)) > 1
    assert sets[0] == frozenset(read(f"{name}:{folder}").select(split="train").person.tolist())


def test_drawn_trials_do_not_depend_on_the_order_of_the_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trees.viper(tmp_path)
    expected = read(f"viper:{folder}").frame
    import os

    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: sorted(real(path), reverse=True))
    assert read(f"viper:{folder}").frame.equals(expected)


def test_viper_numbers_from_one_and_needs_both_cameras(tmp_path: Path) -> None:
    folder = trees.viper(tmp_path)
    table = read(f"viper:{folder}")
    assert set(table.person) == {1, 2, 4, 10, 11, 874}
    assert table.splits == {"train": 6, "query": 3, "gallery": 3}
    assert set(table.select(split="query").camera) == {1}
    (folder / "cam_b" / "009_180.bmp").unlink()
    with pytest.raises(DataError, match="person 009 is in only one of cam_a and cam_b"):
        read(f"viper:{folder}")


def test_grid_takes_the_published_partitions_and_keeps_distractors(tmp_path: Path) -> None:
    folder = trees.grid(tmp_path)
    for trial in (1, 4, 10):
        table = read(f"grid:{folder}?trial={trial}")
        train = {1 + (trial - 1 + j) % 6 for j in range(3)}
        assert set(table.select(split="train").person) == train
        assert set(table.select(split="query").person) == set(range(1, 7)) - train
        assert (table.select(split="gallery").person == 0).sum() == 2
    assert set(table.camera) == {1, 2, 5, 7}


def test_prid_single_shot_knows_that_201_is_two_people(tmp_path: Path) -> None:
    folder = trees.prid2011_single(tmp_path)
    table = read(f"prid2011-single:{folder}")
    assert table.splits == {"train": 4, "query": 2, "gallery": 4}
    assert {201, 203} <= set(table.select(split="gallery").person)
    assert not any("cam_a/person_02" in path for path in table.paths)
    (folder / "splits_single_shot.json").write_text(json.dumps([{"train": [1, 4], "test": [2, 3]}]))
    assert set(read(f"prid2011-single:{folder}").select(split="train").person) == {1, 4}
    with pytest.raises(DataError, match="has no split 2 of the form"):
        read(f"prid2011-single:{folder}?trial=2")
