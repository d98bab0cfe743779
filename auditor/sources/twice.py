"""Names that an object has twice with different values. JSON lets that through, and decoders keep the last; nothing says which is meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.display import clean
from auditor.sources.element import Element

ERROR = "it is here twice with different values: nothing says which one is meant; remove one of them"
UNKNOWN = "it is here twice with different values, so it counts as unknown: remove one of them"
_encode = msgspec.json.Encoder().encode
_ESCAPED = b"\\u0022"  # a quote, which is written in another way again


class Twice(dict[str, Any]):
    """A decoded object that had names twice."""

    others: dict[str, Any]  # of such names the values that do not count


def spelt(name: str) -> str:
    """What is said of a name that is there in another casing, too."""
    return f" (the other one is {clean(name, 80)!r})" if name else ""


def is_in(element: Element, held: Any) -> bool:
    """Whether a text has a name twice of which `held`, what was decoded of all of it, has one.

    Quotes are around names and texts only, and those within texts stay: there are as many as in what is written anew.
    """
    return element.raw.count(b'"', element.start, element.end) != _encode(held).count(b'"')


def decoded(element: Element) -> Any:
    """An object's value, in which objects that have a name twice are `Twice`."""
    value = element.value()
    if element.raw.find(_ESCAPED, element.start, element.end) < 0 and not is_in(element, value):
        return value
    found: list[Twice] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) == len(items) or not (others := {name: item for name, item in items if item != made[name]}):
            return made
        found.append(Twice(made))
        found[-1].others = others
        return found[-1]

    again = json.loads(str(element.view(), "utf-8"), object_pairs_hook=pairs, parse_int=_number, strict=False)
    return again if found else value


def _number(digits: str) -> float:
    return int(digits) if len(digits) < 20 else float(digits)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """Where in a decoded value an object has a name twice, and both values."""
    if isinstance(value, Twice):
        yield from (((*path, name), value[name], other) for name, other in value.others.items())
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def with_others(value: Any) -> Any:
    """A decoded value in which of each such name another value counts."""
    if isinstance(value, dict):
        others = value.others if isinstance(value, Twice) else {}
        return {name: with_others(others.get(name, item)) for name, item in value.items()}
    return [with_others(item) for item in value] if isinstance(value, list) else value


def differing(one: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where two objects have different values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            yield from differing(one.get(name), other.get(name), (*path, name))
    elif one != other:
        yield path
