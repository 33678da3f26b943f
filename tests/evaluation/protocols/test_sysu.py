"""SYSU-MM01 against a slow implementation written from the protocol's text."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from reidapt.data import CropTable
from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.protocols import Ranking, sysu_mm01

from .tables import cosines, features, table

PERSONS = (2, 5, 6, 9, 11, 12)


def dataset(root: Path = Path("/nowhere"), seed: int = 0) -> CropTable:
    """Six test persons in cameras 1-6 (some missing a camera), 11 to 13 pictures each, and one training person."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in (1, *PERSONS):
        for camera in range(1, 7):
            if (person, camera) in ((5, 1), (9, 2), (9, 3), (12, 4)):
                continue
            infrared = camera in (3, 6)
            split = "train" if person == 1 else "query" if infrared else "gallery"
            rows += [
                {
                    "path": f"cam{camera}/{person:04d}/{k:04d}.jpg",
                    "person": person,
                    "camera": camera,
                    "modality": "infrared" if infrared else "colour",
                    "split": split,
                }
                for k in range(1, 1 + (3 if infrared else int(rng.integers(11, 14))))
            ]
    order = rng.permutation(len(rows))  # nothing may depend on the order of the table's rows
    return table([rows[i] for i in order], "sysu-mm01", root)


def permutations(made: CropTable, seed: int = 1) -> list[list[np.ndarray | None]]:
    """[camera - 1][person - 1] -> (10, pictures) orders from 1, None where a person isn't in a camera."""
    rng = np.random.default_rng(seed)
    cells: list[list[np.ndarray | None]] = []
    for camera in range(1, 7):
        cells.append([])
        for person in range(1, 13):
            count = int(((made.camera == camera) & (made.person == person)).sum())
            cells[-1].append(np.stack([rng.permutation(count) + 1 for _ in range(10)]) if count else None)
    return cells


def write(cells: list[list[np.ndarray | None]], path: Path) -> None:
    outer = np.empty((6, 1), object)
    for c, persons in enumerate(cells):
        inner = np.empty((len(persons), 1), object)
        for p, orders in enumerate(persons):
            inner[p, 0] = np.empty((0, 0)) if orders is None else orders.astype(np.float64)
        outer[c, 0] = inner
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"rand_perm_cam": outer})


def slow(made: CropTable, x: np.ndarray, search: str, shots: int, draw) -> tuple[float, float, float, np.ndarray]:
    """(rank-1, mAP, mINP, CMC) of one trial; `draw(camera, person, sorted rows)` gives the gallery's rows."""
    frame = made.frame
    places = {}
    for row, (path, person, camera, split) in enumerate(
        zip(frame["path"], frame["person"], frame["camera"], frame["split"])
    ):
        if split != "train":
            places.setdefault((person, camera), []).append((path, row))
    cameras = (1, 2, 4, 5) if search == "all" else (1, 2)
    gallery = []
    for person in PERSONS:
        for camera in cameras:
            rows = [row for _, row in sorted(places.get((person, camera), []))]
            if rows:
                gallery += draw(camera, person, rows)[:shots]
    query = [row for (_, camera), pairs in places.items() if camera in (3, 6) for _, row in pairs]
    score = cosines(x[query], x[gallery])
    person, camera = made.person, made.camera
    cmc, aps, inps = np.zeros(50), [], []
    for i, q in enumerate(query):
        ranked = sorted(range(len(gallery)), key=lambda j: -score[i, j])
        ranked = [gallery[j] for j in ranked]
        ranked = [g for g in ranked if not (camera[q] == 3 and camera[g] == 2)]
        hits = [person[g] == person[q] for g in ranked]
        if not any(hits):
            continue
        identities = list(dict.fromkeys(person[g] for g in ranked))
        cmc[identities.index(person[q]) :] += 1
        places_of_hits = [k + 1 for k, hit in enumerate(hits) if hit]
        aps.append(np.mean([(n + 1) / k for n, k in enumerate(places_of_hits)]))
        inps.append(len(places_of_hits) / places_of_hits[-1])
    cmc /= len(aps)
    return cmc[0], float(np.mean(aps)), float(np.mean(inps)), cmc


@pytest.mark.parametrize("search", ["all", "indoor"])
@pytest.mark.parametrize("shots", [1, 10])
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("draws", ["published", "seeded"])
def test_equals_the_protocols_text(search: str, shots: int, coarse: bool, draws: str, tmp_path: Path) -> None:
    made = dataset(tmp_path)
    x = features(len(made), 3, coarse=coarse)
    cells = permutations(made)
    write(cells, tmp_path / "exp" / "rand_perm_cam.mat")
    result = sysu_mm01(made, torch.from_numpy(x), search=search, shots=shots, draws=draws)
    assert len(result.trials) == 10
    for trial, found in enumerate(result.trials):
        generator = random.Random(trial)

        def draw(camera: int, person: int, rows: list[int]) -> list[int]:
            if draws == "published":
                return [rows[k - 1] for k in cells[camera - 1][person - 1][trial]]  # noqa: B023
            return [generator.choice(rows)] if shots == 1 else generator.sample(rows, 10)  # noqa: B023

        rank1, mean_ap, minp, cmc = slow(made, x, search, shots, draw)
        np.testing.assert_allclose(found.cmc, cmc, atol=1e-9)
        assert found.cmc[0] == pytest.approx(rank1)
        assert found.mAP == pytest.approx(mean_ap, abs=1e-9)
        assert found.mINP == pytest.approx(minp, abs=1e-9)
    summary = result.summary()
    assert summary["rank1"] == pytest.approx(100 * np.mean([t.cmc[0] for t in result.trials]))
    assert summary["std"]["mAP"] == pytest.approx(100 * np.std([t.mAP for t in result.trials], ddof=1))


def test_counts_follow_the_protocol() -> None:
    made = dataset()
    x = features(len(made), 0)
    single = sysu_mm01(made, x, trials=1)
    assert single.settings["gallery"] == 6 * 4 - 3  # persons x colour cameras, three pairs missing
    assert sysu_mm01(made, x, shots=10, trials=1).settings["gallery"] == 10 * 21
    assert sysu_mm01(made, x, search="indoor", trials=1).settings["gallery"] == 6 * 2 - 2
    assert single.settings["queries"] == 3 * (12 - 1)


def test_draws_are_recorded_and_never_mixed(tmp_path: Path) -> None:
    made, x = dataset(tmp_path), features(len(dataset()), 0)
    assert "seeded" in sysu_mm01(made, x, trials=2).settings["draws"]
    write(permutations(made), tmp_path / "rand_perm_cam.mat")
    assert sysu_mm01(made, x, trials=2).settings["draws"] == "rand_perm_cam.mat"
    assert "seeded" in sysu_mm01(made, x, trials=2, draws="seeded").settings["draws"]


def test_the_order_of_rows_changes_nothing() -> None:
    made = dataset()
    x = features(len(made), 3)
    order = np.random.default_rng(8).permutation(len(made))
    one, two = sysu_mm01(made, x, trials=3), sysu_mm01(made.take(order), x[order], trials=3)
    np.testing.assert_allclose(one.cmc, two.cmc)
    assert one.mAP == pytest.approx(two.mAP)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    x = features(len(made), 0)
    with pytest.raises(DataError, match=r"rand_perm_cam\.mat"):
        sysu_mm01(made, x, draws="published")
    cells = permutations(made)
    cells[0][1] = cells[0][1] + 1  # numbers a picture that isn't there
    write(cells, tmp_path / "rand_perm_cam.mat")
    with pytest.raises(DataError, match="person 2 from camera 1"):
        sysu_mm01(made, x, shots=20)
    cells[0][1] = None
    write(cells, tmp_path / "rand_perm_cam.mat")
    with pytest.raises(DataError, match="no order for person 2, camera 1"):
        sysu_mm01(made, x)
    (tmp_path / "rand_perm_cam.mat").write_bytes(b"not MATLAB")
    with pytest.raises(DataError, match="can't be read"):
        sysu_mm01(made, x)
    with pytest.raises(ConfigError, match="search"):
        sysu_mm01(made, x, search="outdoor")
    with pytest.raises(DataError, match="infrared cameras 3 and 6"):
        sysu_mm01(made.select(camera=[1, 2]), x[: len(made.select(camera=[1, 2]))])
    with pytest.raises(DataError, match="one row of features"):
        sysu_mm01(made, x[1:])


def test_reranking_and_ap_are_recorded() -> None:
    from reidapt.evaluation import Reranking

    made = dataset()
    x = features(len(made), 0)
    how = Ranking(ap="trapezoid", reranking=Reranking(), record={"flip": True})
    settings = sysu_mm01(made, x, how, trials=1).settings
    assert (settings["ap"], settings["flip"]) == ("trapezoid", True)
    assert settings["reranking"] == "k-reciprocal, k1 20, k2 6, λ 0.3"
