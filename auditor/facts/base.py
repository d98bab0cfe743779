"""What a fact is: a typed, documented, read-only value with the property and the collections that it comes from.

A class of facts declares three kinds. `prop` is a value that the constructor sets: a property of the document, with its conversion.
`fact` is worked out when a rule first reads it, and kept: joins and whatever costs time. A fact that meets an unknown is that
unknown. `part` is a property of the document that facts are worked out from, and not a fact itself. All are collected by `FactType`:
what is decoded, asked of Microsoft Graph and documented follows from them (`derive.py`).
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.entra.collections import APPLICATIONS, Collection, Need
from auditor.facts import derive
from auditor.facts.convert import Conversion
from auditor.facts.derive import Reading
from auditor.unknown import Unknown, Unread

if TYPE_CHECKING:
    from msgspec import Struct

    from auditor.facts.document import Document

T = TypeVar("T")


_Collections = tuple[Collection, ...]


class _Declared:
    """A fact. Where none of the collections `unknown_without` is in the input it is unknown of every object; without the whole of
    `partial_without` it is a list that can never be wholly known. Rules need not try then.
    """

    def __init__(self, graph: str, doc: str, needs: tuple[Need, ...], unknown_without: _Collections, partial_without: Collection | None):
        self.graph, self._doc, self.needs = graph, doc, needs
        self.unknown_without, self.partial_without = unknown_without, partial_without

    @property
    def doc(self) -> str:
        """What it is, for the reference of facts, on one line."""
        return " ".join(self._doc.split())


class _Property(_Declared):
    """A fact that the constructor sets; `FactType` makes a slot of it."""

    def __init__(self, graph: str, doc: str, reading: Reading | None, unknown_without: _Collections) -> None:
        super().__init__(graph, doc, (), unknown_without, None)
        self.reading = reading


class _Computed(_Declared):
    """A fact that is worked out when first read: until then its slot is empty, and `__getattr__` is asked.

    `alike`: it is the same for all facts of the class that are `ALIKE`.
    """

    compute: Callable[[Any], Any]
    alike = False


def prop(
    path: str = "",
    convert: Conversion | None = None,
    doc: str = "",
    *,
    place: str = "",
    absent: str | None = "",
    unknown_without: _Collections = (),
) -> Any:
    """Declares a fact that the constructor sets, converted from the document's property `path` ("endDateTime", "web/homePageUrl").

    Findings point at `place`, where that is not the property itself. `absent` names what is absent, where a file calls it something
    else; None: what is absent counts as null. Without a conversion it is given to the constructor, or set by one that is written out.
    """
    return _Property(place or path, doc, None if convert is None else Reading(path, convert, absent), unknown_without)


def part(path: str, kind: Any, *, absent: str | None = "") -> Any:
    """Declares a property of the document that facts are worked out from: as it came, of the type `kind`, null or unknown."""
    return Reading(path, Conversion(kind), absent)


def fact(
    *needs: Collection | Need,
    graph: str = "",
    unknown_without: _Collections = (),
    partial_without: Collection | None = None,
    alike: bool = False,
) -> Callable[[Callable[[Any], T]], T]:
    """A fact worked out from the object itself and from the collections `needs`; APPLICATIONS.whole means the whole tenant's.

    `alike`: it follows from what the class names in `ALIKE`, and is worked out once for all objects that are the same in that.
    """
    wanted = tuple(need if isinstance(need, Need) else Need(need) for need in needs)

    def declare(compute: Callable[[Any], T]) -> T:
        found = _Computed(graph, compute.__doc__ or "", wanted, unknown_without, partial_without)
        found.compute, found.alike = compute, alike
        return typing.cast("T", found)

    return declare


class FactType(type):
    """Collects the facts of a class in `FACTS`, and makes slots of them: there are millions."""

    FACTS: dict[str, _Declared]
    READINGS: dict[str, Reading]  # what the constructor reads of the document, parts included
    COMPUTED: dict[str, _Computed]
    DECLARED: dict[str, _Declared | Reading]
    WITHIN: str
    ALIKE: tuple[str, ...]
    is_declared: bool  # its constructor follows from its declarations

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any) -> FactType:
        own = {key: value for key, value in space.items() if isinstance(value, (_Declared, Reading))}
        for key in own:
            del space[key]
        inherited = {key: value for base in reversed(bases) for key, value in getattr(base, "DECLARED", {}).items()}
        declared = {**inherited, **own}
        readings = {key: member.reading if isinstance(member, _Property) else member for key, member in declared.items()}
        space["__slots__"] = (*space.pop("SLOTS", ()), *(key for key in own if key not in inherited))
        cls = super().__new__(mcs, name, bases, space, **options)
        cls.DECLARED = declared
        cls.FACTS = {key: member for key, member in declared.items() if not isinstance(member, Reading)}
        cls.COMPUTED = {key: member for key, member in cls.FACTS.items() if isinstance(member, _Computed)}
        type.__setattr__(cls, "__getattr__", _working_out(cls))
        cls.READINGS = {key: reading for key, reading in readings.items() if isinstance(reading, Reading)}
        cls.is_declared = bool(cls.READINGS) and "__init__" not in space
        if cls.is_declared:
            type.__setattr__(cls, "__init__", Fact.__init__)  # not the one that was made for a base
        return cls

    def members(cls) -> list[str]:
        """The document's own members that are read, each once."""
        paths = [path for reading in cls.READINGS.values() for path in (reading.path, *reading.conversion.also)]
        return list(dict.fromkeys(path.partition("/")[0] for path in paths))

    def shape(cls) -> type[Struct]:
        """The struct that documents of a class are decoded into: what its facts read of them, and nothing else."""
        if "_shape" not in cls.__dict__:
            cls._shape = derive.shape(cls.__name__, cls.WITHIN, cls.READINGS.values())
        return typing.cast("type[Struct]", cls.__dict__["_shape"])

    def construct(cls) -> Callable[..., None]:
        """The constructor; what is neither read nor worked out is given to it."""
        return derive.constructor(*cls._declarations())

    def constructor_source(cls) -> str:
        """The constructor as text, which a wheel has of all classes."""
        return derive.constructor_source(*cls._declarations())

    def _declarations(cls) -> tuple[str, list[str], list[str], dict[str, Reading]]:
        """What the constructor follows from: name, slots, what is given to it, what it reads."""
        slots = [slot for base in cls.__mro__ for slot in base.__dict__.get("__slots__", ())]
        given = [key for key, member in cls.FACTS.items() if isinstance(member, _Property) and member.reading is None]
        return cls.__name__, slots, given, cls.READINGS

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


def _working_out(cls: FactType) -> Callable[[Any, str], Any]:
    """`__getattr__` of a class: a fact that nobody has read yet."""
    functions = {name: member.compute for name, member in cls.COMPUTED.items()}
    alike = [name for name, member in cls.COMPUTED.items() if member.alike]
    identity_of = attrgetter(*cls.ALIKE) if cls.ALIKE else None

    def twin_of(one: Any) -> Any:
        """The first fact of the class that is the same in all of `ALIKE`; the fact itself where that is not known."""
        assert identity_of is not None
        try:
            return one.owner.world.alike.setdefault((cls, identity_of(one)), one)
        except Unread:
            return one

    def first_read(self: Any, name: str) -> Any:
        compute = functions.get(name)
        if compute is None:
            raise AttributeError(name)
        if name in alike and (twin := twin_of(self)) is not self:
            for one in alike:
                setattr(self, one, getattr(twin, one))
            return getattr(twin, name)
        try:
            value = compute(self)
        except Unread as gap:
            value = gap.unknown
        setattr(self, name, value)
        return value

    return first_read


class Fact(metaclass=FactType):
    """Something that rules may speak about.

    KEY: the natural key, as alternatives; the first whose parts are all known counts, else the place in the document.
    LABEL: the facts that name it in a message, the first that is known and not empty.
    COLLECTIONS: those that its own properties come from.
    PRESUMED_NULL: the facts besides lists that a rule may presume to be null, where `presumed` says so.
    ALIKE: the facts from which those follow that are declared `alike`; a permission that a thousand registrations request is one.
    PROOFS: the facts besides that a finding on it points at.
    WITHIN: the list that its document is in, where it is a part of another one.
    """

    SLOTS: tuple[str, ...] = ("owner", "at")
    KEY: Any = ()
    LABEL: Any = ()
    COLLECTIONS: tuple[Collection, ...] = (APPLICATIONS,)
    WITHIN = ""
    PROOFS: tuple[str, ...] = ()
    ALIKE: tuple[str, ...] = ()
    PRESUMED_NULL: frozenset[str] = frozenset()  # besides lists, what rules may presume; `presumed` says when

    document: Any = None  # that it stands in, where that is not its owner's
    owner: Any  # the fact that it is part of: a secret's registration; of a root the world it lives in
    at: str  # its JSON Pointer below the owner

    def __init__(self, *given: Any, **named: Any) -> None:
        """Stands for a class's constructor until the first of its facts is made."""
        cls = type(self)
        type.__setattr__(cls, "__init__", cls.construct())
        cls.__init__(self, *given, **named)

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

    def presumed(self, name: str, unknown: Unknown) -> Any:
        """What counts as the value of a presumed fact that is not known: empty, or null, where its format cannot carry it."""
        if not self.cannot_carry(unknown):
            return unknown
        return None if name in self.PRESUMED_NULL else ()

    def cannot_carry(self, unknown: Unknown) -> bool:
        """Whether something is unknown only since the format of the fact's file cannot carry it, and nothing else was read of it."""
        document, _ = self.origin()
        form = document.format if document is not None else None
        if form is None or (unknown.what not in form.cannot_carry and form.shows_in_part.get(unknown.what) != unknown.why):
            return False
        world: Any = self
        while isinstance(world, Fact):
            world = world.owner
        return world is not None and not (unknown.collection and world.has_any_of(unknown.what))

    @property
    def key(self) -> str:
        """Identifies it among its siblings: its natural key, else its place."""
        return self.at if (key := self.natural_key) is None else key

    @property
    def natural_key(self) -> str | None:
        """Identifies it among its siblings, whatever its place or name; None where what would is not known."""
        for parts in self.KEY:
            values = [getattr(self, part) for part in parts]
            if values[0].__class__ is str and values[0] and len(values) == 1:
                return values[0]
            if all(value.__class__ is not Unknown and value is not None and value != "" for value in values):
                return "|".join(str(value) for value in values)
        return None

    @property
    def known_by(self) -> int:
        """Which of KEY's alternatives the natural key is; one of a later one is another where more is known."""
        for number, parts in enumerate(self.KEY):
            if all(
                value.__class__ is not Unknown and value is not None and value != "" for value in (getattr(self, part) for part in parts)
            ):
                return number
        return len(self.KEY)

    @property
    def label(self) -> str:
        for name in self.LABEL:
            value = getattr(self, name)
            if value.__class__ is not Unknown and value:
                return str(value)
        return self.key or "(no name)"

    @property
    def name_in_list(self) -> str:
        """Its label in a list: of registrations and service principals with the app id, since several may have one name."""
        app_id = getattr(self, "app_id", None)
        return f"{self.label} ({app_id})" if app_id.__class__ is str and app_id and app_id != self.label else self.label

    def __str__(self) -> str:
        return self.label
