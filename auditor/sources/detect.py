"""What an object of Entra ID's is, by its content: never by the name of its file; and what collections and pages are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from auditor.entra.collections import (
    ACCESS_CATALOGS,
    ACCESS_POLICIES,
    ADMINISTRATIVE_UNITS,
    APP_POLICIES,
    APPLICATIONS,
    BY_NAME,
    CLASSIFICATIONS,
    CONDITIONAL_ACCESS,
    CONNECTORS,
    CONSENT_POLICIES,
    CONSENT_REQUESTS,
    CREDENTIAL_SIGN_INS,
    GROUP_ELIGIBILITY,
    GROUP_SETTINGS,
    GROUPS,
    IMPORTED,
    OWNERS,
    PRINCIPAL_OWNERS,
    RECOMMENDATIONS,
    REGISTRATION_DETAILS,
    RISKY_PRINCIPALS,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    ROLE_ELIGIBILITY,
    ROLE_POLICIES,
    SERVICE_PRINCIPALS,
    SIGN_INS,
    STORE_SETTINGS,
    TEAMS_APP_SETTINGS,
    TENANT,
)  # fmt: skip
from auditor.entra.ids import CONSENT_SETTINGS
from auditor.facts import kinds
from auditor.sources import marks
from auditor.sources.element import Element

_TYPE = "#microsoft.graph."
_TYPES = {
    _TYPE + name.lower(): collection.kind for collection in TENANT if collection.kind != OWNERS.kind
    for name in (collection.graph_type, *collection.subtypes)
}  # fmt: skip
SEGMENTS = {
    name.lower(): collection.kind for collection in TENANT if collection is not PRINCIPAL_OWNERS
    for name in (collection.name, *collection.also_called, *(f"microsoft.graph.{name}" for name in collection.subtypes))
}  # fmt: skip
# Members of an object that holds whole collections, by Microsoft Graph's names; and, in an example, one of what most collections hold.
COLLECTIONS = {
    **{collection.name: collection.kind for collection in (*TENANT, CONNECTORS, *IMPORTED) if collection.side_of is None},
    **{collection.kind: collection.kind for collection in (APPLICATIONS, SERVICE_PRINCIPALS)},
}
OWN_NAMES = tuple(name for name in COLLECTIONS if name not in BY_NAME or not BY_NAME[name].has_common_name)
_PRINCIPAL = ("servicePrincipalType", "servicePrincipalNames", "appOwnerOrganizationId", "appRoleAssignmentRequired")
_LEGACY = frozenset({
    "replyUrlsWithType", "oauth2AllowImplicitFlow", "oauth2AllowIdTokenImplicitFlow", "accessTokenAcceptedVersion", "oauth2Permissions",
    "allowPublicClient", "informationalUrls", "signInUrl", "oauth2AllowUrlPathMatching",
})  # fmt: skip
_AAD_GRAPH = ("replyUrls", "availableToOtherTenants", "appOwnerTenantId", "oauth2Permissions", "objectType")
_SHARED = ("id", "appId", "displayName", "createdDateTime", "notes", "tags", "info", "owners")
_SPECIFIC = {of.kind: frozenset(kinds.members(of.kind)) - frozenset(_SHARED) for of in (APPLICATIONS, SERVICE_PRINCIPALS)}
_OF_ROLES = {of.kind for of in (ROLE_ASSIGNMENTS, ROLE_DEFINITIONS, ROLE_ELIGIBILITY)}
_OF_SIGN_INS = frozenset({"id", *kinds.members(SIGN_INS.kind), "servicePrincipalObjectId", "appDisplayName"})
_NOT_APPLICATIONS = ("manifestVersion", "$schema", "swagger", "start_url", "AADApps", "terraform_version", "properties")


class Context(msgspec.Struct, frozen=True):
    """What an @odata.context says: the kind of the elements, and whose they are."""

    kind: str | None
    relation: str
    parent: str


def context(text: str) -> Context:
    """Of ".../$metadata#servicePrincipals('ID')/appRoleAssignments" -> appRoleAssignment of ID."""
    if not text:
        return Context(None, "", "")
    fragment = text.partition("$metadata#")[2]
    parent = re.match(r"(?:\w+/)*\w+\('?([0-9A-Fa-f-]{36})'?\)/", fragment)
    segments = [part for part in _outside_parentheses(fragment.lower()).split("/") if part and part != "$entity"]
    last = segments[-1] if segments else ""
    kind = SEGMENTS.get("/".join(segments[-2:])) or SEGMENTS.get(last)  # jobs there are of many kinds
    return Context(kind, last, parent[1].lower() if parent else "")


def _outside_parentheses(text: str) -> str:
    kept, depth = [], 0
    for piece in re.split(r"([()])", text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            kept.append(piece)
    return "".join(kept)


def text(members: Mapping[str, Element], name: str) -> str:
    """A text among members; "" where there is none."""
    element = members.get(name)
    value = element.value() if element is not None and element.is_text else ""
    return value if isinstance(value, str) else ""


def inner(members: Mapping[str, Element], name: str) -> Mapping[str, Element]:
    """The members of an object among members; none where there is no object."""
    element = members.get(name)
    return element.members() if element is not None and element.is_object else {}


def _has(members: Mapping[str, Element], names: Iterable[str]) -> bool:
    # A null proves nothing: lists with objects of several kinds are exported with the columns of all of them.
    return any(name in members and not members[name].is_null for name in names)


def is_aad_graph(members: Mapping[str, Element]) -> bool:
    """Whether an object is of Azure AD Graph."""
    if "odata.type" in members and text(members, "odata.type").startswith("Microsoft.DirectoryServices."):
        return True
    return "objectId" in members and not members["objectId"].is_null and _has(members, _AAD_GRAPH)


def aad_graph_kind(members: Mapping[str, Element]) -> str | None:
    """The kind of an object of Azure AD Graph."""
    kind = (text(members, "objectType") or text(members, "odata.type")).rpartition(".")[2].lower()
    return {"application": "application", "serviceprincipal": "servicePrincipal"}.get(kind)


def stated_kind(members: Mapping[str, Element]) -> str | None:
    """The kind that an object of Microsoft Graph's states; "" of one that is not read, None where it states nothing."""
    if odata_type := text(members, "@odata.type").lower():
        odata_type = "#" + odata_type.removeprefix("#")
        found = _TYPES.get(odata_type)
        if found or odata_type.startswith(_TYPE):
            return found or ""
    kind = context(text(members, "@odata.context")).kind
    return kind if kind != "owner" else None


def is_legacy(members: Mapping[str, Element]) -> bool:
    """Whether an application that does not state what it is has the names of the portal's old manifest."""
    return not _LEGACY.isdisjoint(members) and _has(members, _LEGACY) and not _platforms(members) and stated_kind(members) is None


def _platforms(members: Mapping[str, Element]) -> list[Element]:
    return [members[name] for name in ("web", "spa", "api") if name in members and members[name].is_object]


def directory_kind(members: Mapping[str, Element]) -> str | None:
    """The kind of an object in Microsoft Graph's shape, or in that of the portal's old manifest."""
    if is_aad_graph(members):
        return None
    stated = stated_kind(members)
    if stated is not None:
        return stated or None

    def has(*names: str) -> bool:
        return _has(members, names)

    platforms = _platforms(members)
    requested = members.get("requiredResourceAccess")
    if has("appId") and ((platforms and has("id", "displayName")) or (requested is not None and _is_filled(requested))):
        # What only an application has decides, whatever columns of other kinds stand beside it.
        return "application"
    if has("defaultUserRolePermissions", "permissionGrantPolicyIdsAssignedToDefaultUserRole"):
        return "authorizationPolicy"
    if has("notifyReviewers") and "isEnabled" in members:
        return "adminConsentRequestPolicy"
    if has("applicationRestrictions", "servicePrincipalRestrictions"):
        return "defaultAppManagementPolicy"
    if has("appId") and (has("lastSignInActivity") or ("lastSignInActivity" in members and members.keys() <= _OF_SIGN_INS)):
        return "servicePrincipalSignInActivity"
    if has("keyId") and ("credentialOrigin" in members or "signInActivity" in members):
        return CREDENTIAL_SIGN_INS.kind
    for of in (TEAMS_APP_SETTINGS, STORE_SETTINGS):
        if of.markers[0] in members:
            return of.kind
    if "values" in members and text(members, "templateId") == CONSENT_SETTINGS:
        return GROUP_SETTINGS.kind
    if "allowedTargetScope" in members:
        return ACCESS_POLICIES.kind
    if {"catalogType", "isExternallyVisible"} <= members.keys():
        return ACCESS_CATALOGS.kind
    if "recommendationType" in members:
        return RECOMMENDATIONS.kind
    if "isMfaRegistered" in members:
        return REGISTRATION_DETAILS.kind
    if has("appId") and has("riskState") and "riskEventType" not in members:  # which single detections have
        return RISKY_PRINCIPALS.kind
    if kind := _role_kind(members):
        return kind
    if "grantControls" in members and "state" in members and inner(members, "conditions"):
        return CONDITIONAL_ACCESS.kind
    if has("appId") and has("pendingScopes"):
        return CONSENT_REQUESTS.kind
    if has("permissionId") and has("permissionName") and has("classification"):
        return CLASSIFICATIONS.kind
    if _is_app_policy(members):
        return APP_POLICIES.kind
    if "displayName" in members and all(name in members and members[name].is_array for name in ("includes", "excludes")):
        return CONSENT_POLICIES.kind
    if has("appRoleId") and has("resourceId"):
        return "appRoleAssignment"
    if has("clientId") and has("resourceId") and has("scope", "consentType"):
        return "oauth2PermissionGrant"
    if has("issuer") and has("audiences", "subject") and "claims" not in members:
        return "federatedIdentityCredential"
    if has("verifiedDomains") and not has("appId"):
        return "organization"
    if has(*_PRINCIPAL):
        return "servicePrincipal"
    if has("appId") and any(name in members and members[name].is_array for name in ("oauth2PermissionScopes", "publishedPermissionScopes")):
        return "servicePrincipal"
    if has(*_NOT_APPLICATIONS) and not has("appId"):
        return None
    if [name for name in members if "@" not in name] in (["requiredResourceAccess"], ["optionalClaims"], ["identifierUris"]):
        return None  # a part of a manifest
    if not platforms and _has(members, _LEGACY):
        return "application"
    nested = platforms or ("publicClient" in members and members["publicClient"].is_object)
    if nested and _is_map(members):
        return None
    if (nested and not (has("tenantId") and "credentials" in members)) or has("requiredResourceAccess", "identifierUris", "signInAudience"):
        return "application"
    if has("displayName", "appId") and has(*_SPECIFIC["application"]):
        return "application"  # cut down by $select or --query
    if has("displayName") and has("appId") and has("id"):
        return "application"
    return None


def _role_kind(members: Mapping[str, Element]) -> str | None:
    """The kind of an object that concerns directory roles. Azure's roles have other names for their scopes and actions."""
    if "roleDefinitionId" in members and "principalId" in members and _has(members, ("directoryScopeId",)):
        return (ROLE_ELIGIBILITY if "roleEligibilityScheduleId" in members else ROLE_ASSIGNMENTS).kind
    if {"policyId", "roleDefinitionId", "scopeType"} <= members.keys():
        return ROLE_POLICIES.kind
    if _has(members, ("rolePermissions",)) and "isBuiltIn" in members:
        return ROLE_DEFINITIONS.kind
    if _has(members, ("isAssignableToRole",)):
        return GROUPS.kind
    if {"accessId", "groupId", "principalId"} <= members.keys():
        return GROUP_ELIGIBILITY.kind
    return ADMINISTRATIVE_UNITS.kind if _has(members, ("isMemberManagementRestricted",)) else None


def _is_app_policy(members: Mapping[str, Element]) -> bool:
    """Whether an object is the app management policy of single applications."""
    restrictions = inner(members, "restrictions")
    return "isEnabled" in members and any(
        name in restrictions for name in ("passwordCredentials", "keyCredentials", "applicationRestrictions")
    )


def _is_filled(element: Element) -> bool:
    return element.is_array and element.raw[element.start + 1 : element.end - 1].strip() != b""


def is_certain(members: Mapping[str, Element]) -> bool:
    """Whether an object says by itself that it is one of Entra ID's, wherever it stands."""
    named = any(name in members and members[name].is_text for name in ("@odata.type", "odata.type", "@odata.context"))
    return named or len(marks.of(members)) >= marks.ENOUGH


def may_be(kind: str, members: Mapping[str, Element], *, one: bool) -> bool:
    """Whether an object in a collection of a kind can be of that kind: a list of app ids has nothing of it.

    `one`: the collection's name promises one object ("application"), and so is never a map's.
    """
    if kind in _OF_ROLES:  # Azure has collections of the same names
        return _role_kind(members) == kind
    if kind not in _SPECIFIC:
        return True
    if is_map_of(kind, members, one=one):
        return False
    if directory_kind(members) == kind:
        return True
    known = members.keys() & (_SPECIFIC[kind] | set(_SHARED))
    # A list of app ids with remarks of its own beside them holds no registrations, whatever it is called.
    told = one or not known <= {"appId", "displayName"} or known == members.keys()
    return bool(known) and told


def is_map_of(kind: str, members: Mapping[str, Element], *, one: bool) -> bool:
    """Whether an object in a collection of a kind holds such objects by name, and is none itself."""
    return not one and kind in _SPECIFIC and _is_map(members)


def _is_map(members: Mapping[str, Element]) -> bool:
    """Objects by name, whatever the names are: {"web": {"appId": …}, "api": {"appId": …}}."""
    return all(member.is_object for member in members.values()) and any(
        not {"appId", "displayName"}.isdisjoint(member.members()) for member in members.values()
    )
