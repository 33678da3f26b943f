"""The triplet losses against plain loops, and their limits."""

import math

import pytest
import torch

from reidapt.losses.triplet import batch_hard_triplet, weighted_triplet


def by_loops(features, labels, margin):
    """Hermans et al., Eq. 5, written as loops in Python floats."""
    rows, y = features.double().tolist(), labels.tolist()
    terms = []
    for a in range(len(rows)):
        positives = [math.dist(rows[a], rows[p]) for p in range(len(rows)) if y[p] == y[a] and p != a]
        negatives = [math.dist(rows[a], rows[n]) for n in range(len(rows)) if y[n] != y[a]]
        if not positives or not negatives:
            continue
        gap = max(positives) - min(negatives)
        terms.append(math.log1p(math.exp(gap)) if margin is None else max(0.0, gap + margin))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("margin", [0.3, 0.0, 1.0, None])
@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 2, 2], [5, 5, 5, 9, 9, 9]])
def test_equals_plain_loops(margin, labels):
    torch.manual_seed(0)
    features, y = torch.randn(6, 7), torch.tensor(labels)
    assert float(batch_hard_triplet(features, y, margin)) == pytest.approx(by_loops(features, y, margin), abs=1e-5)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0]])
def test_without_positives_or_negatives_it_is_zero_with_zero_gradient(labels):
    features = torch.randn(4, 3, requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor(labels))
    loss.backward()
    assert float(loss) == 0
    assert torch.equal(features.grad, torch.zeros(4, 3))


def test_gradient_is_finite_for_identical_features():
    features = torch.ones(4, 3, requires_grad=True)
    batch_hard_triplet(features, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(features.grad).all()


def test_autocast_does_not_lower_its_precision():
    torch.manual_seed(1)
    features, labels = 10 + torch.randn(8, 64), torch.arange(8) // 2
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = batch_hard_triplet(features, labels, None)
    assert float(inside) == float(batch_hard_triplet(features, labels, None))


def weighted_by_loops(features, labels):
    """Ye et al. 2021, Eq. 8 and 9, as loops in Python floats."""
    rows, y = features.double().tolist(), labels.tolist()
    terms = []
    for a in range(len(rows)):
        positives = [math.dist(rows[a], rows[p]) for p in range(len(rows)) if y[p] == y[a] and p != a]
        negatives = [math.dist(rows[a], rows[n]) for n in range(len(rows)) if y[n] != y[a]]
        if not positives or not negatives:
            continue
        pull = sum(math.exp(d) * d for d in positives) / sum(math.exp(d) for d in positives)
        push = sum(math.exp(-d) * d for d in negatives) / sum(math.exp(-d) for d in negatives)
        terms.append(math.log1p(math.exp(pull - push)))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 2, 2], [5, 5, 5, 9, 9, 9], [0, 1, 2, 3, 4, 5]])
def test_weighted_triplet_equals_plain_loops(labels):
    torch.manual_seed(0)
    features, y = torch.randn(6, 7, requires_grad=True), torch.tensor(labels)
    loss = weighted_triplet(features, y)
    assert float(loss.detach()) == pytest.approx(weighted_by_loops(features.detach(), y), abs=1e-5)
    loss.backward()
    assert torch.isfinite(features.grad).all()


def test_batch_hard_equals_brute_force_over_all_triplets():
    """The largest gap over every (anchor, positive, negative) of an anchor, on a batch of two modalities."""
    torch.manual_seed(3)
    features, y = torch.randn(24, 5), torch.arange(3).repeat_interleave(8)
    rows, labels = features.double().tolist(), y.tolist()
    worst = []
    for a in range(24):
        gaps = [
            math.dist(rows[a], rows[p]) - math.dist(rows[a], rows[n])
            for p in range(24)
            for n in range(24)
            if p != a and labels[p] == labels[a] != labels[n]
        ]
        worst.append(max(0.0, 0.3 + max(gaps)))
    assert float(batch_hard_triplet(features, y, 0.3)) == pytest.approx(sum(worst) / 24, abs=1e-5)
