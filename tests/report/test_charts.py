"""Charts put every value on its linear place and say in words what they show."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reidapt.report import charts
from reidapt.report.model import LineChart, Point, Scatter, Score, Series


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def vertices(path: str) -> np.ndarray:
    return np.array([[float(v) for v in pair] for pair in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)])


def tick_places(root: ElementTree.Element) -> dict[str, dict[float, float]]:
    """Label value -> drawn place, from the tick labels alone."""
    places: dict[str, dict[float, float]] = {"x": {}, "y": {}}
    for text in root.iter("text"):
        if "tick" in (text.get("class") or ""):
            axis = "y" if "end" in text.get("class", "") else "x"
            value = float((text.text or "").replace("−", "-").replace(",", "").rstrip(" %"))
            places[axis][value] = float(text.get(axis, "nan"))
    return places


def test_line_points_lie_where_the_tick_labels_say() -> None:
    x, y = (0.0, 100.0, 250.0, 1000.0), (5.0, -3.0, 2.5, 9.0)
    root = parse(charts.line_chart(LineChart("loss", "step", (Series("run", "this", x, y),))))
    places = tick_places(root)
    drawn = vertices(root.find("path[@data-x]").get("d"))
    for column, values in (("x", x), ("y", y)):
        labels = sorted(places[column])
        slope, offset = np.polyfit(labels, [places[column][v] for v in labels], 1)
        expected = slope * np.array(values) + offset
        assert drawn[:, "xy".index(column)] == pytest.approx(expected, abs=0.02)
    frame = [float(v) for v in root.get("data-frame").split()]
    assert (drawn[0, 0], drawn[-1, 0]) == pytest.approx(frame[:2], abs=0.02)
    assert all(frame[3] <= y <= frame[2] for y in drawn[:, 1])


def test_a_value_that_is_not_finite_interrupts_the_line_and_a_lone_point_stays_visible() -> None:
    y = (1.0, math.nan, 2.0, math.inf, 3.0, 4.0)
    root = parse(charts.line_chart(LineChart("loss", "step", (Series("run", "r", tuple(range(6)), y),))))
    path = root.find("path[@data-x]").get("d")
    assert path.count("M") == 3
    assert path.count("L") == 1
    assert path.count("h0") == 2
    assert "nan" not in path
    assert "inf" not in path


@pytest.mark.parametrize("y", [(), (math.nan,), (2.0,), (0.0, 0.0), (1e-9, 1e-9), (1e30, -1e30)])
def test_a_line_chart_of_degenerate_data_is_drawn_with_finite_numbers(y: tuple[float, ...]) -> None:
    svg = charts.line_chart(LineChart("q", "step", (Series("run", "r", tuple(map(float, range(len(y)))), y),)))
    for text in parse(svg).iter("path"):
        assert not re.search(r"nan|inf", text.get("d", ""))


def test_dumbbell_marks_are_proportional_to_percent() -> None:
    scores = [
        Score("direct", "Direct", {"rank1": 20.0, "mAP": 10.0}),
        Score("adapted", "Adapted", {"rank1": 70.0, "mAP": 40.0}),
        Score("oracle", "Oracle", {"rank1": 95.0, "mAP": 80.0}),
    ]
    root = parse(charts.dumbbell(scores))
    ticks = tick_places(root)["x"]
    circles = [(c.get("class"), float(c.get("cx", "nan"))) for c in root.iter("circle")]
    diamonds = [vertices(p.get("d"))[0, 0] for p in root.iter("path") if "mark" in (p.get("class") or "")]
    unit = (ticks[100.0] - ticks[0.0]) / 100
    expected = {"c-direct mark": (20, 10), "c-adapted mark": (70, 40)}
    for kind, values in expected.items():
        places = [x for name, x in circles if name == kind]
        assert places == pytest.approx([ticks[0.0] + unit * v for v in values], abs=0.02)
    assert diamonds == pytest.approx([ticks[0.0] + unit * v for v in (95, 80)], abs=0.02)
    assert "lost" not in "".join(p.get("class") or "" for p in root.iter("path"))


def test_dumbbell_marks_a_loss() -> None:
    scores = [Score("direct", "Direct", {"rank1": 60.0}), Score("adapted", "Adapted", {"rank1": 40.0})]
    assert 'class="gain lost"' in charts.dumbbell(scores)


@pytest.mark.parametrize("trio", [(100, 100, 100), (0, 0, 0), (99, 98, 100), (97, 99, 90), (50, 50.1, 50.2)])
def test_dumbbell_labels_neither_touch_nor_leave_the_drawing(trio: tuple[float, float, float]) -> None:
    roles = ("direct", "adapted", "oracle")
    root = parse(charts.dumbbell([Score(r, r, {"rank1": float(v)}) for r, v in zip(roles, trio)]))
    labels = {t.get("class").split("c-")[1]: t for t in root.iter("text") if "value" in t.get("class")}
    assert abs(float(labels["direct"].get("x")) - float(labels["oracle"].get("x"))) >= 33.9
    assert all(float(t.get("x")) + 16 <= charts.WIDTH for t in labels.values())
    assert {role: t.text for role, t in labels.items()} == {r: f"{v:.1f}" for r, v in zip(roles, trio)}


def test_scatter_is_affine_and_keeps_group_and_mark() -> None:
    random = np.random.default_rng(0)
    places = random.normal(size=(40, 2)) * (3, 70)
    points = tuple(Point(x, y, "ab "[i % 3].strip(), str(i % 2)) for i, (x, y) in enumerate(places.tolist()))
    root = parse(charts.scatter(Scatter("map", points, ("a", "b"), ("0", "1"))))
    drawn: dict[str, list[np.ndarray]] = {}
    for group in root.iter("g"):
        drawn[group.get("data-group")] = [vertices(p.get("d")) for p in group.iter("path")]
    assert {k: sum(map(len, v)) for k, v in drawn.items()} == {"": 13, "a": 14, "b": 13}
    assert [len(v) for v in drawn["a"]] == [7, 7]
    got = np.concatenate(drawn["a"])
    want = np.array([(p.x, p.y) for m in "01" for p in points if p.group == "a" and p.mark == m])
    for axis, sign in ((0, 1), (1, -1)):  # up is a smaller y
        slope, offset = np.polyfit(want[:, axis], got[:, axis], 1)
        assert slope * sign > 0
        assert got[:, axis] == pytest.approx(slope * want[:, axis] + offset, abs=0.02)
    assert ((got > 0) & (got < 360)).all()


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_inside_even_and_few(low: float, width: float) -> None:
    values = charts.ticks(low, low + width)
    assert 1 <= len(values) <= 9
    assert min(values) >= low - 1e-6 * width
    assert max(values) <= low + width + 1e-6 * width
    steps = np.diff(values)
    assert np.allclose(steps, steps[:1], rtol=1e-6)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.25, "−0.25"), (1234567.0, "1.23e6"), (3.5e-4, "3.5e−4"), (12345.6, "12,346"), (math.nan, "–")],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert charts.number(value) == text


def test_text_in_drawings_is_escaped() -> None:
    nasty = '<b a="x">&'
    svg = charts.line_chart(LineChart(nasty, nasty, (Series("run", nasty, (0.0, 1.0), (0.0, 1.0)),)))
    svg += charts.scatter(Scatter(nasty, (Point(0, 0, nasty, nasty),), (nasty,), (nasty,)))
    assert "<b" not in svg
    root = parse(f"<div>{svg}</div>")
    assert any(nasty in (node.text or "") for node in root.iter())
