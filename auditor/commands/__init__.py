"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from auditor.errors import RegauditError, UsageError

if TYPE_CHECKING:
    from auditor.report.redact import Redactor

_REDACTOR = "auditor.redactor"  # of a context's `meta`


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

    def invoke(self, ctx: click.Context) -> Any:
        """What stops a command is told without what the input says, too, where --redact asks for that."""
        if not ctx.params.get("redact"):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except RegauditError as error:
            raise UsageError(redactor().text(str(error))) from None


def redactor() -> Redactor:
    """That of the command that runs. What was typed is what the input is called."""
    from auditor.report.redact import Redactor

    context = click.get_current_context()
    made = context.meta.get(_REDACTOR)
    if not isinstance(made, Redactor):
        made = context.meta[_REDACTOR] = Redactor()
        typed = context.params.get("paths") or ()
        made.learn("FILE", typed)
        made.learn("TENANT", [context.params.get("tenant")])
    return made


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
