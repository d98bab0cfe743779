"""The section "Fix" of a page: prose, and commands in blocks of their own, for no shell in particular.

An ```az block has one command of azure-cli a line, a ```graph block a request of Microsoft Graph. `parts` reads a page's own text,
in which facts stand in braces, as well as a fix that is filled in, of which `report/fixes.py` makes the commands of a shell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msgspec import Struct

from auditor.errors import RuleError
from auditor.fences import fences
from auditor.pattern import late

NO_COMMAND = "There is no command for this."
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_WITH_BODY = ("POST", "PATCH", "PUT")
_SHELLS = ("bash", "sh", "shell", "console", "powershell", "pwsh", "ps1", "cmd", "bat", "azurecli", "http")
_CODE = late(r"`([^`]*)`")
_PROGRAM = late(r"az [a-z]|(?:GET|POST|PATCH|PUT|DELETE) /")
_NO_COMMAND = late(rf"^{re.escape(NO_COMMAND)}$", re.MULTILINE)
_FIELD = r"(?>\{(?!\{)(?:[^{}'\"]|'[^']*'|\"[^\"]*\")*+\})"
STRING = late(r'"((?:[^"\\]|\\.)*)"')  # of JSON
# Possessive: what a loader reads must not run away.
_WORD = late(rf'(?:{_FIELD}|"(?:{_FIELD}|[^"])*+"|[^\s"])++')
_TO_FILE = late(r"\s+>\s+(\S+)\s*$")
_FILE = late(r"[a-z][a-z0-9-]*\.(?:json|pem)")
# What every shell takes as it is written once a word is quoted; on Windows az is a batch file, which reads its arguments a second time.
_FIXED = late(r"[A-Za-z0-9 ._:/=,@?*\[\]{}'\"~+#-]*")
_FIXED_PATH = late(r"(?:[A-Za-z0-9._~/=,-]|\$(?:ref|select|expand|top|count)\b|\?(?=\$))*")
_MISSPELT = late(r"(?<![A-Z0-9])[A-Z][A-Z0-9]*_[A-Z0-9_]+|\b(?:YOUR|MY)[-_][A-Z_-]+|<[A-Za-z][\w .-]*>")
# A placeholder: capitals and hyphens, no part of a longer word.
PLACEHOLDER = late(r"(?<![A-Za-z0-9._-])(?!(?:GET|POST|PATCH|PUT|DELETE|CN=)\b)[A-Z]{2,}(?:-[A-Z]+)*(?![A-Za-z0-9_-])")


class Prose(Struct, frozen=True):
    """`at`: where it begins in the section."""

    text: str
    at: int


class Block(Struct, frozen=True):
    """What the blocks of commands have in common. `how`: "", or why the command does not simply follow the one before it:
    "or", it does the same in another way; "later", somebody does something first.
    """

    how: str
    at: int
    end: int


class Command(Struct, frozen=True):
    """A command of azure-cli, a line of its block."""

    text: str
    at: int
    block: Block

    @property
    def words(self) -> list[str]:
        """The command as azure-cli gets it, without the file that its answer goes to."""
        return [word.replace('"', "") for word in _WORD.findall(_TO_FILE.sub("", self.text))]

    @property
    def to_file(self) -> str:
        """The file that its answer goes to, or ''."""
        found = _TO_FILE.search(self.text)
        return found[1] if found else ""


class Request(Struct, frozen=True):
    """A request of Microsoft Graph. `path` begins below the version; `body` is JSON, '' or "@file.json"."""

    method: str
    path: str
    body: str
    at: int
    body_at: int
    block: Block
    to_file: str = ""


Part = Prose | Command | Request


def parts(text: str) -> Iterator[Part]:
    """The fix in its order. Raises RuleError, with its place in the text, for a block that is none."""
    end = 0
    for fence in fences(text):
        if fence.words[:1] not in (["az"], ["graph"]):
            continue
        first = " ".join(fence.words)
        how = "" if len(fence.words) == 1 else fence.words[1] if len(fence.words) == 2 else None
        if how not in ("", "or", "later"):
            raise _error(text, fence.at, f"```{first}", "a block begins with ```az or ```graph, or with or/later behind it: ```az later")
        if not fence.closed or not fence.text.strip():
            raise _error(text, fence.at, f"```{first}", "the block is empty" if fence.closed else "the block does not end: ``` is missing")
        if text[end : fence.at].strip():
            yield Prose(text[end : fence.at], end)
        end, block = fence.end, Block(how, fence.at, fence.end)
        yield from (_commands if fence.words[0] == "az" else _request)(text, fence.text, fence.start, block)
    if text[end:].strip():
        yield Prose(text[end:], end)


def _commands(text: str, block_text: str, start: int, block: Block) -> Iterator[Command]:
    for line in re.finditer(r"[^\n]+", block_text):
        if not line[0].strip():
            continue
        command = Command(line[0].strip(), start + line.start() + len(line[0]) - len(line[0].lstrip()), block)
        if command.words[:1] != ["az"]:
            raise _error(text, command.at, command.text, "each line of an ```az block is a command: az ad app show --id {app.app_id}")
        if command.words[1:2] == ["rest"]:
            raise _error(text, command.at, command.text, "a request of Microsoft Graph stands in a ```graph block")
        yield command


def _request(text: str, block_text: str, start: int, block: Block) -> Iterator[Request]:
    first, _, body = block_text.partition("\n")
    words = _WORD.findall(_TO_FILE.sub("", first))
    to_file = found[1] if (found := _TO_FILE.search(first)) else ""
    if len(words) != 2 or words[0] not in METHODS or not words[1].startswith("/"):
        raise _error(text, start, first, f"a ```graph block begins with {', '.join(METHODS)} and a path: PATCH /applications/{{app.id}}")
    if re.match(r"/v\d", words[1]):
        raise _error(text, start, first, "the path begins below the version: /applications/{app.id}; only /beta/ is written")
    body_at = start + len(first) + 1 + len(body) - len(body.lstrip())
    body = body.strip()
    if bool(body) != (words[0] in _WITH_BODY):
        raise _error(text, start, first, f"{words[0]} has {'no body' if body else 'a body, in JSON, or the name of a file: @api.json'}")
    yield Request(words[0], words[1], body, start + first.index(words[0]), body_at, block, to_file)


def kind(text: str) -> str:
    """ "graph" or "az", by what changes something; "manual" where there is no command; "prose": not in blocks yet."""
    found = list(parts(text))
    if any(isinstance(part, Request) and part.method != "GET" for part in found):
        return "graph"
    if any(not isinstance(part, Prose) for part in found):
        return "az"
    return "manual" if _NO_COMMAND.search(text) else "prose"


def check(text: str) -> None:
    """Whether a page's fix is written as it should be. Raises RuleError for what is not; one without blocks is prose, as it was."""
    found = list(parts(text))
    if all(isinstance(part, Prose) for part in found):
        if _NO_COMMAND.search(text):
            _check_prose(text, Prose(text, 0))
        return
    if none := _NO_COMMAND.search(text):
        raise _error(text, none.start(), none[0], "there are commands: take this line out")
    for part in found:
        if isinstance(part, Prose):
            _check_prose(text, part)
        elif isinstance(part, Command):
            _check_fixed(text, part.at, _TO_FILE.sub("", part.text), _FIXED)
            _check_file(text, part.at, part.text, part.to_file)
        else:
            _check_fixed(text, part.at + len(part.method) + 1, part.path, _FIXED_PATH)
            _check_file(text, part.at, part.path, part.to_file)
            if part.body:
                _check_body(text, part)


def _check_prose(text: str, prose: Prose) -> None:
    for fence in fences(prose.text):
        if fence.words and fence.words[0].lower() in _SHELLS:
            raise _error(text, prose.at + fence.at, f"```{fence.words[0]}", "commands stand in a block that begins with ```az or ```graph")
    for found in _CODE.finditer(prose.text):
        if _PROGRAM.match(found[1]):
            raise _error(text, prose.at + found.start(1), found[1], "a command stands in a block of its own: ```az")
    if wrong := _MISSPELT.search(re.sub(_FIELD, lambda field: " " * len(field[0]), prose.text)):
        raise _misspelt(text, prose.at, wrong)


def _check_fixed(text: str, at: int, part: str, allowed: re.Pattern[str]) -> None:
    fixed = re.sub(_FIELD, lambda field: "x" * len(field[0]), part)
    if found := _MISSPELT.search(fixed):
        raise _misspelt(text, at, found)
    begins = allowed.match(fixed)
    end = begins.end() if begins else 0
    if end < len(fixed):
        raise _error(text, at + end, fixed[end], f"{fixed[end]!r} in a command is obeyed by a shell or by az on Windows: say it otherwise")


def _check_file(text: str, at: int, part: str, file: str) -> None:
    if file and not _FILE.fullmatch(file):
        raise _error(text, at, part, "a file is called by a plain name: roles.json")


def _check_body(text: str, request: Request) -> None:
    if request.body.startswith("@"):
        _check_file(text, request.body_at, request.body, request.body[1:] or " ")
        return
    for string in STRING.finditer(request.body):
        if found := _MISSPELT.search(re.sub(_FIELD, lambda field: " " * len(field[0]), string[1])):
            raise _misspelt(text, request.body_at + string.start(1), found)
    try:
        value = json.loads(request.body)
    except ValueError as error:
        at = request.body_at + getattr(error, "pos", 0)
        raise _error(text, at, text[at : at + 1], f"the body is not JSON: {getattr(error, 'msg', error)}") from None
    if not isinstance(value, dict):
        raise _error(text, request.body_at, request.body, "the body is a JSON object")


def _misspelt(text: str, at: int, found: re.Match[str]) -> RuleError:
    return _error(text, at + found.start(), found[0], "a placeholder is spelled in capitals and hyphens: APP-ID")


def _error(text: str, at: int, part: str, message: str) -> RuleError:
    return RuleError(message, text, at, at + max(1, len(part.partition("\n")[0])))
