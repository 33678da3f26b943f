"""The evaluation of torchreid and of fastreid, called as their own test loops call it, without the rest of either.

Both want a long list of dependencies, fastreid torch 1.13 among them, of which their evaluation needs none: so only the
modules that rank are imported, from packages installed with `pip install --no-deps --target DIR`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import time
import types
import warnings
from pathlib import Path
from typing import Any

from _measure import PeakMemory


def measure_torchreid(data: dict[str, Any], some: int) -> dict[str, Any]:
    """Cosine distances and ranking for the first `some` queries, in pure Python and, where it was built, in Cython.

    Returns the seconds of all queries (scaled by their share), memory, mAP and CMC; {} where torchreid isn't importable.
    """
    metrics = _module("torchreid.reid.metrics") or _module("torchreid.metrics")
    if metrics is None:
        return {}
    query, gallery, columns = _inputs(data, some)
    scale = len(data["query"]) / some
    metrics.compute_distance_matrix(query[:9], gallery[:9], "cosine")
    compiled = bool(metrics.rank.IS_CYTHON_AVAI)
    report: dict[str, Any] = {"torchreid_queries": some, "torchreid_cython_s": None}
    if compiled:
        started = time.perf_counter()
        distance = metrics.compute_distance_matrix(query, gallery, "cosine").numpy()
        metrics.evaluate_rank(distance, *columns, use_cython=True)
        report["torchreid_cython_s"] = scale * (time.perf_counter() - started)
        del distance
    with PeakMemory() as memory:
        started = time.perf_counter()
        distance = metrics.compute_distance_matrix(query, gallery, "cosine").numpy()
        cmc, mean_ap = metrics.evaluate_rank(distance, *columns, use_cython=False)
        seconds = time.perf_counter() - started
    return {
        **report,
        "torchreid_s": scale * seconds,
        "torchreid_extra_mb": memory.extra_mb,
        "mAP_torchreid": float(mean_ap),
        "cmc_torchreid": [float(share) for share in cmc],
    }


def measure_fastreid(data: dict[str, Any], some: int) -> dict[str, Any]:
    """As `measure_torchreid`, for fastreid; its Cython alone where that was built (it builds it at its first test)."""
    ranking, distances = _module("fastreid.evaluation.rank"), _module("fastreid.utils.compute_dist")
    if ranking is None or distances is None:
        return {}
    query, gallery, columns = _inputs(data, some)
    distances.build_dist(query[:9], gallery[:9], "cosine")
    with PeakMemory() as memory:
        started = time.perf_counter()
        distance = distances.build_dist(query, gallery, "cosine")
        cmc, each, _ = ranking.evaluate_rank(distance, *columns)
        seconds = time.perf_counter() - started
    return {
        "fastreid_s": len(data["query"]) / some * seconds,
        "fastreid_cython": bool(ranking.IS_CYTHON_AVAI),
        "fastreid_extra_mb": memory.extra_mb,
        "mAP_fastreid": float(each.mean()),
        "cmc_fastreid": [float(share) for share in cmc],
    }


def _inputs(data: dict[str, Any], some: int) -> tuple[Any, Any, tuple[Any, ...]]:
    import torch

    columns = (data["query_person"][:some], data["gallery_person"], data["query_camera"][:some], data["gallery_camera"])
    return torch.from_numpy(data["query"][:some]), torch.from_numpy(data["gallery"]), columns


def _module(name: str) -> Any | None:
    """The module, without running the `__init__` of the packages around it; None where there is none."""
    top, *inner = name.split(".")
    found = importlib.util.find_spec(top) if top not in sys.modules else sys.modules[top].__spec__
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    for depth, part in enumerate(["", *inner[:-1]]):
        folder = folder / part
        package = ".".join([top, *inner[:depth]])
        if package not in sys.modules:
            module = types.ModuleType(package)
            module.__path__, module.__spec__ = [str(folder)], found if not depth else None
            sys.modules[package] = module
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError as error:
            print(f"{top} is installed, but {name} can't be imported: {error}", file=sys.stderr)
            return None
