"""Draws a `Report` as one self-contained HTML page: a pure function from data to text."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from html import escape
from importlib import resources
from string import Template

from reidapt.report import charts
from reidapt.report.blocks import image, percent, table
from reidapt.report.model import (
    METRICS,
    Hit,
    LineChart,
    RankedQuery,
    RankedRow,
    Report,
    Scatter,
    Score,
    gap_closed,
)

OUTCOMES = {"better": "Better", "same": "Unchanged", "worse": "Worse", "single": "Query"}


def render(report: Report) -> str:
    """The page of `report` as HTML text.

    Every string of the report is escaped. The page requests nothing: pictures are data URIs, charts inline SVG, and a
    content security policy forbids any other source. Light and dark follow the reader's system.
    """
    style, script = _asset("template.css"), _asset("template.js")
    sections = [(key, name, body) for key, name, draw in _SECTIONS if (body := draw(report))]
    contents = "".join(f'<li><a href="#{key}">{key.capitalize()}</a></li>' for key, _, _ in sections)
    return Template(_asset("template.html")).substitute(
        title=escape(report.title),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        masthead=_masthead(report),
        contents=f"<ul>{contents}</ul>",
        sections="\n".join(
            f'<section id="{key}" aria-labelledby="{key}-title"><h2 id="{key}-title">{name}</h2>\n{body}\n</section>'
            for key, name, body in sections
        ),
    )


def headline(scores: Sequence[Score]) -> str:
    """The result in one or two sentences, or an empty string where there is nothing to say."""
    by_role = {score.role: score.metrics.get("rank1") for score in scores}
    direct, adapted, oracle = (by_role.get(role) for role in ("direct", "adapted", "oracle"))
    if adapted is None or direct is None:
        return ""
    verb = "raised" if adapted > direct else "lowered" if adapted < direct else "left"
    change = f"at {percent(direct)} %" if verb == "left" else f"from {percent(direct)} % to {percent(adapted)} %"
    text = f"Adaptation {verb} rank-1 {change}."
    if oracle is None:
        return text
    closed = gap_closed(direct, adapted, oracle)
    if closed is None:
        return f"{text} The oracle ({percent(oracle)} %) is not above direct transfer, so there is no gap to close."
    if closed < 0:
        return f"{text} The gap to an oracle trained with the target’s labels grew by {percent(-closed)} %."
    return f"{text} It closed {percent(closed)} % of the gap to an oracle trained with the target’s labels."


def _masthead(report: Report) -> str:
    parts = [f"<h1>{escape(report.title)}</h1>", f'<p class="lead">{escape(report.question)}</p>']
    if report.byline:
        parts.append(f'<p class="byline">{escape(report.byline)}</p>')
    if report.command:
        words = " ".join(f"<span>{escape(word)}</span>" for word in report.command.split(" "))
        parts.append(f'<pre aria-label="Command"><code>{words}</code></pre>')
    return "\n".join(parts)


def _result(report: Report) -> str:
    cautions = "".join(f'<p class="notice">{escape(text)}</p>' for text in report.cautions)
    if not report.scores:
        return f"<p>No evaluation yet.</p>{cautions}"
    text = headline(report.scores)
    parts = [
        f'<p class="lead">{escape(text).replace(" %", "&nbsp;%")}</p>' if text else "",
        cautions,
        '<ul class="scores">',
    ]
    parts.extend(_headline_score(score) for score in report.scores)
    parts.append('</ul><div class="beside">')
    parts.append(f"<figure>{charts.dumbbell(report.scores)}</figure>")
    parts.append(f"<div>{_score_table(report.scores)}")
    if report.protocol:
        parts.append(f'<p class="note">{escape(report.protocol)}</p>')
    if report.conditions:
        parts.append(
            "<details><summary>Everything that was recorded about the evaluation</summary>"
            f"{table(report.conditions, 'pairs stack')}</details>"
        )
    parts.append("</div></div>")
    return "".join(parts)


def _headline_score(score: Score) -> str:
    mark = charts.score_mark(score.role, 8, 8)
    swatch = f'<svg class="swatch" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">{mark}</svg>'
    kind = ' class="lead-score"' if score.role in ("adapted", "run") else ""
    return (
        f'<li{kind}><span class="who">{swatch}{escape(score.label)}</span>'
        f'<div class="big">{percent(score.metrics.get("rank1"))}<small> %</small></div>'
        f'<div class="small">rank-1</div><div class="small">{percent(score.metrics.get("mAP"))} % mAP</div></li>'
    )


def _score_table(scores: Sequence[Score]) -> str:
    by_role = {score.role: score for score in scores}
    compared = "direct" in by_role and "adapted" in by_role
    heads = ["%", *(score.label for score in scores)] + (["Change", "Gap closed"] if compared else [])
    rows = []
    for key, name in METRICS:
        if not any(key in score.metrics for score in scores):
            continue
        cells = [f"<td{_strong(score)}>{percent(score.metrics.get(key))}</td>" for score in scores]
        if compared:
            direct, adapted, oracle = (
                by_role[role].metrics.get(key, math.nan) if role in by_role else math.nan
                for role in ("direct", "adapted", "oracle")
            )
            cells += [
                f"<td>{percent(adapted - direct, sign=True)}</td>",
                f"<td>{percent(gap_closed(direct, adapted, oracle))}</td>",
            ]
        rows.append(f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>')
    if any(score.minutes is not None for score in scores):
        cells = [f"<td>{percent(score.minutes)}</td>" for score in scores] + ["<td></td>"] * (2 * compared)
        rows.append(f'<tr><th scope="row">Minutes</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    note = (
        "Gap closed = (adapted − direct) ÷ (oracle − direct), in percent; – where it is undefined or was not measured."
    )
    note = f'<p class="note">{note}</p>' if compared else ""
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="table"><table class="numbers">{body}</table></div>{note}'


def _strong(score: Score) -> str:
    return ' class="strong"' if score.role in ("adapted", "run") else ""


def _sheets(report: Report) -> str:
    figures = [
        f"<figure><h3>{escape(s.title)}</h3>{image(s.picture)}<figcaption>{escape(s.caption)}</figcaption></figure>"
        for s in report.sheets
    ]
    return f'<div class="sheets">{"".join(figures)}</div>' if figures else ""


def _training(report: Report) -> str:
    if not report.curves:
        return ""
    intro = "<p>One small chart for each quantity, one line for each run."
    if any(series.trend for chart in report.curves for series in chart.series):
        intro += " Bold lines are running means over the faint values; the figures are values."
    intro += "</p>"
    return f'{intro}<div class="curves">{"".join(_curve(chart) for chart in report.curves)}</div>'


def _curve(chart: LineChart) -> str:
    svg = charts.line_chart(chart).replace("<svg ", f'<svg data-xlabel="{escape(chart.x_label)}" ', 1)
    items = []
    for series in chart.series:
        values = series.y if chart.rest == "first" else tuple(reversed(series.y))
        value = next((charts.number(y) for y in values if math.isfinite(y)), "–")
        key = charts.swatch(f"c-{series.role}").replace('class="line"', f'class="line c-{series.role}"')
        items.append(f'<li>{key}{escape(series.name)} <span data-rest="{value}">{value}</span></li>')
    where = f"at {chart.x_label} {charts.number(chart.series[0].x[0])}" if chart.rest == "first" else "last value"
    note = f'<p class="note">{escape(chart.note)}</p>' if chart.note else ""
    head = f'<h3>{escape(chart.title)} <span class="where">{escape(where)}</span></h3>'
    return f'<figure class="curve">{head}{svg}<ul class="legend">{"".join(items)}</ul>{note}</figure>'


def _ranking(report: Report) -> str:
    parts = []
    if report.cmc:
        parts.append(
            f'<div class="beside">{_curve(report.cmc)}<p>The cumulative matching characteristic: the share of queries '
            "whose first right match is at this rank or before. Its first point is rank-1.</p></div>"
        )
    if report.ranked and report.ranked.queries:
        queries = report.ranked.queries
        key = (
            '<p class="note"><span class="sample-key"></span> ✓ solid green: the right person. '
            '<span class="sample-key wrong"></span> ✗ dashed red: another person. Best match first.</p>'
        )
        heading = '<h3 class="part">Ranked lists of the same queries</h3>'
        parts.append(f"{heading}<p>{escape(report.ranked.rule)}</p>{key}")
        outcomes = [o for o in OUTCOMES if any(q.outcome == o for q in queries)]
        if len(outcomes) > 1:
            buttons = f'<button type="button" value="" aria-pressed="true">All {len(queries)}</button>' + "".join(
                f'<button type="button" value="{o}" aria-pressed="false">'
                f"{OUTCOMES[o]} {sum(q.outcome == o for q in queries)}</button>"
                for o in outcomes
            )
            parts.append(f'<div class="filters" role="group" aria-label="Show queries" hidden>{buttons}</div>')
        parts.extend(_query(query) for query in queries)
    return "".join(parts)


def _query(query: RankedQuery) -> str:
    rows = "".join(_row(row) for row in query.rows)
    head = f"<header><h3>{OUTCOMES[query.outcome]}</h3></header>"
    return (
        f'<article class="query" data-outcome="{query.outcome}">{head}'
        f'<figure class="probe">{image(query.picture)}<figcaption>{escape(query.caption)}</figcaption></figure>'
        f'<div class="rows">{rows}</div></article>'
    )


def _row(row: RankedRow) -> str:
    note = f"{sum(hit.correct for hit in row.hits)} of {len(row.hits)} right"
    if row.average_precision is not None:
        note = f"AP {percent(row.average_precision)} %, {note}"
    return (
        f'<div class="row"><h4>{escape(row.label)} <span>{note}</span></h4>'
        f'<ol class="hits">{"".join(map(_hit, row.hits))}</ol></div>'
    )


def _hit(hit: Hit) -> str:
    kind, sign, verdict = ("right", "✓", "right person") if hit.correct else ("wrong", "✗", "another person")
    picture = image(hit.picture, f"rank {hit.rank}: {verdict}")
    return f'<li class="{kind}">{picture}<span class="sign" aria-hidden="true">{sign}</span></li>'


def _maps(report: Report) -> str:
    if not report.maps:
        return ""
    parts = [f"<p>{escape(report.map_note)}</p>"]
    for key in dict.fromkeys((chart.groups, chart.marks) for chart in report.maps):
        charts_here = [chart for chart in report.maps if (chart.groups, chart.marks) == key]
        figures = "".join(
            f"<figure><h3>{escape(chart.title)}</h3>{charts.scatter(chart)}<figcaption>{escape(chart.note)}</figcaption></figure>"
            for chart in charts_here
        )
        parts.append(f'<div class="maps">{_map_keys(charts_here[0])}<div class="map-row">{figures}</div></div>')
    return "".join(parts)


def _map_keys(chart: Scatter) -> str:
    buttons = "".join(
        f'<button type="button" value="{escape(group)}" aria-pressed="false" disabled>'
        f"{charts.swatch(charts.group_class(chart.groups, group), charts.mark_path((), ''))}"
        f"{escape(chart.group_name)} {escape(group)}</button>"
        for group in chart.groups
    )
    shapes = "".join(
        f"<span>{charts.swatch('shape', charts.mark_path(chart.marks, mark))}"
        f"{escape(chart.mark_name)} {escape(mark)}</span>"
        for mark in chart.marks
    )
    bar = f'<div class="keys groups" role="group" aria-label="Highlight one {escape(chart.group_name)}">{buttons}</div>'
    return bar + (f'<div class="keys">{shapes}</div>' if shapes else "")


def _settings(report: Report) -> str:
    settings = report.settings
    if not settings or not settings.rows:
        return ""
    if not settings.marked:
        return table(settings, "pairs stack")
    differing = tuple(row for index, row in enumerate(settings.rows) if index in settings.marked)
    count = len(settings.rows)
    return (
        f"<p>{len(differing)} of {count} settings differ between the runs.</p>"
        f"{table(replace(settings, rows=differing, marked=frozenset()), 'pairs stack')}"
        f"<details><summary>All {count} settings (≠ marks those that differ)</summary>"
        f"{table(settings, 'pairs stack')}</details>"
    )


def _provenance(report: Report) -> str:
    parts = []
    if report.data and report.data.rows:
        parts.append(f"<h3>Data</h3>{table(report.data, 'pairs data stack')}")
    if report.environment and report.environment.rows:
        parts.append(f"<h3>Environment</h3>{table(report.environment, 'pairs stack')}")
    return f'<div class="provenance">{"".join(parts)}</div>' if parts else ""


def _missing(report: Report) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in report.missing)
    return f'<ul class="missing">{items}</ul>' if items else ""


@lru_cache
def _asset(name: str) -> str:
    return resources.files("reidapt.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


_SECTIONS: tuple[tuple[str, str, Callable[[Report], str]], ...] = (
    ("result", "Result", _result),
    ("pictures", "What the cameras see", _sheets),
    ("training", "Training", _training),
    ("ranking", "Ranking", _ranking),
    ("embeddings", "Embedding map", _maps),
    ("configuration", "Configuration", _settings),
    ("provenance", "Data and environment", _provenance),
    ("unmeasured", "What was not measured", _missing),
)
