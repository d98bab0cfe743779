"""Roles: who holds which directory role over what, the groups that hold roles for their members, and roles of Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from auditor.entra.catalog import Privilege
from auditor.entra.collections import (
    ADMINISTRATIVE_UNITS,
    APPLICATIONS,
    AZURE_ROLE_DEFINITIONS,
    AZURE_ROLES,
    GROUP_ELIGIBILITY,
    GROUP_MEMBERS,
    GROUPS,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    ROLE_ELIGIBILITY,
    SERVICE_PRINCIPALS,
)
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import flag, is_set, lower, string, text
from auditor.unknown import read, some

if TYPE_CHECKING:
    from auditor.entra.role_shapes import DirectoryObject
    from auditor.facts.app import App
    from auditor.facts.document import Document
    from auditor.facts.principal import ServicePrincipal
    from auditor.facts.world import Imported, World

# What facts about the roles of one principal are made from.
HELD = (ROLE_ASSIGNMENTS, ROLE_DEFINITIONS, GROUPS, GROUP_MEMBERS)
ELIGIBLE = (ROLE_ELIGIBILITY, *HELD, GROUP_ELIGIBILITY)
WHOLE_TENANT = "/"
HolderKind = Literal["user", "group", "servicePrincipal"]
ScopeKind = Literal["tenant", "administrative unit", "application", "service principal", "other"]


class Role(Fact):
    """A directory role that somebody holds or can activate: one for each role, scope, and group by which it is held."""

    SLOTS = ("_holder", "document")
    COLLECTIONS = (ROLE_ASSIGNMENTS,)
    KEY = (("definition_id", "scope", "holder_id", "group_id"), ("definition_id", "scope", "holder_id"))
    LABEL = ("name", "definition_id")
    owner: Any

    definition_id: str = prop("roleDefinitionId", doc="Template ID of a built-in role, ID of a custom one.")
    assignment_id: str | None = prop("id", doc="Id of the role assignment, or of what makes its holder eligible.")
    scope: str = prop("directoryScopeId", doc="/ is the whole tenant.")
    holder_id: str = prop("principalId", doc="Object ID of who the role is assigned to: a user, a service principal, a group.")
    group_id: str = prop(doc="Object ID of the group by which it is held; '' when it is held directly.")
    eligible: bool = prop(doc="It has to be activated first (Privileged Identity Management).")

    def __init__(self, owner: Any, document: Document, row: Any, group_id: str, *, eligible: bool) -> None:
        """`row`: the assignment or eligibility, as it was decoded."""
        self.owner, self.at, self.document, self._holder = owner, "", document, row.principal
        self.definition_id, self.holder_id = _lower(row.role_definition_id), _lower(row.principal_id)
        self.assignment_id, self.scope = row.id, row.directory_scope_id
        self.group_id, self.eligible = group_id, eligible

    @property
    def _world(self) -> World:
        world: World = self.owner.world
        return world

    @fact(ROLE_DEFINITIONS)
    def name(self) -> str:
        """Its name, of a built-in role in English; '' where nothing that was read has it."""
        return self._world.roles.name(self.definition_id)

    @fact(ROLE_DEFINITIONS)
    def built_in(self) -> bool:
        """One of Microsoft's roles, and not the tenant's own."""
        return self._world.roles.is_built_in(self.definition_id)

    @fact(ROLE_DEFINITIONS)
    def privilege(self) -> Privilege:
        """How far it reaches, held over the whole tenant; of a custom role by what it allows: tier 0, or unrated."""
        return self._world.roles.privilege(self.definition_id)

    @fact(ROLE_DEFINITIONS)
    def reach(self) -> str:
        """What it lets its holder do; '' where that is not described."""
        return self._world.roles.reach(self.definition_id)

    @fact(graph="directoryScopeId")
    def tenant_wide(self) -> bool:
        """It is held over the whole tenant."""
        return bool(self.scope == WHOLE_TENANT)

    @fact(ROLE_DEFINITIONS)
    def takes_over_tenant(self) -> bool:
        """It is a tier 0 role, held over the whole tenant."""
        return self.tenant_wide and self.privilege == "tier 0"

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, graph="directoryScopeId")
    def scope_kind(self) -> ScopeKind:
        """What it is held over; other: an object that is neither a registration nor a service principal here."""
        if self.tenant_wide:
            return "tenant"
        if self.scope.lower().startswith("/administrativeunits/"):
            return "administrative unit"
        scope_id = self._scope_id
        if self._world.app_by_id(scope_id) is not None:
            return "application"
        return "service principal" if self._world.principal_by_id(scope_id) is not None else "other"

    @fact(ADMINISTRATIVE_UNITS, APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def scope_name(self) -> str:
        """Name of what it is held over; '' for the whole tenant, and where it is not there any more."""
        kind = self.scope_kind
        if kind == "tenant":
            return ""
        if kind == "administrative unit":
            return self._world.roles.unit_name(self._scope_id)
        found: App | ServicePrincipal | None = self._world.app_by_id(self._scope_id) or self._world.principal_by_id(self._scope_id)
        return "" if found is None else found.display_name

    @fact(graph="principal/displayName")
    def holder(self) -> str:
        """Who the role is assigned to: a sign-in name, else a name, else an object ID."""
        holder: DirectoryObject | None = self._holder
        if holder is None:
            return self.holder_id
        for name in (holder.user_principal_name, holder.display_name):
            if name.__class__ is str and name:
                return str(name)
        return self.holder_id

    @fact(SERVICE_PRINCIPALS, GROUPS, graph="principal/@odata.type")
    def holder_kind(self) -> HolderKind:
        """Whom the role is assigned to."""
        return self._world.roles.kind(self.holder_id, self._holder)

    @fact(GROUPS)
    def group(self) -> str:
        """Name of the group by which it is held; '' when it is held directly."""
        return "" if self.group_id == "" else self._world.roles.group_name(self.group_id, self._holder)

    @property
    def _scope_id(self) -> str:
        return str(read(self.scope)).rstrip("/").rpartition("/")[2].lower()


class Group(Fact):
    """A group that can hold directory roles (isAssignableToRole), seen from a member or owner of it."""

    SLOTS = ("document",)
    COLLECTIONS = (GROUPS,)
    KEY = (("id",),)
    LABEL = ("display_name", "id")
    owner: Any

    id: str = prop("id", lower, "Object ID.")
    display_name: str = prop("displayName", text, "Its name.")
    assignable: bool = prop("isAssignableToRole", flag, "It can hold directory roles.")

    # Only with $expand, and twenty at most.
    expanded_members: Any = part("members", list[dict[str, Any]])
    expanded_owners: Any = part("owners", list[dict[str, Any]])

    @property
    def world(self) -> World:
        world: World = self.owner.world
        return world

    @fact(*HELD, unknown_without=(ROLE_ASSIGNMENTS,))
    def roles(self) -> list[Role]:
        """Directory roles that are assigned to it: its members hold them."""
        return self.world.roles.assigned_to(self.id, self)

    @fact(*ELIGIBLE, unknown_without=(ROLE_ELIGIBILITY,))
    def eligible_roles(self) -> list[Role]:
        """Directory roles that its members can activate."""
        return self.world.roles.activated_by(self.id, self)

    @fact(*HELD, unknown_without=(ROLE_ASSIGNMENTS,))
    def takes_over_tenant(self) -> bool:
        """It holds a tier 0 role over the whole tenant."""
        return takes_over(self.roles)

    @fact(*HELD, unknown_without=(ROLE_ASSIGNMENTS,))
    def role_names(self) -> str:
        """The tier 0 roles that it holds over the whole tenant, separated by commas."""
        return ", ".join(sorted({role.name for role in self.roles if role.takes_over_tenant}))


class AzureRole(Fact):
    """A role of Azure that a service principal holds, assigned to it directly. From a file of Azure Resource Graph, or of azure-cli."""

    SLOTS = ("_told", "document")
    COLLECTIONS = (AZURE_ROLES,)
    KEY = (("definition_id", "scope"),)
    LABEL = ("name", "definition_id")
    owner: Any

    definition_id: str = prop("roleDefinitionId", lower, "Resource ID of the role definition, or the GUID at its end.")
    assignment_id: str | None = prop("id", string, "Resource ID of the role assignment.")
    scope: str = prop("scope", text, "Over what it is held; / is everything in the tenant.")
    conditional: bool = prop("condition", is_set, "A condition limits what it may be used for.")

    _told: Any = part("roleDefinitionName", str)

    @property
    def _imported(self) -> Imported:
        world: World = self.owner.world
        return world.imported

    @fact(AZURE_ROLE_DEFINITIONS)
    def name(self) -> str:
        """Its name; '' where nothing that was read has it."""
        return self._imported.azure_role_name(self.definition_id, self._told)

    @fact(AZURE_ROLE_DEFINITIONS)
    def power(self) -> Literal["assigns roles", "changes all resources", "other"]:
        """What it comes to: it gives itself and others any role, it creates, changes and deletes resources of every kind, or less."""
        return self._imported.azure_power(self.definition_id)

    @fact(graph="scope")
    def scope_kind(self) -> Literal["root", "management group", "subscription", "resource group", "resource"]:
        """What it is held over; root: all management groups and subscriptions."""
        from auditor.entra.azure_roles import scope_kind

        return scope_kind(read(self.scope))

    @fact(graph="scope")
    def broad(self) -> bool:
        """It is held over a subscription or more."""
        return self.scope_kind in ("root", "management group", "subscription")


def takes_over(roles: Any) -> bool:
    """Whether one of these roles takes over the tenant."""
    return some(roles, lambda role: role.takes_over_tenant)


def _lower(value: Any) -> Any:
    return value.lower() if value.__class__ is str else value
