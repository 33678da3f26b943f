"""The translation encoder and decoder: sizes, numbered layers, independence of the batch, the re-ID backbone on top."""

import pytest
import torch

from reidapt.errors import ConfigError
from reidapt.models.embedder import ReidNet
from reidapt.models.encoder_backbone import encoder_backbone_name, encoder_options
from reidapt.models.initialise import scaled
from reidapt.models.instance_norm import InstanceNorm
from reidapt.models.patchgan import PatchGAN
from reidapt.models.translator import Decoder, Encoder, Projector


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(32, 16), (49, 23), (30, 17)])
def test_any_rectangle_keeps_its_size(size, antialias):
    encoder, decoder = Encoder(4, 2, antialias=antialias), Decoder(4, size, antialias=antialias)
    x = torch.rand(2, 3, *size) * 2 - 1
    maps = encoder(x)
    assert maps.shape == (2, 16, -(-size[0] // 4), -(-size[1] // 4))
    drawn = decoder(maps)
    assert drawn.shape == x.shape
    assert drawn.dtype == torch.float32
    assert drawn.abs().max() < 1


def test_layers_are_numbered_from_the_picture_and_nothing_is_computed_beyond():
    encoder = Encoder(4, 3)
    x = torch.rand(1, 3, 32, 16) * 2 - 1
    called = []
    for number, layer in enumerate(encoder.layers, start=1):
        layer.register_forward_hook(lambda m, a, out, number=number: called.append(number))
    found = encoder.features(x, {0, 2, 4})
    assert called == [1, 2, 3, 4]
    assert torch.equal(found[0], x)
    assert {n: f.shape[1] for n, f in found.items()} == {n: encoder.channels[n] for n in (0, 2, 4)}
    assert torch.equal(encoder.features(x, {encoder.last})[encoder.last], encoder(x))


def test_a_picture_is_drawn_alike_whatever_stands_beside_it():
    encoder, decoder = Encoder(4, 2), Decoder(4, (32, 16))
    x = torch.rand(3, 3, 32, 16) * 2 - 1
    together, alone = decoder(encoder(x)), decoder(encoder(x[1:2]))
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_a_change_of_nothing_leaves_the_picture():
    decoder = Decoder(4, (32, 16))
    torch.nn.init.zeros_(decoder.last.weight)
    torch.nn.init.zeros_(decoder.last.bias)
    x = torch.rand(2, 3, 32, 16) * 2 - 1
    assert torch.allclose(decoder(torch.randn(2, 16, 8, 4), x), 0.98 * x, atol=1e-5)


@pytest.mark.parametrize("size", [(32, 32), (4, 2)])  # above and below PLACES
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_instance_norm_and_its_gradient_are_pytorchs(size, layout):
    generator = torch.Generator().manual_seed(0)
    maps = (3 + 2 * torch.randn(2, 5, *size, generator=generator)).contiguous(memory_format=layout).requires_grad_()
    weight = torch.randn(2, 5, *size, generator=generator)
    found = []
    for norm in (InstanceNorm(5), torch.nn.InstanceNorm2d(5)):
        maps.grad = None
        out = norm(maps)
        (out * weight).sum().backward()
        found.append((out.detach(), maps.grad.clone()))
    for ours, theirs in zip(*found):
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_no_biases_before_instance_norm():
    encoder = Encoder(4, 2)
    assert not [name for name, _ in encoder.named_parameters() if name.endswith("bias")]


def test_projections_have_length_one():
    out = Projector(3, 8)(torch.rand(2, 5, 3))
    assert out.shape == (2, 5, 8)
    assert torch.allclose(out.norm(dim=-1), torch.ones(2, 5), atol=1e-4)


def test_kaiming_weights_by_the_number_of_inputs():
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(64, 64, 3)
    scaled(layer, "kaiming")
    assert float(layer.weight.detach().std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.03)
    assert not layer.bias.any()
    scaled(layer, "xavier")
    assert float(layer.weight.detach().std()) == pytest.approx(0.02 * (2 / (2 * 64 * 9)) ** 0.5, rel=0.03)


def test_patchgan_gives_the_maps_of_every_layer_and_the_same_verdict():
    net = PatchGAN(3, size=(64, 32), base=4, norm="instance")
    x = torch.rand(2, 3, 64, 32)
    verdict, found = net.features(x)
    assert torch.equal(verdict, net(x))
    assert [f.shape[1] for f in found] == [4, 8, 16, 32][: net.layers + 1]


def test_a_backbone_may_begin_with_the_encoder():
    net = ReidNet("encoder1+resnet18", persons=3, weights="random", size=(32, 16))
    encoder = net.backbone.encoder
    assert encoder.channels[-1] == 64  # what resnet18's second stage takes
    seen = []
    encoder.register_forward_pre_hook(lambda m, args: seen.append(args[0]))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    picture = torch.rand(1, 3, 32, 16)
    features = net.eval().embed((picture - mean.view(3, 1, 1)) / std.view(3, 1, 1))
    assert torch.allclose(seen[0], 2 * picture - 1, atol=1e-5)
    assert features.shape == (1, 512)
    assert not [name for name in net.state_dict() if "layer1" in name or "bn1" in name.split(".")[1]]


def test_names_of_such_backbones():
    for blocks, antialias in ((9, False), (4, True)):
        name = encoder_backbone_name("resnet50", blocks=blocks, antialias=antialias)
        assert encoder_options(name) == ({"blocks": blocks, "antialias": antialias}, "resnet50")
    assert encoder_options("resnet50") is None
    with pytest.raises(ConfigError, match="ResNet with the stages"):
        ReidNet("encoder1+test_vit", persons=2, weights="random", size=(64, 32))
    with pytest.raises(ConfigError, match="no backbone 'resnet19'"):
        ReidNet("encoder1+resnet19", persons=2, weights="random")
