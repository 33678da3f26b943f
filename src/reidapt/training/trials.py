"""Datasets of several trials: which one a run was trained on, and the refusal to test it on another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from reidapt.data import CropTable
from reidapt.errors import ConfigError

FIRST = "1"
TRIAL = re.compile(r"(?<=[?&])trial=([^&+]*)")


def with_trial(spec: str, trial: str) -> str:
    """The spec with its trial set: ``regdb:DIR`` -> ``regdb:DIR?trial=3``."""
    if TRIAL.search(spec):
        return TRIAL.sub(f"trial={trial}", spec)
    return f"{spec}{'&' if '?' in spec else '?'}trial={trial}"


def spec_trial(spec: str, table: CropTable) -> str | None:
    """The trial that was read: as the table's ``trial`` column or the spec says; None for a dataset without trials."""
    if "trial" in table.columns and len(table):
        return str(table.column("trial")[0])
    found = TRIAL.search(spec)
    return found[1] if found else None


def bound_trial(trained_on: Iterable[str], dataset: str) -> str | None:
    """The trial of ``dataset``'s kind that a run was trained on; None where it never saw that dataset.

    A spec that names no trial is the first one's. For a dataset without trials the answer means nothing.

    Args:
        trained_on: the run's source and target specs, each perhaps several joined by ``+``.
        dataset: spec of the evaluation.
    """
    reader = dataset.partition(":")[0]
    for spec in trained_on:
        for part in re.split(r"\+(?=[a-z0-9-]+:)", spec or ""):
            if part.partition(":")[0] == reader:
                found = TRIAL.search(part)
                return found[1] if found else FIRST
    return None


def check_trial(trained: str | None, asked: str | None, run: str | Path, dataset: str) -> None:
    """Refuse to test a run on another trial than it was trained on, whose test persons it may have seen in training."""
    if trained is not None and asked is not None and trained != asked:
        raise ConfigError(
            f"The run '{run}' was trained on trial {trained} of {dataset.partition(':')[0]}, but trial {asked} was asked "
            f"for, whose test persons it may have been trained on. Evaluate it on "
            f"'{with_trial(dataset, trained)}', or train a run on trial {asked}."
        )
