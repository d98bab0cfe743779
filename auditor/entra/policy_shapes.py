"""Shapes of policies: first those of which a tenant has one, then those of which it can have many. Microsoft Graph v1.0."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from auditor.entra.role_shapes import DirectoryObject
from auditor.entra.shapes import Shape, Time, absent
from auditor.unknown import Unknown

_N = r"\d{1,9}"
DURATION = rf"^P(?=\d|T\d)({_N}Y)?({_N}M)?({_N}W)?({_N}D)?(T(?=\d)({_N}H)?({_N}M)?({_N}(\.{_N})?S)?)?$"  # ISO 8601: P180D
Duration = Annotated[str, msgspec.Meta(pattern=DURATION)]


class DefaultUserRolePermissions(Shape):
    allowed_to_create_apps: bool | None = absent("defaultUserRolePermissions.allowedToCreateApps")
    permission_grant_policies_assigned: list[str] | None = absent("defaultUserRolePermissions.permissionGrantPoliciesAssigned")


class AuthorizationPolicy(Shape):
    default_user_role_permissions: DefaultUserRolePermissions | None = absent("defaultUserRolePermissions")
    allow_user_consent_for_risky_apps: bool | None = absent("allowUserConsentForRiskyApps")
    block_msol_power_shell: bool | None = absent("blockMsolPowerShell")
    # Beta's name of defaultUserRolePermissions.permissionGrantPoliciesAssigned.
    permission_grant_policy_ids_assigned_to_default_user_role: list[str] | None = absent(
        "permissionGrantPolicyIdsAssignedToDefaultUserRole"
    )


class Reviewer(Shape):
    query: str | None = absent("reviewers.query")


class AdminConsentRequestPolicy(Shape):
    is_enabled: bool | None = absent("isEnabled")
    notify_reviewers: bool | None = absent("notifyReviewers")
    reminders_enabled: bool | None = absent("remindersEnabled")
    request_duration_in_days: int | None = absent("requestDurationInDays")
    reviewers: list[Reviewer] | None = absent("reviewers")


class CredentialRestriction(Shape):
    restriction_type: str | None = absent("restrictionType")
    state: str | None = absent("state")
    max_lifetime: Duration | None = absent("maxLifetime")
    restrict_for_apps_created_after_date_time: Time | None = absent("restrictForAppsCreatedAfterDateTime")


class UriRestriction(Shape):
    state: str | None = absent("state")
    restrict_for_apps_created_after_date_time: Time | None = absent("restrictForAppsCreatedAfterDateTime")


class UriRestrictions(Shape):
    non_default_uri_addition: UriRestriction | None = absent("identifierUris.nonDefaultUriAddition")
    uri_addition_without_unique_tenant_identifier: UriRestriction | None = absent("identifierUris.uriAdditionWithoutUniqueTenantIdentifier")


class Restrictions(Shape):
    password_credentials: list[CredentialRestriction] | None = absent("passwordCredentials")
    key_credentials: list[CredentialRestriction] | None = absent("keyCredentials")


class ApplicationRestrictions(Restrictions):
    identifier_uris: UriRestrictions | None = absent("identifierUris")


class AppManagementPolicy(Shape):
    """The tenant's default one (tenantAppManagementPolicy)."""

    is_enabled: bool | None = absent("isEnabled")
    application_restrictions: ApplicationRestrictions | None = absent("applicationRestrictions")
    service_principal_restrictions: Restrictions | None = absent("servicePrincipalRestrictions")


class OfApplications(Shape):
    identifier_uris: UriRestrictions | None = absent("restrictions.applicationRestrictions.identifierUris")


class CustomRestrictions(Restrictions):
    application_restrictions: OfApplications | None = absent("restrictions.applicationRestrictions")

    @property
    def identifier_uris(self) -> UriRestrictions | Unknown | None:
        """As in the tenant's default policy."""
        of = self.application_restrictions
        return of if of is None or isinstance(of, Unknown) else of.identifier_uris


class CustomAppPolicy(Shape):
    """An app management policy for those that it applies to. `applies_to` is there with $expand only, twenty at most."""

    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    is_enabled: bool | None = absent("isEnabled")
    restrictions: CustomRestrictions | None = absent("restrictions")
    applies_to: list[DirectoryObject] | None = absent("appliesTo")


class ConsentConditionSet(Shape):
    """What a request for consent has to be to fall under a consent policy: all of it."""

    permission_type: str | None = absent("permissionType")
    permission_classification: str | None = absent("permissionClassification")
    permissions: list[str] | None = absent("permissions")
    resource_application: str | None = absent("resourceApplication")
    client_application_ids: list[str] | None = absent("clientApplicationIds")
    client_application_tenant_ids: list[str] | None = absent("clientApplicationTenantIds")
    client_application_publisher_ids: list[str] | None = absent("clientApplicationPublisherIds")
    client_applications_from_verified_publisher_only: bool | None = absent("clientApplicationsFromVerifiedPublisherOnly")


class ConsentPolicy(Shape):
    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    includes: list[ConsentConditionSet] | None = absent("includes")
    excludes: list[ConsentConditionSet] | None = absent("excludes")


class UserConsentRequest(Shape):
    """That one user asked for an application."""

    id: str | None = absent("id")
    status: str | None = absent("status")
    created_date_time: Time | None = absent("createdDateTime")


class PendingScope(Shape):
    display_name: str | None = absent("pendingScopes.displayName")


class ConsentRequest(Shape):
    """An application for which users asked for admin consent. `user_consent_requests` is there with $expand only."""

    id: str | None = absent("id")
    app_id: str | None = absent("appId")
    app_display_name: str | None = absent("appDisplayName")
    pending_scopes: list[PendingScope] | None = absent("pendingScopes")
    user_consent_requests: list[UserConsentRequest] | None = absent("userConsentRequests")


class AccessApplications(Shape):
    include_applications: list[str] | None = absent("conditions.applications.includeApplications")
    exclude_applications: list[str] | None = absent("conditions.applications.excludeApplications")


class AccessClients(Shape):
    """Workload identities."""

    include_service_principals: list[str] | None = absent("conditions.clientApplications.includeServicePrincipals")
    exclude_service_principals: list[str] | None = absent("conditions.clientApplications.excludeServicePrincipals")
    service_principal_filter: dict[str, Any] | None = None  # by custom security attributes


class AccessLocations(Shape):
    include_locations: list[str] | None = absent("conditions.locations.includeLocations")
    exclude_locations: list[str] | None = absent("conditions.locations.excludeLocations")


class AccessConditions(Shape):
    applications: AccessApplications | None = absent("conditions.applications")
    client_applications: AccessClients | None = absent("conditions.clientApplications")
    locations: AccessLocations | None = absent("conditions.locations")
    service_principal_risk_levels: list[str] | None = absent("conditions.servicePrincipalRiskLevels")


class AccessControls(Shape):
    built_in_controls: list[str] | None = absent("grantControls.builtInControls")


class ConditionalAccessPolicy(Shape):
    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    state: str | None = absent("state")
    conditions: AccessConditions | None = absent("conditions")
    grant_controls: AccessControls | None = absent("grantControls")
