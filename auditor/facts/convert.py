"""How the values of documents become facts: conversions, each with the type that the document may hold."""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Any

from auditor.entra.shapes import Time
from auditor.unknown import Partial, Unknown


class Conversion:
    """How a value of a document becomes a fact.

    `kind` is what the document may hold there, null apart: a type of msgspec, or a list of the documents of a class of facts.
    Without a `function` null becomes `null`, and all else stays. A function takes the value, then those of the paths `also`, then, where
    the conversion is `owned`, the fact and the value's place below it.
    """

    __slots__ = ("also", "function", "kind", "null", "owned")

    def __init__(
        self, kind: Any, function: Callable[..., Any] | None = None, *, null: Any = None, also: tuple[str, ...] = (), owned: bool = False
    ) -> None:
        self.kind, self.function, self.null, self.also, self.owned = kind, function, null, also, owned

    def __call__(self, *given: Any) -> Any:
        if self.function is not None:
            return self.function(*given)
        return self.null if given[0] is None else given[0]


def conversion(kind: Any, *also: str, owned: bool = False) -> Callable[[Callable[..., Any]], Conversion]:
    """Makes a function of a document's value, which is of the type `kind`, null or unknown, a conversion."""
    return lambda function: Conversion(kind, function, also=also, owned=owned)


date, number, string = Conversion(Time), Conversion(int), Conversion(str)  # as they came
text = Conversion(str, null="")
flag = Conversion(bool, null=False)  # Microsoft Graph documents that null means no
switch = Conversion(bool, null=True)  # or yes


def word(kind: Any) -> Conversion:
    """One of the words of an enumeration; null reads as ''."""
    return Conversion(kind, null="")


def lowered(value: Any) -> Any:
    """A text that Entra ID compares without case (GUIDs): lower case, null reads as ''."""
    if value.__class__ is str:
        return value if value.islower() else value.lower()
    return "" if value is None else value


lower = Conversion(str, lowered)
PLACEHOLDER_STARTS = ("${", "{{", "<", "[[")
PLACEHOLDER = "a placeholder in a template"


@conversion(str)
def identifier(value: Any) -> Any:
    """An id as a fact: lower case. A placeholder of a template ("${{AAD_APP_CLIENT_ID}}", "<app id>") is nobody's id."""
    if value.__class__ is str:
        if value.startswith(PLACEHOLDER_STARTS):
            return Unknown(value, PLACEHOLDER)
        return value if value.islower() else value.lower()
    return "" if value is None else value


@conversion(list[str])
def listed(value: Any) -> Any:
    """A collection of which null means none: Microsoft Graph never sends that, other exports do."""
    return value if value is not None and (value.__class__ is not list or value) else NONE


@conversion(str)
def is_set(value: Any) -> Any:
    """Whether a text is there."""
    return value if value.__class__ is Unknown else value is not None and value != ""


def each(make: Callable[[Any, Any, str], Any], document: Any = None) -> Conversion:
    """The facts that a document's list holds, each made from its document, its owner and its place."""

    def facts(values: Any, owner: Any, below: str) -> Any:
        if values.__class__ is Unknown:
            return values
        if values.__class__ is Partial:
            return Partial(facts(values.known(), owner, below), values.unknown)
        if not values:
            return NONE
        return [make(value, owner, place) for value, place in zip(values, places(owner.at + below, len(values)), strict=False)]

    return Conversion(GenericAlias(list, (make if document is None else document,)), facts, owned=True)


NONE: Any = []  # one empty list for all: facts are read-only
_places: dict[str, list[str]] = {}


def places(at: str, count: int) -> list[str]:
    """The JSON Pointers of a list's elements, at least `count`. They are the same for every registration, and so shared."""
    known = _places.setdefault(at, [])
    while len(known) < count:
        known.append(f"{at}/{len(known)}")
    return known
