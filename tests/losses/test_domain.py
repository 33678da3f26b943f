"""Domain losses: gradient reversal, order labels against enumeration, combined clips against plain loops."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from reidapt.data import generator
from reidapt.losses.domain import ORDERS, combined_clips, domain_loss, draw_orders, order_labels, ramp, reverse


def test_reversal_passes_values_and_turns_gradients() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    y = reverse(x, 0.3)
    assert torch.equal(y, x)
    weight = torch.randn(3, 4)
    (y * weight).sum().backward()
    assert torch.allclose(x.grad, -0.3 * weight)


def test_ramp_is_the_formula() -> None:
    assert ramp(0.0) == 0.0
    assert ramp(1.0) == pytest.approx(2 / (1 + math.exp(-10)) - 1)
    assert ramp(0.3) == pytest.approx(2 / (1 + math.exp(-3)) - 1)


def test_domain_loss_equals_plain_loops() -> None:
    source, target = torch.randn(7, dtype=torch.double), torch.randn(3, dtype=torch.double)
    sigma = [1 / (1 + math.exp(-d)) for d in torch.cat([source, target]).tolist()]
    wanted = -sum(math.log(1 - s) for s in sigma[:7]) / 14 - sum(math.log(s) for s in sigma[7:]) / 6
    assert float(domain_loss(source, target)) == pytest.approx(wanted, rel=1e-5)


def test_the_six_orders_against_enumeration() -> None:
    """All 24 permutations of two source and two target segments: every order has 4, and its label is its place in ORDERS."""
    names, counts = "SSTT", {}
    for permutation in itertools.permutations(range(4)):
        order = "".join(names[k] for k in permutation)
        label = int(order_labels(torch.tensor([permutation]))[0])
        assert "".join("ST"[d] for d in ORDERS[label]) == order
        counts[label] = counts.get(label, 0) + 1
    assert counts == dict.fromkeys(range(6), 4)


def test_drawn_orders_are_permutations_of_all_six_kinds() -> None:
    drawn = draw_orders(6000, generator(0, "order", 0))
    assert torch.equal(drawn.sort(dim=1).values, torch.arange(4).expand(6000, 4))
    share = torch.bincount(order_labels(drawn), minlength=6) / 6000
    assert float((share - 1 / 6).abs().max()) < 0.02
    assert torch.equal(drawn, draw_orders(6000, generator(0, "order", 0)))


def test_combined_clips_put_the_segments_where_the_permutation_says() -> None:
    source, target = torch.randn(5, 2, 3), torch.randn(5, 2, 3)
    permutation = draw_orders(5, generator(1, "order", 0))
    combined = combined_clips(source, target, permutation)
    for b in range(5):
        segments = [source[b, 0], source[b, 1], target[b, 0], target[b, 1]]
        assert torch.equal(combined[b], torch.cat([segments[k] for k in permutation[b].tolist()]))
