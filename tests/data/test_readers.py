"""Readers and specs: what the layouts say is in the table, and damaged layouts are sentences."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from reidapt.data import likely_specs, read
from reidapt.errors import DataError

Picture = Callable[..., Path]


def test_market_names_become_columns(market: Path, picture: Picture) -> None:
    picture(market / "bounding_box_test" / "-1_c3s2_012345_07.jpg", 999)
    (market / "bounding_box_test" / "Thumbs.db").write_bytes(b"x")
    picture(market / "masks" / "query" / "0010_c2s1_000601_01.png", 5)
    t = read(f"market1501:{market}")
    assert t.splits == {"train": 24, "query": 6, "gallery": 25}
    row = t.frame[t.frame["path"].str.endswith("-1_c3s2_012345_07.jpg")].iloc[0]
    assert row[["person", "camera", "sequence", "frame", "box", "split"]].tolist() == [-1, 3, 2, 12345, 7, "gallery"]
    for path, person, camera in zip(t.paths, t.person, t.camera):  # an independent reading of the name
        first, second = Path(path).name.split("_")[:2]
        assert (int(first), int(second[1])) == (person, camera)
    assert t.paths.tolist() == [
        str(p)
        for folder in ("bounding_box_train", "query", "bounding_box_test")
        for p in sorted((market / folder).glob("*.jpg"))
    ]


def test_market_masks_attributes_and_parent_folder(market: Path, picture: Picture) -> None:
    names = sorted((market / "query").glob("*.jpg"))
    picture(market / "masks" / "query" / f"{names[1].stem}.png", 5)
    told = pd.DataFrame(
        {"path": [f"query/{n.name}" for n in names], "person": 77, "tracklet": range(6), "shirt": ["red"] * 6}
    )
    told.to_csv(market / "crops.csv", index=False)
    archive = market.parent / "download" / "Market-1501-v15.09.15"
    archive.parent.mkdir()
    shutil.move(market, archive)
    t = read(f"market1501:{archive.parent}")
    assert t.name == "Market-1501-v15.09.15"
    query = t.select(split="query")
    stem = names[1].stem
    assert query.column("mask").tolist() == ["", str(archive / "masks" / "query" / f"{stem}.png"), "", "", "", ""]
    assert query.person.tolist() == [10, 10, 10, 11, 11, 11]
    assert query.column("tracklet").tolist() == list(range(6))
    assert set(query.column("shirt")) == {"red"}
    assert set(t.select(split="train").column("tracklet")) == {-1}


def test_market_layout_errors_name_what_is_there(market: Path, picture: Picture) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        read(f"market1501:{market}/nowhere")
    bad = market / "query" / "0010_c2_x.jpg"
    picture(bad, 1)
    with pytest.raises(DataError, match=r"0010_c2_x.jpg does not name a crop: expected names like 0002_c1s1_000451_03"):
        read(f"market1501:{market}")
    bad.rename(market / "query" / "notes.txt")
    with pytest.raises(DataError, match=r"notes.txt is not a picture"):
        read(f"market1501:{market}")
    shutil.rmtree(market / "query")
    (market / "query").mkdir()
    with pytest.raises(DataError, match="query is empty"):
        read(f"market1501:{market}")
    shutil.rmtree(market / "query")
    shutil.rmtree(market / "bounding_box_test")
    with pytest.raises(DataError, match="query, bounding_box_test are missing; it holds bounding_box_train"):
        read(f"market1501:{market}")
    with pytest.raises(DataError, match="is a file, but a folder"):
        read(f"market1501:{next((market / 'bounding_box_train').iterdir())}")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_read_back_what_was_written(market: Path, kind: str) -> None:
    t = read(f"market1501:{market}")
    frame = t.frame
    frame["path"] = [str(Path(p).relative_to(market)) for p in frame["path"]]
    file = market / f"crops_of_town.{kind}"
    frame.to_csv(file, index=False) if kind == "csv" else frame.to_parquet(file)
    again = read(f"{kind}:{file}")
    pd.testing.assert_frame_equal(again.frame, t.frame)
    assert (again.name, again.root) == ("crops_of_town", market)
    assert again.fingerprint()["sha256"] == t.fingerprint()["sha256"]


def test_csv_errors_name_file_and_row(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.jpg", 0)
    file = tmp_path / "crops.csv"

    def refused(text: str, sentence: str) -> None:
        file.write_text(text)
        with pytest.raises(DataError, match=sentence):
            read(f"csv:{file}")

    refused("path,persn\na.jpg,1\n", r"crops.csv has a column 'persn'.*Did you mean 'person'\?")
    refused("path,Person\na.jpg,1\n", r"'Person'.*Did you mean 'person'\?")
    refused("file,person\na.jpg,1\n", "no column 'path'; its columns are file, person")
    refused("path,person\n", "a header and no rows")
    refused("", "cannot be read as csv")
    refused("path,person\na.jpg,1\nb.jpg,2\nc.jpg,2\n", r"names 2 pictures that do not exist, first .*b.jpg \(row 1\)")
    refused("path,mask\na.jpg,m.png\n", "names 1 masks that do not exist")
    refused("path,split\na.jpg,trian\n", r"crops.csv: row 0 .*'trian'.*Did you mean 'train'")
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match="cannot be read as csv"):
        read(f"csv:{file}")
    (tmp_path / "x.parquet").write_bytes(b"not parquet")
    with pytest.raises(DataError, match=r"x.parquet cannot be read as parquet"):
        read(f"parquet:{tmp_path / 'x.parquet'}")


def test_csv_synonyms_stay_attributes(tmp_path: Path, picture: Picture, caplog: pytest.LogCaptureFixture) -> None:
    picture(tmp_path / "a.jpg", 0)
    (tmp_path / "crops.csv").write_text("path,pid\na.jpg,4\n")
    with caplog.at_level(logging.WARNING):
        t = read(f"csv:{tmp_path / 'crops.csv'}")
    assert not t.labelled
    assert t.column("pid").tolist() == [4]
    assert "no column 'person'" in caplog.text


def test_a_folder_per_person_is_labelled(tmp_path: Path, picture: Picture, caplog: pytest.LogCaptureFixture) -> None:
    for person, count in (("bob", 2), ("ann", 1)):
        for k in range(count):
            picture(tmp_path / "crew" / person / f"{k}.jpg", k)
    picture(tmp_path / "crew" / "masks" / "ann" / "0.png", 9)
    with caplog.at_level(logging.WARNING):
        t = read(f"folder:{tmp_path / 'crew'}")
    assert t.person.tolist() == [1, 2, 2]
    assert t.column("person_name").tolist() == ["ann", "bob", "bob"]
    assert [bool(m) for m in t.column("mask")] == [True, False, False]
    assert set(t.camera) == {-1}
    assert "has no cameras: the same-camera rule" in caplog.text


def test_a_flat_folder_is_unlabelled_even_with_market_names(market: Path, picture: Picture) -> None:
    t = read(f"folder:{market / 'query'}")
    assert not t.labelled
    assert t.camera.tolist() == [1, 2, 3, 1, 2, 3]
    picture(market / "query" / "holiday.jpg", 3)
    assert set(read(f"folder:{market / 'query'}").camera) == {-1}


def test_folder_errors(market: Path, tmp_path: Path, picture: Picture) -> None:
    with pytest.raises(DataError, match="read it as market1501:"):
        read(f"folder:{market}")
    mixed = tmp_path / "mixed"
    picture(mixed / "a.jpg", 0)
    picture(mixed / "ann" / "a.jpg", 0)
    with pytest.raises(DataError, match=r"both pictures \(a.jpg, ...\) and folders with pictures \(ann, ...\)"):
        read(f"folder:{mixed}")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "readme.txt").write_text("x")
    with pytest.raises(DataError, match=r"no pictures.*it holds readme.txt"):
        read(f"folder:{empty}")


def test_symbolic_link_loops_end(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "crew" / "ann" / "0.jpg", 0)
    (tmp_path / "crew" / "loop").symlink_to(tmp_path / "crew")
    (tmp_path / "crew" / "self").symlink_to(tmp_path / "crew" / "self")
    assert len(read(f"folder:{tmp_path / 'crew'}")) == 1


def test_specs_say_what_to_write(market: Path) -> None:
    with pytest.raises(DataError, match=r"no reader 'markt1501'.*Did you mean 'market1501'\?"):
        read("markt1501:x")
    with pytest.raises(DataError, match=f"write market1501:{market}"):
        read(str(market))
    with pytest.raises(DataError, match="names no data"):
        read("nowhere")
    with pytest.raises(DataError, match="write csv:PATH"):
        read("csv:")
    assert likely_specs(market / "query") == [f"folder:{market / 'query'}"]
    assert likely_specs("nowhere") == []
