"""background-gan: what each network sees, what each model asks for, exact resume, labels that do not matter."""

import numpy as np
import pytest
import torch
from tests.masked_market import QUICK_GAN, write_masked_market
from tests.training.test_resume import Killed, assert_same_weights

import reidapt
from reidapt.data import CropStore, Loader, read
from reidapt.errors import ConfigError, DataError, RunError
from reidapt.methods.background_gan import (
    BackgroundGan,
    BackgroundGanConfig,
    discriminator_condition,
    generator_input,
)
from reidapt.training import Run, train

MODELS = [1, 2, 3, 4, "variable"]


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return write_masked_market(tmp_path_factory.mktemp("gan") / "market", train=5, test=3, cameras=3, pictures=2)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return write_masked_market(tmp_path_factory.mktemp("gan") / "other", train=4, test=2, cameras=2, seed=7)


def config(market, out, **options):
    data = {"source": f"market1501:{market}", "source_camera": 1, "target_camera": 2, "out": str(out)}
    return BackgroundGanConfig(**{**QUICK_GAN, **data, **options})


def attached(market, target=None, **options):
    c = config(market, "", **options)
    source = read(f"market1501:{market}").select(split="train")
    given = None if target is None else read(f"market1501:{target}").select(split="train").unlabelled()
    tables = BackgroundGan.tables(c, source, given)
    torch.manual_seed(0)
    method = BackgroundGan(c, persons=5)
    method.attach(**{k: None if t is None else CropStore(t, c.size) for k, t in zip(("source", "target"), tables)})
    return method


def first_batch(method):
    return {
        name: next(iter(Loader(s.store, s.batches, s.augment, stream=s.draws or name, masks=s.masks)))
        for name, s in method.streams(0).items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_pairs_show_the_same_person_in_one_sequence_but_for_model_4(market, model):
    method = attached(market, model=model)
    streams = method.streams(0)
    x, y = streams["source"], streams["target"]
    assert set(x.store.table.camera[np.concatenate(x.batches)]) == {1}
    assert set(y.store.table.camera[np.concatenate(y.batches)]) == {2}
    if model == 4:
        assert not y.store.table.labelled
        return
    for key in ("person", "sequence"):
        left, right = (s.store.table.column(key)[np.concatenate(s.batches)] for s in (x, y))
        assert np.array_equal(left, right)


@pytest.mark.parametrize("model", MODELS)
def test_both_pictures_and_masks_of_a_pair_are_mirrored_together(market, model):
    method = attached(market, model=model, flip=0.5, batch_size=16)
    flipped = {}
    for stream, part in first_batch(method).items():
        store = method.streams(0)[stream].store
        plain = store.images(part.indices).float() / 127.5 - 1
        mirrored = (part.images - plain).abs().flatten(1).amax(1) > 1e-4
        assert torch.allclose(part.images[mirrored], plain[mirrored].flip(3), atol=1e-5)
        if model != 1:
            masks = store.masks(part.indices).float() / 255
            assert torch.equal(part.masks, torch.where(mirrored[:, None, None, None], masks.flip(3), masks))
        flipped[stream] = mirrored
    mirrored = flipped["source"]
    assert torch.equal(mirrored, flipped["target"])
    assert 0 < mirrored.sum() < 16


@pytest.mark.parametrize(("model", "channels"), [(1, 3), (2, 4), (3, 5), (4, 3), ("variable", 5)])
def test_the_generator_sees_the_picture_and_the_masks_of_its_model(model, channels):
    x, m_in, m_out = torch.rand(2, 3, 4, 4), torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)
    seen = generator_input(model, x, m_in, m_out)
    assert seen.shape[1] == channels
    assert torch.equal(seen, torch.cat([x, 2 * m_in - 1, 2 * m_out - 1], dim=1)[:, :channels])


def test_the_discriminator_of_model_4_holds_no_source_foreground(market):
    """Whatever the person in x looks like, neither condition, verdict on y nor its gradient changes."""
    method = attached(market, model=4)
    batch = first_batch(method)
    x, m_in, m_out = batch["source"].images, batch["source"].masks, batch["target"].masks
    repainted = torch.where(m_in == 1, torch.randn_like(x), x)
    condition = discriminator_condition(4, x, m_in, m_out)
    assert torch.equal(condition, discriminator_condition(4, repainted, m_in, m_out))
    assert torch.equal(condition.abs().amax(1, keepdim=True) * m_in, torch.zeros_like(m_in))
    background = (m_in == 0).expand_as(x)
    assert torch.equal(condition[background], x[background])
    assert not torch.equal(discriminator_condition(3, x, m_in, m_out)[:, :3], condition)  # the others see all of x


def generator_gradient(method, batch):
    """Gradient of the generator's loss without the adversarial part with respect to G(x)."""
    held = []
    handle = method.generator.register_forward_hook(lambda m, a, out: (out.retain_grad(), held.append(out))[0])
    for phase, loss in method.step(batch):
        if phase == "generator":
            loss.backward()
    handle.remove()
    return held[0].grad


@pytest.mark.parametrize("model", [4, "variable"])
def test_no_gradient_where_the_masks_say_so(market, model):
    method = attached(market, model=model, gan_weight=0.0)
    batch = first_batch(method)
    gradient = generator_gradient(method, batch).abs().amax(1)
    m_in, m_out = batch["source"].masks[:, 0], batch["target"].masks[:, 0]
    covered = torch.maximum(m_in, (1 - m_in) * (1 - m_out)) if model == 4 else torch.ones_like(m_in)
    assert (gradient[covered == 0] == 0).all()
    assert (gradient[covered == 1] > 0).float().mean() > 0.99


def test_the_band_term_covers_what_the_others_do_not(market):
    """Masks here are one rectangle, so the target's mask is moved to make a band."""
    for weight, hit in ((0.0, False), (10.0, True)):
        method = attached(market, model=4, gan_weight=0.0, band_weight=weight)
        batch = first_batch(method)
        batch["target"].masks.copy_(batch["target"].masks.roll(5, dims=3))
        gradient = generator_gradient(method, batch).abs().amax(1)
        gap = (1 - batch["source"].masks[:, 0]) * batch["target"].masks[:, 0] == 1
        assert gap.any()
        assert bool((gradient[gap] > 0).all()) == hit


def test_losses_of_model_4_equal_the_equations(market):
    method = attached(market, model=4, foreground_weight=7.0, background_weight=3.0)
    batch = first_batch(method)
    x, y, m_in, m_out = (
        batch["source"].images,
        batch["target"].images,
        batch["source"].masks,
        batch["target"].masks,
    )
    made = []
    handle = method.generator.register_forward_hook(lambda m, a, out: made.append(out))
    total = {phase: float(loss.detach()) for phase, loss in method.step(batch)}
    handle.remove()
    values = method.recorder.flush()
    g = made[0].detach()
    foreground = 7 * ((g * m_in - x * m_in).abs()).mean()
    background = 3 * ((g - y).abs() * (1 - m_in) * (1 - m_out)).mean()
    assert values["loss/foreground"] == pytest.approx(float(foreground), rel=1e-5)
    assert values["loss/background"] == pytest.approx(float(background), rel=1e-5)
    assert total["generator"] == pytest.approx(values["loss/gan"] + float(foreground + background), rel=1e-5)
    assert total["discriminator"] == pytest.approx(values["loss/discriminator"])


@pytest.mark.parametrize("model", [4, "variable"])
def test_the_background_may_come_from_another_crop(market, model):
    method = attached(market, model=model, separate_background=True)
    batch = first_batch(method)
    assert set(batch) == {"source", "target", "context"}
    assert not torch.equal(batch["context"].indices, batch["target"].indices)
    batch["context"].images.fill_(0.25)
    made = []
    handle = method.generator.register_forward_hook(lambda m, a, out: made.append(out))
    list(method.step(batch))
    handle.remove()
    inner = batch["source" if model == 4 else "target"].masks
    expected = 30 * ((made[0] - 0.25).abs() * (1 - inner) * (1 - batch["context"].masks)).mean()
    assert method.recorder.flush()["loss/background"] == pytest.approx(float(expected.detach()), rel=1e-5)


def test_each_phase_changes_its_own_network_alone(market):
    method = attached(market, model=4)
    networks = {"discriminator": method.discriminator, "generator": method.generator}
    optimisers = method.optimisers()
    for phase, loss in method.step(first_batch(method)):
        before = {name: [p.detach().clone() for p in n.parameters()] for name, n in networks.items()}
        for network in networks.values():
            network.zero_grad()
        loss.backward()
        for name, network in networks.items():
            assert all((p.grad is not None) == (name == phase) for p in network.parameters())
        optimisers[phase].step()
        for name, network in networks.items():
            same = all(torch.equal(p, q) for p, q in zip(before[name], network.parameters()))
            assert same == (name != phase)
        if phase == "generator":
            assert all(p.requires_grad for p in method.discriminator.parameters())


@pytest.mark.parametrize("model", [3, 4])
def test_killed_and_resumed_equals_uninterrupted(market, tmp_path, model):
    options = {"model": model, "pool": 3, "checkpoint_steps": 2, "decay_epochs": 1, "batch_size": 3}
    steps = []
    whole = config(market, tmp_path / "whole", **options)
    train("background-gan", whole, lambda done, total, what: steps.append(done) if what.startswith("epoch") else None)
    broken = config(market, tmp_path / "broken", **options)
    for moment in (3, len(steps) - 3):

        def stop(done, total, what, moment=moment):
            if what.startswith("epoch") and done >= moment:
                raise Killed

        with pytest.raises(Killed):
            train("background-gan", broken, stop)
        torch.manual_seed(moment)
    train("background-gan", broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")
    sheets = [sorted(p.name for p in Run(tmp_path / run).samples.iterdir()) for run in ("whole", "broken")]
    assert sheets[0] == sheets[1] == ["epoch-001.png", "epoch-002.png", "source.png", *["target.png"] * (model == 4)]
    last = [(Run(tmp_path / run).samples / "epoch-002.png").read_bytes() for run in ("whole", "broken")]
    assert last[0] == last[1]


def networks(run):
    return torch.load(Run(run).checkpoint, weights_only=True)["networks"]


def test_the_targets_ids_change_no_weight_and_its_pictures_do(market, other, tmp_path):
    frame = read(f"market1501:{other}").select(split="train").frame
    runs = {}
    for name, persons in (("true", frame["person"]), ("mixed", frame["person"].to_numpy()[::-1]), ("none", None)):
        table = frame.drop(columns="person") if persons is None else frame.assign(person=persons)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        options = {"target": f"csv:{tmp_path / name}.csv", "target_camera": -1, "epochs": 1}
        train("background-gan", config(market, tmp_path / name, **options))
        runs[name] = networks(tmp_path / name)
    same = lambda a, b: all(torch.equal(runs[a][k], runs[b][k]) for k in runs[a])  # noqa: E731
    assert same("true", "mixed")
    assert same("true", "none")
    train("background-gan", config(market, tmp_path / "within", epochs=1))
    runs["within"] = networks(tmp_path / "within")
    assert not same("true", "within")


@pytest.mark.parametrize("model", MODELS)
def test_translation_is_deterministic_and_leaves_the_state_alone(market, model):
    method = attached(market, model=model).train()
    images = method.source.images([0, 1])
    masks = method.source.masks([0, 1])
    state = torch.get_rng_state()
    first = method.translate(images, masks, masks)
    assert first.shape == images.shape
    assert first.dtype == torch.uint8
    assert torch.equal(first, method.translate(images, masks, masks))
    assert method.training
    assert torch.equal(state, torch.get_rng_state())
    for needed in method.inputs:
        with pytest.raises(ConfigError, match=f"{needed} are missing"):
            method.translate(images, None if needed == "masks" else masks)


def test_in_batches_of_one_pictures_are_normalised_one_by_one(market):
    """Batch norm in a batch of one is instance norm; a translation does not depend on its neighbours in the batch."""
    method = attached(market, model=1, batch_size=1)
    kinds = {type(m) for m in method.modules() if "Norm" in type(m).__name__}
    assert kinds == {torch.nn.InstanceNorm2d}
    images = method.source.images([0, 1, 2])
    together, alone = method.translate(images), method.translate(images[1:2])
    assert (together[1:2].int() - alone.int()).abs().max() <= 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": 1, "target_camera": -1}, "learns from the same person in two cameras"),
        ({"model": 4, "target_camera": -1}, "Say which pictures to imitate"),
        ({"model": 4, "target_camera": 1}, "Say which pictures to imitate"),
        ({"model": 3, "target_camera": 8}, "no labelled crop of camera 8"),
        ({"model": 4, "source_camera": 8}, "has camera = 8"),
    ],
)
def test_impossible_cameras_are_sentences(market, options, sentence):
    with pytest.raises((ConfigError, DataError), match=sentence):
        attached(market, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"model": 1, "band_weight": 1.0},
        {"model": 2, "separate_background": True},
        {"decay_epochs": 11},
        {"foreground_weight": -1.0},
        {"generator_width": 0},
    ],
)
def test_impossible_options_are_sentences(options):
    with pytest.raises(ConfigError):
        BackgroundGanConfig(**options)


def test_crops_with_bad_masks_are_left_out_replaced_or_refused(market, tmp_path, caplog):
    import shutil

    copy = shutil.copytree(market, tmp_path / "market")
    bad = sorted((copy / "masks" / "bounding_box_train").glob("*_c1*.png"))[0]
    bad.write_bytes(b"broken")
    method = attached(copy, model=4)
    used = np.concatenate(method.streams(0)["source"].batches)
    paths = {method.source.table.paths[row] for row in used}
    assert bad.stem not in "".join(paths)
    assert len(paths) == len(method.source) - 1
    assert "1 of 10 crops" in caplog.text
    assert "1 unreadable" in caplog.text
    replaced = attached(copy, model=4, bad_masks="ellipse")
    assert replaced.masks["source"].usable.all()
    with pytest.raises(DataError, match=r"1 unreadable.*--bad_masks"):
        attached(copy, model=4, bad_masks="stop")
    shutil.rmtree(copy / "masks")
    with pytest.raises(DataError, match=r"none is left.*--mask_source ellipse"):
        attached(copy, model=4)
    assert attached(copy, model=4, mask_source="ellipse").streams(0)
    assert attached(copy, model=1).streams(0)  # needs none


def test_a_run_that_translates_does_not_rank(market, tmp_path):
    train("background-gan", config(market, tmp_path / "run", epochs=1))
    method = reidapt.load(tmp_path / "run")
    with pytest.raises(ConfigError, match="redraws pictures and does not rank"):
        method.embed(torch.zeros(1, 3, 48, 24))
    train("background-gan", config(market, tmp_path / "next", epochs=1, init=str(tmp_path / "run")))
    with pytest.raises(RunError, match="other networks"):
        train("background-gan", config(market, tmp_path / "x", model=3, init=str(tmp_path / "run")))
