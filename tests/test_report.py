"""Reports: what they hold, that they never change by themselves, and that nothing hostile or secret is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from auditor import audit
from tests.helpers import Ran, flat, process, regaudit, registration, write

CORPUS = Path(__file__).parent.parent.parent / "shared/corpus"
TODAY = ("--as-of", "2026-01-01")
FINDING = {
    "finding_id", "rule_id", "rule_title", "area", "severity", "status", "app_id", "object_id", "app_display_name", "resource_kind",
    "file", "line", "column", "pointer", "credential_key_id", "property_path", "actual", "expected", "message", "remediation",
    "reference_url", "aadsts", "owners", "tags", "service_management_reference",
}  # fmt: skip


def guid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def secret(number: int, end: str = "2024-01-31T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"keyId": guid(number), "displayName": f"secret {number}", "startDateTime": "2023-01-01T00:00:00Z", "endDateTime": end, **more}


def report_of(*args: str | Path) -> Any:
    return regaudit("scan", *args, *TODAY, "--output-format", "json").json


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(regaudit("schema", "report").json)


def check(validator: Draft202012Validator, report: Any) -> None:
    assert [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(report)] == []


@pytest.fixture
def tenant(tmp_path: Path) -> Path:
    """Two registrations with credentials of both kinds and an owner, one without anything, and a service principal."""
    owner = {"@odata.type": "#microsoft.graph.user", "id": guid(90), "displayName": "Ann", "userPrincipalName": "ann@contoso.com"}
    pair = {"type": "AsymmetricX509Cert", "customKeyIdentifier": "A" * 40, "endDateTime": "2031-01-31T00:00:00Z", "displayName": "cert"}
    keys = [{"keyId": guid(20), "usage": "Sign", **pair}, {"keyId": guid(21), "usage": "Verify", **pair}]
    payroll = registration(
        "Payroll", 1, owners=[owner], tags=["team:hr"], serviceManagementReference="SNOW-1", keyCredentials=keys,
        passwordCredentials=[secret(10), secret(11, "2026-01-10T00:00:00Z")], web={"redirectUris": ["http://payroll.contoso.com/cb"]},
    )  # fmt: skip
    shop = registration(
        "Shop", 2, passwordCredentials=[secret(12)], web={"redirectUris": ["https://*.contoso.com/cb", "http://shop.contoso.com/"]}
    )
    principal = {
        "id": guid(50), "appId": payroll["appId"], "displayName": "Payroll", "servicePrincipalType": "Application", "accountEnabled": True,
        "passwordCredentials": [secret(13)], "keyCredentials": [],
    }  # fmt: skip
    folder = tmp_path / "tenant"
    write(folder / "applications.json", {"value": [payroll, shop, registration("Empty", 3)]})
    write(folder / "principals.json", {"value": [{"@odata.type": "#microsoft.graph.servicePrincipal", **principal}]})
    return folder


# -- the JSON report


@pytest.mark.parametrize(
    "options", [[], ["--show-passed"], ["--profile", "strict", "--show-passed"], ["--min-severity", "critical"], ["-q"]]
)
def test_a_report_fits_its_schema(tenant: Path, validator: Draft202012Validator, options: list[str]) -> None:
    report = report_of(tenant, *options)
    check(validator, report)
    shown = len(report["findings"])
    assert report["summary"]["findings"] == shown or (options == ["--min-severity", "critical"] and shown == 0)  # counted, not shown


def test_an_empty_run_fits_the_schema(tmp_path: Path, validator: Draft202012Validator) -> None:
    ran = regaudit("scan", tmp_path, "--output-format", "json")
    assert ran.code == 2
    check(validator, ran.json)
    assert ran.json["applications"] == ran.json["credentials"] == []
    assert "no app registration found" in ran.json["run"]["errors"][0]["message"]


def test_a_report_with_errors_and_notes_fits_the_schema(tmp_path: Path, tenant: Path, validator: Draft202012Validator) -> None:
    broken = write(tmp_path / "broken.json", '{"appId": "x",\n "displayName": }')
    twice = write(tmp_path / "twice.json", '{"appId": "x", "description": "a", "description": "b", "web": {}}')
    report = report_of(tenant, broken, twice)
    check(validator, report)
    assert [(row["file"], row["line"]) for row in report["run"]["errors"]] == [(broken.as_posix(), 2)]
    assert report["run"]["notes"]


@pytest.mark.no_cover
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of public files is not here")
@pytest.mark.parametrize("options", [[], pytest.param(["--profile", "strict", "--show-passed"], marks=pytest.mark.slow)])
def test_the_corpus_fits_the_schema(validator: Draft202012Validator, options: list[str]) -> None:
    report = report_of(CORPUS, *options)
    check(validator, report)
    assert len(report["applications"]) == report["run"]["coverage"]["applications_read"] >= 40
    read = audit(CORPUS, as_of="2026-01-01", profile=report["run"]["profile"])
    assert report["run"]["coverage"]["verdicts"]["failed"] == read.count("failed") > 0


def test_rows_have_the_promised_keys(tenant: Path) -> None:
    for row in flat(report_of(tenant, "--show-passed")):
        assert row.keys() >= FINDING


def test_a_finding_can_be_routed_and_found_again(tenant: Path) -> None:
    (row,) = (row for row in flat(report_of(tenant, "--select", "secret-expired")) if row["app_display_name"] == "Shop")
    text = (tenant / "applications.json").read_text()
    assert row["line"] == 1
    assert text[row["column"] - 1 :].startswith('"endDateTime": "2024-01-31T00:00:00Z"')
    assert row["pointer"] == "/value/1/passwordCredentials/0/endDateTime"
    assert row["property_path"] == "passwordCredentials[0].endDateTime"
    assert (row["severity"], row["status"], row["area"], row["aadsts"]) == ("high", "fail", "credentials", [7000222])
    assert (row["app_id"], row["object_id"]) == ("22222222-2222-4222-8222-222222222222", "11111112-1111-4111-8111-111111111111")
    assert row["credential_key_id"] == guid(12)
    assert row["file"] == (tenant / "applications.json").as_posix()
    assert guid(12) in row["remediation"]
    assert row["reference_url"].startswith("https://learn.microsoft.com/")
    assert (row["owners"], row["tags"], row["service_management_reference"]) == (None, None, None)
    rows = flat(report_of(tenant, "--select", "redirect-http"))
    known = next(row for row in rows if row["app_display_name"] == "Payroll")
    assert (known["owners"], known["tags"], known["service_management_reference"]) == (["ann@contoso.com"], ["team:hr"], "SNOW-1")


def test_findings_are_sorted(tenant: Path) -> None:
    rows = flat(report_of(tenant, "--profile", "strict"))
    objects = [(row["resource_kind"], row["object_id"]) for row in rows]
    runs = [one for i, one in enumerate(objects) if i == 0 or objects[i - 1] != one]
    assert len(runs) == len(set(runs)) >= 2, "all of one registration stand together"
    for one in runs:
        rules = [row["rule_id"] for row, of in zip(rows, objects, strict=True) if of == one]
        assert rules == sorted(rules)
    ids = [row["finding_id"] for row in rows]
    assert len(ids) == len(set(ids))


def test_every_registration_is_listed(tenant: Path) -> None:
    report = report_of(tenant, "--select", "secret-expired,redirect-http", "--inventory")
    rows = {row["display_name"]: row for row in flat(report, "applications")}
    assert sorted(rows) == ["Empty", "Payroll", "Shop"]
    payroll, empty = rows["Payroll"], rows["Empty"]
    assert (payroll["secrets"], payroll["certificates"], payroll["owners"]) == (2, 1, ["ann@contoso.com"])
    assert (payroll["earliest_expiry"], payroll["worst_severity"]) == ("2026-01-10T00:00:00Z", "high")
    assert (empty["secrets"], empty["owners"], empty["findings"], empty["worst_severity"]) == (None, None, 0, None)
    assert rows["Shop"]["findings"] == 2
    assert sum(row["findings"] for row in rows.values()) == report["summary"]["findings"]


def test_every_credential_is_listed(tenant: Path) -> None:
    rows = {row["key_id"]: row for row in flat(report_of(tenant), "credentials")}
    assert rows.keys() - {guid(20), guid(21)} == {guid(10), guid(11), guid(12), guid(13)}
    assert len(rows) == 5, "the Sign and Verify entries of one certificate are one"
    assert {row["kind"] for row in rows.values()} == {"secret", "certificate"}
    assert (rows[guid(10)]["state"], rows[guid(11)]["state"], rows[guid(11)]["days_left"]) == ("expired", "expiring", 9)
    assert rows[guid(10)]["is_superseded"] is True
    assert (rows[guid(12)]["on"], rows[guid(13)]["on"]) == ("application", "servicePrincipal")


@pytest.mark.parametrize("collection", ["owners", "servicePrincipals", "connector definition"])
def test_a_text_of_a_document_that_reads_like_a_collection_gets_no_remedy_of_one(tmp_path: Path, collection: str) -> None:
    uri = f"{collection}: ${{{{NAME}}}}"
    (tmp_path / "app.json").write_text(json.dumps({"appId": "${{ID}}", "displayName": "A", "identifierUris": [uri]}))
    report = audit(tmp_path, select=["ALL"], as_of="2026-01-01")
    found = {reason.what: report.remedy(reason) for reason in report.reasons()}
    assert found[uri] is None
    assert found["owners"] == "add the response to GET /applications?$expand=owners of Microsoft Graph, all pages"


def test_what_was_not_evaluated_is_a_list_of_its_own(tenant: Path) -> None:
    report = report_of(tenant, "--profile", "strict")
    assert {row["status"] for row in report["findings"]} == {"fail"}
    assert not report["rule_errors"]
    reasons = report["not_evaluated"]
    assert all(sum(one["rules"].values()) == one["count"] for one in reasons)
    assert sum(one["count"] for one in reasons) == report["run"]["coverage"]["verdicts"]["not_evaluated"] > 0
    owners = next(one for one in reasons if one["what"] == "owners")
    assert (owners["why"], owners["is_collection"], owners["remedy"]) == (
        "not in the input",
        True,
        "add the response to GET /applications?$expand=owners of Microsoft Graph, all pages",
    )
    assert "owner-none" in owners["rules"]


# -- the same input, the same bytes


@pytest.mark.parametrize("form", ["text", "json"])
def test_two_runs_give_the_same_bytes(tenant: Path, form: str) -> None:
    args: list[str | Path] = ["scan", tenant, *TODAY, "--profile", "strict", "--show-passed", "--output-format", form]
    first = regaudit(*args)
    assert first.stdout == regaudit(*args).stdout
    for seed in ("1", "2"):
        assert process(*args, env={"PYTHONHASHSEED": seed}) == first


def test_run_id_and_times_follow_from_input_and_day(tenant: Path) -> None:
    run = report_of(tenant)["run"]
    assert run["started"] == run["finished"] == run["as_of"] == "2026-01-01T00:00:00Z"
    assert run["id"] == report_of(tenant)["run"]["id"]
    assert run["id"] != regaudit("scan", tenant, "--as-of", "2026-01-02", "--output-format", "json").json["run"]["id"]
    today = [regaudit("scan", tenant, "--output-format", "json").json["run"]["id"] for _ in range(2)]
    assert today[0] != today[1]


def test_the_order_of_arguments_does_not_matter(tenant: Path, tmp_path: Path) -> None:
    more = write(tmp_path / "b.json", registration("Zoo", 4, web={"redirectUris": ["http://zoo.contoso.com/"]}))
    files = [tenant / "applications.json", tenant / "principals.json", more]
    orders = [files, files[::-1], [more, *files[:2]]]
    for options in ([], ["--select", "credentials,redirect-http"], ["--select", "redirect-http", "--select", "credentials"]):
        texts = {regaudit("scan", *order, *TODAY, *options).stdout for order in orders}
        assert len(texts) == 1
        reports = [report_of(*order, *options) for order in orders]
        for report in reports:
            del report["run"]["paths"]  # as they were given
        assert reports[0] == reports[1] == reports[2]
    one, other = (regaudit("scan", *files, *TODAY, "--select", names) for names in ("tokens,credentials", "credentials,tokens"))
    assert one == other
    assert regaudit("scan", *TODAY, "--select", "tokens,credentials", *files) == one


def test_the_order_of_folders_does_not_matter(tmp_path: Path) -> None:
    for i, name in enumerate(("one", "two", "three")):
        write(tmp_path / name / "app.json", registration(name, i, web={"redirectUris": [f"http://{name}.contoso.com/"]}))
    there = regaudit("scan", *(tmp_path / name for name in ("one", "two", "three")), *TODAY)
    back = regaudit("scan", *(tmp_path / name for name in ("three", "two", "one")), *TODAY)
    assert there == back
    assert there.out.count("does not use https") == 4  # the rule's title, and three findings


def test_a_renamed_app_keeps_its_findings(tmp_path: Path) -> None:
    def ids(name: str, *uris: str) -> list[str]:
        app = write(tmp_path / "app.json", registration(name, web={"redirectUris": uris}))
        return sorted(row["finding_id"] for row in report_of(app, "--select", "redirect-http")["findings"])

    before = ids("Payroll", "http://a.contoso.com/", "http://b.contoso.com/")
    assert ids("Payroll (old)", "http://b.contoso.com/", "https://new.contoso.com/", "http://a.contoso.com/") == before
    assert len(set(before)) == 2


# -- hostile names

HOSTILE = {
    "colour": "\x1b[31mred\x1b[0m",
    "title of the terminal": "\x1b]0;pwned\x07x",
    "Azure Pipelines variable": "##vso[task.setvariable variable=PATH]/evil",
    "Azure Pipelines in the middle": "a ###VSO[task.complete]x",
    "Azure Pipelines error": "##[error]boom",
    "Azure Pipelines, hidden": "#\u200b#\u200b[error]x",
    "GitHub Actions": "::set-output name=x::1",
    "GitHub Actions behind blanks": " \t ::error::x",
    "GitHub Actions on a line of its own": "one\n::warning::two\r\n::add-mask::three",
    "other line ends": "a\u2028::error::b\u2029::error::c\x85::error::d\x0b::error::e\x0c::error::f",
    "right-to-left": "\u202egnp.exe \u2066x\u2069 \u200f\u061c",
    "zero width": "Micro\u200bsoft\u2060\ufeff\u200d",
    "C1": "\x9b31m\x9d0;t\x9c\x90",
    "others": "\x00\x08\x7f\u00ad\U000e0041",
    "long": "x" * 100_000,
    "lone surrogate": "a\ud800b",
}
_RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
LONGEST = 1_500  # characters of a value: a path may have 1000, a fix three names


def hostile_app(text: str) -> dict[str, Any]:
    """A registration all of whose texts are the hostile one."""
    owner = {"@odata.type": "#microsoft.graph.user", "id": guid(9), "displayName": text, "userPrincipalName": text, "userType": "Guest"}
    return {
        "id": guid(1), "appId": guid(2), "displayName": text, "signInAudience": "AzureADandPersonalMicrosoftAccount", "notes": text,
        "tags": [text, f"{text}2"], "serviceManagementReference": text, "publisherDomain": text, "owners": [owner], "displayNam": text,
        "identifierUris": [text, f"api://{text}"],
        "web": {"redirectUris": [text, f"http://{text}/cb", f"https://x/{text}"], "homePageUrl": text, "logoutUrl": text},
        "spa": {"redirectUris": [text]}, "publicClient": {"redirectUris": [f"http://evil/{text}"]},
        "passwordCredentials": [secret(3, displayName=text), secret(4, keyId=text)],
        "keyCredentials": [{"keyId": guid(5), "displayName": text, "type": text, "usage": text, "endDateTime": "2024-01-31T00:00:00Z"}],
        "federatedIdentityCredentials": [{"name": text, "issuer": text, "subject": text, "audiences": [text]}],
        "appRoles": [{"id": guid(6), "value": text, "displayName": text, "isEnabled": True, "allowedMemberTypes": [text]}],
        "api": {
            "oauth2PermissionScopes": [{"id": guid(7), "value": text, "type": text, "isEnabled": True}],
            "preAuthorizedApplications": [{"appId": text, "delegatedPermissionIds": [text]}],
        },
        "requiredResourceAccess": [{"resourceAppId": text, "resourceAccess": [{"id": text, "type": text}]}],
        "optionalClaims": {"idToken": [{"name": text, "source": text, "additionalProperties": [text]}]},
        text: {"x": 1},
    }  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def assert_harmless(ran: Ran) -> None:
    """Nothing here is obeyed by a terminal or a CI log, however it is shown."""
    for raw in (ran.out, ran.err):
        assert not (found := _RAW.search(raw)), ascii(raw[max(0, found.start() - 80) : found.end() + 20])
        assert not re.search(r"##(vso)?\[", raw, re.IGNORECASE)
        assert not any(line.strip().startswith("::") for line in raw.splitlines())
    assert "Traceback" not in ran.err
    if ran.out.startswith("{"):
        long = max(texts(ran.json), key=len)
        assert len(long) <= LONGEST, long[:200]
    else:
        assert all(len(line) <= 20 * LONGEST for line in ran.out.splitlines())
        assert "x" * LONGEST not in ran.out


@pytest.mark.no_cover
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_values_are_harmless(tmp_path: Path, name: str, form: str) -> None:
    text = HOSTILE[name]
    app = write(tmp_path / "app.json", hostile_app(text))
    ran = regaudit("scan", app, *TODAY, "--profile", "strict", "--show-passed", "--limit", "0", "-v", "--output-format", form)
    assert_harmless(ran)
    assert guid(2) in ran.out or (ran.code == 2 and "app.json:1:" in ran.err)
    principal = {
        "id": guid(50), "appId": guid(2), "displayName": text, "servicePrincipalType": text, "tags": [text], "replyUrls": [text],
        "servicePrincipalNames": [text], "homepage": text, "loginUrl": text, "appOwnerOrganizationId": guid(60), "owners": [],
        "passwordCredentials": [secret(8, displayName=text)],
    }  # fmt: skip
    organization = [{"id": guid(61), "displayName": text, "verifiedDomains": [{"name": text}]}]
    twins = [hostile_app(text), {**hostile_app(text), "id": guid(70), "appId": guid(71)}]
    whole = write(tmp_path / "whole.json", {"applications": twins, "servicePrincipals": [principal], "organization": organization})
    assert_harmless(regaudit("scan", whole, *TODAY, "--profile", "strict", "--show-passed", "--limit", "0", "-v", "--output-format", form))
    assert_harmless(regaudit("credentials", whole, *TODAY, "--within", "all"))


def test_long_values_are_cut(tmp_path: Path) -> None:
    long = "x" * 100_000
    app = write(tmp_path / "app.json", registration(long, tags=[long], web={"redirectUris": [f"http://{long}/"]}))
    (row,) = flat(report_of(app, "--select", "redirect-http"))
    assert row["app_display_name"] == row["tags"][0] == "x" * 199 + "…"
    assert row["actual"] == "http://" + "x" * 192 + "…"
    assert len(row["message"]) < 500


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("others", "lone surrogate", "long")])
@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_file_names_are_harmless(tmp_path: Path, name: str, form: str) -> None:
    text = HOSTILE[name].replace("/", "_")
    folder = tmp_path / "in"
    write(folder / f"{text}.json", registration("Payroll", web={"redirectUris": ["http://contoso.com/cb"]}))
    write(folder / f"broken{text}.json", '{"appId": "x", "web": }')
    key = json.dumps(text)
    write(folder / f"{text}d" / "notes.json", f'{{"appId": "x", "description": "a", "description": "b", "web": 5, {key}: 1, {key}: 2}}')
    ran = regaudit("scan", folder, *TODAY, "--output-format", form)
    assert_harmless(ran)
    assert ran.code == 2
    assert "http://contoso.com/cb" in ran.out
    assert_harmless(regaudit("scan", f"{folder}/{text}.json", f"{folder}/broken{text}.json", *TODAY, "--output-format", form))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_input_is_harmless_in_errors_and_notes(tmp_path: Path, name: str, form: str) -> None:
    text = HOSTILE[name]
    app = json.dumps(registration("Payroll", web={"redirectUris": ["http://contoso.com/cb"]})).encode()
    for stdin in (app, b"{", b'{"appId": "' + text.encode("utf-8", "replace") + b'" x', json.dumps(text).encode()):
        assert_harmless(regaudit("scan", "-", "--stdin-filename", text, *TODAY, "--output-format", form, stdin=stdin))


@pytest.mark.parametrize("value", ["x", [], {}, 5, True, None, [None], [5], [[]], [{}]])
def test_whatever_stands_where_a_list_should_gives_a_report(tmp_path: Path, value: Any, validator: Draft202012Validator) -> None:
    app = write(
        tmp_path / "app.json",
        {**registration("Payroll"), **dict.fromkeys(("passwordCredentials", "tags", "web", "owners", "appRoles"), value)},
    )
    check(validator, report_of(app, "--profile", "strict"))


# -- secrets

PLANTED = "Pl4nted~S3cret.Value-doNotPrint"


def planted_graph() -> dict[str, Any]:
    return registration(
        "Payroll",
        passwordCredentials=[secret(1, secretText=PLANTED), secret(2, value=PLANTED)],
        keyCredentials=[
            {
                "keyId": guid(3),
                "type": "Symmetric",
                "usage": "Sign",
                "key": PLANTED,
                "value": PLANTED,
                "endDateTime": "2024-01-31T00:00:00Z",
            }
        ],
    )


def planted_legacy() -> dict[str, Any]:
    old = {"keyId": guid(1), "startDate": "2023-01-01T00:00:00Z", "endDate": "2024-01-31T00:00:00Z", "value": PLANTED}
    return {
        "id": guid(4), "appId": guid(5), "name": "Payroll", "replyUrlsWithType": [{"url": "http://contoso.com/cb", "type": "Web"}],
        "oauth2AllowImplicitFlow": False, "passwordCredentials": [{**old, "secretText": PLANTED}],
        "keyCredentials": [{**old, "keyId": guid(2), "type": "Symmetric", "usage": "Sign", "key": PLANTED}],
    }  # fmt: skip


def planted_aad_graph() -> dict[str, Any]:
    legacy = planted_legacy()
    shared = {name: legacy[name] for name in ("appId", "passwordCredentials", "keyCredentials")}
    return {**shared, "objectId": guid(4), "objectType": "Application", "displayName": "Payroll", "replyUrls": ["http://contoso.com/cb"]}


def planted_principal() -> dict[str, Any]:
    graph = planted_graph()
    return {**graph, "@odata.type": "#microsoft.graph.servicePrincipal", "servicePrincipalType": "Application", "accountEnabled": True}


def spoilt(app: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same with something broken beside the secret."""
    yield app
    for broken in (
        {"endDateTime": 5},
        {"endDate": "yesterday"},
        {"keyId": 7},
        {"displayName": ["x"]},
        {"secretTxt": PLANTED},
        {"valeu": PLANTED},
    ):
        yield {
            **app,
            "passwordCredentials": [{**one, **broken} for one in app["passwordCredentials"]],
            "keyCredentials": [{**one, **broken} for one in app["keyCredentials"]],
        }
    for name in ("secretText", "value", "key"):
        for value in ([PLANTED], {"x": PLANTED}):
            yield {**app, "passwordCredentials": [{**one, name: value} for one in app["passwordCredentials"]]}
            yield {**app, "keyCredentials": [{**one, name: value} for one in app["keyCredentials"]]}
    yield {**app, "web": 5, "tags": 7, "displayName": 3}


@pytest.mark.no_cover
@pytest.mark.parametrize("planted", [planted_graph, planted_legacy, planted_aad_graph, planted_principal], ids=lambda make: make.__name__)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_printed(tmp_path: Path, planted: Any, form: str) -> None:
    options = [*TODAY, "--profile", "strict", "--show-passed", "--limit", "0", "-v", "--output-format", form]
    variants = list(spoilt(planted()))
    for i, app in enumerate(variants):
        write(tmp_path / f"{i:02d}" / "app.json", app)
    ran = regaudit("scan", tmp_path, *options)
    assert PLANTED not in ran.out + ran.err
    assert all(f"/{i:02d}/app.json" in ran.out + ran.err for i in range(len(variants))), "every file is read, or named as broken"
    ran = regaudit("credentials", tmp_path, "--within", "all")
    assert PLANTED not in ran.out + ran.err


@pytest.mark.parametrize("planted", [planted_graph, planted_legacy, planted_aad_graph], ids=lambda make: make.__name__)
def test_no_secret_is_printed_of_a_text_that_is_not_json(tmp_path: Path, planted: Any) -> None:
    text = json.dumps(planted(), indent=1)
    quoted = f'"{PLANTED}"'
    for broken in (
        text.replace(quoted, f"{quoted} {quoted}"), text.replace(quoted, PLANTED), text.replace(quoted, f'"{PLANTED}'),
        text[: text.index(PLANTED) + len(PLANTED)], text.replace(f"{quoted},", quoted), text.replace(quoted, f"'{PLANTED}'"),
        text.replace(quoted, f'{quoted}, "value": {quoted}'), text.replace(quoted, f'"\\q{PLANTED}"'), text.replace(quoted, f'"{PLANTED}\x01"'),
    ):  # fmt: skip
        for form in ("text", "json"):
            ran = regaudit("scan", write(tmp_path / "app.json", broken), *TODAY, "--output-format", form)
            assert PLANTED not in ran.out + ran.err


# -- the text report

GOLDEN = """\
fail: 1 of 1 registration has findings: 1 high (1 at or above --fail-on high); 1 check not evaluated

high careless  Careless app  (1)  AADSTS50011
  Payroll (22222221-2222-4222-8222-222222222222)
    Payroll is careless
    payroll.json:4:3  displayName
  fix:
    Rename it: "az ad app update --id 22222221-2222-4222-8222-222222222222 --display-name NAME"

Read 1 app registration from 1 file.
Evaluated 1 check with 2 rules: 0 passed, 1 failed; 0 did not apply.
Not evaluated: 1 check. Missing is tenant data (owners): -v lists them.
Findings: 1 high.
"""
CARELESS = """# Careless app

```toml rule
severity = "high"
require  = "app.display_name != 'Payroll'"
message  = "{app} is careless"
aadsts   = [50011]
```

Why.

## Fix
Rename it:
`az ad app update --id {app.app_id} --display-name NAME`
"""


def house(tmp_path: Path) -> Path:
    write(tmp_path / "house/manners/careless.md", CARELESS)
    nobody = CARELESS.replace("app.display_name != 'Payroll'", "len(app.owners) > 0").replace("Careless app", "Nobody").replace("50011", "")
    write(tmp_path / "house/manners/nobody.md", nobody)
    return tmp_path / "house"


def test_the_text_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "payroll.json", json.dumps(registration("Payroll"), indent=2))
    ran = regaudit("scan", "payroll.json", "--extend-rules", house(tmp_path), "--select", "manners", *TODAY)
    assert ran == Ran(1, GOLDEN.encode(), b"")


@pytest.mark.parametrize(
    "options", [[], ["-q"], ["-v"], ["--min-severity", "critical"], ["--show-passed"], ["--limit", "1"], ["--fail-on", "never"]]
)
def test_the_summary_always_says_how_much_was_looked_at(tenant: Path, options: list[str]) -> None:
    ran = regaudit("scan", tenant, *TODAY, *options)
    read = audit(tenant, as_of="2026-01-01")
    assert "Read 3 app registrations and 1 service principal from 2 files." in ran.out
    judged = f"{read.count('passed')} passed, {read.count('failed')} failed; {read.count('not_applicable')} did not apply."
    assert f"Evaluated {read.count('passed') + read.count('failed')} checks with {len(read.outcomes)} rules: {judged}" in ran.out
    assert f"Not evaluated: {read.count('not_evaluated')} checks, " in ran.out
    if "-v" in options:
        assert re.search(r"Missing data:\n +\d+  .+  \([a-z-]+", ran.out)
    else:
        assert "need tenant data (" in ran.out


def test_the_summary_says_what_could_not_be_read(tmp_path: Path) -> None:
    good = write(tmp_path / "in/good.json", registration("Tidy"))
    write(tmp_path / "in/bad.json", '{"appId": ')
    write(tmp_path / "in/prose.txt", "nothing of ours")
    ran = regaudit("scan", good.parent, *TODAY)
    assert "Read 1 app registration from 1 file, 1 file skipped." in ran.out
    assert "\n1 error while reading.\n" in ran.out
    assert f"regaudit: {good.parent.as_posix()}/bad.json:1:" in ran.err


def test_the_worst_comes_first_and_each_rule_once(tenant: Path) -> None:
    text = regaudit("scan", tenant, *TODAY, "--profile", "strict").out
    heads = re.findall(r"^(critical|high|medium|low|info) ([a-z0-9-]+)  ", text, re.M)
    order = ["critical", "high", "medium", "low", "info"]
    assert [severity for severity, _ in heads] == sorted((severity for severity, _ in heads), key=order.index)
    assert len({rule for _, rule in heads}) == len(heads) > 5


# -- from Python


def test_severities_of_audit_compare(tenant: Path) -> None:
    from auditor import Severity, Status, audit

    report = audit(tenant, as_of="2026-01-01")
    found = [finding for finding in report.findings if finding.status == Status.fail]
    assert {finding.severity for finding in found} > {Severity.high}
    high = [finding for finding in found if finding.severity == Severity.high]
    assert high
    assert len(high) == report.by_severity()[Severity.high] == report.by_severity()["high"]  # type: ignore[index]
    assert all(finding.highest_severity >= finding.severity for finding in found)
    assert any(finding.severity < Severity.high for finding in found)
    assert (report.exit_code(Severity.high), report.exit_code("high")) == (1, 1)


def test_audit_gives_what_the_command_line_prints(tenant: Path) -> None:
    report, printed = audit(tenant, as_of="2026-01-01"), report_of(tenant)
    rows = flat(printed)
    assert [finding.finding_id for finding in report.findings] == [row["finding_id"] for row in rows]
    assert [finding.message for finding in report.findings] == [row["message"] for row in rows]
    assert report.run_id == printed["run"]["id"]
    assert report.exit_code() == 1
    assert report.exit_code("never") == 0
    assert report.exit_code("never", strict=True) == 2
