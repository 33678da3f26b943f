"""`WorldDataset`: pure in (seed, epoch, row), new pictures every epoch, batches of persons."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("anny")
pytest.importorskip("warp")

from reidapt.errors import WorldError  # noqa: E402


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

    with pytest.raises(WorldError, match="there are rows 0..11"):
        stream.images([12])
    with pytest.raises(WorldError, match="an epoch is 0 or more"):
        stream.set_epoch(-1)
    with pytest.raises(WorldError, match="did you mean 'plaza'"):
        WorldDataset("plazza", people=3)
