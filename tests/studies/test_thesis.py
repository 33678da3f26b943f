"""The studies of cut-joint's tables and figures: what they train and measure, without training it at length."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.conftest import QUICK
from tests.masked_market import write_masked_market
from tests.methods.test_cut_joint import TINY

from reidapt.errors import ConfigError
from reidapt.methods import load_method
from reidapt.progress import Display
from reidapt.studies import STUDIES, thesis
from reidapt.studies.study import Context, run_study
from reidapt.studies.thesis import CUT, LOSSES, WITHOUT, Redrawn


def context(tmp_path, data=(), size="tiny"):
    return Context(size, range(1), list(data), tmp_path / "out", Display())


@pytest.fixture
def asked(monkeypatch):
    """Trainings that would be run, in place of running them."""
    found = []

    def run_method(name, progress, **options):
        found.append((name, options))
        return type("Run", (), {"folder": Path(options["out"])})()

    monkeypatch.setattr(thesis, "run_method", run_method)
    monkeypatch.setattr(thesis, "score", lambda run, spec, name: {"mAP": 1.0, "ranked": (str(run.folder), spec)})
    monkeypatch.setattr(thesis, "minutes", lambda run: 0.0)
    return found


def test_options_are_those_of_the_method():
    cls = load_method("cut-joint").Config
    for size in ("tiny", "full"):
        for changes in (WITHOUT, *LOSSES.values()):
            cls(**{**CUT[size], **changes})
    assert not cls(**{**CUT["tiny"], **WITHOUT}).translates
    full = cls(**CUT["full"])
    weights = (full.gan_weight, full.content_weight, full.similarity_weight, full.identity_weight, full.reid_weight)
    assert weights == (1.0, 0.5, 0.5, 0.0, 0.5)
    assert (full.epochs, full.lr, full.backbone, full.size, full.blocks) == (60, 2e-4, "resnet50", (256, 128), 9)


def test_table_1_ranks_every_model_on_every_target(tmp_path, asked):
    data = ["folder:s", "market1501:a", "cuhk03:b", "msmt17:c"]
    rows = list(STUDIES["thesis-table-1"].rows(context(tmp_path, data)))
    assert len(rows) == 5 * 3
    assert len({row.key for row in rows}) == 15
    last = rows[-1]
    assert (last.name, last.target) == ("cut-joint to msmt17", "msmt17")
    ranked = {row.key[:2]: row.run()["ranked"] for row in rows}
    assert ranked["cut-joint to cuhk03", "msmt17"][1] == "msmt17:c"
    method, options = asked[-1]
    assert method == "cut-joint"
    assert options["target"] == "msmt17:c"
    direct = next(options for name, options in asked if name == "source-only")
    assert "target" not in direct
    same = next(o for n, o in asked if o["out"].endswith("direct-encoder"))
    other = next(o for n, o in asked if o["out"].endswith("market1501-cut-joint"))
    changed = {key for key in other if other[key] != same.get(key)}
    assert changed == {"out"}  # the same network, batches and steps
    assert {key: same[key] for key in WITHOUT} == WITHOUT


def test_losses_differ_in_two_weights_alone(tmp_path, asked):
    rows = [r for r in STUDIES["thesis-losses"].rows(context(tmp_path, ["folder:s", "folder:a"])) if r.name in LOSSES]
    for row in rows:
        row.run()
    cls = load_method("cut-joint").Config
    found = {
        row.name: cls(**{k: v for k, v in options.items() if k != "seed"}) for row, (_, options) in zip(rows, asked)
    }
    pairs = {name: (c.similarity_weight > 0, c.identity_weight > 0) for name, c in found.items()}
    assert pairs == {
        "neither": (False, False), "similarity": (True, False), "identity": (False, True), "both": (True, True),
    }  # fmt: skip


def test_targets_of_one_layout_are_numbered(tmp_path):
    found = thesis.specs(context(tmp_path, ["folder:s", "folder:a", "folder:b"]))
    assert found == {"source": "folder:s", "target-1": "folder:a", "target-2": "folder:b"}


def test_one_dataset_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="a source and at least one target"):
        list(STUDIES["thesis-table-1"].rows(context(tmp_path, ["folder:s"])))


def test_distances_and_figure_of_a_short_training(tmp_path, monkeypatch):
    options = {**QUICK, **TINY, "epochs": 1, "persons_per_batch": 3}
    ranking = {key: QUICK[key] for key in ("backbone", "weights", "height", "width", "device", "precision")}
    monkeypatch.setitem(thesis.CUT, "tiny", options)  # type: ignore[arg-type]
    monkeypatch.setitem(
        thesis.OPTIONS, "tiny", {"options": ranking, "supervised": {"epochs": 1, "persons_per_batch": 3}}
    )
    folders = [write_masked_market(tmp_path / name, train=4, test=3, cameras=2, seed=s) for s, name in enumerate("xy")]
    data = [f"market1501:{folder}" for folder in folders]
    _, table = run_study(STUDIES["thesis-distance"], context(tmp_path, data))
    assert "| after | market1501 |" in table
    assert "45.1" in table
    case = thesis.Seed(context(tmp_path, data), 0)
    assert "random-network-0" in (case.folder / "market1501-distances-after.json").read_text()
    trained = case.folder / "market1501-cut-joint" / "checkpoints" / "last.pt"
    moment = trained.stat().st_mtime_ns
    figure = Context("tiny", range(1), data, tmp_path / "figure", Display())
    drawn, _ = run_study(STUDIES["thesis-figure-2"], figure)
    with Image.open(drawn / "figure-2-seed-0.png") as picture:
        assert np.asarray(picture).std() > 10
    assert trained.stat().st_mtime_ns == moment  # the studies share their trainings


def test_redrawn_pictures_are_those_of_the_method():
    class Store:
        size = (4, 2)

        def __len__(self):
            return 3

        def images(self, rows):
            return torch.full((len(rows), 3, 4, 2), 10, dtype=torch.uint8)

    class Twice:
        def translate(self, images):
            return images * 2

    redrawn = Redrawn(Store(), Twice())
    assert (len(redrawn), redrawn.size) == (3, (4, 2))
    assert int(redrawn.images(torch.arange(2)).max()) == 20
