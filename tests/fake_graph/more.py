"""Resources of Microsoft Graph that the fake answers by a table: lists, and what belongs to single objects.

Each row has the page of Microsoft's reference that it was shaped after. A tenant has the objects under `name`: a list, or, where the
path has {id}, a dict by the id of whose they are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, NamedTuple

from tests.fake_graph.query import Collection, Options, bad, parse

Json = dict[str, Any]
_REFERENCE = "https://learn.microsoft.com/graph/api/"


class Resource(NamedTuple):
    path: str
    name: str
    kind: str
    properties: frozenset[str]
    permissions: tuple[str, ...]  # the first suffices; the fake knows no other that contains it
    page: str  # in Microsoft's reference
    options: str = "top select count skiptoken"  # that it takes, besides those below
    expand: str = ""  # the property that $expand may name; without, it does not come
    filter: str = ""  # the properties that $filter may compare, between spaces
    filter_needed: bool = False
    version: str = "v1.0"
    is_one: bool = False  # one object, and no list

    @property
    def reference(self) -> str:
        return _REFERENCE + self.page


def _of(names: str) -> frozenset[str]:
    return frozenset(names.split())


_ROLES = ("RoleManagement.Read.Directory",)
_MEMBER = _of("id displayName userPrincipalName mail userType accountEnabled appId servicePrincipalType")
RESOURCES = (
    Resource(
        "roleManagement/directory/roleAssignments", "roleAssignments", "unifiedRoleAssignment",
        _of("id principalId roleDefinitionId directoryScopeId appScopeId resourceScope condition"), _ROLES,
        "rbacapplication-list-roleassignments", expand="principal", filter="principalId",
    ),
    Resource(
        "roleManagement/directory/roleDefinitions", "roleDefinitions", "unifiedRoleDefinition",
        _of("id description displayName isBuiltIn isEnabled resourceScopes rolePermissions templateId version"), _ROLES,
        "rbacapplication-list-roledefinitions",
    ),
    Resource(
        "roleManagement/directory/roleEligibilityScheduleInstances", "roleEligibilityScheduleInstances",
        "unifiedRoleEligibilityScheduleInstance",
        _of("id principalId roleDefinitionId directoryScopeId appScopeId startDateTime endDateTime memberType roleEligibilityScheduleId"),
        _ROLES,
        "rbacapplication-list-roleeligibilityscheduleinstances", expand="principal", filter="principalId",
    ),
    Resource(
        "policies/roleManagementPolicyAssignments", "roleManagementPolicyAssignments", "unifiedRoleManagementPolicyAssignment",
        _of("id policyId scopeId scopeType roleDefinitionId"), ("RoleManagementPolicy.Read.Directory",),
        "policyroot-list-rolemanagementpolicyassignments", expand="policy", filter="scopeId scopeType", filter_needed=True,
    ),
    Resource(
        "groups", "groups", "group", _of("id displayName description groupTypes isAssignableToRole mailEnabled securityEnabled visibility"),
        ("Directory.Read.All",), "group-list", filter="isAssignableToRole",
    ),
    Resource("groups/{id}/members", "groupMembers", "directoryObject", _MEMBER, ("Directory.Read.All",), "group-list-members"),
    Resource("groups/{id}/owners", "groupOwners", "directoryObject", _MEMBER, ("Directory.Read.All",), "group-list-owners"),
    Resource(
        "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances", "groupEligibilityScheduleInstances",
        "privilegedAccessGroupEligibilityScheduleInstance",
        _of("id accessId principalId groupId startDateTime endDateTime memberType eligibilityScheduleId"),
        ("PrivilegedEligibilitySchedule.Read.AzureADGroup",), "privilegedaccessgroup-list-eligibilityscheduleinstances",
        filter="groupId", filter_needed=True,
    ),
    Resource(
        "directory/administrativeUnits", "administrativeUnits", "administrativeUnit",
        _of("id displayName description isMemberManagementRestricted visibility membershipType"),
        ("Directory.Read.All",), "directory-list-administrativeunits",
    ),
    Resource(
        "reports/appCredentialSignInActivities", "appCredentialSignInActivities", "appCredentialSignInActivity",
        _of("id appId appObjectId createdDateTime credentialOrigin expirationDateTime keyId keyType keyUsage resourceId "
            "servicePrincipalObjectId signInActivity"),
        ("AuditLog.Read.All",), "reportroot-list-appcredentialsigninactivities", version="beta", filter="appId",
    ),
    Resource(
        "servicePrincipals/microsoft.graph.agentIdentity", "agentIdentities", "agentIdentity",
        _of("id appId accountEnabled agentIdentityBlueprintId createdByAppId createdDateTime displayName servicePrincipalType tags"),
        ("Application.Read.All",), "agentidentity-list", expand="sponsors",
    ),
    Resource(
        "applications/{id}/microsoft.graph.agentIdentityBlueprint/sponsors", "sponsors", "directoryObject", _MEMBER,
        ("Application.Read.All",), "agentidentityblueprint-list-sponsors",
    ),
    Resource(
        "reports/authenticationMethods/userRegistrationDetails", "userRegistrationDetails", "userRegistrationDetails",
        _of("id isAdmin isMfaCapable isMfaRegistered lastUpdatedDateTime methodsRegistered userDisplayName userPrincipalName userType"),
        ("AuditLog.Read.All",), "authenticationmethodsroot-list-userregistrationdetails", options="skiptoken", filter="isMfaRegistered",
    ),
    Resource(
        "servicePrincipals/{id}/synchronization/jobs", "synchronizationJobs", "synchronizationJob",
        _of("id schedule status synchronizationJobSettings templateId"), ("Synchronization.Read.All",), "synchronization-synchronization-list-jobs",
        options="",
    ),
    Resource(
        "directory/recommendations", "recommendations", "recommendation",
        _of("id benefits category createdDateTime displayName impactType insights priority recommendationType releaseType status"),
        ("DirectoryRecommendations.Read.All",), "directory-list-recommendation", version="beta", options="select skiptoken",
        expand="impactedResources", filter="status",
    ),
    Resource(
        "identityGovernance/entitlementManagement/assignmentPolicies", "assignmentPolicies", "accessPackageAssignmentPolicy",
        _of("id displayName description allowedTargetScope automaticRequestSettings requestApprovalSettings requestorSettings"),
        ("EntitlementManagement.Read.All",), "entitlementmanagement-list-assignmentpolicies", options="select skiptoken",
        expand="accessPackage",
    ),
    Resource(
        "identityGovernance/entitlementManagement/catalogs", "accessPackageCatalogs", "accessPackageCatalog",
        _of("id displayName description catalogType state isExternallyVisible"), ("EntitlementManagement.Read.All",),
        "entitlementmanagement-list-catalogs", options="select skiptoken", expand="resources",
    ),
    Resource("groupSettings", "groupSettings", "groupSetting", _of("id displayName templateId values"), ("Directory.Read.All",),
             "group-list-settings", options="select skiptoken"),
    Resource(
        "teamwork/teamsAppSettings", "teamsAppSettings", "teamsAppSettings",
        _of("id allowUserRequestsForAppAccess isChatResourceSpecificConsentEnabled"), ("TeamworkAppSettings.Read.All",),
        "teamsappsettings-get", version="beta", is_one=True,
    ),
    Resource(
        "admin/appsAndServices/settings", "appsAndServicesSettings", "appsAndServicesSettings",
        _of("isOfficeStoreEnabled isAppAndServicesTrialEnabled"), ("OrgSettings-AppsAndServices.Read.All",), "adminappsandservices-get",
        version="beta", is_one=True,
    ),
    Resource(
        "applications/{id}", "onPremisesPublishing", "application", _of("id appId displayName onPremisesPublishing"),
        ("Application.Read.All",), "application-get", version="beta", is_one=True,
    ),
    Resource(
        "policies/appManagementPolicies", "appManagementPolicies", "appManagementPolicy",
        _of("id displayName description isEnabled restrictions"), ("Policy.Read.All",), "appmanagementpolicy-list", expand="appliesTo",
    ),
    Resource(
        "policies/appManagementPolicies/{id}/appliesTo", "appManagementPolicyTargets", "directoryObject",
        _of("id appId displayName createdDateTime"), ("Policy.Read.All",), "appmanagementpolicy-list-appliesto",
    ),
    Resource(
        "policies/permissionGrantPolicies", "permissionGrantPolicies", "permissionGrantPolicy",
        _of("id displayName description includes excludes deletedDateTime"), ("Policy.Read.PermissionGrant",), "permissiongrantpolicy-list",
    ),
    Resource(
        "servicePrincipals/{id}/delegatedPermissionClassifications", "delegatedPermissionClassifications", "delegatedPermissionClassification",
        _of("id permissionId permissionName classification"), ("Application.Read.All",), "serviceprincipal-list-delegatedpermissionclassifications",
    ),
    Resource(
        "identityGovernance/appConsent/appConsentRequests", "appConsentRequests", "appConsentRequest",
        _of("id appId appDisplayName pendingScopes"), ("ConsentRequest.Read.All",), "appconsentapprovalroute-list-appconsentrequests",
        filter="userConsentRequests",
    ),
    Resource(
        "identityGovernance/appConsent/appConsentRequests/{id}/userConsentRequests", "userConsentRequests", "userConsentRequest",
        _of("id approvalId completedDateTime createdBy createdDateTime customData reason reviewedBy reviewedDateTime status"),
        ("ConsentRequest.Read.All",), "appconsentrequest-list-userconsentrequests",
    ),
    Resource(
        "identity/conditionalAccess/policies", "conditionalAccessPolicies", "conditionalAccessPolicy",
        _of("id displayName state templateId createdDateTime modifiedDateTime conditions grantControls sessionControls"),
        ("Policy.Read.All",), "conditionalaccessroot-list-policies",
    ),
    Resource(
        "identityProtection/riskyServicePrincipals", "riskyServicePrincipals", "riskyServicePrincipal",
        _of("id appId displayName isEnabled isProcessing riskDetail riskLastUpdatedDateTime riskLevel riskState servicePrincipalType"),
        ("IdentityRiskyServicePrincipal.Read.All",), "identityprotectionroot-list-riskyserviceprincipals", filter="riskState",
    ),
)  # fmt: skip
PERMISSIONS = {permission for resource in RESOURCES for permission in resource.permissions[:1]}


def resource_at(path: str, version: str) -> tuple[Resource, str] | None:
    """The resource of a path ("groups/ID/members"), and the id in it."""
    for resource in RESOURCES:
        if resource.version == version and (match := re.fullmatch(resource.path.replace("{id}", "([^/]+)"), path)):
            return resource, match[1] if match.groups() else ""
    return None


def objects(resource: Resource, tenant: Json, id_: str, query: list[tuple[str, str]]) -> tuple[Collection, Options]:
    """What is asked for. Raises Refused for an option that Microsoft Graph does not take here."""
    given = dict(query)
    expand, filter_ = given.pop("$expand", ""), given.pop("$filter", "")
    options = parse(list(given.items()), resource.kind, resource.options, {resource.kind: resource.properties})
    what, _, nested = expand.removesuffix("($expand=rules)").removesuffix(")").partition("($select=")
    if what and what != resource.expand:
        raise bad(f"Parsing OData Select and Expand failed: '{what}' cannot be expanded on type 'microsoft.graph.{resource.kind}'.")
    held: list[Json] = tenant.get(resource.name, {}).get(id_, []) if id_ else tenant.get(resource.name, [])
    if isinstance(held, dict):
        held = [held]
    if resource.is_one and not held and any(one["id"] == id_ for one in tenant.get(resource.path.split("/")[0], ())):
        held = [{"id": id_}]  # an object that is there, without what it was asked for
    if resource.filter_needed and not filter_:
        raise bad("The required filter is missing.", "InvalidFilter")
    if filter_ == "userConsentRequests/any(u:u/status eq 'InProgress')" and resource.filter == "userConsentRequests":
        asked = tenant["userConsentRequests"]
        held = [one for one in held if any(request["status"] == "InProgress" for request in asked.get(one["id"], ()))]
    elif filter_:
        for clause in filter_.split(" and "):
            match = re.fullmatch(r"(\w+) eq (?:'([^']*)'|(true|false))", clause)
            if not match or match[1] not in resource.filter.split():
                raise bad(f"Invalid filter clause: '{filter_}'.")
            wanted: Any = match[3] == "true" if match[3] else match[2]
            held = [one for one in held if one.get(match[1]) == wanted]
    held = [{name: value for name, value in one.items() if name != resource.expand or what} for one in held]
    if nested:
        names = {"@odata.type", *nested.split(",")}
        held = [{**one, what: [{n: v for n, v in inner.items() if n in names} for inner in one.get(what, ())]} for one in held]
    if what and options.select:
        options = replace(options, select=(*options.select, what))
    return Collection(resource.kind, held), options
