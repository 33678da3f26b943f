"""RegDB, LLCM, PKU-Sketch, CUHK03, video and clothes protocols against plain sorting."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from reidapt.data import CropTable
from reidapt.errors import ConfigError, DataError
from reidapt.evaluation import RetrievalResult, TrialsResult, load_result
from reidapt.evaluation.protocols import (
    ccvid,
    cross_modal,
    cuhk03_classic,
    llcm,
    market1501,
    pku_sketch,
    pool_tracklets,
    protocol,
    regdb,
    video,
)

from .tables import cosines, features, table


def sorted_lists(x: np.ndarray, query, gallery, drop, person) -> list[list[int]]:
    """Every query's ranked gallery rows; `drop(query row, gallery row)` says what it leaves out."""
    score = cosines(x[query], x[gallery])
    lists = []
    for i, q in enumerate(query):
        order = sorted(range(len(gallery)), key=lambda j: -score[i, j])
        lists.append([gallery[j] for j in order if person[gallery[j]] != -1 and not drop(q, gallery[j])])
    return lists


def figures(lists, query, person) -> tuple[float, float, float, int]:
    """(rank-1, mAP, mINP, skipped queries) of ranked lists."""
    first, aps, inps = [], [], []
    for q, ranked in zip(query, lists):
        ranks = [k for k, g in enumerate(ranked, 1) if person[g] == person[q]]
        if ranks:
            first.append(ranks[0] == 1)
            aps.append(np.mean([(n + 1) / k for n, k in enumerate(ranks)]))
            inps.append(len(ranks) / ranks[-1])
    return float(np.mean(first)), float(np.mean(aps)), float(np.mean(inps)), len(query) - len(aps)


def agree(result: RetrievalResult, expected: tuple[float, float, float, int]) -> None:
    found = (result.cmc[0], result.mAP, result.mINP, result.settings["skipped_queries"])
    np.testing.assert_allclose(found, expected, atol=1e-9)


def two_modalities(other: str, persons: int = 7, pictures: int = 4, cameras: tuple[int, ...] = (1, 2)) -> CropTable:
    rows = [
        {"person": p, "camera": c, "modality": m, "split": "query" if m == other else "gallery"}
        for p in range(1, persons + 1)
        for m in ("colour", other)
        for c in cameras
        for _ in range(pictures)
    ]
    return table(rows, other)


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("direction", ["visible-to-thermal", "thermal-to-visible"])
def test_regdb(direction: str, coarse: bool) -> None:
    made = two_modalities("thermal", cameras=(1,))  # the same camera number on both sides leaves nothing out
    x = features(len(made), 1, coarse=coarse)
    colour = [i for i, m in enumerate(made.column("modality")) if m == "colour"]
    thermal = [i for i, m in enumerate(made.column("modality")) if m == "thermal"]
    query, gallery = (colour, thermal) if direction == "visible-to-thermal" else (thermal, colour)
    lists = sorted_lists(x, query, gallery, lambda q, g: False, made.person)
    result = regdb(made, x, direction=direction)
    agree(result, figures(lists, query, made.person))
    assert result.settings["direction"] == direction
    assert result.settings["same_camera_rule"] == "not applied"
    np.testing.assert_array_equal(result.gallery_rows[result.top(3)], [ranked[:3] for ranked in lists])


def test_pku_sketch_keeps_photos_of_every_camera() -> None:
    made = two_modalities("sketch", pictures=1)
    x = features(len(made), 2)
    query = [i for i, m in enumerate(made.column("modality")) if m == "sketch"]
    gallery = [i for i, m in enumerate(made.column("modality")) if m == "colour"]
    lists = sorted_lists(x, query, gallery, lambda q, g: False, made.person)
    agree(pku_sketch(made, x), figures(lists, query, made.person))


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("direction", ["infrared-to-visible", "visible-to-infrared"])
def test_llcm(direction: str, coarse: bool) -> None:
    made = two_modalities("infrared", pictures=3, cameras=(1, 2, 4))
    x = features(len(made), 4, coarse=coarse)
    asks = "infrared" if direction == "infrared-to-visible" else "colour"
    query = [i for i, m in enumerate(made.column("modality")) if m == asks]
    other = [i for i, m in enumerate(made.column("modality")) if m != asks]
    person, camera = made.person, made.camera
    result = llcm(made, x, direction=direction, trials=3)
    for trial, found in enumerate(result.trials):
        generator, gallery = random.Random(trial), []
        for p, c in itertools.product(range(1, 8), (1, 2, 4)):
            gallery.append(generator.choice([i for i in other if (person[i], camera[i]) == (p, c)]))
        np.testing.assert_array_equal(found.gallery_rows, gallery)
        lists = sorted_lists(x, query, gallery, lambda q, g: person[q] == person[g] and camera[q] == camera[g], person)
        _, mean_ap, minp, skipped = figures(lists, query, person)
        once = [list(dict.fromkeys(person[g] for g in ranked)) for ranked in lists]
        cmc = np.mean([[person[q] in names[:k] for k in range(1, 8)] for q, names in zip(query, once)], axis=0)
        np.testing.assert_allclose(found.cmc[:7], cmc)
        agree(found, (cmc[0], mean_ap, minp, skipped))


def shop(persons: int = 6, pictures: int = 3) -> CropTable:
    rows = [
        {"person": p, "camera": c, "split": s}
        for p in range(1, persons + 1)
        for c in (1, 2)
        for s in ("query", "gallery")
        for _ in range(pictures)
    ]
    return table(
        [*rows, {"person": 0, "camera": 1, "split": "gallery"}, {"person": -1, "camera": 2, "split": "gallery"}]
    )


@pytest.mark.parametrize("coarse", [False, True])
def test_market(coarse: bool) -> None:
    made = shop()
    x = features(len(made), 5, coarse=coarse)
    query, gallery = (np.flatnonzero(made.column("split") == s).tolist() for s in ("query", "gallery"))
    lists = sorted_lists(
        x,
        query,
        gallery,
        lambda q, g: (made.person[q], made.camera[q]) == (made.person[g], made.camera[g]),
        made.person,
    )
    agree(market1501(made, x), figures(lists, query, made.person))


@pytest.mark.parametrize("coarse", [False, True])
def test_cuhk03_classic_redraws_as_it_says(coarse: bool) -> None:
    made = shop()
    x = features(len(made), 6, coarse=coarse)
    query, gallery = (np.flatnonzero(made.column("split") == s).tolist() for s in ("query", "gallery"))
    score = cosines(x[query], x[gallery])
    result = cuhk03_classic(made, x, repeats=5, seed=3)
    person, camera = made.person, made.camera
    for i, q in enumerate(query):
        draws = np.random.default_rng([3, i])
        groups = {}
        for j, g in enumerate(gallery):
            if person[g] != -1 and (person[g], camera[g]) != (person[q], camera[q]):
                groups.setdefault(person[g] if person[g] else 7, []).append(j)
        counts = [len(groups[p]) for p in sorted(groups)]
        for repeat, numbers in enumerate(draws.integers(0, counts, size=(5, len(counts)))):
            drawn = [groups[p][n] for p, n in zip(sorted(groups), numbers)]
            ranked = sorted(sorted(drawn), key=lambda j: -score[i, j])
            expected = [person[gallery[j]] for j in ranked].index(person[q]) + 1
            assert result.trials[repeat].first_match[i] == expected


def test_cuhk03_classic_tends_to_the_exact_expectation() -> None:
    """The chance of a first place is, for each picture of the person, the product of the others' chances to lie below."""
    made = shop()
    x = features(len(made), 7)
    query, gallery = (np.flatnonzero(made.column("split") == s) for s in ("query", "gallery"))
    score, chances = cosines(x[query], x[gallery]), []
    for i, q in enumerate(query):
        person = np.where(made.person[gallery] == 0, 7, made.person[gallery])
        valid = (person != -1) & ~((person == made.person[q]) & (made.camera[gallery] == made.camera[q]))
        own = np.flatnonzero(valid & (person == made.person[q]))
        chances.append(
            np.mean(
                [
                    np.prod(
                        [
                            np.mean(score[i, valid & (person == p)] < score[i, j])
                            for p in range(1, 8)
                            if p != made.person[q]
                        ]
                    )
                    for j in own
                ]
            )
        )
    result = cuhk03_classic(made, x, repeats=2000)
    assert result.cmc[0] == pytest.approx(np.mean(chances), abs=0.01)
    assert result.settings["average_precision_of"] == "the whole gallery"


def tracklets(frames: int = 3) -> CropTable:
    """MARS in small: six persons, three cameras; queries of person 6 have no match but another query."""
    rows, number = [], 0
    for person in (*range(1, 7), -1):
        for camera in (1, 2, 3):
            for split in ("query", "gallery"):
                if (person == -1 and split == "query") or (person == 6 and split == "gallery"):
                    continue
                number += 1
                rows += [
                    {"person": person, "camera": camera, "split": split, "tracklet": number, "frame": f}
                    for f in range(frames)
                ]
    return table(rows, "mars")


def test_tracklets_are_means_of_unit_vectors() -> None:
    made = tracklets()
    x = features(len(made), 1)
    pooled, vectors = pool_tracklets(made, x)
    assert len(pooled) == len(made) // 3
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    mean = unit.reshape(-1, 3, 8).mean(1)
    np.testing.assert_allclose(vectors.numpy(), mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=1e-6)
    order = np.random.default_rng(0).permutation(len(made))
    again, same = pool_tracklets(made.take(order), x[order])
    back = {t: i for i, t in enumerate(again.column("tracklet"))}
    np.testing.assert_allclose(same[[back[t] for t in pooled.column("tracklet")]].numpy(), vectors.numpy(), atol=1e-6)
    with pytest.raises(DataError, match="no tracklet"):
        pool_tracklets(made.assign(tracklet=-1), x)


@pytest.mark.parametrize("joined", [False, True])
def test_mars_counts_the_skipped_queries(joined: bool) -> None:
    made = tracklets(frames=1)
    x = features(len(made), 3)
    query, gallery = (np.flatnonzero(made.column("split") == s).tolist() for s in ("query", "gallery"))
    gallery = gallery + query if joined else gallery
    lists = sorted_lists(
        x,
        query,
        gallery,
        lambda q, g: (made.person[q], made.camera[q]) == (made.person[g], made.camera[g]),
        made.person,
    )
    result = video(made, x, query_in_gallery=joined)
    agree(result, figures(lists, query, made.person))
    assert result.settings["skipped_queries"] == (0 if joined else 3)
    assert result.settings["query_in_gallery"] is joined
    assert f"({0 if joined else 3} without a match)" in str(result)


@pytest.mark.parametrize("setting", ["general", "same-clothes", "clothes-changing"])
@pytest.mark.parametrize("column", ["clothes", "outfit"])
def test_ccvid_settings(setting: str, column: str) -> None:
    rows = [
        {"person": p, "camera": c, "split": s, column: w, "tracklet": 1}
        for p in range(1, 6)
        for c in (1, 2)
        for w in ("a", "b")
        for s in ("query", "gallery")
        if not (p == 5 and s == "gallery" and w == "a")
    ]
    made = table(rows, "ccvid")
    x = features(len(made), 9)
    worn = made.column(column)
    query, gallery = (np.flatnonzero(made.column("split") == s).tolist() for s in ("query", "gallery"))

    def drop(q: int, g: int) -> bool:
        if made.person[q] != made.person[g]:
            return False
        if made.camera[q] == made.camera[g]:
            return True
        return {"general": False, "same-clothes": worn[q] != worn[g], "clothes-changing": worn[q] == worn[g]}[setting]

    result = ccvid(made, x, setting=setting)
    agree(result, figures(sorted_lists(x, query, gallery, drop, made.person), query, made.person))
    assert result.settings["skipped_queries"] == {"general": 0, "same-clothes": 2, "clothes-changing": 2}[setting]


def test_ccvid_without_clothes_says_so() -> None:
    made = tracklets(frames=1)
    with pytest.raises(DataError, match="no column 'clothes'"):
        ccvid(made, features(len(made), 0), setting="clothes-changing")


def test_splits_are_averaged_and_the_first_is_shown(tmp_path) -> None:
    made = shop()
    results = [market1501(made, features(len(made), seed)) for seed in range(4)]
    merged = TrialsResult.of(results)
    rank1 = np.array([100 * r.cmc[0] for r in results])
    assert merged.summary()["rank1"] == pytest.approx(rank1.mean())
    assert merged.summary()["std"]["rank1"] == pytest.approx(rank1.std(ddof=1))
    assert f"first alone: rank1 {rank1[0]:.1f}" in str(merged)
    assert f"{rank1.mean():.1f} ± {rank1.std(ddof=1):.1f}" in str(merged)
    back = load_result(merged.save(tmp_path / "r"))
    assert isinstance(back, TrialsResult)
    assert back.summary() == merged.summary()
    np.testing.assert_array_equal(back.trials[2].average_precision, results[2].average_precision)
    np.testing.assert_array_equal(back.trials[0].top(5), results[0].top(5))
    assert isinstance(load_result(results[0].save(tmp_path / "one")), RetrievalResult)


def test_trials_of_one_protocol_only() -> None:
    made = two_modalities("thermal")
    x = features(len(made), 0)
    with pytest.raises(DataError, match="market1501, regdb"):
        TrialsResult.of([regdb(made, x), market1501(made, x)])
    with pytest.raises(DataError, match="no trials"):
        TrialsResult.of([])


def test_protocols_are_named_with_options() -> None:
    assert protocol("auto", "sysu-mm01:DIR").name == "sysu-mm01"
    assert protocol("auto", "market1501:DIR").name == "market1501"
    assert protocol("sysu-mm01?search=indoor&shots=10").options == {"search": "indoor", "shots": 10}
    assert protocol("video?query-in-gallery=yes").options == {"query_in_gallery": True}
    for text, words in {
        "sysu": "Did you mean 'sysu-mm01'",
        "sysu-mm01?serch=indoor": "no option 'serch'",
        "sysu-mm01?search=outdoor": "expected all or indoor",
        "sysu-mm01?shots=ten": "whole number",
        "sysu-mm01?indoor": "isn't written option=value",
        "video?query_in_gallery=maybe": "yes or no",
    }.items():
        with pytest.raises(ConfigError, match=words):
            protocol(text)


@pytest.mark.parametrize("probe", ["auto", "colour"])
@pytest.mark.parametrize("shots", [1, 0])
def test_cross_modal(probe: str, shots: int) -> None:
    made = two_modalities("sketch", cameras=(1, 2))
    x = features(len(made), 2)
    modality = made.column("modality")
    asked = "sketch" if probe == "auto" else "colour"
    query = [i for i, m in enumerate(modality) if m == asked]
    whole = [i for i, m in enumerate(modality) if m != asked]
    result = cross_modal(made, x, probe=probe, shots=shots)
    assert len(result.trials) == (10 if shots else 1)
    for number, trial in enumerate(result.trials):
        gallery = whole
        if shots:
            draw = random.Random(number)
            keys = sorted({(made.person[i], made.camera[i]) for i in whole})
            groups = [[i for i in whole if (made.person[i], made.camera[i]) == key] for key in keys]
            gallery = [draw.choice(sorted(group, key=lambda i: made.paths[i])) for group in groups]
        np.testing.assert_array_equal(sorted(trial.gallery_rows), sorted(gallery))
        lists = sorted_lists(x, query, gallery, lambda q, g: False, made.person)
        agree(trial, figures(lists, query, made.person))
    with pytest.raises(ConfigError, match="modalities colour; this protocol ranks colour against one other"):
        cross_modal(made.select(modality="colour"), x[modality == "colour"])


@pytest.mark.parametrize(
    ("cameras", "expected"),
    [
        ({"colour": (1, 2, 4, 5), "infrared": (3, 6)}, "sysu-mm01"),
        ({"colour": (1, 2), "infrared": (3,)}, "sysu-mm01"),
        ({"colour": (1, 3), "infrared": (2,)}, "cross-modal"),
        ({"colour": (1,), "thermal": (2,)}, "regdb"),
        ({"colour": (1, 2), "thermal": (2,)}, "cross-modal"),
        ({"colour": (1, 2), "sketch": (3,)}, "cross-modal"),
        ({"colour": (1, 2)}, "market1501"),
        ({"infrared": (1, 2), "thermal": (3,)}, "market1501"),
    ],
)
def test_auto_fits_the_modalities_of_data_without_a_protocol(cameras: dict, expected: str) -> None:
    rows = [
        {"person": person, "camera": c, "modality": kind, "split": split}
        for person in (1, 2)
        for kind, numbers in cameras.items()
        for c in numbers
        for split in ("query", "gallery")
    ]
    train = [{"person": 9, "camera": 7, "modality": "sketch", "split": "train"}]  # training pictures do not matter
    made = table(rows + train)
    assert protocol("auto", "world:anywhere", made).name == expected
    assert protocol("auto", "csv:anywhere", made).name == expected
    assert protocol("auto", "llcm:DIR", made).name == "llcm"  # a dataset with a rule of its own keeps it
    assert protocol("auto", "market1501:DIR", made).name == "market1501"
