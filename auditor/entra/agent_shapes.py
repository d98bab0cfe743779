"""Shapes of agent identities and their sponsors, as their own lists give them. Microsoft Graph v1.0."""

from __future__ import annotations

from auditor.entra.shapes import Shape, absent


class Sponsor(Shape):
    """A user or group that is accountable for agents."""

    id: str | None = absent("id")


class AgentIdentity(Shape):
    """What the list of service principals does not say of one. `sponsors` are there with $expand only."""

    id: str | None = absent("id")
    agent_identity_blueprint_id: str | None = absent("agentIdentityBlueprintId")
    sponsors: list[Sponsor] | None = absent("sponsors")
