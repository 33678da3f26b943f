"""The Market-1501 rule: Market-1501, DukeMTMC-reID, MSMT17, CUHK03 (new split) and everything else with a query split."""

from __future__ import annotations

from reidapt.data.table import CropTable
from reidapt.evaluation.protocols.base import Ranking, Test
from reidapt.evaluation.result import RetrievalResult
from reidapt.similarity.neighbours import Features


def market1501(table: CropTable, features: Features, how: Ranking | None = None) -> RetrievalResult:
    """Rank the gallery split for each picture of the query split.

    Left out: junk, and pictures of the query's person and camera. Distractors stay.

    Args:
        table: test rows, splits query and gallery.
        features: (N, D).
        how: see `Ranking`.
    """
    test = Test(table, features)
    query = test.rows(test.split == "query", "query pictures")
    gallery = test.rows(test.split == "gallery", "gallery pictures")
    return test.rank(query, gallery, how or Ranking(), protocol="market1501")
