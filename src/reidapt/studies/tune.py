"""Hyper-parameter search over any numeric option of any method (Optuna), scored on a validation set."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reidapt.config import dump_yaml, nearest, to_dict
from reidapt.errors import ConfigError
from reidapt.methods import load_method
from reidapt.methods.base import Method, RunConfig
from reidapt.progress import ProgressCallback
from reidapt.training import evaluate_run, train
from reidapt.training.run import write_atomic
from reidapt.translation import translate_dataset

THEN = "then."
"""Prefix of options of the re-ID training that follows a translation."""


@dataclass(frozen=True)
class Range:
    """What an option may be: numbers between ``low`` and ``high``, both included."""

    name: str
    low: float
    high: float
    log: bool = False
    integer: bool = False

    @staticmethod
    def parse(text: str, fields: Mapping[str, type]) -> Range:
        """``foreground_weight=10..200``, with ``:log`` behind it for a logarithmic scale.

        Args:
            text: the range.
            fields: numeric options and their types, see :func:`numeric`.

        Raises:
            ConfigError: not of that form, not a numeric option, or an impossible range.
        """
        name, equals, bounds = text.partition("=")
        bounds, colon, scale = bounds.partition(":")
        low, dots, high = bounds.partition("..")
        name = name.replace("-", "_")
        if not (equals and dots) or (colon and scale != "log"):
            raise ConfigError(f"The range '{text}' is not NAME=LOW..HIGH or NAME=LOW..HIGH:log.")
        if name not in fields:
            raise ConfigError(f"There is no numeric option '{name}' to search; {nearest(name, fields)}")
        try:
            found = Range(name, float(low), float(high), bool(scale), fields[name] is int)
        except ValueError:
            raise ConfigError(f"The range '{text}' has bounds that are not numbers.") from None
        if not found.low < found.high or (found.log and found.low <= 0):
            raise ConfigError(f"The range '{text}' is empty or, for a logarithmic scale, does not lie above 0.")
        return found


def numeric(schema: type[RunConfig], prefix: str = "") -> dict[str, type]:
    """Options that are numbers, with their types."""
    default = schema()
    kinds = {field.name: type(getattr(default, field.name)) for field in dataclasses.fields(schema)}
    return {prefix + name: kind for name, kind in kinds.items() if kind in (int, float)}


def search(
    ranges: Sequence[Range],
    objective: Callable[[int, dict[str, float]], float],
    *,
    trials: int,
    seed: int = 0,
    finished: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Maximise ``objective(number, values)`` by the tree-structured Parzen estimator.

    Args:
        ranges: what is searched.
        objective: the score of one trial; its number counts from 0.
        trials: how many in all, those ``finished`` before included.
        seed: with the scores so far, decides every trial.
        finished: rows of an earlier, interrupted search.

    Returns:
        A row per trial: ``number``, ``values``, ``score``.
    """
    optuna = _optuna()
    scale = {
        r.name: optuna.distributions.IntDistribution(int(r.low), int(r.high), log=r.log)
        if r.integer
        else optuna.distributions.FloatDistribution(r.low, r.high, log=r.log)
        for r in ranges
    }
    rows = [dict(row) for row in finished]
    for number in range(len(rows), trials):
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed + number))
        for row in rows:
            study.add_trial(optuna.trial.create_trial(params=row["values"], distributions=scale, value=row["score"]))
        values = dict(study.ask(scale).params)
        rows.append({"number": number, "values": values, "score": objective(number, values)})
    return rows


def tune(
    name: str,
    config: RunConfig,
    ranges: Sequence[str],
    validate: str,
    *,
    then: RunConfig | None = None,
    trials: int = 20,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Train a method with other values of some options and keep the best mAP on a validation set.

    A method that translates is judged by what its pictures are good for: its source is translated, ``source-only`` is
    trained with them as ``--extend``, and that network is ranked. Its options are ``then``; their ranges begin with
    ``then.``, e.g. ``then.share=0..1``.

    Args:
        name: the method.
        config: its options; ``config.out`` is the folder of the search. An interrupted search goes on where it stopped.
        ranges: see :meth:`Range.parse`.
        validate: labelled dataset with query and gallery. Not the test set that is reported in the end.
        then: options of the re-ID training that follows a translation.
        trials: how many.
        progress: called as (trials done, trials, what).

    Returns:
        The best row: ``number``, ``values``, ``score`` (mAP, percent). ``best.yaml`` holds its configuration.
    """
    if trials < 1:
        raise ConfigError(f"The number of trials is {trials}; it must be 1 or more.")
    if not ranges or not config.out:
        raise ConfigError(
            "Say what is searched, e.g. --range lr=1e-5..1e-3:log, and where results are written: --out DIR."
        )
    cls = load_method(name)
    translates = cls.translate is not Method.translate
    follower = load_method("source-only").Config
    fields = numeric(type(config)) | (numeric(follower, THEN) if translates else {})
    parsed = [Range.parse(text, fields) for text in ranges]
    folder = Path(config.out)
    asked = {
        "method": name, "config": to_dict(config), "then": to_dict(then) if then else None,
        "ranges": list(ranges), "validate": validate,
    }  # fmt: skip
    rows = begin(folder, asked)

    def objective(number: int, values: dict[str, float]) -> float:
        place = folder / f"trial-{number:03d}"
        own: dict[str, Any] = {key: value for key, value in values.items() if not key.startswith(THEN)}
        run = train(name, dataclasses.replace(config, **own, out=str(place / "run"))).folder
        if translates:
            run = follow(run, config, then or follower(), values, place)
        score = float(evaluate_run(run, validate, name="validation")[0].summary()["mAP"])
        row = {"number": number, "values": values, "score": score}
        with open(folder / "trials.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")
        if progress is not None:
            progress(number + 1, trials, f"mAP {score:.1f}")
        return score

    rows = search(parsed, objective, trials=trials, seed=config.seed, finished=rows)
    best = max(rows, key=lambda row: row["score"])
    own = {key: value for key, value in best["values"].items() if not key.startswith(THEN)}
    write_atomic(folder / "best.yaml", dump_yaml({**to_dict(config), **own, "out": ""}))
    return best


def follow(run: Path, config: RunConfig, then: RunConfig, values: Mapping[str, float], place: Path) -> Path:
    """Translate the source with a run and train ``source-only`` on it; the run folder of that training."""
    generated = place / "generated"
    if not generated.exists():
        translate_dataset(run, config.source, generated, splits=("train",))
    found = {key.removeprefix(THEN): value for key, value in values.items() if key.startswith(THEN)}
    options: dict[str, Any] = {
        "source": config.source,
        "extend": f"csv:{generated / 'crops.csv'}",
        "out": str(place / "reid"),
        **found,
    }
    camera = getattr(config, "source_camera", -1)
    if camera >= 0 and not getattr(then, "cameras", None):
        options["cameras"] = [camera]
    return train("source-only", dataclasses.replace(then, **options)).folder


def begin(folder: Path, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Open the folder of a search; the rows of an earlier, interrupted one.

    Raises:
        ConfigError: it holds a search for something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note, rows = folder / "asked.json", folder / "trials.jsonl"
    text = json.dumps(asked, indent=2, sort_keys=True)
    if not note.exists():
        if any(folder.iterdir()):
            raise ConfigError(f"The folder '{folder}' is not empty and holds no search; give another --out.")
        write_atomic(note, text)
    elif note.read_text() != text:
        raise ConfigError(
            f"The folder '{folder}' holds a search with other options; give another --out or repeat them."
        )
    return [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ConfigError("Searching hyper-parameters needs Optuna: pip install 'reidapt[tune]'.") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
