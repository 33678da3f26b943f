"""Pseudo-labels: tracklets, joining, proxies and kinds of pictures against plain loops."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from reidapt.data import CropTable
from reidapt.methods.pseudo_labels import find_clusters, joined, nearest_joined, proxy_of, views

SETTINGS = {"grouping": "auto", "eps": 0.0, "min_samples": 3, "k1": 8, "k2": 3}


def people(persons, crops, noise=0.15, seed=0):
    """Unit features (persons · crops, 32), person by person."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((persons, 32))
    x = np.repeat(centres, crops, 0) + noise * random.standard_normal((persons * crops, 32))
    return F.normalize(torch.from_numpy(x).float(), dim=1)


def test_well_separated_people_are_found_without_a_radius():
    clusters = find_clusters(people(9, 8), **SETTINGS)
    assert clusters.found == 9
    assert clusters.outliers < 0.1
    assert clusters.silhouette > 0.5
    for person in range(9):
        own = clusters.labels[8 * person : 8 * person + 8]
        assert len(set(own[own >= 0])) == 1


def test_crops_of_a_tracklet_get_one_label():
    features = people(6, 12, noise=0.6)
    tracklets = np.arange(72) // 4
    tracklets[-2:] = -1
    clusters = find_clusters(features, **{**SETTINGS, "min_samples": 2, "k1": 4, "k2": 2}, tracklets=tracklets)
    for tracklet in range(17):
        assert len(set(clusters.labels[tracklets == tracklet])) == 1
    assert clusters.found == 6


def test_a_crop_without_tracklet_is_a_unit():
    member, units = joined(np.array([7, -1, 3, 7, -1]))
    assert units == 4
    assert member[0] == member[3]
    assert sorted(set(member.tolist())) == [0, 1, 2, 3]


def test_only_sure_outliers_join_their_nearest_cluster():
    centroids = torch.eye(3)
    features = F.normalize(torch.tensor([[1.0, 0, 0], [1.0, 0.95, 0], [0, 0, 1.0], [0.2, 1.0, 0.1]]), dim=1)
    labels = np.array([0, -1, -1, 1])
    assert nearest_joined(features, labels, centroids, 0.1).tolist() == [0, -1, 2, 1]
    assert nearest_joined(features, labels, centroids, 1.0).tolist() == [0, -1, -1, 1]


def test_proxies_are_the_pairs_of_cluster_and_camera_that_occur():
    labels, cameras = np.array([1, 0, 1, -1, 0, 1]), np.array([2, 1, 2, 1, 3, 5])
    number, label, camera = proxy_of(labels, cameras)
    assert number[3] == -1
    for row in np.flatnonzero(labels >= 0):
        assert (label[number[row]], camera[number[row]]) == (labels[row], cameras[row])
    assert len(set(zip(label, camera))) == len(label) == 4


def table(cameras, modalities):
    rows = range(len(cameras))
    frame = pd.DataFrame({"path": [f"/{i}.png" for i in rows], "camera": cameras, "modality": modalities})
    return CropTable(frame, "t", Path("/"))


def test_colour_and_infrared_of_one_camera_are_two_kinds():
    kinds = views(table([1, 1, 2, -1], ["colour", "infrared", "colour", "infrared"]))
    assert len(set(kinds[:3])) == 3
    assert kinds[3] == -1
    assert views(table([3, 5], ["colour", "colour"])).tolist() == [3, 5]
    assert views(table([-1, -1], ["thermal", "colour"])).tolist() == [1, 0]
