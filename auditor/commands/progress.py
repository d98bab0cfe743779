"""What is going on, on standard error, when that is a terminal and the work is long."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from time import monotonic
from typing import Any

import click

_AFTER = 1.0  # seconds
_STAGE, _WAIT = "", "\0"  # lines that are no collection's


@dataclass(slots=True)
class _Read:
    """How far a collection is. `state`: how it ended, '' while it is read."""

    began: float
    count: int = 0
    state: str = ""
    seconds: float = 0


class Progress:
    """A bar for what is counted, a line for each collection of a tenant, which stays when it was read: how many, and how that ended."""

    def __init__(self, *, quiet: bool) -> None:
        self._on = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._started: float | None = None
        self._display: Any = None
        self._tasks: dict[str, Any] = {}
        self._collections: dict[str, _Read] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Of an audit: files that were read, objects that were checked."""
        if self._shown():
            count = f"{done:,} of {total:,} objects" if total else f"{done:,} files" if stage == "reading" else ""
            task = self._task(_STAGE)
            self._display.update(task, description=stage, completed=done, total=total or None, count=count)

    def collection(self, name: str, count: int, state: str) -> None:
        """Of a tenant: objects read so far of a collection. Without a name, what the whole tenant waits for, or that it stops."""
        from auditor.sources.graph.sink import STOPPING

        if not name and state == STOPPING:
            self._say(state)
            return
        if name:
            read = self._collections.setdefault(name, _Read(monotonic()))
            if state or not read.state:
                read.count, read.state, read.seconds = count, state, monotonic() - read.began
        if not self._shown():
            return
        if not name:
            self._display.update(self._task(_WAIT), description=state)
            return
        for one in self._collections:  # also those that ended before anything was shown
            if one == name or one not in self._tasks:
                self._update(one)

    def close(self) -> None:
        if self._display is None:
            return
        for task in (_STAGE, _WAIT):
            if task in self._tasks:
                self._display.remove_task(self._tasks[task])
        self._display.live.transient = not self._collections
        self._display.stop()
        if self._collections:
            objects = sum(read.count for read in self._collections.values())
            seconds = monotonic() - min(read.began for read in self._collections.values())
            self._say(f"{objects:,} objects of {len(self._collections)} collections in {seconds:,.0f} s")
        self._display, self._on = None, False

    def _update(self, name: str) -> None:
        read = self._collections[name]
        rate = f"{read.count / read.seconds:,.0f}/s" if read.seconds > 1 else ""
        count = f"{read.count:>9,}  {read.state or rate:<11} {read.seconds:>4,.0f} s"
        done = max(read.count, 1)
        self._display.update(self._task(name), description=name, completed=done, total=done if read.state else None, count=count)

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
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Display

            self._display = Display(
                TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[count]}"),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._display.start()
        return True

    def _task(self, name: str) -> Any:
        if name not in self._tasks:
            self._tasks[name] = self._display.add_task("", total=None, count="")
        return self._tasks[name]
