"""APIs, and the permissions that they define: by their own objects in the tenant, else by the catalog."""

from __future__ import annotations

from typing import Any

from auditor.entra.catalog import CATALOG, DATE
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.facts import App, Permission, Resource, ServicePrincipal
from auditor.unknown import Unknown, Unread, first_unknown, known

# (permission id, kind) -> permission, and by kind what is not known of them.
_Definitions = tuple[dict[tuple[str, str], Permission], dict[str, Unknown]]


class Apis:
    """Of one world."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._resources: dict[str, Any] = {}
        self._definitions: dict[tuple[str, str, str], Permission | Unknown | None] = {}

    def resource(self, app_id: Any) -> Resource | Unknown | None:
        try:
            return self._resources[app_id]  # type: ignore[no-any-return]
        except KeyError:
            app, principal = self._world.app(app_id), self._world.principal(app_id)
            if app_id == "":  # of a grant whose API has no service principal any more
                self._resources[app_id] = None
            elif app_id in CATALOG.first_party or isinstance(app, App) or isinstance(principal, ServicePrincipal):
                self._resources[app_id] = Resource(app_id, self._world)
            else:
                self._resources[app_id] = first_unknown(app, principal)
            return self._resources[app_id]  # type: ignore[no-any-return]
        except Unread as unread:
            return unread.unknown

    def own_definitions(self, app_id: str) -> _Definitions | None:
        """What a registration or service principal of this scope defines."""

        def build() -> _Definitions | None:
            partly = None
            for one in (self._world.app(app_id), self._world.principal(app_id)):
                if isinstance(one, (App, ServicePrincipal)):
                    found = self._definitions_of(one, app_id)
                    if not found[1]:
                        return found
                    partly = partly or found
            return partly

        return self._world.index("definitions " + app_id, build)  # type: ignore[no-any-return]

    def _definitions_of(self, one: App | ServicePrincipal, app_id: str) -> _Definitions:
        found: dict[tuple[str, str], Permission] = {}
        gaps: dict[str, Unknown] = {}
        for kind, facts in (("delegated", one.scopes), ("application", one.app_roles)):
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
                privilege: Any = fact.value  # of a permission whose name nobody read it is not known either
                if isinstance(fact.value, str):
                    privilege = CATALOG.privileges.get((app_id, fact.value, kind), "unrated")
                found.setdefault((fact.id, kind), Permission(fact.id, fact.value, kind, fact.enabled, admin, privilege))  # type: ignore[arg-type]
        return found, gaps

    def definition(self, app_id: Any, permission_id: Any, kind: Any) -> Permission | Unknown | None:
        """What an API defines under an id and kind: by its own objects here, else by the catalog."""
        try:
            return self._definitions[app_id, permission_id, kind]
        except KeyError:
            found = self._definitions[app_id, permission_id, kind] = self._definition(app_id, permission_id, kind)
            return found
        except Unread as unread:  # one of the three is not known
            return unread.unknown

    def _definition(self, app_id: str, permission_id: str, kind: Any) -> Permission | Unknown | None:
        own = self.own_definitions(app_id)
        if own is not None:
            found, gaps = own
            if (hit := found.get((permission_id, kind))) is not None:
                return hit
            if kind not in gaps:
                return None
        listed = CATALOG.permissions.get((app_id, permission_id, kind))
        if listed is not None:
            return listed
        if own is not None:
            return own[1][kind]
        if app_id == MICROSOFT_GRAPH:
            return None
        resource = self.resource(app_id)
        if resource is None or isinstance(resource, Unknown):
            return resource
        return Unknown("permissions of the API", "neither its registration nor its service principal was given", collection=True)

    def catalog_date(self, app_id: str) -> str | None:
        own = self.own_definitions(app_id)
        return None if own is not None and not own[1] else DATE

    def privilege(self, app_id: Any, value: Any, kind: Any) -> Any:
        for part in (app_id, value, kind):
            if isinstance(part, Unknown):
                return part
        return CATALOG.privileges.get((app_id, value, kind), "unrated")
