"""The Market metric against a plain stable sort of every query's gallery."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation import RetrievalResult, counting, rank, scoring


def sorting_reference(query, gallery, qp, qc, gp, gc, ap="step", metric="cosine", max_rank=50):
    """The metric as its text says it, in plain Python: sort, drop, look."""

    def score(a, b):
        a, b = [float(v) for v in a], [float(v) for v in b]
        if metric == "euclidean":
            return -math.dist(a, b)
        return math.fsum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b))

    aps, inps, firsts, ties, lists = [], [], [], 0, []
    for q in range(len(query)):
        scores = [score(query[q], g) for g in gallery]
        order = sorted(range(len(gallery)), key=lambda j: -scores[j])  # sorted() is stable
        order = [j for j in order if gp[j] != -1 and not (gp[j] == qp[q] and gc[j] == qc[q] and qc[q] != -1)]
        hits = [gp[j] == qp[q] for j in order]
        lists.append(order)
        if not any(hits):
            aps.append(math.nan), inps.append(math.nan), firsts.append(-1)
            continue
        seen, area, old_recall, old_precision = 0, 0.0, 0.0, 1.0
        for place, hit in enumerate(hits, start=1):
            seen += hit
            recall, precision = seen / sum(hits), seen / place
            if ap == "step":
                area += precision / sum(hits) if hit else 0
            else:
                area += (recall - old_recall) * (old_precision + precision) / 2
            old_recall, old_precision = recall, precision
        aps.append(area)
        inps.append(sum(hits) / (1 + max(i for i, hit in enumerate(hits) if hit)))
        firsts.append(hits.index(True) + 1)
        leaders = {gp[j] == qp[q] for j in order if scores[j] == scores[order[0]]}
        ties += len(leaders) == 2
    found = [f for f in firsts if f > 0]
    cmc = [sum(f <= k for f in found) / len(found) if found else math.nan for k in range(1, max_rank + 1)]
    return cmc, aps, inps, firsts, ties, lists


def scene(
    seed: int, queries: int, pictures: int, dim: int = 16, persons: int = 6, cameras: int = 3, coarse: bool = False
):
    """Random features and identities with junk, distractors and people that no gallery picture shows.

    `coarse` features, of few values and equal length, have cosines that float32 holds exactly: ties are many and real.
    """
    rng = np.random.default_rng(seed)
    shape = (queries + pictures, dim)
    features = rng.choice([-1.0, 1.0], shape) if coarse else rng.standard_normal(shape)
    qp = rng.integers(1, persons + 2, queries)  # person `persons + 1` isn't in the gallery
    gp = rng.integers(-1, persons + 1, pictures)
    features = features.astype(np.float32)
    return (
        features[:queries],
        features[queries:],
        qp,
        rng.integers(1, cameras + 1, queries),
        gp,
        rng.integers(1, cameras + 1, pictures),
    )


def run(data, **options) -> RetrievalResult:
    q, g, qp, qc, gp, gc = data
    return rank(q, g, query_person=qp, query_camera=qc, gallery_person=gp, gallery_camera=gc, **options)


def check(data, **options) -> None:
    result = run(data, **options)
    options.pop("chunk", None)
    cmc, aps, inps, firsts, ties, lists = sorting_reference(*data, **options)
    np.testing.assert_allclose(result.cmc, cmc, atol=1e-12)
    np.testing.assert_allclose(result.average_precision, aps, atol=1e-12)
    np.testing.assert_allclose(result.inverse_penalty, inps, atol=1e-12)
    np.testing.assert_array_equal(result.first_match, firsts)
    assert result.settings["ties_at_rank1"] == ties
    assert result.settings["skipped_queries"] == firsts.count(-1)
    k = len(data[1])
    padded = [order + [-1] * (k - len(order)) for order in lists]
    np.testing.assert_array_equal(result.top(k), padded)
    expected = [[j >= 0 and data[4][j] == person for j in order] for order, person in zip(padded, data[2])]
    np.testing.assert_array_equal(result.correct(k), expected)


@pytest.mark.parametrize("ap", ["step", "trapezoid"])
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_equals_a_stable_sort(seed: int, coarse: bool, ap: str) -> None:
    data = scene(seed, queries=25, pictures=120, coarse=coarse)
    assert (data[4] == -1).any()
    assert (data[4] == 0).any()
    check(data, ap=ap)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_many_ties_in_any_chunk(chunk: int) -> None:
    data = scene(9, queries=20, pictures=90, dim=4, coarse=True)
    check(data, chunk=chunk)
    assert run(data).settings["ties_at_rank1"] > 5


@pytest.mark.parametrize("fewer", [1, 100])
@pytest.mark.parametrize("group", [1, 4])
def test_groups_of_queries_with_and_without_setting_scores_aside(
    group: int, fewer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reidapt.evaluation.counting.GROUP", group)
    monkeypatch.setattr("reidapt.evaluation.counting.FEWER", fewer)
    check(scene(2, queries=11, pictures=700, dim=4, coarse=True))
    check(scene(2, queries=11, pictures=300))


@pytest.mark.parametrize("tiled", [False, True])
def test_half_precision_gallery_in_parts(tiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features stored in half precision are compared in float32, a few pictures at a time."""
    q, g, *columns = scene(3, queries=20, pictures=130)
    half = g.astype(np.float16)
    expected = run((q, half.astype(np.float32), *columns))
    monkeypatch.setattr("reidapt.evaluation.scoring.PART_BYTES", 4 * 16 * 7)
    if tiled:
        monkeypatch.setattr("reidapt.evaluation.scoring.BLOCK_BYTES", 4 * 130 * 10)
    result = run((q, half, *columns))
    assert result._source is not None
    assert result._source.scorer.tiled is tiled
    np.testing.assert_allclose(result.average_precision, expected.average_precision, atol=1e-12)
    np.testing.assert_array_equal(result.top(20), expected.top(20))


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_gallery_too_large_for_a_block_of_queries(coarse: bool, metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gallery in tiles of a few pictures, the queries in groups of eight, gives the same figures and lists."""
    monkeypatch.setattr("reidapt.evaluation.scoring.BLOCK_BYTES", 4 * 120)
    monkeypatch.setattr("reidapt.evaluation.scoring.TILE_BYTES", 4 * 120)
    for seed, persons in ((1, 6), (2, 1)):
        q, g, *columns = scene(seed, queries=21, pictures=130, dim=4, coarse=coarse, persons=persons)
        data = (np.rint(2 * q), np.rint(2 * g), *columns) if metric == "euclidean" else (q, g, *columns)
        monkeypatch.setattr("reidapt.evaluation.scoring.GROUP_BYTES", 4 * 4 * 8)
        result = run(data, metric=metric)
        assert result._source is not None
        assert result._source.scorer.tiled
        assert [q1 - q0 for q0, q1 in result._source.scorer.groups()] == [8, 8, 5]
        if not coarse or metric == "cosine":
            check(data, metric=metric)


def test_first_pass_reads_only_tiles_with_a_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reidapt.evaluation.scoring.BLOCK_BYTES", 4 * 400)
    monkeypatch.setattr("reidapt.evaluation.scoring.TILE_BYTES", 4 * 400)
    q, g, qp, qc, gp, gc = scene(1, queries=70, pictures=90)
    gp[30:] = 0  # distractors at the end
    read: list[int] = []
    plain = scoring.Scorer.tiles

    def noted(self, *arguments, **options):
        for first, block in plain(self, *arguments, **options):
            read.append(first)
            yield first, block

    monkeypatch.setattr(scoring.Scorer, "tiles", noted)
    run((q, g, qp, qc, gp, gc))
    assert read == [*range(0, 30, 5), *range(0, 90, 5)]


@pytest.mark.parametrize("coarse", [False, True])
def test_queries_with_many_positives(coarse: bool) -> None:
    check(scene(4, queries=6, pictures=500, persons=2, dim=4 if coarse else 16, coarse=coarse))


def test_more_equal_outcomes_than_a_byte_counts() -> None:
    rng = np.random.default_rng(0)
    gallery = np.ones((50000, 2), np.float32)
    gallery[-1] = (0, 1)  # the only match, below all others
    person = rng.integers(2, 9, 50000)
    person[-1] = 1
    result = rank(np.array([[1, 0]], np.float32), gallery, query_person=[1], gallery_person=person)
    assert result.first_match.tolist() == [50000]


def test_euclidean() -> None:
    q, g, *columns = scene(5, queries=20, pictures=100, dim=4)
    data = (np.rint(2 * q), np.rint(2 * g), *columns)  # whole numbers: squared distances are exact
    check(data, metric="euclidean")


def test_euclidean_scores_are_distances() -> None:
    data = scene(5, queries=8, pictures=30)
    result = run(data, metric="euclidean")
    top, scores = result.top(5), result.scores(5)
    distance = np.linalg.norm(data[0][:, None].astype(float) - data[1][top], axis=2)
    np.testing.assert_allclose(scores, -distance, atol=1e-5)


def test_worked_example() -> None:
    """Ten gallery pictures in the order of their scores; query is person 1 of camera 1."""
    angle = np.linspace(0.1, 1.2, 10)
    gallery = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    person = [1, -1, 2, 1, 0, 1, 1, -1, 3, 1]
    camera = [1, 2, 2, 2, 3, 1, 3, 1, 1, 2]
    # left out: 0 and 5 (own camera), 1 and 7 (junk); what remains: 2 [1] 0 [1] 3 [1] at ranks 2, 4, 6
    query = np.array([[1, 0]], np.float32)
    columns = {"query_person": [1], "query_camera": [1], "gallery_person": person, "gallery_camera": camera}
    step, area = rank(query, gallery, **columns), rank(query, gallery, **columns, ap="trapezoid")
    assert step.top(8).tolist() == [[2, 3, 4, 6, 8, 9, -1, -1]]
    assert step.correct(8).tolist() == [[False, True, False, True, False, True, False, False]]
    assert step.mAP == pytest.approx((1 / 2 + 2 / 4 + 3 / 6) / 3)
    assert area.mAP == pytest.approx(((0 / 1 + 1 / 2) / 2 + (1 / 3 + 2 / 4) / 2 + (2 / 5 + 3 / 6) / 2) / 3)
    assert step.mINP == pytest.approx(3 / 6)
    assert step.cmc[:3].tolist() == [0, 1, 1]
    summary = step.summary()
    assert (summary["rank1"], summary["rank5"], summary["mAP"]) == (0, 100, pytest.approx(50))
    assert (summary["queries"], summary["gallery"], summary["junk"], summary["distractors"]) == (1, 10, 2, 1)


def test_one_camera_leaves_no_match() -> None:
    q, g, qp, qc, gp, gc = scene(0, 10, 50)
    result = run((q, g, qp, np.ones_like(qc), gp, np.ones_like(gc)))
    assert result.settings["skipped_queries"] == 10
    assert result.summary()["mAP"] is None
    assert "10 without a match" in str(result)


@pytest.mark.parametrize("where", ["query", "gallery", "both", "some"])
def test_unknown_cameras_are_nobodys_own(where: str) -> None:
    q, g, qp, qc, gp, gc = scene(1, 20, 100)
    if where in ("query", "both"):
        qc[:] = -1
    if where in ("gallery", "both"):
        gc[:] = -1
    if where == "some":
        gc[::3] = -1
        qc[::2] = -1
    check((q, g, qp, qc, gp, gc))
    rule = run((q, g, qp, qc, gp, gc)).summary()["same_camera_rule"]
    assert rule == ("where known" if where == "some" else "off")


def test_no_camera_columns() -> None:
    q, g, qp, _, gp, _ = scene(1, 20, 100)
    without = rank(q, g, query_person=qp, gallery_person=gp)
    assert without.summary()["same_camera_rule"] == "off"
    assert without.mAP == run((q, g, qp, np.full(20, -1), gp, np.full(100, -1))).mAP


def test_inputs_of_all_kinds_agree(tmp_path) -> None:
    q, g, qp, qc, gp, gc = scene(3, 15, 80)
    expected = run((q, g, qp, qc, gp, gc)).average_precision
    np.save(tmp_path / "g.npy", g)
    mapped = np.load(tmp_path / "g.npy", mmap_mode="r")
    np.testing.assert_array_equal(run((q, mapped, qp, qc, gp, gc)).average_precision, expected)
    tensors = tuple(torch.from_numpy(a) for a in (q, g, qp, qc, gp, gc))
    np.testing.assert_array_equal(run(tensors).average_precision, expected)
    lists = (q.astype(np.float64), g.astype(np.float64), qp.tolist(), qc.tolist(), gp.tolist(), gc.tolist())
    np.testing.assert_allclose(run(lists).average_precision, expected, atol=1e-12)
    np.testing.assert_allclose(run((3 * q, 0.5 * g, qp, qc, gp, gc)).average_precision, expected, atol=1e-12)


def test_inputs_stay_as_they_are() -> None:
    data = scene(3, 15, 80)
    copies = [a.copy() for a in data]
    run(data).top(5)
    for before, after in zip(copies, data):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"query_person": [1, 0]}, "person 0"),
        ({"query_person": [1, -1]}, "query 1 with person -1"),
        ({"query_person": [1]}, "expected 2 whole numbers"),
        ({"gallery_person": [1, 2, -2]}, "picture 2"),
        ({"gallery_camera": [0.5, 1, 1]}, "gallery_camera"),
        ({"gallery": np.ones((3, 5), np.float32)}, "same number of columns"),
        ({"gallery": np.array([[1, 2], [np.nan, 1], [1, 1]], np.float32)}, "row 1"),
        ({"query": np.ones(2, np.float32)}, "matrix"),
        ({"query": np.ones((2, 2), np.int64)}, "floating point"),
    ],
)
def test_refuses_what_does_not_fit(change: dict, words: str) -> None:
    options = {
        "query": np.ones((2, 2), np.float32),
        "gallery": np.ones((3, 2), np.float32),
        "query_person": [1, 2],
        "query_camera": [1, 1],
        "gallery_person": [1, 2, 2],
        "gallery_camera": [1, 2, 3],
    } | change
    with pytest.raises(DataError, match=words):
        rank(options.pop("query"), options.pop("gallery"), **options)


@pytest.mark.parametrize("options", [{"ap": "area"}, {"metric": "dot"}, {"max_rank": 0}])
def test_refuses_unknown_options(options: dict) -> None:
    with pytest.raises(ConfigError):
        run(scene(0, 2, 10), **options)


seeds = st.integers(0, 2**31)
few = settings(max_examples=25, deadline=None)


@few
@given(seeds)
def test_order_of_the_gallery_does_not_matter(seed: int) -> None:
    q, g, qp, qc, gp, gc = scene(seed, 6, 40)
    order = np.random.default_rng(seed).permutation(40)
    one, two = run((q, g, qp, qc, gp, gc)), run((q, g[order], qp, qc, gp[order], gc[order]))
    np.testing.assert_array_equal(one.average_precision, two.average_precision)
    np.testing.assert_array_equal(one.cmc, two.cmc)


@few
@given(seeds, st.booleans())
def test_a_distractor_never_helps(seed: int, coarse: bool) -> None:
    q, g, qp, qc, gp, gc = scene(seed, 6, 40, coarse=coarse)
    more = np.concatenate([g, q[:1]])  # the worst possible one: a copy of a query
    before = run((q, g, qp, qc, gp, gc))
    after = run((q, more, qp, qc, np.append(gp, 0), np.append(gc, 1)))
    seen = ~np.isnan(before.average_precision)
    assert (after.average_precision[seen] <= before.average_precision[seen]).all()
    assert (after.cmc <= before.cmc).all() or not seen.any()
    if seen[0]:
        assert after.average_precision[0] < before.average_precision[0]


@few
@given(seeds, st.booleans())
def test_junk_changes_nothing(seed: int, coarse: bool) -> None:
    q, g, qp, qc, gp, gc = scene(seed, 6, 40, coarse=coarse)
    before = run((q, g, qp, qc, gp, gc))
    after = run((q, np.concatenate([q, g]), qp, qc, np.append(np.full(6, -1), gp), np.append(qc, gc)))
    np.testing.assert_array_equal(before.average_precision, after.average_precision)
    np.testing.assert_array_equal(before.inverse_penalty, after.inverse_penalty)
    assert before.settings["ties_at_rank1"] == after.settings["ties_at_rank1"]


@few
@given(seeds)
def test_perfect_embeddings_give_100(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gp = np.append(rng.integers(0, 9, 60), np.arange(1, 9))
    qp = np.arange(1, 9)
    codes = np.eye(9, dtype=np.float32)
    result = rank(codes[qp], codes[gp], query_person=qp, gallery_person=gp)
    summary = result.summary()
    assert [summary[name] for name in ("rank1", "rank5", "mAP", "mINP")] == [100, 100, 100, 100]
    assert summary["skipped_queries"] == summary["ties_at_rank1"] == 0


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("chunk", [3, 100])
def test_accelerator_kernel_agrees(coarse: bool, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block-wise kernel for accelerators, run on the CPU."""
    monkeypatch.setattr(counting, "_count_in_rows", counting._count_in_block)
    for seed in range(3):
        check(scene(seed, queries=20, pictures=90, dim=4 if coarse else 16, coarse=coarse), chunk=chunk)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("coarse", [False, True])
def test_cuda_agrees(coarse: bool) -> None:
    q, g, *columns = scene(0, 40, 200, coarse=coarse)
    there = run((torch.from_numpy(q).cuda(), torch.from_numpy(g).cuda(), *columns))
    here = run((q, g, *columns))
    np.testing.assert_allclose(there.average_precision, here.average_precision, atol=1e-6)
    np.testing.assert_array_equal(there.top(10), here.top(10))
    assert there.settings["ties_at_rank1"] == here.settings["ties_at_rank1"]
