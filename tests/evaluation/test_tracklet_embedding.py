"""Embedding tracklets: against a plain loop, whatever the budget, which no forward pass exceeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from reidapt.data import CropStore, CropTable, normalise
from reidapt.data.clips import dense_clips, middle_clip
from reidapt.data.tracklets import Tracklets
from reidapt.errors import ConfigError, DataError
from reidapt.evaluation import embed
from reidapt.evaluation.protocols import pool_tracklets
from reidapt.evaluation.tracklets import embed_tracklets
from reidapt.models.video import VideoNet

SIZE = (32, 16)


def table_of(root, sizes, pictures=7):
    """Tracklets of these lengths over a few picture files, their rows mixed."""
    generator = np.random.default_rng(0)
    root.mkdir(parents=True, exist_ok=True)
    for k in range(pictures):
        Image.fromarray(generator.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(root / f"{k}.png")
    rows = [
        {"path": str(root / f"{(3 * k + i * i) % pictures}.png"), "person": k, "tracklet": k, "frame": i, "camera": 1}
        for k, size in enumerate(sizes)
        for i in range(size)
    ]
    return CropTable(pd.DataFrame(rows).sample(frac=1, random_state=0).reset_index(drop=True), "made", root)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    made = VideoNet("test_resnet", persons=3, weights="random", size=SIZE, pooling="attention")
    for parameter in made.temporal.parameters():
        torch.nn.init.normal_(parameter)
    return made.eval()


def plainly(net, table, choose, length):
    """A tracklet after the other, a clip after the other."""
    store, vectors = CropStore(table, SIZE), []
    for rows in Tracklets.of(table).rows:
        units = []
        for clip in choose(len(rows), length):
            with torch.no_grad():
                units.append(F.normalize(net.embed(normalise(store.images(rows[clip]))[None])[0], dim=0))
        vectors.append(F.normalize(torch.stack(units).mean(0), dim=0))
    return torch.stack(vectors)


def test_all_frames_and_four_frames_equal_a_plain_loop_whatever_the_budget(net, tmp_path):
    table = table_of(tmp_path, (9, 4, 1, 6, 2))
    for budget in (4, 11, 256):
        tracks, features = embed_tracklets(net, table, SIZE, length=4, budget=budget)
        assert torch.allclose(features, plainly(net, table, dense_clips, 4), atol=1e-5)
        assert len(tracks) == 5
        assert tracks.person.tolist() == table.person[Tracklets.of(table).first].tolist()
    _, features = embed_tracklets(net, table, SIZE, frames=4, length=4)
    middle = plainly(net, table, lambda n, t: middle_clip(n, t)[None] if n > t else dense_clips(n, t)[:1], 4)
    assert torch.allclose(features, middle, atol=1e-5)


def test_pictures_one_by_one_are_pooled_as_before(net, tmp_path):
    table = table_of(tmp_path, (5, 3, 8)).assign(frame=-1)  # the order of frames does not matter here
    one = embed_tracklets(net, table, SIZE, length=1)
    other = pool_tracklets(table, embed(net, CropStore(table, SIZE)))
    assert torch.allclose(one[1], other[1], atol=1e-6)
    assert one[0].paths.tolist() == other[0].paths.tolist()
    with pytest.raises(DataError, match="order"):
        embed_tracklets(net, table, SIZE, length=4)


def test_no_forward_pass_exceeds_the_budget_on_tracklets_of_1000_frames(net, tmp_path, monkeypatch):
    table = table_of(tmp_path, (1000, 3))
    asked, seen = [], []
    images = CropStore.images

    def watched(store, rows):
        asked.append(len(rows))
        assert len(store._cache) == 0  # nothing is kept
        return images(store, rows)

    monkeypatch.setattr(CropStore, "images", watched)

    def model(clips):
        seen.append(clips.shape[0] * clips.shape[1])
        return clips.mean((1, 3, 4))

    _, features = embed_tracklets(model, table, SIZE, length=4, budget=66)
    assert max(seen) == max(asked) == 64
    assert sum(seen) == 1000 + 4
    mean = normalise(images(CropStore(table, SIZE), Tracklets.of(table).rows[0])).mean((0, 2, 3))
    assert F.cosine_similarity(features[0], mean, dim=0) > 0.9
    with pytest.raises(ConfigError, match="no room for a clip of 4"):
        embed_tracklets(model, table, SIZE, length=4, budget=3)
