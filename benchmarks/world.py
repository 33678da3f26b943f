"""How fast the world renders: finished crops a second, all in, and where the time goes.

    python benchmarks/world.py [--people 24] [--cameras 6] [--pictures 4] [--size 128x64] [--workers 2] [--device cpu]

The bound is the time of the multiplications and additions that a crop cannot do without (skinning its vertices, testing
the pixels in its triangles' boxes, shading, blurring and developing its pixels), at the rate at which this machine does
them in a kernel of eight independent sums.

Finished means: person dressed, crop drawn, JPEG and mask written. Starting up (importing, loading bodies and kernels,
drawing the cameras' empty views) is measured apart. The last line is one JSON object.
"""

# ruff: noqa: UP018
from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from _measure import commit, machine
from threadpoolctl import threadpool_limits

from reidapt.world import find_style, render_world


def finished_crops(arguments: argparse.Namespace, size: tuple[int, int]) -> dict[str, float]:
    """Wall and CPU time of one `render_world`, start-up apart."""
    stages: list[tuple[float, float, str]] = []

    def progress(done: int, total: int, what: str) -> None:
        what = "drawing places" if what.startswith("drawing places") else what
        if not stages or stages[-1][2] != what:
            stages.append((time.perf_counter(), time.process_time(), what))

    with tempfile.TemporaryDirectory() as folder:
        render_world(
            arguments.style,
            people=arguments.people,
            cameras=arguments.cameras,
            pictures=arguments.pictures,
            seed=0,
            size=size,
            out=Path(folder) / "world",
            workers=arguments.workers,
            device=arguments.device,
            progress=progress,
        )
        end, end_cpu = time.perf_counter(), time.process_time()
    begin = {what: wall for wall, _, what in stages}
    # a stage is reported when it starts, but places and crops when the first of them is done: one queue feeds both
    start = next(wall for wall, _, what in stages if what.startswith("compiling"))
    places, cpu = next((wall, cpu) for wall, cpu, what in stages if what == "drawing places")
    crops = arguments.people * arguments.cameras * arguments.pictures
    first = begin["rendering crops"]
    return {
        "start_seconds": round(places - stages[0][0], 2),
        "kernel_seconds": round(places - start, 2),
        "crops": crops,
        "crops_per_second": round(crops / (end - places), 1),
        "crops_per_second_after_places": round(crops * (1 - 1 / arguments.people) / (end - first), 1),
        "cpu_ms_per_crop": round(1000 * (end_cpu - cpu) / crops, 2),
        "cores_used": round((end_cpu - cpu) / (end - places), 2),
    }


def profile(arguments: argparse.Namespace, size: tuple[int, int]) -> dict[str, float]:
    """CPU milliseconds a crop of every stage, in one thread."""
    import warp

    from reidapt.world.files import encode, encode_png
    from reidapt.world.layout import Arguments, plan
    from reidapt.world.studio import Studio

    style = find_style(arguments.style)
    asked = Arguments(arguments.people, arguments.cameras, arguments.pictures, 0, size)
    studio = Studio(style, asked, arguments.device)
    spent: dict[str, float] = defaultdict(float)
    clock = time.thread_time
    limits = threadpool_limits(1)
    launch = warp.launch

    def timed(kernel: object, *args: object, **kwargs: object) -> None:
        begin = clock()
        launch(kernel, *args, **kwargs)
        if arguments.device != "cpu":
            warp.synchronize()
        spent[f"kernel {kernel.key}"] += clock() - begin  # type: ignore[attr-defined]

    begin = clock()
    for camera in studio.cameras:
        studio.renderer.draw_backdrop(camera)
    place = (clock() - begin) / len(studio.cameras)
    _ = studio.world
    people, batch = min(arguments.people, 8), studio.batch_size
    studio.crops(studio.dressed(0), plan(asked, style.name, 0))  # works out the free spots of every camera
    warp.launch = timed
    try:
        for index in range(people):
            marks = [clock()]
            who = studio.dressed(index)
            marks.append(clock())
            crops = studio.crops(who, plan(asked, style.name, index))
            marks.append(clock())
            drawn = [
                studio.renderer.draw(crops[k : k + batch], [who.mesh] * len(crops[k : k + batch]))
                for k in range(0, len(crops), batch)
            ]
            marks.append(clock())
            for part in drawn:
                for picture, mask in zip(part.rgb, part.mask):
                    encode(picture, 85)
                    encode_png(mask)
            marks.append(clock())
            for name, a, b in zip(("dress", "sample", "draw", "encode"), marks, marks[1:]):
                spent[name] += b - a
    finally:
        warp.launch = launch
        limits.restore_original_limits()
    count = people * arguments.cameras * arguments.pictures
    result = {name: round(1000 * value / count, 2) for name, value in sorted(spent.items())}
    return {**result, "place (per camera)": round(1000 * place, 1)}


SKIN, SETUP, TEST, SHADE, BACKGROUND, DEVELOP = 90, 20, 5, 250, 30, 60
"""Multiply-adds per vertex, triangle, tested pixel, shaded sample, background pixel and developed pixel, counted in the
kernels' source; two of the four samples of a pixel are shaded, and the blur has ten taps of four channels each way."""


def bound(arguments: argparse.Namespace, size: tuple[int, int]) -> dict[str, float]:
    """Millions of multiply-adds that a crop needs, and the milliseconds that one core takes for them."""
    import warp

    from reidapt.world.layout import Arguments, plan
    from reidapt.world.studio import Studio

    asked = Arguments(2, 1, 16, 0, size)
    studio = Studio(find_style(arguments.style), asked, arguments.device)
    studio.renderer.draw_backdrop(studio.cameras[0])
    who = studio.dressed(0)
    crops = studio.crops(who, plan(asked, studio.style.name, 0))
    geometry = studio.renderer.project(crops, [who.mesh] * len(crops))
    table, count, (height, width) = geometry.batch.actors, len(crops), size
    screen, triangles = geometry.screen.numpy(), geometry.triangles.numpy()
    tested = 0.0
    for actor, row in enumerate(table):
        corners = screen[actor][triangles[row[2] : row[2] + row[3]]]
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        seen = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) < (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        high = np.minimum(np.floor(corners.max(axis=1) - 0.5)[:, :2], [2 * width - 1, 2 * height - 1])
        low = np.maximum(np.ceil(corners.min(axis=1) - 0.5)[:, :2], 0.0)
        tested += float(np.prod(np.clip(high - low + 1.0, 0.0, None), axis=1)[seen].sum())
    pixels, covered = height * width, float((geometry.keys.numpy() != 0).sum()) / count
    work = {
        "skin": SKIN * table[:, 1].sum() / count,
        "rasterise": (SETUP * table[:, 3].sum() + TEST * tested) / count,
        "shade": SHADE * covered / 2 + BACKGROUND * pixels,
        "blur": 40.0 * (2 + 1) * pixels,
        "develop": float(DEVELOP * pixels),
    }
    sums = warp.zeros(1, dtype=warp.float32, device="cpu")
    times = []
    for _ in range(5):
        begin = time.thread_time()
        warp.launch(eight_sums(), dim=1, inputs=[2_000_000, sums], device="cpu")
        times.append(time.thread_time() - begin)
    rate = 16_000_000 / min(times)
    total = float(sum(work.values()))
    return {
        "million_madds": round(total / 1e6, 2),
        "madds_per_second": round(rate / 1e9, 2),
        "ms": round(1000 * total / rate, 2),
    }


@functools.cache
def eight_sums() -> object:
    """A kernel of eight multiply-adds a step that do not wait for each other."""
    import warp

    def sums(steps: int, out):  # type: ignore[no-untyped-def]
        a, b, c, d = float(0.1), float(0.2), float(0.3), float(0.4)
        e, f, g, h = float(0.5), float(0.6), float(0.7), float(0.8)
        for _ in range(steps):
            a, b, c, d = a * 0.99 + 0.1, b * 0.98 + 0.1, c * 0.97 + 0.1, d * 0.96 + 0.1
            e, f, g, h = e * 0.95 + 0.1, f * 0.94 + 0.1, g * 0.93 + 0.1, h * 0.92 + 0.1
        out[0] = a + b + c + d + e + f + g + h

    sums.__annotations__ = {"steps": int, "out": warp.array(dtype=float)}
    return warp.Kernel(func=sums, module=warp.get_module("reidapt_benchmark"), options={"enable_backward": False})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--style", default="plaza")
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--size", default="128x64")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    height, width = (int(side) for side in arguments.size.split("x"))
    result = finished_crops(arguments, (height, width))
    stages, least = profile(arguments, (height, width)), bound(arguments, (height, width))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    for name, value in stages.items():
        print(f"{name:24s} {value:8.2f} ms")
    print(f"{'bound of the arithmetic':24s} {least['ms']:8.2f} ms ({least['million_madds']} million multiply-adds)")
    print(f"{result['crops_per_second']} crops a second, {result['cpu_ms_per_crop']} ms CPU a crop, {peak:.2f} GB")
    record = {
        "benchmark": "world",
        "size": arguments.size,
        "style": arguments.style,
        "workers": arguments.workers,
        "device": arguments.device,
        **result,
        "stages_ms_per_crop": stages,
        "bound": least,
        "peak_gb": round(peak, 2),
        "load_average": [round(v, 1) for v in os.getloadavg()],
        "machine": machine(),
        "commit": commit(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
