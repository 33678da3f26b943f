"""What a translation keeps and copies: identity retention, and the nearest real neighbours of its pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from reidapt.errors import DataError
from reidapt.evaluation.counting import Picks
from reidapt.evaluation.ranking import rank
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.scoring import Scorer
from reidapt.similarity.neighbours import Features, stable_topk


def identity_retention(
    translated: Features,
    source: Features,
    *,
    translated_person: ArrayLike,
    source_person: ArrayLike,
    origin: ArrayLike | None = None,
) -> RetrievalResult:
    """Whether a translated crop is still its person: it is ranked against the source pictures.

    Args:
        translated: (Q, D) embeddings of the translated crops, by a model that didn't train on them.
        source: (G, D) embeddings of source pictures.
        translated_person, source_person: identities.
        origin: (Q,) the source picture that each crop was made from, -1 where it isn't among them. It is left out, since
            a translation that changes nothing would find it; without it nothing is left out, and the result says so.

    Returns:
        The result of `rank`; its rank-1 is the identity retention.
    """
    left_out = None
    if origin is not None:
        own = np.asarray(origin)
        persons = np.asarray(translated_person)
        if own.shape != persons.shape or (own >= len(source)).any():
            raise DataError(
                f"origin has shape {own.shape} and rows up to {own.max(initial=-1)}; expected a row of the "
                f"{len(source)} source pictures for each of the {len(persons)} translated ones, or -1."
            )
        known = np.flatnonzero(own >= 0)
        left_out = Picks.from_pairs(known, own[known], len(own))
    return rank(
        translated,
        source,
        query_person=translated_person,
        gallery_person=source_person,
        same_camera=False,
        left_out=left_out,
        record={"protocol": "identity-retention", "origin": "left out" if origin is not None else "in the gallery"},
    )


def nearest_neighbours(pictures: Features, among: Features, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """The `k` nearest of `among` (G, D) for each of `pictures` (Q, D) by cosine: does a generator copy what it saw?

    Returns:
        indices (Q, k) int64, nearest first, and their cosines (Q, k) float32.
    """
    scorer = Scorer(pictures, among)
    k = min(k, scorer.pictures)
    indices, scores = np.empty((scorer.queries, k), np.int64), np.empty((scorer.queries, k), np.float32)
    for start, block in scorer.blocks():
        values, nearest = stable_topk(scorer.finish(block, start), k)
        indices[start : start + len(block)], scores[start : start + len(block)] = (
            nearest.cpu().numpy(),
            values.cpu().numpy(),
        )
    return indices, scores
