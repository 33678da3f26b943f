"""Time and memory of `reidapt.evaluation.rank` beside a bare matrix product and torchreid's own evaluation.

    python benchmarks/evaluation.py --size market [--quick] [--out results/benchmarks/evaluation-market.json]
    python benchmarks/evaluation.py --size million [--queries 3368] [--folder DIR]

torchreid is measured where it can be imported (`pip install --no-deps --target DIR torchreid` and `PYTHONPATH=DIR`);
only its `metrics` are imported, so nothing it depends on is needed. Every measurement has a process of its own; memory
is the peak above what was resident once the inputs were in memory and the libraries had been used. Last line: JSON.

`million` ranks a gallery of 1,000,000 float16 vectors from a memory map (4 GB written into --folder, deleted afterwards),
of which all but 20,000 are distractors, beside the product of the same tiles; memory is what belongs to no file.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import json
import sys
import time
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from _measure import PeakAnonymous, PeakMemory, commit, in_process, machine

SIZES = {  # queries, gallery, persons, cameras
    "market": (3368, 19732, 750, 6),
    "msmt17": (11659, 82161, 3060, 15),
    "tiny": (100, 1000, 50, 4),
}
DIMENSIONS = 2048
TORCHREID_QUERIES = {"market": 3368, "msmt17": 800, "tiny": 100}
"""torchreid sorts int64 indices of the whole matrix: at MSMT17's size it gets the first queries alone, and its time is
scaled by their share."""


def inputs(size: str) -> dict[str, np.ndarray]:
    """Clustered unit features with distractors, and identities and cameras; no junk, which torchreid would count."""
    import torch

    queries, gallery, persons, cameras = SIZES[size]
    random = torch.Generator().manual_seed(0)
    total = queries + gallery
    person = torch.randint(0, persons + 1, (total,), generator=random)
    person[:queries].clamp_(min=1)
    centres = torch.randn(persons + 1, DIMENSIONS, generator=random)
    features = torch.empty(total, DIMENSIONS)
    for start in range(0, total, 4096):
        rows = features[start : start + 4096]
        rows.normal_(generator=random).mul_(5.0).add_(centres[person[start : start + 4096]])
        rows.div_(rows.norm(dim=1, keepdim=True))
    camera = torch.randint(0, cameras, (total,), generator=random)
    return {
        "query": features[:queries].numpy(),
        "gallery": features[queries:].numpy(),
        "query_person": person[:queries].numpy(),
        "gallery_person": person[queries:].numpy(),
        "query_camera": camera[:queries].numpy(),
        "gallery_camera": camera[queries:].numpy(),
    }


def measure_ours(size: str, repeats: int) -> dict[str, Any]:
    """Ranking and the bare product in turns, so that both meet the same machine; the best time of each."""
    import torch

    from reidapt.evaluation import rank

    data = inputs(size)
    query, gallery = (torch.from_numpy(data.pop(name)) for name in ("query", "gallery"))
    few = {name: column[:64] for name, column in data.items()}
    rank(query[:64], gallery[:64], **few)
    with PeakMemory() as memory:
        result = rank(query, gallery, **data)
    ours, product = [result.settings["seconds"]], []
    for repeat in range(repeats):
        started = time.perf_counter()
        scores = query @ gallery.T
        product.append(time.perf_counter() - started)
        del scores
        if repeat:
            ours.append(rank(query, gallery, **data).settings["seconds"])
    some = TORCHREID_QUERIES[size]
    part = {name: column[:some] if name.startswith("query") else column for name, column in data.items()}
    same = result if some >= len(query) else rank(query[:some], gallery, **part)
    figures = {"mAP": result.mAP, "mAP_same": same.mAP, "cmc_same": same.cmc.tolist()}
    return {"ours_s": min(ours), "matmul_s": min(product), "extra_mb": memory.extra_mb, **figures}


def measure_million(queries: int, folder: str | None, pictures: int = 1_000_000) -> dict[str, Any]:
    """A gallery that is read from disk; the bare product reads it in stretches of the same size."""
    import tempfile

    import torch

    from reidapt.evaluation import rank
    from reidapt.evaluation.scoring import Scorer

    few = inputs("market")
    columns = {name: few[name] for name in ("query_person", "gallery_person", "query_camera", "gallery_camera")}
    known = len(few["gallery"])
    fill = np.zeros(pictures - known, np.int64)
    for name in ("gallery_person", "gallery_camera"):
        columns[name] = np.concatenate([columns[name], fill])
    for name in ("query_person", "query_camera"):
        columns[name] = columns[name][:queries]
    noise = torch.randn(8192, DIMENSIONS, generator=torch.Generator().manual_seed(1))
    noise = (noise / noise.norm(dim=1, keepdim=True)).half().numpy()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        gallery = np.memmap(Path(place) / "gallery", np.float16, "w+", shape=(pictures, DIMENSIONS))
        gallery[:known] = few["gallery"]
        for turn, start in enumerate(range(known, pictures, len(noise))):
            rows = np.roll(noise, turn + 1, axis=1)[: pictures - start]  # other vectors each time, quickly
            gallery[start : start + len(rows)] = rows
        gallery.flush()
        query = torch.from_numpy(few["query"][:queries].copy())
        del few, gallery
        gallery = np.memmap(Path(place) / "gallery", np.float16, "r", shape=(pictures, DIMENSIONS))
        rank(query[:64], gallery[:512], **{n: c[: 64 if n.startswith("query") else 512] for n, c in columns.items()})
        with PeakAnonymous() as memory:
            result = rank(query, gallery, **columns)
        scorer = Scorer(query, gallery)
        started = time.perf_counter()
        for q0, q1 in scorer.groups():
            size = max(1, (48 << 20) // (4 * (q1 - q0)))
            for first in range(0, pictures, size):
                torch.mm(query[q0:q1], scorer.gallery[first : first + size].float().T)
        product = time.perf_counter() - started
    return {"ours_s": result.settings["seconds"], "matmul_s": product, "extra_mb": memory.extra_mb, "mAP": result.mAP}


def measure_torchreid(size: str) -> dict[str, Any]:
    """Distance matrix and evaluation as torchreid's `Engine.test` calls them."""
    metrics = torchreid_metrics()
    if metrics is None:
        return {}
    import torch

    data = inputs(size)
    some, all_queries = TORCHREID_QUERIES[size], SIZES[size][0]
    query, gallery = torch.from_numpy(data["query"][:some]), torch.from_numpy(data["gallery"])
    columns = (data["query_person"][:some], data["gallery_person"], data["query_camera"][:some], data["gallery_camera"])
    metrics.compute_distance_matrix(query[:9], gallery[:9], "cosine")
    with PeakMemory() as memory:
        started = time.perf_counter()
        distance = metrics.compute_distance_matrix(query, gallery, "cosine").numpy()
        cmc, mean_ap = metrics.evaluate_rank(distance, *columns, use_cython=True)
        seconds = time.perf_counter() - started
    return {
        "torchreid_s": seconds * all_queries / some,
        "torchreid_queries": some,
        "torchreid_cython": bool(metrics.rank.IS_CYTHON_AVAI),
        "torchreid_extra_mb": memory.extra_mb,
        "mAP_torchreid": float(mean_ap),
        "cmc_torchreid": [float(share) for share in cmc],
    }


def torchreid_metrics() -> Any | None:
    """torchreid's metrics without the rest of the package, which would want its whole list of dependencies."""
    found = importlib.util.find_spec("torchreid")
    if found is None or found.origin is None:
        return None
    top = Path(found.origin).parent
    inner = "torchreid.reid" if (top / "reid").is_dir() else "torchreid"
    for name, folder in (("torchreid", top), ("torchreid.reid", top / "reid")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(f"{inner}.metrics")
        except ImportError as error:
            print(f"torchreid is installed, but its metrics can't be imported: {error}", file=sys.stderr)
            return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=[*sorted(SIZES), "million"], default="market")
    parser.add_argument("--queries", type=int, default=3368, help="of the size million")
    parser.add_argument("--folder", help="where the size million writes its gallery")
    parser.add_argument("--quick", action="store_true", help="one repeat instead of five")
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    parser.add_argument("--worker", choices=("ours", "torchreid"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.size == "million":
        report = measure_million(options.queries, options.folder)
        report |= {"size": "million", "torchreid_s": None, "mAP_torchreid": None, "queries": options.queries}
        report["over_matmul"] = report["ours_s"] / report["matmul_s"]
        if options.out:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps({**report, "machine": machine(), "commit": commit()}, indent=1) + "\n")
        print(json.dumps(report))
        return
    if options.worker == "ours":
        print(json.dumps(measure_ours(options.size, 1 if options.quick else 5)))
        return
    if options.worker == "torchreid":
        print(json.dumps(measure_torchreid(options.size)))
        return
    arguments = ["--size", options.size] + ["--quick"] * options.quick
    about = machine()
    ours = in_process(__file__, *arguments, "--worker", "ours")
    theirs = in_process(__file__, *arguments, "--worker", "torchreid")
    report = {
        "size": options.size,
        "ours_s": ours["ours_s"],
        "matmul_s": ours["matmul_s"],
        "torchreid_s": theirs.get("torchreid_s"),
        "extra_mb": ours["extra_mb"],
        "mAP": ours["mAP"],
        "mAP_torchreid": theirs.get("mAP_torchreid"),
        "over_matmul": ours["ours_s"] / ours["matmul_s"],
    }
    if theirs:
        difference = np.abs(np.subtract(ours["cmc_same"], theirs["cmc_torchreid"])).max()
        report |= {name: theirs[name] for name in ("torchreid_queries", "torchreid_cython", "torchreid_extra_mb")}
        report["mAP_difference"] = abs(ours["mAP_same"] - theirs["mAP_torchreid"])
        report["cmc_difference"] = float(difference)
        report["over_torchreid"] = theirs["torchreid_s"] / ours["ours_s"]
    else:
        print("torchreid isn't importable, so it wasn't measured: install it as the head of this file says.")
    queries, gallery, *_ = SIZES[options.size]
    print(
        f"{queries:,} queries x {gallery:,} gallery pictures x {DIMENSIONS}, {about['cpu']}, {about['threads']} threads"
    )
    for name, value in report.items():
        print(f"  {name:20} {value}")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({**report, "machine": about, "commit": commit()}, indent=1) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
