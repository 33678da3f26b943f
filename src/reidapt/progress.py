"""The progress display: which stage is running, how far it is, how long it will take."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

#: Called as (done, total, what).
ProgressCallback = Callable[[int, int, str], None]


class Display:
    """Stages with bars on a terminal; one plain line per stage elsewhere.

    Example::

        with Display().open() as display:
            with display.stage("Rendering the source") as progress:
                progress(3, 10, "crops")
    """

    def __init__(self, console: Console | None = None, expected_seconds: float | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.expected = expected_seconds
        self.began = time.monotonic()
        self.bars = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
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

    @contextmanager
    def stage(self, name: str) -> Iterator[ProgressCallback]:
        """One bar; the callback moves it."""
        began = time.monotonic()
        task = self.bars.add_task(name, total=None, what="")
        if not self.console.is_terminal:
            self.console.print(f"{name} …", highlight=False)
        yield lambda done, total, what: self._move(task, done, total, what)
        self.bars.update(
            task, completed=self.bars.tasks[task].total or 1, total=self.bars.tasks[task].total or 1, what=""
        )
        if not self.console.is_terminal:
            self.console.print(f"{name}: {time.monotonic() - began:.0f} s", highlight=False)

    def _move(self, task: TaskID, done: int, total: int, what: str) -> None:
        self.bars.update(task, completed=done, total=total, what=what)
