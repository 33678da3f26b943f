"""Every dataset as its layout writes it and its reader reads it, evaluated by its own protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.data.layouts.trees import make_table

from reidapt.data import read
from reidapt.data.layouts import plan, write_layout
from reidapt.evaluation import RetrievalResult, TrialsResult
from reidapt.evaluation.protocols import Ranking, pool_tracklets, protocol

from .tables import features

FIRST = {
    "sysu-mm01": "sysu-mm01",
    "regdb?trial=2": "regdb",
    "llcm": "llcm",
    "pku-sketch?trial=3": "pku-sketch",
    "mars": "video",
    "ilids-vid?trial=2": "video",
    "prid2011": "video",
    "ls-vid": "video",
    "ccvid": "ccvid",
    "msmt17": "market1501",
    "cuhk03?boxes=detected": "market1501",
    "cuhk03?boxes=detected&protocol=classic": "cuhk03-classic",
}


@pytest.mark.parametrize("dataset", sorted(FIRST))
def test_own_protocol(dataset: str, tmp_path: Path) -> None:
    name, _, options = dataset.partition("?")
    folder = write_layout(make_table(tmp_path / "made", **plan(name)), name, tmp_path / "out")
    spec = f"{name}:{folder}" + (f"?{options}" if options else "")
    chosen = protocol("auto", spec)
    assert chosen.name == FIRST[dataset]
    table = read(spec)
    test = table.select(split=["query", "gallery"])
    codes = np.eye(int(test.person.max()) + 2, dtype=np.float32)[test.person + 1]
    x = codes + 0.01 * features(len(test), 0, dim=codes.shape[1])  # pictures of a person are alike
    if chosen.tracklets:
        test, x = pool_tracklets(test, x)
    result = chosen.run(test, x, Ranking(), **chosen.options)
    summary = result.summary()
    assert (summary["rank1"], summary["mAP"]) == (100, 100)
    trials = result.trials if isinstance(result, TrialsResult) else [result]
    assert all(isinstance(trial, RetrievalResult) for trial in trials)
    assert all(np.isin(test.column("split")[trial.query_rows], ("query", "gallery")).all() for trial in trials)
    if name == "sysu-mm01":
        assert summary["draws"] == "rand_perm_cam.mat"
        assert len({tuple(trial.gallery_rows) for trial in trials}) > 1


@pytest.mark.parametrize(("search", "shots"), [("all", 1), ("all", 10), ("indoor", 1), ("indoor", 10)])
def test_sysu_gallery_is_that_of_the_written_permutations(search: str, shots: int, tmp_path: Path) -> None:
    from scipy.io import loadmat

    folder = write_layout(make_table(tmp_path / "made", **plan("sysu-mm01")), "sysu-mm01", tmp_path / "out")
    table = read(f"sysu-mm01:{folder}").select(split=["query", "gallery"])
    result = protocol(f"sysu-mm01?search={search}&shots={shots}").run(
        table, features(len(table), 0), Ranking(), search=search, shots=shots
    )
    cells = loadmat(folder / "exp" / "rand_perm_cam.mat")["rand_perm_cam"]
    for number, trial in enumerate(result.trials):
        expected = set()
        for camera in (1, 2, 4, 5) if search == "all" else (1, 2):
            for person in np.unique(table.person):
                order = cells[camera - 1, 0][person - 1, 0]
                for picture in order[number, :shots] if order.size else []:
                    expected.add(f"cam{camera}/{person:04d}/{int(picture):04d}.jpg")
        found = {"/".join(path.split("/")[-3:]) for path in table.paths[trial.gallery_rows]}
        assert found == expected
