"""Time and memory of the sparse Jaccard distance beside a dense formulation written plainly.

    python benchmarks/jaccard.py --size market [--quick] [--out results/benchmarks/jaccard-market.json]

`dense_jaccard` is the method as its paper's code lays it out, one picture after the other over an N x N matrix; it is
as fast as plain NumPy makes it. The two are compared pair by pair on a sample of rows. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from _measure import PeakMemory, finish, in_process, machine

SIZES = {"market": (12936, 751, 20), "msmt17": (32621, 1041, 30), "tiny": (1500, 90, 20)}  # pictures, persons, k1
DIMENSIONS, K2 = 256, 6
SAMPLE = 64


def features(size: str) -> np.ndarray:
    """(N, 256) float32 around one centre a person; neighbours of different people mix."""
    n, persons, _ = SIZES[size]
    random = np.random.default_rng(0)
    centres = random.standard_normal((persons, DIMENSIONS), np.float32)
    x = centres[random.integers(persons, size=n)] + 1.5 * random.standard_normal((n, DIMENSIONS), np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def dense_jaccard(x: np.ndarray, k1: int, k2: int) -> np.ndarray:
    """(N, N) float32 Jaccard distance with dense neighbour weights."""
    n = len(x)
    ranks = np.empty((n, k1), np.int64)
    for start in range(0, n, 1024):
        block = x[start : start + 1024] @ x.T
        near = np.argpartition(-block, k1, axis=1)[:, :k1]
        order = np.argsort(-np.take_along_axis(block, near, 1), axis=1, kind="stable")
        ranks[start : start + 1024] = np.take_along_axis(near, order, 1)
    half = int(np.around(k1 / 2)) + 1
    mutual = [ranks[i, (ranks[ranks[i]] == i).any(1)] for i in range(n)]
    small = [ranks[i, :half][(ranks[ranks[i, :half], :half] == i).any(1)] for i in range(n)]
    weights = np.zeros((n, n), np.float32)
    for i in range(n):
        members = mutual[i]
        for j in mutual[i]:
            if len(np.intersect1d(small[j], mutual[i])) > 2 / 3 * len(small[j]):
                members = np.append(members, small[j])
        members = np.unique(members)
        weight = np.exp(-(2 - 2 * (x[members] @ x[i])))
        weights[i, members] = weight / weight.sum()
    expanded = np.empty_like(weights)
    for i in range(n):
        expanded[i] = weights[ranks[i, :k2]].mean(axis=0)
    weights = expanded
    holders = [np.flatnonzero(weights[:, j]) for j in range(n)]
    distance = np.empty((n, n), np.float32)
    for i in range(n):
        common = np.zeros(n, np.float32)
        for j in np.flatnonzero(weights[i]):
            common[holders[j]] += np.minimum(weights[i, j], weights[holders[j], j])
        distance[i] = 1 - common / (2 - common)
    return np.maximum(distance, 0)


def measure(which: str, size: str, sample_file: Path) -> dict[str, Any]:
    """One formulation; a sample of its rows goes to (or is compared with) `sample_file`."""
    from reidapt.similarity import dense, jaccard

    x, k1 = features(size), SIZES[size][2]
    jaccard(x[:300], k1, K2)
    rows = np.linspace(0, len(x) - 1, SAMPLE).astype(int)
    with PeakMemory() as memory:
        started = time.perf_counter()
        distance = jaccard(x, k1, K2) if which == "sparse" else dense_jaccard(x, k1, K2)
        seconds = time.perf_counter() - started
    sample = dense(distance[rows]) if which == "sparse" else distance[rows]
    report: dict[str, Any] = {f"{which}_s": seconds, f"{which}_mb": memory.extra_mb}
    if which == "sparse":
        np.save(sample_file, sample)
        report["stored_share"] = distance.nnz / len(x) ** 2
    else:
        report["difference"] = float(np.abs(np.load(sample_file) - sample).max())
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SIZES), default="market")
    parser.add_argument("--quick", action="store_true", help="only the sparse distance")
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    parser.add_argument("--worker", nargs=2, metavar=("WHICH", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure(options.worker[0], options.size, Path(options.worker[1]))))
        return
    import tempfile

    about = machine()
    report: dict[str, Any] = {"size": options.size, "pictures": SIZES[options.size][0], "k1": SIZES[options.size][2]}
    with tempfile.TemporaryDirectory() as folder:
        for which in ("sparse",) if options.quick else ("sparse", "dense"):
            sample = str(Path(folder) / "sample.npy")
            report |= in_process(__file__, "--size", options.size, "--worker", which, sample)
    if not options.quick:
        report["faster"] = report["dense_s"] / report["sparse_s"]
        if report["sparse_mb"] and report["dense_mb"]:
            report["memory_share"] = report["sparse_mb"] / report["dense_mb"]
    finish(report, options.out, about)


if __name__ == "__main__":
    main()
