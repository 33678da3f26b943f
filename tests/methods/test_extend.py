"""source-only --extend: the share asked for, cameras, and label smoothing for generated crops alone."""

import numpy as np
import pandas as pd
import pytest
import torch
from tests.conftest import QUICK

from reidapt.data import CropTable, read
from reidapt.errors import ConfigError
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.methods.source_only import SourceOnlyConfig, extended
from reidapt.training import train


def generated(counts):
    persons = np.repeat(list(counts), list(counts.values()))
    frame = pd.DataFrame({"path": [f"g{i}.jpg" for i in range(len(persons))], "person": persons, "camera": 6})
    return CropTable(frame, "made", "/made")


SOURCE = CropTable(pd.DataFrame({"path": [f"s{i}.jpg" for i in range(9)], "person": [1, 2, 3] * 3}), "s", "/s")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.77, 1.0])
def test_keeps_the_share_asked_for_of_every_person(share):
    counts = {1: 20, 2: 8, 3: 40}
    table = extended(SOURCE, generated(counts), share, seed=3)
    drawn = table.select(generated=True)
    assert len(drawn) == round(share * 68)
    assert len(table) == 9 + len(drawn)
    for person, count in counts.items():
        assert abs((drawn.person == person).sum() - share * count) <= 1
    assert table.take(range(9)).paths.tolist() == SOURCE.paths.tolist()
    again = extended(SOURCE, generated(counts), share, seed=3)
    assert again.paths.tolist() == table.paths.tolist()


def test_another_seed_draws_others_and_junk_never_joins():
    table = generated({-1: 10, 0: 10, 1: 20})
    first, second = (extended(SOURCE, table, 0.5, seed=s).select(generated=True) for s in (0, 1))
    assert set(first.person) == {1}
    assert len(first) == 10
    assert first.paths.tolist() != second.paths.tolist()


def test_smoothing_per_row_equals_smoothing_each_row_alone():
    torch.manual_seed(0)
    logits, labels, each = torch.randn(5, 4), torch.tensor([0, 3, 1, 1, 2]), torch.tensor([0.0, 0.1, 0.3, 0.0, 0.2])
    alone = [float(smoothed_cross_entropy(logits[i : i + 1], labels[i : i + 1], float(each[i]))) for i in range(5)]
    assert float(smoothed_cross_entropy(logits, labels, each)) == pytest.approx(sum(alone) / 5, abs=1e-6)


def test_training_on_a_camera_and_generated_crops(source_dir, tmp_path):
    options = {**QUICK, "source": f"market1501:{source_dir}", "epochs": 1, "cameras": [1], "generated_smoothing": 0.1}
    made = read(f"market1501:{source_dir}").select(split="train", camera=2).assign(camera=3)
    made.frame.to_csv(tmp_path / "made.csv", index=False)
    extend = {"extend": f"csv:{tmp_path / 'made.csv'}", "share": 0.5}
    run = train("source-only", SourceOnlyConfig(**options, **extend, out=str(tmp_path / "run")))
    import json

    data = json.loads((run.folder / "data.json").read_text())["source"]
    assert (data["rows"], data["persons"], data["cameras"]) == (12 + 6, 6, 2)


def test_per_crop_smoothing_follows_the_generated_column(source_dir):
    from reidapt.data import Batch, CropStore
    from reidapt.methods.source_only import SourceOnly

    source = read(f"market1501:{source_dir}").select(split="train", camera=1)
    made = read(f"market1501:{source_dir}").select(split="train", camera=2)
    config = SourceOnlyConfig(**QUICK, label_smoothing=0.2, generated_smoothing=0.4)
    method = SourceOnly(config, persons=6)
    method.attach(source=CropStore(extended(source, made, 1.0, 0), config.size), target=None)
    rows = torch.tensor([0, 12, 13, 2])
    batch = Batch(torch.zeros(4, 3, 48, 24), (), rows, None, rows, 0)
    assert torch.allclose(method.smoothing(batch), torch.tensor([0.2, 0.4, 0.4, 0.2]))


@pytest.mark.parametrize("options", [{"share": 1.5}, {"share": -0.1}, {"generated_smoothing": 1.0}])
def test_impossible_options_are_sentences(options):
    with pytest.raises(ConfigError):
        SourceOnlyConfig(**options)
