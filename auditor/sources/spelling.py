"""Names of an object's members: Microsoft Graph's, those that differ from them in case or underscores only, and strangers.

Structs skip what they do not declare, and so would pass over a `PasswordCredentials`, or over a registration within another one. `is_plain`
finds out in a few microseconds whether an object has such members, at any depth; only of one that has, `look` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

import msgspec

from auditor import pointer, schemas
from auditor.sources import marks, twice
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats import legacy
from auditor.sources.twice import Twice

# What Microsoft Graph returns although the excerpt of its metadata does not say so.
_ALSO = ("description", "identifierUris", "@odata.type", "@odata.id", "@odata.context")
_SCALAR = str | bool | int | float | None
_PLAIN = _SCALAR | list[_SCALAR]
_QUOTES = (b'\\"', b"\\u0022")  # within a text, which may be JSON
_NO_OWNERS = Annotated[list[Any], msgspec.Meta(max_length=0)] | None
_ONLY_OF_REGISTRATIONS = {"requiredresourceaccess", "identifieruris", "publicclient", "web", "spa"}  # which own nothing
_OLD = {name.lower() for name in legacy.DECISIVE}
_IGNORED = {name.lower(): legacy.RENAMED[name].replace("/", ".") for name in legacy.IGNORED}
# What else these have, the reader visits: $expand brings objects, and so do people.
VISITED = ("application", "servicePrincipal")
_Path = tuple[str | int, ...]


class Names(msgspec.Struct):
    """The members that an object may have, and the names within them: None in a text, a number, a list of texts."""

    members: dict[str, Names | None]
    is_open: bool = False  # whatever else it has belongs to it
    folded: dict[str, str] = {}

    def __post_init__(self) -> None:
        self.folded = {_fold(name): name for name in self.members}


class Twin(msgspec.Struct, frozen=True):
    """A property that an object has twice with different values."""

    pointer: str
    meant: _Path  # by Microsoft Graph's names
    other: str = ""  # the other one's name, where its casing is another


class Look(msgspec.Struct):
    """What an object has beside Microsoft Graph's names. Pointers are the file's own."""

    value: Any = None  # with Microsoft Graph's names
    origins: dict[str, str] = {}  # pointer with Microsoft Graph's names -> pointer, where they differ
    twice: list[Twin] = []
    old: list[str] = []  # names of an older manifest, which are not read beside those of Microsoft Graph
    ignored: list[tuple[str, str]] = []  # a name of an older manifest that Entra ID ignores here -> today's
    strays: list[str] = []  # what would be a registration or principal of its own
    is_to_visit: bool = False  # it has members that may hold others
    is_registration: bool = False  # among objects of another kind


def is_plain(kind: str, element: Element) -> bool:
    """Whether an object has Microsoft Graph's members only, each once, and nothing in them that does not belong there."""
    try:
        held = _gate(kind)(element)
    except UNREADABLE:
        return False
    if _names(kind).is_open and (is_registration(held) or any(map(_holds_objects, held.values()))):
        return False
    return not (_may_hold_json(element) or twice.is_in(element, held))


def _may_hold_json(element: Element) -> bool:
    """Whether a text within an object may be JSON: there are quotes in it."""
    raw, start, end = element.raw, element.start, element.end
    return raw.find(b"\\", start, end) >= 0 and any(raw.find(quote, start, end) >= 0 for quote in _QUOTES)


def is_known(kind: str, name: str) -> bool:
    return _fold(name) in _names(kind).folded


def is_registration(value: Mapping[str, Any]) -> bool:
    return any(isinstance(item, (dict, list)) and item and _fold(name) in _ONLY_OF_REGISTRATIONS for name, item in value.items())


def _fold(name: str) -> str:
    """Names that differ in case, or as Python and Terraform write them, are one: `redirect_uris` is `redirectUris`."""
    return name.replace("_", "").lower()


def look(kind: str, value: Any, *, is_legacy: bool = False) -> Look:
    """`value` is what `twice.decoded` gave."""
    found = Look()
    if isinstance(value, dict):
        found.value = _visited(_legacy(kind) if is_legacy else _names(kind), value, (), (), found, is_visited=kind in VISITED)
        found.is_registration = kind != "application" and is_registration(value)
        if kind == "application" and not is_legacy:
            found.old = [name for name, item in value.items() if item and _fold(name) in _OLD]
            found.ignored = [(name, _IGNORED[_fold(name)]) for name, item in value.items() if item is not None and _fold(name) in _IGNORED]
    else:
        found.value = value
    return found


def _visited(names: Names, value: Any, own: _Path, meant: _Path, found: Look, *, is_visited: bool = False) -> Any:
    if isinstance(value, list):
        return [_visited(names, item, (*own, i), (*meant, i), found) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if isinstance(value, Twice):
        _count_twice(names, value, own, meant, found)
    if names.is_open:
        if own and not _ONLY_OF_REGISTRATIONS.isdisjoint(map(_fold, value)):
            found.strays.append(pointer.join(*own))
        found.strays += [pointer.join(*own, name) for name, item in value.items() if marks.bears(item)]
        return value
    strangers = []
    kept: dict[str, Any] = {}
    for name, item in value.items():
        known = name if name in names.members else names.folded.get(_fold(name))
        if known is None:
            strangers.append((name, item))
            kept[name] = item
            continue
        inner = names.members[known]
        if isinstance(item, str):
            if item[:1] in ("{", "[") and marks.bears(item):
                found.strays.append(pointer.join(*own, name))
        elif not isinstance(item, (dict, list)):
            pass
        elif inner is not None:
            item = _visited(inner, item, (*own, name), (*meant, known), found)
        elif _holds_objects(item) and marks.bears(item):
            found.strays.append(pointer.join(*own, name))
        if known != name:
            if known in value or known in kept:
                if value.get(known, kept.get(known)) != value[name]:
                    found.twice.append(Twin(pointer.join(*own, name), (*meant, known), known))
                continue
            found.origins[pointer.join(*meant, known)] = pointer.join(*own, name)
        kept[known] = item
    if own and len(strangers) >= marks.ENOUGH and len(marks.found(strangers)) >= marks.ENOUGH:
        found.strays.append(pointer.join(*own))
    elif is_visited:
        found.is_to_visit = any(_may_hold_objects(item) for _, item in strangers)
    else:
        found.strays += [pointer.join(*own, name) for name, item in strangers if marks.bears(item)]
    return kept


def _count_twice(names: Names, value: Twice, own: _Path, meant: _Path, found: Look) -> None:
    for name, other in value.others.items():
        known = name if names.is_open or name in names.members else names.folded.get(_fold(name))
        if known is not None:
            found.twice.append(Twin(pointer.join(*own, name), (*meant, known)))
        if marks.bears(other) and (known is None or names.is_open):
            found.strays.append(pointer.join(*own, name))


def _may_hold_objects(value: Any) -> bool:
    return isinstance(value, (dict, list)) or (isinstance(value, str) and value.lstrip()[:1] in ("{", "["))


def _holds_objects(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(_holds_objects(item) for item in value))


# -- what is known


@cache
def _names(kind: str) -> Names:
    defs = schemas.load("application")["$defs"]
    if kind in defs:
        return _of_schema(defs[kind], defs, {}) or Names({})
    return Names({}, is_open=True)  # nobody says what else an owner may have, or an organization


def _of_schema(schema: Mapping[str, Any], defs: Mapping[str, Any], made: dict[str, Names | None]) -> Names | None:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in made:
            made[name] = _of_schema(defs[name], defs, made)
        return made[name]
    if "items" in schema:
        return _of_schema(schema["items"], defs, made)
    if "properties" in schema:
        return Names(dict.fromkeys(_ALSO) | {name: _of_schema(member, defs, made) for name, member in schema["properties"].items()})
    return Names({}, is_open=True) if schema.get("type") == "object" else None


@cache
def _legacy(kind: str) -> Names:
    """Of Azure AD Graph's objects and the portal's old manifests: Microsoft Graph's names are read in them, too."""
    members = dict(_names(kind).members)
    for name, within in legacy.NAMES.items():
        as_new: Names | None = _names(kind)
        for part in legacy.RENAMED.get(name, name).split("/"):
            as_new = as_new.members.get(part) if as_new is not None else None
        members[name] = Names({**(as_new.members if as_new else {}), **dict.fromkeys(within)}) if as_new or within else None
    return Names(members)


@cache
def _gate(kind: str) -> _Gate:
    return _Gate(_names(kind))


class _Gate:
    """Decodes objects that have members of these names only. Raises ValidationError for others."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._seen = 0
        self._decode: Callable[[Any], Any] | None = None

    def __call__(self, element: Element) -> Any:
        if self._names.is_open:
            return element.value()
        if self._decode is None:
            self._seen += 1
            if self._seen <= _FEW:
                value = element.value()
                if not _has_only(self._names, value):
                    raise msgspec.ValidationError
                return value
            self._decode = msgspec.json.Decoder(_struct(self._names, {})).decode
        return self._decode(element.view())


_FEW = 50  # objects of a kind: to make a decoder of 30 structs takes longer than to look at the names of so many


def _has_only(names: Names, value: Any) -> bool:
    """Whether an object has these members and no others: what the struct says."""
    return value.__class__ is dict and all(name in names.members and _fits(names.members[name], item) for name, item in value.items())


def _fits(inner: Names | None, item: Any) -> bool:
    if item is None:
        return True
    if inner is None:
        return item.__class__ is not dict and (item.__class__ is not list or not any(one.__class__ in (dict, list) for one in item))
    if inner.is_open:
        return bool(item == [])  # $expand brought them: each is looked at
    return all(_has_only(inner, one) for one in (item if item.__class__ is list else [item]))


def _struct(names: Names, made: dict[int, Any]) -> Any:
    """A struct that takes these members and no others."""
    found = made.get(id(names))
    if found is None:
        types = [
            (f"_{i}", _type(inner, made) | msgspec.UnsetType, msgspec.field(default=msgspec.UNSET, name=name))
            for i, (name, inner) in enumerate(names.members.items())
        ]
        found = made[id(names)] = msgspec.defstruct("Plain", types, forbid_unknown_fields=True, gc=False)
    return found


def _type(inner: Names | None, made: dict[int, Any]) -> Any:
    if inner is None:
        return _PLAIN
    if inner.is_open:
        return _NO_OWNERS  # $expand brought them: each is looked at
    struct: Any = _struct(inner, made)
    return struct | list[struct] | None
