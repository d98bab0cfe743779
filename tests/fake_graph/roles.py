"""Directory roles of a made-up tenant: who holds them, and the groups that do. The same users and principals give the same roles."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
GLOBAL, APPLICATIONS, READERS, USERS = (
    "62e90394-69f5-4237-9190-012177145e10", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "fe930be7-5e62-47db-91af-98c3a49a38b1",
)  # fmt: skip
CUSTOM = "c0570000-0000-4000-8000-000000000001"
UNIT = "a0170000-0000-4000-8000-000000000001"
_MEMBERS = ("@odata.type", "id", "displayName", "userPrincipalName", "mail", "userType", "appId", "servicePrincipalType")


def _group(number: int, name: str) -> Json:
    return {
        "@odata.type": "#microsoft.graph.group", "id": f"64000000-0000-4000-8000-{number:012d}", "displayName": name, "description": None,
        "groupTypes": [], "isAssignableToRole": number < 9, "mailEnabled": False, "securityEnabled": True, "visibility": "Private",
    }  # fmt: skip


def roles(principals: list[Json], users: list[Json], apps: list[Json]) -> Json:
    """By Microsoft Graph's names of collections."""
    principals = [{"@odata.type": "#microsoft.graph.servicePrincipal", **one} for one in principals]
    groups = [_group(1, "Application administrators"), _group(2, "Break glass"), _group(9, "Everybody")]
    holders = {one["id"]: _cut(one) for one in (*principals, *users, *groups)}

    def assigned(number: int, role: str, principal: str, scope: str = "/", **more: Any) -> Json:
        return {
            "id": f"role-{number}", "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope, "appScopeId": None, **more,
            "principal": holders[principal],
        }  # fmt: skip

    def scoped(number: int) -> str:
        return f"/{apps[number % len(apps)]['id']}"

    held = [
        assigned(1, GLOBAL, users[0]["id"]), assigned(2, APPLICATIONS, groups[0]["id"]), assigned(3, GLOBAL, groups[1]["id"]),
        assigned(4, USERS, users[3]["id"], f"/administrativeUnits/{UNIT}"), assigned(5, CUSTOM, users[4]["id"], scoped(2)),
        assigned(6, APPLICATIONS, users[5]["id"], scoped(0)),
        *(assigned(10 + n, (APPLICATIONS, READERS, GLOBAL)[n % 3], one["id"]) for n, one in enumerate(principals[1::9])),
    ]  # fmt: skip
    eligible: Json = {"memberType": "Direct", "startDateTime": "2026-01-05T08:00:00Z", "endDateTime": None}
    return {
        "roleAssignments": [{**one, "resourceScope": one["directoryScopeId"]} for one in held],
        "roleDefinitions": [
            _definition(GLOBAL, "Global Administrator"), _definition(APPLICATIONS, "Application Administrator"),
            _definition(READERS, "Directory Readers"), _definition(USERS, "User Administrator"),
            _definition(CUSTOM, "Application credentials", "microsoft.directory/applications/credentials/update"),
        ],
        "roleEligibilityScheduleInstances": [
            assigned(90, GLOBAL, users[1]["id"], **eligible, roleEligibilityScheduleId="5c4ed000-0000-4000-8000-000000000001"),
        ],
        "roleManagementPolicyAssignments": [_policy(role, approval=role == GLOBAL) for role in (GLOBAL, APPLICATIONS, READERS, USERS, CUSTOM)],
        "groups": groups,
        "groupMembers": {
            groups[0]["id"]: [_cut(users[2]), *map(_cut, principals[4:5])], groups[1]["id"]: [_cut(users[0])], groups[2]["id"]: [],
        },
        "groupOwners": {groups[0]["id"]: [*map(_cut, principals[5:6])], groups[1]["id"]: [], groups[2]["id"]: [_cut(users[9])]},
        "groupEligibilityScheduleInstances": [
            {"id": f"{groups[0]['id']}_member_5c4ed000", "accessId": "member", "principalId": users[6]["id"], "groupId": groups[0]["id"],
             "eligibilityScheduleId": f"{groups[0]['id']}_member_5c4ed001", **eligible},
        ],
        "administrativeUnits": [
            {"id": UNIT, "displayName": "Branches", "description": None, "isMemberManagementRestricted": False, "visibility": None,
             "membershipType": None},
        ],
    }  # fmt: skip


def _policy(role: str, *, approval: bool) -> Json:
    """Under what a role is activated."""
    policy = f"DirectoryRole_{role}"
    rule = {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule", "id": "Approval_EndUser_Assignment"}
    expiry = {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "id": "Expiration_EndUser_Assignment"}
    return {
        "id": f"{policy}_{role}", "policyId": policy, "scopeId": "/", "scopeType": "DirectoryRole", "roleDefinitionId": role,
        "policy": {"id": policy, "displayName": "DirectoryRole", "isOrganizationDefault": False, "scopeId": "/", "scopeType": "DirectoryRole",
                   "rules": [{**expiry, "isExpirationRequired": True, "maximumDuration": "PT8H"}, {**rule, "setting": {"isApprovalRequired": approval}}]},
    }  # fmt: skip


def _cut(one: Json) -> Json:
    return {name: one[name] for name in _MEMBERS if name in one}


def _definition(template: str, name: str, *actions: str) -> Json:
    return {
        "id": template, "description": name, "displayName": name, "isBuiltIn": template != CUSTOM, "isEnabled": True, "resourceScopes": ["/"],
        "templateId": template, "version": "1", "rolePermissions": [{"allowedResourceActions": list(actions), "condition": None}],
    }  # fmt: skip
