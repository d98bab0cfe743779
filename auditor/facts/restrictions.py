"""What app management policies forbid or limit, the tenant's default one and those of single applications, and what Entra ID allows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from auditor.entra.collections import APP_MANAGEMENT, APP_POLICIES, APP_POLICY_TARGETS
from auditor.facts.base import Fact, fact, prop
from auditor.facts.convert import flag, identifier, listed, text
from auditor.pattern import late
from auditor.unknown import Unknown, Unread, first_unknown, keep, read, whole_or_partial

if TYPE_CHECKING:
    from auditor.entra.shapes import OnPremisesPublishing
    from auditor.facts.app import App
    from auditor.facts.credentials import Credential
    from auditor.facts.document import Document
    from auditor.facts.principal import ServicePrincipal

_ON_PASSWORDS = ("passwordAddition", "passwordLifetime", "customPasswordAddition", "symmetricKeyAddition", "symmetricKeyLifetime")
_ON_KEYS = ("asymmetricKeyLifetime",)
_ON_URIS = {
    "nonDefaultUriAddition": "non_default_uri_addition",
    "uriAdditionWithoutUniqueTenantIdentifier": "uri_addition_without_unique_tenant_identifier",
}
_STRICTER = {
    "passwordLifetime": "passwordAddition",
    "customPasswordAddition": "passwordAddition",
    "symmetricKeyLifetime": "symmetricKeyAddition",
}


OWN_POLICY = (APP_POLICIES.whole, APP_POLICY_TARGETS.whole)  # what facts about the policy of a single object are made from


class Policy(Struct, frozen=True):
    """One half of the policy: whom it binds, what it says, whose it is and where it stands."""

    target: Literal["applications", "service principals"]
    half: Any
    tenant: Fact
    document: Document
    at: str


class Restriction(Fact):
    """A restriction of the default app management policy, for applications or for service principals."""

    SLOTS = ("document", "_siblings", "is_set")
    COLLECTIONS = (APP_MANAGEMENT,)
    KEY = (("target", "type"),)
    LABEL = ("type",)

    type: Literal[
        "passwordAddition", "passwordLifetime", "customPasswordAddition", "symmetricKeyAddition", "symmetricKeyLifetime",
        "asymmetricKeyLifetime", "nonDefaultUriAddition", "uriAdditionWithoutUniqueTenantIdentifier",
    ] = prop("restrictionType", doc="What it forbids or limits.")  # fmt: skip
    target: Literal["applications", "service principals"] = prop(doc="Whom it binds.")
    enabled: bool = prop("state", doc="It is evaluated; false where it is not set.")
    max_lifetime: timedelta | None = prop(
        "maxLifetime", doc="How long a credential may live, a year or month as long as it can be; null: no limit."
    )
    created_after: datetime | None = prop("restrictForAppsCreatedAfterDateTime", doc="What was created before is exempt; null: nothing is.")

    def __init__(self, kind: Any, doc: Any, of: Policy, inside: str, siblings: dict[str, Restriction]) -> None:
        """`doc` is None where the policy does not have the restriction, an Unknown where nobody knows."""
        self.owner, self.at, self.document, self._siblings = of.tenant, f"{of.at}/{inside}", of.document, siblings
        self.type, self.target, self.is_set = kind, of.target, doc is not None
        state, created = _member(doc, "state"), _member(doc, "restrict_for_apps_created_after_date_time")
        limit = None if kind in _ON_URIS else _member(doc, "max_lifetime")
        enabled: Any = state if isinstance(state, Unknown) else state == "enabled"
        self.enabled = enabled
        self.max_lifetime = longest(limit) if isinstance(limit, str) else limit
        self.created_after = None if isinstance(created, datetime) and created.year == 1 else created  # the year 1: whenever

    def origin(self, place: str = "") -> tuple[Document | None, str]:
        """One that is not set has no properties: where it would stand."""
        return super().origin(place if self.is_set else "")

    @fact()
    def needed(self) -> bool:
        """No stricter one makes it needless: passwordLifetime where passwordAddition forbids all client secrets, say."""
        stricter = _STRICTER.get(self.type)
        return stricter is None or not self._siblings[stricter].enabled


def against(credential: Credential, target: str, kinds: tuple[str, ...]) -> list[Restriction]:
    """The restrictions on a target, of these kinds, that a credential of its age and term would not pass, were it made today.

    Whom the default policy binds may have been made before it, or have a policy of its own (`AppPolicy`).
    """
    one = credential.owner
    tenant = one.world.tenant
    if not tenant.app_policy_enabled:
        return []

    def breaks(restriction: Restriction) -> bool:
        if restriction.target != target or restriction.type not in kinds or not restriction.enabled:
            return False
        if not _binds(restriction, one):
            return False
        if not restriction.type.endswith("Lifetime"):
            return True
        limit, lifetime = read(restriction.max_lifetime), credential.lifetime
        return limit is not None and (lifetime is None or lifetime > limit + _A_DAY)

    return keep(tenant.app_restrictions, breaks)


class AppPolicy(Fact):
    """An app management policy that a registration or service principal has of its own."""

    SLOTS = ("document", "_restrictions")
    COLLECTIONS = (APP_POLICIES,)
    KEY = (("id",),)
    LABEL = ("display_name", "id")
    owner: App | ServicePrincipal

    id: str = prop("id", doc="Object ID.")
    display_name: str = prop("displayName", doc="Its name.")
    enabled: bool = prop("isEnabled", doc="It is enforced; null = no.")

    def __init__(self, row: Any, owner: App | ServicePrincipal, document: Document) -> None:
        self.owner, self.at, self.document, self._restrictions = owner, "", document, row.restrictions
        self.id, self.display_name, self.enabled = identifier(row.id), text(row.display_name), flag(row.is_enabled)

    @fact()
    def own_restrictions(self) -> list[Restriction]:
        """Every restriction that it can have, set or not."""
        return restrictions(Policy(self.owner.POLICY_TARGET, self._restrictions, self, self.document, "/restrictions"))

    @fact(APP_MANAGEMENT)
    def lifts(self) -> list[Restriction]:
        """Restrictions of the default app management policy from which it exempts its owner: it switches them off, or allows more.
        What it does not name the default policy decides.
        """
        one, tenant = self.owner, self.owner.world.tenant
        if not tenant.app_policy_enabled:
            return []
        if not self.enabled:  # whether the default policy binds its owner is not documented
            raise Unread(Unknown("isEnabled", "the app management policy is not enabled"))
        own = {restriction.type: restriction for restriction in self.own_restrictions}

        def is_lifted(default: Restriction) -> bool:
            if default.target != one.POLICY_TARGET or not default.enabled or not _binds(default, one):
                return False
            mine = own[default.type]
            return mine.is_set and (not mine.enabled or not _binds(mine, one) or _allows_longer(mine, default))

        return keep(tenant.app_restrictions, is_lifted)


def app_policy(one: App | ServicePrincipal) -> AppPolicy | None:
    """The app management policy that an object has of its own."""
    found = one.world.policies.app_policy_of(one.id)
    return None if found is None else AppPolicy(found[0], one, found[1])


def _binds(restriction: Restriction, one: App | ServicePrincipal) -> bool:
    """Whether an object is new enough for a restriction."""
    since = restriction.created_after
    if since is None:
        return True
    if one.created is None:
        raise Unread(Unknown("createdDateTime", "null"))
    return not one.created < since


def _allows_longer(mine: Restriction, default: Restriction) -> bool:
    longest_allowed, limit = read(mine.max_lifetime), read(default.max_lifetime)
    return limit is not None and (longest_allowed is None or longest_allowed > limit)


_A_DAY = timedelta(days=1)  # what local time and the portal's reckoning may add


def restrictions(of: Policy) -> list[Restriction]:
    """Every restriction of one half of the policy, set or not. Null is a half without any."""
    found: dict[str, Restriction] = {}
    for place, member, kinds in (
        ("passwordCredentials", "password_credentials", _ON_PASSWORDS),
        ("keyCredentials", "key_credentials", _ON_KEYS),
    ):
        entries = listed(_member(of.half, member))
        gap = entries if isinstance(entries, Unknown) else first_unknown(*(entry.restriction_type for entry in entries))
        entries = [] if isinstance(entries, Unknown) else entries
        places = {entry.restriction_type: i for i, entry in enumerate(entries) if entry.restriction_type.__class__ is str}
        for kind in kinds:
            i = places.get(kind)  # where it is not among them, one whose type nobody read may be it
            doc, inside = (gap, place) if i is None else (entries[i], f"{place}/{i}")
            found[kind] = Restriction(kind, doc, of, inside, found)
    if of.target == "applications":  # service principals have no Application ID URIs of their own
        uris = _member(of.half, "identifier_uris")
        for kind, member in _ON_URIS.items():
            found[kind] = Restriction(kind, _member(uris, member), of, f"identifierUris/{kind}", found)
    return list(found.values())


def _member(of: Any, name: str) -> Any:
    """A member; of null and of what is not known it is the same."""
    return of if of is None or isinstance(of, Unknown) else getattr(of, name)


_LONGEST = (0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337)  # days of so many months in a row
_DURATION = late(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")


def longest(text: str) -> timedelta:
    """The longest that an ISO 8601 duration can be: six months from July are 184 days."""
    found = _DURATION.fullmatch(text)
    assert found is not None, "policy_shapes.DURATION lets nothing else through"
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    years, months = years + months // 12, months % 12
    days += years * 365 + -(-years // 4) + _LONGEST[months]  # every fourth year, begun, has a day more
    try:
        return timedelta(days, weeks=weeks, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return timedelta.max


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


LIMITS = {personal: Limits(personal=personal) for personal in (False, True)}


# Setting of Application Proxy -> its name in the portal, and what it should be.
_PROXY_SETTINGS: dict[str, tuple[str, bool]] = {
    "is_backend_certificate_validation_enabled": ("Validate Backend SSL certificate", True),
    "is_http_only_cookie_enabled": ("Use HTTP-Only Cookie", True),
    "is_secure_cookie_enabled": ("Use Secure Cookie", True),
    "is_persistent_cookie_enabled": ("Use Persistent Cookie", False),
}


def gaps_of(publishing: OnPremisesPublishing) -> list[str]:
    """The settings that are not what they should be, by their names in the portal; null is Microsoft Graph's default."""
    found: list[str] = []
    gap = None
    for setting, (name, wanted) in _PROXY_SETTINGS.items():
        value: Any = getattr(publishing, setting)
        if value.__class__ is Unknown:
            gap = value
        elif value is not None and value != wanted:
            found.append(name)
    return whole_or_partial(found, gap)
