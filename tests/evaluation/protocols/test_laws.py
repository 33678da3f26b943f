"""What must hold of every protocol: the gallery's order, distractors, junk and perfect embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reidapt.data import CropTable
from reidapt.evaluation import RetrievalResult, TrialsResult
from reidapt.evaluation.protocols import (
    ccvid,
    cuhk03_classic,
    llcm,
    market1501,
    pku_sketch,
    pool_tracklets,
    regdb,
    sysu_mm01,
    video,
)

from .tables import features, table
from .test_sysu import permutations, write

Result = RetrievalResult | TrialsResult
Run = Callable[[CropTable, np.ndarray], Result]
PERSONS = range(1, 7)


def rows_of(
    asks: dict[str, Any],
    answers: dict[str, Any],
    asking: tuple[int, ...],
    answering: tuple[int, ...],
    pictures: int = 2,
) -> list[dict[str, Any]]:
    """`pictures` queries and as many gallery pictures of each person in each of the cameras of either side."""
    sides = (("query", asks, asking), ("gallery", answers, answering))
    rows = [
        {"person": p, "camera": c, "split": split, **columns}
        for p in PERSONS
        for split, columns, cameras in sides
        for c in cameras
        for _ in range(pictures)
    ]
    return [{"path": f"cam{row['camera']}/{row['person']:04d}/{i:04d}.jpg", **row} for i, row in enumerate(rows)]


COLOUR, THERMAL = {"modality": "colour"}, {"modality": "thermal"}
INFRARED, SKETCH = {"modality": "infrared"}, {"modality": "sketch"}


def shop() -> list[dict[str, Any]]:
    return rows_of({}, {}, (1, 2, 3), (1, 2, 3))


def dressed() -> list[dict[str, Any]]:
    return [row | {"tracklet": i, "clothes": "ab"[i % 2]} for i, row in enumerate(shop())]


def walks(camera: int = 2) -> list[dict[str, Any]]:
    """Three frames a tracklet."""
    rows = rows_of({}, {}, (1,), (camera,), 1)
    return [
        row | {"path": f"{f}/{row['path']}", "tracklet": i, "frame": f} for i, row in enumerate(rows) for f in range(3)
    ]


def pooled(run: Run) -> Run:
    return lambda made, x: run(*pool_tracklets(made, x))


def ten_splits(made: CropTable, x: np.ndarray) -> TrialsResult:
    """Every split tests on some of the people."""
    trials = []
    for split in range(10):
        chosen = np.flatnonzero((made.person < 1) | ((made.person + split) % 6 < 4))
        trials.append(video(*pool_tracklets(made.take(chosen), x[chosen])))
    return TrialsResult.of(trials)


@dataclass(frozen=True)
class Case:
    """A protocol, rows it ranks, and what an added gallery picture looks like."""

    rows: list[dict[str, Any]]
    run: Run
    gallery: dict[str, Any]
    distractor: int = 0
    """Its person: 0, or where galleries are drawn from people, one nobody asks for."""


def sysu(**options: Any) -> Case:
    rows = [
        *rows_of(INFRARED, COLOUR, (3, 6), (1, 2, 4, 5), 11),
    ]
    return Case(rows, lambda made, x: sysu_mm01(made, x, **options), {"camera": 1, **COLOUR}, 12)


CASES = {
    "market1501": Case(shop(), market1501, {"camera": 2}),
    "cuhk03 new": Case(rows_of({}, {}, (1, 2), (1, 2)), market1501, {"camera": 2}),
    "cuhk03 classic": Case(
        rows_of({}, {}, (1,), (2,)), lambda made, x: cuhk03_classic(made, x, repeats=9), {"camera": 2}
    ),
    "sysu all single": sysu(),
    "sysu all multi": sysu(shots=10),
    "sysu indoor single": sysu(search="indoor"),
    "sysu indoor multi": sysu(search="indoor", shots=10),
    "regdb visible": Case(
        rows_of(COLOUR, THERMAL, (1,), (2,)),
        lambda made, x: regdb(made, x, direction="visible-to-thermal"),
        {"camera": 2, **THERMAL},
    ),
    "regdb thermal": Case(
        rows_of(COLOUR, THERMAL, (1,), (2,)),
        lambda made, x: regdb(made, x, direction="thermal-to-visible"),
        {"camera": 1, **COLOUR},
    ),
    "llcm infrared": Case(rows_of(INFRARED, COLOUR, (1, 2, 4), (1, 2, 3)), llcm, {"camera": 1, **COLOUR}, 12),
    "llcm visible": Case(
        rows_of(INFRARED, COLOUR, (1, 2, 4), (1, 2, 3)),
        lambda made, x: llcm(made, x, direction="visible-to-infrared"),
        {"camera": 1, **INFRARED},
        12,
    ),
    "pku-sketch": Case(rows_of(SKETCH, COLOUR, (0,), (1, 2), 1), pku_sketch, {"camera": 1, **COLOUR}),
    "mars": Case(dressed(), pooled(video), {"camera": 2}),
    "mars, queries join": Case(dressed(), pooled(lambda made, x: video(made, x, query_in_gallery=True)), {"camera": 2}),
    "ten splits": Case(walks(), ten_splits, {"camera": 2}),
    "ccvid general": Case(dressed(), pooled(ccvid), {"camera": 2, "clothes": "a"}),
    "ccvid same clothes": Case(
        dressed(), pooled(lambda made, x: ccvid(made, x, setting="same-clothes")), {"camera": 2, "clothes": "a"}
    ),
    "ccvid other clothes": Case(
        dressed(), pooled(lambda made, x: ccvid(made, x, setting="clothes-changing")), {"camera": 2, "clothes": "a"}
    ),
}


def made(case: Case, seed: int) -> tuple[CropTable, np.ndarray]:
    """The case's table and random features, in which pictures of a person are somewhat alike, frames of a walk equal."""
    rows = table(case.rows)
    x = features(len(rows), seed)
    if "tracklet" in case.rows[0]:
        x = x[np.unique(rows.column("tracklet"), return_index=True)[1]][rows.column("tracklet")]
    return rows, x + features(20, seed + 1)[rows.person]


def with_pictures(
    case: Case, rows: CropTable, x: np.ndarray, person: int, like: np.ndarray
) -> tuple[CropTable, np.ndarray]:
    """Gallery pictures of `person` with the features `like` (N, D), each after the others' paths, in front of the table."""
    more = [
        {"path": f"z/{i}.jpg", "person": person, "split": "gallery", **case.gallery}
        | ({"tracklet": 900 + i, "frame": 0} if "tracklet" in case.rows[0] else {})
        for i in range(len(like))
    ]
    frame = pd.concat([table(more).frame, rows.frame], ignore_index=True)
    return CropTable(frame, rows.name, rows.root), np.concatenate([like, x])


def per_query(result: Result) -> list[RetrievalResult]:
    return result.trials if isinstance(result, TrialsResult) else [result]


def agree(one: Result, two: Result) -> None:
    """Equal figures; and the same average precisions, whatever the order of the queries."""
    for name in ("rank1", "rank5", "rank10", "mAP", "mINP"):
        assert one.summary()[name] == pytest.approx(two.summary()[name], abs=1e-9)
    np.testing.assert_allclose(one.cmc, two.cmc, atol=1e-9)
    for a, b in zip(per_query(one), per_query(two)):
        np.testing.assert_allclose(np.sort(a.average_precision), np.sort(b.average_precision), atol=1e-9)
        assert a.settings["skipped_queries"] == b.settings["skipped_queries"]


every = pytest.mark.parametrize("name", CASES)


@every
def test_the_order_of_rows_changes_nothing(name: str) -> None:
    for seed in range(3):
        rows, x = made(CASES[name], seed)
        order = np.random.default_rng(seed).permutation(len(rows))
        agree(CASES[name].run(rows, x), CASES[name].run(rows.take(order), x[order]))


@every
def test_a_distractor_never_raises_map(name: str) -> None:
    case = CASES[name]
    for seed in range(3):
        rows, x = made(case, seed)
        before = case.run(rows, x)
        query = rows.column("split") == "query"
        asked = x[query] if name != "regdb thermal" and name != "llcm visible" else x[~query]
        after = case.run(
            *with_pictures(case, rows, x, case.distractor, asked[:1])
        )  # a copy of a query: the worst there is
        assert after.mAP < before.mAP
        for a, b in zip(per_query(after), per_query(before)):
            seen = ~np.isnan(b.average_precision)
            assert (a.average_precision[seen] <= b.average_precision[seen] + 1e-12).all()
            assert a.mINP <= b.mINP
            if name != "cuhk03 classic":  # which draws anew where there is another person
                assert (a.cmc <= b.cmc).all()


@every
def test_junk_changes_nothing(name: str) -> None:
    case = CASES[name]
    for seed in range(3):
        rows, x = made(case, seed)
        agree(case.run(rows, x), case.run(*with_pictures(case, rows, x, -1, x[:40])))


@every
def test_perfect_embeddings_give_100(name: str) -> None:
    case = CASES[name]
    rows = table(case.rows)
    summary = case.run(rows, np.eye(20, dtype=np.float32)[rows.person]).summary()
    assert [summary[figure] for figure in ("rank1", "rank5", "rank10", "mAP", "mINP")] == [100] * 5


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("sysu")])
def test_laws_hold_with_published_draws(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    rows, x = made(case, 0)
    rows = CropTable(rows.frame, rows.name, tmp_path)
    write(permutations(rows), tmp_path / "rand_perm_cam.mat")
    order = np.random.default_rng(0).permutation(len(rows))
    plain = case.run(rows, x)
    assert plain.settings["draws"] == "rand_perm_cam.mat"
    agree(plain, case.run(rows.take(order), x[order]))
    agree(plain, case.run(*with_pictures(case, rows, x, -1, x[:40])))
    assert case.run(rows, np.eye(20, dtype=np.float32)[rows.person]).mAP == 1
