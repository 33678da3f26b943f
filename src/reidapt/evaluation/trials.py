"""Several rankings of one protocol (gallery draws, splits, checkpoints): mean and spread; prints, saves, loads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.errors import DataError, RunError
from reidapt.evaluation.files import json_path, not_a_result, read_result, write_result
from reidapt.evaluation.result import ARRAYS, RetrievalResult

MEASURES = ("rank1", "rank5", "rank10", "mAP", "mINP")


@dataclass
class TrialsResult:
    """The trials of one protocol, and their mean.

    Attributes:
        trials: one `RetrievalResult` a trial, in order.
        settings: what all of them have in common, or a list with a value a trial where they differ.
    """

    trials: list[RetrievalResult]
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, trials: Sequence[RetrievalResult], **record: Any) -> TrialsResult:
        """From at least one ranking of one protocol; `record` is added to the settings.

        Raises DataError where there is none, or they are of different protocols.
        """
        if not trials:
            raise DataError("there are no trials to average; give at least one result.")
        protocols = sorted({str(trial.settings.get("protocol")) for trial in trials})
        if len(protocols) > 1:
            raise DataError(
                f"results of different protocols can't be averaged ({', '.join(protocols)}); give the trials of one."
            )
        settings: dict[str, Any] = {}
        for name in dict.fromkeys(name for trial in trials for name in trial.settings):
            values = [trial.settings.get(name) for trial in trials]
            settings[name] = values[0] if all(value == values[0] for value in values) else values
        settings["seconds"] = sum(trial.settings.get("seconds", 0.0) for trial in trials)
        return cls(list(trials), {**settings, **record})

    @property
    def cmc(self) -> np.ndarray:
        """Mean CMC curve of the trials, 0..1."""
        length = min(len(trial.cmc) for trial in self.trials)
        return np.mean([trial.cmc[:length] for trial in self.trials], axis=0)

    @property
    def mAP(self) -> float:
        """Mean over the trials, 0..1."""
        return float(np.mean([trial.mAP for trial in self.trials]))

    def measure(self, name: str) -> np.ndarray:
        """One of MEASURES for every trial (T,), in percent; NaN where no query of a trial has a match."""
        values = [trial.summary()[name] for trial in self.trials]
        return np.array([np.nan if value is None else value for value in values], np.float64)

    def summary(self) -> dict[str, Any]:
        """Means in percent, `std` (sample standard deviation over the trials; None for one trial), and the settings."""
        per_trial = {name: self.measure(name) for name in MEASURES}
        means = {name: _number(values.mean()) for name, values in per_trial.items()}
        spread = {name: _number(values.std(ddof=1)) if len(values) > 1 else None for name, values in per_trial.items()}
        each = {name: [_number(value) for value in values] for name, values in per_trial.items()}
        return {**means, "std": spread, "trials": len(self.trials), "per_trial": each, **self.settings}

    def __str__(self) -> str:
        figures = self.summary()
        heading = "  ".join(f"{name:>12}" for name in MEASURES)
        cells = []
        for name in MEASURES:
            mean, spread = figures[name], figures["std"][name]
            text = "-" if mean is None else f"{mean:.1f}" + ("" if spread is None else f" ± {spread:.1f}")
            cells.append(f"{text:>12}")
        first = figures["per_trial"]
        shown = ", ".join(f"{name} {first[name][0]:.1f}" for name in ("rank1", "mAP") if first[name][0] is not None)
        about = f"{len(self.trials)} trials, mean ± standard deviation; the first alone: {shown or '-'}"
        return "\n".join([heading, "  ".join(cells), about, *str(self.trials[0]).splitlines()[2:]])

    def plot_cmc(self, out_png: str | os.PathLike[str], label: str = "mean") -> Path:
        """Draw the CMC curves of all trials and their mean into a PNG file."""
        from reidapt.evaluation.figures import plot_cmc

        return plot_cmc({label: self}, out_png, each={label: self.trials})

    # Files ------------------------------------------------------------------------------------------------------------

    def save(
        self,
        path: str | os.PathLike[str],
        lists: int = 50,
        embeddings: bool = False,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> Path:
        """Write `NAME.json` and `NAME.npz` as a `RetrievalResult` does.

        The ranked lists and per-query measures at the top of the `.npz` are those of the first trial, with the mean
        CMC; those of trial k (from 0) stand as `trialK_average_precision` and so on.
        """
        arrays = self.trials[0].arrays(lists, embeddings, extra)
        arrays["cmc"] = self.cmc
        for number, trial in enumerate(self.trials):
            arrays |= {f"trial{number}_{name}": array for name, array in trial.arrays(lists=0).items()}
        settings = [trial.settings for trial in self.trials]
        return write_result(path, {**self.summary(), "trial_settings": settings, "cmc": self.cmc.tolist()}, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TrialsResult:
        """Read what `save` wrote. Raises RunError if a file is missing, damaged or holds no trials."""
        target, summary, arrays = read_result(path)
        if "trial_settings" not in summary:
            raise RunError(f"{target} holds one ranking, no trials; read it with RetrievalResult.load.")
        try:
            trials = []
            for number, settings in enumerate(summary["trial_settings"]):
                own = {name: arrays[f"trial{number}_{name}"] for name in ARRAYS if f"trial{number}_{name}" in arrays}
                lists = {name: arrays[name] for name in ("top", "scores", "correct") if name in arrays and number == 0}
                trials.append(RetrievalResult.from_arrays(own | lists, settings))
            own_figures = {*MEASURES, "std", "trials", "per_trial", "trial_settings", "cmc"}
            return cls(trials, {name: value for name, value in summary.items() if name not in own_figures})
        except (KeyError, TypeError, ValueError) as error:
            raise not_a_result(target, error) from error


def load_result(path: str | os.PathLike[str]) -> RetrievalResult | TrialsResult:
    """A saved result of either kind."""
    target = json_path(path)
    try:
        several = "trial_settings" in json.loads(target.read_text())
    except (OSError, ValueError, TypeError):
        several = False  # the loader below says what is wrong
    return TrialsResult.load(target) if several else RetrievalResult.load(target)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
