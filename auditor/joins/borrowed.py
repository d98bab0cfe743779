"""Registrations of other folders, for connectors that name them: an application ID is unique in the world, a folder is not.

What is borrowed is a copy that lives in the connector's world: it says what the registration itself says, and nothing of the tenant
that it was read beside. Where several files hold one registration, what they agree on, and what only one of them knows, is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from auditor.facts import App, Fact
from auditor.unknown import Partial, Unknown, is_unknown, known

if TYPE_CHECKING:
    from auditor.joins.world import World


class Elsewhere:
    """The registrations of all worlds, by app id and by Application ID URI."""

    def __init__(self, worlds: Iterable[World]) -> None:
        self._by_app_id: dict[str, list[tuple[World, App]]] = {}
        self._by_uri: dict[str, set[str]] = {}
        self._by_object_id: dict[str, str] = {}
        for world in worlds:
            for app in world.apps:
                app_id = app.app_id
                if app_id.__class__ is not str or not app_id:
                    continue
                self._by_app_id.setdefault(app_id, []).append((world, app))
                if app.id.__class__ is str:
                    self._by_object_id[app.id] = app_id
                for uri in [] if is_unknown(app.identifier_uris) else known(app.identifier_uris):
                    if uri.value.__class__ is str:
                        self._by_uri.setdefault(uri.value, set()).add(app_id)

    def named(self, name: str) -> str | None:
        """App id of the one registration with a name: its app id, its object ID (by mistake), one of its Application ID URIs."""
        if name.lower() in self._by_app_id:
            return name.lower()
        if name.lower() in self._by_object_id:
            return self._by_object_id[name.lower()]
        app_ids = self._by_uri.get(name, set())
        return next(iter(app_ids)) if len(app_ids) == 1 else None

    def of(self, app_id: str, here: World) -> tuple[list[World], App] | None:
        """A registration that other worlds have, as a world that lacks it may use it, and the worlds that have it."""
        tenant = here.tenant.id
        found = []
        for world, app in self._by_app_id.get(app_id, ()):
            other = world.tenant.id
            differ = tenant.__class__ is str and other.__class__ is str and tenant != other
            if world is not here and not differ:
                found.append((world, app))
        if not found:
            return None
        found.sort(key=lambda one: (one[1].document.file.name, one[1].document.start))
        copy: App = _copy(found[0][1], here)
        for _, app in found[1:]:
            where = f"{copy.document.file.name} and {app.document.file.name} differ"
            _merge(copy, app, where, copy)
        return [world for world, _ in found], copy


def _slots(fact: Fact) -> Iterable[str]:
    """What a fact holds of its document, and not what is worked out."""
    return (name for base in type(fact).__mro__ for name in base.__dict__.get("__slots__", ()) if name not in type(fact).COMPUTED)


def _copy(fact: Any, owner: Any) -> Any:
    copy = object.__new__(type(fact))
    for name in _slots(fact):
        try:
            value = object.__getattribute__(fact, name)
        except AttributeError:
            continue
        setattr(copy, name, owner if name in ("owner", "world") else _parts(value, copy))
    return copy


def _parts(value: Any, owner: Any) -> Any:
    """Facts of a list are parts of their owner, and move with it."""
    if isinstance(value, list):
        parts = [_copy(one, owner) if isinstance(one, Fact) else one for one in known(value)]
        return Partial(parts, value.unknown) if isinstance(value, Partial) else parts
    return value


def _merge(one: Any, other: Any, differ: str, owner: Any) -> None:
    """Adds to a fact what another file knows of it; of what the two differ in, nothing is known."""
    for name in type(one).DECLARED:
        if name in type(one).COMPUTED:
            continue
        mine, its = getattr(one, name), getattr(other, name)
        if its.__class__ is Unknown:
            continue
        reading = type(one).READINGS.get(name)
        unknown = Unknown(reading.path.rpartition("/")[2] if reading is not None else name, differ)
        if mine.__class__ is Unknown:
            setattr(one, name, _parts(its, owner))
        elif isinstance(mine, list):
            if not _merge_lists(mine, its, differ, one):
                setattr(one, name, unknown)
        elif mine != its:
            setattr(one, name, unknown)


def _merge_lists(mine: list[Any], its: list[Any], differ: str, owner: Any) -> bool:
    """Whether two lists hold the same, in any order; what is only known of one of two equal elements is then known."""
    if isinstance(mine, Partial) or isinstance(its, Partial) or len(mine) != len(its):
        return False
    if not all(isinstance(one, Fact) for one in (*mine, *its)):
        return sorted(map(repr, mine)) == sorted(map(repr, its))
    others = {one.key: one for one in its}
    if len(others) != len(its) or others.keys() != {one.key for one in mine}:
        return False
    for one in mine:
        _merge(one, others[one.key], differ, one)
    return True
