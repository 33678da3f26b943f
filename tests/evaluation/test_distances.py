"""Set distances against closed forms and scipy; extractors and perceptual distances by their laws."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import nn
from torch.nn import functional

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.distances import frechet, kernel_distance, set_distance
from reidapt.evaluation.extractors import from_model, inception, random_network, weights_hash
from reidapt.evaluation.inception import FidInception
from reidapt.evaluation.perceptual import diversity, lpips, random_perceptual
from reidapt.evaluation.translation import identity_retention, nearest_neighbours


class Store:
    """Random pictures, brighter by `shift`."""

    def __init__(self, count: int, seed: int, shift: int = 0, size: tuple[int, int] = (16, 8)) -> None:
        random = torch.Generator().manual_seed(seed)
        self.size = size
        self.pictures = (torch.randint(0, 200, (count, 3, *size), generator=random) + shift).to(torch.uint8)

    def __len__(self) -> int:
        return len(self.pictures)

    def images(self, indices) -> torch.Tensor:
        return self.pictures[torch.as_tensor(indices)]


def exact(mean: np.ndarray, covariance: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(count, D) features whose sample mean and covariance are these exactly."""
    x = np.random.default_rng(seed).standard_normal((count, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return x @ np.linalg.cholesky(covariance).T + mean


def test_frechet_is_the_closed_form_for_gaussians() -> None:
    """Covariances that commute: |m1 - m2|² + Σ (√λ1 - √λ2)²."""
    one, two = np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 4.0, 0.25])
    first, second = exact(np.zeros(3), one, 50, 0), exact(np.array([1.0, 2.0, 0.0]), two, 70, 1)
    assert frechet(first, second) == pytest.approx(5 + 1 + 0 + 2.5**2)
    assert frechet(first, first) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 6), (40, 30, 60), (40, 90, 60), (10, 10, 10)])
def test_frechet_equals_the_matrix_square_root(n: int, m: int, d: int) -> None:
    rng = np.random.default_rng(n)
    first = rng.standard_normal((n, d)) @ rng.standard_normal((d, d))
    second = rng.standard_normal((m, d)) @ rng.standard_normal((d, d)) + rng.standard_normal(d)
    c1, c2 = np.cov(first.T), np.cov(second.T)
    offset = 1e-9 * np.eye(d)  # the reference needs regular matrices
    root = linalg.sqrtm((c1 + offset) @ (c2 + offset)).real
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * np.trace(root)
    assert frechet(first, second) == pytest.approx(expected, rel=1e-3)
    assert frechet(second, first) == pytest.approx(frechet(first, second))


def test_kernel_distance_equals_plain_loops() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 5)), rng.standard_normal((9, 5)) + 1

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 5 + 1) ** 3)

    within = sum(kernel(s[i], s[j]) for s in (x, y) for i in range(9) for j in range(9) if i != j) / 72
    across = sum(kernel(a, b) for a in x for b in y) / 81
    value, spread = kernel_distance(x, y, subset_size=9)
    assert value == pytest.approx(within - 2 * across)
    assert spread == 0


def test_kernel_distance_is_unbiased_and_has_a_spread() -> None:
    rng = np.random.default_rng(1)
    alike = [kernel_distance(*rng.standard_normal((2, 60, 8)), subset_size=60)[0] for _ in range(200)]
    assert abs(np.mean(alike)) < 3 * np.std(alike) / np.sqrt(200)
    x, y = rng.standard_normal((400, 8)), rng.standard_normal((400, 8)) + 0.5
    value, spread = kernel_distance(x, y, subsets=30, subset_size=100)
    assert value > 3 * spread > 0
    assert (value, spread) == kernel_distance(x, y, subsets=30, subset_size=100)


def test_set_distance_names_everything_and_counts_alike() -> None:
    extractor = random_network()
    near = set_distance(Store(60, 0), Store(40, 1), extractor)
    far = set_distance(Store(60, 0), Store(40, 1, shift=50), extractor)
    assert far.value > 2 * near.value > 0
    assert (near.measure, near.pictures, near.size) == ("Fréchet distance", 40, (16, 8))
    assert (near.extractor, near.sha256) == ("random-network-0", extractor.sha256)
    assert "prefer the kernel distance" in str(near)
    kernel = set_distance(Store(60, 0), Store(40, 1, shift=50), extractor, "kernel", subset_size=20)
    assert kernel.measure == "kernel distance"
    assert kernel.std is not None
    assert kernel.settings["subset_size"] == 20
    with pytest.raises(DataError, match="resize both"):
        set_distance(Store(9, 0), Store(9, 1, size=(8, 8)), extractor)
    with pytest.raises(DataError, match="two pictures a side"):
        set_distance(Store(9, 0), Store(1, 1), extractor)
    with pytest.raises(ConfigError):
        set_distance(Store(9, 0), Store(9, 1), extractor, "fid")
    with pytest.raises(DataError, match="NaN"):
        frechet(np.full((3, 2), np.nan), np.ones((3, 2)))


def test_extractors_are_told_apart_by_their_weights() -> None:
    one, two = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
    assert weights_hash(one) == weights_hash(one) != weights_hash(two)
    two.load_state_dict(one.state_dict())
    assert weights_hash(one) == weights_hash(two)
    assert random_network(0).sha256 == random_network(0).sha256 != random_network(1).sha256
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 8, 4), nn.BatchNorm1d(4)).train()
    extractor = from_model(model, "own")
    assert extractor.features(Store(10, 0), batch_size=3).shape == (10, 4)
    assert model.training  # put back, and the batch size made no difference to its statistics
    np.testing.assert_allclose(extractor.features(Store(10, 0)), extractor.features(Store(10, 0), 4), atol=1e-5)


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(FidInception().state_dict(), path)
    return path


def test_inception_of_other_weights_is_not_called_fid(inception_file: Path, tmp_path: Path) -> None:
    extractor = inception(inception_file)
    assert extractor.sha256 == hashlib.sha256(inception_file.read_bytes()).hexdigest()
    assert not extractor.is_fid
    found = set_distance(Store(3, 0), Store(3, 1), extractor)
    assert found.measure == "Fréchet distance"
    assert found.extractor == "inception-v3 (inception.pth)"
    assert extractor.features(Store(2, 0)).shape == (2, 2048)
    with pytest.raises(ConfigError, match="Nothing is downloaded"):
        inception(tmp_path / "none.pth")
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pth")
    with pytest.raises(ConfigError, match="another network"):
        inception(tmp_path / "other.pth")


def test_inception_pools_as_the_network_of_2015(inception_file: Path) -> None:
    """Averages leave the padding out; the last block takes maxima."""
    network = FidInception().eval()
    with torch.no_grad():
        x = torch.rand(1, 192, 5, 5)
        counted = functional.conv2d(torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3), padding=1)
        means = functional.conv2d(x, torch.ones(192, 1, 3, 3), padding=1, groups=192) / counted
        block = network.Mixed_5b
        torch.testing.assert_close(block(x)[:, -32:], block.branch_pool(means))
        x = torch.rand(1, 2048, 5, 5)
        maxima = functional.max_pool2d(functional.pad(x, (1, 1, 1, 1), value=-9.0), 3, 1)
        torch.testing.assert_close(network.Mixed_7c(x)[:, -192:], network.Mixed_7c.branch_pool(maxima))


def test_lpips_from_local_files(tmp_path: Path) -> None:
    from torchvision.models import alexnet

    torch.manual_seed(0)
    network = alexnet(weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "alexnet.pth")
    linear = {f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1) for i, c in enumerate((64, 192, 384, 256, 256))}
    torch.save(linear, tmp_path / "alex.pth")
    distance = lpips(tmp_path / "alexnet.pth", tmp_path / "alex.pth")
    assert distance.name == "LPIPS (alex)"
    pictures = Store(4, 0, size=(64, 64)).pictures
    x = (pictures.float() / 127.5 - 1 - torch.tensor([-0.030, -0.088, -0.188])[:, None, None]) / torch.tensor(
        [0.458, 0.448, 0.450]
    )[:, None, None]
    expected = torch.zeros(2)
    with torch.no_grad():
        stage = 0
        for module in network.features:
            x = module(x).clone()
            if isinstance(module, nn.ReLU):
                unit = x / (x**2).sum(1, keepdim=True).sqrt().clamp_min(1e-10)
                expected += ((unit[:2] - unit[2:]) ** 2 * linear[f"lin{stage}.model.1.weight"]).sum(1).mean((1, 2))
                stage += 1
    torch.testing.assert_close(distance(pictures[:2], pictures[2:]), expected)
    with pytest.raises(ConfigError, match="linear layers"):
        lpips(tmp_path / "alexnet.pth", tmp_path / "alexnet.pth")


def test_diversity_is_the_mean_over_pairs_of_a_source() -> None:
    store, distance = Store(6, 0), random_perceptual()
    assert distance.name == "random-network-0 distance"
    mean, each = diversity(store, [[0, 1, 2], [3, 4]], distance)

    def between(a: int, b: int) -> float:
        return float(distance(store.images([a]), store.images([b])))

    assert each == pytest.approx([np.mean([between(0, 1), between(0, 2), between(1, 2)]), between(3, 4)])
    assert mean == pytest.approx(np.mean(each))
    store.pictures[1:3] = store.pictures[0]
    assert diversity(store, [[0, 1, 2]], distance)[0] == 0
    with pytest.raises(DataError, match="two pictures"):
        diversity(store, [[0, 1], [2]], distance)


def test_identity_retention_leaves_the_origin_out() -> None:
    source = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]] + 0.01 * np.arange(16).reshape(4, 4).astype(np.float32)
    columns = {"translated_person": [1, 2, 3], "source_person": [1, 1, 2, 3]}
    translated = source[[0, 2, 3]]  # a translation that does nothing
    everything = identity_retention(translated, source, **columns)
    assert everything.cmc[0] == 1
    assert everything.settings["origin"] == "in the gallery"
    honest = identity_retention(translated, source, origin=[0, 2, -1], **columns)
    assert honest.top(1)[:, 0].tolist()[0] == 1
    assert honest.first_match.tolist() == [1, -1, 1]  # person 2 has no other picture
    with pytest.raises(DataError, match="origin"):
        identity_retention(translated, source, origin=[0, 2, 9], **columns)


def test_nearest_neighbours() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((7, 5)), rng.standard_normal((30, 5))
    cosine = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    indices, scores = nearest_neighbours(a, b, 3)
    np.testing.assert_array_equal(indices, np.argsort(-cosine, axis=1)[:, :3])
    np.testing.assert_allclose(scores, -np.sort(-cosine, axis=1)[:, :3], atol=1e-6)
