"""The app registration: the root that most rules start from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from auditor.display import holds_secret
from auditor.entra import shapes
from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, CONNECTORS, FEDERATED, GRANTS, OWNERS, SERVICE_PRINCIPALS
from auditor.entra.shapes import Audience as Audience
from auditor.facts.api import AppRole, Client, Scope
from auditor.facts.base import PLACEHOLDER, Fact, each, fact, flag, identifier, listed, lower, prop, text
from auditor.facts.credentials import Certificate, FederatedCredential, Secret, certificates, has_valid
from auditor.facts.permissions import GrantedPermission, RequestedPermission, RequestedResource, requested_permissions
from auditor.facts.uris import IdentifierUri, RedirectUri, Uri, identifier_uris, is_known_in_part, is_template, redirect_uris
from auditor.unknown import Unknown, either, first_unknown, known, some, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.connector import Connector
    from auditor.facts.document import Document
    from auditor.facts.principal import Owner, ServicePrincipal
    from auditor.facts.world import World

Token = Literal["id", "access", "saml2"]
AccountType = Literal["this tenant", "other tenants", "personal accounts"]
_AUDIENCES = {
    "azureadmyorg": "AzureADMyOrg",
    "azureadmultipleorgs": "AzureADMultipleOrgs",
    "azureadandpersonalmicrosoftaccount": "AzureADandPersonalMicrosoftAccount",
    "personalmicrosoftaccount": "PersonalMicrosoftAccount",
}
_ACCEPTS: dict[str, list[AccountType]] = {
    "AzureADMyOrg": ["this tenant"],
    "AzureADMultipleOrgs": ["this tenant", "other tenants"],
    "AzureADandPersonalMicrosoftAccount": ["this tenant", "other tenants", "personal accounts"],
    "PersonalMicrosoftAccount": ["personal accounts"],
}
_LOCKABLE = ("credentials_with_usage_verify", "credentials_with_usage_sign", "token_encryption_key_id")
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

    KEY = (("token", "name"),)
    LABEL = ("name",)
    owner: App

    token: Token = prop(doc="Which token carries it.")
    name: str = prop("name", "Name of the claim.")
    source: str = prop("source", "'user' for a directory extension, else ''.")
    additional_properties: list[str] = prop("additionalProperties", "What changes its content.")

    def __init__(self, doc: shapes.OptionalClaim, owner: App, at: str, token: Token) -> None:
        self.owner, self.at, self.token = owner, at, token
        self.name, self.source, self.additional_properties = text(doc.name), text(doc.source), listed(doc.additional_properties)


class RedirectUriSetting(Fact):
    """The index of a redirect URI, for SAML (web.redirectUriSettings)."""

    KEY = (("uri",),)
    LABEL = ("uri",)
    owner: App

    uri: str = prop("uri", "The redirect URI.")
    index: int | None = prop("index", "Its index; null when it has none.")

    def __init__(self, doc: shapes.RedirectUriSetting, owner: App, at: str) -> None:
        self.owner, self.at, self.uri, self.index = owner, at, text(doc.uri), doc.index


class App(Fact):
    """An app registration with all that is joined to it."""

    SLOTS = (
        "world",
        "document",
        "rank",
        "subject",
        "_lock",
        "_publisher",
        "_claims",
        "_behaviors",
        "_logout_url",
        "_uri_settings",
        "_signatures",
        "_keys",
        "_restrictions",
        "_sponsors",
        "expanded_owners",
        "expanded_federated",
    )
    POLICY_TARGET = "applications"  # of the app management policy
    KEY = (("id",), ("app_id",))
    LABEL = ("display_name", "app_id", "id")
    world: World
    document: Document

    id: str = prop("id", "Object ID.")
    app_id: str = prop("appId", "Application (client) ID.")
    display_name: str = prop("displayName", "Its name.")
    created: datetime | None = prop("createdDateTime", "When it was registered.")
    audience: Audience = prop("signInAudience", "Supported account types; '' when not set.")
    agent_blueprint: bool = prop("@odata.type", "It is an agent identity blueprint, by the type that Microsoft Graph states.")
    multi_tenant: bool = prop("signInAudience", "Other tenants' accounts can sign in.")
    personal_accounts: bool = prop("signInAudience", "Personal Microsoft accounts can sign in.")
    disabled_by_microsoft: str = prop("disabledByMicrosoftStatus", "'' or NotDisabled when Microsoft has not disabled it.")
    deactivated: bool = prop("isDisabled", "Deactivated by an administrator (isDisabled).")
    fallback_public_client: bool = prop("isFallbackPublicClient", "Public client where the platform does not say; null = no.")
    group_claims: list[str] = prop("groupMembershipClaims", "Groups put into tokens: SecurityGroup, ApplicationGroup, DirectoryRole, All.")
    publisher_domain: str = prop("publisherDomain", "'' when not set.")
    service_management_reference: str = prop("serviceManagementReference", "'' when not set.")
    template_id: str = prop("applicationTemplateId", "The gallery's template that it was made from; '' for none.")
    token_encryption_key_id: str = prop("tokenEncryptionKeyId", "keyId of the certificate that encrypts tokens; '' when not set.")
    default_redirect_uri: str = prop("defaultRedirectUri", "'' when not set.")
    notes: str = prop("notes", "'' when not set.")
    native_authentication: str = prop("nativeAuthenticationApisEnabled", "none or all; '' when not set.")
    tags: list[str] = prop("tags", "Free labels.")
    redirect_uris: list[RedirectUri] = prop("web/redirectUris", "Of all platforms.")
    home_page_url: str = prop("web/homePageUrl", "'' when not set.")
    implicit_access_tokens: bool = prop(
        "web/implicitGrantSettings/enableAccessTokenIssuance", "Implicit grant of access tokens; null = no."
    )
    implicit_id_tokens: bool = prop("web/implicitGrantSettings/enableIdTokenIssuance", "Implicit grant of ID tokens; null = no.")
    identifier_uris: list[IdentifierUri] = prop("identifierUris", "Application ID URIs.")
    access_token_version: int = prop("api/requestedAccessTokenVersion", "1 or 2; null = 1.")
    token_version_set: bool = prop("api/requestedAccessTokenVersion", "The version is written out, not null.")
    accept_mapped_claims: bool = prop(
        "api/acceptMappedClaims", "Tokens with mapped claims for a resource without a signing key; null = no."
    )
    scopes: list[Scope] = prop("api/oauth2PermissionScopes", "Delegated permissions exposed.")
    app_roles: list[AppRole] = prop("appRoles", "App roles exposed.")
    preauthorized_clients: list[Client] = prop("api/preAuthorizedApplications", "Authorized client applications.")
    known_clients: list[Client] = prop("api/knownClientApplications", "Known client applications.")
    requested_resources: list[RequestedResource] = prop("requiredResourceAccess", "APIs of which permissions are configured.")
    requested_permissions: list[RequestedPermission] = prop("requiredResourceAccess", "Configured API permissions, of all APIs.")
    secrets: list[Secret] = prop("passwordCredentials", "Client secrets.")
    certificates: list[Certificate] = prop("keyCredentials", "Certificates, a Sign/Verify pair once.")

    def __init__(self, doc: shapes.Application, world: World, document: Document) -> None:
        self.owner, self.at, self.world, self.document = world, "", world, document
        self.id, self.app_id, self.display_name = identifier(doc.id), identifier(doc.app_id), text(doc.display_name)
        self.created = doc.created_date_time
        self.agent_blueprint = doc.odata_type.__class__ is str and str(doc.odata_type).lower().endswith(".agentidentityblueprint")
        self._restrictions: Any = doc.sign_in_audience_restrictions
        self._sponsors: Any = doc.sponsors
        audience: Any = text(doc.sign_in_audience)
        if audience.__class__ is str:
            audience = _AUDIENCES.get(audience.lower(), audience)
            self.multi_tenant = audience in ("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")
            self.personal_accounts = audience in ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
        else:
            self.multi_tenant = self.personal_accounts = audience
        self.audience = audience
        self.disabled_by_microsoft, self.deactivated = text(doc.disabled_by_microsoft_status), flag(doc.is_disabled)
        self.fallback_public_client = flag(doc.is_fallback_public_client)
        groups: Any = text(doc.group_membership_claims)
        self.group_claims = groups if groups.__class__ is not str else [g for g in groups.replace(",", " ").split() if g.lower() != "none"]
        self.publisher_domain, self.notes = text(doc.publisher_domain), text(doc.notes)
        self.service_management_reference = text(doc.service_management_reference)
        self.token_encryption_key_id, self.default_redirect_uri = lower(doc.token_encryption_key_id), text(doc.default_redirect_uri)
        self.template_id = lower(doc.application_template_id)
        self.native_authentication, self.tags = text(doc.native_authentication_apis_enabled), listed(doc.tags)
        # What rules seldom read stays as it came, for the computed facts below.
        self._lock: Any = doc.service_principal_lock_configuration
        self._publisher: Any = doc.verified_publisher
        self._claims: Any = doc.optional_claims
        self._behaviors: Any = doc.authentication_behaviors
        self._signatures: Any = doc.request_signature_verification
        self.expanded_owners, self.expanded_federated = doc.owners, doc.federated_identity_credentials
        self._read_web(doc)
        self._read_api(doc)
        self.requested_resources = each(doc.required_resource_access, RequestedResource, self, "/requiredResourceAccess")
        self.requested_permissions = requested_permissions(self.requested_resources)
        self.secrets = each(doc.password_credentials, Secret, self, "/passwordCredentials")
        self._keys: Any = listed(doc.key_credentials)
        self.certificates = certificates(self._keys, self)

    def _read_web(self, doc: shapes.Application) -> None:
        web: Any = doc.web
        implicit: Any
        self._logout_url: Any
        self.redirect_uris = redirect_uris(self, web, doc.spa, doc.public_client)
        if web is None or web.__class__ is Unknown:
            implicit = url = web
            self._logout_url = web
            self._uri_settings: Any = listed(web)
        else:
            implicit, url, self._logout_url = web.implicit_grant_settings, web.home_page_url, web.logout_url
            self._uri_settings = listed(web.redirect_uri_settings)
        self.home_page_url = text(url)
        if implicit is None or implicit.__class__ is Unknown:
            self.implicit_access_tokens = self.implicit_id_tokens = flag(implicit)
        else:
            self.implicit_access_tokens = flag(implicit.enable_access_token_issuance)
            self.implicit_id_tokens = flag(implicit.enable_id_token_issuance)

    def _read_api(self, doc: shapes.Application) -> None:
        self.identifier_uris = identifier_uris(self, doc.identifier_uris)
        self.app_roles = each(doc.app_roles, AppRole, self, "/appRoles")
        api: Any = doc.api
        version: Any
        if api is None or api.__class__ is Unknown:
            version = mapped = scopes = preauthorized = known = api
        else:
            version, mapped, scopes = api.requested_access_token_version, api.accept_mapped_claims, api.oauth2_permission_scopes
            preauthorized, known = api.pre_authorized_applications, api.known_client_applications
        self.access_token_version = 1 if version is None else version
        is_set: Any = version if version.__class__ is Unknown else version is not None
        self.token_version_set = is_set
        self.accept_mapped_claims = flag(mapped)
        self.scopes = each(scopes, Scope, self, "/api/oauth2PermissionScopes")
        self.preauthorized_clients = each(preauthorized, _preauthorized, self, "/api/preAuthorizedApplications")
        self.known_clients = each(known, Client, self, "/api/knownClientApplications")

    @fact(graph="signInAudience")
    def accepts(self) -> list[AccountType]:
        """Whose accounts can sign in."""
        return _ACCEPTS.get(self.audience, [])

    @fact(graph="signInAudienceRestrictions/allowedTenantIds")
    def allowed_tenants(self) -> list[str] | None:
        """The tenants to which the use of a multi-tenant application is restricted (beta); null: it is not."""
        restrictions: shapes.AudienceRestrictions | None = self._restrictions
        if restrictions is None or not text(restrictions.odata_type).lower().endswith("allowedtenantsaudience"):
            return None
        tenants: list[str] = listed(restrictions.allowed_tenant_ids)
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
        return each(self._uri_settings, RedirectUriSetting, self, "/web/redirectUriSettings")

    @fact(graph="web/redirectUris")
    def redirect_hosts(self) -> list[str]:
        """The distinct hosts of its redirect URIs, loopback excepted."""
        return list(dict.fromkeys(uri.host for uri in self.redirect_uris if uri.host != "" and not uri.loopback))

    @fact(graph="requestSignatureVerification/allowedWeakAlgorithms")
    def weak_signature_algorithms(self) -> str:
        """Weak algorithms allowed in SAML requests (rsaSha1); '' for none."""
        signatures = self._signatures
        return "" if signatures is None else text(signatures.allowed_weak_algorithms)

    @fact(graph="authenticationBehaviors/requireClientServicePrincipal")
    def requires_client_principal(self) -> bool:
        """Tokens only for clients with a service principal in the tenant (beta, only with $select); null = yes."""
        behaviors = self._behaviors
        requires = None if behaviors is None else behaviors.require_client_service_principal
        return requires is None or bool(requires)

    @fact(graph="authenticationBehaviors/blockAzureADGraphAccess")
    def blocks_azure_ad_graph(self) -> bool:
        """Azure AD Graph is blocked for it (beta, only with $select); null = no."""
        behaviors = self._behaviors
        return False if behaviors is None else flag(behaviors.block_azure_ad_graph_access)

    @fact(graph="verifiedPublisher")
    def verified_publisher(self) -> bool:
        """Its publisher is verified."""
        publisher = self._publisher
        return publisher is not None and publisher.verified_publisher_id is not None and publisher.verified_publisher_id != ""

    @fact(graph="servicePrincipalLockConfiguration/isEnabled")
    def lock_enabled(self) -> bool:
        """The app instance property lock is on; null = no."""
        lock = self._lock
        return False if lock is None else flag(lock.is_enabled)

    @fact(graph="servicePrincipalLockConfiguration")
    def unlocked_properties(self) -> list[str]:
        """Sensitive properties that other tenants can change on their service principal; all when there is no lock."""
        lock = self._lock
        if lock is None or not flag(lock.is_enabled):
            return [_camel(name) for name in _LOCKABLE]
        everything = flag(lock.all_properties)
        if everything.__class__ is bool and everything:
            return []
        unlocked = [_camel(name) for name in _LOCKABLE if not flag(getattr(lock, name))]
        return [] if not unlocked or everything else unlocked

    @fact(graph="optionalClaims")
    def optional_claims(self) -> list[OptionalClaim]:
        """Of all three kinds of token."""
        claims = self._claims
        found: list[OptionalClaim] = []
        missing: Unknown | None = None
        if claims is None:
            return found
        tokens: tuple[tuple[Token, str, Any], ...] = (
            ("id", "idToken", claims.id_token), ("access", "accessToken", claims.access_token), ("saml2", "saml2Token", claims.saml2_token),
        )  # fmt: skip
        for token, name, values in tokens:
            if isinstance(values, Unknown):
                missing = values
            elif values:
                found += [OptionalClaim(c, self, f"/optionalClaims/{name}/{i}", token) for i, c in enumerate(values)]
        return whole_or_partial(found, missing)

    @fact(graph="authenticationBehaviors/removeUnverifiedEmailClaim")
    def removes_unverified_email(self) -> bool:
        """Entra ID leaves unverified email addresses out of tokens (beta, only with $select); null = yes."""
        behaviors = self._behaviors
        if behaviors is None:
            return True
        removes = behaviors.remove_unverified_email_claim
        return removes is None or bool(removes)

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

    @fact()
    def has_valid_credential(self) -> bool:
        """A client secret or certificate on the registration can be used now (federated credentials have no term)."""
        return has_valid(self.secrets, self.certificates)

    def granted(self, kind: str) -> list[GrantedPermission]:
        """Those of one kind, which the other kind's collection need not be given for."""
        principal = self.service_principal
        if principal is None:
            return []
        of = self.world.grants.application if kind == "application" else self.world.grants.delegated
        return of(principal)

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

    @fact(SERVICE_PRINCIPALS.whole, ASSIGNMENTS, unknown_without=(SERVICE_PRINCIPALS,))
    def privileged(self) -> bool:
        """Holds an application permission of tier 0."""
        principal = self.service_principal
        return principal is not None and principal.privileged

    @fact(CONNECTORS)
    def connectors(self) -> list[Connector]:
        """The connectors, of those that were given, that sign in through it."""
        return self.world.connections.of_client(self.app_id)

    @fact(APPLICATIONS.whole, partial_without=APPLICATIONS)
    def namesakes(self) -> list[App]:
        """Other registrations with the same display name."""
        return self.world.sharing.others("display name", self.display_name, self) if self.display_name else []

    @fact()
    def entry_count(self) -> int:
        """Entries of all collections of the manifest together; Entra ID allows about 1,200."""
        lists = (self.redirect_uris, self.identifier_uris, self.scopes, self.app_roles, self.preauthorized_clients, self.known_clients)
        more = (self.requested_resources, self.requested_permissions, self.secrets, self.tags, self.optional_claims)
        return sum(len(values) for values in (*lists, *more, self._keys))


def _preauthorized(doc: shapes.PreAuthorizedApplication, owner: App, at: str) -> Client:
    return Client(doc.app_id, owner, at, listed(doc.delegated_permission_ids))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
