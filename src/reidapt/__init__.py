"""reidapt: train person re-identification models for cameras nobody labelled.

The command line is a thin layer over these functions; see docs/design.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "read": "reidapt.data",
    "CropTable": "reidapt.data",
    "CropStore": "reidapt.data",
    "train": "reidapt.training",
    "load": "reidapt.training",
    "evaluate_run": "reidapt.training",
    "embed": "reidapt.evaluation",
    "rank": "reidapt.evaluation",
    "RetrievalResult": "reidapt.evaluation",
    "render_world": "reidapt.world",
    "write_report": "reidapt.report",
    "reproduce": "reidapt.studies",
    "ReidaptError": "reidapt.errors",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``import reidapt`` is quick and needs no optional package."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'reidapt' has no attribute {name!r}")
