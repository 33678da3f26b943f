"""Convolutions with one output column in bfloat16 against float32."""

import copy

import pytest
import torch
from torch import nn

from reidapt.models.embedder import ReidNet
from reidapt.models.narrow import WidenedConv2d, widen_narrow_outputs


@pytest.mark.parametrize(("height", "width"), [(4, 2), (8, 2), (4, 1), (4, 4), (4, 3)])
def test_values_and_gradients_are_those_of_float32(height, width):
    torch.manual_seed(0)
    plain = nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False)
    widened = copy.deepcopy(plain)
    widen_narrow_outputs(widened)
    assert type(widened) is WidenedConv2d
    images = torch.randn(16, 32, height, width)
    results = []
    for conv, narrow in ((plain, False), (widened, True)):
        x = images.clone().requires_grad_()
        garbage = [torch.full((n,), torch.nan) for n in (1 << 12, 1 << 14, 1 << 16)]
        del garbage  # what an unwritten output would hold
        with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            y = conv(x)
        y.float().square().sum().backward()
        results.append((y.detach().float(), x.grad, conv.weight.grad))
    for exact, found in zip(*results):
        assert exact.shape == found.shape
        assert (exact - found).abs().max() < 0.05 * exact.abs().max()


def test_a_network_with_one_column_gives_finite_features_of_the_right_size():
    torch.manual_seed(0)
    network = ReidNet("resnet10t", persons=3, weights="random", size=(64, 32), last_stride=2).eval()
    images = torch.randn(64, 3, 64, 32)
    exact = network.feature_maps(images)
    garbage = [torch.full((n,), torch.nan) for n in (1 << 15, 1 << 16, 1 << 17) for _ in range(4)]
    del garbage
    with torch.autocast("cpu", torch.bfloat16):
        found = network.feature_maps(images)
    assert found.shape == exact.shape == (64, 512, 2, 1)
    assert (exact - found).abs().max() < 0.1 * exact.abs().max()
