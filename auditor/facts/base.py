"""What a fact is: a typed, documented, read-only value with the property and the collections that it comes from.

A class of facts declares two kinds. `prop` is a value that the constructor sets: it stands for one property of the document.
`fact` is worked out when a rule first reads it, and kept: joins and whatever costs time. A fact that meets an unknown is that
unknown. Both are collected by `FactType`, which is all that the language and the facts reference know of a class.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from auditor.unknown import Unknown, Unread

T = TypeVar("T")


class _Property:
    """A fact that the constructor sets; `FactType` makes a slot of it."""

    def __init__(self, graph: str, doc: str) -> None:
        self.graph, self.doc = graph, doc
        self.needs: tuple[str, ...] = ()


class _Computed:
    """A fact that is worked out when first read; the instance's dictionary then hides this descriptor."""

    def __init__(self, compute: Callable[[Any], Any], needs: tuple[str, ...], graph: str) -> None:
        self.compute, self.needs, self.graph = compute, needs, graph
        self.doc = " ".join((compute.__doc__ or "").split())

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type) -> Any:
        if obj is None:
            return self
        try:
            value = self.compute(obj)
        except Unread as gap:
            value = gap.unknown
        obj.__dict__[self.name] = value
        return value


def prop(graph: str = "", doc: str = "") -> Any:
    """Declares a fact that the constructor sets, from the document's property `graph` ("endDateTime", "web/homePageUrl")."""
    return _Property(graph, doc)


def fact(*needs: str, graph: str = "") -> Callable[[Callable[[Any], T]], T]:
    """A fact worked out from the object itself and from the collections `needs`; "applications*" means the whole tenant's."""

    def declare(compute: Callable[[Any], T]) -> T:
        return typing.cast("T", _Computed(compute, needs, graph))

    return declare


class FactType(type):
    """Collects the facts of a class in `FACTS` and makes its `prop`s slots."""

    FACTS: dict[str, _Property | _Computed]

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any) -> FactType:
        own = {key: value for key, value in space.items() if isinstance(value, (_Property, _Computed)) and not key.startswith("_")}
        slots = [key for key, value in space.items() if isinstance(value, _Property)]
        for key in slots:
            del space[key]
        space["__slots__"] = (*space.pop("SLOTS", ()), *slots)
        cls = super().__new__(mcs, name, bases, space, **options)
        cls.FACTS = {**{k: v for base in reversed(bases) for k, v in getattr(base, "FACTS", {}).items()}, **own}
        return cls

    def hints(cls) -> dict[str, Any]:
        """Name of each fact -> type hint."""
        if "_hints" not in cls.__dict__:
            scope = {
                **vars(sys.modules["auditor.facts"]),
                "datetime": datetime,
                "timedelta": timedelta,
                "Literal": typing.Literal,
                "Any": Any,
            }
            declared = typing.get_type_hints(cls, scope)
            hints = {}
            for name, member in cls.FACTS.items():
                if isinstance(member, _Computed):
                    hints[name] = typing.get_type_hints(member.compute, scope)["return"]
                else:
                    hints[name] = declared[name]
            cls._hints = hints
        return typing.cast("dict[str, Any]", cls.__dict__["_hints"])


class Fact(metaclass=FactType):
    """Something that rules may speak about.

    KEY: the natural key, as alternatives; the first whose parts are all known counts, else the place in the document.
    LABEL: the facts that name it in a message, the first that is known and not empty.
    COLLECTION: the collection of the tenant that its own properties come from.
    """

    SLOTS: tuple[str, ...] = ("owner", "at", "__dict__")
    KEY: Any = ()
    LABEL: Any = ()
    COLLECTION = "applications"

    owner: Any  # the fact that it is part of: a secret's registration; of a root the world it lives in
    at: str  # its JSON Pointer below the owner

    def origin(self) -> tuple[Any, str]:
        """The document that it stands in, and where there, as a JSON Pointer in Microsoft Graph's shape; None where it has none."""
        inside, link = "", self
        while isinstance(link, Fact):
            inside = link.at + inside
            if (document := getattr(link, "document", None)) is not None:
                return document, inside
            link = link.owner
        return None, inside

    @property
    def key(self) -> str:
        """Identifies it among its siblings, whatever its place or name; '' for a root."""
        for parts in self.KEY:
            values = [getattr(self, part) for part in parts]
            if values[0].__class__ is str and values[0] and len(values) == 1:
                return values[0]
            if all(value.__class__ is not Unknown and value is not None and value != "" for value in values):
                return "|".join(str(value) for value in values)
        return self.at

    @property
    def label(self) -> str:
        for name in self.LABEL:
            value = getattr(self, name)
            if value.__class__ is not Unknown and value:
                return str(value)
        return self.key

    def __str__(self) -> str:
        return self.label


def text(value: Any) -> Any:
    """A text of a document as a fact: null reads as ''."""
    return "" if value is None else value


def lower(value: Any) -> Any:
    """A text that Entra ID compares without case (GUIDs): lower case, null reads as ''."""
    if value.__class__ is str:
        return value if value.islower() else value.lower()
    return "" if value is None else value


_PLACEHOLDERS = ("${", "{{", "<", "[[")


def identifier(value: Any) -> Any:
    """An id as a fact: lower case. A placeholder of a template ("${{AAD_APP_CLIENT_ID}}", "<app id>") is nobody's id."""
    if value.__class__ is str and value.startswith(_PLACEHOLDERS):
        return Unknown(value, "a placeholder in a template")
    return lower(value)


def flag(value: Any) -> Any:
    """A switch of which Microsoft Graph documents that null means no."""
    return False if value is None else value


def each(values: Any, make: Callable[[Any, Any, str], Any], owner: Any, at: str) -> Any:
    """The facts that a document's list holds, each made from its document, its owner and its place."""
    if values.__class__ is Unknown:
        return values
    return [make(value, owner, f"{at}/{i}") for i, value in enumerate(values)] if values else []


def listed(value: Any) -> Any:
    """A collection of which null means none: Microsoft Graph never sends that, other exports do."""
    return [] if value is None else value
