"""Makes `docs/cli.md`, the reference of all commands and options, from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from auditor.cli import cli

HEAD = """\
# Commands

Made by `python scripts/generate.py` from what `regaudit COMMAND --help` prints.

`regaudit --version` prints the version. Every command has `-h` and `--help`. [Exit codes](exit-codes.md) are the same for all of them.
"""


def files() -> dict[str, str]:
    top = click.Context(cli, info_name="regaudit")
    commands = [(name, cli.get_command(top, name)) for name in cli.list_commands(top)]
    found = [(name, command) for name, command in commands if command is not None]
    index = "\n".join(f"| [{name}](#regaudit-{name}) | {bar(cli_help(top, name))} |" for name, _ in found)
    parts = [HEAD, f"| command | what it does |\n|---|---|\n{index}\n"]
    parts += ["\n\n".join(section(command, name, top)) + "\n" for name, command in found]
    return {"docs/cli.md": "\n".join(parts)}


def cli_help(top: click.Context, name: str) -> str:
    """What `regaudit --help` says of a command."""
    formatter = top.make_formatter()
    formatter.width = 1000
    cli.format_commands(top, formatter)
    return next(line.split(None, 1)[1] for line in formatter.getvalue().splitlines() if line.split()[:1] == [name])


def section(command: click.Command, name: str, top: click.Context) -> Iterator[str]:
    """A command: how it is called, what it does, its options, examples."""
    context = click.Context(command, info_name=name, parent=top)
    yield f"## regaudit {name}"
    yield f"```text\nregaudit {name} {' '.join(command.collect_usage_pieces(context))}\n```"
    yield from paragraphs(command.help or "")
    shown = (one for one in command.params if isinstance(one, click.Option) and not one.hidden and one.name != "help")
    records = [option(parameter, context) for parameter in shown]
    if records:
        yield "| option | meaning |\n|---|---|\n" + "\n".join(records)
    examples = re.findall(r"^(?:  |Examples?: )(\S.*)$", inspect.cleandoc(command.epilog or ""), re.MULTILINE)
    if examples:
        yield "```sh\n" + "\n".join(examples) + "\n```"


def option(parameter: click.Option, context: click.Context) -> str:
    """A row of the table. What an option can be stands in its text: a name that is wider than the page is hard to read."""
    record = parameter.get_help_record(context)
    assert record is not None
    names, text = record
    if isinstance(parameter.type, click.Choice):
        names = re.sub(r" \[[^\]]*\]$", "", names)
        text += f" One of {', '.join(f'`{choice}`' for choice in parameter.type.choices)}."
    return f"| `{bar(names)}` | {bar(' '.join(text.split()))} |"


def paragraphs(help_text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(help_text).replace("\b\n", "").split("\n\n"):
        yield " ".join(paragraph.split())


def bar(text: str) -> str:
    """A text in a table, where a bar would begin the next cell."""
    return text.replace("|", "\\|")
