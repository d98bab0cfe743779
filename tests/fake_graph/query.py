"""Objects encoded once, and Graph's query options: what is not understood is refused, never ignored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor import schemas
from auditor.entra.collections import BY_KIND

Json = dict[str, Any]


class Refused(Exception):
    """Graph's error answer."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def bad(message: str, code: str = "Request_BadRequest") -> Refused:
    return Refused(400, code, message)


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_FILE: Json = json.loads((Path(__file__).parent / "properties.json").read_text("utf-8"))
_DEFINED: Json = {  # Microsoft's metadata, as the auditor ships it
    BY_KIND[kind].graph_type if kind in BY_KIND else kind: shape for kind, shape in schemas.load("application")["$defs"].items()
}
_KINDS = [*_FILE["navigation"], *_FILE["by hand"], *_FILE["by hand, beta only"]]


def _of_v1(kind: str) -> frozenset[str]:
    if kind not in _FILE["navigation"]:  # not in the metadata's excerpt
        return frozenset(_FILE["by hand"].get(kind, ()))
    others = {*_FILE["navigation"][kind], *_FILE["by hand, beta only"].get(kind, ())}
    return frozenset((_DEFINED[kind]["properties"].keys() - others) | {*_FILE["by hand"].get(kind, ())})


V1 = {kind: _of_v1(kind) for kind in _KINDS}
BETA = {kind: V1[kind] | frozenset(_FILE["by hand, beta only"].get(kind, ())) for kind in _KINDS}
for _known in (V1, BETA):  # an owner
    _known["directoryObject"] = _known["user"] | _known["servicePrincipal"]
# Returned only when $select names them.
HIDDEN = {
    "application": {"authenticationBehaviors"},
    "servicePrincipal": {"customSecurityAttributes"},
    "directoryObject": {"accountEnabled", "createdDateTime", "onPremisesSyncEnabled", "userType", "customSecurityAttributes"},
}
EXPANDED = {"owners": "directoryObject", "federatedIdentityCredentials": "federatedIdentityCredential"}
EXPANDABLE = {"application": {"owners", "federatedIdentityCredentials"}, "servicePrincipal": {"owners", "federatedIdentityCredentials"}}
COUNTED = {"application": {"owners", "federatedIdentityCredentials"}, "servicePrincipal": {"owners"}}
EQUAL = {
    "application": {"id", "appId", "displayName"},
    "servicePrincipal": {"id", "appId", "displayName"},
    "oAuth2PermissionGrant": {"clientId", "consentType", "principalId", "resourceId"},
}
STARTS = {"application": {"displayName"}, "servicePrincipal": {"displayName"}}
DATES = {"application": {"createdDateTime"}}
FILTERED = {"id", "appId", "displayName", "createdDateTime", "clientId", "consentType", "principalId", "resourceId"}


class Collection:
    """Objects of one type. A page is a join of bytes."""

    def __init__(self, kind: str, objects: Iterable[Json]) -> None:
        self.kind = kind
        self.usual: list[bytes] = []
        self.extra: dict[int, Json] = {}  # what comes only when $select names it
        self.light: list[Json] = []  # what filters look at
        hidden = HIDDEN.get(kind, set())
        for number, obj in enumerate(objects):
            extra = {name: obj[name] for name in hidden & obj.keys() if "servicePrincipal" not in obj.get("@odata.type", "")}
            shown = {name: value for name, value in obj.items() if name not in extra}
            if any(credential.get("key") for credential in obj.get("keyCredentials") or ()):
                extra["keyCredentials"] = obj["keyCredentials"]
                shown["keyCredentials"] = [{**credential, "key": None} for credential in obj["keyCredentials"]]
            self.usual.append(encode(shown))
            if extra:
                self.extra[number] = extra
            self.light.append({name: obj[name] for name in FILTERED & obj.keys()})
        self.numbers = range(len(self.usual))
        self.by_id = {item["id"]: n for n, item in enumerate(self.light) if "id" in item}
        self.by_app_id = {item["appId"]: n for n, item in enumerate(self.light) if "appId" in item}
        self.filtered: dict[str, list[int]] = {}  # by the text of the filter
        self._cut: dict[tuple[str, ...], dict[int, bytes]] = {}

    def encoded(self, number: int, select: tuple[str, ...]) -> bytes:
        if not select:
            return self.usual[number]
        done = self._cut.setdefault(select, {})
        if number not in done:
            obj = {**json.loads(self.usual[number]), **self.extra.get(number, {})}
            done[number] = encode({name: obj[name] for name in ("@odata.type", *select) if name in obj})
        return done[number]

    def group(self, field: str) -> dict[str, list[int]]:
        groups: dict[str, list[int]] = {}
        for number, item in enumerate(self.light):
            groups.setdefault(item.get(field, ""), []).append(number)
        return groups


@dataclass(frozen=True)
class Options:
    top: int | None = None
    select: tuple[str, ...] = ()
    expand: str = ""
    expand_select: tuple[str, ...] = ()
    filter: str = ""
    count: bool = False
    skiptoken: str = ""

    @property
    def context(self) -> str:
        """The part of @odata.context that says what was selected."""
        inner = f"{self.expand}({','.join(self.expand_select)})" if self.expand else ""
        both = ",".join([*self.select, *([inner] if inner else [])])
        return f"({both})" if both else ""


def selected(text: str, kind: str, known: dict[str, frozenset[str]]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in known[kind]:
            raise bad(f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")
    return names


def parse(query: list[tuple[str, str]], kind: str, allowed: str, known: dict[str, frozenset[str]]) -> Options:
    """`allowed`: the names of the options that the resource takes."""
    given = dict(query)
    if len(given) < len(query):
        raise bad("Query option was specified more than once, but it must be specified at most once.")
    for name in given:
        if not name.startswith("$") or name[1:] not in allowed.split():
            raise bad(f"The query parameter '{name}' is not supported.")
    found: Json = {}
    if "$top" in given:
        if not given["$top"].isdecimal() or not 1 <= int(given["$top"]) <= 999:
            raise bad(f"Invalid page size specified: '{given['$top']}'. Must be between 1 and 999 inclusive.")
        found["top"] = int(given["$top"])
    if "$select" in given:
        found["select"] = selected(given["$select"], kind, known)
    if "$expand" in given:
        match = re.fullmatch(r"(\w+)(?:\(\$select=([\w,]+)\))?", given["$expand"])
        if not match or match[1] not in EXPANDABLE.get(kind, ()):
            raise bad(f"Parsing OData Select and Expand failed: '{given['$expand']}' cannot be expanded on type 'microsoft.graph.{kind}'.")
        found["expand"] = match[1]
        found["expand_select"] = selected(match[2], EXPANDED[match[1]], known) if match[2] else ()
    if "$count" in given:
        if given["$count"] not in ("true", "false"):
            raise bad(f"Invalid value '{given['$count']}' for $count query option found.")
        found["count"] = given["$count"] == "true"
    if "$filter" in given:
        found["filter"] = given["$filter"]
    if "$skiptoken" in given:
        found["skiptoken"] = given["$skiptoken"]
    return Options(**found)


_TEXT = r"'(?:[^']|'')*'"
_TERM = re.compile(
    rf"""(?P<field>\w+)\ (?:(?P<op>eq|ge|gt|le|lt)\ (?P<moment>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)|(?P<null>eq\ null))
      | (?P<text_field>\w+)\ (?:eq\ (?P<text>{_TEXT})|in\ \((?P<texts>{_TEXT}(?:,\ ?{_TEXT}){{0,14}})\))
      | startswith\((?P<start>\w+),\ ?(?P<prefix>{_TEXT})\)
      | (?P<many>\w+)/\$count\ (?P<how>eq|ne)\ 0""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Filter:
    terms: tuple[re.Match[str], ...]
    advanced: bool
    text: str


def parse_filter(text: str, kind: str) -> Filter:
    terms: list[re.Match[str]] = []
    at, advanced = 0, False
    while not terms or at < len(text):
        at += 5 * bool(terms)
        match = _TERM.match(text, at)
        if not match or (terms and not text.startswith(" and ", at - 5)):
            raise bad(f"Invalid filter clause: Syntax error at position {at} in '{text}'.")
        tables: list[tuple[str, dict[str, set[str]]]] = [("field", DATES), ("text_field", EQUAL), ("start", STARTS), ("many", COUNTED)]
        group, table = next((group, table) for group, table in tables if match[group])
        if match[group] not in table.get(kind, ()):
            raise bad(f"Unsupported or invalid query filter clause specified for property '{match[group]}'.", "Request_UnsupportedQuery")
        advanced = advanced or group in ("field", "many")
        terms.append(match)
        at = match.end()
    return Filter(tuple(terms), advanced, text)


def _plain(quoted: str) -> str:
    return quoted[1:-1].replace("''", "'").casefold()


def _matches(term: re.Match[str], item: Json, related: Json) -> bool:
    if term["many"]:
        return bool(related[term["many"]].get(item.get("id"))) == (term["how"] == "ne")
    value = item.get(term["field"] or term["text_field"] or term["start"])
    if value is None or term["null"]:
        return value is None and bool(term["null"])
    if term["start"]:
        return str(value).casefold().startswith(_plain(term["prefix"]))
    if term["text_field"]:
        return str(value).casefold() in [_plain(text) for text in re.findall(_TEXT, term["text"] or term["texts"])]
    have, want = datetime.fromisoformat(value), datetime.fromisoformat(term["moment"])
    return {"eq": have == want, "ge": have >= want, "gt": have > want, "le": have <= want, "lt": have < want}[term["op"]]


def filtered(found: Filter, whole: Collection, related: Json) -> list[int]:
    """The numbers of the objects that meet it. `related`: per name of navigation the lists by object id."""
    if found.text not in whole.filtered:
        items = enumerate(whole.light)
        whole.filtered[found.text] = [n for n, item in items if all(_matches(term, item, related) for term in found.terms)]
    return whole.filtered[found.text]
