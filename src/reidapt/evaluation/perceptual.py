"""How differently pictures look: LPIPS (Zhang et al., CVPR 2018) with local weights, and the diversity of translations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from reidapt.errors import ConfigError, DataError
from reidapt.evaluation.embedding import PictureStore
from reidapt.evaluation.extractors import load_weights, random_layers, stages, weights_hash

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""LPIPS' own normalisation of pictures in -1..1."""
CUTS = (2, 5, 8, 10, 12)
"""After how many modules of AlexNet's features each of the five ReLUs has been applied."""


@dataclass(frozen=True)
class Perceptual:
    """A distance between pictures.

    Attributes:
        name: "LPIPS (alex)", or "random-network-SEED distance" where no weights are at hand.
        sha256: of the weights.
        run: two uint8 batches (B, 3, H, W) -> (B,) distances.
    """

    name: str
    sha256: str
    run: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Distances (B,) float32 between pictures uint8 (B, 3, H, W) of one shape."""
        if first.shape != second.shape or first.ndim != 4 or first.dtype != torch.uint8:
            raise DataError(f"pictures of shapes {tuple(first.shape)} and {tuple(second.shape)} can't be compared.")
        with torch.inference_mode():
            return self.run(first, second).clone()


def lpips(backbone: str | Path, linear: str | Path) -> Perceptual:
    """LPIPS with AlexNet from two local files: torchvision's AlexNet, and LPIPS' linear layers (`alex.pth`).

    Raises:
        ConfigError: a file that isn't there or is of another make.
    """
    from torchvision.models import alexnet

    state, first = load_weights(Path(backbone), "torchvision's AlexNet weights (alexnet-owt-7be5be79.pth)")
    weights, second = load_weights(Path(linear), "LPIPS' linear weights (alex.pth of version 0.1)")
    network = alexnet(weights=None).features
    try:
        network.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if k.startswith("features.")})
        layers = [weights[f"lin{number}.model.1.weight"] for number in range(len(CUTS))]
    except (RuntimeError, KeyError) as problem:
        raise ConfigError(
            f"{backbone} and {linear} don't hold AlexNet and the linear layers of LPIPS ({problem}); expected "
            "alexnet-owt-7be5be79.pth and alex.pth."
        ) from None
    network = network.eval().requires_grad_(False)
    shift, scale = (torch.tensor(values)[:, None, None] for values in (SHIFT, SCALE))

    def maps(pictures: Tensor) -> list[Tensor]:
        x = (pictures.float() / 127.5 - 1 - shift) / scale
        found, start = [], 0
        for stop in CUTS:
            x = network[start:stop](x)
            found.append(x)
            start = stop
        return found

    def run(one: Tensor, two: Tensor) -> Tensor:
        return sum_of_stages(maps(one), maps(two), layers)

    return Perceptual("LPIPS (alex)", f"{first}+{second}", run)


def random_perceptual(seed: int = 0) -> Perceptual:
    """The same form with random convolutions and equal weights: needs no files, and is not LPIPS."""
    network: nn.Sequential = random_layers(seed)

    def run(one: Tensor, two: Tensor) -> Tensor:
        first, second = (stages(network, x.float() / 127.5 - 1) for x in (one, two))
        return sum_of_stages(first, second, [torch.full((1, x.shape[1], 1, 1), 1 / x.shape[1]) for x in first])

    return Perceptual(f"random-network-{seed} distance", weights_hash(network), run)


def sum_of_stages(first: list[Tensor], second: list[Tensor], weights: list[Tensor]) -> Tensor:
    """Σ over stages of the mean over places of Σ_c w_c (a_c - b_c)², a and b normalised over the channels; (B,)."""
    total = torch.zeros(len(first[0]))
    for one, two, weight in zip(first, second, weights):
        difference = functional.normalize(one, dim=1, eps=1e-10) - functional.normalize(two, dim=1, eps=1e-10)
        total = total + (difference**2 * weight).sum(1).mean(dim=(1, 2))
    return total


def diversity(store: PictureStore, groups: list[list[int]], distance: Perceptual) -> tuple[float, list[float]]:
    """Mean distance between the outputs of one source, such as a person drawn into several contexts.

    Args:
        store: the outputs.
        groups: rows of `store` that come from one source; each at least two.
        distance: `lpips(...)` or `random_perceptual()`; name it with the number.

    Returns:
        The mean over the groups, and each group's mean over its pairs.

    Raises:
        DataError: no group, or one of a single picture.
    """
    if not groups or min(map(len, groups)) < 2:
        raise DataError("diversity needs at least one group, and at least two pictures in each.")
    means = []
    for rows in groups:
        pictures = store.images(torch.as_tensor(rows))
        one, two = zip(*combinations(range(len(rows)), 2))
        means.append(float(distance(pictures[list(one)], pictures[list(two)]).mean()))
    return sum(means) / len(means), means
