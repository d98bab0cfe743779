"""Permissions that an app requests (configured) and that it was granted."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from auditor.entra.catalog import Kind, Privilege
from auditor.entra.collections import (
    APPLICATIONS,
    ASSIGNMENTS,
    CONNECTORS,
    GRANTS,
    MAILBOX_POLICIES,
    ORGANIZATION,
    PERMISSION_USE,
    SERVICE_PRINCIPALS,
)
from auditor.entra.shapes import ConsentType, PermissionType
from auditor.facts.api import Permission, Resource
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import conversion, listed, lower, places, switch, text, word
from auditor.facts.lists import alike
from auditor.unknown import Partial, Unknown, keep, known, read, some, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.document import Document
    from auditor.facts.principal import ServicePrincipal

_KINDS: dict[str, Any] = {"Role": "application", "Scope": "delegated"}


def _by_name(permission: RequestedPermission | GrantedPermission) -> tuple[str, str, str]:
    return permission.kind, permission.resource_app_id, permission.value


def _by_id(permission: RequestedPermission | GrantedPermission) -> tuple[str, str, str]:
    return permission.kind, permission.resource_app_id, permission.id


@conversion(PermissionType)
def _kind(value: Any) -> Any:
    return _KINDS[value] if value.__class__ is str else value


@conversion(str, owned=True)
def _permission_id(value: Any, permission: RequestedPermission, _below: str) -> Any:
    if value.__class__ is not str:
        return text(value)
    if value[8:9] != "-":  # not a GUID, but a name: "User.Read"
        value = permission.owner.world.catalog.permission_id(permission.resource_app_id, value.lower(), permission.kind)
    return sys.intern(value.lower()) if value.__class__ is str else value


class RequestedPermission(Fact):
    """A configured API permission (requiredResourceAccess[].resourceAccess[])."""

    WITHIN = "requiredResourceAccess.resourceAccess"
    KEY = (("resource_app_id", "id", "kind"),)
    LABEL = ("value", "id")
    ALIKE = ("resource_app_id", "id", "kind")
    owner: App

    kind: Kind = prop("type", _kind, "Scope = delegated, Role = application.")
    id: str = prop("id", _permission_id, "Id of the scope or role.")
    resource_app_id: str = prop(doc="Application (client) ID of the API.")

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def resource(self) -> Resource | None:
        """The API; null when neither catalog, registrations nor service principals know it."""
        return self.owner.world.apis.resource(self.resource_app_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def definition(self) -> Permission | None:
        """What the resource defines under this id and kind; null when nothing."""
        return self.owner.world.apis.definition(self.resource_app_id, self.id, self.kind)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def other_kind(self) -> Permission | None:
        """What the resource defines under this id as the other kind; null when nothing."""
        other = "delegated" if self.kind == "application" else "application"
        return self.owner.world.apis.definition(self.resource_app_id, self.id, other)

    @property
    def _described(self) -> Permission | None:
        found: Permission | None = read(self.owner.world.apis.described(self.resource_app_id, self.id, self.kind))
        return found

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def value(self) -> str:
        """Its name; '' when the resource does not define it."""
        definition = self._described
        return definition.value if definition is not None else ""

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def privilege(self) -> Privilege:
        """How far it reaches, by the catalog."""
        definition = self._described
        return definition.privilege if definition is not None else "unrated"

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def reach(self) -> str:
        """What it lets its holder do, by the catalog; '' where that is not described."""
        definition = self._described
        return definition.reach if definition is not None else ""

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def implied_by(self) -> list[RequestedPermission]:
        """Other requested permissions of the same kind and resource that include it (X.ReadWrite.All includes X.Read.All)."""
        wider = _wider_permissions(read(self.value))
        if not wider:
            return []
        kind, api = read(self.kind), read(self.resource_app_id)
        near = alike(
            self.owner.world, self.owner.requested_permissions, "permissions by name", _by_name, [(kind, api, name) for name in wider]
        )
        return keep(
            near,
            lambda other: other.kind == self.kind and other.resource_app_id == self.resource_app_id and other.value in wider,
        )

    @fact(GRANTS, ASSIGNMENTS, SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def grants(self) -> list[GrantedPermission]:
        """Grants that give this permission to the app."""
        same = (self.kind, self.resource_app_id)
        name, by_id = (self.id, True) if self.kind == "application" else (self.value, False)
        granted = self._granted_of_its_kind
        if same[0].__class__ is str and same[1].__class__ is str and name.__class__ is str:
            granted = alike(self.owner.world, granted, f"grants by id {by_id}", _by_id if by_id else _by_name, [(*same, name)])
        return keep(
            granted,
            lambda grant: (grant.kind, grant.resource_app_id) == same and (grant.id if by_id else grant.value) == name,
        )

    @property
    def _granted_of_its_kind(self) -> list[GrantedPermission]:
        """What the app was granted of its kind: the other kind's collection need not be given."""
        principal = self.owner.service_principal
        if principal is None:
            return []
        grants = self.owner.world.grants
        return grants.application(principal) if self.kind == "application" else grants.delegated(principal)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def preauthorized(self) -> bool:
        """The API preauthorizes the app for it, so that nobody need consent; never an application permission."""
        if self.kind == "application":
            return False
        resource, definition = self.resource, self.definition
        if resource is None or definition is None:
            return False
        return self.owner.world.apis.preauthorized(self.owner.app_id, resource, definition)

    @fact(CONNECTORS)
    def needed_by_connector(self) -> bool:
        """A connector in the input signs in with it."""
        connectors = self.owner.world.connections.by_client[0] if self.owner.world.connectors else {}
        return some(connectors.get(self.owner.app_id, ()), lambda connector: some(connector.permissions, lambda wish: wish is self))


@conversion(str, owned=True)
def _resource_app_id(value: Any, resource: RequestedResource, _below: str) -> Any:
    if value.__class__ is not str:
        return text(value)
    if value[8:9] != "-":
        value = resource.owner.world.catalog.app_id(value.lower())  # toolkits write a name instead: "Microsoft Graph"
    return sys.intern(value.lower()) if value.__class__ is str else value  # a few ids, over and over


@conversion(list[RequestedPermission], owned=True)
def _resource_access(values: Any, resource: RequestedResource, below: str) -> Any:
    if values.__class__ is Partial:
        return Partial(_resource_access(values.known(), resource, below), values.unknown)
    if values.__class__ is not list or not values:
        return listed(values)
    app, app_id, at = resource.owner, resource.app_id, places(resource.at + below, len(values))
    return [RequestedPermission(doc, app, place, app_id) for doc, place in zip(values, at, strict=False)]


class RequestedResource(Fact):
    """An API in requiredResourceAccess."""

    WITHIN = "requiredResourceAccess"
    KEY = (("app_id",),)
    LABEL = ("display_name", "app_id")
    ALIKE = ("app_id",)
    owner: App

    app_id: str = prop("resourceAppId", _resource_app_id, "Application (client) ID of the API.")
    permissions: list[RequestedPermission] = prop("resourceAccess", _resource_access, "Those requested of it.")

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def resource(self) -> Resource | None:
        """The API; null when neither catalog, registrations nor service principals know it."""
        return self.owner.world.apis.resource(self.app_id)

    @fact(SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,), alike=True)
    def service_principal(self) -> ServicePrincipal | None:
        """Its service principal in this tenant; null when there is none."""
        return self.owner.world.principal(self.app_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, alike=True)
    def display_name(self) -> str:
        """From its registration or service principal, else the catalog, else ''."""
        return self.owner.world.display_name(self.app_id)

    @fact(SERVICE_PRINCIPALS.whole, ORGANIZATION, alike=True)
    def foreign(self) -> bool:
        """Its home is another tenant, Microsoft's own excepted."""
        return self.owner.world.is_foreign(self.app_id)


class GrantedPermission(Fact):
    """A granted permission: one for each resource, permission and kind of consent (oauth2PermissionGrant, appRoleAssignment)."""

    SLOTS = ("_scope", "document")
    COLLECTIONS = (GRANTS, ASSIGNMENTS)
    # A role is assigned by its id, a scope by its name; what a role is called may not be in the input.
    KEY = (("resource_app_id", "id", "kind", "consent"), ("resource_app_id", "value", "kind", "consent"))
    LABEL = ("value", "id")
    owner: ServicePrincipal

    kind: Kind = prop(doc="oauth2PermissionGrant = delegated, appRoleAssignment = application.")
    resource_app_id: str = prop(doc="Application (client) ID of the API.")
    id: str = prop("appRoleId", doc="Id of the role; '' for a scope.")
    value: str = prop("scope", doc="Its name.")
    consent: Literal["admin", "user"] = prop("consentType", doc="AllPrincipals and app roles = admin, Principal = user.")
    users: list[str] = prop("principalId", doc="Object IDs of the users who consented for themselves.")
    assignment_id: str | None = prop("id", doc="Id of the appRoleAssignment; null for a delegated permission.")
    grant_id: str | None = prop("id", doc="Id of the oauth2PermissionGrant; null for an app role, and where several give the permission.")

    def __init__(
        self, owner: ServicePrincipal, document: Document, kind: Kind, resource_app_id: Any, id: Any, value: Any, consent: Any,  # noqa: A002
        entry_id: Any, scope: str = "",
    ) -> None:  # fmt: skip
        """`entry_id`, `scope`: of the appRoleAssignment or oauth2PermissionGrant that gives it."""
        self.owner, self.at, self.document = owner, "", document
        self.kind, self.resource_app_id, self.id, self.value, self.consent = kind, resource_app_id, id, value, consent
        self.users, self._scope = [], scope
        self.assignment_id, self.grant_id = (entry_id, None) if kind == "application" else (None, entry_id)

    @fact()
    def all_scopes_to_keep(self) -> str | None:
        """The scope of its oauth2PermissionGrant without it, separated by spaces; null where nothing is left or `grant_id` is null."""
        if self.grant_id is None:
            return None
        return " ".join(value for value in self._scope.split() if value != self.value) or None

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def resource(self) -> Resource | None:
        """The API; null when nothing that was read knows it."""
        return self.owner.world.apis.resource(self.resource_app_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def privilege(self) -> Privilege:
        """How far it reaches, by the catalog."""
        return self.owner.world.apis.privilege(self.resource_app_id, self.value, self.kind)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def defined(self) -> bool:
        """Its API is in the tenant and still defines the app role; a delegated permission that it deleted is not looked for."""
        return self.resource_app_id != "" and (self.kind == "delegated" or self.value != "")

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def reach(self) -> str:
        """What it lets its holder do, by the catalog; '' where that is not described."""
        return self.owner.world.apis.reach(self.resource_app_id, self.value, self.kind)

    @fact(PERMISSION_USE, SERVICE_PRINCIPALS, unknown_without=(PERMISSION_USE,))
    def use(self) -> Literal["used", "not used", "not told"]:
        """Whether Microsoft Defender has seen that it is used; of some APIs it does not tell."""
        used = self.owner.world.imported.in_use(self.owner.app_id, self.kind, self.resource_app_id, self.value)
        return "not told" if read(used) is None else "used" if used else "not used"

    @fact(APPLICATIONS.whole)
    def requested(self) -> bool:
        """The registration asks for it too."""
        app = self.owner.app
        if app is None:
            return False
        by_id = self.kind == "application"
        return some(
            alike(
                self.owner.world,
                app.requested_permissions,
                f"permissions by id {by_id}",
                _by_id if by_id else _by_name,
                [(read(self.kind), read(self.resource_app_id), read(self.id if by_id else self.value))],
            ),
            lambda request: (
                request.kind == self.kind
                and request.resource_app_id == self.resource_app_id
                and (request.id == self.id if by_id else request.value == self.value)
            ),
        )

    @fact()
    def implied_by(self) -> list[GrantedPermission]:
        """Other grants of the same kind and resource, for at least as many users, that include it (X.ReadWrite.All includes X.Read.All)."""
        wider = _wider_permissions(read(self.value))
        if not wider:
            return []
        kind, api = read(self.kind), read(self.resource_app_id)
        return keep(
            alike(self.owner.world, self.owner.granted_permissions, "grants by name", _by_name, [(kind, api, name) for name in wider]),
            lambda grant: (
                grant.kind == self.kind
                and grant.resource_app_id == self.resource_app_id
                and grant.value in wider
                and (grant.consent == "admin" or self.consent == "user")
            ),
        )


class MailboxPolicy(Fact):
    """An application access policy of Exchange Online that names an application. From a file of Exchange Online PowerShell."""

    SLOTS = ("document",)
    COLLECTIONS = (MAILBOX_POLICIES,)
    KEY = (("identity",), ("access_right", "scope_name"))
    LABEL = ("scope_name", "identity")
    owner: ServicePrincipal

    identity: str = prop("identity", text, "Its identity in Exchange.")
    access_right: str = prop("accessRight", text, "RestrictAccess: to the mailboxes of the group only; DenyAccess: to all but these.")
    scope_name: str = prop("scopeName", text, "Name of the group whose mailboxes it concerns.")
    valid: bool = prop("isValid", switch, "Exchange holds it valid; a policy whose group is gone is not. Null = yes.")

    @fact(graph="accessRight")
    def limits(self) -> bool:
        """It limits the application to the mailboxes of a group."""
        return self.access_right.lower() == "restrictaccess" and self.valid


class DelegatedGrant(Fact):
    """An oauth2PermissionGrant as it stands in the tenant; `GrantedPermission` says what it grants."""

    SLOTS = ("document",)
    COLLECTIONS = (GRANTS,)
    KEY = (("id",), ("resource_id", "consent", "user_id"))
    LABEL = ("id",)
    owner: ServicePrincipal

    id: str = prop("id", text, "Its id.")
    resource_id: str = prop("resourceId", lower, "Object ID of the API's service principal.")
    consent: ConsentType = prop("consentType", word(ConsentType), "For everybody, or for one user.")
    user_id: str = prop("principalId", lower, "Object ID of the one user; '' for everybody.")
    scope: str = prop("scope", text, "Names of the delegated permissions, separated by spaces.")

    _client_id: Any = part("clientId", str)  # joins read it of the document

    @fact(SERVICE_PRINCIPALS.whole)
    def resource(self) -> ServicePrincipal | None:
        """The API's service principal; null when the tenant has none with this id."""
        return self.owner.world.principal_by_id(self.resource_id)


@lru_cache(maxsize=10_000)
def _wider_permissions(value: str) -> frozenset[str]:
    """Names of Microsoft Graph permissions that contain this one: Mail.ReadWrite contains Mail.Read, X.Read.All contains X.Read."""
    everywhere = value.endswith(".All")
    stem, _, verb = (value[:-4] if everywhere else value).rpartition(".")
    if not stem or verb not in ("Read", "ReadWrite"):
        return frozenset()
    verbs = ("Read", "ReadWrite") if verb == "Read" else ("ReadWrite",)
    return frozenset(f"{stem}.{v}{suffix}" for v in verbs for suffix in ("", ".All") if suffix or not everywhere) - {value}


@conversion(list[RequestedResource], owned=True)
def requested_permissions(_value: Any, app: App, _below: str) -> Any:
    """Of all APIs; what is not known of one is not known of the whole."""
    resources: Any = app.requested_resources
    if resources.__class__ is Unknown:
        return resources
    missing: Unknown | None = resources.unknown if resources.__class__ is Partial else None
    resources = known(resources)
    if len(resources) == 1 and missing is None:
        return resources[0].permissions
    found: list[RequestedPermission] = []
    for resource in resources:
        if resource.permissions.__class__ is Unknown:
            missing = resource.permissions
        else:
            missing = resource.permissions.unknown if resource.permissions.__class__ is Partial else missing
            found += known(resource.permissions)
    return whole_or_partial(found, missing)
