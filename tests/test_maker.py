"""The maker's answer: a connector's folder and two manifests from the portal, no `az`, and an error at "New connection"."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor import audit
from tests.helpers import ROOT, Ran, regaudit
from tests.test_connect import VARIANTS

sys.path.insert(0, str(ROOT / "scripts"))
from connector_samples import CHOSEN, NOT_IN_PORTAL, folder

DOWNLOADS = ROOT / "sample_downloads"
CASES = ROOT.parent / "shared/cases"
TODAY = ("--as-of", "2026-11-24")
# What no download shows: that a service principal is missing, that nobody consented. Their links are open, and say where to look.
UNSEEN = {"client without service principal", "API without service principal", "no consent to an administrator's scope"}
LIKELY = {"client of another tenant", "no secret", "resource URL without scheme", "resource URL with a slash"}


def connect(*paths: Path, **more: Any) -> Ran:
    return regaudit("connect", *map(str, paths), *TODAY, *more.get("options", ()))


def links(*paths: Path) -> dict[str, Any]:
    """Name of each link -> what was said of it."""
    (chain,) = connect(*paths, options=("--output-format", "json")).json["connectors"]
    return {link["link"]: link for link in chain["links"]}


def one_line(ran: Ran) -> str:
    return " ".join(ran.out.split())


# -- portal downloads only


@pytest.mark.parametrize("name", sorted(set(CHOSEN) - UNSEEN))
def test_each_fault_is_found_in_portal_downloads(name: str) -> None:
    _, rules, broken = VARIANTS[name]
    pair = DOWNLOADS / folder(name)
    assert connect(pair).code == 1
    found = links(pair)
    assert [link for link, one in found.items() if one["status"] == "fail"] == broken
    rows = [row["rule_id"] for one in found.values() for row in one["findings"]]
    assert set(rows) == rules
    assert found[broken[0]]["certainty"] == ("likely" if name in LIKELY else "certain")


@pytest.mark.parametrize("name", ["right", *sorted(UNSEEN)])
def test_what_no_download_shows_is_open_and_said_to_be(name: str) -> None:
    pair = DOWNLOADS / folder(name)
    ran = connect(pair)
    assert ran.code == 0
    found = links(pair)
    open_ = [link for link, one in found.items() if one["status"] == "not-evaluated"]
    assert open_ == ["client's service principal", "resource's service principal", "consent"]
    where = {"client's service principal": ("Orders connector", "Managed application in local directory"),
             "resource's service principal": ("Orders API", "Managed application in local directory"),
             "consent": ("Orders connector", "API permissions")}  # fmt: skip
    for link in open_:
        assert all(text in found[link]["portal"] for text in where[link]), "which application, and on which page"
        assert found[link]["remedy"] == "add the output of `az ad sp list --all`"
    assert "5 of 8 links fit, 3 are open: what is open was not checked" in one_line(ran)


def test_what_fits_is_said_by_name_and_value() -> None:
    said = one_line(connect(DOWNLOADS / "expenses"))
    for text in (
        'client ID 59259fa1-c2e1-486d-a8e6-92209abf090c is registered: "Expenses connector" (',
        "redirect URI https://global.consent.azure-apim.net/redirect/expenses-5f3a9c1d7e5b2f4a68 is registered on web",
        'secret "connector" is valid until 2027-03-31',
        'scope "access_as_user" exists on "Expenses API" and is enabled',
        'resource URL be70217c-6a30-4023-b667-d88bf222b94a is the application ID of "Expenses API"',
    ):
        assert text in said


def test_each_service_principal_is_called_by_its_name() -> None:
    found = links(ROOT / "sample_manifests/pair-right")
    assert {link: one["checked"] for link, one in found.items() if "service principal" in link} == {
        "client's service principal": ['service principal "Orders connector" exists and is enabled'],
        "resource's service principal": ['service principal "Orders API" exists and is enabled'],
    }
    assert all(one["status"] == "pass" for one in found.values())


def test_the_samples_are_what_the_portal_downloads() -> None:
    for manifest in DOWNLOADS.glob("*/*.json"):
        assert not NOT_IN_PORTAL & json.loads(manifest.read_text("utf-8")).keys()
    assert len(list(DOWNLOADS.glob("pair-*"))) == len(CHOSEN) + 1 == 17


def test_the_last_digit_of_the_resource_url(tmp_path: Path) -> None:
    pair = shutil.copytree(DOWNLOADS / "expenses", tmp_path / "expenses")
    properties = pair / "connector/apiProperties.json"
    properties.write_text(properties.read_text("utf-8").replace("d88bf222b94a", "d88bf222b94b"))
    ran = connect(pair)
    assert ran.code == 1
    assert "(1 likely)" in ran.out.splitlines()[0]
    found = links(pair)
    assert {link: one["certainty"] for link, one in found.items() if one["status"] == "fail"} == {"resource": "likely"}
    assert found["resource"]["portal"].endswith("Manifest > Download")
    assert found["client"]["status"] == "pass", "what the others said is not hidden"
    assert connect(pair, options=("--certain-only",)).code == 0


def test_an_api_that_is_not_in_the_input_is_open_and_not_likely_broken(tmp_path: Path) -> None:
    pair = shutil.copytree(DOWNLOADS / "expenses", tmp_path / "expenses")
    (pair / "Expenses API.json").unlink()
    found = links(pair)
    assert [one["status"] for link, one in found.items() if link in ("client", "resource")] == ["pass", "not-evaluated"]
    assert connect(pair).code == 0


def test_a_part_of_a_tenants_list_makes_nothing_likely(tmp_path: Path) -> None:
    """Whoever gives a list may have cut it; whoever gives manifests one by one has chosen them."""
    pair = shutil.copytree(DOWNLOADS / "expenses", tmp_path / "expenses")
    manifests = [json.loads(path.read_text("utf-8")) for path in sorted(pair.glob("*.json"))]
    for path in pair.glob("*.json"):
        path.unlink()
    manifests[0]["appId"] = "aaaaaaaa-0000-4000-8000-000000000001"
    manifests[0]["identifierUris"] = ["api://another"]
    (pair / "apps.json").write_text(json.dumps({"value": manifests, "@odata.nextLink": "https://graph.microsoft.com/v1.0/x"}))
    assert links(pair)["resource"]["status"] == "not-evaluated"


def test_a_definition_alone_is_told_apart(tmp_path: Path) -> None:
    """It is all that the portal downloads of a connector."""
    pair = shutil.copytree(DOWNLOADS / "expenses", tmp_path / "expenses")
    (pair / "connector/apiProperties.json").unlink()
    ran = connect(pair)
    assert ran.code == 2
    assert "do not say how it signs in" in ran.err
    assert "pac connector download" in ran.err


def test_no_link_that_could_be_checked_is_2_and_an_unreadable_file_stays_2(tmp_path: Path) -> None:
    alone = shutil.copytree(DOWNLOADS / "expenses/connector", tmp_path / "alone/connector")
    assert connect(alone).code == 2
    pair = shutil.copytree(DOWNLOADS / "pair-no-secret", tmp_path / "pair")
    (pair / "broken.json").write_text('{"appId": ')
    ran = connect(pair)
    assert ran.code == 2
    assert "likely broken" in ran.out


@pytest.mark.parametrize("columns", [80, 100])
def test_it_wraps(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for line in connect(DOWNLOADS / "pair-no-secret").out.splitlines()[1:]:
        assert len(line) <= columns or " " not in line.strip() or "/" in line or line.lstrip().startswith("az "), line  # commands are whole


def test_no_line_begins_with_what_others_chose(tmp_path: Path) -> None:
    pair = shutil.copytree(DOWNLOADS / "pair-no-secret", tmp_path / "pair")
    manifest = pair / "Orders connector.json"
    name = " ".join(["::error::x", "@everyone", "=cmd", "##vso[task.complete]", "- x"] * 12)
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | {"displayName": name}))
    for line in connect(pair).out.splitlines():
        assert not line.lstrip().startswith(("::", "@", "=", "##", "- x")), line


# -- beyond the folder


def as_old(manifest: Path) -> dict[str, Any]:
    """The same registration in the portal's old format, as far as that goes."""
    app = json.loads(manifest.read_text("utf-8"))
    return {
        "id": app["id"], "appId": app["appId"], "name": app["displayName"], "identifierUris": app["identifierUris"],
        "accessTokenAcceptedVersion": app["api"]["requestedAccessTokenVersion"], "signInAudience": app["signInAudience"],
        "replyUrlsWithType": [{"url": url, "type": "Web"} for url in app["web"]["redirectUris"]],
        "passwordCredentials": [
            {key: one[key] for key in ("keyId", "startDateTime", "endDateTime")} for one in app["passwordCredentials"]
        ],
        "keyCredentials": [], "requiredResourceAccess": app["requiredResourceAccess"], "appRoles": [],
        "oauth2Permissions": app["api"]["oauth2PermissionScopes"], "preAuthorizedApplications": [], "knownClientApplications": [],
    }  # fmt: skip


def moved(tmp_path: Path, name: str) -> Path:
    """A pair with its manifests in a folder of their own."""
    (tmp_path / "downloads").mkdir(parents=True)
    shutil.copytree(DOWNLOADS / name / "connector", tmp_path / "connector")
    for path in (DOWNLOADS / name).glob("*.json"):
        shutil.copy(path, tmp_path / "downloads" / path.name)
    return tmp_path


def with_old_export(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for path in (tmp_path / "downloads").glob("*.json"):
        (tmp_path / "old" / path.name).write_text(json.dumps(as_old(path)))


def with_another_teams_app(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    app = {"id": "dddddddd-0000-4000-8000-000000000001", "appId": "dddddddd-0000-4000-8000-000000000002", "displayName": "Of another team"}
    (tmp_path / "other/app.json").write_text(json.dumps(app))


@pytest.mark.parametrize("beside", [with_old_export, with_another_teams_app])
@pytest.mark.parametrize("name", ["pair-right", "pair-only-the-shared-redirect-uri", "pair-no-secret", "pair-scope-misspelt", "expenses"])
def test_a_folder_beside_hides_nothing(name: str, beside: Callable[[Path], None], tmp_path: Path) -> None:
    here = moved(tmp_path, name)
    alone = links(here / "connector", here / "downloads")
    beside(here)
    together = links(here)
    assert {link: one["status"] for link, one in together.items()} == {link: one["status"] for link, one in alone.items()}
    assert [row["rule_id"] for one in together.values() for row in one["findings"]] == [
        row["rule_id"] for one in alone.values() for row in one["findings"]
    ]
    assert "another folder" in " ".join(together["client"]["checked"])
    rules = {
        (row.rule_id, row.severity) for row in audit([here / "connector", here / "downloads"], as_of="2026-11-24").findings
        if row.resource_kind == "connector"
    }  # fmt: skip
    assert rules == {(row.rule_id, row.severity) for row in audit(here, as_of="2026-11-24").findings if row.resource_kind == "connector"}


def test_two_manifests_that_differ_decide_nothing_whatever_their_times(tmp_path: Path) -> None:
    here = moved(tmp_path, "pair-right")
    shutil.copytree(here / "downloads", here / "copies")
    wrong = here / "copies/Orders connector.json"
    app = json.loads(wrong.read_text("utf-8"))
    app["web"]["redirectUris"] = ["https://elsewhere.example/cb"]
    wrong.write_text(json.dumps(app))
    said = []
    for first, second in ((1, 2), (2, 1)):
        for file, when in ((wrong, first), (here / "downloads/Orders connector.json", second)):
            os.utime(file, (1_700_000_000 + when, 1_700_000_000 + when))
        ran = connect(here)
        said.append(ran.out)
        assert links(here)["client"]["status"] == "not-evaluated"
    assert said[0] == said[1]
    assert "copies/Orders connector.json and" in one_line(ran)
    assert "downloads/Orders connector.json differ" in one_line(ran)


def test_a_folder_of_connectors_says_how_many_sign_in_and_what_is_missing(tmp_path: Path) -> None:
    for number in range(3):
        shutil.copytree(DOWNLOADS / "expenses/connector", tmp_path / f"connectors/{number}")
    (tmp_path / "connectors/key").mkdir()
    (tmp_path / "connectors/key/apiProperties.json").write_text('{"properties": {"connectionParameters": {}, "iconBrandColor": "#fff"}}')
    said = one_line(connect(tmp_path / "connectors"))
    assert (
        "3 of 4 connectors sign in through Microsoft Entra ID. Most of what is open lacks: client registration: not in the input." in said
    )
    assert "Manifest > Download" in said


def test_markdown_obeys_nothing(tmp_path: Path) -> None:
    pair = shutil.copytree(DOWNLOADS / "pair-no-secret", tmp_path / "pair")
    manifest = pair / "Orders connector.json"
    app = json.loads(manifest.read_text("utf-8")) | {"displayName": "![x](https://evil.example) @admin <img src=x> | `code`"}
    manifest.write_text(json.dumps(app))
    ran = connect(pair, options=("--output-format", "markdown"))
    assert ran.code == 1
    assert "- **client**: likely broken" in ran.out
    outside = re.sub(r"`[^`\n]*`", "", ran.out)
    assert not any(word in outside for word in ("evil", "@", "<img"))
    assert "@admin" in ran.out


# -- sources of a client's configuration


def test_parameter_sets_are_told_apart_by_name(tmp_path: Path) -> None:
    def oauth(client: str) -> dict[str, Any]:
        settings = {"identityProvider": "aad", "clientId": client, "scopes": [], "redirectMode": "Global"}
        custom = {name: {"value": value} for name, value in (("tenantId", "common"), ("resourceUri", ""))}
        return {"token": {"type": "oauthSetting", "oAuthSettings": {**settings, "customParameters": custom}}}

    sets = [{"name": name, "parameters": oauth(client)} for name, client in (("dev", "<<id>>"), ("prod", "<<id>>"))]
    (tmp_path / "apiProperties.json").write_text(json.dumps({"properties": {"connectionParameterSets": {"values": sets}}}))
    (tmp_path / "apiDefinition.swagger.json").write_text(json.dumps({"swagger": "2.0", "info": {"title": "Orders"}, "paths": {}}))
    assert [chain["connector"] for chain in connect(tmp_path, options=("--output-format", "json")).json["connectors"]] == [
        "Orders (dev)", "Orders (prod)",
    ]  # fmt: skip
    findings = audit(tmp_path, select=["connector-resource-missing"], as_of="2026-11-24").findings
    assert len({row.finding_id for row in findings}) == len(findings)


API, CLIENT = "aaaaaaaa-0000-4000-8000-000000000001", "11111111-1111-4111-8111-111111111111"
SCOPE = {"id": "99999999-9999-4999-8999-999999999999", "value": "access_as_user", "type": "User", "isEnabled": True}
APPS: list[dict[str, Any]] = [
    {"id": "22222222-2222-4222-8222-222222222222", "appId": CLIENT, "displayName": "Client", "signInAudience": "AzureADMyOrg",
     "requiredResourceAccess": []},
    {"id": "aaaaaaaa-0000-4000-8000-000000000002", "appId": API, "displayName": "API", "identifierUris": [f"api://{API}"],
     "appRoles": [], "api": {"oauth2PermissionScopes": [SCOPE], "preAuthorizedApplications": []}},
]  # fmt: skip
CONFIGURATIONS: dict[str, tuple[str, str, set[str]]] = {  # what -> file, content, the rules that fail
    "MSAL without authority": (
        "authConfig.js", f"const msalConfig = {{ auth: {{ clientId: '{CLIENT}' }} }};", {"connector-tenant-common"},
    ),
    "scopes of a request": (
        "authConfig.js",
        f"const msalConfig = {{ auth: {{ clientId: '{CLIENT}', authority: 'https://login.microsoftonline.com/{API}' }} }};\n"
        f"const loginRequest = {{ scopes: ['api://{API}/access_as_user'] }};",
        {"connector-resource-not-requested"},
    ),
    "MSAL for Python": (
        "parameters.json",
        json.dumps({"client_id": CLIENT, "authority": "https://login.microsoftonline.com/common", "scope": [f"api://{API}/x"]}),
        {"connector-tenant-common", "connector-resource-not-requested", "connector-scope-missing"},
    ),
    "appsettings.json of a web application": (
        "appsettings.json",
        json.dumps({"AzureAd": {"Instance": "https://login.microsoftonline.com/", "TenantId": "common", "ClientId": CLIENT}}),
        {"connector-tenant-common"},
    ),
    "appsettings.json of a web API": (
        "appsettings.json", json.dumps({"AzureAd": {"TenantId": API, "ClientId": API, "Audience": "api://other"}}), {"api-config-audience"},
    ),
    "app manifest of Microsoft Teams": (
        "manifest.json",
        json.dumps({"manifestVersion": "1.16", "webApplicationInfo": {"id": API, "resource": f"api://tab.example/{API}"}}),
        {"api-config-audience"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CONFIGURATIONS)
def test_other_configurations_are_held_against_the_registrations(what: str, tmp_path: Path) -> None:
    name, content, rules = CONFIGURATIONS[what]
    (tmp_path / name).write_text(content)
    for app in APPS:
        (tmp_path / f"{app['displayName']}.json").write_text(json.dumps(app))
    report = audit(tmp_path, as_of="2026-11-24", select=["connectors"])
    assert report.errors == []
    assert {row.rule_id for row in report.findings if row.resource_kind == "connector" and row.severity >= "medium"} == rules


def test_fixes_speak_of_the_configuration_that_it_is(tmp_path: Path) -> None:
    name, content, _ = CONFIGURATIONS["MSAL without authority"]
    (tmp_path / name).write_text(content)
    for app in APPS:
        (tmp_path / f"{app['displayName']}.json").write_text(json.dumps(app))
    said = one_line(connect(tmp_path))
    assert "fix: 1. Open the configuration of the application" in said
    assert "Update connector" not in said
    assert "select its Security tab" in one_line(connect(DOWNLOADS / "pair-scope-misspelt")), "and of a connector's page"


def solution(folder: Path, **values: str) -> Path:
    """An unpacked solution whose connector leaves tenant, client and API to environment variables; `values` of their definitions."""
    names = {"tenantId": "ord_Tenant", "resourceUri": "ord_Api", "clientId": "ord_Client"}
    expression = {name: f"@environmentVariables('{variable}')" for name, variable in names.items()}
    custom = {name: {"value": expression[name]} for name in ("tenantId", "resourceUri")}
    settings = {"identityProvider": "aad", "clientId": expression["clientId"], "scopes": [], "customParameters": custom}
    (folder / "Connectors").mkdir(parents=True)
    (folder / "Connectors/ord_5forders_connectionparameters.json").write_text(
        json.dumps({"token": {"type": "oauthSetting", "oAuthSettings": settings}})
    )
    for name, value in values.items():
        at = folder / "environmentvariabledefinitions" / names[name]
        at.mkdir(parents=True)
        xml = f'<environmentvariabledefinition schemaname="{names[name]}"><defaultvalue>{value}</defaultvalue></environmentvariabledefinition>'
        (at / "environmentvariabledefinition.xml").write_text(xml)
    return folder


def test_environment_variables_of_a_solution_are_used(tmp_path: Path) -> None:
    folder = solution(tmp_path / "solution", tenantId="common", resourceUri=f"api://{API}", clientId=CLIENT)
    for app in APPS:
        (folder / f"{app['displayName']}.json").write_text(json.dumps(app))

    def failed() -> set[str]:
        report = audit(folder, as_of="2026-11-24", select=["connectors"])
        assert report.errors == []
        return {row.rule_id for row in report.findings if row.severity == "high"}

    assert failed() == {"connector-tenant-common", "connector-resource-not-requested"}
    value = {
        "environmentvariablevalues": {"environmentvariablevalue": {"@environmentvariablevalueid": API, "value": "contoso.onmicrosoft.com"}}
    }
    (folder / "environmentvariabledefinitions/ord_Tenant/environmentvariablevalues.json").write_text(json.dumps(value))
    assert failed() == {"connector-resource-not-requested"}, "a value wins over the default"
    (folder / "test.json").write_text(json.dumps({"EnvironmentVariables": [{"SchemaName": "ord_Tenant", "Value": "common"}]}))
    assert failed() == {"connector-resource-not-requested"}, "of two environments nobody knows which is meant"


@pytest.mark.parametrize("value", ["#{TenantId}#", "$(TenantId)", "__TenantId__", ""])
def test_what_a_pipeline_fills_in_later_is_no_value(value: str, tmp_path: Path) -> None:
    folder = solution(tmp_path / "solution", clientId=CLIENT, resourceUri=f"api://{API}")
    for app in APPS:
        (folder / f"{app['displayName']}.json").write_text(json.dumps(app))
    settings = {"EnvironmentVariables": [{"SchemaName": "ord_Tenant", "Value": value}], "ConnectionReferences": []}
    (folder / "deploymentSettings.json").write_text(json.dumps(settings))
    report = audit(folder, as_of="2026-11-24", select=["connectors"])
    assert report.errors == []
    assert "it comes from the environment variable ord_Tenant" in {reason.why for reason in report.reasons()}
    assert not {row.rule_id for row in report.findings if row.rule_id.startswith("connector-tenant")}


@pytest.mark.parametrize("content", [{"EnvironmentVariables": [{"Name": "A", "Value": "b"}]}, {"EnvironmentVariables": {"A": "b"}}])
def test_variables_of_other_tools_are_not_read(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(json.dumps(content))
    assert audit(tmp_path, as_of="2026-11-24").files_passed_over == 1


def test_a_variable_without_a_value_is_named_and_nothing_is_judged(tmp_path: Path) -> None:
    folder = solution(tmp_path / "solution", clientId=CLIENT)
    for app in APPS:
        (folder / f"{app['displayName']}.json").write_text(json.dumps(app))
    report = audit(folder, as_of="2026-11-24", select=["connectors"])
    assert not [row for row in report.findings if row.severity == "high"]
    assert {"it comes from the environment variable ord_Tenant", "it comes from the environment variable ord_Api"} <= {
        reason.why for reason in report.reasons()
    }


# -- the cases that were rebuilt after public reports

EXPECTED = {  # case -> exit code, the rules that break a link
    "b01-redirect-not-registered": (1, {"connector-redirect-unregistered"}),
    "b03-mode-per-connector-generic": (1, {"connector-redirect-unregistered"}),
    "b06-resource-no-scheme": (1, {"connector-resource-no-scheme"}),
    "b08-host-is-not-audience": (1, {"connector-host-audience"}),
    "b09-provider-became-generic": (1, {"connector-oauth-endpoints"}),
    "b11-secret-id": (1, {"connector-secret-is-id"}),
    "b16-obo-not-preauthorized": (1, {"connector-obo-not-preauthorized"}),
    "b70-teams-resource": (1, {"api-config-audience"}),
    "b92-generic-common": (1, {"connector-tenant-common"}),
    "b93-coe-secret-expired": (1, {"secret-expired"}),
    "b100-tenant-domain": (0, set[str]()),
    "b102-dataverse-wildcard": (0, set[str]()),
    "b103-obo-learn-setup": (0, set[str]()),
    "b112-environment-variables-all": (0, set[str]()),
    "b116-no-auth-solution": (0, set[str]()),
}
MESSAGES = {
    "b05-redirect-case": "differs in upper and lower case only",
    "b20-fic-pull-request": 'has "repo:orders-inc/shop:pull-request"',
    "b24-fic-case": "differs in upper and lower case only",
    "b26-fic-immutable": "GitHub's immutable form",
    "b40-azcli-not-preauthorized": "does not preauthorize 04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "b42-id-uri-uppercase": "register it in lower case",
    "b68-thumbprint": "FFEEDDCCBBAA99887766554433221100FFEEDDCC is not registered on",
    "b97-guest-tenant": "signInAudience AzureADMyOrg",
}
HERE = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not in the repository")


@HERE
@pytest.mark.parametrize("case", EXPECTED)
def test_connect_gives_the_right_answer(case: str) -> None:
    code, rules = EXPECTED[case]
    ran = connect(CASES / case / "input", options=("--output-format", "json"))
    assert ran.code == code
    assert {row["rule_id"] for chain in ran.json["connectors"] for link in chain["links"] for row in link["findings"]} == rules


@HERE
@pytest.mark.parametrize("case", MESSAGES)
def test_explain_gives_the_right_answer(case: str) -> None:
    ran = regaudit("explain", "-", CASES / case / "input", *TODAY, stdin=(CASES / case / "message.txt").read_bytes())
    assert ran.out.startswith("cause found: ")
    assert ran.code == 1
    assert MESSAGES[case] in one_line(ran)
