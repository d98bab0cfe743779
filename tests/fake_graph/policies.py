"""Policies of a made-up tenant of which there are many. The same registrations and principals give the same policies."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
EXEMPT, STRICT = "a9900000-0000-4000-8000-000000000001", "a9900000-0000-4000-8000-000000000002"

_ASKED = {"1c0d0000-0000-4000-8000-000000000001": "InProgress", "1c0d0000-0000-4000-8000-000000000002": "Completed"}


def policies(apps: list[Json], principals: list[Json]) -> Json:
    """By Microsoft Graph's names of collections."""
    return {
        "delegatedPermissionClassifications": {
            principals[0]["id"]: [_classified(1, "User.Read"), _classified(2, "Mail.ReadWrite"), _classified(3, "Mail.Send", "high")]
        },
        "conditionalAccessPolicies": [
            _access(1, "MFA for everybody", "mfa", None),
            _access(2, "Workloads from our networks only", "block", ["ServicePrincipalsInMyTenant"]),
        ],
        "appConsentRequests": [
            {
                "id": id_,
                "appId": f"c0a5e000-0000-4000-8000-{n:012d}",
                "appDisplayName": f"Tool {n}",
                "pendingScopes": [{"displayName": "Files.Read"}] if status == "InProgress" else [],
            }
            for n, (id_, status) in enumerate(_ASKED.items())
        ],
        "userConsentRequests": {id_: [_asked(id_, status)] for id_, status in _ASKED.items()},
        "permissionGrantPolicies": [
            _consent_policy("microsoft-user-default-legacy", permissionType="delegatedUserConsentable"),
            _consent_policy("contoso-reviewed", clientApplicationsFromVerifiedPublisherOnly=True),
        ],
        "appManagementPolicies": [_app_policy(EXEMPT, "Exempt", "disabled", None), _app_policy(STRICT, "Short secrets", "enabled", "P30D")],
        "appManagementPolicyTargets": {
            EXEMPT: [_target("application", one) for one in apps[:3]] + [_target("servicePrincipal", one) for one in principals[3:4]],
            STRICT: [_target("application", one) for one in apps[5:6]],
        },
    }


def _access(number: int, name: str, control: str, workloads: list[str] | None) -> Json:
    clients = workloads and {"includeServicePrincipals": workloads, "excludeServicePrincipals": [], "servicePrincipalFilter": None}
    return {
        "id": f"caca0000-0000-4000-8000-{number:012d}", "displayName": name, "state": "enabled", "templateId": None, "sessionControls": None,
        "createdDateTime": "2026-01-05T08:00:00Z", "modifiedDateTime": None,
        "conditions": {
            "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []}, "clientApplications": clients,
            "clientAppTypes": ["all"], "locations": workloads and {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
            "servicePrincipalRiskLevels": [], "users": {"includeUsers": ["None" if workloads else "All"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }  # fmt: skip


def _asked(id_: str, status: str) -> Json:
    return {
        "id": id_.replace("1", "2", 1), "approvalId": id_, "completedDateTime": None, "createdBy": None, "createdDateTime": "2026-09-01T08:00:00Z",
        "customData": None, "reason": "For the workshop", "reviewedBy": None, "reviewedDateTime": None, "status": status,
    }  # fmt: skip


def _classified(number: int, name: str, classification: str = "low") -> Json:
    return {
        "id": f"c1a5{number}",
        "permissionId": f"c1a50000-0000-4000-8000-{number:012d}",
        "permissionName": name,
        "classification": classification,
    }


def _consent_policy(id_: str, **conditions: Any) -> Json:
    lists = "permissions", "clientApplicationIds", "clientApplicationTenantIds", "clientApplicationPublisherIds"
    allowed = {
        "id": "c0d10000-0000-4000-8000-000000000001", "permissionClassification": "all", "permissionType": "delegated", "resourceApplication": "any",
        **{name: ["all"] for name in lists}, "clientApplicationsFromVerifiedPublisherOnly": False, **conditions,
    }  # fmt: skip
    return {"id": id_, "displayName": id_, "description": None, "deletedDateTime": None, "includes": [allowed], "excludes": []}


def _app_policy(id_: str, name: str, state: str, longest: str | None) -> Json:
    lifetime = {"restrictionType": "passwordLifetime", "state": state, "maxLifetime": longest, "restrictForAppsCreatedAfterDateTime": None}
    return {
        "id": id_, "displayName": name, "description": None, "isEnabled": True,
        "restrictions": {"passwordCredentials": [lifetime], "keyCredentials": [], "applicationRestrictions": None},
    }  # fmt: skip


def _target(kind: str, one: Json) -> Json:
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        **{name: one[name] for name in ("id", "appId", "displayName", "createdDateTime") if name in one},
    }
