"""The joins of connectors: to their client, its service principal, the API that they ask for, and its permissions.

One for each world, made when a rule first asks; every look-up goes by an index over the whole of it.
"""

from __future__ import annotations

from functools import cached_property

from auditor.display import clean, hidden, show
from auditor.entra.catalog import CATALOG
from auditor.entra.clouds import BY_INITIAL_DOMAIN
from auditor.entra.collections import APPLICATIONS, ORGANIZATION, SERVICE_PRINCIPALS
from auditor.entra.shapes import ConnectorPart
from auditor.facts import App, Connector, Resource, ServicePrincipal, Tenant
from auditor.joins.apis import Apis
from auditor.joins.known import CLIENT, DEFINITION, NOT_IN_INPUT, RESOURCE
from auditor.joins.lookups import Lookups
from auditor.sources import Document
from auditor.unknown import Partial, Unknown, Unread, is_unknown, known, read, whole_or_partial

# (name of an API -> app id, near form of a name -> the name, what nobody knows of them)
_Names = tuple[dict[str, str], dict[str, str], Unknown | None]

_NAMED = 3  # registrations in a message
_LOOKED_UP = frozenset({CLIENT, RESOURCE, APPLICATIONS.name, SERVICE_PRINCIPALS.name})


class Connections:
    def __init__(
        self, lookups: Lookups, apis: Apis, connectors: list[Connector], parts: list[tuple[ConnectorPart, Document]], tenant: Tenant,
        pool: list[App],
    ) -> None:  # fmt: skip
        """`pool`: the registrations that were given one by one."""
        self._pool = pool
        self._lookups, self._known, self._apis = lookups, lookups.known, apis
        self._connectors, self._beside, self._tenant = connectors, parts, tenant
        self._ambiguous: set[str] = set()  # names that several registrations have
        self._by_domain: dict[str, str] = {}  # of an API that any address of a domain stands for

    # -- the files beside a connector

    @cached_property
    def _parts(self) -> dict[str, list[ConnectorPart]]:
        found: dict[str, list[ConnectorPart]] = {}
        for part, document in self._beside:
            found.setdefault(document.parent, []).append(part)
        return found

    def part(self, connector: Connector, attribute: str) -> str | Unknown | None:
        """What the files beside a connector say of it."""
        values = [getattr(part, attribute) for part in self._parts.get(connector.document.parent, ())]
        found = next((value for value in values if isinstance(value, str) and value), None)
        if found is not None:
            return found
        if not values:
            return Unknown(DEFINITION, NOT_IN_INPUT, collection=True)
        return next((value for value in values if isinstance(value, str)), values[0])

    # -- the client

    def _missing(self, what: str) -> Unknown:
        return Unknown(what, NOT_IN_INPUT, collection=True)

    def given(self) -> bool:
        """Whether the input holds registrations (those that a sample has yet to create have no app id); raises Unread if not."""
        if (
            self._known.is_complete(APPLICATIONS)
            or self._lookups.borrowed
            or any(app.app_id.__class__ is str for app in self._lookups.apps)
        ):
            return True
        raise Unread(self._missing(CLIENT))

    def client(self, app_id: str | Unknown) -> App | Unknown | None:
        """A registration, by app id."""
        found = self._lookups.registration(app_id)
        return self._missing(CLIENT) if isinstance(found, Unknown) and found.what == APPLICATIONS.name else found

    def by_object_id(self, value: str) -> App | Unknown | None:
        """The registration of which this is the object ID, or the object ID of its service principal."""
        found, gap = self._lookups.apps_by_id
        if (app := found.get(value)) is not None:
            return app
        if (app := next((app for app in self._lookups.borrowed.values() if app.id.__class__ is str and app.id == value), None)) is not None:
            return app
        if isinstance(self._lookups.registration(value), App) or isinstance(self._lookups.principal(value), ServicePrincipal):
            return None  # it is an application ID
        principal = self._lookups.principal_by_id(value)
        if isinstance(principal, Unknown):
            return self._missing(CLIENT) if principal.what == SERVICE_PRINCIPALS.name else principal
        if principal is not None:
            return self.client(read(principal.app_id))
        return gap if gap is not None else None if self._known.is_complete(APPLICATIONS) else self._missing(CLIENT)

    @cached_property
    def by_client(self) -> tuple[dict[str, list[Connector]], Unknown | None]:
        """App id -> the connectors that sign in through it."""
        found: dict[str, list[Connector]] = {}
        gap = None
        for connector in self._connectors:
            try:
                if connector.signs_in and connector.client_id_form == "app id":
                    found.setdefault(connector.client_id, []).append(connector)
            except Unread as unread:
                gap = unread.unknown
        return found, gap

    def of_client(self, app_id: str | Unknown) -> list[Connector] | Unknown:
        """The connectors that sign in through a registration."""
        if not self._connectors:
            return []
        found, gap = self.by_client
        return app_id if isinstance(app_id, Unknown) else whole_or_partial(found.get(app_id, []), gap)

    # -- the resource

    @cached_property
    def _names(self) -> _Names:
        """Names that APIs are asked for by: Application ID URIs, and the names of service principals."""
        names: dict[str, str] = dict(CATALOG.resource_names)
        gap: Unknown | None = None
        for app in (*self._lookups.apps, *self._lookups.borrowed.values()):
            try:
                app_id = read(app.app_id)
                for uri in app.identifier_uris:
                    if names.setdefault(uri.value, app_id) != app_id:
                        self._ambiguous.add(uri.value)
            except Unread as unread:
                gap = unread.unknown
        for principal in self._lookups.principals:
            try:
                app_id = read(principal.app_id)
                for name in principal.names:
                    names.setdefault(name, app_id)
                    if "/*." in name:  # "00000003-0000-0ff1-ce00-000000000000/*.sharepoint.com"
                        self._by_domain.setdefault(name.partition("/*.")[2].lower(), app_id)
            except Unread as unread:
                gap = unread.unknown
        near: dict[str, str] = {}
        for name in names:
            near.setdefault(_near(name), name)
        return names, near, gap

    def resource(self, name: str | Unknown) -> Resource | Unknown | None:
        """The API with a name: its app id, an Application ID URI, a service principal's name."""
        if isinstance(name, Unknown):
            return name
        names, nearest, gap = self._names
        if name in self._ambiguous:
            return Unknown(RESOURCE, f"several are called {hidden(name)}", collection=True)
        app_id = name.lower() if len(name) == 36 and "/" not in name else names.get(name) or self._of_domain(name)
        if app_id is not None:
            found = self._apis.resource(app_id)
            if not isinstance(found, Unknown) or found.what not in (APPLICATIONS.name, SERVICE_PRINCIPALS.name):
                return found
        elif gap is not None:
            return gap
        elif self._known.is_complete(APPLICATIONS, SERVICE_PRINCIPALS):
            return None
        missing = self._missing(RESOURCE)
        near = nearest.get(_near(name))
        return (
            missing if near is None or near == name else Unknown(RESOURCE, f"{missing.why}; close to it is {hidden(near)}", collection=True)
        )

    def _of_domain(self, name: str) -> str | None:
        host = name.partition("://")[2].partition("/")[0].lower()
        while "." in host:
            host = host.partition(".")[2]
            if host in self._by_domain:
                return self._by_domain[host]
        return None

    def nearly(self, name: str | Unknown) -> str | Unknown | None:
        """A name that differs from this one in case, scheme or slash only."""
        if isinstance(name, Unknown):
            return name
        names, near, gap = self._names
        found = near.get(_near(name)) if name and name not in names else None
        if found is not None:
            return found
        if gap is not None:
            return gap
        return None if self._known.is_complete(APPLICATIONS, SERVICE_PRINCIPALS) else self._missing(RESOURCE)

    # -- what may be presumed

    @cached_property
    def _unclaimed(self) -> list[App]:
        """Registrations that were given one by one and that no connector here names, neither as client nor as API."""
        claimed = set()
        for connector in self._connectors:
            resource = self.resource(connector.resource_uri) if connector.resource_uri.__class__ is str else None
            claimed |= {
                app_id
                for app_id in (connector.client_id, resource.app_id if isinstance(resource, Resource) else None)
                if app_id.__class__ is str
            }
        return [app for app in self._pool if app.app_id.__class__ is str and app.app_id not in claimed]

    def presumably_none(self, unknown: Unknown, *, api: bool) -> bool:
        """Whether what a connector names is presumably nobody: of the registrations that were given by hand one is left over, which is
        probably the one that is meant. `api`: it exposes one.
        """
        if unknown.what not in _LOOKED_UP or not self._unclaimed:
            return False
        return not api or any(_is_api(app) for app in self._unclaimed)

    def left_over(self, *, api: bool) -> str:
        """The registrations that were given by hand and that no connector names: "Orders API" (aaaaaaaa-…); '' for none or many."""
        found = [app for app in self._unclaimed if _is_api(app) == api] or ([] if api else self._unclaimed)
        return ", ".join(f'"{clean(show(app))}" ({app.app_id})' for app in found) if len(found) <= _NAMED else ""

    # -- the tenant

    def tenant_cloud(self) -> str:
        domains = self._tenant.verified_domains
        for suffix, cloud in BY_INITIAL_DOMAIN.items():
            if any(domain.endswith(suffix) for domain in known(domains)):
                return cloud
        if isinstance(domains, Partial):
            raise Unread(domains.unknown)
        raise Unread(Unknown(ORGANIZATION.name, "none of its verified domains says which cloud it is in"))


def _is_api(app: App) -> bool:
    return any(not is_unknown(values) and known(values) for values in (app.identifier_uris, app.scopes))


def _near(name: str) -> str:
    return name.lower().partition("://")[2].rstrip("/") or name.lower().rstrip("/")
