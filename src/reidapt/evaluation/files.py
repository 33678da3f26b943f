"""Result files: `NAME.json` with the figures beside `NAME.npz` with the arrays, both complete or absent."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from reidapt.errors import RunError

FORMAT = 1


def json_path(path: str | os.PathLike[str]) -> Path:
    """The `.json` of a result named with or without it."""
    target = Path(path)
    return target if target.suffix == ".json" else target.with_name(target.name + ".json")


def write_result(path: str | os.PathLike[str], summary: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Path:
    """Write both files, replacing old ones together; returns the path of the JSON file. RunError where that fails."""
    target = json_path(path)
    text = json.dumps({"format": FORMAT, **summary}, indent=1)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as folder:
            (Path(folder) / "json").write_text(text + "\n")
            with open(Path(folder) / "npz", "wb") as file:
                np.savez_compressed(file, **dict(arrays))  # type: ignore[arg-type]
            os.replace(Path(folder) / "npz", target.with_suffix(".npz"))
            os.replace(Path(folder) / "json", target)
    except OSError as error:
        raise RunError(
            f"the result couldn't be written to {target}: {error}. Free space or choose another folder."
        ) from error
    return target


def read_result(path: str | os.PathLike[str]) -> tuple[Path, dict[str, Any], dict[str, np.ndarray]]:
    """(path of the JSON file, summary, arrays but the embeddings) of what `write_result` wrote.

    Raises RunError if a file is missing, damaged or of another format.
    """
    target = json_path(path)
    try:
        summary = json.loads(target.read_text())
        with np.load(target.with_suffix(".npz")) as file:
            arrays = {name: file[name] for name in file.files if name not in ("query", "gallery")}
        found = summary.pop("format")
    except FileNotFoundError as error:
        raise RunError(f"no evaluation at {target}: {error.filename} is missing. Run the evaluation again.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
        raise not_a_result(target, error) from error
    if found != FORMAT:
        raise RunError(f"{target} has format {found}; this version of reidapt reads format {FORMAT}.")
    return target, summary, arrays


def not_a_result(target: Path, problem: Exception) -> RunError:
    """The error for a file of another make."""
    return RunError(f"{target} isn't a result that reidapt saved ({problem}). Run the evaluation again.")
