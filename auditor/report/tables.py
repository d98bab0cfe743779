"""What was read, as rows: of each object, of its credentials, of its API permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import msgspec

from auditor.accepted import Waiver
from auditor.display import clean, clean_or_none, harmless, iso, show
from auditor.engine.finding import Finding
from auditor.engine.rows import identity_of, owner_names
from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, FEDERATED, GRANTS, OWNERS, PRINCIPAL_OWNERS, SERVICE_PRINCIPALS
from auditor.facts import (
    App,
    Certificate,
    Connector,
    FederatedCredential,
    GrantedPermission,
    Owner,
    RequestedPermission,
    Resource,
    Role,
    Secret,
    ServicePrincipal,
)
from auditor.joins.world import World
from auditor.report import model, objects, rows
from auditor.results import Loaded
from auditor.sources.coverage import TenantInfo
from auditor.unknown import Partial, Unknown, is_unknown, known

EXPIRING_WITHIN = 30  # days
INVENTORY = frozenset(  # collections that inventories say what they hold of
    of.name for of in (APPLICATIONS, FEDERATED, OWNERS, SERVICE_PRINCIPALS, PRINCIPAL_OWNERS, GRANTS, ASSIGNMENTS)
)


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


def _known(values: Any) -> list[Any]:
    return [] if is_unknown(values) else known(values)


# -- objects


def _entity(row: objects.Entity, root: Any) -> None:
    of, document = identity_of(root), root.document
    row.app_id, row.object_id, row.display_name = of.app_id, of.object_id, of.name
    row.owners, row.tags, row.service_management_reference = of.owners, of.tags, of.reference
    row.line, row.pointer = document.line or None, clean(document.pointer, 1000)


def application(app: App, world: World, *, inventory: bool = False) -> objects.Application:
    row = objects.Application(inventory=_inventory(app, world) if inventory else None)
    _entity(row, app)
    return row


def service_principal(principal: ServicePrincipal, *, inventory: bool = False) -> objects.ServicePrincipal:
    row = objects.ServicePrincipal(inventory=_principal_inventory(principal) if inventory else None)
    _entity(row, principal)
    return row


def connector(connector: Connector) -> objects.Connector:
    row = objects.Connector(
        kind=clean(connector.kind),
        identity_provider=clean_or_none(connector.identity_provider),
        signs_in_through_entra_id=_or_none(connector.entra),
        client_id=clean_or_none(connector.client_id),
        tenant_id=clean_or_none(connector.tenant_id),
        resource_uri=clean_or_none(connector.resource_uri),
        scopes=None if is_unknown(connector.scopes) else [show(scope.text) for scope in known(connector.scopes)],
        redirect_mode=clean_or_none(connector.redirect_mode),
        redirect_uri=clean_or_none(connector.callback),
        on_behalf_of=_or_none(connector.on_behalf_of),
    )
    _entity(row, connector)
    return row


def tenant(world: World) -> objects.Tenant:
    info, is_known = world.info, isinstance(world.tenant.id, str)
    row = objects.Tenant(
        tenant_id=clean(world.tenant.id) if is_known else None,
        folder=None if info is not None else harmless(world.scope, 1000) or None,
        portal=None if info is None else clean_or_none(info.portal),
        graph=None if info is None else clean_or_none(info.graph),
        complete_collections=sorted(world.complete),
        collections=_collections(info),
        applications_read=len(world.apps),
        service_principals_read=len(world.principals),
    )
    if world.tenant.document is not None:
        _entity(row, world.tenant)
    return row


def _collections(info: TenantInfo | None) -> list[objects.Collection]:
    """What a live tenant or a snapshot says of its collections."""
    return [
        objects.Collection(
            clean(covered.collection),
            cast(Any, covered.status),
            covered.count,
            clean_or_none(covered.reason),
            clean_or_none(covered.permission),
        )
        for covered in (info.covered if info is not None else ())
    ]


def _inventory(app: App, world: World) -> objects.Inventory:
    rows, incomplete = _rows(
        owners=(app.owners if owner_names(app) is not None else None, _owner),
        permissions=(app.requested_permissions, _permission),
        redirect_uris=(app.redirect_uris, lambda uri: objects.RedirectUri(show(uri), show(uri.platform))),
        identifier_uris=(app.identifier_uris, show),
        federated=(app.federated_credentials, _federated),
    )
    principal = app.service_principal if "servicePrincipals" in world.given else None
    return objects.Inventory(
        clean_or_none(app.audience),
        None if isinstance(app.created, Unknown) else iso(app.created),
        clean_or_none(principal.id) if isinstance(principal, ServicePrincipal) else None,
        _size(app.secrets),
        _size(app.certificates),
        _size(app.federated_credentials),
        _size(app.requested_permissions),
        incomplete=incomplete,
        deactivated=_or_none(app.deactivated),
        **rows,
    )


def _principal_inventory(principal: ServicePrincipal) -> objects.PrincipalInventory:
    rows, incomplete = _rows(
        owners=(principal.owners if owner_names(principal) is not None else None, _owner),
        grants=(principal.granted_permissions, grant_row),
        roles=(principal.roles, role_row),
    )
    return objects.PrincipalInventory(
        _or_none(principal.enabled),
        clean_or_none(principal.home_tenant_id),
        _size(principal.secrets),
        _size(principal.certificates),
        incomplete=incomplete,
        kind=clean_or_none(principal.type),
        **rows,
    )


def _rows(**lists: tuple[Any, Callable[[Any], Any]]) -> tuple[dict[str, Any], list[str]]:
    """Of lists and what makes a row of an entry: the rows of those that are known, and which of these may have more entries."""
    there = {name: (values, make) for name, (values, make) in lists.items() if values is not None and not is_unknown(values)}
    rows = {name: [make(one) for one in known(values)] for name, (values, make) in there.items()}
    return rows, [name for name, (values, _) in there.items() if values.__class__ is Partial]


def _owner(owner: Owner) -> objects.Owner:
    return objects.Owner(show(owner), clean_or_none(owner.id), clean_or_none(owner.kind))


def _federated(credential: FederatedCredential) -> objects.FederatedCredential:
    subject = clean_or_none(credential.subject) or clean_or_none(credential.claims_expression)
    return objects.FederatedCredential(show(credential), clean_or_none(credential.issuer), subject)


def grant_row(grant: GrantedPermission) -> objects.Grant:
    name: Any = grant.resource.display_name if isinstance(grant.resource, Resource) else None
    by_users = isinstance(grant.consent, str) and grant.consent == "user"
    return objects.Grant(
        clean_or_none(grant.resource_app_id), clean_or_none(name), clean_or_none(grant.id), clean_or_none(grant.value),
        clean_or_none(grant.kind), _or_none(grant.privilege), clean_or_none(grant.consent), _size(grant.users) if by_users else None,
    )  # fmt: skip


def role_row(role: Role) -> objects.DirectoryRole:
    return objects.DirectoryRole(
        clean_or_none(role.name), clean_or_none(role.definition_id), _or_none(role.privilege), clean_or_none(role.scope)
    )


def _permission(wish: RequestedPermission) -> objects.Permission:
    definition: Any = wish.definition
    there = not isinstance(definition, Unknown) and definition is not None
    name: Any = wish.resource.display_name if isinstance(wish.resource, Resource) else None
    return objects.Permission(
        clean_or_none(wish.resource_app_id), clean_or_none(name), clean_or_none(wish.id),
        clean_or_none(definition.value) if there else None, clean_or_none(wish.kind),
        _or_none(definition.privilege) if there else None, _granted(wish)[0],
    )  # fmt: skip


# -- credentials


def credentials_of(one: App | ServicePrincipal, now: datetime) -> Iterator[objects.Credential]:
    signs_in = _signing_in(one)
    for kind, credential, _ in _credential_facts(one):
        row = _credential(kind, credential, now)
        row.signs_in = signs_in(credential)
        yield row


def _signing_in(one: App | ServicePrincipal) -> Callable[[Secret | Certificate], bool | None]:
    """Whether an application can sign in with one of its credentials; None where that is not known."""
    own: Any = one.own_credentials
    known_ids = frozenset(map(id, _known(own)))
    otherwise = False if type(own) is list else None
    return lambda credential: True if id(credential) in known_ids else otherwise


def _credential_facts(one: App | ServicePrincipal) -> Iterator[tuple[Literal["secret", "certificate"], Secret | Certificate, str]]:
    """Each with its kind, and the name of the list that it is in."""
    yield from (("secret", secret, "secrets") for secret in _known(one.secrets))
    yield from (("certificate", certificate, "certificates") for certificate in _known(one.certificates))


def _credential(kind: Literal["secret", "certificate"], credential: Secret | Certificate, now: datetime) -> objects.Credential:
    start: datetime | None = _or_none(credential.start)
    end: datetime | None = _or_none(credential.end)
    state: objects.State
    if isinstance(credential.end, Unknown):
        state = "unknown"
    elif end is not None and end <= now:
        state = "expired"
    elif start is not None and start > now:
        state = "not-yet-valid"
    else:
        state = "expiring" if end is not None and (end - now).days < EXPIRING_WITHIN else "valid"
    superseded = _or_none(credential.superseded)
    return objects.Credential(
        kind, state, None, None, clean_or_none(credential.key_id), clean_or_none(credential.display_name), iso(start), iso(end), superseded
    )


def credential_rows(
    loaded: Loaded, waived: Callable[[Any, Any, str], Waiver | None] | None = None, unused_for: int = rows.UNUSED_FOR
) -> Iterator[rows.LoneCredentialRow]:
    """The credentials of what was read, where no rule is checked. `waived`: what accepts a finding of a credential; `unused_for`: days
    after which one that nobody has used is unused.
    """
    for world in loaded.worlds:
        roots: list[Any] = [*world.apps, *world.principals]
        for root in roots:
            of, signs_in = identity_of(root), _signing_in(root)
            for kind, fact, list_ in _credential_facts(root):
                found = _credential(kind, fact, loaded.as_of)
                row = rows.credential(found, of.kind, of.app_id, of.object_id, of.name, of.owners, loaded.as_of)
                waiver = None if waived is None else waived(root, fact, list_)
                last, use = _use(root, fact, signs_in(fact), loaded.as_of, timedelta(unused_for))
                yield rows.LoneCredentialRow(**msgspec.structs.asdict(row), waiver=waiver, last_used=last, use=use)


def _use(
    root: App | ServicePrincipal, fact: Secret | Certificate, signs_in: bool | None, now: datetime, span: timedelta
) -> tuple[str | None, rows.Use]:
    """When a credential was last used, and what follows: unused only where somebody looked, and nothing else can need it."""
    last: Any = fact.last_used
    date: datetime | None = _or_none(last)
    managed: Any = fact.managed_by_microsoft
    # In other tenants nobody here sees who signs in; a credential of a service principal is of this one alone.
    elsewhere: Any = root.multi_tenant if isinstance(root, App) else False
    start: datetime | None = _or_none(fact.start)
    use: rows.Use = "unused"
    if date is not None and now - date <= span:
        use = "used"
    elif signs_in is False or (not is_unknown(managed) and managed):
        use = "other purpose"
    elif any(map(is_unknown, (last, managed, elsewhere))) or elsewhere or start is None or signs_in is None:
        use = "not known"
    elif now - start <= span:
        use = "new"
    return iso(date), use


# -- findings


def finding_row(row: Finding) -> rows.FindingRow:
    """A finding of which there is no report."""
    values: dict[str, Any] = {name: getattr(row, name) for name in rows.FindingRow.__struct_fields__}
    values["related"] = [model.Related(one.label, one.file, one.line, one.pointer) for one in row.related or ()] or None
    return rows.LoneFindingRow(**values)


# -- API permissions


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
                row = _permission(wish)
                yield ApiPermission(
                    of.app_id, of.object_id, of.name, row.resource_app_id, row.resource_name, row.permission_id, row.permission, row.kind,
                    row.tier, _or_none(definition.enabled) if there else None, _or_none(definition.admin_consent) if there else None,
                    *_granted(wish), document.file.shown, line, clean(pointer, 1000),
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


def _or_none(value: Any) -> Any:
    return None if is_unknown(value) else value


def _size(values: Any) -> int | None:
    return len(values) if values.__class__ is list else None
