"""One module a verb; each has a click command named `command`. Here is what several of them do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from auditor.errors import RegauditError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from auditor.configuration import Configuration
    from auditor.redact import Redactor


_CONFIG, _REDACTOR = "auditor.configuration", "auditor.redactor"  # of a context's `meta`
_CONFIGURABLE = {  # key of a configuration -> parameter of a command, where it has one
    "profile": "profile", "extend-rules": "extend_rules", "exclude": "exclude", "waivers": "waivers", "baseline": "baseline",
    "against": "against",
    "fail-on-new": "fail_on_new", "ignore-newly-visible": "ignore_newly_visible",
    "max-file-size": "max_file_size", "allow-empty": "allow_empty", "fail-on": "fail_on", "min-severity": "min_severity",
    "strict": "strict", "certain-only": "certain_only", "output-format": "formats", "rows": "rows", "inventory": "inventory",
    "show-passed": "show_passed", "limit": "limit", "fix-script": "fix_script", "shell": "shell", "quiet": "quiet", "verbose": "verbose",
    "no-color": "no_color", "group-by": "group_by",
}  # fmt: skip


class Option(click.Option):
    """Whose help is one line: click would load `inspect` to take off its indentation, in each run."""

    def __init__(self, *args: Any, help: str | None = None, **attributes: Any) -> None:  # noqa: A002  (click's name)
        super().__init__(*args, **attributes)
        self.help = help


class FilePath(click.ParamType):  # type: ignore[type-arg]  # of some versions of click
    """A path as it was typed; whoever opens it says what is wrong with it. (click's own asks `gettext` for its name.)"""

    name = "path"

    def __init__(self, kind: Callable[[str], Any] = str) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self._kind(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


option = partial(click.option, cls=Option)


def help_option() -> Option:
    """The one that click would add; to translate its help, click loads `locale`."""
    return Option(
        ["-h", "--help"], is_flag=True, expose_value=False, is_eager=True, callback=_show_help, help="Show this message and exit."
    )


def _show_help(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class Command(click.Command):
    """Whose options have the defaults that the configuration says, and whose arguments and options are not empty: what a pipeline left
    unset would mean something else, or everything.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not {parameter.name for parameter in self.params}.isdisjoint(_CONFIGURABLE.values()):
            self.params += [
                Option(
                    ["--config"], metavar="FILE", type=FilePath(), expose_value=False,
                    help="The configuration, in place of the regaudit.toml or pyproject.toml that is found.",
                ),
                Option(["--no-config"], is_flag=True, expose_value=False, help="No configuration, and no waivers that are found."),
            ]  # fmt: skip
        self.params.append(help_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            if not ctx.resilient_parsing and any(parameter.name == "no_config" for parameter in self.params):
                self._configure(ctx, args)
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _no_such_option(error, ctx) from None
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

    def _configure(self, ctx: click.Context, args: list[str]) -> None:
        """Finds the configuration. What is typed comes first: which file, and what is audited, since none is read from there."""
        from auditor import configuration
        from auditor.display import clean_lines

        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        file, never = given.get("config"), given.get("no_config")
        if ctx.help_option_names and any(given.get(parameter.name or "") and parameter.is_eager for parameter in self.get_params(ctx)):
            return  # --help
        if isinstance(file, str) and file and never is True:
            raise click.UsageError("--config and --no-config exclude each other", ctx)
        if never is True:
            return
        if isinstance(file, str):
            if not file:
                raise click.UsageError("--config: it is empty", ctx)
            found = configuration.load(file)
        else:
            arguments = [given.get(parameter.name or "") for parameter in self.params if isinstance(parameter, click.Argument)]
            found = configuration.find(_texts(arguments))
        for note in found.notes:
            click.echo(f"note {clean_lines(note, 1000)}", err=True)
        ctx.meta[_CONFIG] = found
        options = {parameter.name: parameter for parameter in self.params}
        ctx.default_map = {
            name: value for key, name in _CONFIGURABLE.items()
            if name in options and (value := found.value(key)) is not None and (key != "profile" or options[name].default == "default")
        }  # fmt: skip


def _no_such_option(error: click.NoSuchOption, ctx: click.Context) -> click.NoSuchOption:
    """The error with a suggestion only where that is near: the option of another tool is no slip."""
    from auditor.near import near

    there = [name for parameter in ctx.command.get_params(ctx) for name in parameter.opts if name.startswith("--")]
    close = near(error.option_name, there) or next((name for name in there if name.endswith(error.option_name.lstrip("-"))), None)
    return click.NoSuchOption(error.option_name, possibilities=[close] if close else None, ctx=ctx)


def redactor() -> Redactor:
    """That of the command that runs. What was typed is what the input is called."""
    from auditor.redact import Redactor

    context = click.get_current_context()
    made = context.meta.get(_REDACTOR)
    if not isinstance(made, Redactor):
        made = context.meta[_REDACTOR] = Redactor()
        for name in ("paths", "more"):  # the second is what follows a message
            made.learn("FILE", context.params.get(name) or ())
        made.learn("TENANT", [context.params.get("tenant")])
    return made


def configured() -> Configuration:
    """The configuration of the command that runs."""
    from auditor.configuration import Configuration

    found = click.get_current_context().meta.get(_CONFIG)
    return found if isinstance(found, Configuration) else Configuration()


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _texts(value)


def echo_json(value: Any) -> None:
    """JSON for people and pipelines."""
    import msgspec

    from auditor.display import escaped

    click.echo(escaped(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def echo_table(rows: Iterable[Iterable[Any]], headers: Iterable[str]) -> None:
    """A table; where the terminal is too narrow for it, each row as text below its first cell. No word is broken.

    Cells that are texts are clean already; none of them is a formula.
    """
    from tabulate import tabulate

    from auditor.display import cell, columns

    cells = [[cell(value) if isinstance(value, str) else value for value in row] for row in rows]
    names = list(headers)
    table = tabulate(cells, headers=names, tablefmt="simple", disable_numparse=True)
    is_narrow = any(len(line) > columns() for line in table.split("\n"))
    click.echo("\n".join(_blocks(cells, names)) if is_narrow else table)


def _blocks(rows: list[list[Any]], headers: list[str]) -> Iterator[str]:
    """Rows one below the other; those with the same first cell together."""
    from auditor.display import wrapped

    before = None
    for first, *others in rows:
        if first != before:
            yield from wrapped(f"{headers[0]}: {first}", "", "  ")
        before = first
        yield from wrapped("; ".join(f"{name}: {value}" for name, value in zip(headers[1:], others, strict=True)), "  ", "    ")
