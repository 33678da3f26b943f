"""Training step and embedding of a small network on small crops, with narrow convolutions as products and as they come.

    python benchmarks/narrow.py [--height 64 --width 32 --backbone resnet10t --batch 64] [--out FILE]

Both run in turn in one process; medians of CPU seconds.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from _measure import finish, timed

from reidapt.methods import load_method
from reidapt.models.narrow import NarrowConvolutions
from reidapt.training.precision import native_bfloat16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--backbone", default="resnet10t")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    method = load_method("source-only")
    shape = {"height": options.height, "width": options.width}
    config = method.Config(source="-", backbone=options.backbone, weights="random", **shape)
    network: Any = method(config, persons=100).to(memory_format=torch.channels_last).ranker
    images = torch.randn(options.batch, 3, options.height, options.width).contiguous(memory_format=torch.channels_last)

    def passes(mode: Any, half: bool, train: bool) -> None:
        network.train(train)
        with torch.autocast("cpu", torch.bfloat16, enabled=half), mode, torch.set_grad_enabled(train):
            found = network.embed(images).float()
        if train:
            found.square().mean().backward()

    report: dict[str, Any] = {**shape, "backbone": options.backbone, "batch": options.batch}
    for half in (False, True) if native_bfloat16() else (False,):
        for train in (True, False):
            times: dict[str, list[tuple[float, float]]] = {"plain": [], "products": []}
            for _ in range(options.repeats + 1):
                for mode, each in zip((nullcontext(), NarrowConvolutions()), times.values()):
                    timed(partial(passes, mode, half, train), each)
            medians = {name: statistics.median(cpu for _, cpu in each[1:]) for name, each in times.items()}
            name = f"{'bfloat16' if half else 'float32'} {'step' if train else 'embedding'}"
            report[name] = {**medians, "faster": medians["plain"] / medians["products"]}
    finish(report, options.out)


if __name__ == "__main__":
    main()
