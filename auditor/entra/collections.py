"""The collections of a tenant: what one holds, how Microsoft Graph calls and gives it, and what to do where it is missing.

A new collection is a row here, and one in `facts/kinds.py`: facts, detection, snapshots, plans and reports read this table.
"""

from __future__ import annotations

import msgspec


class Collection(msgspec.Struct, frozen=True, eq=False):
    """`name` is Microsoft Graph's, `kind` that of one object.

    Two collections are known from two sides, of which one may be complete while the other is not: `side_of` names the first side.
    """

    name: str
    kind: str
    remedy: str = ""  # what would make it known, of files
    is_one: bool = False  # a tenant has one such object
    is_one_each: bool = False  # or each of its parents has one, and no list
    side_of: Collection | None = None
    parent: Collection | None = None  # whose objects each object belongs to
    is_link: bool = False  # its objects name both ends of what they link, and stand alone
    relation: str = ""  # what its parent calls it, where that is not its name

    # Microsoft Graph
    path: str = ""  # of the request for it; '' where it comes with its other side. {id}: one request for each of its parents
    query: str = ""  # of that request; $select={read} stands for the properties that are read
    poorer: str = ""  # what to ask where Microsoft Graph does not take that query
    version: str = "v1.0"
    permission: str = ""
    also: str = ""  # a permission without which answers come, but poorer ones
    what: str = ""  # what is asked for, for people
    needs: tuple[Collection, ...] = ()  # that have to be read to know whose: which objects have anything, or whose a link is
    is_always_read: bool = False
    # Who has no permission or no licence for it does without its rules: that is said, and no fault of the run (decision 0050).
    is_optional: bool = False
    is_short: bool = False  # it is read whole also where only some registrations are asked for
    type: str = ""  # Graph's name of the type, where it is not `kind`
    subtypes: tuple[str, ...] = ()
    also_called: tuple[str, ...] = ()  # other last segments of an @odata.context

    # Files
    markers: tuple[str, ...] = ()  # properties that only its objects have
    has_common_name: bool = False  # other services' objects have members called so: beside one of ours they mean what they say

    @property
    def whole(self) -> Need:
        return Need(self, whole=True)

    @property
    def graph_type(self) -> str:
        return self.type or self.kind

    @property
    def place(self) -> str:
        """The first segment of its path: where its objects are, or whose they are."""
        return self.path.split("/")[1] if self.path else ""

    @property
    def is_of_each(self) -> bool:
        """One request for each of its parents, or of some of them (`sources/graph/parents.py`)."""
        return "{id}" in self.path + self.query


class Need(msgspec.Struct, frozen=True):
    """A collection that a fact is made from. `whole`: it is only known for sure when all of the tenant's was read."""

    collection: Collection
    whole: bool = False

    def __str__(self) -> str:
        return self.collection.name + "*" * self.whole


_APPLICATION, _DIRECTORY, _POLICY = "Application.Read.All", "Directory.Read.All", "Policy.Read.All"
_ENTITLEMENTS = "EntitlementManagement.Read.All"
_ROLES, _GROUP_ELIGIBILITY = "RoleManagement.Read.Directory", "PrivilegedEligibilitySchedule.Read.AzureADGroup"

APPLICATIONS = Collection(
    "applications", "application", "add the output of `az ad app list --all` and of `az ad sp list --all`",
    path="/applications", permission=_APPLICATION, what="app registrations", is_always_read=True,
    subtypes=("agentIdentityBlueprint",), markers=("appId", "requiredResourceAccess", "signInAudience", "identifierUris"),
)  # fmt: skip
SERVICE_PRINCIPALS = Collection(
    "servicePrincipals", "servicePrincipal", "add the output of `az ad sp list --all`",
    path="/servicePrincipals", permission=_APPLICATION, what="service principals",
    subtypes=("agentIdentityBlueprintPrincipal", "agentIdentity"), also_called=("servicePrinciples",),  # Microsoft published this spelling
    markers=("servicePrincipalType", "servicePrincipalNames", "appOwnerOrganizationId", "passwordCredentials", "keyCredentials"),
)  # fmt: skip
GRANTS = Collection(
    "oauth2PermissionGrants", "oauth2PermissionGrant",
    "add the response to GET /oauth2PermissionGrants of Microsoft Graph, all pages", is_link=True,
    path="/oauth2PermissionGrants", permission=_DIRECTORY, what="granted delegated permissions",
    needs=(SERVICE_PRINCIPALS,), type="oAuth2PermissionGrant", markers=("consentType",), has_common_name=True,
)  # fmt: skip
ASSIGNMENTS = Collection(
    "appRoleAssignments", "appRoleAssignment",
    "add the response to GET /servicePrincipals/{id}/appRoleAssignments of Microsoft Graph", is_link=True, parent=SERVICE_PRINCIPALS,
    path="/servicePrincipals/{id}/appRoleAssignedTo", permission=_APPLICATION,
    what="app role assignments (granted application permissions) of each service principal with app roles",
    needs=(SERVICE_PRINCIPALS,), markers=("appRoleId",), has_common_name=True,
)  # fmt: skip
ASSIGNED_TO = Collection(
    "appRoleAssignedTo", "appRoleAssignment",
    "add the response to GET /servicePrincipals/{id}/appRoleAssignedTo of Microsoft Graph", is_link=True, parent=SERVICE_PRINCIPALS,
    side_of=ASSIGNMENTS, needs=(SERVICE_PRINCIPALS, ASSIGNMENTS),
)  # fmt: skip
OWNERS = Collection(
    "owners", "owner", "add the response to GET /applications?$expand=owners of Microsoft Graph, all pages", parent=APPLICATIONS,
    path="/applications", permission=_APPLICATION, also="User.Read.All", what="owners of app registrations", has_common_name=True,
)  # fmt: skip
PRINCIPAL_OWNERS = Collection(
    "servicePrincipalOwners", "owner",
    "add the response to GET /servicePrincipals?$expand=owners of Microsoft Graph, all pages", parent=SERVICE_PRINCIPALS, relation="owners",
    side_of=OWNERS, path="/servicePrincipals", permission=_APPLICATION, also="User.Read.All", what="owners of service principals",
    needs=(SERVICE_PRINCIPALS,),
)  # fmt: skip
FEDERATED = Collection(
    "federatedIdentityCredentials", "federatedIdentityCredential",
    "add the response to GET /applications/{id}/federatedIdentityCredentials of Microsoft Graph", parent=APPLICATIONS,
    path="/applications/{id}/federatedIdentityCredentials", version="beta",  # claimsMatchingExpression is there only
    permission=_APPLICATION, what="federated credentials of each registration that has them",
    markers=("audiences",), has_common_name=True,
)  # fmt: skip
ORGANIZATION = Collection(
    "organization", "organization",
    "add the output of `az rest --method get --url https://graph.microsoft.com/v1.0/organization`", is_one=True,
    path="/organization", permission=_DIRECTORY, what="the tenant's ID and verified domains", is_always_read=True,
    markers=("verifiedDomains",), has_common_name=True,
)  # fmt: skip
AUTHORIZATION = Collection(
    "authorizationPolicy", "authorizationPolicy", "add the response to GET /policies/authorizationPolicy of Microsoft Graph", is_one=True,
    path="/policies/authorizationPolicy", permission=_POLICY, what="settings for user consent and for registering applications",
    markers=("defaultUserRolePermissions",),
)  # fmt: skip
ADMIN_CONSENT = Collection(
    "adminConsentRequestPolicy", "adminConsentRequestPolicy",
    "add the response to GET /policies/adminConsentRequestPolicy of Microsoft Graph", is_one=True,
    path="/policies/adminConsentRequestPolicy", permission=_POLICY, what="settings for admin consent requests",
    markers=("notifyReviewers",),
)  # fmt: skip
APP_MANAGEMENT = Collection(
    "defaultAppManagementPolicy", "defaultAppManagementPolicy",
    "add the response to GET /policies/defaultAppManagementPolicy of Microsoft Graph", is_one=True,
    path="/policies/defaultAppManagementPolicy", permission=_POLICY, what="the app management policy (limits for secrets and certificates)",
    type="tenantAppManagementPolicy", markers=("applicationRestrictions",),
)  # fmt: skip
SIGN_INS = Collection(
    "servicePrincipalSignInActivities", "servicePrincipalSignInActivity",
    "add the response to GET /reports/servicePrincipalSignInActivities of Microsoft Graph (beta), all pages",
    path="/reports/servicePrincipalSignInActivities", version="beta", permission="AuditLog.Read.All",
    what="when service principals were last used", markers=("lastSignInActivity",),
)  # fmt: skip
# Directory roles, and the groups that can bear them.
ROLE_ASSIGNMENTS = Collection(
    "roleAssignments", "unifiedRoleAssignment",
    "add the response to GET /roleManagement/directory/roleAssignments?$expand=principal of Microsoft Graph, all pages",
    path="/roleManagement/directory/roleAssignments", query="$expand=principal", permission=_ROLES, is_optional=True, is_short=True,
    what="who holds a directory role", markers=("directoryScopeId",), has_common_name=True,
)  # fmt: skip
ROLE_DEFINITIONS = Collection(
    "roleDefinitions", "unifiedRoleDefinition",
    "add the response to GET /roleManagement/directory/roleDefinitions of Microsoft Graph, all pages",
    path="/roleManagement/directory/roleDefinitions", query="$select={read}", permission=_ROLES, is_optional=True, is_short=True,
    what="custom directory roles and what they allow", markers=("rolePermissions",), has_common_name=True,
)  # fmt: skip
ROLE_ELIGIBILITY = Collection(
    "roleEligibilityScheduleInstances", "unifiedRoleEligibilityScheduleInstance",
    "add the response to GET /roleManagement/directory/roleEligibilityScheduleInstances of Microsoft Graph, all pages",
    path="/roleManagement/directory/roleEligibilityScheduleInstances", query="$expand=principal", permission=_ROLES, is_optional=True,
    is_short=True, what="who can activate a directory role (Privileged Identity Management)",
)  # fmt: skip
ROLE_POLICIES = Collection(
    "roleManagementPolicyAssignments", "unifiedRoleManagementPolicyAssignment",
    "add the response to GET /policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'"
    "&$expand=policy($expand=rules) of Microsoft Graph, all pages",
    path="/policies/roleManagementPolicyAssignments",
    query="$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'&$expand=policy($expand=rules)",
    permission="RoleManagementPolicy.Read.Directory", is_optional=True, is_short=True,
    what="which activations of directory roles somebody else has to approve",
)  # fmt: skip
GROUPS = Collection(
    "groups", "group", "add the response to GET /groups?$filter=isAssignableToRole eq true&$expand=members of Microsoft Graph, all pages",
    path="/groups", query="$filter=isAssignableToRole eq true&$select={read}&$top=999", permission=_DIRECTORY, is_optional=True,
    is_short=True, what="groups that can hold directory roles", markers=("isAssignableToRole",), has_common_name=True,
)  # fmt: skip
GROUP_MEMBERS = Collection(
    "groupMembers", "groupMember", GROUPS.remedy, parent=GROUPS, relation="members",
    path="/groups/{id}/members", query="$select={read}&$top=999", permission=_DIRECTORY, also="User.Read.All", is_optional=True,
    is_short=True, needs=(GROUPS,), what="members of each group that can hold directory roles",
)  # fmt: skip
GROUP_OWNERS = Collection(
    "groupOwners", "groupOwner", GROUPS.remedy.replace("members", "owners"), parent=GROUPS, relation="owners",
    path="/groups/{id}/owners", query="$select={read}&$top=999", permission=_DIRECTORY, also="User.Read.All", is_optional=True,
    is_short=True, needs=(GROUPS,), what="owners of each group that can hold directory roles",
)  # fmt: skip
GROUP_ELIGIBILITY = Collection(
    "groupEligibilityScheduleInstances", "privilegedAccessGroupEligibilityScheduleInstance",
    "add the responses to GET identityGovernance/privilegedAccess/group/eligibilityScheduleInstances of Microsoft Graph",
    parent=GROUPS, is_link=True, path="/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
    query="$filter=groupId eq '{id}'", permission=_GROUP_ELIGIBILITY, is_optional=True, is_short=True, needs=(GROUPS,),
    also_called=("eligibilityScheduleInstances",),
    what="who can activate the membership or ownership of each group that can hold directory roles",
)  # fmt: skip
ADMINISTRATIVE_UNITS = Collection(
    "administrativeUnits", "administrativeUnit", "add the response to GET /directory/administrativeUnits of Microsoft Graph, all pages",
    path="/directory/administrativeUnits", query="$select={read}&$top=999", permission=_DIRECTORY, is_optional=True, is_short=True,
    what="names of administrative units, and whether only their own administrators manage them",
    markers=("isMemberManagementRestricted",),
)  # fmt: skip
# Which credential is used, and when last.
CREDENTIAL_SIGN_INS = Collection(
    "appCredentialSignInActivities", "appCredentialSignInActivity",
    "add the response to GET /reports/appCredentialSignInActivities of Microsoft Graph (beta), all pages",
    path="/reports/appCredentialSignInActivities", version="beta", permission="AuditLog.Read.All", is_optional=True, is_short=True,
    what="when each client secret and certificate was last used", markers=("credentialOrigin",),
)  # fmt: skip
# Agent identities, and who is accountable for them.
AGENTS = Collection(
    "agentIdentities", "agentIdentityDetails",
    "add the response to GET /servicePrincipals/microsoft.graph.agentIdentity?$expand=sponsors of Microsoft Graph, all pages",
    path="/servicePrincipals/microsoft.graph.agentIdentity",
    query="$select=id,agentIdentityBlueprintId&$expand=sponsors($select=id)&$top=100", poorer="$expand=sponsors&$top=100",
    permission=_APPLICATION, is_optional=True, is_short=True,
    what="blueprints and sponsors of agent identities",
)  # fmt: skip
BLUEPRINT_SPONSORS = Collection(
    "sponsors", "sponsor",
    "add the response to GET /applications/microsoft.graph.agentIdentityBlueprint?$expand=sponsors of Microsoft Graph",
    path="/applications/{id}/microsoft.graph.agentIdentityBlueprint/sponsors", query="$select=id&$top=100", permission=_APPLICATION,
    is_optional=True, parent=APPLICATIONS, needs=(APPLICATIONS,), what="sponsors of each agent identity blueprint", has_common_name=True,
)  # fmt: skip
PUBLISHING = Collection(
    "onPremisesPublishing", "onPremisesPublishing",
    "add the responses to GET /applications/{id}?$select=id,appId,displayName,onPremisesPublishing of Microsoft Graph (beta)",
    path="/applications/{id}", query="$select=id,onPremisesPublishing", version="beta", permission=_APPLICATION, is_optional=True,
    is_one_each=True, parent=APPLICATIONS, needs=(APPLICATIONS,), what="settings of each application that Application Proxy publishes",
)  # fmt: skip
# Of the users: who has registered nothing that multifactor authentication could ask for.
REGISTRATION_DETAILS = Collection(
    "userRegistrationDetails", "userRegistrationDetails",
    "add the response to GET /reports/authenticationMethods/userRegistrationDetails of Microsoft Graph, all pages",
    path="/reports/authenticationMethods/userRegistrationDetails", query="$filter=isMfaRegistered eq false", permission="AuditLog.Read.All",
    is_optional=True, is_short=True, what="which users have no method for multifactor authentication", markers=("isMfaRegistered",),
)  # fmt: skip
SYNCHRONIZATION_JOBS = Collection(
    "synchronizationJobs", "synchronizationJob",
    "add the responses to GET /servicePrincipals/{id}/synchronization/jobs of Microsoft Graph", parent=SERVICE_PRINCIPALS,
    path="/servicePrincipals/{id}/synchronization/jobs", permission="Synchronization.Read.All", is_optional=True,
    needs=(SERVICE_PRINCIPALS,), what="provisioning jobs of each application from the gallery or with single sign-on",
    also_called=("synchronization/jobs",),
)  # fmt: skip
RECOMMENDATIONS = Collection(
    "recommendations", "recommendation",
    "add the response to GET /directory/recommendations?$expand=impactedResources of Microsoft Graph (beta), all pages",
    path="/directory/recommendations", query="$expand=impactedResources", version="beta", permission="DirectoryRecommendations.Read.All",
    is_optional=True, is_short=True, what="what Microsoft Entra ID recommends for applications", markers=("recommendationType",),
    has_common_name=True,
)  # fmt: skip
# Settings that are no policies.
GROUP_SETTINGS = Collection(
    "groupSettings", "groupSetting", "add the response to GET /groupSettings of Microsoft Graph", path="/groupSettings",
    permission=_DIRECTORY, is_optional=True, is_short=True, what="whether group owners can consent for their groups",
)  # fmt: skip
TEAMS_APP_SETTINGS = Collection(
    "teamsAppSettings", "teamsAppSettings", "add the response to GET /teamwork/teamsAppSettings of Microsoft Graph (beta)", is_one=True,
    path="/teamwork/teamsAppSettings", version="beta", permission="TeamworkAppSettings.Read.All", is_optional=True,
    what="settings of Teams for apps in chats", markers=("isChatResourceSpecificConsentEnabled",),
)  # fmt: skip
STORE_SETTINGS = Collection(
    "appsAndServicesSettings", "appsAndServicesSettings",
    "add the response to GET /admin/appsAndServices/settings of Microsoft Graph (beta)", is_one=True,
    path="/admin/appsAndServices/settings", version="beta", permission="OrgSettings-AppsAndServices.Read.All", is_optional=True,
    what="settings of Microsoft 365 for the Office store and trials", also_called=("appsAndServices/settings",),
    markers=("isOfficeStoreEnabled",),
)  # fmt: skip
# Entitlement management.
ACCESS_POLICIES = Collection(
    "assignmentPolicies", "accessPackageAssignmentPolicy",
    "add the response to GET identityGovernance/entitlementManagement/assignmentPolicies?$expand=accessPackage of Microsoft Graph",
    path="/identityGovernance/entitlementManagement/assignmentPolicies", query="$expand=accessPackage", permission=_ENTITLEMENTS,
    is_optional=True, is_short=True, what="who can get access packages, and who approves it", markers=("allowedTargetScope",),
)  # fmt: skip
ACCESS_CATALOGS = Collection(
    "accessPackageCatalogs", "accessPackageCatalog",
    "add the response to GET /identityGovernance/entitlementManagement/catalogs?$expand=resources of Microsoft Graph, all pages",
    path="/identityGovernance/entitlementManagement/catalogs", query="$expand=resources", permission=_ENTITLEMENTS, is_optional=True,
    is_short=True, what="applications in catalogs of access packages", also_called=("entitlementManagement/catalogs",),
    markers=("isExternallyVisible",), needs=(SERVICE_PRINCIPALS,),
)  # fmt: skip
# Policies beside those of which a tenant has one each.
APP_POLICIES = Collection(
    "appManagementPolicies", "appManagementPolicy",
    "add the response to GET /policies/appManagementPolicies?$expand=appliesTo of Microsoft Graph, all pages",
    path="/policies/appManagementPolicies", permission=_POLICY, is_optional=True, is_short=True,
    what="app management policies for single applications", markers=("restrictions",), has_common_name=True,
)  # fmt: skip
APP_POLICY_TARGETS = Collection(
    "appManagementPolicyTargets", "appManagementPolicyTarget", APP_POLICIES.remedy, parent=APP_POLICIES, relation="appliesTo",
    path="/policies/appManagementPolicies/{id}/appliesTo", query="$select=id", permission=_POLICY, is_optional=True, is_short=True,
    needs=(APP_POLICIES,), what="applications and service principals that have an app management policy of their own",
)  # fmt: skip
CONSENT_POLICIES = Collection(
    "permissionGrantPolicies", "permissionGrantPolicy",
    "add the response to GET /policies/permissionGrantPolicies of Microsoft Graph, all pages",
    path="/policies/permissionGrantPolicies", permission="Policy.Read.PermissionGrant", is_optional=True, is_short=True,
    what="consent policies and what they allow", markers=("includes",), has_common_name=True,
)  # fmt: skip
CLASSIFICATIONS = Collection(
    "delegatedPermissionClassifications", "delegatedPermissionClassification",
    "add the response to GET /servicePrincipals/{id}/delegatedPermissionClassifications of Microsoft Graph", parent=SERVICE_PRINCIPALS,
    path="/servicePrincipals/{id}/delegatedPermissionClassifications", permission=_APPLICATION, is_optional=True,
    needs=(SERVICE_PRINCIPALS,), what="delegated permissions of Microsoft's APIs that the tenant classifies, such as low impact",
    markers=("permissionName",), has_common_name=True,
)  # fmt: skip
CONSENT_REQUESTS = Collection(
    "appConsentRequests", "appConsentRequest",
    "add the response to GET /identityGovernance/appConsent/appConsentRequests of Microsoft Graph, and who asked",
    path="/identityGovernance/appConsent/appConsentRequests", query="$filter=userConsentRequests/any(u:u/status eq 'InProgress')",
    permission="ConsentRequest.Read.All", is_optional=True, is_short=True, what="requests for admin consent that wait for a decision",
    markers=("pendingScopes",),
)  # fmt: skip
USER_CONSENT_REQUESTS = Collection(
    "userConsentRequests", "userConsentRequest",
    "add the responses to GET …/appConsentRequests/{id}/userConsentRequests of Microsoft Graph (identityGovernance/appConsent)",
    parent=CONSENT_REQUESTS, path="/identityGovernance/appConsent/appConsentRequests/{id}/userConsentRequests",
    permission="ConsentRequest.Read.All", is_optional=True, is_short=True, needs=(CONSENT_REQUESTS,),
    what="who asked for admin consent, and when",
)  # fmt: skip
CONDITIONAL_ACCESS = Collection(
    "conditionalAccessPolicies", "conditionalAccessPolicy",
    "add the response to GET /identity/conditionalAccess/policies of Microsoft Graph, all pages",
    path="/identity/conditionalAccess/policies", query="$select={read}", permission=_POLICY, is_optional=True, is_short=True,
    what="Conditional Access policies", also_called=("policies",), markers=("grantControls",), has_common_name=True,
)  # fmt: skip
# Microsoft Entra ID Protection.
RISKY_PRINCIPALS = Collection(
    "riskyServicePrincipals", "riskyServicePrincipal",
    "add the response to GET /identityProtection/riskyServicePrincipals of Microsoft Graph, all pages",
    path="/identityProtection/riskyServicePrincipals", permission="IdentityRiskyServicePrincipal.Read.All", is_optional=True, is_short=True,
    what="service principals that Microsoft Entra ID Protection considers at risk", markers=("riskState",), has_common_name=True,
)  # fmt: skip
# Of a tenant, in the order in which snapshots hold and people read them.
TENANT = (
    APPLICATIONS, SERVICE_PRINCIPALS, GRANTS, ASSIGNMENTS, ASSIGNED_TO, OWNERS, PRINCIPAL_OWNERS, FEDERATED, ORGANIZATION, AUTHORIZATION,
    ADMIN_CONSENT, APP_MANAGEMENT, SIGN_INS,
    ROLE_ASSIGNMENTS, ROLE_DEFINITIONS, ROLE_ELIGIBILITY, ROLE_POLICIES, GROUPS, GROUP_MEMBERS, GROUP_OWNERS, GROUP_ELIGIBILITY,
    ADMINISTRATIVE_UNITS,
    CREDENTIAL_SIGN_INS, RISKY_PRINCIPALS, APP_POLICIES, APP_POLICY_TARGETS, CONSENT_POLICIES, CLASSIFICATIONS, CONSENT_REQUESTS,
    USER_CONSENT_REQUESTS, CONDITIONAL_ACCESS, AGENTS, BLUEPRINT_SPONSORS, PUBLISHING, REGISTRATION_DETAILS, SYNCHRONIZATION_JOBS,
    RECOMMENDATIONS, GROUP_SETTINGS, TEAMS_APP_SETTINGS, STORE_SETTINGS, ACCESS_POLICIES, ACCESS_CATALOGS,
)  # fmt: skip
FIRST_SIDES = tuple(collection for collection in TENANT if collection.side_of is None)

# Beside a tenant: the files of clients.
CONNECTORS = Collection("connectors", "connector")
CONNECTOR_PARTS = Collection(
    "connectorParts", "connectorPart", "put apiDefinition.swagger.json and settings.json beside the connector's apiProperties.json",
)  # fmt: skip
BESIDE = (CONNECTORS, CONNECTOR_PARTS)
# Files of other services, which regaudit does not ask (decision 0047). Each is in one tenant.
AZURE_ROLES = Collection(
    "azureRoleAssignments",
    "azureRoleAssignment",
    "add the role assignments of Azure Resource Graph (docs/input.md says the command)",
    what="Azure roles, from a file of Azure Resource Graph",
)
AZURE_ROLE_DEFINITIONS = Collection(
    "azureRoleDefinitions",
    "azureRoleDefinition",
    "add the custom Azure roles: the query of Azure Resource Graph in docs/input.md, or `az role definition list --custom-role-only`",
    what="what custom Azure roles allow, from the same file",
)
MAILBOX_POLICIES = Collection(
    "applicationAccessPolicies",
    "applicationAccessPolicy",
    "add the application access policies of Exchange Online (docs/input.md says the command)",
    what="which mailboxes an application is limited to, from a file of Exchange Online",
)
PERMISSION_USE = Collection(
    "oAuthAppInfo",
    "oAuthApp",
    "add the answer to the hunting query over OAuthAppInfo of Microsoft Defender (docs/input.md says the query)",
    what="which granted permissions are used, from a file of Microsoft Defender",
)
HOST_ANSWERS = Collection(
    "hostAnswers",
    "hostAnswer",
    "add what name servers answer for the hosts of redirect URIs (docs/input.md says the command)",
    what="whether the hosts of redirect URIs exist, from a file of dnsx",
)
IMPORTED = (AZURE_ROLES, AZURE_ROLE_DEFINITIONS, MAILBOX_POLICIES, PERMISSION_USE, HOST_ANSWERS)
IMPORTED_KINDS = frozenset(of.kind for of in IMPORTED)
SHIPPED = Collection("catalog", "")  # what regaudit brings along, so that nobody has to read it

BY_NAME = {collection.name: collection for collection in (*TENANT, *BESIDE, *IMPORTED)}
BY_KIND = {collection.kind: collection for collection in (*TENANT, *BESIDE, *IMPORTED) if collection.side_of is None}
OTHER_SIDE = {collection.side_of: collection for collection in TENANT if collection.side_of is not None}
