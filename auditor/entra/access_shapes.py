"""Shapes of entitlement management: who can get which access package, and what its catalogs hold. Microsoft Graph v1.0."""

from __future__ import annotations

from typing import Any

from auditor.entra.shapes import Shape, absent


class AccessPackage(Shape):
    display_name: str | None = absent("accessPackage.displayName")


class ApprovalSettings(Shape):
    is_approval_required_for_add: bool | None = absent("requestApprovalSettings.isApprovalRequiredForAdd")


class AssignmentPolicy(Shape):
    """Who can get an access package, and how. `access_package` is there with $expand only."""

    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    allowed_target_scope: str | None = absent("allowedTargetScope")
    automatic_request_settings: Any = None  # where it is there, nobody requests: the service assigns
    request_approval_settings: ApprovalSettings | None = absent("requestApprovalSettings")
    access_package: AccessPackage | None = absent("accessPackage")


class CatalogResource(Shape):
    display_name: str | None = absent("resources.displayName")
    origin_id: str | None = absent("resources.originId")
    origin_system: str | None = absent("resources.originSystem")


class AccessCatalog(Shape):
    """`resources` are there with $expand only."""

    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    resources: list[CatalogResource] | None = absent("resources")
