"""Shapes of what Microsoft Entra ID Protection says. Microsoft Graph v1.0."""

from __future__ import annotations

from auditor.entra.shapes import Shape, Time, absent


class RiskyPrincipal(Shape):
    """A service principal that is at risk, or was."""

    id: str | None = absent("id")  # the service principal's
    risk_state: str | None = absent("riskState")
    risk_level: str | None = absent("riskLevel")
    risk_last_updated_date_time: Time | None = absent("riskLastUpdatedDateTime")
