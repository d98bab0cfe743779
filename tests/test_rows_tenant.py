"""The checks of peers that need more of the tenant (issue 21): pages of Microsoft Graph in, what fails out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor import audit
from auditor.entra.ids import CONSENT_SETTINGS

GRAPH = {
    "id": "33333333-3333-4333-8333-333333333333", "appId": "00000003-0000-0000-c000-000000000000", "displayName": "Microsoft Graph",
    "servicePrincipalType": "Application",
}  # fmt: skip
ALL_MAIL, APPLICATION_ADMINISTRATOR = "e2a3a72e-5f79-4c64-b1b1-878b674786c9", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
AGENT, BLUEPRINT, USER = (f"{digit}0000000-0000-4000-8000-000000000001" for digit in "abc")


def failed(folder: Path, rules: list[str], pages: dict[str, Any], version: str = "v1.0") -> set[str]:
    """The rules that fail over pages, each by what Microsoft Graph calls it in its @odata.context."""
    for number, (name, value) in enumerate(pages.items()):
        context = f"https://graph.microsoft.com/{version}/$metadata#{name}"
        (folder / f"{number}.json").write_text(json.dumps({"@odata.context": context, "value": value}))
    report = audit(folder, select=rules, as_of="2026-01-01")
    assert not report.errors
    return {finding.rule_id for finding in report.findings if finding.status == "fail"}


def test_agents_are_judged_as_service_principals(tmp_path: Path) -> None:
    """The page that lists agent identities alone, with their sponsors; permissions and roles have rules of their own."""
    agent = {
        "id": AGENT, "appId": AGENT, "displayName": "Sales agent", "servicePrincipalType": "ServiceIdentity", "accountEnabled": False,
        "appOwnerOrganizationId": None, "agentIdentityBlueprintId": BLUEPRINT, "sponsors": [],
    }  # fmt: skip
    rules = ["agent-no-sponsor", "agent-disabled", "perm-tier0-application", "sp-directory-role", "perm-dangerous-delegated"]
    pages: dict[str, Any] = {
        "servicePrincipals": [GRAPH], "servicePrincipals/microsoft.graph.agentIdentity": [agent],
        "appRoleAssignments": [{"id": "1", "principalId": AGENT, "resourceId": GRAPH["id"], "appRoleId": ALL_MAIL}],
        "oauth2PermissionGrants": [
            {"id": "g", "clientId": AGENT, "consentType": "AllPrincipals", "resourceId": GRAPH["id"], "scope": "RoleManagement.ReadWrite.Directory"},
        ],
        "roleManagement/directory/roleAssignments": [
            {"id": "r", "principalId": AGENT, "roleDefinitionId": APPLICATION_ADMINISTRATOR, "directoryScopeId": "/"},
        ],
    }  # fmt: skip
    assert failed(tmp_path, rules, pages) == set(rules)
    agent |= {"accountEnabled": True, "sponsors": [{"@odata.type": "#microsoft.graph.user", "id": USER}]}
    assert failed(tmp_path, rules, pages) == set(rules) - {"agent-no-sponsor", "agent-disabled"}


def test_an_owner_without_multifactor_authentication(tmp_path: Path) -> None:
    """A page of the report holds everybody, that of a live tenant those without a method."""
    owner = {
        "@odata.type": "#microsoft.graph.user",
        "id": USER,
        "displayName": "Ann",
        "userPrincipalName": "ann@contoso.com",
        "userType": "Member",
    }
    app = {"id": AGENT, "appId": BLUEPRINT, "displayName": "Payroll", "requiredResourceAccess": [], "owners": [owner]}
    row = {"id": USER, "userPrincipalName": "ann@contoso.com", "isMfaRegistered": False, "isMfaCapable": False}
    pages = {"applications(owners())": [app], "servicePrincipals": [GRAPH], "reports/authenticationMethods/userRegistrationDetails": [row]}
    assert failed(tmp_path, ["owner-no-mfa"], pages) == {"owner-no-mfa"}
    row["isMfaRegistered"] = True
    assert failed(tmp_path, ["owner-no-mfa"], pages) == set()


def test_provisioning_in_quarantine(tmp_path: Path) -> None:
    principal = {**GRAPH, "id": AGENT, "appId": BLUEPRINT, "accountEnabled": True, "preferredSingleSignOnMode": "saml", "tags": []}
    job = {"id": "scim.1", "templateId": "scim", "status": {"code": "Quarantine"}}
    pages: dict[str, Any] = {"servicePrincipals": [principal, GRAPH], f"servicePrincipals('{AGENT}')/synchronization/jobs": [job]}
    assert failed(tmp_path, ["sp-provisioning-quarantine"], pages) == {"sp-provisioning-quarantine"}
    job["status"] = {"code": "Active"}
    assert failed(tmp_path, ["sp-provisioning-quarantine"], pages) == set()


def test_a_recommendation_of_microsoft(tmp_path: Path) -> None:
    resource = {"subjectId": BLUEPRINT.upper(), "resourceType": "application", "status": "active"}
    row = {"id": "x", "recommendationType": "adalToMsalMigration", "status": "active", "impactedResources": [resource]}
    pages: dict[str, Any] = {
        "servicePrincipals": [{**GRAPH, "id": AGENT, "appId": BLUEPRINT}, GRAPH], "directory/recommendations(impactedResources())": [row],
    }  # fmt: skip
    assert failed(tmp_path, ["entra-recommendation"], pages, "beta") == {"entra-recommendation"}
    row["status"] = "completedByUser"
    assert failed(tmp_path, ["entra-recommendation"], pages, "beta") == set()


def test_settings_that_are_no_policies(tmp_path: Path) -> None:
    """Objects as Microsoft Graph answers with them, without a list around them."""
    settings: dict[str, dict[str, Any]] = {
        "v1.0/$metadata#policies/authorizationPolicy/$entity": {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": []}},
        "beta/$metadata#teamwork/teamsAppSettings/$entity": {"isChatResourceSpecificConsentEnabled": True},
        "beta/$metadata#admin/appsAndServices/settings": {"isOfficeStoreEnabled": True, "isAppAndServicesTrialEnabled": True},
    }  # fmt: skip
    for number, (context, value) in enumerate(settings.items()):
        (tmp_path / f"of{number}.json").write_text(json.dumps({"@odata.context": f"https://graph.microsoft.com/{context}", **value}))
    rules = ["tenant-group-consent", "tenant-chat-consent", "tenant-store"]
    values = [
        {"name": "EnableGroupSpecificConsent", "value": "True"},
        {"name": "ConstrainGroupSpecificConsentToMembersOfGroupId", "value": ""},
    ]
    pages = {"groupSettings": [{"id": USER, "templateId": CONSENT_SETTINGS, "values": values}], "servicePrincipals": [GRAPH]}
    assert failed(tmp_path, rules, pages) == set(rules)


def test_access_packages(tmp_path: Path) -> None:
    policy = {
        "id": USER, "displayName": "Agents", "allowedTargetScope": "allDirectoryServicePrincipals", "automaticRequestSettings": None,
        "requestApprovalSettings": {"isApprovalRequiredForAdd": False}, "accessPackage": {"displayName": "Sales"},
    }  # fmt: skip
    resource = {"displayName": "CRM", "originSystem": "AadApplication", "originId": AGENT}
    catalog = {"id": USER, "displayName": "Sales", "catalogType": "userManaged", "isExternallyVisible": False, "resources": [resource]}
    pages: dict[str, Any] = {
        "organization": [{"id": BLUEPRINT}], "servicePrincipals": [GRAPH], "identityGovernance/entitlementManagement/assignmentPolicies(accessPackage())": [policy],
        "identityGovernance/entitlementManagement/catalogs(resources())": [catalog],
    }  # fmt: skip
    rules = ["tenant-access-package-open", "tenant-catalog-app-removed"]
    assert failed(tmp_path, rules, pages) == set(rules)
    policy["requestApprovalSettings"] = {"isApprovalRequiredForAdd": True}
    resource["originId"] = GRAPH["id"]
    assert failed(tmp_path, rules, pages) == set()
