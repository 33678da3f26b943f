"""The studies of the modality paper: what their rows train, and one row from training to its score."""

import json
from dataclasses import replace

import pytest
from tests.conftest import QUICK, write_market
from tests.data.layouts.trees import make_table

from reidapt.data import read
from reidapt.data.layouts import plan, write_layout
from reidapt.errors import ConfigError
from reidapt.methods import load_method
from reidapt.progress import Display
from reidapt.studies import STUDIES, infrared
from reidapt.studies.infrared import BASELINE, GREY, LENGTH, OURS, STRONG, VARIANTS, epochs, options_of, targets
from reidapt.studies.study import Context, run_study

NAMES = [f"infrared-table-{n}" for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layouts")
    found = {}
    for name in ("sysu-mm01", "regdb", "pku-sketch"):
        made = make_table(folder / f"{name}-made", **plan(name), masks=False)
        found[name] = f"{name}:{write_layout(made, name, folder / name)}"
    return found


def context(tmp_path, *data, size="tiny"):
    return Context(size, range(1), list(data), tmp_path / "study", Display())


def test_rows_are_those_of_the_paper_and_print_its_figures(tmp_path, data):
    for name in NAMES:
        study = STUDIES[name]
        rows = list(study.rows(context(tmp_path, data["sysu-mm01"])))
        assert [row.name for row in rows if row.target == "sysu-mm01"] == [row.name for row in rows]
        assert study.baseline in {row.name for row in rows}
        assert {p["name"] for p in study.published} >= {BASELINE, OURS}
    ablation = [row.name for row in STUDIES["infrared-table-2"].rows(context(tmp_path, data["sysu-mm01"]))]
    assert ablation == [name for name in VARIANTS if name != STRONG]
    both = context(tmp_path, data["sysu-mm01"], data["regdb"])
    assert {row.target for row in STUDIES["infrared-table-1"].rows(both)} == {"sysu-mm01", "regdb"}


def test_a_part_of_a_study_looks_at_its_own_worlds_alone(tmp_path, data, monkeypatch):
    looked = []
    monkeypatch.setattr(infrared, "bench_specs", lambda bench, *_: looked.append(bench) or {"world": data["regdb"]})
    part = replace(context(tmp_path), only="thermal")
    assert set(STUDIES["infrared-table-1"].describe_data(part)) == {"thermal"}
    assert {row.target for row in STUDIES["infrared-table-1"].rows(part)} == {"thermal"}
    assert set(looked) == {"bench-thermal"}
    both = replace(context(tmp_path, data["sysu-mm01"], data["regdb"]), only="sysu")
    assert {row.target for row in STUDIES["infrared-table-1"].rows(both)} == {"sysu-mm01"}


def differing(configs):
    """Names of the options that are not the same in all."""
    return {key for key in configs[0] if len({str(config[key]) for config in configs}) > 1}


def test_options_are_those_of_the_methods(tmp_path, data):
    config = load_method("modality-adversarial").Config
    (target,) = targets(context(tmp_path, data["sysu-mm01"]), "infrared")
    for size in ("tiny", "full"):
        asked = {name: config(**options_of(name, target, context(tmp_path, size=size))) for name in VARIANTS}
        assert asked[BASELINE].levels == []
        assert asked[OURS].weighting
        assert asked[OURS].levels == [1, 2, 3, 4]
        assert not asked["adversarial loss shallow"].weighting
        ablation = [vars(asked[name]) for name in VARIANTS if name != STRONG]
        assert differing(ablation[1:]) == {"levels", "weighting"}  # the adversarial rows differ in nothing else,
        unused = {"alternate", "classifier_lr"} if size == "tiny" else set()
        assert differing(ablation) == {"levels", "weighting"} | unused  # the baseline in what it has no use for
    assert options_of(OURS, target, context(tmp_path, size="full"))["height"] == 288
    train = read(data["sysu-mm01"]).select(split="train")
    assert target.modality == "infrared"
    assert epochs(target, "infrared") == round(LENGTH["infrared"] / len(train))
    assert epochs(target, GREY) == round(LENGTH[GREY] / (train.column("modality") == "colour").sum())


def test_trials_of_a_dataset_are_trained_one_by_one_and_extra_colour_joins(tmp_path, data):
    market = f"market1501:{write_market(tmp_path / 'market')}"
    (target,) = targets(context(tmp_path, data["regdb"], market), "infrared")
    assert target.extra == market
    assert target.specs == [f"{data['regdb']}?trial={n}" for n in range(1, 11)]
    assert target.protocol == "regdb"
    with pytest.raises(ConfigError, match=r"names 0 dataset\(s\) of two modalities and 1 of colour"):
        targets(context(tmp_path, market), "infrared")


def test_a_study_from_training_to_its_table(tmp_path, data, monkeypatch):
    quick = {k: v for k, v in QUICK.items() if k not in ("persons_per_batch", "pictures_per_person")}
    monkeypatch.setattr(infrared, "TINY", {**quick, "device": "cpu"})
    small = {"part_dim": 8, "persons_per_batch": 2, "pictures_per_person": 2, "parts": 1, "classifier_width": 8}
    monkeypatch.setattr(infrared, "TINY_ONLY", small)
    monkeypatch.setattr(infrared, "START", {})
    monkeypatch.setattr(infrared, "LENGTH", dict.fromkeys(LENGTH, 1))
    monkeypatch.setattr(infrared, "PARTS", {"tiny": (1, 2)})
    original = infrared.run_method

    def run_method(name, progress, **options):
        return original(name, progress, **{**options, "persons_per_batch": 2})

    monkeypatch.setattr(infrared, "run_method", run_method)
    asked = context(tmp_path, data["sysu-mm01"])
    folder, table = run_study(STUDIES["infrared-table-1"], asked)
    assert "rank-1, std over galleries" in table
    assert GREY in table
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert [row["name"] for row in rows] == [BASELINE, OURS, STRONG, GREY]
    assert all(0 <= row["rank1"] <= 100 and row["draws"] >= 0 for row in rows)
    figure = Context("tiny", range(1), [data["sysu-mm01"]], tmp_path / "figure-3", Display())
    (first,) = (tmp_path / "modality-runs").glob("tiny-sysu-mm01-*/baseline/seed-0/config.yaml")
    stamp = first.stat().st_mtime_ns
    folder, table = run_study(STUDIES["infrared-figure-3"], figure)
    assert table.count("same person") == 2
    assert (folder / "sysu-mm01-seed-0.png").exists()
    assert first.stat().st_mtime_ns == stamp  # found, not trained again
    sweep = Context("tiny", range(1), [data["sysu-mm01"]], tmp_path / "figure-5", Display())
    folder, table = run_study(STUDIES["infrared-figure-5"], sweep)
    assert "| 2 parts | sysu-mm01 |" in table
    assert (folder / "sysu-mm01.png").exists()
