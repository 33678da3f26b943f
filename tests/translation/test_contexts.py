"""Translations into several contexts: K of every crop, distinct, told in the table, and the method's own pictures."""

import numpy as np
import pytest
import torch
from tests.masked_market import write_masked_market
from tests.rendering_options import SMALL

from reidapt.cli import main
from reidapt.data import CropStore, read
from reidapt.errors import ConfigError
from reidapt.methods.base import Contexts
from reidapt.methods.cut_and_paste import CutAndPasteConfig
from reidapt.training import load, train
from reidapt.translation import translate_dataset


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    root = tmp_path_factory.mktemp("contexts")
    source = f"market1501:{write_masked_market(root / 'source', train=3, test=2, cameras=2)}"
    target = f"market1501:{write_masked_market(root / 'target', train=3, test=2, cameras=3, seed=5)}"
    for name, options in (("random", {}), ("mean", {"background": "mean"})):
        config = CutAndPasteConfig(**SMALL, **options, source=source, target=target, out=str(root / name))
        train("cut-and-paste", config)
    return root, source, target


def test_every_crop_is_drawn_into_k_contexts_of_the_targets_training_pictures(specs, tmp_path):
    root, source, target = specs
    words = ["translate", str(root / "random"), source, str(tmp_path / "out"), "--contexts", "4", "--split", "train"]
    assert main(words) == 0
    table, crops = read(f"csv:{tmp_path / 'out' / 'crops.csv'}"), read(source).select(split="train")
    assert len(table) == 4 * len(crops)
    camera_of = dict(zip(read(target).paths, read(target).camera))
    allowed = set(read(target).select(split="train").paths)
    for path in crops.paths:
        mine = table.frame[table.column("source_path") == path]
        assert mine["context_path"].nunique() == 4
        assert set(mine["context_path"]) <= allowed
        assert mine["path"].nunique() == 4
    assert [camera_of[path] for path in table.column("context_path")] == table.column("context_camera").tolist()
    first, second = (
        translate_dataset(root / "random", source, tmp_path / str(n), contexts=2, splits=("train",), seed=3)
        for n in (1, 2)
    )
    one, two = read(first.spec), read(second.spec)
    assert (
        one.column("context_path").tolist()
        == two.column("context_path").tolist()
        != table.column("context_path")[: len(one)].tolist()
    )


def test_pictures_are_the_methods_in_the_contexts_that_the_table_names(specs, tmp_path):
    root, source, target = specs
    made = translate_dataset(root / "random", source, tmp_path / "out", contexts=2, splits=("train",), batch_size=5)
    table, before, around = read(made.spec), read(source), read(target)
    place = [{path: row for row, path in enumerate(t.paths)} for t in (before, around)]
    rows = [place[0][path] for path in table.column("source_path")]
    contexts = [place[1][path] for path in table.column("context_path")]
    stores = [CropStore(t, (48, 24)) for t in (before, around, table)]
    expected = load(root / "random").translate(
        stores[0].images(rows),
        masks=stores[0].masks(rows),
        contexts=Contexts(stores[1].images(contexts), stores[1].masks(contexts)),
    )
    drawn = stores[2].images(np.arange(len(table)))
    assert (drawn.int() - expected.int()).abs().float().mean() < 6  # JPEG
    assert torch.equal(stores[2].masks(np.arange(len(table))), stores[0].masks(rows))


def test_a_method_without_contexts_makes_one_picture_of_a_crop(specs, tmp_path):
    root, source, target = specs
    for options in ({"contexts": 2}, {"context": target}):
        with pytest.raises(ConfigError, match="draws without contexts"):
            translate_dataset(root / "mean", source, tmp_path / "out", **options)
    with pytest.raises(ConfigError, match="number of contexts is 0"):
        translate_dataset(root / "random", source, tmp_path / "out", contexts=0)
    made = translate_dataset(root / "mean", source, tmp_path / "out", splits=("train",))
    assert made.crops == len(read(source).select(split="train"))
