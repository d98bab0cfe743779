"""Fixes for the reader's shell: prose, and commands that can be pasted as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct

from auditor import fix, markdown, shell
from auditor.display import clean_lines
from auditor.entra.clouds import CLOUDS
from auditor.markdown import Line
from auditor.shell import Shell

_LONGEST = 4000  # characters of a line of prose, whose parts are cut already
PUBLIC, UNKNOWN = CLOUDS["global"].graph, "https://GRAPH-HOST"


class Rendered(Struct, frozen=True):
    """A command for one shell. `lines` are run one after the other: a body is written to a file before it is sent from it."""

    lines: tuple[str, ...]
    words: tuple[str, ...]  # of the command itself
    missing: tuple[str, ...]  # placeholders, and files that the reader makes
    how: str  # "or", "later": see auditor.fix.Block
    writes: frozenset[tuple[str, ...]]  # what of which object it sets


class Fix(Struct, frozen=True):
    """The fix of one finding, as it is rendered. `graph`: the address of Microsoft Graph, '' for the public cloud's."""

    finding_id: str
    text: str
    placeholders: Collection[str] = ()  # that may stand in it
    graph: str = ""

    def parts(self, to: Shell) -> list[str | Rendered]:
        """Prose, and commands."""
        out: list[str | Rendered] = []
        for part in fix.parts(self.text):
            if isinstance(part, fix.Prose):
                out.append(part.text.strip("\n"))
            elif isinstance(part, fix.Command):
                out.append(self._command(part, to))
            else:
                number = sum(isinstance(one, Rendered) for one in out)
                out.append(self._request(part, f"fix-{self.finding_id[:8]}{f'-{number}' if number else ''}.json", to))
        return out

    def shown(self, to: Shell) -> Iterator[Line]:
        """As people read it in a terminal. A command is on a line of its own, which is not cut."""
        for number, part in enumerate(self.parts(to)):
            if isinstance(part, str):
                yield from ([Line("")] if number else [])
                yield from markdown.lines(part)
            else:
                yield from (Line(line, is_code=True) for line in part.lines)

    def lines(self, to: Shell) -> list[str]:
        """As Markdown, but for commands, each of which is on a line of its own."""
        return [line for part in self.parts(to) for line in (_prose(part) if isinstance(part, str) else part.lines)]

    def commands(self, to: Shell) -> list[Rendered]:
        return [part for part in self.parts(to) if not isinstance(part, str)]

    def explained(self, to: Shell) -> Iterator[tuple[list[Line], Rendered]]:
        """Each command with the paragraph before it."""
        why: list[Line] = []
        for part in self.parts(to):
            if isinstance(part, str):
                why = list(markdown.lines(part.rpartition("\n\n")[2]))
            else:
                yield why, part

    def _command(self, command: fix.Command, to: Shell) -> Rendered:
        words = tuple(command.words)
        files = [word[1:] for word in words if word.startswith("@")]
        line = shell.line(words, to, command.to_file)
        how = command.block.how or ("later" if command.to_file else "")
        return Rendered((line,), words, (*self._missing(command.text), *files), how, _options(words))

    def _request(self, request: fix.Request, file: str, to: Shell) -> Rendered:
        version = "" if request.path.startswith("/beta/") else "/v1.0"
        words = ["az", "rest", "--method", request.method, "--url", f"{self.graph or PUBLIC}{version}{request.path}"]
        missing = self._missing(f"{request.path} {request.body}") + (["GRAPH-HOST"] if self.graph == UNKNOWN else [])
        lines: list[str] = []
        value: Any = None
        if request.body.startswith("@"):
            words += ["--headers", "Content-Type=application/json", "--body", request.body]
            missing.append(request.body[1:])
        elif request.body:
            value = json.loads(request.body)
            sent = shell.inline(value, to)
            if sent is None:
                lines += shell.written(value, file, to)
                sent = f"@{file}"
            words += ["--headers", "Content-Type=application/json", "--body", sent]
        how = request.block.how or ("later" if request.to_file else "")
        lines.append(shell.line(words, to, request.to_file))
        writes = frozenset(_members(request.path, value)) if request.method in ("PATCH", "PUT") else frozenset[tuple[str, ...]]()
        return Rendered(tuple(lines), tuple(words), tuple(missing), how, writes)

    def _missing(self, text: str) -> list[str]:
        """The placeholders that stand in a command."""
        names = "|".join(sorted(self.placeholders, key=len, reverse=True)) or "(?!)"
        return list(dict.fromkeys(re.findall(rf"(?<![A-Za-z0-9-])(?:{names})(?![A-Za-z0-9-])", text)))


def _prose(text: str) -> list[str]:
    return clean_lines(text, _LONGEST).split("\n")


def _members(path: str, value: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """The members of an object that a request sets, each with the object's path."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _members(path, member, *above, key)
    elif above:
        yield (path, *above)


def _options(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """What a command sets, where it sets rather than adds."""
    if "update" not in words:
        return frozenset()
    options = [i for i, word in enumerate(words) if word.startswith("--")]
    ids = tuple(words[i + 1] for i in options if words[i].endswith("id") and i + 1 < len(words))
    return frozenset((*ids, words[i]) for i in options if not words[i].endswith("id"))
