"""How alike features of the same person are across modalities, level by level of a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reidapt.errors import DataError
from reidapt.evaluation.figures import _axes, _save


@dataclass(frozen=True)
class Correlation:
    """Mean correlation of feature pairs across modalities.

    Attributes:
        same: of two pictures of one person, −1..1.
        other: of two pictures of different persons: what features share without telling persons apart.
        pairs: how many pairs of each kind.
    """

    same: float
    other: float
    pairs: int


def cross_modal_correlation(
    levels: Mapping[str, Tensor], person: np.ndarray, modality: np.ndarray, pairs: int = 2000, seed: int = 0
) -> dict[str, Correlation]:
    """Pearson correlation between the features of a colour picture and of one of another modality, averaged over pairs.

    Source: Mohammadi Meshky et al., Fig. 3, which shows `same`; `other` is ours.

    Args:
        levels: features (N, D) of every level.
        person, modality: (N,).
        pairs: drawn with replacement, each colour picture equally often as nearly as possible.
        seed: of the draws; the pairs are the same for every level.

    Raises:
        DataError: no person has pictures in colour and in another modality, or there is only one person.
    """
    colour = modality == "colour"
    both = np.intersect1d(person[colour], person[~colour])
    if len(both) < 2:
        raise DataError(
            f"{len(both)} person(s) have pictures in colour and in another modality; correlations across modalities need "
            "at least 2."
        )
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(colour & np.isin(person, both))
    first = np.concatenate([rng.permutation(rows) for _ in range(-(-pairs // len(rows)))])[:pairs]
    others = {p: np.flatnonzero(~colour & (person == p)) for p in both}
    same = np.array([rng.choice(others[person[row]]) for row in first])
    strangers = [both[both != person[row]] for row in first]
    other = np.array([rng.choice(others[rng.choice(who)]) for who in strangers])
    found = {}
    for name, features in levels.items():
        x = features.double()
        x = torch.nn.functional.normalize(x - x.mean(1, keepdim=True), dim=1)
        mean = [float((x[first] * x[second]).sum(1).mean()) for second in (same, other)]
        found[name] = Correlation(mean[0], mean[1], pairs)
    return found


def plot_correlation(runs: Mapping[str, Mapping[str, Correlation]], out_png: str | os.PathLike[str]) -> Path:
    """Correlation over the levels for every named network: same person as a line, different persons dotted."""
    figure, axes = _axes()
    for number, (name, levels) in enumerate(runs.items()):
        style = {"color": f"C{number}", "marker": "o", "markersize": 4}
        axes.plot(list(levels), [c.same for c in levels.values()], label=f"{name}: same person", **style)
        axes.plot(list(levels), [c.other for c in levels.values()], linestyle=":", label="different persons", **style)
    axes.set(xlabel="level", ylabel="mean correlation across modalities")
    axes.legend(frameon=False)
    return _save(figure, out_png)
