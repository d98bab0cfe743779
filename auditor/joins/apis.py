"""APIs, and the permissions that they define: by their own objects in the tenant, else by the catalog."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from msgspec.structs import astuple

from auditor.entra.catalog import CATALOG, DATE, Definition, Kind
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.facts import App, Client, Permission, Resource, ServicePrincipal
from auditor.joins.known import RESOURCE
from auditor.joins.lookups import Lookups
from auditor.unknown import Partial, Unknown, Unread, first_unknown, known, read, some, whole_or_partial

# (permission id, kind) -> permission, and by kind what is not known of them.
_Definitions = tuple[dict[tuple[str, str], Permission], dict[str, Unknown]]


class Apis:
    """Of one world."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._resources: dict[str, Resource | Unknown | None] = {}
        self._dates: dict[str, str | None] = {}
        self._own: dict[str, _Definitions | None] = {}
        self._named: dict[str, tuple[dict[tuple[str, str], Permission], dict[str, Unknown]]] = {}
        self._definitions: dict[tuple[str, str, str], Permission | Unknown | None] = {}
        self._listed: dict[tuple[str, str, str], Permission] = {}
        self._preauthorized: dict[App, _Preauthorized] = {}

    def resource(self, app_id: str | Unknown) -> Resource | Unknown | None:
        if isinstance(app_id, Unknown):
            return app_id
        if app_id not in self._resources:
            self._resources[app_id] = self._resource(app_id)
        return self._resources[app_id]

    def _resource(self, app_id: str) -> Resource | Unknown | None:
        if app_id == "":  # of a grant whose API has no service principal any more
            return None
        app, principal = self._lookups.registration(app_id), self._lookups.principal(app_id)
        if app_id in CATALOG.first_party or isinstance(app, App) or isinstance(principal, ServicePrincipal):
            return Resource(app_id, self._lookups.as_facts_see_it)
        return first_unknown(app, principal)

    # -- permissions

    def own_definitions(self, app_id: str) -> _Definitions | None:
        """What a registration or service principal of this scope defines."""
        if app_id not in self._own:
            self._own[app_id] = self._own_definitions(app_id)
        return self._own[app_id]

    def _own_definitions(self, app_id: str) -> _Definitions | None:
        partly = None
        for one in (self._lookups.registration(app_id), self._lookups.principal(app_id)):
            if isinstance(one, (App, ServicePrincipal)):
                found = self._definitions_of(one, app_id)
                if not found[1]:
                    return found
                partly = partly or found
        return partly

    def _definitions_of(self, one: App | ServicePrincipal, app_id: str) -> _Definitions:
        found: dict[tuple[str, str], Permission] = {}
        gaps: dict[str, Unknown] = {}
        exposed: tuple[tuple[Kind, Any], ...] = (("delegated", one.scopes), ("application", one.app_roles))
        for kind, facts in exposed:
            if isinstance(facts, Unknown):
                gaps[kind] = facts
                continue
            for fact in known(facts):
                if isinstance(fact.id, Unknown):
                    gaps[kind] = fact.id
                    continue
                admin: Any = (
                    True if kind == "application" else fact.consent if isinstance(fact.consent, Unknown) else fact.consent == "Admin"
                )
                privilege: Any = self.privilege(app_id, fact.value, kind)  # of a permission whose name nobody read it is not known either
                reach = self.reach(app_id, fact.value, kind)
                found.setdefault((fact.id, kind), Permission(fact.id, fact.value, kind, fact.enabled, admin, privilege, reach))
        return found, gaps

    def definition(self, app_id: str | Unknown, permission_id: str | Unknown | None, kind: str | Unknown) -> Permission | Unknown | None:
        """What an API defines under an id and kind: by its own objects here, else by the catalog."""
        key: Any = app_id, permission_id, kind
        try:
            return self._definitions[key]
        except KeyError:
            found = self._definitions[key] = self._definition(*key)
            return found
        except Unread as unread:  # one of the three is not known
            return unread.unknown

    def described(self, app_id: str | Unknown, permission_id: str | Unknown | None, kind: str | Unknown) -> Permission | Unknown | None:
        """What an API defines; where it is not known whether it does, what the catalog says of the permission."""
        found = self.definition(app_id, permission_id, kind)
        key: Any = app_id, permission_id, kind
        if isinstance(found, Unknown) and first_unknown(*key) is None and (listed := CATALOG.permission(*key)) is not None:
            return self._of_catalog(key[0], listed)
        return found

    def _definition(self, app_id: str, permission_id: str, kind: str) -> Permission | Unknown | None:
        own = self.own_definitions(app_id)
        listed = CATALOG.permission(app_id, permission_id, kind)
        if own is not None:
            found, gaps = own
            if (hit := found.get((permission_id, kind))) is not None:
                return hit
            if kind not in gaps:
                return None if listed is None or self._lookups.known.vouched_for else _in_part(listed)
        if listed is not None:
            return self._of_catalog(app_id, listed)
        if own is not None:
            return own[1][kind]
        if app_id == MICROSOFT_GRAPH:
            return None
        resource = self.resource(app_id)
        if resource is None or isinstance(resource, Unknown):
            return resource
        return _undefined()

    def _of_catalog(self, app_id: str, listed: Definition) -> Permission:
        key = app_id, listed.id, listed.kind
        if key not in self._listed:
            self._listed[key] = Permission(*astuple(listed))
        return self._listed[key]

    def named(self, app_id: str | Unknown, value: str, kind: str) -> Permission | Unknown | None:
        """What an API defines under a name and kind."""
        app_id = str(read(app_id))
        own, listed = self.own_definitions(app_id), CATALOG.permission_named(app_id, value, kind)
        if own is not None:
            named, unnamed = self._names_of(app_id, own[0])
            if (hit := named.get((value, kind))) is not None:
                return hit
            gap = own[1].get(kind, unnamed.get(kind))
            if gap is None:
                return None if listed is None or self._lookups.known.vouched_for else _in_part(listed)
        else:
            gap = _undefined()
        return gap if listed is None else self._of_catalog(app_id, listed)

    def _names_of(
        self, app_id: str, definitions: dict[tuple[str, str], Permission]
    ) -> tuple[dict[tuple[str, str], Permission], dict[str, Unknown]]:
        """The permissions of an API by name and kind; and by kind that of one a name is not known."""
        if app_id not in self._named:
            named: dict[tuple[str, str], Permission] = {}
            unnamed: dict[str, Unknown] = {}
            for (_, kind), permission in definitions.items():
                if isinstance(permission.value, Unknown):
                    unnamed[kind] = permission.value
                else:
                    named.setdefault((permission.value, kind), permission)
            self._named[app_id] = named, unnamed
        return self._named[app_id]

    # -- preauthorization

    def preauthorized(self, client_id: str, resource: Resource, permission: Permission | None) -> bool:
        """Whether an API preauthorizes a client, for one permission or for any. Raises Unread where that is not known."""
        app = resource.app
        if resource.first_party and not isinstance(app, App):
            return False  # what Microsoft preauthorizes is its own
        if app is None:
            raise Unread(Unknown(RESOURCE, "it is in another tenant"))
        api: App = read(app)

        def covers(permission_ids: list[str]) -> bool:
            if permission is not None:
                return some(permission_ids, lambda id_: id_ == permission.id)
            return some(api.scopes, lambda scope: scope.enabled and some(permission_ids, lambda id_: id_ == scope.id))

        these = self._preauthorized_clients(api).of(client_id)
        return some(these, lambda client: client.app_id == client_id and covers(client.permission_ids))

    def _preauthorized_clients(self, api: App) -> _Preauthorized:
        if api not in self._preauthorized:
            self._preauthorized[api] = _Preauthorized(api)
        return self._preauthorized[api]

    def catalog_date(self, app_id: str) -> str | None:
        if app_id not in self._dates:
            own = self.own_definitions(app_id)
            self._dates[app_id] = None if own is not None and not own[1] and self._lists_all(app_id, own[0]) else DATE
        return self._dates[app_id]

    def _lists_all(self, app_id: str, listed: dict[tuple[str, str], Permission]) -> bool:
        """Whether an API's own list has all that the catalog knows of it, or comes from a source that vouches for it."""
        if self._lookups.known.vouched_for:
            return True
        return all((id_, kind) in listed for resource, id_, kind in CATALOG.permissions if resource == app_id)

    def privilege(self, app_id: str | Unknown, value: str | Unknown, kind: str) -> str | Unknown:
        gap = first_unknown(app_id, value, kind)
        key: Any = app_id, value, kind
        return CATALOG.privileges.get(key, "unrated") if gap is None else gap

    def reach(self, app_id: str | Unknown, value: str | Unknown, kind: str) -> str | Unknown:
        gap = first_unknown(app_id, value, kind)
        key: Any = app_id, value, kind
        return CATALOG.reaches.get(key, "") if gap is None else gap


class _Preauthorized:
    """Which of an API's preauthorized clients may be one with an app id, in their order."""

    def __init__(self, api: App) -> None:
        self._all = api.preauthorized_clients
        self._by_app_id: dict[str, list[tuple[int, Client]]] = {}
        self._unnamed: list[tuple[int, Client]] = []
        self._missing = self._all.unknown if isinstance(self._all, Partial) else None
        for place in enumerate(known(self._all)):
            app_id = place[1].app_id
            (self._unnamed if isinstance(app_id, Unknown) else self._by_app_id.setdefault(app_id, [])).append(place)

    def of(self, app_id: str | Unknown) -> list[Client]:
        if isinstance(app_id, Unknown):
            return self._all
        found = self._by_app_id.get(app_id, [])
        if self._unnamed:
            found = sorted([*found, *self._unnamed], key=itemgetter(0))
        return whole_or_partial([client for _, client in found], self._missing)


def _in_part(listed: Definition) -> Unknown:
    """Of a permission that the catalog has, and an object of its API in a file does not list: that may be a part (`$select`, `--query`)."""
    return Unknown("permissions of the API", f"the list in the input has no {listed.value}, which the catalog knows", collection=True)


def _undefined() -> Unknown:
    return Unknown("permissions of the API", "neither its registration nor its service principal is in the input", collection=True)
