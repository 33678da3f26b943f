"""Distances between two image sets: Fréchet distance and kernel distance of their features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.embedding import PictureStore
from reidapt.evaluation.extractors import Extractor

FEW = 5000
"""Below this many pictures the Fréchet distance is biased upwards by an amount that matters."""


@dataclass(frozen=True)
class SetDistance:
    """A distance between two image sets and everything that influenced it.

    Attributes:
        measure: "FID", "Fréchet distance", "KID" or "kernel distance".
        value: the distance; the kernel distance is not scaled (others print it times 100 or 1000).
        std: over the subsets of the kernel distance, else None.
        pictures: on either side.
        size: (H, W) of the pictures given to the extractor, None where the store doesn't say.
        extractor, sha256, resize: see `Extractor`.
        settings: subsets, seed, how the larger set was reduced.
    """

    measure: str
    value: float
    std: float | None
    pictures: int
    size: tuple[int, int] | None
    extractor: str
    sha256: str
    resize: str
    settings: dict[str, Any]

    def __str__(self) -> str:
        spread = "" if self.std is None else f" ± {self.std:.4g}"
        note = (
            f"; under {FEW:,} pictures: prefer the kernel distance" if self.std is None and self.pictures < FEW else ""
        )
        return (
            f"{self.measure} {self.value:.4g}{spread} ({self.pictures:,} pictures a side, {self.extractor}, weights "
            f"{self.sha256[:8]}, {self.resize}{note})"
        )


def set_distance(
    first: PictureStore,
    second: PictureStore,
    extractor: Extractor,
    measure: Literal["frechet", "kernel"] = "frechet",
    *,
    seed: int = 0,
    subsets: int = 100,
    subset_size: int = 1000,
    batch_size: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> SetDistance:
    """How far the pictures of `first` are from those of `second`.

    Both sides count alike: of the larger set as many pictures are drawn as the smaller one has, and both stores have to
    give pictures of one size.

    Args:
        first, second: for instance translated pictures and those of the target.
        extractor: `inception(path)`, `from_model(...)` or `random_network()`.
        measure: "frechet" or "kernel".
        seed: of the draws.
        subsets, subset_size: of the kernel distance; sets smaller than a subset are taken whole.
        batch_size: pictures at once.
        progress: called with (pictures done, pictures in all).

    Raises:
        DataError: fewer than two pictures, or pictures of different sizes.
    """
    if measure not in ("frechet", "kernel"):
        raise ConfigError(f"measure is {measure!r}; expected 'frechet' or 'kernel'.")
    count = min(len(first), len(second))
    if count < 2:
        raise DataError(f"a set distance needs two pictures a side; the sets have {len(first)} and {len(second)}.")
    sizes = [getattr(store, "size", None) for store in (first, second)]
    if sizes[0] != sizes[1]:
        raise DataError(
            f"the sets give pictures of {sizes[0]} and {sizes[1]} px; resize both to one size, or the distance measures "
            "the resizing."
        )
    done, features = 0, []
    for store in (first, second):
        part = drawn(store, count, seed)

        def report(now: int, _: int, before: int = done) -> None:
            if progress is not None:
                progress(before + now, 2 * count)

        features.append(extractor.features(part, batch_size, report))
        done += count
    settings: dict[str, Any] = {"given": [len(first), len(second)], "seed": seed}
    if measure == "frechet":
        name, value, std = "FID" if extractor.is_fid else "Fréchet distance", frechet(*features), None
    else:
        subset_size = min(subset_size, count)
        settings |= {"subsets": subsets, "subset_size": subset_size}
        name = "KID" if extractor.is_fid else "kernel distance"
        value, std = kernel_distance(*features, subsets=subsets, subset_size=subset_size, seed=seed)
    about = (extractor.name, extractor.sha256, extractor.resize)
    return SetDistance(name, value, std, count, sizes[0], *about, settings)


@dataclass(frozen=True)
class _Part:
    """Some pictures of a store."""

    store: PictureStore
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def images(self, indices: Any) -> Any:
        return self.store.images(self.rows[np.asarray(indices)])


def drawn(store: PictureStore, count: int, seed: int) -> PictureStore:
    """The store, or `count` of its pictures drawn without replacement, in their order."""
    if count == len(store):
        return store
    return _Part(store, np.sort(np.random.default_rng(seed).choice(len(store), count, replace=False)))


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance between Gaussians fitted to features (N, D) and (M, D).

    |m1 - m2|² + tr(C1) + tr(C2) - 2 tr((C1 C2)^½) with sample covariances. The last trace is the sum of the singular
    values of X1 X2ᵀ (centred, divided by √(N - 1) and √(M - 1)), which needs no matrix square root: it is computed on
    the smaller of pictures and dimensions, and is exact where covariances are singular.
    """
    first, second = _matrices(first, second)
    mean = first.mean(0) - second.mean(0)
    one, two = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (first, second))
    few = max(len(one), len(two)) <= one.shape[1]
    cross = one @ two.T if few else _root(one.T @ one) @ _root(two.T @ two)
    trace = np.linalg.svd(cross, compute_uv=False).sum()
    return float(max(0.0, mean @ mean + (one**2).sum() + (two**2).sum() - 2 * trace))


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix (D, D)."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def kernel_distance(
    first: np.ndarray, second: np.ndarray, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / D + 1)³ (Bińkowski et al., ICLR 2018).

    Args:
        first, second: features (N, D), (M, D).
        subsets: draws of `subset_size` pictures from either set; the whole sets once, where both are that small.
        subset_size: at least 2.
        seed: of the draws.

    Returns:
        mean and standard deviation over the subsets. The mean may be slightly negative; 0 where the sets are of one kind.
    """
    first, second = _matrices(first, second)
    size = min(subset_size, len(first), len(second))
    if size < 2 or subsets < 1:
        raise ConfigError(f"{subsets} subsets of {size} pictures aren't possible; expected at least 1 of 2.")
    if size == len(first) == len(second):
        subsets = 1
    random = np.random.default_rng(seed)
    values = []
    for _ in range(subsets):
        rows = [random.choice(len(x), size, replace=False) for x in (first, second)]
        values.append(_discrepancy(first[rows[0]], second[rows[1]]))
    return float(np.mean(values)), float(np.std(values))


def _discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased estimate for x and y (S, D)."""
    count, dimensions = x.shape
    within = 0.0
    for part in (x, y):
        kernel = (part @ part.T / dimensions + 1) ** 3
        within += (kernel.sum() - np.trace(kernel)) / (count * (count - 1))
    return float(within - 2 * ((x @ y.T / dimensions + 1) ** 3).mean())


def _matrices(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.ndim != 2 or two.ndim != 2 or one.shape[1] != two.shape[1] or min(len(one), len(two)) < 2:
        raise DataError(
            f"the features have shapes {one.shape} and {two.shape}; expected two matrices of at least two rows and the "
            "same number of columns."
        )
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        raise DataError("the features hold NaN or infinite numbers; check the extractor and the pictures.")
    return one, two
