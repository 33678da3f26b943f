"""Hyper-parameter search: ranges, a known optimum, interruption, and the chain of a method that translates."""

import json

import pytest
import yaml
from tests.conftest import QUICK
from tests.masked_market import QUICK_GAN, write_masked_market

from reidapt.errors import ConfigError
from reidapt.methods import load_method
from reidapt.studies.tune import Range, numeric, search, tune

optuna = pytest.importorskip("optuna")

FIELDS = {"lr": float, "epochs": int, "share": float}


def test_ranges_are_read():
    assert Range.parse("lr=1e-5..1e-3:log", FIELDS) == Range("lr", 1e-5, 1e-3, log=True)
    assert Range.parse("epochs=2..9", FIELDS) == Range("epochs", 2, 9, integer=True)


@pytest.mark.parametrize(
    "text", ["lr", "lr=3", "lr=2..1", "lr=0..1:log", "lr=a..b", "lr=1..2:exp", "model=1..4", "shard=0..1"]
)
def test_impossible_ranges_are_sentences(text):
    with pytest.raises(ConfigError):
        Range.parse(text, FIELDS)


def test_only_numbers_can_be_searched():
    fields = numeric(load_method("background-gan").Config)
    assert fields["foreground_weight"] is float
    assert fields["pairs_per_crop"] is int
    assert not {"source", "gan", "same_sequence"} & set(fields)


def test_finds_a_known_optimum_and_is_a_function_of_the_seed():
    ranges = [Range("a", -4, 4), Range("b", 1e-4, 1, log=True)]

    def score(number, values):
        import math

        return -((values["a"] - 1) ** 2) - (math.log10(values["b"]) + 2) ** 2

    rows = search(ranges, score, trials=40, seed=1)
    assert max(row["score"] for row in rows) > -0.5
    assert rows == search(ranges, score, trials=40, seed=1)
    assert rows[:5] != search(ranges, score, trials=5, seed=2)
    assert rows == search(ranges, score, trials=40, seed=1, finished=rows[:17])  # interrupted and continued


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return write_masked_market(tmp_path_factory.mktemp("tune") / "market", train=4, test=3, cameras=2)


def test_a_translating_method_is_judged_by_the_network_its_pictures_train(market, tmp_path):
    spec = f"market1501:{market}"
    options = {"source": spec, "source_camera": 1, "target_camera": 2, "epochs": 1, "out": str(tmp_path / "search")}
    config = load_method("background-gan").Config(**{**QUICK_GAN, **options})
    then = load_method("source-only").Config(**{**QUICK, "epochs": 1})
    ranges = ["foreground_weight=10..200:log", "then.share=0..1"]
    best = tune("background-gan", config, ranges, spec, then=then, trials=2)
    rows = [json.loads(line) for line in (tmp_path / "search" / "trials.jsonl").read_text().splitlines()]
    assert best == max(rows, key=lambda row: row["score"])
    stored = yaml.safe_load((tmp_path / "search" / "best.yaml").read_text())
    assert stored["foreground_weight"] == best["values"]["foreground_weight"]
    for row in rows:
        place = tmp_path / "search" / f"trial-{row['number']:03d}"
        reid = yaml.safe_load((place / "reid" / "config.yaml").read_text())
        assert reid["share"] == row["values"]["then.share"]
        assert reid["cameras"] == [1]
        evaluated = json.loads((place / "reid" / "evaluations" / "validation.json").read_text())
        assert evaluated["mAP"] == pytest.approx(row["score"])
    assert tune("background-gan", config, ranges, spec, then=then, trials=2) == best  # nothing is trained again
    with pytest.raises(ConfigError, match="other options"):
        tune("background-gan", config, ["foreground_weight=1..2"], spec, then=then, trials=2)
