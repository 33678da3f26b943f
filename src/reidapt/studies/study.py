"""Run a study: rows (one training and its score each) over several seeds, kept as they finish, summarised at the end."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from reidapt.errors import ConfigError
from reidapt.progress import Display
from reidapt.studies.setting import METRICS
from reidapt.studies.tables import long_table, overview
from reidapt.training.run import commit, machine, write_atomic, write_json

LONGEST_NAME = 80
"""Characters of a folder's name that is made from datasets' specs; longer ones end in a checksum."""

RANKING = {"rank1": "rank-1", "rank5": "rank-5", "mAP": "mAP", "mINP": "mINP"}
"""Columns of a table of retrieval results."""

NOT_AVERAGED = ("name", "target", "seed", "commit", "machine", "minutes")


@dataclass(frozen=True)
class Context:
    """What a study is asked to do."""

    size: str
    seeds: Sequence[int]
    data: Sequence[str]
    out: Path
    display: Display
    conclude: bool = True
    """Whether rows made from the finished rows of all seeds are run too."""
    only: str = ""
    """Part of the names of the targets whose rows are run; empty for all."""
    known: Path | None = None
    """``results.json`` of another run of the study, whose rows count as finished."""


def shared_runs(context: Context, family: str, *specs: str) -> Path:
    """Folder beside the studies' own for runs that several studies of a family need: one for each size and data."""
    name = "-".join([context.size, *(re.sub(r"[^A-Za-z0-9]+", "-", spec).strip("-") for spec in specs)])
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{zlib.crc32(name.encode()):08x}"
    return context.out.parent / f"{family}-runs" / name


@dataclass(frozen=True)
class Row:
    """One result to obtain: ``run`` trains (or finds) it and returns its metrics and ``minutes``."""

    name: str
    target: str
    seed: int
    run: Callable[[], Mapping[str, Any]]
    concludes: bool = False
    """Whether it is made from the finished rows of all seeds, and so comes when these are done."""

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies a row among the finished ones."""
        return self.name, self.target, self.seed


@dataclass(frozen=True)
class Study:
    """A table or figure: its rows, and what was published."""

    name: str
    summary: str
    rows: Callable[[Context], Iterator[Row]]
    describe_data: Callable[[Context], Mapping[str, Any]]
    """By name, the fingerprints of the data; of those alone that ``context.only`` needs, where the study can tell."""
    published: Sequence[Mapping[str, Any]] = field(default=())
    baseline: str = ""
    """Name of the rows that the others are compared with, seed by seed; empty for none."""
    columns: Mapping[str, str] = field(default_factory=lambda: RANKING)
    """Metrics of the table and their titles; a figure's rows name what was measured on its pictures."""
    compared: Sequence[str] = ("rank1", "mAP")
    """Columns that are compared with the baseline, or as the share of the gap closed; empty for neither."""
    overview: Callable[[str], str] | None = None
    """Of a target, the title of the short table that it is a column of; None for the long table alone."""


def run_study(study: Study, context: Context) -> tuple[Path, str]:
    """Run what is not finished, then write ``results.json`` and ``results.md``; returns the folder and the table.

    Pictures (``*.png``) that rows put into the folder are shown in ``results.md``.

    An interrupted study goes on where it stopped: every finished row stands in ``rows.jsonl``. Several processes may run
    different seeds of it in one folder; each leaves rows that conclude to the process with ``context.conclude``.

    Raises:
        ConfigError: the folder, or the results that are taken over, hold rows of another size or other data; no target's name
            has what ``context.only`` asks for.
    """
    context.out.mkdir(parents=True, exist_ok=True)
    path, lock = context.out / "rows.jsonl", FileLock(context.out / ".rows.lock")
    data = json.loads(json.dumps(study.describe_data(context)))
    with lock:
        check_same_question(study, context)
        data = with_data_before(context, data)
        if context.known:
            rows, others = known_rows(context.known, study, context.size, data)
            data = joined(others, data)
            write_rows(path, {**rows, **read_rows(path)})
            write_results(study, context, data, list(read_rows(path).values()))
    order: dict[tuple[str, str], int] = {}
    for row in study.rows(context):
        order.setdefault((row.name, row.target), len(order))
        unwanted = context.only not in row.target or (row.concludes and not context.conclude)
        if unwanted or row.key in read_rows(path):
            continue
        metrics = row.run()
        values = {key: metrics[key] for key in dict.fromkeys((*METRICS, *study.columns, "minutes")) if key in metrics}
        line = {"name": row.name, "target": row.target, "seed": row.seed, "commit": commit(), "machine": machine()}
        with lock:
            finished = {**read_rows(path), row.key: {**line, **values}}
            write_rows(path, finished)
            write_results(study, context, with_data_before(context, data), list(finished.values()))
    if context.only and not any(context.only in target for _, target in order):
        raise ConfigError(f"--target is '{context.only}', which is part of no target's name in the study {study.name}.")
    with lock:
        rows = read_rows(path)
        write_rows(path, {key: rows[key] for key in sorted(rows, key=lambda key: order.get(key[:2], -1))})
        data = with_data_before(context, data)
        return context.out, write_results(study, context, data, list(read_rows(path).values()))


def check_same_question(study: Study, context: Context) -> None:
    """Refuse to mix rows of different sizes or data in one folder."""
    asked = {"study": study.name, "size": context.size, "data": list(context.data)}
    path = context.out / "asked.json"
    if path.exists() and json.loads(path.read_text()) != asked:
        raise ConfigError(
            f"'{context.out}' holds rows of another question ({path.read_text().strip()}); give another --out, or repeat "
            "its --size and --data."
        )
    write_json(path, asked)


def with_data_before(context: Context, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the rows that the folder holds already, which must agree with today's, and today's.

    Read again at every writing, for several processes may run different targets of the study in one folder.
    """
    path = context.out / "results.json"
    before: dict[str, Any] = json.loads(path.read_text())["data"] if path.exists() else {}
    if other := differing(before, data):
        raise ConfigError(
            f"The rows in '{context.out}' were made with other data ({', '.join(other)}) than what is there now; give another --out."
        )
    return joined(before, data)


def known_rows(
    path: Path, study: Study, size: str, data: Mapping[str, Any]
) -> tuple[dict[tuple[str, str, int], dict[str, Any]], dict[str, Any]]:
    """Rows by key, and the data, of another run's ``results.json``.

    They must answer the same question, and where both runs have the same data, these must be equal, or one version of a
    benchmark world, which differs in the last digits from one kind of processor to another.
    """
    try:
        content = json.loads(path.read_text())
        found = {key: content[key] for key in ("study", "size")}
        known = dict(content["data"])
        rows = {(r["name"], r["target"], r["seed"]): {"machine": content["machine"], **r} for r in content["rows"]}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ConfigError(f"'{path}' cannot be read as the results.json of a study: {problem!r}.") from None
    other = [key for key, asked in (("study", study.name), ("size", size)) if found[key] != asked]
    other += ["data"] if differing(known, data) else []
    if other:
        raise ConfigError(
            f"The rows in '{path}' are of another {' and another '.join(other)} than what is asked for; without --rows they "
            "are run anew."
        )
    return rows, known


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of data that both have and that are not the same: other files, or another version of a benchmark world."""
    return [name for name in one if name in other and not same_data(one[name], other[name])]


def same_data(one: Any, other: Any) -> bool:
    """Whether two descriptions agree in what both say; renderings of one benchmark world may have several digests."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return bool(one == other)
    shared = set(one) & set(other) - {"renderings"}
    return all(one[key] == other[key] for key in shared - ({"sha256"} if "benchmark" in shared else set()))


def joined(before: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Descriptions of both, with the digests of all renderings of a benchmark world that the rows are of."""
    result = {**before, **data}
    for name in before:
        sides = [side for side in (before[name], result[name]) if isinstance(side, Mapping) and "sha256" in side]
        digests = list(dict.fromkeys(d for side in sides for d in side.get("renderings", [side["sha256"]])))
        if len(digests) > 1:
            result[name] = {**result[name], "sha256": digests[0], "renderings": digests}
    return result


def write_rows(path: Path, rows: Mapping[tuple[str, str, int], Mapping[str, Any]]) -> None:
    """Write finished rows, one a line."""
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows.values()))


def read_rows(path: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Finished rows by key."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    return {(r["name"], r["target"], r["seed"]): r for r in rows}


def write_results(study: Study, context: Context, data: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    """Write ``results.json`` and ``results.md``; returns the tables."""
    rows = sorted(rows, key=lambda row: int(row["seed"]))  # in the study's order, whichever process was first
    summary = summarise(rows, study.baseline, study.compared)
    content = {
        "study": study.name,
        "size": context.size,
        "commit": commit(),
        "machine": "; ".join(dict.fromkeys(row.get("machine", machine()) for row in rows)) or machine(),
        "data": data,
        "rows": rows,
        "summary": summary,
        "published": list(study.published),
    }
    write_json(context.out / "results.json", content)
    table = long_table(summary, study.columns, study.compared, study.published, study.baseline)
    if study.overview:
        table = f"{overview(summary, study.overview)}\n\n{table}"
    pictures = "".join(f"\n![{p.stem}]({p.name})\n" for p in sorted(context.out.glob("*.png")))
    seeds = ", ".join(dict.fromkeys(str(row["seed"]) for row in rows))
    text = f"# {study.name}\n\n{study.summary}\n\n{table}\n{pictures}\nSeeds: {seeds}. Machine: {content['machine']}\n"
    write_atomic(context.out / "results.md", text)
    return table


def summarise(
    rows: Sequence[Mapping[str, Any]], baseline: str = "", compared: Sequence[str] = ("rank1", "mAP")
) -> list[dict[str, Any]]:
    """Mean and sample standard deviation over the seeds of every (name, target), and the share of the gap closed.

    The gap is between the rows named ``direct`` and ``oracle`` of the same target; the share is of the means. With a
    ``baseline``, also the mean and the spread of the difference to the row of that name with the same target and seed.
    """
    base = {(row["target"], row["seed"]): row for row in rows if row["name"] == baseline}
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["name"], row["target"]), []).append(row)
    summary = []
    for (name, target), group in groups.items():
        line: dict[str, Any] = {"name": name, "target": target, "seeds": len(group)}
        for metric in dict.fromkeys(key for row in group for key in row if key not in NOT_AVERAGED):
            # rows taken over from another study have fewer metrics
            values = np.array([row[metric] for row in group if metric in row], dtype=float)
            line[f"{metric}_mean"] = round(float(values.mean()), 3)
            line[f"{metric}_std"] = round(float(values.std(ddof=1)), 3) if len(values) > 1 else None
        for metric in compared:
            pairs = [(row, base[row["target"], row["seed"]]) for row in group if (row["target"], row["seed"]) in base]
            change = np.array([row[metric] - other[metric] for row, other in pairs], dtype=float)
            if name != baseline and len(change):
                line[f"{metric}_change_mean"] = round(float(change.mean()), 3)
                line[f"{metric}_change_std"] = round(float(change.std(ddof=1)), 3) if len(change) > 1 else None
        line["minutes_mean"] = round(float(np.mean([row.get("minutes", 0.0) for row in group])), 2)
        summary.append(line)
    means = {(line["name"], line["target"]): line for line in summary}
    for line in summary:
        for metric in compared:
            direct, oracle = means.get(("direct", line["target"])), means.get(("oracle", line["target"]))
            gap = oracle[f"{metric}_mean"] - direct[f"{metric}_mean"] if direct and oracle else 0.0
            closed = 100 * (line[f"{metric}_mean"] - direct[f"{metric}_mean"]) / gap if direct and gap > 0 else None
            line[f"gap_closed_{metric}"] = None if closed is None else round(closed, 1)
    return summary
