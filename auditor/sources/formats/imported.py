"""Files of other services, which regaudit does not ask itself (decision 0047): what each says is read as one kind of object.

Only what says itself that it is whole counts as whole: a result of a query with its count. A plain list may be of one subscription.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from auditor.entra.collections import AZURE_ROLE_DEFINITIONS, AZURE_ROLES, HOST_ANSWERS, IMPORTED_KINDS, MAILBOX_POLICIES, PERMISSION_USE
from auditor.pointer import join
from auditor.sources import detect
from auditor.sources.element import Element
from auditor.sources.formats.base import Converted, Extent, Members, Object, ObjectFormat, Piece, Remark

_TYPES = {
    "microsoft.authorization/roleassignments": AZURE_ROLES.kind,
    "microsoft.authorization/roledefinitions": AZURE_ROLE_DEFINITIONS.kind,
}


class _Imported(ObjectFormat):
    def fits(self, kind: str, seen: Object, *, one: bool) -> str | None:
        return found if kind in IMPORTED_KINDS and (found := self.recognises(seen)) == kind else None

    def is_certain(self, seen: Object) -> bool:
        return True


# -- Azure roles


def _row_kind(element: Element) -> str | None:
    """The kind of a row of Azure Resource Graph, or of an object of Azure Resource Manager."""
    return _kind_of(element.members()) if element.is_object else None


def _kind_of(members: Members) -> str | None:
    return _TYPES.get(detect.text(members, "type").lower())


class _ResourceGraph(_Imported):
    """The answer to a query, with its rows in `data`."""

    name = "Azure Resource Graph"
    about = "the answer to a query of role assignments: `az graph query`, REST"
    told_by = "`count` beside `data`, a list with `microsoft.authorization/roleassignments`"
    holds = (AZURE_ROLES.name, AZURE_ROLE_DEFINITIONS.name)
    markers = (rb"skip_token", rb"total_records", rb"totalRecords")

    def recognises(self, seen: Object) -> str | None:
        data = seen.members.get("data")
        if data is None or not data.is_array or "count" not in seen.members:
            return None
        return next(filter(None, map(_row_kind, data.items())), None)

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        rows = seen.members["data"].items()
        counts = dict.fromkeys((AZURE_ROLES.kind, AZURE_ROLE_DEFINITIONS.kind), 0)
        strangers = 0
        for row in rows:
            found = _row_kind(row)
            if found is None:
                strangers += 1
                yield Remark(row, "this row is neither an Azure role assignment nor a role definition", is_error=True)
                continue
            counts[found] += 1
            yield from _ROLES.pieces(Object(row, row.members(), seen.file), found)
        ended = not strangers and not any(_is_set(seen.members, name) for name in ("skip_token", "$skipToken", "skipToken"))
        total = next((value for name in ("total_records", "totalRecords") if (value := _number(seen.members, name)) is not None), None)
        for of, count in counts.items():
            if count:
                yield Extent(of, count, ended, total if count == len(rows) else None)


class _AzureRoles(_Imported):
    """A role assignment or role definition, in the form of Azure Resource Manager or of azure-cli."""

    name = "Azure roles"
    about = "`az role assignment list --all`, `az role definition list`; objects of Azure Resource Manager"
    told_by = "`type` is `Microsoft.Authorization/roleAssignments` or `roleDefinitions`"
    holds = (AZURE_ROLES.name, AZURE_ROLE_DEFINITIONS.name)
    markers = (rb"roleDefinitionId", rb"assignableScopes")

    def recognises(self, seen: Object) -> str | None:
        return _kind_of(seen.members)

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        if kind == AZURE_ROLE_DEFINITIONS.kind:
            yield Piece(seen.element, kind, _definition)
            return
        yield Piece(seen.element, kind, _assignment)
        if (definition := seen.members.get("definition")) is not None and definition.is_object:
            role_id = detect.text(_properties(seen.members), "roleDefinitionId")
            yield Piece(definition, AZURE_ROLE_DEFINITIONS.kind, partial(_joined, role_id))


_ROLES = _AzureRoles()


def _properties(members: Members) -> Members:
    return detect.inner(members, "properties") or members


def _flat(value: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The properties of an object, and where they are: azure-cli writes them beside its id."""
    inside = value.get("properties")
    return (inside, "/properties") if isinstance(inside, dict) else (value, "")


def _assignment(value: dict[str, Any]) -> Converted:
    out = Converted()
    properties, at = _flat(value)
    if "id" in value:
        out.put("id", value["id"], "/id")
    for name in ("principalId", "roleDefinitionId", "roleDefinitionName", "scope"):
        if name in properties:
            out.put(name, properties[name], at + join(name))
    out.put("condition", properties.get("condition"), at + join("condition"))  # absent where there is none
    return out


def _definition(value: dict[str, Any]) -> Converted:
    out = Converted()
    properties, at = _flat(value)
    if "id" in value:
        out.put("id", value["id"], "/id")
    for name in ("roleName", "permissions"):
        if name in properties:
            out.put(name, properties[name], at + join(name))
    return out


def _joined(role_id: str, value: dict[str, Any]) -> Converted:
    """A definition that a query joined to an assignment, which has its id."""
    out = _definition(value)
    out.put("id", role_id, "")
    return out


def _is_set(members: Members, name: str) -> bool:
    return name in members and members[name].value() not in (None, "", False)


def _number(members: Members, name: str) -> int | None:
    value = members[name].value() if name in members else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# -- mailboxes


class _AccessPolicies(_Imported):
    """An application access policy, as ConvertTo-Json writes it."""

    name = "Exchange application access policies"
    about = "`Get-ApplicationAccessPolicy` of Exchange Online PowerShell"
    told_by = "`AccessRight` beside `AppId`; the name `applicationAccessPolicies`"
    holds = (MAILBOX_POLICIES.name,)
    markers = (rb"AccessRight", rb"applicationAccessPolicies")
    any_casing = True

    def recognises(self, seen: Object) -> str | None:
        return MAILBOX_POLICIES.kind if {"AppId", "AccessRight"} <= seen.members.keys() else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        yield Piece(seen.element, kind, _policy)


_OF_POLICIES = {"Identity": "identity", "AppId": "appId", "AccessRight": "accessRight", "ScopeName": "scopeName", "IsValid": "isValid"}


def _policy(value: dict[str, Any]) -> Converted:
    out = Converted()
    for name, ours in _OF_POLICIES.items():
        if name in value:
            out.put(ours, value[name], join(name))
    return out


# -- use of permissions


class _HuntingResults(_Imported):
    """The answer to a hunting query, with its rows in `results`."""

    name = "Microsoft Defender hunting query"
    about = "the answer of runHuntingQuery (Microsoft Graph) to a query over OAuthAppInfo"
    told_by = "`results` beside `schema`, with `OAuthAppId`"
    holds = (PERMISSION_USE.name,)
    markers = (rb"OAuthAppId",)

    def recognises(self, seen: Object) -> str | None:
        results, schema = seen.members.get("results"), seen.members.get("schema")
        if results is None or schema is None or not results.is_array or b'"OAuthAppId"' not in bytes(schema.view()):
            return None
        return PERMISSION_USE.kind

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        rows = seen.members["results"].items()
        for row in rows:
            yield Piece(row, kind, _oauth_app)
        yield Extent(kind, len(rows), ended=True)


class _OAuthApps(_Imported):
    """A row of it alone."""

    name = "Microsoft Defender OAuthAppInfo"
    about = "rows of the table OAuthAppInfo"
    told_by = "`OAuthAppId` beside `Permissions`"
    holds = (PERMISSION_USE.name,)
    markers = (rb"OAuthAppId",)

    def recognises(self, seen: Object) -> str | None:
        return PERMISSION_USE.kind if {"OAuthAppId", "Permissions"} <= seen.members.keys() else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        yield Piece(seen.element, kind, _oauth_app)


_OF_PERMISSIONS = {"PermissionValue": "value", "PermissionType": "kind", "TargetAppId": "resourceAppId"}
_IN_USE = {"true": True, "inuse": True, "used": True, "false": False, "notinuse": False, "unused": False, "notused": False}


def _oauth_app(value: dict[str, Any]) -> Converted:
    out = Converted()
    for name, ours in (("OAuthAppId", "appId"), ("Timestamp", "seen")):
        if name in value:
            out.put(ours, value[name], join(name))
    if "Permissions" in value:
        out.put("permissions", _permissions(value["Permissions"], out), "/Permissions")
    return out


def _permissions(value: Any, out: Converted) -> Any:
    """A list of objects; Defender writes each, or the whole list, as a text of JSON as well."""
    value = _decoded(value)
    if not isinstance(value, list):
        return value
    found: list[Any] = []
    for number, row in enumerate(map(_decoded, value)):
        if not isinstance(row, dict):
            out.wrong.append(
                (f"/permissions/{number}", "an object is needed here: the permission is left out, and with it whether it is used")
            )
            out.more["permissions"] = "an entry could not be read"
            continue
        entry = {ours: row[name] for name, ours in _OF_PERMISSIONS.items() if name in row}
        found.append(entry | ({"inUse": _in_use(row["InUse"])} if "InUse" in row else {}))
    return found


def _in_use(value: Any) -> bool | None:
    """Yes, no, or a word for either; null where Defender does not say."""
    if isinstance(value, str):
        return _IN_USE.get("".join(filter(str.isalpha, value.lower())))
    return value if isinstance(value, bool) else None


def _decoded(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


# -- hosts


class _Hosts(_Imported):
    """What a name server answered for one host, a line each."""

    name = "dnsx"
    about = "the output of `dnsx -json`: whether hosts exist"
    told_by = "`host` beside `status_code` and `resolver` or `timestamp`"
    holds = (HOST_ANSWERS.name,)
    markers = (rb"status_code",)

    def recognises(self, seen: Object) -> str | None:
        names = seen.members.keys()
        return HOST_ANSWERS.kind if {"host", "status_code"} <= names and not names.isdisjoint(("resolver", "timestamp")) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        yield Piece(seen.element, kind, _answer)


def _answer(value: dict[str, Any]) -> Converted:
    out = Converted()
    for name, ours in (("host", "host"), ("status_code", "statusCode")):
        if name in value:
            out.put(ours, value[name], join(name))
    return out


FORMATS = (_ResourceGraph(), _ROLES, _AccessPolicies(), _HuntingResults(), _OAuthApps(), _Hosts())
