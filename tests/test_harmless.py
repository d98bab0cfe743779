"""Hostile names and URIs through every command and format: nothing printed is obeyed, and no planted secret is shown."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import unicodedata
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from auditor.report import KINDS
from auditor.sources import reader
from auditor.sources import text as source_text
from tests.helpers import PAGE, Ran, regaudit, write
from tests.test_connectors import properties

CASES = Path("/work/shared/cases/attack")
SECRET = "s3cr3t"
APP, API = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
NAMES = st.lists(
    st.sampled_from(
        ["=PLANT|' /C calc'!A0", "+PLANT", "-PLANT", "@PLANT", "::error::PLANT", "##vso[task.PLANT]", "##[error]PLANT", "\x1b[31m", "\u202e",
         "\r\n", "\t", "\u2028", " ", "字", "A" * 55, ":" * 90, "#", f"https://u:{SECRET}@h.contoso.com/?{SECRET}", f"'https://h/?a={SECRET}'"]
    ),
    min_size=1, max_size=4,
).map("".join)  # fmt: skip


def _without_scheme(uri: str) -> str:
    """A URI up to a blank, and no address of e-mail. What is no host is one only before a path: "=PLANT#x" is a name like "a#b"."""
    return re.sub(r"^(=PLANT|::error::)(?=[?#])", r"\1/", uri)


URIS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(
            ["http://", "https://", "HTTPS://", "https:", "https:\\\\", "msauth.contoso://", "api://", "", " https://", "urn:"]
        ),
        st.sampled_from(["", f"me:{SECRET}@", f"{SECRET}@", f"a@b:{SECRET}@"]),
        st.sampled_from(["a.azurewebsites.net", "localhost:1", "10.0.0.1", "xn--e1a.contoso.com", "*.contoso.com", "::error::", "=PLANT"]),
        st.sampled_from(["", "/", "/cb", "/c b", "/##vso[x]", "/\x1b[2J\u202e"]),
        st.sampled_from(
            ["", f"?{SECRET}", f"?a=1&code={SECRET}", f"?a b {SECRET}", f"?x={SECRET}'\"{SECRET}", f"?\n{SECRET}", f"?#{SECRET}"]
        ),
        st.sampled_from(["", f"#{SECRET}", f"#/a?{SECRET}"]),
    ),
).map(lambda uri: uri if re.match(r" ?[A-Za-z.]+:", uri) else _without_scheme("".join(uri.split()).removeprefix(f"{SECRET}@")))
FORBIDDEN = {"Cc", "Cf", "Zl", "Zp", "Co", "Cs"}


def assert_harmless(ran: Ran, what: object, *, prose: bool = False, table: bool = False) -> None:
    assert ran.code in (0, 1, 2), what
    assert "Traceback" not in ran.err, what
    assert "internal error" not in ran.err, what
    for text in (ran.out, ran.err):
        assert SECRET not in text, what
        for line in re.split(r"\r?\n", text):
            assert not {unicodedata.category(c) for c in line} & FORBIDDEN, (what, line)
            assert not re.search(r"##(vso)?\[", line, re.IGNORECASE), (what, line)
            assert not re.match(r"\s*::", line), (what, line)
            assert prose or not re.match(r"\s*[=+@-]PLANT", line), (what, line)
            assert not table or not re.search(r"  [=+@-]PLANT", line), (what, line)  # the cell of a table


def tenant(folder: Path, name: str, uri: str, other: str) -> None:
    ids = {"id": API, "appId": APP, "displayName": name, "signInAudience": "AzureADandPersonalMicrosoftAccount"}
    app: dict[str, Any] = {
        **ids, "tags": [name, uri], "notes": name, "defaultRedirectUri": uri, "publisherDomain": name, "serviceManagementReference": uri,
        "identifierUris": [uri, other],
        "web": {"redirectUris": [uri, other, uri.upper()], "logoutUrl": uri, "homePageUrl": uri, "redirectUriSettings": [{"uri": uri, "index": 1}] * 2},
        "spa": {"redirectUris": [other, uri]}, "publicClient": {"redirectUris": [other + "/"]},
        "passwordCredentials": [{"keyId": "k", "displayName": name, "endDateTime": "2026-01-10T00:00:00Z"},
                                {"keyId": uri, "displayName": uri, "endDateTime": "2025-01-10T00:00:00Z"}],
        "keyCredentials": [{"keyId": name, "displayName": name, "customKeyIdentifier": name, "endDateTime": "2026-01-10T00:00:00Z", "type": name}],
        "owners": [{"id": "u", "displayName": name, "userPrincipalName": uri}],
        "federatedIdentityCredentials": [{"name": name, "issuer": uri, "subject": name, "audiences": [uri]}] * 2,
        "api": {"oauth2PermissionScopes": [{"id": "s", "value": name, "type": "User", "isEnabled": True, "adminConsentDescription": uri}],
                "preAuthorizedApplications": [{"appId": name, "delegatedPermissionIds": [uri]}], "knownClientApplications": [name]},
        "appRoles": [{"id": "r", "value": uri, "displayName": name, "allowedMemberTypes": [name], "isEnabled": True}],
        "requiredResourceAccess": [{"resourceAppId": name, "resourceAccess": [{"id": uri, "type": "Scope"}, {"id": name, "type": name}]}],
        "optionalClaims": {"idToken": [{"name": name}]}, "groupMembershipClaims": name,
    }  # fmt: skip
    write(folder / "app.json", app)
    write(
        folder / "bad.json",
        {**app, "appId": APP[:-1] + "2", "id": API[:-1] + "3", "tags": uri, "signInAudience": [uri], "isFallbackPublicClient": name},
    )
    write(folder / "sp.json", {"id": API[:-1] + "4", "appId": APP, "servicePrincipalType": "Application", "displayName": name,
                               "servicePrincipalNames": [uri, name], "replyUrls": [uri], "homepage": uri, "loginUrl": uri, "logoutUrl": uri})  # fmt: skip
    write(folder / "error.json", {"error": {"code": name, "message": f"{uri} Bearer {SECRET} eyJhbGciOiJ{SECRET}.{SECRET}.x"}})
    custom = {"resourceUri": {"value": uri}, "loginUri": {"value": uri}, "tenantId": {"value": name}}
    write(
        folder / "connector/apiProperties.json",
        properties(custom=custom, clientId=APP, scopes=["".join(uri.split()), name], redirectUrl=uri),
    )  # a scope ends at a blank
    for i in range(5):  # more than a few: rules are compiled
        write(
            folder / f"{i}.json",
            {**app, "id": f"3333333{i}-3333-4333-8333-333333333333", "appId": f"4444444{i}-4444-4444-8444-444444444444"},
        )


@pytest.mark.no_cover
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(name=NAMES, uri=URIS, other=URIS)
@example("=PLANT|' /C calc'!A0", f"https://me:{SECRET}@a.azurewebsites.net/cb?code={SECRET}", f"urn:x?{SECRET}")
@example("x", f"a@b:{SECRET}@10.0.0.1#{SECRET}", "x")
@example("x", f"xn--e1a.contoso.com/#{SECRET}", f"a.azurewebsites.net#{SECRET}")
@example("A" * 55 + "::error::PLANT", f"a.azurewebsites.net/?{SECRET}", f"http://a?\n{SECRET}#{SECRET}")
def test_every_command_and_format(name: str, uri: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as below:
        folder = Path(below)
        tenant(folder, name, uri, other)
        as_of = ("--as-of", "2026-01-01")
        message = f"AADSTS50011: The redirect URI '{uri}' of '{APP}'"
        for args in (
            ("scan", folder, *as_of, "--profile", "strict", "--select", "ALL", "-v", "--limit", "0"),
            ("scan", folder, *as_of, "--profile", "strict", "--select", "ALL", "--output-format", "json", "--show-passed", "--inventory"),
            *(("scan", folder, *as_of, "--output-format", "ndjson", "--rows", kind) for kind in KINDS),
            *(("scan", folder, *as_of, "--output-format", "csv", "--rows", kind) for kind in KINDS),
            ("connect", folder, *as_of),
            ("connect", folder, *as_of, "--output-format", "json"),
            ("credentials", folder, *as_of),
            ("credentials", folder, *as_of, "--output-format", "json"),
            ("credentials", folder, *as_of, "--output-format", "ics"),
            ("api-permissions", folder),
            ("api-permissions", folder, "--output-format", "json"),
            ("explain", message, folder, *as_of),
            ("explain", message, folder, *as_of, "--output-format", "json"),
        ):
            is_table = args[0] in ("credentials", "api-permissions") and "--output-format" not in args
            assert_harmless(regaudit(*args), args, table=is_table)


# -- secrets in every place that can hold one

SECRETS = st.tuples(
    st.text("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", min_size=16, max_size=40).map("Zq".__add__),
    st.sampled_from(["{}", "abc8Q~{}", "{}==", "-----BEGIN PRIVATE KEY-----{}", "AccountKey={};", "{{{}}}", "${}", "[1, \"{}\"]", "{{\"x\": \"{}\"}}", "2024-02-30T{}"]),
)  # fmt: skip
HOLDERS = (
    "secretText",
    "value",
    "key",
    "hint",
    "password",
    "clientSecret",
    "client_secret",
    "privateKey",
    "SecretText",
    "KEY",
    "secret_text",
    "x",
)
MANGLED = st.sampled_from(["", "twice", "cut", "list", "object", "comma", "before", "text", "large"])


def holders(secret: str, holder: str) -> dict[str, Any]:
    """Files of many kinds with a secret where one can be."""
    held: Any = {holder: secret}
    (plain,) = re.findall("Zq[A-Za-z]+", secret)
    ids = {"id": API, "appId": APP, "displayName": "Payroll"}
    credential = {"keyId": "k", "displayName": "ci", "endDateTime": "2025-01-10T00:00:00Z", **held}
    old = {"objectId": API, "appId": APP, "displayName": "Payroll", "objectType": "Application", "replyUrls": ["http://x.contoso.com"]}
    resource = {"address": "azuread_application_password.a", "type": "azuread_application_password", "values": {"value": secret}}
    return {
        "graph.json": {**ids, "web": {"redirectUris": ["http://a.contoso.com"], **held}, "passwordCredentials": [credential], "keyCredentials": [credential], **held},
        "page.json": {"@odata.context": "https://x/$metadata#applications", "value": [{**ids, "passwordCredentials": [credential]}], **held},
        "principal.json": {**ids, "servicePrincipalType": "Application", "passwordCredentials": [credential], "keyCredentials": [credential]},
        "manifest.json": {**ids, "replyUrlsWithType": [], "passwordCredentials": [credential], **held},
        "aadgraph.json": {**old, "passwordCredentials": [{"keyId": "k", "endDate": "2025-01-10T00:00:00Z", **held}], **held},
        "rbac.json": {"appId": APP, "displayName": "x", "password": secret, "tenant": API, **held},
        "appsettings.json": {"AzureAd": {"ClientId": APP, "TenantId": API, "ClientSecret": secret, "ClientCertificates": [held]}},
        "authConfig.json": {"credentials": {"clientID": APP, "tenantID": API, "clientSecret": secret}, "metadata": {"authority": "x", "version": "v2.0"}},
        "authConfig2.json": {"auth": {"clientId": APP, "authority": "https://login.microsoftonline.com/common", **held}, "cache": held},
        "apiProperties.json": properties(custom={"tenantId": {"value": "x"}}, clientId=APP, **held | {"clientSecret": secret}),
        "sample.json": {"Sample": {}, "AADApps": [{"Id": "a", "Name": "x", "Kind": "SinglePageApplication", **held}]},
        "powershell.json": {"AppId": APP, "SignInAudience": "AzureADMyOrg", "PasswordCredentials": [{"SecretText": secret}], **held},
        "error.json": {"error": {"code": "x", "message": f"client_secret={plain}&x Bearer {plain} access_token={plain} abc8Q~{plain:x<34.34} -----BEGIN RSA PRIVATE KEY----- {plain}"}},
        "state.tfstate": {"version": 4, "lineage": "x", "resources": [{**resource, "instances": [{"attributes": {"value": secret}}]}]},
        "parameters.json": {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {"s": {"value": secret}}},
        "unknown.json": {"appId": APP, "requiredResourceAccess": secret, "passwordCredentials": [held], **held},
        "collections.json": {"applications": [{**ids, "passwordCredentials": [credential]}], "servicePrincipals": [held], holder: [{holder: [held]}]},
    }  # fmt: skip


def mangled(value: Any, how: str, secret: str, holder: str, at: float) -> str:
    text = json.dumps(value, indent=1)
    quoted = json.dumps(secret)
    match how:
        case "twice":
            return text.replace(f'"{holder}": {quoted}', f'"{holder}": "", "{holder}": {quoted}')
        case "cut":
            return text[: int(len(text) * at)]
        case "list":
            return text.replace(quoted, f"[{quoted}, 1]")
        case "object":
            return text.replace(quoted, f'{{"secretText": {quoted}, "endDateTime": {quoted}}}')
        case "comma":
            return text.replace(quoted, f"{quoted},,")
        case "before":
            return f"client_secret={secret}\n{text}"
        case "text":
            return json.dumps(text)
    return text


@pytest.mark.no_cover
@settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(secret=SECRETS, holder=st.sampled_from(HOLDERS), how=MANGLED, at=st.floats(0.2, 0.99))
def test_no_secret_is_shown_wherever_it_is(secret: tuple[str, str], holder: str, how: str, at: float) -> None:
    random, form = secret
    with tempfile.TemporaryDirectory() as below, contextlib.ExitStack() as patches:
        if how == "large":
            for module in (reader, source_text):
                patches.enter_context(mock.patch.object(module, "EXACT_UP_TO", 0))
        folder = Path(below)
        made = holders(form.format(random), holder)
        for name, value in made.items():
            write(folder / name.replace("2", "/"), mangled(value, how, form.format(random), holder, at))
        write(
            folder / "authConfig.js",
            f'const msalConfig = {{auth: {{clientId: "{APP}", clientSecret: `{random}`}}}};\nmodule.exports = {{msalConfig}};',
        )
        write(folder / "app.tf", f'resource "azuread_application" "a" {{\n  password = "{random}"\n}}\n')
        write(folder / "app.yaml", f"signInAudience: x\npasswordCredentials:\n- secretText: {random}\n")
        as_of = ("--as-of", "2026-01-01")
        runs: list[tuple[Any, ...]] = [
            ("scan", folder, *as_of, "--profile", "strict", "--select", "ALL", "-v", "--limit", "0"),
            ("scan", folder, *as_of, "--output-format", "json", "--show-passed"),
            ("connect", folder, *as_of), ("connect", folder, *as_of, "--output-format", "json"),
            ("credentials", folder, *as_of), ("credentials", folder, *as_of, "--output-format", "json"), ("credentials", folder, *as_of, "--output-format", "ics"),
            ("api-permissions", folder, "--output-format", "json"), ("explain", f"AADSTS7000222: {APP}", folder, *as_of),
            *(("scan", folder / name.replace("2", "/"), *as_of) for name in made),
        ]  # fmt: skip
        for args in runs:
            ran = regaudit(*args)
            assert "internal error" not in ran.err, args
            assert random[:12] not in ran.out + ran.err, (args, how)


def test_pages_of_ones_own(tmp_path: Path) -> None:
    page = PAGE.format(title="=PLANT \x1b[31m\u202e ##vso[x]", severity="low", id="x", tag="::error::").replace(
        "Why it matters.", "\u202e##vso[task.x]\n::error::x\n  ::error::y\n\tindented\u061c"
    )
    write(tmp_path / "own/hostile.md", page.replace('"::error::"', '"##[x]", "\\u202e"'))
    for args in (
        ("rules", "--select", "hostile"),
        ("rules", "--select", "hostile", "--output-format", "json"),
        ("explain", "hostile"),
        ("explain", "hostile", "--raw"),
        ("explain", "hostile", "--output-format", "json"),
    ):
        ran = regaudit(*args, "--extend-rules", tmp_path / "own")
        assert ran.code == 0, ran.err
        assert_harmless(ran, args, prose=args[0] == "explain", table=args[0] == "rules")
    raw = regaudit("explain", "secret-expired", "--raw").out
    assert raw.strip() == (Path(__file__).parent.parent / "rules/credentials/secret-expired.md").read_text("utf-8").strip()


def test_what_a_uri_hides_changes_no_identity(tmp_path: Path) -> None:
    """Two URIs that read alike are two findings, and each is the same finding in every run."""

    def findings(*uris: str) -> dict[str, str]:
        app = {"id": API, "appId": APP, "displayName": "x", "web": {"redirectUris": list(uris)}}
        ran = regaudit("scan", write(tmp_path / "app.json", app), "--select", "redirect-http", "--output-format", "json")
        return {row["finding_id"]: row["actual"] for row in ran.findings if row["status"] == "fail"}

    one, two = "http://a.contoso.com/?code=1", "http://a.contoso.com/?code=2"
    both = findings(one, two)
    assert list(both.values()) == ["http://a.contoso.com/?…"] * 2
    assert len(both) == 2
    assert {*findings(one), *findings(two)} == {*both}


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of the attack are not here")
@pytest.mark.parametrize("case", ["o1-url-secret.json", "o2-error-token.json", "o3-ics.json"])
def test_cases_of_the_attack(case: str) -> None:
    for args in (("scan",), ("scan", "--output-format", "json"), ("credentials", "--output-format", "ics", "--as-of", "2026-01-01")):
        ran = regaudit(args[0], CASES / case, *args[1:])
        assert not re.search(r"PLANTED|eyJ|^\s*::", ran.out + ran.err, re.MULTILINE), args
    text = json.dumps(json.loads((CASES / case).read_text()))
    for secret in re.findall(r"://[^/@\"]*:([^@\"]+)@|[?&#]\w+=([^&#\"]+)", text):
        for args in (("scan",), ("scan", "--output-format", "json")):
            ran = regaudit(args[0], CASES / case, *args[1:])
            assert not any(part and part in ran.out + ran.err for part in secret)
