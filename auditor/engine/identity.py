"""What a finding is known by over runs (`regaudit/v2`): the page, the object, and the natural key of what is judged there.

Never the message, the order of objects or the line: they change while the fault stays. An object with an ID is known by the ID, which is
unique in all tenants. Any other is known by something that another object may come to have: such an identity is weak, and marked so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from auditor.digest import sha256
from auditor.entra.ids import NIL
from auditor.facts import App, Connector, Fact, ServicePrincipal, Tenant
from auditor.files import STDIN_NAME
from auditor.joins.world import World

KINDS: dict[type, str] = {App: "application", ServicePrincipal: "servicePrincipal", Connector: "connector", Tenant: "tenant"}


class Identity(Struct, frozen=True):
    """`parts` say which object it is; `is_weak`: another object may come to have the same."""

    parts: tuple[str, ...]
    is_weak: bool = False


def fingerprint(rule: str, root: Identity, *key: str) -> str:
    """The ID of a finding: of a page's identity, a root, and the key of what the page judges there."""
    text = ascii(("regaudit/v2", rule, root.parts, key))  # quotes and escapes: no value can pass for two
    digest: str = sha256(text.encode()).hexdigest()
    return digest[:32]


# -- what a page judges within a root


def subject_key(root: Any, subject: Any) -> str:
    """The key of a subject among those of its root; '' for the root itself."""
    return "" if subject is root else subject.key if isinstance(subject, Fact) else str(subject)


def key_of(root: Any, subject: Any) -> tuple[str, bool]:
    """The key of a subject, and whether it says no more than where the subject is in its list."""
    if subject is root or not isinstance(subject, Fact):
        return subject_key(root, subject), False
    return (subject.at, True) if (key := subject.natural_key) is None else (key, False)


def numbered(key: str, twins: Counter[str]) -> str:
    """A key that no other subject of the root has: the second of one key gets a number. `twins` counts those before."""
    twins[key] += 1
    return key if twins[key] == 1 else f"{key}#{twins[key]}"


# -- roots


def with_id(root: Any) -> Identity | None:
    """The identity of a root that has an ID; None for any other.

    The tenant is not part of it: an app ID, and a service principal's object ID, is of one tenant only.
    """
    kind = KINDS[type(root)]
    if kind == "application":
        return _by(root, kind, "app_id") or _by(root, kind, "id")
    if kind == "servicePrincipal":
        # Each tenant has a service principal of the same application.
        return _by(root, kind, "id") or _by(root, kind, "app_id", is_weak=True)
    return _by(root, kind, "id") if kind == "tenant" else None


def _by(root: Any, kind: str, name: str, *, is_weak: bool = False) -> Identity | None:
    value = getattr(root, name)
    return Identity((kind, name, value), is_weak) if value.__class__ is str and value not in ("", NIL) else None


def without_id(worlds: Iterable[World]) -> Iterator[tuple[Any, Identity]]:
    """The roots of all input that have no ID of their own, each with its identity: the first of its names that no other root has."""
    worlds = list(worlds)
    paths = Paths()
    found = [(root, paths.of_root(root)) for world in worlds for root in roots_of(world) if with_id(root) is None]
    sign_ins = Counter((path, value) for root, path in found if isinstance(root, Connector) for value in _text(root.id))
    nameless: list[tuple[Any, list[tuple[str, ...]]]] = []
    for root, path in found:
        if isinstance(root, Connector) and (value := root.id).__class__ is str and value:
            # A connector is one file, and has an ID; of several sign-ins in it the place tells which.
            yield root, Identity(("connector", "id", value, *([root.document.pointer] if sign_ins[path, value] > 1 else [])))
        else:
            nameless.append((root, _names(root, path)))
    taken = Counter(name for _, names in nameless for name in names)
    kinds = {type(root) for root, _ in nameless}
    others = (root for world in worlds for root in roots_of(world) if type(root) in kinds and with_id(root) is not None)
    taken.update(name for root in others for name in _by_display_name(root))
    for root, names in nameless:
        yield root, Identity(next((name for name in names if taken[name] == 1), names[-1]), is_weak=True)


def by_place(root: Any) -> Identity:
    """The identity of a root without an ID, where it is not known what else there is."""
    return Identity(_names(root, Paths().of_root(root))[-1], is_weak=True)


def roots_of(world: World) -> Iterator[Any]:
    """All objects of a world that findings can be of."""
    yield from world.apps
    yield from world.principals
    yield from world.connectors
    if world.tenant.document is not None:
        yield world.tenant


def _names(root: Any, path: str) -> list[tuple[str, ...]]:
    """What may name a root without an ID, the best first; the last is where it is."""
    kind, document = KINDS[type(root)], root.document
    if document.identity:
        found = [(kind, "address", document.identity), (kind, "address", document.identity, path)]
    else:
        found = _by_display_name(root)
    return [*found, (kind, "place", path, document.pointer)]


def _by_display_name(root: Any) -> list[tuple[str, ...]]:
    if isinstance(root, Tenant):
        return []
    more = [root.kind] if isinstance(root, Connector) else []  # a sample's client and its API may share a title
    return [(KINDS[type(root)], "name", *more, name) for name in _text(root.display_name)]


def _text(value: Any) -> list[str]:
    """A text that is known and not empty, else nothing."""
    return [value] if value.__class__ is str and value else []


class Paths:
    """Paths of files, whatever these are called on the command line: below the repository's folder, else the working directory."""

    def __init__(self) -> None:
        self._here = os.path.realpath(os.curdir)
        self._tops: dict[str, str] = {}  # folder -> the folder at or above it that has .git; "" where none has

    def of_root(self, root: Any) -> str:
        file = root.document.file
        return file.name if file.is_tenant else self.of(file.name)

    def of(self, name: str) -> str:
        if name == STDIN_NAME:
            return name
        try:
            path = os.path.realpath(name)
        except ValueError:  # a NUL, in the name that standard input was given
            return name
        for top in (self._repository(os.path.dirname(path)), self._here):
            if top and path.startswith(top.rstrip(os.sep) + os.sep):
                return PurePath(path[len(top) :].lstrip(os.sep)).as_posix()
        return PurePath(path).as_posix()

    def _repository(self, folder: str) -> str:
        below = []
        while folder not in self._tops:
            below.append(folder)
            above = os.path.dirname(folder)
            if os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118  (a file in a worktree)
                self._tops[folder] = folder
            elif above == folder:
                self._tops[folder] = ""
            else:
                folder = above
                continue
            break
        top = self._tops[folder]
        self._tops.update(dict.fromkeys(below, top))
        return top
