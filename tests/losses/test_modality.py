"""Confidence weights (Eq. 3-4) and the domain adversarial loss (Eq. 2, 5) against plain loops, and their limits."""

import math

import pytest
import torch

from reidapt.losses.confidence import confidence_weights, entropy
from reidapt.losses.modality import confusion_loss, modality_loss


def softmax(row):
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [value / sum(powers) for value in powers]


def entropy_by_loops(row):
    """Eq. 4."""
    return -sum(p * math.log(p) for p in softmax(row) if p > 0)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_weights_equal_plain_loops_and_add_up_to_1(scale):
    torch.manual_seed(0)
    logits = scale * torch.randn(7, 5)
    confidence = [1 + math.exp(-entropy_by_loops(row)) for row in logits.double().tolist()]
    expected = [value / sum(confidence) for value in confidence]
    found = confidence_weights(logits)
    assert found.tolist() == pytest.approx(expected, abs=1e-6)
    assert float(found.sum()) == pytest.approx(1, abs=1e-6)


def test_weights_of_each_modality_add_up_to_its_share():
    torch.manual_seed(0)
    logits, groups = torch.randn(6, 4), torch.tensor([0, 1, 1, 0, 1, 1])
    logits[groups == 0] *= 20  # one modality is recognised, the other is not
    found = confidence_weights(logits, groups)
    for group, share in ((0, 2 / 6), (1, 4 / 6)):
        rows = groups == group
        assert float(found[rows].sum()) == pytest.approx(share, abs=1e-6)
        assert torch.allclose(found[rows] / share, confidence_weights(logits[rows]), atol=1e-6)
    assert float(confidence_weights(logits)[groups == 0].sum()) > 2 / 6 + 0.05


def test_entropy_limits():
    assert entropy(torch.zeros(2, 9)).tolist() == pytest.approx([math.log(9)] * 2, abs=1e-6)
    certain = torch.full((1, 9), -1e4)
    certain[0, 3] = 1e4
    assert float(entropy(certain)) == 0
    mixed = confidence_weights(torch.cat([certain, torch.zeros(1, 9)]))
    assert mixed.tolist() == pytest.approx([2 / (3 + 1 / 9), (1 + 1 / 9) / (3 + 1 / 9)], abs=1e-6)


def test_no_gradient_flows_into_the_weights():
    logits = torch.randn(4, 3, requires_grad=True)
    assert not confidence_weights(logits).requires_grad


def test_modality_loss_equals_plain_loops():
    torch.manual_seed(0)
    logits, m, w = torch.randn(6), torch.tensor([0, 1, 1, 0, 0, 1]), torch.rand(6)
    w = w / w.sum()
    expected = 0.0
    for z, label, weight in zip(logits.double().tolist(), m.tolist(), w.double().tolist()):
        verdict = 1 / (1 + math.exp(-z))
        expected -= weight * (label * math.log(verdict) + (1 - label) * math.log(1 - verdict))
    assert float(modality_loss(logits, m, w)) == pytest.approx(expected, abs=1e-6)
    assert float(modality_loss(logits[:, None], m, w)) == pytest.approx(expected, abs=1e-6)
    assert float(confusion_loss(logits, m, w)) == pytest.approx(-expected, abs=1e-6)
    flipped = modality_loss(-logits, m, w)  # the other label for every picture
    assert float(confusion_loss(logits, m, w, flip=True)) == pytest.approx(float(flipped), abs=1e-6)


def test_flipped_labels_are_bounded_and_the_plain_form_is_not():
    m, w = torch.tensor([0, 1]), torch.tensor([0.5, 0.5])
    fooled = torch.tensor([500.0, -500.0])
    assert float(confusion_loss(fooled, m, w)) == pytest.approx(-500)
    assert float(confusion_loss(fooled, m, w, flip=True)) == 0
    for flip in (False, True):  # both ask for the same change of the features
        logits = torch.tensor([-1.0, 2.0], requires_grad=True)
        confusion_loss(logits, m, w, flip=flip).backward()
        assert logits.grad[0] < 0 < logits.grad[1]
