"""The dataset check: what is wrong is found and named, what is right is good."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reidapt.data import CheckReport, check, read
from reidapt.errors import DataError

Picture = Callable[..., Path]


def findings(report: CheckReport, level: str) -> str:
    return "\n".join(f.text + " " + " ".join(f.files) for f in report.findings if f.level == level)


def test_a_sound_dataset_is_good_and_counted(market: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = check(market, progress=lambda done, total: seen.append((done, total)))
    assert report.read_as == f"market1501:{market}"
    assert report.ok
    assert {s.split: report.verdict(s.split) for s in report.splits} == dict.fromkeys(
        ("train", "query", "gallery"), "good"
    )
    train, query, gallery = report.splits
    assert (train.pictures, train.persons, train.junk, train.distractors) == (24, 4, 0, 0)
    assert (query.pictures, query.persons) == (6, 2)
    assert (gallery.pictures, gallery.persons, gallery.junk, gallery.distractors) == (24, 2, 6, 6)
    assert gallery.cameras == {1: 8, 2: 8, 3: 8}
    assert (gallery.heights, gallery.widths) == ((32, 32, 32), (16, 16, 16))
    assert seen == [(k, 54) for k in range(1, 55)]
    assert json.loads(json.dumps(report.as_dict()))["splits"]["gallery"]["verdict"] == "good"
    assert "train" in report.text()
    assert "good" in report.text()


def test_damaged_pictures_are_named(market: Path) -> None:
    cut, empty, text = sorted((market / "query").iterdir())[:3]
    cut.write_bytes(cut.read_bytes()[:-200])
    empty.write_bytes(b"")
    text.write_text("hello")
    report = check(f"market1501:{market}")
    assert not report.ok
    assert report.verdict("query") == "not usable, 1 error"
    assert report.verdict("train") == "good"
    errors = findings(report, "error")
    assert "3 pictures cannot be read" in errors
    assert f"{cut} is damaged" in errors
    assert f"{empty} is empty (0 bytes)" in errors
    assert f"{text} is not a picture" in errors


def test_leaks_between_splits_are_found(market: Path) -> None:
    source = market / "bounding_box_train" / sorted(p.name for p in (market / "bounding_box_train").iterdir())[0]
    shutil.copy(source, market / "bounding_box_test" / "0003_c1s1_999999_01.jpg")
    warnings = findings(check(f"market1501:{market}"), "warning")
    assert "1 picture with identical copies in train and gallery" in warnings
    assert f"{source} = {market}/bounding_box_test/0003_c1s1_999999_01.jpg" in warnings
    assert "1 person both in train and in test: 3." in warnings
    assert "1 picture with identical copies under different persons" in warnings


def test_unmatched_queries_and_missing_cameras(market: Path) -> None:
    t = read(f"market1501:{market}")
    frame = t.frame
    keep = ~((frame["split"] == "gallery") & (frame["person"] == 10) & (frame["camera"] > 1))
    keep &= ~((frame["split"] == "train") & (frame["camera"] == 2))
    report = check(t.take(np.flatnonzero(keep)))
    warnings = findings(report, "warning")
    assert "1 of 6 queries have no match" in warnings  # person 10 is left in camera 1 only: its camera-1 query fails
    assert "0010_c1s1" in warnings
    assert "camera 2 of the other splits does not occur" in warnings
    assert report.verdict("train") == "usable, 1 warning"
    nobody = t.take(np.flatnonzero(~((frame["split"] == "gallery") & (frame["person"] > 0))))
    assert "6 of 6 queries" in findings(check(nobody), "error")
    one_camera = t.assign(camera=1)
    assert "6 of 6 queries have no match in the gallery from another camera and" in findings(check(one_camera), "error")
    twins = one_camera.assign(modality=np.where(frame["split"] == "gallery", "colour", "thermal"))
    assert not findings(check(twins), "error")  # a camera of another kind beside it saw them
    assert "query split but no gallery" in findings(check(t.select(split="query")), "error")


def test_masks_are_compared_with_their_pictures(market: Path) -> None:
    names = sorted(p.stem for p in (market / "query").iterdir())
    folder = market / "masks" / "query"
    folder.mkdir(parents=True)
    for name, size, value in ((names[0], (16, 32), 255), (names[1], (8, 16), 255), (names[2], (16, 32), 0)):
        Image.new("L", size, value).save(folder / f"{name}.png")
    (folder / f"{names[3]}.png").write_bytes(b"no")
    report = check(f"market1501:{market}")
    warnings = findings(report, "warning")
    assert "2 of 6 pictures have no mask" in warnings
    assert f"{names[1]}.png 16×8, picture 32×16" in warnings
    assert f"1 mask without a person. {folder / names[2]}.png" in warnings
    assert f"{folder / names[3]}.png is not a picture" in findings(report, "error")
    assert "1 mask of another size" in warnings


def test_unlabelled_data_and_published_counts(market: Path) -> None:
    report = check(read(f"market1501:{market}").select(split="train").unlabelled())
    assert report.ok
    assert report.splits[0].persons is None
    assert "no persons" in findings(report, "note")
    assert "unlabelled" in report.text()
    counts = findings(check(market, published=True), "warning")
    for found in (
        "4 persons found in train; the published Market-1501 has 751",
        "24 pictures found in train",
        "has 19,732",
        "6 persons found in all; the published Market-1501 has 1,501",
    ):
        assert found in counts
    text = check(market).text()
    assert "train: 4 of 751 persons, 24 of 12,936 pictures, 3 of 6 cameras" in text
    assert "warning" not in text


def test_training_rows_that_are_no_person_are_said(tmp_path: Path, picture: Picture) -> None:
    rows = [{"path": str(picture(tmp_path / f"{k}.jpg", k)), "person": k // 2, "camera": 1 + k % 2} for k in range(6)]
    pd.DataFrame(rows).to_csv(tmp_path / "crops.csv", index=False)
    assert "2 pictures of person 0 (distractor)" in findings(check(tmp_path / "crops.csv"), "warning")


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="names no data"):
        check(tmp_path / "nowhere")
