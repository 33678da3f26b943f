"""Tables without pictures, and features with as many ties as wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reidapt.data import CropTable


def table(rows: list[dict], name: str = "made", root: Path | str = "/nowhere") -> CropTable:
    """A table of rows given as dicts; the path is made from the row where there is none."""
    frame = pd.DataFrame([{"path": f"{i:05d}.jpg"} | row for i, row in enumerate(rows)])
    return CropTable(frame, name, root)


def features(rows: int, seed: int, dim: int = 8, coarse: bool = False) -> np.ndarray:
    """Random (rows, dim) float32; `coarse` ones have cosines that float32 holds exactly, so ties are real."""
    random = np.random.default_rng(seed)
    values = random.choice([-1.0, 1.0], (rows, 4)) if coarse else random.standard_normal((rows, dim))
    return values.astype(np.float32)


def cosines(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """(Q, G) float64."""
    q, g = (
        x.astype(np.float64) / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True) for x in (query, gallery)
    )
    return np.round(q @ g.T, 12)
