"""Shapes of what files of other services say: made by `sources/formats/imported.py`, whatever the file looks like."""

from __future__ import annotations

from auditor.entra.shapes import Shape, Time, absent


class AzureRoleAssignment(Shape):
    """Who holds an Azure role, and where. `condition`: it limits what the role may be used for."""

    id: str | None = absent("id")
    principal_id: str | None = absent("principalId")
    role_definition_id: str | None = absent("roleDefinitionId")
    role_definition_name: str | None = absent("roleDefinitionName")
    scope: str | None = absent("scope")
    condition: str | None = absent("condition")


class AzurePermission(Shape):
    actions: list[str] | None = absent("permissions.actions")
    not_actions: list[str] | None = absent("permissions.notActions")


class AzureRoleDefinition(Shape):
    """What an Azure role allows; of a custom role, whatever it is called."""

    id: str | None = absent("id")
    role_name: str | None = absent("roleName")
    permissions: list[AzurePermission] | None = absent("permissions")


class ApplicationAccessPolicy(Shape):
    """Which mailboxes an application is limited to, or kept out of. Exchange Online."""

    identity: str | None = absent("Identity")
    app_id: str | None = absent("AppId")
    access_right: str | None = absent("AccessRight")
    scope_name: str | None = absent("ScopeName")
    is_valid: bool | None = absent("IsValid")


class PermissionUse(Shape):
    value: str | None = absent("Permissions.PermissionValue")
    kind: str | None = absent("Permissions.PermissionType")
    resource_app_id: str | None = absent("Permissions.TargetAppId")
    in_use: bool | None = absent("Permissions.InUse")  # null: Defender does not say


class OAuthApp(Shape):
    """An application with the permissions that it was granted, and whether each is used. Microsoft Defender."""

    app_id: str | None = absent("OAuthAppId")
    seen: Time | None = absent("Timestamp")
    permissions: list[PermissionUse] | None = absent("Permissions")


class HostAnswer(Shape):
    """What a name server answered for a host: NOERROR, NXDOMAIN, SERVFAIL and others."""

    host: str | None = absent("host")
    status_code: str | None = absent("status_code")
