"""Checkpoints: atomic files from which a run resumes bit for bit and every other command works."""

from __future__ import annotations

import dataclasses
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reidapt.config import from_dict
from reidapt.errors import RunError, first_line
from reidapt.methods import METHODS, Method, RunConfig, load_method
from reidapt.training.run import Run

FORMAT = 1


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` so that the file on disk is always a whole checkpoint: the previous one or this one.

    Raises:
        RunError: the file cannot be written; the previous checkpoint survives.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError) as problem:  # torch reports a failed write as RuntimeError
        temporary.unlink(missing_ok=True)
        before = "The previous checkpoint is unchanged" if path.exists() else "There is no earlier checkpoint"
        reason = getattr(problem, "strerror", None) or first_line(problem)
        raise RunError(
            f"The checkpoint '{path}' could not be written: {reason}. {before}; make room on that disk and start the "
            "same command again to resume."
        ) from None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running any code stored in it.

    Args:
        path: a checkpoint file or a run folder.

    Raises:
        RunError: missing, unreadable, or not a checkpoint of reidapt.
    """
    if path.is_dir():
        folder, path = path, Run(path).checkpoint
        if not path.exists():
            raise RunError(
                f"'{folder}' holds no checkpoint (expected {path.relative_to(folder)}); give the folder of a run that "
                "has finished at least one epoch, or a checkpoint file."
            )
    if not path.exists():
        raise RunError(f"There is no run or checkpoint at '{path}'; give a run folder or a checkpoint file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise RunError(f"'{path}' is not a readable checkpoint ({first_line(problem)}).") from None
    if not isinstance(content, dict) or "reidapt" not in content:
        raise RunError(
            f"'{path}' is a PyTorch file, but not a checkpoint of reidapt; give a run folder or its checkpoint."
        )
    if content["reidapt"] != FORMAT:
        raise RunError(f"'{path}' has checkpoint format {content['reidapt']}; this version reads format {FORMAT}.")
    return content


def restore_method(content: dict[str, Any], where: str | Path) -> Method:
    """The method of a checkpoint with its weights, in evaluation mode on the CPU."""
    name = content["method"]
    if name not in METHODS:
        raise RunError(f"'{where}' was trained with the method '{name}', which this version does not have.")
    cls = load_method(name)
    config = from_dict(cls.Config, content["config"], where=f"The configuration in '{where}'")
    method = untrained(cls, config, persons=content["persons"])
    try:
        method.load_state_dict(content["networks"])
    except RuntimeError as problem:
        raise RunError(
            f"The networks in '{where}' do not fit its configuration ({str(problem).splitlines()[-1].strip()}); "
            "the checkpoint is of another architecture."
        ) from None
    return method.eval()


def untrained(cls: type[Method], config: RunConfig, *, persons: int) -> Method:
    """The method of a configuration before its weights are replaced: whatever ``--weights`` says, they are not looked for."""
    if not hasattr(config, "weights"):
        return cls(config, persons=persons)
    random_ones: dict[str, Any] = {"weights": "random"}
    method = cls(dataclasses.replace(config, **random_ones), persons=persons)
    method.config = config  # what it began from is still asked when it is resumed
    return method


def load(run: str | Path) -> Method:
    """The trained method of a run folder or checkpoint, ready to ``embed``.

    Example::

        method = reidapt.load("runs/demo/adapted")
        features = method.embed(images)      # images: float32 (B, 3, H, W), normalised
    """
    return restore_method(read_checkpoint(Path(run)), run)


def random_state() -> dict[str, Any]:
    """The state of every random generator, in types that a checkpoint may hold."""
    kind, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002
    version, internal, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [
            str(kind),
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
        "python": [version, list(internal), gauss],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """The inverse of :func:`random_state`."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, cached))  # noqa: NPY002
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
