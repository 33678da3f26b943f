"""The target's clusters of video-mean-teacher: centroids, batches and consistency against plain recomputation."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.video_method import OFF, batches_of, make

from reidapt.data.augment import normalise
from reidapt.data.clips import middle_clip
from reidapt.errors import ConfigError
from reidapt.evaluation import grouped
from reidapt.methods import video_mean_teacher as module
from reidapt.methods.pseudo_labels import Clusters


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_consistency_is_the_cross_entropy_with_the_other_views_assignment_and_with_the_cluster(share, folders):
    method = make(folders, **{**OFF, "consistency_weight": 2.0, "cluster_share": share})
    method.begin_epoch(0)
    method.train()
    batch = next(batches_of(method))
    views = batch["target"].views
    assert not torch.equal(views[0], views[1])
    _, target = method.forward_clips(batch)
    before = copy.deepcopy(method.teacher.state_dict())
    loss = method.consistency_loss(target, batch["target"])
    assert all(torch.equal(before[n], v) for n, v in method.teacher.state_dict().items())
    teacher = copy.deepcopy(method.teacher).eval().embed(views[1].unflatten(0, (-1, 4)))
    soft, hard, c = [], [], method.config
    cluster = {row: y for rows, y in zip(method.target_tracklets.rows, method.clusters.labels) for row in rows}
    for f, g, row in zip(F.normalize(target.neck, dim=1), teacher, batch["target"].indices[::4].tolist()):
        p, q = (
            (x @ method.clusters.centroids.T / t).softmax(0)
            for x, t in ((f, c.temperature), (g, c.teacher_temperature))
        )
        soft.append(-float((q * p.log()).sum().detach()))
        if cluster[row] >= 0:
            hard.append(-float(p[cluster[row]].log().detach()))
    assert len(soft) == 6
    assert hard
    wanted = (1 - share) * np.mean(soft) + share * np.mean(hard)
    assert float(loss.detach()) == pytest.approx(2 * wanted, rel=1e-4)
    assert method.teacher.training
    assert all(p.grad is None for p in method.teacher.parameters())


def test_centroids_are_the_mean_teacher_features_of_the_clusters(folders, monkeypatch):
    method = make(folders)
    seen = {}

    def fake(features, **options):
        seen["features"] = features
        return Clusters(np.arange(len(features)) % 3 - (np.arange(len(features)) == 5) * 3, 0.5, 0.1)

    monkeypatch.setattr(module, "find_clusters", fake)
    method.cluster_target()
    labels = fake(seen["features"]).labels
    for k in range(3):
        mean = seen["features"][labels == k].mean(0)
        assert torch.allclose(method.clusters.centroids[k], mean / mean.norm(), atol=1e-5)
    assert len(seen["features"]) == len(method.target_tracklets) == 48


def test_each_camera_is_normalised_by_itself_before_clustering(folders):
    method = make(folders)
    cameras = method.target.table.camera[method.target_tracklets.first]
    plain = embed_clips(method)
    own = method.target_features()
    assert min(np.bincount(cameras)[np.unique(cameras)]) < 32  # too few of a camera: the network's own statistics
    assert torch.allclose(own, plain, atol=1e-5)
    before = copy.deepcopy(method.teacher.state_dict())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouped, "SMALLEST_GROUP", 8)
        own = method.target_features()
        for camera in np.unique(cameras):
            assert not torch.allclose(own[cameras == camera], plain[cameras == camera], atol=1e-3)
        method.config.normalise_cameras = False
        assert torch.allclose(method.target_features(), plain, atol=1e-5)
    assert all(torch.equal(before[n], v) for n, v in method.teacher.state_dict().items())


def embed_clips(method):
    """The teacher's features of the middle clips, one tracklet at a time."""
    method.teacher.eval()
    found = []
    for rows in method.target_tracklets.rows:
        frames = method.target.images(torch.from_numpy(rows[middle_clip(len(rows), 4)]))
        with torch.no_grad():
            found.append(method.teacher.embed(normalise(frames)[None]))
    return torch.cat(found)


def test_target_batches_by_clusters_once_there_are_any(folders):
    method = make(folders, target_sampling="clusters", target_clips=8, pictures_per_person=2, consistency_start=1)
    assert method.streams(0)["target"].labels is None  # nothing clustered yet: all tracklets at random
    method.clusters.labels = np.arange(48) % 7 - 1  # an eighth is in no cluster
    stream = method.streams(1)["target"]
    assert len(stream.batches) == len(method.streams(1)["source"].batches)
    for batch in stream.batches:
        clusters, counts = np.unique(stream.labels[batch[::4]], return_counts=True)
        assert len(clusters) == 4
        assert clusters.min() >= 0
        assert set(counts) == {2}
    method.clusters.labels = np.arange(48) % 2
    assert {len(batch) for batch in method.streams(1)["target"].batches} == {4 * 2 * 2}  # only two clusters fit


@pytest.mark.parametrize("momentum", [0.2, 1.0])
def test_centroids_move_to_the_features_of_their_clusters(momentum, folders):
    method = make(folders, **{**OFF, "consistency_weight": 1.0, "centroid_momentum": momentum})
    method.begin_epoch(0)
    method.train()
    before, held = method.clusters.centroids.clone(), []
    batch = next(batches_of(method))
    forward = method.forward_clips
    method.forward_clips = lambda given: held.append(forward(given)) or held[-1]
    for _ in method.step(batch):
        pass
    method.end_step()
    target = held[-1][1]
    cluster = {row: y for rows, y in zip(method.target_tracklets.rows, method.clusters.labels) for row in rows}
    for feature, row in zip(F.normalize(target.neck.detach(), dim=1), batch["target"].indices[::4].tolist()):
        y = cluster[row]
        if y >= 0 and momentum < 1:
            moved = momentum * before[y] + (1 - momentum) * feature
            before[y] = moved / moved.norm()
    assert torch.allclose(method.clusters.centroids, before, atol=1e-6)


def test_k_means_and_too_few_clusters(folders):
    method = make(folders, clustering="k-means", clusters=5)
    method.cluster_target()
    assert len(method.clusters.centroids) == 5
    method.config.clustering, method.config.eps, method.config.min_samples = "dbscan", 0.001, 40
    kept = method.clusters.centroids.clone()
    method.cluster_target()
    assert torch.equal(method.clusters.centroids, kept)  # those of the epoch before
    method.clusters.labels = method.clusters.labels[:0]
    with pytest.raises(ConfigError, match="Raise --eps"):
        method.cluster_target()


def test_consistency_waits_for_its_first_epoch(folders):
    method = make(folders, consistency_start=1)
    method.begin_epoch(0)
    assert len(method.clusters.centroids) == 0
    batch = next(batches_of(method))
    _, target = method.forward_clips(batch)
    assert float(method.consistency_loss(target, batch["target"])) == 0
    method.begin_epoch(1)
    assert len(method.clusters.centroids) > 1


def test_in_grey_clips_are_ranked_and_clustered_without_their_colours(folders):
    method = make(folders, grey=1.0, normalise_cameras=False).eval()
    frames = method.target.images(torch.arange(8))
    luma = (
        (frames * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1))
        .sum(1, keepdim=True)
        .round()
        .byte()
        .repeat(1, 3, 1, 1)
    )
    plain, coloured = normalise(luma).unflatten(0, (2, 4)), normalise(frames).unflatten(0, (2, 4))
    with torch.no_grad():
        assert torch.allclose(method.embed(coloured), method.teacher.embed(plain), atol=1e-2)
    in_grey = method.target_features()
    method.config.grey = 0.0
    assert not torch.allclose(method.target_features(), in_grey, atol=1e-3)
