"""Answers that hold a new client secret and that somebody saved: of Microsoft Graph, `az`, PowerShell and CLI for Microsoft 365.

Such an answer is the only place where the value ever is. It is read as what a client is configured with (a connector of a kind of its
own), of which only client ID and tenant are held, and what the secret looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.entra.ids import is_guid
from auditor.pointer import join
from auditor.sources.element import UNREADABLE
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece
from auditor.sources.formats.graph import stands_in

KIND = "saved secret"
_OF_CREDENTIAL = {"keyid", "enddatetime", "startdatetime", "hint"}
_CLIENT = ("appid", "clientid", "name")
_TENANT = ("tenant", "tenantid")


def _by_name(members: Members) -> dict[str, str]:
    """Name in lower case -> name as it is written: PowerShell writes `SecretText`."""
    return {name.lower(): name for name in members}


def _place(members: Members) -> str | None:
    """The member that holds the secret; None where the object is no such answer."""
    names = _by_name(members)
    if "secrettext" in names and _OF_CREDENTIAL & names.keys():
        found = names["secrettext"]  # addPassword, New-AzADAppCredential
    elif "password" in names and "tenant" in names and not {"appid", "name"}.isdisjoint(names):
        found = names["password"]  # az ad sp create-for-rbac, az ad app credential reset
        if not _is_guid(members, names["tenant"]):
            return None
    elif "clientsecret" in names and "clientid" in names and not {"subscriptionid", "tenantid"}.isdisjoint(names):
        found = names["clientsecret"]  # the same with --sdk-auth
        if not _is_guid(members, names["clientid"]):
            return None
    elif "secrets" in names and "appid" in names and not {"objectid", "tenantid"}.isdisjoint(names):
        found = names["secrets"]  # m365 entra app add
        return found if members[found].is_array and bytes(members[found].view()) != b"[]" else None
    else:
        return None
    return found if members[found].is_text and bytes(members[found].view()) != b'""' else None


def _is_guid(members: Members, name: str) -> bool:
    try:
        value = members[name].value()
    except UNREADABLE:
        return False
    return isinstance(value, str) and bool(is_guid(value.lower()))


class _SavedSecret(ObjectFormat):
    name = "answer with a client secret"
    about = "the answer to addPassword, `az ad app credential reset`, `az ad sp create-for-rbac`, `m365 entra app add`"
    told_by = "a secret beside a client ID or a key ID"
    holds = ("connectors",)
    markers = (rb"[sS]ecretText",)

    def recognises(self, seen: Object) -> str | None:
        return "connector" if _place(seen.members) is not None else None

    def is_certain(self, seen: Object) -> bool:
        return True

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        place = _place(seen.members)
        assert place is not None
        yield Piece(seen.element, kind, lambda value: _converted(value, place))


def _converted(value: dict[str, Any], place: str) -> Converted:
    out = Converted()
    names = {name.lower(): name for name in value}
    out.put("kind", KIND, "")
    out.put("identityProvider", "", "")
    for target, words in (("clientId", _CLIENT), ("tenantId", _TENANT)):
        for word in words:
            found = value.get(names.get(word, ""))
            if isinstance(found, str) and is_guid(found.lower()):
                out.put(target, found.lower(), join(names[word]))
                break
    held = value[place]
    items = [(join(place), held)] if isinstance(held, str) else _listed(held, join(place))
    forms = [(origin, "placeholder" if stands_in(text.strip()) else "other") for origin, text in items if text.strip()]
    origin, form = next((one for one in forms if one[1] == "other"), forms[0] if forms else (join(place), "none"))
    out.put("secretForm", form, origin)
    return out


def _listed(held: Any, at: str) -> list[tuple[str, str]]:
    items = held if isinstance(held, list) else []
    return [
        (f"{at}/{i}/value", item["value"]) for i, item in enumerate(items) if isinstance(item, dict) and isinstance(item.get("value"), str)
    ]


FORMATS = (_SavedSecret(),)
