"""The command line: commands, exit codes, errors. Only this module and `commands` print."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

import click

from auditor import __version__

_COMMANDS = {
    "scan": "Audit files, folders, standard input or a live tenant.",
    "connect": "Walk from a connector to its API, link by link.",
    "export": "Read a live tenant into a snapshot.",
    "permissions": "Print what a live scan needs of Microsoft Graph.",
    "whoami": "Sign in to a tenant, and say who that is and what it may read.",
    "rules": "List the rules.",
    "api-permissions": "List what registrations request: API, permission, tier, granted or not.",
    "credentials": "List credentials that have expired or expire soon.",
    "explain": "Show a rule's page, or which rules look for the cause of an AADSTS code.",
    "test": "Run the examples of rule pages.",
    "new-rule": "Begin a rule page of your own.",
    "schema": "Print a JSON Schema: application, report or rule.",
    "completion": "Print the completion script of a shell.",
}


class _Closed(Exception):
    """Whoever read our output has seen enough. (click would exit with 1, which says that there are findings.)"""


class _Lazy(click.Group):
    """Commands are imported when they are called."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _Closed from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"auditor.commands.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib
            from pathlib import Path

            if close := difflib.get_close_matches(args[0], _COMMANDS, n=1):
                ctx.fail(f"no command is called {args[0]!r}; did you mean {close[0]!r}?")
            if Path(args[0]).exists():
                ctx.fail(f"no command is called {args[0]!r}; to audit it: regaudit scan {args[0]}")
            ctx.fail(f"no command is called {args[0]!r}; there are: {', '.join(_COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]}, epilog="Example: regaudit scan manifests/")
@click.version_option(__version__, "-V", "--version", prog_name="regaudit", message="%(prog)s %(version)s")
def cli() -> None:
    """Audit Microsoft Entra ID app registrations: redirect URIs, exposed APIs, permissions, tokens, credentials, service principals.

    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 the job, or a part of it, could not be done.
    """


def main() -> None:
    """The entry point. Our own errors become one message and their exit code."""
    gc.disable()  # the process ends soon, and what it holds it holds until then
    from auditor.errors import RegauditError

    _prepare_streams()
    try:
        code = cli(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        if context is not None:
            click.echo(context.get_usage(), err=True)
        _say(f"Error: {error.format_message()}")
        sys.exit(2)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except RegauditError as error:
        _say(f"regaudit: {error}")
        sys.exit(error.exit_code)
    except (_Closed, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be flushed goes there
        sys.exit(141)
    except OSError as error:
        _say(f"regaudit: {error}")
        sys.exit(2)


def _prepare_streams() -> None:
    """What a console's code page lacks is escaped; a stream that was closed swallows everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123  (for the life of the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _say(message: str) -> None:
    """An error, to the person at the terminal. What was typed or read stands in it, and can be hostile."""
    from auditor.display import clean_lines

    click.echo(clean_lines(message, 1000), err=True)


if __name__ == "__main__":
    main()
