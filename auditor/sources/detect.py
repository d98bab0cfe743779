"""What a JSON object is, by its content: never by the name of its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.facts import App
from auditor.sources.element import Element
from auditor.sources.formats import Piece, connector, msal

GRAPH, PORTAL, AAD_GRAPH = "Microsoft Graph", "Azure AD Graph manifest", "Azure AD Graph"
CONNECTOR, DEFINITION, SETTINGS = "connector", "connector definition", "connector settings"
AUTH_CONFIG, SAMPLE = "authConfig.json", "sample.json"
# Formats of which one object holds several documents, or a part of one.
PIECES: dict[str, Callable[[Element, str], Iterator[Piece]]] = {
    CONNECTOR: connector.connectors, DEFINITION: connector.definition, SETTINGS: connector.settings,
    AUTH_CONFIG: msal.config, SAMPLE: msal.sample,
}  # fmt: skip

# Bytes without which a file holds nothing of Microsoft Entra ID.
MARKERS = re.compile(
    rb'"(?:appId|AppId|requiredResourceAccess|replyUrlsWithType|replyUrls|oAuthSettings|signInAudience|identifierUris|appRoleId'
    rb"|servicePrincipalType|servicePrincipalNames|appOwnerOrganizationId|oauth2Permissions|passwordCredentials|keyCredentials"
    rb"|consentType|verifiedDomains|audiences|@odata\.context|odata\.metadata|objectType"
    rb"|defaultUserRolePermissions|notifyReviewers|applicationRestrictions|lastSignInActivity"
    rb'|connectionParameters|connectionParameterSets|iconBrandColor|apiProperties|clientID|AADApps)"|"swagger"\s*:\s*"2\.0"'
)

_TYPES = {
    "#microsoft.graph.application": "application",
    "#microsoft.graph.agentidentityblueprint": "application",
    "#microsoft.graph.serviceprincipal": "servicePrincipal",
    "#microsoft.graph.agentidentityblueprintprincipal": "servicePrincipal",
    "#microsoft.graph.agentidentity": "servicePrincipal",
    "#microsoft.graph.organization": "organization",
    "#microsoft.graph.federatedidentitycredential": "federatedIdentityCredential",
    "#microsoft.graph.approleassignment": "appRoleAssignment",
    "#microsoft.graph.oauth2permissiongrant": "oauth2PermissionGrant",
    "#microsoft.graph.authorizationpolicy": "authorizationPolicy",
    "#microsoft.graph.adminconsentrequestpolicy": "adminConsentRequestPolicy",
    "#microsoft.graph.tenantappmanagementpolicy": "defaultAppManagementPolicy",
    "#microsoft.graph.serviceprincipalsigninactivity": "servicePrincipalSignInActivity",
}
SEGMENTS = {
    "applications": "application",
    "microsoft.graph.agentidentityblueprint": "application",
    "serviceprincipals": "servicePrincipal",
    "serviceprinciples": "servicePrincipal",  # Microsoft published this spelling
    "microsoft.graph.agentidentityblueprintprincipal": "servicePrincipal",
    "microsoft.graph.agentidentity": "servicePrincipal",
    "approleassignments": "appRoleAssignment",
    "approleassignedto": "appRoleAssignment",
    "oauth2permissiongrants": "oauth2PermissionGrant",
    "federatedidentitycredentials": "federatedIdentityCredential",
    "organization": "organization",
    "owners": "owner",
    "authorizationpolicy": "authorizationPolicy",
    "adminconsentrequestpolicy": "adminConsentRequestPolicy",
    "defaultappmanagementpolicy": "defaultAppManagementPolicy",
    "serviceprincipalsigninactivities": "servicePrincipalSignInActivity",
}
# Members of an object that holds whole collections, by Microsoft Graph's names.
COLLECTIONS = {
    "applications": "application",
    "servicePrincipals": "servicePrincipal",
    "oauth2PermissionGrants": "oauth2PermissionGrant",
    "appRoleAssignments": "appRoleAssignment",
    "federatedIdentityCredentials": "federatedIdentityCredential",
    "owners": "owner",
    "organization": "organization",
    "application": "application",
    "servicePrincipal": "servicePrincipal",
    "authorizationPolicy": "authorizationPolicy",
    "adminConsentRequestPolicy": "adminConsentRequestPolicy",
    "defaultAppManagementPolicy": "defaultAppManagementPolicy",
    "servicePrincipalSignInActivities": "servicePrincipalSignInActivity",
    "connectors": "connector",
}
# Names that other services' objects have, too: beside one of ours they mean what they say.
_SHARED_NAMES = (
    "oauth2PermissionGrants", "appRoleAssignments", "federatedIdentityCredentials", "owners", "organization",
)  # fmt: skip
OWN_NAMES = tuple(name for name in COLLECTIONS if name not in _SHARED_NAMES)
_PRINCIPAL = ("servicePrincipalType", "servicePrincipalNames", "appOwnerOrganizationId", "appRoleAssignmentRequired")
_LEGACY = (
    "replyUrlsWithType", "oauth2AllowImplicitFlow", "oauth2AllowIdTokenImplicitFlow", "accessTokenAcceptedVersion", "oauth2Permissions",
    "allowPublicClient", "informationalUrls", "signInUrl", "oauth2AllowUrlPathMatching",
)  # fmt: skip
_AAD_GRAPH = ("replyUrls", "availableToOtherTenants", "appOwnerTenantId", "oauth2Permissions", "objectType")
_SHARED = ("id", "appId", "displayName", "createdDateTime", "notes", "tags", "owners")
_OF_APPLICATIONS = tuple(name for name in App.members() if name not in _SHARED)
_NOT_APPLICATIONS = ("manifestVersion", "$schema", "swagger", "start_url", "AADApps", "terraform_version", "properties")


@dataclass(frozen=True, slots=True)
class Context:
    """What an @odata.context says: the kind of the elements, and whose they are."""

    kind: str | None
    relation: str
    parent: str


def context(text: str) -> Context:
    """Of ".../$metadata#servicePrincipals('ID')/appRoleAssignments" -> appRoleAssignment of ID."""
    fragment = text.partition("$metadata#")[2]
    parent = re.match(r"\w+\('?([0-9A-Fa-f-]{36})'?\)/", fragment)
    plain = fragment.lower()
    while (shorter := re.sub(r"\([^()]*\)", "", plain)) != plain:
        plain = shorter
    segments = [part for part in plain.split("/") if part and part != "$entity"]
    last = segments[-1] if segments else ""
    return Context(SEGMENTS.get(last), last, parent[1].lower() if parent else "")


def classify(members: dict[str, Element]) -> tuple[str, str] | None:
    """(kind, format) of an object, or None when it is nothing of Entra ID, nor a connector's."""
    found = _directory_object(members)
    return found if found is not None else _power_platform(members)


def _directory_object(members: dict[str, Element]) -> tuple[str, str] | None:

    def text(name: str) -> str:
        element = members.get(name)
        value = element.value() if element is not None and element.raw[element.start : element.start + 1] == b'"' else ""
        return value if isinstance(value, str) else ""

    def has(*names: str) -> bool:
        return any(name in members for name in names)

    if text("odata.type").startswith("Microsoft.DirectoryServices.") or ("objectId" in members and has(*_AAD_GRAPH)):
        kind = (text("objectType") or text("odata.type")).rpartition(".")[2].lower()
        kinds = {"application": "application", "serviceprincipal": "servicePrincipal"}
        return (kinds[kind], AAD_GRAPH) if kind in kinds else None
    if odata_type := text("@odata.type").lower():
        found = _TYPES.get(odata_type)
        if found or odata_type.startswith("#microsoft.graph."):
            return (found, GRAPH) if found else None
    kind_of_context = context(text("@odata.context")).kind
    if kind_of_context and kind_of_context != "owner":
        return kind_of_context, GRAPH
    if has("defaultUserRolePermissions", "permissionGrantPolicyIdsAssignedToDefaultUserRole"):
        return "authorizationPolicy", GRAPH
    if {"isEnabled", "notifyReviewers"} <= members.keys():
        return "adminConsentRequestPolicy", GRAPH
    if has("applicationRestrictions", "servicePrincipalRestrictions"):
        return "defaultAppManagementPolicy", GRAPH
    if {"appId", "lastSignInActivity"} <= members.keys():
        return "servicePrincipalSignInActivity", GRAPH
    if {"appRoleId", "resourceId"} <= members.keys():
        return "appRoleAssignment", GRAPH
    if {"clientId", "resourceId"} <= members.keys() and has("scope", "consentType"):
        return "oauth2PermissionGrant", GRAPH
    if "issuer" in members and has("audiences", "subject") and "claims" not in members:
        return "federatedIdentityCredential", GRAPH
    if "verifiedDomains" in members and "appId" not in members:
        return "organization", GRAPH
    if has(*_PRINCIPAL):
        return "servicePrincipal", GRAPH
    scopes = members.get("oauth2PermissionScopes") or members.get("publishedPermissionScopes")
    if "appId" in members and scopes is not None and scopes.is_array:
        return "servicePrincipal", GRAPH
    if has(*_NOT_APPLICATIONS) and "appId" not in members:
        return None
    shapes = [members[name] for name in ("web", "spa", "api", "publicClient") if name in members]
    nested = any(shape.is_object for shape in shapes)
    if has(*_LEGACY) and not any(name in members and members[name].is_object for name in ("web", "spa", "api")):
        return "application", PORTAL
    if (nested and not (has("tenantId") and "credentials" in members)) or has("requiredResourceAccess", "identifierUris", "signInAudience"):
        return "application", GRAPH
    if (has("displayName", "appId") and has(*_OF_APPLICATIONS)) or {"displayName", "appId"} <= members.keys():
        # Cut down by $select or --query: application and service principal share these names.
        return "application", GRAPH
    return None


def _power_platform(members: dict[str, Element]) -> tuple[str, str] | None:
    """A custom connector's files, and those of an MSAL sample. A JSON Schema describes such objects, and is none."""
    if "$schema" in members and b"json-schema.org" in bytes(members["$schema"].view()):
        return None
    if connector.is_properties(members) or connector.is_parameter(members) or connector.is_parameters(members):
        return "connector", CONNECTOR
    if connector.is_definition(members):
        return "connectorPart", DEFINITION
    if connector.is_settings(members):
        return "connectorPart", SETTINGS
    if msal.is_config(members):
        return "connector", AUTH_CONFIG
    if "AADApps" in members and members["AADApps"].is_array:
        return "application", SAMPLE
    return None
