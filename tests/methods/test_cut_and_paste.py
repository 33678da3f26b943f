"""cut-and-paste against pixels computed one by one; a run is ready without an epoch."""

import numpy as np
import pytest
import torch
from tests.masked_market import write_masked_market
from tests.rendering_options import SMALL

from reidapt.data import CropStore, read
from reidapt.errors import ConfigError
from reidapt.methods.base import Contexts
from reidapt.methods.cut_and_paste import CutAndPasteConfig, mean_background
from reidapt.training import load, train


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    root = tmp_path_factory.mktemp("paste")
    source = write_masked_market(root / "source", train=3, test=2, cameras=2)
    return root, f"market1501:{source}", f"market1501:{write_masked_market(root / 'target', train=3, test=2, seed=5)}"


@pytest.fixture(scope="module")
def runs(specs):
    root, source, target = specs
    options = {**SMALL, "source": source, "target": target}
    for name, more in (("random", {"fill": False, "soften": 0.0}), ("filled", {}), ("mean", {"background": "mean"})):
        train("cut-and-paste", CutAndPasteConfig(**options, **more, out=str(root / name)))
    return root


def given(specs, count=4):
    source, target = (CropStore(read(spec).select(split="train"), (48, 24)) for spec in specs[1:])
    rows = np.arange(count)
    return source.images(rows), source.masks(rows), Contexts(target.images(rows), target.masks(rows)), target


def test_the_person_stays_and_the_rest_is_the_targets_picture(runs, specs):
    images, masks, contexts, _ = given(specs)
    drawn = load(runs / "random").translate(images, masks=masks, contexts=contexts)
    assert torch.equal(drawn, torch.where(masks == 255, images, contexts.images))


def test_the_targets_person_is_filled_from_around(runs, specs):
    images, masks, contexts, _ = given(specs)
    black = Contexts(torch.where(contexts.masks == 255, 0, contexts.images), contexts.masks)
    method = load(runs / "filled")
    drawn = method.translate(images, masks=torch.zeros_like(masks), contexts=contexts)
    assert torch.equal(drawn, method.translate(images, masks=torch.zeros_like(masks), contexts=black))
    near = torch.nn.functional.max_pool2d(contexts.masks.float(), 3, 1, 1)  # widened by a pixel
    outside = (near == 0).expand_as(images)
    assert (drawn.int() - contexts.images.int())[outside].abs().max() <= 1


def test_the_mean_background_is_the_mean_outside_people(runs, specs):
    images, masks, _, target = given(specs)
    method = load(runs / "mean")
    everything = np.arange(len(target))
    pictures, people = target.images(everything).double(), target.masks(everything) == 255
    seen = (~people).double()
    expected = ((pictures * seen).sum(0) / seen.sum(0).clamp(min=1)).round()
    somewhere = (~people).any(0).expand(3, -1, -1)
    drawn = method.translate(images, masks=torch.zeros_like(masks))[0].double()
    assert (drawn - expected)[somewhere].abs().max() <= 1
    found = mean_background(
        target, type("M", (), {"usable": np.ones(len(target), bool), "values": target.masks(everything)})
    )
    assert torch.isfinite(found).all()  # where somebody stands in every picture, too


def test_a_run_is_ready_at_once_and_found_again(runs, specs):
    root, source, target = specs
    assert (root / "mean" / "samples" / "epoch-000.png").exists()
    before = (root / "mean" / "checkpoints" / "last.pt").stat().st_mtime_ns
    options = {**SMALL, "source": source, "target": target, "background": "mean"}
    train("cut-and-paste", CutAndPasteConfig(**options, out=str(root / "mean")))
    assert (root / "mean" / "checkpoints" / "last.pt").stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match="needs --target"):
        train("cut-and-paste", CutAndPasteConfig(**SMALL, source=source, out=str(root / "none")))
    with pytest.raises(ConfigError, match="does not rank"):
        load(root / "mean").embed(torch.zeros(1, 3, 48, 24))
