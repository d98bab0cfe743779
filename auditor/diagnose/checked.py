"""What was checked of a connector, by name and value: what a rule that passed says of it.

Each statement is a function of the connector. It says what is known: where it meets an unknown, it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from auditor.display import cell, clean, counted, hidden, placed, show
from auditor.facts import App, Connector, ServicePrincipal
from auditor.facts.uris import as_compared
from auditor.unknown import Unread, is_unknown, known

_ACCOUNTS = {
    "AzureADMyOrg": "accounts of one tenant", "AzureADMultipleOrgs": "accounts of any tenant",
    "AzureADandPersonalMicrosoftAccount": "accounts of any tenant and personal accounts", "PersonalMicrosoftAccount": "personal accounts",
}  # fmt: skip


def statements(rule: str, connector: Connector) -> list[str]:
    """What it means for a connector that a rule passed; nothing where that goes without saying."""
    say = _SAID.get(rule)
    try:
        return list(say(connector)) if say is not None else []
    except Unread:
        return []


def name(fact: Any) -> str:
    """The name of an object, quoted."""
    return f'"{cell(show(fact))}"'


def _place(connector: Connector, app: App) -> str:
    document = app.document
    if document.file.shown is None:
        return ""
    other = ", another folder" if document.file.scope != connector.world.scope else ""
    return f" ({placed(cell(document.file.shown), document.line)}{other})"


def _client_id(connector: Connector) -> Iterator[str]:
    if connector.client_id_form == "app id":
        yield f"client ID {connector.client_id}"


def _tenant(connector: Connector) -> Iterator[str]:
    if connector.tenant_form in ("tenant id", "domain") and is_unknown(connector.world.tenant.id):
        form = "ID" if connector.tenant_form == "tenant id" else "domain"
        yield f"tenant {clean(connector.tenant_id)} has the form of a tenant {form}"
    elif connector.tenant_id:
        yield f"tenant {clean(connector.tenant_id)}"


def _own_tenant(connector: Connector) -> Iterator[str]:
    if connector.client is not None and connector.in_tenant:
        yield f"tenant {clean(connector.tenant_id)} is the tenant of {name(connector.client)}"


def _login(connector: Connector) -> Iterator[str]:
    if not connector.generic and connector.login_uri:
        yield f"sign-in address {hidden(connector.login_uri)}"


def _endpoints(connector: Connector) -> Iterator[str]:
    yield f"authorization URL {hidden(connector.authorization_url)}"
    yield f"token URL {hidden(connector.token_url)}"


def _client(connector: Connector) -> Iterator[str]:
    client = connector.client
    if client is not None:
        yield f"client ID {connector.client_id} is registered: {name(client)}{_place(connector, client)}"
    elif connector.client_principal is not None:
        yield f"client ID {connector.client_id} has a service principal: {name(connector.client_principal)}"


def _audience(connector: Connector) -> Iterator[str]:
    client = connector.client
    if client is not None:
        accounts = _ACCOUNTS.get(client.audience, client.audience)
        yield f"sign-in goes to {clean(connector.tenant_id)}, and {name(client)} is registered for {accounts}"


def _redirect(connector: Connector) -> Iterator[str]:
    client, callback = connector.client, connector.callback
    uris = [] if client is None else known(client.redirect_uris)
    on = sorted({uri.platform for uri in uris if uri.compared == as_compared(callback)})
    yield f"redirect URI {hidden(callback)} is registered on {', '.join(on)}"


def _credentials(connector: Connector) -> Iterator[str]:
    client = connector.client
    if client is None:
        return
    now = connector.world.now
    lists: list[tuple[str, Any]] = [("secret", client.secrets)]
    if connector.identity_provider == "aadcertificate":
        lists.append(("certificate", client.certificates))
    for noun, credentials in lists:
        for one in [] if is_unknown(credentials) else known(credentials):
            start, end = one.start, one.end
            if is_unknown(start) or is_unknown(end) or (start is not None and start > now) or (end is not None and end <= now):
                continue
            yield f"{noun} {name(one)} is valid" + (f" until {end:%Y-%m-%d}" if end is not None else "")


def _principal(what: Callable[[Connector], ServicePrincipal | None]) -> Callable[[Connector], Iterator[str]]:
    def say(connector: Connector) -> Iterator[str]:
        principal = what(connector)
        if principal is not None:
            yield f"service principal {name(principal)} exists" + (" and is enabled" if principal.enabled else "")

    return say


def _requested(connector: Connector) -> Iterator[str]:
    if connector.client is not None and connector.resource is not None:
        yield f"{name(connector.client)} requests permissions of {name(connector.resource)}"


def _delegated(connector: Connector) -> Iterator[str]:
    names = [name(permission) for permission in known(connector.permissions)]
    yield f"{counted(len(names), 'delegated permission')}: {', '.join(names)}"


def _scopes(connector: Connector) -> Iterator[str]:
    for scope in known(connector.named_scopes):
        if scope.definition is not None and scope.definition.enabled and scope.resource is not None:
            yield f"scope {name(scope)} exists on {name(scope.resource)} and is enabled"


def _requested_scopes(connector: Connector) -> Iterator[str]:
    for permission in known(connector.permissions):
        if permission.definition is not None and permission.definition.enabled:
            yield f"scope {name(permission)} exists on {name(connector.resource)} and is enabled"


def _resource(connector: Connector) -> Iterator[str]:
    resource = connector.resource
    if resource is None:
        return
    what = "resource URL" if not connector.generic and connector.kind == "custom connector" else "the API's name"
    how = "is the application ID of" if connector.resource_form == "app id" else "is a name of"
    app: Any = resource.app
    place = _place(connector, app) if isinstance(app, App) else ""
    yield f"{what} {hidden(connector.resource_uri)} {how} {name(resource)}{place}"


def _version(connector: Connector) -> Iterator[str]:
    if connector.resource is not None and connector.resource.app is not None:
        yield f"{name(connector.resource)} issues v{connector.resource.app.access_token_version}.0 access tokens"


def _audiences(connector: Connector) -> Iterator[str]:
    if connector.client is not None and connector.resource is not None and connector.resource.app is not None:
        accounts = _ACCOUNTS.get(connector.resource.app.audience, connector.resource.app.audience)
        yield f"{name(connector.resource)} accepts the accounts that {name(connector.client)} signs in: {accounts}"


def _consent(connector: Connector) -> Iterator[str]:
    for permission in known(connector.permissions):
        yield f"{name(permission)} is consented to or preauthorized"


def _on_behalf_of(connector: Connector) -> Iterator[str]:
    if connector.preauthorizes_api_connections is True:
        yield f"{name(connector.resource)} preauthorizes Azure API Connections"
    else:
        yield f"{name(connector.client)} preauthorizes Azure API Connections"


def _api_principal(connector: Connector) -> ServicePrincipal | None:
    return None if connector.resource is None else connector.resource.service_principal


_SAID: dict[str, Callable[[Connector], Iterator[str]]] = {
    "connector-client-id-invalid": _client_id,
    "connector-tenant-invalid": _tenant,
    "connector-login-host": _login,
    "connector-oauth-endpoints": _endpoints,
    "connector-client-missing": _client,
    "connector-tenant-common": _audience,
    "connector-tenant-other": _own_tenant,
    "connector-redirect-unregistered": _redirect,
    "connector-no-credential": _credentials,
    "sp-missing": _principal(lambda connector: connector.client_principal),
    "perm-resource-missing": _principal(_api_principal),
    "connector-resource-not-requested": _requested,
    "connector-permission-not-delegated": _delegated,
    "connector-scope-missing": _scopes,
    "perm-disabled": _requested_scopes,
    "connector-resource-unknown": _resource,
    "connector-resource-trailing-slash": _resource,
    "connector-resource-no-scheme": _resource,
    "connector-token-version": _version,
    "connector-audience": _audiences,
    "perm-requested-not-granted": _consent,
    "connector-obo-not-preauthorized": _on_behalf_of,
}
