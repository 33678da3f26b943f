"""U-Net and PatchGAN for any rectangle."""

import pytest
import torch

from reidapt.models.patchgan import PatchGAN, receptive_field, strided_layers
from reidapt.models.unet import UNet, depth_for

SIZES = [(128, 64), (64, 32), (96, 40), (256, 128), (17, 31), (50, 23), (16, 16)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_any_rectangle_keeps_its_size_and_every_parameter_gets_a_gradient(size, norm):
    torch.manual_seed(0)
    batch = 1 if norm == "instance" else 2
    pictures = torch.randn(batch, 5, *size)
    generator = UNet(5, size=size, base=4, norm=norm)
    drawn = generator(pictures)
    assert drawn.shape == (batch, 3, *size)
    assert drawn.abs().max() <= 1
    discriminator = PatchGAN(8, size=size, base=4, norm=norm)
    verdicts = discriminator(torch.cat([pictures, drawn], dim=1))
    assert min(verdicts.shape[2:]) >= 1
    verdicts.sum().backward()
    for network in (generator, discriminator):
        assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize(
    ("size", "depth"), [((256, 256), 8), ((256, 128), 7), ((128, 64), 6), ((64, 32), 5), ((96, 40), 5)]
)
def test_depth_is_the_number_of_halvings_that_leave_a_pixel(size, depth):
    assert depth_for(*size) == depth
    side = min(size)
    for _ in range(depth):
        side //= 2
    assert side >= 1
    assert depth == 8 or side // 2 == 0


def test_the_patch_is_what_one_verdict_sees():
    """Of a 200×200 input, the pixels with a gradient from one verdict span 70 px with three strided layers."""
    assert receptive_field(3) == 70
    for layers in (0, 1, 2, 3):
        network = PatchGAN(1, size=(200, 200), base=2, norm="instance", layers=layers).double()
        for module in network.modules():
            if isinstance(module, torch.nn.InstanceNorm2d):
                module.eval()
                module.forward = lambda x: x  # a norm looks at the whole picture; the convolutions make the patch
        picture = torch.randn(1, 1, 200, 200, dtype=torch.double, requires_grad=True)
        verdicts = network(picture)
        verdicts[0, 0, verdicts.shape[2] // 2, verdicts.shape[3] // 2].backward()
        rows = picture.grad[0, 0].abs().sum(1).nonzero()
        assert int(rows.max() - rows.min()) + 1 == receptive_field(layers)


def test_small_pictures_get_fewer_strided_layers():
    for side in range(6, 80):
        layers = strided_layers(side, side)
        verdicts = side
        for _ in range(layers):
            verdicts //= 2
        assert verdicts - 2 >= 1
        assert layers == 3 or verdicts // 2 - 2 < 1


def test_skips_carry_detail_past_the_bottleneck():
    """Changing one pixel changes the output nearby at once: an encoder-decoder without skips could not."""
    torch.manual_seed(0)
    network = UNet(3, size=(64, 32), base=4).eval()
    picture = torch.zeros(1, 3, 64, 32)
    changed = picture.clone()
    changed[0, :, 20, 10] = 1
    difference = (network(changed) - network(picture)).abs().sum(1)[0]
    assert difference[16:25, 6:15].mean() > 2 * difference.mean()


def test_dropout_is_the_noise_and_only_in_training():
    torch.manual_seed(0)
    network, picture = UNet(3, size=(64, 32), base=4), torch.randn(2, 3, 64, 32)
    assert not torch.equal(network(picture), network(picture))
    network.eval()
    assert torch.equal(network(picture), network(picture))
