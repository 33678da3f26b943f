"""cut-joint: signs and reach of its gradients, shared passes, a colour shift recovered, exact resume, ids that do not matter."""

import numpy as np
import pytest
import torch
from tests.conftest import QUICK
from tests.masked_market import write_masked_market
from tests.training.test_resume import Killed, assert_same_weights

import reidapt
from reidapt.data import Batch, CropStore, Loader, normalise, read
from reidapt.errors import ConfigError, RunError
from reidapt.losses.adversarial import discriminator_loss, generator_loss
from reidapt.losses.identity import smoothed_cross_entropy
from reidapt.losses.matching import feature_matching
from reidapt.losses.patch_nce import patch_nce
from reidapt.methods.cut_joint import PRESETS, CutJoint, CutJointConfig
from reidapt.models.patches import drawn_places, patches_at
from reidapt.training import Run, evaluate_run, train
from reidapt.translation import translate_dataset

TINY = {
    "blocks": 1, "layers": [0, 2, 4], "patches": 16, "discriminator_width": 4, "persons_per_batch": 4, "pictures_per_person": 1,
    "pad": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return write_masked_market(tmp_path_factory.mktemp("cut") / "market", train=5, test=3, cameras=2, pictures=2)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return write_masked_market(tmp_path_factory.mktemp("cut") / "other", train=4, test=3, cameras=2, seed=7)


def config(market="", other="", out="", **options):
    data = {"source": f"market1501:{market}", "target": f"market1501:{other}", "out": str(out)}
    return CutJointConfig(**{**QUICK, **TINY, **data, **options})


def attached(market, other, **options):
    c = config(market, other, **options)
    source, target = (read(f"market1501:{d}").select(split="train") for d in (market, other))
    torch.manual_seed(0)
    method = CutJoint(c, persons=5)
    tables = CutJoint.tables(c, source, target.unlabelled())
    method.attach(**{k: CropStore(t, c.size) for k, t in zip(("source", "target"), tables)})
    return method


def first_batch(method):
    return {
        name: next(iter(Loader(s.store, s.batches, s.augment, stream=name, labels=s.labels, masks=s.masks)))
        for name, s in method.streams(0).items()
    }


def gradients(method, loss):
    method.zero_grad(set_to_none=True)
    loss.backward()
    return {name: p.grad for name, p in method.named_parameters() if p.grad is not None}


def phases(method, batch):
    """Losses of both phases and their gradients; no weight changes."""
    found = {}
    for phase, loss in method.step(batch):
        found[phase] = (loss.detach(), gradients(method, loss))
    return found


# -- what the step computes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"identity_weight": 2.0, "nce_identity": True}, {"translated_weight": 0.7}])
def test_shared_passes_give_the_losses_and_gradients_of_plain_ones(market, other, options):
    method = attached(market, other, layers=[2], patches=10**6, **options)  # all places: no draw decides
    batch = first_batch(method)
    x, y, labels = batch["source"].images, batch["target"].images, batch["source"].labels
    c, net, D = method.config, method.network, method.discriminator
    found = phases(method, batch)

    def G(pictures):
        return method.decoder(method.encoder(pictures))

    def content(before, after):
        project = method.projectors["2"]
        maps = [method.encoder.features(p, {2})[2].flatten(2).transpose(1, 2) for p in (before, after)]
        return patch_nce(project(maps[1]), project(maps[0].detach()))

    def reid(pictures):
        maps = net.backbone.stages(method.encoder(pictures)).mean((2, 3))
        return smoothed_cross_entropy(net.classifier(net.neck(maps)), labels)

    fake = G(x)
    nce = 0.5 * (content(x, fake) + content(y, G(y))) if c.nce_identity else content(x, fake)
    plain = (
        generator_loss(D(fake), "least-squares")
        + 0.5 * nce
        + 0.5 * feature_matching([f.detach() for f in D.features(y)[1]], D.features(fake)[1])
        + c.identity_weight * (G(y) - y).abs().mean()
        + 0.5 * reid(x)
    )
    if c.translated_weight:
        plain = plain + c.translated_weight * reid(fake)
    judged = discriminator_loss(D(y), D(fake.detach()), "least-squares")
    judged = judged + 0.5 * feature_matching(D.features(x)[1], D.features(fake.detach())[1])
    for phase, loss in (("generator", plain), ("discriminator", judged)):
        value, ours = found[phase]
        assert float(value) == pytest.approx(float(loss.detach()), rel=1e-4)
        theirs = gradients(method, loss)
        for name, gradient in ours.items():
            assert torch.allclose(gradient, theirs[name], rtol=1e-3, atol=1e-5), name


def test_each_phase_reaches_its_own_networks_alone(market, other):
    method = attached(market, other)
    found = phases(method, first_batch(method))
    assert all(not name.startswith("discriminator") for name in found["generator"][1])
    assert all(name.startswith("discriminator") for name in found["discriminator"][1])
    reached = {name.split(".")[0] for name in found["generator"][1]}
    assert reached == {"network", "decoder", "projectors"}
    assert all(p.requires_grad for p in method.discriminator.parameters())
    optimised = {id(p) for o in method.optimisers().values() for g in o.param_groups for p in g["params"]}
    assert optimised == {id(p) for p in method.parameters() if p.requires_grad}


def test_the_generators_step_brings_target_and_translation_together_in_d(market, other):
    method = attached(market, other, gan_weight=0.0, content_weight=0.0, reid_weight=1e-9)
    batch = first_batch(method)
    x, y = batch["source"].images, batch["target"].images

    def distance():
        with torch.no_grad():
            return float(
                feature_matching(method.discriminator.features(y)[1], method.discriminator.features(method.drawn(x))[1])
            )

    before = distance()
    descend(method, phases(method, batch)["generator"][1])
    assert distance() < before


def test_the_discriminators_step_brings_source_and_translation_together_in_d(market, other):
    method = attached(
        market, other, gan_weight=0.0, similarity_weight=100.0
    )  # beside the verdicts' loss, which D always has
    batch = first_batch(method)
    x = batch["source"].images

    def distance():
        with torch.no_grad():
            return float(
                feature_matching(method.discriminator.features(x)[1], method.discriminator.features(method.drawn(x))[1])
            )

    before = distance()
    weights = [p.detach().clone() for p in method.network.parameters()]
    descend(method, phases(method, batch)["discriminator"][1])
    assert distance() < before
    assert all(torch.equal(p, q) for p, q in zip(weights, method.network.parameters()))


def descend(method, found, length=1e-3):
    """A step of this length against the gradient."""
    norm = torch.stack([g.square().sum() for g in found.values()]).sum().sqrt()
    with torch.no_grad():
        for name, p in method.named_parameters():
            if name in found:
                p -= length * found[name] / norm


@pytest.mark.parametrize(
    "options",
    [
        {"gan_weight": 0.0, "content_weight": 0.0, "similarity_weight": 0.0},  # the person's identity
        {
            "gan_weight": 0.0,
            "content_weight": 0.0,
            "similarity_weight": 0.0,
            "identity_weight": 1.0,
            "reid_weight": 1e-12,
        },
    ],
)
def test_identity_losses_reach_the_encoders_first_convolution(market, other, options):
    method = attached(market, other, **options)
    found = phases(method, first_batch(method))
    assert set(found) == {"generator"}
    first = found["generator"][1]["network.backbone.encoder.layers.0.0.weight"]
    assert first.abs().max() > 1e-7
    assert ("decoder.last.weight" in found["generator"][1]) == ("identity_weight" in options)


@pytest.mark.parametrize("content", ["relation", "encoder-consistency"])
def test_other_content_terms_train_their_networks(market, other, content):
    method = attached(market, other, content=content, gan_weight=0.0, similarity_weight=0.0)
    found = phases(method, first_batch(method))["generator"][1]
    reached = {name.split(".")[0] for name in found}
    assert reached == {"network", "decoder", "projectors"} | (
        {"predictors"} if content == "encoder-consistency" else set()
    )


def test_flip_equivariance_compares_the_unmirrored_patches(market, other, monkeypatch):
    method = attached(
        market, other, flip_equivariance=True, layers=[0], gan_weight=0.0, similarity_weight=0.0, residual=True
    )
    torch.nn.init.zeros_(method.decoder.last.weight)  # G(x) = 0.98 x, so that mirrored back it is x
    torch.nn.init.zeros_(method.decoder.last.bias)
    seen = []
    monkeypatch.setattr(method, "compared", lambda q, k, layer: seen.append((q - k).abs().max().detach()) or q.sum())
    for _ in range(8):
        list(method.step(first_batch(method)))
    mirrored = []
    method.decoder.register_forward_pre_hook(lambda m, args: mirrored.append(args[1]))
    batch = first_batch(method)
    for _ in range(8):
        list(method.step(batch))
    same = [torch.equal(m, batch["source"].images) for m in mirrored]
    assert {True, False} == set(same)
    assert max(seen) < 0.1


def test_patches_are_drawn_evenly_or_on_the_person():
    torch.manual_seed(0)
    places = drawn_places(torch.Size((8, 4)), 100, None)
    assert sorted(places.tolist()) == list(range(32))
    mask = torch.zeros(2, 1, 16, 8)
    mask[0, :, 8:] = 1  # the lower half of the first picture; the second has no mask
    drawn = torch.stack([drawn_places(torch.Size((8, 4)), 8, mask) for _ in range(200)])
    assert all(len(set(row)) == 8 for row in drawn.flatten(0, 1).tolist())
    share = (drawn >= 16).double().mean((0, 2))
    assert share[0] > 0.85
    assert share[1] == pytest.approx(0.5, abs=0.05)
    maps = torch.arange(2 * 3 * 8 * 4.0).view(2, 3, 8, 4)
    picked = patches_at(maps, drawn[0])
    for b in range(2):
        for s, place in enumerate(drawn[0, b].tolist()):
            assert torch.equal(picked[b, s], maps[b, :, place // 4, place % 4])
    assert torch.equal(patches_at(maps, torch.tensor([5])), maps[:, :, 1, 1][:, None])


def test_masks_follow_their_pictures_to_the_content_term(market, other, monkeypatch):
    method = attached(market, other, patch_sampling="mask")
    given = []
    monkeypatch.setattr(
        "reidapt.methods.cut_joint.drawn_places", lambda s, n, masks: given.append(masks) or torch.tensor([0])
    )
    batch = first_batch(method)
    list(method.step(batch))
    assert len(given) == 3
    assert torch.equal(given[0], batch["source"].masks)
    assert 0.2 < float(given[0].mean()) < 0.8


# -- what it learns ----------------------------------------------------------------------------------------------------------


def figures(count, generator):
    """People of two colours before a grey slope, float32 (B, 3, 32, 16) in −0.8..0.8."""
    colours = torch.rand(count, 2, 3, generator=generator)
    x = torch.linspace(0, 1, 32).view(1, 1, 32, 1).repeat(count, 3, 1, 16)
    x = x + 0.1 * torch.rand(x.shape, generator=generator)
    for b, left in enumerate(torch.randint(3, 6, (count,), generator=generator).tolist()):
        x[b, :, 4:16, left : left + 8] = colours[b, 0, :, None, None]
        x[b, :, 16:, left : left + 8] = colours[b, 1, :, None, None]
    return 0.8 * (2 * x.clamp(0, 1) - 1)


def test_recovers_a_pure_colour_shift():
    """The target is the source with less red and more blue: G learns that from unpaired pictures in seconds."""
    torch.manual_seed(0)
    method = CutJoint(config(height=32, width=16, lr=1e-3, residual=True, discriminator_width=16), persons=8)
    optimisers = method.optimisers()
    tint = torch.tensor([-0.5, 0.0, 0.4]).view(3, 1, 1)
    generator, labels = torch.Generator().manual_seed(1), torch.arange(8)
    test = figures(32, torch.Generator().manual_seed(2))
    wanted = (test + tint).clamp(-0.99, 0.99)
    before = (test - wanted).abs().mean((0, 2, 3))
    for step in range(110):
        x, y = figures(8, generator), (figures(8, generator) + tint).clamp(-0.99, 0.99)
        batch = {
            "source": Batch(x, (x,), labels, labels, labels, step),
            "target": Batch(y, (y,), labels, None, labels, step),
        }
        for phase, loss in method.step(batch):
            optimisers[phase].zero_grad()
            loss.backward()
            optimisers[phase].step()
    with torch.no_grad():
        drawn = method.drawn(test)
    moved = (drawn - test).mean((0, 2, 3))
    shift = (wanted - test).mean((0, 2, 3))
    assert torch.allclose(moved, shift, atol=0.12)
    assert (drawn - wanted).abs().mean() < 0.5 * before.mean()


# -- a run ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(market, other, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "cut"
    train("cut-joint", config(market, other, out, epochs=1))
    return out


def test_ranks_and_translates(run, market, other, tmp_path):
    result, _ = evaluate_run(run, f"market1501:{other}")
    assert result.summary()["queries"] > 0
    method = reidapt.load(run)
    images = CropStore(read(f"market1501:{market}"), method.config.size).images([0, 1, 2])
    state = torch.get_rng_state()
    redrawn = method.translate(images)
    assert redrawn.dtype == torch.uint8
    assert redrawn.shape == images.shape
    assert torch.equal(
        redrawn, method.translate(images, images[:, :1], images[:, :1])
    )  # masks and poses are not looked at
    assert (redrawn[1:2].int() - method.translate(images[1:2]).int()).abs().max() <= 1
    assert torch.equal(state, torch.get_rng_state())
    features = method.embed(normalise(images))
    assert torch.allclose(features, method.network.eval().embed(normalise(images)))
    made = translate_dataset(run, f"market1501:{market}", tmp_path / "redrawn")
    assert made.crops == len(read(f"market1501:{market}"))
    assert (Run(run).samples / "epoch-001.png").exists()


def test_starts_from_and_is_the_start_of_other_methods(run, market, other, tmp_path):
    """The ranking network is a ReidNet whose backbone has a name, so any method can build it."""
    data = {**QUICK, "source": f"market1501:{market}", "epochs": 1, "backbone": "encoder1+test_resnet"}
    options = {"target": f"market1501:{other}", "eps": 0.7, "min_samples": 2, "k1": 6, "k2": 2, "init": str(run)}
    cls = reidapt.methods.load_method("cluster-teacher")
    teacher = cls(cls.Config(**data, **options), persons=5)
    teacher.load_initial(reidapt.load(run))
    own = reidapt.load(run).ranker.state_dict()
    assert all(torch.equal(v, own[k]) for k, v in teacher.ranker.state_dict().items() if k != "classifier.weight")
    direct = reidapt.methods.load_method("source-only").Config(**data, out=str(tmp_path / "direct"))
    train("source-only", direct)
    train("cut-joint", config(market, other, tmp_path / "cut", epochs=1, init=str(tmp_path / "direct")))
    with pytest.raises(RunError, match="another architecture"):
        train("cut-joint", config(market, other, tmp_path / "x", blocks=2, init=str(tmp_path / "direct")))


def test_killed_and_resumed_equals_uninterrupted(market, other, tmp_path):
    options = {"checkpoint_steps": 2, "patch_sampling": "mask", "flip_equivariance": True, "schedule": "steps"}
    steps = []
    whole = config(market, other, tmp_path / "whole", **options)
    train("cut-joint", whole, lambda done, total, what: steps.append(done) if what.startswith("epoch") else None)
    broken = config(market, other, tmp_path / "broken", **options)
    for moment in (3, len(steps) - 1):

        def stop(done, total, what, moment=moment):
            if what.startswith("epoch") and done >= moment:
                raise Killed

        with pytest.raises(Killed):
            train("cut-joint", broken, stop)
        torch.manual_seed(moment)
    train("cut-joint", broken)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")


def test_the_targets_ids_change_no_weight_and_its_pictures_do(market, other, tmp_path):
    frame = read(f"market1501:{other}").select(split="train").frame
    found = {}
    for name, table in (
        ("true", frame),
        ("mixed", frame.assign(person=frame["person"].to_numpy()[::-1])),
        ("fewer", frame[3:]),
    ):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        options = {"target": f"csv:{tmp_path / name}.csv", "epochs": 1}
        train("cut-joint", config(market, other, tmp_path / name, **options))
        found[name] = torch.load(Run(tmp_path / name).checkpoint, weights_only=True)["networks"]
    same = lambda a, b: all(torch.equal(found[a][k], found[b][k]) for k in found[a])  # noqa: E731
    assert same("true", "mixed")
    assert not same("true", "fewer")


def test_batches_of_a_small_target_are_as_large_as_the_sources(market, other, tmp_path):
    frame = read(f"market1501:{other}").select(split="train").frame[:3]
    frame.to_csv(tmp_path / "three.csv", index=False)
    method = attached(market, other)
    method.target = CropStore(read(f"csv:{tmp_path / 'three.csv'}").unlabelled(), method.config.size)
    streams = method.streams(0)
    assert [len(b) for b in streams["target"].batches] == [len(b) for b in streams["source"].batches]
    rows = np.concatenate(streams["target"].batches)
    assert np.bincount(rows).ptp() <= 1 if hasattr(np.ndarray, "ptp") else np.ptp(np.bincount(rows)) <= 1


def test_pictures_per_id(market):
    source = read(f"market1501:{market}").select(split="train")
    taken, _ = CutJoint.tables(config(pictures_per_id=3), source, None)
    assert set(np.unique(taken.person, return_counts=True)[1]) == {3}
    assert set(taken.paths) <= set(source.paths)


# -- options ---------------------------------------------------------------------------------------------------------------------


def test_presets_fill_what_is_not_given():
    assert CutJointConfig().similarity_weight == 0.5
    assert CutJointConfig(preset="cut").nce_identity is True
    fast = CutJointConfig(preset="fastcut", content_weight=3.0, antialias=False)
    assert (fast.content_weight, fast.antialias, fast.flip_equivariance) == (3.0, False, True)
    for preset, values in PRESETS.items():
        made = CutJointConfig(preset=preset)
        assert {name: getattr(made, name) for name in values} == dict(values)


def test_learning_rates_of_the_thesis_and_of_cut():
    method = CutJoint(config(epochs=60, head_lr=1e-3, lr=2e-4), persons=3)
    for epoch, generator, head in (
        (0, 2e-4, 1e-3),
        (29.9, 2e-4, 1e-3),
        (30, 2e-4, 1e-4),
        (40, 2e-5, 1e-5),
        (59, 2e-5, 1e-5),
    ):
        assert method.learning_rate(epoch, "generator") == pytest.approx(generator)
        assert method.learning_rate(epoch, "head") == pytest.approx(head)
    method.config.schedule = "linear"
    assert [method.learning_rate(e, "generator") for e in (0, 30, 45)] == pytest.approx([2e-4, 2e-4, 1e-4])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layers": [0, 5]}, "has the layers 0"),
        ({"layers": []}, "has the layers 0"),
        ({"triplet_weight": 1.0}, "no two pictures show the same person"),
        ({"reid_weight": 0.0}, "nothing would learn to rank"),
        ({"content_weight": -1.0}, "0 or more"),
        ({"blocks": 0}, "1 or more"),
        ({"beta1": 1.0}, "below 1"),
    ],
)
def test_impossible_options_are_sentences(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        config(**options)
