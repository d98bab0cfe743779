"""Attributes of the azuread provider's resources and Microsoft Graph's names of the same, by the provider's documentation."""

from __future__ import annotations

APPLICATION = {
    "display_name": "displayName", "sign_in_audience": "signInAudience", "description": "description", "notes": "notes",
    "identifier_uris": "identifierUris", "tags": "tags", "fallback_public_client_enabled": "isFallbackPublicClient",
    "device_only_auth_enabled": "isDeviceOnlyAuthSupported", "oauth2_post_response_required": "oauth2RequirePostResponse",
    "service_management_reference": "serviceManagementReference", "publisher_domain": "publisherDomain",
    "template_id": "applicationTemplateId",
    "disabled_by_microsoft": "disabledByMicrosoftStatus", "native_authentication_apis_enabled": "nativeAuthenticationApisEnabled",
    "marketing_url": "info/marketingUrl", "privacy_statement_url": "info/privacyStatementUrl", "support_url": "info/supportUrl",
    "terms_of_service_url": "info/termsOfServiceUrl", "logo_url": "info/logoUrl",
}  # fmt: skip
REGISTRATION = {
    "homepage_url": "web/homePageUrl", "logout_url": "web/logoutUrl", "requested_access_token_version": "api/requestedAccessTokenVersion",
    "implicit_access_token_issuance_enabled": "web/implicitGrantSettings/enableAccessTokenIssuance",
    "implicit_id_token_issuance_enabled": "web/implicitGrantSettings/enableIdTokenIssuance",
}  # fmt: skip
PRINCIPAL = {
    "display_name": "displayName", "account_enabled": "accountEnabled", "app_role_assignment_required": "appRoleAssignmentRequired",
    "application_tenant_id": "appOwnerOrganizationId", "type": "servicePrincipalType", "redirect_uris": "replyUrls",
    "service_principal_names": "servicePrincipalNames", "preferred_single_sign_on_mode": "preferredSingleSignOnMode",
    "notification_email_addresses": "notificationEmailAddresses", "tags": "tags", "notes": "notes", "description": "description",
    "homepage_url": "homepage", "login_url": "loginUrl", "logout_url": "logoutUrl", "sign_in_audience": "signInAudience",
    "alternative_names": "alternativeNames",
}  # fmt: skip
PLATFORMS = {"web": "web", "single_page_application": "spa", "public_client": "publicClient"}
PLATFORM_OF = {"web": "web", "spa": "spa", "publicclient": "publicClient"}  # azuread_application_redirect_uris.type
ROLE = {
    "id": "id", "role_id": "id", "value": "value", "display_name": "displayName", "description": "description", "enabled": "isEnabled",
    "allowed_member_types": "allowedMemberTypes",
}  # fmt: skip
SCOPE = {
    "id": "id", "scope_id": "id", "value": "value", "type": "type", "enabled": "isEnabled", "is_enabled": "isEnabled",
    "admin_consent_description": "adminConsentDescription", "admin_consent_display_name": "adminConsentDisplayName",
    "user_consent_description": "userConsentDescription", "user_consent_display_name": "userConsentDisplayName",
}  # fmt: skip
CLAIM = {"name": "name", "source": "source", "essential": "essential", "additional_properties": "additionalProperties"}
ACCESS = {"id": "id", "type": "type"}
SECRET = {
    "key_id": "keyId", "display_name": "displayName", "start_date": "startDateTime", "end_date": "endDateTime", "value": "secretText",
}  # fmt: skip
CERTIFICATE = {
    "key_id": "keyId", "display_name": "displayName", "start_date": "startDateTime", "end_date": "endDateTime", "type": "type",
    "thumbprint": "customKeyIdentifier",
}  # fmt: skip
TRUST = {
    "credential_id": "id", "display_name": "name", "description": "description", "issuer": "issuer", "subject": "subject",
    "audiences": "audiences",
}  # fmt: skip
ASSIGNMENT = {"app_role_id": "appRoleId", "principal_object_id": "principalId", "resource_object_id": "resourceId"}
GRANT = {
    "id": "id",
    "service_principal_object_id": "clientId",
    "resource_service_principal_object_id": "resourceId",
    "user_object_id": "principalId",
}
