"""Microsoft Graph's shapes, decoded straight from bytes. An absent property is an `Unknown` that bears its name.

Only what facts read is declared; the rest of an object is skipped while decoding. Secret material (`secretText`, `key`) is never
held: of it there is only what it looks like (`Concealed`). Source of the shapes: Microsoft Graph v1.0 metadata, and beta where a
comment says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from auditor.unknown import Unknown

Time = Annotated[datetime, msgspec.Meta(tz=True)]
_N = r"\d{1,9}"
DURATION = rf"^P(?=\d|T\d)({_N}Y)?({_N}M)?({_N}W)?({_N}D)?(T(?=\d)({_N}H)?({_N}M)?({_N}(\.{_N})?S)?)?$"  # ISO 8601: P180D
Duration = Annotated[str, msgspec.Meta(pattern=DURATION)]


Audience = Literal["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"]
TokenVersion = Literal[1, 2]
PermissionType = Literal["Scope", "Role"]
ConsentLevel = Literal["User", "Admin"]
ConsentType = Literal["AllPrincipals", "Principal"]
# Property -> its values, or by the list that it stands in. Another value is unknown, never a default.
ENUMERATIONS: dict[str, tuple[Any, ...] | dict[str, tuple[Any, ...]]] = {
    "signInAudience": get_args(Audience),
    "requestedAccessTokenVersion": get_args(TokenVersion),
    "consentType": get_args(ConsentType),
    "type": {"resourceAccess": get_args(PermissionType), "oauth2PermissionScopes": get_args(ConsentLevel)},
}


def absent(name: str) -> Any:
    return Unknown(name, "absent from the document")


class Concealed:
    """Secret material: what it looks like, "none", "placeholder" or "value"; whoever decodes it lets the material go."""

    __slots__ = ("form",)

    def __init__(self, form: str) -> None:
        self.form = form


class Shape(msgspec.Struct, rename="camel", gc=False):
    """Base: Python names in snake_case, documents in camelCase."""


class PasswordCredential(Shape):
    key_id: str | None = absent("passwordCredentials.keyId")
    display_name: str | None = absent("passwordCredentials.displayName")
    start_date_time: Time | None = absent("passwordCredentials.startDateTime")
    end_date_time: Time | None = absent("passwordCredentials.endDateTime")
    custom_key_identifier: str | None = None
    secret_text: Concealed | None = None  # Microsoft Graph gives it once, when it makes the secret: in a file somebody saved it


class KeyCredential(Shape):
    key_id: str | None = absent("keyCredentials.keyId")
    display_name: str | None = absent("keyCredentials.displayName")
    start_date_time: Time | None = absent("keyCredentials.startDateTime")
    end_date_time: Time | None = absent("keyCredentials.endDateTime")
    type: str | None = absent("keyCredentials.type")
    usage: str | None = absent("keyCredentials.usage")
    custom_key_identifier: str | None = absent("keyCredentials.customKeyIdentifier")
    key: Concealed | None = None  # of a certificate its public part, unless its type says otherwise


class PermissionScope(Shape):
    id: str | None = absent("oauth2PermissionScopes.id")
    value: str | None = absent("oauth2PermissionScopes.value")
    type: ConsentLevel | None = absent("oauth2PermissionScopes.type")
    is_enabled: bool | None = absent("oauth2PermissionScopes.isEnabled")
    admin_consent_display_name: str | None = absent("oauth2PermissionScopes.adminConsentDisplayName")
    admin_consent_description: str | None = absent("oauth2PermissionScopes.adminConsentDescription")
    user_consent_display_name: str | None = absent("oauth2PermissionScopes.userConsentDisplayName")
    user_consent_description: str | None = absent("oauth2PermissionScopes.userConsentDescription")


class AppRole(Shape):
    id: str | None = absent("appRoles.id")
    value: str | None = absent("appRoles.value")
    display_name: str | None = absent("appRoles.displayName")
    description: str | None = absent("appRoles.description")
    is_enabled: bool | None = absent("appRoles.isEnabled")
    allowed_member_types: list[str] | None = absent("appRoles.allowedMemberTypes")


class PreAuthorizedApplication(Shape):
    app_id: str | None = absent("preAuthorizedApplications.appId")
    delegated_permission_ids: list[str] | None = absent("preAuthorizedApplications.delegatedPermissionIds")


class Api(Shape):
    requested_access_token_version: TokenVersion | None = absent("api.requestedAccessTokenVersion")
    accept_mapped_claims: bool | None = absent("api.acceptMappedClaims")
    known_client_applications: list[str] | None = absent("api.knownClientApplications")
    oauth2_permission_scopes: list[PermissionScope] | None = absent("api.oauth2PermissionScopes")
    pre_authorized_applications: list[PreAuthorizedApplication] | None = absent("api.preAuthorizedApplications")


class ImplicitGrant(Shape):
    enable_access_token_issuance: bool | None = absent("web.implicitGrantSettings.enableAccessTokenIssuance")
    enable_id_token_issuance: bool | None = absent("web.implicitGrantSettings.enableIdTokenIssuance")


class RedirectUriSetting(Shape):
    uri: str | None = absent("web.redirectUriSettings.uri")
    index: int | None = absent("web.redirectUriSettings.index")


class Web(Shape):
    redirect_uris: list[str] | None = absent("web.redirectUris")
    redirect_uri_settings: list[RedirectUriSetting] | None = absent("web.redirectUriSettings")
    implicit_grant_settings: ImplicitGrant | None = absent("web.implicitGrantSettings")
    home_page_url: str | None = absent("web.homePageUrl")
    logout_url: str | None = absent("web.logoutUrl")


class Spa(Shape):
    redirect_uris: list[str] | None = absent("spa.redirectUris")


class PublicClient(Shape):
    redirect_uris: list[str] | None = absent("publicClient.redirectUris")


class ResourceAccess(Shape):
    id: str | None = absent("requiredResourceAccess.resourceAccess.id")
    type: PermissionType | None = absent("requiredResourceAccess.resourceAccess.type")


class RequiredResourceAccess(Shape):
    resource_app_id: str | None = absent("requiredResourceAccess.resourceAppId")
    resource_access: list[ResourceAccess] | None = absent("requiredResourceAccess.resourceAccess")


class OptionalClaim(Shape):
    name: str | None = absent("optionalClaims.name")
    source: str | None = absent("optionalClaims.source")
    essential: bool | None = absent("optionalClaims.essential")
    additional_properties: list[str] | None = absent("optionalClaims.additionalProperties")


class OptionalClaims(Shape):
    id_token: list[OptionalClaim] | None = absent("optionalClaims.idToken")
    access_token: list[OptionalClaim] | None = absent("optionalClaims.accessToken")
    saml2_token: list[OptionalClaim] | None = absent("optionalClaims.saml2Token")


class AuthenticationBehaviors(Shape):
    """Returned by $select only (beta)."""

    remove_unverified_email_claim: bool | None = absent("authenticationBehaviors.removeUnverifiedEmailClaim")
    require_client_service_principal: bool | None = absent("authenticationBehaviors.requireClientServicePrincipal")
    block_azure_ad_graph_access: bool | None = msgspec.field(
        name="blockAzureADGraphAccess", default=absent("authenticationBehaviors.blockAzureADGraphAccess")
    )


class VerifiedPublisher(Shape):
    verified_publisher_id: str | None = absent("verifiedPublisher.verifiedPublisherId")


class Lock(Shape):
    is_enabled: bool | None = absent("servicePrincipalLockConfiguration.isEnabled")
    all_properties: bool | None = absent("servicePrincipalLockConfiguration.allProperties")
    credentials_with_usage_verify: bool | None = absent("servicePrincipalLockConfiguration.credentialsWithUsageVerify")
    credentials_with_usage_sign: bool | None = absent("servicePrincipalLockConfiguration.credentialsWithUsageSign")
    token_encryption_key_id: bool | None = absent("servicePrincipalLockConfiguration.tokenEncryptionKeyId")


class SignatureVerification(Shape):
    is_signed_request_required: bool | None = absent("requestSignatureVerification.isSignedRequestRequired")
    allowed_weak_algorithms: str | None = absent("requestSignatureVerification.allowedWeakAlgorithms")


class InformationalUrl(Shape):
    marketing_url: str | None = absent("info.marketingUrl")
    privacy_statement_url: str | None = absent("info.privacyStatementUrl")
    support_url: str | None = absent("info.supportUrl")
    terms_of_service_url: str | None = absent("info.termsOfServiceUrl")


class ClaimsExpression(Shape):
    """A flexible federated credential's expression (beta)."""

    value: str | None = absent("claimsMatchingExpression.value")


class FederatedIdentityCredential(Shape):
    id: str | None = absent("federatedIdentityCredentials.id")
    name: str | None = absent("federatedIdentityCredentials.name")
    issuer: str | None = absent("federatedIdentityCredentials.issuer")
    subject: str | None = absent("federatedIdentityCredentials.subject")
    audiences: list[str] | None = absent("federatedIdentityCredentials.audiences")
    claims_matching_expression: ClaimsExpression | None = absent("federatedIdentityCredentials.claimsMatchingExpression")


class DirectoryObject(Shape):
    """An owner: a user or a service principal."""

    odata_type: str | None = msgspec.field(name="@odata.type", default=absent("owners.@odata.type"))
    id: str | None = absent("owners.id")
    display_name: str | None = absent("owners.displayName")
    user_principal_name: str | None = absent("owners.userPrincipalName")
    user_type: str | None = absent("owners.userType")
    account_enabled: bool | None = absent("owners.accountEnabled")
    service_principal_type: str | None = absent("owners.servicePrincipalType")


class AudienceRestrictions(Shape):
    """Which tenants may use a multi-tenant application (beta)."""

    odata_type: str | None = msgspec.field(name="@odata.type", default=absent("signInAudienceRestrictions.@odata.type"))
    allowed_tenant_ids: list[str] | None = absent("signInAudienceRestrictions.allowedTenantIds")


class Application(Shape):
    # Of a plain registration Microsoft Graph does not state the type: one that is not stated is no other.
    odata_type: str | None = msgspec.field(name="@odata.type", default=None)
    id: str | None = absent("id")
    app_id: str | None = absent("appId")
    display_name: str | None = absent("displayName")
    deleted_date_time: str | None = None  # in the recycle bin since then
    created_date_time: Time | None = absent("createdDateTime")
    sign_in_audience: Audience | None = absent("signInAudience")
    sign_in_audience_restrictions: AudienceRestrictions | None = absent("signInAudienceRestrictions")
    identifier_uris: list[str] | None = absent("identifierUris")
    default_redirect_uri: str | None = absent("defaultRedirectUri")
    is_fallback_public_client: bool | None = absent("isFallbackPublicClient")
    is_disabled: bool | None = absent("isDisabled")
    group_membership_claims: str | None = absent("groupMembershipClaims")
    native_authentication_apis_enabled: str | None = absent("nativeAuthenticationApisEnabled")
    disabled_by_microsoft_status: str | None = absent("disabledByMicrosoftStatus")
    publisher_domain: str | None = absent("publisherDomain")
    service_management_reference: str | None = absent("serviceManagementReference")
    application_template_id: str | None = absent("applicationTemplateId")
    token_encryption_key_id: str | None = absent("tokenEncryptionKeyId")
    notes: str | None = absent("notes")
    tags: list[str] | None = absent("tags")
    api: Api | None = absent("api")
    web: Web | None = absent("web")
    spa: Spa | None = absent("spa")
    public_client: PublicClient | None = absent("publicClient")
    app_roles: list[AppRole] | None = absent("appRoles")
    optional_claims: OptionalClaims | None = absent("optionalClaims")
    password_credentials: list[PasswordCredential] | None = absent("passwordCredentials")
    key_credentials: list[KeyCredential] | None = absent("keyCredentials")
    required_resource_access: list[RequiredResourceAccess] | None = absent("requiredResourceAccess")
    verified_publisher: VerifiedPublisher | None = absent("verifiedPublisher")
    info: InformationalUrl | None = absent("info")
    authentication_behaviors: AuthenticationBehaviors | None = absent("authenticationBehaviors")
    service_principal_lock_configuration: Lock | None = absent("servicePrincipalLockConfiguration")
    request_signature_verification: SignatureVerification | None = absent("requestSignatureVerification")
    owners: list[DirectoryObject] | None = absent("owners")  # only with $expand, 20 at most
    federated_identity_credentials: list[FederatedIdentityCredential] | None = absent("federatedIdentityCredentials")
    sponsors: list[DirectoryObject] | None = absent("sponsors")  # of an agent identity blueprint, only with $expand


class ServicePrincipal(Shape):
    id: str | None = absent("id")
    app_id: str | None = absent("appId")
    display_name: str | None = absent("displayName")
    account_enabled: bool | None = absent("accountEnabled")
    app_role_assignment_required: bool | None = absent("appRoleAssignmentRequired")
    service_principal_type: str | None = absent("servicePrincipalType")
    app_owner_organization_id: str | None = absent("appOwnerOrganizationId")
    sign_in_audience: str | None = absent("signInAudience")
    disabled_by_microsoft_status: str | None = absent("disabledByMicrosoftStatus")
    preferred_single_sign_on_mode: str | None = absent("preferredSingleSignOnMode")
    preferred_token_signing_key_thumbprint: str | None = absent("preferredTokenSigningKeyThumbprint")
    deleted_date_time: str | None = None
    created_date_time: Time | None = absent("createdDateTime")
    reply_urls: list[str] | None = absent("replyUrls")
    service_principal_names: list[str] | None = absent("servicePrincipalNames")
    notification_email_addresses: list[str] | None = absent("notificationEmailAddresses")
    tags: list[str] | None = absent("tags")
    notes: str | None = absent("notes")
    app_roles: list[AppRole] | None = absent("appRoles")
    oauth2_permission_scopes: list[PermissionScope] | None = absent("oauth2PermissionScopes")
    password_credentials: list[PasswordCredential] | None = absent("passwordCredentials")
    key_credentials: list[KeyCredential] | None = absent("keyCredentials")
    verified_publisher: VerifiedPublisher | None = absent("verifiedPublisher")
    owners: list[DirectoryObject] | None = absent("owners")


class OAuth2PermissionGrant(Shape):
    id: str | None = absent("id")
    client_id: str | None = absent("clientId")
    resource_id: str | None = absent("resourceId")
    consent_type: ConsentType | None = absent("consentType")
    principal_id: str | None = absent("principalId")
    scope: str | None = absent("scope")


class AppRoleAssignment(Shape):
    id: str | None = absent("id")
    app_role_id: str | None = absent("appRoleId")
    principal_id: str | None = absent("principalId")
    principal_type: str | None = absent("principalType")
    resource_id: str | None = absent("resourceId")


class VerifiedDomain(Shape):
    name: str | None = absent("verifiedDomains.name")
    is_initial: bool | None = absent("verifiedDomains.isInitial")


class Organization(Shape):
    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    verified_domains: list[VerifiedDomain] | None = absent("verifiedDomains")


class Connector(Shape):
    """A sign-in that a client is configured with: of a custom connector, or of an MSAL sample. Several shapes are read as this one."""

    kind: str = "custom connector"  # or client, api, saved secret, policy
    identity_provider: str | None = absent("identityProvider")
    client_id: str | None = absent("clientId")
    tenant_id: str | None = absent("tenantId")
    login_uri: str | None = absent("loginUri")
    resource_uri: str | None = absent("resourceUri")
    scopes: list[str] | None = absent("scopes")
    redirect_mode: str | None = absent("redirectMode")
    redirect_urls: list[str] | None = absent("redirectUrl")
    on_behalf_of: bool | None = absent("enableOnbehalfOfLogin")
    authorization_url: str | None = absent("authorizationUrl")
    token_url: str | None = absent("tokenUrl")
    refresh_url: str | None = absent("refreshUrl")
    secret_form: str | None = absent("clientSecret")  # what the client secret in the file looks like; never the secret
    own_app: bool | None = absent("connectionParameters")  # who makes a connection brings a client of his own
    token_version: int | None = None  # that an API's configuration says it validates


class ConnectorPart(Shape):
    """What a file beside a connector says of it: its definition (swagger), its settings, a solution's XML."""

    display_name: str | None = absent("the connector's name")
    host: str | None = absent("host")
    schemes: str | None = absent("schemes")  # of the definition, with blanks between; "" where it names none
    connector_id: str | None = absent("connectorId")
    environment: str | None = absent("environment")


class DefaultUserRolePermissions(Shape):
    allowed_to_create_apps: bool | None = absent("defaultUserRolePermissions.allowedToCreateApps")
    permission_grant_policies_assigned: list[str] | None = absent("defaultUserRolePermissions.permissionGrantPoliciesAssigned")


class AuthorizationPolicy(Shape):
    default_user_role_permissions: DefaultUserRolePermissions | None = absent("defaultUserRolePermissions")
    allow_user_consent_for_risky_apps: bool | None = absent("allowUserConsentForRiskyApps")
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
    identifier_uris: UriRestrictions | None = absent("identifierUris")  # of applications


class AppManagementPolicy(Shape):
    """The tenant's default one (tenantAppManagementPolicy)."""

    is_enabled: bool | None = absent("isEnabled")
    application_restrictions: Restrictions | None = absent("applicationRestrictions")
    service_principal_restrictions: Restrictions | None = absent("servicePrincipalRestrictions")


class SignIn(Shape):
    last_sign_in_date_time: Time | None = absent("lastSignInDateTime")


class SignInActivity(Shape):
    """A row of the report of service principals' sign-ins (beta)."""

    app_id: str | None = absent("appId")
    last_sign_in_activity: SignIn | None = absent("lastSignInActivity")
    delegated_client_sign_in_activity: SignIn | None = absent("delegatedClientSignInActivity")
    application_authentication_client_sign_in_activity: SignIn | None = absent("applicationAuthenticationClientSignInActivity")
