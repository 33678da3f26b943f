"""The Market-1501 retrieval metric (CMC, mAP, mINP) without sorting the gallery.

The rank of a positive is one more than the number of valid gallery pictures that score above it, so it is enough to
count them: a block of queries against the gallery is one matrix product, and each row is counted while it is in cache.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from reidapt.errors import ConfigError
from reidapt.evaluation.counting import Picks, count_above
from reidapt.evaluation.identities import DISTRACTOR, Identities, identity_ranks
from reidapt.evaluation.reranking import Reranking
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.scoring import Metric, Scorer
from reidapt.evaluation.tiles import count_in_tiles
from reidapt.similarity.neighbours import Features

ApRule = Literal["step", "trapezoid"]
CmcRule = Literal["picture", "identity"]


def rank(
    query: Features,
    gallery: Features,
    *,
    query_person: ArrayLike,
    gallery_person: ArrayLike,
    query_camera: ArrayLike | None = None,
    gallery_camera: ArrayLike | None = None,
    same_camera: bool = True,
    left_out: Picks | None = None,
    cmc: CmcRule = "picture",
    ap: ApRule = "step",
    metric: Metric = "cosine",
    reranking: Reranking | None = None,
    max_rank: int = 50,
    chunk: int | None = None,
    record: Mapping[str, Any] | None = None,
) -> RetrievalResult:
    """Rank the gallery for every query by the Market-1501 rule.

    Left out for a query: gallery pictures of the same person *and* camera, and junk (person -1). Distractors (person 0)
    stay as negatives. Queries without a match are skipped and counted. Of equal scores the lower gallery index comes
    first, as in a stable sort by descending similarity.

    Args:
        query: (Q, D) embeddings, tensor or array; computed with in float32.
        gallery: (G, D) likewise, on the same device; may be a memory map.
        query_person: (Q,) identities, 1 or above.
        gallery_person: (G,) identities; -1 junk, 0 distractor.
        query_camera: (Q,) cameras, -1 or None where unknown: the same-camera rule can't apply to such a picture.
        gallery_camera: (G,) likewise.
        same_camera: False keeps pictures of the query's own camera in its list (protocols across modalities).
        left_out: further gallery pictures that take no rank for a query, whoever they show.
        cmc: "picture", or "identity" where the CMC counts every identity once, at its best picture (SYSU-MM01); average
            precision always counts pictures.
        ap: "step" sums precision at each positive (torchreid, fastreid); "trapezoid" averages it with the precision
            just before (the authors of Market-1501).
        metric: "cosine", or "euclidean" between the features as they are.
        reranking: k-reciprocal re-ranking of the lists, with cosine; off by default.
        max_rank: length of the CMC curve.
        chunk: queries compared at once; by default as many as fit a block of scores of 96 MiB.
        record: what else influences the numbers ("flip", "feature", "reranking", ...); written into the summary.

    Returns:
        RetrievalResult; `result.summary()` has the figures in percent.

    Raises:
        DataError: shapes, devices or identities that do not fit, or NaN features.
        ConfigError: an unknown `ap`, `cmc` or `metric`, re-ranking with another metric, or `max_rank` below 1.
    """
    if ap not in ("step", "trapezoid"):
        raise ConfigError(f"ap is {ap!r}; expected 'step' or 'trapezoid'.")
    if cmc not in ("picture", "identity"):
        raise ConfigError(f"cmc is {cmc!r}; expected 'picture' or 'identity'.")
    if max_rank < 1:
        raise ConfigError(f"max_rank is {max_rank}; expected at least 1.")
    started = time.perf_counter()
    scorer = Scorer(query, gallery, metric, chunk, reranking)
    people = Identities.checked(
        query_person, gallery_person, query_camera, gallery_camera, scorer.queries, scorer.pictures
    )
    positives, out = people.split(same_camera, left_out)
    count = count_in_tiles if scorer.tiled else count_above
    ranks, ties = count(scorer, positives, out, people.junk)
    first, average_precision, inverse_penalty = per_query(ranks, positives.offsets, ap)
    if cmc == "identity":
        first = identity_ranks(scorer, people, out)
    result = RetrievalResult(
        cmc=cumulative_match(first, max_rank),
        average_precision=average_precision,
        inverse_penalty=inverse_penalty,
        first_match=first,
        settings={
            "queries": scorer.queries,
            "skipped_queries": int((first < 0).sum()),
            "gallery": scorer.pictures,
            "junk": len(people.junk),
            "distractors": int((people.gallery_person == DISTRACTOR).sum()),
            "ties_at_rank1": ties,
            "protocol": "market1501",
            "same_camera_rule": people.camera_rule if same_camera else "not applied",
            "cmc_rule": cmc,
            "ap": ap,
            "metric": metric,
            "reranking": reranking.text() if reranking else False,
            "flip": False,
            "feature": "embedding",
            **dict(record or {}),
            "seconds": time.perf_counter() - started,
        },
    )
    result.attach(scorer, positives, out, people.junk)
    return result


def per_query(ranks: np.ndarray, offsets: np.ndarray, ap: ApRule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First match (1-based, -1 for none), AP and inverse negative penalty (NaN for none) from the positives' ranks.

    Args:
        ranks: (P,) 1-based ranks, ascending within each query.
        offsets: (Q + 1,) where each query's ranks start.
    """
    count = np.diff(offsets)
    query = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(ranks)) - offsets[query] + 1  # the how-manyth positive of its query, from 1
    precision = nth / ranks
    if ap == "trapezoid":
        before = np.where(ranks > 1, (nth - 1) / np.maximum(ranks - 1, 1), 1.0)
        precision = (precision + before) / 2
    some = count > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        average_precision = np.bincount(query, precision, minlength=len(count)) / count
    first = np.full(len(count), -1, np.int64)
    first[some] = ranks[offsets[:-1][some]]
    inverse_penalty = np.full(len(count), np.nan)
    inverse_penalty[some] = count[some] / ranks[offsets[1:][some] - 1]
    return first, average_precision, inverse_penalty


def cumulative_match(first: np.ndarray, max_rank: int) -> np.ndarray:
    """CMC (max_rank,) in 0..1: the share of queries (those with a match) whose first match is at rank k or better."""
    found = first[first > 0]
    if not len(found):
        return np.full(max_rank, np.nan)
    return np.bincount(np.minimum(found, max_rank + 1), minlength=max_rank + 2)[1 : max_rank + 1].cumsum() / len(found)
