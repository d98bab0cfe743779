"""What applications are configured with besides MSAL's scripts: `appsettings.json` of Microsoft.Identity.Web, the configuration of MSAL
for Python, the app manifest of Microsoft Teams.

Each names a registration by its client ID, and an API by a name. What runs or signs in is not known from them: a web application's
redirect URI lacks the host.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.display import bare_uri
from auditor.entra.clouds import login_cloud
from auditor.entra.ids import is_guid
from auditor.pointer import join
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece
from auditor.sources.formats.connector import api_of, client_id, is_schema, secret_form

_SECTIONS = ("AzureAd", "AzureAD", "EntraId")
_LOGIN = "https://login.microsoftonline.com"


class _AppSettings(ObjectFormat):
    """appsettings.json: a web API where it says what it accepts (Audience, Scopes), else a web application that signs users in."""

    name = "appsettings.json"
    about = "the settings of Microsoft.Identity.Web"
    told_by = "`AzureAd`, `AzureAdB2C` or `EntraId` with `ClientId`"
    holds = ("connectors",)
    markers = (rb"AzureA[dD]", rb"EntraId")

    def recognises(self, seen: Object) -> str | None:
        return "connector" if _section(seen.members) and not is_schema(seen.members) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        name = _section(seen.members)
        yield Piece(seen.members[name], kind, _settings)


def _section(members: Members) -> str:
    """The section that names a client and a tenant; '' where there is none."""
    for name in _SECTIONS:
        if name in members and members[name].is_object:
            inside = members[name].members()
            if all(word in inside and inside[word].is_text for word in ("ClientId", "TenantId")):
                return name
    return ""


def _settings(value: dict[str, Any]) -> Converted:
    out = Converted()
    audience = value.get("Audience")
    accepts = isinstance(audience, str) or ("Scopes" in value and "CallbackPath" not in value)
    out.put("kind", "api" if accepts else "client", "")
    _common(out, value["ClientId"], "/ClientId")
    _text(out, "tenantId", value["TenantId"], "/TenantId")
    if isinstance(instance := value.get("Instance"), str):
        out.put("loginUri", bare_uri(instance.rstrip("/")), "/Instance")
    if "ClientSecret" in value:
        out.put("secretForm", secret_form(value["ClientSecret"], value["ClientId"]), "/ClientSecret")
    if accepts:
        _text(out, "resourceUri", audience if isinstance(audience, str) else value["ClientId"], "/Audience" if audience else "/ClientId")
        if isinstance(scopes := value.get("Scopes"), str):
            out.put("scopes", scopes.split(), "/Scopes")
    return out


class _Python(ObjectFormat):
    """parameters.json of MSAL's samples for Python: client_id, authority and scope."""

    name = "configuration of MSAL for Python"
    about = "parameters.json of samples of MSAL for Python"
    told_by = "`client_id` beside `authority`"
    holds = ("connectors",)
    markers = (rb"client_id",)

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        if not all(name in members and members[name].is_text for name in ("client_id", "authority")) or is_schema(members):
            return None
        authority = members["authority"].value()
        return "connector" if isinstance(authority, str) and login_cloud(authority) is not None else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        yield Piece(seen.element, kind, _python)


def _python(value: dict[str, Any]) -> Converted:
    out = Converted()
    out.put("kind", "client", "")
    _common(out, value["client_id"], "/client_id")
    host, _, tenant = value["authority"].partition("://")[2].partition("/")
    out.put("loginUri", bare_uri(f"https://{host}"), "/authority")
    _text(out, "tenantId", tenant.partition("/")[0], "/authority")
    for name in ("secret", "client_secret", "client_credential"):
        if isinstance(value.get(name), str):
            out.put("secretForm", secret_form(value[name], value["client_id"]), join(name))
    name = next((name for name in ("scope", "scopes") if name in value), "")
    scopes = value.get(name)
    if isinstance(scopes, str):
        scopes = scopes.split()
    if name and isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes):
        out.put("scopes", scopes, join(name))
        if scopes and all(scope.endswith("/.default") for scope in scopes):
            out.put("grantType", "client_credentials", join(name))  # what only a client asks for that signs in as itself
        if (api := api_of(scopes)) is not None:
            out.put("resourceUri", api, join(name))
    return out


class _Teams(ObjectFormat):
    """The app manifest of Microsoft Teams: single sign-on asks for a token of the resource, which has to be a name of the application."""

    name = "app manifest of Microsoft Teams"
    about = "the app manifest of Microsoft Teams"
    told_by = "`webApplicationInfo`"
    holds = ("connectors",)
    markers = (rb"webApplicationInfo",)

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        if "manifestVersion" not in members or "webApplicationInfo" not in members or not members["webApplicationInfo"].is_object:
            return None
        inside = members["webApplicationInfo"].members()
        return "connector" if all(name in inside and inside[name].is_text for name in ("id", "resource")) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        yield Piece(seen.members["webApplicationInfo"], kind, _teams)


def _teams(value: dict[str, Any]) -> Converted:
    out = Converted()
    out.put("kind", "api", "")
    _common(out, value["id"], "/id")
    _text(out, "resourceUri", value["resource"], "/resource")
    out.put("scopes", [], "")
    return out


FORMATS = (_AppSettings(), _Python(), _Teams())


def _common(out: Converted, client: str, origin: str) -> None:
    out.put("identityProvider", "msal", "")
    out.put("onBehalfOf", False, "")  # which only Power Platform has
    out.put("clientId", client_id(client), origin)


def _text(out: Converted, target: str, value: str, origin: str) -> None:
    out.put(target, value.lower() if is_guid(value.lower()) else value, origin)
