"""The catalogue: every entry reads its layout, is recognised, converts there and back, and says where to ask."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from trees import TREES, put

from reidapt.cli import main
from reidapt.data import CATALOGUE, check, convert, read
from reidapt.data.catalogue import as_dict, dataset, details, overview, published, recognised
from reidapt.errors import DataError

NAMES = sorted(CATALOGUE)


def test_there_is_a_tree_for_every_entry() -> None:
    assert sorted(TREES) == NAMES
    assert len(NAMES) == 26


@pytest.mark.parametrize("name", NAMES)
def test_every_layout_is_read_checked_and_converted(name: str, tmp_path: Path) -> None:
    folder = TREES[name](tmp_path / "data")
    table = read(f"{name}:{folder}")
    assert table.labelled
    assert (table.person[table.person != 0] >= -1).all()
    assert len(set(table.paths)) == len(table)
    written = {str(p) for p in folder.rglob("*") if p.suffix in (".jpg", ".png", ".bmp", ".jpeg")}
    assert set(table.paths) <= written
    assert name in table.name or name == "market1501"
    pd.testing.assert_frame_equal(read(f"{name}:{folder}").frame, table.frame)  # reading twice is reading once

    report = check(f"{name}:{folder}")
    assert report.ok, report.text()
    assert {split.split: split.pictures for split in report.splits} == table.splits
    assert ("notice" in report.text()) == bool(CATALOGUE[name].withdrawn)

    for kind in ("csv", "parquet"):
        file = convert(table, table.root / f"table.{kind}")
        again = read(f"{kind}:{file}")
        pd.testing.assert_frame_equal(again.frame, table.frame)
        assert again.fingerprint()["sha256"] == table.fingerprint()["sha256"]
        file.unlink()


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_path_is_recognised(name: str, tmp_path: Path) -> None:
    folder = TREES[name](tmp_path / "data")
    expected = [] if name == "weperson" else [name]  # a flat folder of names that fit everything
    assert recognised(folder) == expected


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_folder_is_a_sentence_that_says_where_to_ask(name: str, tmp_path: Path) -> None:
    suffix = "?boxes=detected" if name == "cuhk03" else ""
    with pytest.raises(DataError) as refusal:
        read(f"{name}:{tmp_path}{suffix}")
    assert str(tmp_path) in str(refusal.value)
    if name not in ("randperson", "gtasynthreid"):  # any folder of pictures can be these
        assert CATALOGUE[name].ask in str(refusal.value)
    with pytest.raises(DataError, match=r"there is no folder|is missing|does not hold|has no"):
        read(f"{name}:{tmp_path}/nowhere{suffix}")


def test_entries_say_what_a_reader_of_the_list_needs() -> None:
    lines = overview().splitlines()
    for name, entry in CATALOGUE.items():
        assert any(line.startswith(f"{name} ") and entry.kind in line for line in lines)
        text = details(entry)
        for part in (entry.title, entry.ask, entry.terms, entry.citation, entry.layout):
            assert part in text
        for option in entry.options.values():
            assert not option.default or option.default in option.values
        assert json.loads(json.dumps(as_dict(entry)))["name"] == name
        assert set(published(entry)) <= {"train", "val", "query", "gallery", "all"}
    assert "WITHDRAWN" in details(CATALOGUE["dukemtmc"])
    assert [name for name, entry in CATALOGUE.items() if entry.withdrawn] == ["dukemtmc", "dukemtmc-video"]
    with pytest.raises(DataError, match="Did you mean 'msmt17'"):
        dataset("msmt")


def test_options_are_checked_and_named(tmp_path: Path) -> None:
    folder = TREES["regdb"](tmp_path / "r")
    assert read(f"regdb:{folder}?trial=3&query=thermal").name == "regdb-trial-3-query-thermal"
    with pytest.raises(DataError, match=r"regdb has no option 'trail'.*Did you mean 'trial'"):
        read(f"regdb:{folder}?trail=3")
    with pytest.raises(DataError, match="trial = '11'; expected one of 1, 2"):
        read(f"regdb:{folder}?trial=11")
    for bad in ("?trial", "?trial=1&trial=2", "?=3", "?"):
        with pytest.raises(DataError, match="is no option of regdb"):
            read(f"regdb:{folder}{bad}")
    with pytest.raises(DataError, match="takes no options"):
        read(f"folder:{folder}?trial=1")
    odd = tmp_path / "who?trial=1"
    odd.mkdir()
    put(odd, "a.png")
    assert len(read(f"folder:{odd}")) == 1  # a folder that really is called so


def test_specs_joined_by_plus_share_nobody(tmp_path: Path) -> None:
    market, duke = TREES["market1501"](tmp_path / "a+b"), TREES["dukemtmc"](tmp_path / "duke")
    both = read(f"market1501:{market}+dukemtmc:{duke}")
    first, second = read(f"market1501:{market}"), read(f"dukemtmc:{duke}")
    assert len(both) == len(first) + len(second)
    people = set(both.person[: len(first)]) & set(both.person[len(first) :])
    assert people <= {-1, 0}
    assert not set(both.camera[: len(first)]) & set(both.camera[len(first) :])
    assert set(both.column("domain")) == {"a+b", "dukemtmc"}
    assert check(f"market1501:{market}+dukemtmc:{duke}").counts == ()


def test_convert_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    folder = TREES["market1501"](tmp_path / "town")
    with pytest.raises(DataError, match=r"ends with .txt; a table is written to .csv or .parquet"):
        convert(f"market1501:{folder}", tmp_path / "x.txt")
    with pytest.raises(DataError, match="there is no folder"):
        convert(f"market1501:{folder}", tmp_path / "nowhere" / "x.csv")
    (tmp_path / "old.csv").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        convert(f"market1501:{folder}", tmp_path / "old.csv")
    assert (tmp_path / "old.csv").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.csv", "town"]


def test_the_command_line_lists_checks_and_converts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = TREES["mars"](tmp_path / "mars")
    assert main(["data", "list"]) == 0
    assert re.search(r"^mars +video", capsys.readouterr().out, flags=re.MULTILINE)
    assert main(["data", "list", "mars", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["published"]["train"]["tracklets"] == 8_298
    assert main(["data", "check", f"mars:{folder}"]) == 0
    out = capsys.readouterr().out
    assert "train: 2 of 625 persons, 3 of 8,298 tracklets" in out
    assert main(["data", "check", f"mars:{folder}", "--counts", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"split": "query", "what": "tracklets", "found": 1, "published": 1_980} in report["counts"]
    assert any("published MARS has 1,980" in finding["text"] for finding in report["findings"])
    assert main(["data", "convert", f"mars:{folder}", str(tmp_path / "mars.csv")]) == 0
    assert len(read(f"csv:{tmp_path / 'mars.csv'}")) == len(read(f"mars:{folder}"))
    assert main(["data", "list", "marz"]) == 2
    assert "Did you mean 'mars'" in capsys.readouterr().err


def test_masks_and_further_columns_lie_beside_any_dataset(tmp_path: Path) -> None:
    folder = TREES["sysu-mm01"](tmp_path / "sysu")
    put(folder / "masks", "cam1/0001/0012.png")
    (folder / "crops.csv").write_text("path,coat,person\ncam1/0001/0012.jpg,red,77\n")
    table = read(f"sysu-mm01:{folder}")
    masked = table.take([k for k, mask in enumerate(table.column("mask")) if mask])
    assert masked.paths.tolist() == [f"{folder}/cam1/0001/0012.jpg"]
    assert masked.column("mask").tolist() == [f"{folder}/masks/cam1/0001/0012.png"]
    assert masked.column("coat").tolist() == ["red"]
    assert masked.person.tolist() == [1]  # what the names tell stands


def test_a_plain_folder_is_not_a_dataset_with_folders_of_its_own(tmp_path: Path) -> None:
    viper = TREES["viper"](tmp_path / "viper")
    with pytest.raises(DataError, match=f"in the VIPeR layout; read it as viper:{viper}"):
        read(f"folder:{viper}")
    flat = TREES["weperson"](tmp_path / "flat")
    assert not read(f"folder:{flat}").labelled
