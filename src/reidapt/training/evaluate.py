"""Evaluate a run on a dataset: embed its query and gallery, rank, and keep the result in the run folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reidapt.data import CropStore, CropTable, read
from reidapt.errors import ConfigError, RunError
from reidapt.evaluation import RetrievalResult, embed, rank
from reidapt.evaluation.ranking import ApRule
from reidapt.methods import Method
from reidapt.progress import ProgressCallback
from reidapt.training.checkpoint import load
from reidapt.training.device import torch_device
from reidapt.training.run import Run


def evaluate_run(
    run: str | Path,
    dataset: str,
    *,
    name: str | None = None,
    flip: bool = False,
    ap: ApRule = "step",
    batch_size: int = 256,
    device: str = "auto",
    out: Path | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[RetrievalResult, Path]:
    """Rank a dataset's gallery for each of its queries with a trained model, under the Market-1501 rule.

    Args:
        run: run folder or checkpoint.
        dataset: dataset with the splits ``query`` and ``gallery``, e.g. ``market1501:DIR``.
        name: name of the result file; by default the dataset spec with punctuation replaced.
        flip: add the features of the mirrored pictures.
        ap: ``step`` or ``trapezoid``.
        batch_size: crops per forward pass; does not change the result.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        out: folder of the result; by default the run's ``evaluations``.
        progress: called as (done, total, what).

    Returns:
        The result and the path of its JSON file.
    """
    if batch_size < 1:
        raise ConfigError(f"The batch size is {batch_size}; it must be 1 or more.")
    out = result_folder(Path(run)) if out is None else out
    method = load(run).to(torch_device(device))
    table = read(dataset)
    result, arrays = evaluate(
        method, table, flip=flip, ap=ap, batch_size=batch_size, progress=progress, dataset=dataset
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise RunError(f"The folder '{out}' cannot be created: {problem.strerror}. Give another --out.") from None
    path = out / f"{name or re.sub(r'[^A-Za-z0-9.-]+', '-', dataset).strip('-')}.json"
    result.save(path, extra=arrays)
    return result, path


def result_folder(run: Path) -> Path:
    """Where the results of a run folder or of a checkpoint in one are kept.

    Raises:
        ConfigError: the checkpoint lies in no run folder, so nobody said where to write.
    """
    folder = run if run.is_dir() else run.resolve().parent.parent
    if run.is_file() and not Run(folder).config.exists():
        raise ConfigError(f"The checkpoint '{run}' is in no run folder; say where the result is written with --out.")
    return Run(folder).evaluations


def evaluate(
    method: Method,
    table: CropTable,
    *,
    flip: bool = False,
    ap: ApRule = "step",
    batch_size: int = 256,
    progress: ProgressCallback | None = None,
    dataset: str = "",
) -> tuple[RetrievalResult, dict[str, np.ndarray]]:
    """Rank a table's gallery for its queries; returns the result and the arrays that pictures of it need."""
    parts = {split: table.select(split=split) for split in ("query", "gallery")}
    for split, part in parts.items():
        if len(part) == 0 or not part.labelled:
            found = ", ".join(sorted(set(table.frame["split"])))
            what = "no crops" if len(part) == 0 else "no person labels"
            raise ConfigError(
                f"'{dataset or table.name}' has {what} in the split '{split}' (splits found: {found}); an evaluation needs "
                "a labelled query and gallery, as in market1501:DIR."
            )
    device = next(method.parameters()).device
    total, before = sum(map(len, parts.values())), 0
    features = {}
    for split, part in parts.items():
        store = CropStore(part, method.config.size)
        report = counter(progress, before, total, f"embedding the {split}")
        features[split] = embed(method, store, batch_size=batch_size, flip=flip, device=device, progress=report)
        before += len(part)
    query, gallery = parts["query"], parts["gallery"]
    result = rank(
        features["query"],
        features["gallery"],
        query_person=query.person,
        query_camera=query.camera,
        gallery_person=gallery.person,
        gallery_camera=gallery.camera,
        ap=ap,
        record={"dataset": dataset or table.name, "flip": flip, "feature": "BNNeck", "size": list(method.config.size)},
    )
    arrays = {
        "query_paths": np.asarray(query.paths, dtype=np.str_),
        "gallery_paths": np.asarray(gallery.paths, dtype=np.str_),
        **{f"{split}_features": features[split].cpu().numpy().astype(np.float16) for split in parts},
        **{
            f"{split}_{column}": getattr(part, column)
            for split, part in parts.items()
            for column in ("person", "camera")
        },
    }
    return result, arrays


def counter(progress: ProgressCallback | None, before: int, total: int, what: str) -> Callable[[int, int], None] | None:
    """A (done, total) callback for a part of a stage that is ``total`` long and already ``before`` along."""
    return None if progress is None else lambda done, _: progress(before + done, total, what)
