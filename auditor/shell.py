"""Words and files of commands in the shells that people have: bash (and sh, zsh), Windows PowerShell and PowerShell 7, cmd.

Words come from rule pages, whose loader refuses what no quoting helps against, and from values that `display.pasted` let through.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from auditor import body
from auditor.pattern import late

_BARE = late(r"(?!-[^-])[A-Za-z0-9._:/=+-]+")  # -x.y and -x:y are two words in PowerShell
_LONGEST_ARGUMENT = 100_000  # characters; Linux takes 128 KiB
_LONGEST_LINE = 2000  # characters; cmd takes 8191


class Shell(StrEnum):
    """What the reader pastes commands into."""

    bash = "bash"
    powershell = "powershell"
    cmd = "cmd"


def default() -> Shell:
    """The platform's."""
    return Shell.powershell if os.name == "nt" else Shell.bash


def quoted(word: str, shell: Shell) -> str:
    """One word of a command."""
    if _BARE.fullmatch(word):
        return word
    if shell is Shell.bash:
        import shlex

        return shlex.quote(word)
    # az is a batch file: a double quote within a word would end the quotes that PowerShell puts around it.
    return "'" + word.replace("'", "''") + "'" if shell is Shell.powershell else f'"{word}"'


def line(words: Iterable[str], shell: Shell, to_file: str = "") -> str:
    """A command on one line."""
    return " ".join(quoted(word, shell) for word in words) + (f" > {to_file}" if to_file else "")


def inline(value: Any, shell: Shell) -> str | None:
    """A body as a word of the command itself; None where it goes into a file: Windows PowerShell and az.cmd lose the quotes in a word."""
    text = body.dump(value) if shell is Shell.bash else ""
    return text if shell is Shell.bash and len(text) <= _LONGEST_ARGUMENT else None


def written(value: Any, file: str, shell: Shell) -> Iterator[str]:
    """Commands that write JSON into a file. What stands in it needs no quotes of this shell: see `auditor.body`."""
    text = body.dump(value)
    if shell is Shell.bash:
        yield f"printf '%s' '{text}' > {file}"
    elif shell is Shell.powershell:
        yield f"Set-Content -Encoding ascii -Path {file} -Value '{text}'"
    else:
        for number, piece in enumerate(_lines(value)):
            yield f"{'>>' if number else '>'}{file} echo {piece}"


def _lines(value: Any) -> Iterator[str]:
    """JSON on lines that cmd takes."""
    room, line = _LONGEST_LINE, ""
    for token in body.tokens(value):
        if line and len(line) + len(token) > room:
            yield line
            line = ""
        line += token
    yield line
