"""Look-ups by id over one scope: a registration, a service principal, and what is known of the application behind an id.

A look-up that finds nothing is null where the collection is complete, unknown where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from auditor.entra.catalog import CATALOG
from auditor.entra.collections import APPLICATIONS, SERVICE_PRINCIPALS, Collection
from auditor.facts import App, ServicePrincipal
from auditor.joins.known import Known
from auditor.sources import Document
from auditor.unknown import Unknown, Unread, first_unknown

if TYPE_CHECKING:
    from auditor.facts.world import World as FactsWorld

T = TypeVar("T")
# Key -> what has it, and what the index leaves out: an object whose key nobody read could have any.
Index = tuple[dict[str, T], Unknown | None]


class Lookups:
    def __init__(self) -> None:
        self.apps: list[App] = []
        self.principals: list[ServicePrincipal] = []
        self.known = Known()
        self.borrowed: dict[str, App] = {}  # registrations of other folders that connectors name, by app id
        self.alike: dict[tuple[Any, ...], Any] = {}
        self._made: dict[tuple[str, int], tuple[object, Any]] = {}

    def once(self, what: str, of: object, build: Callable[[], T]) -> T:
        """What is worked out once for an object, such as an index of a list, and not again for each of its elements."""
        key = what, id(of)
        if key not in self._made:
            self._made[key] = of, build()  # the object is kept, so that its id is given to no other
        return cast("T", self._made[key][1])

    @property
    def as_facts_see_it(self) -> FactsWorld:
        """The world, of which facts need not know that whatever it answers may be unknown: `Unread` takes care of that."""
        return cast("FactsWorld", self)

    @cached_property
    def _apps(self) -> Index[App]:
        return index(self.apps, "app_id")

    @cached_property
    def apps_by_id(self) -> Index[App]:
        return index(self.apps, "id")

    @cached_property
    def _principals(self) -> Index[ServicePrincipal]:
        return index(self.principals, "app_id")

    @cached_property
    def principals_by_id(self) -> Index[ServicePrincipal]:
        return index(self.principals, "id")

    def find(self, of: Collection, index: Index[T], key: str) -> T | Unknown | None:
        found, gap = index
        hit = found.get(key)
        if hit is not None:
            return hit
        if self.known.info is not None and key in self.known.ids(of, "absent"):
            return None
        return gap if gap is not None else self.known.first_missing(of)

    def app(self, app_id: str | Unknown) -> App | Unknown | None:
        if isinstance(app_id, Unknown):
            return app_id
        return self.find(APPLICATIONS, self._apps, app_id)

    def app_by_id(self, object_id: str | Unknown) -> App | Unknown | None:
        if isinstance(object_id, Unknown):
            return object_id
        return self.find(APPLICATIONS, self.apps_by_id, object_id)

    def registration(self, app_id: str | Unknown) -> App | Unknown | None:
        """A registration, also one of another folder that a connector names."""
        return self.borrowed.get(app_id) or self.app(app_id) if isinstance(app_id, str) else self.app(app_id)

    def principal(self, app_id: str | Unknown) -> ServicePrincipal | Unknown | None:
        if isinstance(app_id, Unknown):
            return app_id
        return self.find(SERVICE_PRINCIPALS, self._principals, app_id)

    def principal_by_id(self, object_id: str | Unknown | None) -> ServicePrincipal | Unknown | None:
        if not isinstance(object_id, str):
            return object_id
        return self.find(SERVICE_PRINCIPALS, self.principals_by_id, object_id.lower())

    def is_foreign(self, app_id: str | Unknown) -> bool | Unknown:
        """Neither registered in this tenant nor Microsoft's own."""
        if isinstance(app_id, Unknown):
            return app_id
        if app_id in CATALOG.first_party or isinstance(app := self.app(app_id), App):
            return False
        principal = self.principal(app_id)
        if isinstance(principal, ServicePrincipal):
            return principal.foreign
        gap = first_unknown(principal, app)
        return True if gap is None else gap

    def display_name(self, app_id: str | Unknown) -> str:
        """Of a registration or service principal, else in the catalog, else ''."""
        if isinstance(app_id, Unknown):
            raise Unread(app_id)
        found = (self.registration(app_id), self.principal(app_id))
        for one in found:
            if isinstance(one, (App, ServicePrincipal)) and isinstance(one.display_name, str):
                return one.display_name
        name = CATALOG.first_party.get(app_id)
        if name is None and (gap := first_unknown(*found)) is not None:
            raise Unread(gap)
        return name or ""


def index(objects: list[T], attribute: str) -> Index[T]:
    """By an id, in lower case."""
    found: dict[str, T] = {}
    gap = None
    for one in objects:
        value = getattr(one, attribute)
        if isinstance(value, Unknown):
            gap = value
        elif value:
            found.setdefault(value.lower(), one)
    return found, gap


def grouped(documents: Iterable[tuple[Any, Document]], attribute: str) -> Index[list[tuple[Any, Document]]]:
    """All of each id, in lower case."""
    found: dict[str, list[tuple[Any, Document]]] = {}
    gap = None
    for one, document in documents:
        value = getattr(one, attribute)
        if isinstance(value, Unknown):
            gap = value
        elif value:
            found.setdefault(value.lower(), []).append((one, document))
    return found, gap
