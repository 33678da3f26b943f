"""Datasets of several trials: which one a run was trained on, and the refusal to test it on another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reidapt.data.spec import parse
from reidapt.errors import ConfigError

TRIAL = re.compile(r"(?<=[?&])trial=([^&+]*)")


def with_trial(spec: str, trial: str) -> str:
    """The spec with its trial set: ``regdb:DIR`` -> ``regdb:DIR?trial=3``."""
    if TRIAL.search(spec):
        return TRIAL.sub(f"trial={trial}", spec)
    return f"{spec}{'&' if '?' in spec else '?'}trial={trial}"


def spec_trial(spec: str) -> str | None:
    """The trial that a spec names, or its dataset's default; None for a dataset without trials."""
    return next((part.options["trial"] for part in parse(spec) if "trial" in part.options), None)


def trained_on(config: Any) -> tuple[str, ...]:
    """The specs of a run's training data: source, target, and what its method joins to the source."""
    specs = (getattr(config, key, "") for key in ("source", "target", "extra", "extend"))
    return tuple(spec for spec in specs if spec)


def bound_trial(trained_on: Iterable[str], dataset: str) -> str | None:
    """The trial of ``dataset`` that a run was trained on; None where it never saw it, or where it has no trials.

    Args:
        trained_on: the specs of the run's training data, each perhaps several joined by ``+``.
        dataset: spec of the evaluation.
    """
    readers = {part.reader for part in parse(dataset)}
    parts = [part for spec in trained_on if spec for part in parse(spec)]
    return next((part.options["trial"] for part in parts if part.reader in readers and "trial" in part.options), None)


def check_trial(trained: str | None, asked: str | None, run: str | Path, dataset: str) -> None:
    """Refuse to test a run on another trial than it was trained on, whose test persons it may have seen in training."""
    if trained is not None and asked is not None and trained != asked:
        raise ConfigError(
            f"The run '{run}' was trained on trial {trained} of {dataset.partition(':')[0]}, but trial {asked} was asked "
            f"for, whose test persons it may have been trained on. Evaluate it on "
            f"'{with_trial(dataset, trained)}', or train a run on trial {asked}."
        )


def check_start(start: Any, config: Any) -> None:
    """Refuse a start (the configuration of the run that ``--init`` names) trained on another trial of the same dataset.

    Its network knows persons that the trial of ``config`` is tested on.
    """
    for spec in trained_on(config):
        before, now = bound_trial(trained_on(start), spec), bound_trial([spec], spec)
        if before != now and before is not None:
            raise ConfigError(
                f"--init names the run '{config.init}', which was trained on trial {before} of {spec.partition(':')[0]}, but "
                f"'{spec}' is trial {now}, whose test persons it may have been trained on. Start from a run of trial {now}, or "
                f"train on trial {before}."
            )
