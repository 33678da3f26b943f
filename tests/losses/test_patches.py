"""Content terms between patches against plain loops: PatchNCE, relations, hard negatives, consistency; feature matching."""

import math

import pytest
import torch
import torch.nn.functional as F

from reidapt.losses.consistency import encoder_consistency
from reidapt.losses.mapping import identity_mapping
from reidapt.losses.matching import feature_matching
from reidapt.losses.patch_nce import patch_nce
from reidapt.losses.relation import hard_contrast, relation_consistency


def draw(pictures, places=6, dim=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    q, k = (F.normalize(torch.randn(pictures, places, dim, generator=generator), dim=-1) for _ in range(2))
    return q, k


def dot(a, b):
    return sum(x * y for x, y in zip(a.tolist(), b.tolist()))


def softmax(values):
    top = max(values)
    exponents = [math.exp(v - top) for v in values]
    return [e / sum(exponents) for e in exponents]


def nce_by_loops(q, k, tau):
    terms = []
    for query, key in zip(q, k):
        for s in range(len(query)):
            terms.append(-math.log(softmax([dot(query[s], other) / tau for other in key])[s]))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("pictures", [4, 3, 1])  # the last batch may be ragged
@pytest.mark.parametrize("places", [6, 1])
def test_patch_nce_equals_a_plain_loop(pictures, places):
    q, k = draw(pictures, places)
    assert float(patch_nce(q, k, 0.07)) == pytest.approx(nce_by_loops(q, k, 0.07), abs=1e-5)


def test_negatives_come_from_the_same_picture_alone():
    q, k = draw(3)
    each = [float(patch_nce(q[b : b + 1], k[b : b + 1])) for b in range(3)]
    assert float(patch_nce(q, k)) == pytest.approx(sum(each) / 3, rel=1e-5)


def relations_by_loops(q, k, tau):
    terms = []
    for query, key in zip(q, k):
        for s in range(len(query)):
            rest = [t for t in range(len(query)) if t != s]
            p = softmax([dot(key[s], key[t]) / tau for t in rest])
            r = softmax([dot(query[s], query[t]) / tau for t in rest])
            m = [(a + b) / 2 for a, b in zip(p, r)]
            terms.append(sum(a * math.log(a / c) + b * math.log(b / c) for a, b, c in zip(p, r, m)) / 2)
    return sum(terms) / len(terms)


def hard_by_loops(q, k, tau, gamma):
    terms = []
    for query, key in zip(q, k):
        for s in range(len(query)):
            rest = [t for t in range(len(query)) if t != s]
            weight = softmax([gamma * dot(key[s], key[t]) for t in rest])
            negatives = sum(w * math.exp(dot(query[s], key[t]) / tau) for w, t in zip(weight, rest))
            terms.append(-math.log(math.exp(dot(query[s], key[s]) / tau) / (len(rest) * negatives)))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("pictures", [3, 1])
def test_relations_and_hard_negatives_equal_plain_loops(pictures):
    q, k = draw(pictures, seed=3)
    assert float(relation_consistency(q, k, 0.3)) == pytest.approx(relations_by_loops(q, k, 0.3), abs=1e-5)
    for gamma in (0.0, 2.0):
        assert float(hard_contrast(q, k, 0.3, gamma)) == pytest.approx(hard_by_loops(q, k, 0.3, gamma), abs=1e-5)


def test_equal_patches_have_equal_relations_and_a_rotation_keeps_them():
    q, k = draw(2)
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(1)))[0]
    assert float(relation_consistency(k @ rotation, k)) == pytest.approx(0, abs=1e-5)
    assert 0 < float(relation_consistency(q, k)) <= math.log(2)


def test_consistency_is_a_squared_distance():
    q, k = draw(3)
    assert float(encoder_consistency(q, k)) == pytest.approx(float((q - k).square().sum(-1).mean()), rel=1e-5)
    assert float(encoder_consistency(k, k)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [patch_nce, relation_consistency, hard_contrast, encoder_consistency])
def test_the_inputs_patches_are_not_differentiated(loss):
    q, k = (t.requires_grad_() for t in draw(2))
    loss(q, k).backward()
    assert q.grad.abs().sum() > 0
    assert k.grad is None


@pytest.mark.parametrize("kind", ["features", "gram"])
def test_matching_equals_plain_loops(kind):
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, 3, 4, 2), (2, 5, 2, 1)]
    first, second = ([torch.randn(s, generator=generator) for s in shapes] for _ in range(2))
    layers = []
    for f, g in zip(first, second):
        if kind == "gram":
            f, g = (by_loops_gram(t) for t in (f, g))
        pairs = list(zip(f.flatten().tolist(), g.flatten().tolist()))
        layers.append(sum((a - b) ** 2 for a, b in pairs) / len(pairs))
    assert float(feature_matching(first, second, kind)) == pytest.approx(sum(layers) / 2, rel=1e-5)


def by_loops_gram(maps):
    pictures, channels, height, width = maps.shape
    result = torch.zeros(pictures, channels, channels)
    for b in range(pictures):
        for c in range(channels):
            for d in range(channels):
                result[b, c, d] = float((maps[b, c] * maps[b, d]).sum()) / (channels * height * width)
    return result


def test_gram_matching_ignores_places():
    maps = torch.randn(2, 3, 4, 2)
    assert float(feature_matching([maps], [maps.flip(2)], "gram")) == pytest.approx(0, abs=1e-10)
    assert float(feature_matching([maps], [maps.flip(2)])) > 0.1


def test_identity_mapping_is_the_mean_absolute_difference():
    a, b = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)
    b[0, 0, 0, 0] = -1.0
    assert float(identity_mapping(a, b)) == pytest.approx((11 * 0.5 + 1) / 12)
