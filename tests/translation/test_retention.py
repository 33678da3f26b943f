"""Identity retention against plain loops, and the figures drawn from it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from tests.conftest import QUICK
from tests.masked_market import QUICK_GAN, write_masked_market

from reidapt.cli import main
from reidapt.data import CropTable
from reidapt.errors import DataError
from reidapt.translation.figures import GREEN, RED, example_figure, grid, neighbour_figure
from reidapt.translation.retention import Retention, nearest, originals_of


def by_loops(queries, gallery, persons, gallery_persons, own):
    margins = []
    for q, query in enumerate(queries.double()):
        score = {g: float(query @ other) for g, other in enumerate(gallery.double()) if g != own[q]}
        right = [s for g, s in score.items() if gallery_persons[g] == persons[q]]
        wrong = [s for g, s in score.items() if gallery_persons[g] != persons[q]]
        margins.append(max(right) - max(wrong) if right else np.nan)
    return margins


def test_margins_equal_plain_loops_and_leave_the_own_original_out():
    torch.manual_seed(0)
    queries, gallery = F.normalize(torch.randn(7, 5), dim=1), F.normalize(torch.randn(9, 5), dim=1)
    gallery_persons = np.array([1, 1, 2, 2, 2, 3, 3, 4, 5])  # 4 and 5 have one crop each
    own = np.array([0, 1, 2, 5, 6, 7, 8])
    persons = gallery_persons[own]
    margin, near = nearest(queries, gallery, persons, gallery_persons, own, 9)
    assert margin == pytest.approx(by_loops(queries, gallery, persons, gallery_persons, own), abs=1e-5, nan_ok=True)
    assert np.isnan(margin[-2:]).all()
    assert (near[:, -1] == own).all()  # last of all: it is not compared with
    exact, _ = nearest(gallery[own], gallery, persons, gallery_persons, own, 1)
    assert exact == pytest.approx(by_loops(gallery[own], gallery, persons, gallery_persons, own), abs=1e-5, nan_ok=True)


@pytest.fixture
def found(tmp_path):
    """Six generated crops of known margins; every crop has its own grey value."""
    rows = []
    for i in range(12):
        path = tmp_path / f"{i:02d}.png"
        Image.fromarray(np.full((20, 10, 3), 20 * i, np.uint8)).save(path)
        rows.append({"path": str(path), "person": 1 + i % 6})
    made = pd.DataFrame(rows[6:]).assign(source_path=[r["path"] for r in rows[:6]])
    generated = CropTable(made, "made", tmp_path)
    margin = np.array([0.3, -0.2, np.nan, 0.5, -0.1, 0.1], np.float32)
    near = np.array([[1, 2, 3, 0]] * 6)
    return Retention(generated, originals_of(generated), np.arange(6), margin, np.abs(margin), near)


def test_the_summary_counts_those_that_can_be_judged(found):
    assert found.summary() == {
        "rank1_generated": 60.0,
        "rank1_originals": 100.0,
        "retention": 60.0,
        "crops": 5,
        "left_out": 1,
    }
    assert found.order().tolist() == [3, 0, 5, 4, 1]


def test_examples_go_from_the_worst_to_the_best_under_their_originals(found, tmp_path):
    picture = np.asarray(Image.open(example_figure(found, tmp_path / "e.png", size=(20, 10))))
    height, width = picture.shape[0] // 2, picture.shape[1] // 4
    expected = [1, 4, 0, 3]
    for column, row in enumerate(expected):
        centre = (height // 2, column * width + width // 2)
        assert picture[centre][0] == 20 * row  # the original
        assert picture[centre[0] + height, centre[1]][0] == 20 * (row + 6)  # what became of it
        edge = picture[height + 5, column * width + 5]
        assert tuple(edge) == (GREEN if found.margin[row] > 0 else RED)


def test_neighbours_have_green_and_red_frames_and_not_the_own_original(found, tmp_path):
    picture = np.asarray(Image.open(neighbour_figure(found, tmp_path / "n.png", count=5, size=(20, 10))))
    width = grid([[torch.zeros(3, 20, 10, dtype=torch.uint8)]]).shape[2]
    height = picture.shape[0] // 5
    for line, row in enumerate(found.order()):
        near = [n for n in found.neighbours[row] if n != row]
        for place, n in enumerate(near):
            corner = picture[line * height + 5, (2 + place) * width + 5]
            same = found.originals.person[n] == found.generated.person[row]
            assert tuple(corner) == (GREEN if same else RED)


def test_a_dataset_that_does_not_know_its_originals_is_refused(found, tmp_path):
    with pytest.raises(DataError, match="no column 'source_path'"):
        originals_of(found.generated.drop("source_path"))
    (tmp_path / "00.png").unlink()
    with pytest.raises(DataError, match="1 of 6 originals"):
        originals_of(found.generated)


def test_the_commands(tmp_path, capsys):
    market = write_masked_market(tmp_path / "market", train=5, test=3, cameras=2)
    spec = f"market1501:{market}"
    flags = [f"--{key}={value}" for key, value in {**QUICK_GAN, "epochs": 1}.items()]
    pair = ["--source", spec, "--source-camera", "1", "--target-camera", "2", "--model", "3"]
    assert main(["train", "background-gan", *pair, "--out", str(tmp_path / "gan"), *flags]) == 0
    assert main(["translate", str(tmp_path / "gan"), spec, str(tmp_path / "g")]) == 0
    flags = [f"--{key}={value}" for key, value in {**QUICK, "epochs": 1}.items()]
    assert main(["train", "source-only", "--source", spec, "--out", str(tmp_path / "reid"), *flags]) == 0
    out = tmp_path / "figures"
    assert main(["retention", str(tmp_path / "reid"), f"market1501:{tmp_path / 'g'}", "--out", str(out)]) == 0
    summary = json.loads((out / "retention.json").read_text())
    assert summary["crops"] == 19
    assert 0 <= summary["rank1_generated"] <= 100
    assert sorted(p.name for p in out.iterdir()) == ["examples.png", "neighbours.png", "retention.json"]
    assert (
        main(["poses", str(tmp_path / "gan"), spec, str(tmp_path / "poses.png"), "--crops", "2", "--poses", "3"]) == 0
    )
    with Image.open(tmp_path / "poses.png") as picture:
        assert (picture.height, picture.width) == (3 * (3 * 48 + 14), 4 * (3 * 24 + 14))
    assert main(["poses", str(tmp_path / "reid"), spec, str(tmp_path / "x.png")]) == 2
    assert "a pose figure needs model 3" in capsys.readouterr().err
