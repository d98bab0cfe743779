"""MSAL sample applications: `authConfig.js` or `.json` of the client and of the API, and `AppCreationScripts/sample.json`.

What is not a literal in a script is unknown, and so is what depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from auditor.display import bare_uri
from auditor.errors import InputError
from auditor.pattern import late
from auditor.pointer import join, position
from auditor.sources.document import Note
from auditor.sources.element import Element
from auditor.sources.formats.base import COMPUTED, SPREAD, Converted, FileFormat, Members, Object, ObjectFormat, Part, Piece, Whole
from auditor.sources.formats.connector import GRAPH, api_of, client_id, is_schema, secret_form

_SUFFIXES = (".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx")
_SCRIPT = late(rb"\b(?:msalConfig|passportConfig)\s*+=(?![=>])")
_MOST = 1024 * 1024  # bytes of a configuration
_DEFAULT_LOGIN = "https://login.microsoftonline.com"
_REQUEST = re.compile(r"request$", re.IGNORECASE)
_MOST_NOTES = 20  # of one script
_NO_LITERAL = "this names msalConfig or passportConfig, but assigns it no literal that can be read"


class _Script(FileFormat):
    """authConfig.js."""

    name = "authConfig.js"
    about = "the configuration of MSAL or Passport in JavaScript or TypeScript"
    told_by = "an assignment to `msalConfig` or `passportConfig`"
    holds = ("connectors",)

    def recognises(self, file: Whole) -> bool:
        # Prose and other languages show configurations, too.
        meant = file.named or file.name.lower().endswith(_SUFFIXES)
        return meant and not file.is_json and len(file.raw) <= _MOST and _SCRIPT.search(file.raw) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        from auditor.sources.javascript import literals

        try:
            text = file.raw.decode("utf-8")
        except UnicodeDecodeError:
            yield InputError(file.name, "not valid UTF-8", 1, 1)
            return
        found = literals(text)
        key = next((key for key, value in found.values.items() if _is_assigned(key, value)), "")
        if not key:
            if file.named:  # `global.msalConfig = require(…)` in a test: no configuration, another file has it
                yield Note(_NO_LITERAL, file.name, 1, 1)
            return
        config: Any = found.values.get(key)
        at, places = join(key), tuple[str, ...]()
        if isinstance(_member(config, "credentials"), dict):
            out, places = _api(config, at), (f"{at}/credentials", f"{at}/metadata", f"{at}/protectedRoutes")
        elif isinstance(_member(config, "auth"), dict):
            out, places = _client(config, at, found.values), (f"{at}/auth", "/protectedResources")
        else:
            yield InputError(file.name, _NO_LITERAL, 1, 1)
            return
        computed = (item for item in found.computed.items() if item[0] == at or item[0].startswith(places))
        for where, offset in islice(computed, _MOST_NOTES):
            line, column = position(text, offset)
            message = f"{where.rpartition('/')[2]} is not a literal: its value is unknown"
            yield Note(message, file.name, line, column)
        whole = Element(file.raw, 0, len(file.raw), "")
        yield Piece(whole, "connector", converted=out, places=found, start=position(text, found.locate(at)))


def _is_assigned(key: str, value: Any) -> bool:
    """Whether a script assigns a configuration here: an object that holds something, or one of its exports that is no mere name."""
    if not isinstance(value, dict):
        return False
    if key in ("msalConfig", "passportConfig"):
        return bool(value)
    return key == "exports" and not value.keys().isdisjoint(("auth", "credentials"))


class _Config(ObjectFormat):
    """authConfig.json of a sample's API, or of its client."""

    name = "authConfig.json"
    about = "the same configuration as JSON"
    told_by = "`auth` with `clientId`, `credentials` with `clientID`"
    holds = ("connectors",)
    markers = (rb"clientID", rb"authority")

    def recognises(self, seen: Object) -> str | None:
        return "connector" if _is_config(seen.members) and not is_schema(seen.members) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        if "credentials" in seen.members:
            yield Piece(seen.element, kind, lambda value: _api(value, ""))
        else:
            yield Piece(seen.element, kind, lambda value: _client(value, "", value))


def _is_config(members: Members) -> bool:
    if (credentials := members.get("credentials")) is not None:
        return credentials.is_object and "clientID" in credentials.members()
    auth = members["auth"].members() if "auth" in members and members["auth"].is_object else {}
    return {"clientId", "authority"} <= auth.keys() and not any("secret" in name.lower() or "cert" in name.lower() for name in auth)


class _Sample(ObjectFormat):
    """The registrations that a sample's script makes. What the script decides by itself is not in the file, and unknown."""

    name = "sample.json"
    about = "the registrations that the script of a sample of Microsoft makes"
    told_by = "`AADApps`"
    holds = ("applications",)
    markers = (rb"AADApps",)

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        return "application" if "AADApps" in members and members["AADApps"].is_array and not is_schema(members) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        for app in seen.members["AADApps"].items():
            if app.is_object:
                yield Piece(app, kind, _registration)


FORMATS = (_Script(), _Config(), _Sample())


# -- what a configuration says


def _api(value: dict[str, Any], at: str) -> Converted:
    """What an API validates: its own application ID, the tenant, the version of tokens, scopes of its routes."""
    out = Converted()
    out.put("kind", "api", at)
    out.put("identityProvider", "msal", at)
    credentials, metadata = _member(value, "credentials"), _member(value, "metadata")
    for name, target in (("clientID", "resourceUri"), ("tenantID", "tenantId")):
        if isinstance(text := _member(credentials, name), str):
            out.put(target, client_id(text) if name == "clientID" else text, f"{at}/credentials/{name}")
    if "clientSecret" in credentials:
        out.put("secretForm", secret_form(credentials["clientSecret"], _member(credentials, "clientID")), f"{at}/credentials/clientSecret")
    if isinstance(host := _member(metadata, "authority"), str):
        out.put("loginUri", bare_uri(host if "://" in host else f"https://{host}"), f"{at}/metadata/authority")
    if (version := _member(metadata, "version")) in ("v1.0", "v2.0"):
        out.put("tokenVersion", 2 if version == "v2.0" else 1, f"{at}/metadata/version")
    lists: list[tuple[str, Any]] = []
    for place, route in _members(_member(value, "protectedRoutes"), f"{at}/protectedRoutes"):
        lists += _members(_member(route, "delegatedPermissions"), f"{place}/delegatedPermissions")
        lists.append((f"{place}/scopes", _member(route, "scopes")))
    if "protectedRoutes" in value:
        _scopes(out, lists, f"{at}/protectedRoutes")
    return out


def _client(value: dict[str, Any], at: str, others: dict[str, Any]) -> Converted:
    """What a single-page application signs in with."""
    out = Converted()
    out.put("kind", "client", at)
    out.put("identityProvider", "msal", at)
    out.put("onBehalfOf", False, at)  # which only Power Platform has
    auth = _member(value, "auth")
    if isinstance(client := _member(auth, "clientId"), str):
        out.put("clientId", client_id(client), f"{at}/auth/clientId")
    if isinstance(authority := _member(auth, "authority"), str) and (
        found := re.fullmatch(r"(https?://[^/]+)/([^/]+)/?(?:v2\.0)?", authority.strip())
    ):
        out.put("loginUri", bare_uri(found[1]), f"{at}/auth/authority")
        out.put("tenantId", found[2], f"{at}/auth/authority")
    elif isinstance(auth, dict) and "authority" not in auth and SPREAD not in auth:
        out.put("loginUri", _DEFAULT_LOGIN, f"{at}/auth")  # what MSAL takes where nothing is said
        out.put("tenantId", "common", f"{at}/auth")
    if isinstance(redirect := _member(auth, "redirectUri"), str):
        out.put("redirectUrls", [redirect], f"{at}/auth/redirectUri")
        out.origins["/redirectUrls/0"] = f"{at}/auth/redirectUri"
    lists: list[tuple[str, Any]] = []
    requests = [name for name, request in others.items() if _REQUEST.search(name) and isinstance(request, dict) and "scopes" in request]
    if "protectedResources" in others:
        origin = "/protectedResources"
        for place, resource in _members(others["protectedResources"], origin):
            asked = _member(resource, "scopes")
            lists += _members(asked, f"{place}/scopes") if isinstance(asked, dict) else [(f"{place}/scopes", asked)]
    elif requests:  # loginRequest = { scopes: [...] }
        lists, origin = [(f"{join(name)}/scopes", others[name]["scopes"]) for name in requests], join(requests[0])
    else:
        return out  # what it asks for is said elsewhere
    scopes = _scopes(out, lists, origin)
    if (api := api_of(list(scopes))) is not None and ("protectedResources" not in others or api != GRAPH):
        out.put("resourceUri", api, next((place for scope, place in scopes.items() if scope.startswith(api)), origin))
    return out


def _scopes(out: Converted, lists: list[tuple[str, Any]], origin: str) -> dict[str, str]:
    """Each scope of the lists once, and where it stands. Where a part is no literal it is not known which there are."""
    found: dict[str, str] = {}
    whole = True
    for place, names in lists:
        whole = whole and names is not COMPUTED and COMPUTED not in _list(names)
        for i, name in enumerate(_list(names)):
            if isinstance(name, str):
                found.setdefault(name, f"{place}/{i}")
    if not whole:
        return {}
    out.put("scopes", list(found), origin)
    for i, place in enumerate(found.values()):
        out.origins[f"/scopes/{i}"] = place
    return found


def _member(value: Any, name: str) -> Any:
    """What an object holds; of what is no literal, or has a part that is none, it is not known."""
    if not isinstance(value, dict):
        return COMPUTED if value is COMPUTED else None
    return value.get(name, COMPUTED if value.get(SPREAD) is COMPUTED else None)


def _members(value: Any, place: str) -> list[tuple[str, Any]]:
    """What an object holds, and where each stands."""
    if not isinstance(value, dict):
        return [(place, value)] if value is COMPUTED else []
    return [(place + join(name), item) for name, item in value.items()]


# -- AppCreationScripts/sample.json

_PLATFORMS = {"singlepageapplication": "spa", "webapp": "web", "webapi": "web", "desktop": "publicClient", "mobile": "publicClient"}


def _registration(value: dict[str, Any]) -> Converted:
    out = Converted()
    for name, target in (("Name", "displayName"), ("Audience", "signInAudience")):
        if isinstance(value.get(name), str):
            out.put(target, value[name], join(name))
    platform = _PLATFORMS.get(str(value.get("Kind")).lower())
    if platform and isinstance(value.get("ReplyUrls"), str):
        urls = [url.strip() for url in value["ReplyUrls"].split(",") if url.strip()]
        out.put(f"{platform}/redirectUris", urls, "/ReplyUrls")
        for i in range(len(urls)):
            out.origins[f"/{platform}/redirectUris/{i}"] = "/ReplyUrls"
        for other in {"web", "spa", "publicClient"} - {platform}:
            out.put(f"{other}/redirectUris", [], "/ReplyUrls")
    word = next((name for name in ("Scopes", "scopes") if isinstance(value.get(name), list)), None)
    if word:
        scopes = [{"value": scope, "type": "User", "isEnabled": True} for scope in value[word] if isinstance(scope, str)]
        out.put("api/oauth2PermissionScopes", scopes, join(word))
    if isinstance(value.get("AppRoles"), list):
        roles = [
            {
                "value": role.get("Name"),
                "description": role.get("Description"),
                "isEnabled": True,
                **({"allowedMemberTypes": role["AllowedMemberTypes"]} if isinstance(role.get("AllowedMemberTypes"), list) else {}),
            }
            for role in value["AppRoles"]
            if isinstance(role, dict)
        ]
        out.put("appRoles", roles, "/AppRoles")
    if isinstance(value.get("RequiredResourcesAccess"), list):
        _requested(out, value["RequiredResourcesAccess"])
    return out


def _requested(out: Converted, entries: list[Any]) -> None:
    requested: list[dict[str, Any]] = []
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        access = [
            {"id": name, "type": kind}
            for member, kind in (("DelegatedPermissions", "Scope"), ("ApplicationPermissions", "Role"))
            for name in _list(entry.get(member))
            if isinstance(name, str)
        ]
        # "service", another application of the file: the script puts its id in.
        resource = entry.get("Resource")
        known = {"resourceAppId": resource} if resource == "Microsoft Graph" else {}
        out.origins[f"/requiredResourceAccess/{len(requested)}"] = f"/RequiredResourcesAccess/{i}"
        requested.append({**known, "resourceAccess": access if known else [{"type": item["type"]} for item in access]})
    out.put("requiredResourceAccess", requested, "/RequiredResourcesAccess")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
