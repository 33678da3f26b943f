"""How fast the world renders: finished crops a second, all in, and where the time goes.

    python benchmarks/world.py [--people 24] [--cameras 6] [--pictures 4] [--size 128x64] [--workers 2] [--device cpu]

Finished means: person dressed, crop drawn, JPEG and mask written. Starting up (importing, loading bodies and kernels,
drawing the cameras' empty views) is measured apart. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path

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
    stages = profile(arguments, (height, width))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    for name, value in stages.items():
        print(f"{name:24s} {value:8.2f} ms")
    print(f"{result['crops_per_second']} crops a second, {result['cpu_ms_per_crop']} ms CPU a crop, {peak:.2f} GB")
    record = {
        "benchmark": "world",
        "size": arguments.size,
        "style": arguments.style,
        "workers": arguments.workers,
        "device": arguments.device,
        **result,
        "stages_ms_per_crop": stages,
        "peak_gb": round(peak, 2),
        "load_average": [round(v, 1) for v in os.getloadavg()],
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
