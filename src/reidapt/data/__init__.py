"""Data: the crops table, one reader per dataset layout, checks, sampling, loading and augmentation.

The public names below are imported on first use, so that reading a table does not import PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reidapt.data.augment import Augment, Draws, normalise, single_channel
    from reidapt.data.catalogue import CATALOGUE
    from reidapt.data.checks import CheckReport, check
    from reidapt.data.convert import convert
    from reidapt.data.loader import Batch, Loader
    from reidapt.data.randomness import generator
    from reidapt.data.sampling import batches, class_labels, pk_batches
    from reidapt.data.spec import likely_specs, read
    from reidapt.data.store import CropStore
    from reidapt.data.table import CropTable

_HOME = {
    "CATALOGUE": "catalogue",
    "Augment": "augment",
    "Batch": "loader",
    "CheckReport": "checks",
    "CropStore": "store",
    "CropTable": "table",
    "Draws": "augment",
    "Loader": "loader",
    "batches": "sampling",
    "check": "checks",
    "class_labels": "sampling",
    "convert": "convert",
    "generator": "randomness",
    "likely_specs": "spec",
    "normalise": "augment",
    "pk_batches": "sampling",
    "read": "spec",
    "single_channel": "augment",
}

__all__ = [
    "CATALOGUE",
    "Augment",
    "Batch",
    "CheckReport",
    "CropStore",
    "CropTable",
    "Draws",
    "Loader",
    "batches",
    "check",
    "class_labels",
    "convert",
    "generator",
    "likely_specs",
    "normalise",
    "pk_batches",
    "read",
    "single_channel",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reidapt.data' has no attribute {name!r}")
    value = getattr(import_module(f"reidapt.data.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
