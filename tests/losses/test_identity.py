"""Identity losses against plain loops."""

import math

import pytest
import torch
import torch.nn.functional as F

from reidapt.losses.identity import centroid_contrast, smoothed_cross_entropy, soft_contrast


def log_softmax(row):
    top = max(row)
    total = math.log(sum(math.exp(v - top) for v in row)) + top
    return [v - total for v in row]


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothed_cross_entropy_equals_plain_loops(smoothing):
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 4), torch.tensor([0, 3, 1, 1, 2])
    total = 0.0
    for row, label in zip(logits.double().tolist(), labels.tolist()):
        for k, value in enumerate(log_softmax(row)):
            total -= ((1 - smoothing) * (k == label) + smoothing / 4) * value
    assert float(smoothed_cross_entropy(logits, labels, smoothing)) == pytest.approx(total / 5, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_contrasts_equal_plain_loops(temperature):
    torch.manual_seed(0)
    f, g, c = (F.normalize(torch.randn(n, 6), dim=1) for n in (5, 5, 3))
    labels = torch.tensor([0, 2, 1, 1, 0])

    def scores(x):
        return [
            [sum(a * b for a, b in zip(row, centre)) / temperature for centre in c.double().tolist()]
            for row in x.double().tolist()
        ]

    student, teacher = [log_softmax(r) for r in scores(f)], [log_softmax(r) for r in scores(g)]
    hard = -sum(student[b][labels[b]] for b in range(5)) / 5
    soft = -sum(math.exp(teacher[b][k]) * student[b][k] for b in range(5) for k in range(3)) / 5
    assert float(centroid_contrast(f, labels, c, temperature)) == pytest.approx(hard, abs=1e-4)
    assert float(soft_contrast(f, g, c, temperature)) == pytest.approx(soft, abs=1e-4)


def test_only_the_student_gets_a_gradient():
    f, g, c = (torch.randn(n, 6, requires_grad=True) for n in (5, 5, 3))
    (soft_contrast(f, g, c) + centroid_contrast(f, torch.tensor([0, 1, 2, 0, 1]), c)).backward()
    assert f.grad is not None
    assert g.grad is None
    assert c.grad is None
