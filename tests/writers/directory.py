"""Microsoft Graph's own JSON in the containers in which people keep it, and Azure AD Graph's objects (`az` before 2.37)."""

from __future__ import annotations

import json
from typing import Any

from tests.writers import Files, Tenant, Writer

ALL = ("applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
_OLD = {
    "id": "objectId", "isFallbackPublicClient": "publicClient", "appOwnerOrganizationId": "appOwnerTenantId",
    "oauth2PermissionScopes": "oauth2Permissions",
}  # fmt: skip
# What the entity type of Azure AD Graph has no property for.
_NOT_OLD = (
    "createdDateTime", "web", "spa", "api", "isDisabled", "defaultRedirectUri", "nativeAuthenticationApisEnabled", "requestSignatureVerification",
    "servicePrincipalLockConfiguration", "authenticationBehaviors", "info",
)  # fmt: skip


def lists(tenant: Tenant) -> Files:
    """As `az ad app list --all` and `az rest` print them."""
    return {f"{name}.json": json.dumps(items, indent=2).encode() for name, items in tenant.items()}


def pages(tenant: Tenant) -> Files:
    head = "https://graph.microsoft.com/v1.0/$metadata#"
    return {f"{name}.json": json.dumps({"@odata.context": head + name, "value": items}).encode() for name, items in tenant.items()}


def old(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    """An object of Azure AD Graph."""
    found = {_OLD.get(name, name): value for name, value in item.items() if name not in _NOT_OLD} | {"objectType": kind}
    for name in ("passwordCredentials", "keyCredentials"):
        found[name] = [_credential(one) for one in item[name]]
    if kind == "ServicePrincipal":
        return found
    web, api = item["web"] or {}, item["api"] or {}
    implicit = web.get("implicitGrantSettings") or {}
    return found | {
        "replyUrls": [uri for name in ("web", "publicClient", "spa") for uri in (item[name] or {}).get("redirectUris", [])],
        "publicClient": item["isFallbackPublicClient"], "homepage": web.get("homePageUrl"), "logoutUrl": web.get("logoutUrl"),
        "oauth2AllowImplicitFlow": implicit.get("enableAccessTokenIssuance"),
        "oauth2AllowIdTokenImplicitFlow": implicit.get("enableIdTokenIssuance"), "acceptMappedClaims": api.get("acceptMappedClaims"),
        "knownClientApplications": api.get("knownClientApplications", []), "oauth2Permissions": api.get("oauth2PermissionScopes", []),
        "preAuthorizedApplications": [
            {"appId": one["appId"], "permissionIds": one["delegatedPermissionIds"]} for one in api.get("preAuthorizedApplications", [])
        ],
    }  # fmt: skip


def of_one_platform(tenant: Tenant) -> Tenant:
    """Azure AD Graph has one list of redirect URIs, and says of all of them whether they are a public client's."""
    for app in tenant["applications"]:
        for name in ("web", "spa") if app["isFallbackPublicClient"] else ("publicClient", "spa"):
            app[name]["redirectUris"] = []
    return tenant


def _old_lists(tenant: Tenant) -> Files:
    """As `az` before 2.37 prints them."""
    kinds = {"applications": "Application", "servicePrincipals": "ServicePrincipal"}
    return {f"{name}.json": json.dumps([old(kinds[name], item) for item in items], indent=2).encode() for name, items in tenant.items()}


def _credential(item: dict[str, Any]) -> dict[str, Any]:
    return {{"startDateTime": "startDate", "endDateTime": "endDate"}.get(name, name): value for name, value in item.items()}


WRITERS = [
    Writer("az", "Microsoft Graph", lists, ALL),
    Writer("pages", "Microsoft Graph", pages, ALL),
    Writer("az-2.36", "Azure AD Graph", _old_lists, fitting=of_one_platform),
]
