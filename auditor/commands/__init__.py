"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource

from auditor import files
from auditor.errors import UsageError


class Command(click.Command):
    """Whose arguments and options are not empty: what a pipeline left unset would mean something else, or everything."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            name = parameter.name or ""
            value = ctx.params.get(name)
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE and "" in (value if isinstance(value, tuple) else (value,)):
                raise click.BadParameter("it is empty", ctx=ctx, param=parameter)
        return rest


def _size(context: click.Context, parameter: click.Parameter, value: str) -> int:
    return files.size_of(value)


size_option = click.option(
    "--max-file-size", default="2GB", show_default=True, metavar="SIZE", callback=_size,
    help="Larger files are not read, but named. 100,000 registrations are 255 MB; memory is three times that.",
)  # fmt: skip


def listed(values: Iterable[str]) -> list[str]:
    """The names of an option that takes several, repeated or separated by commas. Raises UsageError for a value that has none."""
    names: list[str] = []
    for value in values:
        found = [part.strip() for part in value.split(",") if part.strip()]
        if not found:
            raise UsageError(f"{value!r} names no rule, area or tag")
        names += found
    return names


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
