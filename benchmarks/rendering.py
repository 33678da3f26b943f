"""Cost of rendering on the fly: training steps of source-only with and without `--render`, interleaved in one process.

    python benchmarks/rendering.py [--size 256x128 | 64x32] [--share 0.5] [--rounds 6] [--steps 4] [--out FILE]

Both trainings take their batches from a `Loader` whose background thread prepares the next one, as in the training loop, and
start from random weights: the arithmetic does not depend on what was learnt. The pictures are drawn noise. On a CPU the clock is
the processor's time over all threads, which other work on the machine does not change; on a GPU it is the wall's. The last
line of the output is a JSON object; `loss_percent` is the throughput lost, and more than `limit_percent` ends with code 1.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import lightning
import numpy as np
import torch
from _measure import finish
from PIL import Image

from reidapt.data import CropStore, CropTable, Loader, read
from reidapt.methods.context_rendering import ContextRendering, ContextRenderingConfig
from reidapt.methods.source_only import SourceOnly, SourceOnlyConfig
from reidapt.training.loop import to_device
from reidapt.training.precision import autocast, precision
from reidapt.training.rendering import Renderer, Surroundings

LIMIT = 35.0
SIZES = {
    "256x128": ({"backbone": "resnet50", "height": 256, "width": 128}, {}),
    "64x32": (
        {"backbone": "resnet10t", "height": 64, "width": 32, "last_stride": 2},
        {"generator_width": 24, "blocks": 3, "backbone": "resnet10t"},
    ),
}
"""Options of the re-ID network and of the generator: the defaults, and those of the studies' size `tiny`."""


def crops(folder: Path, size: tuple[int, int], persons: int, pictures: int) -> CropTable:
    """A labelled table of noise with rectangular masks."""
    random, rows = np.random.default_rng(0), ["path,person,camera,split,mask"]
    height, width = size
    mask = np.zeros(size, np.uint8)
    mask[height // 8 :, width // 4 : -width // 4] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    for person in range(1, persons + 1):
        for picture in range(pictures):
            name = f"{person:03d}_{picture}.png"
            Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(folder / name)
            rows.append(f"{name},{person},{picture % 2 + 1},train,mask.png")
    (folder / "crops.csv").write_text("\n".join(rows) + "\n")
    return read(f"csv:{folder / 'crops.csv'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=tuple(SIZES), default="256x128")
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    network, generator = SIZES[options.size]
    config = SourceOnlyConfig(**network, weights="random", device=options.device)
    fabric = lightning.Fabric(
        accelerator="auto" if options.device == "auto" else options.device, devices=1, precision=precision(config)
    )
    with tempfile.TemporaryDirectory() as folder:
        table = crops(Path(folder), config.size, persons=32, pictures=4)
        store = CropStore(table, config.size)
        torch.manual_seed(0)
        method = SourceOnly(config, persons=32).to(fabric.device, memory_format=torch.channels_last)
        method.attach(source=store, target=None)
        adam = method.optimisers()["network"]
        drawing = ContextRenderingConfig(
            **{"weights": "random", "height": config.height, "width": config.width, **generator}
        )
        drawer = ContextRendering(drawing, persons=32).to(fabric.device, memory_format=torch.channels_last)
        around = Surroundings.of(table.unlabelled(), drawer)
        renderer = Renderer(drawer, store, around, options.share, run="benchmark", arithmetic=lambda: autocast(fabric))
        stream = method.streams(0)["source"]
        batches = [stream.batches[k % len(stream.batches)] for k in range(options.steps)]

        clock = time.perf_counter if fabric.device.type == "cuda" else time.process_time

        def run(redraw: Renderer | None, epoch: int) -> float:
            """Crops a second of the clock."""
            method.train()
            loader = Loader(
                store, batches, stream.augment, labels=stream.labels, start_step=epoch * options.steps, redraw=redraw
            )
            begin, seen = clock(), 0
            for batch in loader:
                with autocast(fabric):
                    (_, loss), *_ = method.step({"source": to_device(batch, fabric.device)})
                adam.zero_grad(set_to_none=True)
                loss.backward()
                adam.step()
                seen += len(batch.indices)
            if fabric.device.type == "cuda":
                torch.cuda.synchronize()
            return seen / (clock() - begin)

        run(None, 0), run(renderer, 0)
        plain, rendered = [], []
        for number in range(options.rounds):
            for redraw, speeds in ((None, plain), (renderer, rendered))[:: 1 if number % 2 else -1]:
                speeds.append(run(redraw, number + 1))
            print(f"round {number + 1}: {plain[-1]:.1f} crops/s, while rendering {rendered[-1]:.1f}")
    lost = 100 * (1 - statistics.median(r / p for r, p in zip(rendered, plain)))
    result = {
        "benchmark": "rendering",
        "size": options.size,
        "share": options.share,
        "crops_per_second": round(statistics.median(plain), 2),
        "crops_per_second_rendering": round(statistics.median(rendered), 2),
        "loss_percent": round(lost, 1),
        "limit_percent": LIMIT,
        "clock": "wall" if fabric.device.type == "cuda" else "processor",
        "rounds": options.rounds,
        "precision": str(precision(config)),
        "device": str(fabric.device),
    }
    finish(result, options.out)
    return 0 if lost <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
