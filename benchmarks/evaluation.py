"""Time and memory of `reidapt.evaluation.rank` beside a bare matrix product, torchreid and fastreid.

    python benchmarks/evaluation.py --size market [--quick] [--out results/benchmarks/evaluation-market.json]
    python benchmarks/evaluation.py --size million [--queries 3368] [--folder DIR]

Ours and the product `query @ gallery.T` take turns in one process with the same threads, and the median of each is
reported. torchreid and fastreid are measured where they can be imported (`_others.py`), in a process of their own.
Memory is the peak above what was resident once the inputs were in memory and the libraries had been used. Last line:
JSON.

`million` ranks a gallery of 1,000,000 float16 vectors from a memory map (4 GB written into --folder, deleted afterwards),
of which all but 20,000 are distractors, beside the product of the same tiles; memory is what belongs to no file.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _measure import PeakAnonymous, PeakMemory, finish, in_process, machine
from _others import measure_fastreid, measure_torchreid

SIZES = {  # queries, gallery, persons, cameras
    "market": (3368, 19732, 750, 6),
    "msmt17": (11659, 82161, 3060, 15),
    "tiny": (100, 1000, 50, 4),
}
DIMENSIONS = 2048
THEIR_QUERIES = {"market": 3368, "msmt17": 800, "tiny": 100}
"""torchreid and fastreid sort int64 indices of the whole matrix: at MSMT17's size they get the first queries alone, and
their time is scaled by the share of these."""
REPEATS = {"market": 7, "msmt17": 3, "tiny": 7}
OTHERS = {"torchreid": measure_torchreid, "fastreid": measure_fastreid}


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
    """Ranking and the bare product in turns, so that both meet the same machine; the median time of each."""
    import torch

    from reidapt.evaluation import rank

    data = inputs(size)
    query, gallery = (torch.from_numpy(data.pop(name)) for name in ("query", "gallery"))
    few = {name: column[:64] for name, column in data.items()}
    rank(query[:64], gallery[:64], **few)
    (query[:64] @ gallery[:64].T).sum()
    ours: list[float] = []
    product: list[float] = []
    memory = PeakMemory()
    for repeat in range(repeats):
        started = time.perf_counter()
        scores = query @ gallery.T
        product.append(time.perf_counter() - started)
        del scores
        started = time.perf_counter()
        if repeat:
            rank(query, gallery, **data)
        else:
            with memory:
                result = rank(query, gallery, **data)
        ours.append(time.perf_counter() - started)
    some = THEIR_QUERIES[size]
    part = {name: column[:some] if name.startswith("query") else column for name, column in data.items()}
    same = result if some >= len(query) else rank(query[:some], gallery, **part)
    return {
        "ours_s": median(ours),
        "matmul_s": median(product),
        "ours_each_s": ours,
        "matmul_each_s": product,
        "extra_mb": memory.extra_mb,
        "mAP": result.mAP,
        "mAP_same": same.mAP,
        "cmc_same": same.cmc.tolist(),
    }


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
            for first in range(0, pictures, 4096):
                torch.mm(query[q0:q1], scorer.gallery[first : first + 4096].float().T)
        product = time.perf_counter() - started
    return {"ours_s": result.settings["seconds"], "matmul_s": product, "extra_mb": memory.extra_mb, "mAP": result.mAP}


def worker(which: str, size: str, quick: bool) -> dict[str, Any]:
    """One measurement, in the process it has to itself."""
    if which == "ours":
        return measure_ours(size, 1 if quick else REPEATS[size])
    return OTHERS[which](inputs(size), THEIR_QUERIES[size])


def compared(size: str, quick: bool) -> dict[str, Any]:
    """Ours, the product and the others, and how far apart their figures are."""
    arguments = ["--size", size] + ["--quick"] * quick
    ours = in_process(__file__, *arguments, "--worker", "ours")
    mean_ap, cmc = ours.pop("mAP_same"), ours.pop("cmc_same")
    report: dict[str, Any] = {"torchreid_s": None, "mAP_torchreid": None, **ours}
    for name in OTHERS:
        theirs = in_process(__file__, *arguments, "--worker", name)
        if not theirs:
            print(f"{name} isn't importable, so it wasn't measured; `_others.py` says how to install it.")
            continue
        curve = theirs.pop(f"cmc_{name}")
        report |= theirs
        report |= {
            f"mAP_difference_{name}": abs(mean_ap - theirs[f"mAP_{name}"]),
            f"cmc_difference_{name}": float(np.abs(np.subtract(cmc, curve)).max()),
            f"over_{name}": theirs[f"{name}_s"] / ours["ours_s"],
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=[*sorted(SIZES), "million"], default="market")
    parser.add_argument("--queries", type=int, default=3368, help="of the size million")
    parser.add_argument("--folder", help="where the size million writes its gallery")
    parser.add_argument("--quick", action="store_true", help="one repeat instead of several")
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    parser.add_argument("--worker", choices=("ours", *OTHERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    about = machine()
    if options.worker:
        print(json.dumps(worker(options.worker, options.size, options.quick)))
        return
    if options.size == "million":
        report = {"size": "million", "queries": options.queries, "stored": "float16"}
        report |= measure_million(options.queries, options.folder)
        report |= {"torchreid_s": None, "mAP_torchreid": None}
    else:
        report = {"size": options.size} | compared(options.size, options.quick)
    report["over_matmul"] = report["ours_s"] / report["matmul_s"]
    print(f"{about['cpu']}, {about['threads']} threads")
    finish(report, options.out, about)


if __name__ == "__main__":
    main()
