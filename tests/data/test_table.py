"""The crops table: types, selections, fingerprints, and that unlabelled() leaves no way back to the ids."""

from __future__ import annotations

import gc
import hashlib
import itertools
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reidapt.data import CropTable, read
from reidapt.errors import DataError


def table(**columns: object) -> CropTable:
    return CropTable(pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"], **columns}), "town", "/data/town")


def test_missing_columns_get_their_defaults() -> None:
    frame = table().frame
    assert frame["path"].tolist() == ["/data/town/a.jpg", "/data/town/b.jpg", "/data/town/c.jpg"]
    for column in ("camera", "sequence", "frame", "tracklet"):
        assert frame[column].dtype == np.int64
        assert frame[column].tolist() == [-1] * 3
    told = frame[["modality", "mask", "split", "domain"]].drop_duplicates().values.tolist()
    assert told == [["colour", "", "train", "town"]]
    assert not table().labelled


def test_foreign_types_become_the_documented_ones() -> None:
    t = table(person=["7", "-1", "0"], camera=[1.0, np.nan, 3.0], mask=["m/a.png", None, ""], domain=["x", None, " "])
    assert t.person.dtype == np.int64
    assert t.person.tolist() == [7, -1, 0]
    assert t.camera.tolist() == [1, -1, 3]
    assert t.frame["mask"].tolist() == ["/data/town/m/a.png", "", ""]
    assert t.frame["domain"].tolist() == ["x", "town", "town"]
    big = 2**60 + 1
    assert table(frame=[big, 1, 2]).column("frame")[0] == big


def test_named_persons_are_numbered_from_one_and_keep_their_names() -> None:
    t = table(person=["zoe", "adam", "-1"], camera=["lobby", "door", "lobby"])
    assert t.person.tolist() == [2, 1, -1]
    assert t.frame["person_name"].tolist() == ["zoe", "adam", "-1"]
    assert t.camera.tolist() == [2, 1, 2]
    assert t.frame["camera_name"].tolist() == ["lobby", "door", "lobby"]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"person": [1, None, 2]}, "row 1 has an empty person"),
        ({"person": [1, 2.5, 2]}, "row 1 has the person .*2.5.*; expected a whole number"),
        ({"camera": [1, -3, 2]}, "row 1 has the camera -3; expected -1 or larger"),
        ({"frame": ["1", "x", "2"]}, "row 1 has the frame 'x'; expected a whole number"),
        ({"split": ["train", "test", "train"]}, r"row 1 \(b.jpg\) has the split 'test'.*'query' or 'gallery'"),
        ({"modality": ["color", "colour", "colour"]}, "row 0.*'color'; expected one of.*Did you mean 'colour'"),
        ({"path": ["a.jpg", "", "c.jpg"]}, "row 1 has an empty path"),
    ],
)
def test_unusable_values_are_named(columns: dict[str, list[object]], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        table(**columns)


def test_a_table_without_paths_is_refused() -> None:
    with pytest.raises(DataError, match=r"no column 'path'.*Rename the column 'paths'"):
        CropTable(pd.DataFrame({"paths": ["a"]}), "x", "/x")


def test_selections_are_new_tables(market: Path) -> None:
    t = read(f"market1501:{market}")
    part = t.select(split="gallery", camera=[1, 2], person=10)
    frame = t.frame
    wanted = frame[(frame["split"] == "gallery") & (frame["camera"] <= 2) & (frame["person"] == 10)]
    assert part.paths.tolist() == wanted["path"].tolist() != []
    assert part.frame.index.equals(pd.RangeIndex(len(part)))
    assert t.select(person=np.array([3, 5])).frame["person"].unique().tolist() == [3, 5]
    assert len(t.select(camera=77)) == 0
    with pytest.raises(DataError, match=r"no crop of 'town'.*camera = 77: camera has 1, 2, 3"):
        t.require(camera=77)
    with pytest.raises(DataError, match=r"no column 'camra'.*Did you mean 'camera'"):
        t.select(camra=1)
    with pytest.raises(DataError, match=r"no split 'trian'.*Did you mean 'train'"):
        t.select(split="trian")


def test_nothing_changes_a_table_in_place(market: Path) -> None:
    t = read(f"market1501:{market}")
    before = t.frame
    mine = t.frame
    mine.loc[0, "person"] = 99
    with pytest.raises(ValueError, match="read-only"):
        t.person[0] = 99
    with pytest.raises(AttributeError, match="never changed in place"):
        t.name = "other"  # type: ignore[misc]
    changed = t.assign(domain="rain").drop("box")
    assert set(changed.frame["domain"]) == {"rain"}
    pd.testing.assert_frame_equal(t.frame, before)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(t)).frame, before)


def test_the_fingerprint_follows_content_and_not_place(market: Path, tmp_path: Path) -> None:
    t = read(f"market1501:{market}")
    first = t.fingerprint()
    assert {k: first[k] for k in ("name", "rows", "persons", "cameras")} == {
        "name": "town",
        "rows": len(t),
        "persons": 6,
        "cameras": 3,
    }
    moved = tmp_path / "elsewhere" / "town"
    shutil.copytree(market, moved)
    assert read(f"market1501:{moved}").fingerprint() == first
    assert t.select(split="train").fingerprint()["sha256"] != first["sha256"]
    assert t.assign(domain="x").fingerprint()["sha256"] != first["sha256"]
    victim = Path(read(f"market1501:{moved}").paths[3])
    data = bytearray(victim.read_bytes())
    data[-3] ^= 1
    victim.write_bytes(data)
    assert read(f"market1501:{moved}").fingerprint()["sha256"] != first["sha256"]
    assert t.unlabelled().fingerprint()["persons"] is None


def test_concat_keeps_or_separates_numbers(market: Path) -> None:
    t = read(f"market1501:{market}")
    train, query = t.select(split="train"), t.select(split="query")
    shared = CropTable.concat([train, query])
    assert shared.person.tolist() == [*train.person.tolist(), *query.person.tolist()]
    assert (shared.name, shared.root) == ("town", market)
    gallery = t.select(split="gallery")
    apart = CropTable.concat([gallery, gallery], persons="separate")
    first, second = np.split(apart.person, 2)
    assert not set(first[first > 0]) & set(second[second > 0])
    assert ((first <= 0) == (second <= 0)).all()
    assert (second[first <= 0] == first[first <= 0]).all()
    assert not set(apart.camera[: len(gallery)]) & set(apart.camera[len(gallery) :])
    with pytest.raises(DataError, match="unlabelled"):
        CropTable.concat([train, query.unlabelled()])
    ann, bob = table(person=["ann"] * 3), table(person=["bob"] * 3)
    with pytest.raises(DataError, match="person 1 is 'ann' in one table and 'bob' in another"):
        CropTable.concat([ann, bob])


def shuffled_names(market: Path, target: Path) -> Path:
    """A copy of the dataset in which the pictures of each split have their persons exchanged at random."""
    rng = np.random.default_rng(1)
    for folder in sorted(p for p in market.iterdir() if p.is_dir()):
        names = sorted(p.name for p in folder.iterdir())
        (target / folder.name).mkdir(parents=True)
        persons = rng.permutation([name.split("_")[0] for name in names])
        for name, person in zip(names, persons):
            rest = name.split("_", 1)[1]
            shutil.copy(folder / name, target / folder.name / f"{person}_{rest}")
    return target


def test_renaming_files_with_shuffled_ids_changes_nothing_but_paths(market: Path, tmp_path: Path) -> None:
    other = shuffled_names(market, tmp_path / "shuffled" / "town")
    true, false = read(f"market1501:{market}"), read(f"market1501:{other}")
    assert sorted(true.person.tolist()) == sorted(false.person.tolist())
    assert true.person.tolist() != [
        false.person[false.column("frame").tolist().index(f)] for f in true.column("frame").tolist()
    ]
    one, two = true.unlabelled().frame, false.unlabelled().frame
    pd.testing.assert_frame_equal(one.drop(columns="path"), two.drop(columns="path"))
    same = [Path(a).read_bytes() == Path(b).read_bytes() for a, b in zip(one["path"], two["path"])]
    assert all(same)


def test_unlabelled_rows_follow_the_digest_and_carry_no_attribute(market: Path) -> None:
    t = read(f"market1501:{market}").assign(height=1.8, shirt="red")
    u = t.unlabelled()
    assert u.columns == ["path", "camera", "sequence", "frame", "tracklet", "modality", "mask", "split", "domain"]
    digests = [hashlib.sha256(Path(p).read_bytes()).hexdigest() for p in u.paths]
    assert digests == sorted(digests)
    assert sorted(u.paths) == sorted(t.paths)
    camera = dict(zip(t.paths, t.camera))
    assert [camera[p] for p in u.paths] == u.camera.tolist()
    assert (u.name, u.root, u.labelled) == (t.name, t.root, False)
    with pytest.raises(DataError, match="unlabelled"):
        _ = u.person


def test_persons_cannot_be_told_from_the_order_of_unlabelled_rows(market: Path) -> None:
    """Neighbouring rows share a person no more often than chance allows, while in the sorted listing most do."""
    t = read(f"market1501:{market}").select(split="train")
    person = dict(zip(t.paths, t.person))
    neighbours = [person[p] for p in t.unlabelled().paths]
    together = sum(a == b for a, b in itertools.pairwise(neighbours))
    listed = sum(a == b for a, b in zip(t.person, t.person[1:]))
    rng = np.random.default_rng(0)
    chance = [sum(a == b for a, b in itertools.pairwise(s)) for s in (rng.permutation(t.person) for _ in range(2000))]
    assert listed > np.quantile(chance, 0.999)
    assert together <= np.quantile(chance, 0.99)


def test_nothing_reachable_from_an_unlabelled_table_holds_the_ids(market: Path) -> None:
    t = read(f"market1501:{market}")
    t = t.assign(person=t.person * 1000 + 123_456_789, person_name=[f"secret-{p}" for p in t.person])
    t.fingerprint()
    u = t.unlabelled()
    secret = set(t.person.tolist())
    del t
    seen, todo, found = set(), [u], []
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type) or type(thing).__name__ in ("module", "function"):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            found += [thing] if secret & set(thing.ravel().tolist()) else []
            todo += [thing.base] if thing.base is not None else []
        elif (isinstance(thing, str) and thing.startswith("secret-")) or (isinstance(thing, int) and thing in secret):
            found.append(thing)
        todo += gc.get_referents(thing)
        if hasattr(thing, "to_pylist") and any("secret-" in str(v) for v in thing.to_pylist()):
            found.append(thing)
    assert len(seen) > 20
    assert found == []


def test_tracklets_are_numbered_anew_and_never_join_cameras(market: Path) -> None:
    t = read(f"market1501:{market}").select(split="train")
    t = t.assign(tracklet=t.person)  # the worst case: the person's number as tracklet in every camera
    u = t.unlabelled()
    person = dict(zip(t.paths, t.person))
    groups: dict[int, set[tuple[int, int, int]]] = {}
    for path, camera, sequence, tracklet in zip(u.paths, u.camera, u.column("sequence"), u.column("tracklet")):
        groups.setdefault(int(tracklet), set()).add((int(person[path]), int(camera), int(sequence)))
    assert all(len(members) == 1 for members in groups.values())
    first_seen = list(dict.fromkeys(u.column("tracklet").tolist()))
    assert first_seen == list(range(len(groups)))
    assert (read(f"market1501:{market}").unlabelled().column("tracklet") == -1).all()


def test_identical_pictures_are_ordered_without_their_names(tmp_path: Path, picture) -> None:
    for names in (("x", "y"), ("y", "x")):
        folder = tmp_path / "".join(names)
        for name, mask_seed in zip(names, (1, 2)):
            picture(folder / f"{name}.png", 0)
            picture(folder / "masks" / f"{name}.png", mask_seed)
    a, b = (read(f"folder:{tmp_path / n}").unlabelled() for n in ("xy", "yx"))
    assert [Path(m).read_bytes() for m in a.column("mask")] == [Path(m).read_bytes() for m in b.column("mask")]
