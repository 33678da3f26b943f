"""What `render_world` writes: the layout, the tables, reproducible bytes, and nothing half-written."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reidapt.errors import WorldError
from reidapt.world import contact_sheet, render_world

from .conftest import ARGUMENTS

NAME = re.compile(r"^(-1|\d{4})_c(\d+)s(\d+)_(\d{6})_(\d{2})\.jpg$")


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1), (2, 4), (3, 5)])
def test_the_bytes_depend_on_neither_workers_nor_batch_size(small_world, tmp_path, workers, batch_size):
    again = render_world(
        "plaza", **ARGUMENTS, junk=1, distractors=1, out=tmp_path / "x", workers=workers, batch_size=batch_size
    )
    assert digests(again) == digests(small_world)


def test_another_seed_gives_other_people_in_the_same_places(small_world, table, tmp_path):
    other = render_world("plaza", **{**ARGUMENTS, "seed": 12}, out=tmp_path / "x")
    mine, theirs = table(small_world), table(other)
    assert {row["upper_rgb"] for row in mine if row["upper_rgb"]}.isdisjoint(row["upper_rgb"] for row in theirs)
    place = lambda rows: {(row["camera"], row["place"], row["focal"], row["gamma"]) for row in rows}  # noqa: E731
    assert place(mine) == place(theirs)


def test_layout_names_tables_and_files_agree(small_world, table):
    rows = table(small_world)
    listed = {row["path"] for row in rows}
    found = {
        f"{folder}/{path.name}"
        for folder in ("bounding_box_train", "query", "bounding_box_test")
        for path in (small_world / folder).iterdir()
    }
    assert listed == found
    for row in rows:
        person, camera, sequence, frame, _ = NAME.match(Path(row["path"]).name).groups()
        assert (int(person), int(camera), int(sequence), int(frame)) == tuple(
            int(row[k]) for k in ("person", "camera", "sequence", "frame")
        )
        assert Image.open(small_world / row["path"]).size == (32, 64)
        assert Image.open(small_world / row["mask"]).size == (32, 64)
        assert Image.open(small_world / row["mask"]).mode == "L"


def test_train_and_test_ids_are_disjoint_and_every_query_has_a_match_elsewhere(small_world, table):
    rows = table(small_world)
    ids = {split: {int(r["person"]) for r in rows if r["split"] == split} for split in ("train", "query", "gallery")}
    assert ids["train"] == {1, 2}
    assert ids["query"] == {3, 4}
    assert ids["gallery"] == {-1, 0, 3, 4}
    for query in (row for row in rows if row["split"] == "query"):
        assert any(
            row["person"] == query["person"] and row["camera"] != query["camera"]
            for row in rows
            if row["split"] == "gallery"
        )


def test_a_person_looks_the_same_on_every_camera_and_every_picture_differs(small_world, table):
    rows = [row for row in table(small_world) if int(row["person"]) > 0]
    constant = ("sex", "height", "skin", "hair", "upper", "upper_rgb", "lower", "lower_rgb", "shoes", "bag", "hat")
    looks: dict[str, set[tuple[str, ...]]] = {}
    for row in rows:
        looks.setdefault(row["person"], set()).add(tuple(row[name] for name in constant))
    assert all(len(kinds) == 1 for kinds in looks.values())
    assert len({kinds.copy().pop() for kinds in looks.values()}) == 4
    assert len({(row["x"], row["y"], row["phase"]) for row in rows}) == len(rows)


def test_masks_are_filled_by_people_and_empty_on_background(small_world, table):
    for row in table(small_world):
        mask = np.asarray(Image.open(small_world / row["mask"])) / 255.0
        if int(row["person"]) == 0:
            assert mask.max() == 0.0
        elif int(row["person"]) > 0:
            assert 0.06 < mask.mean() < 0.75
            assert row["occluder"] != "none" or mask[:, 8:24].mean() > mask[:, [0, 1, -2, -1]].mean()


def test_the_digest_in_world_json_follows_from_the_files(small_world, table):
    summary = json.loads((small_world / "world.json").read_text())
    digest = hashlib.sha256()
    for row in table(small_world):
        both = (small_world / row["path"]).read_bytes() + (small_world / row["mask"]).read_bytes()
        digest.update(f"{row['path']} {hashlib.sha256(both).hexdigest()}\n".encode())
    digest.update((small_world / "crops.csv").read_bytes())
    assert summary["sha256"] == digest.hexdigest()
    assert summary["crops"] == sum(summary["splits"].values()) == len(table(small_world))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"style": "plazza"}, "did you mean 'plaza'"),
        ({"people": 1}, "people must be a whole number between 2"),
        ({"people": 10_000}, "people must be a whole number between 2 and 9999"),
        ({"cameras": 0}, "cameras must be"),
        ({"pictures": 1}, "pictures must be at least 2"),
        ({"size": (128, 4)}, "each between 16 and"),
        ({"size": (128,)}, r"size must be \(height, width\)"),
        ({"layout": "duke"}, "There is no layout 'duke'"),
        ({"train_fraction": 1.5}, "between 0 and 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"junk": -1}, "junk must be a whole number between 0 and 99 per test person"),
        ({"people": 10_000}, "have 4 digits for a person"),
        ({"seed": -1}, "seed must be"),
        ({"occlusion": 2.0}, "occlusion must be between 0 and 1"),
        ({"labels": ("masks",)}, "There is no label 'masks'"),
        ({"modalities": ("colour", "x-ray")}, "modalities must be different ones of"),
        ({"modalities": ("colour", "infrared")}, "for other modalities"),
        ({"tracklets": 2}, "ask for the layout 'table'"),
        ({"layout": "table", "camera_modalities": ("colour",)}, "for each of the 2 cameras"),
        ({"layout": "table", "simultaneous": True}, "ask for two or more modalities"),
        ({"layout": "table", "tracklets": 1, "one_side": True}, "a walk has a direction of its own"),
        ({"layout": "table", "outfits": 4}, "pictures must be at least 4, one for each outfit"),
        ({"hold": ("jaw",)}, "did you mean 'yaw'"),
        ({"values": {"yaws": 3}}, "did you mean 'yaw'"),
        ({"values": {"yaw": 400}}, "expected a number between 0 and 360"),
        ({"values": {"occluder": "cat"}}, "expected one of none, person, object, frame"),
    ],
)
def test_what_cannot_be_rendered_is_a_sentence_and_leaves_nothing(tmp_path, change, sentence):
    arguments = {"style": "plaza", **ARGUMENTS, "out": tmp_path / "x", **change}
    style = arguments.pop("style")
    with pytest.raises(WorldError, match=sentence):
        render_world(style, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_table_layout_holds_what_market1501_holds(small_world, table, tmp_path):
    arguments = {**ARGUMENTS, "layout": "table"}
    out = render_world("plaza", **arguments, junk=1, distractors=1, out=tmp_path / "t", workers=2)
    mine, theirs = table(out), table(small_world)
    assert {row["path"] for row in mine} == {str(p.relative_to(out)) for p in (out / "pictures").rglob("*.jpg")}
    counted = lambda rows: sorted((r["person"], r["camera"], r["split"]) for r in rows)  # noqa: E731
    assert counted(mine) == counted(theirs)


def test_a_set_parameter_and_a_held_factor_change_nothing_else(small_world, table, tmp_path):
    plain = table(small_world)
    extra = {"junk": 1, "distractors": 1, "workers": 2}
    turned = table(render_world("plaza", **ARGUMENTS, **extra, out=tmp_path / "a", values={"yaw": 90}))
    assert {row["yaw"] for row in turned} == {"90"}
    held = table(render_world("plaza", **ARGUMENTS, **extra, out=tmp_path / "b", hold=["exposure"]))
    assert len({row["light"] for row in held}) == 1 < len({row["light"] for row in plain})
    same = lambda rows: [(r["x"], r["y"], r["phase"], r["jpeg"], r["exposure_ms"]) for r in rows]  # noqa: E731
    assert same(plain) == same(turned) == same(held)
    assert [row["yaw"] for row in held] == [row["yaw"] for row in plain]


def test_simultaneous_modalities_see_the_same_moments(table, tmp_path):
    moment = ("yaw", "walking", "phase", "x", "y", "distance")
    shown = {}
    for together in (False, True):
        arguments = {**ARGUMENTS, "layout": "table", "modalities": ("colour", "thermal"), "hold": ["box"]}
        out = render_world("plaza", **arguments, simultaneous=together, out=tmp_path / str(together), workers=2)
        rows = table(out)
        shown[together] = [
            {k: row[k] for k in ("person", "camera", *moment)} for row in rows if row["modality"] == "colour"
        ]
        pairs: dict[tuple[str, ...], list[dict[str, str]]] = {}
        for row in rows:
            pairs.setdefault(tuple(row[k] for k in ("person", "camera", *moment)), []).append(row)
        assert all(len(pair) == (2 if together else 1) for pair in pairs.values())
        if together:
            outlines = []
            for first, second in pairs.values():
                assert {first["modality"], second["modality"]} == {"colour", "thermal"}
                a, b = (np.asarray(Image.open(out / row["mask"])) > 127 for row in (first, second))
                outlines.append((a & b).sum() / (a | b).sum())
            assert np.mean(outlines) > 0.85, outlines
    assert shown[False] == shown[True]  # colour pictures do not depend on the other modalities


def test_a_camera_sees_one_side_of_a_person(table, tmp_path):
    arguments = {**ARGUMENTS, "people": 8, "cameras": 2, "pictures": 3, "layout": "table", "labels": ()}
    given = {**arguments, "modalities": ("colour", "thermal"), "hold": ["box"]}
    rows = table(render_world("plaza", **given, one_side=True, out=tmp_path / "one", workers=2))
    sides: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        towards = np.cos(np.radians(float(row["yaw"])))
        assert abs(towards) >= np.cos(np.radians(30.0))  # 25, and the column's rounding to tens
        sides.setdefault((row["person"], row["camera"]), set()).add("front" if towards > 0 else "back")
    assert all(len(seen) == 1 for seen in sides.values())
    assert {"front", "back"} == set.union(*sides.values())
    assert len({row["yaw"] for row in rows}) > 4
    free = table(render_world("plaza", **given, out=tmp_path / "free", workers=2))
    assert any(abs(np.cos(np.radians(float(row["yaw"])))) < 0.5 for row in free)
    assert [row["height"] for row in rows] == [row["height"] for row in free]  # the same people


def test_outfits_are_recordings_of_their_own(table, tmp_path):
    from reidapt.world.layout import Arguments, plan

    items = plan(Arguments(2, 3, 4, layout="table", outfits=2).check(), "plaza", 1)
    recordings = {(item.camera, item.outfit): set() for item in items}
    for item in items:
        recordings[item.camera, item.outfit].add(item.sequence)
    assert len(recordings) == 6
    assert all(len(found) == 1 for found in recordings.values())
    assert all(recordings[camera, 0] != recordings[camera, 1] for camera in (1, 2, 3))
    for split in ("query", "gallery"):
        assert {item.outfit for item in items if item.split == split} == {0, 1}


def test_a_folder_in_use_is_refused_and_untouched(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "keep.txt").write_text("mine")
    with pytest.raises(WorldError, match="not empty"):
        render_world("plaza", **ARGUMENTS, out=tmp_path / "x")
    assert (tmp_path / "x" / "keep.txt").read_text() == "mine"


def test_an_interrupted_render_leaves_nothing(small_world, tmp_path):
    def interrupt(done: int, total: int, what: str) -> None:
        if done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_world("plaza", **ARGUMENTS, out=tmp_path / "x", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_up_to_every_crop(small_world, tmp_path):
    seen: list[tuple[int, int]] = []
    render_world(
        "plaza", **ARGUMENTS, out=tmp_path / "x", progress=lambda done, total, what: seen.append((done, total))
    )
    assert seen[-1] == (24, 24)
    counts = [done for done, _ in seen]
    assert counts == sorted(counts)


def test_a_missing_package_says_how_to_install_it(tmp_path, monkeypatch):
    import sys

    from reidapt.world.body import load_body_model

    load_body_model.cache_clear()
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(WorldError, match=r'pip install "reidapt\[world\]"'):
        render_world("plaza", **ARGUMENTS, out=tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_the_contact_sheet_has_a_row_per_person_and_a_column_per_camera(small_world, tmp_path):
    sheet = Image.open(contact_sheet(small_world, tmp_path / "s.png", rows=3, columns=4, height=64))
    # 3 rows of 64 and 4 columns of 32, with gaps of 3 and a line of labels
    assert sheet.size == (4 * 35 + 3, 3 * 67 + 3 + 14)
    with pytest.raises(WorldError, match=r"no crops\.csv"):
        contact_sheet(tmp_path, tmp_path / "t.png")


def test_a_world_without_training_people_has_every_folder_of_its_layout(tmp_path):
    from reidapt.world import render_world

    out = render_world(
        "plaza", people=2, cameras=1, pictures=2, seed=0, size=(32, 16), train_fraction=0.0, out=tmp_path / "w"
    )
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == [
        "bounding_box_test",
        "bounding_box_train",
        "masks",
        "query",
    ]
