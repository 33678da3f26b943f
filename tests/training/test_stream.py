"""A streamed world as the source: new pictures every epoch, exact resume, and sentences for what it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.conftest import QUICK
from tests.training.test_resume import Killed, assert_same_weights, weights

pytest.importorskip("anny")
pytest.importorskip("warp")

from reidapt.data import CropStore, check, convert, read
from reidapt.errors import ConfigError, DataError, WorldError
from reidapt.methods import load_method
from reidapt.training import train

SPEC = "stream:plaza?people=4&cameras=2&pictures=2&seed=3"
SIZE = (48, 24)


def config(method, target, out, **options):
    data: dict[str, object] = {"source": SPEC}
    if method == "cluster-teacher":
        data |= {
            "target": target if ":" in str(target) else f"market1501:{target}",
            "source_epochs": 1,
            "eps": 0.7,
            "min_samples": 2,
            "k1": 6,
            "k2": 2,
        }
    return load_method(method).Config(**{**QUICK, **data, "out": str(out), **options})


def test_rows_are_people_at_cameras_and_every_epoch_has_other_pictures():
    table = read(SPEC)
    assert table.fingerprint() == read(SPEC).fingerprint() != read(SPEC.replace("seed=3", "seed=4")).fingerprint()
    assert (len(table), set(table.person), set(table.camera)) == (16, {1, 2, 3, 4}, {1, 2})
    chosen = table.select(camera=2).take([5, 0, 3])
    store, all_rows = CropStore(chosen, SIZE), CropStore(table, SIZE)
    places = [int(path.rpartition("#")[2]) for path in chosen.paths]
    seen = []
    for epoch in (0, 1, 2, 0):
        store.set_epoch(epoch)
        all_rows.set_epoch(epoch)
        seen.append(store.images([0, 1, 2]))
        assert torch.equal(seen[-1], all_rows.images(places))
        assert torch.equal(store.masks([2, 1]), all_rows.masks([places[2], places[1]]))
    for row in range(3):
        assert len({seen[epoch][row].numpy().tobytes() for epoch in range(3)}) == 3
    assert torch.equal(seen[0], seen[3])


def test_a_stream_and_files_are_one_table(source_dir, tmp_path):
    both = read(f"market1501:{source_dir}+{SPEC}").select(split="train")
    files = read(f"market1501:{source_dir}").select(split="train")
    store, alone = CropStore(both, SIZE), CropStore(read(SPEC), SIZE)
    rows = np.array([len(files) + 3, 1, len(both) - 1, 0])
    store.set_epoch(1)
    alone.set_epoch(1)
    images = store.images(rows)
    assert torch.equal(images[[1, 3]], CropStore(files, SIZE).images([1, 0]))
    assert torch.equal(images[[0, 2]], alone.images([3, 15]))
    assert CropStore(both, SIZE, cache_bytes=0).images([0])[0].equal(images[3])
    again = read(f"csv:{convert(both, tmp_path / 'both.csv')}")
    assert again.paths.tolist() == both.paths.tolist()


@pytest.mark.parametrize("method", ["source-only", "cluster-teacher"])
def test_an_interrupted_run_equals_an_uninterrupted_one(method, target_dir, tmp_path):
    whole = config(method, target_dir, tmp_path / "whole", checkpoint_steps=1)
    steps = []
    train(method, whole, lambda done, total, what: steps.append(done) if what.startswith("epoch") else None)
    broken = config(method, target_dir, tmp_path / "broken", checkpoint_steps=1)
    for moment in (1, len(steps) - 1):

        def stop(done, total, what, moment=moment):
            if what.startswith("epoch") and done >= moment:
                raise Killed

        with pytest.raises(Killed):
            train(method, broken, stop)
    train(method, broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")


def test_training_sees_other_pictures_in_its_second_epoch(tmp_path, monkeypatch):
    train("source-only", config("source-only", None, tmp_path / "new"))
    train("source-only", config("source-only", None, tmp_path / "one", epochs=1))
    monkeypatch.setattr(CropStore, "set_epoch", lambda store, epoch: None)
    train("source-only", config("source-only", None, tmp_path / "same"))
    train("source-only", config("source-only", None, tmp_path / "one-again", epochs=1))
    assert_same_weights(tmp_path / "one", tmp_path / "one-again")
    new, same = weights(tmp_path / "new")["networks"], weights(tmp_path / "same")["networks"]
    assert not all(torch.equal(new[name], same[name]) for name in new)


@pytest.mark.parametrize(
    ("spec", "kind", "sentence"),
    [
        ("stream:plazza?people=4", WorldError, "did you mean 'plaza'"),
        ("stream:plaza?peple=4", DataError, "Did you mean 'people'"),
        ("stream:plaza?people=few", DataError, "people = 'few'; expected a whole number"),
        ("stream:plaza?people=1", WorldError, "people must be a whole number between 2"),
        ("stream:plaza?occlusion=2", WorldError, "occlusion must be between 0 and 1"),
        ("stream:plaza?people=90000", DataError, "2,160,000 crops an epoch; at most 2,000,000"),
        ("stream:", DataError, "names no path"),
    ],
)
def test_a_stream_that_cannot_be_is_a_sentence(spec, kind, sentence, tmp_path):
    with pytest.raises(kind, match=sentence):
        train("source-only", load_method("source-only").Config(**QUICK, source=spec, out=str(tmp_path / "run")))
    assert list(tmp_path.iterdir()) == []


def test_where_pictures_must_stay_a_stream_is_refused(source_dir, tmp_path):
    target = load_method("cluster-teacher").Config(
        **QUICK, source=f"market1501:{source_dir}", target=SPEC, out=str(tmp_path / "run")
    )
    with pytest.raises(ConfigError, match="A target's pictures are looked at again and again, but 'stream:plaza"):
        train("cluster-teacher", target)
    paired = load_method("background-gan").Config(source=SPEC, out=str(tmp_path / "run"))
    with pytest.raises(ConfigError, match="'background-gan' needs the same pictures in every epoch"):
        train("background-gan", paired)
    assert list(tmp_path.iterdir()) == []


def test_a_packed_dataset_is_a_source_and_a_target(source_dir, target_dir, tmp_path):
    from reidapt.cli import main

    packed = {}
    for role, folder in (("source", source_dir), ("target", target_dir)):
        packed[role] = f"packed:{tmp_path / role}"
        assert main(["data", "pack", f"market1501:{folder}", str(tmp_path / role), "--size", "48x24"]) == 0
        table, original = read(packed[role]), read(f"market1501:{folder}")
        assert table.person.tolist() == original.person.tolist()
        rows = [4, 0, len(table) - 1]
        assert torch.equal(CropStore(table, SIZE).images(rows), CropStore(original, SIZE).images(rows))
        assert check(packed[role]).ok
        assert table.unlabelled().fingerprint()["rows"] == len(table)
    files = f"market1501:{source_dir}"
    for name, source in (("packed", packed["source"]), ("files", files)):
        train("source-only", config("source-only", None, tmp_path / name, source=source))
    assert_same_weights(tmp_path / "packed", tmp_path / "files")
    adapted = config("cluster-teacher", packed["target"], tmp_path / "adapted", source=packed["source"])
    train("cluster-teacher", adapted)
    assert weights(tmp_path / "adapted")["finished"]


def test_a_damaged_packed_source_is_a_sentence(source_dir, tmp_path):
    from reidapt.data.packed import pack

    folder = pack(f"market1501:{source_dir}", tmp_path / "packed", SIZE)
    (folder / "pictures.u8").write_bytes(b"x")
    with pytest.raises(DataError, match="has 1 bytes, expected"):
        read(f"packed:{folder}")
    (folder / "packed.json").write_text("{}")
    with pytest.raises(DataError, match="is no folder of packed pictures"):
        read(f"packed:{folder}")
