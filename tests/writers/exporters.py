"""What EntraExporter, AzureHound and ROADrecon write of a tenant."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auditor.joins.known import INCOMPLETE
from auditor.sources.formats import azurehound, roadrecon
from tests.writers import Files, Tenant, Writer
from tests.writers.directory import ALL, of_one_platform, old

# -- EntraExporter

_FOLDERS = {"applications": "Applications", "servicePrincipals": "ServicePrincipals"}
_OWNED = {"oauth2PermissionGrants": ("Oauth2PermissionGrants", "clientId"), "appRoleAssignments": ("AppRoleAssignedTo", "resourceId")}


def entraexporter(tenant: Tenant) -> Files:
    return {f"{path}/{item['id']}/{item['id']}.json": json.dumps(item, indent=2).encode() for path, item in _exported(tenant)}


def _exported(tenant: Tenant) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, folder in _FOLDERS.items():
        yield from ((folder, item) for item in tenant.get(name, ()))
    for name, (folder, whose) in _OWNED.items():
        yield from ((f"ServicePrincipals/{item[whose]}/{folder}", item) for item in tenant.get(name, ()))


# -- AzureHound

_ENVELOPES = {
    "applications": "AZApp", "servicePrincipals": "AZServicePrincipal", "oauth2PermissionGrants": "AZOAuth2PermissionGrant",
    "appRoleAssignments": "AZAppRoleAssignment",
}  # fmt: skip
# Fields of Go's structs that its models lack.
_NO_FIELD = {
    "applications": (
        "isDisabled", "serviceManagementReference", "defaultRedirectUri", "nativeAuthenticationApisEnabled", "requestSignatureVerification",
        "servicePrincipalLockConfiguration", "authenticationBehaviors",
    ),
    "servicePrincipals": ("preferredTokenSigningKeyThumbprint", "createdDateTime"),
}  # fmt: skip
_IDS = ("id", "appId", "principalId", "resourceId", "clientId")


def hound(write: Callable[[list[dict[str, Any]]], bytes], *, upper: tuple[str, ...]) -> Callable[[Tenant], Files]:
    def written(tenant: Tenant) -> Files:
        users = [{"kind": "AZUser", "data": {"id": "x", "displayName": "Ann"}}]
        rows = [{"kind": _ENVELOPES[name], "data": _hound(name, item, upper)} for name, items in tenant.items() for item in items]
        return {"azurehound.json": write(users + rows)}

    return written


def _hound(name: str, item: dict[str, Any], upper: tuple[str, ...]) -> dict[str, Any]:
    found = {key: value for key, value in item.items() if key not in _NO_FIELD.get(name, ())}
    if name == "applications":
        found["web"] = {key: value for key, value in found["web"].items() if key != "redirectUriSettings"}
    return _omitempty(found) | {key: item[key].upper() for key in upper if item.get(key) and (key != "id" or "appId" in item)}  # type: ignore[no-any-return]


def _omitempty(value: Any) -> Any:
    """A member that is Go's zero value is left out; objects remain."""
    if isinstance(value, dict):
        return {key: _omitempty(item) for key, item in value.items() if isinstance(item, dict) or item}
    return [_omitempty(item) for item in value] if isinstance(value, list) else value


def _file(rows: list[dict[str, Any]]) -> bytes:
    lines = ",\n".join(f"\t\t{json.dumps(row)}" for row in rows)
    return f'{{\n\t"data": [\n{lines}\n\t],\n\t"meta": {{"type":"azure","version":5,"count":{len(rows)}}}\n}}\n'.encode()


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


# -- ROADrecon

_TABLES = {
    "applications": "Applications", "servicePrincipals": "ServicePrincipals", "oauth2PermissionGrants": "OAuth2PermissionGrants",
    "appRoleAssignments": "AppRoleAssignments",
}  # fmt: skip
_OLD_LINKS = {"oauth2PermissionGrants": {"id": "objectId"}, "appRoleAssignments": {"id": "objectId", "appRoleId": "id"}}
_BOOLEANS = (
    "isFallbackPublicClient", "isDeviceOnlyAuthSupported", "accountEnabled", "appRoleAssignmentRequired", "availableToOtherTenants",
    "supportsConvergence", "oauth2AllowImplicitFlow", "oauth2AllowIdTokenImplicitFlow", "acceptMappedClaims",
)  # fmt: skip
_NO_COLUMN = ("isDisabled", "@odata.type", "notes", "info")


def database(rows: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Callable[[Tenant], Files]:
    def written(tenant: Tenant) -> Files:
        found = {name: [rows(name, item) for item in items] for name, items in tenant.items()}
        with TemporaryDirectory() as folder:
            path = Path(folder) / "roadrecon.db"
            with closing(sqlite3.connect(path)) as made:
                for name, items in found.items():
                    _fill(made, _TABLES[name], items)
                made.commit()
            return {"roadrecon.db": path.read_bytes()}

    return written


def _fill(made: sqlite3.Connection, table: str, items: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for item in items for name in item if name not in _NO_COLUMN))
    key = "objectId" if "objectId" in columns else "id"
    booleans = (*_BOOLEANS, "publicClient") if key == "objectId" else _BOOLEANS
    types = [
        "TEXT PRIMARY KEY" if name == key else "DATETIME" if name.endswith("DateTime") else "BOOLEAN" if name in booleans else "TEXT"
        for name in columns
    ]
    made.execute(f"CREATE TABLE {table} ({', '.join(map(' '.join, zip(columns, types, strict=True)))})")
    for item in items:
        made.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", [_stored(name, item.get(name)) for name in columns])


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return value.replace("T", " ").replace("Z", ".000000") if name.endswith("DateTime") and value else value


def _new_row(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "authenticationBehaviors"}


def _old_row(name: str, item: dict[str, Any]) -> dict[str, Any]:
    if name in _OLD_LINKS:
        return {_OLD_LINKS[name].get(key, key): value for key, value in item.items()}
    found = old("Application" if name == "applications" else "ServicePrincipal", item)
    for key in ("serviceManagementReference", "acceptMappedClaims", "preAuthorizedApplications"):
        found.pop(key, None)
    if name == "applications":
        audience = found.pop("signInAudience")
        found["availableToOtherTenants"] = audience in ("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")
        found["supportsConvergence"] = "Personal" in audience
        for key in ("oauth2AllowImplicitFlow", "oauth2AllowIdTokenImplicitFlow"):
            found[key] = bool(found[key])
    return found


_HOUND = frozenset({INCOMPLETE, azurehound.NOT_EXPORTED})
_ROAD = frozenset({INCOMPLETE, roadrecon.NOT_HELD, roadrecon.CONVERGED})
WRITERS = [
    Writer("entraexporter", "EntraExporter", entraexporter, ALL, frozenset({INCOMPLETE})),
    Writer("azurehound", "AzureHound", hound(_file, upper=("appId",)), ALL, _HOUND),
    Writer("azurehound-2026", "AzureHound", hound(_lines, upper=_IDS), ALL, _HOUND),
    Writer("roadrecon", "ROADrecon database", database(_old_row), ALL, _ROAD, fitting=of_one_platform),
    Writer("roadrecon-mgraph", "ROADrecon database", database(_new_row), ALL, _ROAD),
]
