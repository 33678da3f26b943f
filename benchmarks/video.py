"""Clip loading beside a per-frame PIL loader on the same files, and the memory of embedding tracklets of 1,000 frames.

    python benchmarks/video.py [--quick] [--out results/benchmarks/video.json]

Loading: the same batches of clips of 4 frames, resized, with one flip, crop and erasing a clip, normalised. `pil` opens, decodes
and resizes every frame with PIL and augments frame by frame with torchvision, in a DataLoader; `packed` reads `--packed` frames,
`decoded` decodes with CropStore for every batch. They take turns batch by batch in one process, one thread each, so that
whatever else the machine does hits all alike. Memory: a tracklet of 1,000 frames at 256x128 through ResNet-50 under a budget of
frames, in a process of its own. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _measure import PeakMemory, finish, in_process, machine

SIZE, LENGTH, CLIPS = (256, 128), 4, 32


def write_frames(folder: Path, tracklets: int, frames: int) -> Any:
    """A table of JPEG frames the size of real crops (256x128), busy enough to cost what real ones cost."""
    import pandas as pd
    from PIL import Image

    from reidapt.data import CropTable

    random, rows = np.random.default_rng(0), []
    coarse = random.integers(0, 256, (64, 16, 8, 3), dtype=np.uint8)
    for k in range(tracklets):
        for i in range(frames):
            path = folder / f"{k:03d}-{i:03d}.jpg"
            picture = Image.fromarray(coarse[(7 * k + i) % 64]).resize((SIZE[1], SIZE[0]), Image.Resampling.BICUBIC)
            noise = random.normal(0, 6, (*SIZE, 3))
            Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)).save(path, quality=92)
            rows.append({"path": str(path), "person": k, "camera": 1, "tracklet": k, "frame": i})
    return CropTable(pd.DataFrame(rows), "frames", folder)


def pil_batches(table: Any, batches: list[np.ndarray]) -> Any:
    """An iterator over the same batches as most video projects load them: a frame at a time with PIL and torchvision."""
    import torch
    from PIL import Image
    from torchvision import transforms

    chain = transforms.Compose(
        [
            transforms.Resize(SIZE),
            transforms.RandomHorizontalFlip(),
            transforms.Pad(10),
            transforms.RandomCrop(SIZE),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            transforms.RandomErasing(),
        ]
    )
    paths = table.paths
    for rows in batches:
        yield torch.stack([chain(Image.open(paths[row]).convert("RGB")) for row in rows])


def our_batches(store: Any, batches: list[np.ndarray]) -> Any:
    """An iterator over batches as video-mean-teacher gets them."""
    from reidapt.data import Augment, Loader
    from reidapt.data.clips import ClipAugment

    for batch in Loader(store, batches, ClipAugment(Augment(), LENGTH), prefetch=False):
        yield batch.images


def loading(repeats: int) -> dict[str, float]:
    """Frames a second of each loader, the median over `repeats` batches that were loaded in turns."""
    import torch

    from reidapt.data import CropStore
    from reidapt.data.clips import clip_batches
    from reidapt.data.packed import packed_store
    from reidapt.data.tracklets import Tracklets

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_frames(folder, 40, 16)
        rows = Tracklets.of(table).rows
        random = np.random.default_rng(1)
        chosen = [random.choice(len(rows), CLIPS, replace=False) for _ in range(repeats + 1)]
        batches = clip_batches(rows, chosen, LENGTH, random)
        loaders = {
            "pil": pil_batches(table, batches),
            "decoded": our_batches(CropStore(table, SIZE, cache_bytes=0, threads=1), batches),
            "packed": our_batches(packed_store(table, folder / "packed", SIZE), batches),
        }
        seconds: dict[str, list[float]] = {which: [] for which in loaders}
        for turn in range(repeats + 1):
            for which, loader in loaders.items():
                started = time.process_time()  # the CPU's time: the machine may be shared
                images = next(loader)
                if turn:  # the first is a warm-up
                    seconds[which].append(time.process_time() - started)
                assert images.shape == (CLIPS * LENGTH, 3, *SIZE)
        found = {f"{which}_frames_per_s": CLIPS * LENGTH / float(np.median(t)) for which, t in seconds.items()}
    return found | {
        f"{w}_over_pil": found[f"{w}_frames_per_s"] / found["pil_frames_per_s"] for w in ("decoded", "packed")
    }


def memory(frames: int, budget: int) -> dict[str, Any]:
    """Peak memory of embedding a tracklet of so many frames, above what the process held before, and its time."""
    import torch

    from reidapt.evaluation.tracklets import embed_tracklets
    from reidapt.models.video import VideoNet

    torch.set_num_threads(1)
    net = VideoNet("resnet50", persons=10, weights="random", size=SIZE).eval()
    with tempfile.TemporaryDirectory() as name:
        table = write_frames(Path(name), 1, 50)
        table = table.take(np.arange(frames) % 50).assign(frame=range(frames))
        with PeakMemory() as peak:
            started = time.perf_counter()
            embed_tracklets(net, table, SIZE, length=LENGTH, budget=budget)
            seconds = time.perf_counter() - started
    import resource

    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "frames": frames,
        "budget": budget,
        "extra_mb": peak.extra_mb,
        "process_mb": round(whole, 1),
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer batches, and 100 frames")
    parser.add_argument("--budget", type=int, nargs="+", default=[64, 256], help="frames in a forward pass")
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    parser.add_argument("--worker", type=int, nargs=2, metavar=("FRAMES", "BUDGET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(memory(*options.worker)))
        return
    about = machine()
    report: dict[str, Any] = {"size": list(SIZE), "clip": LENGTH, "clips": CLIPS, **loading(3 if options.quick else 15)}
    frames = 100 if options.quick else 1000
    report["memory"] = [in_process(__file__, "--worker", str(frames), str(budget)) for budget in options.budget]
    finish(report, options.out, about)


if __name__ == "__main__":
    main()
