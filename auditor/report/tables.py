"""What was read: a row for each registration, and one for each of its credentials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from auditor.display import clean, clean_or_none, iso, show
from auditor.engine.finding import Status
from auditor.engine.rows import identity_of
from auditor.facts import App, RequestedPermission, Resource, ServicePrincipal
from auditor.pipeline import Loaded, Report
from auditor.severity import Severity
from auditor.unknown import Unknown, is_unknown, known

EXPIRING_WITHIN = 30  # days


class Credential(msgspec.Struct):
    app_id: str | None
    object_id: str | None
    app_display_name: str | None
    key_id: str | None
    kind: str
    on: str
    display_name: str | None
    start: str | None
    end: str | None
    days_left: int | None
    state: str
    is_superseded: bool | None
    owners: list[str] | None


class Application(msgspec.Struct):
    app_id: str | None
    object_id: str | None
    display_name: str | None
    file: str | None
    line: int | None
    pointer: str
    sign_in_audience: str | None
    created: str | None
    owners: list[str] | None
    tags: list[str] | None
    service_management_reference: str | None
    service_principal_id: str | None
    secrets: int | None
    certificates: int | None
    federated_credentials: int | None
    requested_permissions: int | None
    earliest_expiry: str | None
    findings: int
    worst_severity: str | None


class ApiPermission(msgspec.Struct):
    """An entry of requiredResourceAccess, resolved. null: not known."""

    app_id: str | None
    object_id: str | None
    app_display_name: str | None
    resource_app_id: str | None
    resource_name: str | None
    permission_id: str | None
    permission: str | None
    kind: str | None
    tier: str | None
    enabled: bool | None
    admin_consent: bool | None
    granted: str | None  # admin, user, preauthorized, no
    users: int | None  # that consented for themselves
    file: str | None
    line: int | None
    pointer: str


class Connector(msgspec.Struct):
    connector_id: str | None
    display_name: str | None
    kind: str
    file: str
    line: int
    pointer: str
    identity_provider: str | None
    signs_in_through_entra_id: bool | None
    client_id: str | None
    tenant_id: str | None
    resource_uri: str | None
    scopes: list[str] | None
    redirect_mode: str | None
    redirect_uri: str | None
    on_behalf_of: bool | None


def _known(values: Any) -> list[Any]:
    return [] if is_unknown(values) else known(values)


def credentials(loaded: Loaded) -> Iterator[Credential]:
    for world in loaded.worlds:
        owners: list[Any] = [*world.apps, *world.principals]
        for one in owners:
            on = "application" if isinstance(one, App) else "servicePrincipal"
            for kind, found in (("secret", _known(one.secrets)), ("certificate", _known(one.certificates))):
                for credential in found:
                    yield _credential(loaded, one, on, kind, credential)


def earliest_expiry(loaded: Loaded) -> datetime | None:
    """When the next credential ends that is valid now."""

    def valid(credential: Any) -> bool:
        end, start = credential.end, credential.start
        return isinstance(end, datetime) and end > loaded.as_of and not (isinstance(start, datetime) and start > loaded.as_of)

    roots: Iterator[Any] = (root for world in loaded.worlds for root in (*world.apps, *world.principals))
    found = (credential for root in roots for credential in (*_known(root.secrets), *_known(root.certificates)))
    return min((credential.end for credential in found if valid(credential)), default=None)


def _credential(loaded: Loaded, one: App | ServicePrincipal, on: str, kind: str, credential: Any) -> Credential:
    now = loaded.as_of
    start = None if isinstance(credential.start, Unknown) else credential.start
    end = None if isinstance(credential.end, Unknown) else credential.end
    left = None if end is None else (end - now).days
    if isinstance(credential.end, Unknown):
        state = "unknown"
    elif end is not None and end <= now:
        state = "expired"
    elif start is not None and start > now:
        state = "not-yet-valid"
    else:
        state = "expiring" if left is not None and left < EXPIRING_WITHIN else "valid"
    superseded = credential.superseded
    of = identity_of(one)
    return Credential(
        of.app_id, of.object_id, of.name, clean_or_none(credential.key_id), kind, on, clean_or_none(credential.display_name),
        iso(start), iso(end), left, state, None if isinstance(superseded, Unknown) else superseded, of.owners,
    )  # fmt: skip


def applications(report: Report) -> Iterator[Application]:
    worst: dict[tuple[str | None, str | None], tuple[int, str]] = {}
    for finding in report.findings:
        if finding.status is Status.fail and finding.resource_kind == "application":
            key = (finding.app_id, finding.object_id)
            count, severity = worst.get(key, (0, Severity.info))
            worst[key] = (count + 1, max(severity, finding.severity))
    for world in report.worlds:
        for app in world.apps:
            of = identity_of(app)
            count, most = worst.get((of.app_id, of.object_id), (0, None))
            ends = [c.end for c in (*_known(app.secrets), *_known(app.certificates)) if isinstance(c.end, datetime)]
            principal = app.service_principal if "servicePrincipals" in world.given else None
            document = app.document
            yield Application(
                of.app_id, of.object_id, of.name, document.file.shown, document.line or None, clean(document.pointer, 1000),
                clean_or_none(app.audience), None if isinstance(app.created, Unknown) else iso(app.created), of.owners,
                of.tags, of.reference, clean_or_none(principal.id) if isinstance(principal, ServicePrincipal) else None,
                _size(app.secrets), _size(app.certificates), _size(app.federated_credentials), _size(app.requested_permissions),
                iso(min((end for end in ends if end > report.as_of), default=None)), count, most,
            )  # fmt: skip


def api_permissions(loaded: Loaded) -> Iterator[ApiPermission]:
    """What every registration requests: of which API, how far it reaches, and whether it was granted."""
    for world in loaded.worlds:
        for app in world.apps:
            of = identity_of(app)
            for wish in _known(app.requested_permissions):
                definition: Any = wish.definition
                there = not isinstance(definition, Unknown) and definition is not None
                document, inside = wish.origin()
                pointer, line, _ = document.place(inside)
                granted, users = _granted(wish)
                name: Any = wish.resource.display_name if isinstance(wish.resource, Resource) else None
                yield ApiPermission(
                    of.app_id, of.object_id, of.name, clean_or_none(wish.resource_app_id), clean_or_none(name), clean_or_none(wish.id),
                    clean_or_none(definition.value) if there else None, clean_or_none(wish.kind),
                    _or_none(definition.privilege) if there else None, _or_none(definition.enabled) if there else None,
                    _or_none(definition.admin_consent) if there else None, granted, users,
                    document.file.shown, line, clean(pointer, 1000),
                )  # fmt: skip


def _granted(wish: RequestedPermission) -> tuple[str | None, int | None]:
    """How a permission was granted, "no", or None where that is not known; and how many users consented for themselves."""
    grants: Any = wish.grants
    found = [] if isinstance(grants, Unknown) else known(grants)
    if any(isinstance(grant.consent, str) and grant.consent == "admin" for grant in found):
        return "admin", None
    if found:
        users = [grant.users for grant in found]
        return "user", sum(len(each) for each in users) if all(type(each) is list for each in users) else None
    preauthorized: Any = wish.preauthorized
    if isinstance(preauthorized, bool) and preauthorized:
        return "preauthorized", None
    return (None if isinstance(grants, Unknown) or type(grants) is not list or isinstance(preauthorized, Unknown) else "no"), None


def connectors(loaded: Loaded) -> Iterator[Connector]:
    for world in loaded.worlds:
        for connector in world.connectors:
            of, document = identity_of(connector), connector.document
            yield Connector(
                of.object_id, of.name, clean(connector.kind), document.file.shown, document.line, clean(document.pointer, 1000),
                clean_or_none(connector.identity_provider), _or_none(connector.entra), clean_or_none(connector.client_id),
                clean_or_none(connector.tenant_id), clean_or_none(connector.resource_uri),
                None if is_unknown(connector.scopes) else [show(scope.text) for scope in known(connector.scopes)],
                clean_or_none(connector.redirect_mode), clean_or_none(connector.callback), _or_none(connector.on_behalf_of),
            )  # fmt: skip


def _or_none(value: Any) -> Any:
    return None if is_unknown(value) else value


def _size(values: Any) -> int | None:
    return len(values) if values.__class__ is list else None
