"""A fix that is written once for a rule, and filled in with what a finding knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from auditor import body
from auditor.display import is_pasted, show, value_of
from auditor.unknown import Partial, Unknown


class Way(StrEnum):
    """How a value is written, by where it stands."""

    prose = "prose"
    word = "word"  # of a command, or of an address
    text = "text"  # within a JSON string
    value = "value"  # a JSON value
    elements = "elements"  # of a JSON array


def written(value: Any, way: Way, form: str = "") -> str | None:
    """A fact as it stands in a fix; None where it is not known, or may not stand there. `form`: of a date or duration; of elements
    what stands before each.
    """
    if way is Way.prose:  # a value begins no code and no block
        shown = value_of(value, form)
        return None if shown is None else shown.replace("`", "'")
    if way is Way.word:
        if value is None or value.__class__ in (Unknown, Partial) or value == []:
            return None
        shown = show(value, form)
        return shown if is_pasted(shown) else None
    write = body.text if way is Way.text else body.value if way is Way.value else body.elements
    return write(value, form)


@lru_cache(maxsize=4096)
def _of_member(value: str, way: Way) -> str | None:
    """What stands for a member of a finding or its object, which all findings of the object share."""
    made = written(value, way)
    return made if made is not None and _may_stand(made, way) else None


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a value goes in a template."""

    placeholder: str
    """Stands for a value that is not known, or that a shell could obey within a command: APP-ID."""
    member: str | None = None
    """The member of the finding or of its object that has the value; null: it is in the finding's `values`."""
    way: Way = Way.prose
    """prose; word, of a command; of JSON text (within a string), value, elements (of an array). `values` are written so already."""

    def filled(self, value: str | None) -> str:
        """What stands here, the placeholder where the value is not known or may not stand here."""
        if value is None:
            return self.placeholder
        if self.member is not None:
            return _of_member(value, self.way) or self.placeholder
        return value if _may_stand(value, self.way) else self.placeholder


def _may_stand(value: str, way: Way) -> bool:
    """Whether a value is written as it should be. A report may have been written by anybody: no value ends its block or its string."""
    if way is Way.word:
        return is_pasted(value)
    if "`" in value or not value.isprintable():
        return False
    if way is Way.prose:
        return True
    try:
        json.loads(f'"{value}"' if way is Way.text else value if way is Way.value else f"[{value.removeprefix(', ')}]")
    except ValueError:
        return False
    return True


class Template(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """Markdown with places in braces, `Delete {app.app_id}`. Commands stand in blocks, az and graph, or between backticks."""

    text: str
    """Markdown, with a place between braces wherever a value goes."""
    places: dict[str, Place] = {}
    """What stands between the braces -> where its value comes from."""
    placeholders: list[str] = []
    """All that a reader may have to fill in."""

    def __hash__(self) -> int:
        return hash(self.text)

    def filled(self, values: Mapping[str, str | None]) -> str:
        """The text with these values, by what stands between the braces. Braces that are no place stay."""
        return self.joined({name: place.filled(values.get(name)) for name, place in self.places.items()})

    def joined(self, filled: Mapping[str, str]) -> str:
        """The text with what stands at its places."""
        return "".join([filled[part] if i % 2 else part for i, part in enumerate(self._parts)])

    @cached_property
    def _parts(self) -> list[str]:
        """The text; every second part is the name of a place."""
        if not self.places:
            return [self.text]
        names = "|".join(re.escape(name) for name in sorted(self.places, key=len, reverse=True))
        return re.split("{(" + names + ")}", self.text)
