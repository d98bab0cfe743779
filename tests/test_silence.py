"""What once passed in silence: each test is named by its row in the list of injected faults (precision, part 2), with its siblings and
with a correct set-up that stays quiet.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Ran, regaudit, write

NOW = "2026-11-28"
APP, OTHER, TENANT = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002", "99999999-9999-4999-8999-999999999999"
GRAPH = "00000003-0000-0000-c000-000000000000"
# Of the form of a value that Entra ID makes, and made up: it must not be in any output.
VALUE = "zz98Q~" + "planted-value-0123456789ABCDEFGHIJ"
OLD_VALUE = "[planted?4=@aa9.OLDxy~value"
FORMS = ("text", "json")


def app(**more: Any) -> dict[str, Any]:
    return {
        "id": "22222222-0000-4000-8000-000000000001", "appId": APP, "displayName": "Orders", "signInAudience": "AzureADMyOrg",
        "createdDateTime": "2026-02-01T00:00:00Z", "isFallbackPublicClient": False, "notes": None, "tags": [], "appRoles": [],
        "identifierUris": [], "requiredResourceAccess": [], "passwordCredentials": [], "keyCredentials": [],
        "api": {"oauth2PermissionScopes": [], "preAuthorizedApplications": [], "knownClientApplications": []},
        "web": {"redirectUris": []}, "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}, **more,
    }  # fmt: skip


def secret(number: int = 1, **more: Any) -> dict[str, Any]:
    key = f"5ec7e700-0000-4000-8000-00000000000{number}"
    dates = {"startDateTime": "2026-10-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}
    return {"keyId": key, "displayName": f"s{number}", "hint": "zz9", **dates, **more}


def certificate(number: int = 1, **more: Any) -> dict[str, Any]:
    return {**secret(number), "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": f"{number:040X}", "key": None, **more}


def scan(path: Path, form: str = "json") -> Ran:
    return regaudit("scan", path, "--as-of", NOW, "--output-format", form)


def found(path: Path, *rules: str) -> list[tuple[str, str, str]]:
    """Rule, severity and place of what fails, of some rules."""
    rows = [row for row in scan(path).findings if row["status"] == "fail" and row["rule_id"] in rules]
    return sorted((row["rule_id"], row["severity"], row["property_path"] or "") for row in rows)


def pointers(path: Path, *rules: str) -> list[tuple[str, str, str]]:
    """Rule, severity and JSON Pointer in the file of what fails, of some rules."""
    rows = [row for row in scan(path).findings if row["status"] == "fail" and row["rule_id"] in rules]
    return sorted((row["rule_id"], row["severity"], row["pointer"]) for row in rows)


def messages(path: Path, rule: str) -> list[str]:
    return [row["message"] for row in scan(path).findings if row["status"] == "fail" and row["rule_id"] == rule]


def one(folder: Path, *rules: str, **more: Any) -> list[tuple[str, str, str]]:
    return found(write(folder / "app.json", app(**more)), *rules)


def nowhere(folder: Path, *values: str) -> None:
    """None of these is in any output of a scan, nor on standard error, in no encoding."""
    for form in FORMS:
        for options in ((), ("-v", "--profile", "strict", "--show-passed")):
            ran = regaudit("scan", folder, "--as-of", NOW, "--output-format", form, *options)
            for value in values:
                for shown in (value, json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode()):
                    assert shown not in ran.out + ran.err


# -- M1, M17: secrets in files and in descriptions


def test_2_M01_secret_in_manifest(tmp_path: Path) -> None:
    live = [secret(1, secretText=VALUE), secret(2, secretText=OLD_VALUE), secret(3, secretText=None), secret(4, secretText="<your secret>")]
    ended = secret(5, secretText=VALUE, endDateTime="2026-11-01T00:00:00Z")
    assert one(tmp_path, "secret-in-file", passwordCredentials=[*live, ended]) == [
        ("secret-in-file", "high", "passwordCredentials[0].secretText"),
        ("secret-in-file", "high", "passwordCredentials[1].secretText"),
        ("secret-in-file", "low", "passwordCredentials[4].secretText"),
    ]
    nowhere(tmp_path, VALUE, OLD_VALUE)


@pytest.mark.parametrize("stands_in", ["", " ", "***", "xxxxxxxx", "REDACTED", "your-client-secret", "${{SECRET}}", "{{secret}}", "[hidden]", "the value goes here"])  # fmt: skip
def test_2_M01_what_stands_in_for_a_secret_is_none(tmp_path: Path, stands_in: str) -> None:
    assert one(tmp_path, "secret-in-file", passwordCredentials=[secret(secretText=stands_in)]) == []


def test_2_M01_secret_in_old_manifests_and_private_keys(tmp_path: Path) -> None:
    old = {
        "keyId": "5ec7e700-0000-4000-8000-000000000001",
        "startDate": "2026-10-01T00:00:00Z",
        "endDate": "2027-01-01T00:00:00Z",
        "value": VALUE,
    }
    portal = {
        "id": "22222222-0000-4000-8000-000000000001", "appId": APP, "name": "Orders", "replyUrlsWithType": [], "oauth2AllowImplicitFlow": False,
        "passwordCredentials": [old], "keyCredentials": [{**old, "type": "Symmetric", "usage": "Verify", "customKeyIdentifier": None}],
    }  # fmt: skip
    assert pointers(write(tmp_path / "portal" / "app.json", portal), "secret-in-file", "key-in-file") == [
        ("key-in-file", "high", "/keyCredentials/0/value"),
        ("secret-in-file", "high", "/passwordCredentials/0/value"),
    ]
    keys = [certificate(1, key=VALUE), certificate(2, key=VALUE, type="X509CertAndPassword"), certificate(3, type="Symmetric")]
    assert one(tmp_path / "graph", "key-in-file", keyCredentials=keys) == [("key-in-file", "high", "keyCredentials[1].key")]
    nowhere(tmp_path, VALUE)


def test_2_M01_secret_of_a_service_principal(tmp_path: Path) -> None:
    principal = {
        "id": "44444444-0000-4000-8000-000000000001", "appId": APP, "displayName": "Orders", "servicePrincipalType": "Application",
        "passwordCredentials": [secret(1, secretText=VALUE), secret(2, displayName=VALUE), secret(3)],
    }  # fmt: skip
    rows = found(write(tmp_path / "sp.json", [principal]), "sp-secret-in-file")
    assert [(rule, severity) for rule, severity, _ in rows] == [("sp-secret-in-file", "high")] * 2
    nowhere(tmp_path, VALUE)


ANSWERS = {
    "addPassword": ({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.passwordCredential", **secret(), "secretText": VALUE}, "/secretText"),
    "PowerShell": ({"DisplayName": "s", "EndDateTime": "2027-01-01T00:00:00Z", "Hint": "zz9", "KeyId": secret()["keyId"], "SecretText": VALUE}, "/SecretText"),
    "az ad app credential reset": ({"appId": APP, "password": VALUE, "tenant": TENANT}, "/password"),
    "az ad sp create-for-rbac": ({"appId": APP, "displayName": "ci", "password": VALUE, "tenant": TENANT}, "/password"),
    "--sdk-auth": ({"clientId": APP, "clientSecret": VALUE, "subscriptionId": OTHER, "tenantId": TENANT}, "/clientSecret"),
    "m365 entra app add": ({"appId": APP, "objectId": OTHER, "tenantId": TENANT, "secrets": [{"displayName": "Default", "value": VALUE}]}, "/secrets/0/value"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_2_M01_saved_answer(tmp_path: Path, name: str) -> None:
    answer, place = ANSWERS[name]
    write(tmp_path / "app.json", app())
    write(tmp_path / "answer.json", answer)
    assert pointers(tmp_path, "saved-client-secret", "connector-secret-in-file") == [("saved-client-secret", "high", place)]
    assert scan(tmp_path).code == 1
    assert "connector" not in scan(tmp_path, "text").out.split("Evaluated")[0].split("Read ")[1], "it is not counted as a connector"
    nowhere(tmp_path, VALUE)
    redacted = json.loads(json.dumps(answer).replace(VALUE, "<redacted>"))
    assert found(write(tmp_path / "b" / "answer.json", redacted), "saved-client-secret") == []


def test_2_M17_secret_as_description(tmp_path: Path) -> None:
    secrets = [
        secret(1, displayName=VALUE),
        secret(2, displayName=f"prod {VALUE}"),
        secret(3, displayName="FAQ~bot 8Q~ x"),
        secret(4, displayName=None),
    ]
    assert one(tmp_path, "secret-as-description", passwordCredentials=secrets) == [
        ("secret-as-description", "high", "passwordCredentials[0].displayName"),
        ("secret-as-description", "high", "passwordCredentials[1].displayName"),
    ]
    nowhere(tmp_path, VALUE)


@pytest.mark.parametrize("more", [{"notes": f"secret: {VALUE}"}, {"tags": ["a", VALUE]}, {"displayName": VALUE}, {"keyCredentials": [certificate(displayName=VALUE)]}])  # fmt: skip
def test_2_M17_secret_in_other_texts(tmp_path: Path, more: dict[str, Any]) -> None:
    ((rule, severity, _),) = one(tmp_path, "secret-in-text", **more)
    assert (rule, severity) == ("secret-in-text", "high")
    assert next(iter(more)) in messages(tmp_path / "app.json", "secret-in-text")[0]
    nowhere(tmp_path, VALUE)
    assert one(tmp_path / "b", "secret-in-text", notes="ask the team", tags=["HideApp"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "***", "xxxxxxxxxxxxxxxxxxxx", "<secret>", "[redacted]", "${SECRET_1}", "#{Secret1}#", "%SECRET1%", "__SECRET_1__",
        "@Microsoft.KeyVault(SecretUri=https://orders.vault.azure.net/secrets/s1)", "@keyvault", "op://vault/item1/field",
        "ENC[AES256_GCM,data:1234]", "abc8Q~...", "h3x…", "5ec7e700-0000-4000-8000-000000000001", "00000000-0000-0000-0000-000000000000",
        "removed for security 2026",
    ],
)  # fmt: skip
def test_2_M01_what_stands_for_a_secret_is_none(tmp_path: Path, text: str) -> None:
    assert one(tmp_path, "secret-in-file", passwordCredentials=[secret(secretText=text)]) == []
    answer = {"appId": "11111111-1111-4111-8111-111111111111", "displayName": "Orders", "password": text, "tenant": TENANT}
    assert found(write(tmp_path / "saved.json", answer), "saved-client-secret") == []


# -- M7, M12: enumerations, deleted registrations


@pytest.mark.parametrize("more", [{"signInAudience": "AzureADMultipleOrg"}, {"api": {"requestedAccessTokenVersion": 3}}])
def test_2_M07_value_outside_an_enumeration(tmp_path: Path, more: dict[str, Any]) -> None:
    ran = scan(write(tmp_path / "app.json", app(**more)), "text")
    assert "it counts as unknown" in ran.out + ran.err
    report = scan(tmp_path / "app.json").json
    for rule in ("app-lock-missing", "accept-mapped-claims-multitenant") if "signInAudience" in more else ("token-version-null",):
        assert rule not in {row["rule_id"] for row in report["findings"] if row["status"] == "fail"}


def test_2_M12_deleted_registration_is_not_judged(tmp_path: Path) -> None:
    ran = scan(
        write(tmp_path / "app.json", app(deletedDateTime="2026-11-01T00:00:00Z", passwordCredentials=[secret(secretText=VALUE)])), "text"
    )
    assert "was deleted on 2026-11-01" in ran.out + ran.err
    assert ran.code == 2
    nowhere(tmp_path, VALUE)


@pytest.mark.parametrize("name", ["accessTokenAcceptedVersion", "acceptMappedClaims", "allowPublicClient"])
def test_field_8_b43_a_name_of_the_old_manifest_is_ignored_and_told(tmp_path: Path, name: str) -> None:
    """Its value decides nothing, and whoever wrote it is told today's name."""
    ran = scan(write(tmp_path / "app.json", {**app(), name: 2 if name.endswith("Version") else True}), "text")
    assert f"{name} is a property of the old manifest" in ran.out + ran.err
    assert ran.code == 0
    quiet = scan(write(tmp_path / "null.json", {**app(), name: None}), "text")
    assert "old manifest" not in quiet.out + quiet.err


# -- M8: credentials that are not valid yet


def test_2_M08_only_credential_not_valid_yet(tmp_path: Path) -> None:
    rules = ("secret-not-yet-valid", "certificate-not-yet-valid")
    next_year = {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2027-06-01T00:00:00Z"}
    assert one(tmp_path / "a", *rules, passwordCredentials=[secret(1, **next_year)]) == [
        ("secret-not-yet-valid", "medium", "passwordCredentials[0].startDateTime")
    ]
    assert one(tmp_path / "b", *rules, keyCredentials=[certificate(1, **next_year)]) == [
        ("certificate-not-yet-valid", "medium", "keyCredentials[0].startDateTime")
    ]
    beside = one(tmp_path / "c", *rules, keyCredentials=[certificate()], passwordCredentials=[secret(1, **next_year)])
    assert beside == [("secret-not-yet-valid", "low", "passwordCredentials[0].startDateTime")], "the certificate may be what it uses"
    assert one(tmp_path / "d", *rules, passwordCredentials=[secret(1), secret(2, **next_year)]) == [], "prepared in time"


# -- M9: Exchange Web Services


def test_2_M09_ews_of_microsoft_graph(tmp_path: Path) -> None:
    def asks(api: str, permission: str, kind: str = "Scope") -> dict[str, Any]:
        return {"resourceAppId": api, "resourceAccess": [{"id": permission, "type": kind}]}

    ews = asks(GRAPH, "9769c687-087d-48ac-9cb3-c37dde652038")
    ((rule, _, place),) = one(tmp_path, "perm-legacy-exchange-sharepoint", requiredResourceAccess=[ews])
    assert (rule, place) == ("perm-legacy-exchange-sharepoint", "requiredResourceAccess[0].resourceAccess[0].id")
    mail = asks(GRAPH, "570282fd-fa5c-430d-a7fd-fc8dc98a9dca")
    assert one(tmp_path / "b", "perm-legacy-exchange-sharepoint", requiredResourceAccess=[mail]) == []


# -- M10: single-page applications with a credential


def test_2_M10_spa_with_secret(tmp_path: Path) -> None:
    rules, spa = ("spa-with-credentials",), {"redirectUris": ["https://shop.contoso.com/"]}
    assert one(tmp_path / "a", *rules, spa=spa, passwordCredentials=[secret()]) == [
        ("spa-with-credentials", "medium", "passwordCredentials")
    ]
    assert len(one(tmp_path / "b", *rules, spa=spa, keyCredentials=[certificate()])) == 1
    native = {"redirectUris": ["http://localhost"]}
    assert len(one(tmp_path / "c", *rules, spa=spa, publicClient=native, passwordCredentials=[secret()])) == 1
    scope = {"id": OTHER, "value": "access_as_user", "type": "User", "isEnabled": True}
    quiet: tuple[dict[str, Any], ...] = (
        {"spa": spa},
        {"spa": spa, "passwordCredentials": [secret(endDateTime="2026-01-01T00:00:00Z")]},
        {"spa": spa, "passwordCredentials": [secret()], "web": {"redirectUris": ["https://shop.contoso.com/cb"]}},
        {"spa": spa, "passwordCredentials": [secret()], "api": {"oauth2PermissionScopes": [scope]}},
        {"passwordCredentials": [secret()]},
    )
    for i, more in enumerate(quiet):
        assert one(tmp_path / f"quiet-{i}", *rules, **more) == []


# -- M11: agent identity blueprints


def test_2_M11_agent_blueprint(tmp_path: Path) -> None:
    rules = ("agent-blueprint-secret", "agent-blueprint-no-sponsor", "secret-expired")
    blueprint = {"@odata.type": "#microsoft.graph.agentIdentityBlueprint"}
    ended = secret(2, endDateTime="2026-11-01T00:00:00Z")
    assert one(tmp_path / "a", *rules, **blueprint, passwordCredentials=[secret()], sponsors=[]) == [
        ("agent-blueprint-no-sponsor", "medium", "sponsors"),
        ("agent-blueprint-secret", "medium", "passwordCredentials[0].endDateTime"),
    ]
    assert ("secret-expired", "high", "passwordCredentials[0].endDateTime") in one(
        tmp_path / "b", *rules, **blueprint, passwordCredentials=[ended]
    )
    sponsor = {"@odata.type": "#microsoft.graph.user", "id": OTHER}
    assert one(tmp_path / "c", *rules, **blueprint, sponsors=[sponsor]) == []
    assert one(tmp_path / "d", *rules, passwordCredentials=[secret()]) == [], "a plain registration"
    assert one(tmp_path / "e", "agent-blueprint-no-sponsor", **blueprint) == [], "sponsors that nobody read"


# -- M13, M14, M19: connectors


def connector(folder: Path, policies: list[dict[str, Any]] | None = None, schemes: Any = ("https",), **settings: Any) -> Path:
    token = {"type": "oauthSetting", "oAuthSettings": {"identityProvider": "aad", "clientId": APP, **settings}}
    properties = {"connectionParameters": {"token": token}, "iconBrandColor": "#007ee5", "policyTemplateInstances": policies or []}
    write(folder / "apiProperties.json", {"properties": properties})
    definition = {"swagger": "2.0", "info": {"title": "Orders"}, "host": "orders.contoso.com", "paths": {}}
    write(folder / "apiDefinition.swagger.json", definition if schemes is None else {**definition, "schemes": list(schemes)})
    return folder


def policy(name: str, value: str, template: str = "setheader") -> dict[str, Any]:
    at = "x-ms-apimTemplateParameter."
    return {"templateId": template, "title": "t", "parameters": {f"{at}name": name, f"{at}value": value, f"{at}existsAction": "override"}}


def test_2_M13_key_in_a_policy(tmp_path: Path) -> None:
    key = "planted0123456789abcdef012345678"
    policies = [
        policy("Ocp-Apim-Subscription-Key", key),
        policy("api_key", key, "setqueryparameter"),
        policy("Authorization", f"Bearer {key}"),
        policy("x-functions-key", "@connectionParameters('key', '')"),
        policy("x-api-key", "PLACEHOLDER_API_KEY"),
        policy("AuthorizationServer", "https://login.contoso.com/oauth2/0123456789"),
        policy("User-Agent", "orders-0123456789abcdef-connector"),
        policy("X-Auth-Accept", "application/vnd.contoso.v2+json"),
        policy("x-api-key-version", "2026-01-01-preview"),
        policy("X-Auth-Provider", "microsoft-entra-id-v2"),
        policy("X-Token-Audience", "api.contoso.com/v2/orders"),
        policy("X-Keyword-Filter", "invoices-and-orders-2026"),
        policy("Authorization", "ApiKey id=@connectionParameters('id')"),
        policy("x-functions-key", "@{variables('key')}/0123456789"),
        policy("subscription-key", "00000000-0000-0000-0000-000000000000"),
    ]
    rows = found(connector(tmp_path / "a", policies), "connector-key-in-policy", "connector-secret-in-file")
    assert [(rule, severity) for rule, severity, _ in rows] == [("connector-key-in-policy", "high")] * 3
    report = scan(tmp_path / "a").json
    lines = {row["line"] for row in report["findings"] if row["rule_id"] == "connector-key-in-policy" and row["status"] == "fail"}
    ids = {row["finding_id"] for row in report["findings"] if row["rule_id"] == "connector-key-in-policy" and row["status"] == "fail"}
    assert len(ids) == 3, "each has an identity of its own"
    assert lines == {1}
    assert "1 connector" in scan(tmp_path / "a", "text").out
    assert len(found(write(tmp_path / "s" / "orders_policytemplateinstances.json", policies[:1]), "connector-key-in-policy")) == 1, (
        "a solution's file"
    )
    nowhere(tmp_path, key)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-functions-key", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6AzFu1234567=="),
        ("Proxy-Authorization", "Basic dXNlcjpwYXNzd29yZDEyMw=="),
        ("subscription_key", "9f86d081-884c-7d65-9a2f-eaa0c55ad015"),
        ("X-Contoso-Api-Key", "orders-9f86d081"),
        ("X-Auth-Session-Id", "9f86d081884c7d659a2feaa0c55ad015"),
    ],
)
def test_2_M13_other_keys_in_a_policy(tmp_path: Path, name: str, value: str) -> None:
    is_long_enough = len(value) >= 16
    rows = found(connector(tmp_path, [policy(name, value)]), "connector-key-in-policy")
    assert [(rule, severity) for rule, severity, _ in rows] == [("connector-key-in-policy", "high")] * is_long_enough
    nowhere(tmp_path, value)


@pytest.mark.parametrize(("schemes", "fails"), [(("http",), True), (("HTTP",), True), (("https",), False), (("http", "https"), False), (None, False)])  # fmt: skip
def test_2_M14_api_over_http(tmp_path: Path, schemes: Any, fails: bool) -> None:
    rows = found(connector(tmp_path, schemes=schemes), "connector-api-http")
    assert [(rule, severity) for rule, severity, _ in rows] == [("connector-api-http", "high")] * fails


def test_2_M19_generic_oauth_by_the_file_alone(tmp_path: Path) -> None:
    at = "https://login.microsoftonline.com/common/oauth2/v2.0"
    urls = {"authorizationUrl": {"value": f"{at}/authorize"}, "tokenUrl": {"value": f"{at}/token"}, "refreshUrl": {"value": f"{at}/token"}}
    rule, api = "connector-oauth-no-refresh", f"api://{OTHER}/access_as_user"
    generic: dict[str, Any] = {"identityProvider": "oauth2", "customParameters": urls}
    ((_, severity, _),) = found(connector(tmp_path / "a", **generic, scopes=["openid", api]), rule)
    assert severity == "medium"
    assert found(connector(tmp_path / "b", **generic, scopes=["offline_access", api]), rule) == []
    swapped = {**generic, "customParameters": {**urls, "tokenUrl": {"value": f"{at}/authorize"}}}
    assert len(found(connector(tmp_path / "c", **swapped, scopes=["offline_access", api]), "connector-oauth-endpoints")) == 1


# -- M15: redirect URIs of mobile apps


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("msauth.com.contoso.orders:/auth", "slashes"),
        ("msauth.com.contoso.orders://auth/callback", "nothing but auth"),
        ("msauth://com.contoso.orders/2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "URL-encoded"),
        ("msauth://com.contoso.orders/2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk=", "URL-encoded"),
        ("msauth://com.contoso.orders/2jmj7l5rSw0yVb", "SHA-1"),
        ("msauth:/com.contoso.orders/2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D", "slashes"),
        ("msauth.com.contoso.orders://auth", None),
        ("msauth://com.contoso.orders/2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D", None),
        ("contoso://auth/callback", None),
        ("msauth.com.contoso.orders://com.contoso.orders", None),  # of an app that came from ADAL
        ("msauth://code/msauth.com.contoso.orders%3A%2F%2Fauth", None),  # the broker on iOS
        ("msauth://code/1wIqXSqBj7", "SHA-1"),
    ],
)
def test_2_M15_mobile_redirect_uri(tmp_path: Path, uri: str, fault: str | None) -> None:
    rows = one(tmp_path, "redirect-mobile-form", publicClient={"redirectUris": [uri]})
    assert rows == ([("redirect-mobile-form", "medium", "publicClient.redirectUris[0]")] if fault else [])
    if fault:
        assert fault in messages(tmp_path / "app.json", "redirect-mobile-form")[0]


# -- M16, M20: Application ID URIs of others


@pytest.mark.parametrize(
    ("uri", "fails"),
    [
        (f"api://{OTHER}/orders", True), (f"api://{OTHER}", True), (f"api://orders.contoso.com/{OTHER}", True), (f"api://{OTHER.upper()}/orders", True),
        (f"api://{APP}/orders", False), (f"api://{TENANT}/orders", False), (f"api://{TENANT}/{OTHER}", False), (f"api://{OTHER}/{APP}", False),
        (f"api://orders.contoso.com/{APP}", False), (f"api://orders.contoso.com/botid-{OTHER}", False), ("api://orders.contoso.com", False),
    ],
)  # fmt: skip
def test_2_M16_application_id_uri_of_another_application(tmp_path: Path, uri: str, fails: bool) -> None:
    tenant = {"organization": {"id": TENANT, "verifiedDomains": [{"name": "contoso.com"}]}, "servicePrincipals": []}
    rules = ("app-id-uri-foreign-appid", "app-id-uri-form")
    rows = found(write(tmp_path / "t.json", {**tenant, "applications": [app(identifierUris=[uri])]}), *rules)
    assert rows == (
        [("app-id-uri-foreign-appid", "high", "identifierUris[0]")] if fails else [row for row in rows if "foreign" not in row[0]]
    )


def test_2_M16_of_a_registration_that_is_there_no_tenant_is_needed(tmp_path: Path) -> None:
    other = app(id="22222222-0000-4000-8000-000000000002", appId=OTHER)
    rows = found(write(tmp_path / "a.json", [app(identifierUris=[f"api://{OTHER}/orders"]), other]), "app-id-uri-foreign-appid")
    assert rows == [("app-id-uri-foreign-appid", "high", "identifierUris[0]")]
    assert one(tmp_path / "b", "app-id-uri-foreign-appid", identifierUris=[f"api://{OTHER}/orders"]) == [], "it may be the tenant's ID"


def test_2_M20_application_id_uris_that_differ_in_case(tmp_path: Path) -> None:
    other = {"id": "22222222-0000-4000-8000-000000000002", "appId": OTHER}
    twins = [app(identifierUris=["api://contoso.com/orders"]), app(**other, identifierUris=["api://Contoso.com/Orders"])]
    rows = found(write(tmp_path / "a.json", twins), "app-id-uri-duplicate")
    assert rows == [("app-id-uri-duplicate", "medium", "identifierUris[0]")] * 2
    assert OTHER in "".join(messages(tmp_path / "a.json", "app-id-uri-duplicate")), "equal names are told apart by their ids"
    apart = [app(identifierUris=["api://contoso.com/orders"]), app(**other, identifierUris=["api://contoso.com/order"])]
    assert found(write(tmp_path / "b.json", apart), "app-id-uri-duplicate") == []


# -- M18: the tenant's own policy


def managed(
    folder: Path, restriction: dict[str, Any], more: dict[str, Any], *, enabled: bool = True, half: str = "applicationRestrictions"
) -> list[Any]:
    kind = (
        "keyCredentials"
        if "ymmetricKey" in restriction["restrictionType"] and restriction["restrictionType"].startswith("asym")
        else "passwordCredentials"
    )
    empty: dict[str, Any] = {"passwordCredentials": [], "keyCredentials": [], "identifierUris": None}
    halves = {"applicationRestrictions": empty, "servicePrincipalRestrictions": empty, half: {**empty, kind: [restriction]}}
    tenant = {"defaultAppManagementPolicy": {"isEnabled": enabled, **halves}, "applications": [app(**more)]}
    return found(write(folder / "t.json", tenant), "secret-against-policy", "certificate-against-policy")


def test_2_M18_credential_that_the_policy_forbids(tmp_path: Path) -> None:
    no_secrets = {
        "restrictionType": "passwordAddition",
        "state": "enabled",
        "maxLifetime": None,
        "restrictForAppsCreatedAfterDateTime": None,
    }
    month = {**no_secrets, "restrictionType": "passwordLifetime", "maxLifetime": "P30D"}
    keys = {**month, "restrictionType": "asymmetricKeyLifetime"}
    mine = {"passwordCredentials": [secret()]}
    against = [("secret-against-policy", "low", "passwordCredentials[0].endDateTime")]
    assert managed(tmp_path / "a", no_secrets, mine) == against
    assert managed(tmp_path / "b", month, mine) == against
    assert managed(tmp_path / "c", keys, {"keyCredentials": [certificate()]}) == [
        ("certificate-against-policy", "low", "keyCredentials[0].endDateTime")
    ]
    assert managed(tmp_path / "d", {**no_secrets, "restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"}, mine) == against
    for i, quiet in enumerate(({**no_secrets, "restrictForAppsCreatedAfterDateTime": "2026-06-01T00:00:00Z"}, {**no_secrets, "state": "disabled"}, {**month, "maxLifetime": "P92D"})):  # fmt: skip
        assert managed(tmp_path / f"quiet-{i}", quiet, mine) == []
    assert managed(tmp_path / "off", no_secrets, mine, enabled=False) == []
    assert managed(tmp_path / "others", no_secrets, mine, half="servicePrincipalRestrictions") == []
    assert managed(tmp_path / "ended", no_secrets, {"passwordCredentials": [secret(endDateTime="2026-11-01T00:00:00Z")]}) == []
    alone = scan(write(tmp_path / "alone.json", app(**mine))).json
    (rule,) = (rule for rule in alone["rules"] if rule["id"] == "secret-against-policy")
    assert rule["verdicts"]["not_evaluated"] == 1, "a policy that nobody read forbids nothing, and allows nothing"


# -- M21: audiences


@pytest.mark.parametrize(
    ("tenants", "fails"), [([], True), (None, True), ([TENANT], False)],
)  # fmt: skip
def test_2_M21_audience_of_nobody(tmp_path: Path, tenants: list[str] | None, fails: bool) -> None:
    restricted = {"@odata.type": "#microsoft.graph.allowedTenantsAudience", "isHomeTenantAllowed": False, "allowedTenantIds": tenants}
    rows = one(tmp_path, "audience-restricted-to-nobody", signInAudience="AzureADMultipleOrgs", signInAudienceRestrictions=restricted)
    place = "signInAudienceRestrictions.allowedTenantIds"
    assert rows == ([("audience-restricted-to-nobody", "medium", place)] if fails else [])
    free = {"@odata.type": "#microsoft.graph.unrestrictedAudience"}
    assert one(tmp_path, "audience-restricted-to-nobody", signInAudience="AzureADMultipleOrgs", signInAudienceRestrictions=free) == []


# -- found, but unhelpful


def test_2_48_role_that_its_api_deleted(tmp_path: Path) -> None:
    role = {
        "id": "66666666-0000-4000-8000-000000000001",
        "value": "Orders.Read",
        "displayName": "x",
        "isEnabled": True,
        "allowedMemberTypes": ["Application"],
    }
    api = {
        "id": "44444444-0000-4000-8000-000000000002", "appId": OTHER, "displayName": "Orders API", "servicePrincipalType": "Application",
        "appRoles": [role], "oauth2PermissionScopes": [], "appOwnerOrganizationId": TENANT,
    }  # fmt: skip
    principal = {"id": "44444444-0000-4000-8000-000000000001", "appId": APP, "displayName": "Orders", "appOwnerOrganizationId": TENANT}
    rules = ("grant-dangling", "perm-granted-not-requested")

    def granted(folder: Path, role_id: str) -> list[str]:
        grant = {
            "id": "g",
            "principalId": principal["id"],
            "principalType": "ServicePrincipal",
            "resourceId": api["id"],
            "appRoleId": role_id,
        }
        tenant = {
            "organization": {"id": TENANT, "verifiedDomains": []}, "applications": [app()], "servicePrincipals": [principal, api],
            "oauth2PermissionGrants": [], "appRoleAssignments": [grant],
        }  # fmt: skip
        return [rule for rule, _, _ in found(write(folder / "t.json", tenant), *rules)]

    assert granted(tmp_path / "a", "66666666-0000-4000-8000-000000000009") == ["grant-dangling"]
    assert granted(tmp_path / "b", role["id"]) == ["perm-granted-not-requested"]  # type: ignore[arg-type]


def test_2_A22_api_that_requires_assignment_is_explained() -> None:
    assert "perm-requested-not-granted" in regaudit("explain", "AADSTS501051").out


def test_2_90_scopes_with_commas(tmp_path: Path) -> None:
    api = app(id="22222222-0000-4000-8000-000000000002", appId=OTHER, identifierUris=[f"api://{OTHER}"])
    write(tmp_path / "apps.json", [app(), api])
    connector(
        tmp_path / "c",
        scopes=[f"openid,profile,api://{OTHER}/access_as_user"],
        customParameters={"resourceUri": {"value": f"api://{OTHER}"}},
    )
    rows = found(tmp_path, "connector-scope-malformed", "connector-scope-missing")
    assert [(rule, severity) for rule, severity, _ in rows] == [("connector-scope-malformed", "high")]


@pytest.mark.parametrize("code", [50001, 500571, 700024, 900561, 1002012, 7000216, 9002341])
def test_2_codes_that_explain_knows(code: int) -> None:
    ran = regaudit("explain", f"AADSTS{code}")
    assert ran.code == 0
    assert "not known" not in ran.out + ran.err


# -- peers, 1.3: owners and service principals


def tenant_of(principal: dict[str, Any], role: str, **more: Any) -> dict[str, Any]:
    graph = {"id": "44444444-0000-4000-8000-000000000003", "appId": GRAPH, "displayName": "Microsoft Graph", "owners": [], "replyUrls": []}
    own = {
        "id": "44444444-0000-4000-8000-000000000001",
        "appId": APP,
        "displayName": "Orders",
        "servicePrincipalType": "Application",
        "accountEnabled": True,
    }
    grant = {"id": "g", "principalId": own["id"], "principalType": "ServicePrincipal", "resourceId": graph["id"], "appRoleId": role}
    return {
        "organization": {"id": TENANT, "verifiedDomains": []}, "servicePrincipals": [{**own, **principal}, graph],
        "appRoleAssignments": [grant], "oauth2PermissionGrants": [], **more,
    }  # fmt: skip


TIER_0, MAIL = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "810c84a8-4a9e-49e6-bf7d-12d183f40d01"
ANN = {
    "@odata.type": "#microsoft.graph.user",
    "id": OTHER,
    "displayName": "Ann",
    "userPrincipalName": "ann@contoso.com",
    "userType": "Member",
}
BEN = {**ANN, "displayName": "Ben", "userPrincipalName": "ben_fabrikam.com#EXT#@contoso.com", "userType": "Guest"}


@pytest.mark.parametrize(
    ("owner", "role", "rows"),
    [
        (ANN, TIER_0, [("owner-of-privileged-app", "medium"), ("sp-owner-of-privileged", "medium")]),
        (BEN, TIER_0, [("owner-guest", "high"), ("sp-owner-guest", "high")]),
        (BEN, MAIL, [("owner-guest", "medium"), ("sp-owner-guest", "medium")]),
        (ANN, MAIL, []),
    ],
)
def test_peers_1_3_owners(tmp_path: Path, owner: dict[str, Any], role: str, rows: list[tuple[str, str]]) -> None:
    tenant = tenant_of({"owners": [owner], "appOwnerOrganizationId": TENANT}, role, applications=[app(owners=[owner])])
    rules = ("owner-of-privileged-app", "sp-owner-of-privileged", "owner-guest", "sp-owner-guest")
    assert [(rule, severity) for rule, severity, _ in found(write(tmp_path / "t.json", tenant), *rules)] == rows


def test_peers_1_3_foreign_service_principals(tmp_path: Path) -> None:
    uris = [
        "http://orders.fabrikam.com/cb",
        "https://fabrikam-orders.azurewebsites.net/cb",
        "https://*.fabrikam.com/",
        "https://orders.fabrikam.com/",
        "http://localhost",
    ]
    ended = secret(endDateTime="2026-01-01T00:00:00Z")
    foreign = {
        "appOwnerOrganizationId": "99999999-9999-4999-8999-999999999998",
        "replyUrls": uris,
        "passwordCredentials": [ended, secret(2)],
    }
    rules = ("sp-redirect-unsafe", "sp-secret-expired")
    assert found(write(tmp_path / "a.json", tenant_of(foreign, MAIL)), *rules) == [
        ("sp-redirect-unsafe", "low", "replyUrls[0]"),
        ("sp-redirect-unsafe", "low", "replyUrls[1]"),  # the supplier's, who uses it
        ("sp-redirect-unsafe", "medium", "replyUrls[2]"),
        ("sp-secret-expired", "low", "passwordCredentials[0].endDateTime"),
    ]
    own = {"appOwnerOrganizationId": TENANT, "replyUrls": uris, "passwordCredentials": []}
    assert found(write(tmp_path / "b.json", tenant_of(own, MAIL)), *rules) == []
