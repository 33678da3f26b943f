"""Tracklets that the tests of video-mean-teacher share."""

from __future__ import annotations

import pytest
from tests.tracklet_data import write_tracklets


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("video")
    made = {"source": write_tracklets(root / "source", seed=1)}
    made["target"] = write_tracklets(root / "target", train=8, seed=2)
    made["other"] = write_tracklets(root / "other", train=8, seed=3, start=20)
    return made
