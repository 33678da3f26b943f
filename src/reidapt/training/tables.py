"""What a training is given: the labelled source and the unlabelled target that a configuration names, checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reidapt.data import CropTable, class_labels, read
from reidapt.data.virtual import is_streamed
from reidapt.errors import ConfigError
from reidapt.methods import Method, RunConfig


def training_tables(cls: type[Method], config: RunConfig) -> tuple[CropTable | None, CropTable | None]:
    """The labelled source and the unlabelled target that ``config`` names, checked; a source is there if one is needed."""
    for role in cls.needs:
        if not getattr(config, role):
            raise ConfigError(f"The method '{cls.name}' needs --{role}, e.g. --{role} market1501:DIR.")
    if "target" not in (*cls.needs, *cls.accepts) and config.target:
        raise ConfigError(
            f"The method '{cls.name}' does not use a target, but --target is '{config.target}'; leave it out, or choose "
            "a method that adapts, e.g. cluster-teacher."
        )
    source = labelled_split(config.source) if config.source else None
    if source is not None and not cls.fresh_source:
        refuse_stream(source, config.source, f"The method '{cls.name}' needs the same pictures in every epoch")
    extend = str(getattr(config, "extend", ""))
    if source is None and extend:
        raise ConfigError(
            f"--extend '{extend}' adds crops to the source, but no --source is given; give the one they were made from, or "
            "leave --extend out."
        )
    if source is not None and not config.target:
        return cls.tables(config, source, None)
    if same_place(config.source, config.target):
        raise ConfigError(
            f"Source and target are the same data ('{config.target}'); the target must be other cameras. For the oracle, "
            "train source-only with the target as --source."
        )
    target = training_split(read(config.target), config.target)
    refuse_stream(target, config.target, "A target's pictures are looked at again and again")
    target = target.unlabelled()
    return (None, target) if source is None else cls.tables(config, source, target)


def labelled_split(spec: str) -> CropTable:
    """The rows of a source to train on: its train split without junk."""
    source = training_split(read(spec), spec)
    if not source.labelled:
        raise ConfigError(
            f"The source '{spec}' has no person labels, which training needs; give a labelled dataset, or use "
            "this one as --target."
        )
    source = source.take(np.flatnonzero(source.person >= 0))
    persons = len(class_labels(source)[1])
    if persons < 2:
        raise ConfigError(
            f"The source '{spec}' has {persons} person(s) in the split 'train'; training compares persons and "
            "needs at least 2."
        )
    return source


def training_split(table: CropTable, spec: str) -> CropTable:
    """The rows to train on: the ``train`` split. Nothing is chosen by person: a target's junk is not known either."""
    chosen = table.select(split="train")
    if len(chosen) == 0:
        found = ", ".join(table.splits) or "none at all"
        raise ConfigError(f"'{spec}' has no crops in the split 'train' (found: {found}); training needs them.")
    return chosen


def refuse_stream(table: CropTable, spec: str, reason: str) -> None:
    """Refuse a streamed world where pictures have to stay."""
    if any(is_streamed(path) for path in table.paths):
        raise ConfigError(
            f"{reason}, but '{spec}' draws new ones every epoch; render a world with 'reidapt world render' and give it as "
            "world:DIR."
        )


def same_place(a: str, b: str) -> bool:
    """Whether two dataset specs name the same folder or file."""
    paths = [Path(spec.split(":", 1)[-1]).expanduser().resolve() for spec in (a, b) if spec]
    return len(paths) == 2 and paths[0] == paths[1]
