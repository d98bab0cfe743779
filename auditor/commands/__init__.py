"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click


def listed(values: Iterable[str]) -> list[str]:
    """The names of an option that takes several, repeated or separated by commas."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def coloured(no_color: bool) -> bool:
    """Whether standard output shall have colours."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def say_errors(errors: Iterable[Exception]) -> None:
    """What could not be read, a line each."""
    from auditor.display import clean

    for error in errors:
        click.echo(f"regaudit: {clean(str(error), 1000)}", err=True)
