"""Video: tracklets as single vectors; MARS, LS-VID, ten-split sets, and the clothes settings of CCVID."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reidapt.data.table import CropTable
from reidapt.data.tracklets import tracklet_groups
from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.protocols.base import Ranking, Test, same
from reidapt.evaluation.result import RetrievalResult
from reidapt.similarity.neighbours import Features, as_features

CLOTHES = ("clothes", "outfit")
"""Columns that may name what a person wears, the first found is taken."""


def pool_tracklets(table: CropTable, features: Features) -> tuple[CropTable, Tensor]:
    """One row and one unit vector a tracklet: the mean of its frames' unit vectors, normalised.

    Frames belong together where split, domain, person, camera, sequence and tracklet are equal. Tracklets stand in the
    order of their first frames, with that frame's row.

    Args:
        table: a row a frame.
        features: (N, D).

    Raises:
        DataError: a table without tracklets, or another number of features.
    """
    vectors = functional.normalize(as_features(features).float(), dim=1)
    if len(vectors) != len(table):
        raise DataError(f"there are {len(vectors)} features for the {len(table)} frames of {table.name!r}.")
    group = tracklet_groups(table)
    first = np.unique(group, return_index=True)[1]
    index = torch.from_numpy(group).to(vectors.device)
    sums = torch.zeros(len(first), vectors.shape[1], device=vectors.device).index_add(0, index, vectors)
    return table.take(first), functional.normalize(sums, dim=1)


def video(
    table: CropTable,
    features: Features,
    how: Ranking | None = None,
    *,
    query_in_gallery: bool = False,
    name: str = "video",
) -> RetrievalResult:
    """The Market rule on tracklets: MARS, LS-VID, DukeMTMC-VideoReID, iLIDS-VID, PRID2011, SVReID.

    140 queries of MARS have no match unless the other queries join the gallery.

    Args:
        table: test rows, one a tracklet (`pool_tracklets`).
        features: (N, D).
        how: see `Ranking`.
        query_in_gallery: add the query tracklets to the gallery, after its own; a query itself is left out, as everything
            of its person and camera is.
        name: the protocol's name in the result.
    """
    test = Test(table, features)
    query = test.rows(test.split == "query", "query tracklets")
    gallery = test.rows(test.split == "gallery", "gallery tracklets")
    if query_in_gallery:
        if (test.camera[query] < 0).any():
            raise DataError(
                f"{table.name!r} has queries of unknown camera, which would match themselves in the gallery; give the "
                "camera of every tracklet or leave the queries out of the gallery."
            )
        gallery = np.concatenate([gallery, query])
    return test.rank(query, gallery, how or Ranking(), protocol=name, query_in_gallery=query_in_gallery)


def ccvid(
    table: CropTable,
    features: Features,
    how: Ranking | None = None,
    *,
    setting: Literal["general", "same-clothes", "clothes-changing"] = "general",
) -> RetrievalResult:
    """CCVID and SVReID-cc (Gu et al., CVPR 2022): the Market rule, or with matches in the same or in other clothes only.

    Besides pictures of the query's person and camera, "same-clothes" leaves out those of its person in other clothes,
    "clothes-changing" those of its person in the same clothes. Other people always stay.

    Args:
        table: test rows with a `clothes` (or `outfit`) column, which may count anew for each person.
        features: (N, D).
        how: see `Ranking`.
        setting: which matches count.
    """
    if setting not in ("general", "same-clothes", "clothes-changing"):
        raise ConfigError(f"setting is {setting!r}; expected general, same-clothes or clothes-changing.")
    test = Test(table, features)
    query = test.rows(test.split == "query", "query tracklets")
    gallery = test.rows(test.split == "gallery", "gallery tracklets")
    left_out = None
    if setting != "general":
        column = next((name for name in CLOTHES if name in table.columns), None)
        if column is None:
            raise DataError(
                f"{table.name!r} has no column 'clothes', which the setting {setting} needs; its columns are "
                f"{', '.join(table.columns)}. Use the setting general."
            )
        clothes = table.column(column).astype(str)
        alike = same(clothes[query], clothes[gallery])
        left_out = same(test.person[query], test.person[gallery]) & (alike == (setting == "clothes-changing"))
    return test.rank(query, gallery, how or Ranking(), left_out=left_out, protocol="ccvid", setting=setting)
