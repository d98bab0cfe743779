"""Three states of a value: known, null (`None`: it was read and is not set) and unknown (it was not read).

An unknown raises `Unread` on whatever plain Python does with it, so it cannot leak into a verdict: what it decides is judged
again in three values. `value is None` and `value.__class__` are the only safe questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from msgspec import Struct


class Unread(Exception):
    """A computation needed a value that was not read; `unknown` says which."""

    def __init__(self, unknown: Unknown) -> None:
        self.unknown = unknown


class Reason(Struct, frozen=True, order=True):
    """Why a verdict is missing: `what` is not known, and `why`. Verdicts are counted, and remedies found, by all three.

    `collection`: `what` names a collection. A value that somebody wrote into a document may read like one's name.
    """

    what: str
    why: str
    collection: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class Unknown:
    """Stands where a value is not known. `what` names the property or collection, `why` says why it is not known.

    `collection` is True when the tenant's collection `what` is missing, False when one property of one object is.
    """

    __slots__ = ("collection", "what", "why")

    def __init__(self, what: str, why: str = "absent", *, collection: bool = False) -> None:
        self.what, self.why, self.collection = what, why, collection

    def _raise(self, *_: object) -> NoReturn:
        raise Unread(self)

    # Whatever could turn an unknown into a verdict raises; `__getattr__` is only asked for what is not a slot.
    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _raise
    __len__ = __iter__ = __contains__ = __getattr__ = __getitem__ = __call__ = __index__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = _raise

    def __str__(self) -> str:
        return "unknown"

    def __repr__(self) -> str:
        return f"<unknown {self.what}: {self.why}>"

    @property
    def key(self) -> Reason:
        """By which it is counted."""
        return Reason(self.what, self.why, self.collection)

    @property
    def reason(self) -> str:
        """For people: "servicePrincipals: not in the input"."""
        return str(self.key)


class Unavailable:
    """What a run cannot know, by fact ("App.owners"): what is unknown of every object, and lists that can never be wholly known."""

    def __init__(self, unknown: Mapping[str, Unknown] | None = None, partial: Mapping[str, Unknown] | None = None) -> None:
        self.unknown, self.partial = dict(unknown or {}), dict(partial or {})
        # Two runs of the same key know the same: what was compiled for one serves the other.
        self.key = tuple(
            sorted((fact, gap.what, gap.why, gap.collection) for gaps in (self.unknown, self.partial) for fact, gap in gaps.items())
        )
        self._by_fact: dict[str, list[tuple[str, str, str, bool]]] = {}
        for entry in self.key:
            self._by_fact.setdefault(entry[0], []).append(entry)

    def of(self, facts: Iterable[str]) -> list[tuple[str, str, str, bool]]:
        """The part of the key that is about these facts."""
        by_fact = self._by_fact
        return [entry for fact in facts if fact in by_fact for entry in by_fact[fact]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unavailable) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class Partial(list[Any]):
    """A list of which some elements are known and `unknown` stands for the rest. Iterating raises `Unread` at its end."""

    __slots__ = ("unknown",)

    def __init__(self, known: Iterable[Any], unknown: Unknown) -> None:
        super().__init__(known)
        self.unknown = unknown

    def __iter__(self) -> Iterator[Any]:
        yield from list.__iter__(self)
        raise Unread(self.unknown)

    def __len__(self) -> int:
        raise Unread(self.unknown)

    def __bool__(self) -> bool:
        return True  # there may be something: the loop decides

    def __contains__(self, item: object) -> bool:
        if any(item == known for known in list.__iter__(self)):
            return True
        raise Unread(self.unknown)

    def known(self) -> list[Any]:
        return list(list.__iter__(self))


def known(values: Any) -> Any:
    """The part of a list that is known; of an unknown list nothing is, and `Unread` is raised."""
    kind = values.__class__
    if kind is Partial:
        return values.known()
    if kind is Unknown:
        raise Unread(values)
    return values


def read(value: Any) -> Any:
    """The value itself; raises Unread for an unknown. For functions in C, which an unknown cannot stop by itself."""
    if value.__class__ is Unknown:
        raise Unread(value)
    return value


def is_unknown(value: object) -> bool:
    return value.__class__ is Unknown


def first_unknown(*values: object) -> Unknown | None:
    return next((value for value in values if isinstance(value, Unknown)), None)


def whole_or_partial(found: list[Any], missing: Unknown | None) -> list[Any]:
    """`found` as it is when nothing is missing, else as the known part of a list."""
    if missing is None:
        return found or _NONE
    return Partial(found, missing)


_NONE: list[Any] = []  # one for all: what is worked out is read-only, and mostly empty


def keep(values: Any, test: Callable[[Any], object]) -> list[Any]:
    """Filter a list, keeping uncertainty: an unknown test result or a partial list makes the result `Partial`."""
    found: list[Any] = []
    missing = values.unknown if values.__class__ is Partial else None
    for value in known(values):
        try:
            if test(value):
                found.append(value)
        except Unread as gap:
            missing = gap.unknown if missing is None else missing
    return whole_or_partial(found, missing)


def some(values: Any, test: Callable[[Any], object]) -> bool:
    """Whether an element of a list passes a test, in any order. Raises Unread where none is known to pass and one may."""
    missing = values.unknown if values.__class__ is Partial else None
    for value in known(values):
        try:
            if test(value):
                return True
        except Unread as gap:
            missing = gap.unknown
    if missing is not None:
        raise Unread(missing)
    return False


def either(*tests: Callable[[], object]) -> bool:
    """Whether one of the tests holds. Raises Unread where none is known to hold and one may."""
    return some(tests, lambda test: test())
