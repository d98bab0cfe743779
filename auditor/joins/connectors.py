"""The joins of connectors: to their client, its service principal, the API that they ask for, and its permissions.

One for each world, made when a rule first asks; every look-up goes by an index over the whole of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from auditor.facts import App, Connector, Permission, Resource, ServicePrincipal
from auditor.unknown import Partial, Unknown, Unread, known, read, some, whole_or_partial

APPLICATIONS, PRINCIPALS, ORGANIZATION = "applications", "servicePrincipals", "organization"
CLIENT, RESOURCE = "client registration", "resource registration"
_CLOUDS = {".onmicrosoft.com": "public", ".onmicrosoft.us": "us government", ".partner.onmschina.cn": "china"}
# (name of an API -> app id, near form of a name -> the name, what nobody knows of them)
_Names = tuple[dict[str, str], dict[str, str], Unknown | None]


class Connections:
    def __init__(self, world: Any) -> None:
        self._world = world
        self._ambiguous: set[str] = set()  # names that several registrations have
        self._by_domain: dict[str, str] = {}  # of an API that any address of a domain stands for
        self._by_name: dict[str, tuple[dict[tuple[str, str], Permission], dict[str, Unknown]]] = {}

    # -- the files beside a connector

    @cached_property
    def _parts(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for part, document in self._world.connector_parts:
            found.setdefault(document.parent, []).append(part)
        return found

    def part(self, connector: Connector, attribute: str) -> Any:
        """What the files beside a connector say of it."""
        values = [getattr(part, attribute) for part in self._parts.get(connector.document.parent, ())]
        found = next((value for value in values if isinstance(value, str) and value), None)
        if found is not None:
            return found
        return values[0] if values else Unknown("connector definition", "not given", collection=True)

    # -- the client

    def _missing(self, what: str) -> Unknown:
        given = APPLICATIONS in self._world.given
        return Unknown(what, "not among those given" if given else "not given", collection=True)

    def given(self) -> bool:
        """Whether registrations were given (those of a sample that has yet to make them have no app id); raises Unread if not."""
        if APPLICATIONS in self._world.complete or any(app.app_id.__class__ is str for app in self._world.apps):
            return True
        raise Unread(self._missing(CLIENT))

    def client(self, app_id: str) -> Any:
        """A registration, by app id."""
        found = self._world.app(app_id)
        return self._missing(CLIENT) if isinstance(found, Unknown) and found.what == APPLICATIONS else found

    def by_object_id(self, value: str) -> Any:
        """The registration of which this is the object ID, or the object ID of its service principal."""
        found, gap = self._apps_by_id
        if (app := found.get(value)) is not None:
            return app
        if isinstance(self._world.app(value), App) or isinstance(self._world.principal(value), ServicePrincipal):
            return None  # it is an application ID
        principal = self._world.principal_by_id(value)
        if isinstance(principal, Unknown):
            return self._missing(CLIENT) if principal.what == PRINCIPALS else principal
        if principal is not None:
            return self.client(read(principal.app_id))
        return gap if gap is not None else None if APPLICATIONS in self._world.complete else self._missing(CLIENT)

    @cached_property
    def _apps_by_id(self) -> tuple[dict[str, App], Unknown | None]:
        found: dict[str, App] = {}
        gap = None
        for app in self._world.apps:
            if isinstance(app.id, Unknown):
                gap = app.id
            else:
                found.setdefault(app.id, app)
        return found, gap

    @cached_property
    def by_client(self) -> tuple[dict[str, list[Connector]], Unknown | None]:
        """App id -> the connectors that sign in through it."""
        found: dict[str, list[Connector]] = {}
        gap = None
        for connector in self._world.connectors:
            try:
                if connector.signs_in and connector.client_id_form == "app id":
                    found.setdefault(connector.client_id, []).append(connector)
            except Unread as unread:
                gap = unread.unknown
        return found, gap

    def of_client(self, app_id: Any) -> Any:
        if not self._world.connectors:
            return []
        found, gap = self.by_client
        return app_id if isinstance(app_id, Unknown) else whole_or_partial(found.get(app_id, []), gap)

    # -- the resource

    @cached_property
    def _names(self) -> _Names:
        """Names that APIs are asked for by: Application ID URIs, and the names of service principals."""
        names: dict[str, str] = dict(self._world.catalog.resource_names)
        gap: Unknown | None = None
        for app in self._world.apps:
            try:
                app_id = read(app.app_id)
                for uri in app.identifier_uris:
                    if names.setdefault(uri.value, app_id) != app_id:
                        self._ambiguous.add(uri.value)
            except Unread as unread:
                gap = unread.unknown
        for principal in self._world.principals:
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

    def resource(self, name: Any) -> Resource | Unknown | None:
        """The API with a name: its app id, an Application ID URI, a service principal's name."""
        if isinstance(name, Unknown):
            return name
        world = self._world
        names, nearest, gap = self._names
        if name in self._ambiguous:
            return Unknown(RESOURCE, f"several are called {name}", collection=True)
        app_id = name.lower() if len(name) == 36 and "/" not in name else names.get(name) or self._of_domain(name)
        if app_id is not None:
            found: Resource | Unknown | None = world.apis.resource(app_id)
            if not isinstance(found, Unknown) or found.what not in (APPLICATIONS, PRINCIPALS):
                return found
        elif gap is not None:
            return gap
        elif {APPLICATIONS, PRINCIPALS} <= world.complete:
            return None
        missing = self._missing(RESOURCE)
        near = nearest.get(_near(name))
        return missing if near is None or near == name else Unknown(RESOURCE, f"{missing.why}; close to it is {near}", collection=True)

    def _of_domain(self, name: str) -> str | None:
        host = name.partition("://")[2].partition("/")[0].lower()
        while "." in host:
            host = host.partition(".")[2]
            if host in self._by_domain:
                return self._by_domain[host]
        return None

    def nearly(self, name: Any) -> Any:
        """A name that differs from this one in case, scheme or slash only."""
        if isinstance(name, Unknown):
            return name
        names, near, gap = self._names
        found: Any = near.get(_near(name)) if name and name not in names else None
        if found is not None:
            return found
        if gap is not None:
            return gap
        return None if {APPLICATIONS, PRINCIPALS} <= self._world.complete else self._missing(RESOURCE)

    def permission(self, app_id: Any, value: str, kind: str) -> Any:
        """What an API defines under a name."""
        own = self._world.apis.own_definitions(read(app_id))
        if own is not None:
            named, unnamed = self._named(app_id, own[0])
            if (hit := named.get((value, kind))) is not None:
                return hit
            gap = own[1].get(kind, unnamed.get(kind))
            if gap is None:
                return None
        else:
            gap = Unknown("permissions of the API", "neither its registration nor its service principal was given", collection=True)
        listed: Permission | None = self._world.catalog.permission_named(app_id, value, kind)
        return gap if listed is None else listed

    def _named(
        self, app_id: str, definitions: dict[tuple[str, str], Permission]
    ) -> tuple[dict[tuple[str, str], Permission], dict[str, Unknown]]:
        """The permissions of an API by name and kind; and by kind that of one a name is not known."""
        if app_id not in self._by_name:
            named: dict[tuple[str, str], Permission] = {}
            unnamed: dict[str, Unknown] = {}
            for (_, kind), permission in definitions.items():
                if isinstance(permission.value, Unknown):
                    unnamed[kind] = permission.value
                else:
                    named.setdefault((permission.value, kind), permission)
            self._by_name[app_id] = named, unnamed
        return self._by_name[app_id]

    def preauthorized(self, client_id: str, resource: Resource, permission: Permission | None) -> bool:
        """Whether an API preauthorizes a client, for one permission or for any."""
        app = resource.app
        if resource.first_party and not isinstance(app, App):
            return False  # what Microsoft preauthorizes is its own
        if app is None:
            raise Unread(Unknown(RESOURCE, "it is in another tenant"))

        def covers(permission_ids: Any) -> bool:
            if permission is not None:
                return some(permission_ids, lambda id_: id_ == permission.id)
            return some(app.scopes, lambda scope: scope.enabled and some(permission_ids, lambda id_: id_ == scope.id))

        return some(app.preauthorized_clients, lambda client: client.app_id == client_id and covers(client.permission_ids))

    # -- the tenant

    def tenant_cloud(self) -> str:
        domains = self._world.tenant.verified_domains
        for suffix, cloud in _CLOUDS.items():
            if any(domain.endswith(suffix) for domain in known(domains)):
                return cloud
        if isinstance(domains, Partial):
            raise Unread(domains.unknown)
        raise Unread(Unknown(ORGANIZATION, "none of its verified domains says which cloud it is in"))


def _near(name: str) -> str:
    return name.lower().partition("://")[2].rstrip("/") or name.lower().rstrip("/")
