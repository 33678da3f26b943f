"""Masks from the table and from elsewhere; unusable ones are found and named."""

import numpy as np
import pytest
import torch
from PIL import Image
from tests.masked_market import write_masked_market

from reidapt.data import CropStore, read
from reidapt.data.masks import ellipse, masks_of
from reidapt.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path):
    return write_masked_market(tmp_path / "market", train=3, test=2, cameras=2)


def store(folder):
    return CropStore(read(f"market1501:{folder}").select(split="train"), (48, 24))


def test_good_masks_are_the_files(folder):
    s = store(folder)
    found = masks_of(s)
    assert found.usable.all()
    assert found.text(s) == ""
    assert torch.equal(found.values, s.masks(range(len(s))))


def test_missing_unreadable_empty_and_full_masks_are_counted_and_the_first_is_named(folder):
    masks = sorted((folder / "masks" / "bounding_box_train").glob("*.png"))
    masks[1].unlink()
    masks[2].write_bytes(b"not a picture")
    Image.fromarray(np.zeros((48, 24), np.uint8)).save(masks[3])
    Image.fromarray(np.full((48, 24), 255, np.uint8)).save(masks[4])
    s = store(folder)
    found = masks_of(s)
    expected = ["", "missing", "unreadable", "empty", "covering everything", *[""] * (len(s) - 5)]
    assert found.problems.tolist() == expected
    assert not found.values[1:5].any()
    text = found.text(s)
    assert "4 of 12 crops" in text
    assert "1 covering everything, 1 empty, 1 missing, 1 unreadable" in text
    assert masks[1].stem in text


def test_inverted_masks_are_recognised_and_can_be_used(folder):
    right = masks_of(store(folder)).values
    for file in sorted((folder / "masks" / "bounding_box_train").glob("*.png")):
        with Image.open(file) as picture:
            Image.fromarray(255 - np.asarray(picture)).save(file)
    with pytest.raises(DataError, match=r"white must be the person.*mask_source inverted"):
        masks_of(store(folder))
    assert torch.equal(masks_of(store(folder), "inverted").values, right)


def test_an_ellipse_stands_in_for_every_mask(folder):
    found = masks_of(store(folder), "ellipse")
    assert found.usable.all()
    share = ellipse((200, 100)).float().mean() / 255
    assert float(share) == pytest.approx(np.pi * 0.46 * 0.30, abs=0.01)
    assert torch.equal(found.values[0], ellipse((48, 24)))


def middle(pictures):
    masks = torch.zeros_like(pictures[:, :1])
    masks[:, :, 10:30, 8:16] = 255
    return masks


def test_a_function_can_make_masks(folder):
    found = masks_of(store(folder), f"{__name__}:middle")
    assert found.usable.all()
    assert torch.equal(found.values[5], middle(torch.zeros(1, 3, 48, 24, dtype=torch.uint8))[0])


@pytest.mark.parametrize("name", ["tabel", "no.such.module:f", f"{__name__}:nothing"])
def test_unknown_sources_are_sentences(folder, name):
    with pytest.raises(ConfigError, match="mask source"):
        masks_of(store(folder), name)
