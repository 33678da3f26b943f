"""Image layouts: every name and list, read by an independent pattern, says what the table says of the picture shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from reidapt.data import CropTable, read
from reidapt.data.layouts import find_layout, write_layout
from reidapt.errors import DataError

from .trees import agree, lines, make_table, rows_by_picture, said, shown

World = Callable[..., CropTable]
THREE = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}
IN = r"(?P<place>bounding_box_train|query|bounding_box_test)/"
MARKET = r"(?P<person>-1|\d{4})_c(?P<camera>\d)s(?P<sequence>\d)_(?P<frame>\d{6})_(?P<box>\d{2})\.jpg"


def test_market1501(world: World, tmp_path: Path) -> None:
    table = world("market1501")
    out = write_layout(table, "market1501", tmp_path / "out")
    found = said(table, out, IN + MARKET, THREE)
    agree(found, person=0, camera=0, sequence=0, frame=0)
    assert len(found) == len(table)
    assert {int(words["person"]) for words, _ in found} >= {-1, 0, 1}
    again = read(f"market1501:{out}")  # and what the reader makes of it
    for column in ("person", "camera", "sequence", "frame", "split"):
        assert Counter(again.column(column).tolist()) == Counter(table.column(column).tolist())
    assert all(Path(mask).is_file() for mask in again.column("mask"))


def test_market_distractors_apart_and_boxes_kept(world: World, tmp_path: Path) -> None:
    table = world("market1501")
    table = table.assign(box=[7 + k % 5 for k in range(len(table))])
    out = write_layout(table, "market1501", tmp_path / "out", options={"distractors": "images"})
    found = said(table, out, r"(?:images|bounding_box_train|query|bounding_box_test)/" + MARKET)
    agree(found, person=0, box=0)
    apart = [path.name for path in (out / "images").iterdir()]
    assert len(apart) == int((table.person == 0).sum())
    assert all(name.startswith("0000_") for name in apart)


def test_frames_that_are_unknown_or_equal_give_different_names(world: World, tmp_path: Path) -> None:
    for number, frame in enumerate((-1, 5)):
        table = world("market1501").assign(frame=frame)
        for layout in ("market1501", "dukemtmc", "gtasynthreid", "clonedperson", "regdb", "llcm"):
            fitting = table
            if layout in ("regdb", "llcm"):
                fitting = world(layout).assign(frame=frame)
            if layout == "clonedperson":
                fitting = world(layout).assign(frame=frame)
            out = write_layout(fitting, layout, tmp_path / f"{layout}{number}")
            assert any(out.iterdir())


def test_dukemtmcreid(world: World, tmp_path: Path) -> None:
    table = world("dukemtmc")
    out = write_layout(table, "dukemtmc", tmp_path / "out")
    found = said(table, out, IN + r"(?P<person>\d{4})_c(?P<camera>\d)_f(?P<frame>\d{7})\.jpg", THREE)
    agree(found, person=0, camera=0, frame=0)
    assert len(found) == len(table)


def test_personx_calls_its_cameras_by_other_numbers(world: World, tmp_path: Path) -> None:
    table = world("personx")
    called = {1: 3, 2: 4, 3: 8}
    name = r"(?P<person>\d{4})_c(?P<camera>\d+)s\d_(?P<frame>\d{6})_\d{2}\.jpg"
    merged = said(table, write_layout(table, "personx", tmp_path / "merged"), IN + name, THREE)
    apart = write_layout(table, "personx", tmp_path / "apart", options={"form": "backgrounds"})
    found = said(table, apart, r"(?P<background>\d)/" + IN + name, THREE)
    for each in (merged, found):
        agree(each, person=0, frame=0)
        assert len(each) == len(table)
        assert all(int(words["camera"]) == called[row["camera"]] for words, row in each)
    agree([({"camera": words["background"]}, row) for words, row in found], camera=0)


def test_gtasynthreid_queries_stay_in_the_gallery(world: World, tmp_path: Path) -> None:
    table = world("gtasynthreid")
    out = write_layout(table, "gtasynthreid", tmp_path / "out")
    name = r"(?P<person>\d+)_s[dn](?P<sequence>\d{3})c(?P<camera>\d{2})_(?P<frame>\d{4,})\.jpeg"
    found = said(table, out, IN + name)
    agree(found, person=0, camera=0, sequence=0, frame=0)
    queries = {path.name for path in (out / "query").iterdir()}
    gallery = {path.name for path in (out / "bounding_box_test").iterdir()}
    assert queries < gallery
    assert len(gallery) == table.splits["query"] + table.splits["gallery"]


def test_msmt17_lists(world: World, tmp_path: Path) -> None:
    name = r"(?P<place>\w+)/(?P<number>\d{4})/(?P=number)_(?P<k>\d{3})_(?P<camera>\d{2})_"
    name += r"\d{4}(?:morning|noon|afternoon)_(?P<frame>\d{4})_0\.jpg"
    for version, folders in ((1, ("train", "test")), (2, ("mask_train_v2", "mask_test_v2"))):
        table = world("msmt17")
        out = write_layout(table, "msmt17", tmp_path / f"v{version}", options={"version": version})
        found = said(table, out, name)
        agree(found, camera=0, frame=0)
        assert {words["place"] for words, _ in found} == set(folders)
        rows = rows_by_picture(table)
        persons: dict[str, dict[int, set[int]]] = {"train": defaultdict(set), "test": defaultdict(set)}
        listed = 0
        for split, part in (("train", "train"), ("val", "train"), ("query", "test"), ("gallery", "test")):
            for path, person in lines(out / f"list_{split}.txt"):
                row = rows[shown(out / folders[part == "test"] / path)]
                persons[part][int(person)].add(row["person"])
                assert row["split"] == ("train" if split == "val" else split)
                listed += 1
        assert listed == len(table)
        assert len(lines(out / "list_val.txt")) == table.splits["train"] // 14 > 0
        for part in persons.values():  # numbered from 0 in each part, one number per person
            assert sorted(part) == list(range(4))
            assert all(len(of) == 1 for of in part.values())
        assert not set.union(*persons["train"].values()) & set.union(*persons["test"].values())


@pytest.fixture
def cuhk03(world: World, tmp_path: Path) -> tuple[CropTable, Path]:
    table = world("cuhk03")
    return table, write_layout(table, "cuhk03", tmp_path / "out")


def test_cuhk03_pictures_and_new_protocol(cuhk03: tuple[CropTable, Path]) -> None:
    table, out = cuhk03
    name = r"images_(?P<boxes>detected|labeled)/(?P<pair>\d)_(?P<row>\d{3})_(?P<view>[12])_(?P<k>\d{2})\.png"
    found = said(table, out, name)
    person_of: dict[tuple[str, str], set[int]] = defaultdict(set)
    for words, row in found:
        assert row["camera"] == 2 * (int(words["pair"]) - 1) + int(words["view"])
        assert (int(words["k"]) - 1) // 5 + 1 == int(words["view"])
        person_of[words["pair"], words["row"]].add(row["person"])
    assert all(len(persons) == 1 for persons in person_of.values())
    assert len(person_of) == 12  # every person, in one pair only
    rows = rows_by_picture(table)
    for boxes in ("detected", "labeled"):
        mat = loadmat(out / f"cuhk03_new_protocol_config_{boxes}.mat")
        files = [str(entry[0]) for entry in mat["filelist"].flatten()]
        seen = [rows[shown(out / f"images_{boxes}" / file)] for file in files]
        assert files == sorted(p.name for p in (out / f"images_{boxes}").iterdir())
        assert mat["labels"].flatten().tolist() == [row["person"] for row in seen]
        assert mat["camId"].flatten().tolist() == [2 - row["camera"] % 2 for row in seen]
        for split in ("train", "query", "gallery"):
            index = mat[f"{split}_idx"].flatten() - 1
            assert [k for k, row in enumerate(seen) if row["split"] == split] == index.tolist()


def test_cuhk03_cells_hold_the_same_pictures(cuhk03: tuple[CropTable, Path]) -> None:
    _, out = cuhk03
    with h5py.File(out / "cuhk03_release" / "cuhk-03.mat") as mat:
        for boxes in ("detected", "labeled"):
            count = 0
            assert mat[boxes].shape == (1, 5)
            for pair, reference in enumerate(mat[boxes][0], 1):
                cells = mat[reference][:].T
                assert cells.shape[1] == 10 or not cells.size
                for row, column in np.ndindex(cells.shape if cells.ndim == 2 else (0, 0)):
                    value = mat[cells[row, column]][:].T
                    file = out / f"images_{boxes}" / f"{pair}_{row + 1:03d}_{column // 5 + 1}_{column + 1:02d}.png"
                    assert (value.ndim == 3) == file.is_file()
                    if value.ndim == 3:
                        count += 1
                        assert value.dtype == np.uint8
                        assert np.array_equal(value, np.asarray(Image.open(file)))
            assert count == len(list((out / f"images_{boxes}").iterdir()))
        sets = [mat[reference][:].T for reference in mat["testsets"][0]]
    assert len(sets) == 20
    assert {chosen.shape for chosen in sets} == {(4, 2)}
    assert len({chosen.tobytes() for chosen in sets}) > 1
    for pair, row in np.concatenate(sets).astype(int):
        names = [p.name for p in (out / "images_detected").glob(f"{pair}_{row:03d}_*")]
        assert {name[6] for name in names} == {"1", "2"}  # both views


def test_cuhk03_keeps_five_pictures_of_a_view_queries_first(world: World, tmp_path: Path) -> None:
    table = world("cuhk03", cameras=2, pictures=8)
    table = table.assign(split=["gallery" if s == "query" else "query" if k % 8 == 7 and s != "train" else s
                                for k, s in enumerate(table.column("split"))])  # fmt: skip
    out = write_layout(table, "cuhk03", tmp_path / "out", options={"form": "images", "boxes": "detected"})
    found = said(table, out, r"images_detected/(?P<pair>\d)_(?P<row>\d{3})_(?P<view>\d)_(?P<k>\d{2})\.png")
    assert Counter(row["split"] for _, row in found) == {"train": 6 * 2 * 5, "query": 6 * 2, "gallery": 6 * 2 * 4}
    assert not (out / "cuhk03_release").exists()


def test_cuhk01_and_viper(world: World, tmp_path: Path) -> None:
    table = world("cuhk01")
    found = said(table, write_layout(table, "cuhk01", tmp_path / "a"), r"campus/(?P<person>\d{4})(?P<k>\d{3})\.png")
    agree(found, person=0)
    assert Counter(words["k"] for words, _ in found) == dict.fromkeys(("001", "002", "003", "004"), 6)
    assert all(row["camera"] == (int(words["k"]) + 1) // 2 for words, row in found)
    table = world("viper")
    name = r"VIPeR/cam_(?P<view>[ab])/(?P<person>\d{3})_(?P<angle>\d+)\.bmp"
    found = said(table, write_layout(table, "viper", tmp_path / "b"), name)
    agree(found, person=1)
    assert all("_ab".index(words["view"]) == row["camera"] for words, row in found)
    for words, row in found:
        assert abs(int(words["angle"]) - min(row["yaw"], 360 - row["yaw"])) <= 22.5


def test_grid(world: World, tmp_path: Path) -> None:
    table = world("grid")
    out = write_layout(table, "grid", tmp_path / "out")
    name = r"underground_reid/(?P<place>probe|gallery)/(?P<person>\d{4})_(?P<camera>\d)_(?P<frame>\d+)_\d+_\d+_\d+_\d+\.jpeg"
    found = said(table, out, name)
    agree(found, person=0, camera=0, frame=0)
    probe, gallery = ([row for words, row in found if words["place"] == place] for place in ("probe", "gallery"))
    assert sorted(row["person"] for row in probe) == list(range(1, 9))
    assert Counter(row["person"] for row in gallery) == {0: 4, **dict.fromkeys(range(1, 9), 1)}
    assert {row["camera"] for row in probe} == {1}
    splits = loadmat(out / "underground_reid" / "features_and_partitions.mat")["trainIdxAll"][0]
    trains = [split[0][0][2][0].tolist() for split in splits]  # as published readers take it
    assert len(trains) == 10
    assert all(len(set(train)) == 4 and set(train) < set(range(1, 9)) for train in trains)
    assert len({tuple(train) for train in trains}) > 1


def test_attributes_that_are_missing_here_and_there_do_no_harm(world: World, tmp_path: Path) -> None:
    for layout in ("grid", "market1501", "viper", "mars"):
        table = world(layout)
        gaps = {name: [value if k % 3 else float("nan") for k in range(len(table))] for name, value in
                (("yaw", 90.0), ("box_height", 80.0), ("box", 4.0))}  # fmt: skip
        worn = [0 if person > 0 else float("nan") for person in table.person]
        assert write_layout(table.assign(**gaps, outfit=worn), layout, tmp_path / layout).is_dir()


def test_prid2011_numbers_above_the_shared_ones_are_different_persons(world: World, tmp_path: Path) -> None:
    table = make_table(tmp_path / "source", people=40, cameras=2, pictures=1, train_fraction=1.0)
    out = write_layout(table, "prid2011-single", tmp_path / "out", options={"shared": 4})
    found = said(table, out, r"prid_2011/single_shot/cam_(?P<view>[ab])/person_(?P<number>\d{4})\.png")
    person = {(words["view"], int(words["number"])): row["person"] for words, row in found}
    in_a, in_b = ({n: p for (view, n), p in person.items() if view == of} for of in "ab")
    assert len(in_a) == 4 + 9
    assert len(in_b) == 4 + 27  # 36 others in the proportion 185 : 549
    assert all(in_a[n] == in_b[n] for n in range(1, 5))
    assert not {in_a[n] for n in in_a if n > 4} & {in_b[n] for n in in_b if n > 4}
    assert [sorted(each) for each in (in_a, in_b)] == [list(range(1, len(each) + 1)) for each in (in_a, in_b)]
    with pytest.raises(DataError, match="a number of shared persons between 1 and 40, and the table has 41"):
        write_layout(table, "prid2011-single", tmp_path / "more", options={"shared": 41})


def test_synthetic_cameras_are_scenes_and_cameras(world: World, tmp_path: Path) -> None:
    offsets = [0, 2, 4, 6, 8, 9, 10, 12, 13, 14, 15]  # of RandPerson's scenes, as its readers have them
    table = world("randperson", cameras=19)
    name = r"randperson_subset/(?P<person>\d{6})_s(?P<scene>\d{2})_c(?P<camera>\d{2})_f(?P<frame>\d{6})\.jpg"
    found = said(table, write_layout(table, "randperson", tmp_path / "a"), name)
    agree(found, person=1, frame=0)
    assert all(offsets[int(w["scene"])] + int(w["camera"]) + 1 == row["camera"] for w, row in found)

    offset = [0, 0, 0, 4, 4, 8, 12, 12, 12, 12, 16, 16, 20]  # of ClonedPerson's
    table = world("clonedperson", cameras=24)
    name = r"(?P<place>train|test/query|test/gallery)/(?P<person>\d{6})_s(?P<scene>\d{2})_c(?P<camera>\d{2})_f(?P<frame>\d{6})\.jpg"
    splits = {"train": "train", "test/query": "query", "test/gallery": "gallery"}
    found = said(table, write_layout(table, "clonedperson", tmp_path / "b"), name, splits)
    agree(found, person=-699_999, frame=0)
    assert all(offset[int(w["scene"])] + int(w["camera"]) + 1 == row["camera"] for w, row in found)

    for layout, name in (
        (
            "finegpr",
            r"FineGPR/(?P<person>\d{4})/(?P=person)_c(?P<camera>\d{2})_w0[1-7]_l0[1-7]_p(?P<scene>0[1-9])\.jpg",
        ),
        ("weperson", r"(?P<person>\d{4})_(?P<camera>\d{2})_(?P<scene>\d{2})_\d{2}\.png"),
    ):
        table = world(layout)
        found = said(table, write_layout(table, layout, tmp_path / layout), name)
        agree(found, person=0, camera=0)
        assert len(found) == len(table)
        assert {(row["camera"], words["scene"]) for words, row in found} == {
            (c, f"{(c + 3) // 4:02d}") for c in range(1, 6)
        }


def test_unrealperson_numbers_repeat_in_versions_and_scenes(world: World, tmp_path: Path) -> None:
    table = world("unrealperson", cameras=34)
    out = write_layout(table, "unrealperson", tmp_path / "out")
    name = r"unreal_v(?P<scene>[1-4])\.(?P<version>[1-3])/images/(?P<number>\d+)_c(?P<camera>\d{3})_(?P<frame>\d+)\.jpg"
    found = said(table, out, name)
    for words, key in ((("version", "number"), "person"), (("scene", "camera"), "camera")):
        pairs = {(tuple(w[k] for k in words), row[key]) for w, row in found}
        assert len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})  # one to one
        assert len({pair[0][1] for pair in pairs}) < len(pairs)  # but not by the second number alone
    rows = rows_by_picture(table)
    listed = lines(out / "list_unreal_train.txt")
    assert len(listed) == len(table)
    for path, label, camera in listed:
        row = rows[shown(out / path)]
        assert (int(label) + 1, int(camera) + 1) == (row["person"], row["camera"])


@pytest.mark.parametrize(
    ("layout", "camera", "high"), [("gtasynthreid", 20, 19), ("randperson", 20, 19), ("mars", 7, 6), ("llcm", 10, 9)]
)
def test_cameras_that_names_cannot_hold_are_refused(
    layout: str, camera: int, high: int, world: World, tmp_path: Path
) -> None:
    table = world(layout)
    table = table.assign(camera=[camera if c == 1 else c for c in table.camera])
    with pytest.raises(DataError, match=f"has room for a camera between 1 and {high}, and the table has {camera}"):
        write_layout(table, layout, tmp_path / "out")
    assert find_layout(layout).title
