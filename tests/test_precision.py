"""Verdicts that were wrong on real files, one test a row of the list of 2026-11-28 (`test_1_04_…`: section 1, row 4).

Each has an input of its own with the same quirk, and siblings of its kind: what must stay a finding, and what must not become one.
"""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor import audit, rulebook
from auditor.engine.finding import Finding
from auditor.report.build import fix_of
from auditor.shell import Shell
from tests.helpers import regaudit, write

AS_OF = "2026-11-28"
TENANT, OTHER_TENANT, MICROSOFT = (
    "f3c95789-ace1-4954-ac5d-6baed2eac902", "0c395789-ace1-4954-ac5d-6baed2eac902", "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
)  # fmt: skip
CLIENT, API = "11111111-1111-4111-8111-111111111111", "aaaaaaaa-0000-4000-8000-000000000001"
GRAPH, EXCHANGE, SHAREPOINT = (
    "00000003-0000-0000-c000-000000000000", "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000",
)  # fmt: skip
USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214"
SCOPE = "5c09e000-0000-4000-8000-000000000001"
NOWHERE = "99999999-9999-4999-8999-999999999999"
ORGANIZATION = {"id": TENANT, "verifiedDomains": [{"name": "contoso.com"}, {"name": "contoso.onmicrosoft.com", "isInitial": True}]}


def app(**more: Any) -> dict[str, Any]:
    """A registration that has what most rules need."""
    return {
        "id": "22222222-2222-4222-8222-222222222222", "appId": CLIENT, "displayName": "Payroll", "signInAudience": "AzureADMyOrg",
        "web": {"redirectUris": []}, "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}, "identifierUris": [],
        "requiredResourceAccess": [], "passwordCredentials": [], "keyCredentials": [], "isFallbackPublicClient": None, **more,
    }  # fmt: skip


def principal(app_id: str, number: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{number}" * 8 + "-3333-4333-8333-333333333333", "appId": app_id, "servicePrincipalType": "Application",
        "servicePrincipalNames": [app_id], "appOwnerOrganizationId": TENANT, "accountEnabled": True, **more,
    }  # fmt: skip


def microsofts(app_id: str, number: int = 9, **more: Any) -> dict[str, Any]:
    return principal(app_id, number, **{"appOwnerOrganizationId": MICROSOFT, **more})


def page(kind: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    """A list as Microsoft Graph answers it, to its end: together with Microsoft Graph's own service principal a whole tenant."""
    return {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{kind}", "value": objects}


def tenant(folder: Path, apps: list[dict[str, Any]], principals: list[dict[str, Any]] | None = None, **more: Any) -> Path:
    """A folder with the lists of a tenant."""
    write(folder / "apps.json", page("applications", apps))
    write(folder / "principals.json", page("servicePrincipals", [*(principals or []), microsofts(GRAPH)]))
    write(folder / "organization.json", page("organization", [ORGANIZATION]))
    for name, value in more.items():
        write(folder / f"{name}.json", value)
    return folder


def connector(folder: Path, provider: str = "aad", custom: dict[str, Any] | None = None, **settings: Any) -> Path:
    """`apiProperties.json` of a custom connector."""
    token = {"identityProvider": provider, "clientId": CLIENT, "scopes": [], **settings}
    token["customParameters"] = {name: {"value": value} for name, value in (custom or {}).items()}
    write(
        folder / "apiProperties.json", {"properties": {"connectionParameters": {"token": {"type": "oauthSetting", "oAuthSettings": token}}}}
    )
    return folder


def findings(path: Path, rule: str, profile: str = "default") -> list[Finding]:
    """Failures of one rule; nothing may be in error."""
    report = audit(path, as_of=AS_OF, profile=profile)
    assert not report.errors
    assert not report.count("errors")
    return [finding for finding in report.findings if finding.status == "fail" and finding.rule_id == rule]


def verdict(path: Path, rule: str) -> str:
    """What one rule says of the only root that it is asked about."""
    (outcome,) = audit(path, as_of=AS_OF, select=[rule]).outcomes
    return next(
        (name for name in ("errors", "failed", "not_evaluated", "passed") if getattr(outcome, name)), "not_applicable"
    )  # fmt: skip


def severities(path: Path, rule: str) -> list[str]:
    return [str(finding.severity) for finding in findings(path, rule)]


def one(folder: Path, **more: Any) -> Path:
    """A folder with one registration."""
    return write(folder / "app.json", app(**more)).parent


# -- 1: false alarms, severities, fixes


def test_1_00_the_fix_quotes_the_url_that_must_keep_its_ref(tmp_path: Path) -> None:
    """Without `/$ref` the request deletes the user."""
    owner = {"@odata.type": "#microsoft.graph.user", "id": "88888888-8888-4888-8888-888888888888", "userPrincipalName": "ben@contoso.com"}
    ann = {**owner, "id": "77777777-7777-4777-8777-777777777777"}
    tenant(tmp_path, [app(owners=[ann])], [principal(CLIENT, owners=[owner])])
    (found,) = findings(tmp_path, "owner-mismatch-app-sp", "strict")
    assert f"--url 'https://graph.microsoft.com/v1.0/servicePrincipals/{principal(CLIENT)['id']}/owners/{owner['id']}/$ref'" in "\n".join(
        fix_of(found).lines(Shell.bash)
    )


HOSTS_OF_TABS = [
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "4765445b-32c6-49b0-83e6-1d93765276ca",
    "0ec893e0-5785-4de6-99da-4ed124e5296c", "d3590ed6-52b3-4102-aeff-aad2292ab01c", "bc59ab01-8403-45c6-8796-ac3ef710b3e3",
    "27922004-5251-4030-b22d-91ecd9a37ea4", "4345a7b9-9a63-4910-a426-35363201d503", "EA5A67F6-B6F3-4338-B240-C655DDC3CC8E",
]  # fmt: skip


def test_1_01_hosts_of_teams_tabs_and_office_add_ins_are_known_clients(tmp_path: Path) -> None:
    preauthorized = [{"appId": host, "delegatedPermissionIds": [SCOPE]} for host in HOSTS_OF_TABS]
    scope = {"id": SCOPE, "value": "access_as_user", "isEnabled": True, "type": "User"}
    api = {"oauth2PermissionScopes": [scope], "preAuthorizedApplications": preauthorized}
    tenant(tmp_path, [app(api=api)], [principal(CLIENT)])
    assert findings(tmp_path, "preauth-unknown-client") == []
    assert findings(tmp_path, "preauth-foreign-client") == []
    api["preAuthorizedApplications"] = [*preauthorized, {"appId": NOWHERE, "delegatedPermissionIds": [SCOPE]}]
    tenant(tmp_path, [app(api=api)], [principal(CLIENT)])
    (found,) = findings(tmp_path, "preauth-unknown-client")
    assert NOWHERE in found.message
    assert (found.remediation or "").startswith("1. Find out whether 99999999-9999-4999-8999-999999999999 is a Microsoft client.")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-07-06T07:28:14Z", "2027-01-02T08:28:14Z", []),  # 180 days in local time, an hour more across the end of summer time
        ("2026-07-06T07:28:14Z", "2027-01-02T07:28:14Z", []),
        ("2026-10-06T07:28:14Z", "2027-04-04T06:28:14Z", []),  # and an hour less across its beginning
        ("2026-07-06T07:28:14Z", "2027-01-04T07:28:14Z", ["medium"]),  # 182 days
        ("2026-07-06T07:28:14Z", "2027-07-06T07:28:14Z", ["medium"]),
    ],
)
def test_1_02_180_days_of_the_portal_may_have_an_hour_more(start: str, end: str, expected: list[str], tmp_path: Path) -> None:
    secret = {"keyId": NOWHERE, "displayName": "ci", "startDateTime": start, "endDateTime": end}
    assert severities(one(tmp_path, passwordCredentials=[secret]), "secret-lifetime") == expected


MSAL = 'export const msalConfig = {{ auth: {{ clientId: "{client}", authority: "https://login.microsoftonline.com/{tenant}", redirectUri: "{uri}" }} }};'


def signs_in_with(folder: Path, uri: str, *registered: str, platform: str = "spa") -> Path:
    write(folder / "authConfig.js", MSAL.format(client=CLIENT, tenant=TENANT, uri=uri))
    return one(folder, **{platform: {"redirectUris": list(registered)}})


@pytest.mark.parametrize(
    ("sent", "registered", "fits"),
    [
        ("http://localhost:4200/", "http://localhost:3000/", True),
        ("http://localhost:4200", "http://localhost", True),
        ("http://127.0.0.1:4200/cb", "http://127.0.0.1/cb", True),
        ("http://localhost:4200/a", "http://localhost:3000/b", False),
        ("http://localhost:4200/", "https://localhost:4200/", False),
        ("http://localhost:4200/", "http://127.0.0.1:4200/", False),
        ("https://app.contoso.com:4200/", "https://app.contoso.com:3000/", False),
    ],
)
def test_1_03_the_port_of_a_loopback_address_is_ignored(sent: str, registered: str, fits: bool, tmp_path: Path) -> None:
    signs_in_with(tmp_path, sent, registered)
    assert severities(tmp_path, "connector-redirect-unregistered") == ([] if fits else ["high"])
    # What fits is also found on its platform.
    signs_in_with(tmp_path, sent, registered, platform="web")
    assert severities(tmp_path, "sample-redirect-not-spa") == (["high"] if fits else [])


@pytest.mark.parametrize(
    ("sent", "registered", "fits"),
    [
        ("http://localhost:3000/", "http://localhost:3000", True),
        ("https://app.contoso.com", "https://app.contoso.com/", True),
        ("https://APP.contoso.com/cb", "https://app.contoso.com/cb", True),  # case counts in the path only
        ("https://app.contoso.com/CB", "https://app.contoso.com/cb", False),
        ("https://app.contoso.com/cb/", "https://app.contoso.com/cb", False),
        ("https://app.contoso.com//", "https://app.contoso.com", False),
        ("https://app.contoso.com/?a=b", "https://app.contoso.com?a=b", True),
        ("https://app.contoso.com/", "https://app.contoso.com?a=b", False),
        ("msal11111111-1111-4111-8111-111111111111://auth/", "msal11111111-1111-4111-8111-111111111111://auth", False),
    ],
)
def test_1_04_root_slash_is_the_same_uri(sent: str, registered: str, fits: bool, tmp_path: Path) -> None:
    signs_in_with(tmp_path, sent, registered)
    assert severities(tmp_path, "connector-redirect-unregistered") == ([] if fits else ["high"])
    (tmp_path / "authConfig.js").unlink()
    one(tmp_path, defaultRedirectUri=sent, web={"redirectUris": [registered]})
    assert severities(tmp_path, "redirect-default-not-listed") == ([] if fits else ["medium"])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("green-rock-024c27f1e.1.azurestaticapps.net", []),
        ("green-rock-024c27f1e.azurestaticapps.net", []),
        ("payroll-d4e5f6a7b8c9d0e1.westeurope-01.azurewebsites.net", []),
        ("payroll.fjdng2acavhkevd8.westeurope.cloudapp.azure.com", []),
        ("payroll-0123456789ab.herokuapp.com", []),
        ("payroll.azurewebsites.net", ["medium"]),
        ("payroll.westeurope.cloudapp.azure.com", ["medium"]),
        ("payroll.herokuapp.com", ["medium"]),
    ],
)
def test_1_05_names_that_a_service_makes_up_are_nobody_elses(host: str, expected: list[str], tmp_path: Path) -> None:
    assert severities(one(tmp_path, web={"redirectUris": [f"https://{host}/cb"]}), "redirect-takeover-prone") == expected


def test_1_06_an_unknown_platform_alone_makes_nothing_high(tmp_path: Path) -> None:
    grant = {"enableAccessTokenIssuance": True, "enableIdTokenIssuance": False}
    whole = app(web={"redirectUris": ["https://a.contoso.com/cb"], "implicitGrantSettings": grant})
    part = {name: value for name, value in whole.items() if name != "publicClient"}
    file = write(tmp_path / "app.json", part)
    (found,) = findings(file, "implicit-access-token")
    assert (found.severity, found.highest_severity) == ("medium", "high")
    assert "may be high, depending on" in found.message
    assert audit(file, as_of=AS_OF, select=["implicit-access-token"]).exit_code() == 0
    # A redirect URI that is read and makes it high does so, whatever else is unknown.
    part["web"] = {"redirectUris": ["http://a.contoso.com/cb"], "implicitGrantSettings": grant}
    assert severities(write(tmp_path / "app.json", part), "implicit-access-token") == ["high"]


def test_1_07_a_guest_owner_is_medium_where_the_permissions_are_unknown(tmp_path: Path) -> None:
    guest = {"@odata.type": "#microsoft.graph.user", "id": NOWHERE, "userPrincipalName": "ben_fabrikam.com#EXT#@contoso.onmicrosoft.com"}
    (found,) = findings(one(tmp_path, owners=[guest]), "owner-guest")
    assert (found.severity, found.highest_severity) == ("medium", "high")


def test_1_08_a_credential_on_a_principal_is_medium_where_the_tenant_is_unknown(tmp_path: Path) -> None:
    secret = {"keyId": NOWHERE, "displayName": "ci", "endDateTime": "2027-05-01T00:00:00Z"}
    own = principal(CLIENT, displayName="Payroll", passwordCredentials=[secret], keyCredentials=[], preferredSingleSignOnMode=None)
    (found,) = findings(write(tmp_path / "sp.json", [own]), "credential-on-sp")
    assert (found.severity, found.highest_severity) == ("medium", "high")
    write(tmp_path / "organization.json", page("organization", [ORGANIZATION]))
    assert [(f.severity, f.highest_severity) for f in findings(tmp_path, "credential-on-sp")] == [("medium", "medium")]
    write(tmp_path / "sp.json", [own | {"appOwnerOrganizationId": OTHER_TENANT}])
    assert severities(tmp_path, "credential-on-sp") == ["high"]


ROLE = {"id": USER_READ_ALL, "value": "User.Read.All", "isEnabled": True, "allowedMemberTypes": ["Application"]}
PRIVILEGED_ACCESS, TIER_0 = "01e37dc9-c035-40bd-b438-b2879c4870a6", "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"


def asks(resource: str, *permissions: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"resourceAppId": resource, "resourceAccess": [{"id": id_, "type": kind} for id_, kind in permissions]}]


def with_a_part_of_graph(folder: Path, *permissions: tuple[str, str]) -> Path:
    write(folder / "apps.json", page("applications", [app(requiredResourceAccess=asks(GRAPH, *permissions))]))
    part = microsofts(GRAPH, displayName="Microsoft Graph", appRoles=[ROLE], oauth2PermissionScopes=[])
    write(folder / "principals.json", page("servicePrincipals", [part]))
    return folder


def test_1_10_a_part_of_an_apis_permissions_says_nothing_of_the_others(tmp_path: Path) -> None:
    for permission in ((PRIVILEGED_ACCESS, "Role"), ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope")):
        for rule in ("perm-unknown-id", "perm-disabled"):
            assert verdict(with_a_part_of_graph(tmp_path, permission), rule) == "not_evaluated"  # the catalog has it
    assert verdict(with_a_part_of_graph(tmp_path, (USER_READ_ALL, "Role")), "perm-unknown-id") == "passed"
    # What neither knows is no louder than without the part.
    assert severities(with_a_part_of_graph(tmp_path, (NOWHERE, "Role")), "perm-unknown-id") == ["medium"]
    # The catalog still tells how far a permission reaches that the part does not list.
    assert len(findings(with_a_part_of_graph(tmp_path, (TIER_0, "Role")), "perm-tier0-requested")) == 1


def test_1_10_an_api_of_ones_own_lists_all_that_it_has(tmp_path: Path) -> None:
    scope = {"id": SCOPE, "value": "access_as_user", "isEnabled": True, "type": "User"}
    api = app(id=NOWHERE, appId=API, displayName="API", api={"oauth2PermissionScopes": [scope]}, appRoles=[])
    tenant(tmp_path, [app(requiredResourceAccess=asks(API, (NOWHERE, "Scope"))), api])
    assert severities(tmp_path, "perm-unknown-id") == ["high"]


def test_1_10_a_connectors_scope_of_a_part_of_graph(tmp_path: Path) -> None:
    with_a_part_of_graph(tmp_path)
    connector(tmp_path / "c", custom={"resourceUri": "https://graph.microsoft.com"}, scopes=["User.Read"])
    assert verdict(tmp_path, "connector-scope-missing") == "not_evaluated"


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("Value-From-Your-App-Registration", []),
        ("ENTER_THE_SECRET_OF_THE_APP", []),
        ("MyClientSecretGoesHere", []),
        ("client secret of the app", []),
        ("test", []),
        ("Passw0rd!", []),
        ("made-up.value_of~a-secret", ["high"]),
        ("xyz8Q~abcDEF0123456789abcDEF0123456789ab", ["high"]),
        ("0123456789abcdef0123456789abcdef", ["high"]),
        ("aKdLsoPQRtuVwXyZabCdEfGh", ["high"]),
    ],
)
def test_1_11_words_and_short_texts_are_placeholders(secret: str, expected: list[str], tmp_path: Path) -> None:
    connector(tmp_path, "oauth2", clientId="orders", clientSecret=secret)
    assert severities(tmp_path, "connector-secret-in-file") == expected


def test_1_11_a_copy_of_the_client_id_is_a_placeholder(tmp_path: Path) -> None:
    connector(tmp_path, "oauth2", clientId="orders-connector-2026-01", clientSecret="orders-connector-2026-01 ")
    assert findings(tmp_path, "connector-secret-in-file") == []
    connector(tmp_path, "oauth2", clientId="orders-connector-2026-01", clientSecret="orders-connector-2026-02")
    (found,) = findings(tmp_path, "connector-secret-in-file")
    assert "orders-connector-2026-02" not in json.dumps([found.message, found.actual, found.remediation])


BEHIND_PROXY: dict[str, Any] = {
    "identifierUris": ["https://payroll-contoso.msappproxy.net/"],
    "web": {
        "redirectUris": ["https://payroll-contoso.msappproxy.net/"],
        "implicitGrantSettings": {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": False},
    },
}
PROXY_RULES = ("app-id-uri-unverified-domain", "app-id-uri-trailing-slash", "implicit-id-token")


def test_1_12_what_application_proxy_demands_is_no_fault(tmp_path: Path) -> None:
    tenant(tmp_path, [app(**BEHIND_PROXY)], [principal(CLIENT)])
    assert [found for rule in PROXY_RULES for found in findings(tmp_path, rule)] == []
    # On a domain of the tenant its own secret tells.
    custom = json.loads(json.dumps(BEHIND_PROXY).replace("payroll-contoso.msappproxy.net", "payroll.contoso.com"))
    secret = {
        "keyId": NOWHERE,
        "displayName": "CWAP_AuthSecret",
        "startDateTime": "2026-06-01T00:00:00Z",
        "endDateTime": "2027-06-01T00:00:00Z",
    }
    tenant(tmp_path, [app(**custom, passwordCredentials=[secret])], [principal(CLIENT)])
    assert [found for rule in PROXY_RULES for found in findings(tmp_path, rule)] == []
    # Without it nothing is exempt, nor is a host that only looks like the proxy's.
    other = json.loads(json.dumps(BEHIND_PROXY).replace("payroll-contoso.msappproxy.net", "msappproxy.net.fabrikam.com"))
    tenant(tmp_path, [app(**other)], [principal(CLIENT, preferredSingleSignOnMode=None)])
    assert [len(findings(tmp_path, rule)) for rule in PROXY_RULES] == [1, 1, 1]


def test_1_13_the_fix_leaves_id_tokens_to_a_web_platform(tmp_path: Path) -> None:
    both = {"enableAccessTokenIssuance": True, "enableIdTokenIssuance": True}
    spa = {"redirectUris": ["https://a.contoso.com/app"]}
    web = {"redirectUris": ["https://a.contoso.com/.auth/login/aad/callback"], "implicitGrantSettings": both}
    (found,) = findings(one(tmp_path, spa=spa, web=web), "implicit-with-spa")
    assert "--enable-id-token-issuance false" not in (found.remediation or "")
    (found,) = findings(one(tmp_path, spa=spa, web={"redirectUris": [], "implicitGrantSettings": both}), "implicit-with-spa")
    assert "--enable-id-token-issuance false" in (found.remediation or "")


@pytest.mark.parametrize("audience", ["AzureADMyOrg", "AzureADMultipleOrgs"])
def test_1_14_the_client_gets_the_apis_account_types_and_the_tenant_first(audience: str, tmp_path: Path) -> None:
    api = app(id=NOWHERE, appId=API, displayName="API", identifierUris=[f"api://{API}"], signInAudience=audience)
    tenant(tmp_path, [app(signInAudience="AzureADandPersonalMicrosoftAccount"), api], [principal(CLIENT), principal(API, 4)])
    connector(tmp_path / "c", custom={"tenantId": "common", "resourceUri": f"api://{API}"})
    (found,) = findings(tmp_path, "connector-accounts-mismatch")
    fix = found.remediation or ""
    assert f"--sign-in-audience {audience}" in fix
    assert ("Enter your tenant ID" in fix and "AADSTS50194" in fix) == (audience == "AzureADMyOrg")


def test_1_15_nobody_is_told_to_request_the_retired_azure_ad_graph(tmp_path: Path) -> None:
    tenant(tmp_path, [app()], [principal(CLIENT)])
    connector(tmp_path / "c", custom={"resourceUri": "https://graph.windows.net"})
    (found,) = findings(tmp_path, "connector-resource-not-requested")
    assert "Azure AD Graph is retired: enter https://graph.microsoft.com" in (found.remediation or "")
    assert "--api 00000002-0000-0000-c000-000000000000" not in (found.remediation or "")


def test_1_16_the_retired_api_needs_no_service_principal(tmp_path: Path) -> None:
    retired = "00000002-0000-0000-c000-000000000000"
    tenant(tmp_path, [app(requiredResourceAccess=asks(retired, (NOWHERE, "Scope")))], [principal(CLIENT)])
    assert findings(tmp_path, "perm-resource-missing") == []
    assert severities(tmp_path, "perm-aad-graph") == ["medium"]
    tenant(tmp_path, [app(requiredResourceAccess=asks(API, (NOWHERE, "Scope")))], [principal(CLIENT)])
    assert severities(tmp_path, "perm-resource-missing") == ["high"]


FOR_USERS = (
    "connector-permission-not-delegated", "connector-redirect-unregistered", "connector-scope-none", "connector-redirect-mode",
    "connector-resource-not-requested", "connector-oauth-no-refresh", "connector-multi-tenant", "connector-scope-is-role",
)  # fmt: skip


def daemon_like(folder: Path, **custom: Any) -> Path:
    """A connector, a client with an app role of its API, an API without scopes."""
    role = {"id": SCOPE, "value": "Orders.Read.All", "isEnabled": True, "allowedMemberTypes": ["Application"]}
    api = app(id=NOWHERE, appId=API, displayName="API", identifierUris=[f"api://{API}"], appRoles=[role],
              api={"oauth2PermissionScopes": [], "preAuthorizedApplications": []})  # fmt: skip
    client = app(requiredResourceAccess=asks(API, (SCOPE, "Role")))
    tenant(folder, [client, api], [principal(CLIENT), principal(API, 4, oauth2PermissionScopes=[], appRoles=[role])])
    return connector(folder / "c", custom={"tenantId": TENANT, "resourceUri": f"api://{API}", **custom}).parent


@pytest.mark.parametrize("grant", ["client_credentials", "ClientCredentials", "CLIENT_CREDENTIALS"])
def test_1_17_client_credentials_need_neither_scope_nor_redirect_uri(grant: str, tmp_path: Path) -> None:
    daemon_like(tmp_path, grantType=grant)
    assert [found for rule in FOR_USERS for found in findings(tmp_path, rule)] == []


@pytest.mark.parametrize("custom", [{}, {"grantType": "code"}, {"grantType": ""}])
def test_1_17_other_grants_are_held_to_both(custom: dict[str, Any], tmp_path: Path) -> None:
    daemon_like(tmp_path, **custom)
    assert [rule for rule in FOR_USERS[:3] if not findings(tmp_path, rule)] == []


@pytest.mark.parametrize("grant", ["@connectionParameters('token:grantType')", '@environmentVariables("ord_Grant")', 7])
def test_1_17_a_grant_that_is_not_known_decides_nothing(grant: Any, tmp_path: Path) -> None:
    daemon_like(tmp_path, grantType=grant)
    report = audit(tmp_path, as_of=AS_OF, select=FOR_USERS[:3])
    assert [(outcome.failed, outcome.passed, outcome.not_evaluated) for outcome in report.outcomes] == [(0, 0, 1)] * 3


def test_1_17_each_connection_chooses_its_grant(tmp_path: Path) -> None:
    daemon_like(tmp_path)
    file = tmp_path / "c/apiProperties.json"
    properties = json.loads(file.read_text())
    properties["properties"]["connectionParameters"]["token:grantType"] = {"type": "string"}
    write(file, properties)
    assert {verdict(tmp_path, rule) for rule in FOR_USERS[:3]} == {"not_evaluated"}


def test_1_18_version_2_on_a_client_is_what_registrations_have(tmp_path: Path) -> None:
    api = app(id=NOWHERE, appId=API, displayName="API", identifierUris=[f"api://{API}"], api={"requestedAccessTokenVersion": None})
    client = app(api={"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": []}, appRoles=[])
    tenant(tmp_path, [client, api], [principal(CLIENT), principal(API, 4)])
    connector(tmp_path / "c", custom={"tenantId": TENANT, "resourceUri": f"api://{API}"})
    assert severities(tmp_path, "connector-token-version-on-client") == ["info"]
    # Who says that v2.0 tokens are expected, as that profile does, is told louder.
    assert [f.severity for f in findings(tmp_path, "connector-token-version-on-client", "custom-connector")] == ["medium"]


SECRET = {"keyId": NOWHERE, "displayName": "ci", "endDateTime": "2027-01-31T00:00:00Z"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"isFallbackPublicClient": True, "requiredResourceAccess": asks(GRAPH, (USER_READ_ALL, "Role"))}, []),
        ({"isFallbackPublicClient": True}, ["medium"]),
        ({"isFallbackPublicClient": True, "requiredResourceAccess": asks(GRAPH, ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope"))}, ["medium"]),
        ({"publicClient": {"redirectUris": ["http://localhost"]}, "requiredResourceAccess": asks(GRAPH, (USER_READ_ALL, "Role"))}, ["medium"]),
        ({"isFallbackPublicClient": True, "web": {"redirectUris": ["https://a.contoso.com/cb"]}}, []),
    ],
)  # fmt: skip
def test_1_19_a_daemon_that_allows_public_flows_is_no_public_client(more: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert severities(one(tmp_path, passwordCredentials=[SECRET], **more), "public-client-with-credentials") == expected


def test_1_19_permissions_that_are_not_in_the_input_decide_nothing(tmp_path: Path) -> None:
    part = app(isFallbackPublicClient=True, passwordCredentials=[SECRET])
    del part["requiredResourceAccess"]
    assert verdict(write(tmp_path / "app.json", part), "public-client-with-credentials") == "not_evaluated"


@pytest.mark.parametrize(
    ("resource", "permission", "severity", "reach"),
    [
        (EXCHANGE, ("dc890d15-9560-4a4c-9b7f-a736ec74ec40", "Role"), "medium", "every mailbox or site"),
        (SHAREPOINT, ("678536fe-1083-478a-9c59-b99265e6b0d3", "Role"), "medium", "every mailbox or site"),
        (EXCHANGE, ("3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5", "Scope"), "low", "the signed-in user"),
        (GRAPH, ("9769c687-087d-48ac-9cb3-c37dde652038", "Scope"), "low", "the signed-in user"),
    ],
)
def test_1_21_delegated_permissions_reach_what_the_user_reaches(
    resource: str, permission: tuple[str, str], severity: str, reach: str, tmp_path: Path
) -> None:
    (found,) = findings(one(tmp_path, requiredResourceAccess=asks(resource, permission)), "perm-legacy-exchange-sharepoint")
    assert found.severity == severity
    assert reach in found.message


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("abc123x-5001.euw.devtunnels.ms", ["medium"]),
        ("payroll.ngrok.app", ["medium"]),
        ("contoso.ngrok.io", ["medium"]),
        ("actively-brave-otter.ngrok-free.app", ["medium"]),
        ("4f2a-203-0-113-7.ngrok-free.app", ["high"]),
        ("4f2a-203-0-113-7.eu.ngrok.io", ["high"]),
        ("0a1b2c3d.ngrok.io", ["high"]),
        ("*.ngrok.io", ["high"]),
        ("quick-words-here.trycloudflare.com", ["high"]),
        ("payroll.loca.lt", ["high"]),
        ("bit.ly", ["high"]),
        ("ngrok.contoso.com", []),
    ],
)
def test_1_23_a_tunnel_that_is_bound_to_its_account_is_medium(host: str, expected: list[str], tmp_path: Path) -> None:
    assert severities(one(tmp_path, web={"redirectUris": [f"https://{host}/cb"]}), "redirect-shortener-or-tunnel") == expected


@pytest.mark.parametrize(
    ("path", "platform", "expected"),
    [
        ("/.auth/login/aad/callback", "web", []),
        ("/.auth/login/AAD/callback", "web", []),
        ("/.auth/login/github/callback", "web", ["low"]),
        ("/auth/login/aad/callback", "web", ["low"]),
        ("/x/.auth/login/aad/callback", "web", ["low"]),
        ("/.auth/login/aad/callback", "spa", ["low"]),
    ],
)
def test_1_25_app_service_authentication_needs_id_tokens(path: str, platform: str, expected: list[str], tmp_path: Path) -> None:
    more: dict[str, Any] = {"web": {"redirectUris": []}}
    more[platform] = {"redirectUris": [f"https://a.contoso.com{path}"]}
    more["web"]["implicitGrantSettings"] = {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": False}
    assert severities(one(tmp_path, **more), "implicit-id-token") == expected


def test_1_25_platforms_that_are_not_in_the_input_make_no_difference(tmp_path: Path) -> None:
    for uri, expected in (("https://a.contoso.com/.auth/login/aad/callback", []), ("https://a.contoso.com/cb", ["low"])):
        web = {"redirectUris": [uri], "implicitGrantSettings": {"enableIdTokenIssuance": True}}
        file = write(tmp_path / "app.json", {"id": NOWHERE, "appId": CLIENT, "displayName": "Payroll", "web": web})
        assert severities(file, "implicit-id-token") == expected


@pytest.mark.parametrize(
    ("resource", "severity", "named"),
    [
        ("https://digitaltwins.azure.net", "medium", "Azure Digital Twins"),
        ("https://apps.azureiotcentral.com", "medium", "Azure IoT Central"),
        ("https://cognitiveservices.azure.com", "medium", "Microsoft Cognitive Services"),
        ("https://api.something-new.azure.com", "medium", "a Microsoft API"),
        ("https://orders.contoso.com/api", "high", "https://orders.contoso.com/api"),
        ("https://payroll.westeurope.cloudapp.azure.com", "high", "https://payroll.westeurope.cloudapp.azure.com"),
        ("https://azure.com.contoso.com", "high", "https://azure.com.contoso.com"),
        (f"api://{NOWHERE}", "high", NOWHERE),
    ],
)
def test_1_26_an_api_of_microsofts_comes_with_its_first_use(resource: str, severity: str, named: str, tmp_path: Path) -> None:
    tenant(tmp_path, [app()], [principal(CLIENT)])
    connector(tmp_path / "c", custom={"tenantId": TENANT, "resourceUri": resource})
    (found,) = findings(tmp_path, "connector-resource-unknown")
    assert found.severity == severity
    assert named in found.message


def test_1_26_where_its_service_principal_is_there_nothing_is_wrong(tmp_path: Path) -> None:
    twins = microsofts("0b07f429-9f4b-4714-9392-cc5e8e80c8b0", 8, servicePrincipalNames=["https://digitaltwins.azure.net"])
    tenant(tmp_path, [app()], [principal(CLIENT), twins])
    connector(tmp_path / "c", custom={"tenantId": TENANT, "resourceUri": "https://digitaltwins.azure.net"})
    assert findings(tmp_path, "connector-resource-unknown") == []


@pytest.mark.parametrize(
    ("uris", "count"),
    [
        (["https://APP.contoso.com/cb", "https://app.contoso.com/cb"], 0),
        (["HTTPS://app.contoso.com/cb", "https://app.contoso.com/cb"], 0),
        (["https://app.contoso.com/CB", "https://app.contoso.com/cb"], 2),
        (["https://APP.contoso.com/CB", "https://app.contoso.com/cb"], 2),
        (["https://app.contoso.com/cb?Next=a", "https://app.contoso.com/cb?next=a"], 2),
    ],
)
def test_1_27_case_counts_in_the_path_not_in_the_host(uris: list[str], count: int, tmp_path: Path) -> None:
    assert severities(one(tmp_path, web={"redirectUris": uris}), "redirect-case-duplicates") == ["low"] * count


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("22222222-3333-4333-8333-333333333333", []),
        ("8ADF8E6E-67b2-4cf2-a259-e3dc5476c621", ["medium"]),  # "Create your own application"
        (None, ["medium"]),
        ("", ["medium"]),
    ],
)
def test_1_28_the_vendors_host_of_a_gallery_application(template: str | None, expected: list[str], tmp_path: Path) -> None:
    uris = {"redirectUris": ["https://samltoolkit.azurewebsites.net/SAML/Consume"]}
    assert severities(one(tmp_path, applicationTemplateId=template, web=uris), "redirect-takeover-prone") == expected
    # A template that is not in the input exempts nothing.
    assert severities(one(tmp_path, web=uris), "redirect-takeover-prone") == ["medium"]


def test_1_29_what_is_not_known_is_a_placeholder_in_one_form(tmp_path: Path) -> None:
    """A manifest of a template: neither id nor appId is known, and no fix says so in words that somebody pastes."""
    secret = {"displayName": "ci", "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2020-06-01T00:00:00Z"}
    careless = app(
        id="${{AAD_APP_OBJECT_ID}}", appId="${{AAD_APP_CLIENT_ID}}", passwordCredentials=[secret], signInAudience="AzureADMultipleOrgs",
        spa={"redirectUris": ["http://a.contoso.com/cb"]},
        web={"redirectUris": ["http://a.contoso.com/cb", "https://*.contoso.com"],
             "implicitGrantSettings": {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": True}},
    )  # fmt: skip
    report = audit(write(tmp_path / "aad.manifest.json", careless), as_of=AS_OF, profile="strict")
    commands = [
        "".join(command)
        for finding in report.findings
        for command in re.findall(r"`(az [^`\n]*)`|^((?:az|PATCH|DELETE) .*)", finding.remediation or "", re.M)
    ]
    assert len(commands) > 5
    assert [command for command in commands if re.search(r"unknown|None|[<>]\w|app\.app_id|\$\{", command)] == []
    assert any("--id APP-ID" in command for command in commands)
    assert any("/applications/OBJECT-ID" in command for command in commands)


@pytest.mark.parametrize(
    "script",
    [
        "beforeAll(() => { global.msalConfig = require('./App/authConfig.js').msalConfig; });",
        "const msalConfig = require('./authConfig');\nmodule.exports = { msalConfig };",
        "let msalConfig = jest.fn();",
        "global.msalConfig = {};",
        "const passportConfig = null;",
    ],
)
def test_1_30_a_script_that_assigns_no_object_is_passed_over(script: str, tmp_path: Path) -> None:
    write(tmp_path / "sample.test.js", script)
    one(tmp_path)
    ran = regaudit("scan", tmp_path, "--as-of", AS_OF)
    assert (ran.code, "sample.test.js" in ran.err) == (0, False)


def test_1_30_an_object_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "authConfig.js", "export const msalConfig = { cache: { cacheLocation: 'sessionStorage' } };")
    one(tmp_path)
    ran = regaudit("scan", tmp_path, "--as-of", AS_OF)
    assert ran.code == 2
    assert "authConfig.js:1:1" in ran.err


# -- 3: use on a whole folder


def test_3_a_connector_that_does_not_name_on_behalf_of_login_leaves_it_off(tmp_path: Path) -> None:
    connector(tmp_path)
    report = audit(tmp_path, as_of=AS_OF)
    assert [reason for reason in report.reasons() if "enableOnbehalfOfLogin" in str(reason)] == []
    assert verdict(tmp_path, "connector-obo-not-preauthorized") == "not_applicable"
    connector(tmp_path, custom={"enableOnbehalfOfLogin": "<<true or false>>"})
    assert verdict(tmp_path, "connector-obo-not-preauthorized") == "not_evaluated"


def test_3_environment_variables_of_a_connector_are_not_judged(tmp_path: Path) -> None:
    """Microsoft's own way to move a connector between environments."""
    tenant(tmp_path, [app()], [principal(CLIENT)])
    custom = {name: f'@environmentVariables("ord_{name}")' for name in ("loginUri", "tenantId", "resourceUri")}
    connector(tmp_path / "c", custom=custom, scopes=['@environmentVariables("ord_Scope")'], clientId='@environmentVariables("ord_Client")')
    report = audit(tmp_path, as_of=AS_OF)
    assert [found.rule_id for found in report.findings if found.status == "fail" and found.rule_id.startswith("connector-")] == []
    assert {"ord_tenantId", "ord_resourceUri", "ord_Scope", "ord_Client"} <= set(
        re.findall(r"ord_\w+", " ".join(map(str, report.reasons())))
    )


def on_behalf_of(folder: Path, on: str) -> Path:
    """A connector with on-behalf-of login; `on` is the registration that preauthorizes Azure API Connections."""
    scope = {"id": SCOPE, "value": "access_as_user", "isEnabled": True, "type": "User"}
    connections = {"appId": "fe053c5f-3692-4f14-aef2-ee34fc081cae", "delegatedPermissionIds": [SCOPE]}

    def exposes(name: str) -> dict[str, Any]:
        return {"oauth2PermissionScopes": [scope], "preAuthorizedApplications": [connections] if name == on else []}

    api = app(id=NOWHERE, appId=API, displayName="API", identifierUris=[f"api://{API}"], api=exposes("api"))
    tenant(folder, [app(api=exposes("client")), api], [principal(CLIENT), principal(API, 4)])
    connector(folder / "c", custom={"tenantId": TENANT, "resourceUri": f"api://{API}", "enableOnbehalfOfLogin": "true"})
    return folder


@pytest.mark.parametrize(("on", "expected"), [("api", []), ("client", []), ("neither", ["high"])])
def test_field_3_the_client_or_the_api_preauthorizes_azure_api_connections(on: str, expected: list[str], tmp_path: Path) -> None:
    """Microsoft's guide does it on the connector's own registration."""
    assert severities(on_behalf_of(tmp_path, on), "connector-obo-not-preauthorized") == expected
    # Its service principal is needed either way.
    assert severities(tmp_path, "connector-obo-principal-missing") == ([] if expected else ["high"])


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("https://login.microsoftonline.com/common", ["high"]),
        ("https://login.microsoftonline.com/organizations", ["high"]),
        (f"https://login.microsoftonline.com/{TENANT}", []),
        ("https://login.example/common", []),
        ("https://contoso.b2clogin.com/common", []),
    ],
)
def test_field_5_generic_oauth_signs_in_at_the_tenant_of_its_url(at: str, expected: list[str], tmp_path: Path) -> None:
    tenant(tmp_path, [app()], [principal(CLIENT)])
    connector(tmp_path / "c", "oauth2", {"authorizationUrl": f"{at}/oauth2/v2.0/authorize", "tokenUrl": f"{at}/oauth2/v2.0/token"})
    assert severities(tmp_path, "connector-tenant-common") == expected
    # Another identity platform is none of ours.
    judged = [found.rule_id for found in audit(tmp_path, as_of=AS_OF).findings if found.rule_id.startswith("connector-oauth")]
    assert bool(judged) == at.startswith("https://login.microsoftonline.com/")


# -- 4: what pages say


PAGES = {rule.id: rule for rule in rulebook.shipped()}


def text_of(rule: str) -> str:
    """Why and fix, on one line."""
    return " ".join(f"{PAGES[rule].why} {PAGES[rule].fix}".split())


@pytest.mark.parametrize(
    ("rule", "says", "says_not"),
    [
        ("clients-without-sp-allowed", "Since then Entra ID refuses such clients", "ends this behaviour"),
        ("connector-redirect-unregistered", "the port of `localhost` is ignored", "letter by letter with those"),
        ("redirect-slash-variants", "without a path, `https://host` and `https://host/` are the same", "With and without the slash are two redirect URIs."),
        ("redirect-takeover-prone", "Static Web Apps", None),
        ("redirect-shortener-or-tunnel", "dev tunnel", "A tunnel's name goes"),
        ("redirect-case-duplicates", "host names are not", None),
        ("connector-multi-tenant", "tenant isolation", "whatever the registration allows"),
        ("connector-login-host", "ciamlogin.com", None),
        ("connector-secret-in-file", "shorter than 16 characters", "left alone"),
        ("perm-unknown-id", "only a part of them", "this is certain"),
        ("perm-legacy-exchange-sharepoint", "Since October 2026", "from October 2026 on"),
        ("preauth-unknown-client", "Microsoft's own clients", None),
        ("app-id-uri-unverified-domain", "Application Proxy", None),
        ("app-id-uri-trailing-slash", "Application Proxy", None),
        ("secret-lifetime", "an hour longer", None),
        ("implicit-id-token", "App Service authentication", None),
    ],
)  # fmt: skip
def test_4_statements(rule: str, says: str, says_not: str | None) -> None:
    assert says in text_of(rule)
    assert says_not is None or says_not not in text_of(rule)


@pytest.mark.parametrize("rule", ["connector-oauth-no-refresh", "connector-oauth-endpoints", "connector-oauth-versions"])
def test_4_generic_oauth_is_judged_by_the_file_alone(rule: str, tmp_path: Path) -> None:
    at = "https://login.microsoftonline.com/common/oauth2"
    urls = {
        "connector-oauth-no-refresh": {"authorizationUrl": f"{at}/v2.0/authorize", "tokenUrl": f"{at}/v2.0/token"},
        "connector-oauth-endpoints": {"authorizationUrl": f"{at}/v2.0/authorize", "tokenUrl": f"{at}/v2.0/authorize"},
        "connector-oauth-versions": {"authorizationUrl": f"{at}/v2.0/authorize", "tokenUrl": f"{at}/token"},
    }[rule]
    connector(tmp_path, "oauth2", urls)
    assert len(findings(tmp_path, rule)) == 1
    # What is still to be filled in, or comes from elsewhere, is not wrong.
    connector(tmp_path, "oauth2", urls | {"tokenUrl": "<<token URL>>"}, scopes=["<<your scopes>>"])
    assert findings(tmp_path, rule) == []
    right = {"authorizationUrl": f"{at}/v2.0/authorize", "tokenUrl": f"{at}/v2.0/token"}
    connector(tmp_path, "oauth2", right, scopes=["offline_access", f"api://{API}/access_as_user"])
    assert findings(tmp_path, rule) == []


@pytest.mark.parametrize(
    ("host", "fits"),
    [("contoso.ciamlogin.com", True), ("contoso.b2clogin.com", True), ("login.microsoftonline.us", True), ("ciamlogin.com.fabrikam.com", False)],
)  # fmt: skip
def test_4_external_id_signs_in_at_hosts_of_its_own(host: str, fits: bool, tmp_path: Path) -> None:
    write(
        tmp_path / "authConfig.js",
        MSAL.format(client=CLIENT, tenant=TENANT, uri="http://localhost").replace("login.microsoftonline.com", host),
    )
    one(tmp_path)
    assert severities(tmp_path, "connector-login-host") == ([] if fits else ["medium"])


def test_4_a_missing_lock_is_hardening(tmp_path: Path) -> None:
    for audience, severity in (("AzureADMultipleOrgs", "medium"), ("AzureADMyOrg", "low")):
        assert severities(one(tmp_path, signInAudience=audience, servicePrincipalLockConfiguration=None), "app-lock-missing") == [severity]


_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]  # fmt: skip
# "until March 2026", "ends in 2027", "from October 2026 on", "will be removed on 2026-03-31": what has yet to come when it is written.
_TO_COME = re.compile(
    rf"\b(?:until|(?:end|stop|close|retire|remove|switch|block)(?:s|es)?\b[^.]{{0,60}}\b(?:in|on|from)|from|as of|will\b[^.]{{0,80}}\b(?:in|on|by|from))\s+"
    rf"(?:(?P<day>\d{{1,2}})\s+)?(?:(?P<month>{'|'.join(_MONTHS)})\s+)?(?P<year>20\d\d)(?:-(?P<iso>\d\d)(?:-(?P<isoday>\d\d))?)?\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:was|were|had|did|let|could|ended|offered|gave|took|stopped|began|used to|has been|have been)\b", re.IGNORECASE)


def overdue(prose: str, today: datetime.date) -> list[str]:
    """Sentences that speak of a day that has passed as of one to come."""
    found = []
    for sentence in re.split(r"(?<=[.:;])\s+", " ".join(prose.split())):
        for date in _TO_COME.finditer(sentence):
            month = int(date["iso"]) if date["iso"] else _MONTHS.index(date["month"].capitalize()) + 1 if date["month"] else 12
            day = int(date["isoday"] or date["day"] or 28)
            if datetime.date(int(date["year"]), month, day) < today and not _PAST.search(sentence):
                found.append(sentence)
    return found


@pytest.mark.parametrize("rule", list(PAGES))
def test_4_no_page_speaks_of_a_day_that_has_passed_as_of_one_to_come(rule: str) -> None:
    prose = re.sub(r"`[^`]*`", "", f"{PAGES[rule].title}. {PAGES[rule].why} {PAGES[rule].fix}")
    assert overdue(prose, datetime.datetime.now(tz=datetime.timezone.utc).date()) == []


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("Microsoft ends this behaviour in March 2026: clients stop working then.", True),
        ("Exchange Online stops answering Exchange Web Services from October 2026 on.", True),
        ("It works until 31 March 2026.", True),
        ("Access will be removed on 2026-03-31.", True),
        ("It will end in 2025.", True),
        ("It works until March 2031.", False),
        ("Until March 2026 such a setting let clients in.", False),
        ("The last extended access ended in 2025.", False),
        ("Exchange Online has been switching it off since October 2026.", False),
        ("Secrets from before 2021 could be made without an end.", False),
    ],
)
def test_4_days_that_have_passed_are_seen(sentence: str, wrong: bool) -> None:
    assert bool(overdue(sentence, datetime.date(2026, 11, 28))) == wrong


# -- the inputs that were kept


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        ("F01_preauth_teams", "preauth-unknown-client"), ("F03_localhost_port", "connector-redirect-unregistered"),
        ("F09_unknown_id_partial_sp", "perm-unknown-id"), ("F11_secret_placeholder", "connector-secret-in-file"),
    ],
)  # fmt: skip
def test_the_inputs_that_were_kept(case: str, rule: str) -> None:
    folder = Path("/work/shared/cases/precision") / case
    if not folder.is_dir():
        pytest.skip("the inputs of precision.md are not here")
    assert findings(folder, rule) == []
