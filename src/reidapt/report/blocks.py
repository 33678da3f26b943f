"""Pieces of HTML that several sections of the page share."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape

from reidapt.report.model import Picture, Table


def percent(value: float | None, sign: bool = False) -> str:
    """A percentage with one decimal and a real minus sign; "–" where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:{'+' if sign else ''}.1f}".replace("-", "−")


def table(data: Table, kind: str) -> str:
    """`data` as an HTML table of class `kind`."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in data.columns)
    body = []
    for index, (first, *rest) in enumerate(data.rows):
        marked = ' class="marked"' if index in data.marked else ""
        if data.shared and len(rest) > 1 and len(set(rest)) == 1:
            cells = f'<td colspan="{len(rest)}">{escape(rest[0])}</td>'
        else:
            cells = "".join(
                f"<td{_column_name(column, rest)}>{escape(text)}</td>"
                for column, text in zip(data.columns[1:], rest, strict=True)
            )
        body.append(f'<tr{marked}><th scope="row">{escape(first)}</th>{cells}</tr>')
    text = f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f'<div class="table"><table class="{kind}">{text}</table></div>'


def _column_name(column: str, cells: Sequence[str]) -> str:
    """On a phone rows are stacked, and cells say which column they are of."""
    return f' data-column="{escape(column)}"' if len(cells) > 1 else ""


def image(picture: Picture | None, alt: str | None = None) -> str:
    """`picture` as a data URI, or a placeholder that says that it was not found."""
    if picture is None:
        return f'<div class="lost" role="img" aria-label="{escape(alt or "query")}, picture not found">not found</div>'
    data = base64.b64encode(picture.data).decode("ascii")
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img src="data:{picture.mime};base64,{data}" {size} alt="{escape(alt or picture.alt)}">'
