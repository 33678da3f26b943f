"""Nested settings of several runs as one flat table in which differences are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reidapt.report.model import Table


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """Nested mappings as `{"a.b": "text"}` in the order of the file; lists of plain values stay on one line."""
    if isinstance(value, Mapping) and value:
        flat: dict[str, str] = {}
        for key, item in value.items():
            flat.update(flatten(item, f"{prefix}.{key}" if prefix else str(key)))
        return flat
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return {k: v for i, item in enumerate(value) for k, v in flatten(item, f"{prefix}[{i}]").items()}
    return {prefix: _text(value)}


def compare(names: Sequence[str], values: Sequence[Mapping[str, Any]], heading: str = "Setting") -> Table:
    """A row per setting and a column per run; rows in which the runs differ are marked. Absent settings read "–"."""
    flat = [flatten(value) if value else {} for value in values]
    keys = list(dict.fromkeys(key for one in flat for key in one))
    rows = tuple((key, *(one.get(key, "–") for one in flat)) for key in keys)
    marked = frozenset(index for index, row in enumerate(rows) if len(set(row[1:])) > 1)
    return Table((heading, *names), rows, marked, shared=True)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value) or "none"
    if isinstance(value, Mapping):
        return "none"
    return str(value)
