"""What is going on, on standard error, when that is a terminal and the work is long."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Any

_AFTER = 1.0  # seconds


class Progress:
    """A bar for what is counted, a line for each collection of a tenant that is being read."""

    def __init__(self, *, quiet: bool) -> None:
        self._on = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._started: float | None = None
        self._display: Any = None
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Of an audit: files that were read, checks that were made."""
        if self._shown():
            count = f"{done:,} of {total:,}" if total else f"{done:,} files" if stage == "reading" else ""
            task = self._tasks.get("") or self._task("", stage)
            self._display.update(task, description=stage, completed=done, total=total or None, count=count)

    def collection(self, name: str, count: int, state: str) -> None:
        """Of a tenant: objects read so far of a collection. Without a name, what the whole tenant waits for."""
        if not self._shown():
            return
        task = self._tasks.get(name or "wait") or self._task(name or "wait", name or "")
        if not name:
            self._display.update(task, count=state)
            return
        elapsed = self._display.tasks[self._index(name)].elapsed or 0
        rate = f"{count / elapsed:,.0f}/s" if elapsed > 1 and not state else state
        self._display.update(task, completed=count, total=max(count, 1) if state else None, count=f"{count:,}  {rate}")

    def close(self) -> None:
        if self._display is not None:
            self._display.stop()
            self._on = False

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

    def _task(self, key: str, description: str) -> Any:
        self._tasks[key] = self._display.add_task(description, total=None, count="")
        return self._tasks[key]

    def _index(self, name: str) -> int:
        return list(self._tasks).index(name)
