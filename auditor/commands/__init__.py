"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

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
    from auditor.display import told

    for error in errors:
        click.echo(f"regaudit: {told(error, 1000)}", err=True)


def echo_json(value: Any) -> None:
    """JSON for people and pipelines."""
    import msgspec

    from auditor.display import escaped

    click.echo(escaped(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def echo_table(rows: Iterable[Iterable[Any]], headers: Iterable[str]) -> None:
    """Cells that are texts are clean already; none of them is a formula."""
    from tabulate import tabulate

    from auditor.display import cell

    cells = [[cell(value) if isinstance(value, str) else value for value in row] for row in rows]
    click.echo(tabulate(cells, headers=list(headers), tablefmt="simple", disable_numparse=True))
