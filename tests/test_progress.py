"""The progress display says what is happening and how long it will take."""

import io

import pytest
from rich.console import Console

from reidapt.progress import Display, duration


def test_plain_lines_without_a_terminal():
    out = io.StringIO()
    display = Display(Console(file=out, force_terminal=False, width=100))
    with display.open():
        display.plan({"Render": 60, "Train": 120})
        with display.stage("Render") as progress:
            progress(1, 2, "crops")
        with display.stage("Train"):
            pass
    lines = out.getvalue().splitlines()
    assert lines[0] == "2 stages, about 3 min in all"
    assert lines[1] == "1/2 Render (about 60 s) …"
    assert lines[-1].startswith("2/2 Train: ")


def test_the_overall_bar_reaches_its_end_and_never_turns_back():
    display = Display(Console(file=io.StringIO(), force_terminal=True, width=100))
    seen = []
    with display.open():
        display.plan({"Render": 60, "Train": 120})
        for name in ("Render", "Train"):
            with display.stage(name) as progress:
                for done in range(1, 5):
                    progress(done, 4, "")
                    seen.append(display.bars.tasks[0].completed)
        assert display.bars.tasks[0].completed == 180
    assert seen == sorted(seen)
    assert seen[3] == 60


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (89, "89 s"), (480, "8 min")])
def test_duration(seconds, text):
    assert duration(seconds) == text
