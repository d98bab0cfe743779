"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

import click
from click.core import ParameterSource


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
