"""Ranked lists for the page: which queries are shown, by a rule stated there, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reidapt.report.model import Hit, Outcome, Picture, RankedLists, RankedQuery, RankedRow
from reidapt.report.pictures import thumbnail
from reidapt.report.runs import Evaluation, Run

NEEDED = ("top", "correct", "query_paths", "gallery_paths")
SAME = 0.01
"""A query counts as unchanged when its average precision moves by no more than this (0..1)."""
_GROUPS: tuple[Outcome, ...] = ("better", "same", "worse")


def ranked_lists(
    runs: Sequence[Run], per_group: int = 3, hits: int = 10, seed: int = 0
) -> tuple[RankedLists | None, list[str]]:
    """Ranked lists of the same queries under every run that saved them, and sentences about what is not shown.

    With a direct and an adapted run, `per_group` queries are drawn by `seed` from each of: better, unchanged and worse
    by average precision. Otherwise 2 · `per_group` queries are drawn from all. Queries without a match are not shown.
    """
    usable = [run for run in runs if run.evaluation and run.evaluation.has(*NEEDED)]
    if not usable:
        return None, []
    positions, problems = _aligned(usable)
    if not positions:
        return None, problems
    drawn, rule = _draw(usable, positions, per_group, seed)
    album: dict[str, Picture | None] = {}
    queries = tuple(_query(usable, positions[path], path, outcome, hits, album) for path, outcome in drawn)
    lost = sum(picture is None for picture in album.values())
    if lost:
        problems.append(
            f"{lost} of {len(album)} pictures of the ranked lists cannot be read at the paths in the evaluation; "
            "put the dataset back to its place or evaluate again."
        )
    return RankedLists(rule, queries), problems


def _aligned(runs: Sequence[Run]) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Row of every query in each run's arrays, for queries all runs share and that have a match in all of them."""
    rows = [{str(p): i for i, p in enumerate(_arrays(run).arrays["query_paths"].tolist())} for run in runs]
    shared = [path for path in rows[0] if all(path in other for other in rows)]
    problems = []
    if len(shared) < max(map(len, rows)):
        problems.append(f"The runs were evaluated on different queries; ranked lists use the {len(shared)} they share.")
    positions = {path: tuple(row[path] for row in rows) for path in shared}
    return {path: at for path, at in positions.items() if all(_ranked(r, i) for r, i in zip(runs, at))}, problems


def _ranked(run: Run, row: int) -> bool:
    precision = _precision(run, row)
    return bool((_arrays(run).arrays["top"][row] >= 0).any()) and (precision is None or bool(np.isfinite(precision)))


def _draw(
    runs: Sequence[Run], positions: dict[str, tuple[int, ...]], per_group: int, seed: int
) -> tuple[list[tuple[str, Outcome]], str]:
    random = np.random.default_rng(seed)
    roles = [run.role for run in runs]
    paths = sorted(positions)
    compared = {"direct", "adapted"} <= set(roles) and all(_arrays(run).has("average_precision") for run in runs)
    if not compared:
        count = min(2 * per_group, len(paths))
        chosen = sorted(random.permutation(len(paths))[:count].tolist())
        return [
            (paths[i], "single") for i in chosen
        ], f"{count} of {len(paths)} queries, drawn at random (seed {seed})."
    before, after = roles.index("direct"), roles.index("adapted")
    groups: dict[Outcome, list[str]] = {group: [] for group in _GROUPS}
    for path in paths:
        at = positions[path]
        change = float(_precision(runs[after], at[after]) or 0) - float(_precision(runs[before], at[before]) or 0)
        groups["same" if abs(change) <= SAME else "better" if change > 0 else "worse"].append(path)
    drawn: list[tuple[str, Outcome]] = []
    for group, members in groups.items():
        picked = random.permutation(len(members))[:per_group].tolist()
        drawn += [(members[i], group) for i in sorted(picked)]
    better, same, worse = (len(groups[group]) for group in _GROUPS)
    rule = (
        f"Of {len(paths)} queries, adaptation made {better} better and {worse} worse by average precision; {same} are "
        f"unchanged (within {100 * SAME:.0f} point). "
        f"Shown: up to {per_group} of each kind, drawn at random (seed {seed})."
    )
    return drawn, rule


def _query(
    runs: Sequence[Run],
    at: tuple[int, ...],
    path: str,
    outcome: Outcome,
    hits: int,
    album: dict[str, Picture | None],
) -> RankedQuery:
    rows = []
    for run, row in zip(runs, at):
        arrays = _arrays(run).arrays
        listed = []
        for rank, (item, correct) in enumerate(zip(arrays["top"][row][:hits], arrays["correct"][row][:hits]), start=1):
            if item >= 0:
                listed.append(Hit(_picture(str(arrays["gallery_paths"][item]), album), bool(correct), rank))
        precision = _precision(run, row)
        rows.append(RankedRow(run.role, run.label, tuple(listed), None if precision is None else 100 * precision))
    return RankedQuery(_picture(path, album), _caption(_arrays(runs[0]), at[0]), tuple(rows), outcome)


def _picture(path: str, album: dict[str, Picture | None]) -> Picture | None:
    if path not in album:
        album[path] = thumbnail(path, "query")
    return album[path]


def _caption(evaluation: Evaluation, row: int) -> str:
    found = {what: evaluation.get(f"query_{what}") for what in ("person", "camera")}
    return ", ".join(f"{what} {values[row]}" for what, values in found.items() if values is not None) or "query"


def _precision(run: Run, row: int) -> float | None:
    values = _arrays(run).get("average_precision")
    return None if values is None else float(values[row])


def _arrays(run: Run) -> Evaluation:
    assert run.evaluation is not None, "only runs with an evaluation come here"
    return run.evaluation
