"""Embeddings with statistics of each camera against embeddings of each camera alone."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from reidapt.data import normalise
from reidapt.evaluation.embedding import embed
from reidapt.evaluation.grouped import embed_by_group
from reidapt.models.embedder import ReidNet


class Store:
    """Random pictures; those of an odd row are darker and redder."""

    def __init__(self, rows):
        generator = torch.Generator().manual_seed(0)
        pictures = torch.randint(0, 256, (rows, 3, 32, 16), generator=generator).float()
        tint = torch.where(torch.arange(rows)[:, None] % 2 == 1, torch.tensor([[0.6, 0.3, 0.2]]), torch.ones(1, 3))
        self.pictures = (pictures * tint[:, :, None, None]).to(torch.uint8)

    def __len__(self):
        return len(self.pictures)

    def images(self, indices):
        return self.pictures[indices]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ReidNet("test_resnet", persons=2, weights="random", size=(32, 16))


def test_a_group_is_embedded_as_its_own_batch_in_training_mode(network):
    store, groups = Store(80), np.arange(80) % 2
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = embed_by_group(network, store, groups)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    network.train()
    with torch.no_grad():
        for group in (0, 1):
            alone = network.embed(normalise(store.pictures[groups == group]))
            # running variances are unbiased, a batch's own are not: 40 / 39
            assert F.cosine_similarity(found[groups == group], alone).min() > 0.995
    network.load_state_dict(before)


def test_cameras_become_comparable(network):
    """Half of the pictures are the others under another tint: more of them are nearest to their twin."""
    store = Store(80)
    tint = torch.tensor([0.5, 0.35, 0.7]).view(3, 1, 1)
    store.pictures[1::2] = (store.pictures[::2].float() * tint + 60).to(torch.uint8)

    def found(features):
        return float((((features[::2] @ features[1::2].T).argmax(1)) == torch.arange(40)).float().mean())

    shared, own = embed(network, store), embed_by_group(network, store, np.arange(80) % 2)
    assert found(own) > found(shared) + 0.1


def test_unknown_and_small_groups_keep_the_networks_statistics(network):
    store = Store(80)
    groups = np.where(np.arange(80) < 60, 4, np.where(np.arange(80) < 70, 7, -1))
    found, shared = embed_by_group(network, store, groups), embed(network, store)
    assert torch.allclose(found[60:], shared[60:], atol=1e-6)
    assert not torch.allclose(found[:60], shared[:60], atol=1e-2)
    assert torch.allclose(embed_by_group(network, store, np.full(80, -1)), shared, atol=1e-6)
