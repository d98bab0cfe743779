"""Everything of one scope, joined: a tenant, else one input folder.

A list out of an incomplete collection is partly known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.entra.catalog import CATALOG
from auditor.entra.collections import (
    APPLICATIONS,
    ASSIGNMENTS,
    BY_KIND,
    CLASSIFICATIONS,
    CONNECTOR_PARTS,
    CONNECTORS,
    CREDENTIAL_SIGN_INS,
    FEDERATED,
    FIRST_SIDES,
    GRANTS,
    GROUP_SETTINGS,
    IMPORTED,
    ORGANIZATION,
    OWNERS,
    PRINCIPAL_OWNERS,
    PUBLISHING,
    RECOMMENDATIONS,
    REGISTRATION_DETAILS,
    RISKY_PRINCIPALS,
    SERVICE_PRINCIPALS,
    SIGN_INS,
    SYNCHRONIZATION_JOBS,
    TENANT,
    Collection,
)  # fmt: skip
from auditor.entra.ids import CONSENT_SETTINGS, MICROSOFT_GRAPH
from auditor.entra.shapes import OnPremisesApplication, OnPremisesPublishing, SignInActivity, SynchronizationJob
from auditor.facts import App, ClassifiedPermission, Connector, FederatedCredential, Owner, ServicePrincipal, Tenant
from auditor.facts.app import EXPANDED_AT_MOST
from auditor.joins.apis import Apis
from auditor.joins.borrowed import Elsewhere
from auditor.joins.grants import Grants
from auditor.joins.lookups import Index, Lookups, index
from auditor.joins.sharing import Sharing
from auditor.joins.sign_ins import SignIns
from auditor.sources import Document, Listing
from auditor.sources.coverage import TenantInfo
from auditor.unknown import Partial, Unavailable, Unknown, first_unknown, is_unknown, known, whole_or_partial

if TYPE_CHECKING:
    from auditor.entra.risk_shapes import RiskyPrincipal
    from auditor.entra.setting_shapes import GroupSetting
    from auditor.joins.access import Access
    from auditor.joins.agents import Agents
    from auditor.joins.connectors import Connections
    from auditor.joins.credential_use import CredentialUse
    from auditor.joins.imported import Imported
    from auditor.joins.methods import Methods
    from auditor.joins.paths import Paths
    from auditor.joins.policies import Policies
    from auditor.joins.recommendations import Recommendations
    from auditor.joins.roles import Roles

T = TypeVar("T")
Given = tuple[Any, Document]
ONE_EACH = tuple(of for of in TENANT if of.is_one)  # of which a tenant has one object


class World(Lookups):
    """Everything of one scope, joined. What was read of its collections is in `known`."""

    catalog = CATALOG

    def __init__(self, scope: str, now: datetime) -> None:
        super().__init__()
        self.scope, self.now = scope, now
        self.connectors: list[Connector] = []
        self.connector_parts: list[Given] = []
        self.documents: dict[Collection, list[Given]] = {of: [] for of in (*FIRST_SIDES, *IMPORTED)}
        self.lenders: list[World] = []
        self.apis = Apis(self)
        self.grants = Grants(self, self.apis, self.documents[GRANTS], self.documents[ASSIGNMENTS])
        self.sharing = Sharing(self)

    def add(self, document: Document) -> None:
        """Facts are made at once, and the document's data is let go."""
        data, document.data = document.data, None
        kind = document.kind
        if kind == CONNECTORS.kind:
            self.connectors.append(Connector(data, self.as_facts_see_it, document))
            return
        if kind == CONNECTOR_PARTS.kind:
            self.connector_parts.append((data, document))
            return
        of = BY_KIND[kind]
        self.known.given.add(of.name)
        if of is APPLICATIONS:
            self.apps.append(App(data, self.as_facts_see_it, document))
        elif of is SERVICE_PRINCIPALS:
            self.principals.append(ServicePrincipal(data, self.as_facts_see_it, document))
        else:
            self.documents[of].append((data, document))

    def join(self, listings: Iterable[Listing], *, whole: bool, info: TenantInfo | None = None) -> None:
        """Everything has been added. What follows does not depend on the order in which it was."""
        self.known.add(listings, info)
        _order(self.apps)
        _order(self.principals)
        self.connectors.sort(key=lambda one: (one.document.file.name, one.document.start))
        for given in (self.connector_parts, *self.documents.values()):
            given.sort(key=_place)
        rows = [row for row, _ in self.documents[SIGN_INS]]
        self._whole = whole
        self._sign_ins = SignIns(rows, SIGN_INS.name, self.now, vouched=whole, taken=info.taken_at if info is not None else None)
        self.known.settle(
            whole=whole,
            graph_is_there=any(p.app_id.__class__ is str and p.app_id == MICROSOFT_GRAPH for p in self.principals),
            sign_ins_may_be_whole=self._sign_ins.may_be_whole,
        )
        objects = {of: self.documents[of][0] for of in ONE_EACH if self.documents[of]}
        self.tenant = Tenant(objects, self.as_facts_see_it, self._tenant_id(objects.get(ORGANIZATION)))

    def borrow(self, elsewhere: Elsewhere) -> None:
        """Takes the registrations of other folders that connectors name and that this one lacks, where its list is not whole."""
        if self.known.is_complete(APPLICATIONS):
            return
        own = Elsewhere([self])
        for connector in self.connectors:
            scopes = [] if is_unknown(connector.scopes) else known(connector.scopes)
            for name in (connector.client_id, connector.resource_uri, *(scope.resource_uri for scope in scopes)):
                if name.__class__ is not str or not name or own.named(name) is not None:
                    continue
                app_id = elsewhere.named(name)
                if app_id is None or app_id in self.borrowed or (found := elsewhere.of(app_id, self)) is None:
                    continue
                lenders, self.borrowed[app_id] = found
                self.lenders += [world for world in lenders if world not in self.lenders]

    def _tenant_id(self, organization: Given | None) -> str | Unknown:
        if organization is not None and organization[0].id.__class__ is str:
            return str(organization[0].id.lower())
        registered = {app.app_id for app in self.apps if app.app_id.__class__ is str}
        homes = {
            p.home_tenant_id for p in self.principals
            if p.app_id.__class__ is str and p.app_id in registered and p.home_tenant_id.__class__ is str
        }  # fmt: skip
        home = homes.pop() if len(homes) == 1 else None
        return self.missing(ORGANIZATION) if home is None else home

    # -- what is known

    @property
    def given(self) -> set[str]:
        return self.known.given

    @property
    def complete(self) -> set[str]:
        return self.known.complete

    @property
    def info(self) -> TenantInfo | None:
        return self.known.info

    def missing(self, of: Collection) -> Unknown:
        return self.known.missing(of)

    @cached_property
    def unavailable(self) -> Unavailable:
        """Facts that are unknown of every object here, and lists that can never be wholly known."""
        return self.known.unavailable(self._expanded)

    @cached_property
    def _expanded(self) -> list[Collection]:
        """Collections of which members are within other objects."""
        members = {OWNERS: "expanded_owners", FEDERATED: "expanded_federated"}
        return [of for of, member in members.items() if any(not isinstance(getattr(app, member), Unknown) for app in self.apps)]

    def has_any_of(self, collection: str) -> bool:
        return collection in self.given or any(of.name == collection for of in self._expanded)

    @cached_property
    def connections(self) -> Connections:
        """The joins of connectors."""
        from auditor.joins.connectors import Connections

        pool = [app for world in (self, *self.lenders) if world.known.one_by_one for app in world.apps]
        return Connections(self, self.apis, self.connectors, self.connector_parts, self.tenant, pool)

    @cached_property
    def roles(self) -> Roles:
        """The joins of directory roles."""
        from auditor.joins.roles import Roles

        return Roles(self, self.documents)

    @cached_property
    def access(self) -> Access:
        """The joins of entitlement management."""
        from auditor.joins.access import Access

        return Access(self, self.documents)

    @cached_property
    def agents(self) -> Agents:
        """The joins of agent identities."""
        from auditor.joins.agents import Agents

        return Agents(self, self.documents)

    @cached_property
    def paths(self) -> Paths:
        """Escalation paths."""
        from auditor.joins.paths import Paths

        return Paths(self)

    @cached_property
    def imported(self) -> Imported:
        """What files of other services say."""
        from auditor.joins.imported import Imported

        return Imported(self, self.documents, self.now)

    @cached_property
    def credential_use(self) -> CredentialUse:
        """The report of credentials' sign-ins."""
        from auditor.joins.credential_use import CredentialUse

        return CredentialUse(self, [row for row, _ in self.documents[CREDENTIAL_SIGN_INS]], self.now, vouched=self._whole)

    @cached_property
    def methods(self) -> Methods:
        """The report of what users have registered for sign-ins."""
        from auditor.joins.methods import Methods

        return Methods(self, [row for row, _ in self.documents[REGISTRATION_DETAILS]])

    @cached_property
    def recommendations(self) -> Recommendations:
        """What Microsoft Entra ID recommends."""
        from auditor.joins.recommendations import Recommendations

        return Recommendations(self, [row for row, _ in self.documents[RECOMMENDATIONS]])

    @cached_property
    def policies(self) -> Policies:
        """The joins of policies of which there can be many."""
        from auditor.joins.policies import Policies

        return Policies(self.known, self.documents)

    # -- what belongs to an object

    def federated_credentials_of(self, app: App) -> list[FederatedCredential] | Unknown:
        if not isinstance(app.expanded_federated, Unknown):
            expanded = app.expanded_federated or []
            # Twenty are the most that an application can have, and the most that $expand returns.
            held = [FederatedCredential(doc, app, f"/{FEDERATED.name}/{i}") for i, doc in enumerate(known(expanded))]
            return whole_or_partial(held, expanded.unknown if isinstance(expanded, Partial) else None)
        return self._children(FEDERATED, app, FederatedCredential)

    def owners_of(self, one: App | ServicePrincipal) -> list[Owner] | Unknown:
        if not isinstance(one.expanded_owners, Unknown):
            expanded = one.expanded_owners or []
            found = [Owner(doc, one, f"/{OWNERS.name}/{i}") for i, doc in enumerate(known(expanded))]
            if isinstance(expanded, Partial):
                return Partial(found, expanded.unknown)
            cut = Unknown(OWNERS.name, f"$expand returns {EXPANDED_AT_MOST} at most", collection=True)
            return whole_or_partial(found, cut if len(found) >= EXPANDED_AT_MOST else None)
        return self._children(OWNERS if isinstance(one, App) else PRINCIPAL_OWNERS, one, Owner)

    def classifications_of(self, principal: ServicePrincipal) -> list[ClassifiedPermission] | Unknown:
        return self._children(CLASSIFICATIONS, principal, ClassifiedPermission)

    def consent_settings(self) -> GroupSetting | Unknown | None:
        """The group settings on consent; null: the tenant has none."""
        rows = [row for row, _ in self.documents[GROUP_SETTINGS]]
        found = next((row for row in rows if row.template_id.__class__ is str and row.template_id.lower() == CONSENT_SETTINGS), None)
        gap = first_unknown(*(row.template_id for row in rows), self.known.first_missing(GROUP_SETTINGS))
        return gap if found is None else found

    def jobs_of(self, one: ServicePrincipal) -> list[SynchronizationJob] | Unknown:
        return self._children(SYNCHRONIZATION_JOBS, one, lambda row, *_: row)

    def _children(self, of: Collection, one: App | ServicePrincipal, make: Callable[[Any, Any, str, Document], T]) -> list[T] | Unknown:
        """Documents of a collection that belong to one object, by the object id (of a registration also app id) that they came with."""
        if not self.known.has(of) and not (of.side_of is not None and self.known.has(of.side_of)):
            return self.missing(of)
        if isinstance(one.id, Unknown):
            return one.id
        groups = self._by_parent[of.kind]
        ids = dict.fromkeys((one.id, one.app_id if isinstance(one, App) and one.app_id.__class__ is str else one.id))
        facts = [make(doc, one, "", document) for id_ in ids for doc, document in groups.get(id_, ())]
        if "" in groups:  # ownerless: the input does not say which object owns these; they may belong to any
            return Partial(facts, Unknown(of.name, "the input does not name the owner of some entries", collection=True))
        if self.known.has_all_of(one.id, of):
            return facts
        return Partial(facts, self.missing(of)) if facts else self.missing(of)

    @cached_property
    def _by_parent(self) -> dict[str, dict[str, list[Given]]]:
        """Kind -> object id of the parent -> documents."""
        found: dict[str, dict[str, list[Given]]] = {}
        for of in (OWNERS, FEDERATED, SYNCHRONIZATION_JOBS, CLASSIFICATIONS):
            groups = found[of.kind] = {}
            for doc, document in self.documents[of]:
                groups.setdefault(document.parent, []).append((doc, document))
        return found

    def publishing_of(self, app: App) -> OnPremisesPublishing | Unknown | None:
        """How Application Proxy publishes an application, as it was asked for alone; null: it does not."""
        if isinstance(app.id, Unknown):
            return app.id
        row = self._publishing.get(app.id)
        return self.missing(PUBLISHING) if row is None else row.on_premises_publishing

    @cached_property
    def _publishing(self) -> dict[str, OnPremisesApplication]:
        return {document.parent or str(row.id).lower(): row for row, document in self.documents[PUBLISHING]}

    def sign_ins_of(self, principal: ServicePrincipal) -> list[SignInActivity] | Unknown | None:
        """What the report of sign-ins says of a service principal; null where it has no row."""
        if isinstance(principal.app_id, Unknown):
            return principal.app_id
        report = self._sign_ins
        if self.known.has(SIGN_INS) and report.old is not None:
            return report.old
        return self.find(SIGN_INS, (report.rows, report.gap), principal.app_id)

    def risk_of(self, principal: ServicePrincipal) -> RiskyPrincipal | Unknown | None:
        """What Microsoft Entra ID Protection says of a service principal; null where it has nothing of it."""
        if isinstance(principal.id, Unknown):
            return principal.id
        return self.find(RISKY_PRINCIPALS, self._risks, principal.id)

    @cached_property
    def _risks(self) -> Index[RiskyPrincipal]:
        return index([row for row, _ in self.documents[RISKY_PRINCIPALS]], "id")


def _place(given: Given) -> tuple[str, int, str, str]:
    """In files by place; in a tenant, which has none, by whose it is and its id."""
    data, document = given
    id_ = getattr(data, "id", "")
    return document.file.name, document.start, document.parent, id_ if id_.__class__ is str else ""


def _order(facts: list[App] | list[ServicePrincipal]) -> None:
    """By app id; those that share one, or have none, by object id and place."""

    def place(one: App | ServicePrincipal) -> tuple[str, str, int]:
        return (one.id if one.id.__class__ is str else "", one.document.file.name, one.document.start)

    facts.sort(key=place)
    facts.sort(key=lambda one: one.app_id if one.app_id.__class__ is str else "")
