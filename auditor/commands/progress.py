"""What is going on, on standard error, when that is a terminal and the work is long."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Any

import click

from auditor.sources.graph.sink import STOPPING

_AFTER = 1.0  # seconds
_STAGE, _WAIT = "", "\0"  # lines that are no collection's


class Progress:
    """A bar for what is counted, a line for each collection of a tenant, which stays when it was read: how many, and how that ended."""

    def __init__(self, *, quiet: bool) -> None:
        self._on = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._started: float | None = None
        self._display: Any = None
        self._tasks: dict[str, Any] = {}
        self._collections: dict[str, tuple[int, str]] = {}  # objects, and how it ended; '' while it is read

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Of an audit: files that were read, objects that were checked."""
        if self._shown():
            count = f"{done:,} of {total:,} objects" if total else f"{done:,} files" if stage == "reading" else ""
            task = self._task(_STAGE)
            self._display.update(task, description=stage, completed=done, total=total or None, count=count)

    def collection(self, name: str, count: int, state: str) -> None:
        """Of a tenant: objects read so far of a collection. Without a name, what the whole tenant waits for, or that it stops."""
        if not name and state == STOPPING:
            self._say(state)
            return
        if name and (state or not self._collections.get(name, (0, ""))[1]):
            self._collections[name] = count, state
        if not self._shown():
            return
        if not name:
            self._display.update(self._task(_WAIT), description=state)
            return
        for one in self._collections.keys() - self._tasks.keys():  # those that ended before anything was shown
            self._update(one)
        self._update(name)

    def close(self) -> None:
        if self._display is None:
            return
        for task in (_STAGE, _WAIT):
            if task in self._tasks:
                self._display.remove_task(self._tasks[task])
        self._display.live.transient = not self._collections
        self._display.stop()
        if self._collections:
            objects = sum(count for count, _ in self._collections.values())
            seconds = monotonic() - (self._started or 0)
            self._display.console.print(f"{objects:,} objects in {seconds:,.0f} s", highlight=False)
        self._display, self._on = None, False

    def _update(self, name: str) -> None:
        count, state = self._collections[name]
        task = self._task(name)
        elapsed = self._display.tasks[list(self._tasks).index(name)].elapsed or 0
        rate = f"{count / elapsed:,.0f}/s" if elapsed > 1 else ""
        self._display.update(
            task, description=name, completed=max(count, 1), total=max(count, 1) if state else None, count=f"{count:>9,}  {state or rate}"
        )

    def _say(self, line: str) -> None:
        """Whether progress is shown or not: somebody waits for the answer."""
        if self._display is not None:
            self._display.console.print(line, highlight=False)
        else:
            click.echo(line, err=True)

    def _shown(self) -> bool:
        if not self._on:
            return False
        self._started = self._started or monotonic()
        if self._display is None:
            if monotonic() - self._started < _AFTER:
                return False
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Display

            self._display = Display(
                TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[count]}"), TimeElapsedColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._display.start()
        return True

    def _task(self, name: str) -> Any:
        if name not in self._tasks:
            self._tasks[name] = self._display.add_task("", total=None, count="")
        return self._tasks[name]
