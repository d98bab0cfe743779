"""The app registration: the root that most rules start from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from auditor.display import holds_secret
from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, CONNECTORS, FEDERATED, GRANTS, OWNERS, ROLE_ASSIGNMENTS, SERVICE_PRINCIPALS
from auditor.entra.shapes import Audience, TokenVersion
from auditor.facts.api import AppRole, Client, Scope
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import (
    PLACEHOLDER,
    Conversion,
    conversion,
    date,
    each,
    flag,
    identifier,
    is_set,
    listed,
    lower,
    number,
    switch,
    text,
    word,
)
from auditor.facts.credentials import Certificate, Credential, Secret, certificates, has_valid, to_sign_in_with
from auditor.facts.federated import FederatedCredential
from auditor.facts.permissions import GrantedPermission, RequestedPermission, RequestedResource, requested_permissions
from auditor.facts.principal import Owner, ServicePrincipal
from auditor.facts.restrictions import OWN_POLICY, AppPolicy, app_policy
from auditor.facts.roles import Role
from auditor.facts.uris import (
    IdentifierUri,
    RedirectUri,
    Uri,
    as_compared,
    identifier_uris,
    is_known_in_part,
    is_template,
    redirect_uris,
    web_uris,
)
from auditor.unknown import Unknown, Unread, either, first_unknown, is_unknown, known, some, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.connector import Connector
    from auditor.facts.document import Document
    from auditor.facts.world import World

Token = Literal["id", "access", "saml2"]
_TOKENS: dict[Token, str] = {"id": "idToken", "access": "accessToken", "saml2": "saml2Token"}
AccountType = Literal["this tenant", "other tenants", "personal accounts"]
_ACCEPTS: dict[Audience, list[AccountType]] = {
    "AzureADMyOrg": ["this tenant"],
    "AzureADMultipleOrgs": ["this tenant", "other tenants"],
    "AzureADandPersonalMicrosoftAccount": ["this tenant", "other tenants", "personal accounts"],
    "PersonalMicrosoftAccount": ["personal accounts"],
}
# applicationTemplate of "Create your own application" (learn.microsoft.com/graph/api/applicationtemplate-instantiate).
NON_GALLERY_TEMPLATE = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
_LOCKABLE = ("credentialsWithUsageVerify", "credentialsWithUsageSign", "tokenEncryptionKeyId")
EXPANDED_AT_MOST = 20  # Microsoft Graph cuts an expanded collection there


class Limits(Fact):
    """What Entra ID allows for the app's supported account types (Microsoft's page on validation by account type)."""

    redirect_uris: int = prop(doc="Over all platforms.")
    identifier_uris: int | None = prop(doc="Application ID URIs; null: no documented limit.")
    identifier_uri_length: int = prop(doc="Characters.")
    secrets: int | None = prop(doc="Client secrets; null: no documented limit.")
    requested_resources: int = prop(doc="APIs in requiredResourceAccess.")
    requested_permissions: int = prop(doc="Over all APIs.")
    permissions_per_resource: int | None = prop(doc="Of one API; null: no documented limit.")
    scope_value_length: int = prop(doc="Characters of a scope's value.")
    scopes: int | None = prop(doc="Scopes of an API; null: no documented limit.")
    preauthorized_clients: int | None = prop(doc="Preauthorized client applications; null: no documented limit.")
    display_name_length: int = prop(doc="Characters.")

    def __init__(self, *, personal: bool) -> None:
        self.owner, self.at = None, ""
        self.redirect_uris = 100 if personal else 256
        self.identifier_uris = 50 if personal else None
        self.identifier_uri_length = 120 if personal else 255
        self.secrets = 2 if personal else None
        self.requested_resources = 50
        self.requested_permissions = 200 if personal else 400
        self.permissions_per_resource = 30 if personal else None
        self.scope_value_length = 40 if personal else 120
        self.scopes = 100 if personal else None
        self.preauthorized_clients = 100 if personal else None
        self.display_name_length = 90 if personal else 120


_LIMITS = {personal: Limits(personal=personal) for personal in (False, True)}


class OptionalClaim(Fact):
    """An optional claim (optionalClaims)."""

    WITHIN = "optionalClaims"
    KEY = (("token", "name"),)
    LABEL = ("name",)
    owner: App

    token: Token = prop(doc="Which token carries it.")
    name: str = prop("name", text, "Name of the claim.")
    source: str = prop("source", text, "'user' for a directory extension, else ''.")
    additional_properties: list[str] = prop("additionalProperties", listed, "What changes its content.")


class RedirectUriSetting(Fact):
    """The index of a redirect URI, for SAML (web.redirectUriSettings)."""

    WITHIN = "web.redirectUriSettings"
    KEY = (("uri",),)
    LABEL = ("uri",)
    owner: App

    uri: str = prop("uri", text, "The redirect URI.")
    index: int | None = prop("index", number, "Its index; null when it has none.")


_settings = each(RedirectUriSetting)


def _one_of(*audiences: Audience) -> Conversion:
    """Whether the supported account types are one of some; not set, they are none of them."""
    return Conversion(Audience, lambda value: value in audiences if value.__class__ is str else flag(value))


@conversion(str)
def _group_claims(value: Any) -> Any:
    return value if value.__class__ is Unknown else [g for g in (value or "").replace(",", " ").split() if g.lower() != "none"]


@conversion(TokenVersion)
def _is_not_null(value: Any) -> Any:
    return value if value.__class__ is Unknown else value is not None


@conversion(str)
def _is_blueprint(value: Any) -> bool:
    # Of a plain registration Microsoft Graph does not state the type: one that is not stated is no other.
    return value.__class__ is str and value.lower().endswith(".agentidentityblueprint")


@conversion(str)
def _is_of_gallery(value: Any) -> Any:
    return value if value.__class__ is Unknown else value is not None and value.lower() not in ("", NON_GALLERY_TEMPLATE)


@conversion(str)
def _compared(value: Any) -> Any:
    return as_compared(value) if value.__class__ is str else text(value)


class App(Fact):
    """An app registration with all that is joined to it."""

    SLOTS = ("world", "document", "rank", "subject")
    POLICY_TARGET: Literal["applications"] = "applications"  # of the app management policy
    KEY = (("id",), ("app_id",))
    LABEL = ("display_name", "app_id", "id")
    world: World
    document: Document

    id: str = prop("id", identifier, "Object ID.")
    app_id: str = prop("appId", identifier, "Application (client) ID.")
    display_name: str = prop("displayName", text, "Its name.")
    created: datetime | None = prop("createdDateTime", date, "When it was registered.")
    audience: Audience = prop("signInAudience", word(Audience), "Supported account types; '' when not set.")
    agent_blueprint: bool = prop(
        "@odata.type", _is_blueprint, "It is an agent identity blueprint, by the type that Microsoft Graph states.", absent=None
    )
    multi_tenant: bool = prop(
        "signInAudience", _one_of("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"), "Other tenants' accounts can sign in."
    )
    personal_accounts: bool = prop(
        "signInAudience",
        _one_of("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"),
        "Personal Microsoft accounts can sign in.",
    )
    disabled_by_microsoft: str = prop("disabledByMicrosoftStatus", text, "'' or NotDisabled when Microsoft has not disabled it.")
    deactivated: bool = prop("isDisabled", flag, "Deactivated by an administrator (isDisabled).")
    fallback_public_client: bool = prop("isFallbackPublicClient", flag, "Public client where the platform does not say; null = no.")
    group_claims: list[str] = prop(
        "groupMembershipClaims", _group_claims, "Groups put into tokens: SecurityGroup, ApplicationGroup, DirectoryRole, All."
    )
    publisher_domain: str = prop("publisherDomain", text, "'' when not set.")
    verified_publisher: bool = prop(
        "verifiedPublisher/verifiedPublisherId", is_set, "Its publisher is verified.", place="verifiedPublisher"
    )
    service_management_reference: str = prop("serviceManagementReference", text, "'' when not set.")
    template_id: str = prop("applicationTemplateId", lower, "The gallery's template that it was made from; '' for none.")
    from_gallery: bool = prop(
        "applicationTemplateId", _is_of_gallery,
        "Made from a template of the gallery, whose URLs are the vendor's; no for a non-gallery one.",
    )  # fmt: skip
    token_encryption_key_id: str = prop("tokenEncryptionKeyId", lower, "keyId of the certificate that encrypts tokens; '' when not set.")
    default_redirect_uri: str = prop("defaultRedirectUri", text, "'' when not set.")
    default_redirect_compared: str = prop(
        "defaultRedirectUri", _compared, "`default_redirect_uri` as Entra ID compares it with the redirect URIs (`uri.compared`)."
    )
    notes: str = prop("notes", text, "'' when not set.")
    native_authentication: str = prop("nativeAuthenticationApisEnabled", text, "none or all; '' when not set.")
    tags: list[str] = prop("tags", listed, "Free labels.")
    redirect_uris: list[RedirectUri] = prop("web/redirectUris", redirect_uris, "Of all platforms.")
    home_page_url: str = prop("web/homePageUrl", text, "'' when not set.")
    implicit_access_tokens: bool = prop(
        "web/implicitGrantSettings/enableAccessTokenIssuance", flag, "Implicit grant of access tokens; null = no."
    )
    implicit_id_tokens: bool = prop("web/implicitGrantSettings/enableIdTokenIssuance", flag, "Implicit grant of ID tokens; null = no.")
    identifier_uris: list[IdentifierUri] = prop("identifierUris", identifier_uris, "Application ID URIs.")
    access_token_version: int = prop("api/requestedAccessTokenVersion", Conversion(TokenVersion, null=1), "1 or 2; null = 1.")
    token_version_set: bool = prop("api/requestedAccessTokenVersion", _is_not_null, "The version is written out, not null.")
    accept_mapped_claims: bool = prop(
        "api/acceptMappedClaims", flag, "Tokens with mapped claims for a resource without a signing key; null = no."
    )
    scopes: list[Scope] = prop("api/oauth2PermissionScopes", each(Scope), "Delegated permissions exposed.")
    app_roles: list[AppRole] = prop("appRoles", each(AppRole), "App roles exposed.")
    preauthorized_clients: list[Client] = prop("api/preAuthorizedApplications", each(Client), "Authorized client applications.")
    known_clients: list[Client] = prop("api/knownClientApplications", each(Client.named, str), "Known client applications.")
    requested_resources: list[RequestedResource] = prop(
        "requiredResourceAccess", each(RequestedResource), "APIs of which permissions are configured."
    )
    requested_permissions: list[RequestedPermission] = prop(
        "requiredResourceAccess", requested_permissions, "Configured API permissions, of all APIs."
    )
    secrets: list[Secret] = prop("passwordCredentials", each(Secret), "Client secrets.")
    certificates: list[Certificate] = prop("keyCredentials", certificates, "Certificates, a Sign/Verify pair once.")
    weak_signature_algorithms: str = prop(
        "requestSignatureVerification/allowedWeakAlgorithms", text, "Weak algorithms allowed in SAML requests (rsaSha1); '' for none."
    )
    lock_enabled: bool = prop("servicePrincipalLockConfiguration/isEnabled", flag, "The app instance property lock is on; null = no.")
    # Beta, and only with $select.
    removes_unverified_email: bool = prop(
        "authenticationBehaviors/removeUnverifiedEmailClaim", switch,
        "Entra ID leaves unverified email addresses out of tokens (beta, only with $select); null = yes.",
    )  # fmt: skip
    requires_client_principal: bool = prop(
        "authenticationBehaviors/requireClientServicePrincipal", switch,
        "Tokens only for clients with a service principal in the tenant (beta, only with $select); null = yes.",
    )  # fmt: skip
    blocks_azure_ad_graph: bool = prop(
        "authenticationBehaviors/blockAzureADGraphAccess", flag, "Azure AD Graph is blocked for it (beta, only with $select); null = no."
    )

    _audience_kind: Any = part("signInAudienceRestrictions/@odata.type", str)
    _allowed_tenants: Any = part("signInAudienceRestrictions/allowedTenantIds", list[str])
    _sponsors: Any = part("sponsors", list[Owner])  # of an agent identity blueprint, only with $expand
    _logout_url: Any = part("web/logoutUrl", str)
    _uri_settings: Any = part("web/redirectUriSettings", list[RedirectUriSetting])
    _keys: Any = part("keyCredentials", list[Certificate])
    _lock_all: Any = part("servicePrincipalLockConfiguration/allProperties", bool)
    _lock_verify: Any = part("servicePrincipalLockConfiguration/credentialsWithUsageVerify", bool)
    _lock_sign: Any = part("servicePrincipalLockConfiguration/credentialsWithUsageSign", bool)
    _lock_encryption: Any = part("servicePrincipalLockConfiguration/tokenEncryptionKeyId", bool)
    _id_claims: Any = part("optionalClaims/idToken", list[OptionalClaim])
    _access_claims: Any = part("optionalClaims/accessToken", list[OptionalClaim])
    _saml2_claims: Any = part("optionalClaims/saml2Token", list[OptionalClaim])
    deleted: Any = part("deletedDateTime", str, absent=None)  # in the recycle bin since then
    expanded_owners: Any = part("owners", list[Owner])  # only with $expand, 20 at most
    expanded_federated: Any = part("federatedIdentityCredentials", list[FederatedCredential])

    @fact(graph="signInAudience")
    def accepts(self) -> list[AccountType]:
        """Whose accounts can sign in."""
        return _ACCEPTS.get(self.audience, [])

    @fact(graph="signInAudienceRestrictions/allowedTenantIds")
    def allowed_tenants(self) -> list[str] | None:
        """The tenants to which the use of a multitenant application is restricted (beta); null: it is not."""
        if not (self._audience_kind or "").lower().endswith("allowedtenantsaudience"):
            return None
        tenants: list[str] = listed(self._allowed_tenants)
        return tenants

    @fact(graph="sponsors")
    def sponsors(self) -> list[str]:
        """Object IDs of the sponsors of an agent identity blueprint."""
        return [lower(sponsor.id) for sponsor in listed(self._sponsors)]

    @fact(graph="notes")
    def texts_with_secret(self) -> list[str]:
        """Which of its free texts have the value of a client secret in them, by its form: displayName, notes, tags, and the
        descriptions of certificates (keyCredentials).
        """
        lists: tuple[tuple[str, Any], ...] = (("tags", self.tags), ("keyCredentials", self.certificates))
        texts: list[tuple[str, Any]] = [("displayName", self.display_name), ("notes", self.notes)]
        for name, values in lists:
            texts += [(name, values)] if values.__class__ is Unknown else [(name, one) for one in known(values)]
        values = [(name, one.display_name if isinstance(one, Certificate) else one) for name, one in texts]
        found = dict.fromkeys(name for name, value in values if value.__class__ is str and holds_secret(value))
        return whole_or_partial(list(found), first_unknown(*(value for _, value in values)))

    @fact(graph="signInAudience")
    def limits(self) -> Limits:
        """What Entra ID allows for these account types."""
        return _LIMITS[self.personal_accounts]

    @fact(graph="web/logoutUrl")
    def logout_url(self) -> Uri | None:
        """Front-channel logout URL; null when not set."""
        url = self._logout_url
        if url is None or url == "":
            return None
        found = Uri(url, self, "/web/logoutUrl")
        return Unknown(url, PLACEHOLDER) if is_template(self) and not is_known_in_part(found) else found  # type: ignore[return-value]

    @fact(graph="web/redirectUriSettings")
    def redirect_uri_settings(self) -> list[RedirectUriSetting]:
        """Indexes of redirect URIs, for SAML."""
        found: list[RedirectUriSetting] = _settings(self._uri_settings, self, "/web/redirectUriSettings")
        return found

    @fact(graph="web/redirectUris")
    def redirect_hosts(self) -> list[str]:
        """The distinct hosts of its redirect URIs, loopback excepted."""
        return list(dict.fromkeys(uri.host for uri in self.redirect_uris if uri.host != "" and not uri.loopback))

    @fact(graph="servicePrincipalLockConfiguration")
    def unlocked_properties(self) -> list[str]:
        """Sensitive properties that other tenants can change on their service principal; all when there is no lock."""
        switches = (self._lock_verify, self._lock_sign, self._lock_encryption)
        if not self.lock_enabled:
            return list(_LOCKABLE)
        everything = flag(self._lock_all)
        if everything.__class__ is bool and everything:
            return []
        unlocked = [name for name, locked in zip(_LOCKABLE, switches, strict=True) if not flag(locked)]
        return [] if not unlocked or everything else unlocked

    @fact(graph="optionalClaims")
    def optional_claims(self) -> list[OptionalClaim]:
        """Of all three kinds of token."""
        claims: Any = (self._id_claims, self._access_claims, self._saml2_claims)
        if is_unknown(claims[0]) and all(values is claims[0] for values in claims):
            raise Unread(claims[0])  # nothing is known of optionalClaims
        found: list[OptionalClaim] = []
        missing: Unknown | None = None
        for (token, name), values in zip(_TOKENS.items(), claims, strict=True):
            if isinstance(values, Unknown):
                missing = values
            elif values:
                found += [OptionalClaim(c, self, f"/optionalClaims/{name}/{i}", token) for i, c in enumerate(values)]
        return whole_or_partial(found, missing)

    @fact()
    def exposes_api(self) -> bool:
        """Has an enabled scope, or an enabled role for applications."""
        return either(
            lambda: some(self.scopes, lambda scope: scope.enabled),
            lambda: some(self.app_roles, lambda role: role.enabled and role.for_applications),
        )

    @fact(SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def service_principal(self) -> ServicePrincipal | None:
        """Its service principal in the audited tenant; null when there is none."""
        return self.world.principal(self.app_id)

    @fact(SERVICE_PRINCIPALS.whole, GRANTS, ASSIGNMENTS, unknown_without=(SERVICE_PRINCIPALS,))
    def granted_permissions(self) -> list[GrantedPermission]:
        """Permissions granted to its service principal; none when it has none."""
        principal = self.service_principal
        return [] if principal is None else principal.granted_permissions

    @fact(SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def saml(self) -> bool:
        """Its service principal signs users in with SAML; no when it has none."""
        principal = self.service_principal
        return principal is not None and principal.saml

    @fact(graph="web/redirectUris")
    def needs_id_tokens(self) -> bool:
        """App Service authentication or Application Proxy signs its users in and asks the authorization endpoint for ID tokens: by its
        web redirect URIs and the secret of Application Proxy.
        """
        return either(lambda: some(web_uris(self.redirect_uris), lambda uri: uri.app_service_callback), lambda: self.application_proxy)

    @fact(graph="passwordCredentials")
    def application_proxy(self) -> bool:
        """Application Proxy publishes it, by the host of a web redirect URI or by its secret."""
        return either(
            lambda: some(web_uris(self.redirect_uris), lambda uri: uri.application_proxy),
            lambda: some(self.secrets, lambda secret: secret.managed_by_microsoft),
        )

    @fact(*OWN_POLICY, unknown_without=(OWN_POLICY[0].collection,))
    def own_app_policy(self) -> AppPolicy | None:
        """The app management policy that it has of its own, in place of the tenant's default one; null: none."""
        return app_policy(self)

    @fact()
    def own_credentials(self) -> list[Credential]:
        """Client secrets and certificates that it can sign in with: none of one with a certificate that signs SAML tokens."""
        return to_sign_in_with(self.secrets, self.certificates)

    @fact()
    def has_valid_credential(self) -> bool:
        """A client secret or certificate on the registration can be used now (federated credentials have no term)."""
        return has_valid(self.secrets, self.certificates)

    @fact(FEDERATED, unknown_without=(FEDERATED,))
    def federated_credentials(self) -> list[FederatedCredential]:
        """Federated identity credentials."""
        return self.world.federated_credentials_of(self)

    @fact(OWNERS, unknown_without=(OWNERS,))
    def owners(self) -> list[Owner]:
        """Owners of the registration."""
        return self.world.owners_of(self)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, GRANTS, ASSIGNMENTS, partial_without=APPLICATIONS)
    def clients(self) -> list[Client]:
        """All that request or were granted one of its permissions, itself excepted."""
        return self.world.sharing.clients_of(self)

    @fact(ROLE_ASSIGNMENTS, unknown_without=(ROLE_ASSIGNMENTS,))
    def administrators(self) -> list[Role]:
        """Directory roles that are held over this registration alone."""
        return self.world.roles.over(self.id, self)

    @fact(SERVICE_PRINCIPALS.whole, ASSIGNMENTS, unknown_without=(SERVICE_PRINCIPALS,))
    def privileged(self) -> bool:
        """Has a tier 0 application permission."""
        principal = self.service_principal
        return principal is not None and principal.privileged

    @fact(CONNECTORS)
    def connectors(self) -> list[Connector]:
        """The connectors in the input that sign in through it."""
        return self.world.connections.of_client(self.app_id)

    @fact(APPLICATIONS.whole, partial_without=APPLICATIONS)
    def namesakes(self) -> list[App]:
        """Other registrations with the same display name."""
        return self.world.sharing.others("display name", self.display_name, self) if self.display_name else []

    @fact()
    def entry_count(self) -> int:
        """Entries of all collections of the manifest together; Entra ID allows about 1,200."""
        lists: tuple[Any, ...] = (
            self.redirect_uris, self.identifier_uris, self.scopes, self.app_roles, self.preauthorized_clients, self.known_clients,
            self.requested_resources, self.requested_permissions, self.secrets, self.tags, self.optional_claims, listed(self._keys),
        )  # fmt: skip
        return sum(map(len, lists))
