"""The page is well formed, escapes everything, states the figures it was given and requests nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reidapt.report.model import (
    Hit,
    LineChart,
    Picture,
    Point,
    RankedLists,
    RankedQuery,
    RankedRow,
    Report,
    Scatter,
    Score,
    Series,
    Sheet,
    Table,
    gap_closed,
)
from reidapt.report.page import headline, render

VOID = {"meta", "img", "br", "hr", "link", "input"}
NASTY = "<script>alert(\"1\")</script> & 'Zoë' $title 人"


class Outline(HTMLParser):
    """Checks nesting and collects tags with attributes, ids and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"attribute twice in {tag}: {attrs}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def full_report(word: str = "plain") -> Report:
    picture = Picture(b"\xff\xd8not really", "image/jpeg", 64, 128, word)
    chart = LineChart(word, word, (Series("run", word, (0.0, 1.0, 2.0), (1.0, 0.5, 0.25)),), note=word)
    row = RankedRow("run", word, (Hit(picture, True, 1), Hit(None, False, 2)), 50.0)
    return Report(
        title=word,
        question=word,
        command=word,
        byline=word,
        scores=(
            Score("direct", word, {"rank1": 34.25, "rank5": 52.9, "rank10": 61.7, "mAP": 11.5, "mINP": 3.1}, 4.0),
            Score("adapted", word, {"rank1": 82.1, "rank5": 90.4, "rank10": 93.3, "mAP": 49.5, "mINP": 2.6}, 9.5),
            Score("oracle", word, {"rank1": 97.5, "rank5": 99.1, "rank10": 99.6, "mAP": 92.9, "mINP": 3.0}),
        ),
        conditions=Table((word, word), ((word, word),)),
        cautions=(word,),
        sheets=(Sheet(word, picture, word),),
        curves=(chart,),
        cmc=replace(chart, rest="first"),
        ranked=RankedLists(word, (RankedQuery(picture, word, (row,), "better"), RankedQuery(None, word, (), "worse"))),
        maps=(Scatter(word, (Point(0, 0, word, word), Point(1, 2)), (word,), (word,), word, word, word),),
        map_note=word,
        settings=Table((word, word, word), ((word, "a", "b"), ("same", "c", "c")), frozenset({0})),
        environment=Table((word, word), ((word, word),)),
        data=Table((word, word), ((word, word),)),
        missing=(word,),
    )


def cells(page: str) -> dict[str, list[str]]:
    """Rows of the score table: name -> texts."""
    table = re.search(r'<table class="numbers">(.*?)</table>', page, re.S).group(1)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table)
    return {name: re.findall(r"<td[^>]*>(.*?)</td>", rest) for name, rest in rows}


def test_the_page_is_well_formed_with_unique_ids_and_named_pictures() -> None:
    page = Outline(render(full_report()))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert len(targets) > 8
    assert all(target[1:] in ids for target in targets)
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert all(a.get("aria-label") or a.get("aria-hidden") == "true" for tag, a in page.tags if tag == "svg")


def test_everything_is_escaped() -> None:
    page = render(full_report(NASTY))
    outline = Outline(page)
    assert sum(tag == "script" for tag, _ in outline.tags) == 1
    assert "alert(" not in re.search(r"<script>(.*?)</script>", page, re.S).group(1)
    assert NASTY in "".join(outline.text)
    assert any(attrs.get("alt") == NASTY for _, attrs in outline.tags)


def test_nothing_is_requested() -> None:
    page = render(full_report())
    for tag, attrs in Outline(page).tags:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert "style" not in attrs, "the content security policy forbids style attributes"
        assert not any(name.startswith("on") for name in attrs)
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attrs.get(name)
            assert value is None or value.startswith(("data:", "#"))
    assert "url(" not in page
    assert "@import" not in page
    assert re.search(r"default-src 'none'", page)
    assert [url for url in re.findall(r"https?://[^\"'\s<]+", page) if url != "http://www.w3.org/2000/svg"] == []


def test_the_figures_on_the_page_are_those_given() -> None:
    report = full_report()
    rows = cells(render(report))
    for key, name in (("rank1", "Rank-1"), ("rank5", "Rank-5"), ("rank10", "Rank-10"), ("mAP", "mAP")):
        direct, adapted, oracle = (score.metrics[key] for score in report.scores)
        expected = [direct, adapted, oracle, adapted - direct, (adapted - direct) / (oracle - direct) * 100]
        got = [float(text.replace("−", "-")) for text in rows[name]]
        assert got == pytest.approx(expected, abs=0.0501)
    assert rows["mINP"] == ["3.1", "2.6", "3.0", "−0.5", "–"]
    assert rows["Minutes"][:3] == ["4.0", "9.5", "–"]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [((30, 60, 90), 50.0), ((30, 20, 80), -20.0), ((30, 95, 80), 130.0), ((50, 60, 50), None), ((50, 60, 40), None)],
)
def test_gap_closed(figures: tuple[float, float, float], expected: float | None) -> None:
    assert gap_closed(*figures) == (None if expected is None else pytest.approx(expected))
    assert gap_closed(float("nan"), *figures[1:]) is None


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((30, 60, 90), ["raised", "from 30.0 % to 60.0 %", "closed 50.0 %"]),
        ((30, 20, 80), ["lowered", "grew by 20.0 %"]),
        ((50, 60, 40), ["no gap to close"]),
        ((50, 50, 90), ["left rank-1 at 50.0 %", "closed 0.0 %"]),
    ],
)
def test_the_headline_tells_the_direction(figures: tuple[float, ...], words: list[str]) -> None:
    scores = [Score(r, r, {"rank1": float(v)}) for r, v in zip(("direct", "adapted", "oracle"), figures)]
    text = headline(scores)
    assert all(word in text for word in words), text


def test_right_and_wrong_differ_by_more_than_colour() -> None:
    page = render(full_report())
    assert re.search(r'<li class="right"><img[^>]*alt="rank 1: right person"><span[^>]*>✓', page)
    assert re.search(r'<li class="wrong"><div class="lost"[^>]*another person, picture not found', page)
    assert "border-style: dashed" in page


def test_parts_that_are_empty_are_left_out_and_differences_are_marked() -> None:
    bare = render(Report("T", "Q"))
    assert "No evaluation yet" in bare
    assert re.findall(r'<section id="(\w+)"', bare) == ["result"]
    page = render(full_report())
    assert "1 of 2 settings differ" in page
    assert page.count('<tr class="marked">') == 1


def test_a_page_depends_on_its_report_alone() -> None:
    assert render(full_report()) == render(full_report())
