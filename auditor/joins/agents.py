"""Agent identities: the blueprint that each was made from, and who is accountable for them.

The list of service principals has neither, so Microsoft Graph is asked for a list of agent identities alone. A file that was written
with all properties has them in the service principal itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from auditor.entra.agent_shapes import AgentIdentity
from auditor.entra.collections import AGENTS, BLUEPRINT_SPONSORS, SERVICE_PRINCIPALS, Collection
from auditor.facts import App, ServicePrincipal
from auditor.joins.lookups import Index, Lookups
from auditor.sources import Document
from auditor.unknown import Partial, Unknown, Unread, first_unknown, known, whole_or_partial


class Agents:
    """Of one world."""

    def __init__(self, lookups: Lookups, documents: Mapping[Collection, list[tuple[Any, Document]]]) -> None:
        self._lookups, self._known = lookups, lookups.known
        self._rows, self._sponsors = documents[AGENTS], documents[BLUEPRINT_SPONSORS]

    def blueprint_id(self, agent: ServicePrincipal) -> str | Unknown:
        stated = agent.stated_blueprint
        if isinstance(stated, Unknown):
            row = self._row(agent)
            stated = row.agent_identity_blueprint_id if isinstance(row, AgentIdentity) else row
        return stated if isinstance(stated, Unknown) else (stated or "").lower()

    def sponsors(self, agent: ServicePrincipal) -> list[str] | Unknown:
        stated = agent.stated_sponsors
        if isinstance(stated, Unknown):
            row = self._row(agent)
            stated = row.sponsors if isinstance(row, AgentIdentity) else row
        return stated if isinstance(stated, Unknown) else ids_of(stated)

    def blueprint_sponsors(self, app: App) -> list[str] | Unknown:
        if not self._known.has(BLUEPRINT_SPONSORS):
            return self._known.missing(BLUEPRINT_SPONSORS)
        if isinstance(app.id, Unknown):
            return app.id
        found = [row.id for row, document in self._sponsors if document.parent == app.id]
        return whole_or_partial(
            found, None if self._known.has_all_of(app.id, BLUEPRINT_SPONSORS) else self._known.missing(BLUEPRINT_SPONSORS)
        )

    def made_from(self, blueprint: App) -> list[ServicePrincipal] | Unknown:
        """The agent identities of a blueprint."""
        if isinstance(blueprint.app_id, Unknown):
            return blueprint.app_id
        agents, gap = self._by_blueprint
        return whole_or_partial(agents.get(blueprint.app_id, []), gap)

    def _row(self, agent: ServicePrincipal) -> AgentIdentity | Unknown:
        if isinstance(agent.id, Unknown):
            return agent.id
        # One that was made since the list of agent identities was read is missing in it.
        return self._lookups.find(AGENTS, self._by_id, agent.id) or self._known.missing(AGENTS)

    @cached_property
    def _by_id(self) -> Index[AgentIdentity]:
        return {row.id.lower(): row for row, _ in self._rows if isinstance(row.id, str)}, None

    @cached_property
    def _by_blueprint(self) -> tuple[dict[str, list[ServicePrincipal]], Unknown | None]:
        found: dict[str, list[ServicePrincipal]] = {}
        gap = self._known.first_missing(SERVICE_PRINCIPALS)
        for one in self._lookups.principals:
            try:
                if one.agent:
                    found.setdefault(str(one.blueprint_id), []).append(one)
            except Unread as unread:
                gap = first_unknown(gap, unread.unknown)
        return found, gap


def ids_of(sponsors: Any) -> list[str]:
    """Object IDs of those whom Microsoft Graph gave for $expand."""
    gap = sponsors.unknown if isinstance(sponsors, Partial) else None
    return whole_or_partial([one.id.lower() if one.id.__class__ is str else one.id for one in known(sponsors or [])], gap)
