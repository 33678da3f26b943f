"""Embeddings of a store by models small enough to be worked out by hand."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reidapt.errors import DataError
from reidapt.evaluation import embed

try:
    from reidapt.data import normalise
except ImportError:

    def normalise(images: Tensor) -> Tensor:
        """A stand-in for the data layer's."""
        return images.float() / 255


@pytest.fixture(autouse=True)
def data_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    if "normalise" not in dir(sys.modules.get("reidapt.data", types.ModuleType("none"))):
        import reidapt.data

        monkeypatch.setattr(reidapt.data, "normalise", normalise, raising=False)


class Store:
    """Random pictures, and a record of what was asked for."""

    def __init__(self, n: int = 23) -> None:
        self.pictures = torch.randint(0, 256, (n, 3, 16, 8), dtype=torch.uint8, generator=torch.manual_seed(1))
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self.pictures)

    def images(self, indices: Tensor) -> Tensor:
        self.asked.append(len(indices))
        return self.pictures[indices]


class Model(nn.Module):
    """Batch normalisation and dropout: wrong unless in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(384, 10), nn.BatchNorm1d(10), nn.Dropout(0.5))

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)


def expected(model: Model, store: Store, flip: bool = False) -> np.ndarray:
    """The same in NumPy, from the weights."""

    def features(x: np.ndarray) -> np.ndarray:
        linear, norm = model.net[1], model.net[2]
        y = x.reshape(len(x), -1) @ linear.weight.detach().double().numpy().T + linear.bias.detach().double().numpy()
        y = y / np.sqrt(1 + norm.eps)
        return y / np.linalg.norm(y, axis=1, keepdims=True)

    x = normalise(store.pictures).double().numpy()
    y = features(x)
    if flip:
        y = y + features(x[..., ::-1])
        y /= np.linalg.norm(y, axis=1, keepdims=True)
    return y


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 23, 256])
def test_equals_the_model_in_any_batches(batch_size: int, flip: bool) -> None:
    model, store = Model(), Store()
    features = embed(model, store, batch_size=batch_size, flip=flip)
    assert (features.dtype, tuple(features.shape)) == (torch.float32, (23, 10))
    np.testing.assert_allclose(features.numpy(), expected(model, store, flip), atol=1e-5)
    assert store.asked == [min(batch_size, 23 - start) for start in range(0, 23, batch_size)]


def test_a_model_may_offer_embed() -> None:
    class Wrapper:
        def embed(self, images: Tensor) -> Tensor:
            return images.flatten(1)[:, :5] + 10

    features = embed(Wrapper(), Store())
    np.testing.assert_allclose(features.norm(dim=1), 1, atol=1e-6)


def test_modes_gradients_and_statistics_stay() -> None:
    model, store = Model().train(), Store()
    model.net[2].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    features = embed(model, store)
    assert [m.training for m in model.net] == [True, True, False, True]
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not features.requires_grad
    (features * nn.Parameter(torch.ones(10))).sum().backward()  # usable in training


def test_modes_come_back_after_an_error() -> None:
    model = Model().train()
    with pytest.raises(RuntimeError):
        embed(model, Store(), progress=lambda done, total: (_ for _ in ()).throw(RuntimeError))
    assert all(module.training for module in model.modules())


def test_progress_counts_pictures() -> None:
    seen: list[tuple[int, int]] = []
    embed(Model(), Store(), batch_size=10, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(10, 23), (20, 23), (23, 23)]


def test_bf16_is_close() -> None:
    model, store = Model(), Store()
    np.testing.assert_allclose(embed(model, store, bf16=True).numpy(), expected(model, store), atol=0.03)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda images: images, "one vector a picture"),
        (lambda images: images.flatten(1)[:-1], "one vector a picture"),
        (lambda images: None, "NoneType"),
        (lambda images: images.flatten(1)[:, :4] * torch.nan, "diverged"),
    ],
)
def test_refuses_what_is_no_embedding(model: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        embed(model, Store())


def test_refuses_an_empty_store() -> None:
    with pytest.raises(DataError, match="no pictures"):
        embed(Model(), Store(0))
