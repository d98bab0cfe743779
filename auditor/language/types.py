"""Types of expressions, from the type hints of facts."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from auditor.facts import Fact


@dataclass(frozen=True, slots=True)
class Type:
    """kind: bool, int, text, date, duration, list, fact, null or severity."""

    kind: str
    item: Type | None = None  # of a list
    cls: type[Fact] | None = None  # of a fact
    values: tuple[str, ...] = ()  # of an enumeration
    null: bool = False

    def __str__(self) -> str:
        names = {"list": f"list of {self.item}", "fact": self.cls.__name__ if self.cls else "", "date": "date and time", "bool": "yes/no"}
        return names.get(self.kind, self.kind) + (" or null" if self.null else "")


BOOL, INT, TEXT, DATE, DURATION, NULL, SEVERITY = (Type(kind) for kind in ("bool", "int", "text", "date", "duration", "null", "severity"))
_SIMPLE: dict[Any, Type] = {bool: BOOL, int: INT, str: TEXT, datetime: DATE, timedelta: DURATION}
_known: dict[Any, Type] = {}


def type_of(hint: Any) -> Type:
    """The type of a fact, from its type hint."""
    if hint not in _known:
        _known[hint] = _type_of(hint)
    return _known[hint]


def _type_of(hint: Any) -> Type:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return replace(type_of(next(a for a in arguments if a is not type(None))), null=True)
    if origin is typing.Literal:
        return Type("text", values=arguments)
    if origin is list:
        return Type("list", item=type_of(arguments[0]))
    return _SIMPLE.get(hint) or Type("fact", cls=hint)
