"""Who shares what: registrations with the same redirect URI, clients of the same API, service principals whose names look the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any, Generic, TypeVar

from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, GRANTS, SERVICE_PRINCIPALS, Collection
from auditor.facts import App, Client, ServicePrincipal
from auditor.facts.lists import is_long
from auditor.facts.names import fold
from auditor.joins.lookups import Lookups
from auditor.unknown import Partial, Unknown, Unread, first_unknown, keep, known, read, whole_or_partial

_AT_MOST = 20  # of a group of which nobody knows all


T = TypeVar("T")
Owned = TypeVar("Owned", App, ServicePrincipal)


class Others(Generic[T]):
    """A group without some of its members: a view, since a thousand registrations may share one redirect URI."""

    __slots__ = ("_group", "_left_out", "_size")

    def __init__(self, group: list[T], left_out: Callable[[T], bool], size: int) -> None:
        self._group, self._left_out, self._size = group, left_out, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        return (one for one in self._group if not self._left_out(one))


_VALUES: dict[str, Callable[[App], Iterable[Any]]] = {
    "redirect URI": lambda app: (uri.value for uri in app.redirect_uris),
    "Application ID URI": lambda app: (uri.value.lower() for uri in app.identifier_uris),
    "certificate": lambda app: (certificate.thumbprint for certificate in app.certificates),
    "federated credential": lambda app: (credential.trust for credential in app.federated_credentials),
    "display name": lambda app: (app.display_name,),
}


class Sharing:
    """Of one world."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups, self._known = lookups, lookups.known
        self._groups: dict[str, tuple[dict[Any, list[App]], Unknown | None, list[App]]] = {}

    # -- registrations with the same value of something

    def others(self, what: str, key: Any, me: App | ServicePrincipal) -> Others[App] | list[App] | Unknown:
        """Other registrations with the same value of something."""
        if isinstance(key, Unknown):
            return key
        if what not in self._groups:
            self._groups[what] = self._grouped(_VALUES[what])
        groups, gap, nobody = self._groups[what]
        group = groups.get(key)
        if group is None:
            return nobody
        if id(me) in self._copies:  # a second copy of a registration stands in no group: its first does
            found: Others[App] | list[App] = [app for app in group if app is not self._copies[id(me)]]
        else:
            found = Others(group, lambda one: one is me, len(group) - 1)
        if gap is None:
            return found
        return Partial(islice(found, _AT_MOST), gap)

    @cached_property
    def _copies(self) -> dict[int, App]:
        """id() of a registration that was read before -> the one that was read first."""
        first: dict[str, App] = {}
        copies: dict[int, App] = {}
        for app in self._lookups.apps:
            identity = next((value for value in (app.id, app.app_id) if value.__class__ is str and value), "")
            if identity and first.setdefault(identity, app) is not app:
                copies[id(app)] = first[identity]
        return copies

    def _grouped(self, values_of: Callable[[App], Iterable[Any]]) -> tuple[dict[Any, list[App]], Unknown | None, list[App]]:
        """Those that share a value, by value; what is not known of others; and what stands for nobody."""
        first: dict[Any, App] = {}
        groups: dict[Any, list[App]] = {}
        gap: Unknown | None = None
        for app in self._lookups.apps:
            if id(app) in self._copies:
                continue
            try:
                for value in values_of(app):
                    if value.__class__ is Unknown:
                        gap = value
                    elif value is not None and value != "" and (other := first.setdefault(value, app)) is not app:
                        group = groups.setdefault(value, [other])
                        if group[-1] is not app:
                            group.append(app)
            except Unread as unread:
                gap = unread.unknown
        if gap is None:
            gap = self._known.first_missing(APPLICATIONS)
        return groups, gap, whole_or_partial([], gap)

    # -- clients of an API

    def clients_of(self, api: App) -> list[Client] | Unknown:
        clients, gap = self._clients
        if isinstance(api.app_id, Unknown):
            return api.app_id
        found = [Client.named(app_id, api, "") for app_id in clients.get(api.app_id, ()) if app_id != api.app_id]
        return whole_or_partial(found, gap)

    @cached_property
    def _clients(self) -> tuple[dict[str, dict[str, None]], Unknown | None]:
        """App id of an API -> app ids of those that request or were granted one of its permissions."""
        found: dict[str, dict[str, None]] = {}
        gap: Unknown | None = None
        for app in self._lookups.apps:
            try:
                for resource in app.requested_resources:
                    found.setdefault(resource.app_id, {})[app.app_id] = None
            except Unread as unread:
                gap = unread.unknown
        if self._known.has(GRANTS) or self._known.has(ASSIGNMENTS):
            for principal in self._lookups.principals:
                try:
                    for grant in principal.granted_permissions:
                        found.setdefault(grant.resource_app_id, {})[principal.app_id] = None
                except Unread as unread:
                    gap = unread.unknown
        if gap is None:
            gap = self._known.first_missing(APPLICATIONS, SERVICE_PRINCIPALS, GRANTS, ASSIGNMENTS)
        return found, gap

    # -- owners

    def owned_apps(self, owner: ServicePrincipal) -> list[App] | Unknown:
        """Registrations of which a service principal is an owner."""
        return self._owned(owner, *self._apps_by_owner)

    def owned_principals(self, owner: ServicePrincipal) -> list[ServicePrincipal] | Unknown:
        return self._owned(owner, *self._principals_by_owner)

    @staticmethod
    def _owned(owner: ServicePrincipal, found: dict[str, list[Owned]], gap: Unknown | None) -> list[Owned] | Unknown:
        return owner.id if isinstance(owner.id, Unknown) else whole_or_partial(found.get(owner.id, []), gap)

    @cached_property
    def _apps_by_owner(self) -> tuple[dict[str, list[App]], Unknown | None]:
        return self._by_owner(self._lookups.apps, APPLICATIONS)

    @cached_property
    def _principals_by_owner(self) -> tuple[dict[str, list[ServicePrincipal]], Unknown | None]:
        return self._by_owner(self._lookups.principals, SERVICE_PRINCIPALS)

    def _by_owner(self, objects: list[Owned], of: Collection) -> tuple[dict[str, list[Owned]], Unknown | None]:
        """Object id of an owner -> what it owns; and why there may be more."""
        found: dict[str, list[Owned]] = {}
        gap = self._known.first_missing(of)
        for one in objects:
            try:
                for owner in one.owners:
                    found.setdefault(read(owner.id), []).append(one)
            except Unread as unread:
                gap = first_unknown(gap, unread.unknown)
        return found, gap

    # -- names

    def lookalikes_of(self, principal: ServicePrincipal) -> Others[ServicePrincipal] | list[ServicePrincipal] | Unknown:
        """Those of another home tenant."""
        if isinstance(principal.display_name, Unknown):
            return principal.display_name
        home: Any = principal.home_tenant_id
        group, gap = self._namesakes(principal.display_name)

        def is_near(one: ServicePrincipal) -> bool:
            return one.home_tenant_id is None or one.home_tenant_id == home  # managed identities have no home

        homes = self._lookups.once("homes", group, lambda: _homes(group) if is_long(group) else None)
        same: Others[ServicePrincipal] | list[ServicePrincipal]
        if homes is None or isinstance(home, Unknown):
            same = keep(group, lambda one: not is_near(one))
        else:
            same = Others(group, is_near, len(group) - homes[None] - (homes[home] if home is not None else 0)) or []
        gap = first_unknown(gap, getattr(same, "unknown", None), self._known.first_missing(SERVICE_PRINCIPALS))
        return same if gap is None else Partial(islice(known(same), _AT_MOST), gap)

    def own_lookalikes_of(self, principal: ServicePrincipal) -> list[ServicePrincipal] | Unknown:
        """Those of this tenant's own applications: the same for all of one name."""
        if isinstance(principal.display_name, Unknown):
            return principal.display_name
        group, gap = self._namesakes(principal.display_name)

        def build() -> list[ServicePrincipal]:
            own = keep(group, lambda one: not one.foreign)
            return whole_or_partial(
                known(own), first_unknown(gap, getattr(own, "unknown", None), self._known.first_missing(SERVICE_PRINCIPALS))
            )

        return self._lookups.once("own lookalikes", group, build)

    def _namesakes(self, display_name: str) -> tuple[list[ServicePrincipal], Unknown | None]:
        """Service principals whose names look like this one, and what is not known of them."""
        groups, gap = self._by_folded_name
        folded = fold(display_name)
        return groups.get(folded, _NOBODY) if folded else _NOBODY, gap

    @cached_property
    def _by_folded_name(self) -> tuple[dict[str, list[ServicePrincipal]], Unknown | None]:
        found: dict[str, list[ServicePrincipal]] = {}
        gap: Unknown | None = None
        for one in self._lookups.principals:
            if isinstance(one.display_name, Unknown):
                gap = one.display_name
            elif one.display_name:
                found.setdefault(fold(one.display_name), []).append(one)
        return found, gap


_NOBODY: list[ServicePrincipal] = []


def _homes(principals: list[ServicePrincipal]) -> Counter[str | None] | None:
    """How many service principals come from each tenant; None where that is not known of one."""
    homes: list[Any] = [one.home_tenant_id for one in principals]
    return None if any(isinstance(home, Unknown) for home in homes) else Counter(homes)
