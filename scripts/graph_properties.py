"""Makes `tests/fake_graph/properties.json`: names for the fake Microsoft Graph that `auditor/schemas/objects.json` does not have.

From the excerpt of Microsoft Graph's metadata. What it does not hold is added here by hand, and marked so in the output.
"""

import json
from typing import Any

import vendored

from auditor.entra.collections import APP_MANAGEMENT, APPLICATIONS, ASSIGNMENTS, FEDERATED, GRANTS, SERVICE_PRINCIPALS

TYPES = [of.graph_type for of in (APPLICATIONS, SERVICE_PRINCIPALS, GRANTS, ASSIGNMENTS, FEDERATED, APP_MANAGEMENT)]
# The excerpt has no property of this name in any type, Microsoft's documentation has.
BY_HAND = {
    "application": ["description", "logo"],  # the logo is in the excerpt, but not in the schema: it is never read as JSON
    "servicePrincipal": ["description"],
    "federatedIdentityCredential": ["description"],
    "tenantAppManagementPolicy": ["description"],
    "organization": [
        "assignedPlans", "businessPhones", "city", "country", "countryLetterCode", "createdDateTime", "defaultUsageLocation",
        "deletedDateTime",
        "directorySizeQuota", "displayName", "id", "isMultipleDataLocationsForServicesEnabled", "marketingNotificationEmails",
        "onPremisesLastSyncDateTime", "onPremisesSyncEnabled", "partnerTenantType", "postalCode", "preferredLanguage", "privacyProfile",
        "provisionedPlans", "securityComplianceNotificationMails", "securityComplianceNotificationPhones", "state", "street",
        "technicalNotificationMails", "tenantType", "verifiedDomains",
    ],
    "authorizationPolicy": [
        "allowEmailVerifiedUsersToJoinOrganization", "allowInvitesFrom", "allowUserConsentForRiskyApps",
        "allowedToSignUpEmailBasedSubscriptions",
        "allowedToUseSSPR", "blockMsolPowerShell", "defaultUserRolePermissions", "deletedDateTime", "description", "displayName",
        "guestUserRoleId", "id",
    ],
    "adminConsentRequestPolicy": [
        "id", "isEnabled", "notifyReviewers", "remindersEnabled", "requestDurationInDays", "reviewers", "version",
    ],
    "user": [
        "accountEnabled", "businessPhones", "createdDateTime", "deletedDateTime", "displayName", "givenName", "id", "jobTitle", "mail",
        "mobilePhone", "officeLocation", "onPremisesSyncEnabled", "preferredLanguage", "surname", "userPrincipalName", "userType",
    ],
}  # fmt: skip
BETA_BY_HAND = {
    "servicePrincipal": ["createdDateTime"],  # v1.0 returns it, but its metadata does not have it
    "federatedIdentityCredential": ["claimsMatchingExpression"],
    "servicePrincipalSignInActivity": [
        "appId", "applicationAuthenticationClientSignInActivity", "applicationAuthenticationResourceSignInActivity",
        "delegatedClientSignInActivity", "delegatedResourceSignInActivity", "id", "lastSignInActivity",
    ],
}  # fmt: skip


def files() -> dict[str, str]:
    data = vendored.load("graph_types.json")

    def names(kind: str, what: str) -> list[str]:
        found = data["types"]["microsoft.graph." + kind]
        base = found.get("base")
        return sorted([*found[what], *(names(base.removeprefix("graph."), what) if base else [])])

    made: dict[str, Any] = {
        "source": data["source"] + ", by scripts/generate.py",
        "licence": "MIT, Copyright (c) Microsoft Corporation",
        "navigation": {kind: names(kind, "navigation") for kind in TYPES},
        "by hand": BY_HAND,
        "by hand, beta only": BETA_BY_HAND,
    }
    return {"tests/fake_graph/properties.json": json.dumps(made, indent=1) + "\n"}
