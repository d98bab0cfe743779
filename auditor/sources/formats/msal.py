"""MSAL sample applications: `authConfig.js` or `.json` of the client and of the API, and `AppCreationScripts/sample.json`.

A configuration in JavaScript is read as what it is, literals: nothing is executed. What is no literal (a function, a spread, a
name) is unknown, and so is what depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from auditor.errors import InputError
from auditor.pointer import join, position
from auditor.sources.document import Document, Documents, File, Note
from auditor.sources.element import Element
from auditor.sources.formats import Converted, Piece, graph
from auditor.sources.formats.connector import secret_form

_SCRIPT = re.compile(rb"\b(?:msalConfig|passportConfig)\s*=")
_ASSIGNED = re.compile(r"(?:\b(?:const|let|var)\s+|\bexports\.|\bmodule\.)?([A-Za-z_$][\w$]*)\s*=\s*(?=\{)")
_SKIP = re.compile(r"\s*+")
# A text; one that does not end goes on to the end.
_QUOTED = re.compile(r"""'(?:[^'\\\n]|\\.)*+'?|"(?:[^"\\\n]|\\.)*+"?|`(?:[^`\\]|\\.)*+`?""", re.DOTALL)
_COMMENT = re.compile(_QUOTED.pattern + r"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TEXT = re.compile(r"""'((?:[^'\\\n]|\\.)*+)'?|"((?:[^"\\\n]|\\.)*+)"?|`((?:[^`\\$]|\\.|\$(?!\{))*+)`""", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_DEEPEST = 30
_MOST = 1024 * 1024  # bytes of a configuration


# -- JavaScript


class Literals(NamedTuple):
    """What a script assigns, as far as it is literal, and where in the text each value stands (JSON Pointer -> index)."""

    text: str
    values: dict[str, Any]
    offsets: dict[str, int]
    computed: dict[str, int]  # pointers of what is no literal

    def locate(self, pointer: str) -> int:
        """As `pointer.Places` does: the nearest that is there."""
        while pointer and pointer not in self.offsets:
            pointer = pointer.rpartition("/")[0]
        return self.offsets.get(pointer, 0)


class _NotLiteral(Exception):
    pass


class _Reader:
    """A tolerant reader of JavaScript's literals: objects, lists, texts, numbers, true, false, null."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[str, int] = {}
        self.computed: dict[str, int] = {}

    def value(self, at: int, pointer: str, depth: int = 0) -> tuple[Any, int]:
        """A value and the index behind it; raises _NotLiteral for what is none."""
        if depth > _DEEPEST:
            raise _NotLiteral
        at = self.skip(at)
        self.offsets.setdefault(pointer, at)
        here = self.text[at : at + 1]
        if here == "{":
            return self._members(at + 1, pointer, depth)
        if here == "[":
            return self._elements(at + 1, pointer, depth)
        if found := _TEXT.match(self.text, at):
            raw = next(group for group in found.groups() if group is not None)
            value: Any = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), raw, flags=re.DOTALL)
        elif found := _NUMBER.match(self.text, at):
            value = float(found[0]) if "." in found[0] else int(found[0][:15])
        elif (found := _NAME.match(self.text, at)) and found[0] in ("true", "false", "null"):
            value = {"true": True, "false": False, "null": None}[found[0]]
        else:
            raise _NotLiteral
        end = self.skip(found.end())
        if self.text[end : end + 1] not in ("", ",", "}", "]", ";", "\n") and not self.text[found.end() : end].count("\n"):
            raise _NotLiteral  # "a" + b, "a".concat(b)
        return value, found.end()

    def skip(self, at: int) -> int:
        return _SKIP.match(self.text, at).end()  # type: ignore[union-attr]

    def _members(self, at: int, pointer: str, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while (at := self.skip(at)) < len(self.text) and self.text[at] not in ")]}":
            start = at
            if name := _NAME.match(self.text, at):
                key, at = name[0], name.end()
            elif name := _TEXT.match(self.text, at):
                key, at = next(group for group in name.groups() if group is not None), name.end()
            else:
                at = self._pass_over(at, pointer)  # a spread, a computed name
                continue
            at = self.skip(at)
            where = pointer + join(key)
            if self.text[at : at + 1] != ":":
                at = self._pass_over(at, where, start)  # a method, a shorthand
                continue
            self.offsets[where] = start
            try:
                found[key], at = self.value(at + 1, where, depth + 1)
                at = self._comma(at)
            except _NotLiteral:
                found.pop(key, None)
                at = self._pass_over(at + 1, where, start)
        return found, at + 1

    def _elements(self, at: int, pointer: str, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while (at := self.skip(at)) < len(self.text) and self.text[at] not in ")]}":
            where = f"{pointer}/{len(found)}"
            try:
                value, at = self.value(at, where, depth + 1)
                found.append(value)
                at = self._comma(at)
            except _NotLiteral:
                at = self._pass_over(at, pointer)
        return found, at + 1

    def _comma(self, at: int) -> int:
        at = self.skip(at)
        return at + 1 if self.text[at : at + 1] == "," else at

    def _pass_over(self, at: int, pointer: str, start: int | None = None) -> int:
        """Over what is no literal, to the comma or bracket that ends it."""
        self.computed[pointer] = at if start is None else start
        depth = 0
        while at < len(self.text):
            if found := _QUOTED.match(self.text, at):
                at = found.end()
                continue
            here = self.text[at]
            if here in "([{":
                depth += 1
            elif here in ")]}":
                if depth == 0:
                    return at
                depth -= 1
            elif here == "," and depth == 0:
                return at + 1
            at += 1
        return at


def literals(text: str) -> Literals:
    """The objects that a script assigns to names, and that it exports."""
    text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]) if found[0][0] == "/" else found[0], text)
    reader, values = _Reader(text), dict[str, Any]()
    at = 0
    while found := _ASSIGNED.search(text, at):
        at = found.end()
        if found[1] not in values:
            pointer = join(found[1])
            reader.offsets[pointer] = found.start(1)
            try:
                values[found[1]], at = reader.value(found.end(), pointer)
            except _NotLiteral:
                reader.computed[pointer] = found.start(1)
    return Literals(text, values, reader.offsets, reader.computed)


def is_script(raw: bytes) -> bool:
    """A script that holds a sample's configuration."""
    return len(raw) <= _MOST and _SCRIPT.search(raw) is not None


def read_script(raw: bytes, name: str, scope: str, into: Documents) -> int:
    """authConfig.js. Returns the number of sign-ins that it configures."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        into.errors.append(InputError(name, "not valid UTF-8", 1, 1))
        return 1
    found = literals(text)
    config = next((value for key, value in found.values.items() if key in ("msalConfig", "passportConfig", "exports")), None)
    out = None
    at = next((join(key) for key in found.values if key in ("msalConfig", "passportConfig", "exports")), "")
    if isinstance(config, dict):
        out = (
            _api(config, at)
            if "credentials" in config
            else _client(config, at, found.values)
            if isinstance(config.get("auth"), dict)
            else None
        )
    if out is None:
        into.errors.append(InputError(name, "this names msalConfig or passportConfig, but assigns it no literal that can be read", 1, 1))
        return 1
    for where, offset in found.computed.items():
        _forget(out, where)
        if any(where.startswith(origin) or origin.startswith(where) for origin in out.origins.values()):
            line, column = position(text, offset)
            into.notes.append(
                Note(f"{where.rpartition('/')[2] or where} is no literal: what it stands for is not known", name, line, column)
            )
    file = File(name, scope, len(raw))
    line, column = position(text, found.locate(at))
    document = Document("connector", file, "", 0, len(raw), line, column, None, origins=out.origins, format="authConfig.js", places=found)
    document.data = graph.convert("connector", out.value)
    into.add(document)
    return 1


def _forget(out: Converted, computed: str) -> None:
    """A list of which an element is no literal is not known."""
    for target, origin in list(out.origins.items()):
        name = target.strip("/")
        if origin == computed and "/" not in name:
            out.value.pop(name, None)


# -- what a configuration says


def config(element: Element, file: str) -> Iterator[Piece]:
    """authConfig.json of a sample's API, or of its client."""
    if "credentials" in element.members():
        yield Piece(element, "connector", lambda value: _api(value, ""))
    else:
        yield Piece(element, "connector", lambda value: _client(value, "", value))


def is_config(members: dict[str, Element]) -> bool:
    if (credentials := members.get("credentials")) is not None:
        return credentials.is_object and "clientID" in credentials.members()
    auth = members["auth"].members() if "auth" in members and members["auth"].is_object else {}
    return {"clientId", "authority"} <= auth.keys() and not any("secret" in name.lower() or "cert" in name.lower() for name in auth)


def _api(value: dict[str, Any], at: str) -> Converted:
    """What an API validates: its own application ID, the tenant, the version of tokens, scopes of its routes."""
    out = Converted()
    out.put("kind", "api", at)
    out.put("identityProvider", "msal", at)
    credentials, metadata = _object(value, "credentials"), _object(value, "metadata")
    for name, target in (("clientID", "resourceUri"), ("tenantID", "tenantId")):
        if isinstance(credentials.get(name), str):
            out.put(target, credentials[name], f"{at}/credentials/{name}")
    if "clientSecret" in credentials:
        out.put("secretForm", secret_form(credentials["clientSecret"]), f"{at}/credentials/clientSecret")
    if isinstance(host := metadata.get("authority"), str):
        out.put("loginUri", host if "://" in host else f"https://{host}", f"{at}/metadata/authority")
    if metadata.get("version") in ("v1.0", "v2.0"):
        out.put("tokenVersion", 2 if metadata["version"] == "v2.0" else 1, f"{at}/metadata/version")
    scopes: list[str] = []
    for route, rules in _object(value, "protectedRoutes").items():
        if not isinstance(rules, dict):
            continue
        lists = {f"delegatedPermissions/{name}": names for name, names in _object(rules, "delegatedPermissions").items()}
        lists["scopes"] = rules.get("scopes")
        for place, names in lists.items():
            for i, name in enumerate(_list(names)):
                if isinstance(name, str) and name not in scopes:
                    out.origins[f"/scopes/{len(scopes)}"] = f"{at}/protectedRoutes{join(route)}/{place}/{i}"
                    scopes.append(name)
    out.put("scopes", scopes, f"{at}/protectedRoutes")
    return out


def _client(value: dict[str, Any], at: str, others: dict[str, Any]) -> Converted:
    """What a single-page application signs in with."""
    out = Converted()
    out.put("kind", "client", at)
    out.put("identityProvider", "msal", at)
    auth = _object(value, "auth")
    if isinstance(auth.get("clientId"), str):
        out.put("clientId", auth["clientId"], f"{at}/auth/clientId")
    if isinstance(authority := auth.get("authority"), str) and (
        found := re.fullmatch(r"(https?://[^/]+)/([^/]+)/?(?:v2\.0)?", authority.strip())
    ):
        out.put("loginUri", found[1], f"{at}/auth/authority")
        out.put("tenantId", found[2], f"{at}/auth/authority")
    if isinstance(redirect := auth.get("redirectUri"), str):
        out.put("redirectUrls", [redirect], f"{at}/auth/redirectUri")
        out.origins["/redirectUrls/0"] = f"{at}/auth/redirectUri"
    scopes: list[str] = []
    for name, resource in _object(others, "protectedResources").items():
        asked = resource.get("scopes") if isinstance(resource, dict) else None
        lists = asked if isinstance(asked, dict) else {"": asked}
        for kind, names in lists.items():
            for i, scope in enumerate(_list(names)):
                if isinstance(scope, str) and scope not in scopes:
                    out.origins[f"/scopes/{len(scopes)}"] = f"/protectedResources{join(name)}/scopes{join(kind) if kind else ''}/{i}"
                    scopes.append(scope)
    out.put("scopes", scopes, "/protectedResources")
    resources = {scope.rpartition("/")[0] for scope in scopes if "://" in scope}
    ours = sorted(resource for resource in resources if resource != "https://graph.microsoft.com")
    if len(ours) == 1:
        where = next(i for i, scope in enumerate(scopes) if scope.rpartition("/")[0] == ours[0])
        out.put("resourceUri", ours[0], out.origins[f"/scopes/{where}"])
    return out


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


# -- AppCreationScripts/sample.json

_PLATFORMS = {"singlepageapplication": "spa", "webapp": "web", "webapi": "web", "desktop": "publicClient", "mobile": "publicClient"}


def sample(element: Element, file: str) -> Iterator[Piece]:
    """The registrations that a sample's script makes. What the script decides by itself is not in the file, and unknown."""
    for app in element.members()["AADApps"].items():
        if app.is_object:
            yield Piece(app, "application", _registration)


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
