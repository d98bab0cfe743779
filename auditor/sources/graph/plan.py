"""What to ask Microsoft Graph for: the calls that the selected rules need, and the permissions that these calls need.

Nothing here imports Microsoft's SDK: `regaudit permissions` works without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from auditor import facts
from auditor.entra.catalog import CATALOG, MICROSOFT_GRAPH

_PAGE = "999"  # objects; the most that Microsoft Graph gives
# Of an owner only beta has it; the others have requests of their own.
_NOT_SELECTED = {"servicePrincipalType of owner", "owners", "federatedIdentityCredentials"}
_FACTS = {
    "application": facts.App, "servicePrincipal": facts.ServicePrincipal, "owner": facts.Owner,
}  # fmt: skip


def _select(kind: str) -> str:
    """All properties that facts of a kind are made from. (Without $select, authenticationBehaviors would not come.)"""
    names = _FACTS[kind].members()
    return ",".join(n for n in names if n not in _NOT_SELECTED and f"{n} of {kind}" not in _NOT_SELECTED and not n.startswith("@"))


@dataclass(frozen=True, slots=True)
class Call:
    """A request for one collection. A `path` with {id} is asked for each of some objects, twenty in a batch.

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
    def shown(self) -> str:
        """The request, for people: without what only says how much of each object is wanted."""
        asked = "&".join(part.partition("($")[0] for part in self.query.split("&") if not part.startswith(("$select", "$top")))
        return f"GET /{self.version}{self.path}" + (f"?{asked}" if asked else "")


_APPLICATION, _DIRECTORY, _POLICY = "Application.Read.All", "Directory.Read.All", "Policy.Read.All"
_OWNERS = f"$select=id&$expand=owners($select={_select('owner')})&$top={_PAGE}"
_ANY_OWNERS = "$select=id&$expand=owners&$top=100"

APPLICATIONS = Call(
    "applications", "application", "/applications", f"$select={_select('application')}&$top={_PAGE}",
    _APPLICATION, "app registrations",
)  # fmt: skip
PRINCIPALS = Call(
    "servicePrincipals", "servicePrincipal", "/servicePrincipals", f"$select={_select('servicePrincipal')}&$top={_PAGE}",
    _APPLICATION, "service principals",
    # When a principal came into the tenant v1.0 tells, but its metadata does not know the property.
    poorer=f"$select={_select('servicePrincipal').replace('createdDateTime,', '')}&$top={_PAGE}",
)  # fmt: skip
GRANTS = Call(
    "oauth2PermissionGrants", "oauth2PermissionGrant", "/oauth2PermissionGrants", f"$top={_PAGE}",
    _DIRECTORY, "delegated permissions that were consented to",
)  # fmt: skip
ASSIGNED_TO = Call(
    "appRoleAssignments", "appRoleAssignment", "/servicePrincipals/{id}/appRoleAssignedTo", f"$top={_PAGE}",
    _APPLICATION, "application permissions that were granted, and who is assigned: of each that defines roles",
)  # fmt: skip
OWNERS = Call(
    "owners", "owner", "/applications", _OWNERS, _APPLICATION, "owners of app registrations", also="User.Read.All", poorer=_ANY_OWNERS,
)  # fmt: skip
PRINCIPAL_OWNERS = Call(
    "servicePrincipalOwners", "owner", "/servicePrincipals", _OWNERS, _APPLICATION, "owners of service principals",
    also="User.Read.All", poorer=_ANY_OWNERS,
)  # fmt: skip
FEDERATED = Call(
    "federatedIdentityCredentials", "federatedIdentityCredential", "/applications/{id}/federatedIdentityCredentials", "",
    _APPLICATION, "federated credentials: of each registration that has any", version="beta",  # claimsMatchingExpression is there only
)  # fmt: skip
ORGANIZATION = Call(
    "organization", "organization", "/organization", "$select=id,displayName,verifiedDomains", _DIRECTORY,
    "the tenant's id and verified domains",
)  # fmt: skip
AUTHORIZATION = Call(
    "authorizationPolicy", "authorizationPolicy", "/policies/authorizationPolicy", "", _POLICY, "what users may consent to and register",
)  # fmt: skip
CONSENT_REQUESTS = Call(
    "adminConsentRequestPolicy", "adminConsentRequestPolicy", "/policies/adminConsentRequestPolicy", "", _POLICY,
    "whether users can ask an admin for consent",
)  # fmt: skip
APP_MANAGEMENT = Call(
    "defaultAppManagementPolicy", "defaultAppManagementPolicy", "/policies/defaultAppManagementPolicy", "", _POLICY,
    "the tenant's limits for secrets and certificates",
)  # fmt: skip
SIGN_INS = Call(
    "servicePrincipalSignInActivities", "servicePrincipalSignInActivity", "/reports/servicePrincipalSignInActivities", f"$top={_PAGE}",
    "AuditLog.Read.All", "when service principals were last used", version="beta",
)  # fmt: skip
CALLS = (
    APPLICATIONS, PRINCIPALS, GRANTS, ASSIGNED_TO, OWNERS, PRINCIPAL_OWNERS, FEDERATED, ORGANIZATION, AUTHORIZATION, CONSENT_REQUESTS,
    APP_MANAGEMENT, SIGN_INS,
)  # fmt: skip
SINGLES = (AUTHORIZATION, CONSENT_REQUESTS, APP_MANAGEMENT)
_ALWAYS = {"applications", "organization"}  # what is audited, and of which tenant it is
# The lists that have to be read to know whose: which objects have anything, or whose a link is.
_NEEDS = {
    "appRoleAssignments": {"servicePrincipals"}, "appRoleAssignedTo": {"servicePrincipals", "appRoleAssignments"},
    "oauth2PermissionGrants": {"servicePrincipals"}, "servicePrincipalOwners": {"servicePrincipals"},
}  # fmt: skip

# Requests that only find out what to ask for.
WITH_FEDERATED = replace(
    FEDERATED, kind="application", path="/applications", version="v1.0", why="registrations that have federated credentials",
    query=f"$select=id&$filter=federatedIdentityCredentials/$count ne 0&$count=true&$top={_PAGE}",
)  # fmt: skip
# The same collections of one object.
GRANTS_OF_ONE = replace(GRANTS, query=f"$filter=clientId eq '{{id}}'&$top={_PAGE}")
ASSIGNMENTS_OF_ONE = replace(ASSIGNED_TO, path="/servicePrincipals/{id}/appRoleAssignments")
OWNERS_OF_ONE = replace(OWNERS, path="/applications/{id}/owners", query=f"$select={_select('owner')}&$top={_PAGE}", poorer="")
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
        return {call.collection for call in self.calls} | ({"appRoleAssignedTo"} if ASSIGNED_TO in self.calls else set())

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
    wanted = {part.strip().rstrip("*") for need in needs for part in need.split(",")} | _ALWAYS
    for name in sorted(wanted):
        wanted |= _NEEDS.get(name, set())
    return Plan(tuple(call for call in CALLS if call.collection in wanted))


def required_resource_access(permissions: Iterable[str]) -> list[dict[str, object]]:
    """A registration's requiredResourceAccess with these application permissions of Microsoft Graph."""
    ids = {p.value: p.id for (resource, _, kind), p in CATALOG.permissions.items() if resource == MICROSOFT_GRAPH and kind == "application"}
    return [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": ids[name], "type": "Role"} for name in sorted(permissions)]}]
