"""JSON Pointer (RFC 6901), and where a pointer's value stands in a JSON text. Worked out only when a finding needs it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from auditor.display import clean
from auditor.pattern import late

_NEWLINE = late("\n")
_SPACE = late(r"[ \t\r\n]*")


@cache
def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    """What reads the value that begins at a place of a text, and says where it ends."""
    import json

    return json.JSONDecoder().scan_once  # type: ignore[attr-defined, no-any-return]


def escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def join(*parts: object) -> str:
    return "".join("/" + escape(part) for part in parts)


def split(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def mapped(pointer: str, origins: Mapping[str, str]) -> str:
    """Where a place was before it was renamed: `origins` has it, or one that it is within."""
    head = pointer
    while head:
        if head in origins:
            return origins[head] + pointer[len(head) :]
        head = head.rpartition("/")[0]
    return pointer


def locate(text: str, pointer: str) -> int | None:
    """Index in `text`, a JSON value, of what the pointer names: of the key for a member of an object, of the value for an element.

    What is not there falls back to the nearest that is. None when the text is not JSON so far.
    """
    return Places(text).locate(pointer)


class Places:
    """Where the values of one JSON text stand. A container is looked through once, however many of its values are asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._inside: dict[int, dict[str, tuple[int, int]]] = {}  # where a container begins -> member -> (found, value)

    def locate(self, pointer: str) -> int | None:
        """As the function of this name."""
        found = at = _after(self.text, 0)
        try:
            for part in split(pointer):
                member = self._members(at).get(part)
                if member is None:
                    return found
                found, at = member
        except (ValueError, StopIteration, IndexError, RecursionError):
            return None
        return found

    def _members(self, at: int) -> dict[str, tuple[int, int]]:
        if at not in self._inside:
            begins = self.text[at]
            self._inside[at] = _members(self.text, at) if begins == "{" else _elements(self.text, at) if begins == "[" else {}
        return self._inside[at]


def _members(text: str, at: int) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    at = _after(text, at + 1)
    while text[at] != "}":
        start = at
        name, at = _scanner()(text, at)
        at = _after(text, _after(text, at) + 1)  # beyond the colon
        found[name] = start, at  # of a name that stands twice the last counts
        at = _next(text, _scanner()(text, at)[1])
    return found


def _elements(text: str, at: int) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    at = _after(text, at + 1)
    while text[at] != "]":
        found[str(len(found))] = at, at
        at = _next(text, _scanner()(text, at)[1])
    return found


def _after(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _next(text: str, at: int) -> int:
    at = _after(text, at)
    return _after(text, at + 1) if text[at] == "," else at


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of an index in a text."""
    if index > _FAR:
        begins = _line_begins(text)
        line = bisect_right(begins, index)
        return line, index - begins[line - 1] + 1
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


_FAR = 1 << 16  # characters: to count the lines up to there takes no time


def _line_begins(text: str) -> list[int]:
    """Where the lines of a long text begin: it may be asked for thousands of places."""
    text_before, begins = _last[0]
    if text_before is not text:  # another text of the same length and content would have to be compared each time
        begins = [0, *(found.end() for found in _NEWLINE.finditer(text))]
        _last[0] = text, begins
    return begins


_last: list[tuple[str, list[int]]] = [("", [0])]  # the text that was asked for last


@lru_cache(maxsize=4096)
def property_path(inside: str) -> str | None:
    """A JSON Pointer for people: /passwordCredentials/0/endDateTime -> passwordCredentials[0].endDateTime."""
    path = ""
    for part in split(inside):
        path += f"[{part}]" if part.isdigit() and path else f".{part}" if path else part
    return clean(path, 500) or None
