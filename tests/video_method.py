"""video-mean-teacher as the loop would make it, its batches, and the loop in a few lines."""

from __future__ import annotations

import torch
from tests.tracklet_data import QUICK_VIDEO

from reidapt.data import CropStore, Loader, read
from reidapt.methods.video_mean_teacher import VideoMeanTeacher, VideoMeanTeacherConfig

PARTS = ("frame", "clip", "combined", "consistency")
OFF = {f"{part}_weight": 0.0 for part in PARTS}
ALONE = {**OFF, "norm": "source"}


def make(folders, target="target", persons=6, **options):
    """The method with its data, as the loop would make it."""
    torch.manual_seed(0)
    config = VideoMeanTeacherConfig(**{**QUICK_VIDEO, **options})
    method = VideoMeanTeacher(config, persons=persons)
    source = read(f"csv:{folders['source']}/crops.csv").select(split="train")
    stores = {"source": CropStore(source, config.size), "target": None}
    if config.uses_target:
        table = read(f"csv:{folders[target]}/crops.csv").select(split="train").unlabelled()
        stores["target"] = CropStore(table, config.size)
    method.attach(**stores)
    return method


def batches_of(method, epoch=0, first=0):
    streams = method.streams(epoch)
    loaders = [
        Loader(s.store, s.batches, s.augment, seed=0, stream=n, labels=s.labels, start_step=first, prefetch=False)
        for n, s in streams.items()
    ]
    for parts in zip(*loaders):
        yield dict(zip(streams, parts))


def run(method, epochs=2):
    """The loop in a few lines; yields after every step."""
    optimiser, step = method.optimisers()["student"], 0
    for epoch in range(epochs):
        method.train()
        method.begin_epoch(epoch)
        for batch in batches_of(method, epoch, step):
            ((_, loss),) = list(method.step(batch))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            method.end_step()
            step += 1
            yield step
