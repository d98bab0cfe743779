"""Service principals, and the owners of registrations."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from auditor.entra.catalog import AbuseKind
from auditor.entra.collections import (
    AGENTS,
    APPLICATIONS,
    ASSIGNED_TO,
    ASSIGNMENTS,
    AZURE_ROLES,
    CLASSIFICATIONS,
    CONDITIONAL_ACCESS,
    GRANTS,
    GROUP_MEMBERS,
    GROUP_OWNERS,
    GROUPS,
    MAILBOX_POLICIES,
    ORGANIZATION,
    OWNERS,
    PRINCIPAL_OWNERS,
    RECOMMENDATIONS,
    RISKY_PRINCIPALS,
    ROLE_ASSIGNMENTS,
    SERVICE_PRINCIPALS,
    SIGN_INS,
    SYNCHRONIZATION_JOBS,
)
from auditor.facts.api import AppRole, ClassifiedPermission, Scope
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import conversion, date, each, flag, identifier, is_set, listed, switch, text
from auditor.facts.credentials import Certificate, Credential, Secret, certificates, has_valid, to_sign_in_with
from auditor.facts.names import has_letters, imitated
from auditor.facts.owner import Owner
from auditor.facts.paths import NEEDED, NOTHING_WITHOUT, Path
from auditor.facts.permissions import DelegatedGrant, GrantedPermission, MailboxPolicy
from auditor.facts.restrictions import OWN_POLICY, AppPolicy, app_policy
from auditor.facts.roles import HELD, AzureRole, Group, Role, takes_over
from auditor.facts.tenant import WorkloadPolicy, workload_policies
from auditor.facts.uris import ReplyUri, Uri
from auditor.unknown import Partial, Unknown, Unread, either, keep, known, read, some, whole_or_partial

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.facts.app import App
    from auditor.facts.document import Document
    from auditor.facts.world import World


OF_TEMPLATES = ("WindowsAzureActiveDirectoryGalleryApplication", "WindowsAzureActiveDirectoryCustomSingleSignOnApplication")
RiskState = Literal["none", "confirmedSafe", "remediated", "dismissed", "atRisk", "confirmedCompromised"]
RiskLevel = Literal["none", "low", "medium", "high", "hidden"]


def _named(value: Any, names: Any, what: str) -> Any:
    """One of an enumeration's names; null is none. What was added to it since is unknown."""
    if isinstance(value, str) and value not in get_args(names):
        raise Unread(Unknown(what, "a value that regaudit does not know"))
    return "none" if value is None else value


@conversion(str)
def _home(value: Any) -> Any:
    return value.lower() if value.__class__ is str else value


_reply_uris = each(ReplyUri, str)


class ServicePrincipal(Fact):
    """A service principal (enterprise application) of the tenant."""

    SLOTS = ("world", "document", "rank", "subject")
    COLLECTIONS = (SERVICE_PRINCIPALS,)
    POLICY_TARGET: Literal["service principals"] = "service principals"  # of the app management policy
    KEY = (("id",), ("app_id",))
    LABEL = ("display_name", "app_id", "id")
    world: World
    document: Document

    id: str = prop("id", identifier, "Object ID.")
    app_id: str = prop("appId", identifier, "Application (client) ID.")
    display_name: str = prop("displayName", text, "Its name.")
    created: datetime | None = prop("createdDateTime", date, "When it came into the tenant.")
    enabled: bool = prop("accountEnabled", switch, "Users and applications can sign in with it; null = yes.")
    assignment_required: bool = prop("appRoleAssignmentRequired", flag, "Only those assigned can use it; null = no.")
    type: Literal["Application", "ManagedIdentity", "Legacy", "SocialIdp", "ServiceIdentity"] = prop(
        "servicePrincipalType", text, "What it stands for; ServiceIdentity is an agent identity."
    )
    home_tenant_id: str | None = prop("appOwnerOrganizationId", _home, "Home tenant of its registration; null for managed identities.")
    disabled_by_microsoft: str = prop("disabledByMicrosoftStatus", text, "'' or NotDisabled when Microsoft has not disabled it.")
    reply_urls: list[str] = prop("replyUrls", listed, "Redirect URIs as they arrived from the registration.")
    names: list[str] = prop("servicePrincipalNames", listed, "Application ID URIs and the app id.")
    homepage: str = prop("homepage", text, "Address of its homepage; '' when not set.")
    sso_mode: str = prop("preferredSingleSignOnMode", text, "'saml', 'password', …; '' when not set.")
    signing_thumbprint: str = prop("preferredTokenSigningKeyThumbprint", text, "Certificate that signs SAML tokens; '' when not set.")
    notification_emails: list[str] = prop("notificationEmailAddresses", listed, "Who is told before the SAML certificate expires.")
    tags: list[str] = prop("tags", listed, "WindowsAzureActiveDirectoryIntegratedApp, HideApp, ….")
    scopes: list[Scope] = prop("oauth2PermissionScopes", each(Scope), "Delegated permissions exposed.")
    app_roles: list[AppRole] = prop("appRoles", each(AppRole), "App roles exposed.")
    secrets: list[Secret] = prop("passwordCredentials", each(Secret), "Client secrets on the service principal itself.")
    certificates: list[Certificate] = prop("keyCredentials", certificates, "Certificates on the service principal itself.")
    verified_publisher: bool = prop(
        "verifiedPublisher/verifiedPublisherId", is_set, "Its publisher is verified.", place="verifiedPublisher"
    )

    deleted: Any = part("deletedDateTime", str, absent=None)  # in the recycle bin since then
    expanded_owners: Any = part("owners", list[Owner])  # only with $expand, 20 at most
    stated_blueprint: Any = part("agentIdentityBlueprintId", str)
    stated_sponsors: Any = part("sponsors", list[Owner])  # only with $expand
    _odata_type: Any = part("@odata.type", str, absent=None)

    @fact(graph="replyUrls")
    def reply_uris(self) -> list[ReplyUri]:
        """`reply_urls`, split."""
        found: list[ReplyUri] = _reply_uris(self.reply_urls, self, "/replyUrls")
        return found

    @fact(graph="homepage")
    def homepage_domain(self) -> str:
        """The registrable domain of `homepage`; '' when it has none."""
        return Uri(read(self.homepage), self, "").domain

    @fact(ORGANIZATION, graph="replyUrls")
    def reply_domains(self) -> list[str]:
        """The registrable domains of `reply_uris`, each once: neither verified ones of the tenant nor callbacks of Microsoft."""
        others = keep(self.reply_uris, lambda uri: uri.domain and not uri.shared_callback and not uri.verified_domain)
        gap = others.unknown if isinstance(others, Partial) else None
        return whole_or_partial(list(dict.fromkeys(uri.domain for uri in known(others))), gap)

    @fact()
    def first_party(self) -> bool:
        """Microsoft's own: by app id, then by home tenant."""
        catalog = self.world.catalog
        return self.app_id in catalog.first_party or self.home_tenant_id in catalog.microsoft_tenants

    @fact()
    def abuse(self) -> AbuseKind | None:
        """By app id: malicious, made by attackers; abused, a product that attackers also use; null: not on the catalog's list."""
        found = self.world.catalog.abused.get(self.app_id)
        return None if found is None else found.kind

    @fact()
    def abuse_source(self) -> str | None:
        """Who reported it as malicious or abused; null: not on the catalog's list."""
        found = self.world.catalog.abused.get(self.app_id)
        return None if found is None else found.source

    @fact(graph="servicePrincipalType")
    def agent(self) -> bool:
        """It is an agent identity, by the type that Microsoft Graph states."""
        stated = (self._odata_type or "").lower().endswith(".agentidentity")
        return stated or self.type == "ServiceIdentity"

    @fact(AGENTS, graph="agentIdentityBlueprintId")
    def blueprint_id(self) -> str:
        """App ID of the blueprint of an agent identity; '' for other service principals."""
        return self.world.agents.blueprint_id(self) if self.agent else ""

    @fact(AGENTS, graph="sponsors")
    def sponsors(self) -> list[str]:
        """Object IDs of the sponsors of an agent identity; of another service principal none."""
        return self.world.agents.sponsors(self) if self.agent else []

    @fact(ORGANIZATION)
    def foreign(self) -> bool:
        """Its home is another tenant, Microsoft's own excepted."""
        home = self.home_tenant_id
        return not self.first_party and home is not None and home != self.world.tenant.id

    @fact(ORGANIZATION, APPLICATIONS.whole)
    def unregistered(self) -> bool:
        """No registration here says what it holds: its home is another tenant, or its registration is gone; never Microsoft's own."""
        return not self.first_party and either(lambda: self.foreign, lambda: read(self.app) is None)

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

    @fact(RISKY_PRINCIPALS.whole, unknown_without=(RISKY_PRINCIPALS,))
    def risk_state(self) -> RiskState:
        """What Microsoft Entra ID Protection and administrators make of it; none: it is not on the list of risky workload identities."""
        risk = self.world.risk_of(self)
        return "none" if risk is None else _named(risk.risk_state, RiskState, "riskState")

    @fact(RISKY_PRINCIPALS.whole, unknown_without=(RISKY_PRINCIPALS,))
    def risk_level(self) -> RiskLevel:
        """How great its risk is; hidden: the tenant has no licence for Microsoft Entra Workload ID."""
        risk = self.world.risk_of(self)
        return "none" if risk is None else _named(risk.risk_level, RiskLevel, "riskLevel")

    @fact(RISKY_PRINCIPALS.whole, unknown_without=(RISKY_PRINCIPALS,))
    def risk_updated(self) -> datetime | None:
        """When its risk changed last; null: it is not on the list of risky workload identities."""
        risk = self.world.risk_of(self)
        return None if risk is None else risk.risk_last_updated_date_time

    @fact(GRANTS, ASSIGNMENTS, unknown_without=(GRANTS, ASSIGNMENTS))
    def granted_permissions(self) -> list[GrantedPermission]:
        """Permissions granted to it."""
        return self.world.grants.of(self)

    @fact(GRANTS, unknown_without=(GRANTS,))
    def delegated_grants(self) -> list[DelegatedGrant]:
        """The oauth2PermissionGrants of which it is the client."""
        return self.world.grants.as_given(self)

    @fact(CLASSIFICATIONS)
    def low_impact_permissions(self) -> list[ClassifiedPermission]:
        """Delegated permissions of it that the tenant classifies as low impact. Only of APIs whose permissions the catalog rates."""
        if self.app_id not in self.world.catalog.rated_apis:
            return []
        return keep(self.world.classifications_of(self), lambda one: one.classification == "low")

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

    @fact(ASSIGNED_TO, unknown_without=(ASSIGNMENTS,))
    def assigned_users(self) -> list[str]:
        """Object IDs of the users that are assigned to it by themselves, not through a group; each once."""
        return self.world.grants.users_of(self)

    @fact(ASSIGNMENTS)
    def privileged(self) -> bool:
        """Has a tier 0 application permission."""
        return some(self.world.grants.application(self), lambda grant: grant.privilege == "tier 0")

    @fact(*HELD, unknown_without=(ROLE_ASSIGNMENTS,))
    def roles(self) -> list[Role]:
        """Directory roles that it holds, directly or by a group."""
        return self.world.roles.held(self.id, self)

    @fact(*HELD, unknown_without=(ROLE_ASSIGNMENTS,))
    def has_tier0_role(self) -> bool:
        """Holds a tier 0 directory role over the whole tenant."""
        return takes_over(self.roles)

    @fact(ROLE_ASSIGNMENTS, unknown_without=(ROLE_ASSIGNMENTS,))
    def administrators(self) -> list[Role]:
        """Directory roles that are held over this service principal alone."""
        return self.world.roles.over(self.id, self)

    @fact(AZURE_ROLES.whole, unknown_without=(AZURE_ROLES,))
    def azure_roles(self) -> list[AzureRole]:
        """Azure roles that are assigned to it directly: those of its groups are not among them."""
        return self.world.imported.azure_roles_of(self.id, self)

    @fact(MAILBOX_POLICIES.whole, unknown_without=(MAILBOX_POLICIES,))
    def mailbox_policies(self) -> list[MailboxPolicy]:
        """Application access policies of Exchange Online that name it."""
        return self.world.imported.mailbox_policies_of(self.app_id, self)

    @fact(GROUPS, GROUP_MEMBERS, unknown_without=(GROUPS,))
    def groups(self) -> list[Group]:
        """Groups that can hold directory roles of which it is a member."""
        return self.world.roles.member_of(self.id, self)

    @fact(GROUPS, GROUP_OWNERS, unknown_without=(GROUPS,))
    def owned_groups(self) -> list[Group]:
        """Groups that can hold directory roles of which it is an owner."""
        return self.world.roles.owner_of(self.id, self)

    @fact(*NEEDED, unknown_without=NOTHING_WITHOUT)
    def path(self) -> Path | None:
        """The cheapest way on which whoever signs in as it comes to control the tenant; null when there is none."""
        return self.world.paths.of(self)

    @fact(*NEEDED, unknown_without=NOTHING_WITHOUT)
    def ways_in(self) -> list[Path]:
        """The cheapest ways on which others come to control the tenant and which begin with this service principal."""
        return self.world.paths.ways_in(self)

    @fact(APPLICATIONS.whole, OWNERS.whole)
    def owned_apps(self) -> list[App]:
        """Registrations of which it is an owner."""
        return self.world.sharing.owned_apps(self)

    @fact(SERVICE_PRINCIPALS.whole, PRINCIPAL_OWNERS.whole)
    def owned_principals(self) -> list[ServicePrincipal]:
        """Other service principals of which it is an owner."""
        return self.world.sharing.owned_principals(self)

    @fact(PRINCIPAL_OWNERS)
    def owners(self) -> list[Owner]:
        """Owners of the service principal."""
        return self.world.owners_of(self)

    @fact(graph="preferredSingleSignOnMode")
    def saml(self) -> bool:
        """It signs users in with SAML."""
        return self.sso_mode == "saml"

    @fact(RECOMMENDATIONS, unknown_without=(RECOMMENDATIONS,))
    def recommendations(self) -> list[str]:
        """Types of the active recommendations of Microsoft Entra ID that name it (beta): adalToMsalMigration, managedIdentity, …."""
        return self.world.recommendations.of(self)

    @fact(graph="tags")
    def may_provision(self) -> bool:
        """Provisioning can be set up for it: it is made from a template of the gallery, or has single sign-on; by tags and sign-on mode."""
        return either(lambda: some(self.tags, lambda tag: tag.startswith(OF_TEMPLATES)), lambda: self.sso_mode in ("saml", "password"))

    @fact(SYNCHRONIZATION_JOBS)
    def provisioning_jobs(self) -> list[str]:
        """Templates of its provisioning jobs (templateId)."""
        return self._jobs(lambda job: True)

    @fact(SYNCHRONIZATION_JOBS)
    def quarantined_jobs(self) -> list[str]:
        """Templates of its provisioning jobs that are in quarantine."""
        return self._jobs(lambda job: job.status is not None and job.status.code == "Quarantine")

    def _jobs(self, test: Callable[[Any], bool]) -> list[str]:
        found = keep(self.world.jobs_of(self), test)
        return whole_or_partial([job.template_id for job in known(found)], found.unknown if isinstance(found, Partial) else None)

    @fact(*OWN_POLICY, unknown_without=(OWN_POLICY[0].collection,))
    def own_app_policy(self) -> AppPolicy | None:
        """The app management policy that it has of its own, in place of the tenant's default one; null: none."""
        return app_policy(self)

    @fact(CONDITIONAL_ACCESS, ORGANIZATION, unknown_without=(CONDITIONAL_ACCESS,))
    def conditional_access(self) -> list[WorkloadPolicy]:
        """Conditional Access policies for workload identities that are on and apply to it."""
        return workload_policies(self)

    @fact()
    def own_credentials(self) -> list[Credential]:
        """Client secrets and certificates on the service principal itself that it can sign in with: none of an application with a
        certificate that signs SAML tokens, whose secrets belong to that certificate.
        """
        return to_sign_in_with(self.secrets, self.certificates)

    @fact()
    def has_valid_credential(self) -> bool:
        """A client secret or certificate on the service principal itself can be used now."""
        return has_valid(self.secrets, self.certificates)

    @fact()
    def imitates(self) -> str | None:
        """The Microsoft application whose name this one's looks like, confusable letters folded; null when none."""
        return None if self.first_party else imitated(read(self.display_name))

    @fact(ORGANIZATION, graph="displayName")
    def name_problem(self) -> Literal["no letter and no digit", "a domain of the tenant", "a sign-in name of the tenant"] | None:
        """What makes its name one that attackers give to applications; null: nothing."""
        name = read(self.display_name).strip().lower()
        if not has_letters(name):
            return "no letter and no digit"
        user, at, domain = name.rpartition("@")
        if "." not in domain or " " in name or (at and not user):
            return None
        if not some(self.world.tenant.verified_domains, lambda verified: domain == verified):
            return None
        return "a sign-in name of the tenant" if at else "a domain of the tenant"

    @fact(graph="preferredTokenSigningKeyThumbprint")
    def signing_certificate(self) -> Certificate | None:
        """The certificate that signs SAML tokens now; null when the service principal has none."""
        preferred = self.signing_thumbprint.upper()
        return next((c for c in self.certificates if c.thumbprint == preferred), None) if preferred else None
