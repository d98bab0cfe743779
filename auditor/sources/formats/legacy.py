"""Azure AD Graph's shapes: the old portal manifest (`replyUrlsWithType`) and `az` before 2.37 (`objectId`).

Both name the same things otherwise than Microsoft Graph. A converted object keeps, for each place in Graph's shape, the place
in the file: findings point at what the user wrote.
"""

from __future__ import annotations

from typing import Any

from auditor.pointer import join
from auditor.sources.formats.base import Converted

OF_THEIR_OWN = frozenset({"owners", "federatedIdentityCredentials"})  # Azure AD Graph and the portal have them elsewhere
# What Azure AD Graph has no property for. (Redirect URIs are one list: which of them are of a single-page application is unknown.)
CANNOT_CARRY = OF_THEIR_OWN | {
    "createdDateTime", "spa", "isDisabled", "defaultRedirectUri", "nativeAuthenticationApisEnabled", "requestSignatureVerification",
    "servicePrincipalLockConfiguration", "authenticationBehaviors", "api.requestedAccessTokenVersion", "web.redirectUriSettings",
}  # fmt: skip
_AUDIENCES = {True: "AzureADMultipleOrgs", False: "AzureADMyOrg", None: "AzureADMyOrg"}
# name in the file -> path in Microsoft Graph's shape
RENAMED = {
    "objectId": "id",
    "name": "displayName",
    "signInUrl": "web/homePageUrl",
    "homepage": "web/homePageUrl",
    "logoutUrl": "web/logoutUrl",
    "oauth2AllowImplicitFlow": "web/implicitGrantSettings/enableAccessTokenIssuance",
    "oauth2AllowIdTokenImplicitFlow": "web/implicitGrantSettings/enableIdTokenIssuance",
    "allowPublicClient": "isFallbackPublicClient",
    "accessTokenAcceptedVersion": "api/requestedAccessTokenVersion",
    "requestedAccessTokenVersion": "api/requestedAccessTokenVersion",  # Microsoft's page of 2025 prints it so
    "acceptMappedClaims": "api/acceptMappedClaims",
    "knownClientApplications": "api/knownClientApplications",
    "oauth2Permissions": "api/oauth2PermissionScopes",
    "preAuthorizedApplications": "api/preAuthorizedApplications",
    "informationalUrls": "info",
    "deletionTimestamp": "deletedDateTime",
    "appOwnerTenantId": "appOwnerOrganizationId",
}
_PRINCIPAL_RENAMED = {
    "objectId": "id",
    "oauth2Permissions": "oauth2PermissionScopes",
    "appOwnerTenantId": "appOwnerOrganizationId",
    "deletionTimestamp": "deletedDateTime",
}
_CREDENTIAL = {"startDate": "startDateTime", "endDate": "endDateTime"}
_PLATFORMS = {"web": "web", "spa": "spa", "installedclient": "publicClient"}
_COLLECTIONS = ("preAuthorizedApplications", "knownClientApplications", "oauth2Permissions")  # null there means none
_MATERIAL = {"passwordCredentials": "secretText", "keyCredentials": "key"}  # Azure AD Graph calls both `value`
# Where a registration's weaknesses are: Microsoft Graph has other names for them. (Its documentation shows `allowPublicClient`, too.)
DECISIVE = (
    "replyUrls", "replyUrlsWithType", "oauth2AllowImplicitFlow", "oauth2AllowIdTokenImplicitFlow", "oauth2Permissions",
    "preAuthorizedApplications", "knownClientApplications",
)  # fmt: skip
# What stands in a manifest by mistake where properties were renamed, and decides nothing there: a reader believes that it is set.
IGNORED = ("accessTokenAcceptedVersion", "requestedAccessTokenVersion", "acceptMappedClaims", "allowPublicClient")
# What is read beside Microsoft Graph's names, and the names within it.
NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*RENAMED, "availableToOtherTenants", "replyUrls"), ()),
    "replyUrlsWithType": ("url", "type"),
    "preAuthorizedApplications": ("appId", "permissionIds"),
    **dict.fromkeys(("passwordCredentials", "keyCredentials"), tuple(_CREDENTIAL)),
}


def application(value: dict[str, Any], *, portal: bool) -> Converted:
    """An application of the portal's old manifest (`portal`), or of Azure AD Graph 1.6."""
    out = Converted()
    for name, item in value.items():
        origin = join(name)
        if name == "replyUrlsWithType":
            _reply_urls_with_type(out, item)
        elif name == "replyUrls" and not portal:
            # Azure AD Graph does not say which platform a URI is for; a public client's are native.
            platform = "publicClient" if value.get("publicClient") is True else "web"
            out.put(f"{platform}/redirectUris", item, origin)
        elif name == "publicClient" and not isinstance(item, dict):
            out.put("isFallbackPublicClient", item, origin)
        elif name == "availableToOtherTenants":
            if "signInAudience" not in value:
                out.put("signInAudience", _AUDIENCES.get(item, item) if item is None or isinstance(item, bool) else [item], origin)
        elif name in ("passwordCredentials", "keyCredentials"):
            out.put(name, _each(item, _secret if name == "passwordCredentials" else _key), origin)
            _member_origins(out, name, name, item, {**_CREDENTIAL, "value": _MATERIAL[name]})
        elif name == "preAuthorizedApplications":
            out.put(RENAMED[name], _each([] if item is None else item, _preauthorized), origin)
            _member_origins(out, RENAMED[name], name, item, {"permissionIds": "delegatedPermissionIds"})
        else:
            out.put(RENAMED.get(name, name), [] if item is None and name in _COLLECTIONS else item, origin)
    _complete(out, value, portal=portal)
    return out


def service_principal(value: dict[str, Any]) -> Converted:
    """A service principal of Azure AD Graph 1.6."""
    out = Converted()
    for name, item in value.items():
        if name in ("passwordCredentials", "keyCredentials"):
            item = _each(item, _secret if name == "passwordCredentials" else _key)
        out.put(_PRINCIPAL_RENAMED.get(name, name), item, join(name))
    return out


def _complete(out: Converted, value: dict[str, Any], *, portal: bool) -> None:
    """What the format says by leaving a Graph object out."""
    if portal and "replyUrlsWithType" in value:
        for platform in _PLATFORMS.values():
            out.value.setdefault(platform, {}).setdefault("redirectUris", [])
            out.origins.setdefault(f"/{platform}/redirectUris", "/replyUrlsWithType")
    if not portal and "replyUrls" in value:
        # spa URIs hide among the others: what stands there is known, that there is no more is not.
        other = "web" if "publicClient" in out.value else "publicClient"
        out.value.setdefault(other, {}).setdefault("redirectUris", [])
    if "oauth2Permissions" in value:
        for scope in out.value.get("api", {}).get("oauth2PermissionScopes") or []:
            if isinstance(scope, dict):
                scope.setdefault("type", "User")  # left out by the oldest manifests


def _reply_urls_with_type(out: Converted, items: Any) -> None:
    if not isinstance(items, list):
        out.put("web/redirectUris", items, "/replyUrlsWithType")
        return
    lists: dict[str, list[Any]] = {}
    for i, item in enumerate(items):
        kind = str(item.get("type") or "Web").lower() if isinstance(item, dict) else "web"
        platform = _PLATFORMS.get(kind, "web")
        urls = lists.setdefault(platform, [])
        out.origins[f"/{platform}/redirectUris/{len(urls)}"] = f"/replyUrlsWithType/{i}/url"
        urls.append(item.get("url") if isinstance(item, dict) else item)
    for platform, urls in lists.items():
        out.put(f"{platform}/redirectUris", urls, "/replyUrlsWithType")


def _each(items: Any, convert: Any) -> Any:
    return [convert(item) if isinstance(item, dict) else item for item in items] if isinstance(items, list) else items


def _credential(material: str, item: dict[str, Any]) -> dict[str, Any]:
    names = {**_CREDENTIAL, "value": material}
    # A null says nothing: the other of the two names may have the material.
    return {names.get(name, name): value for name, value in item.items() if value is not None or name != "value"}


def _key(item: dict[str, Any]) -> dict[str, Any]:
    return _credential("key", item)


def _secret(item: dict[str, Any]) -> dict[str, Any]:
    """A client secret, whose description is its customKeyIdentifier: without one, it has none."""
    found = _credential("secretText", item)
    if "customKeyIdentifier" in item and "displayName" not in item:
        found["displayName"] = _description(item["customKeyIdentifier"])
    return found


def _description(identifier: Any) -> Any:
    """The text that was written as base64, in UTF-16 or ASCII; what is not such a text stays as it is."""
    import base64

    try:
        raw = base64.b64decode(identifier, validate=True)
        return raw.decode("utf-16-le" if b"\0" in raw else "ascii")
    except (ValueError, TypeError):
        return identifier


def _preauthorized(item: dict[str, Any]) -> dict[str, Any]:
    return {"delegatedPermissionIds" if name == "permissionIds" else name: value for name, value in item.items()}


def _member_origins(out: Converted, path: str, name: str, items: Any, renamed: dict[str, str]) -> None:
    for i, item in enumerate(items if isinstance(items, list) else ()):
        for old, new in renamed.items():
            if isinstance(item, dict) and old in item:
                out.origins[f"/{path}/{i}/{new}"] = f"/{name}/{i}/{old}"
