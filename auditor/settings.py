"""One way from TOML that somebody wrote by hand to a struct, and from a fault in it to the line of its key."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from auditor.pattern import late

_LARGEST = 1024 * 1024  # bytes of a file
_LONGEST = 60  # characters of a wrong value that are shown
_WORDS: dict[Any, str] = {str: "a text", int: "a number", bool: "yes or no", list[str]: "a list of texts", list[int]: "a list of numbers"}

T = TypeVar("T", bound=msgspec.Struct)
Fail = Callable[[str, int], Exception]  # makes an error of a message and a line of the text, counted from 1
Places = dict[str, tuple[int, int]]  # "params.warn_days" -> where its value begins and ends, as offsets in the text


def read_text(path: Path) -> str:
    """A text that somebody wrote by hand, whole. Raises OSError, ValueError: a pipe or a device may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 1024} KiB")
    return raw.decode("utf-8-sig")


def table(text: str, what: str, fail: Fail) -> dict[str, Any]:
    """The text as TOML. Raises what `fail` makes; `what` names the text in the message."""
    import tomllib  # not before a TOML file is read: the pages of a wheel are none

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise fail(f"{what} is not TOML: {error}", int(at[1]) if at else 1) from None
    except RecursionError:
        raise fail(f"{what} is nested too deeply", 1) from None


def struct(found: dict[str, Any], kind: type[T], text: str, fail: Fail, *, at: str = "") -> T:
    """The table as a struct. Raises what `fail` makes of the first fault: message, and line of its key in the text.

    `at` is the key that the table has in the text, as in "tool.regaudit"; "" for the whole of it.
    """
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError:
        message, key = _fault(found, kind, f"{at}." if at else "")
        raise fail(message, line_of(text, key)) from None


def line_of(text: str, key: str, index: int = 0) -> int:
    """The line of a character of a key's value ("severity.secret-expired"), or of the table that the key is missing in."""
    return _line_in(places(text), text, key, index)


def lines_of_tables(text: str, key: str, number: int) -> list[int]:
    """On which line each of the tables of an array begins."""
    known = places(text)
    found: list[int] = []
    line = at = 0
    for key_ in (f"{key}.{n}" for n in range(number)):
        if key_ not in known:  # an array in one line
            found.append(_line_in(known, text, key_))
            continue
        start = known[key_][0]
        line, at = line + text.count("\n", at, start), start
        found.append(1 + line)
    return found


def _line_in(known: Places, text: str, key: str, index: int = 0) -> int:
    while key and key not in known:
        key, index = key.rpartition(".")[0], 0
    if not key:
        return 1
    start, end = known[key]
    return 1 + text.count("\n", 0, start) + _lines_before(text[start:end], index)


def _fault(found: dict[str, Any], kind: type[msgspec.Struct], above: str = "") -> tuple[str, str]:
    """What is wrong in a table that is no such struct, and at which key of the text; its own key is `above`, with a dot."""
    import difflib

    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in found:
        if key not in fields:
            close = difflib.get_close_matches(key, fields, n=1)
            return f"unknown key {key!r}; " + (f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(fields)}"), above + key
    for key, field in fields.items():
        if key not in found:
            if field.required:
                return f"{key!r} is missing", above.rstrip(".")
            continue
        try:
            msgspec.convert(found[key], field.type)
        except msgspec.ValidationError:
            if (within := _tables(field.type)) is not None and isinstance(found[key], list):
                for number, table in enumerate(found[key]):
                    if isinstance(table, dict) and not _fits(table, within):
                        return _fault(table, within, f"{above}{key}.{number}.")
            return f"{key!r} is {_words(field.type)}, not {shown(found[key])}", above + key
    raise AssertionError("a struct is as wrong as its fields")


def _fits(table: dict[str, Any], kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(table, kind)
    except msgspec.ValidationError:
        return False
    return True


def _tables(hint: Any) -> type[msgspec.Struct] | None:
    """What each table of an array of tables is read as; None for any other type."""
    if get_origin(hint) is Annotated:
        return _tables(get_args(hint)[0])
    of = get_args(hint)[0] if get_origin(hint) is list else None
    return of if isinstance(of, type) and issubclass(of, msgspec.Struct) else None


def _words(hint: Any) -> str:
    """A type, for people; a field may bring words of its own: Annotated[…, Meta(description=…)]."""
    if get_origin(hint) is Annotated:
        return next((meta.description for meta in get_args(hint)[1:] if meta.description), None) or _words(get_args(hint)[0])
    if get_origin(hint) is dict:
        return "a table"
    if (known := _WORDS.get(hint)) is not None:
        return known
    return _words(next(part for part in get_args(hint) if part is not type(None)))  # of `str | None`


def shown(value: Any) -> str:
    """A wrong value, for people."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# -- where the keys of a TOML text are: tomllib forgets it

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PART = late(_KEY)
_STATEMENT = late(rf"[ \t]*(\[\[?[ \t]*)?({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*(?:=[ \t]*|\]\]?)")
_TOKEN = late(
    r'''"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|\'{3}(?:[^']|'(?!''))*'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]|[^"'\#\[\]{}\n]+''',
    re.DOTALL,
)
_CONTINUED = late(r"\\[ \t]*\n\s*")


def places(text: str) -> Places:
    """Where each value of a TOML text is, by its dotted key, in the order of the text. The text is known to be TOML.

    Of an array of tables each has its number: "waiver.0.until".
    """
    found: Places = {}
    above: list[str] = []
    numbers: dict[str, int] = {}  # key of an array of tables -> the number of the last one
    at = 0
    while at < len(text):
        statement = _STATEMENT.match(text, at)
        if statement is None:  # a comment, an empty line
            at = text.find("\n", at) + 1 or len(text)
            continue
        path = [part.strip("\"'") for part in _PART.findall(statement[2])]
        if statement[1]:
            above = _numbered(path, numbers, begins=statement[1].startswith("[["))
            found.setdefault(".".join(path), statement.span(2))
            found.setdefault(".".join(above), statement.span(2))
            at = text.find("\n", at) + 1 or len(text)
            continue
        start = end = at = statement.end()
        depth = 0
        while (token := _TOKEN.match(text, at)) is not None:
            at = token.end()
            if (first := token[0][0]) == "\n":
                if not depth:
                    break
            elif first != "#":
                end = at
                depth += (first in "[{") - (first in "]}")
        found[".".join([*above, *path])] = start, end
    return found


def _numbered(path: list[str], numbers: dict[str, int], *, begins: bool) -> list[str]:
    """The key of a table with the numbers of the arrays of tables that it is in; `begins`: it is the next one of such an array."""
    found: list[str] = []
    for i, part in enumerate(path, 1):
        found.append(part)
        key = ".".join(found)
        if begins and i == len(path):
            numbers[key] = numbers.get(key, -1) + 1
        if key in numbers:
            found.append(str(numbers[key]))
    return found


def _lines_before(literal: str, index: int) -> int:
    """How many lines of a text's TOML literal end before the character at `index` of the text that it means."""
    quotes = literal[:3]
    if quotes not in ('"""', "'''"):
        return 0
    at = 4 if literal[3:4] == "\n" else 3
    while at < len(literal):
        if quotes == '"""' and literal[at] == "\\":
            if continued := _CONTINUED.match(literal, at):
                at = continued.end()
                continue
            size = {"u": 6, "U": 10}.get(literal[at + 1], 2)
        else:
            size = 1
        if index <= 0:
            break
        at, index = at + size, index - 1
    return literal.count("\n", 0, at)
