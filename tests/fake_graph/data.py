"""A plausible whole tenant, with properties as Microsoft Graph gives them. The same number and seed give the same tenant."""

from __future__ import annotations

import base64
import random
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

from auditor.entra.catalog import CATALOG
from auditor.entra.ids import CONSENT_SETTINGS, MICROSOFT_GRAPH
from benchmarks.tenant import USER_READ, registration
from tests.fake_graph.policies import policies
from tests.fake_graph.roles import roles

Json = dict[str, Any]
TENANT_ID = "7e4a0000-0000-4000-8000-000000000001"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
GRAPH_ID = "00000003-0000-4000-8000-000000000003"
NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
ISSUER = "https://token.actions.githubusercontent.com"
EMPTY_INFO = {"logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None}
NO_PUBLISHER = {"addedDateTime": None, "displayName": None, "verifiedPublisherId": None}


class Maker:
    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)

    def guid(self) -> str:
        return str(uuid.UUID(int=self.rnd.getrandbits(128), version=4))

    def moment(self, days: float) -> str:
        return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def application(self, permissions: dict[str, list[tuple[str, str]]], resources: list[str]) -> Json:
        app = registration(self.rnd, permissions, resources)
        name = app["displayName"]
        app["description"] = (
            f"{name} of the department {self.rnd.randrange(100)}. "
            + "Runs unattended and is looked after by its team. " * self.rnd.randint(1, 6)
        )
        app["notes"] = self.rnd.choice([None, "Asked for in a ticket; reviewed every year by the team that owns it."])
        app["tags"] = self.rnd.choice([[], ["HideApp"], ["team:" + name.split("-")[0], "stage:production"]])
        app["oauth2RequirePostResponse"] = False
        for _ in range(self.rnd.randint(2, 10)):
            app["appRoles"].append(
                {
                    "allowedMemberTypes": ["User"], "description": f"Members of this role may work with {name} and change what is theirs.",
                    "displayName": "Worker", "id": self.guid(), "isEnabled": True, "origin": "Application", "value": f"Work.{self.guid()[:8]}",
                }
            )  # fmt: skip
        app["authenticationBehaviors"] = {
            "blockAzureADGraphAccess": None,
            "removeUnverifiedEmailClaim": True,
            "requireClientServicePrincipal": None,
        }
        for credential in app["keyCredentials"]:
            credential["key"] = base64.b64encode(self.rnd.randbytes(700)).decode()
        return app

    def principal(self, app: Json, principal_id: str, owner_tenant: str = TENANT_ID) -> Json:
        return {
            "id": principal_id, "deletedDateTime": None, "accountEnabled": self.rnd.random() < 0.97, "alternativeNames": [],
            "createdDateTime": app.get("createdDateTime"), "appDescription": app.get("description"), "appDisplayName": app["displayName"],
            "appId": app["appId"], "applicationTemplateId": None, "appOwnerOrganizationId": owner_tenant,
            "appRoleAssignmentRequired": self.rnd.random() < 0.1, "createdByAppId": None, "customSecurityAttributes": None, "description": None,
            "disabledByMicrosoftStatus": None, "displayName": app["displayName"], "homepage": None, "isDisabled": None, "loginUrl": None,
            "logoutUrl": None, "notes": None, "notificationEmailAddresses": [], "preferredSingleSignOnMode": None,
            "preferredTokenSigningKeyThumbprint": None, "replyUrls": app.get("web", {}).get("redirectUris", []),
            "servicePrincipalNames": [*app.get("identifierUris", []), app["appId"]], "servicePrincipalType": "Application",
            "signInAudience": app.get("signInAudience", "AzureADMultipleOrgs"), "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
            "tokenEncryptionKeyId": None, "samlSingleSignOnSettings": None, "addIns": [], "appRoles": app.get("appRoles", []),
            "info": EMPTY_INFO, "keyCredentials": [], "oauth2PermissionScopes": app.get("api", {}).get("oauth2PermissionScopes", []),
            "passwordCredentials": [], "resourceSpecificApplicationPermissions": [], "verifiedPublisher": NO_PUBLISHER,
        }  # fmt: skip

    def user(self, number: int) -> Json:
        guest = number % 29 == 0
        return {
            "@odata.type": "#microsoft.graph.user", "id": f"05e40000-0000-4000-8000-{number:012d}", "businessPhones": [],
            "displayName": f"User {number}", "givenName": "User", "jobTitle": None, "mail": f"user{number}@contoso.com", "mobilePhone": None,
            "officeLocation": None, "preferredLanguage": None, "surname": str(number),
            "userPrincipalName": f"user{number}_example.com#EXT#@contoso.onmicrosoft.com" if guest else f"user{number}@contoso.com",
            "accountEnabled": number % 17 != 0, "userType": "Guest" if guest else "Member",
        }  # fmt: skip

    def federated(self, name: str) -> Json:
        return {
            "id": self.guid(), "name": "github-main", "issuer": ISSUER, "subject": f"repo:contoso/{name}:ref:refs/heads/main",
            "description": "Deploys from GitHub.", "audiences": ["api://AzureADTokenExchange"],
        }  # fmt: skip


def _graph(permissions: list[tuple[str, str]]) -> Json:
    """Microsoft Graph as an application, with the permissions that the registrations ask for."""
    roles, scopes = [], []
    for i, kind in permissions:
        name = CATALOG.permissions[MICROSOFT_GRAPH, i, "application" if kind == "Role" else "delegated"].value
        if kind == "Role":
            roles.append(
                {"allowedMemberTypes": ["Application"], "description": f"Allows the app {name}.", "displayName": name, "id": i, "isEnabled": True,
                 "origin": "Application", "value": name}
            )  # fmt: skip
        else:
            scopes.append(
                {"adminConsentDescription": f"Allows the app {name}.", "adminConsentDisplayName": name, "id": i, "isEnabled": True, "type": "User",
                 "userConsentDescription": f"Allows the app {name}.", "userConsentDisplayName": name, "value": name}
            )  # fmt: skip
    return {
        "appId": MICROSOFT_GRAPH, "displayName": "Microsoft Graph", "appRoles": roles, "api": {"oauth2PermissionScopes": scopes},
        "identifierUris": ["https://graph.microsoft.com", "https://graph.microsoft.com/"], "createdDateTime": "2019-05-04T11:22:33Z",
    }  # fmt: skip


def made_up(applications: int = 100, seed: int = 1) -> Json:
    maker = Maker(seed)
    rnd = maker.rnd
    kinds = {"delegated": "Scope", "application": "Role"}
    permissions: dict[str, list[tuple[str, str]]] = {"low": [], "high": []}
    for (resource, i, kind), permission in sorted(CATALOG.permissions.items()):
        if resource == MICROSOFT_GRAPH and permission.enabled and i != USER_READ[0]:
            permissions["high" if permission.privilege in ("tier 0", "high") else "low"].append((i, kinds[kind]))
    permissions = {"low": permissions["low"][::9], "high": permissions["high"][::9]}
    graph = _graph([USER_READ, *permissions["low"], *permissions["high"]])
    names = {role["id"]: role["value"] for role in graph["appRoles"]}
    values = {scope["id"]: scope["value"] for scope in graph["api"]["oauth2PermissionScopes"]}
    apps = [maker.application(permissions, [MICROSOFT_GRAPH]) for _ in range(applications)]
    principals = [maker.principal(graph, GRAPH_ID, MICROSOFT)]
    grants: list[Json] = []
    assignments: list[Json] = []
    owners: dict[str, list[Json]] = {}
    federated: dict[str, list[Json]] = {}
    users = [maker.user(n) for n in range(1, 201)]
    for number, app in enumerate(apps):
        # A few have as many owners as $expand gives, or more.
        count = {3: 20, 7: 25}.get(number % 1000, rnd.choice([0, 1, 1, 2, 3]))
        owners[app["id"]] = rnd.sample(users, count)
        if number % 40 == 5:
            federated[app["id"]] = [maker.federated(app["displayName"])]
        if rnd.random() < 0.1:
            continue
        principal = maker.principal(app, maker.guid())
        principals.append(principal)
        owners[principal["id"]] = owners[app["id"]][:1]
        asked = [a for r in app["requiredResourceAccess"] if r["resourceAppId"] == MICROSOFT_GRAPH for a in r["resourceAccess"]]
        scopes = [values[a["id"]] for a in asked if a["type"] == "Scope" and a["id"] in values]
        if scopes and rnd.random() < 0.8:
            grants.append(
                {"clientId": principal["id"], "consentType": "AllPrincipals", "id": base64.urlsafe_b64encode(rnd.randbytes(32)).decode().rstrip("="),
                 "principalId": None, "resourceId": GRAPH_ID, "scope": " ".join(dict.fromkeys(scopes))}
            )  # fmt: skip
        for access in asked:
            if access["type"] == "Role" and access["id"] in names and rnd.random() < 0.8:
                assignments.append(
                    {"id": base64.urlsafe_b64encode(rnd.randbytes(32)).decode().rstrip("="), "deletedDateTime": None, "appRoleId": access["id"],
                     "createdDateTime": app["createdDateTime"], "principalDisplayName": principal["displayName"], "principalId": principal["id"],
                     "principalType": "ServicePrincipal", "resourceDisplayName": "Microsoft Graph", "resourceId": GRAPH_ID}
                )  # fmt: skip
    return {
        **roles(principals, users, apps),
        "applications": apps, "servicePrincipals": principals, "oauth2PermissionGrants": grants, "appRoleAssignments": assignments,
        "owners": owners, "federatedIdentityCredentials": federated, "servicePrincipalSignInActivities": [_activity(p, maker) for p in principals],
        "appCredentialSignInActivities": _credential_activities(apps, Maker(seed)),
        "groupSettings": [
            {
                "id": "95e00000-0000-4000-8000-000000000001", "displayName": "Consent Policy Settings", "templateId": CONSENT_SETTINGS,
                "values": [
                    {"name": "EnableGroupSpecificConsent", "value": "true"}, {"name": "BlockUserConsentForRiskyApps", "value": "true"},
                    {"name": "ConstrainGroupSpecificConsentToMembersOfGroupId", "value": ""}, {"name": "EnableAdminConsentRequests", "value": ""},
                ],
            },
        ],
        "teamsAppSettings": {"id": "1", "allowUserRequestsForAppAccess": True, "isChatResourceSpecificConsentEnabled": True},
        "appsAndServicesSettings": {"isOfficeStoreEnabled": True, "isAppAndServicesTrialEnabled": True},
        "userRegistrationDetails": [
            {
                "id": user["id"], "userPrincipalName": user["userPrincipalName"], "userDisplayName": user["displayName"], "isAdmin": False,
                "isMfaCapable": number % 23 != 0, "isMfaRegistered": number % 23 != 0, "methodsRegistered": ["mobilePhone"] * (number % 23 != 0),
                "lastUpdatedDateTime": "2026-10-30T00:00:00Z", "userType": user["userType"].lower(),
            }
            for number, user in enumerate(users)
        ],
        **policies(apps, principals),
        "riskyServicePrincipals": [_risky(p, state) for p, state in zip(principals[2::7], ("atRisk", "dismissed", "remediated"), strict=False)],
        "organization": {
            "id": TENANT_ID, "deletedDateTime": None, "displayName": "Contoso", "createdDateTime": "2018-03-05T09:00:00Z", "tenantType": "AAD",
            "countryLetterCode": "DE", "technicalNotificationMails": ["it@contoso.com"],
            "verifiedDomains": [
                {"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": True, "isInitial": False, "name": "contoso.com", "type": "Managed"},
                {"capabilities": "Email", "isDefault": False, "isInitial": True, "name": "contoso.onmicrosoft.com", "type": "Managed"},
            ],
        },
        "authorizationPolicy": {
            "id": "authorizationPolicy", "allowInvitesFrom": "adminsAndGuestInviters", "allowedToSignUpEmailBasedSubscriptions": True,
            "allowedToUseSSPR": True, "allowEmailVerifiedUsersToJoinOrganization": False, "allowUserConsentForRiskyApps": None,
            "blockMsolPowerShell": False, "displayName": "Authorization Policy", "description": "Used to manage authorization related settings.",
            "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3", "defaultUserRolePermissions": {
                "allowedToCreateApps": True, "allowedToCreateSecurityGroups": True, "allowedToCreateTenants": True, "allowedToReadBitlockerKeysForOwnedDevice": True,
                "allowedToReadOtherUsers": True, "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"],
            },
        },
        "adminConsentRequestPolicy": {
            "isEnabled": False, "version": 0, "notifyReviewers": False, "remindersEnabled": False, "requestDurationInDays": 0, "reviewers": [],
        },
        "defaultAppManagementPolicy": {
            "id": "00000000-0000-0000-0000-000000000000", "displayName": "Default app management tenant policy", "isEnabled": False,
            "description": "Default tenant policy that enforces app management restrictions.",
            "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": []},
            "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
        },
    }  # fmt: skip


def _credential_activities(apps: list[Json], maker: Maker) -> list[Json]:
    """Of two credentials in three: what is never used has no row."""
    return [
        {
            "id": base64.urlsafe_b64encode(one["keyId"].encode()).decode().rstrip("="), "appId": app["appId"], "appObjectId": app["id"],
            "createdDateTime": one["startDateTime"], "credentialOrigin": "application", "expirationDateTime": one["endDateTime"],
            "keyId": one["keyId"], "keyType": kind, "keyUsage": one.get("usage", "verify").lower(), "resourceId": GRAPH_ID,
            "servicePrincipalObjectId": "",
            "signInActivity": {"lastSignInDateTime": one["startDateTime"], "lastSignInRequestId": maker.guid()},
        }
        for app in apps
        for name, kind in (("passwordCredentials", "clientSecret"), ("keyCredentials", "certificate"))
        for number, one in enumerate(app[name])
        if number % 3 != 1
    ]  # fmt: skip


def _risky(principal: Json, state: str) -> Json:
    return {
        "id": principal["id"], "appId": principal["appId"], "displayName": principal["displayName"], "isEnabled": True, "isProcessing": False,
        "riskDetail": "none", "riskLastUpdatedDateTime": "2026-10-02T09:00:00Z", "riskLevel": "high" if state == "atRisk" else "none",
        "riskState": state, "servicePrincipalType": principal["servicePrincipalType"],
    }  # fmt: skip


def _activity(principal: Json, maker: Maker) -> Json:
    never = {"lastSignInDateTime": None, "lastSignInRequestId": None}
    last = {"lastSignInDateTime": maker.moment(maker.rnd.uniform(0, 400)), "lastSignInRequestId": maker.guid()}
    return {
        "id": base64.urlsafe_b64encode(principal["appId"].encode()).decode().rstrip("="), "appId": principal["appId"], "lastSignInActivity": last,
        "delegatedClientSignInActivity": last, "delegatedResourceSignInActivity": never, "applicationAuthenticationClientSignInActivity": never,
        "applicationAuthenticationResourceSignInActivity": never,
    }  # fmt: skip
