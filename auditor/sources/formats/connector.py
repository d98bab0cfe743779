"""Power Platform custom connectors: `apiProperties.json`, a solution's `*_connectionparameters.json`, and the files beside them.

A connector is one sign-in: a connection parameter with `oAuthSettings`. A file may hold several (connectionParameterSets), or none
where the connector signs in with an API key; that is a connector without identity provider. Files that belong together lie in one
folder and differ in the end of their names (`belongs_to`); they are joined as everything else is, when all has been read.

What a maker types in varies in case and in kind: `LoginUri`, `{"value": …}` or the value itself, "false" for false. Client
secrets are never held: only what one looks like. Nor is one that was entered as client ID, or within a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from auditor.display import bare_uri
from auditor.entra.clouds import login_cloud
from auditor.entra.ids import is_guid
from auditor.facts.placeholders import PROTOCOL_SCOPES, is_placeholder
from auditor.pattern import late
from auditor.pointer import join, split
from auditor.schemas import kind_of
from auditor.sources import twice
from auditor.sources.element import Element
from auditor.sources.formats import policy
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece

_SECRET = late(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9_.~+/=-]{16,}")
_SHORTEST_SECRET = 16  # characters; those of Entra ID have 40, of other services 20 and more
# "Value-From-Your-App-Registration", "ENTER_THE_SECRET", "MyClientSecretValue": words with nothing else between them than -, _ and dots.
_WORD = r"(?:[A-Z]+|(?:[A-Z][a-z]+|[a-z]{2,})(?:[A-Z][a-z]+)*)"
_PHRASE = late(rf"{_WORD}(?:[-_.]+{_WORD})*")
_NAMES = late(
    r"(?:apiProperties|apiDefinition(?:\.swagger)?|settings|_?(?:connectionparameters|connectionparametersets|openapidefinition))?"
    r"\.(?:json|xml)$",
    re.IGNORECASE,
)
_AT_CUSTOM = {
    "loginuri": "loginUri",
    "tenantid": "tenantId",
    "resourceuri": "resourceUri",
    "enableonbehalfoflogin": "onBehalfOf",
    "granttype": "grantType",
    "authorizationurl": "authorizationUrl",
    "authorizationurltemplate": "authorizationUrl",
    "tokenurl": "tokenUrl",
    "tokenurltemplate": "tokenUrl",
    "refreshurl": "refreshUrl",
    "refreshurltemplate": "refreshUrl",
}
_NO_PARAMETERS = late(r"_connectionparameters\.json$", re.IGNORECASE)
GRAPH = "https://graph.microsoft.com"
_OAUTH_URLS = frozenset({"authorizationUrl", "tokenUrl", "refreshUrl"})
_URLS = _OAUTH_URLS | {"loginUri"}
_MODES = {"global": "Global", "globalperconnector": "GlobalPerConnector", "direct": "Direct"}


def belongs_to(name: str) -> str:
    """What the files of one connector have in common: their folder, and the beginning of their names."""
    folder, slash, file = name.replace("\\", "/").rpartition("/")
    return folder + slash + _NAMES.sub("", file)


# -- which objects are a connector's


def _is_properties(members: Members) -> bool:
    """apiProperties.json."""
    if not members.keys() <= {"properties", "$schema"} or "properties" not in members or not members["properties"].is_object:
        return False
    return not {"connectionParameters", "connectionParameterSets", "iconBrandColor"}.isdisjoint(members["properties"].members())


def _is_parameters(members: Members) -> bool:
    """A solution's connectionparameters: an object of connection parameters, one of which is an OAuth setting."""
    return any(
        member.is_object and b"oauthsetting" in bytes(member.view()[:4000]).lower() and _settings(member) for member in members.values()
    )


def _is_parameter(members: Members) -> bool:
    """One connection parameter by itself."""
    return any(name.lower() == "oauthsettings" for name in members) and "connectionParameters" not in members


def is_schema(members: Members) -> bool:
    """A JSON Schema describes the objects that it names, and is none of them."""
    return "$schema" in members and b"json-schema.org" in bytes(members["$schema"].view())


class _Connector(ObjectFormat):
    """apiProperties.json, a solution's connectionparameters, one parameter; in a list of connectors whatever no other format reads."""

    name = "connector"
    about = "apiProperties.json of a custom connector, *_connectionparameters.json of a solution"
    told_by = "`oAuthSettings`, `connectionParameters`, `connectionParameterSets`"
    holds = ("connectors",)
    collection = "connector"
    markers = (
        rb"oAuthSettings", rb"connectionParameters", rb"connectionParameterSets", rb"iconBrandColor", rb"x-ms-apimTemplateParameter\.name",
    )  # fmt: skip

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        if not members:
            # Of a connector without sign-in a solution holds `{}`: only its name says so.
            return "connector" if _NO_PARAMETERS.search(seen.file) and not seen.element.pointer else None
        if is_schema(members):
            return None
        ours = _is_properties(members) or _is_parameter(members) or _is_parameters(members) or policy.is_policy(members)
        return "connector" if ours else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        """The sign-ins."""
        parent, members = belongs_to(seen.file), seen.members
        if policy.is_policy(members):
            yield from policy.pieces(seen.element)
            return
        if _is_parameter(members):
            yield Piece(seen.element, "connector", lambda value: _sign_in(value, {}), parent)
            return
        groups: list[tuple[str, Element]] = [("", seen.element)]
        reroutes = None
        if _is_properties(members):
            properties = members["properties"].members()
            plain = properties.get("connectionParameters")
            groups = [("", plain)] if plain is not None and plain.is_object else []
            groups += _sets(properties.get("connectionParameterSets"))
            policies = properties.get("policyTemplateInstances")
            reroutes = _reroutes(properties)
            for one in policies.items() if policies is not None and policies.is_array else ():
                if one.is_object and policy.is_policy(one.members()):
                    yield from policy.pieces(one)
        found = False
        for name, group in groups:
            parameters = group.members()
            for parameter in parameters.values():
                if parameter.is_object and _settings(parameter):
                    found = True
                    sign_in = partial(_sign_in, beside=parameters, parameter_set=name, reroutes=reroutes)
                    yield Piece(parameter, "connector", sign_in, parent)
        if not found:
            yield Piece(seen.element, "connector", lambda value: _without_sign_in(), parent)


class _Definition(ObjectFormat):
    """apiDefinition.swagger.json, an OpenAPI 2.0 definition: the connector's name and host."""

    name = "connector definition"
    about = "apiDefinition.swagger.json of a custom connector, *_openapidefinition.json of a solution"
    told_by = "`swagger`: `2.0`"
    holds = ("connectors",)
    markers = (rb'swagger"\s*:\s*"2\.0',)

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        ours = "swagger" in members and bytes(members["swagger"].view()) == b'"2.0"' and not is_schema(members)
        return "connectorPart" if ours else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        yield Piece(seen.element, kind, _definition, belongs_to(seen.file))


class _Settings(ObjectFormat):
    """settings.json of paconn and pac: which connector of which environment this is."""

    name = "connector settings"
    about = "settings.json of paconn and pac"
    told_by = "`apiProperties` beside `apiDefinition`"
    holds = ("connectors",)
    markers = (rb"apiProperties",)

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        named = all(name in members and members[name].is_text for name in ("apiProperties", "apiDefinition"))
        return "connectorPart" if named and not is_schema(members) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        yield Piece(seen.element, kind, _environment, belongs_to(seen.file))


FORMATS = (_Connector(), _Definition(), _Settings())


# -- what they hold


def _sets(element: Element | None) -> list[tuple[str, Element]]:
    """The sets of connection parameters among which a user chooses, and their names."""
    values = element.members().get("values") if element is not None and element.is_object else None
    sets = [item.members() for item in values.items() if item.is_object] if values is not None and values.is_array else []
    found = [one for one in sets if "parameters" in one and one["parameters"].is_object]
    return [(str(one["name"].value()) if "name" in one and one["name"].is_text else "", one["parameters"]) for one in found]


def _settings(parameter: Element) -> bool:
    return any(name.lower() == "oauthsettings" and member.is_object for name, member in parameter.members().items())


def _without_sign_in() -> Converted:
    out = Converted()
    out.put("identityProvider", "", "")
    return out


_REROUTING = (b"dynamichosturl", b"routerequesttoendpoint")


def _reroutes(properties: Members) -> bool:
    """Whether a policy or the connector's own code may send a request to another host than that of its definition."""
    code, policies = properties.get("scriptOperations"), properties.get("policyTemplateInstances")
    if code is not None and code.is_array and code.items():
        return True
    instances = policies.items() if policies is not None and policies.is_array else ()
    return any(word in bytes(one.view()).lower() for one in instances for word in _REROUTING)


def _sign_in(parameter: dict[str, Any], beside: dict[str, Element], parameter_set: str = "", reroutes: bool | None = None) -> Converted:
    out = Converted()
    if parameter_set:
        out.put("parameterSet", parameter_set, "")
    if reroutes is not None:
        out.put("reroutes", reroutes, "")
    names = {name.lower() for name in beside}
    out.put("ownApp", "token:clientid" in names, "")
    at, settings = _members(out, parameter, "").get("oauthsettings", ("", {}))
    at_custom = at
    for word, (origin, value) in _members(out, settings, at).items():
        if word == "clientsecret":
            out.put("secretForm", secret_form(value, _member(settings, "clientid")), origin)
        elif word == "scopes":
            _scopes(out, value, origin)
        elif word == "redirecturl":
            _texts(out, "redirectUrls", value, origin)
        elif word == "redirectmode":
            _text(out, "redirectMode", _MODES.get(value.lower(), value) if isinstance(value, str) else value, origin)
        elif word == "identityprovider":
            _text(out, "identityProvider", value.lower() if isinstance(value, str) else value, origin)
        elif word == "clientid":
            _text(out, "clientId", client_id(value) if isinstance(value, str) else value, origin)
        elif word == "customparameters" and isinstance(value, dict):
            _custom(out, value, origin)
            at_custom = origin
    _became_generic(out, settings, at_custom)
    _tenant_of_generic(out)
    _api_of_generic(out)
    if "token:granttype" in names:  # who makes a connection chooses whether a user signs in
        out.value.pop("grantType", None)
        out.leave_out("grantType", "each connection brings its own", "")
    return out


def _became_generic(out: Converted, settings: dict[str, Any], at: str) -> None:
    """Generic OAuth 2 with the parameters of the provider Microsoft Entra ID, as an import leaves it, has no URL that it does not name."""
    login, custom = out.value.get("loginUri"), _member(settings, "customparameters")
    if out.value.get("identityProvider") not in ("oauth2", "oauth2generic") or not isinstance(login, str) or login_cloud(login) is None:
        return
    named = {_AT_CUSTOM.get(name.lower()) for name in custom} if isinstance(custom, dict) else set()
    if not _OAUTH_URLS & named:
        for name in sorted(_OAUTH_URLS):
            out.put(name, "", at)


def _tenant_of_generic(out: Converted) -> None:
    """Generic OAuth 2 signs in at the tenant of its authorization URL; the parameter of the provider Microsoft Entra ID is not used."""
    generic = out.value.get("identityProvider") in ("oauth2", "oauth2generic")
    if "identityProvider" not in out.value or (generic and "authorizationUrl" not in out.value):
        out.value.pop("tenantId", None)
        missing = "authorizationUrl" if generic else "identityProvider"
        out.leave_out("tenantId", f"{missing} is absent from the document", "")
    elif generic and isinstance(url := out.value["authorizationUrl"], str) and login_cloud(url) is not None:
        out.put("tenantId", f"{url}///".split("/")[3], out.origins["/authorizationUrl"])


def _api_of_generic(out: Converted) -> None:
    """Generic OAuth 2 names its API in the scopes; the parameter of the provider Microsoft Entra ID is not used."""
    url, scopes = out.value.get("authorizationUrl"), out.value.get("scopes")
    if out.value.get("identityProvider") not in ("oauth2", "oauth2generic") or (isinstance(url, str) and login_cloud(url) is None):
        return
    out.value.pop("resourceUri", None)
    if scopes is None or not isinstance(url, str):
        missing = "scopes" if scopes is None else "authorizationUrl"
        out.leave_out("resourceUri", f"{missing} is absent from the document", "")
    else:
        out.put("resourceUri", api_of(scopes) or "", out.origins.get("/scopes", ""))


def api_of(scopes: list[str]) -> str | None:
    """The one API that scopes are of, Microsoft Graph where none is named; None where they are of several, or of none."""
    asked = [scope for scope in scopes if scope not in PROTOCOL_SCOPES and not is_placeholder(scope)]
    apis = {scope.rpartition("/")[0] if "://" in scope or is_guid(scope.partition("/")[0].lower()) else GRAPH for scope in asked}
    others = apis - {GRAPH}
    found = others or apis
    return next(iter(found)) if len(found) == 1 else None


def _member(value: dict[str, Any], word: str) -> Any:
    return next((item for name, item in value.items() if name.lower() == word), None)


def _members(out: Converted, value: dict[str, Any], at: str) -> dict[str, tuple[str, Any]]:
    """Name in lower case -> place and value. Of two spellings with different values neither counts."""
    found: dict[str, tuple[str, Any]] = {}
    differ = set()
    for name, item in value.items():
        word = name.lower()
        if word in found and found[word][1] != item:
            out.wrong.append((at + join(name), twice.UNKNOWN + twice.spelt(split(found[word][0])[-1])))
            differ.add(word)
        found[word] = at + join(name), item
    return {word: one for word, one in found.items() if word not in differ}


def _custom(out: Converted, parameters: dict[str, Any], at: str) -> None:
    members = _members(out, parameters, at)
    if "enableonbehalfoflogin" not in members:
        out.put("onBehalfOf", False, at)  # a switch that is not named is off
    for word, (origin, item) in members.items():
        target = _AT_CUSTOM.get(word)
        if target is None:
            continue
        if isinstance(item, dict):
            if "value" not in item:
                continue  # `"tenantId": {}`: nothing is said
            item, origin = item["value"], f"{origin}/value"
        if target == "onBehalfOf":
            if isinstance(item, str) and is_placeholder(item):
                out.leave_out(target, "a placeholder", origin)
                continue
            flag = {"true": True, "false": False, "": False}.get(item.strip().lower(), item) if isinstance(item, str) else item
            if flag is None or isinstance(flag, bool):
                out.put(target, flag, origin)
            else:
                what = "another text" if isinstance(item, str) else kind_of(item)
                out.wrong.append((f"/{target}", f"true or false is needed here, this is {what}"))
                out.leave_out(target, "neither true nor false", origin)
        elif target in _URLS and isinstance(item, str):
            _text(out, target, bare_uri(item), origin)
        else:
            _text(out, target, item, origin)


def _text(out: Converted, target: str, value: Any, origin: str) -> None:
    if value is None or isinstance(value, str):
        out.put(target, value, origin)
    else:
        out.wrong.append((f"/{target}", f"a text is needed here, this is {kind_of(value)}"))
        out.leave_out(target, "not a text", origin)


def _texts(out: Converted, target: str, value: Any, origin: str) -> None:
    """One text, or a list of them."""
    if value is None or isinstance(value, str):
        out.put(target, [value] if value else [], origin)
        out.origins[f"/{target}/0"] = origin
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        out.put(target, value, origin)
    else:
        out.wrong.append((f"/{target}", f"a list of texts is needed here, this is {kind_of(value)}"))
        out.origins[f"/{target}"] = origin


def _scopes(out: Converted, value: Any, origin: str) -> None:
    """Names with blanks between, in one text or several."""
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        out.wrong.append(("/scopes", "a list of texts is needed here"))
        out.origins["/scopes"] = origin
        return
    if not isinstance(value, list):
        _texts(out, "scopes", value.split() if isinstance(value, str) else value, origin)
        return
    names: list[str] = []
    for i, item in enumerate(value):
        # A placeholder is one name, whatever blanks it has.
        for name in [item] if is_placeholder(item) and not item.isspace() else item.split():
            out.origins[f"/scopes/{len(names)}"] = f"{origin}/{i}"
            names.append(name)
    out.put("scopes", names, origin)


def secret_form(value: Any, client: Any = None) -> str:
    """What stands where a client secret is expected: none, placeholder, guid or other. `client`: what stands as client ID."""
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return "none"
    if is_guid(text.lower()):
        return "guid"
    # A generated secret holds ~, - and _ but none of a placeholder's brackets, and is neither a phrase nor as short as a word.
    says_itself = isinstance(client, str) and text == client.strip()
    words = is_placeholder(text) or " " in text or _PHRASE.fullmatch(text) is not None
    return "placeholder" if words or says_itself or len(text) < _SHORTEST_SECRET else "other"


def client_id(value: str) -> str:
    """The client ID to keep. Where a secret was pasted in its place, only the remark that it looks like one."""
    looks = secret_form(value) == "other" and _SECRET.fullmatch(value.strip()) and "://" not in value
    return "a text that looks like a client secret" if looks else value


def _definition(value: dict[str, Any]) -> Converted:
    out = Converted()
    info = value.get("info")
    if isinstance(info, dict) and isinstance(info.get("title"), str):
        out.put("displayName", info["title"], "/info/title")
    if isinstance(value.get("host"), str):
        out.put("host", value["host"], "/host")
    schemes = value.get("schemes")
    if isinstance(schemes, list) and schemes and all(isinstance(scheme, str) for scheme in schemes):
        out.put("schemes", " ".join(sorted(scheme.lower() for scheme in schemes)), "/schemes")
    else:
        out.put("schemes", "", "/schemes")  # whoever loads the definition decides: Power Platform takes https
    return out


def _environment(value: dict[str, Any]) -> Converted:
    out = Converted()
    if "connectorId" in value:
        _text(out, "connectorId", value["connectorId"], join("connectorId"))
    return out
