"""Shapes of directory roles, who holds them, and the groups that can. Microsoft Graph v1.0."""

from __future__ import annotations

from auditor.entra.shapes import Shape, absent

_NAMES = {"display_name": "displayName", "user_principal_name": "userPrincipalName", "odata_type": "@odata.type"}


class DirectoryObject(Shape, rename=_NAMES):
    """A user, group or service principal, as far as it is told where it holds, owns or belongs to something."""

    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    user_principal_name: str | None = absent("userPrincipalName")
    odata_type: str | None = absent("@odata.type")


class RoleAssignment(Shape):
    """Who holds a directory role. `principal` is there with $expand only."""

    id: str | None = absent("id")
    principal_id: str | None = absent("principalId")
    role_definition_id: str | None = absent("roleDefinitionId")
    directory_scope_id: str | None = absent("directoryScopeId")
    app_scope_id: str | None = None
    principal: DirectoryObject | None = absent("principal")


class RolePermission(Shape):
    allowed_resource_actions: list[str] | None = absent("allowedResourceActions")


class RoleDefinition(Shape):
    id: str | None = absent("id")
    template_id: str | None = absent("templateId")
    display_name: str | None = absent("displayName")
    is_built_in: bool | None = absent("isBuiltIn")
    is_enabled: bool | None = absent("isEnabled")
    role_permissions: list[RolePermission] | None = absent("rolePermissions")


class ApprovalSetting(Shape):
    is_approval_required: bool | None = absent("isApprovalRequired")


class RolePolicyRule(Shape):
    """A rule of Privileged Identity Management; those on approval have a `setting`."""

    id: str | None = absent("id")
    setting: ApprovalSetting | None = absent("setting")


class RolePolicy(Shape):
    rules: list[RolePolicyRule] | None = absent("rules")


class RolePolicyAssignment(Shape):
    """The policy under which a directory role is activated. `policy` is there with $expand only."""

    id: str | None = absent("id")
    role_definition_id: str | None = absent("roleDefinitionId")
    policy: RolePolicy | None = absent("policy")


class GroupEligibility(Shape):
    """Who can activate the membership ("member") or ownership ("owner") of a group."""

    id: str | None = absent("id")
    group_id: str | None = absent("groupId")
    principal_id: str | None = absent("principalId")
    access_id: str | None = absent("accessId")


class AdministrativeUnit(Shape):
    id: str | None = absent("id")
    display_name: str | None = absent("displayName")
    is_member_management_restricted: bool | None = absent("isMemberManagementRestricted")
