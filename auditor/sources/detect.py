"""What a JSON object is, by its content: never by the name of its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from auditor.entra.shapes import Application, ServicePrincipal, SignInActivity
from auditor.sources import marks
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

# Bytes without which a file holds nothing of Microsoft Entra ID. In a text within JSON the quotes have a backslash before them.
MARKERS = re.compile(
    rb'"(?:[aA]ppId|[rR]equiredResourceAccess|required_resource_access|[rR]eplyUrls(?:WithType)?|oAuthSettings|[sS]ignInAudience'
    rb"|sign_in_audience|[iI]dentifierUris|identifier_uris|[aA]ppRoleId|app_role_id|[sS]ervicePrincipalType|[sS]ervicePrincipalNames"
    rb"|[aA]ppOwnerOrganizationId|[oO]auth2Permissions|[pP]asswordCredentials|[kK]eyCredentials|[oO]auth2PermissionScopes"
    rb"|[cC]onsentType|verifiedDomains|[aA]udiences|@odata\.context|odata\.metadata|objectType|resourceAppId|optionalClaims"
    rb"|defaultUserRolePermissions|notifyReviewers|applicationRestrictions|lastSignInActivity"
    rb'|connectionParameters|connectionParameterSets|iconBrandColor|apiProperties|clientID|AADApps)\\*+"|"swagger"\s*:\s*"2\.0"'
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
_SHARED = ("id", "appId", "displayName", "createdDateTime", "notes", "tags", "info", "owners")
_SPECIFIC = {
    kind: frozenset(shape.__struct_encode_fields__) - frozenset(_SHARED)
    for kind, shape in (("application", Application), ("servicePrincipal", ServicePrincipal))
}
_OF_SIGN_INS = frozenset({"id", *SignInActivity.__struct_encode_fields__, "servicePrincipalObjectId", "appDisplayName"})
_NOT_APPLICATIONS = ("manifestVersion", "$schema", "swagger", "start_url", "AADApps", "terraform_version", "properties")


@dataclass(frozen=True, slots=True)
class Context:
    """What an @odata.context says: the kind of the elements, and whose they are."""

    kind: str | None
    relation: str
    parent: str
    is_expanded: bool = False  # the elements may hold others: "#servicePrincipals(id,appRoleAssignments())"


def context(text: str) -> Context:
    """Of ".../$metadata#servicePrincipals('ID')/appRoleAssignments" -> appRoleAssignment of ID."""
    fragment = text.partition("$metadata#")[2]
    parent = re.match(r"\w+\('?([0-9A-Fa-f-]{36})'?\)/", fragment)
    segments = [part for part in _outside_parentheses(fragment.lower()).split("/") if part and part != "$entity"]
    last = segments[-1] if segments else ""
    is_expanded = fragment.count("(") > (2 if parent else 1)
    return Context(SEGMENTS.get(last), last, parent[1].lower() if parent else "", is_expanded)


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


def classify(members: Mapping[str, Element]) -> tuple[str, str] | None:
    """(kind, format) of an object, or None when it is nothing of Entra ID, nor a connector's."""
    found = _directory_object(members)
    return found if found is not None else _power_platform(members)


def _directory_object(members: Mapping[str, Element]) -> tuple[str, str] | None:

    def text(name: str) -> str:
        element = members.get(name)
        value = element.value() if element is not None and element.raw[element.start : element.start + 1] == b'"' else ""
        return value if isinstance(value, str) else ""

    def has(*names: str) -> bool:
        # A null proves nothing: lists with objects of several kinds are exported with the columns of all of them.
        return any(name in members and not members[name].is_null for name in names)

    if text("odata.type").startswith("Microsoft.DirectoryServices.") or (has("objectId") and has(*_AAD_GRAPH)):
        kind = (text("objectType") or text("odata.type")).rpartition(".")[2].lower()
        kinds = {"application": "application", "serviceprincipal": "servicePrincipal"}
        return (kinds[kind], AAD_GRAPH) if kind in kinds else None
    if odata_type := text("@odata.type").lower():
        odata_type = "#" + odata_type.removeprefix("#")
        found = _TYPES.get(odata_type)
        if found or odata_type.startswith("#microsoft.graph."):
            return (found, GRAPH) if found else None
    kind_of_context = context(text("@odata.context")).kind
    if kind_of_context and kind_of_context != "owner":
        return kind_of_context, GRAPH
    platforms = [members[name] for name in ("web", "spa", "api") if name in members and members[name].is_object]
    requested = members.get("requiredResourceAccess")
    if has("appId") and ((platforms and has("id", "displayName")) or (requested is not None and _is_filled(requested))):
        # What only an application has decides, whatever columns of other kinds stand beside it.
        return "application", PORTAL if has(*_LEGACY) and not platforms else GRAPH
    if has("defaultUserRolePermissions", "permissionGrantPolicyIdsAssignedToDefaultUserRole"):
        return "authorizationPolicy", GRAPH
    if has("notifyReviewers") and "isEnabled" in members:
        return "adminConsentRequestPolicy", GRAPH
    if has("applicationRestrictions", "servicePrincipalRestrictions"):
        return "defaultAppManagementPolicy", GRAPH
    if has("appId") and (has("lastSignInActivity") or ("lastSignInActivity" in members and members.keys() <= _OF_SIGN_INS)):
        return "servicePrincipalSignInActivity", GRAPH
    if has("appRoleId") and has("resourceId"):
        return "appRoleAssignment", GRAPH
    if has("clientId") and has("resourceId") and has("scope", "consentType"):
        return "oauth2PermissionGrant", GRAPH
    if has("issuer") and has("audiences", "subject") and "claims" not in members:
        return "federatedIdentityCredential", GRAPH
    if has("verifiedDomains") and not has("appId"):
        return "organization", GRAPH
    if has(*_PRINCIPAL):
        return "servicePrincipal", GRAPH
    if has("appId") and any(name in members and members[name].is_array for name in ("oauth2PermissionScopes", "publishedPermissionScopes")):
        return "servicePrincipal", GRAPH
    if has(*_NOT_APPLICATIONS) and not has("appId"):
        return None
    if [name for name in members if "@" not in name] in (["requiredResourceAccess"], ["optionalClaims"], ["identifierUris"]):
        return None  # a part of a manifest
    if has(*_LEGACY) and not platforms:
        return "application", PORTAL
    nested = platforms or ("publicClient" in members and members["publicClient"].is_object)
    if nested and _is_map(members):
        return None
    if (nested and not (has("tenantId") and "credentials" in members)) or has("requiredResourceAccess", "identifierUris", "signInAudience"):
        return "application", GRAPH
    if has("displayName", "appId") and has(*_SPECIFIC["application"]):
        return "application", GRAPH  # cut down by $select or --query
    if has("displayName") and has("appId") and has("id"):
        return "application", GRAPH
    return None


def _is_filled(element: Element) -> bool:
    return element.is_array and element.raw[element.start + 1 : element.end - 1].strip() != b""


def is_certain(members: Mapping[str, Element]) -> bool:
    """Whether an object says by itself that it is one of Entra ID's, wherever it stands."""
    named = any(name in members and members[name].is_text for name in ("@odata.type", "odata.type", "@odata.context"))
    return named or len(marks.of(members)) >= marks.ENOUGH


def fits(kind: str, members: Mapping[str, Element], *, one: bool) -> str | None:
    """The format of an object in a collection of a kind; None where it has nothing of that kind, as a list of app ids has.

    `one`: the collection's name promises one object ("application"), and so is never a map's.
    """
    if not one and kind in _SPECIFIC and _is_map(members):
        return None
    found = _directory_object(members)
    if found is not None and found[0] == kind:
        return found[1]
    if kind not in _SPECIFIC:
        return GRAPH
    known = members.keys() & (_SPECIFIC[kind] | set(_SHARED))
    # A list of app ids with remarks of its own beside them holds no registrations, whatever it is called.
    told = one or not known <= {"appId", "displayName"} or known == members.keys()
    return GRAPH if known and told else None


def _is_map(members: Mapping[str, Element]) -> bool:
    """Objects by name, whatever the names are: {"web": {"appId": …}, "api": {"appId": …}}."""
    return all(member.is_object for member in members.values()) and any(
        not {"appId", "displayName"}.isdisjoint(member.members()) for member in members.values()
    )


def _power_platform(members: Mapping[str, Element]) -> tuple[str, str] | None:
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
