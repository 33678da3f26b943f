"""The paired bootstrap against closed forms and plain resampling."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation import RetrievalResult, TrialsResult, compare


def made(first: np.ndarray, precision: np.ndarray, **settings: object) -> RetrievalResult:
    settings = {"protocol": "market1501", "dataset": "d", "queries": len(first), "gallery": 9} | settings
    return RetrievalResult(np.ones(10), precision, precision, first, settings)


def random_pair(queries: int = 400, shift: float = 0.0, seed: int = 0) -> tuple[RetrievalResult, RetrievalResult]:
    rng = np.random.default_rng(seed)
    one = rng.uniform(0, 0.8, queries)
    two = np.clip(one + shift + 0.1 * rng.standard_normal(queries), 0, 1)
    return made(rng.integers(1, 4, queries), one), made(rng.integers(1, 4, queries), two)


def test_interval_is_that_of_the_mean_difference() -> None:
    one, two = random_pair(shift=0.05)
    found = compare(one, two).measures["mAP"]
    d = 100 * (two.average_precision - one.average_precision)
    error = d.std() / np.sqrt(len(d))
    assert found.difference == pytest.approx(d.mean())
    assert found.first == pytest.approx(100 * one.mAP)
    assert found.low == pytest.approx(d.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(d.mean() + 1.96 * error, abs=0.1 * error)
    assert found.p == pytest.approx(2 / 10001)


def test_p_is_honest_where_nothing_differs() -> None:
    """Under no difference p is about uniform: below 0.1 in about a tenth of the cases."""
    small = [compare(*random_pair(100, 0.0, seed), resamples=400).measures["rank1"].p < 0.1 for seed in range(200)]
    assert 0.04 < np.mean(small) < 0.17


def test_the_same_result_twice() -> None:
    one, _ = random_pair()
    for measure in compare(one, one, resamples=50).measures.values():
        assert (measure.difference, measure.low, measure.high, measure.p) == (0, 0, 0, 1)


def test_groups_are_drawn_whole() -> None:
    """Ten copies of each query are no new evidence: by group the interval is that of the queries themselves."""
    one, two = random_pair(50, 0.05)
    many = [made(np.repeat(r.first_match, 10), np.repeat(r.average_precision, 10)) for r in (one, two)]
    alone = compare(one, two).measures["mAP"]
    naive, grouped = (compare(*many, groups=g).measures["mAP"] for g in (None, np.repeat(np.arange(50), 10)))
    assert grouped.high - grouped.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert naive.high - naive.low == pytest.approx((alone.high - alone.low) / np.sqrt(10), rel=0.1)


def test_skipped_queries_are_left_out() -> None:
    one, two = random_pair(40)
    two.first_match[3], two.average_precision[3] = -1, np.nan
    found = compare(one, two)
    assert found.queries == 39
    keep = np.arange(40) != 3
    expected = 100 * (two.average_precision[keep] - one.average_precision[keep]).mean()
    assert found.measures["mAP"].difference == pytest.approx(expected)


def test_trials_are_paired_by_query() -> None:
    pairs = [random_pair(60, 0.1, seed) for seed in range(3)]
    found = compare(*(TrialsResult.of([pair[k] for pair in pairs]) for k in (0, 1)))
    expected = np.mean([100 * (two.mAP - one.mAP) for one, two in pairs])
    assert found.measures["mAP"].difference == pytest.approx(expected)


def test_says_what_differs_and_refuses_what_cannot_be_paired() -> None:
    one, two = random_pair()
    two.settings["flip"] = True
    found = compare(one, two, resamples=20)
    assert found.settings == {"flip": (None, True)}
    assert "differ in flip" in str(found)
    json.dumps(found.as_dict())
    two.settings["dataset"] = "e"
    with pytest.raises(DataError, match="dataset"):
        compare(one, two)
    two.settings["dataset"] = "d"
    with pytest.raises(DataError, match="groups"):
        compare(one, two, groups=[1, 2])
    with pytest.raises(ConfigError):
        compare(one, two, confidence=1.0)
