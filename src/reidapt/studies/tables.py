"""A study's summary as Markdown: every row with its metrics, or one line a row and one column a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]
"""What `study.summarise` makes of one row's name and target."""


def long_table(
    summary: Sequence[Line],
    columns: Mapping[str, str],
    compared: Sequence[str],
    published: Sequence[Line] = (),
    baseline: str = "",
) -> str:
    """Ours as mean ± std, published figures below; rows with fewer seeds than others say so.

    Args:
        columns: metrics and their titles.
        compared: metrics whose change against ``baseline``, or share of the gap closed where there is none, is told.
    """
    names = " / ".join(columns[metric] for metric in compared)
    last = [f"against {baseline} ({names})" if baseline else f"gap closed ({names})"] if names else []
    titles = ["", "target", *columns.values(), *last, "minutes"]
    lines = _head(titles)
    compare = _change if baseline else _closed
    most = most_seeds(summary)
    for s in summary:
        cells = [_spread(s, metric) for metric in columns]
        if last:
            cells.append(" / ".join(compare(s, metric) for metric in compared))
        name = f"{s['name']}{_fewer(s, most)}"
        lines.append(f"| {name} | {s['target']} | {' | '.join(cells)} | {s['minutes_mean']:.1f} |")
    for p in published:
        cells = [f"{p[m]:.1f}" if m in p else "" for m in columns]
        lines.append(f"| *{p['name']} (published)* | {p['target']} | {' | '.join(cells)} |{' |' * len(last)} |")
    return "\n".join(lines)


def overview(summary: Sequence[Line], title: Callable[[str], str]) -> str:
    """Short tables: a line is a row's name, a column a target with rank-1 / mAP and the share of the gap closed.

    The last columns are the mean minutes and, where it was noted, the largest memory over the targets.

    Args:
        title: of a target, the title of the table that it is a column of; the rest of its name stands above the column.
    """
    tables = {title(line["target"]): None for line in summary}
    return "\n\n".join(_short_table([s for s in summary if title(s["target"]) == name], name) for name in tables)


def _short_table(summary: Sequence[Line], title: str) -> str:
    targets = list(dict.fromkeys(line["target"] for line in summary))
    by_key = {(line["name"], line["target"]): line for line in summary}
    memory = any("memory_mean" in line for line in summary)
    above = [target.removeprefix(title).strip() or target for target in targets]
    lines = _head([title, *above, "minutes", *(["MB"] if memory else [])])
    most = most_seeds(summary)
    for name in dict.fromkeys(line["name"] for line in summary):
        found = [by_key.get((name, target)) for target in targets]
        there = [line for line in found if line]
        cells = [_cell(line, most) if line else "–" for line in found]
        cells.append(f"{sum(line['minutes_mean'] for line in there) / len(there):.1f}")
        if memory:
            noted = [line["memory_mean"] for line in there if "memory_mean" in line]
            cells.append(f"{max(noted):,.0f}" if noted else "–")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def most_seeds(summary: Sequence[Line]) -> int:
    """The largest number of seeds of a line."""
    return max((int(line["seeds"]) for line in summary), default=0)


def _head(titles: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(titles) + " |", "| --- " * len(titles) + "|"]


def _cell(line: Line, most: int) -> str:
    closed = [_closed(line, metric) for metric in ("rank1", "mAP")]
    share = "" if closed == ["–", "–"] else f" ({' / '.join(closed)})"
    return f"{_spread(line, 'rank1')} / {_spread(line, 'mAP')}{share}{_fewer(line, most)}"


def _fewer(line: Line, most: int) -> str:
    return "" if line["seeds"] == most else f" ({line['seeds']} of {most} seeds)"


def _closed(line: Line, metric: str) -> str:
    value = line.get(f"gap_closed_{metric}")
    return "–" if value is None else f"{value:.0f} %"


def _change(line: Line, metric: str) -> str:
    mean, std = line.get(f"{metric}_change_mean"), line.get(f"{metric}_change_std")
    return "–" if mean is None else f"{mean:+.1f}" if std is None else f"{mean:+.1f} ± {std:.1f}"


def _spread(line: Line, metric: str) -> str:
    mean, std = line.get(f"{metric}_mean"), line.get(f"{metric}_std")
    if mean is None:
        return "–"
    return f"{mean:.1f}" if std is None else f"{mean:.1f} ± {std:.1f}"
