"""Makes a tenant that is joined: two service principals and ten grants a registration, and a connector for each hundredth.

Each connector has a client, an API, a scope and the consent for it. The same number always gives the same bytes.
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from auditor.entra.ids import MICROSOFT_GRAPH
from benchmarks.tenant import registrations


def write(count: int, folder: Path) -> list[Path]:
    rnd = random.Random(-count - 1)  # registrations are made of `count`

    def guid() -> str:
        return str(uuid.UUID(int=rnd.getrandbits(128), version=4))

    home, apps = guid(), list(registrations(count))
    apis = [app for app in apps if app["identifierUris"]]
    clients = apps[::100]
    wishes = []
    for client in clients:
        api = rnd.choice(apis)
        scope = api["api"]["oauth2PermissionScopes"][0]
        client["requiredResourceAccess"].append({"resourceAppId": api["appId"], "resourceAccess": [{"id": scope["id"], "type": "Scope"}]})
        wishes.append((client, api, scope))

    def principal(app_id: str, name: str, tenant: str, uris: list[str]) -> dict[str, Any]:
        return {
            "id": guid(), "deletedDateTime": None, "accountEnabled": True, "alternativeNames": [], "appDisplayName": name, "appDescription": None, "appId": app_id,
            "applicationTemplateId": None, "appOwnerOrganizationId": tenant, "appRoleAssignmentRequired": False, "createdDateTime": "2025-03-04T09:12:41Z",
            "description": None, "disabledByMicrosoftStatus": None, "displayName": name, "homepage": None, "loginUrl": None, "logoutUrl": None, "notes": None,
            "notificationEmailAddresses": [], "preferredSingleSignOnMode": None, "preferredTokenSigningKeyThumbprint": None, "replyUrls": [],
            "servicePrincipalNames": [app_id, *uris], "servicePrincipalType": "Application", "signInAudience": "AzureADMyOrg",
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"], "tokenEncryptionKeyId": None, "samlSingleSignOnSettings": None, "addIns": [], "appRoles": [],
            "info": {"logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None},
            "keyCredentials": [], "oauth2PermissionScopes": [], "passwordCredentials": [], "resourceSpecificApplicationPermissions": [],
            "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
        }  # fmt: skip

    graph = principal(MICROSOFT_GRAPH, "Microsoft Graph", "f8cdef31-a31e-4b4a-93e4-5f571e91255a", ["https://graph.microsoft.com"])
    ours = {app["appId"]: principal(app["appId"], app["displayName"], home, app["identifierUris"]) for app in apps}
    others = [principal(guid(), f"Foreign {i}", guid(), []) for i in range(count)]
    principals = [graph, *ours.values(), *others]
    grants = [
        {"clientId": ours[client["appId"]]["id"], "consentType": "AllPrincipals", "id": guid(), "principalId": None,
         "resourceId": ours[api["appId"]]["id"], "scope": scope["value"]} for client, api, scope in wishes
    ]  # fmt: skip
    while len(grants) < 10 * count:
        one = rnd.random() < 0.3
        grants.append({
            "clientId": rnd.choice(principals)["id"], "consentType": "AllPrincipals" if one else "Principal", "id": guid(),
            "principalId": None if one else guid(), "resourceId": graph["id"], "scope": " User.Read openid profile offline_access",
        })  # fmt: skip
    connectors = []
    for client, api, _ in wishes:
        custom = {
            "loginUri": "https://login.microsoftonline.com",
            "tenantId": home,
            "resourceUri": api["identifierUris"][0],
            "enableOnbehalfOfLogin": "false",
        }
        settings = {
            "identityProvider": "aad",
            "clientId": client["appId"],
            "scopes": [],
            "redirectMode": "GlobalPerConnector",
            "redirectUrl": None,
        }
        connectors.append({"oAuthSettings": {**settings, "customParameters": {name: {"value": value} for name, value in custom.items()}}})
    files = []
    for name, values in (
        ("applications", apps),
        ("servicePrincipals", principals),
        ("oauth2PermissionGrants", grants),
        ("appRoleAssignments", []),
    ):
        files.append(folder / f"{name}.json")
        page = {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{name}", "value": values}
        files[-1].write_text(json.dumps(page, separators=(",", ":")))
    files.append(folder / "connectors.json")
    files[-1].write_text(json.dumps({"connectors": connectors}))
    return files
