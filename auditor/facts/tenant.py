"""The audited tenant: who it is, and what its policies allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from auditor.facts.base import Fact, fact, prop
from auditor.facts.convert import flag, listed
from auditor.facts.restrictions import Restriction, restrictions
from auditor.unknown import Unknown, Unread, first_unknown, read, whole_or_partial

if TYPE_CHECKING:
    from auditor.entra import shapes

T = TypeVar("T")
UserConsent = Literal["none", "low impact", "Microsoft managed", "all", "custom"]
_CONSENT_OF: dict[str, UserConsent] = {
    "microsoft-user-default-legacy": "all",
    "microsoft-user-default-recommended": "Microsoft managed",
    "microsoft-user-default-allow-consent-apps": "Microsoft managed",
    "microsoft-user-default-low": "low impact",
}
_LAXEST_FIRST: tuple[UserConsent, ...] = ("all", "custom", "Microsoft managed", "low impact")
_FOR_THEMSELVES, _FOR_WHAT_THEY_OWN = "managepermissiongrantsforself.", "managepermissiongrantsforownedresource."


class Tenant(Fact):
    """The audited tenant and its policies."""

    SLOTS = ("world", "document", "rank", "subject", "_objects")
    COLLECTION = "organization"
    KEY = (("id",),)
    LABEL = ("id",)

    id: str = prop("id", doc="Tenant ID.")
    verified_domains: list[str] = prop("verifiedDomains", doc="Names of its verified domains, lower case.")

    def __init__(self, objects: dict[str, tuple[Any, Any]], world: Any, tenant_id: Any) -> None:
        """`objects`: its organization and its policies, as far as they are given, each with its document."""
        self.owner, self.at, self.world, self._objects = world, "", world, objects
        self.document = next((document for _, document in objects.values()), None)
        self.id, self.rank = tenant_id, 0
        organization = self._object("organization")
        domains: Any = organization if isinstance(organization, Unknown) else listed(organization.verified_domains)
        if domains.__class__ is list:
            names = [domain.name for domain in domains]
            domains = whole_or_partial([name.lower() for name in names if name.__class__ is str], first_unknown(*names))
        self.verified_domains = domains

    def _object(self, kind: str) -> Any:
        return self._objects[kind][0] if kind in self._objects else self.world.missing(kind)

    def origin(self, place: str = "") -> tuple[Any, str]:
        """A place that begins with the name of a policy stands in that policy's document."""
        kind, _, inside = place.removeprefix("/").partition("/")
        return (self._objects[kind][1], f"/{inside}") if kind in self._objects else super().origin(place)

    # -- authorizationPolicy

    @fact("authorizationPolicy", graph="authorizationPolicy/defaultUserRolePermissions/allowedToCreateApps")
    def users_may_register_apps(self) -> bool:
        """Users without a role can register applications."""
        allowed = self._user_permissions().allowed_to_create_apps
        return _stated(allowed, "defaultUserRolePermissions.allowedToCreateApps")

    @fact("authorizationPolicy", graph="authorizationPolicy/defaultUserRolePermissions/permissionGrantPoliciesAssigned")
    def user_consent(self) -> UserConsent:
        """What users may consent to for themselves, by the laxest policy assigned to them. low impact: permissions that the tenant has
        classified so, for verified publishers and own applications; Microsoft managed: what Microsoft recommends at the time.
        """
        policy = self._object("authorizationPolicy")
        assigned = policy.permission_grant_policy_ids_assigned_to_default_user_role
        if isinstance(assigned, Unknown):
            assigned = self._user_permissions().permission_grant_policies_assigned
        names = [name.lower() for name in listed(assigned)]
        policies = [name.removeprefix(_FOR_THEMSELVES) for name in names if not name.startswith(_FOR_WHAT_THEY_OWN)]
        kinds = {_CONSENT_OF.get(policy, "custom") for policy in policies}
        return next((kind for kind in _LAXEST_FIRST if kind in kinds), "none")

    @fact("authorizationPolicy", graph="authorizationPolicy/allowUserConsentForRiskyApps")
    def risky_consent_allowed(self) -> bool:
        """Users can consent to applications that Microsoft holds for risky; null = no."""
        return flag(self._object("authorizationPolicy").allow_user_consent_for_risky_apps)  # type: ignore[no-any-return]

    def _user_permissions(self) -> shapes.DefaultUserRolePermissions:
        permissions = self._object("authorizationPolicy").default_user_role_permissions
        return _stated(permissions, "defaultUserRolePermissions")  # type: ignore[no-any-return]

    # -- adminConsentRequestPolicy

    @fact("adminConsentRequestPolicy", graph="adminConsentRequestPolicy/isEnabled")
    def admin_consent_workflow(self) -> bool:
        """Users can ask an administrator to consent for them."""
        return _stated(self._object("adminConsentRequestPolicy").is_enabled, "isEnabled")  # type: ignore[no-any-return]

    @fact("adminConsentRequestPolicy", graph="adminConsentRequestPolicy/reviewers")
    def admin_consent_reviewers(self) -> list[str]:
        """Who decides on requests: Microsoft Graph's queries for users, groups and roles."""
        queries = [reviewer.query for reviewer in listed(self._object("adminConsentRequestPolicy").reviewers)]
        return whole_or_partial([query for query in queries if query.__class__ is str], first_unknown(*queries))

    @fact("adminConsentRequestPolicy", graph="adminConsentRequestPolicy/notifyReviewers")
    def admin_consent_notifies(self) -> bool:
        """Reviewers get an email for each request."""
        return _stated(self._object("adminConsentRequestPolicy").notify_reviewers, "notifyReviewers")  # type: ignore[no-any-return]

    @fact("adminConsentRequestPolicy", graph="adminConsentRequestPolicy/remindersEnabled")
    def admin_consent_reminds(self) -> bool:
        """Reviewers get an email before a request expires."""
        return _stated(self._object("adminConsentRequestPolicy").reminders_enabled, "remindersEnabled")  # type: ignore[no-any-return]

    @fact("adminConsentRequestPolicy", graph="adminConsentRequestPolicy/requestDurationInDays")
    def admin_consent_days(self) -> int:
        """Days after which a request on which nobody decides expires."""
        days = self._object("adminConsentRequestPolicy").request_duration_in_days
        return _stated(days, "requestDurationInDays")  # type: ignore[no-any-return]

    # -- defaultAppManagementPolicy

    @fact("defaultAppManagementPolicy", graph="defaultAppManagementPolicy/isEnabled")
    def app_policy_enabled(self) -> bool:
        """The default app management policy is enforced; null = no."""
        return flag(self._object("defaultAppManagementPolicy").is_enabled)  # type: ignore[no-any-return]

    @fact("defaultAppManagementPolicy")
    def app_restrictions(self) -> list[Restriction]:
        """Every restriction that the default app management policy can have, set or not."""
        policy = read(self._object("defaultAppManagementPolicy"))
        return [
            *restrictions("applications", policy.application_restrictions, self, "/applicationRestrictions"),
            *restrictions("service principals", policy.service_principal_restrictions, self, "/servicePrincipalRestrictions"),
        ]

    @property
    def app_policy_document(self) -> Any:
        return self._objects["defaultAppManagementPolicy"][1]


def _stated(value: T | None, name: str) -> T:
    """A value of which Microsoft Graph does not document what null means."""
    if value is None:
        raise Unread(Unknown(name, "null"))
    return value
