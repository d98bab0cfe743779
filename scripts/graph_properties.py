"""Makes `tests/fake_graph/properties.json`: names for the fake Microsoft Graph that `auditor/schemas/objects.json` does not have.

    python scripts/graph_properties.py ../shared/data/graph_v1.0_app_sp_types.json

The input is an excerpt of microsoftgraph/msgraph-metadata (MIT). What it does not hold is added here by hand, and marked so in the output.
"""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "tests" / "fake_graph" / "properties.json"
TYPES = [
    "application", "servicePrincipal", "oAuth2PermissionGrant", "appRoleAssignment", "federatedIdentityCredential",
    "tenantAppManagementPolicy",
]  # fmt: skip
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


def main(source: str) -> None:
    data = json.loads(Path(source).read_text("utf-8"))

    def names(kind: str, what: str) -> list[str]:
        found = data["types"]["microsoft.graph." + kind]
        base = found.get("base")
        return sorted([*found[what], *(names(base.removeprefix("graph."), what) if base else [])])

    made: dict[str, Any] = {
        "source": data["source"] + ", by scripts/graph_properties.py",
        "licence": "MIT, Copyright (c) Microsoft Corporation",
        "navigation": {kind: names(kind, "navigation") for kind in TYPES},
        "by hand": BY_HAND,
        "by hand, beta only": BETA_BY_HAND,
    }
    TARGET.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
