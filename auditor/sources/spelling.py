"""Property names in another casing than Microsoft Graph's, and registrations within an object that is read: neither may vanish.

Decoding skips members that no shape has. What equals a property but for its case is that property; what would be a registration of its
own and is a member of something else is an error at its place.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from auditor import pointer, schemas
from auditor.sources import marks
from auditor.sources.element import Element

# One look at a large file, of which not every object is walked: names that begin with a capital, and those on which verdicts depend most.
_CAPITAL = re.compile(rb'"[A-Z]\w*"\s*:')
_LOWER = (b'"passwordcredentials"', b'"keycredentials"', b'"redirecturis"', b'"enddatetime"')
_APP_ID, _PREAUTHORIZED = b'"appId"', b'ermissionIds"'  # of a preauthorized client: delegatedPermissionIds, in beta permissionIds


def may_be_odd(raw: bytes) -> bool:
    """Whether a file may hold property names in another casing."""
    return _CAPITAL.search(raw) is not None or any(name in raw for name in _LOWER)


def may_hold_others(element: Element) -> bool:
    """Whether an object may hold another registration: it has more application IDs than its own and those of preauthorized clients."""
    raw, start, end = element.raw, element.start, element.end
    ids = raw.count(_APP_ID, start, end)
    return ids > 1 and ids > 1 + raw.count(_PREAUTHORIZED, start, end)


class Examined(NamedTuple):
    """What is odd in an object. Paths are as they are in the file."""

    value: Any  # the object with Microsoft Graph's names
    origins: dict[str, str]  # pointer with Microsoft Graph's names -> pointer in the file, where a name differs
    twice: list[tuple[str, str]]  # (pointer in the file, property that it also has in another casing)
    strays: list[str]  # pointers in the file of what would be a registration or principal of its own


def examined(kind: str, value: Any) -> Examined:
    definitions = schemas.load("application")["$defs"]
    found = Examined(None, {}, [], [])
    if kind not in definitions:
        return found._replace(value=value)
    return found._replace(value=_walk(definitions, definitions[kind], value, (), (), found))


def _walk(
    definitions: dict[str, Any], schema: dict[str, Any], value: Any, path: tuple[Any, ...], ours: tuple[Any, ...], found: Examined
) -> Any:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_walk(definitions, items, item, (*path, i), (*ours, i), found) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        if isinstance(value, str) and value[:1] in "{[" and marks.bears(value):  # JSON within a text
            found.strays.append(pointer.join(*path))
        return value
    members: dict[str, Any] = value
    properties = schema.get("properties", {})
    if path and len(marks.found((name, item) for name, item in members.items() if name not in properties)) >= marks.ENOUGH:
        found.strays.append(pointer.join(*path))
        return value
    folded = _folded(tuple(properties))
    read: dict[str, Any] = {}
    for name, item in members.items():
        meant = name if name in properties else folded.get(name.lower(), name)
        if meant != name:
            if meant in members:
                if members[meant] != item:
                    found.twice.append((pointer.join(*path, name), meant))
                continue
            found.origins[pointer.join(*ours, meant)] = pointer.join(*path, name)
        # What no property has at all the reader visits.
        is_visited = not path and meant not in properties
        read[meant] = item if is_visited else _walk(definitions, properties.get(meant, {}), item, (*path, name), (*ours, meant), found)
    return read


@cache
def _folded(properties: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in properties}
