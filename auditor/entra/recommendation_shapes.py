"""Shapes of what Microsoft Entra ID recommends. Microsoft Graph beta."""

from __future__ import annotations

from auditor.entra.shapes import Shape, absent


class ImpactedResource(Shape):
    """What a recommendation is about: of an application `subject_id` is the application ID."""

    subject_id: str | None = absent("impactedResources.subjectId")
    status: str | None = absent("impactedResources.status")


class Recommendation(Shape):
    """`impacted_resources` are there with $expand only."""

    id: str | None = absent("id")
    recommendation_type: str | None = absent("recommendationType")
    status: str | None = absent("status")
    impacted_resources: list[ImpactedResource] | None = absent("impactedResources")
