"""Evaluate runs on a dataset: embed its test pictures, rank by a protocol, and keep the result in the run folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from reidapt.data import CropStore, CropTable, read
from reidapt.data.tracklets import Policy, tracklet_groups, usable_tracklets
from reidapt.errors import ConfigError, RunError
from reidapt.evaluation import Reranking, RetrievalResult, TrialsResult, embed
from reidapt.evaluation.protocols import PROTOCOLS, Protocol, Ranking, protocol
from reidapt.evaluation.ranking import ApRule
from reidapt.evaluation.tracklets import embed_tracklets
from reidapt.methods import Method
from reidapt.progress import ProgressCallback
from reidapt.training.checkpoint import load
from reidapt.training.device import torch_device
from reidapt.training.run import Run
from reidapt.training.trials import bound_trial, check_trial, spec_trial, trained_on, with_trial

Result = RetrievalResult | TrialsResult

PICTURES, FRAMES = 256, 64
"""Pictures, and frames of tracklets, in one forward pass; 64 frames of 256×128 px go through a ResNet-50 in half a gigabyte."""


@dataclass(frozen=True)
class Options:
    """Everything besides run and dataset that influences the numbers."""

    protocol: str = "auto"
    """Protocol and its options, such as sysu-mm01?search=indoor&shots=10; auto is the dataset's own."""
    flip: bool = False
    """Add the features of the mirrored pictures."""
    strips: int = 0
    """Pool maxima over this many horizontal strips instead of the model's feature; 0 is off."""
    ap: ApRule = "step"
    """``step`` or ``trapezoid``."""
    reranking: Reranking | None = None
    """k-reciprocal re-ranking."""
    frames: int = 0
    """Frames of a tracklet that are looked at, evenly spread; 0 is all. For protocols of tracklets."""
    bad_tracklets: Policy = "stop"
    """A tracklet with a missing or unreadable frame: an error, or left out and counted."""
    embeddings: bool = False
    """Keep the float32 embeddings in the result, from which everything can be computed again."""
    record: dict[str, Any] = field(default_factory=dict)
    """Further entries of the result."""


def evaluate_run(
    run: str | Path | Sequence[str | Path],
    dataset: str,
    *,
    name: str | None = None,
    options: Options | None = None,
    trials: int = 0,
    batch_size: int | None = None,
    device: str = "auto",
    out: Path | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Result, Path]:
    """Rank a dataset's gallery for each of its queries with trained models, under a protocol.

    A dataset of several trials (``regdb:DIR?trial=3``) tests a model on the persons that its trial didn't train on:
    a run that was trained on one trial is refused on another. Several runs, one a trial, are averaged.

    Args:
        run: run folder or checkpoint; or several, each trained on another trial of the dataset.
        dataset: dataset with the splits ``query`` and ``gallery``, e.g. ``market1501:DIR``.
        name: name of the result file; by default the dataset spec with punctuation replaced. `-N-frames` is added where
            only N frames of a tracklet were looked at.
        options: everything that influences the numbers.
        trials: evaluate one run, trained on other data, on trials 1 to ``trials`` and average them; 0 = as the spec says.
        batch_size: crops, or frames of tracklets, per forward pass; does not change the result. By default `PICTURES`, `FRAMES`.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        out: folder of the result; by default the (first) run's ``evaluations``.
        progress: called as (done, total, what).

    Returns:
        The result and the path of its JSON file.
    """
    if batch_size is not None and batch_size < 1:
        raise ConfigError(f"The batch size is {batch_size}; it must be 1 or more.")
    options = options or Options()
    if options.frames < 0:
        raise ConfigError(f"Asked for {options.frames} frames of a tracklet; it must be 1 or more, or 0 for all.")
    protocol(options.protocol, dataset)  # a misspelt one is refused before anything is loaded
    runs = [run] if isinstance(run, (str, Path)) else list(run)
    if len(runs) > 1 and trials:
        raise ConfigError("Give either several runs, one a trial, or one run and a number of trials.")
    out = result_folder(Path(runs[0])) if out is None else out
    results: list[tuple[Result, str | None, str]] = []
    arrays: dict[str, np.ndarray] = {}
    seen: dict[str | None, str | Path] = {}
    for path in runs:
        method = load(path).to(torch_device(device))
        trained = bound_trial(trained_on(method.config), dataset)
        for spec in _specs(dataset, trained, trials, path):
            trial = spec_trial(spec)
            check_trial(trained, trial, path, dataset)
            if len(runs) > 1 and trial in seen:
                where = f"trial {trial}" if trial else "the same data"
                raise ConfigError(f"'{seen[trial]}' and '{path}' were both asked for {where}; give one run a trial.")
            seen[trial] = path
            table = read(spec)
            result, found = evaluate(
                method, table, options=options, batch_size=batch_size, progress=progress, dataset=spec
            )
            arrays = arrays or found
            results.append((result, trial, str(path)))
    result = _merged(results)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise RunError(f"The folder '{out}' cannot be created: {problem.strerror}. Give another --out.") from None
    target = out / result_name(name or re.sub(r"[^A-Za-z0-9.-]+", "-", dataset).strip("-"), options)
    result.save(target, extra=arrays, embeddings=options.embeddings)
    return result, target


def result_name(name: str, options: Options) -> str:
    """The file of a result; one of only some frames of every tracklet says how many."""
    return f"{name}-{options.frames}-frames.json" if options.frames else f"{name}.json"


def extract(
    run: str | Path,
    dataset: str,
    out: Path,
    *,
    flip: bool = False,
    strips: int = 0,
    batch_size: int = 256,
    device: str = "auto",
    progress: ProgressCallback | None = None,
) -> Path:
    """Write the embeddings of all pictures of a dataset, in the order of its table.

    The ``.npz`` holds ``features`` float32 (N, D), ``path``, ``split``, ``camera`` and, where there are labels, ``person``.

    Raises:
        RunError: the file cannot be written.
    """
    method, table = load(run).to(torch_device(device)), read(dataset)
    features = embed(
        method,
        CropStore(table, method.config.size),
        batch_size=batch_size,
        flip=flip,
        strips=strips,
        device=next(method.parameters()).device,
        progress=counter(progress, 0, len(table), "embedding"),
    )
    columns = {name: table.column(name) for name in ("camera", "split", *(["person"] if table.labelled else []))}
    arrays: dict[str, Any] = {"features": features.numpy(), "path": table.paths.astype(np.str_), **columns}
    arrays["split"] = arrays["split"].astype(np.str_)
    target = out if out.suffix == ".npz" else out.with_name(out.name + ".npz")
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, target)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise RunError(f"The embeddings could not be written to '{target}': {problem.strerror}.") from None
    return target


def _specs(dataset: str, trained: str | None, trials: int, run: str | Path) -> list[str]:
    """The specs to evaluate one run on."""
    if trials:
        return [with_trial(dataset, str(trial)) for trial in range(1, trials + 1)]
    if trained is not None and "trial=" not in dataset:
        return [with_trial(dataset, trained)]
    return [dataset]


def own_spec(method: Method, dataset: str, run: str | Path) -> str:
    """The spec of one evaluation of a run: of a dataset with trials the one it was trained on; another is refused."""
    trained = bound_trial(trained_on(method.config), dataset)
    spec = _specs(dataset, trained, 0, run)[0]
    check_trial(trained, spec_trial(spec), run, dataset)
    return spec


def _merged(results: list[tuple[Result, str | None, str]]) -> Result:
    """One result of all trials; that of a single evaluation as it is."""
    if len(results) == 1:
        return results[0][0]
    single: list[RetrievalResult] = []
    for result, trial, run in results:
        for one in result.trials if isinstance(result, TrialsResult) else [result]:
            one.settings |= {"split": trial, "run": run}
            single.append(one)
    return TrialsResult.of(single)


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
    options: Options | None = None,
    chosen: Protocol | None = None,
    batch_size: int | None = None,
    progress: ProgressCallback | None = None,
    dataset: str = "",
) -> tuple[Result, dict[str, np.ndarray]]:
    """Rank a table's gallery for its queries; returns the result and the arrays that pictures of it need."""
    options = options or Options()
    chosen = chosen or protocol(options.protocol, dataset, table)
    for split in ("query", "gallery"):
        if not table.labelled or not len(table.select(split=split)):
            found = ", ".join(sorted(set(table.frame["split"])))
            what = "no crops" if table.labelled else "no person labels"
            raise ConfigError(
                f"'{dataset or table.name}' has {what} in the split '{split}' (splits found: {found}); an evaluation needs "
                "a labelled query and gallery, as in market1501:DIR."
            )
    if not options.strips:
        options = replace(options, record={"feature": method.feature, **options.record})
    test = table.select(split=["query", "gallery"])
    if options.protocol in ("", "auto") and method.of_tracklets and (test.column("tracklet") >= 0).all():
        chosen = chosen if chosen.tracklets else PROTOCOLS["video"]
    size, what = method.config.size, "embedding query and gallery"
    if chosen.tracklets:
        test, features, record = tracklet_features(method, test, options, batch_size or FRAMES, progress, what)
        options = replace(options, record={**record, **options.record})
    else:
        features = embed(
            method,
            CropStore(test, size),
            batch_size=batch_size or PICTURES,
            flip=options.flip,
            strips=options.strips,
            device=next(method.parameters()).device,
            progress=counter(progress, 0, len(test), what),
        )
    return ranked(test, features, chosen, options, size, dataset or table.name)


def tracklet_features(
    method: Method, test: CropTable, options: Options, budget: int, progress: ProgressCallback | None, what: str
) -> tuple[CropTable, Tensor, dict[str, Any]]:
    """Test tracklets, a row each, their features, and what a result must say about how they were seen."""
    skip = options.bad_tracklets == "skip"
    usable = usable_tracklets(test, bad=options.bad_tracklets, shortest=1, decoded=skip)
    length = 1 if options.strips else method.clip_length
    tracks, features = embed_tracklets(
        method,
        usable,
        method.config.size,
        frames=options.frames,
        length=length,
        budget=budget,
        flip=options.flip,
        strips=options.strips,
        device=next(method.parameters()).device,
        progress=None if progress is None else lambda done, total: progress(done, total, what),
    )
    each = "frames'" if length == 1 else f"clips of {length} frames'"
    record = {
        "tracklets": f"mean of {'some' if options.frames else 'all'} {each} unit features",
        "frames": options.frames or "all",
        "left_out_tracklets": int(tracklet_groups(test).max()) + 1 - len(tracks),
        "tracklets_of_one_frame": int((np.bincount(tracklet_groups(usable)) == 1).sum()),
    }
    return tracks, features, record


def ranked(
    test: CropTable, features: Tensor, chosen: Protocol, options: Options, size: tuple[int, int], dataset: str
) -> tuple[Result, dict[str, np.ndarray]]:
    """Rank embedded test pictures or tracklets by a protocol; the result and the arrays that pictures of it need."""
    feature = f"maxima of {options.strips} horizontal strips" if options.strips else "BNNeck"
    record = {"dataset": dataset, "flip": options.flip, "feature": feature, "size": list(size), **options.record}
    how = Ranking(ap=options.ap, reranking=options.reranking, record=record)
    result = chosen.run(test, features, how, **chosen.options)
    first = result.trials[0] if isinstance(result, TrialsResult) else result
    arrays: dict[str, np.ndarray] = {}
    for split, rows in (("query", first.query_rows), ("gallery", first.gallery_rows)):
        assert rows is not None  # every protocol says which rows it ranked
        part = test.take(rows)
        arrays |= {
            f"{split}_paths": np.asarray(part.paths, dtype=np.str_),
            f"{split}_features": features[rows].cpu().numpy().astype(np.float16),
            f"{split}_person": part.person,
            f"{split}_camera": part.camera,
        }
    return result, arrays


def counter(progress: ProgressCallback | None, before: int, total: int, what: str) -> Callable[[int, int], None] | None:
    """A (done, total) callback for a part of a stage that is ``total`` long and already ``before`` along."""
    return None if progress is None else lambda done, _: progress(before + done, total, what)
