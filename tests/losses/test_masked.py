"""Foreground, background and band losses against plain loops, and their gradients where a mask is 0."""

import itertools

import pytest
import torch

from reidapt.losses.masked import (
    background_loss,
    band,
    filled_background,
    foreground_loss,
    masked_l1,
    outside,
    softened,
)


def draw(seed=0, shape=(2, 3, 5, 4)):
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.rand(shape, generator=generator) * 2 - 1 for _ in range(2))
    m, n = (torch.randint(0, 3, (shape[0], 1, *shape[2:]), generator=generator) / 2 for _ in range(2))
    return a, b, m, n  # masks in {0, ½, 1}


def by_loops(a, b, weight):
    """The mean over every value of |a − b| times the pixel's weight, in Python floats."""
    terms = []
    for i, c, y, x in itertools.product(*map(range, a.shape)):
        terms.append(abs(a[i, c, y, x].item() - b[i, c, y, x].item()) * weight(i, y, x))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("seed", range(3))
def test_losses_equal_plain_loops(seed):
    g, wanted, m, n = draw(seed)
    at = lambda mask: lambda i, y, x: mask[i, 0, y, x].item()  # noqa: E731
    assert float(foreground_loss(g, wanted, m)) == pytest.approx(by_loops(g, wanted, at(m)), abs=1e-6)
    both = lambda i, y, x: (1 - m[i, 0, y, x].item()) * (1 - n[i, 0, y, x].item())  # noqa: E731
    assert float(background_loss(g, wanted, m, n)) == pytest.approx(by_loops(g, wanted, both), abs=1e-6)
    one = lambda i, y, x: 1 - m[i, 0, y, x].item()  # noqa: E731
    assert float(background_loss(g, wanted, m)) == pytest.approx(by_loops(g, wanted, one), abs=1e-6)
    gap = lambda i, y, x: (1 - m[i, 0, y, x].item()) * n[i, 0, y, x].item()  # noqa: E731
    assert float(masked_l1(g, wanted, band(m, n))) == pytest.approx(by_loops(g, wanted, gap), abs=1e-6)


def test_foreground_background_and_band_share_every_pixel_once():
    _, _, m, n = draw()
    assert torch.equal(m + outside(m, n) + band(m, n), torch.ones_like(m))


def test_gradients_are_zero_exactly_where_the_masks_say_so():
    g, wanted, m, n = draw(4)
    for loss, weight in (
        (lambda t: foreground_loss(t, wanted, m), m),
        (lambda t: background_loss(t, wanted, m, n), outside(m, n)),
    ):
        leaf = g.clone().requires_grad_()
        loss(leaf).backward()
        assert torch.equal(leaf.grad != 0, (weight != 0).expand_as(g))


def test_a_filled_background_keeps_the_background_and_forgets_the_person():
    torch.manual_seed(0)
    left, right = torch.full((1, 3, 13, 4), 0.2), torch.full((1, 3, 13, 4), 0.8)
    picture = torch.cat([left, torch.rand(1, 3, 13, 5), right], dim=3)
    mask = torch.zeros(1, 1, 13, 13)
    mask[..., 4:9] = 1
    filled = filled_background(picture, mask)
    assert torch.allclose(filled[..., :4], left)
    assert torch.allclose(filled[..., 9:], right)
    assert torch.equal(filled, filled_background(torch.where(mask > 0, -5.0, picture), mask))
    middle = filled[..., 4:9]
    assert float(middle.min()) >= 0.2 - 1e-5
    assert float(middle.max()) <= 0.8 + 1e-5
    assert (middle[..., 1:] - middle[..., :-1] > -0.05).all()  # from left to right, without a jump back


def test_a_picture_masked_everywhere_fills_with_finite_values():
    assert torch.isfinite(filled_background(torch.rand(1, 3, 7, 9), torch.ones(1, 1, 7, 9))).all()


def test_softening_equals_a_direct_sum_and_keeps_flat_masks():
    mask = torch.zeros(1, 1, 15, 11)
    mask[0, 0, 4:10, 3:8] = 1
    soft, sigma = softened(mask, 1.0), 1.0
    weights = {d: torch.tensor(-0.5 * (d / sigma) ** 2).exp().item() for d in range(-3, 4)}
    total = sum(weights.values())
    expected = sum(
        weights[dy] * weights[dx] / total**2 * mask[0, 0, 4 + dy, 3 + dx].item() for dy in weights for dx in weights
    )
    assert float(soft[0, 0, 4, 3]) == pytest.approx(expected, abs=1e-6)
    assert torch.allclose(softened(torch.ones(1, 1, 6, 5), 2.0), torch.ones(1, 1, 6, 5))
    assert softened(mask, 0) is mask or torch.equal(softened(mask, 0), mask)
