"""JSON Pointer (RFC 6901), and where a pointer's value stands in a JSON text. Worked out only when a finding needs it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_scan_once: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def join(*parts: object) -> str:
    return "".join("/" + escape(part) for part in parts)


def split(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def locate(text: str, pointer: str) -> int | None:
    """Index in `text`, a JSON value, of what the pointer names: of the key for a member of an object, of the value for an element.

    What is not there falls back to the nearest that is. None when the text is not JSON so far.
    """
    at = _SPACE.match(text, 0).end()  # type: ignore[union-attr]
    found = at
    try:
        for part in split(pointer):
            member = _member(text, at, part) if text[at] == "{" else _element(text, at, part) if text[at] == "[" else None
            if member is None:
                return found
            found, at = member
    except (ValueError, StopIteration, IndexError, RecursionError):
        return None
    return found


def _member(text: str, at: int, key: str) -> tuple[int, int] | None:
    at = _after(text, at + 1)
    while text[at] != "}":
        start = at
        name, at = _scan_once(text, at)
        at = _after(text, _after(text, at) + 1)  # beyond the colon
        if name == key:
            return start, at
        at = _next(text, _scan_once(text, at)[1])
    return None


def _element(text: str, at: int, index: str) -> tuple[int, int] | None:
    at = _after(text, at + 1)
    position = 0
    while text[at] != "]":
        if str(position) == index:
            return at, at
        at = _next(text, _scan_once(text, at)[1])
        position += 1
    return None


def _after(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _next(text: str, at: int) -> int:
    at = _after(text, at)
    return _after(text, at + 1) if text[at] == "," else at


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of an index in a text."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
