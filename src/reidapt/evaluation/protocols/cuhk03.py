"""CUHK03's classic protocol: one random gallery picture a person, a hundred times (Li et al., CVPR 2014)."""

from __future__ import annotations

import numpy as np

from reidapt.data.table import CropTable
from reidapt.errors import ConfigError
from reidapt.evaluation.identities import DISTRACTOR, JUNK
from reidapt.evaluation.protocols.base import Ranking, Test
from reidapt.evaluation.protocols.draws import by_path
from reidapt.evaluation.ranking import cumulative_match
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.trials import TrialsResult
from reidapt.similarity.neighbours import Features


def cuhk03_classic(
    table: CropTable, features: Features, how: Ranking | None = None, *, repeats: int = 100, seed: int = 0
) -> TrialsResult:
    """The CMC with a gallery of one random picture a person, drawn anew for every query and repeat.

    A query's picture of a person is drawn from those that the Market rule leaves it: of its own person only from other
    cameras. Each repeat is a trial of the result. Average precision and mINP are those of the whole gallery, as in
    torchreid. The new split (767/700) is evaluated by the Market rule instead: `market1501`.

    Args:
        table: test rows of one classic split.
        features: (N, D).
        how: see `Ranking`.
        repeats: draws a query.
        seed: of the draws; query i draws from a stream of its own. Queries and gallery are in the order of their paths,
            so that the order of the table's rows doesn't matter.
    """
    if repeats < 1:
        raise ConfigError(f"repeats is {repeats}; CUHK03's classic protocol has 100.")
    how = how or Ranking()
    test = Test(table, features)
    query = by_path(test.rows(test.split == "query", "query pictures"), table.paths)
    gallery = by_path(test.rows(test.split == "gallery", "gallery pictures"), table.paths)
    whole = test.rank(query, gallery, how, protocol="cuhk03-classic", repeats=repeats, seed=seed, draws="per query")
    first = _drawn_ranks(whole, test.person[query], test.person[gallery], repeats, seed)
    trials = []
    for repeat in range(repeats):
        result = RetrievalResult(
            cumulative_match(first[:, repeat], how.max_rank),
            whole.average_precision,
            whole.inverse_penalty,
            first[:, repeat],
            whole.settings | {"trial": repeat + 1, "seconds": whole.settings["seconds"] * (repeat == 0)},
            query,
            gallery,
        )
        result.share_lists(whole)
        trials.append(result)
    return TrialsResult.of(trials, average_precision_of="the whole gallery")


def _drawn_ranks(
    whole: RetrievalResult, query_person: np.ndarray, gallery_person: np.ndarray, repeats: int, seed: int
) -> np.ndarray:
    """(Q, repeats) int64 rank of the query's person among one drawn picture a person; -1 without a match."""
    person = gallery_person.copy()
    alone = person == DISTRACTOR
    person[alone] = person.max(initial=0) + 1 + np.arange(np.count_nonzero(alone))
    order = np.argsort(person, kind="stable")
    order = order[person[order] != JUNK]
    ranks = np.full((len(query_person), repeats), -1, np.int64)
    for query, scores in whole.score_rows():
        left = order[np.isfinite(scores[order])]  # what is left out has the score -inf
        names, start, count = np.unique(person[left], return_index=True, return_counts=True)
        own = np.searchsorted(names, query_person[query])
        if own == len(names) or names[own] != query_person[query]:
            continue
        random = np.random.default_rng([seed, query])
        drawn = left[start + random.integers(0, count, size=(repeats, len(names)))]  # (repeats, persons)
        value = scores[drawn]
        mine, index = value[:, own, None], drawn[:, own, None]
        ranks[query] = 1 + (value > mine).sum(1) + ((value == mine) & (drawn < index)).sum(1)
    return ranks
