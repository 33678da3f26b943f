"""Context and similarity losses against plain loops, and where they are blind."""

import math

import pytest
import torch

from reidapt.losses.context import TINY, masked_l2, person_loss, surroundings_loss
from reidapt.losses.similarity import contrastive


def pictures(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def norm_by_loops(a, b, weight):
    total = 0.0
    for n in range(len(a)):
        squares = 0.0
        for c in range(a.shape[1]):
            for y in range(a.shape[2]):
                for x in range(a.shape[3]):
                    squares += (float(a[n, c, y, x] - b[n, c, y, x]) * float(weight[n, 0, y, x])) ** 2
        total += math.sqrt(squares / a[0].numel() + TINY)
    return total / len(a)


def test_context_loss_equals_plain_loops():
    a, b = pictures(2, 3, 5, 4), pictures(2, 3, 5, 4, seed=1)
    mine, theirs = (pictures(2, 1, 5, 4, seed=s).abs() for s in (2, 3))
    assert float(masked_l2(a, b, mine)) == pytest.approx(norm_by_loops(a, b, mine), rel=1e-5)
    assert float(person_loss(a, b, mine)) == pytest.approx(norm_by_loops(a, b, mine), rel=1e-5)
    outside = (1 - mine) * (1 - theirs)
    assert float(surroundings_loss(a, b, mine, theirs)) == pytest.approx(norm_by_loops(a, b, outside), rel=1e-5)


def test_the_loss_ignores_both_people_where_it_must():
    """No gradient of the person's term outside M_F, and of the background's inside either person."""
    m_s, m_t = torch.zeros(1, 1, 6, 6), torch.zeros(1, 1, 6, 6)
    m_s[..., 1:3], m_t[..., 2:5] = 1, 1
    x_s, x_t = pictures(1, 3, 6, 6), pictures(1, 3, 6, 6, seed=1)
    gradients = []
    for loss in (lambda g: person_loss(g, x_s, m_s), lambda g: surroundings_loss(g, x_t, m_s, m_t)):
        generated = pictures(1, 3, 6, 6, seed=2).requires_grad_()
        loss(generated).backward()
        gradients.append(generated.grad.abs().amax((0, 1)))
    person, background = gradients
    anyone = ((m_s + m_t) > 0)[0, 0]
    assert (person[m_s[0, 0] == 0] == 0).all()
    assert (person[m_s[0, 0] == 1] > 0).all()
    assert (background[anyone] == 0).all()
    assert (background[~anyone] > 0).all()


def test_the_slope_is_finite_where_nothing_differs():
    x = pictures(1, 3, 4, 4)
    generated = x.clone().requires_grad_()
    person_loss(generated, x, torch.ones(1, 1, 4, 4)).backward()
    assert (generated.grad == 0).all()


def test_contrastive_loss_equals_plain_loops():
    f, g = (torch.nn.functional.normalize(pictures(5, 8, seed=s), dim=1) for s in (0, 1))
    like = unlike = 0.0
    for a, b in zip(f.tolist(), g.tolist()):
        distance = math.dist(a, b)
        like += distance**2 / 5
        unlike += max(0.0, 1.2 - distance) ** 2 / 5
    assert float(contrastive(f, g, True)) == pytest.approx(like, rel=1e-5)
    assert float(contrastive(f, g, False, 1.2)) == pytest.approx(unlike, rel=1e-4)
    assert unlike > 0
