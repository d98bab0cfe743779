"""Makes a realistic tenant as one Graph page: `python benchmarks/tenant.py 100000 apps.json`.

Real permission ids, about 2.7 kB and two findings of the default profile a registration. The same number always gives the same bytes.
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from auditor.entra.catalog import CATALOG
from auditor.entra.ids import MICROSOFT_GRAPH

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
USER_READ = ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope")
WORDS = [
    "payroll",
    "invoice",
    "portal",
    "sync",
    "connector",
    "bot",
    "reporting",
    "gateway",
    "crm",
    "booking",
    "shop",
    "intranet",
    "scanner",
    "archive",
    "planner",
    "billing",
]


def registration(rnd: random.Random, permissions: dict[str, list[tuple[str, str]]], resources: list[str]) -> dict[str, Any]:
    def guid() -> str:
        return str(uuid.UUID(int=rnd.getrandbits(128), version=4))

    def moment(days: float) -> str:
        return (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    app_id, name = guid(), f"{rnd.choice(WORDS)}-{rnd.choice(WORDS)}-{rnd.randrange(10**5)}"
    host = f"https://{name}.contoso.com"
    kind = rnd.random()
    web = [f"{host}/signin-oidc", f"{host}/.auth/login/aad/callback"][: rnd.randint(1, 2)] if kind < 0.6 else []
    spa = ["http://localhost:3000/", f"{host}/"] if 0.5 < kind < 0.65 else []
    native = ["http://localhost", f"msal{app_id}://auth"] if kind > 0.9 else []
    if rnd.random() < 0.02:
        web.append(f"http://{name}.contoso.com/cb")
    api = kind < 0.3
    secrets = [
        {
            "customKeyIdentifier": None, "displayName": rnd.choice(["ci", "terraform", "default", None]), "endDateTime": moment(end),
            "hint": "abc", "keyId": guid(), "secretText": None, "startDateTime": moment(end - rnd.choice([180, 365, 365, 730])),
        }
        for end in [rnd.uniform(-60, 180) for _ in range(rnd.choice([0, 1, 1, 1, 2]))]
    ]  # fmt: skip
    certificates = [
        {
            "customKeyIdentifier": uuid.UUID(int=rnd.getrandbits(128)).hex.upper() + "AABBCCDD", "displayName": "CN=" + name, "endDateTime": moment(end),
            "key": None, "keyId": guid(), "startDateTime": moment(end - 365), "type": "AsymmetricX509Cert", "usage": "Verify",
        }
        for end in [rnd.uniform(-100, 700) for _ in range(rnd.choice([0, 0, 0, 0, 1]))]
    ]  # fmt: skip
    # User.Read, and now and then more: seldom something that reaches far.
    more = rnd.sample(permissions["low"], rnd.choice([0, 0, 1, 2, 3])) + rnd.sample(permissions["high"], rnd.choice([0] * 7 + [1]))
    requested = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": i, "type": t} for i, t in [USER_READ, *more]]}]
    if rnd.random() < 0.1:
        requested.append({"resourceAppId": rnd.choice(resources), "resourceAccess": [{"id": guid(), "type": "Scope"}]})
    return {
        "id": guid(), "deletedDateTime": None, "appId": app_id, "applicationTemplateId": None, "disabledByMicrosoftStatus": None,
        "createdDateTime": moment(-rnd.uniform(10, 2500)), "displayName": name, "description": None, "groupMembershipClaims": None,
        "identifierUris": [f"api://{app_id}"] if api else [], "isDeviceOnlyAuthSupported": None, "isDisabled": None, "uniqueName": None, "createdByAppId": None, "managerApplications": [], "isFallbackPublicClient": kind > 0.9 or None,
        "nativeAuthenticationApisEnabled": None, "notes": None, "publisherDomain": "contoso.com", "serviceManagementReference": None if rnd.random() < 0.1 else str(rnd.randrange(10**6)),
        "signInAudience": "AzureADMyOrg" if rnd.random() < 0.92 else "AzureADMultipleOrgs", "tags": [], "tokenEncryptionKeyId": None,
        "samlMetadataUrl": None, "defaultRedirectUri": None, "certification": None, "optionalClaims": None, "requestSignatureVerification": None,
        "addIns": [],
        "api": {
            "acceptMappedClaims": None, "knownClientApplications": [], "requestedAccessTokenVersion": 2 if api else None,
            "oauth2PermissionScopes": [
                {
                    "adminConsentDescription": f"Allows the app to access {name} on behalf of the signed-in user.",
                    "adminConsentDisplayName": f"Access {name}", "id": guid(), "isEnabled": True, "type": "User",
                    "userConsentDescription": f"Allows the app to access {name} on your behalf.", "userConsentDisplayName": f"Access {name}",
                    "value": "access_as_user",
                }
            ] if api else [],
            "preAuthorizedApplications": [],
        },
        "appRoles": [
            {"allowedMemberTypes": ["Application"], "description": "Read everything", "displayName": "Reader", "id": guid(), "isEnabled": True,
             "origin": "Application", "value": "Data.Read.All"}
        ] if kind < 0.1 else [],
        "info": {"logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None},
        "keyCredentials": certificates,
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "passwordCredentials": secrets, "publicClient": {"redirectUris": native}, "requiredResourceAccess": requested,
        "verifiedPublisher": {"addedDateTime": None, "displayName": None, "verifiedPublisherId": None},
        "web": {
            "homePageUrl": None, "logoutUrl": None, "redirectUris": web,
            "implicitGrantSettings": {"enableAccessTokenIssuance": rnd.random() < 0.02, "enableIdTokenIssuance": rnd.random() < 0.05},
            "redirectUriSettings": [{"uri": uri, "index": None} for uri in web],
        },
        "servicePrincipalLockConfiguration": {
            "allProperties": True, "credentialsWithUsageSign": True, "credentialsWithUsageVerify": True, "identifierUris": False, "isEnabled": True,
            "tokenEncryptionKeyId": True,
        },
        "spa": {"redirectUris": spa},
    }  # fmt: skip


def registrations(count: int) -> Iterator[dict[str, Any]]:
    rnd = random.Random(count)
    kinds = {"delegated": "Scope", "application": "Role"}
    permissions: dict[str, list[tuple[str, str]]] = {"low": [], "high": []}
    for (resource, i, kind), p in sorted(CATALOG.permissions.items()):
        if resource == MICROSOFT_GRAPH and p.enabled and i != USER_READ[0]:
            permissions["high" if p.privilege in ("tier 0", "high") else "low"].append((i, kinds[kind]))
    resources = [a for a in CATALOG.first_party if a != MICROSOFT_GRAPH][:40]
    for _ in range(count):
        yield registration(rnd, permissions, resources)


def write_page(count: int, target: Path) -> None:
    with target.open("w", encoding="utf-8") as out:
        out.write('{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#applications","value":[')
        for i, app in enumerate(registrations(count)):
            out.write(("," if i else "") + json.dumps(app, separators=(",", ":")))
        out.write("]}")


if __name__ == "__main__":
    write_page(int(sys.argv[1]), Path(sys.argv[2]))
