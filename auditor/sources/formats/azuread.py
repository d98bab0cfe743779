"""Resources of Terraform's azuread provider in Microsoft Graph's shape, by the provider's documentation (versions 2 and 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, FEDERATED, GRANTS, SERVICE_PRINCIPALS
from auditor.entra.ids import GUID
from auditor.pattern import late
from auditor.sources.formats import azuread_attributes as attributes
from auditor.sources.formats.base import Converted
from auditor.sources.formats.gaps import Gap

Convert = Callable[[Converted, dict[str, Any]], None]
Fold = Callable[[Converted, dict[str, Any], str], None]  # with the place of the part, from the root of the file


class Made(NamedTuple):
    """An object that a resource makes: where its object ID is in the resource, and how the rest is read."""

    names: tuple[str, ...]
    convert: Convert


class Part(NamedTuple):
    """A resource that describes a part of an object: whose, where that is named, what it adds to, and how it is read."""

    kind: str
    names: tuple[str, ...]
    adds_to: tuple[str, ...]
    fold: Fold


class Link(NamedTuple):
    kind: str
    convert: Convert


# Properties for which the provider has no attribute.
NO_ATTRIBUTE = frozenset({
    "createdDateTime", "verifiedPublisher", "isDisabled", "servicePrincipalLockConfiguration", "tokenEncryptionKeyId", "defaultRedirectUri",
    "requestSignatureVerification", "web.redirectUriSettings", "signInAudienceRestrictions", "sponsors", "authenticationBehaviors",
    "preferredTokenSigningKeyThumbprint",
})  # fmt: skip
NOT_MANAGED = "Terraform shows only what it manages"
# Credentials that others added are not in a file of Terraform; that there are such besides Terraform's own is rare.
IN_PART = dict.fromkeys(("passwordCredentials", "keyCredentials"), NOT_MANAGED)
NO_SUCH = Gap("the resource of the azuread provider has no attribute for it")
_OTHER_FORM = Gap("not in the form that versions 2 and 3 of the azuread provider write")
_GUID = late(GUID, re.IGNORECASE)
_DIRECTORY = ("web", "spa", "publicClient")


def guid_of(value: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The object ID that one of these attributes has, which may be a path ("/applications/ID"); "" where none has one."""
    for name in names:
        held = value.get(name)
        if isinstance(held, str) and (found := _GUID.search(held)):
            return found[0].lower()
    return ""


# -- what attributes say


def _application(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, attributes.APPLICATION)
    _client_id(out, value)
    _claims_of_groups(out, value)
    for block, platform in attributes.PLATFORMS.items():
        _inside(out, value, block, {"redirect_uris": f"{platform}/redirectUris"}, [])
    _inside(out, value, "web", {"homepage_url": "web/homePageUrl", "logout_url": "web/logoutUrl"}, None)
    grant = {
        "access_token_issuance_enabled": "web/implicitGrantSettings/enableAccessTokenIssuance",
        "id_token_issuance_enabled": "web/implicitGrantSettings/enableIdTokenIssuance",
    }
    web = _block(value.get("web"))
    if "web" in value:
        nested = {"implicit_grant": web if isinstance(web, Gap) else web.get("implicit_grant")}
        _inside(out, nested, "implicit_grant", grant, False, "/web/0")
    _inside(out, value, "api", {"requested_access_token_version": "api/requestedAccessTokenVersion"}, None)
    _inside(out, value, "api", {"mapped_claims_enabled": "api/acceptMappedClaims"}, False)
    _inside(out, value, "api", {"known_client_applications": "api/knownClientApplications"}, [])
    if "api" in value:
        api = _block(value["api"])
        _rows(out, "api/oauth2PermissionScopes", api if isinstance(api, Gap) else api.get("oauth2_permission_scope"), attributes.SCOPE,
              "/api/0/oauth2_permission_scope")  # fmt: skip
    if "app_role" in value:
        _rows(out, "appRoles", value["app_role"], attributes.ROLE, "/app_role")
    if "optional_claims" in value:
        _claims(out, _block(value["optional_claims"]), "/optional_claims/0")
    if "required_resource_access" in value:
        _requested(out, value["required_resource_access"])
    if "password" in value:
        _rows(out, "passwordCredentials", value["password"], attributes.SECRET, "/password")
    _owners(out, value)


def _registration(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, attributes.APPLICATION | attributes.REGISTRATION)
    _client_id(out, value)
    _claims_of_groups(out, value)


def _of_template(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, {"display_name": "displayName", "template_id": "applicationTemplateId", "application_object_id": "id"})


def _principal_of_template(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, {"display_name": "displayName", "service_principal_object_id": "id"})


def _principal(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, attributes.PRINCIPAL)
    out.put("disabledByMicrosoftStatus", NO_SUCH, "")  # an application's has one
    _client_id(out, value)
    for name, path, table in (
        ("app_roles", "appRoles", attributes.ROLE),
        ("oauth2_permission_scopes", "oauth2PermissionScopes", attributes.SCOPE),
    ):
        if name in value:
            _rows(out, path, value[name], table, f"/{name}")
    _owners(out, value)


def _named(out: Converted, value: dict[str, Any], table: Mapping[str, str]) -> None:
    for name, path in table.items():
        if name in value:
            out.put(path, value[name], f"/{name}")


def _client_id(out: Converted, value: dict[str, Any]) -> None:
    """The IDs, of which version 2 has other names: there `application_id` is the client ID, and `id` no path."""
    name = "client_id" if value.get("client_id") is not None else "application_id"
    if name in value:
        out.put("appId", value[name], f"/{name}")
    if isinstance(value.get("object_id"), (str, Gap)):
        out.put("id", value["object_id"], "/object_id")


def _claims_of_groups(out: Converted, value: dict[str, Any]) -> None:
    held = value.get("group_membership_claims")
    if "group_membership_claims" in value:
        if isinstance(held, list):
            held = next((one for one in held if isinstance(one, Gap)), ",".join(map(str, held)) or None)
        out.put("groupMembershipClaims", held, "/group_membership_claims")


def _block(held: Any) -> dict[str, Any] | Gap:
    """A block, which is a list of one object; what is not set is one without attributes."""
    if held is None or held == []:
        return {}
    if isinstance(held, Gap):
        return held
    first = held[0] if isinstance(held, list) else None
    return first if isinstance(first, (dict, Gap)) else _OTHER_FORM


def _inside(out: Converted, value: dict[str, Any], name: str, table: Mapping[str, str], default: Any, above: str = "") -> None:
    """Attributes of a block. Where one is not set it has the provider's default."""
    if name not in value:
        return
    block = _block(value[name])
    for attribute, path in table.items():
        held = block if isinstance(block, Gap) else block.get(attribute)
        if held is None:
            held = list(default) if isinstance(default, list) else default
        out.put(path, held, f"{above}/{name}/0/{attribute}")


def _renamed(row: Any, table: Mapping[str, str]) -> Any:
    """An object of a list; a secret that is known after apply is not in the file, which is known."""
    if not isinstance(row, dict):
        return row
    named = {table[name]: held for name, held in row.items() if name in table and held is not None}
    if isinstance(named.get("secretText"), Gap):
        del named["secretText"]
    return {path: None for name, path in table.items() if name in row and path != "secretText"} | named


def _rows(out: Converted, path: str, rows: Any, table: Mapping[str, str], origin: str) -> None:
    """A list of blocks."""
    if rows is not None and not isinstance(rows, (list, Gap)):
        rows = _OTHER_FORM
    out.put(path, rows if isinstance(rows, Gap) else [_renamed(row, table) for row in rows or ()], origin)
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        for name in row if isinstance(row, dict) else ():
            if name in table:
                out.origins[f"/{path}/{i}/{table[name]}"] = f"{origin}/{i}/{name}"


def _claims(out: Converted, claims: dict[str, Any] | Gap, origin: str) -> None:
    for name, path in (("access_token", "accessToken"), ("id_token", "idToken"), ("saml2_token", "saml2Token")):
        _rows(out, f"optionalClaims/{path}", claims if isinstance(claims, Gap) else claims.get(name), attributes.CLAIM, f"{origin}/{name}")


def _requested(out: Converted, entries: Any) -> None:
    path, origin = "requiredResourceAccess", "/required_resource_access"
    _rows(out, path, entries, {"resource_app_id": "resourceAppId"}, origin)
    for i, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict):
            continue
        held = entry.get("resource_access")
        rows = held if isinstance(held, Gap) else [_renamed(row, attributes.ACCESS) for row in held] if isinstance(held, list) else []
        out.value[path][i]["resourceAccess"] = rows
        out.origins[f"/{path}/{i}/resourceAccess"] = f"{origin}/{i}/resource_access"


def _owners(out: Converted, value: dict[str, Any]) -> None:
    if "owners" in value:
        held = value["owners"]
        rows = held if isinstance(held, Gap) else [one if isinstance(one, Gap) else {"id": one} for one in held or ()]
        out.put("owners", rows, "/owners")


# -- resources that describe a part


def _listed(out: Converted, path: str) -> list[Any]:
    """The list that a part adds to."""
    at, last = out.holder(path)
    held = at.get(last)
    if not isinstance(held, list):
        held = at[last] = [held] if isinstance(held, Gap) else []  # with what is known after apply there are more
    return held


def _add(out: Converted, path: str, item: Any, origin: str, key: str = "", names: Mapping[str, str] | None = None) -> None:
    """One more entry, unless the application itself shows it: it has been read back after apply."""
    items = _listed(out, path)
    own = item.get(key) if key and isinstance(item, dict) else item
    shown = [one.get(key) if key and isinstance(one, dict) else one for one in items]
    if own is not None and not isinstance(own, Gap) and own in shown:
        return
    at = f"/{path}/{len(items)}"
    out.origins[at] = origin
    for name, renamed in (names or {}).items():
        out.origins.setdefault(f"{at}/{renamed}", f"{origin}/{name}")
    items.append(item)


def _present(value: dict[str, Any], table: Mapping[str, str]) -> dict[str, str]:
    return {name: path for name, path in table.items() if name in value}


def _row(path: str, table: Mapping[str, str], key: str, out: Converted, value: dict[str, Any], origin: str, **more: Any) -> None:
    _add(out, path, more | _renamed(value, table), origin, key, _present(value, table))


def _password(out: Converted, value: dict[str, Any], origin: str) -> None:
    _row("passwordCredentials", attributes.SECRET, "keyId", out, value, origin)


def _certificate(out: Converted, value: dict[str, Any], origin: str) -> None:
    # Of a symmetric key the value is a secret; else it is the certificate, which is public.
    table = attributes.CERTIFICATE | ({"value": "key"} if value.get("type") == "Symmetric" else {})
    _row("keyCredentials", table, "keyId", out, value, origin, usage="Verify", customKeyIdentifier=NO_SUCH, displayName=NO_SUCH)


def _signing(out: Converted, value: dict[str, Any], origin: str) -> None:
    _row("keyCredentials", attributes.CERTIFICATE, "keyId", out, value, origin, usage="Verify", type="AsymmetricX509Cert")


def _trust(out: Converted, value: dict[str, Any], origin: str) -> None:
    _row(FEDERATED.name, attributes.TRUST, "id", out, value, origin)


def _flexible(out: Converted, value: dict[str, Any], origin: str) -> None:
    more: dict[str, Any] = {"subject": None}
    if "audience" in value:
        more["audiences"] = [value["audience"]]
    if "claims_matching_expression" in value:
        more["claimsMatchingExpression"] = {"value": value["claims_matching_expression"], "languageVersion": 1}
    _row(FEDERATED.name, attributes.TRUST, "id", out, value, origin, **more)


def _redirects(out: Converted, value: dict[str, Any], origin: str) -> None:
    platform = attributes.PLATFORM_OF.get(str(value.get("type")).lower())
    for target in [platform] if platform else _DIRECTORY:  # a type that is not known: each may have more
        _strings(out, f"{target}/redirectUris", value.get("redirect_uris") if platform else _OTHER_FORM, f"{origin}/redirect_uris")


def _entries(held: Any) -> list[Any]:
    """Of an attribute that is a list; of one that is not known, one entry that is not."""
    return held if isinstance(held, list) else [held] if isinstance(held, Gap) else []


def _strings(out: Converted, path: str, held: Any, origin: str) -> None:
    for i, one in enumerate(_entries(held)):
        _add(out, path, one, f"{origin}/{i}")


def _api_access(out: Converted, value: dict[str, Any], origin: str) -> None:
    access: list[Any] = []
    for name, kind in (("scope_ids", "Scope"), ("role_ids", "Role")):
        access += [one if isinstance(one, Gap) else {"id": one, "type": kind} for one in _entries(value.get(name))]
    api = value.get("api_client_id")
    _add(out, "requiredResourceAccess", {"resourceAppId": api, "resourceAccess": access}, origin, "resourceAppId",
         {"api_client_id": "resourceAppId"})  # fmt: skip


def _role(out: Converted, value: dict[str, Any], origin: str) -> None:
    _row("appRoles", {name: path for name, path in attributes.ROLE.items() if name != "id"}, "id", out, value, origin, isEnabled=True)


def _scope(out: Converted, value: dict[str, Any], origin: str) -> None:
    table = {name: path for name, path in attributes.SCOPE.items() if name != "id"}
    _row("api/oauth2PermissionScopes", table, "id", out, value, origin, isEnabled=True, type="User")


def _preauthorized(out: Converted, value: dict[str, Any], origin: str) -> None:
    name = "authorized_client_id" if value.get("authorized_client_id") is not None else "authorized_app_id"
    table = {name: "appId", "permission_ids": "delegatedPermissionIds"}
    _row("api/preAuthorizedApplications", table, "appId", out, value, origin)


def _known_clients(out: Converted, value: dict[str, Any], origin: str) -> None:
    _strings(out, "api/knownClientApplications", value.get("known_client_ids"), f"{origin}/known_client_ids")


def _identifier_uri(out: Converted, value: dict[str, Any], origin: str) -> None:
    _add(out, "identifierUris", value.get("identifier_uri"), f"{origin}/identifier_uri")


def _optional_claims(out: Converted, value: dict[str, Any], origin: str) -> None:
    _claims(out, value, origin)


def _fallback(out: Converted, value: dict[str, Any], origin: str) -> None:
    if "enabled" in value:
        out.put("isFallbackPublicClient", value["enabled"], f"{origin}/enabled")


def _owner(out: Converted, value: dict[str, Any], origin: str) -> None:
    held = value.get("owner_object_id")
    _add(out, "owners", held if isinstance(held, Gap) else {"id": held}, f"{origin}/owner_object_id", "id")


# -- links between objects


def _assigned(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, attributes.ASSIGNMENT)
    if isinstance(own := value.get("id"), str):  # API/appRoleAssignment/ID
        out.put("id", own.rpartition("/")[2], "/id")


def _granted(out: Converted, value: dict[str, Any]) -> None:
    _named(out, value, attributes.GRANT)
    user, claims = value.get("user_object_id"), value.get("claim_values")
    out.put("consentType", user if isinstance(user, Gap) else "Principal" if user else "AllPrincipals", "/user_object_id")
    if "claim_values" in value:
        held = next((one for one in claims if isinstance(one, Gap)), None) if isinstance(claims, list) else claims
        out.put("scope", " ".join(map(str, claims)) if isinstance(claims, list) and held is None else held, "/claim_values")


_APP, _SP = APPLICATIONS.kind, SERVICE_PRINCIPALS.kind
_OBJECT = ("object_id", "id")
_OF_APP, _OF_SP = ("application_id", "application_object_id"), ("service_principal_id",)
MAKES: dict[str, dict[str, Made]] = {
    "azuread_application": {_APP: Made(_OBJECT, _application)},
    "azuread_application_registration": {_APP: Made(_OBJECT, _registration)},
    "azuread_application_from_template": {
        _APP: Made(("application_object_id", "application_id"), _of_template),
        _SP: Made(("service_principal_object_id", "service_principal_id"), _principal_of_template),
    },
    "azuread_service_principal": {_SP: Made(_OBJECT, _principal)},
}
_of_app, _of_sp = partial(Part, _APP, _OF_APP), partial(Part, _SP, _OF_SP)
_SECRETS, _KEYS, _TRUSTS, _SCOPES = ("passwordCredentials",), ("keyCredentials",), (FEDERATED.name,), ("api/oauth2PermissionScopes",)
_URIS = tuple(f"{platform}/redirectUris" for platform in _DIRECTORY)
_CLAIMS = tuple(f"optionalClaims/{token}" for token in ("accessToken", "idToken", "saml2Token"))
PARTS: dict[str, Part] = {
    "azuread_application_password": _of_app(_SECRETS, _password),
    "azuread_application_certificate": _of_app(_KEYS, _certificate),
    "azuread_application_federated_identity_credential": _of_app(_TRUSTS, _trust),
    "azuread_application_flexible_federated_identity_credential": _of_app(_TRUSTS, _flexible),
    "azuread_application_redirect_uris": _of_app(_URIS, _redirects),
    "azuread_application_api_access": _of_app(("requiredResourceAccess",), _api_access),
    "azuread_application_app_role": _of_app(("appRoles",), _role),
    "azuread_application_permission_scope": _of_app(_SCOPES, _scope),
    "azuread_application_oauth2_permission_scope": _of_app(_SCOPES, _scope),
    "azuread_application_pre_authorized": _of_app(("api/preAuthorizedApplications",), _preauthorized),
    "azuread_application_known_clients": _of_app(("api/knownClientApplications",), _known_clients),
    "azuread_application_identifier_uri": _of_app(("identifierUris",), _identifier_uri),
    "azuread_application_optional_claims": _of_app(_CLAIMS, _optional_claims),
    "azuread_application_fallback_public_client": _of_app(("isFallbackPublicClient",), _fallback),
    "azuread_application_owner": _of_app(("owners",), _owner),
    "azuread_service_principal_password": _of_sp(_SECRETS, _password),
    "azuread_service_principal_certificate": _of_sp(_KEYS, _certificate),
    "azuread_service_principal_token_signing_certificate": _of_sp(_KEYS, _signing),
}
LINKS = {
    "azuread_app_role_assignment": Link(ASSIGNMENTS.kind, _assigned),
    "azuread_service_principal_delegated_permission_grant": Link(GRANTS.kind, _granted),
}
# No rule reads what these describe.
NOT_READ = frozenset({"azuread_service_principal_claims_mapping_policy_assignment"})
READ = frozenset({*MAKES, *PARTS, *LINKS})
_OURS = ("azuread_application", "azuread_service_principal", "azurerm_azuread_")  # beginnings of types
_OF_GRAPH = ("applications", "serviceprincipals", "oauth2permissiongrants")  # beginnings of msgraph_resource.url


def is_ours(kind: str, value: Callable[[], dict[str, Any]]) -> bool:
    """Whether a resource of a type describes a registration or principal. `value` gives the attributes, which tell of a generic one."""
    if kind == "msgraph_resource":
        return str(value().get("url")).lower().lstrip("/").startswith(_OF_GRAPH)
    return kind.startswith(_OURS) or kind in READ


_LISTS = {_APP: frozenset(path for part in PARTS.values() if part.kind == _APP for path in part.adds_to),
          _SP: frozenset((*_SECRETS, *_KEYS, "owners"))}  # fmt: skip
# Of an object that is there already, the lists that its own resource does not show whole.
_SHOWN_IN_PART = frozenset((*_SECRETS, *_KEYS, *_TRUSTS, "api/preAuthorizedApplications"))
_SHOWS_WHOLE = {
    "azuread_application": _LISTS[_APP] - _SHOWN_IN_PART,
    "azuread_service_principal": _LISTS[_SP] - _SHOWN_IN_PART,
}


def complete(out: Converted, kind: str, made_by: str, *, is_new: bool) -> None:
    """What the lists of an object are that other resources add to, after all of these were read.

    A new object has nothing but what the plan says; of one that is there Terraform shows only what it manages.
    """
    for path in _LISTS[kind] - _SHOWS_WHOLE.get(made_by, frozenset()):
        if not is_new or made_by == "azuread_application_from_template":  # the template has entries of its own
            out.more[path] = NOT_MANAGED
        elif path == "isFallbackPublicClient":
            out.value.setdefault(path, False)
        else:
            _listed(out, path)


def leave_open(out: Converted, part: str) -> None:
    """A resource of this type may belong to the object, too: what it adds to may have more."""
    for path in PARTS[part].adds_to:
        out.more[path] = f"nothing says which application the {part} in this file belongs to"
