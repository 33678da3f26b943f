"""spgan: its terms, who learns from what, CycleGAN and CamStyle as special cases, exact resume."""

import numpy as np
import pytest
import torch
from tests.masked_market import write_masked_market
from tests.rendering_options import QUICK_SPGAN
from tests.training.test_resume import Killed, assert_same_weights

from reidapt.data import CropStore, Loader, read
from reidapt.errors import ConfigError
from reidapt.methods.spgan import Spgan, SpganConfig
from reidapt.training import train


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    root = tmp_path_factory.mktemp("spgan")
    return tuple(f"market1501:{write_masked_market(root / str(s), train=4, test=2, cameras=2, seed=s)}" for s in (1, 2))


def attached(specs, **options):
    c = SpganConfig(**{**QUICK_SPGAN, "source": specs[0], "target": specs[1], **options})
    source = read(specs[0]).select(split="train")
    target = read(c.target).select(split="train").unlabelled() if c.target else None
    torch.manual_seed(0)
    method = Spgan(c, persons=4)
    source, target = Spgan.tables(c, source, target)
    method.attach(source=CropStore(source, c.size), target=CropStore(target, c.size))
    return method


def batch_of(method):
    return {n: next(iter(Loader(s.store, s.batches, s.augment, stream=n))) for n, s in method.streams(0).items()}


def test_each_phase_reaches_its_own_networks_alone(specs):
    method = attached(specs)
    owners = {
        "generator": {"to_target", "to_source"},
        "discriminator": {"judge_target", "judge_source"},
        "siamese": {"siamese"},
    }
    phases = []
    for phase, loss in method.step(batch_of(method)):
        method.zero_grad(set_to_none=True)
        loss.backward()
        touched = {name for name, n in method.named_children() if any(p.grad is not None for p in n.parameters())}
        assert touched == owners[phase]
        phases.append(phase)
    assert phases == list(owners)


def test_similarity_compares_the_four_kinds_of_pairs(specs):
    method = attached(specs, margin=1.5)
    x, y, g, f = (torch.rand(3, 3, 48, 24) * 2 - 1 for _ in range(4))
    with torch.no_grad():
        e = [method.siamese(p) for p in (x, y, g, f)]
        found = float(method.similarity(x, y, g, f))
    total = 0.0
    for a, b, same in ((0, 2, True), (1, 3, True), (2, 1, False), (3, 0, False)):
        for row in range(3):
            distance = float((e[a][row] - e[b][row]).norm())
            total += (distance**2 if same else max(0.0, 1.5 - distance) ** 2) / 3
    assert found == pytest.approx(total / 4, rel=1e-4)


def test_weight_0_is_cyclegan_without_the_siamese_network(specs):
    method = attached(specs, similarity_weight=0.0)
    assert [phase for phase, _ in method.step(batch_of(method))] == ["generator", "discriminator"]
    assert "loss/similarity" not in method.recorder.flush()


def test_terms_are_the_absolute_differences_times_their_weights(specs):
    method = attached(specs, cycle_weight=7.0, identity_weight=3.0)
    batch = batch_of(method)
    x, y = batch["source"].images, batch["target"].images
    with torch.no_grad():
        g, f = method.to_target, method.to_source
        cycle = (f(g(x)) - x).abs().mean() + (g(f(y)) - y).abs().mean()
        same = (g(y) - y).abs().mean() + (f(x) - x).abs().mean()
    next(method.step(batch))
    terms = method.recorder.flush()
    assert terms["loss/cycle"] == pytest.approx(7 * float(cycle), rel=1e-4)
    assert terms["loss/identity"] == pytest.approx(3 * float(same), rel=1e-4)


def test_between_two_cameras_of_the_source_it_is_camstyles_translator(specs):
    method = attached(specs, target="", source_camera=1, target_camera=2)
    assert set(method.source.table.camera) == {1}
    assert set(method.target.table.camera) == {2}
    assert not method.target.table.labelled
    assert (method.source.table.camera[np.concatenate(method.streams(0)["source"].batches)] == 1).all()
    with pytest.raises(ConfigError, match="Say which pictures to imitate"):
        attached(specs, target="")


def test_resume_anywhere_is_bit_exact(specs, tmp_path):
    def config(out):
        data = {"source": specs[0], "target": specs[1], "out": str(tmp_path / out)}
        return SpganConfig(**{**QUICK_SPGAN, "batch_size": 4, **data}, checkpoint_steps=1)

    train("spgan", config("whole"))

    def stop(done, total, what):
        if what.startswith("epoch") and done >= 2:
            raise Killed

    with pytest.raises(Killed):
        train("spgan", config("broken"), stop)
    torch.manual_seed(5)
    train("spgan", config("broken"))
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")


def test_a_residual_generator_that_draws_nothing_returns_its_picture(specs):
    method = attached(specs, residual=True)
    pictures = torch.arange(256, dtype=torch.uint8).repeat(14)[: 48 * 24 * 3].view(1, 3, 48, 24)
    before = method.translate(pictures)
    torch.nn.init.zeros_(method.to_target.decoder.last.weight)
    torch.nn.init.zeros_(method.to_target.decoder.last.bias)
    drawn = method.translate(pictures)
    squeezed = 127.5 + 0.98 * (pictures.double() - 127.5)
    assert (drawn.double() - squeezed).abs().max() <= 1
    assert not torch.equal(before, drawn)
