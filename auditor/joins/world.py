"""Documents -> facts: the joins.

Joins reach over one scope: a tenant, else one input folder. A look-up that finds nothing is null where the collection is
complete, unknown where it is not; a list out of an incomplete collection is partly known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from auditor.entra.catalog import CATALOG, MICROSOFT_GRAPH, fold
from auditor.facts import (
    App,
    Client,
    Connector,
    DelegatedGrant,
    FederatedCredential,
    GrantedPermission,
    Owner,
    Permission,
    ServicePrincipal,
    Tenant,
)  # fmt: skip
from auditor.facts.app import EXPANDED_AT_MOST
from auditor.joins.apis import Apis
from auditor.joins.connectors import CLIENT, RESOURCE, Connections
from auditor.joins.sign_ins import SignIns
from auditor.sources import Document, Documents, Listing, Note
from auditor.sources.coverage import COMPLETE, PARTIAL, SELECTED, TenantInfo
from auditor.unknown import Partial, Unavailable, Unknown, Unread, first_unknown, keep, known, whole_or_partial

APPLICATIONS, PRINCIPALS, GRANTS, ASSIGNMENTS = "applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments"
OWNERS, FEDERATED, ORGANIZATION = "owners", "federatedIdentityCredentials", "organization"
# Two collections are known from two sides: who may be complete while the other is not.
ASSIGNED_TO, PRINCIPAL_OWNERS = "appRoleAssignedTo", "servicePrincipalOwners"
_OTHER_SIDE = {ASSIGNMENTS: ASSIGNED_TO, OWNERS: PRINCIPAL_OWNERS}
_SAME = {other: one for one, other in _OTHER_SIDE.items()}
AUTHORIZATION, ADMIN_CONSENT, APP_MANAGEMENT = "authorizationPolicy", "adminConsentRequestPolicy", "defaultAppManagementPolicy"
SIGN_INS = "servicePrincipalSignInActivities"
_KINDS = {
    "application": APPLICATIONS, "servicePrincipal": PRINCIPALS, "oauth2PermissionGrant": GRANTS, "appRoleAssignment": ASSIGNMENTS,
    "owner": OWNERS, "federatedIdentityCredential": FEDERATED, "organization": ORGANIZATION,
    "authorizationPolicy": AUTHORIZATION, "adminConsentRequestPolicy": ADMIN_CONSENT, "defaultAppManagementPolicy": APP_MANAGEMENT,
    "servicePrincipalSignInActivity": SIGN_INS,
}  # fmt: skip
_ONE_EACH = (ORGANIZATION, AUTHORIZATION, ADMIN_CONSENT, APP_MANAGEMENT)  # kinds of which a tenant has one object
COLLECTIONS = tuple(_KINDS.values())
_BESIDE = ("connector", "connectorPart")  # what stands beside a tenant: no collection of it
# Facts that are unknown of every object when none of these collections is given.
_UNKNOWN_WITHOUT: dict[str, set[str]] = {
    "App.service_principal": {PRINCIPALS},
    "App.granted_permissions": {PRINCIPALS},
    "App.privileged": {PRINCIPALS},
    "App.owners": {OWNERS},
    "App.federated_credentials": {FEDERATED},
    "RequestedPermission.grants": {PRINCIPALS},
    "RequestedResource.service_principal": {PRINCIPALS},
    "Resource.service_principal": {PRINCIPALS},
    "Client.service_principal": {PRINCIPALS},
    "IdentifierUri.on_service_principal": {PRINCIPALS},
    "ServicePrincipal.last_sign_in": {SIGN_INS},
    "ServicePrincipal.last_client_sign_in": {SIGN_INS},
    "ServicePrincipal.last_app_only_sign_in": {SIGN_INS},
    "ServicePrincipal.granted_permissions": {GRANTS, ASSIGNMENTS},
    "ServicePrincipal.assignments": {ASSIGNMENTS},
    "ServicePrincipal.delegated_grants": {GRANTS},
    "AppRole.assignments": {PRINCIPALS},
    "Tenant.verified_domains": {ORGANIZATION},
    **{f"Tenant.{name}": set(member.needs) for name, member in Tenant.FACTS.items() if member.needs},
    "RedirectUri.verified_domain": {ORGANIZATION},
    "IdentifierUri.verified_domain": {ORGANIZATION},
}
# Lists of other registrations, which are never wholly known without all of the tenant's.
_PARTIAL_WITHOUT_ALL_APPLICATIONS = (
    "RedirectUri.also_on", "IdentifierUri.also_on", "Certificate.also_on", "FederatedCredential.also_on", "App.namesakes", "App.clients",
)  # fmt: skip
# What would make a collection known.
REMEDIES = {
    APPLICATIONS: "add `az ad app list --all` and `az ad sp list --all` of the tenant",
    PRINCIPALS: "add `az ad sp list --all` of the tenant",
    GRANTS: "add GET /oauth2PermissionGrants of Microsoft Graph, to its last page",
    ASSIGNMENTS: "add GET /servicePrincipals/{id}/appRoleAssignments of Microsoft Graph",
    ASSIGNED_TO: "add GET /servicePrincipals/{id}/appRoleAssignedTo of Microsoft Graph",
    OWNERS: "read applications with $expand=owners",
    PRINCIPAL_OWNERS: "read servicePrincipals with $expand=owners",
    FEDERATED: "add GET /applications/{id}/federatedIdentityCredentials of Microsoft Graph",
    ORGANIZATION: "add what `az rest --method get --url https://graph.microsoft.com/v1.0/organization` prints",
    CLIENT: "add its manifest, or `az ad app list --all` and `az ad sp list --all` of the tenant",
    RESOURCE: "add its manifest, or `az ad app list --all` and `az ad sp list --all` of the tenant",
    "connector definition": "put apiDefinition.swagger.json and settings.json beside the connector's apiProperties.json",
    AUTHORIZATION: "add GET /policies/authorizationPolicy of Microsoft Graph",
    ADMIN_CONSENT: "add GET /policies/adminConsentRequestPolicy of Microsoft Graph",
    APP_MANAGEMENT: "add GET /policies/defaultAppManagementPolicy of Microsoft Graph",
    SIGN_INS: "add GET /reports/servicePrincipalSignInActivities of Microsoft Graph (beta), to its last page",
}
_DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
_PAGE_CAP = 100  # az stops here without --all


def _whole(listing: Listing) -> bool:
    """Whether a list was read to its end."""
    return listing.ended and listing.total in (None, listing.count)


class Others:
    """A group without one of its members: a view, since a thousand registrations may share one redirect URI."""

    __slots__ = ("_group", "_me")

    def __init__(self, group: list[App], me: App) -> None:
        self._group, self._me = group, me

    def __len__(self) -> int:
        return len(self._group) - 1

    def __iter__(self) -> Iterator[App]:
        return (app for app in self._group if app is not self._me)


class World:
    """Everything of one scope, joined. `complete` names the collections that are the whole tenant's."""

    catalog = CATALOG

    def __init__(self, scope: str, now: datetime) -> None:
        self.scope, self.now = scope, now
        self.apps: list[App] = []
        self.principals: list[ServicePrincipal] = []
        self.connectors: list[Connector] = []
        self.connector_parts: list[tuple[Any, Document]] = []
        self.complete: set[str] = set()
        self.given: set[str] = set()
        self.info: TenantInfo | None = None  # what a live tenant or a snapshot says of its collections
        self._listings: list[Listing] = []
        self._others: dict[str, list[tuple[Any, Document]]] = {kind: [] for kind in _KINDS}
        self._indexes: dict[str, Any] = {}
        self.apis = Apis(self)

    def add(self, document: Document) -> None:
        """Facts are made at once, and the document's data is let go."""
        data, document.data = document.data, None
        if document.kind == "connector":
            self.connectors.append(Connector(data, self, document))
            return
        if document.kind == "connectorPart":
            self.connector_parts.append((data, document))
            return
        self.given.add(_KINDS[document.kind])
        if document.kind == "application":
            self.apps.append(App(data, self, document))
        elif document.kind == "servicePrincipal":
            self.principals.append(ServicePrincipal(data, self, document))
        else:
            self._others[document.kind].append((data, document))

    def join(self, listings: Iterable[Listing], *, whole: bool, info: TenantInfo | None = None) -> None:
        """Everything has been added. What follows does not depend on the order in which it was."""
        self._listings, self.info = list(listings), info
        self.given |= {_KINDS[listing.kind] for listing in self._listings}
        if info is not None:
            self.given |= {covered.collection for covered in info.covered if covered.status in (COMPLETE, SELECTED, PARTIAL)}
        _order(self.apps)
        _order(self.principals)
        self.connectors.sort(key=lambda one: (one.document.file.name, one.document.start))
        self.connector_parts.sort(key=_place)
        for given in self._others.values():
            given.sort(key=_place)
        self._grants, self._assignments = self._others["oauth2PermissionGrant"], self._others["appRoleAssignment"]
        self._owners, self._federated = self._others["owner"], self._others["federatedIdentityCredential"]
        rows = [row for row, _ in self._others["servicePrincipalSignInActivity"]]
        taken = info.taken_at if info is not None else None
        self._sign_ins = SignIns(rows, SIGN_INS, self.now, vouched=whole, taken=taken)
        self.complete = self._complete(whole)
        objects = {kind: self._others[kind][0] for kind in _ONE_EACH if self._others[kind]}
        self.tenant = Tenant(objects, self, self._tenant_id(objects))

    # -- what is known of the tenant as a whole

    def _complete(self, whole: bool) -> set[str]:
        if self.info is not None:
            return {covered.collection for covered in self.info.covered if covered.status == COMPLETE}
        if whole:
            complete = set(self.given)
        else:
            ended = {kind for kind in COLLECTIONS if self._ended(kind)}
            graph_is_there = any(p.app_id.__class__ is str and p.app_id == MICROSOFT_GRAPH for p in self.principals)
            sign_ins = {SIGN_INS} if SIGN_INS in ended and self._sign_ins.may_be_whole else set()
            # Every tenant has Microsoft Graph's service principal: a list without it is a selection.
            complete = sign_ins | (ended - {SIGN_INS} if PRINCIPALS in ended and graph_is_there else set())
        return complete | {other for one, other in _OTHER_SIDE.items() if one in complete}

    def _ended(self, collection: str) -> bool:
        """One list, read to its end, or pages that add up to what the service says that there are."""
        lists = [listing for listing in self._listings if _KINDS[listing.kind] == collection and not listing.parent]
        if len(lists) == 1:
            return _whole(lists[0]) and lists[0].count != _PAGE_CAP
        totals = {listing.total for listing in lists if listing.total is not None}
        return len(totals) == 1 and sum(listing.count for listing in lists) == totals.pop() and any(listing.ended for listing in lists)

    def _tenant_id(self, objects: dict[str, tuple[Any, Document]]) -> Any:
        organization, _ = objects.get(ORGANIZATION, (None, None))
        if organization is not None and organization.id.__class__ is str:
            return organization.id.lower()
        registered = {app.app_id for app in self.apps if app.app_id.__class__ is str}
        homes = {
            p.home_tenant_id for p in self.principals
            if p.app_id.__class__ is str and p.app_id in registered and p.home_tenant_id.__class__ is str
        }  # fmt: skip
        return homes.pop() if len(homes) == 1 else self.missing(ORGANIZATION)

    def missing(self, collection: str) -> Unknown:
        """What stands for that which a collection does not hold."""
        key = "missing " + collection
        if key not in self._indexes:
            covered = self.info.of(collection) if self.info is not None else None
            why = covered.reason if covered is not None else ""
            why = why or ("not the whole tenant's" if collection in self.given else "not given")
            self._indexes[key] = Unknown(collection, why, collection=True)
        return self._indexes[key]  # type: ignore[no-any-return]

    def _ids(self, collection: str, which: str) -> frozenset[str]:
        """Ids that the source names for a collection: those `read`, those `unread`, those `absent`."""
        if self.info is None or (covered := self.info.of(collection)) is None:
            return frozenset()
        return self.index(f"{which} {collection}", lambda: frozenset(id_.lower() for id_ in getattr(covered, which)))  # type: ignore[no-any-return]

    def _has_all_of(self, one: Any, collection: str, relation: str = "") -> bool:
        """Whether a collection was read completely, as far as it belongs to one object."""
        if collection in self.complete:
            return one.id not in self._ids(collection, "unread")
        return one.id in self._ids(collection, "read") or self._lists_all_of(one.id, _SAME.get(collection, collection), relation)

    @cached_property
    def unavailable(self) -> Unavailable:
        """Facts that are unknown of every object here, and lists that can never be wholly known: so that rules need not try."""
        gone = {collection for collection in COLLECTIONS if collection not in self.given}
        for collection, expanded in ((OWNERS, "expanded_owners"), (FEDERATED, "expanded_federated")):
            if any(not isinstance(getattr(app, expanded), Unknown) for app in self.apps):
                gone.discard(collection)
        unknown = {fact: self.missing(min(needs)) for fact, needs in _UNKNOWN_WITHOUT.items() if needs <= gone}
        partial = {} if APPLICATIONS in self.complete else dict.fromkeys(_PARTIAL_WITHOUT_ALL_APPLICATIONS, self.missing(APPLICATIONS))
        return Unavailable(unknown, partial)

    @cached_property
    def connections(self) -> Connections:
        """The joins of connectors."""
        return Connections(self)

    # -- look-ups by id

    def index(self, key: str, build: Callable[[], Any]) -> Any:
        if key not in self._indexes:
            self._indexes[key] = build()
        return self._indexes[key]

    def _by(self, key: str, facts: list[Any], attribute: str) -> tuple[dict[str, Any], Unknown | None]:
        """Value of an attribute -> fact, and what the index leaves out: an object whose key nobody read could be any."""

        def build() -> tuple[dict[str, Any], Unknown | None]:
            found: dict[str, Any] = {}
            gap = None
            for one in facts:
                value = getattr(one, attribute)
                if isinstance(value, Unknown):
                    gap = value
                elif value:
                    found.setdefault(value, one)
            return found, gap

        return self.index(key, build)  # type: ignore[no-any-return]

    def _one(self, collection: str, index: tuple[dict[str, Any], Unknown | None], key: str) -> Any:
        found, gap = index
        hit = found.get(key)
        if hit is not None:
            return hit
        if key in self._ids(collection, "absent"):
            return None
        return gap if gap is not None else None if collection in self.complete else self.missing(collection)

    def app(self, app_id: Any) -> App | Unknown | None:
        if isinstance(app_id, Unknown):
            return app_id
        return self._one(APPLICATIONS, self._by("app", self.apps, "app_id"), app_id)  # type: ignore[no-any-return]

    def principal(self, app_id: Any) -> ServicePrincipal | Unknown | None:
        if isinstance(app_id, Unknown):
            return app_id
        return self._one(PRINCIPALS, self._by("principal", self.principals, "app_id"), app_id)  # type: ignore[no-any-return]

    def principal_by_id(self, object_id: Any) -> ServicePrincipal | Unknown | None:
        if not isinstance(object_id, str):
            return object_id  # type: ignore[no-any-return]
        return self._one(PRINCIPALS, self._by("principal by id", self.principals, "id"), object_id.lower())  # type: ignore[no-any-return]

    def is_foreign(self, app_id: Any) -> bool | Unknown:
        """Neither registered in this tenant nor Microsoft's own."""
        if isinstance(app_id, Unknown):
            return app_id
        if app_id in CATALOG.first_party or isinstance(app := self.app(app_id), App):
            return False
        principal = self.principal(app_id)
        if isinstance(principal, ServicePrincipal):
            return principal.foreign
        if principal is None and app is None:
            return True
        return principal if isinstance(principal, Unknown) else app if isinstance(app, Unknown) else True

    def display_name(self, app_id: Any) -> str:
        """Of a registration or service principal, else in the catalog, else ''."""
        if isinstance(app_id, Unknown):
            raise Unread(app_id)
        found = (self.app(app_id), self.principal(app_id))
        for one in found:
            if isinstance(one, (App, ServicePrincipal)) and isinstance(one.display_name, str):
                return one.display_name
        name = CATALOG.first_party.get(app_id)
        if name is None and (gap := first_unknown(*found)) is not None:
            raise Unread(gap)
        return name or ""

    # -- what belongs to an object

    def federated_credentials_of(self, app: App) -> Any:
        if not isinstance(app.expanded_federated, Unknown):
            expanded = app.expanded_federated or []
            # Twenty are the most that an application can have, and the most that $expand returns.
            return [FederatedCredential(doc, app, f"/federatedIdentityCredentials/{i}") for i, doc in enumerate(expanded)]
        return self._children(FEDERATED, self._federated, app, FederatedCredential)

    def owners_of(self, one: App | ServicePrincipal) -> Any:
        if not isinstance(one.expanded_owners, Unknown):
            expanded = one.expanded_owners or []
            found = [Owner(doc, one, f"/owners/{i}") for i, doc in enumerate(expanded)]
            cut = (
                Unknown(OWNERS, f"$expand returns {EXPANDED_AT_MOST} at most", collection=True) if len(found) >= EXPANDED_AT_MOST else None
            )
            return whole_or_partial(found, cut)
        return self._children(OWNERS if isinstance(one, App) else PRINCIPAL_OWNERS, self._owners, one, Owner)

    def _children(self, collection: str, given: list[tuple[Any, Document]], one: Any, make: Any) -> Any:
        """Documents of a collection that belong to one object, by the object id in the place that they came from."""
        if collection not in self.given and _SAME.get(collection) not in self.given:
            return self.missing(collection)

        def build() -> dict[str, list[tuple[Any, Document]]]:
            found: dict[str, list[tuple[Any, Document]]] = {}
            for doc, document in given:
                found.setdefault(document.parent, []).append((doc, document))
            return found

        groups = self.index("children " + collection, build)
        if isinstance(one.id, Unknown):
            return one.id
        nobodys = groups.get("")  # whose these are their place does not say: they could be anybody's
        facts = []
        for doc, document in groups.get(one.id, []):
            facts.append(make(doc, one, "", document))
        if nobodys:
            return Partial(facts, Unknown(collection, "the owner of some is not named", collection=True))
        if self._has_all_of(one, collection):
            return facts
        return Partial(facts, self.missing(collection)) if facts else self.missing(collection)

    # -- grants

    def grants_of(self, principal: ServicePrincipal) -> Any:
        """Permissions of both kinds."""
        delegated, application = self.delegated_permissions_of(principal), self.application_permissions_of(principal)
        if isinstance(delegated, Unknown) and isinstance(application, Unknown):
            return delegated
        parts = [values for values in (delegated, application) if not isinstance(values, Unknown)]
        gap = first_unknown(delegated, application, *(getattr(values, "unknown", None) for values in parts))
        return whole_or_partial([grant for values in parts for grant in known(values)], gap)

    def delegated_permissions_of(self, principal: ServicePrincipal) -> Any:
        if GRANTS not in self.given:
            return self.missing(GRANTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        found: dict[tuple[Any, ...], GrantedPermission] = {}
        groups, gap = self.index("grants", lambda: _grouped(self._grants, "client_id"))
        for doc, document in groups.get(principal.id, ()):
            gap = first_unknown(self._delegated(principal, doc, document, found), gap)
        if gap is None and not self._has_all_of(principal, GRANTS):
            gap = self.missing(GRANTS)
        return whole_or_partial(list(found.values()), gap)

    def application_permissions_of(self, principal: ServicePrincipal) -> Any:
        if ASSIGNMENTS not in self.given:
            return self.missing(ASSIGNMENTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        found: dict[tuple[Any, ...], GrantedPermission] = {}
        groups, gap = self.index("assignments", lambda: _grouped(self._assignments, "principal_id"))
        for doc, document in groups.get(principal.id, ()):
            self._application(principal, doc, document, found)
        if gap is None and not self._has_all_of(principal, ASSIGNMENTS, "approleassignments"):
            gap = self.missing(ASSIGNMENTS)
        return whole_or_partial(list(found.values()), gap)

    def delegated_grants_of(self, principal: ServicePrincipal) -> Any:
        if GRANTS not in self.given:
            return self.missing(GRANTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        groups, gap = self.index("grants", lambda: _grouped(self._grants, "client_id"))
        found = [DelegatedGrant(doc, principal, "", document) for doc, document in groups.get(principal.id, ())]
        return whole_or_partial(found, gap if gap is not None else None if self._has_all_of(principal, GRANTS) else self.missing(GRANTS))

    def _lists_all_of(self, parent: str, collection: str, relation: str = "") -> bool:
        """Whether what belongs to an object was read from one list, to its end."""

        def build() -> dict[tuple[str, str, str], list[Listing]]:
            found: dict[tuple[str, str, str], list[Listing]] = {}
            for listing in self._listings:
                for relation in {listing.relation, ""}:
                    found.setdefault((listing.parent, _KINDS[listing.kind], relation), []).append(listing)
            return found

        lists = self.index("lists of one object", build).get((parent, collection, relation), [])
        return len(lists) == 1 and _whole(lists[0])

    def _delegated(
        self, principal: ServicePrincipal, doc: Any, document: Document, found: dict[tuple[Any, ...], GrantedPermission]
    ) -> Unknown | None:
        resource = self._resource_of(doc.resource_id)
        consent: Any = (
            {"AllPrincipals": "admin", "Principal": "user"}.get(doc.consent_type, doc.consent_type)
            if isinstance(doc.consent_type, str)
            else doc.consent_type
        )
        if isinstance(doc.scope, Unknown):
            return doc.scope
        for value in dict.fromkeys((doc.scope or "").split()):
            key = (_plain(resource), value, _plain(consent), "delegated")
            grant = found.get(key)
            if grant is None:
                grant = found[key] = GrantedPermission(principal, document, "delegated", resource, "", value, consent)
            if isinstance(doc.principal_id, str):
                grant.users.append(doc.principal_id.lower())
            elif isinstance(doc.principal_id, Unknown) and grant.users.__class__ is list:
                grant.users = Partial(grant.users, doc.principal_id)
        return None

    def _application(
        self, principal: ServicePrincipal, doc: Any, document: Document, found: dict[tuple[Any, ...], GrantedPermission]
    ) -> None:
        resource = self._resource_of(doc.resource_id)
        role_id = doc.app_role_id.lower() if isinstance(doc.app_role_id, str) else doc.app_role_id
        if role_id == _DEFAULT_ACCESS if isinstance(role_id, str) else False:
            return  # access without a role: an assignment, no permission
        definition = self.apis.definition(resource, role_id, "application")
        value = definition.value if isinstance(definition, Permission) else "" if definition is None else definition
        found[_plain(resource), _plain(role_id), "role"] = GrantedPermission(
            principal, document, "application", resource, role_id, value, "admin"
        )

    def _resource_of(self, object_id: Any) -> Any:
        """App id of the service principal that a grant names as its resource."""
        resource = self.principal_by_id(object_id)
        if isinstance(resource, ServicePrincipal):
            return resource.app_id
        return "" if resource is None else resource

    def assigned_to(self, principal: ServicePrincipal) -> Any:
        if ASSIGNMENTS not in self.given:
            return self.missing(ASSIGNED_TO)
        if isinstance(principal.id, Unknown):
            return principal.id
        groups, gap = self.index("assigned", lambda: _grouped(self._assignments, "resource_id"))
        found = [doc.principal_id for doc, _ in groups.get(principal.id, ())]
        listed = self._has_all_of(principal, ASSIGNED_TO, "approleassignedto")
        missing = gap if gap is not None else None if listed else self.missing(ASSIGNED_TO)
        return whole_or_partial(found, missing)

    def assigned_role(self, app: App, role_id: Any) -> Any:
        """Object IDs of those that hold a role of an application here."""
        principal = self.principal(app.app_id)
        if isinstance(principal, Unknown) or isinstance(role_id, Unknown):
            return principal if isinstance(principal, Unknown) else role_id
        if principal is None:
            return []
        assigned = self.assigned_to(principal)
        if isinstance(assigned, Unknown):
            return assigned
        groups, _ = self.index("assigned", lambda: _grouped(self._assignments, "resource_id"))
        holders = [
            doc.principal_id
            for doc, _ in groups.get(principal.id, ())
            if isinstance(doc.app_role_id, str) and doc.app_role_id.lower() == role_id
        ]
        gap = next((doc.app_role_id for doc, _ in groups.get(principal.id, ()) if isinstance(doc.app_role_id, Unknown)), None)
        return whole_or_partial(holders, first_unknown(gap, getattr(assigned, "unknown", None)))

    def sign_ins_of(self, principal: ServicePrincipal) -> Any:
        """What the report of sign-ins says of a service principal; null where it has no row."""
        if isinstance(principal.app_id, Unknown):
            return principal.app_id
        report = self._sign_ins
        if SIGN_INS in self.given and report.old is not None:
            return report.old
        return self._one(SIGN_INS, (report.rows, report.gap), principal.app_id)

    def lookalikes_of(self, principal: ServicePrincipal) -> Any:
        if isinstance(principal.display_name, Unknown):
            return principal.display_name

        def build() -> tuple[dict[str, list[ServicePrincipal]], Unknown | None]:
            found: dict[str, list[ServicePrincipal]] = {}
            gap = None
            for one in self.principals:
                if isinstance(one.display_name, Unknown):
                    gap = one.display_name
                elif one.display_name:
                    found.setdefault(fold(one.display_name), []).append(one)
            return found, gap

        groups, gap = self.index("lookalikes", build)
        folded = fold(principal.display_name)

        def elsewhere(one: ServicePrincipal) -> bool:
            return one.home_tenant_id is not None and one.home_tenant_id != principal.home_tenant_id  # managed identities have no home

        same = keep(groups.get(folded, []) if folded else [], elsewhere)
        gap = first_unknown(gap, getattr(same, "unknown", None))
        if gap is None and PRINCIPALS not in self.complete:
            gap = self.missing(PRINCIPALS)
        return whole_or_partial(known(same), gap)

    # -- the other way round

    def clients_of(self, api: App) -> Any:
        clients, gap = self.index("clients", self._clients)
        if isinstance(api.app_id, Unknown):
            return api.app_id
        found = [Client.named(app_id, api, "") for app_id in clients.get(api.app_id, ()) if app_id != api.app_id]
        for collection in (APPLICATIONS, PRINCIPALS, GRANTS, ASSIGNMENTS):
            if gap is None and collection not in self.complete:
                gap = self.missing(collection)
        return whole_or_partial(found, gap)

    def _clients(self) -> tuple[dict[str, dict[str, None]], Unknown | None]:
        found: dict[str, dict[str, None]] = {}
        gap: Unknown | None = None
        for app in self.apps:
            try:
                for resource in app.requested_resources:
                    found.setdefault(resource.app_id, {})[app.app_id] = None
            except Unread as unread:
                gap = unread.unknown
        if GRANTS in self.given or ASSIGNMENTS in self.given:
            for principal in self.principals:
                try:
                    for grant in principal.granted_permissions:
                        found.setdefault(grant.resource_app_id, {})[principal.app_id] = None
                except Unread as unread:
                    gap = unread.unknown
        return found, gap

    def others(self, what: str, key: Any, me: App) -> Any:
        """Other registrations with the same value of something."""
        if isinstance(key, Unknown):
            return key
        groups, gap = self.index("others " + what, lambda: self._groups(_SHARED[what]))
        group = groups.get(key, ())
        copies = self.index("copies", lambda: _copies(self.apps))
        if id(me) in copies:  # a second copy of a registration stands in no group: its first does
            found: Any = [app for app in group if app is not copies[id(me)]]
        else:
            found = Others(group, me) if len(group) > 1 else []
        if gap is None and APPLICATIONS in self.complete:
            return found
        if gap is None and not found:
            return self.index("nobody known", lambda: Partial([], self.missing(APPLICATIONS)))
        return Partial([app for app, _ in zip(found, range(20), strict=False)], self.missing(APPLICATIONS) if gap is None else gap)

    def _groups(self, values_of: Callable[[App], Iterable[Any]]) -> tuple[dict[Any, list[App]], Unknown | None]:
        groups: dict[Any, list[App]] = {}
        gap: Unknown | None = None
        copies = self.index("copies", lambda: _copies(self.apps))
        for app in self.apps:
            if id(app) in copies:
                continue
            seen = set()
            try:
                for value in values_of(app):
                    if isinstance(value, Unknown):
                        gap = value
                    elif value is not None and value != "" and value not in seen:
                        seen.add(value)
                        groups.setdefault(value, []).append(app)
            except Unread as unread:
                gap = unread.unknown
        return groups, gap


_SHARED: dict[str, Callable[[App], Iterable[Any]]] = {
    "redirect URI": lambda app: (uri.value for uri in app.redirect_uris),
    "Application ID URI": lambda app: (uri.value for uri in app.identifier_uris),
    "certificate": lambda app: (certificate.thumbprint for certificate in app.certificates),
    "federated credential": lambda app: (credential.trust for credential in app.federated_credentials),
    "display name": lambda app: (app.display_name,),
}


def _place(given: tuple[Any, Document]) -> tuple[str, int, str, str]:
    """In files by place; in a tenant, which has none, by whose it is and its id."""
    data, document = given
    id_ = getattr(data, "id", "")
    return document.file.name, document.start, document.parent, id_ if id_.__class__ is str else ""


def _order(facts: list[Any]) -> None:
    """By app id; those that share one, or have none, by object id and place."""

    def place(one: Any) -> tuple[str, str, int]:
        return (one.id if one.id.__class__ is str else "", one.document.file.name, one.document.start)

    facts.sort(key=place)
    facts.sort(key=lambda one: one.app_id if one.app_id.__class__ is str else "")


def _copies(apps: list[App]) -> dict[int, App]:
    """id() of a registration that was read before -> the one that was read first."""
    first: dict[str, App] = {}
    copies: dict[int, App] = {}
    for app in apps:
        identity = next((value for value in (app.id, app.app_id) if value.__class__ is str and value), "")
        if identity and first.setdefault(identity, app) is not app:
            copies[id(app)] = first[identity]
    return copies


def _grouped(documents: list[tuple[Any, Document]], attribute: str) -> tuple[dict[str, list[tuple[Any, Document]]], Unknown | None]:
    found: dict[str, list[tuple[Any, Document]]] = {}
    gap: Unknown | None = None
    for doc, document in documents:
        key = getattr(doc, attribute)
        if isinstance(key, Unknown):
            gap = key
        elif key:
            found.setdefault(key.lower(), []).append((doc, document))
    return found, gap


def _plain(value: Any) -> Any:
    """A value as a key: unknowns are not alike."""
    return id(value) if isinstance(value, Unknown) else value


class Joiner:
    """Makes worlds of documents as they come, one for each scope."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._worlds: dict[str, World] = {}
        self._beside: list[Document] = []  # of connectors

    def _world(self, scope: str) -> World:
        if scope not in self._worlds:
            self._worlds[scope] = World(scope, self._now)
        return self._worlds[scope]

    def add(self, document: Document) -> None:
        if document.kind in _BESIDE:
            self._beside.append(document)
        else:
            self._world(document.file.scope).add(document)

    def worlds(self, documents: Documents) -> list[World]:
        """All worlds, joined, in the order of their scopes."""
        listings: dict[str, list[Listing]] = {}
        for scope in documents.tenants:
            self._world(scope)
        for listing in documents.listings:
            if listing.kind in _BESIDE:
                continue
            listings.setdefault(self._world(listing.scope).scope, []).append(listing)
        # A folder that holds nothing of a tenant, but connectors, belongs to the tenant, where only one was given.
        tenants = sorted(self._worlds)
        for document in self._beside:
            scope = document.file.scope
            self._world(tenants[0] if len(tenants) == 1 and scope not in tenants else scope).add(document)
        found = [self._worlds[scope] for scope in sorted(self._worlds)]
        for world in found:
            world.join(listings.get(world.scope, []), whole=world.scope in documents.whole, info=documents.tenants.get(world.scope))
        roots: list[Any] = [root for world in found for root in (world.tenant, *world.apps, *world.principals, *world.connectors)]
        for rank, root in enumerate(roots):
            root.rank = rank
        return found


def worlds(documents: Documents, now: datetime) -> list[World]:
    """The worlds of documents that were kept."""
    joiner = Joiner(now)
    for document in documents.documents:
        joiner.add(document)
    return joiner.worlds(documents)


def read_twice(world: World) -> list[Note]:
    """Objects that stand in more than one place of a scope: both are judged. Of what a tenant has one, the first is."""
    notes = []
    for kind in _ONE_EACH:
        documents = [document for _, document in world._others[kind]]
        for again in documents[1:]:
            where = f"{documents[0].file.name}:{documents[0].line}"
            notes.append(Note(f"the {kind} was already read from {where}; only that is judged", again.file.name, again.line, 1))
    for facts, name in ((world.apps, "app registration"), (world.principals, "service principal")):
        seen: dict[str, Any] = {}
        for one in facts:
            identity = next((value for value in (one.id, one.app_id) if value.__class__ is str and value), "")
            if not identity:
                continue
            if (first := seen.setdefault(identity, one)) is not one:
                where = f"{first.document.file.name}:{first.document.line}"
                notes.append(
                    Note(
                        f"the {name} {identity} was already read from {where}; both are judged",
                        one.document.file.name,
                        one.document.line,
                        1,
                    )
                )
    return notes
