"""Time and memory of one clustering of generated embeddings: neighbours, Jaccard distance, DBSCAN; and the dense way.

    python benchmarks/clustering.py --size 500k [--search approximate] [--dense] [--out results/benchmarks/clustering-500k.json]

People's centres lie near a space of 32 dimensions, in which crops of one person vary too; a crop has a cosine of about 0.75
to its person's centre. `--dense` measures the usual formulation of the same work beside it, interleaved in the same minutes: an
N x N matrix of neighbour weights, one of distances, and scikit-learn's DBSCAN on it; only for sizes whose matrices fit.
`--default` measures average linkage, its radii and silhouettes on uncut distances instead, which is what cluster-teacher does with up to
50,000 crops. The recall of approximate neighbours is taken on 500 crops. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _measure import PeakMemory, finish, in_process
from jaccard import K2, dense_jaccard

CROPS = {"tiny": 1500, "market": 12936, "msmt17": 32621, "100k": 100_000, "200k": 200_000, "500k": 500_000}
DIMENSIONS, LATENT, K1, RADIUS, MIN_SAMPLES = 512, 32, 20, 0.5, 4
CROPS_PER_PERSON = 20


def embeddings(crops: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit features (N, 512) float32 and the person of each row."""
    random = np.random.default_rng(0)
    persons = max(2, crops // CROPS_PER_PERSON)
    space = random.standard_normal((LATENT, DIMENSIONS), np.float32) / LATENT**0.5
    centres = random.standard_normal((persons, LATENT), np.float32) @ space
    centres += 0.5 * random.standard_normal((persons, DIMENSIONS), np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    person = random.integers(persons, size=crops)
    x = np.empty((crops, DIMENSIONS), np.float32)
    for start in range(0, crops, 1 << 14):
        part = person[start : start + (1 << 14)]
        noise = 0.6 * random.standard_normal((len(part), LATENT), np.float32) @ space
        noise += 0.6 * random.standard_normal((len(part), DIMENSIONS), np.float32)
        block = centres[part] + noise / DIMENSIONS**0.5
        x[start : start + len(part)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return x, person


def sparse_way(size: str, search: str) -> dict[str, Any]:
    """One clustering with reidapt, stage by stage."""
    import torch

    from reidapt.similarity import jaccard, knn
    from reidapt.similarity.clustering import dbscan
    from reidapt.similarity.inverted import approximate_knn
    from reidapt.similarity.reciprocal import half, pairwise_jaccard, reciprocal_weights, search_of

    jaccard(embeddings(1500)[0], K1, K2)
    x, person = embeddings(CROPS[size])
    tensor, how = torch.from_numpy(x), search_of(search, len(x))  # type: ignore[arg-type]
    report: dict[str, Any] = {"search": how}
    clock = Clock(report)
    with PeakMemory() as memory:
        nearest = clock("neighbours_s", lambda: (knn if how == "exact" else approximate_knn)(tensor, K1)[1])
        ranks = nearest.numpy().astype(np.int32)
        weights = clock("weights_s", lambda: reciprocal_weights(tensor, K1, half(K1), K2, ranks=ranks)[0])
        distance = clock("jaccard_s", lambda: pairwise_jaccard(weights, RADIUS))
        labels = clock("dbscan_s", lambda: dbscan(distance, RADIUS, MIN_SAMPLES))
    report |= {
        "sparse_s": sum(value for name, value in report.items() if name.endswith("_s")),
        "sparse_mb": memory.extra_mb,
    }
    if how != "exact":
        report["recall"] = recall(x, ranks)
    return report | agreement_with(person, labels)


class Clock:
    """Runs stages and notes their seconds."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report

    def __call__(self, name: str, stage: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = stage()
        self.report[name] = time.perf_counter() - started
        return result


def default_way(size: str) -> dict[str, Any]:
    """What cluster-teacher does by default with up to 50,000 crops: all distances, average linkage, eight radii, silhouettes."""
    import torch

    from reidapt.methods.pseudo_labels import AVERAGE_CROPS, RADII
    from reidapt.similarity import jaccard
    from reidapt.similarity.linkage import Dendrogram
    from reidapt.similarity.quality import choose

    x, person = embeddings(CROPS[size])
    if len(x) > AVERAGE_CROPS:
        raise SystemExit(f"{size} has more than {AVERAGE_CROPS} crops, which are clustered by DBSCAN by default.")
    report: dict[str, Any] = {}
    clock, radii = Clock(report), RADII["average"]
    with PeakMemory() as memory:
        distance = clock("distances_s", lambda: jaccard(torch.from_numpy(x), K1, K2, max_distance=1.0))
        tree = clock("linkage_s", lambda: Dendrogram(distance, max(radii)))
        labels = clock("choice_s", lambda: choose(distance, [(r, tree.cut(r, MIN_SAMPLES)) for r in radii]))[1]
    report |= {"default_s": sum(report.values()), "default_mb": memory.extra_mb, "per_crop": distance.nnz / len(x)}
    return report | agreement_with(person, labels)


def recall(x: np.ndarray, ranks: np.ndarray, crops: int = 500) -> float:
    """Share of the exact neighbours of some crops that were found."""
    rows = np.linspace(0, len(x) - 1, crops).astype(int)
    exact = np.argpartition(-(x[rows] @ x.T), K1, axis=1)[:, :K1]
    return float(np.mean([len(np.intersect1d(a, b)) / K1 for a, b in zip(exact, ranks[rows, :K1])]))


def dense_way(size: str) -> dict[str, Any]:
    """The same work on full matrices."""
    from sklearn.cluster import DBSCAN

    x, person = embeddings(CROPS[size])
    with PeakMemory() as memory:
        started = time.perf_counter()
        distance = dense_jaccard(x, K1, K2)
        labels = DBSCAN(eps=RADIUS, min_samples=MIN_SAMPLES, metric="precomputed").fit(distance).labels_
        seconds = time.perf_counter() - started
    found = {f"dense_{name}": value for name, value in agreement_with(person, labels).items()}
    return {"dense_s": seconds, "dense_mb": memory.extra_mb, **found}


def agreement_with(person: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Clusters, share of crops in none, and adjusted Rand index on the others."""
    from sklearn.metrics import adjusted_rand_score

    kept = labels >= 0
    rand = float(adjusted_rand_score(person[kept], labels[kept])) if kept.any() else 0.0
    return {"clusters": int(labels.max(initial=-1)) + 1, "outliers": float(1 - kept.mean()), "rand": rand}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(CROPS), default="market")
    parser.add_argument("--search", choices=("auto", "exact", "approximate"), default="auto")
    parser.add_argument("--dense", action="store_true", help="also the dense formulation")
    parser.add_argument(
        "--default", action="store_true", help="instead what cluster-teacher does with up to 50,000 crops"
    )
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    parser.add_argument("--worker", choices=("sparse", "dense", "default"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        ways = {"sparse": partial(sparse_way, search=options.search), "dense": dense_way, "default": default_way}
        print(json.dumps(ways[options.worker](options.size)))
        return
    report: dict[str, Any] = {"size": options.size, "crops": CROPS[options.size], "dimensions": DIMENSIONS, "k1": K1}
    for which in ("default",) if options.default else ("sparse", "dense") if options.dense else ("sparse",):
        report |= in_process(__file__, "--size", options.size, "--search", options.search, "--worker", which)
    if options.dense and not options.default:
        report["faster"] = report["dense_s"] / report["sparse_s"]
        if report["sparse_mb"] and report["dense_mb"]:
            report["memory_share"] = report["sparse_mb"] / report["dense_mb"]
    finish(report, options.out)


if __name__ == "__main__":
    main()
