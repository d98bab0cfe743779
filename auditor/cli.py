"""The command line: commands, exit codes, errors. Only this module and `commands` print."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from auditor import __version__
from auditor.commands import Option, help_option
from auditor.startup import import_msgspec

_DEBUG = "REGAUDIT_DEBUG"
_COMMANDS = {
    "scan": "Audit files, folders, standard input or a live tenant.",
    "overview": "Show what is worst: rules, registrations, owners, what expires, what is dangerous.",
    "connect": "Check the way from a connector to its API, link by link.",
    "paths": "Show on which ways the tenant can be taken over, hop by hop.",
    "diff": "Show what changed between two runs.",
    "report": "Write a JSON report in other formats, such as HTML.",
    "export": "Save a live tenant in a snapshot file.",
    "permissions": "Print the Microsoft Graph permissions that a live scan needs.",
    "whoami": "Sign in to a tenant, and show who is signed in and what they can read.",
    "rules": "List the rules.",
    "api-permissions": "List the requested API permissions: API, permission, tier, granted or not.",
    "credentials": "List credentials that have expired or expire soon.",
    "waive": "Accept the risk of one finding for a limited time.",
    "baseline": "Accept today's findings, so that only new findings count.",
    "config": "Print the configuration in effect, and where it comes from.",
    "explain": "Explain a rule, or an AADSTS code and which rules look for its cause.",
    "formats": "List the file formats that are read, and what each cannot hold.",
    "test": "Run the examples of rule pages.",
    "new-rule": "Begin a rule page of your own.",
    "schema": "Print a JSON Schema: application, config, diff, federation, overview, paths, report, rule or waivers.",
    "completion": "Print the completion script of a shell.",
}


_OF_COMMANDS = {"-q", "--quiet", "-v", "--verbose", "--no-color", "--output-format", "--as-of", "--exclude"}  # of many of them


class _Closed(Exception):
    """Whoever read our output has seen enough. (click would exit with 1, which says that there are findings.)"""


class _Lazy(click.Group):
    """Commands are imported when they are called."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*args, **options)
        except click.NoSuchOption as error:
            if error.ctx is None or error.ctx.parent is not None or not {error.option_name} & _OF_COMMANDS:
                raise
            option = error.option_name
            raise click.UsageError(f"{option} goes behind the command, as in `regaudit scan {option} PATH`", error.ctx) from None
        except BrokenPipeError:  # of --help and --version
            raise _Closed from None

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
        import_msgspec()
        command: click.Command = import_module(f"auditor.commands.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from pathlib import Path

            from auditor.near import near

            if (close := near(args[0], _COMMANDS)) is not None:
                ctx.fail(f"no command is called {args[0]!r}; did you mean {close!r}?")
            if Path(args[0]).exists():
                ctx.fail(f"no command is called {args[0]!r}; to audit it: regaudit scan {args[0]}")
            ctx.fail(f"no command is called {args[0]!r}; there are: {', '.join(_COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"regaudit {__version__}", color=ctx.color)
        ctx.exit()


_VERSION = Option(
    ["-V", "--version"], is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version and exit."
)


@click.group(cls=_Lazy, params=[_VERSION, help_option()], epilog="Example: regaudit scan manifests/")
def cli() -> None:
    """Audit Microsoft Entra ID app registrations: redirect URIs, exposed APIs, permissions, tokens, credentials, service principals.

    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 the job, or a part of it, could not be done.
    """


def main() -> NoReturn:
    """A command. Whatever happens becomes one message and an exit code: 1 is for findings alone."""
    gc.disable()  # the process ends soon, and what it holds it holds until then
    _prepare_streams()
    try:
        code = _run()
        sys.stdout.flush()
    except (_Closed, BrokenPipeError):
        _swallow(sys.stdout)
        code = 141
    except OSError as error:  # the disk is full, say: what was printed is not whole
        _swallow(sys.stdout)
        _say(f"regaudit: {error if error.filename else f'cannot write to standard output: {error.strerror or error}'}")
        code = 2
    try:
        sys.stderr.flush()
    except OSError:
        _swallow(sys.stderr)
    gc.freeze()  # Python collects once more when it ends: what is frozen it passes over
    sys.exit(code)


def _run() -> int:
    """Runs the command; errors are told. Raises what standard output raises."""
    from auditor.errors import RegauditError

    try:
        code = cli(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
        return 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        usage = f"{context.get_usage()}\n" if context is not None else ""
        _say(f"{usage}Error: {error.format_message()}")
        return 2
    except (click.Abort, KeyboardInterrupt):
        _say("stopped")
        return 130
    except RegauditError as error:
        _say(f"regaudit: {error}")
        return error.exit_code
    except (_Closed, OSError):
        raise
    except MemoryError:
        _say("regaudit: there is not enough memory; give fewer files at a time, or a smaller --max-file-size")
        return 2
    except Exception as error:  # noqa: BLE001  (a fault of ours: it must not look like findings)
        _say_fault(error)
        return 2


def _say_fault(error: Exception) -> None:
    """An error that nobody foresaw: where it was raised, and nothing of what was read."""
    import traceback

    if os.environ.get(_DEBUG):
        _say("".join(traceback.format_exception(error)))
        return
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if frame.f_globals.get("__name__", "").startswith("auditor")] or frames
    at = f" in {ours[-1].f_globals.get('__name__')}:{ours[-1].f_lineno}" if ours else ""
    _say(
        f"regaudit: internal error {type(error).__name__}{at}, please report it (this line holds no tenant data; "
        f"{_DEBUG}=1 shows the traceback, which may)"
    )


def _swallow(stream: Any) -> None:
    """What is still to be flushed goes nowhere."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: it has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
    from auditor.display import clean, clean_lines

    with contextlib.suppress(OSError):  # nobody can be told
        click.echo(clean_lines(message, 1000, line_of=clean), err=True)
