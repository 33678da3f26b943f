"""The two-stream network: which branch sees which picture, stripes, and what the levels are."""

import pytest
import torch
from torch import nn

from reidapt.errors import ConfigError
from reidapt.models.embedder import ReidNet
from reidapt.models.non_local import NonLocal
from reidapt.models.two_stream import StripePool, TwoStreamNet

SMALL = {"backbone": "test_resnet", "persons": 5, "weights": "random", "size": (48, 24), "part_dim": 16}


def network(**options):
    torch.manual_seed(0)
    return TwoStreamNet(**{**SMALL, **options}).eval()


@pytest.mark.parametrize("shared_from", [0, 1, 2, 3, 4])
def test_each_picture_takes_its_own_branch(shared_from):
    net = network(shared_from=shared_from)
    for parameter in net.other.parameters():  # the branches start alike; make them differ
        nn.init.normal_(parameter, std=0.3)
    images, m = torch.randn(5, 3, 48, 24), torch.tensor([1, 0, 0, 1, 0])
    with torch.no_grad():
        mixed = net.embed(images, m)
        for modality in (0, 1):
            rows = m == modality
            assert torch.allclose(mixed[rows], net.embed(images[rows], m[rows]), atol=1e-5)
        other = net.embed(images, 1 - m)
    assert torch.allclose(mixed, other, atol=1e-5) == (shared_from == 0)
    assert len(net.colour) + len(net.shared) == 5


def test_gradients_stay_in_the_branch_of_the_modality():
    net = network(shared_from=2)
    net(torch.randn(4, 3, 48, 24), torch.zeros(4, dtype=torch.int64)).feature.sum().backward()
    assert all(p.grad is None for p in net.other.parameters())
    assert all(p.grad is not None for p in net.colour.parameters())


@pytest.mark.parametrize("norms", ["shared", "own"])
def test_with_norms_of_its_own_a_modality_does_not_see_the_other_in_a_batch(norms):
    net = network(shared_from=1, neck=True, norms=norms).train()
    images, m = torch.randn(6, 3, 48, 24), torch.tensor([0, 1, 0, 1, 0, 1])
    with torch.no_grad():
        one = torch.stack(net(images, m).logits)
        changed = torch.where((m == 1)[:, None, None, None], 3 * images + 1, images)
        two = torch.stack(net(changed, m).logits)
    assert torch.allclose(one[:, m == 0], two[:, m == 0], atol=1e-6) == (norms == "own")


def test_with_norms_of_its_own_everything_else_stays_shared():
    net, plain = network(shared_from=1, neck=True, norms="own").train(), network(shared_from=1, neck=True)
    images, m = torch.randn(6, 3, 48, 24), torch.tensor([0, 1, 0, 1, 0, 1])
    with torch.no_grad():
        assert torch.allclose(net.eval().embed(images, m), plain.embed(images, m), atol=1e-6)  # they begin alike
    norms = sum(p.numel() for x in plain.shared.modules() if isinstance(x, nn.BatchNorm2d) for p in x.parameters())
    norms += sum(p.numel() for p in plain.necks.parameters())
    assert sum(p.numel() for p in net.parameters()) == sum(p.numel() for p in plain.parameters()) + norms
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    net.train()
    sum(z.square().sum() for z in net(images, m).logits).backward()
    optimiser.step()
    for mine, other in zip(net.colour[1:].modules(), net.other[1:].modules()):
        if isinstance(mine, nn.Conv2d):
            assert torch.equal(mine.weight, other.weight)
        if isinstance(mine, nn.BatchNorm2d):
            assert not torch.equal(mine.running_mean, other.running_mean)
            assert mine.weight is not other.weight


def test_levels_are_pooled_maps_and_f_is_made_of_stripes():
    net = network(parts=3, shared_from=1)
    images, m = torch.randn(2, 3, 96, 48), torch.tensor([0, 1])
    with torch.no_grad():
        output, maps = net(images, m), net.stage_maps(images, m)
    assert [output.levels[j].shape[1] for j in range(1, 5)] == [net.level_dims[j] for j in range(1, 5)]
    for j, stage in enumerate(maps, 1):
        assert torch.allclose(output.levels[j], stage.mean((2, 3)), atol=1e-5)
    height = maps[-1].shape[2] // 3
    for part, (f, embedding) in enumerate(zip(output.parts, net.embeddings)):
        stripe = maps[-1][:, :, part * height : (part + 1) * height]
        assert torch.allclose(f, embedding(stripe.mean((2, 3))), atol=1e-5)
    assert torch.equal(output.feature, torch.cat(output.parts, 1))
    assert output.feature.shape == (2, net.dim) == (2, 48)
    assert [z.shape for z in output.logits] == [(2, 5)] * 3


def test_both_branches_start_from_the_weights_of_one_network():
    single = ReidNet("test_resnet", persons=3, weights="random", size=(48, 24)).eval()
    images, m = torch.randn(3, 3, 48, 24), torch.tensor([0, 1, 1])
    for options in ({"shared_from": 4}, {"shared_from": 1, "non_local": True}):
        net = network(parts=1, part_dim=0, **options)
        net.copy_backbone(single.backbone)
        with torch.no_grad():
            assert torch.allclose(net(images, m).feature, single.features(images), atol=1e-5)


def test_gem_lies_between_mean_and_maximum():
    maps = torch.rand(2, 4, 6, 3) + 0.1
    mean = StripePool(2)(maps)
    pool = StripePool(2, "gem")
    assert mean.shape == (2, 4, 2)
    for power, low, high in ((1.0, mean, mean), (3.0, mean, maps.amax((2, 3))[:, :, None] + 1)):
        pool.power.data.fill_(power)
        found = pool(maps)
        assert (found >= low - 1e-5).all()
        assert (found <= high + 1e-5).all()
    pool.power.data.fill_(200.0)
    assert torch.allclose(pool(maps)[:, :, 0], maps[:, :, :3].amax((2, 3)), atol=0.02)


def test_a_new_non_local_block_changes_nothing_then_looks_everywhere():
    torch.manual_seed(0)
    block, maps = NonLocal(6).eval(), torch.randn(2, 6, 4, 3, requires_grad=True)
    assert torch.equal(block(maps), maps)
    nn.init.ones_(block.out[1].weight)
    with torch.no_grad():
        q, k, v = (part(maps).flatten(2) for part in (block.query, block.key, block.value))
        expected = torch.zeros(2, 3, 12)
        for b in range(2):
            for i in range(12):
                weights = torch.softmax(torch.stack([q[b, :, i] @ k[b, :, j] for j in range(12)]), 0)
                expected[b, :, i] = sum(w * v[b, :, j] for j, w in enumerate(weights))
        expected = maps + block.out(expected.unflatten(2, (4, 3)))
        assert torch.allclose(block(maps), expected, atol=1e-5)
    block(maps)[0, 0, 0, 0].backward()
    assert (maps.grad[0].abs().sum(0) > 0).all()


def test_other_architectures_are_refused():
    with pytest.raises(ConfigError, match="ResNet's stem and four stages, which 'test_vit' does not have"):
        network(backbone="test_vit")
