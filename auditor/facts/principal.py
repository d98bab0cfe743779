"""Service principals, and the owners of registrations."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from auditor.entra import shapes
from auditor.entra.collections import (
    APPLICATIONS,
    ASSIGNED_TO,
    ASSIGNMENTS,
    GRANTS,
    ORGANIZATION,
    OWNERS,
    PRINCIPAL_OWNERS,
    SERVICE_PRINCIPALS,
    SIGN_INS,
)
from auditor.facts.api import AppRole, Scope
from auditor.facts.base import Fact, each, fact, flag, identifier, listed, lower, prop, text
from auditor.facts.credentials import Certificate, Secret, certificates, has_valid
from auditor.facts.names import imitated
from auditor.facts.permissions import DelegatedGrant, GrantedPermission
from auditor.facts.uris import ReplyUri
from auditor.unknown import Unknown, either, read, some

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.document import Document
    from auditor.facts.world import World


class ServicePrincipal(Fact):
    """A service principal (enterprise application) of the tenant."""

    SLOTS = ("world", "document", "rank", "subject", "_publisher", "expanded_owners")
    COLLECTIONS = (SERVICE_PRINCIPALS,)
    POLICY_TARGET = "service principals"  # of the app management policy
    KEY = (("id",), ("app_id",))
    LABEL = ("display_name", "app_id", "id")
    world: World
    document: Document

    id: str = prop("id", "Object ID.")
    app_id: str = prop("appId", "Application (client) ID.")
    display_name: str = prop("displayName", "Its name.")
    created: datetime | None = prop("createdDateTime", "When it came into the tenant.")
    enabled: bool = prop("accountEnabled", "Users and applications can sign in with it; null = yes.")
    assignment_required: bool = prop("appRoleAssignmentRequired", "Only those assigned can use it; null = no.")
    type: Literal["Application", "ManagedIdentity", "Legacy", "SocialIdp"] = prop("servicePrincipalType", "What it stands for.")
    home_tenant_id: str | None = prop("appOwnerOrganizationId", "Home tenant of its registration; null for managed identities.")
    disabled_by_microsoft: str = prop("disabledByMicrosoftStatus", "'' or NotDisabled when Microsoft has not disabled it.")
    reply_urls: list[str] = prop("replyUrls", "Redirect URIs as they arrived from the registration.")
    names: list[str] = prop("servicePrincipalNames", "Application ID URIs and the app id.")
    sso_mode: str = prop("preferredSingleSignOnMode", "'saml', 'password', …; '' when not set.")
    signing_thumbprint: str = prop("preferredTokenSigningKeyThumbprint", "Certificate that signs SAML tokens; '' when not set.")
    notification_emails: list[str] = prop("notificationEmailAddresses", "Who is told before the SAML certificate expires.")
    tags: list[str] = prop("tags", "WindowsAzureActiveDirectoryIntegratedApp, HideApp, ….")
    scopes: list[Scope] = prop("oauth2PermissionScopes", "Delegated permissions exposed.")
    app_roles: list[AppRole] = prop("appRoles", "App roles exposed.")
    secrets: list[Secret] = prop("passwordCredentials", "Client secrets on the service principal itself.")
    certificates: list[Certificate] = prop("keyCredentials", "Certificates on the service principal itself.")

    def __init__(self, doc: shapes.ServicePrincipal, world: World, document: Document) -> None:
        self.owner, self.at, self.world, self.document = world, "", world, document
        self.id, self.app_id, self.display_name = identifier(doc.id), identifier(doc.app_id), text(doc.display_name)
        self.created = doc.created_date_time
        self.enabled = True if doc.account_enabled is None else doc.account_enabled
        self.assignment_required = flag(doc.app_role_assignment_required)
        self.type = text(doc.service_principal_type)
        home: Any = doc.app_owner_organization_id
        self.home_tenant_id = home.lower() if home.__class__ is str else home
        self.disabled_by_microsoft = text(doc.disabled_by_microsoft_status)
        self.reply_urls, self.names = listed(doc.reply_urls), listed(doc.service_principal_names)
        self.sso_mode, self.tags = text(doc.preferred_single_sign_on_mode), listed(doc.tags)
        self.signing_thumbprint = text(doc.preferred_token_signing_key_thumbprint)
        self.notification_emails = listed(doc.notification_email_addresses)
        self.scopes = each(doc.oauth2_permission_scopes, Scope, self, "/oauth2PermissionScopes")
        self.app_roles = each(doc.app_roles, AppRole, self, "/appRoles")
        self.secrets = each(doc.password_credentials, Secret, self, "/passwordCredentials")
        self.certificates = certificates(listed(doc.key_credentials), self)
        self._publisher: Any = doc.verified_publisher
        self.expanded_owners = doc.owners

    @fact(graph="replyUrls")
    def reply_uris(self) -> list[ReplyUri]:
        """`reply_urls`, split."""
        return each(self.reply_urls, ReplyUri, self, "/replyUrls")

    @fact(graph="verifiedPublisher")
    def verified_publisher(self) -> bool:
        """Its publisher is verified."""
        publisher = self._publisher
        return publisher is not None and publisher.verified_publisher_id is not None and publisher.verified_publisher_id != ""

    @fact()
    def first_party(self) -> bool:
        """Microsoft's own: by app id, then by home tenant."""
        catalog = self.world.catalog
        return self.app_id in catalog.first_party or self.home_tenant_id in catalog.microsoft_tenants

    @fact(ORGANIZATION)
    def foreign(self) -> bool:
        """Its home is another tenant, Microsoft's own excepted."""
        home = self.home_tenant_id
        return not self.first_party and home is not None and home != self.world.tenant.id

    @fact(APPLICATIONS.whole)
    def app(self) -> App | None:
        """Its registration, when it is in this tenant."""
        return self.world.app(self.app_id)

    @fact(SIGN_INS.whole, unknown_without=(SIGN_INS,))
    def last_sign_in(self) -> datetime | None:
        """When it was last used, as a client or as an API; null: the report of sign-ins has nothing of it."""
        return self._latest("last_sign_in_activity")

    @fact(SIGN_INS.whole, unknown_without=(SIGN_INS,))
    def last_client_sign_in(self) -> datetime | None:
        """When it last got a token, for itself or for a user; null: the report of sign-ins has nothing of it."""
        return self._latest("delegated_client_sign_in_activity", "application_authentication_client_sign_in_activity")

    @fact(SIGN_INS.whole, unknown_without=(SIGN_INS,))
    def last_app_only_sign_in(self) -> datetime | None:
        """When it last got a token for itself, without a user; null: the report of sign-ins has nothing of it."""
        return self._latest("application_authentication_client_sign_in_activity")

    def _latest(self, *activities: str) -> datetime | None:
        found = [getattr(row, activity) for row in self.world.sign_ins_of(self) or () for activity in activities]
        dates = [activity.last_sign_in_date_time for activity in found if activity is not None]
        return max((date for date in dates if date is not None and date.year > 1), default=None)  # the year 1 stands for never

    @fact(GRANTS, ASSIGNMENTS, unknown_without=(GRANTS, ASSIGNMENTS))
    def granted_permissions(self) -> list[GrantedPermission]:
        """Permissions granted to it."""
        return self.world.grants.of(self)

    @fact(GRANTS, unknown_without=(GRANTS,))
    def delegated_grants(self) -> list[DelegatedGrant]:
        """The oauth2PermissionGrants of which it is the client."""
        return self.world.grants.as_given(self)

    @fact(SERVICE_PRINCIPALS.whole)
    def lookalikes(self) -> list[ServicePrincipal]:
        """Service principals of another home tenant whose names look the same, confusable letters folded."""
        return self.world.sharing.lookalikes_of(self)

    @fact(SERVICE_PRINCIPALS.whole, ORGANIZATION)
    def own_lookalikes(self) -> list[ServicePrincipal]:
        """Service principals of this tenant's own applications whose names look the same, itself among them if it is one."""
        return self.world.sharing.own_lookalikes_of(self)

    @fact(ASSIGNED_TO, unknown_without=(ASSIGNMENTS,))
    def assignments(self) -> list[str]:
        """Object IDs of the users, groups and service principals that are assigned to it."""
        return self.world.grants.assigned_to(self)

    @fact(ASSIGNMENTS)
    def privileged(self) -> bool:
        """Holds an application permission of tier 0."""
        return some(self.world.grants.application(self), lambda grant: grant.privilege == "tier 0")

    @fact(PRINCIPAL_OWNERS)
    def owners(self) -> list[Owner]:
        """Owners of the service principal."""
        return self.world.owners_of(self)

    @fact(graph="preferredSingleSignOnMode")
    def saml(self) -> bool:
        """It signs users in with SAML."""
        return self.sso_mode == "saml"

    @fact()
    def has_valid_credential(self) -> bool:
        """A client secret or certificate on the service principal itself can be used now."""
        return has_valid(self.secrets, self.certificates)

    @fact()
    def imitates(self) -> str | None:
        """The Microsoft application whose name this one's looks like, confusable letters folded; null when none."""
        return None if self.first_party else imitated(read(self.display_name))

    @fact(graph="preferredTokenSigningKeyThumbprint")
    def signing_certificate(self) -> Certificate | None:
        """The certificate that signs SAML tokens now; null when the service principal has none."""
        preferred = self.signing_thumbprint.upper()
        return next((c for c in self.certificates if c.thumbprint == preferred), None) if preferred else None


UNREADABLE: Any = Unknown("owners", "only their ids came, User.Read.All is missing", collection=True)


class Owner(Fact):
    """An owner of a registration or service principal."""

    SLOTS = ("document", "_user_type")
    COLLECTIONS = (OWNERS,)
    KEY = (("id",),)
    LABEL = ("user_principal_name", "display_name", "id")
    owner: App | ServicePrincipal

    id: str = prop("id", "Object ID.")
    display_name: str = prop("displayName", "Its name.")
    user_principal_name: str = prop("userPrincipalName", "Sign-in name of a user; '' for a service principal.")
    enabled: bool = prop("accountEnabled", "Can sign in; null = yes.")
    kind: Literal["user", "servicePrincipal"] = prop("@odata.type", "User or service principal.")

    def __init__(self, doc: shapes.DirectoryObject, owner: App | ServicePrincipal, at: str, document: Document | None = None) -> None:
        self.owner, self.at, self.document, self.id = owner, at, document, lower(doc.id)
        self.display_name = text(doc.display_name)
        self.enabled = True if doc.account_enabled is None else doc.account_enabled
        # Everybody has a name: without a permission for users Microsoft Graph gives the id, and null for all else.
        unreadable = doc.display_name is None and doc.user_principal_name is None
        if unreadable:
            self.display_name = self.enabled = UNREADABLE
        kind: Any = doc.odata_type
        if kind.__class__ is str:
            kind = "servicePrincipal" if kind == "#microsoft.graph.servicePrincipal" else "user"
        elif doc.service_principal_type.__class__ is str or doc.user_principal_name.__class__ is str:
            kind = "servicePrincipal" if doc.service_principal_type.__class__ is str else "user"
        self.kind = kind
        self.user_principal_name = "" if kind.__class__ is str and kind == "servicePrincipal" else text(doc.user_principal_name)
        self._user_type: Any = text(doc.user_type)
        if unreadable:
            self.user_principal_name = self._user_type = UNREADABLE

    @fact(graph="userType")
    def guest(self) -> bool:
        """A user of another organization: userType Guest, or #EXT# in the sign-in name."""
        return self.kind == "user" and either(lambda: self._user_type == "Guest", lambda: "#EXT#" in self.user_principal_name.upper())
