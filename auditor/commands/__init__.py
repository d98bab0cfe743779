"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click
from click.core import ParameterSource

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
    from auditor.display import clean

    for error in errors:
        click.echo(f"regaudit: {clean(str(error), 1000)}", err=True)
