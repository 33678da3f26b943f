"""The re-ID network: shapes, BNNeck, last stride, weights files; the momentum teacher."""

import copy

import pytest
import torch

from reidapt.errors import ConfigError
from reidapt.models.ema import ema_update
from reidapt.models.embedder import ReidNet


def small(**options):
    torch.manual_seed(0)
    return ReidNet("resnet10t", persons=5, weights="random", size=(64, 32), **options)


def test_shapes_and_unit_length():
    net = small().eval()
    images = torch.randn(3, 3, 64, 32)
    output = net(images)
    assert output.feature.shape == output.neck.shape == (3, net.dim)
    assert output.logits.shape == (3, 5)
    assert torch.allclose(net.embed(images).norm(dim=1), torch.ones(3), atol=1e-5)


def test_last_stride_one_doubles_the_map():
    images = torch.randn(1, 3, 64, 32)
    one, two = (small(last_stride=s).eval().backbone.forward_features(images) for s in (1, 2))
    assert one.shape[2:] == (4, 2)
    assert two.shape[2:] == (2, 1)


def test_bnneck_has_no_learnt_shift():
    assert not small().neck.bias.requires_grad


def test_a_vision_transformer_takes_any_rectangle():
    net = ReidNet("vit_tiny_patch16_224", persons=2, weights="random", size=(64, 32)).eval()
    assert net.embed(torch.randn(2, 3, 64, 32)).shape == (2, net.dim)


def test_unknown_backbone_names_the_nearest():
    with pytest.raises(ConfigError, match=r"no backbone 'resnet5O'.*resnet50"):
        ReidNet("resnet5O", persons=1)


def test_weights_file_of_another_architecture_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"stem.weight": torch.zeros(3)}, path)
    with pytest.raises(ConfigError, match="another architecture"):
        ReidNet("resnet10t", persons=1, weights=str(path))


def test_weights_file_is_loaded(tmp_path):
    net, path = small(), tmp_path / "w.pt"
    torch.save(net.backbone.state_dict(), path)
    torch.manual_seed(9)
    other = ReidNet("resnet10t", persons=2, weights=str(path), size=(64, 32))
    assert all(
        torch.equal(a, b) for a, b in zip(net.backbone.state_dict().values(), other.backbone.state_dict().values())
    )


def test_missing_weights_file_is_a_sentence():
    with pytest.raises(ConfigError, match="no such file"):
        ReidNet("resnet10t", persons=1, weights="nowhere.pt")


def test_ema_moves_parameters_and_buffers_and_copies_counters():
    student, teacher = small(), None
    teacher = copy.deepcopy(student)
    student.train()(torch.randn(4, 3, 64, 32))  # moves the running statistics
    with torch.no_grad():
        for p in student.parameters():
            p.add_(1.0)
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    ema_update(teacher, student, 0.9)
    for key, new in teacher.state_dict().items():
        other = student.state_dict()[key]
        expected = 0.9 * before[key] + 0.1 * other if new.dtype.is_floating_point else other
        assert torch.allclose(new, expected, atol=1e-6), key
    assert not torch.equal(teacher.neck.running_mean, before["neck.running_mean"])
