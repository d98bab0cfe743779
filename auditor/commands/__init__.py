"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click

from auditor import files


def _size(context: click.Context, parameter: click.Parameter, value: str) -> int:
    return files.size_of(value)


size_option = click.option(
    "--max-file-size", default="2GB", show_default=True, metavar="SIZE", callback=_size,
    help="Larger files are not read, but named. 100,000 registrations are 255 MB; memory is three times that.",
)  # fmt: skip


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
