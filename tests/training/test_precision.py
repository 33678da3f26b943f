"""Narrow strided convolutions under bfloat16 autocast against float32, with rubbish in the memory that was freed before."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reidapt.training.precision import NarrowInFloat32, narrow

CONVOLUTIONS = [
    (nn.Conv2d(64, 64, 3, stride=2, padding=1), (4, 2)),
    (nn.Conv2d(64, 64, 4, stride=2, padding=1), (6, 3)),
    (nn.Conv2d(64, 64, 3, stride=(1, 2), padding=1), (4, 1)),
    (nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1), (2, 1)),
]
WIDE = [
    (nn.Conv2d(64, 64, 3, padding=1), (4, 1)),
    (nn.Conv2d(64, 64, 3, stride=2, padding=1), (4, 4)),
    (nn.Conv2d(64, 64, 3, padding="same"), (4, 1)),
    (nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1), (2, 2)),
]


def gradients(layer, images, into):
    layer.zero_grad()
    images.grad = None
    output = layer(images).float()
    output.backward(into)
    return output.detach(), images.grad.clone(), layer.weight.grad.clone()


@pytest.mark.parametrize(("layer", "size"), CONVOLUTIONS + WIDE, ids=str)
def test_bfloat16_agrees_with_float32(layer, size):
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        images = torch.randn(16, 64, *size, generator=generator).contiguous(memory_format=torch.channels_last)
        images.requires_grad_()
        into = torch.randn(layer(images).shape, generator=generator)
        expected = gradients(layer, images, into)
        rubbish = [torch.full((2**power,), float("nan")) for power in range(8, 22)]
        del rubbish
        with torch.autocast("cpu", torch.bfloat16), NarrowInFloat32():
            found = gradients(layer, images, into)
        for a, b in zip(found, expected):
            assert (a - b).abs().max() < 0.03 * b.abs().max()


@pytest.mark.parametrize(("layer", "size"), CONVOLUTIONS + WIDE, ids=str)
def test_only_narrow_ones_leave_bfloat16(layer, size):
    with torch.autocast("cpu", torch.bfloat16), NarrowInFloat32():
        found = layer(torch.randn(2, 64, *size)).dtype
    assert found == (torch.float32 if (layer, size) in CONVOLUTIONS else torch.bfloat16)


def test_arguments_by_name():
    images, weight = torch.zeros(1, 1, 4, 2), torch.zeros(1, 1, 3, 3)
    assert narrow(torch.conv2d, (images,), {"weight": weight, "stride": 2, "padding": 1})
    assert not narrow(torch.conv2d, (images, weight), {})
