"""What holds for every layout: determinism, all or nothing, refusals, masks, links."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reidapt.data import CropTable
from reidapt.data.layouts import LAYOUTS, find_layout, layout_options, plan, write_layout
from reidapt.errors import DataError

World = Callable[..., CropTable]
PLACES = [name for name in LAYOUTS if name not in ("table", "folder")]


def tree(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_same_table_same_bytes_and_nothing_beside(layout: str, world: World, tmp_path: Path) -> None:
    table = world(layout)
    first = write_layout(table, layout, tmp_path / "a" / "first")
    second = write_layout(table, layout, tmp_path / "a" / "second", options={"files": "copy"})
    assert tree(first) == tree(second)
    assert sorted(os.listdir(tmp_path / "a")) == ["first", "second"]
    assert (first / "masks").is_dir()
    pictures = [
        path
        for path in tree(first)
        if not path.startswith("masks/") and path.endswith((".jpg", ".png", ".bmp", ".jpeg"))
    ]
    masks = [path for path in tree(first) if path.startswith("masks/")]
    assert len(pictures) == len(masks) > 0
    for picture in pictures:  # the mask has the picture's name
        assert f"masks/{os.path.splitext(picture)[0]}.png" in masks


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_ending_names_its_format(layout: str, world: World, tmp_path: Path) -> None:
    out = write_layout(
        world(layout, people=max(4, plan(layout)["people"] // 2 * 2), ending=".png"), layout, tmp_path / "out"
    )
    wanted = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP"}
    for path in out.rglob("*"):
        if path.suffix in wanted:
            with Image.open(path) as image:
                assert image.format == wanted[path.suffix], path


@pytest.mark.parametrize("layout", PLACES)
def test_plans_say_what_a_world_needs(layout: str) -> None:
    for size in ("test", "published"):
        wanted = plan(layout, size)
        info = find_layout(layout)
        assert wanted["people"] >= 4
        assert wanted["cameras"] >= info.cameras
        filmed = wanted.get("camera_modalities", wanted.get("modalities", ("colour",)))
        assert set(info.modalities) <= set(filmed)
        assert len(wanted.get("camera_modalities", ())) in (0, wanted["cameras"])
        if not info.splits:  # the layout draws its own: no picture is spent on queries
            assert wanted["train_fraction"] == 1.0 or wanted.get("distractors") or layout == "table"
        assert ("tracklets" in wanted) == info.tracklets
    assert plan(layout)["people"] * plan(layout)["cameras"] * plan(layout)["pictures"] < 300


def test_links_share_the_file_and_copies_do_not(world: World, tmp_path: Path) -> None:
    table = world("market1501")
    linked = write_layout(table, "market1501", tmp_path / "linked")
    copied = write_layout(table, "market1501", tmp_path / "copied", options={"files": "copy"})
    name = sorted(os.listdir(linked / "query"))[0]
    assert (linked / "query" / name).stat().st_nlink == 2
    assert (copied / "query" / name).stat().st_nlink == 1


def test_names_are_found_however_they_are_spelt() -> None:
    assert find_layout("SYSU-MM01") is LAYOUTS["sysu-mm01"]
    assert find_layout("iLIDS-VID") is LAYOUTS["ilids-vid"]
    with pytest.raises(DataError, match=r"there is no layout 'markt1501'. Did you mean 'market1501'\?"):
        find_layout("markt1501")
    with pytest.raises(DataError, match="there is no size 'huge'"):
        plan("mars", "huge")  # type: ignore[arg-type]


def test_matlab_files_do_not_tell_when_they_were_made(world: World, tmp_path: Path) -> None:
    for layout, place in (("ilids-vid", "train-test people splits"), ("ls-vid", "test/data")):
        for path in (write_layout(world(layout), layout, tmp_path / layout) / place).iterdir():
            assert path.read_bytes()[:116].rstrip() in (
                b"MATLAB 5.0 MAT-file, written by reidapt",
                b"MATLAB 7.3 MAT-file, written by reidapt",
            )


def refused(table: CropTable, layout: str, out: Path, match: str, **options: object) -> None:
    with pytest.raises(DataError, match=match):
        write_layout(table, layout, out, options=options)
    assert not out.exists()
    assert not [name for name in os.listdir(out.parent) if name.endswith(".partial")]


def test_tables_without_what_a_layout_needs_are_refused(world: World, tmp_path: Path) -> None:
    table, out = world("market1501"), tmp_path / "out"
    refused(table, "sysu-mm01", out, "needs crops of the modality infrared, and the table has colour")
    refused(table, "mars", out, "needs tracklets, and no crop of the table has one")
    refused(table.select(split="train"), "market1501", out, "needs crops of the split query and gallery")
    refused(table.select(camera=1), "viper", out, "needs at least 2 known cameras, and the table has 1")
    refused(table.drop("person"), "market1501", out, "is unlabelled")
    refused(table.assign(camera=[-1, *table.camera[1:]]), "viper", out, r"row 0 .* has none")
    refused(table, "market1501", out, r"has no option 'distractor'. Did you mean 'distractors'\?", distractor="images")
    refused(table, "market1501", out, "'gallery' or 'images', found 'both'", distractors="both")
    refused(table, "market1501", out, "'link' or 'copy'", files="move")


def test_a_missing_or_broken_picture_leaves_nothing(world: World, tmp_path: Path) -> None:
    table, out = world("viper"), tmp_path / "out"
    victim = Path(table.paths[0])
    victim.write_bytes(victim.read_bytes()[:100])
    refused(table, "viper", out, f"{victim} is damaged")
    victim.unlink()
    refused(table, "viper", out, f"{victim} does not exist")
    refused(table, "folder", out, f"{victim} cannot be copied")


def test_a_folder_in_use_stays_as_it_is(world: World, tmp_path: Path) -> None:
    table, out = world("folder"), tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(DataError, match="is in use"):
        write_layout(table, "folder", out)
    assert os.listdir(out) == ["mine.txt"]
    (out / "mine.txt").unlink()
    assert write_layout(table, "folder", out) == out  # an empty folder is taken over


def test_the_record_tells_everything(world: World, tmp_path: Path) -> None:
    table = world("market1501")
    out = write_layout(table, "market1501", tmp_path / "out", options={"record": True})
    told = pd.read_csv(out / "crops.csv")
    assert len(told) == len(table)
    assert sorted(told["yaw"]) == sorted(table.column("yaw"))
    assert all((out / path).is_file() for path in [*told["path"], *told["mask"]])
    assert layout_options("market1501") == {"distractors": "gallery"}


def test_what_has_no_place_is_counted(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = world("cuhk01", pictures=5)
    write_layout(table, "cuhk01", tmp_path / "out")
    assert f"{len(table) - 4 * 6} of {len(table)} crops have no place in the CUHK01 layout" in caplog.text


def test_lossless_layouts_keep_the_pixels(world: World, tmp_path: Path) -> None:
    table = world("prid2011-single", ending=".png")
    out = write_layout(table, "prid2011-single", tmp_path / "out")
    first = np.asarray(Image.open(out / "prid_2011/single_shot/cam_a/person_0001.png"))
    assert np.array_equal(first, np.asarray(Image.open(table.paths[0])))
