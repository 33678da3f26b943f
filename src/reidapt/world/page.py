"""The gallery's page: sections of captioned pictures as one HTML file that needs no other."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby


@dataclass(frozen=True)
class Figure:
    """A picture as a data address, with a caption."""

    address: str
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """Pictures under a title; consecutive sections of a group stand under the group's heading."""

    group: str
    title: str
    about: str
    figures: list[Figure] = field(default_factory=list)


STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: #888; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 73rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.1rem 0 .1rem; } p { margin: 0 0 .4rem; color: var(--quiet); }
nav { columns: 14rem auto; font-size: .9rem; } nav a { display: block; color: inherit; }
.strip { display: flex; flex-wrap: wrap; gap: 4px; }
figure { margin: 0; width: 68px; } figure.wide { width: 320px; }
img { width: 100%; display: block; border-radius: 2px; }
figcaption { font-size: .66rem; line-height: 1.2; color: var(--quiet); overflow-wrap: anywhere; padding-top: 2px; }
"""


def render_page(title: str, sections: Sequence[Section]) -> str:
    """The page's HTML."""
    links = "".join(f'<a href="#{anchor(s)}">{html.escape(s.title)}</a>' for s in sections)
    body = [f"<h1>{html.escape(title)}</h1>", f"<nav>{links}</nav>"]
    for group, members in groupby(sections, key=lambda section: section.group):
        body.append(f"<h2>{html.escape(group)}</h2>")
        body += [render_section(section) for section in members]
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>{"".join(body)}</body></html>\n'


def anchor(section: Section) -> str:
    """The address of a section within the page."""
    return "".join(c if c.isalnum() else "-" for c in f"{section.group} {section.title}".lower())


def render_section(section: Section) -> str:
    """Title, sentence and pictures."""
    figures = []
    for figure in section.figures:
        kind = ' class="wide"' if figure.wide else ""
        words = f"<figcaption>{html.escape(figure.caption)}</figcaption>" if figure.caption else ""
        alt = html.escape(figure.caption or section.title, quote=True)
        figures.append(f'<figure{kind}><img src="{figure.address}" alt="{alt}" loading="lazy">{words}</figure>')
    text = html.escape(section.about)
    return (
        f'<section id="{anchor(section)}"><h3>{html.escape(section.title)}</h3><p>{text}</p>'
        f'<div class="strip">{"".join(figures)}</div></section>\n'
    )
