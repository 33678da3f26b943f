"""Builds the report of a run folder and writes it there as `report.html`."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reidapt.errors import RunError
from reidapt.report.curves import cmc_chart, training_curves
from reidapt.report.maps import Projection, domain_maps, embedding_maps
from reidapt.report.model import METRICS, Report, Role, Score, Sheet, Table
from reidapt.report.page import render
from reidapt.report.pictures import SHEET, SHEET_BYTES, load
from reidapt.report.ranked import ranked_lists
from reidapt.report.runs import Run, is_number, minutes, read_run
from reidapt.report.settings import compare, flatten

LABELS: dict[Role, str] = {"run": "This run", "direct": "Direct transfer", "adapted": "Adapted", "oracle": "Oracle"}
_COMPARABLE = ("dataset", "protocol", "queries", "gallery", "ap", "flip", "rerank")
_COMMAND = ("command", "argv")
_SHEETS = 4


def write_report(run_dir: str | Path, **options: Any) -> Path:
    """Write `report.html` into `run_dir` from `collect(run_dir, **options)` and return its path.

    The page appears whole or not at all: it is written beside its place and then renamed. Raises `RunError` where the
    folder is no run folder or cannot be written.
    """
    page = render(collect(run_dir, **options))
    target = Path(run_dir) / "report.html"
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".report-", suffix=".html", dir=run_dir)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise RunError(
            f"The report {target} cannot be written ({error.strerror}); free the place and try again."
        ) from error
    return target


def collect(
    run_dir: str | Path,
    *,
    direct: str | Path | None = None,
    oracle: str | Path | None = None,
    title: str | None = None,
    evaluation: str | None = None,
    queries_per_group: int = 3,
    hits: int = 10,
    projection: Projection | None = "tsne",
    seed: int = 0,
) -> Report:
    """Gather everything that the run folder `run_dir` can show, beside a `direct` transfer run and an `oracle` run.

    `evaluation` names the file in `evaluations/` (default: the first name that all the runs have). `projection` None
    leaves the embedding maps out. Parts that are absent or damaged are left out and named in `Report.missing`.
    Raises `RunError` where a folder is no run folder.
    """
    role: Role = "run" if direct is None and oracle is None else "adapted"
    given: list[tuple[Role, str | Path | None]] = [("direct", direct), (role, run_dir), ("oracle", oracle)]
    folders = [(name, Path(path)) for name, path in given if path is not None]
    evaluation = evaluation or _shared_evaluation([path for _, path in folders])
    runs = [read_run(path, role, LABELS[role], evaluation) for role, path in folders]
    main = next(run for run in runs if run.role == role)

    lists, list_problems = ranked_lists(runs, queries_per_group, hits, seed)
    maps, map_note = embedding_maps(runs, projection, seed) if projection else ((), "")
    domains = domain_maps(runs, projection, seed) if projection else ()
    sheets, sheet_problems = _sheets(main)
    missing = [problem for run in runs for problem in run.problems] + sheet_problems + list_problems
    return Report(
        title=title or main.path.resolve().name,
        question=question(main),
        command=_command(main.environment),
        byline=_byline(main),
        scores=tuple(_score(run) for run in runs if run.evaluation),
        protocol=_protocol(main),
        conditions=_conditions(main),
        cautions=tuple(_cautions(runs)),
        sheets=sheets,
        curves=training_curves(runs),
        cmc=cmc_chart(runs),
        ranked=lists,
        maps=maps + domains,
        map_note=map_note,
        settings=compare([r.label for r in runs], [r.config for r in runs]),
        environment=_environment(runs),
        data=_data(runs),
        missing=tuple(missing + _unmeasured(runs, bool(lists), bool(maps), projection)),
    )


def question(run: Run) -> str:
    """One plain sentence: what this run was asked to do, from the data it was given."""
    source, target = (_crowd(run.data.get(side), side == "source") for side in ("source", "target"))
    method = _method(run)
    if source and target:
        return (
            f"Learn from the labelled source {source}, adapt with {method} to the unlabelled target {target}, "
            "and rank the persons of the target."
        )
    if source:
        return f"Learn from the labelled source {source} with {method}, without a target to adapt to."
    return f"Train {method}; which data it was given is not recorded."


def _crowd(fingerprint: Any, labelled: bool) -> str:
    if not isinstance(fingerprint, Mapping):
        return ""
    count = _count(fingerprint, labelled)
    return f"{fingerprint.get('name', 'without a name')}" + (f" ({count})" if count else "")


def _count(fingerprint: Any, labelled: bool) -> str:
    known = fingerprint if isinstance(fingerprint, Mapping) else {}
    words = {"rows": "{:,} crops", "persons": "of {:,} persons", "cameras": "from {:,} cameras"}
    if not labelled:
        del words["persons"]
    return " ".join(text.format(known[key]) for key, text in words.items() if is_number(known.get(key)))


def _method(run: Run) -> str:
    value = run.config.get("method")
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("class_path")
    return str(value) if value else "a method that is not recorded"


def _command(environment: Mapping[str, Any]) -> str:
    command = next((environment[key] for key in _COMMAND if environment.get(key)), "")
    return shlex.join(map(str, command)) if isinstance(command, list) else str(command)


def _byline(run: Run) -> str:
    spent = minutes(run)
    flat = flatten(run.environment) if run.environment else {}
    parts = [flat[key] for key in ("finished", "started", "date", "time") if key in flat][:1]
    parts += [f"{spent:.1f} minutes of training"] if spent is not None else []
    parts += [f"commit {flat[key][:12]}" for key in ("commit", "git.commit") if key in flat][:1]
    parts += [flat[key] for key in ("machine.name", "device", "machine") if key in flat][:1]
    return " · ".join(parts)


def _score(run: Run) -> Score:
    assert run.evaluation is not None
    summary = run.evaluation.summary
    metrics = {key: float(summary[key]) for key, _ in METRICS if is_number(summary.get(key))}
    return Score(run.role, run.label, metrics, minutes(run))


def _conditions(run: Run) -> Table | None:
    if not run.evaluation:
        return None
    shown = {key: value for key, value in run.evaluation.summary.items() if key not in dict(METRICS)}
    return Table(("Condition", "Value"), tuple(flatten(shown).items()) if shown else ())


def _cautions(runs: Sequence[Run]) -> list[str]:
    """Sentences about scores that stand beside each other without being comparable."""
    found = []
    evaluated = [run for run in runs if run.evaluation]
    for key in _COMPARABLE:
        values = [
            str(run.evaluation.summary[key]) for run in evaluated if run.evaluation and key in run.evaluation.summary
        ]
        if len(set(values)) > 1:
            pairs = ", ".join(f"{r.label}: {r.evaluation.summary.get(key, '–')}" for r in evaluated if r.evaluation)
            found.append(f"These scores are not comparable: the evaluations differ in {key} ({pairs}).")
    return found


def _sheets(run: Run) -> tuple[tuple[Sheet, ...], list[str]]:
    folder = run.path / "samples"
    paths = sorted(folder.glob("*.png")) + sorted(folder.glob("*.jpg"))
    paths.sort(key=lambda path: (path.stem not in ("source", "target"), path.name))
    sheets, problems = [], []
    for path in paths[:_SHEETS]:
        known = run.data.get(path.stem)
        name = str(known.get("name", "")) if isinstance(known, Mapping) else ""
        heading = path.stem.replace("_", " ").capitalize()
        picture = load(path, f"Contact sheet of {path.stem} {name}".strip() + ".", SHEET, SHEET_BYTES)
        if picture:
            sheets.append(Sheet(f"{heading}: {name}" if name else heading, picture, _count(known, True)))
        else:
            problems.append(f"{run.path.name}/samples/{path.name} is not a readable picture.")
    if len(paths) > _SHEETS:
        problems.append(f"{len(paths) - _SHEETS} more pictures in {run.path.name}/samples are not on this page.")
    absent = [side for side in ("source", "target") if side in run.data and not (folder / f"{side}.png").exists()]
    problems += [f"There is no contact sheet of the {side} ({run.path.name}/samples/{side}.png)." for side in absent]
    return tuple(sheets), problems


def _environment(runs: Sequence[Run]) -> Table | None:
    known = [run for run in runs if run.environment]
    parts = [{k: v for k, v in run.environment.items() if k not in _COMMAND} for run in known]
    parts = [({"command": line} if (line := _command(r.environment)) else {}) | p for r, p in zip(known, parts)]
    return compare([run.label for run in known], parts, "Part") if known else None


def _data(runs: Sequence[Run]) -> Table | None:
    """One row per distinct fingerprint, with the runs that used it."""
    uses: dict[tuple[str, ...], list[str]] = {}
    for run in runs:
        for side, fingerprint in run.data.items():
            if isinstance(fingerprint, Mapping):
                row = tuple(_cell(fingerprint.get(key)) for key in ("name", "rows", "persons", "cameras", "sha256"))
                uses.setdefault(row, []).append(side if run.role == "run" else f"{side} of {run.label}")
    rows = tuple((name, "; ".join(by), *rest) for (name, *rest), by in uses.items())
    return Table(("Data", "Used as", "Crops", "Persons", "Cameras", "SHA-256"), rows) if rows else None


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "–" if value is None else str(value)


def _protocol(run: Run) -> str:
    """What stands behind the scores, in one sentence per fact that the evaluation recorded."""
    summary = run.evaluation.summary if run.evaluation else {}
    words = (
        ("queries", "{} queries"),
        ("skipped_queries", "{} skipped for want of a match"),
        ("gallery", "{} gallery pictures"),
        ("junk", "{} junk pictures ignored"),
        ("ties_at_rank1", "{} rank-1 decisions rested on a tie"),
    )
    facts = [text.format(_cell(summary[key])) for key, text in words if is_number(summary.get(key))]
    if summary.get("ap"):
        facts.append(f"average precision by {summary['ap']}")
    return ", ".join(facts) + "." if facts else ""


def _unmeasured(runs: Sequence[Run], lists: bool, maps: bool, projection: Projection | None) -> list[str]:
    roles, text = {run.role for run in runs}, []
    evaluated = [run for run in runs if run.evaluation]
    if "adapted" in roles and "direct" not in roles:
        text.append("No direct transfer was given, so what the adaptation adds is not known.")
    if "adapted" in roles and "oracle" not in roles:
        text.append("No oracle was given, so the closed share of the gap is not known.")
    if evaluated and not lists:
        text.append("The evaluation saved no ranked lists with picture paths, so none are shown.")
    if evaluated and not maps and projection:
        text.append("The evaluation saved no embeddings with persons, so there is no embedding map.")
    if evaluated:
        text.append("Each figure comes from one training with one seed; its spread over seeds was not measured.")
    others = sorted(
        {name for run in runs for name in run.evaluations} - {r.evaluation.name for r in evaluated if r.evaluation}
    )
    if others:
        text.append(f"Other evaluations in these folders are not on this page: {', '.join(others)}.")
    return text


def _shared_evaluation(folders: Sequence[Path]) -> str | None:
    names = [{path.stem for path in (folder / "evaluations").glob("*.json")} for folder in folders]
    shared = sorted(set.intersection(*names)) if names else []
    return shared[0] if shared else None
