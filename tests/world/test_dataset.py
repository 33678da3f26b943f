"""`WorldDataset`: pure in (seed, epoch, row), new pictures every epoch, batches of persons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

pytest.importorskip("anny")
pytest.importorskip("warp")

from reidapt.errors import WorldError


@pytest.fixture(scope="module")
def stream():
    from reidapt.world.dataset import WorldDataset

    return WorldDataset("plaza", people=3, cameras=2, pictures=2, seed=4, size=(48, 24), keep=2)


def test_a_picture_depends_on_its_row_and_epoch_alone(stream):
    stream.set_epoch(0)
    rows = [0, 5, 11, 5]
    images, masks = stream.draw(rows)
    assert images.dtype == torch.uint8
    assert images.shape == (4, 3, 48, 24)
    assert masks.shape == (4, 1, 48, 24)
    assert torch.equal(images[1], images[3])
    for place, row in enumerate(rows):
        single = stream[row]
        assert torch.equal(single["image"], images[place])
        assert torch.equal(single["mask"], masks[place])
        assert single["person"] == row // 4 + 1
    stream.set_epoch(1)
    later = stream.images(rows)
    assert not torch.equal(later, images)
    stream.set_epoch(0)
    assert torch.equal(stream.images(rows[::-1]).flip(0), images)


def test_threads_and_neighbours_in_a_batch_change_no_picture(stream):
    from reidapt.world.dataset import WorldDataset

    other = WorldDataset("plaza", people=3, cameras=2, pictures=2, seed=4, size=(48, 24), workers=3)
    rows = np.random.default_rng(0).integers(0, 12, 50)
    stream.set_epoch(2)
    other.set_epoch(2)
    images, masks = other.draw(rows)
    for start in (0, 20, 45):
        part = slice(start, start + 5)
        assert torch.equal(stream.images(rows[part]), images[part])
        assert torch.equal(stream.masks(rows[part]), masks[part])


def test_an_epoch_of_batches_has_each_person_at_most_once_and_goes_on(stream):
    stream.set_epoch(0)
    first = list(stream.batches(persons=1, pictures=3))
    assert stream.epoch == 1
    assert sorted(int(batch["person"][0]) for batch in first) == [1, 2, 3]
    for batch in first:
        assert batch["image"].shape == (3, 3, 48, 24)
        assert len(set(batch["person"].tolist())) == 1
    second = list(stream.batches(persons=1, pictures=3))
    assert not any(torch.equal(a["image"], b["image"]) for a in first for b in second)


def test_it_stands_in_for_a_crop_store_in_the_loader(stream):
    from types import SimpleNamespace

    from reidapt.data import Loader, normalise

    stream.set_epoch(0)
    stream.table = SimpleNamespace(camera=stream.camera)
    batches = [np.array([0, 4]), np.array([8, 1])]
    loaded = list(Loader(stream, batches, lambda images, generator: normalise(images), labels=stream.person))
    assert [batch.labels.tolist() for batch in loaded] == [[1, 2], [3, 1]]
    assert torch.equal(loaded[1].images, normalise(stream.images([8, 1])))


def test_rows_and_arguments_that_do_not_exist_are_sentences(stream):
    from reidapt.world.dataset import WorldDataset

    with pytest.raises(WorldError, match=r"there are rows 0\.\.11"):
        stream.images([12])
    with pytest.raises(WorldError, match="an epoch is 0 or more"):
        stream.set_epoch(-1)
    with pytest.raises(WorldError, match="did you mean 'plaza'"):
        WorldDataset("plazza", people=3)


def test_a_packed_world_holds_the_pictures_of_a_crop_store(small_world, tmp_path):
    from reidapt.data import CropStore, read
    from reidapt.data.packed import PackedStore, pack

    seen: list[int] = []
    out = pack(small_world, tmp_path / "packed", (64, 32), progress=lambda done, total: seen.append(done))
    store, packed = CropStore(read(f"csv:{small_world / 'crops.csv'}"), (64, 32)), PackedStore(out)
    assert len(packed) == len(store) == seen[-1]
    rows = [3, 0, 7]
    assert torch.equal(packed.images(rows), store.images(rows))
    assert torch.equal(packed.masks(rows), store.masks(rows))
    pd.testing.assert_frame_equal(packed.table.frame, store.table.frame)


def test_damaged_or_used_packed_folders_are_sentences(small_world, tmp_path):
    from reidapt.data.packed import PackedStore, pack
    from reidapt.errors import DataError

    out = pack(small_world, tmp_path / "packed", (16, 8))
    with pytest.raises(DataError, match="not empty"):
        pack(small_world, out, (16, 8))
    with (out / "pictures.u8").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match="pack the pictures again"):
        PackedStore(out)
    with pytest.raises(DataError, match="no folder of packed pictures"):
        PackedStore(small_world)
    with pytest.raises(DataError, match="cannot be packed"):
        pack(small_world, tmp_path / "none", (0, 8))
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]
