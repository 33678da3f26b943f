"""Training step and embedding of a small network on small crops, with narrow convolutions as products and as they come.

    python benchmarks/narrow.py [--height 64 --width 32 --backbone resnet10t --batch 64] [--out FILE]

Both run in turn in one process; medians of CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from _measure import commit, machine

from reidapt.methods import load_method
from reidapt.models.narrow import NarrowConvolutions
from reidapt.training.precision import native_bfloat16


def seconds(run: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


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

    report: dict[str, Any] = vars(options) | {"out": None}
    for half in (False, True) if native_bfloat16() else (False,):
        for train in (True, False):
            times: dict[str, list[float]] = {"plain": [], "products": []}
            for _ in range(options.repeats + 1):
                for mode, each in zip((nullcontext(), NarrowConvolutions()), times.values()):
                    each.append(seconds(partial(passes, mode, half, train)))
            medians = {name: statistics.median(each[1:]) for name, each in times.items()}
            name = f"{'bfloat16' if half else 'float32'} {'step' if train else 'embedding'}"
            report[name] = {**medians, "faster": medians["plain"] / medians["products"]}
            print(f"  {name:20} {report[name]}")
    report |= {"commit": commit(), "machine": machine()}
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
