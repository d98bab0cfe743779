"""MSAL sample applications: `authConfig.js` or `.json` of the client and of the API, and `AppCreationScripts/sample.json`.

A configuration in JavaScript is read as what it is, literals: nothing is executed. What is no literal (a function, a spread, a
name) is unknown, and so is what depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from auditor.display import bare_uri
from auditor.errors import InputError
from auditor.pointer import join, position
from auditor.sources.document import Document, Documents, File, Note
from auditor.sources.element import Element
from auditor.sources.formats import Converted, Piece, graph
from auditor.sources.formats.connector import client_id, secret_form

SUFFIXES = (".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx")
_SCRIPT = re.compile(rb"\b(?:msalConfig|passportConfig)\s*+=(?![=>])")
_ASSIGNED = re.compile(r"(?<![\w$])([A-Za-z_$][\w$]*+)\s*+=\s*+(?=\{)")
_SKIP = re.compile(r"\s*+")
# A text; one that does not end goes on to the end.
_QUOTED = re.compile(r"""'(?:[^'\\\n]|\\.)*+'?|"(?:[^"\\\n]|\\.)*+"?|`(?:[^`\\]|\\.)*+`?""", re.DOTALL)
_COMMENT = re.compile(_QUOTED.pattern + r"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TEXT = re.compile(r"""'((?:[^'\\\n]|\\.)*+)'?|"((?:[^"\\\n]|\\.)*+)"?|`((?:[^`\\$]|\\.|\$(?!\{))*+)`""", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ENDS = ("", ",", "}", "]")
_GOES_ON = (".", "[", "(", "?", "&", "|")
_DEEPEST = 30
_MOST = 1024 * 1024  # bytes of a configuration
_MOST_NOTES = 20  # of one script
NO_LITERAL = "this names msalConfig or passportConfig, but assigns it no literal that can be read"
_COMPUTED: Any = object()  # stands in the place of what is no literal
_SPREAD = "..."  # the name under which an object holds that others may be in it


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
    """`at`: where the expression goes on."""

    def __init__(self, at: int) -> None:
        self.at = at


class _Reader:
    """A tolerant reader of JavaScript's literals: objects, lists, texts, numbers, true, false, null."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[str, int] = {}
        self.computed: dict[str, int] = {}

    def value(self, at: int, pointer: str, depth: int = 0) -> tuple[Any, int]:
        """A value and the index behind it; raises _NotLiteral for what is none."""
        at = self.skip(at)
        if depth > _DEEPEST:
            raise _NotLiteral(at)
        self.offsets.setdefault(pointer, at)
        here = self.text[at : at + 1]
        value: Any
        if here == "{":
            value, end = self._members(at + 1, pointer, depth)
        elif here == "[":
            value, end = self._elements(at + 1, pointer, depth)
        elif found := _TEXT.match(self.text, at):
            raw = next(group for group in found.groups() if group is not None)
            value, end = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), raw, flags=re.DOTALL), found.end()
        elif found := _NUMBER.match(self.text, at):
            value, end = float(found[0]) if "." in found[0] else int(found[0][:15]), found.end()
        elif (found := _NAME.match(self.text, at)) and found[0] in ("true", "false", "null"):
            value, end = {"true": True, "false": False, "null": None}[found[0]], found.end()
        else:
            raise _NotLiteral(at)
        after = self.skip(end)
        # Within brackets a line's end ends nothing; behind a whole object the next statement may stand.
        if self.text[after : after + 1] in _GOES_ON if depth == 0 else self.text[after : after + 1] not in _ENDS:
            raise _NotLiteral(end)  # "a" + b, ["a"].concat(b)
        return value, end

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
                at = self._pass_over(at, pointer)  # a spread, a computed name: it may be any, also one that stands before it
                found.clear()
                found[_SPREAD] = _COMPUTED
                continue
            at = self.skip(at)
            where = pointer + join(key)
            if self.text[at : at + 1] != ":":
                at = self._pass_over(at, where, start)  # a method, a shorthand
                found[key] = _COMPUTED
                continue
            self.offsets[where] = start
            try:
                found[key], at = self.value(at + 1, where, depth + 1)
                at = self._comma(at)
            except _NotLiteral as no:
                found[key] = _COMPUTED
                at = self._pass_over(no.at, where, start)
        return found, at + 1

    def _elements(self, at: int, pointer: str, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while (at := self.skip(at)) < len(self.text) and self.text[at] not in ")]}":
            where = f"{pointer}/{len(found)}"
            try:
                value, at = self.value(at, where, depth + 1)
                found.append(value)
                at = self._comma(at)
            except _NotLiteral as no:
                found.append(_COMPUTED)
                at = self._pass_over(no.at, pointer)
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
    text = _COMMENT.sub(lambda found: _blank(found[0]) if found[0][0] == "/" else found[0], text)
    code = _QUOTED.sub(lambda found: _blank(found[0]), text)  # what a text says is no assignment
    reader, values = _Reader(text), dict[str, Any]()
    at = 0
    while found := _ASSIGNED.search(code, at):
        at = found.end()
        if found[1] not in values:
            pointer = join(found[1])
            reader.offsets[pointer] = found.start(1)
            try:
                values[found[1]], at = reader.value(found.end(), pointer)
            except _NotLiteral as no:
                reader.computed[pointer], at = found.start(1), no.at
    return Literals(text, values, reader.offsets, reader.computed)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def is_script(raw: bytes) -> bool:
    """A script that holds a sample's configuration."""
    return len(raw) <= _MOST and _SCRIPT.search(raw) is not None


def read_script(raw: bytes, name: str, scope: str, into: Documents) -> int:
    """authConfig.js, in UTF-8. Returns the number of sign-ins that it configures; 0 where it assigns no object."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        into.errors.append(InputError(name, "not valid UTF-8", 1, 1))
        return 1
    found = literals(text)
    key = next((key for key in found.values if key in ("msalConfig", "passportConfig", "exports")), "")
    if not key:
        return 0  # `global.msalConfig = require(…)` in a test: no configuration, another file has it
    config: Any = found.values.get(key)
    at, places = join(key), tuple[str, ...]()
    if isinstance(_member(config, "credentials"), dict):
        out, places = _api(config, at), (f"{at}/credentials", f"{at}/metadata", f"{at}/protectedRoutes")
    elif isinstance(_member(config, "auth"), dict):
        out, places = _client(config, at, found.values), (f"{at}/auth", "/protectedResources")
    else:
        into.errors.append(InputError(name, NO_LITERAL, 1, 1))
        return 1
    computed = (item for item in found.computed.items() if item[0] == at or item[0].startswith(places))
    for where, offset in islice(computed, _MOST_NOTES):
        line, column = position(text, offset)
        into.notes.append(Note(f"{where.rpartition('/')[2]} is no literal: what it stands for is not known", name, line, column))
    file = File(name, scope, len(raw))
    line, column = position(text, found.locate(at))
    document = Document("connector", file, "", 0, len(raw), line, column, None, origins=out.origins, format="authConfig.js", places=found)
    document.data = graph.convert("connector", out.value)
    into.add(document)
    return 1


# -- what a configuration says


def config(element: Element, file: str) -> Iterator[Piece]:
    """authConfig.json of a sample's API, or of its client."""
    if "credentials" in element.members():
        yield Piece(element, "connector", lambda value: _api(value, ""))
    else:
        yield Piece(element, "connector", lambda value: _client(value, "", value))


def is_config(members: Mapping[str, Element]) -> bool:
    if (credentials := members.get("credentials")) is not None:
        return credentials.is_object and "clientID" in credentials.members()
    auth = members["auth"].members() if "auth" in members and members["auth"].is_object else {}
    return {"clientId", "authority"} <= auth.keys() and not any("secret" in name.lower() or "cert" in name.lower() for name in auth)


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
        out.put("secretForm", secret_form(credentials["clientSecret"]), f"{at}/credentials/clientSecret")
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
    auth = _member(value, "auth")
    if isinstance(client := _member(auth, "clientId"), str):
        out.put("clientId", client_id(client), f"{at}/auth/clientId")
    if isinstance(authority := _member(auth, "authority"), str) and (
        found := re.fullmatch(r"(https?://[^/]+)/([^/]+)/?(?:v2\.0)?", authority.strip())
    ):
        out.put("loginUri", bare_uri(found[1]), f"{at}/auth/authority")
        out.put("tenantId", found[2], f"{at}/auth/authority")
    if isinstance(redirect := _member(auth, "redirectUri"), str):
        out.put("redirectUrls", [redirect], f"{at}/auth/redirectUri")
        out.origins["/redirectUrls/0"] = f"{at}/auth/redirectUri"
    if "protectedResources" not in others:
        return out  # what it asks for is said elsewhere
    lists: list[tuple[str, Any]] = []
    for place, resource in _members(others["protectedResources"], "/protectedResources"):
        asked = _member(resource, "scopes")
        lists += _members(asked, f"{place}/scopes") if isinstance(asked, dict) else [(f"{place}/scopes", asked)]
    scopes = _scopes(out, lists, "/protectedResources")
    ours = {scope.rpartition("/")[0]: place for scope, place in scopes.items() if "://" in scope}
    ours.pop("https://graph.microsoft.com", None)
    if len(ours) == 1:
        ((resource, place),) = ours.items()
        out.put("resourceUri", resource, place)
    return out


def _scopes(out: Converted, lists: list[tuple[str, Any]], origin: str) -> dict[str, str]:
    """Each scope of the lists once, and where it stands. Where a part is no literal it is not known which there are."""
    found: dict[str, str] = {}
    whole = True
    for place, names in lists:
        whole = whole and names is not _COMPUTED and _COMPUTED not in _list(names)
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
        return _COMPUTED if value is _COMPUTED else None
    return value.get(name, _COMPUTED if value.get(_SPREAD) is _COMPUTED else None)


def _members(value: Any, place: str) -> list[tuple[str, Any]]:
    """What an object holds, and where each stands."""
    if not isinstance(value, dict):
        return [(place, value)] if value is _COMPUTED else []
    return [(place + join(name), item) for name, item in value.items()]


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
