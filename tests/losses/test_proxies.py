"""The contrast between cameras against a plain loop."""

import math

import pytest
import torch
import torch.nn.functional as F

from reidapt.losses.proxies import inter_camera_contrast


def plain(features, labels, cameras, proxies, proxy_labels, proxy_cameras, temperature, hardest):
    total, counted = 0.0, 0
    for f, y, c in zip(features.detach().double(), labels.tolist(), cameras.tolist()):
        inside, outside = [], []
        for p, py, pc in zip(proxies.double(), proxy_labels.tolist(), proxy_cameras.tolist()):
            similarity = float(f @ p) / temperature
            if py != y:
                outside.append(similarity)
            elif pc != c and min(pc, c) >= 0:
                inside.append(similarity)
        if inside:
            chosen = sorted(outside)[::-1][:hardest]
            below = math.log(sum(math.exp(s) for s in inside + chosen))
            total, counted = total + below - sum(inside) / len(inside), counted + 1
    return total / counted if counted else 0.0


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("hardest", [1, 3, 50])
def test_equals_a_plain_loop(hardest, unknown):
    torch.manual_seed(0)
    features = F.normalize(torch.randn(7, 5), dim=1).requires_grad_()
    proxies = F.normalize(torch.randn(8, 5), dim=1)
    proxy_labels, proxy_cameras = torch.tensor([0, 0, 0, 1, 1, 2, 3, 3]), torch.tensor([1, 2, 3, 1, 2, 1, 2, 3])
    labels, cameras = torch.tensor([0, 0, 1, 1, 2, 3, 3]), torch.tensor([1, 3, 2, 9, 1, 2, 3])
    if unknown:
        cameras[1] = proxy_cameras[0] = proxy_cameras[7] = -1
    found = inter_camera_contrast(features, labels, cameras, proxies, proxy_labels, proxy_cameras, 0.1, hardest)
    expected = plain(features, labels, cameras, proxies, proxy_labels, proxy_cameras, 0.1, hardest)
    assert float(found.detach()) == pytest.approx(expected, rel=1e-5)
    found.backward()
    assert features.grad[4].abs().sum() == 0  # the only proxy of cluster 2 is of the feature's own camera
    assert features.grad[0].abs().sum() > 0


def test_one_camera_gives_zero_with_a_gradient():
    features = F.normalize(torch.randn(4, 5), dim=1).requires_grad_()
    ones = torch.ones(4, dtype=torch.int64)
    loss = inter_camera_contrast(features, torch.arange(4), ones, features.detach(), torch.arange(4), ones)
    loss.backward()
    assert float(loss) == 0
    assert features.grad.abs().sum() == 0
