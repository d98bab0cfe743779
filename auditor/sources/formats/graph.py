"""Objects in Microsoft Graph's shape: portal manifest, REST, az, CLI for Microsoft 365. All are the same shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msgspec

from auditor import facts
from auditor.entra import shapes
from auditor.facts.base import FactType

_SHAPES: dict[str, FactType | type[msgspec.Struct]] = {
    "application": facts.App,
    "servicePrincipal": facts.ServicePrincipal,
    "oauth2PermissionGrant": facts.DelegatedGrant,
    "appRoleAssignment": shapes.AppRoleAssignment,
    "federatedIdentityCredential": facts.FederatedCredential,
    "organization": shapes.Organization,
    "owner": facts.Owner,
    "connector": facts.Connector,
    "connectorPart": shapes.ConnectorPart,
    "authorizationPolicy": shapes.AuthorizationPolicy,
    "adminConsentRequestPolicy": shapes.AdminConsentRequestPolicy,
    "defaultAppManagementPolicy": shapes.AppManagementPolicy,
    "servicePrincipalSignInActivity": shapes.SignInActivity,
}
KINDS = tuple(_SHAPES)


def shape(kind: str) -> type[msgspec.Struct]:
    """What objects of a kind are decoded into."""
    found = _SHAPES[kind]
    return found.shape() if isinstance(found, FactType) else found


class _Decoders(dict[str, Callable[[Any], Any]]):
    """By kind, each made when the first object of its kind is met."""

    def __missing__(self, kind: str) -> Callable[[Any], Any]:
        made = self[kind] = msgspec.json.Decoder(shape(kind)).decode
        return made


decode = _Decoders()
_MEMBER = r"\.(@[^\[]+|[^.\[]+)|\[(\d+)\]"  # of "$.owners[0].@odata.type"
_MOST_WRONG = 100  # each is found by decoding the whole object again
_MICROSOFT_DATE = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")


class Wrong(Exception):
    """An object that does not fit its shape: (pointer, what is wrong) of every wrong place. `data` is what could be kept, or None."""

    def __init__(self, places: list[tuple[str, str]], data: Any) -> None:
        self.places, self.data = places, data


def convert(kind: str, value: Any) -> Any:
    """A decoded JSON value as a shape, the slow way. What is merely odd is put right.

    Raises Wrong with every place that does not fit; what is wrong is then unknown, and the rest is kept.
    """
    from auditor.schemas import kind_of, problems

    if not isinstance(value, dict):
        raise Wrong([("", f"an object is needed here, this is {kind_of(value)}")], None)
    value = _mended(value)
    places: list[tuple[str, str]] = []
    for path, message in problems(kind, value):
        places.append((_pointer(path), message))
        if not _drop(value, path):
            raise Wrong(places, None)
    data, left = None, _MOST_WRONG
    while data is None:  # what the schema does not describe: owners, an organization, a connector
        try:
            data = msgspec.convert(value, shape(kind))
        except (msgspec.ValidationError, RecursionError) as error:
            message, _, where = str(error).partition(" - at `$")
            path = [name or int(index) for name, index in re.findall(_MEMBER, where.rstrip("`"))]
            places.append((_pointer(path), message))
            left -= 1
            if not left or not _drop(value, path):
                raise Wrong(places, None) from None
    if places:
        raise Wrong(places, data)
    return data


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


def _mended(value: Any) -> Any:
    """Dates that other tools write, lone surrogates."""
    if isinstance(value, dict):
        return {_mended(key): _date(item) if key.endswith("DateTime") else _mended(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, str) and not value.isprintable():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _date(value: Any) -> Any:
    """RFC 3339 of what is meant as a date; what is none stays as it is, for the schema to complain about."""
    if not isinstance(value, str):
        return value
    if found := _MICROSOFT_DATE.fullmatch(value):
        try:
            return datetime.fromtimestamp(int(found[1]) / 1000, timezone.utc).isoformat()
        except (OverflowError, ValueError, OSError):
            return value
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d\d?:\d\d)?", value)
    if found is None:
        return value
    day, time, fraction, offset = found.groups()
    if offset and len(offset) == 5:  # Microsoft's examples have "-8:00"
        offset = f"{offset[0]}0{offset[1:]}"
    return f"{day}T{time or '00:00:00'}{'.' + fraction if fraction else ''}{offset or 'Z'}"


PLACEHOLDERS = re.compile(rb"\$\{\{|\"\{\{")
_KEEP = ("displayName", "name", "url")


def without_placeholders(value: Any) -> Any:
    """A template without the texts that a tool fills in later ("${{AAD_APP_CLIENT_ID}}"): what they stand for is not known.

    Texts within lists stay: a list without one of its elements would look complete.
    """
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key in _KEEP or not _is_placeholder(item)}
        return {key: without_placeholders(item) for key, item in kept.items()}
    return [without_placeholders(item) for item in value] if isinstance(value, list) else value


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and ("${{" in value or value.startswith("{{"))
