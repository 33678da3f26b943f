"""Narrow convolutions as matrix products against oneDNN's in float32, with rubbish in the memory that was freed before."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reidapt.models.narrow import DEFAULTS, NAMES, NarrowConvolutions, narrow

NARROW = [
    (nn.Conv2d(48, 64, 3, padding=1), (4, 2)),
    (nn.Conv2d(48, 64, 3, padding=1), (2, 1)),
    (nn.Conv2d(48, 64, 1, bias=False), (2, 1)),
    (nn.Conv2d(48, 64, 3, stride=(1, 2), padding=1), (4, 1)),
    (nn.Conv2d(48, 64, (3, 1), stride=(2, 1), padding=(1, 0)), (5, 2)),
    (nn.Conv2d(48, 64, 4, padding=3), (3, 2)),
    (nn.Conv2d(48, 64, 3, stride=2, padding=1), (4, 2)),
    (nn.ConvTranspose2d(48, 64, 4, stride=2, padding=1), (2, 1)),
    (nn.ConvTranspose2d(48, 64, 3, stride=2, padding=1, output_padding=1), (3, 1)),
    (nn.ConvTranspose2d(48, 64, (2, 3), stride=(3, 1), bias=False), (3, 1)),
]
NARROW_IN_BFLOAT16 = [
    (nn.Conv2d(48, 64, 4, stride=2, padding=1), (6, 3)),
    (nn.Conv2d(48, 64, 3, stride=2, padding=1), (5, 4)),
    (nn.Conv2d(48, 64, 7, stride=2), (7, 8)),
]
WIDE = [
    (nn.Conv2d(48, 64, 3, padding=1), (4, 3)),
    (nn.Conv2d(48, 64, 3, padding="same"), (4, 1)),
    (nn.Conv2d(48, 64, 3, padding=1, groups=4), (4, 1)),
    (nn.Conv2d(48, 64, 3, padding=2, dilation=2), (4, 1)),
    (nn.Conv2d(48, 64, 3, stride=2, padding=1), (5, 6)),
    (nn.ConvTranspose2d(48, 64, 4, stride=2, padding=1), (2, 2)),
]


def taken(layer, images):
    """Whether `narrow` takes the layer's convolution."""
    transposed = isinstance(layer, nn.ConvTranspose2d)
    names = NAMES[torch.conv_transpose2d if transposed else torch.conv2d]
    given = {name: getattr(layer, name) for name in names if name != "input"}
    return narrow({**DEFAULTS, "input": images, **given}, transposed)


def passed(layer, images, into):
    """Output and the gradients of the pictures, the kernel and the bias."""
    layer.zero_grad()
    images.grad = None
    output = layer(images).float()
    output.backward(into)
    return output.detach(), images.grad.clone(), *(weight.grad.clone() for weight in layer.parameters())


def pictures(size, generator, count=16):
    images = torch.randn(count, 48, *size, generator=generator).contiguous(memory_format=torch.channels_last)
    return images.requires_grad_()


@pytest.mark.parametrize(("layer", "size"), NARROW + NARROW_IN_BFLOAT16 + WIDE, ids=str)
def test_a_product_is_the_convolution(layer, size):
    images = pictures(size, torch.Generator().manual_seed(0))
    into = torch.randn(layer(images).shape)
    expected = passed(layer, images, into)
    with NarrowConvolutions():
        found = passed(layer, images, into)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("layer", "size"), NARROW + NARROW_IN_BFLOAT16 + WIDE, ids=str)
def test_bfloat16_agrees_with_float32(layer, size):
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        images = pictures(size, generator)
        into = torch.randn(layer(images).shape, generator=generator)
        expected = passed(layer, images, into)
        rubbish = [torch.full((2**power,), float("nan")) for power in range(8, 22)]
        del rubbish
        with torch.autocast("cpu", torch.bfloat16), NarrowConvolutions():
            assert layer(images).dtype == torch.bfloat16
            found = passed(layer, images, into)
        for a, b in zip(found, expected, strict=True):
            assert (a - b).abs().max() < 0.03 * b.abs().max()


def test_only_narrow_ones_are_taken():
    generator = torch.Generator().manual_seed(0)
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            for layers, expected in ((NARROW, True), (NARROW_IN_BFLOAT16, half), (WIDE, False)):
                assert [taken(layer, pictures(size, generator)) for layer, size in layers] == [expected] * len(layers)


def test_arguments_by_name_and_pictures_without_a_batch():
    images, weight = torch.randn(2, 3, 4, 2), torch.randn(5, 3, 3, 3)
    expected = torch.conv2d(images, weight, stride=2, padding=1)
    with NarrowConvolutions():
        torch.testing.assert_close(torch.conv2d(images, weight=weight, padding=1, stride=2), expected)
        torch.testing.assert_close(torch.conv2d(images[0], weight, None, 2, 1), expected[0])


def test_statistics_estimated_in_bfloat16_are_those_of_float32():
    """Of a ResNet at 64×32, whose last convolutions are narrow, outside the training loop."""
    from reidapt.models.embedder import ReidNet
    from reidapt.models.statistics import batch_norms, estimate_statistics

    torch.manual_seed(0)
    network = ReidNet("resnet10t", persons=0, weights="random", last_stride=2)
    network = network.to(memory_format=torch.channels_last)
    images = torch.randn(32, 3, 64, 32).contiguous(memory_format=torch.channels_last)
    found = []
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            estimate_statistics(network, [images])
        found.append([norm.running_mean.clone() for norm in batch_norms(network)])
    for one, two in zip(*found):
        assert (one - two).norm() < 0.1 * one.norm()
