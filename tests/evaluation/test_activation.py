"""Activation maps on embedders whose answer is known, and correlations across modalities against plain loops."""

import numpy as np
import pytest
import torch
from torch import nn

from reidapt.errors import DataError
from reidapt.evaluation.activation import activation_maps, overlay
from reidapt.evaluation.correlation import cross_modal_correlation, plot_correlation
from reidapt.models.embedder import ReidNet


class UpperHalf(nn.Module):
    """Sees the upper half of a picture alone."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, images):
        maps = torch.relu(self.conv(images))
        return maps[:, :, : maps.shape[2] // 2].mean((2, 3))


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_not_seen_is_cold(wrapped):
    torch.manual_seed(0)
    model, images = UpperHalf(), torch.randn(4, 3, 24, 12)
    embedder = (
        (lambda x: model(x)) if wrapped else model
    )  # a plain function has no maps: the picture itself is looked at
    heat = activation_maps(embedder, images, torch.rand(4, 4))
    assert heat.shape == (4, 24, 12)
    assert (heat[:, 14:] == 0).all()
    assert (heat[:, :11].amax((1, 2)) > 0.99).all()
    assert float(heat.min()) >= 0
    assert float(heat.max()) <= 1
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


def test_map_is_gradient_times_activation_of_the_last_map():
    """For a linear head on pooled maps the contributions are known in closed form."""
    torch.manual_seed(0)
    model = ReidNet("test_resnet", persons=2, weights="random", size=(64, 32)).eval()
    images, towards = torch.randn(3, 3, 64, 32), torch.nn.functional.normalize(torch.randn(3, model.dim), dim=1)

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = model.backbone

        def forward(self, x):
            return self.backbone.forward_features(x).mean((2, 3))

    heat = activation_maps(Plain(), images, towards)
    with torch.no_grad():
        maps = model.feature_maps(images)
        f = maps.mean((2, 3))
        length = f.norm(dim=1, keepdim=True)
        unit = f / length
        slope = (towards - (unit * towards).sum(1, keepdim=True) * unit) / length / maps[0, 0].numel()
        expected = (maps * slope[:, :, None, None]).sum(1, keepdim=True).clamp(min=0)
        expected = nn.functional.interpolate(expected, size=(64, 32), mode="bilinear", align_corners=False)[:, 0]
        expected = expected / expected.amax((1, 2), keepdim=True)
    assert torch.allclose(heat, expected, atol=1e-4)


def test_pictures_do_not_influence_each_others_maps():
    torch.manual_seed(0)
    model = ReidNet("test_resnet", persons=2, weights="random", size=(48, 24)).train()
    images, towards = torch.randn(3, 3, 48, 24), torch.randn(3, model.dim)
    together = activation_maps(model.embed, images, towards, model)
    alone = torch.cat([activation_maps(model.embed, images[i : i + 1], towards[i : i + 1], model) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert model.training


def test_overlay_leaves_cold_places_grey():
    picture = torch.full((3, 4, 2), 100, dtype=torch.uint8)
    heat = torch.zeros(4, 2)
    heat[0, 0] = 1
    shown = np.asarray(overlay(picture, heat))
    assert (shown[1:] == 100).all()
    assert shown[0, 0, 0] > 140  # red
    assert shown[0, 0, 2] < 90


def test_correlation_is_pearsons_over_pairs(tmp_path):
    rng = np.random.default_rng(0)
    person = np.repeat([1, 2, 3], 2)
    modality = np.tile(["colour", "infrared"], 3)  # one picture of each: the pairs are known
    x = rng.standard_normal((6, 9))
    levels = {"g1": torch.tensor(x), "f": torch.tensor(np.repeat(rng.standard_normal((3, 9)), 2, 0))}
    found = cross_modal_correlation(levels, person, modality, pairs=300)
    same = np.mean([np.corrcoef(x[2 * p], x[2 * p + 1])[0, 1] for p in range(3)])
    assert found["g1"].same == pytest.approx(same, abs=1e-6)
    other = np.mean([np.corrcoef(x[2 * p], x[2 * q + 1])[0, 1] for p in range(3) for q in range(3) if p != q])
    assert found["g1"].other == pytest.approx(other, abs=0.1)
    assert found["f"].same == pytest.approx(1)
    assert found == cross_modal_correlation(levels, person, modality, pairs=300)
    assert plot_correlation({"a": found}, tmp_path / "c.png").stat().st_size > 1000
    with pytest.raises(DataError, match=r"^1 person\(s\) have pictures in colour and in another"):
        cross_modal_correlation(levels, np.array([1, 1, 2, 3, 4, 5]), modality)
