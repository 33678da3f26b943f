"""The crop store: what is decoded, in every mode and size, cached or not; damaged pictures are named."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from reidapt.data import CropStore, CropTable, read
from reidapt.data.pictures import decode
from reidapt.data.store import available_memory
from reidapt.errors import DataError

Picture = Callable[..., Path]


def test_pictures_are_the_files_pixels(tmp_path: Path, picture: Picture) -> None:
    for k in range(5):
        picture(tmp_path / f"{k}.png", k, (20, 10))
    t = read(f"folder:{tmp_path}")
    store = CropStore(t, (20, 10))
    assert len(store) == 5
    got = store.images([3, 0, 3])
    assert got.dtype == torch.uint8
    assert got.shape == (3, 3, 20, 10)
    wanted = np.asarray(Image.open(tmp_path / "3.png")).transpose(2, 0, 1)
    assert (got[0].numpy() == wanted).all()
    assert torch.equal(got[0], got[2])
    got[0] = 0  # the batch is the caller's own
    assert (store.images(np.array([3]))[0].numpy() == wanted).all()


@pytest.mark.parametrize("kept", [0, 3, 99])
def test_the_limit_changes_memory_and_not_pictures(market: Path, kept: int) -> None:
    t = read(f"market1501:{market}")
    full = CropStore(t, (16, 8))
    store = CropStore(t, (16, 8), cache_bytes=kept * 3 * 16 * 8, threads=3)
    rows = torch.tensor([40, 1, 2, 0, 7, 40, 30])
    assert torch.equal(store.images(rows), full.images(rows))
    assert torch.equal(pickle.loads(pickle.dumps(store)).images(rows), full.images(rows))
    assert f"in memory: {min(kept, len(t))}" in repr(store)


def test_pictures_beyond_the_limit_can_be_read_in_inference_mode(market: Path) -> None:
    """Where embeddings are made: the threads that decode are not in that mode."""
    table = read(f"market1501:{market}")
    with torch.inference_mode():
        found = CropStore(table, (32, 16), cache_bytes=0, threads=2).images(range(len(table)))
    assert torch.equal(found, CropStore(table, (32, 16)).images(range(len(table))))


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    """A fine checkerboard shrunk to an eighth is flat grey; without antialiasing it would be stripes."""
    board = (np.indices((256, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "a.png")
    small = decode(tmp_path / "a.png", (32, 16))
    assert np.abs(small.astype(int) - 127).max() <= 2


def test_large_jpegs_are_decoded_small_without_visible_difference(tmp_path: Path) -> None:
    y, x = np.mgrid[0:1024, 0:512]
    values = np.stack([x / 2, y / 4, 127 + 100 * np.sin(x / 40) * np.cos(y / 60)], axis=2).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "a.jpg", quality=95)
    with Image.open(tmp_path / "a.jpg") as image:
        wanted = np.asarray(image.resize((64, 128), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(decode(tmp_path / "a.jpg", (128, 64)).astype(int) - wanted).max() <= 8


def test_every_mode_becomes_rgb(tmp_path: Path) -> None:
    grey = np.tile(np.linspace(0, 255, 16).astype(np.uint8), (32, 1))
    image = Image.fromarray(grey)
    wanted = np.repeat(grey[:, :, None], 3, axis=2).astype(int)
    image.save(tmp_path / "grey.png")
    image.convert("P").save(tmp_path / "palette.png")
    image.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    image.convert("CMYK").save(tmp_path / "cmyk.tif")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "sixteen.png")
    Image.merge("LA", (image, Image.new("L", image.size, 255))).save(tmp_path / "la.png")
    image.convert("1", dither=Image.Dither.NONE).save(tmp_path / "bits.png")
    for file in sorted(tmp_path.iterdir()):
        got = decode(file).astype(int)
        assert got.shape == (32, 16, 3), file
        target = (wanted > 127) * 255 if file.name == "bits.png" else wanted
        assert np.abs(got - target).max() <= (3 if file.suffix == ".jpg" else 0), file


def test_transparency_is_black_and_orientation_is_applied(tmp_path: Path) -> None:
    rgba = np.full((8, 4, 4), 200, dtype=np.uint8)
    rgba[:4, :, 3] = 0
    rgba[4:, :, 3] = 255
    Image.fromarray(rgba).save(tmp_path / "a.png")
    got = decode(tmp_path / "a.png")
    assert (got[:4] == 0).all()
    assert (got[4:] == 200).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90°
    lying = np.zeros((8, 16, 3), dtype=np.uint8)
    lying[:, :8] = 255  # the left half becomes the upper half
    Image.fromarray(lying).save(tmp_path / "b.jpg", exif=exif)
    upright = decode(tmp_path / "b.jpg")
    assert upright.shape == (16, 8, 3)
    assert upright[:6].min() > 200
    assert upright[-6:].max() < 50


def damage(file: Path, kind: str) -> None:
    if kind == "truncated":
        file.write_bytes(file.read_bytes()[:-150])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "text":
        file.write_text("not a picture")
    elif kind == "gone":
        file.unlink()
    elif kind == "floating":
        Image.fromarray(np.random.default_rng(0).random((8, 8), dtype=np.float32)).save(file, format="TIFF")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("truncated", "is damaged or cannot be read .*truncated"),
        ("empty", r"is empty \(0 bytes\)"),
        ("text", "is not a picture"),
        ("gone", "does not exist"),
        ("floating", "floating-point"),
    ],
)
def test_a_damaged_picture_is_named_before_training(market: Path, kind: str, sentence: str) -> None:
    t = read(f"market1501:{market}")
    victim = Path(t.paths[7])
    damage(victim, kind)
    with pytest.raises(DataError, match=f"{victim.name} .*{sentence}"):
        CropStore(t, (32, 16))
    late = CropStore(t, (32, 16), cache_bytes=0)
    assert len(late.images([1, 2])) == 2
    with pytest.raises(DataError, match=victim.name):
        late.images([1, 7])


def test_masks(tmp_path: Path, picture: Picture) -> None:
    for k in range(3):
        picture(tmp_path / f"{k}.png", k, (20, 10))
    (tmp_path / "masks").mkdir()
    soft = np.random.default_rng(0).integers(0, 256, (20, 10), dtype=np.uint8)
    Image.fromarray(soft).save(tmp_path / "masks" / "0.png")
    Image.new("L", (5, 10), 255).save(tmp_path / "masks" / "2.png")
    store = CropStore(read(f"folder:{tmp_path}"), (20, 10))
    got = store.masks([0, 2])
    assert got.shape == (2, 1, 20, 10)
    assert (got[0, 0].numpy() == soft).all()
    assert (got[1] == 255).all()
    with pytest.raises(DataError, match=r"1 of 2 crops of .* have no mask, first .*1.png"):
        store.masks([0, 1])
    assert (store.masks([1, 0], missing=255)[0] == 255).all()


def test_wrong_requests_are_said(market: Path) -> None:
    store = CropStore(read(f"market1501:{market}"), (8, 4))
    with pytest.raises(DataError, match=r"rows 0..54 were asked for; there are rows 0..53"):
        store.images([0, 54])
    with pytest.raises(DataError, match="size"):
        CropStore(store.table, (0, 4))
    nothing = CropTable(pd.DataFrame({"path": pd.Series([], dtype=str)}), "none", "/x")
    assert CropStore(nothing).images([]).shape == (0, 3, 256, 128)


def test_progress_counts_decoded_pictures(market: Path) -> None:
    seen: list[tuple[int, int]] = []
    t = read(f"market1501:{market}")
    CropStore(t, (8, 4), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, len(t)) for k in range(1, len(t) + 1)]
    assert available_memory() > 10_000_000
