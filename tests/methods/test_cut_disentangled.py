"""cut-disentangled: where pose and appearance come from, what reaches which network, a run that ranks and translates."""

import pytest
import torch
from tests.conftest import QUICK
from tests.masked_market import write_masked_market
from tests.methods.test_cut_joint import TINY

import reidapt
from reidapt.data import Batch, CropStore, read
from reidapt.errors import ConfigError
from reidapt.methods.cut_disentangled import CutDisentangled, CutDisentangledConfig, grey, neighbours
from reidapt.training import Run, evaluate_run, train


def config(**options):
    return CutDisentangledConfig(**{**QUICK, **TINY, "persons_per_batch": 3, "pictures_per_person": 2, **options})


def batch(count=6, size=(48, 24), seed=0):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.rand(count, 3, *size, generator=generator) * 2 - 1 for _ in range(2))
    labels = torch.arange(count) // 2
    return {"source": Batch(x, (x,), labels, labels, labels, 0), "target": Batch(y, (y,), labels, None, labels, 0)}


def test_partners_within_a_batch():
    own, other = neighbours(6, 2)
    person = torch.arange(6) // 2
    assert own.tolist() == [1, 0, 3, 2, 5, 4]
    assert torch.equal(person[own], person)
    assert not (person[other] == person).any()


def test_pose_does_not_see_colour_and_appearance_has_no_place():
    torch.manual_seed(0)
    method = CutDisentangled(config(), persons=3).eval()
    x = torch.rand(2, 3, 48, 24) * 2 - 1
    other = x + torch.tensor([0.114, 0.0, -0.299]).view(3, 1, 1) * torch.rand(2, 1, 48, 24)  # of the same luma
    assert torch.allclose(grey(x), grey(other), atol=1e-6)
    assert torch.allclose(method.pose(x), method.pose(other), atol=1e-3)
    assert not torch.allclose(method.appearance(x), method.appearance(other), atol=1e-3)
    assert method.appearance(x).shape == (2, method.network.dim)
    drawn = method.painted(method.pose(x), method.appearance(x), 1)
    assert not torch.allclose(drawn, method.painted(method.pose(x), method.appearance(x.flip(0)), 1), atol=1e-4)


def test_each_phase_reaches_its_own_networks_alone():
    torch.manual_seed(0)
    method = CutDisentangled(config(), persons=3)
    for phase, loss in method.step(batch()):
        method.zero_grad(set_to_none=True)
        loss.backward()
        reached = {name.split(".")[0] for name, p in method.named_parameters() if p.grad is not None}
        wanted = {"discriminator"} if phase == "discriminator" else {"network", "decoder", "projectors", "domains"}
        assert reached == wanted
    optimised = {id(p) for o in method.optimisers().values() for g in o.param_groups for p in g["params"]}
    assert optimised == {id(p) for p in method.parameters() if p.requires_grad}


@pytest.mark.parametrize("options", [{"pictures_per_person": 1}, {"residual": True}, {"preset": "fastcut"}])
def test_impossible_options_are_sentences(options):
    with pytest.raises(ConfigError):
        config(**options)


def test_a_run_ranks_translates_and_dresses(tmp_path):
    market = write_masked_market(tmp_path / "market", train=4, test=3, cameras=2)
    other = write_masked_market(tmp_path / "other", train=4, test=3, cameras=2, seed=7)
    out = tmp_path / "run"
    specs = {"source": f"market1501:{market}", "target": f"market1501:{other}", "out": str(out), "epochs": 1}
    train("cut-disentangled", config(**specs))
    result, _ = evaluate_run(out, f"market1501:{other}")
    assert result.summary()["queries"] > 0
    method = reidapt.load(out).train()
    images = CropStore(read(f"market1501:{market}"), method.config.size).images([0, 1, 2])
    redrawn = method.translate(images)
    assert redrawn.dtype == torch.uint8
    assert torch.equal(redrawn, method.dress(images, images))
    assert (redrawn[1:2].int() - method.translate(images[1:2]).int()).abs().max() <= 1
    assert method.training
    assert (Run(out).samples / "epoch-001.png").exists()
