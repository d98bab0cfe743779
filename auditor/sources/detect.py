"""What a JSON object is, by its content: never by the name of its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from auditor.entra.collections import APPLICATIONS, BY_NAME, CONNECTORS, OWNERS, PRINCIPAL_OWNERS, SERVICE_PRINCIPALS, SIGN_INS, TENANT
from auditor.facts import kinds
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

# Bytes without which a file holds nothing of Microsoft Entra ID: what only its objects have, older manifests, and files of clients.
_MARKERS = (
    *(marker for collection in TENANT for marker in collection.markers),
    "replyUrls", "replyUrlsWithType", "oauth2Permissions", "oauth2PermissionScopes", "resourceAppId", "optionalClaims",
)  # fmt: skip
# Other tools write the same names in other casings. Files of clients, and what says what an object is, are written one way.
_CASINGS = (
    *(casing for name in _MARKERS for casing in (name, name[0].upper() + name[1:], re.sub("([A-Z])", r"_\1", name).lower())),
    "objectType", "@odata.context", "odata.metadata", "oAuthSettings", "connectionParameters", "connectionParameterSets", "iconBrandColor",
    "apiProperties", "clientID", "AADApps",
)  # fmt: skip
# In a text within JSON the quotes have a backslash before them.
MARKERS = re.compile(rf'"(?:{"|".join(map(re.escape, _CASINGS))})\\*+"|"swagger"\s*:\s*"2\.0"'.encode())

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
    **{collection.name: collection.kind for collection in (*TENANT, CONNECTORS) if collection.side_of is None},
    **{collection.kind: collection.kind for collection in (APPLICATIONS, SERVICE_PRINCIPALS)},
}
OWN_NAMES = tuple(name for name in COLLECTIONS if name not in BY_NAME or not BY_NAME[name].has_common_name)
_PRINCIPAL = ("servicePrincipalType", "servicePrincipalNames", "appOwnerOrganizationId", "appRoleAssignmentRequired")
_LEGACY = (
    "replyUrlsWithType", "oauth2AllowImplicitFlow", "oauth2AllowIdTokenImplicitFlow", "accessTokenAcceptedVersion", "oauth2Permissions",
    "allowPublicClient", "informationalUrls", "signInUrl", "oauth2AllowUrlPathMatching",
)  # fmt: skip
_AAD_GRAPH = ("replyUrls", "availableToOtherTenants", "appOwnerTenantId", "oauth2Permissions", "objectType")
_SHARED = ("id", "appId", "displayName", "createdDateTime", "notes", "tags", "info", "owners")
_SPECIFIC = {of.kind: frozenset(kinds.members(of.kind)) - frozenset(_SHARED) for of in (APPLICATIONS, SERVICE_PRINCIPALS)}
_OF_SIGN_INS = frozenset({"id", *kinds.members(SIGN_INS.kind), "servicePrincipalObjectId", "appDisplayName"})
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
        if found or odata_type.startswith(_TYPE):
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
