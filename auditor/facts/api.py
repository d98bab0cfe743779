"""What an app exposes as an API, what its tokens carry, and who its clients are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from auditor.entra.catalog import Kind, Privilege
from auditor.entra.collections import APPLICATIONS, ASSIGNED_TO, CLASSIFICATIONS, ORGANIZATION, SERVICE_PRINCIPALS, SHIPPED
from auditor.entra.shapes import ConsentLevel
from auditor.facts.base import Fact, fact, prop
from auditor.facts.convert import NONE, conversion, flag, identifier, listed, lower, text, word
from auditor.pattern import late
from auditor.unknown import Partial, Unknown, first_unknown, keep, known, read, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.principal import ServicePrincipal
    from auditor.facts.world import World


Token = Literal["id", "access", "saml2"]
_VALUE = late(r"[0-9A-Za-z!#$%&'()*+,\-/:;<=>?@\[\]^_`{|}~][0-9A-Za-z!#$%&'()*+,\-./:;<=>?@\[\]^_`{|}~]*")


def valid_permission_value(value: str) -> bool:
    return _VALUE.fullmatch(read(value)) is not None


class Scope(Fact):
    """A delegated permission that the app exposes (api.oauth2PermissionScopes)."""

    WITHIN = "oauth2PermissionScopes"
    KEY = (("id",), ("value",))
    LABEL = ("value", "id")
    owner: App | ServicePrincipal

    id: str = prop("id", lower, "Its GUID.")
    value: str = prop("value", text, "Its name, as in a token's scp claim.")
    consent: ConsentLevel = prop("type", word(ConsentLevel), "Who can consent.")
    enabled: bool = prop("isEnabled", flag, "Can be requested.")
    admin_consent_display_name: str = prop("adminConsentDisplayName", text, "Shown when an administrator consents.")
    admin_consent_description: str = prop("adminConsentDescription", text, "Shown when an administrator consents.")
    user_consent_display_name: str = prop("userConsentDisplayName", text, "Shown when a user consents.")
    user_consent_description: str = prop("userConsentDescription", text, "Shown when a user consents.")

    @fact()
    def valid_value(self) -> bool:
        """Its value has only characters that Entra ID allows, and no dot at its start."""
        return valid_permission_value(self.value)


class ClassifiedPermission(Fact):
    """A delegated permission of an API that the tenant has classified."""

    SLOTS = ("document",)
    COLLECTIONS = (CLASSIFICATIONS,)
    KEY = (("permission_id",), ("id",))
    LABEL = ("name", "permission_id")
    owner: ServicePrincipal

    id: str = prop("id", text, "Id of the classification.")
    permission_id: str = prop("permissionId", lower, "The permission's GUID.")
    name: str = prop("permissionName", text, "The permission's name.")
    classification: str = prop("classification", lower, "low, medium or high; users can be allowed to consent to low ones.")

    @fact(SHIPPED)
    def privilege(self) -> Privilege:
        """How far the permission reaches, by the catalog."""
        return self.owner.world.apis.privilege(self.owner.app_id, self.name, "delegated")

    @fact(SHIPPED)
    def reach(self) -> str:
        """What the permission lets its holder do; '' where the catalog does not describe it."""
        return self.owner.world.apis.reach(self.owner.app_id, self.name, "delegated")


class AppRole(Fact):
    """An application permission or user role that the app exposes (appRoles)."""

    WITHIN = "appRoles"
    KEY = (("id",), ("value",))
    LABEL = ("value", "display_name", "id")
    owner: App | ServicePrincipal

    id: str = prop("id", lower, "Its GUID.")
    value: str = prop("value", text, "Its name, as in a token's roles claim; '' on gallery apps that give it none.")
    display_name: str = prop("displayName", text, "Shown when it is assigned.")
    description: str = prop("description", text, "Shown when an administrator consents.")
    enabled: bool = prop("isEnabled", flag, "Can be assigned.")
    member_types: list[str] = prop("allowedMemberTypes", listed, "User, Application.")

    @fact(ASSIGNED_TO, SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def assignments(self) -> list[str]:
        """Object IDs of those to whom the role is assigned; none when there is no service principal."""
        return self.owner.world.grants.holders(self.owner, self.id)

    @fact()
    def valid_value(self) -> bool:
        """Its value has only characters that Entra ID allows, and no dot at its start; no value at all is valid."""
        return self.value == "" or valid_permission_value(self.value)

    @fact()
    def for_applications(self) -> bool:
        """An application permission: applications can hold it."""
        return any(kind == "Application" for kind in self.member_types)


@conversion(list[str])
def _identifiers(values: Any) -> Any:
    if values.__class__ is Unknown:
        return values
    if values.__class__ is Partial:
        return Partial(known(_identifiers(values.known())), values.unknown)
    ids = [identifier(value) for value in values or ()]
    return whole_or_partial([i for i in ids if i.__class__ is str], first_unknown(*ids))


class Client(Fact):
    """Another application that is named as client of this API: preauthorized, known, requesting or granted."""

    WITHIN = "preAuthorizedApplications"
    KEY = (("app_id",),)
    LABEL = ("display_name", "app_id")
    owner: App

    app_id: str = prop("appId", identifier, "Its application (client) ID.")
    permission_ids: list[str] = prop("delegatedPermissionIds", _identifiers, "Preauthorized delegated permissions; none for other clients.")

    @classmethod
    def named(cls, app_id: Any, owner: App, at: str) -> Client:
        """A client of which only the app id is written: no preauthorized one."""
        return cls(cls.shape()(app_id=app_id, delegated_permission_ids=NONE), owner, at)

    @fact(APPLICATIONS.whole)
    def app(self) -> App | None:
        """Its registration in this tenant; null when it has none here."""
        return self.owner.world.app(self.app_id)

    @fact(SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def service_principal(self) -> ServicePrincipal | None:
        """Its service principal in this tenant; null when there is none."""
        return self.owner.world.principal(self.app_id)

    @fact()
    def first_party(self) -> bool:
        """Microsoft's own, by the catalog."""
        return self.app_id in self.owner.world.catalog.first_party

    @fact(SERVICE_PRINCIPALS.whole, ORGANIZATION)
    def foreign(self) -> bool:
        """Neither registered in this tenant nor Microsoft's own."""
        return self.owner.world.is_foreign(self.app_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def display_name(self) -> str:
        """From its registration or service principal, else the catalog, else ''."""
        return self.owner.world.display_name(self.app_id)

    @fact()
    def unknown_permission_ids(self) -> list[str]:
        """Preauthorized permissions that no enabled scope of the API has."""
        api = self.owner
        enabled = api.world.once("enabled scopes", api, lambda: {scope.id for scope in api.scopes if scope.enabled})
        return keep(self.permission_ids, lambda permission: permission not in enabled)


class Permission(Fact):
    """A permission as its resource defines it."""

    KEY = (("id", "kind"),)
    LABEL = ("value", "id")
    COLLECTIONS = (SHIPPED,)

    id: str = prop(doc="Id of the scope or role.")
    value: str = prop(doc="Its name, as in a token.")
    kind: Kind = prop(doc="Scope = delegated, role = application.")
    enabled: bool = prop(doc="Can be requested.")
    admin_consent: bool = prop(doc="Only an administrator can consent.")
    privilege: Privilege = prop(doc="How far it reaches, by the catalog.")
    reach: str = prop(doc="What it lets its holder do, by the catalog; '' where that is not described.")

    def __init__(
        self, id: Any, value: Any, kind: Kind, enabled: Any, admin_consent: Any, privilege: Privilege, reach: Any,  # noqa: A002
    ) -> None:  # fmt: skip
        self.owner, self.at = None, ""
        self.reach = reach
        self.id, self.value, self.kind = id, value, kind
        self.enabled, self.admin_consent, self.privilege = enabled, admin_consent, privilege


class Resource(Fact):
    """An API whose permissions are requested or granted: a registration here, an enterprise application, or one in the catalog."""

    KEY = (("app_id",),)
    LABEL = ("display_name", "app_id")
    SLOTS = ("world",)
    COLLECTIONS = (SHIPPED,)
    world: World

    app_id: str = prop(doc="Application (client) ID of the API.")

    def __init__(self, app_id: str, world: World) -> None:
        self.app_id, self.world, self.owner, self.at = app_id, world, None, ""

    @fact(APPLICATIONS.whole)
    def app(self) -> App | None:
        """Its registration in this tenant; null when it has none here."""
        return self.world.registration(self.app_id)

    @fact(SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def service_principal(self) -> ServicePrincipal | None:
        """Its service principal in this tenant; null when there is none."""
        return self.world.principal(self.app_id)

    @fact()
    def first_party(self) -> bool:
        """Microsoft's own, by the catalog."""
        return self.app_id in self.world.catalog.first_party

    @fact(SERVICE_PRINCIPALS.whole, ORGANIZATION)
    def foreign(self) -> bool:
        """Neither registered in this tenant nor Microsoft's own."""
        return self.world.is_foreign(self.app_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def display_name(self) -> str:
        """From its registration or service principal, else the catalog, else ''."""
        return self.world.display_name(self.app_id)

    @fact()
    def catalog_date(self) -> str | None:
        """Day on which the catalog learned all of its permissions; null when the whole list of the tenant was read."""
        return self.world.apis.catalog_date(self.app_id)


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
