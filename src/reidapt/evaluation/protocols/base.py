"""What every protocol has in common: the test rows with their embeddings, and how lists are ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from reidapt.data.table import CropTable
from reidapt.errors import DataError
from reidapt.evaluation.ranking import ApRule, CmcRule, rank
from reidapt.evaluation.reranking import Reranking
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.scoring import Metric
from reidapt.similarity.neighbours import Features, as_features


@dataclass(frozen=True)
class Ranking:
    """How lists are ranked, whatever the protocol; see `reidapt.evaluation.rank`."""

    ap: ApRule = "step"
    metric: Metric = "cosine"
    reranking: Reranking | None = None
    max_rank: int = 50
    record: Mapping[str, Any] = field(default_factory=dict)
    """What else influences the numbers (flip, feature layer, dataset); written into every result."""


class Test:
    """The rows of a table and their embeddings, checked.

    Args:
        table: labelled; rows of other splits than query and gallery may be among them.
        features: (N, D), a row for each row of the table.

    Raises:
        DataError: an unlabelled table, or another number of features than rows.
    """

    def __init__(self, table: CropTable, features: Features) -> None:
        self.table, self.features = table, as_features(features)
        if len(self.features) != len(table):
            raise DataError(
                f"there are {len(self.features)} features for the {len(table)} rows of {table.name!r}; expected one "
                "row of features for each row of the table, in its order."
            )
        self.person, self.camera = table.person, table.camera
        self.split, self.modality = table.column("split"), table.column("modality")

    def tested(self) -> np.ndarray:
        """(N,) bool: rows of the splits query and gallery."""
        return np.isin(self.split, ("query", "gallery"))

    def rows(self, chosen: np.ndarray, what: str) -> np.ndarray:
        """Row numbers where `chosen` (N,) is True; DataError naming `what` where there are none."""
        rows = np.flatnonzero(chosen)
        if not len(rows):
            splits = ", ".join(f"{split} {n}" for split, n in self.table.splits.items()) or "none"
            modalities = ", ".join(sorted(set(self.modality.tolist()))) or "none"
            cameras = ", ".join(map(str, np.unique(self.camera)[:12])) or "none"
            raise DataError(
                f"{self.table.name!r} ({self.table.root}) has no {what}. Its splits are {splits}; its modalities "
                f"{modalities}; its cameras {cameras}. Check that the dataset fits the protocol."
            )
        return rows

    def rank(
        self,
        query: np.ndarray,
        gallery: np.ndarray,
        how: Ranking,
        *,
        same_camera: bool = True,
        left_out: np.ndarray | None = None,
        cmc: CmcRule = "picture",
        **record: Any,
    ) -> RetrievalResult:
        """Rank rows `gallery` (G,) for rows `query` (Q,).

        Args:
            query, gallery: row numbers.
            how: see `Ranking`.
            same_camera: leave out pictures of the query's person and camera.
            left_out: (Q, G) bool, further pictures to leave out.
            cmc: as in `rank`.
            record: what to write into the settings: at least `protocol`.
        """
        from reidapt.evaluation.counting import Picks

        result = rank(
            self._of(query),
            self._of(gallery),
            query_person=self.person[query],
            query_camera=self.camera[query],
            gallery_person=self.person[gallery],
            gallery_camera=self.camera[gallery],
            same_camera=same_camera,
            left_out=None if left_out is None else Picks.where(left_out),
            cmc=cmc,
            ap=how.ap,
            metric=how.metric,
            reranking=how.reranking,
            max_rank=how.max_rank,
            record={"dataset": self.table.name, **how.record, **record},
        )
        result.query_rows, result.gallery_rows = query, gallery
        return result

    def _of(self, rows: np.ndarray) -> torch.Tensor:
        """Features of these rows, without a copy where they are consecutive."""
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows) == 1).all():
            return self.features[rows[0] : rows[-1] + 1]
        return self.features[torch.from_numpy(rows)]


def same(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """(Q, G) bool: where the query's value (Q,) equals the picture's (G,)."""
    return query[:, None] == gallery[None, :]
