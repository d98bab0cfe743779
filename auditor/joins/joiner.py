"""Documents -> worlds: which document belongs to which, and notes on what was read twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from auditor.display import placed
from auditor.entra.collections import BESIDE, CONNECTORS, IMPORTED, IMPORTED_KINDS
from auditor.facts import App, ServicePrincipal
from auditor.joins.borrowed import Elsewhere
from auditor.joins.variables import fill_in, is_variable, variables
from auditor.joins.world import ONE_EACH, World
from auditor.sources import Document, Documents, Listing, Note

NOT_IN_TENANT = {*(of.kind for of in BESIDE), *IMPORTED_KINDS}


class Joiner:
    """Makes worlds of documents as they come, one for each scope."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._worlds: dict[str, World] = {}
        self._beside: list[Document] = []
        self._variables: list[Document] = []

    def _world(self, scope: str) -> World:
        if scope not in self._worlds:
            self._worlds[scope] = World(scope, self._now)
        return self._worlds[scope]

    def add(self, document: Document) -> None:
        if is_variable(document):
            self._variables.append(document)
        elif document.kind in NOT_IN_TENANT:
            self._beside.append(document)
        else:
            self._world(document.file.scope).add(document)

    def worlds(self, documents: Documents) -> list[World]:
        """All worlds, joined, in the order of their scopes."""
        listings: dict[str, list[Listing]] = {}
        for scope in documents.tenants:
            self._world(scope)
        for listing in documents.listings:
            if listing.kind not in NOT_IN_TENANT:
                listings.setdefault(self._world(listing.scope).scope, []).append(listing)
        # A folder that holds nothing of a tenant, but connectors or files of other services, belongs to the tenant, where only one was
        # given.
        tenants = sorted(self._worlds)

        def beside(scope: str) -> World:
            return self._world(tenants[0] if len(tenants) == 1 and scope not in tenants else scope)

        for listing in documents.listings:
            if listing.kind in IMPORTED_KINDS:
                listings.setdefault(beside(listing.scope).scope, []).append(listing)
        values = variables(self._variables)
        for document in self._beside:
            if values and document.kind == CONNECTORS.kind:
                fill_in(document.data, values)
            beside(document.file.scope).add(document)
        found = [self._worlds[scope] for scope in sorted(self._worlds)]
        for world in found:
            world.join(listings.get(world.scope, []), whole=world.scope in documents.whole, info=documents.tenants.get(world.scope))
        if len(found) > 1 and any(world.connectors for world in found):
            elsewhere = Elsewhere(found)
            for world in found:
                world.borrow(elsewhere)
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
    for of in ONE_EACH:
        documents = [document for _, document in world.documents[of]]
        for again in documents[1:]:
            where = placed(documents[0].file.name, documents[0].line)
            notes.append(Note(f"the {of.kind} was already read from {where}; only that is judged", again.file.name, again.line, 1))
    for facts, name in ((world.apps, "app registration"), (world.principals, "service principal")):
        notes += _twice(facts, name)
    return notes + _of_no_tenant(world)


def _of_no_tenant(world: World) -> list[Note]:
    """Files of other services that say something of a tenant of which nothing is beside them."""
    if world.apps or world.principals:
        return []
    files = {document.file.name for of in IMPORTED for _, document in world.documents[of]}
    return [Note("not used: nothing of a tenant is in the input beside it; put it into the folder of its tenant", name) for name in files]


def _twice(facts: list[App] | list[ServicePrincipal], name: str) -> list[Note]:
    notes = []
    seen: dict[str, App | ServicePrincipal] = {}
    for one in facts:
        identity = next((value for value in (one.id, one.app_id) if value.__class__ is str and value), "")
        if identity and (first := seen.setdefault(identity, one)) is not one:
            where = placed(first.document.file.name, first.document.line)
            message = f"the {name} {identity} was already read from {where}; both are judged"
            notes.append(Note(message, one.document.file.name, one.document.line, 1))
    return notes
