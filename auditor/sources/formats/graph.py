"""Objects in Microsoft Graph's shape: portal manifest, REST, az, CLI for Microsoft 365. All are the same shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from auditor.display import clean
from auditor.entra import shapes
from auditor.entra.ids import GUID
from auditor.entra.shapes import Concealed
from auditor.facts import kinds
from auditor.facts.convert import PLACEHOLDER_STARTS
from auditor.pattern import late
from auditor.unknown import Partial, Unknown, Unread


def conceal(kind: type, value: Any) -> Concealed:
    """What secret material looks like, made while it is decoded. Raises TypeError where it is not a text."""
    if not isinstance(value, str):
        raise TypeError("a text is needed here")
    text = value.strip()
    return Concealed("none" if not text else "placeholder" if stands_in(text) else "value")


def stands_in(text: str) -> bool:
    """Whether a text stands where a secret does and is none."""
    return len(text) <= _LONGEST_STAND_IN and _STANDS_IN.fullmatch(text) is not None


# What people and tools write in place of a secret: brackets around it, one character again and again, words, where it is kept
# (op://vault/item, @Microsoft.KeyVault(…), ENC[…]), what is left of it (abc~...), its ID. A value has a digit in it, and may have brackets:
# those that Entra ID made before 2020 do.
_LONGEST_STAND_IN = 300  # characters
_STANDS_IN = late(
    r"[A-Z]+\[.*\]|@[A-Za-z]+|[a-z][a-z0-9+.-]*://.*|.*(?:\.{3}|…).*|"
    r"<.*>|\[.*\]|\{.*\}|\(.*\)|\$[{(].*|%.*%|@[\w.]+\(.*\)|#\{.*\}#?|@@.*@@|__.*__|(.)\1*|[A-Za-z _.,-]+|\S+\s.*"
    rf"|{GUID}|{GUID.replace('a-f', 'A-F')}",
    re.DOTALL,
)


class _Decoders(dict[str, Callable[[Any], Any]]):
    """By kind, each made when the first object of its kind is met."""

    def __missing__(self, kind: str) -> Callable[[Any], Any]:
        made = self[kind] = msgspec.json.Decoder(kinds.shape(kind), dec_hook=conceal).decode
        return made


decode = _Decoders()
_MICROSOFT_DATE = late(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")


class Wrong(Exception):
    """An object that does not fit its shape: (pointer, what is wrong) of every wrong place. `data` is what could be kept, or None."""

    def __init__(self, places: list[tuple[str, str]], data: Any) -> None:
        self.places, self.data = places, data


def convert(
    kind: str,
    value: Any,
    odd: list[tuple[str, str]] | None = None,
    gaps: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Any:
    """A decoded JSON value as a shape, the slow way. What is merely odd is put right.

    A date that no calendar has, and a word that an enumeration does not know, are unknown, and told in `odd` as (place, why).
    `gaps`: why a property has no value, by its path ("web/redirectUris"), where the format says why. `more`: why a list may have
    more entries.
    Raises Wrong with every place that does not fit; what is wrong is then unknown, and the rest is kept.
    """
    from auditor.schemas import kind_of, problems

    if not isinstance(value, dict):
        raise Wrong([("", f"an object is needed here, this is {kind_of(value)}")], None)
    unknown: list[tuple[list[str | int], str]] = []
    value = _mended(value, [], unknown)
    places: list[tuple[str, str]] = []
    data = fitting(kind, value)
    if data is None:  # the schema says what is wrong with it, which takes ten times as long
        for path, message in problems(kind, value):
            places.append((_pointer(path), message))
            if not _drop(value, path):
                raise Wrong(places, None)
        data = _fitted(kind, value, places)
    for gap, why in (gaps or {}).items():
        forget(data, gap.split("/"), why)
    for open_list, why in (more or {}).items():
        _leave_open(data, open_list.split("/"), why)
    for path, why in unknown:
        forget(data, path, why)
        if odd is not None:
            odd.append((_pointer(path), f"{why}; it counts as unknown"))
    if places:
        raise Wrong(places, data)
    return data


def fitting(kind: str, value: Any) -> Any:
    """The shape of a value that fits at once; None of another."""
    try:
        return msgspec.convert(value, kinds.shape(kind), dec_hook=conceal)
    except (msgspec.ValidationError, RecursionError):
        return None


_MOST_MISFITS = 100  # of one object, that the schema lets through: each is found by fitting the whole object again
_MEMBER = r"\.(@[^\[]+|[^.\[]+)|\[(\d+)\]"  # of "$.owners[0].@odata.type"


def _fitted(kind: str, value: dict[str, Any], places: list[tuple[str, str]]) -> Any:
    """The shape. What it refuses although the schema does not is one more place that is wrong."""
    for _ in range(_MOST_MISFITS):
        try:
            return msgspec.convert(value, kinds.shape(kind), dec_hook=conceal)
        except (msgspec.ValidationError, RecursionError) as error:
            message, _, where = str(error).partition(" - at `$")
            path: list[str | int] = [name or int(index) for name, index in re.findall(_MEMBER, where.rstrip("`"))]
            places.append((_pointer(path), message[:1].lower() + message[1:]))
            if not _drop(value, path):
                break
    raise Wrong(places, None)


def forget(data: Any, path: Sequence[str | int], why: str) -> bool:
    """Say in the shape that what stood there is unknown, and why. False where no fact reads it."""
    names = [str(part) for part in path]
    while names and names[-1].isdigit():
        names.pop()  # a list of which one element is unknown
    try:
        owner, attribute = _holder(data, names)
        setattr(owner, attribute, _unknown(names, why))
    except _NOT_THERE:
        return False
    return True


def _leave_open(data: Any, path: list[str], why: str) -> None:
    """Say in the shape that a list may have more entries, and why; of a list that is not there nothing is known."""
    try:
        owner, attribute = _holder(data, path)
        held = getattr(owner, attribute)
        setattr(owner, attribute, Partial(held, _unknown(path, why)) if isinstance(held, list) and held else _unknown(path, why))
    except _NOT_THERE:
        pass  # no fact reads it


def _holder(data: Any, names: list[str]) -> tuple[Any, str]:
    """The struct that holds what a path names, and its attribute there."""
    *parents, last = names
    for part in parents:
        data = data[int(part)] if isinstance(data, list) else getattr(data, _attribute(data, part))
    return data, _attribute(data, last)


def _unknown(names: list[str], why: str) -> Unknown:
    return Unknown(".".join(name for name in names if not name.isdigit()), why)


_NOT_THERE = (AttributeError, LookupError, TypeError, ValueError, Unread)


def explain(data: Any, why: str) -> None:
    """Say why all that is absent from an object is unknown."""
    if isinstance(data, list):
        for item in list.__iter__(data):
            explain(item, why)
    elif isinstance(data, msgspec.Struct):
        for attribute in data.__struct_fields__:
            value = getattr(data, attribute)
            if value.__class__ is Unknown:
                if value.why == shapes.ABSENT:
                    setattr(data, attribute, Unknown(value.what, why))
            elif isinstance(value, (list, msgspec.Struct)):
                explain(value, why)


def _attribute(shape: msgspec.Struct, name: str) -> str:
    return shape.__struct_fields__[shape.__struct_encode_fields__.index(name)] if name in shape.__struct_encode_fields__ else ""


def _pointer(path: list[str | int]) -> str:
    from auditor.pointer import join

    return join(*path)


def _drop(value: dict[str, Any], path: list[str | int]) -> bool:
    """Take the property away that holds what is wrong. An element of a list is never taken: the list would look complete."""
    while path and not isinstance(path[-1], str):
        path = path[:-1]
    if not path:
        return False
    owner: Any = value
    for part in path[:-1]:
        try:
            owner = owner[part]
        except (KeyError, IndexError, TypeError):
            return True  # gone with a place that held it
    if isinstance(owner, dict):
        owner.pop(path[-1], None)
    return True


def _mended(value: Any, path: list[str | int], unknown: list[tuple[list[str | int], str]]) -> Any:
    """Dates that other tools write, words in another case, lone surrogates. What stands for nothing is left out, and told."""
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            name = _mended(key, path, unknown)
            try:
                kept[name] = _date(item) if key.endswith("DateTime") else _word(path, key, item)
            except _Senseless as why:
                unknown.append(([*path, key], str(why)))
                continue
            if kept[name] is item and isinstance(item, (dict, list, str)):
                kept[name] = _mended(item, [*path, key], unknown)
        return kept
    if isinstance(value, list):
        return [_mended(item, [*path, i], unknown) if isinstance(item, (dict, list, str)) else item for i, item in enumerate(value)]
    if isinstance(value, str) and not value.isprintable():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


class _Senseless(Exception):
    """A value of the right type that stands for nothing."""


def _word(path: list[str | int], name: str, value: Any) -> Any:
    """A value of an enumeration as Microsoft Graph spells it."""
    words = shapes.ENUMERATIONS.get(name)
    if words is None or value is None or isinstance(value, (bool, dict, list, float)):
        return value
    if isinstance(words, dict):  # "type" means something else in each list
        owner = next((part for part in reversed(path) if isinstance(part, str)), "")
        words = words.get(owner, ())
        if not words:
            return value
    if value in words or type(value) is not type(words[0]):
        return value
    for word in words:
        if isinstance(word, str) and word.lower() == value.lower():
            return word
    raise _Senseless(f"{clean(str(value), 60)!r} is none of {', '.join(str(word) for word in words)}")


def _date(value: Any) -> Any:
    """RFC 3339 of what is meant as a date; what is none stays as it is, for the schema to complain about."""
    if not isinstance(value, str):
        return value
    if found := _MICROSOFT_DATE.fullmatch(value):
        try:
            return datetime.fromtimestamp(int(found[1]) / 1000, timezone.utc).isoformat()
        except (OverflowError, ValueError, OSError):
            raise _Senseless(f"{clean(value, 60)!r} is beyond the calendar") from None
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d\d?:\d\d)?", value)
    if found is None:
        return value
    day, time, fraction, offset = found.groups()
    if offset and len(offset) == 5:  # Microsoft's examples have "-8:00"
        offset = f"{offset[0]}0{offset[1:]}"
    text = f"{day}T{time or '00:00:00'}{'.' + fraction if fraction else ''}{offset or 'Z'}"
    try:
        msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise _Senseless(f"{clean(value, 60)!r} is a day or a time that does not exist") from None
    return text


PLACEHOLDERS = late(rb"\$\{|\{\{")
_IDS = ("id", "appId", "objectId")
_KEEP = (*_IDS, "displayName", "name", "url", "homePageUrl", "logoutUrl", "signInUrl", "homepage")  # facts know what stands beside


def is_template(value: Any) -> bool:
    """Whether placeholders in an object mean anything: one of its ids is one, or it has none. Elsewhere a value is a value."""
    if not isinstance(value, dict):
        return False
    ids = [value[name] for name in _IDS if value.get(name)]
    return not ids or any(isinstance(one, str) and one.startswith(PLACEHOLDER_STARTS) for one in ids)


def without_placeholders(value: Any) -> Any:
    """A template without the texts that a tool fills in later ("${{AAD_APP_CLIENT_ID}}"): what they stand for is not known.

    Texts within lists stay: a list without one of its elements would look complete.
    """
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key in _KEEP or not _is_placeholder(item)}
        return {key: without_placeholders(item) for key, item in kept.items()}
    return [without_placeholders(item) for item in value] if isinstance(value, list) else value


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and "{" in value and ("${" in value or "{{" in value)
