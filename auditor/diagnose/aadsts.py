"""From an error of a sign-in to the rules that look for its cause: AADSTS codes, alone or within a pasted message.

A message is hostile: the names and URIs in it were chosen by whoever registered or called the application. Nothing of it is shown
but codes, GUIDs and URIs, and of a URI neither user nor query, where secrets travel.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from auditor.display import bare_uri, clean, placed
from auditor.entra.catalog import CATALOG, Code
from auditor.entra.ids import GUID
from auditor.facts import App
from auditor.results import Loaded
from auditor.rulebook import Rule
from auditor.unknown import is_unknown, known

LONGEST = 100_000  # characters of a message that are looked at
MOST = 20  # codes, ids or URIs of one message
_SLIPS = 2  # digits that somebody mistypes
_BARE = re.compile(r"(?:aadsts)?([0-9]{1,9})", re.IGNORECASE | re.ASCII)
_CODE = re.compile(  # the last is the form of the sign-in logs: "Sign-in error code: 50105", "errorCode": 50105
    r"(?:aadsts[ :#-]?|/error\?code=|\berror ?code['\"]?\s{0,3}[:=]\s{0,3}['\"]?)([0-9]{4,9})(?![0-9])", re.IGNORECASE | re.ASCII
)
_ENCODED = re.compile(r"%(?:20|27|2f|3a|3d)", re.IGNORECASE)
_B2C = re.compile(r"AADB2C[0-9]{4,9}", re.IGNORECASE | re.ASCII)
_GUID = re.compile(rf"(?<![\w-]){GUID}(?![\w-])", re.IGNORECASE | re.ASCII)
_URI = re.compile(r"(?<![\w.+-])[a-z][a-z0-9+.-]{1,30}://[^\s'\"<>\\]{1,600}", re.IGNORECASE | re.ASCII)
# Ids of the request, not of anything that is configured.
_REQUEST_ID = re.compile(
    r"(?:trace|correlation|request|session)[ _-]?id['\"]?\s{0,3}[:=]?\s{0,3}['\"]?[0-9a-f-]{36}", re.IGNORECASE | re.ASCII
)
_VALUE = r"\s{0,3}[:=]?\s{0,3}['\"‘“]([^'\"’”\r\n]{1,600})['\"’”]"
_FACTS = {
    name: re.compile(pattern, re.IGNORECASE | re.ASCII)
    for name, pattern in {
        "subject": rf"assertion subject{_VALUE}",
        "issuer": rf"assertion issuer{_VALUE}",
        "audience": rf"assertion audience{_VALUE}",
        "audience_of": rf"audience in the assertion was{_VALUE}",
        "thumbprint": r"thumbprint[^:'\"\r\n]{0,60}[:=]?\s{0,3}['\"‘“]?([0-9a-f]{40}|[0-9a-f]{64})(?![0-9a-f])",
        "client": rf"client app id\s{{0,3}}[:=]\s{{0,3}}['\"]?({GUID})",
        "resource": rf"resource app id\s{{0,3}}[:=]\s{{0,3}}['\"]?({GUID})",
        "application": rf"application:? (?:with (?:id|identifier) )?['\"‘“]?({GUID})",
        "directory": rf"(?:directory|tenant) ['\"‘“]?({GUID})",
        "accounts_of": rf"identity provider ['\"‘“]?https://sts\.windows\.net/({GUID})",
        "scope": rf"asked for scope{_VALUE}",
        "scope_of": rf"doesn['’]?t exist on the resource{_VALUE}",
        "principal": r"resource principal named ['\"‘“]?([^\s'\"’”]{1,600})",
        "redirect": r"(?:redirect|reply) (?:uri|url|address) ['\"‘“]?([a-z][a-z0-9+.-]{1,30}://[^\s'\"’”<>]{1,600})",
    }.items()
}
_HELP = (
    "https://aka.ms/", "https://go.microsoft.com/", "https://learn.microsoft.com/", "https://docs.microsoft.com/",
    "https://login.microsoftonline.com/error",
)  # fmt: skip


class Message(NamedTuple):
    """What a pasted message says that can be looked up, each once and in its order."""

    codes: list[int]
    ids: list[str] = []
    uris: list[str] = []
    more: bool = False  # there is more of it than was taken
    facts: dict[str, str] = {}  # what it says of the request, as written: "subject" of the token, "thumbprint", "client"


class Mention(NamedTuple):
    """Something that a message names, and what it is in the files that were read."""

    value: str
    found: str


@dataclass(frozen=True)
class Explanation:
    """A code, and the rules whose pages name it."""

    number: int
    rules: list[Rule]

    @property
    def code(self) -> Code | None:
        return CATALOG.codes.get(self.number)

    @property
    def known(self) -> bool:
        """The catalog or a page, perhaps one of the user's own, speaks of it."""
        return self.code is not None or bool(self.rules)

    @property
    def close(self) -> list[int]:
        """The codes that are written most like one that is not known, where a digit or two make the difference."""
        apart = {number: _digits_apart(number, self.number) for number in CATALOG.codes} if not self.known else {}
        least = min(apart.values(), default=0)
        return [number for number in apart if apart[number] == least][:3] if least <= _SLIPS else []

    @property
    def look_up(self) -> str:
        """Microsoft's page about it."""
        return f"https://login.microsoftonline.com/error?code={self.number}"


def _digits_apart(one: int, other: int) -> int:
    first, second = str(one), str(other)
    return sum(a != b for a, b in zip(first, second, strict=False)) + abs(len(first) - len(second))


def bare(text: str) -> int | None:
    """The number of a text that is nothing but a code: 50011, AADSTS50011."""
    found = _BARE.fullmatch(text.strip())
    return int(found[1]) if found else None


def of_b2c(text: str) -> str | None:
    """The first code of Azure AD B2C that a text names."""
    found = _B2C.search(text[:LONGEST])
    return found[0].upper() if found else None


def parse(text: str) -> Message:
    """The codes, ids and URIs of a message."""
    more = len(text) > LONGEST
    text = text[:LONGEST].strip()
    if _ENCODED.search(text) is not None and len(text.split()) == 1:  # the address of a browser, in which the message stands
        text = unquote_plus(text)
    text = _REQUEST_ID.sub(" ", text)
    codes = list(dict.fromkeys(int(found[1]) for found in _CODE.finditer(text)))
    ids = list(dict.fromkeys(found[0].lower() for found in _GUID.finditer(text)))
    facts = {name: found[1] for name, pattern in _FACTS.items() if (found := pattern.search(text)) is not None}
    written = (found[0].rstrip(".,;:!?)]}") for found in _URI.finditer(text))
    uris = list(dict.fromkeys(uri for uri in written if not uri.lower().startswith(_HELP)))
    return Message(codes[:MOST], ids[:MOST], uris[:MOST], more or max(len(codes), len(ids), len(uris)) > MOST, facts)


def explained(numbers: Iterable[int], book: Iterable[Rule]) -> list[Explanation]:
    rules = list(book)
    return [Explanation(number, [rule for rule in rules if number in rule.aadsts]) for number in numbers]


def mentions(message: Message, report: Loaded) -> list[Mention]:
    """What the ids and URIs of a message are in the files that were read."""
    named: dict[str, list[Any]] = {id_: [] for id_ in message.ids}
    owned: dict[str, list[str]] = {uri: [] for uri in message.uris}
    for root in _roots(report):
        for id_ in {id_ for id_ in (root.app_id, root.id) if id_.__class__ is str and id_ in named}:
            named[id_].append(root)
        for uri, what in _uris(root) if owned else ():
            if uri in owned:
                owned[uri].append(f"{what} {clean(root.label)}")
    near = {uri: f"{what} {clean(root.label)}" for roots in named.values() for root in roots for uri, what in _uris(root)}
    return [
        *(Mention(id_, _who(id_, roots, report)) for id_, roots in named.items()),
        *(Mention(clean(bare_uri(uri)), ", ".join(whose[:MOST]) or _nobodys(uri, near)) for uri, whose in owned.items()),
    ]


def _roots(report: Loaded) -> Iterator[Any]:
    for world in report.worlds:
        yield from world.apps
        yield from world.principals


def _uris(root: Any) -> Iterator[tuple[str, str]]:
    """The URIs of a registration or service principal that are known, and what each is."""
    if isinstance(root, App):
        yield from ((uri.value, f"{uri.platform} redirect URI of") for uri in _known(root.redirect_uris))
        yield from ((uri.value, "Application ID URI of") for uri in _known(root.identifier_uris))
    else:
        yield from ((name, "name of the service principal") for name in _known(root.names))


def _known(values: Any) -> Any:
    return [] if is_unknown(values) else known(values)


def _who(id_: str, roots: list[Any], report: Loaded) -> str:
    if roots:
        return ", ".join(_identified(id_, root) for root in roots[:MOST])
    if id_ in CATALOG.first_party:
        return f"{CATALOG.first_party[id_]}, a Microsoft application"
    if any(world.tenant.id.__class__ is str and world.tenant.id == id_ for world in report.worlds):
        return "the tenant"
    return "neither an app registration nor a service principal that was read"


def _identified(id_: str, root: Any) -> str:
    kind = "app registration" if isinstance(root, App) else "service principal"
    if root.app_id.__class__ is str and root.app_id != id_:
        kind = f"the object ID, not the Application (client) ID, of the {kind}"
    return f"{kind} {clean(root.label)} ({placed(root.document.file.shown, root.document.line)})"


def _nobodys(uri: str, near: dict[str, str]) -> str:
    """What there is in place of a URI that nothing has: one that is written much like it, of what the message names."""
    text = "none of the redirect URIs and Application ID URIs that were read"
    if close := difflib.get_close_matches(uri, near, n=1, cutoff=0.8):
        text += f"; close to it is {clean(bare_uri(close[0]))}, {near[close[0]]}"
    return text
