"""What to ask Microsoft Graph for: the calls that the selected rules need, and the permissions that these calls need.

Nothing here imports Microsoft's SDK: `regaudit permissions` works without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from auditor.entra import collections
from auditor.entra.catalog import CATALOG
from auditor.entra.collections import Collection
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.facts import kinds

_PAGE = "999"  # objects; the most that Microsoft Graph gives
# Only beta has those of the first line; the others have requests of their own.
_NOT_SELECTED = {
    "servicePrincipalType of owner", "signInAudienceRestrictions", "agentIdentityBlueprintId", "sponsors",
    "onPremisesPublishing of application",
    "owners", "members", "federatedIdentityCredentials", "deletedDateTime",
}  # fmt: skip


def _select(of: Collection) -> str:
    """All properties that facts of a kind are made from. (Without $select, authenticationBehaviors would not come.)"""
    names = kinds.members(of.kind)
    return ",".join(n for n in names if n not in _NOT_SELECTED and f"{n} of {of.kind}" not in _NOT_SELECTED and not n.startswith("@"))


@dataclass(frozen=True, slots=True)
class Call:
    """A request for one collection. One with {id} in it is asked for each of some objects, twenty in a batch.

    `also` is a permission without which answers come, but poorer ones; `poorer` is what to ask where Graph does not take `query`.
    """

    collection: str
    kind: str  # of the documents that come of it
    path: str
    query: str  # as people write it
    permission: str
    why: str
    also: str = ""
    poorer: str = ""
    version: str = "v1.0"

    def url(self, id_: str = "", query: str | None = None) -> str:
        """Below the root of Microsoft Graph: "/v1.0/applications?$top=999"."""
        asked = quote(self.query if query is None else query, safe="$(),;/=&:'%{}")
        return f"/{self.version}{self.path}{'?' if asked else ''}{asked}".replace("{id}", quote(id_, safe=""))

    @property
    def is_optional(self) -> bool:
        """A run is complete without it."""
        return collections.BY_NAME[self.collection].is_optional

    @property
    def parents(self) -> str:
        """The list of the objects that it is asked for, one by one; '' of a call for a list. "/v1.0/groups"."""
        of = collections.BY_NAME[self.collection]
        return f"/v1.0{of.parent.path}" if of.is_of_each and of.parent is not None else ""

    @property
    def shown(self) -> str:
        """The request, for people: without what only says how much of each object is wanted."""
        asked = "&".join(part.partition("($")[0] for part in self.query.split("&") if not part.startswith(("$select", "$top")))
        return f"GET /{self.version}{self.path}" + (f"?{asked}" if asked else "")


def _call(of: Collection, query: str = "", poorer: str = "") -> Call:
    query = query or of.query.replace("{read}", _select(of) if "{read}" in of.query else "")
    return Call(of.name, of.kind, of.path, query, of.permission, of.what, of.also, poorer or of.poorer, of.version)


_OWNERS = f"$select=id&$expand=owners($select={_select(collections.OWNERS)})&$top={_PAGE}"
_ANY_OWNERS = "$select=id&$expand=owners&$top=100"

APPLICATIONS = _call(collections.APPLICATIONS, f"$select={_select(collections.APPLICATIONS)}&$top={_PAGE}")
PRINCIPALS = _call(
    collections.SERVICE_PRINCIPALS, f"$select={_select(collections.SERVICE_PRINCIPALS)}&$top={_PAGE}",
    # When a principal came into the tenant v1.0 tells, but its metadata does not know the property.
    poorer=f"$select={_select(collections.SERVICE_PRINCIPALS).replace('createdDateTime,', '')}&$top={_PAGE}",
)  # fmt: skip
GRANTS = _call(collections.GRANTS, f"$top={_PAGE}")
ASSIGNED_TO = _call(collections.ASSIGNMENTS, f"$top={_PAGE}")
OWNERS = _call(collections.OWNERS, _OWNERS, _ANY_OWNERS)
PRINCIPAL_OWNERS = _call(collections.PRINCIPAL_OWNERS, _OWNERS, _ANY_OWNERS)
FEDERATED = _call(collections.FEDERATED)
ORGANIZATION = _call(collections.ORGANIZATION, f"$select={_select(collections.ORGANIZATION)}")
SINGLES = tuple(_call(of) for of in collections.TENANT if of.is_one and of is not collections.ORGANIZATION)
SIGN_INS = _call(collections.SIGN_INS, f"$top={_PAGE}")
_WRITTEN_OUT = (APPLICATIONS, PRINCIPALS, GRANTS, ASSIGNED_TO, OWNERS, PRINCIPAL_OWNERS, FEDERATED, ORGANIZATION, *SINGLES, SIGN_INS)
# What the table of collections says all of: lists, and what belongs to single objects.
_OTHERS = tuple(_call(of) for of in collections.TENANT if of.path and of.name not in {call.collection for call in _WRITTEN_OUT})
CALLS = (*_WRITTEN_OUT, *_OTHERS)

# Requests that only find out what to ask for.
WITH_FEDERATED = replace(
    FEDERATED, kind="application", path="/applications", version="v1.0", why="registrations that have federated credentials",
    query=f"$select=id&$filter=federatedIdentityCredentials/$count ne 0&$count=true&$top={_PAGE}",
)  # fmt: skip
# The same collections of one object.
GRANTS_OF_ONE = replace(GRANTS, query=f"$filter=clientId eq '{{id}}'&$top={_PAGE}")
ASSIGNMENTS_OF_ONE = replace(ASSIGNED_TO, path="/servicePrincipals/{id}/appRoleAssignments")
OWNERS_OF_ONE = replace(OWNERS, path="/applications/{id}/owners", query=f"$select={_select(collections.OWNERS)}&$top={_PAGE}", poorer="")
PRINCIPAL_OWNERS_OF_ONE = replace(PRINCIPAL_OWNERS, path="/servicePrincipals/{id}/owners", query=OWNERS_OF_ONE.query, poorer="")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run asks for."""

    calls: tuple[Call, ...]

    def __contains__(self, call: Call) -> bool:
        return call in self.calls

    @property
    def collections(self) -> set[str]:
        """What is known when all of it could be read."""
        return {call.collection for call in self.calls} | ({collections.ASSIGNED_TO.name} if ASSIGNED_TO in self.calls else set())

    def is_optional(self, permission: str) -> bool:
        """A run is complete without a permission."""
        return all(call.is_optional for call in self.calls if permission in (call.permission, call.also))

    def permissions(self) -> dict[str, list[str]]:
        """Permission -> the collections that need it; the least, all of them read-only."""
        found: dict[str, list[str]] = {}
        for call in self.calls:
            for name in (call.permission, call.also):
                if name:
                    found.setdefault(name, []).append(call.collection)
        return found


def plan(needs: Iterable[str]) -> Plan:
    """The calls for collections that rules need ("oauth2PermissionGrants", "servicePrincipals*")."""
    wanted = {need.rstrip("*") for need in needs}
    wanted |= {of.name for of in collections.TENANT if of.is_always_read}
    wanted |= {need.name for of in collections.TENANT if of.name in wanted for need in of.needs}
    return Plan(tuple(call for call in CALLS if call.collection in wanted))


def required_resource_access(permissions: Iterable[str]) -> list[dict[str, object]]:
    """A registration's requiredResourceAccess with these application permissions of Microsoft Graph."""
    ids = {p.value: p.id for (resource, _, kind), p in CATALOG.permissions.items() if resource == MICROSOFT_GRAPH and kind == "application"}
    return [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": ids[name], "type": "Role"} for name in sorted(permissions)]}]
