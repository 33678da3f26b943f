"""Identity retention: does a re-ID network that never saw a generated crop still find its person among real ones?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from reidapt.data import CropStore, CropTable, read
from reidapt.errors import DataError
from reidapt.evaluation import embed
from reidapt.progress import ProgressCallback
from reidapt.training.checkpoint import load
from reidapt.training.device import torch_device


@dataclass(frozen=True)
class Retention:
    """N generated crops against the real crops that they were made from.

    Attributes:
        generated, originals: the tables, N and M rows.
        own: int64 (N,), the original of every generated crop; it is never its crop's neighbour.
        margin: float32 (N,), cosine similarity to the nearest crop of the same person minus that to the nearest of another;
            above 0 the person is found first. NaN where the person has no other real crop.
        original_margin: float32 (N,), the same for the originals in place of the generated crops.
        neighbours: int64 (N, k), the nearest real crops, best first.
    """

    generated: CropTable
    originals: CropTable
    own: np.ndarray
    margin: np.ndarray
    original_margin: np.ndarray
    neighbours: np.ndarray

    def summary(self) -> dict[str, Any]:
        """Rank-1 in percent of generated crops and of their originals, their quotient, and how many were judged."""
        judged = ~np.isnan(self.margin)
        if not judged.any():
            raise DataError("No generated crop has a second real crop of its person, so retention cannot be measured.")
        generated, original = (100 * float((m[judged] > 0).mean()) for m in (self.margin, self.original_margin))
        return {
            "rank1_generated": round(generated, 2),
            "rank1_originals": round(original, 2),
            "retention": round(100 * generated / original, 2) if original else None,
            "crops": int(judged.sum()),
            "left_out": int((~judged).sum()),
        }

    def order(self) -> np.ndarray:
        """Rows from the best margin to the worst, those that could not be judged left out."""
        judged = np.flatnonzero(~np.isnan(self.margin))
        return judged[np.argsort(-self.margin[judged], kind="stable")]


def measure_retention(
    reid: str | Path,
    generated: str,
    *,
    k: int = 8,
    device: str = "auto",
    batch_size: int = 256,
    progress: ProgressCallback | None = None,
) -> Retention:
    """Rank the originals for every generated crop with a trained re-ID network.

    Args:
        reid: run folder or checkpoint that ranks, best one trained on the real crops alone.
        generated: dataset that ``reidapt translate`` wrote; its ``source_path`` column names the originals.
        k: neighbours kept.

    Raises:
        DataError: the dataset does not say what it was made from, or an original is gone.
    """
    table = read(generated)
    originals = originals_of(table)
    method = load(reid).to(torch_device(device))
    features = [
        torch.as_tensor(
            embed(
                method,
                CropStore(part, method.config.size),
                batch_size=batch_size,
                device=next(method.parameters()).device,
                progress=None if progress is None else partial(report, progress, name),
            )
        )
        for name, part in (("generated crops", table), ("real crops", originals))
    ]
    own = pd.Index(originals.paths).get_indexer(pd.Index(table.column("source_path")))
    margin, neighbours = nearest(features[0], features[1], table.person, originals.person, own, k)
    as_queries = features[1][torch.from_numpy(own)]
    original_margin, _ = nearest(as_queries, features[1], table.person, originals.person, own, 1)
    return Retention(table, originals, own, margin, original_margin, neighbours)


def report(progress: ProgressCallback, what: str, done: int, total: int) -> None:
    """Say how far the stage `what` is."""
    progress(done, total, what)


def originals_of(table: CropTable) -> CropTable:
    """The pictures a generated dataset was made from, one row each, with their persons.

    Raises:
        DataError: there is no ``source_path`` column, or a picture it names does not exist.
    """
    if "source_path" not in table.columns:
        raise DataError(
            f"{table.name!r} has no column 'source_path', so nobody knows what its crops were made from; give a dataset "
            "that 'reidapt translate' wrote."
        )
    frame = table.frame[["source_path", "person"]].drop_duplicates("source_path")
    gone = [path for path in frame["source_path"] if not Path(str(path)).is_file()]
    if gone:
        raise DataError(
            f"{len(gone)} of {len(frame)} originals of {table.name!r} are gone, first {gone[0]}; restore them."
        )
    return CropTable(frame.rename(columns={"source_path": "path"}), f"{table.name}-originals", table.root)


def nearest(
    queries: Tensor, gallery: Tensor, persons: np.ndarray, gallery_persons: np.ndarray, own: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Margins float32 (N,) and neighbours int64 (N, k) of queries (N, D) among a gallery (M, D), both L2-normalised.

    ``own`` (N,) is the gallery row that a query is not compared with.
    """
    margins, neighbours = [], []
    mine, theirs = torch.from_numpy(persons.copy()), torch.from_numpy(gallery_persons.copy())
    for start in range(0, len(queries), 1024):
        part = slice(start, start + 1024)
        similarity = queries[part] @ gallery.T
        similarity.scatter_(1, torch.from_numpy(own[part])[:, None].to(similarity.device), -torch.inf)
        similarity = similarity.cpu()
        same = mine[part, None] == theirs[None]
        right = similarity.masked_fill(~same, -torch.inf).amax(1)
        wrong = similarity.masked_fill(same, -torch.inf).amax(1)
        margins.append(torch.where(torch.isfinite(right), right - wrong, torch.nan))
        neighbours.append(similarity.argsort(dim=1, descending=True, stable=True)[:, :k])
    return torch.cat(margins).numpy(), torch.cat(neighbours).numpy()
