"""The dual-path generator: the blend, any rectangle, and that it can give back what it was given."""

import pytest
import torch

from reidapt.models.dual_path import DualPath
from reidapt.models.translator import Translator


def network(**options):
    torch.manual_seed(0)
    return DualPath(source_inputs=4, base=8, blocks=1, **options)


def test_the_picture_is_the_blend_of_source_and_redrawn():
    x_s, x_t = torch.rand(2, 4, 32, 16) * 2 - 1, torch.rand(2, 4, 32, 16) * 2 - 1
    drawn = network()(x_s, x_t)
    assert drawn.blend.shape == (2, 1, 32, 16)
    assert ((drawn.blend > 0) & (drawn.blend < 1)).all()
    assert torch.equal(drawn.picture, drawn.blend * x_s[:, :3] + (1 - drawn.blend) * drawn.redrawn)
    assert drawn.picture.abs().max() <= 1


@pytest.mark.parametrize("size", [(16, 16), (48, 24), (33, 18), (50, 27)])
def test_every_rectangle_keeps_its_size(size):
    picture = torch.rand(1, 4, *size)
    assert network(norm="instance").eval()(picture, picture).picture.shape == (1, 3, *size)
    assert Translator(4, size, blocks=1)(picture[:, :3]).shape == (1, 3, *size)


def test_both_inputs_reach_the_picture():
    x_s, x_t = torch.rand(1, 4, 32, 16, requires_grad=True), torch.rand(1, 4, 32, 16, requires_grad=True)
    network().eval()(x_s, x_t).redrawn.sum().backward()
    assert x_s.grad.abs().sum() > 0
    assert x_t.grad.abs().sum() > 0
