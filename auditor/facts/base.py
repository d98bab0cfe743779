"""What a fact is: a typed, documented, read-only value with the property and the collections that it comes from.

A class of facts declares two kinds. `prop` is a value that the constructor sets: it stands for one property of the document.
`fact` is worked out when a rule first reads it, and kept: joins and whatever costs time. A fact that meets an unknown is that
unknown. Both are collected by `FactType`, which is all that the language and the facts reference know of a class.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.unknown import Partial, Unknown, Unread, indexed, whole_or_partial

T = TypeVar("T")


class _Property:
    """A fact that the constructor sets; `FactType` makes a slot of it."""

    def __init__(self, graph: str, doc: str) -> None:
        self.graph, self.doc = graph, doc
        self.needs: tuple[str, ...] = ()


class _Computed:
    """A fact that is worked out when first read: until then its slot is empty, and `Fact.__getattr__` is asked."""

    def __init__(self, compute: Callable[[Any], Any], needs: tuple[str, ...], graph: str) -> None:
        self.compute, self.needs, self.graph = compute, needs, graph
        self.doc = " ".join((compute.__doc__ or "").split())


def prop(graph: str = "", doc: str = "") -> Any:
    """Declares a fact that the constructor sets, from the document's property `graph` ("endDateTime", "web/homePageUrl")."""
    return _Property(graph, doc)


def fact(*needs: str, graph: str = "") -> Callable[[Callable[[Any], T]], T]:
    """A fact worked out from the object itself and from the collections `needs`; "applications*" means the whole tenant's."""

    def declare(compute: Callable[[Any], T]) -> T:
        return typing.cast("T", _Computed(compute, needs, graph))

    return declare


class FactType(type):
    """Collects the facts of a class in `FACTS`, and makes slots of them: there are millions."""

    FACTS: dict[str, _Property | _Computed]
    COMPUTED: dict[str, Callable[[Any], Any]]

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any) -> FactType:
        own = {key: value for key, value in space.items() if isinstance(value, (_Property, _Computed))}
        for key in own:
            del space[key]
        inherited = {key: value for base in reversed(bases) for key, value in getattr(base, "FACTS", {}).items()}
        space["__slots__"] = (*space.pop("SLOTS", ()), *(key for key in own if key not in inherited))
        cls = super().__new__(mcs, name, bases, space, **options)
        cls.FACTS = {**inherited, **own}
        cls.COMPUTED = {key: member.compute for key, member in cls.FACTS.items() if isinstance(member, _Computed)}
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

    SLOTS: tuple[str, ...] = ("owner", "at")
    KEY: Any = ()
    LABEL: Any = ()
    COLLECTION = "applications"

    document: Any = None  # that it stands in, where that is not its owner's
    owner: Any  # the fact that it is part of: a secret's registration; of a root the world it lives in
    at: str  # its JSON Pointer below the owner

    if not TYPE_CHECKING:  # what type checkers need to know of facts stands in their classes

        def __getattr__(self, name: str) -> Any:
            """A fact that nobody has read yet."""
            compute = self.COMPUTED.get(name)
            if compute is None:
                raise AttributeError(name)
            try:
                value = compute(self)
            except Unread as gap:
                value = gap.unknown
            setattr(self, name, value)
            return value

    def origin(self, place: str = "") -> tuple[Any, str]:
        """The document that it (or `place` below it) stands in, and where there, as a JSON Pointer in Microsoft Graph's shape;
        None where it has none.
        """
        inside, link = place, self
        while isinstance(link, Fact):
            inside = link.at + inside
            if link.document is not None:
                return link.document, inside
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
        return self.key or "(no name)"

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
    return [make(value, owner, place) for value, place in zip(values, places(at, len(values)), strict=False)] if values else NONE


NONE: Any = []  # one empty list for all: facts are read-only
_places: dict[str, list[str]] = {}


def places(at: str, count: int) -> list[str]:
    """The JSON Pointers of a list's elements, at least `count`. They are the same for every registration, and so shared."""
    known = _places.setdefault(at, [])
    while len(known) < count:
        known.append(f"{at}/{len(known)}")
    return known


def listed(value: Any) -> Any:
    """A collection of which null means none: Microsoft Graph never sends that, other exports do."""
    return value if value is not None and (value.__class__ is not list or value) else NONE


LONG = 32  # elements: to look at fewer takes less time than to make an index of them


def alike(world: Any, values: Any, name: str, key_of: Callable[[Any], tuple[Any, ...]], keys: Iterable[tuple[Any, ...]]) -> Any:
    """Those of a list whose key is one of these, and those of which it is not known, in their order. A short list stays as it is:
    who asks tests each element anyway.
    """
    if values.__class__ not in (list, Partial) or list.__len__(values) <= LONG:
        return values
    # The list is kept, so that its id is given to no other.
    _, (groups, unsure) = world.index(f"{name} {id(values)}", lambda: (values, indexed(values, key_of)))
    found = sorted([entry for key in keys for entry in groups.get(key, ())] + unsure, key=lambda entry: entry[0])
    return whole_or_partial([value for _, value in found], values.unknown if values.__class__ is Partial else None)
