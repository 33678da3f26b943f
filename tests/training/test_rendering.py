"""Rendering in the training loop: a pure function of the step, only where it may, and from a run that never changes."""

import shutil

import numpy as np
import pytest
import torch
from tests.conftest import QUICK
from tests.masked_market import QUICK_GAN, write_masked_market
from tests.rendering_options import QUICK_CONTEXT, QUICK_SPGAN, SMALL
from tests.training.test_resume import Killed, assert_same_weights

from reidapt.data import Augment, CropStore, Loader, generator, read
from reidapt.errors import ConfigError, DataError, RunError
from reidapt.methods import load_method
from reidapt.training import Run, load, train
from reidapt.training.rendering import context_table, make_renderer

RUNS = ["cut-and-paste", "context-rendering", "spgan", "background-gan"]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    root = tmp_path_factory.mktemp("render")
    source = write_masked_market(root / "source", train=5, test=3, cameras=2)
    target = write_masked_market(root / "target", train=4, test=2, cameras=3, seed=7)
    return root, f"market1501:{source}", f"market1501:{target}"


@pytest.fixture(scope="module")
def runs(places):
    root, source, target = places
    options = {
        "cut-and-paste": SMALL,
        "context-rendering": QUICK_CONTEXT,
        "spgan": QUICK_SPGAN,
        "background-gan": {**QUICK_GAN, "epochs": 1, "model": 4},
    }
    for name in RUNS:
        config = load_method(name).Config(**options[name], source=source, target=target, out=str(root / name))
        train(name, config)
    return root


@pytest.fixture
def store(places):
    return CropStore(read(places[1]).select(split="train"), (48, 24))


def reid(places, out, method="source-only", **options):
    data = {"source": places[1], "out": str(out), **options}
    return load_method(method).Config(**{**QUICK, **data})


def renderer(run, store, share, **options):
    return make_renderer(load(run), store, run=str(run), share=share, **options)


@pytest.mark.parametrize("name", RUNS)
def test_every_method_that_redraws_renders_a_pure_function_of_the_generator(name, runs, store):
    render = renderer(runs / name, store, 0.5)
    rows = torch.arange(len(store))
    images = store.images(rows)
    kept = images.clone()
    first, second = (render(images, rows, generator(0, "source", 3)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(images, kept)  # the store's pictures are not written to
    assert first.dtype == torch.uint8
    changed = (first != images).flatten(1).any(1)
    assert 0.2 < changed.float().mean() < 0.8
    assert not torch.equal(first, render(images, rows, generator(0, "source", 4)))
    assert torch.equal(renderer(runs / name, store, 0.0)(images, rows, generator(0, "source", 3)), images)
    assert (
        (renderer(runs / name, store, 1.0)(images, rows, generator(0, "source", 3)) != images).flatten(1).any(1).all()
    )


def test_contexts_are_fresh_every_time_and_come_from_the_whole_target(runs, places, store):
    render = renderer(runs / "cut-and-paste", store, 1.0)
    assert set(render.surroundings.store.table.paths) == set(read(places[2]).select(split="train").paths)
    seen = []
    real = render.surroundings.store.images
    render.surroundings.store.images = lambda rows: seen.extend(rows.tolist()) or real(rows)
    rows = torch.zeros(8, dtype=torch.int64)
    pictures = [render(store.images(rows), rows, generator(0, "source", step)) for step in range(12)]
    assert not torch.equal(pictures[0], pictures[1])
    assert set(seen) == set(range(24))


def test_crops_without_a_usable_mask_are_never_redrawn(runs, places, tmp_path, caplog):
    copy = shutil.copytree(places[0] / "source", tmp_path / "copy")
    next(iter(sorted((copy / "masks" / "bounding_box_train").iterdir()))).unlink()
    store = CropStore(read(f"market1501:{copy}").select(split="train"), (48, 24))
    render = renderer(runs / "cut-and-paste", store, 1.0)
    assert "1 of 20 crops" in caplog.text
    rows = torch.arange(len(store))
    changed = (render(store.images(rows), rows, generator(0, "s", 0)) != store.images(rows)).flatten(1).any(1)
    assert changed.tolist() == render.masks.usable.tolist()
    for mask in (copy / "masks" / "bounding_box_train").iterdir():
        mask.unlink()
    bare = CropStore(read(f"market1501:{copy}").select(split="train"), (48, 24))
    with pytest.raises(DataError, match="redraws from masks"):
        renderer(runs / "cut-and-paste", bare, 1.0)


def test_the_loader_redraws_before_it_augments_all_views_alike(store):
    def inverted(images, rows, generator):
        assert rows.tolist() == [4, 2]
        return 255 - images

    plain = Augment().off()
    batch = next(iter(Loader(store, [np.array([4, 2])], [plain, plain], redraw=inverted)))
    expected = plain(255 - store.images([4, 2]), generator(0, "x", 0))
    assert torch.equal(batch.views[0], expected)
    assert torch.equal(batch.views[1], expected)


@pytest.mark.parametrize("method", ["source-only", "cluster-teacher"])
def test_resume_is_bit_exact_while_contexts_are_rendered(method, runs, places, tmp_path):
    adapt = {"target": places[2], "source_epochs": 1, "epochs": 1, "eps": 0.7, "min_samples": 2, "k1": 6, "k2": 2}
    options = {"render": str(runs / "context-rendering"), **(adapt if method == "cluster-teacher" else {})}
    options["checkpoint_steps"] = 2
    steps = []
    whole = reid(places, tmp_path / "whole", method, **options)
    train(method, whole, lambda done, total, what: steps.append(done) if what.startswith("epoch") else None)
    broken = reid(places, tmp_path / "broken", method, **options)

    def stop(done, total, what):
        if what.startswith("epoch") and done >= len(steps) - 2:  # in the last epoch
            raise Killed

    with pytest.raises(Killed):
        train(method, broken, stop)
    torch.manual_seed(5)
    train(method, broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")
    if method == "cluster-teacher":
        return
    train(method, reid(places, tmp_path / "plain", method, **{**options, "render": ""}))
    with pytest.raises(AssertionError):
        assert_same_weights(tmp_path / "whole", tmp_path / "plain")  # rendering did something


def test_the_generator_never_trains(runs, places, tmp_path):
    before = Run(runs / "context-rendering").checkpoint.read_bytes()
    run = train("source-only", reid(places, tmp_path / "run", render=str(runs / "context-rendering")))
    assert Run(runs / "context-rendering").checkpoint.read_bytes() == before
    assert not any("generator" in key for key in load(run.folder).state_dict())


def test_resuming_with_another_generator_is_refused(runs, places, tmp_path):
    mine = shutil.copytree(runs / "context-rendering", tmp_path / "mine")
    config = reid(places, tmp_path / "run", render=str(mine), checkpoint_steps=1)

    def stop(done, total, what):
        if what.startswith("epoch") and done >= 2:  # after the first checkpoint
            raise Killed

    with pytest.raises(Killed):
        train("source-only", config, stop)
    content = torch.load(Run(mine).checkpoint, weights_only=True)
    content["networks"]["generator.leave.bias"] += 1
    torch.save(content, Run(mine).checkpoint)
    with pytest.raises(RunError, match="have changed since that began"):
        train("source-only", config)


def test_what_cannot_render_is_refused_before_anything_is_written(runs, places, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(ConfigError, match="48×24 px, but this training is at 64×32"):
        train("source-only", reid(places, out, render=str(runs / "spgan"), height=64, width=32))
    with pytest.raises(ConfigError, match="draws without contexts"):
        train("source-only", reid(places, out, render=str(runs / "spgan"), render_contexts=places[2]))
    with pytest.raises(RunError, match="no run or checkpoint"):
        train("source-only", reid(places, out, render=str(tmp_path / "nothing")))
    ranks = train("source-only", reid(places, tmp_path / "ranks", epochs=1))
    with pytest.raises(ConfigError, match="does not redraw"):
        train("source-only", reid(places, out, render=str(ranks.folder)))
    assert not out.exists()


def test_contexts_come_without_labels_from_the_train_split(runs, places):
    method = load(runs / "context-rendering")
    for table in (context_table(method), context_table(method, places[1])):
        assert not table.labelled
        assert set(table.splits) == {"train"}
