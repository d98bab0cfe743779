"""Says of `az …` lines whether azure-cli's own parser takes them, without running them: a program for a Python that has azure-cli.

Reads a JSON list of lines from standard input, writes a JSON list of reasons, null for a line that parses. With --options it writes
which options each command has: tests/data/az_options.json.
"""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from typing import Any


def parser() -> tuple[Any, set[str]]:
    """azure-cli's parser for `az ad`, `az account` and `az rest`, and the names of these commands."""
    from azure.cli.core import get_default_cli
    from azure.cli.core.commands.events import EVENT_INVOKER_POST_LOAD_ARGUMENTS
    from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE

    cli = get_default_cli()
    invocation = cli.invocation_cls(
        cli_ctx=cli, parser_cls=cli.parser_cls, commands_loader_cls=cli.commands_loader_cls, help_cls=cli.help_cls
    )
    cli.invocation = invocation
    loader = invocation.commands_loader
    for module in ("role", "profile", "util"):  # as MainCommandsLoader.load_command_table does for all seventy
        result = loader._load_single_module(module, None)
        if result.error:
            raise result.error
        loader._process_successful_load(result)
    invocation.data["command_string"] = ""
    loader.load_arguments(None)
    for event in (EVENT_INVOKER_POST_LOAD_ARGUMENTS, EVENT_INVOKER_POST_CMD_TBL_CREATE):
        cli.raise_event(event, commands_loader=loader)
    invocation.parser.cli_ctx = cli
    invocation.parser.load_command_table(loader)
    return invocation.parser, set(loader.command_table)


def why_not(parse: Any, commands: set[str], line: str) -> str | None:
    try:
        words = shlex.split(line)[1:]
    except ValueError as error:
        return str(error)
    if not any(word.startswith("-") for word in words):  # prose names a command, or a group of them, without its options
        name = " ".join(words)
        return None if any(command == name or command.startswith(name + " ") for command in commands) else "no such command"
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            parse.parse_args(words)
    except SystemExit as stop:
        return (said.getvalue().strip().splitlines() or [f"exit {stop.code}"])[0] if stop.code else None
    except Exception as error:  # knack's CLIError and its friends
        return f"{type(error).__name__}: {error}"
    if vague := sorted(word for word in words if word.startswith("--") and not is_whole(parse, words, word.partition("=")[0])):
        return f"an option that is cut short: {', '.join(vague)}"
    return None


def is_whole(parse: Any, words: list[str], option: str) -> bool:
    """Whether the command has the option by this name: argparse also takes the beginning of one."""
    for word in words:
        below = [action.choices for action in parse._actions if isinstance(action.choices, dict)]
        if not below or word not in below[0]:
            break
        parse = below[0][word]
    return any(option in action.option_strings for action in parse._actions)


def options(parse: Any, commands: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Of each command, by its name, its options: their names, whether it must be there, takes a value, and which values there are."""
    found: dict[str, list[dict[str, Any]]] = {}
    todo = [("", parse)]
    while todo:
        name, one = todo.pop()
        for action in one._actions:
            if isinstance(action.choices, dict):
                todo += [(f"{name} {word}".strip(), below) for word, below in action.choices.items()]
            elif name in commands and action.option_strings:
                said: dict[str, Any] = {"names": sorted(map(str, action.option_strings)), "value": action.nargs != 0}
                if action.required:
                    said["required"] = True
                if action.choices and len(action.choices) < 20:
                    said["choices"] = sorted(map(str, action.choices))
                found.setdefault(name, []).append(said)
    return {name: sorted(found[name], key=lambda said: said["names"][0]) for name in sorted(found)}


if __name__ == "__main__":
    parse, commands = parser()
    if sys.argv[1:] == ["--options"]:
        lines = [f"{json.dumps(name)}: {json.dumps(said)}" for name, said in options(parse, commands).items()]
        print("{\n" + ",\n".join(lines) + "\n}")
        sys.exit()
    print(json.dumps([why_not(parse, commands, line) for line in json.load(sys.stdin)]))
