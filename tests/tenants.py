"""Random small tenants, whole and with holes, for the tests of soundness.

They are possible tenants: an App ID URI of one registration, one end for one thumbprint, a registration's service principal at home.
"""

from __future__ import annotations

import random
from typing import Any

GRAPH = "00000003-0000-0000-c000-000000000000"
HOME, AWAY = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
FOREIGN = "f0000000-0000-4000-8000-000000000001"
PERMISSIONS = [
    ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope"),  # User.Read
    ("df021288-bdef-4463-88db-98f22de89214", "Role"),  # User.Read.All
    ("06b708a9-e830-4db3-a914-8e69da51d44f", "Role"),  # AppRoleAssignment.ReadWrite.All
    ("570282fd-fa5c-430d-a7fd-fc8dc98a9dca", "Scope"),  # Mail.Read
    ("024d486e-b451-40bb-833d-3e66d98c5c73", "Scope"),  # Mail.ReadWrite
    ("99999999-0000-4000-8000-000000000009", "Scope"),  # nothing
]
URIS = [
    "https://a.contoso.com/cb", "https://b.contoso.com/cb", "https://b.contoso.com/cb/", "http://localhost:5000/cb", "http://localhost:5001/cb",
    "http://x.contoso.com", "https://*.contoso.com", "https://evil.example/x", "https://p.azurewebsites.net/", "https://10.0.0.1/cb",
    "https://global.consent.azure-apim.net/redirect/x", "myapp://auth", "urn:ietf:wg:oauth:2.0:oob", "https://a.contoso.com/cb?x=1#f", "",
    "https://A.contoso.com/CB", "https://t.ngrok.io/cb", "http://[::1]/cb", "https://login.microsoftonline.com/common/oauth2/nativeclient",
]  # fmt: skip
CALLBACKS = [
    "https://global.consent.azure-apim.net/redirect/y", "https://global.consent.azure-apim.net/redirect",
    "https://europe-001.consent.azure-apim.net/redirect",
]  # fmt: skip
# What says what an object is; a secret, which no connector's file is expected to hold; a switch that is off where the file does not name it,
# a URL that generic OAuth 2 lacks where the file does not name it.
_KEPT = ("of", "@odata.type", "oAuthSettings", "clientSecret", "enableOnbehalfOfLogin", "authorizationUrl")


def guid(kind: str, number: int) -> str:
    return f"{ord(kind):08x}-0000-4000-8000-{number:012d}"


class Maker:
    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)

    def some(self, values: list[Any], most: int = 3) -> list[Any]:
        return self.rnd.sample(values, self.rnd.randint(0, min(most, len(values))))

    def date(self) -> str:
        return f"20{self.rnd.randint(23, 28)}-0{self.rnd.randint(1, 9)}-11T00:00:00Z"

    def flag(self) -> Any:
        return self.rnd.choice([True, False, None])

    def secret(self, key: str) -> dict[str, Any]:
        return {
            "keyId": key, "displayName": self.rnd.choice(["ci", "", None]), "startDateTime": self.rnd.choice([self.date(), None]),
            "endDateTime": self.rnd.choice([self.date(), self.date(), self.date(), None]),
        }  # fmt: skip

    def certificate(self, key: str) -> dict[str, Any]:
        first = ("2023-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "AsymmetricX509Cert")
        thumbs = {"A" * 40: first, "B" * 40: ("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "X509CertAndPassword")}
        thumb = self.rnd.choice([*thumbs, None])
        start, end, kind = thumbs[thumb] if thumb else (self.date(), self.date(), "Symmetric")
        return {
            "keyId": key, "displayName": "CN=x", "startDateTime": start, "endDateTime": end, "customKeyIdentifier": thumb,
            "type": kind, "usage": self.rnd.choice(["Sign", "Verify", "Encrypt"]),
        }  # fmt: skip

    def platform(self, most: int) -> dict[str, Any]:
        return {"redirectUris": self.some(URIS, most)}

    def scope(self) -> dict[str, Any]:
        return {
            "id": guid("s", self.rnd.randint(1, 3)), "value": self.rnd.choice(["read", "write.all", "has blank", ""]),
            "type": self.rnd.choice(["User", "Admin"]), "isEnabled": self.flag(),
            "adminConsentDisplayName": self.rnd.choice(["Read", "", None]), "adminConsentDescription": "Read",
            "userConsentDisplayName": self.rnd.choice(["Read", "", None]), "userConsentDescription": "Read",
        }  # fmt: skip

    def role(self) -> dict[str, Any]:
        return {
            "id": guid("r", self.rnd.randint(1, 3)), "value": self.rnd.choice(["read", "admin", None]), "displayName": "r",
            "description": self.rnd.choice(["d", "", None]), "isEnabled": self.flag(),
            "allowedMemberTypes": self.rnd.choice([["User"], ["Application"], ["User", "Application"], []]),
        }  # fmt: skip

    def owner(self, number: int) -> dict[str, Any]:
        if self.rnd.random() < 0.2:
            return {"@odata.type": "#microsoft.graph.servicePrincipal", "id": guid("p", number), "displayName": "sp"}
        return {
            "@odata.type": "#microsoft.graph.user", "id": guid("u", number), "displayName": f"U{number}",
            "userPrincipalName": self.rnd.choice([f"u{number}@contoso.com", f"u{number}_x.com#EXT#@contoso.com"]),
            "userType": self.rnd.choice(["Member", "Guest"]), "accountEnabled": self.flag(),
        }  # fmt: skip

    def app(self, number: int) -> dict[str, Any]:
        pick, some = self.rnd.choice, self.some
        app_id = guid("a", number)
        implicit = {"enableAccessTokenIssuance": self.flag(), "enableIdTokenIssuance": self.flag()}
        web = {
            "redirectUris": self.some(URIS, 3) + self.some(CALLBACKS, 1), "implicitGrantSettings": pick([None, implicit]), "homePageUrl": pick([None, "http://x", "https://x"]),
            "logoutUrl": pick([None, "http://x/out", "https://a.contoso.com/out"]),
            "redirectUriSettings": [{"uri": uri, "index": pick([None, 1, 1, 2])} for uri in some(URIS, 2)],
        }  # fmt: skip
        api = {
            "requestedAccessTokenVersion": pick([None, 1, 2]), "acceptMappedClaims": self.flag(),
            "knownClientApplications": some([guid("a", 1), guid("a", 2), FOREIGN], 2),
            "oauth2PermissionScopes": [self.scope() for _ in range(self.rnd.randint(0, 3))],
            "preAuthorizedApplications": [
                {"appId": pick([guid("a", 1), guid("a", 2), FOREIGN, AZURE_CLI]), "delegatedPermissionIds": some([guid("s", i) for i in (1, 2, 9)], 2)}
                for _ in range(self.rnd.randint(0, 2))
            ],
        }  # fmt: skip
        claims = {
            "idToken": [{"name": name, "source": None, "essential": False, "additionalProperties": []} for name in some(["email", "xms_edov", "upn"])],
            "accessToken": [
                {"name": name, "source": None, "essential": False, "additionalProperties": some(["emit_as_roles", "sam_account_name"], 2)}
                for name in some(["email", "groups", "ipaddr", "nonsense"])
            ],
            "saml2Token": [],
        }  # fmt: skip
        lock = {
            "isEnabled": self.flag(), "allProperties": self.flag(), "credentialsWithUsageVerify": self.flag(),
            "credentialsWithUsageSign": self.flag(), "tokenEncryptionKeyId": self.flag(),
        }  # fmt: skip
        return {
            "id": guid("o", number), "appId": app_id, "displayName": pick([f"App {number}", "Twin", None]), "createdDateTime": pick([self.date(), None]),
            "signInAudience": pick(["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"]),
            "identifierUris": some([f"api://{app_id}", f"api://{HOME}", f"https://api{number}.contoso.com", f"https://other{number}.example/x/"], 2),
            "defaultRedirectUri": pick([None, *URIS]), "isFallbackPublicClient": self.flag(), "isDisabled": self.flag(),
            "groupMembershipClaims": pick([None, "All", "SecurityGroup", "ApplicationGroup"]), "nativeAuthenticationApisEnabled": pick([None, "all"]),
            "disabledByMicrosoftStatus": pick([None, "NotDisabled", "DisabledDueToViolationOfServicesAgreement"]),
            "publisherDomain": pick([None, "contoso.com", "x.onmicrosoft.com"]), "serviceManagementReference": pick([None, "42"]),
            "tokenEncryptionKeyId": pick([None, guid("c", number * 10)]), "notes": pick([None, "n"]), "tags": some(["HideApp", "x"], 2),
            "web": pick([None, web]), "spa": pick([None, {"redirectUris": self.some(URIS, 2) + pick([[], [], CALLBACKS[:1]])}]), "publicClient": pick([None, self.platform(2)]), "api": pick([None, api]),
            "appRoles": [self.role() for _ in range(self.rnd.randint(0, 2))],
            "passwordCredentials": [self.secret(guid("k", number * 10 + i)) for i in range(self.rnd.randint(0, 3))],
            "keyCredentials": [self.certificate(guid("c", number * 10 + i)) for i in range(self.rnd.randint(0, 2))],
            "requiredResourceAccess": [
                {
                    "resourceAppId": pick([GRAPH, guid("a", 1), FOREIGN, "00000002-0000-0000-c000-000000000000"]),
                    "resourceAccess": [{"id": i, "type": pick([t, t, "Scope"])} for i, t in some(PERMISSIONS)],
                }
                for _ in range(self.rnd.randint(0, 2))
            ],
            "optionalClaims": pick([None, claims]), "verifiedPublisher": pick([None, {"verifiedPublisherId": pick([None, "1"])}]),
            "info": None,
            "authenticationBehaviors": pick(
                [None, {"removeUnverifiedEmailClaim": self.flag(), "requireClientServicePrincipal": self.flag(), "blockAzureADGraphAccess": self.flag()}]
            ),
            "servicePrincipalLockConfiguration": pick([None, lock]),
            "requestSignatureVerification": pick([None, {"isSignedRequestRequired": True, "allowedWeakAlgorithms": pick([None, "rsaSha1"])}]),
        }  # fmt: skip

    def principal(self, app_id: str, number: int, home: str | None, names: list[str]) -> dict[str, Any]:
        pick = self.rnd.choice
        return {
            "id": guid("p", number), "appId": app_id, "displayName": pick(["X", "Graph Explorer", "Graph Expl\u043erer", f"App {number}"]),
            "accountEnabled": pick([True, True, False]), "appRoleAssignmentRequired": pick([True, False]), "createdDateTime": self.date(),
            "servicePrincipalType": pick(["Application", "Application", "ManagedIdentity", "Legacy"]), "appOwnerOrganizationId": home,
            "signInAudience": "AzureADMyOrg", "disabledByMicrosoftStatus": pick([None, "NotDisabled"]),
            "preferredSingleSignOnMode": pick([None, "saml"]), "preferredTokenSigningKeyThumbprint": pick([None, "A" * 40, "B" * 40]),
            "replyUrls": self.some(URIS, 2), "servicePrincipalNames": [app_id, *names],
            "notificationEmailAddresses": self.some(["a@contoso.com"], 1), "tags": self.some(["HideApp"], 1), "notes": None,
            "appRoles": [self.role() for _ in range(self.rnd.randint(0, 1))], "oauth2PermissionScopes": [],
            "passwordCredentials": [self.secret(guid("q", number * 10 + i)) for i in range(self.rnd.choice([0, 0, 1]))],
            "keyCredentials": [self.certificate(guid("z", number * 10 + i)) for i in range(self.rnd.choice([0, 0, 1]))],
            "verifiedPublisher": pick([None, {"verifiedPublisherId": pick([None, "1"])}]),
        }  # fmt: skip

    def connector(self, number: int) -> dict[str, Any]:
        pick, home = self.rnd.choice, self.rnd.choice([guid("a", 1), guid("a", 2)])
        if number == 0:
            return self.sample(home)
        right = self.rnd.random() < 0.6  # the pair is there; something else may be wrong
        login = "https://login.microsoftonline.com"
        api = pick(
            [
                f"api://{home}",
                f"api://{home}",
                home,
                f"api://{home}/",
                "contoso.com/x",
                "https://other2.example/x/",
                "https://graph.microsoft.com",
                "",
                "<id>",
            ]
        )
        api = pick([home, home, GRAPH]) if right else api
        urls = CALLBACKS
        wanted = (
            [guid("a", 1)]
            if right
            else [guid("a", 1), guid("a", 2), guid("o", 1), guid("p", 1), guid("a", 8), AZURE_CLI, FOREIGN, "<<id>>", ""]
        )
        custom = {
            "loginUri": pick([login, login, "https://login.microsoftonline.us", "https://x.example", None]),
            "tenantId": pick(["common", HOME, HOME, AWAY, "contoso.com", "consumers", "[[x]]", None]),
            "resourceUri": api, "enableOnbehalfOfLogin": pick(["true", "false", "false"]),
            "authorizationUrl": pick([f"{login}/common/oauth2/v2.0/authorize", f"{login}/common/oauth2/authorize", "https://x.example/authorize"]),
            "tokenUrl": pick([f"{login}/common/oauth2/v2.0/token", f"{login}/common/oauth2/v2.0/authorize"]),
        }  # fmt: skip
        return {
            "oAuthSettings": {
                "identityProvider": pick(["aad", "aad", "aad", "aad", "aadcertificate", "oauth2", "facebook", None]),
                "clientId": pick(wanted),
                "clientSecret": pick(["", "[[x]]", guid("k", 1), "made.up~secret"]), "redirectMode": pick(["Global", "GlobalPerConnector", "GlobalPerConnector"]),
                "redirectUrl": pick([*urls, None]), "scopes": pick([[], self.some(["read", "write.all", "admin", "openid offline_access", f"api://{home}/read", ".default", "{x}"])]),
                "customParameters": {name: {"value": value} for name, value in custom.items()},
            }
        }  # fmt: skip

    def sample(self, app_id: str) -> dict[str, Any]:
        """The configuration of a sample's client, or of its API."""
        if self.rnd.random() < 0.5:
            auth = {
                "clientId": app_id,
                "authority": f"https://login.microsoftonline.com/{HOME}",
                "redirectUri": self.rnd.choice([*URIS[:4], "/"]),
            }
            return {"auth": auth, "protectedResources": {"orders": {"scopes": {"read": [f"api://{guid('a', 1)}/read"]}}}}
        metadata = {"authority": "login.microsoftonline.com", "version": self.rnd.choice(["v1.0", "v2.0"])}
        routes = {"x": {"delegatedPermissions": {"read": self.some(["read", "write.all", "admin"])}}}
        return {"credentials": {"clientID": app_id, "tenantID": HOME}, "metadata": metadata, "protectedRoutes": routes}

    def restriction(self, kind: str) -> dict[str, Any]:
        return {
            "restrictionType": kind, "state": self.rnd.choice(["enabled", "enabled", "disabled"]),
            "maxLifetime": self.rnd.choice([None, "P180D", "P1Y", "P6M", "PT4H"]), "restrictForAppsCreatedAfterDateTime": self.rnd.choice([None, self.date()]),
        }  # fmt: skip

    def restrictions(self) -> Any:
        kinds = ["passwordAddition", "passwordLifetime", "customPasswordAddition", "symmetricKeyAddition", "symmetricKeyLifetime"]
        uris = {"nonDefaultUriAddition": {"state": self.rnd.choice(["enabled", "disabled"]), "restrictForAppsCreatedAfterDateTime": None}}
        return self.rnd.choice([None, {
            "passwordCredentials": [self.restriction(kind) for kind in self.some(kinds, 5)],
            "keyCredentials": [self.restriction(kind) for kind in self.some(["asymmetricKeyLifetime"], 1)],
            "identifierUris": self.rnd.choice([None, {**uris, "uriAdditionWithoutUniqueTenantIdentifier": None}]),
        }])  # fmt: skip

    def policies(self) -> dict[str, Any]:
        pick, mine = self.rnd.choice, "ManagePermissionGrantsForSelf."
        consent = [f"{mine}microsoft-user-default-{kind}" for kind in ("low", "low", "legacy", "recommended")]
        return {
            "authorizationPolicy": {
                "allowUserConsentForRiskyApps": self.flag(),
                "defaultUserRolePermissions": {
                    "allowedToCreateApps": pick([True, False]),
                    "permissionGrantPoliciesAssigned": self.some([*consent, f"{mine}own", "ManagePermissionGrantsForOwnedResource.x"], 2),
                },
            },
            "adminConsentRequestPolicy": {
                "isEnabled": pick([True, True, False]), "notifyReviewers": pick([True, False]), "remindersEnabled": pick([True, False]),
                "requestDurationInDays": pick([0, 30, 60]), "reviewers": [{"query": f"/users/{guid('u', i)}"} for i in self.some([1, 2])],
            },
            "defaultAppManagementPolicy": {
                "isEnabled": pick([True, True, False]), "applicationRestrictions": self.restrictions(), "servicePrincipalRestrictions": self.restrictions(),
            },
        }  # fmt: skip

    def sign_in(self) -> Any:
        date = self.rnd.choice(["2025-12-30T00:00:00Z", "2025-12-01T00:00:00Z", "2024-01-01T00:00:00Z", "0001-01-01T00:00:00Z", None])
        return self.rnd.choice([None, *[{"lastSignInDateTime": date}] * 3])

    def tenant(self) -> dict[str, Any]:
        pick = self.rnd.choice
        apps = [self.app(i) for i in range(1, self.rnd.randint(1, 4) + 1)]
        graph = self.principal(GRAPH, 900, MICROSOFT, [])
        graph |= {
            "displayName": "Microsoft Graph", "accountEnabled": True, "servicePrincipalType": "Application",
            "oauth2PermissionScopes": [
                {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "value": "User.Read", "type": "User", "isEnabled": True},
                {"id": "570282fd-fa5c-430d-a7fd-fc8dc98a9dca", "value": "Mail.Read", "type": "User", "isEnabled": True},
                {"id": "024d486e-b451-40bb-833d-3e66d98c5c73", "value": "Mail.ReadWrite", "type": "User", "isEnabled": True},
            ],
            "appRoles": [
                {"id": "df021288-bdef-4463-88db-98f22de89214", "value": "User.Read.All", "isEnabled": True, "allowedMemberTypes": ["Application"]},
                {"id": "06b708a9-e830-4db3-a914-8e69da51d44f", "value": "AppRoleAssignment.ReadWrite.All", "isEnabled": True,
                 "allowedMemberTypes": ["Application"]},
            ],
        }  # fmt: skip
        principals = [graph]
        for number, app in enumerate(apps, 1):
            if self.rnd.random() < 0.7:
                mirror = self.principal(app["appId"], number, HOME, self.some(app["identifierUris"], 2))
                # What a service principal exposes is its registration's.
                api = app["api"] or {}
                mirror |= {"appRoles": app["appRoles"], "oauth2PermissionScopes": api.get("oauth2PermissionScopes", [])}
                principals.append(mirror)
        for number, (app_id, home) in enumerate([(FOREIGN, AWAY), (AZURE_CLI, MICROSOFT), (guid("a", 77), HOME)], 50):
            if self.rnd.random() < 0.5:
                principals.append(self.principal(app_id, number, home, []))
        ids = [p["id"] for p in principals]
        return {
            "applications": apps,
            "servicePrincipals": principals,
            "oauth2PermissionGrants": [
                {
                    "id": f"g{i}", "clientId": pick([*ids, guid("p", 999)]), "resourceId": pick(ids), "consentType": pick(["AllPrincipals", "Principal"]),
                    "principalId": pick([None, guid("u", 1)]), "scope": " " + " ".join(self.some(["User.Read", "Mail.Read", "Mail.ReadWrite", "read"])),
                }
                for i in range(self.rnd.randint(0, 4))
            ],
            "appRoleAssignments": [
                {"id": f"x{i}", "principalId": pick([*ids, guid("u", 1)]), "resourceId": pick([graph["id"], *ids]), "principalType": "ServicePrincipal",
                 "appRoleId": pick([*(p[0] for p in PERMISSIONS), guid("r", 1), "00000000-0000-0000-0000-000000000000"])}
                for i in range(self.rnd.randint(0, 4))
            ],
            "owners": [{"of": pick([guid("o", 1), guid("o", 2), ids[-1]]), **self.owner(i)} for i in self.some([1, 2, 3])],
            "federatedIdentityCredentials": [
                {
                    "of": pick([guid("o", 1), guid("o", 2)]), "id": guid("f", i), "name": f"f{i}",
                    "issuer": pick(["https://token.actions.githubusercontent.com", "https://x.example/", "http://y",
                                    f"https://login.microsoftonline.com/{HOME}/v2.0", f"https://login.microsoftonline.com/{AWAY}/v2.0",
                                    f"https://vstoken.dev.azure.com/{HOME}"]),
                    "audiences": pick([["api://AzureADTokenExchange"], ["x"], []]),
                    **pick([
                        {"subject": pick(["repo:a/b:pull_request", "repo:a/b:environment:p", "repo:a/b:ref:refs/heads/*", " x", "repo:a@1/b@2:ref:main",
                                         "sc://a/b/c", guid("a", 1), guid("p", 1)]), "claimsMatchingExpression": None},
                        {"subject": None, "claimsMatchingExpression": {"value": pick(["claims['sub'] matches 'repo:a/*'", "claims['sub'] eq 'repo:a/b:x'"])}},
                    ]),
                }
                for i in range(self.rnd.randint(0, 3))
            ],
            "connectors": [self.connector(i) for i in range(self.rnd.randint(0, 4))],
            "organization": {"id": HOME, "displayName": "Contoso", "verifiedDomains": [{"name": "contoso.com", "isInitial": False}, {"name": "contoso.onmicrosoft.com", "isInitial": True}]},
            **self.policies(),
            "servicePrincipalSignInActivities": [
                {
                    "appId": principal["appId"], "lastSignInActivity": self.sign_in(), "delegatedClientSignInActivity": self.sign_in(),
                    "applicationAuthenticationClientSignInActivity": self.sign_in(),
                }
                for principal in self.some(principals, 5)
            ],
        }  # fmt: skip

    def without_properties(self, value: Any, share: float) -> Any:
        """Takes properties away, never elements of lists: what stays is true, it is only less."""
        if isinstance(value, dict):
            if "auth" in value or "credentials" in value:
                return value  # a program's configuration is all that there is
            kept = {k: v for k, v in value.items() if k in _KEPT or self.rnd.random() > share}
            return {k: self.without_properties(v, share) for k, v in kept.items()}
        if isinstance(value, list):
            return [self.without_properties(item, share) for item in value]
        return value

    def with_holes(self, tenant: dict[str, Any]) -> dict[str, Any]:
        """A part of a tenant: whole collections gone, or properties of objects."""
        if self.rnd.random() < 0.5:
            # Of connectors nobody knows but those that were given.
            return {k: v for k, v in tenant.items() if k in ("applications", "connectors") or self.rnd.random() > 0.35}
        share = self.rnd.choice([0.03, 0.1, 0.3])
        return {k: self.without_properties(v, share) for k, v in tenant.items()}
