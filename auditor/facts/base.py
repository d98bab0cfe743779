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
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.entra.collections import APPLICATIONS, Collection, Need
from auditor.unknown import Unknown, Unread

if TYPE_CHECKING:
    from auditor.facts.document import Document

T = TypeVar("T")


_Collections = tuple[Collection, ...]


class _Declared:
    """A fact. Where none of the collections `unknown_without` is in the input it is unknown of every object; without the whole of
    `partial_without` it is a list that can never be wholly known. Rules need not try then.
    """

    def __init__(self, graph: str, doc: str, needs: tuple[Need, ...], unknown_without: _Collections, partial_without: Collection | None):
        self.graph, self.doc, self.needs = graph, doc, needs
        self.unknown_without, self.partial_without = unknown_without, partial_without


class _Property(_Declared):
    """A fact that the constructor sets; `FactType` makes a slot of it."""


class _Computed(_Declared):
    """A fact that is worked out when first read: until then its slot is empty, and `Fact.__getattr__` is asked."""

    compute: Callable[[Any], Any]


def prop(graph: str = "", doc: str = "", *, unknown_without: _Collections = ()) -> Any:
    """Declares a fact that the constructor sets, from the document's property `graph` ("endDateTime", "web/homePageUrl")."""
    return _Property(graph, doc, (), unknown_without, None)


def fact(
    *needs: Collection | Need, graph: str = "", unknown_without: _Collections = (), partial_without: Collection | None = None
) -> Callable[[Callable[[Any], T]], T]:
    """A fact worked out from the object itself and from the collections `needs`; APPLICATIONS.whole means the whole tenant's."""
    wanted = tuple(need if isinstance(need, Need) else Need(need) for need in needs)

    def declare(compute: Callable[[Any], T]) -> T:
        found = _Computed(graph, " ".join((compute.__doc__ or "").split()), wanted, unknown_without, partial_without)
        found.compute = compute
        return typing.cast("T", found)

    return declare


class FactType(type):
    """Collects the facts of a class in `FACTS`, and makes slots of them: there are millions."""

    FACTS: dict[str, _Declared]
    COMPUTED: dict[str, Callable[[Any], Any]]

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any) -> FactType:
        own = {key: value for key, value in space.items() if isinstance(value, _Declared)}
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
                "Collection": Collection,
                "Document": Any,
                "World": Any,  # what facts ask of the joins is no fact
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
    COLLECTIONS: those that its own properties come from.
    """

    SLOTS: tuple[str, ...] = ("owner", "at")
    KEY: Any = ()
    LABEL: Any = ()
    COLLECTIONS: tuple[Collection, ...] = (APPLICATIONS,)

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

    def origin(self, place: str = "") -> tuple[Document | None, str]:
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

    @property
    def named(self) -> str:
        """Its label in a list: of registrations and service principals with the app id, since several may have one name."""
        app_id = getattr(self, "app_id", None)
        return f"{self.label} ({app_id})" if app_id.__class__ is str and app_id and app_id != self.label else self.label

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


PLACEHOLDER_STARTS = ("${", "{{", "<", "[[")
PLACEHOLDER = "a placeholder in a template"


def identifier(value: Any) -> Any:
    """An id as a fact: lower case. A placeholder of a template ("${{AAD_APP_CLIENT_ID}}", "<app id>") is nobody's id."""
    if value.__class__ is str and value.startswith(PLACEHOLDER_STARTS):
        return Unknown(value, PLACEHOLDER)
    return lower(value)


def flag(value: Any) -> bool:
    """A switch of which Microsoft Graph documents that null means no."""
    known: bool = False if value is None else value
    return known


def each(values: Any, make: Callable[[Any, Any, str], T], owner: Any, at: str) -> list[T]:
    """The facts that a document's list holds, each made from its document, its owner and its place."""
    if values.__class__ is Unknown:
        return typing.cast("list[T]", values)
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
