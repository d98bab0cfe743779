"""The story's pair, right and wrong: each variant is a tenant with ids of its own, and fails for exactly what is wrong with it."""

# mypy: disable-error-code="func-returns-value"
from __future__ import annotations

import copy
import json
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor import audit, pipeline, rulebook
from auditor.diagnose.chain import ASIDE, LINKS, RULES, Chain, chains, roots
from auditor.engine.judge import RuleRun
from auditor.engine.selection import RuleSelection
from auditor.pipeline import AuditRequest, Inputs
from tests.helpers import regaudit

AS_OF = "2026-11-24"
GRAPH, MICROSOFT = "00000003-0000-0000-c000-000000000000", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
API_CONNECTIONS = "fe053c5f-3692-4f14-aef2-ee34fc081cae"
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
Tenant = dict[str, Any]


class Pair:
    """A tenant with a connector's client and API, all in order. Whoever makes a variant changes one thing."""

    def __init__(self, name: str) -> None:
        def guid(what: str) -> str:
            return str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_URL, f"https://regaudit.example/{name}/{what}").bytes, version=4))

        self.guid = guid
        self.home, self.client_id, self.api_id, self.scope_id = guid("tenant"), guid("client"), guid("api"), guid("scope")
        self.uri = f"api://{self.api_id}"
        self.redirect = f"https://global.consent.azure-apim.net/redirect/orders-5f{guid('connector').replace('-', '')[:16]}"
        lock = {
            "isEnabled": True,
            "allProperties": True,
            "credentialsWithUsageVerify": True,
            "credentialsWithUsageSign": True,
            "tokenEncryptionKeyId": True,
        }
        shared: Tenant = {
            "createdDateTime": "2026-01-05T09:00:00Z", "signInAudience": "AzureADMyOrg", "isFallbackPublicClient": None, "isDisabled": None,
            "groupMembershipClaims": None, "nativeAuthenticationApisEnabled": None, "disabledByMicrosoftStatus": None, "publisherDomain": "orders.example",
            "serviceManagementReference": "ORD-1", "applicationTemplateId": None, "tokenEncryptionKeyId": None, "defaultRedirectUri": None, "notes": None,
            "tags": [], "appRoles": [], "optionalClaims": None, "keyCredentials": [], "passwordCredentials": [], "requiredResourceAccess": [],
            "verifiedPublisher": None, "info": None, "authenticationBehaviors": None, "servicePrincipalLockConfiguration": lock,
            "requestSignatureVerification": None, "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}, "identifierUris": [],
            "federatedIdentityCredentials": [], "owners": [
                {"@odata.type": "#microsoft.graph.user", "id": guid(f"owner {i}"), "displayName": f"Owner {i}", "userPrincipalName": f"owner{i}@orders.example",
                 "userType": "Member", "accountEnabled": True} for i in (1, 2)],
        }  # fmt: skip
        implicit = {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False}
        web: Tenant = {
            "redirectUris": [],
            "redirectUriSettings": [],
            "homePageUrl": None,
            "logoutUrl": None,
            "implicitGrantSettings": implicit,
        }
        no_api: Tenant = {
            "requestedAccessTokenVersion": None, "acceptMappedClaims": None, "knownClientApplications": [], "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        }  # fmt: skip
        scope = {
            "id": self.scope_id, "value": "access_as_user", "type": "User", "isEnabled": True, "adminConsentDisplayName": "Use orders",
            "adminConsentDescription": "Use orders as the user.", "userConsentDisplayName": "Use orders", "userConsentDescription": "Use orders.",
        }  # fmt: skip
        self.client: Tenant = copy.deepcopy(shared) | {
            "id": guid("client object"), "appId": self.client_id, "displayName": "Orders connector", "api": no_api,
            "web": {**copy.deepcopy(web), "redirectUris": [self.redirect]},
            "passwordCredentials": [{"keyId": guid("secret"), "displayName": "connector", "startDateTime": "2026-09-01T00:00:00Z",
                                     "endDateTime": "2027-02-01T00:00:00Z"}],
            "requiredResourceAccess": [{"resourceAppId": self.api_id, "resourceAccess": [{"id": self.scope_id, "type": "Scope"}]}],
        }  # fmt: skip
        self.api: Tenant = copy.deepcopy(shared) | {
            "id": guid("api object"), "appId": self.api_id, "displayName": "Orders API", "identifierUris": [self.uri], "web": copy.deepcopy(web),
            "api": copy.deepcopy(no_api) | {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [scope]},
        }  # fmt: skip

        def principal(app_id: str, name: str, home: str, names: list[str], **more: Any) -> Tenant:
            return {
                "id": guid(f"principal {name}"), "appId": app_id, "displayName": name, "accountEnabled": True, "appRoleAssignmentRequired": False,
                "createdDateTime": "2026-01-05T09:00:00Z", "servicePrincipalType": "Application", "appOwnerOrganizationId": home,
                "signInAudience": "AzureADMyOrg", "disabledByMicrosoftStatus": None, "preferredSingleSignOnMode": None,
                "preferredTokenSigningKeyThumbprint": None, "replyUrls": [], "servicePrincipalNames": [app_id, *names], "notificationEmailAddresses": [],
                "tags": [], "notes": None, "appRoles": [], "oauth2PermissionScopes": [], "passwordCredentials": [], "keyCredentials": [],
                "verifiedPublisher": None, "owners": copy.deepcopy(shared["owners"]), **more,
            }  # fmt: skip

        self.client_principal = principal(self.client_id, "Orders connector", self.home, [])
        self.api_principal = principal(self.api_id, "Orders API", self.home, [self.uri], oauth2PermissionScopes=[scope])
        graph_scope = {"id": USER_READ, "value": "User.Read", "type": "User", "isEnabled": True}
        self.graph = principal(
            GRAPH, "Microsoft Graph", MICROSOFT, ["https://graph.microsoft.com"], oauth2PermissionScopes=[graph_scope], owners=[]
        )
        self.grants: list[Tenant] = [
            {"id": guid("grant"), "clientId": self.client_principal["id"], "resourceId": self.api_principal["id"], "consentType": "AllPrincipals",
             "principalId": None, "scope": " access_as_user"}
        ]  # fmt: skip
        self.custom: dict[str, str] = {
            "loginUri": "https://login.microsoftonline.com", "tenantId": self.home, "resourceUri": self.uri, "enableOnbehalfOfLogin": "false",
        }  # fmt: skip
        self.sign_in: Tenant = {
            "identityProvider": "aad", "clientId": self.client_id, "scopes": [], "redirectMode": "GlobalPerConnector", "redirectUrl": self.redirect,
            "properties": {"IsFirstParty": "False"},
        }  # fmt: skip
        self.applications, self.principals = [self.client, self.api], [self.graph, self.client_principal, self.api_principal]

    @property
    def scope(self) -> Tenant:
        return self.api["api"]["oauth2PermissionScopes"][0]  # type: ignore[no-any-return]

    def write(self, folder: Path) -> Path:
        custom = {name: {"value": value} for name, value in self.custom.items()}
        token = {"type": "oauthSetting", "oAuthSettings": {**self.sign_in, "customParameters": custom}}
        organization = {
            "id": self.home, "displayName": "Orders",
            "verifiedDomains": [{"name": "orders.example", "isInitial": False}, {"name": "orders.onmicrosoft.com", "isInitial": True}],
        }  # fmt: skip
        files = {
            "connector/apiProperties.json": {"properties": {"connectionParameters": {"token": token}, "iconBrandColor": "#007ee5", "capabilities": []}},
            "connector/apiDefinition.swagger.json": {"swagger": "2.0", "info": {"title": "Orders", "version": "1.0"}, "host": "orders.example", "paths": {}},
            "tenant.json": {
                "applications": self.applications, "servicePrincipals": self.principals, "oauth2PermissionGrants": self.grants,
                "appRoleAssignments": [], "organization": organization,
            },
        }  # fmt: skip
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(exist_ok=True, parents=True)
            file.write_text(json.dumps(content, indent=2))
        return folder


# name -> (what is done to the right pair, the rules that fail, the links that break)
Variant = tuple[Callable[[Pair], object], set[str], list[str]]
VARIANTS: dict[str, Variant] = {
    "client ID is a placeholder": (lambda p: p.sign_in.update(clientId="<<Enter your client ID>>"), {"connector-client-id-invalid"}, ["connector"]),
    "secret ID in the file": (lambda p: p.sign_in.update(clientSecret=p.guid("secret")), {"connector-secret-is-id"}, ["connector"]),
    "tenant is its name": (lambda p: p.custom.update(tenantId="Orders Ltd"), {"connector-tenant-invalid"}, ["connector"]),
    "login URL is the API's": (lambda p: p.custom.update(loginUri="https://orders.example"), {"connector-login-host"}, ["connector"]),
    "another cloud": (lambda p: p.custom.update(loginUri="https://login.microsoftonline.us"), {"connector-login-cloud"}, ["connector"]),
    "no resource URL": (lambda p: p.custom.update(resourceUri=""), {"connector-resource-missing"}, ["connector"]),
    "client ID is an object ID": (lambda p: p.sign_in.update(clientId=p.client["id"]), {"connector-client-is-object-id"}, ["client"]),
    "client ID is the service principal's object ID": (
        lambda p: p.sign_in.update(clientId=p.client_principal["id"]), {"connector-client-is-object-id"}, ["client"],
    ),
    "client of another tenant": (lambda p: p.sign_in.update(clientId=p.guid("elsewhere")), {"connector-client-missing"}, ["client"]),
    "client is Azure CLI": (
        lambda p: p.sign_in.update(clientId="04b07795-8ddb-461a-bbee-02f9e1bf7b46"), {"connector-client-first-party"}, ["client"],
    ),
    "another tenant's ID": (lambda p: p.custom.update(tenantId=p.guid("elsewhere")), {"connector-tenant-other"}, ["client"]),
    "single-tenant client at common": (lambda p: p.custom.update(tenantId="common"), {"connector-tenant-common"}, ["client"]),
    "redirect URI of another environment": (
        lambda p: p.client["web"].update(redirectUris=[p.redirect + "0"]), {"connector-redirect-unregistered"}, ["client"],
    ),
    "only the shared redirect URI": (
        lambda p: p.client["web"].update(redirectUris=["https://global.consent.azure-apim.net/redirect"]), {"connector-redirect-unregistered"}, ["client"],
    ),
    "redirect URI on the single-page platform": (
        lambda p: (p.client["web"].update(redirectUris=[]), p.client["spa"].update(redirectUris=[p.redirect])),
        {"connector-redirect-on-spa", "redirect-spa-on-server", "spa-with-credentials"}, ["client"],
    ),
    "redirect URI on the desktop platform": (
        lambda p: (p.client["web"].update(redirectUris=[]), p.client["publicClient"].update(redirectUris=[p.redirect])),
        {"connector-redirect-on-public-client", "public-client-with-credentials", "redirect-publicclient-https"}, ["client"],
    ),
    "no secret": (lambda p: p.client.update(passwordCredentials=[]), {"connector-no-credential"}, ["client"]),
    "secret expired": (
        lambda p: p.client["passwordCredentials"][0].update(startDateTime="2026-04-01T00:00:00Z", endDateTime="2026-09-01T00:00:00Z"),
        {"secret-expired"}, ["client"],
    ),
    "client deactivated": (lambda p: p.client.update(isDisabled=True), {"app-deactivated", "credential-on-deactivated-app"}, ["client"]),
    "client without service principal": (
        lambda p: (p.principals.remove(p.client_principal), p.grants.clear()), {"sp-missing"}, ["client's service principal"],
    ),
    "client's service principal disabled": (
        lambda p: p.client_principal.update(accountEnabled=False), {"sp-disabled", "credential-on-disabled-app"}, ["client's service principal"],
    ),
    "API not in the client's permissions": (
        lambda p: (p.client.update(requiredResourceAccess=[]), p.grants.clear()), {"connector-resource-not-requested"}, ["permission"],
    ),
    "scope as application permission": (
        lambda p: (p.client["requiredResourceAccess"][0]["resourceAccess"][0].update(type="Role"), p.grants.clear()),
        {"connector-permission-not-delegated", "perm-wrong-type"}, ["permission", "scope"],
    ),
    "scope misspelt": (lambda p: p.sign_in.update(scopes=["access_as_usr"]), {"connector-scope-missing"}, ["scope"]),
    "scope of an API that nobody has": (
        lambda p: p.sign_in.update(scopes=[f"api://{p.guid('nobody')}/access_as_user"]), {"connector-scope-unknown-api"}, ["scope"],
    ),
    "scope is a placeholder": (lambda p: p.sign_in.update(scopes=["<<Enter scope>>"]), {"connector-scope-malformed"}, ["connector"]),
    "preauthorized for another scope": (
        lambda p: (
            p.sign_in.update(scopes=["access_as_user"]), p.client.update(requiredResourceAccess=[]), p.grants.clear(), p.scope.update(type="Admin"),
            p.api["api"]["oauth2PermissionScopes"].append({**p.scope, "id": p.guid("other"), "value": "other"}),
            p.api["api"].update(preAuthorizedApplications=[{"appId": p.client_id, "delegatedPermissionIds": [p.guid("other")]}]),
        ),
        {"connector-resource-not-requested"}, ["permission"],
    ),
    "secret of next week": (
        lambda p: p.client["passwordCredentials"][0].update(startDateTime="2026-12-01T00:00:00Z"),
        {"connector-no-credential", "secret-not-yet-valid"}, ["client"],
    ),
    "consent of one user to an administrator's scope": (
        lambda p: (p.scope.update(type="Admin"), p.grants[0].update(consentType="Principal", principalId=p.guid("user"))),
        {"perm-granted-to-some"}, ["consent"],
    ),
    "scope disabled": (lambda p: p.scope.update(isEnabled=False), {"perm-disabled"}, ["scope"]),
    "scope deleted": (
        lambda p: (p.client["requiredResourceAccess"][0]["resourceAccess"][0].update(id=p.guid("gone")), p.grants.clear()), {"perm-unknown-id"}, ["scope"],
    ),
    "scope of Microsoft Graph": (
        lambda p: p.sign_in.update(scopes=["https://graph.microsoft.com/User.Read"]), {"connector-scope-other-resource"}, ["scope"],
    ),
    "scope that is not listed": (
        lambda p: (p.sign_in.update(scopes=["access_as_user", "orders_admin"]),
                   p.api["api"]["oauth2PermissionScopes"].append({**p.scope, "id": p.guid("admin"), "value": "orders_admin", "type": "Admin"})),
        {"connector-scope-not-requested"}, ["scope"],
    ),
    "resource URL without scheme": (lambda p: p.custom.update(resourceUri="orders.example/api"), {"connector-resource-no-scheme"}, ["resource"]),
    "resource URL with a slash": (lambda p: p.custom.update(resourceUri=p.uri + "/"), {"connector-resource-trailing-slash"}, ["resource"]),
    "resource URL is the API's address": (
        lambda p: p.custom.update(resourceUri="https://orders.example/api"), {"connector-resource-unknown"}, ["resource"],
    ),
    "resource URL is the API's object ID": (lambda p: p.custom.update(resourceUri=p.api["id"]), {"connector-resource-unknown"}, ["resource"]),
    "client is the API": (
        lambda p: (p.client.update(identifierUris=[f"api://{p.client_id}"]), p.custom.update(resourceUri=f"api://{p.client_id}"),
                   p.client["api"].update(oauth2PermissionScopes=[{**p.scope, "id": p.guid("own")}], requestedAccessTokenVersion=2),
                   p.client_principal["servicePrincipalNames"].append(f"api://{p.client_id}")),
        {"connector-client-is-resource"}, ["resource"],
    ),
    "client takes personal accounts": (
        lambda p: (p.client.update(signInAudience="AzureADandPersonalMicrosoftAccount"), p.client["api"].update(requestedAccessTokenVersion=2),
                   p.custom.update(tenantId="common")),
        {"connector-accounts-mismatch", "audience-multi-tenant-unneeded", "publisher-unverified"}, ["resource"],
    ),
    "token version on the client": (
        lambda p: (p.api["api"].update(requestedAccessTokenVersion=None), p.client["api"].update(requestedAccessTokenVersion=2)),
        {"connector-token-version-on-client"}, ["resource"],
    ),
    "token version 1": (lambda p: p.api["api"].update(requestedAccessTokenVersion=None), {"connector-token-version"}, ["resource"]),
    "API without service principal": (
        lambda p: (p.principals.remove(p.api_principal), p.grants.clear()), {"sp-missing"}, ["resource's service principal"],
    ),
    "API's service principal disabled": (
        lambda p: p.api_principal.update(accountEnabled=False), {"perm-resource-disabled", "sp-disabled"}, ["resource's service principal"],
    ),
    "Application ID URI not on the service principal": (
        lambda p: p.api_principal["servicePrincipalNames"].remove(p.uri), {"app-id-uri-not-on-sp"}, ["resource's service principal"],
    ),
    "no consent to an administrator's scope": (
        lambda p: (p.scope.update(type="Admin"), p.grants.clear()), {"perm-requested-not-granted"}, ["consent"],
    ),
    "on-behalf-of login without preauthorization": (
        lambda p: p.custom.update(enableOnbehalfOfLogin="true"), {"connector-obo-not-preauthorized"}, ["consent"],
    ),
    "on-behalf-of login without Azure API Connections": (
        lambda p: (p.custom.update(enableOnbehalfOfLogin="true"),
                   p.api["api"].update(preAuthorizedApplications=[{"appId": API_CONNECTIONS, "delegatedPermissionIds": [p.scope_id]}])),
        {"connector-obo-principal-missing"}, ["consent"],
    ),
}  # fmt: skip


def failing(folder: Path, profile: str = "custom-connector") -> set[str]:
    report = audit(folder, as_of=AS_OF, profile=profile)
    assert report.errors == []
    assert report.connectors == 1
    return {finding.rule_id for finding in report.findings if finding.status == "fail" and finding.severity != "info"}


def walk(folder: Path, profile: str = "default") -> list[Chain]:
    request = AuditRequest(Inputs((str(folder),)), RuleSelection(RULES, profile=profile), AS_OF, only=roots)
    return list(chains(pipeline.run(request)))


@pytest.mark.parametrize("profile", ["default", "custom-connector"])
def test_the_right_pair_is_clean_and_every_link_passes(profile: str, tmp_path: Path) -> None:
    folder = Pair("right").write(tmp_path)
    assert failing(folder, profile) == set()
    (chain,) = walk(folder, profile)
    assert [(link.link, link.status) for link in chain.links] == [(link.name, "pass") for link in LINKS]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.custom.update(resourceUri=p.api_id),
        lambda p: p.sign_in.update(scopes=[f"{p.uri}/access_as_user"]),
        lambda p: p.sign_in.update(scopes=["access_as_user"]),
        lambda p: p.custom.update(tenantId="orders.onmicrosoft.com", loginUri="https://login.windows.net"),
        lambda p: (p.grants.clear(), p.api["api"].update(preAuthorizedApplications=[{"appId": p.client_id, "delegatedPermissionIds": [p.scope_id]}])),
    ],
    ids=["the API by its app id", "scope with its API", "scope by name", "tenant by domain", "preauthorized"],
)  # fmt: skip
def test_other_right_pairs(change: Callable[[Pair], object], tmp_path: Path) -> None:
    pair = Pair("right")
    change(pair)
    folder = pair.write(tmp_path)
    assert failing(folder) == set()
    (chain,) = walk(folder)
    assert chain.status == "pass"


@pytest.mark.parametrize("name", VARIANTS)
def test_a_wrong_pair_fails_for_what_is_wrong_with_it(name: str, tmp_path: Path) -> None:
    change, rules, broken = VARIANTS[name]
    pair = Pair(name)
    change(pair)
    folder = pair.write(tmp_path)
    assert failing(folder) == rules
    (chain,) = walk(folder, "custom-connector")
    assert [link.link for link in chain.links if link.status == "fail"] == broken
    behind = chain.links[[link.link for link in chain.links].index(broken[0]) + 1 :]
    assert all(link.status != "pass" for link in behind)
    assert all(broken[0] in (link.reason or "") for link in behind if link.status == "not-evaluated")
    assert {row.rule_id for link in chain.links for row in link.findings} <= rules


def test_variants_have_ids_of_their_own() -> None:
    ids = [Pair(name).client_id for name in VARIANTS] + [Pair(name).api_id for name in VARIANTS]
    assert len(set(ids)) == len(ids)
    assert len(VARIANTS) >= 12


def test_every_rule_of_connectors_has_its_place() -> None:
    ours = {rule.id for rule in rulebook.shipped() if rule.root == "connector"}
    assert ours <= set(RULES)
    assert not set(ASIDE) & {step.rule for link in LINKS for step in link.steps}


def test_a_connector_without_registrations_passes_and_fails_nothing(tmp_path: Path) -> None:
    folder = Pair("alone").write(tmp_path) / "connector"
    (chain,) = walk(folder)
    assert {link.status for link in chain.links} == {"not-evaluated"}
    assert "client registration: not in the input" in {link.reason for link in chain.links}


def test_nothing_is_judged_twice_nor_what_no_connector_depends_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, other = Pair("once"), Pair("another pair of the same tenant")
    pair.applications += [other.client, other.api]
    judged: Counter[tuple[str, str]] = Counter()
    judge = RuleRun.judge

    def counted(self: RuleRun, found: list[Any], total: int) -> None:
        judged.update((self.rule.id, root.label) for root in found)
        judge(self, found, total)

    monkeypatch.setattr(RuleRun, "judge", counted)
    assert regaudit("connect", str(pair.write(tmp_path)), "--as-of", AS_OF).code == 0
    assert {rule for rule, _ in judged} == set(RULES)
    assert set(judged.values()) == {1}
    assert judged["secret-expired", "Orders connector"] == 1  # not of the other client, which has the same name


def test_a_permission_that_is_requested_twice_is_found_twice(tmp_path: Path) -> None:
    """Of two subjects with one key, each has its verdict."""
    pair = Pair("twice")
    pair.client["requiredResourceAccess"][0]["resourceAccess"] *= 2
    pair.grants.clear()
    (chain,) = walk(pair.write(tmp_path))
    (consent,) = (link for link in chain.links if link.link == "consent")
    ungranted = [row for row in (*consent.findings, *consent.remarks) if row.rule_id == "perm-requested-not-granted"]
    assert len({row.finding_id for row in ungranted}) == len(ungranted) == 2


def test_three_files_are_walked_as_far_as_they_reach(tmp_path: Path) -> None:
    pair = Pair("three files")
    pair.write(tmp_path)
    for name, app in (("client", pair.client), ("api", pair.api)):
        (tmp_path / f"{name}.json").write_text(json.dumps(app))
    ran = regaudit(
        "connect",
        str(tmp_path / "connector"),
        str(tmp_path / "client.json"),
        str(tmp_path / "api.json"),
        "--output-format",
        "json",
        "--as-of",
        AS_OF,
    )
    assert ran.code == 0
    (chain,) = json.loads(ran.out)["connectors"]
    assert [link["link"] for link in chain["links"] if link["status"] == "pass"] == [
        "connector", "client", "permission", "scope", "resource",
    ]  # fmt: skip
    consent = chain["links"][-1]
    assert (consent["status"], consent["reason"], consent["what"]) == (
        "not-evaluated",
        "servicePrincipals: not in the input",
        "access_as_user",
    )
    assert consent["remedy"] == "add the output of `az ad sp list --all`"


def test_the_page_names_the_fault_and_what_is_behind_it(tmp_path: Path) -> None:
    pair = Pair("page")
    pair.client["web"]["redirectUris"] = []
    ran = regaudit("connect", str(pair.write(tmp_path)), "--as-of", AS_OF, "--no-color")
    assert ran.code == 1
    assert "high connector-redirect-unregistered  AADSTS50011" in ran.out
    assert "after the client, which is broken" in ran.out
    verdict, _, connector, *_ = ran.out.splitlines()
    assert verdict == "fail: 1 of 1 connector has broken links: 1 of 8 links broken; 6 links not evaluated"
    assert connector.startswith('Connector "Orders"')


def test_connect_wants_a_connector(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"id": "x", "appId": "11111111-1111-4111-8111-111111111111", "displayName": "A"}')
    ran = regaudit("connect", str(tmp_path))
    assert ran.code == 2
    assert "none of these files holds a connector" in ran.err
    assert regaudit("connect").code == 2
