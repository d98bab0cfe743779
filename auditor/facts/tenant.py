"""The audited tenant: who it is, and what its policies allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from auditor.entra.collections import (
    ACCESS_CATALOGS,
    ACCESS_POLICIES,
    ADMIN_CONSENT,
    APP_MANAGEMENT,
    AUTHORIZATION,
    CONDITIONAL_ACCESS,
    CONSENT_POLICIES,
    CONSENT_REQUESTS,
    GROUP_SETTINGS,
    ORGANIZATION,
    ROLE_ASSIGNMENTS,
    SERVICE_PRINCIPALS,
    STORE_SETTINGS,
    TEAMS_APP_SETTINGS,
    USER_CONSENT_REQUESTS,
    Collection,
)
from auditor.facts.base import Fact, fact, prop
from auditor.facts.convert import identifier, listed, text
from auditor.facts.paths import NEEDED, NOTHING_WITHOUT, Path
from auditor.facts.restrictions import Policy, Restriction, restrictions
from auditor.facts.roles import Role
from auditor.unknown import Partial, Unknown, Unread, first_unknown, keep, known, read, whole_or_partial

if TYPE_CHECKING:
    from auditor.entra import policy_shapes
    from auditor.facts.document import Document
    from auditor.facts.principal import ServicePrincipal
    from auditor.facts.world import World

T = TypeVar("T")
GroupConsent = Literal["no owner", "members of a group", "every owner", "custom"]
UserConsent = Literal["none", "low impact", "Microsoft managed", "all", "custom"]
_CONSENT_OF: dict[str, UserConsent] = {
    "microsoft-user-default-legacy": "all",
    "microsoft-user-default-recommended": "Microsoft managed",
    "microsoft-user-default-allow-consent-apps": "Microsoft managed",
    "microsoft-user-default-low": "low impact",
}
_LAXEST_FIRST: tuple[UserConsent, ...] = ("all", "custom", "Microsoft managed", "low impact")
_FOR_THEMSELVES, _FOR_WHAT_THEY_OWN = "managepermissiongrantsforself.", "managepermissiongrantsforownedresource."


def _policy(policy: Collection, place: str = "") -> Callable[[Callable[[Any], T]], T]:
    """A fact that is made from one of the tenant's policies."""
    return fact(policy, graph=place and f"{policy.name}/{place}", unknown_without=(policy,))


_ALL = {"all", "any"}


class ConsentCondition(Fact):
    """A condition set of a custom consent policy: who meets all of it, users can consent to."""

    SLOTS = ("document", "_row", "_policy")
    COLLECTIONS = (CONSENT_POLICIES,)
    KEY = (("policy_id", "number"),)
    LABEL = ("policy_name", "policy_id")
    owner: Tenant

    policy_id: str = prop("id", doc="Name of the policy in the settings for user consent.")
    policy_name: str = prop("displayName", doc="Display name of the policy.")
    number: int = prop(doc="Its place in the policy, from 1.")
    permission_type: Literal["delegated", "delegatedUserConsentable", "application"] = prop(doc="What kind of permissions it is about.")

    def __init__(self, owner: Tenant, policy: Any, number: int, document: Document) -> None:
        self.owner, self.at, self.document, self._policy = owner, f"/includes/{number}", document, policy
        self._row = known(policy.includes)[number]
        self.policy_id, self.policy_name, self.number = policy.id, text(policy.display_name), number + 1
        self.permission_type = self._row.permission_type

    def origin(self, place: str = "") -> tuple[Document | None, str]:
        """Id and name are the policy's."""
        return super().origin("" if place in ("/id", "/displayName") else place)

    @fact(graph="permissionClassification")
    def any_permission(self) -> bool:
        """It matches every delegated permission of every API, whatever the tenant classifies as low impact."""
        row = self._row
        return bool((row.permission_classification or "all") == "all") and _is_all(row.permissions) and _is_all(row.resource_application)

    @fact(graph="clientApplicationIds")
    def some_applications(self) -> bool:
        """It matches only applications that it names, by their IDs or by their home tenants."""
        row = self._row
        return not (_is_all(row.client_application_ids) and _is_all(row.client_application_tenant_ids))

    @fact(graph="clientApplicationsFromVerifiedPublisherOnly")
    def some_publishers(self) -> bool:
        """It matches only applications of verified publishers, or of publishers that it names."""
        row = self._row
        return bool(row.client_applications_from_verified_publisher_only) or not _is_all(row.client_application_publisher_ids)

    @fact(graph="excludes")
    def has_exclusions(self) -> bool:
        """The policy excludes something again."""
        return len(self._policy.excludes or []) > 0


class ConsentRequest(Fact):
    """An application for which users asked for admin consent."""

    SLOTS = ("document", "_asked")
    COLLECTIONS = (CONSENT_REQUESTS,)
    KEY = (("id",), ("app_id",))
    LABEL = ("app_name", "app_id", "id")
    owner: Tenant

    id: str = prop("id", doc="Id of the request.")
    app_id: str = prop("appId", doc="Application (client) ID of the application.")
    app_name: str = prop("appDisplayName", doc="Name of the application.")
    scopes: list[str] = prop("pendingScopes", doc="Names of the permissions that wait for consent.")

    def __init__(self, owner: Tenant, row: Any, asked: Any, document: Document) -> None:
        self.owner, self.at, self.document, self._asked = owner, "", document, asked
        self.id, self.app_id, self.app_name = text(row.id), identifier(row.app_id), text(row.app_display_name)
        scopes: Any = row.pending_scopes
        if not isinstance(scopes, Unknown):
            names = [scope.display_name for scope in known(listed(scopes))]
            scopes = whole_or_partial([name for name in names if name.__class__ is str], first_unknown(*names))
        self.scopes = scopes

    @fact(USER_CONSENT_REQUESTS, graph="userConsentRequests")
    def waiting_since(self) -> datetime | None:
        """When the first of those asked who wait for a decision; null: none waits."""
        waiting = keep(self._asked, lambda one: (one.status or "").lower() == "inprogress")
        dates = [one.created_date_time for one in waiting]
        return min((date for date in dates if date is not None), default=None)


class WorkloadPolicy(Fact):
    """A Conditional Access policy for workload identities that is on and applies to a service principal."""

    SLOTS = ("document", "_row")
    COLLECTIONS = (CONDITIONAL_ACCESS,)
    KEY = (("id",),)
    LABEL = ("display_name", "id")
    owner: ServicePrincipal

    id: str = prop("id", doc="Object ID.")
    display_name: str = prop("displayName", doc="Its name.")

    def __init__(self, row: Any, owner: ServicePrincipal, document: Document) -> None:
        self.owner, self.at, self.document, self._row = owner, "", document, row
        self.id, self.display_name = text(row.id), text(row.display_name)

    @fact(graph="grantControls")
    def blocks(self) -> bool:
        """It blocks access."""
        return self._row.grant_controls is not None and "block" in read(listed(self._row.grant_controls.built_in_controls))

    @fact(graph="conditions/applications")
    def all_resources(self) -> bool:
        """It applies to all resources, none excluded."""
        of = self._row.conditions.applications
        return of is not None and "All" in read(listed(of.include_applications)) and not read(listed(of.exclude_applications))

    @fact(graph="conditions/locations")
    def by_location(self) -> bool:
        """It applies outside some locations, or in some."""
        of = self._row.conditions.locations
        return of is not None and bool(read(listed(of.exclude_locations)) or (read(listed(of.include_locations)) not in ([], ["All"])))

    @fact(graph="conditions/servicePrincipalRiskLevels")
    def by_risk(self) -> bool:
        """It applies where Microsoft Entra ID Protection considers the service principal at risk."""
        return len(read(listed(self._row.conditions.service_principal_risk_levels))) > 0


def workload_policies(one: ServicePrincipal) -> list[WorkloadPolicy]:
    """The Conditional Access policies that apply to a service principal."""

    def applies(given: tuple[Any, Document]) -> bool:
        clients = given[0].conditions.client_applications
        if one.id in lowered_all(clients.exclude_service_principals):
            return False
        included = lowered_all(clients.include_service_principals)
        if one.id in included:
            return True
        if clients.service_principal_filter is not None:
            raise Unread(Unknown("conditions.clientApplications.servicePrincipalFilter", "custom security attributes are not read"))
        return "serviceprincipalsinmytenant" in included and not one.foreign

    rows = keep(one.world.policies.conditional_access(), applies)
    made = [WorkloadPolicy(row, one, document) for row, document in known(rows)]
    return whole_or_partial(made, rows.unknown if isinstance(rows, Partial) else None)


def lowered_all(names: Any) -> list[str]:
    return [name.lower() for name in listed(names)]


def _is_all(value: Any) -> bool:
    """Whether a condition lets everything through: what it does when it is not set."""
    if not value:
        return True
    return bool({one.lower() for one in (value if isinstance(value, list) else [value])} & _ALL)


class Tenant(Fact):
    """The audited tenant and its policies."""

    SLOTS = ("world", "document", "rank", "subject", "_objects")
    COLLECTIONS = (ORGANIZATION,)
    KEY = (("id",),)
    LABEL = ("id",)
    world: World

    id: str = prop("id", doc="Tenant ID.")
    verified_domains: list[str] = prop("verifiedDomains", doc="Names of its verified domains, lower case.", unknown_without=(ORGANIZATION,))

    def __init__(self, objects: Mapping[Collection, tuple[Any, Document]], world: World, tenant_id: Any) -> None:
        """`objects`: its organization and its policies, as far as they are in the input, each with its document."""
        self.owner, self.at, self.world, self._objects = world, "", world, objects
        self.document = next((document for _, document in objects.values()), None)
        self.id, self.rank = tenant_id, 0
        organization = self._object(ORGANIZATION)
        domains: Any = organization if isinstance(organization, Unknown) else listed(organization.verified_domains)
        if domains.__class__ is list:
            names = [domain.name for domain in domains]
            domains = whole_or_partial([name.lower() for name in names if name.__class__ is str], first_unknown(*names))
        self.verified_domains = domains

    @property
    def _consent_requests(self) -> policy_shapes.AdminConsentRequestPolicy:
        policy: policy_shapes.AdminConsentRequestPolicy = self._object(ADMIN_CONSENT)
        return policy

    def _object(self, of: Collection) -> Any:
        return self._objects[of][0] if of in self._objects else self.world.missing(of)

    def origin(self, place: str = "") -> tuple[Document | None, str]:
        """A place that begins with the name of a policy stands in that policy's document."""
        name, _, inside = place.removeprefix("/").partition("/")
        policy = next((document for of, (_, document) in self._objects.items() if of.name == name), None)
        return super().origin(place) if policy is None else (policy, f"/{inside}")

    @fact(ROLE_ASSIGNMENTS, unknown_without=(ROLE_ASSIGNMENTS,))
    def role_assignments(self) -> list[Role]:
        """Every directory role that is assigned to somebody, as it was assigned: to a user, a service principal or a group."""
        return self.world.roles.all(self)

    @fact(*NEEDED, unknown_without=NOTHING_WITHOUT)
    def ways_in(self) -> list[Path]:
        """The cheapest ways on which users come to control the tenant and which begin with a directory role or a group."""
        return self.world.paths.ways_in(self)

    @fact(ACCESS_POLICIES, unknown_without=(ACCESS_POLICIES,))
    def open_access_policies(self) -> list[str]:
        """Policies by which service principals or agents can request an access package that nobody approves: "package: policy"."""
        return self.world.access.open_policies()

    @fact(ACCESS_CATALOGS, SERVICE_PRINCIPALS.whole, unknown_without=(ACCESS_CATALOGS,))
    def removed_catalog_apps(self) -> list[str]:
        """Applications in catalogs of access packages of which no service principal is there any more: "catalog: application"."""
        return self.world.access.removed_applications()

    @fact(CONSENT_REQUESTS.whole, USER_CONSENT_REQUESTS, unknown_without=(CONSENT_REQUESTS,))
    def consent_requests(self) -> list[ConsentRequest]:
        """Applications for which users asked for admin consent, as long as somebody waits; others as far as the input has them."""
        rows = self.world.policies.consent_requests()
        made = [ConsentRequest(self, *row) for row in known(rows)]
        return whole_or_partial(made, rows.unknown if isinstance(rows, Partial) else None)

    # -- authorizationPolicy

    @_policy(AUTHORIZATION, "defaultUserRolePermissions/allowedToCreateApps")
    def users_may_register_apps(self) -> bool:
        """Users without a role can register applications."""
        allowed = self._user_permissions().allowed_to_create_apps
        return _stated(allowed, "defaultUserRolePermissions.allowedToCreateApps")

    @_policy(AUTHORIZATION, "defaultUserRolePermissions/permissionGrantPoliciesAssigned")
    def user_consent(self) -> UserConsent:
        """What users may consent to for themselves, by the laxest policy assigned to them. low impact: permissions that the tenant has
        classified so, for verified publishers and own applications; Microsoft managed: what Microsoft recommends at the time.
        """
        kinds = {_CONSENT_OF.get(policy, "custom") for policy in self._consent_policies()}
        return next((kind for kind in _LAXEST_FIRST if kind in kinds), "none")

    @fact(AUTHORIZATION, CONSENT_POLICIES.whole, unknown_without=(AUTHORIZATION,))
    def custom_consent(self) -> list[ConsentCondition]:
        """What custom consent policies let users consent to for themselves: each condition set for delegated permissions."""
        found: list[ConsentCondition] = []
        missing = None
        for name in self._consent_policies():
            if name in _CONSENT_OF:
                continue
            given: Any = self.world.policies.consent_policy(name)
            if given is None:
                continue  # it was deleted: nobody can consent by it
            row = given if isinstance(given, Unknown) else given[0]
            included = row if isinstance(row, Unknown) else row.includes
            if isinstance(included, Unknown):
                missing = first_unknown(missing, included)
                continue
            if isinstance(included, Partial):
                missing = first_unknown(missing, included.unknown)
            found += [ConsentCondition(self, row, i, given[1]) for i in range(len(known(included or [])))]
        return keep(whole_or_partial(found, missing), lambda one: one.permission_type != "application")

    def _consent_policies(self) -> list[str]:
        """Names of the policies by which users may consent for themselves, in lower case."""
        policy = self._object(AUTHORIZATION)
        assigned = policy.permission_grant_policy_ids_assigned_to_default_user_role
        if isinstance(assigned, Unknown):
            assigned = self._user_permissions().permission_grant_policies_assigned
        names = [name.lower() for name in listed(assigned)]
        return list(dict.fromkeys(name.removeprefix(_FOR_THEMSELVES) for name in names if not name.startswith(_FOR_WHAT_THEY_OWN)))

    @fact(GROUP_SETTINGS, AUTHORIZATION, unknown_without=(GROUP_SETTINGS,))
    def group_consent(self) -> GroupConsent:
        """Who can consent for a group that they own, also by an app in Teams; custom: what consent policies allow, as in new tenants."""
        settings = read(self.world.consent_settings())
        values: dict[str, str] = {}
        if settings is not None:
            values = {str(read(one.name)): read(one.value) or "" for one in listed(settings.values)}
        if values.get("EnableGroupSpecificConsent", "").lower() == "true":
            return "members of a group" if values.get("ConstrainGroupSpecificConsentToMembersOfGroupId") else "every owner"
        return "custom" if any(name.startswith(_FOR_WHAT_THEY_OWN) for name in self._consent_policies()) else "no owner"

    @_policy(TEAMS_APP_SETTINGS, "isChatResourceSpecificConsentEnabled")
    def chat_consent(self) -> bool:
        """Members of a chat can add apps that read it (beta)."""
        enabled: bool = _stated(
            self._object(TEAMS_APP_SETTINGS).is_chat_resource_specific_consent_enabled, "isChatResourceSpecificConsentEnabled"
        )
        return enabled

    @_policy(STORE_SETTINGS, "isOfficeStoreEnabled")
    def office_store(self) -> bool:
        """Users can get add-ins from the Office store (beta)."""
        enabled: bool = _stated(self._object(STORE_SETTINGS).is_office_store_enabled, "isOfficeStoreEnabled")
        return enabled

    @_policy(STORE_SETTINGS, "isAppAndServicesTrialEnabled")
    def store_trials(self) -> bool:
        """Users can start trials of apps and services (beta)."""
        enabled: bool = _stated(self._object(STORE_SETTINGS).is_app_and_services_trial_enabled, "isAppAndServicesTrialEnabled")
        return enabled

    @_policy(AUTHORIZATION, "allowUserConsentForRiskyApps")
    def risky_consent_allowed(self) -> bool:
        """Users can consent to applications that Microsoft considers risky; null = no."""
        return bool(self._object(AUTHORIZATION).allow_user_consent_for_risky_apps)

    @_policy(AUTHORIZATION, "blockMsolPowerShell")
    def msol_powershell_blocked(self) -> bool:
        """The PowerShell module MSOnline cannot sign in; null = no."""
        return bool(self._object(AUTHORIZATION).block_msol_power_shell)

    def _user_permissions(self) -> policy_shapes.DefaultUserRolePermissions:
        policy: policy_shapes.AuthorizationPolicy = self._object(AUTHORIZATION)
        return _stated(policy.default_user_role_permissions, "defaultUserRolePermissions")

    # -- adminConsentRequestPolicy

    @_policy(ADMIN_CONSENT, "isEnabled")
    def admin_consent_workflow(self) -> bool:
        """Users can ask an administrator to consent for them."""
        return _stated(self._consent_requests.is_enabled, "isEnabled")

    @_policy(ADMIN_CONSENT, "reviewers")
    def admin_consent_reviewers(self) -> list[str]:
        """Who decides on requests: Microsoft Graph's queries for users, groups and roles."""
        queries = [reviewer.query for reviewer in listed(self._consent_requests.reviewers)]
        return whole_or_partial([query for query in queries if query.__class__ is str], first_unknown(*queries))

    @_policy(ADMIN_CONSENT, "notifyReviewers")
    def admin_consent_notifies(self) -> bool:
        """Reviewers get an email for each request."""
        return _stated(self._consent_requests.notify_reviewers, "notifyReviewers")

    @_policy(ADMIN_CONSENT, "remindersEnabled")
    def admin_consent_reminds(self) -> bool:
        """Reviewers get an email before a request expires."""
        return _stated(self._consent_requests.reminders_enabled, "remindersEnabled")

    @_policy(ADMIN_CONSENT, "requestDurationInDays")
    def admin_consent_days(self) -> int:
        """Days after which a request on which nobody decides expires."""
        days = self._consent_requests.request_duration_in_days
        return _stated(days, "requestDurationInDays")

    # -- defaultAppManagementPolicy

    @_policy(APP_MANAGEMENT, "isEnabled")
    def app_policy_enabled(self) -> bool:
        """The default app management policy is enforced; null = no."""
        return bool(self._object(APP_MANAGEMENT).is_enabled)

    @_policy(APP_MANAGEMENT)
    def app_restrictions(self) -> list[Restriction]:
        """Every restriction that the default app management policy can have, set or not."""
        policy = read(self._object(APP_MANAGEMENT))
        document = self._objects[APP_MANAGEMENT][1]
        apps, principals = policy.application_restrictions, policy.service_principal_restrictions
        return [
            *restrictions(Policy("applications", apps, self, document, "/applicationRestrictions")),
            *restrictions(Policy("service principals", principals, self, document, "/servicePrincipalRestrictions")),
        ]


def _stated(value: T | None, name: str) -> T:
    """A value of which Microsoft Graph does not document what null means."""
    if value is None:
        raise Unread(Unknown(name, "null"))
    return value
