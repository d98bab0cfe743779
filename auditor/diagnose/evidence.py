"""What the facts of a sign-in's message say of its cause, held against the registrations that were read.

A message names the client, the redirect URI, the thumbprint, the subject of the token that was refused. Where it does, that decides:
a cause is found, or excluded, or it cannot be told, and why. Whatever a message says was chosen by others: it is shown as names are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor.diagnose.aadsts import Message
from auditor.diagnose.clue import Answers, Clue, Said, apps_of, closest, meant, named, named_apps, names, not_read
from auditor.diagnose.federated import federated
from auditor.display import bare_uri, clean, show
from auditor.entra.catalog import CATALOG
from auditor.entra.ids import MICROSOFT_GRAPH, is_guid
from auditor.facts import App
from auditor.joins.world import World
from auditor.unknown import Partial, Unread, is_unknown, known

_ORDER = (Said.found, Said.open, Said.excluded)  # in which clues are told
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


# -- certificates


def _certificate(message: Message, worlds: list[World]) -> Answers:
    thumbprint = (message.facts.get("thumbprint") or "").upper()
    if not thumbprint:
        return
    apps = meant(message, worlds)
    if not apps:
        yield Said.open, "no app registration is in the input"
    for app in apps:
        certificates = known(app.certificates)
        one = next((one for one in certificates if one.thumbprint.__class__ is str and one.thumbprint.upper() == thumbprint), None)
        now = app.world.now
        if one is None:
            gap = isinstance(app.certificates, Partial) or any(is_unknown(one.thumbprint) for one in certificates)
            text = f"certificate {thumbprint} is not registered on {named(app)}"
            registered = [one.thumbprint for one in certificates if one.thumbprint.__class__ is str]
            text += f", which has {names(registered, str)}" if registered else ", which has no certificate" if not gap else ""
            yield (Said.open, f"{text}, but not every thumbprint is known") if gap else (Said.found, text)
        elif one.end is not None and one.end <= now:
            yield Said.found, f"certificate {thumbprint} of {named(app)} expired on {one.end:%Y-%m-%d}"
        elif one.start is not None and one.start > now:
            yield Said.found, f"certificate {thumbprint} of {named(app)} is valid from {one.start:%Y-%m-%d} only"
        else:
            yield Said.excluded, f"certificate {thumbprint} is registered on {named(app)} and valid"


def _expired(message: Message, worlds: list[World]) -> Answers:
    """Of a client that has a valid secret, too, the connector still sends the old one."""
    for app in named_apps(message, worlds):
        now = app.world.now
        ended = [one for one in app.secrets if one.end is not None and one.end <= now]
        valid = [one for one in app.secrets if one not in ended]
        if not valid:
            return  # a rule says so, of each
        last = max(valid, key=lambda one: one.end.timestamp() if one.end is not None else float("inf"))
        until = f" (valid until {last.end:%Y-%m-%d})" if last.end is not None else ""
        gone = f"; {names(ended, _secret)} expired" if ended else ", and none that has expired"
        text = f"{named(app)} has the valid secret {_secret(last)}{until}{gone}: the client sends an older one"
        yield Said.found if ended else Said.open, f"{text}. Enter the value of a valid secret"


def _secret(secret: Any) -> str:
    return f'"{clean(show(secret))}"'


# -- permissions and consent

_PREAUTHORIZE = "Expose an API > Authorized client applications > Add a client application"


def _not_requested(message: Message, worlds: list[World]) -> Answers:
    client, resource = (message.facts.get("client") or "").lower(), (message.facts.get("resource") or "").lower()
    if client in CATALOG.first_party:
        yield from _preauthorization(client, apps_of(worlds, resource) if resource else [], resource)
        return
    if not client or not resource:
        return
    apps = apps_of(worlds, client)
    if not apps:
        said, text = not_read(client)
        others = [api for api in apps_of(worlds, resource) if not any(one.app_id == client for one in api.preauthorized_clients)]
        if others:
            text += f". If it is not one of your own, {names(others, named)} has to preauthorize {client}: {_PREAUTHORIZE}"
        yield said, text
    for app in apps:
        if any(entry.app_id == resource for entry in app.requested_resources):
            yield Said.excluded, f"{named(app)} lists the API {resource} among its API permissions"
        else:
            yield Said.found, f"{named(app)} does not list the API {resource} among its API permissions"


def _no_consent(message: Message, worlds: list[World]) -> Answers:
    client = (message.facts.get("application") or "").lower()
    if client in CATALOG.first_party:
        yield from _preauthorization(client, [app for app in apps_of(worlds) if not is_unknown(app.scopes) and known(app.scopes)], "")


def _preauthorization(client: str, apis: list[App], resource: str) -> Answers:
    """A client of Microsoft: its registration cannot be changed, so that the API has to preauthorize it."""
    name = f'"{CATALOG.first_party[client]}" ({client}) is a Microsoft application, whose API permissions nobody else can change'
    if not apis:
        what = f"the API {resource}" if resource else "the API"
        yield Said.open, f"{name}: {what} has to preauthorize it, and its registration is not in the input"
    for api in apis:
        if any(one.app_id == client for one in api.preauthorized_clients):
            yield Said.excluded, f"{named(api)} preauthorizes {client}"
        else:
            yield Said.found, f"{name}, and {named(api)} does not preauthorize {client}: add it at {_PREAUTHORIZE}"


# -- scopes and APIs


def _scope(message: Message, worlds: list[World]) -> Answers:
    """A scope without its API in front of it is taken for one of Microsoft Graph."""
    scope, resource = message.facts.get("scope", ""), message.facts.get("scope_of", "")
    if not scope or not resource:
        return
    shown = f'scope "{clean(scope)}"'
    if resource == MICROSOFT_GRAPH:
        yield _without_its_api(shown, scope, worlds)
        return
    apps = [app for app in apps_of(worlds) if resource.lower() == app.app_id or resource in _names_of(app)]
    if not apps:
        yield Said.open, f"the API {clean(bare_uri(resource))} that the message names is not in the input"
    for app in apps:
        one = next((one for one in known(app.scopes) if one.value == scope), None)
        if one is not None and one.enabled:
            yield Said.excluded, f"{shown} exists on {named(app)} and is enabled"
        elif one is not None:
            yield Said.found, f"{shown} of {named(app)} is disabled: enable it at Expose an API"
        elif isinstance(app.scopes, Partial):
            yield Said.open, f"{shown} is not among the known scopes of {named(app)}, but some are not known"
        else:
            there = [one.value for one in app.scopes if one.value.__class__ is str]
            has = f", which has {names(there, clean)}" if there else ", which exposes no scope"
            yield Said.found, f"{shown} does not exist on {named(app)}{has}"


def _without_its_api(shown: str, scope: str, worlds: list[World]) -> tuple[Said, str]:
    owners = [app for app in apps_of(worlds) if not is_unknown(app.scopes) and any(one.value == scope for one in known(app.scopes))]
    graph = f"Microsoft Graph has no {shown}; a scope is looked for there if it is written without an API"
    if not owners:
        return Said.open, f"{graph}. No API in the input has it"
    uri = next((uri.value for app in owners[:1] for uri in known(app.identifier_uris)), f"api://{owners[0].app_id}")
    return Said.found, f"{graph}. {names(owners, named)} has it: request {clean(bare_uri(uri))}/{clean(scope)}"


def _names_of(app: App) -> list[str]:
    return [] if is_unknown(app.identifier_uris) else [uri.value for uri in known(app.identifier_uris)]


def _unknown_api(message: Message, worlds: list[World]) -> Answers:
    name = message.facts.get("principal", "").rstrip(".,;")
    if not name:
        return
    shown = clean(bare_uri(name))
    apps = apps_of(worlds)
    owner = next((app for app in apps if name.lower() == app.app_id or name in _names_of(app)), None)
    if owner is not None:
        yield (
            Said.open,
            f"{shown} is a name of {named(owner)}: the tenant that sign-in went to has no service principal of it",
        )
        return
    whose = {other: app for app in apps for other in (app.app_id, *_names_of(app)) if other.__class__ is str}
    if (close := closest(name, list(whose), _TYPED)) is not None:
        yield (
            Said.found,
            f"{shown} is not a name of an API in the input; close to it is {clean(bare_uri(close))}, a name of {named(whose[close])}",
        )
    else:
        yield Said.open, f"{shown} is not a name of an API in the input"


# -- tenant and accounts


def _other_account(message: Message, worlds: list[World]) -> Answers:
    app_id = (message.facts.get("application") or "").lower()
    if not app_id:
        return
    apps = apps_of(worlds, app_id)
    if not apps:
        yield not_read(app_id)
    home = message.facts.get("accounts_of")
    who = f"the account is of tenant {home.lower()}" if home else "the account is of another directory"
    for app in apps:
        if app.audience == "AzureADMyOrg":
            yield (
                Said.found,
                (
                    f"{named(app)} is single-tenant (signInAudience AzureADMyOrg), and {who}: invite it as a guest, or change the "
                    "account types"
                ),
            )
        else:
            yield Said.open, f"{named(app)} has signInAudience {clean(app.audience)}; {who}: whether it is a guest is not in the input"


def _single_tenant(message: Message, worlds: list[World]) -> Answers:
    for app in apps_of(worlds, message.facts.get("application", "").lower()):
        if app.audience == "AzureADMyOrg":
            text = f"{named(app)} is single-tenant (signInAudience AzureADMyOrg), and sign-in went to an address of all tenants (/common)"
            yield Said.found, f"{text}: enter the tenant ID in its place"
        else:
            yield (
                Said.open,
                f"{named(app)} has signInAudience {clean(app.audience)}: it was changed, or sign-in was by another registration",
            )


def _unknown_client(message: Message, worlds: list[World]) -> Answers:
    client = (message.facts.get("application") or "").lower()
    if not client:
        return
    for world in worlds:
        roots: list[Any] = [*world.apps, *world.principals]
        for one in roots:
            if one.id.__class__ is str and one.id == client and one.app_id != client:
                yield Said.found, f"{client} is the object ID of {named(one)}; its Application (client) ID is {clean(one.app_id)}"
                return
    apps = apps_of(worlds, client)
    directory = (message.facts.get("directory") or "").lower()
    if not apps:
        if worlds and all(world.app(client) is None and world.principal(client) is None for world in worlds):
            yield Said.found, f"no app registration and no service principal of the tenant has the application ID {client}"
        elif (close := closest(client, [app.app_id for app in apps_of(worlds) if app.app_id.__class__ is str], _TYPED)) is not None:
            (app,) = apps_of(worlds, close)[:1]
            yield (
                Said.found,
                f"{client} is not the application ID of a registration in the input; close to it is {close}, that of {named(app)}",
            )
        else:
            yield not_read(client)
    for app in apps:
        home = app.world.tenant.id
        if is_guid(directory) and home.__class__ is str and home != directory and not app.multi_tenant:
            yield Said.found, f"{named(app)} is registered in tenant {home} for that tenant only, and sign-in went to {directory}"
        else:
            text = f"{named(app)} is registered: sign-in went to another tenant than its own, or it has no service principal there"
            yield Said.open, f"{text}{_signs_in_at(app)}"


def _signs_in_at(app: App) -> str:
    """The tenants that the connectors of a client name, to be compared."""
    connectors = [] if is_unknown(app.connectors) else known(app.connectors)
    told = [one for one in connectors if one.tenant_id.__class__ is str and one.tenant_id]
    at = names(told, lambda one: f'{one.kind} "{clean(show(one))}" signs in at tenant {clean(one.tenant_id)}')
    return f"; {at}: compare it with the tenant ID of the client" if told else ""


# -- redirect URIs, audiences


def _redirect(message: Message, worlds: list[World]) -> Answers:
    uri, app_id = message.facts.get("redirect"), (message.facts.get("application") or "").lower()
    if not uri or not app_id:
        return
    uri = uri.rstrip(".,;")
    apps = apps_of(worlds, app_id)
    if not apps:
        yield not_read(app_id)
    for app in apps:
        uris = app.redirect_uris
        same = [one for one in known(uris) if one.value == uri]
        shown = clean(bare_uri(uri))
        if same:
            yield Said.excluded, f"{shown} is registered on {named(app)} ({', '.join(sorted({one.platform for one in same}))})"
        elif isinstance(uris, Partial):
            yield Said.open, f"{shown} is not among the known redirect URIs of {named(app)}, but some are not known"
        else:
            close = closest(uri, [one.value for one in uris])
            near = f"; close to it is {clean(bare_uri(close))}" if close else ""
            only = ", which differs in upper and lower case only" if close and close.lower() == uri.lower() else ""
            yield Said.found, f"{shown} is not registered on {named(app)}{near}{only}"


def _assertion_audience(message: Message, worlds: list[World]) -> Answers:
    audience = message.facts.get("audience_of")
    if not audience:
        return
    for app in named_apps(message, worlds):
        names = [app.app_id, *(uri.value for uri in app.identifier_uris)]
        close = closest(audience, names)
        shown = clean(audience)
        if audience in names:
            yield Said.excluded, f"{shown} is a name of {named(app)}"
        elif close and close.lower() == audience.lower():
            yield (
                Said.found,
                (
                    f"{named(app)} has the Application ID URI {clean(close)}, which differs from the token's audience {shown} in upper "
                    "and lower case only: register it in lower case"
                ),
            )
        else:
            yield Said.found, f"{shown} is not a name of {named(app)}"


_Look = Callable[[Message, list[World]], Answers]
_BY_CODE: dict[int, _Look] = {
    **dict.fromkeys((70021, 700211, 700212, 700213, 7002138), federated),
    700027: _certificate,
    7000222: _expired,
    650057: _not_requested,
    65001: _no_consent,
    50020: _other_account,
    50194: _single_tenant,
    700016: _unknown_client,
    50011: _redirect,
    500131: _assertion_audience,
    650053: _scope,
    **dict.fromkeys((500011, 50001), _unknown_api),
}
CODES = frozenset(_BY_CODE)  # of which a message may name facts that decide
