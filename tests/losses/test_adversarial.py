"""Adversarial losses against their formulas, and the history of generated pictures."""

import math

import pytest
import torch

from reidapt.losses.adversarial import ImagePool, discriminator_loss, generator_loss


def by_loops(logits, real, kind):
    terms = []
    for d in logits.double().flatten().tolist():
        if kind == "least-squares":
            terms.append((d - real) ** 2)
        else:
            p = 1 / (1 + math.exp(-d))
            terms.append(-math.log(p) if real else -math.log(1 - p))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("kind", ["vanilla", "least-squares"])
def test_equals_the_formula(kind):
    torch.manual_seed(0)
    real, fake = torch.randn(2, 1, 3, 2), torch.randn(2, 1, 3, 2)
    expected = (by_loops(real, 1, kind) + by_loops(fake, 0, kind)) / 2
    assert float(discriminator_loss(real, fake, kind)) == pytest.approx(expected, abs=1e-6)
    assert float(generator_loss(fake, kind)) == pytest.approx(by_loops(fake, 1, kind), abs=1e-6)


def test_an_empty_pool_passes_pictures_on_detached():
    pictures = torch.randn(3, 2, 4, 4, requires_grad=True)
    out = ImagePool(0, 2, (4, 4))(pictures)
    assert torch.equal(out, pictures)
    assert not out.requires_grad


def test_a_pool_returns_new_ones_or_earlier_ones_and_keeps_what_it_took():
    torch.manual_seed(0)
    pool, seen, old = ImagePool(4, 1, (1, 1)), set(), 0
    for start in range(0, 400, 2):
        given = torch.tensor([start, start + 1.0]).view(2, 1, 1, 1)
        seen |= set(given.flatten().tolist())
        out = pool(given).flatten().tolist()
        assert set(out) <= seen
        old += sum(value < start for value in out)
    assert 150 < old < 250  # every second one
    assert int(pool.filled) == 4
    copy = ImagePool(4, 1, (1, 1))
    copy.load_state_dict(pool.state_dict())
    state = torch.get_rng_state()
    first = pool(given)
    torch.set_rng_state(state)
    assert torch.equal(first, copy(given))
