"""The progress display: which stage is running, how far it is, how long it will take."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

#: Called as (done, total, what).
ProgressCallback = Callable[[int, int, str], None]


class Display:
    """Stages with bars on a terminal; one plain line per stage elsewhere.

    With a plan (seconds that each stage is expected to take) there is also a bar over everything, whose remaining time
    starts from the plan and follows what the machine really does.

    Example::

        with Display().open() as display:
            with display.stage("Rendering the source") as progress:
                progress(3, 10, "crops")
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.planned: dict[str, float] = {}
        self.finished = 0.0  # planned seconds of the stages that are done
        self.spent = 0.0  # seconds they really took
        self.overall: TaskID | None = None
        self.bars = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("[dim]{task.fields[what]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )

    @contextmanager
    def open(self) -> Iterator[Display]:
        """Show the display and route log messages through it."""
        handler = RichHandler(console=self.console, show_path=False, show_level=False, log_time_format="%H:%M:%S")
        logger = logging.getLogger("reidapt")
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            with self.bars:
                yield self
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

    def plan(self, seconds: Mapping[str, float]) -> None:
        """Say what is coming: the names of the stages and the seconds each is expected to take."""
        self.planned, self.finished, self.spent = dict(seconds), 0.0, 0.0
        total = sum(self.planned.values())
        self.console.print(f"{len(self.planned)} stages, about {duration(total)} in all", highlight=False)
        self.overall = self.bars.add_task("Everything", total=total, what="", left=f"{duration(total)} left")

    @contextmanager
    def stage(self, name: str) -> Iterator[ProgressCallback]:
        """One bar; the callback moves it."""
        began = time.monotonic()
        task = self.bars.add_task(self._title(name), total=None, what="", left="")
        if not self.console.is_terminal:
            expected = f" (about {duration(self.planned[name])})" if name in self.planned else ""
            self.console.print(f"{self._title(name)}{expected} …", highlight=False)

        def move(done: int, total: int, what: str) -> None:
            elapsed = time.monotonic() - began
            remaining = elapsed * (total - done) / done if done else 0.0
            self.bars.update(task, completed=done, total=total, what=what, left=f"{duration(remaining)} left")
            self._move_overall(name, done / total if total else 1.0, elapsed)

        yield move
        spent = time.monotonic() - began
        total = self.bars.tasks[task].total or 1
        self.bars.update(task, completed=total, total=total, what="", left="")
        if not self.console.is_terminal:
            self.console.print(f"{self._title(name)}: {spent:.0f} s", highlight=False)
        self.finished += self.planned.get(name, 0.0)
        self.spent += spent
        self._move_overall(name, 0.0, 0.0)

    def _title(self, name: str) -> str:
        if name not in self.planned:
            return name
        return f"{list(self.planned).index(name) + 1}/{len(self.planned)} {name}"

    def _move_overall(self, name: str, share: float, elapsed: float) -> None:
        """Remaining seconds: what the plan still holds, scaled by how this machine has kept to it so far."""
        if self.overall is None:
            return
        total = sum(self.planned.values())
        done = self.finished + share * self.planned.get(name, 0.0)
        pace = (self.spent + elapsed) / done if done > 0.05 * total else 1.0
        left = f"{duration(pace * (total - done))} left"
        self.bars.update(self.overall, completed=done, left=left)


def duration(seconds: float) -> str:
    """``45 s`` or ``8 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
