"""What the facts of a sign-in's message say of its cause, held against the registrations that were read.

A message names the client, the redirect URI, the thumbprint, the subject of the token that was refused. Where it does, that decides:
a cause is found, or excluded, or it cannot be told, and why. Whatever a message says was chosen by others: it is shown as names are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from auditor.diagnose.aadsts import Message
from auditor.display import bare_uri, clean, show
from auditor.entra.catalog import CATALOG
from auditor.entra.ids import MICROSOFT_GRAPH, is_guid
from auditor.facts import App
from auditor.joins.world import World
from auditor.unknown import Partial, Unread, is_unknown, known


class Said(StrEnum):
    """Of one cause: it is found, it is excluded, or it cannot be told."""

    found = "found"
    excluded = "excluded"
    open = "cannot-tell"


class Clue(NamedTuple):
    """What one fact of a message comes to. `code` is the AADSTS code that it explains."""

    code: int
    said: Said
    text: str


_ORDER = (Said.found, Said.open, Said.excluded)  # in which clues are told
_MOST = 3  # objects that are named
_TYPED = 0.85  # likeness of what somebody mistyped; that of two random GUIDs is about 0.4


def clues(message: Message, worlds: list[World]) -> list[Clue]:
    """What the message's own facts say; nothing for a code of which it names none."""
    found = []
    for code in message.codes:
        look = _BY_CODE.get(code)
        if look is None:
            continue
        try:
            found += [Clue(code, said, text) for said, text in look(message, worlds)]
        except Unread as unread:
            found.append(Clue(code, Said.open, f"{clean(unread.unknown.reason)}"))
    return sorted(found, key=lambda clue: _ORDER.index(clue.said))


_Answers = Iterator[tuple[Said, str]]


# -- what was read


def _apps(worlds: list[World], app_id: str | None = None) -> list[App]:
    return [app for world in worlds for app in world.apps if app_id is None or (app.app_id.__class__ is str and app.app_id == app_id)]


def _named(app: Any) -> str:
    file = app.document.file.shown
    return f'"{clean(show(app))}"' + (f" ({clean(file)}:{app.document.line})" if file else "")


def _names(things: list[Any], name: Callable[[Any], str]) -> str:
    more = f" and {len(things) - _MOST} more" if len(things) > _MOST else ""
    return ", ".join(map(name, things[:_MOST])) + more


def _not_read(app_id: str) -> tuple[Said, str]:
    return Said.open, f"the registration {app_id} that the message names is not in the input"


def _the_apps(message: Message, worlds: list[World]) -> list[App]:
    """The registrations that a message names, else all."""
    named = [app for id_ in message.ids for app in _apps(worlds, id_)]
    return named or _apps(worlds)


# -- federated identity credentials


def _federated(message: Message, worlds: list[World]) -> _Answers:
    presented = {claim: message.facts[claim] for claim in ("subject", "issuer", "audience") if claim in message.facts}
    if not presented:
        return
    apps = _the_apps(message, worlds)
    credentials: list[Any] = []
    gap = None
    for app in apps:
        values: Any = app.federated_credentials
        if is_unknown(values):
            gap = values.reason
            continue
        gap = values.unknown.reason if isinstance(values, Partial) else gap
        credentials += known(values)
    matched: dict[str, list[Any]] = {}
    for claim, value in presented.items():
        exact, near = [], []
        for credential in credentials:
            of_claim = _claims(credential, claim)
            if of_claim is None:
                gap = f'federated credential "{clean(show(credential))}" uses an expression, or its {claim} is not known'
            elif value in of_claim:
                exact.append(credential)
            else:
                near += [(one, credential) for one in of_claim]
        shown = clean(value)
        if exact:
            matched[claim] = exact
            yield Said.excluded, f'{claim} "{shown}" is that of {_names(exact, _credential)}'
            continue
        text = f'no federated credential in the input has the {claim} "{shown}"'
        if close := _closest(value, [one for one, _ in near]):
            whose = next(credential for one, credential in near if one == close)
            text += f"; {_credential(whose)} has {_difference(value, close)}"
        elif near:
            text += f"; {_names(near, _has)}"
        yield (Said.open, f"{text}, but some are not known ({clean(gap)})") if gap and not (near and close) else (Said.found, text)
    if not apps:
        yield Said.open, "no app registration is in the input"
    if len(presented) > 1 and credentials and all(claim in matched for claim in presented):
        of_all = [one for one in credentials if all(any(one is other for other in matched[claim]) for claim in presented)]
        if not of_all:
            claims = " and ".join(f'{claim} "{clean(value)}"' for claim, value in presented.items())
            yield (Said.open if gap else Said.found), f"no federated credential in the input has all of {claims}: each is of another one"


def _claims(credential: Any, claim: str) -> list[str] | None:
    """What a federated credential has for a claim of the token; None where that is not known, or an expression."""
    if claim == "audience":
        values = credential.audiences
        return None if is_unknown(values) or isinstance(values, Partial) else [one for one in values if one.__class__ is str]
    value = getattr(credential, claim)
    return [value] if value.__class__ is str else None


def _credential(credential: Any) -> str:
    owner = f' of "{clean(show(credential.owner))}"' if credential.owner is not None else ""
    return f'federated credential "{clean(show(credential))}"{owner}'


def _has(pair: tuple[str, Any]) -> str:
    """What a credential has in place of a claim."""
    value, credential = pair
    return f'{_credential(credential)} has "{clean(value)}"'


def _closest(value: str, others: list[str], cutoff: float = 0.5) -> str | None:
    folded = next((one for one in others if one.lower() == value.lower()), None)
    if folded is not None:
        return folded
    close = difflib.get_close_matches(value[:400], [one[:400] for one in others[:1000]], n=1, cutoff=cutoff)
    return next((one for one in others if one[:400] == close[0]), None) if close else None


_ID_FORM = re.compile(r"@\d+")


def _difference(presented: str, registered: str) -> str:
    shown = f'"{clean(registered)}"'
    if presented.lower() == registered.lower():
        return f"{shown}, which differs in upper and lower case only"
    if presented.rstrip("/") == registered.rstrip("/"):
        return f"{shown}, which differs by a slash at its end only"
    if presented.startswith("repo:") and _ID_FORM.sub("", presented) == _ID_FORM.sub("", registered):
        old, new = ("the token", "the credential") if _ID_FORM.search(registered) else ("the credential", "the token")
        return (
            f"{shown}: {new} has GitHub's immutable form with IDs (repo:OWNER@ID/REPOSITORY@ID:…), {old} the form with names only. "
            "Use the same form in both"
        )
    return shown


# -- certificates


def _certificate(message: Message, worlds: list[World]) -> _Answers:
    thumbprint = (message.facts.get("thumbprint") or "").upper()
    if not thumbprint:
        return
    apps = _the_apps(message, worlds)
    if not apps:
        yield Said.open, "no app registration is in the input"
    for app in apps:
        certificates = known(app.certificates)
        one = next((one for one in certificates if one.thumbprint.__class__ is str and one.thumbprint.upper() == thumbprint), None)
        now = app.world.now
        if one is None:
            gap = isinstance(app.certificates, Partial) or any(is_unknown(one.thumbprint) for one in certificates)
            text = f"certificate {thumbprint} is not registered on {_named(app)}"
            registered = [one.thumbprint for one in certificates if one.thumbprint.__class__ is str]
            text += f", which has {_names(registered, str)}" if registered else ", which has no certificate" if not gap else ""
            yield (Said.open, f"{text}, but not every thumbprint is known") if gap else (Said.found, text)
        elif one.end is not None and one.end <= now:
            yield Said.found, f"certificate {thumbprint} of {_named(app)} expired on {one.end:%Y-%m-%d}"
        elif one.start is not None and one.start > now:
            yield Said.found, f"certificate {thumbprint} of {_named(app)} is valid from {one.start:%Y-%m-%d} only"
        else:
            yield Said.excluded, f"certificate {thumbprint} is registered on {_named(app)} and valid"


# -- permissions and consent

_PREAUTHORIZE = "Expose an API > Authorized client applications > Add a client application"


def _not_requested(message: Message, worlds: list[World]) -> _Answers:
    client, resource = (message.facts.get("client") or "").lower(), (message.facts.get("resource") or "").lower()
    if client in CATALOG.first_party:
        yield from _preauthorization(client, _apps(worlds, resource) if resource else [], resource)
        return
    if not client or not resource:
        return
    apps = _apps(worlds, client)
    if not apps:
        said, text = _not_read(client)
        others = [api for api in _apps(worlds, resource) if not any(one.app_id == client for one in api.preauthorized_clients)]
        if others:
            text += f". If it is not one of your own, {_names(others, _named)} has to preauthorize {client}: {_PREAUTHORIZE}"
        yield said, text
    for app in apps:
        if any(entry.app_id == resource for entry in app.requested_resources):
            yield Said.excluded, f"{_named(app)} lists the API {resource} among its API permissions"
        else:
            yield Said.found, f"{_named(app)} does not list the API {resource} among its API permissions"


def _no_consent(message: Message, worlds: list[World]) -> _Answers:
    client = (message.facts.get("application") or "").lower()
    if client in CATALOG.first_party:
        yield from _preauthorization(client, [app for app in _apps(worlds) if not is_unknown(app.scopes) and known(app.scopes)], "")


def _preauthorization(client: str, apis: list[App], resource: str) -> _Answers:
    """A client of Microsoft: its registration cannot be changed, so that the API has to preauthorize it."""
    name = f'"{CATALOG.first_party[client]}" ({client}) is an application of Microsoft, whose API permissions nobody else can change'
    if not apis:
        what = f"the API {resource}" if resource else "the API"
        yield Said.open, f"{name}: {what} has to preauthorize it, and its registration is not in the input"
    for api in apis:
        if any(one.app_id == client for one in api.preauthorized_clients):
            yield Said.excluded, f"{_named(api)} preauthorizes {client}"
        else:
            yield Said.found, f"{name}, and {_named(api)} does not preauthorize {client}: add it at {_PREAUTHORIZE}"


# -- scopes and APIs


def _scope(message: Message, worlds: list[World]) -> _Answers:
    """A scope without its API in front of it is taken for one of Microsoft Graph."""
    scope, resource = message.facts.get("scope", ""), message.facts.get("scope_of", "")
    if not scope or not resource:
        return
    shown = f'scope "{clean(scope)}"'
    if resource == MICROSOFT_GRAPH:
        yield _without_its_api(shown, scope, worlds)
        return
    apps = [app for app in _apps(worlds) if resource.lower() == app.app_id or resource in _names_of(app)]
    if not apps:
        yield Said.open, f"the API {clean(bare_uri(resource))} that the message names is not in the input"
    for app in apps:
        one = next((one for one in known(app.scopes) if one.value == scope), None)
        if one is not None and one.enabled:
            yield Said.excluded, f"{shown} exists on {_named(app)} and is enabled"
        elif one is not None:
            yield Said.found, f"{shown} of {_named(app)} is disabled: enable it at Expose an API"
        elif isinstance(app.scopes, Partial):
            yield Said.open, f"{shown} is not among the known scopes of {_named(app)}, but some are not known"
        else:
            there = [one.value for one in app.scopes if one.value.__class__ is str]
            has = f", which has {_names(there, clean)}" if there else ", which exposes no scope"
            yield Said.found, f"{shown} does not exist on {_named(app)}{has}"


def _without_its_api(shown: str, scope: str, worlds: list[World]) -> tuple[Said, str]:
    owners = [app for app in _apps(worlds) if not is_unknown(app.scopes) and any(one.value == scope for one in known(app.scopes))]
    graph = f"Microsoft Graph has no {shown}; a scope is looked for there if it is written without an API"
    if not owners:
        return Said.open, f"{graph}. No API in the input has it"
    uri = next((uri.value for app in owners[:1] for uri in known(app.identifier_uris)), f"api://{owners[0].app_id}")
    return Said.found, f"{graph}. {_names(owners, _named)} has it: request {clean(bare_uri(uri))}/{clean(scope)}"


def _names_of(app: App) -> list[str]:
    return [] if is_unknown(app.identifier_uris) else [uri.value for uri in known(app.identifier_uris)]


def _unknown_api(message: Message, worlds: list[World]) -> _Answers:
    name = message.facts.get("principal", "").rstrip(".,;")
    if not name:
        return
    shown = clean(bare_uri(name))
    apps = _apps(worlds)
    owner = next((app for app in apps if name.lower() == app.app_id or name in _names_of(app)), None)
    if owner is not None:
        yield (
            Said.open,
            f"{shown} is a name of {_named(owner)}: the tenant that sign-in went to has no service principal of it",
        )
        return
    whose = {other: app for app in apps for other in (app.app_id, *_names_of(app)) if other.__class__ is str}
    if (close := _closest(name, list(whose), _TYPED)) is not None:
        yield (
            Said.found,
            f"{shown} is not a name of an API in the input; close to it is {clean(bare_uri(close))}, a name of {_named(whose[close])}",
        )
    else:
        yield Said.open, f"{shown} is not a name of an API in the input"


# -- tenant and accounts


def _other_account(message: Message, worlds: list[World]) -> _Answers:
    app_id = (message.facts.get("application") or "").lower()
    if not app_id:
        return
    apps = _apps(worlds, app_id)
    if not apps:
        yield _not_read(app_id)
    home = message.facts.get("accounts_of")
    who = f"the account is of tenant {home.lower()}" if home else "the account is of another directory"
    for app in apps:
        if app.audience == "AzureADMyOrg":
            yield (
                Said.found,
                (
                    f"{_named(app)} is single-tenant (signInAudience AzureADMyOrg), and {who}: invite it as a guest, or change the "
                    "account types"
                ),
            )
        else:
            yield Said.open, f"{_named(app)} has signInAudience {clean(app.audience)}; {who}: whether it is a guest is not in the input"


def _unknown_client(message: Message, worlds: list[World]) -> _Answers:
    client = (message.facts.get("application") or "").lower()
    if not client:
        return
    for world in worlds:
        roots: list[Any] = [*world.apps, *world.principals]
        for one in roots:
            if one.id.__class__ is str and one.id == client and one.app_id != client:
                yield Said.found, f"{client} is the object ID of {_named(one)}; its Application (client) ID is {clean(one.app_id)}"
                return
    apps = _apps(worlds, client)
    directory = (message.facts.get("directory") or "").lower()
    if not apps:
        if worlds and all(world.app(client) is None and world.principal(client) is None for world in worlds):
            yield Said.found, f"no app registration and no service principal of the tenant has the application ID {client}"
        elif (close := _closest(client, [app.app_id for app in _apps(worlds) if app.app_id.__class__ is str], _TYPED)) is not None:
            (app,) = _apps(worlds, close)[:1]
            yield (
                Said.found,
                f"{client} is not the application ID of a registration in the input; close to it is {close}, that of {_named(app)}",
            )
        else:
            yield _not_read(client)
    for app in apps:
        home = app.world.tenant.id
        if is_guid(directory) and home.__class__ is str and home != directory and not app.multi_tenant:
            yield Said.found, f"{_named(app)} is registered in tenant {home} for that tenant only, and sign-in went to {directory}"
        else:
            text = f"{_named(app)} is registered: sign-in went to another tenant than its own, or it has no service principal there"
            yield Said.open, f"{text}{_signs_in_at(app)}"


def _signs_in_at(app: App) -> str:
    """The tenants that the connectors of a client name, to be compared."""
    connectors = [] if is_unknown(app.connectors) else known(app.connectors)
    named = [one for one in connectors if one.tenant_id.__class__ is str and one.tenant_id]
    at = _names(named, lambda one: f'{one.kind} "{clean(show(one))}" signs in at tenant {clean(one.tenant_id)}')
    return f"; {at}: compare it with the tenant ID of the client" if named else ""


# -- redirect URIs, audiences


def _redirect(message: Message, worlds: list[World]) -> _Answers:
    uri, app_id = message.facts.get("redirect"), (message.facts.get("application") or "").lower()
    if not uri or not app_id:
        return
    uri = uri.rstrip(".,;")
    apps = _apps(worlds, app_id)
    if not apps:
        yield _not_read(app_id)
    for app in apps:
        uris = app.redirect_uris
        same = [one for one in known(uris) if one.value == uri]
        shown = clean(bare_uri(uri))
        if same:
            yield Said.excluded, f"{shown} is registered on {_named(app)} ({', '.join(sorted({one.platform for one in same}))})"
        elif isinstance(uris, Partial):
            yield Said.open, f"{shown} is not among the known redirect URIs of {_named(app)}, but some are not known"
        else:
            close = _closest(uri, [one.value for one in uris])
            near = f"; close to it is {clean(bare_uri(close))}" if close else ""
            only = ", which differs in upper and lower case only" if close and close.lower() == uri.lower() else ""
            yield Said.found, f"{shown} is not registered on {_named(app)}{near}{only}"


def _assertion_audience(message: Message, worlds: list[World]) -> _Answers:
    audience = message.facts.get("audience_of")
    if not audience:
        return
    for app in [app for id_ in message.ids for app in _apps(worlds, id_)]:
        names = [app.app_id, *(uri.value for uri in app.identifier_uris)]
        close = _closest(audience, names)
        shown = clean(audience)
        if audience in names:
            yield Said.excluded, f"{shown} is a name of {_named(app)}"
        elif close and close.lower() == audience.lower():
            yield (
                Said.found,
                (
                    f"{_named(app)} has the Application ID URI {clean(close)}, which differs from the token's audience {shown} in upper "
                    "and lower case only: register it in lower case"
                ),
            )
        else:
            yield Said.found, f"{shown} is not a name of {_named(app)}"


_Look = Callable[[Message, list[World]], _Answers]
_BY_CODE: dict[int, _Look] = {
    **dict.fromkeys((70021, 700211, 700212, 700213, 7002138), _federated),
    700027: _certificate,
    650057: _not_requested,
    65001: _no_consent,
    50020: _other_account,
    700016: _unknown_client,
    50011: _redirect,
    500131: _assertion_audience,
    650053: _scope,
    **dict.fromkeys((500011, 50001), _unknown_api),
}
CODES = frozenset(_BY_CODE)  # of which a message may name facts that decide
