"""A report is data: it decodes from its own JSON, says the same in every format, and its numbers add up."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

import auditor
from auditor import Certainty, Severity, Status, audit
from auditor.engine.selection import RuleSelection
from auditor.facts import App
from auditor.joins.world import World
from auditor.pipeline import AuditRequest, Inputs, run
from auditor.report import FORMATS, KINDS, Depth, Options, render
from auditor.report.build import report_of
from auditor.report.model import Report, decode
from auditor.report.rows import Rows
from auditor.report.table import columns
from benchmarks.tenant import write_page
from tests import golden_tenants
from tests.helpers import PAGE, Ran, regaudit, registration, write
from tests.test_report import HOSTILE, hostile_app

TODAY = ("--as-of", "2026-01-01")
DAY = "2026-01-01"


def rendered(report: Report, form: str, **options: Any) -> bytes:
    return b"".join(render(report, form, Options(**options)))


def owner(name: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.user", "id": name, "displayName": name, "userPrincipalName": f"{name}@contoso.com"}


def secret(key: str, end: str, **more: Any) -> dict[str, Any]:
    return {"keyId": key, "displayName": f"secret {key}", "startDateTime": "2023-01-01T00:00:00Z", "endDateTime": end, **more}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Rules of one's own."""
    for name, severity in (("careless", "high"), ("sloppy", "low")):
        write(tmp_path / f"house/manners/{name}.md", PAGE.format(id=name, title=name.title(), severity=severity, tag="house"))
    return tmp_path / "house"


@pytest.fixture
def troubled(tmp_path: Path, house: Path, monkeypatch: pytest.MonkeyPatch) -> list[str | Path]:
    """A run with findings, hostile names, notes, a file that cannot be read, a rule that breaks, and files that are skipped."""
    folder = tmp_path / "in"
    for number, text in enumerate(text for text in HOSTILE.values() if "\ud800" not in text and "\x00" not in text):
        app = hostile_app(text)
        write(
            folder / f"{number}.json",
            {**app, "id": f"{number:08d}-1111-4111-8111-111111111111", "appId": f"{number:08d}-2222-4222-8222-222222222222"},
        )
    write(folder / "payroll.json", registration("Payroll", 3, owners=[owner("ann")]))
    write(folder / "principals.json", {"value": [
        {"@odata.type": "#microsoft.graph.servicePrincipal", "id": f"{number:08d}-3333-4333-8333-333333333333",
         "appId": f"{number:08d}-4444-4444-8444-444444444444", "displayName": text, "servicePrincipalType": "Application"}
        for number, text in enumerate(["=cmd|x", "::error::x", "##[x", "Foreign"])
    ]})  # fmt: skip
    write(folder / "broken.json", '{"appId": "x",\n "displayName": }')
    write(folder / "package.json", {"name": "x"})
    monkeypatch.setattr(App, "unlocked_properties", property(lambda app: 1 // 0))
    page = (house / "manners/careless.md").read_text().replace("app.display_name != 'Payroll'", "len(app.unlocked_properties) > 0")
    write(house / "manners/breaking.md", page.replace("https://example.com/careless", "https://example.com/breaking"))
    return [folder, "--extend-rules", house, "--select", "ALL", "--show-passed", *TODAY]


# -- a report decodes from its own JSON


@pytest.mark.parametrize("depth", [[], ["--inventory"], ["--min-severity", "medium", "--strict", "--fail-on", "low"]], ids=str)
def test_what_is_decoded_is_rendered_byte_for_byte(troubled: list[str | Path], tmp_path: Path, depth: list[str]) -> None:
    files = {form: tmp_path / f"report.{form}" for form in FORMATS}
    formats = [part for form, file in files.items() for part in ("--output-format", f"{form}={file}")]
    ran = regaudit("scan", *troubled, *formats, *depth, "-v", "--limit", "0")
    assert ran.code == 2
    report = decode(files["json"].read_bytes())
    assert report.findings
    assert report.passed
    assert report.run.errors
    assert report.run.notes
    assert report.run.coverage.passed_over
    assert {row.rule_id for row in report.rule_errors} == {"breaking", "app-lock-partial"}
    for form, file in files.items():
        assert rendered(report, form, verbose=True, limit=0, summary=str(files["markdown"])) == file.read_bytes(), form
    assert msgspec.json.decode(rendered(report, "json"), type=Report) == report


def test_text_alone_is_the_text_of_a_whole_report(troubled: list[str | Path]) -> None:
    """For a text, less of what was read is looked up."""
    alone, beside = regaudit("scan", *troubled), regaudit("scan", *troubled, "--output-format", "json")
    assert alone.stdout == rendered(decode(beside.stdout), "text")


def test_a_report_of_another_schema_is_refused(house: Path) -> None:
    ran = regaudit("scan", "-", *TODAY, "--output-format", "json", stdin=json.dumps(registration("Payroll")).encode())
    with pytest.raises(ValueError, match=r"schema_version 1\.0, not 2\.1"):
        decode(json.dumps({**ran.json, "schema_version": "1.0"}))
    with pytest.raises(msgspec.DecodeError):
        decode(ran.stdout[:-10])


def test_members_that_a_later_version_adds_are_no_harm(troubled: list[str | Path]) -> None:
    ran = regaudit("scan", *troubled, "--output-format", "json")

    def extended(value: Any) -> Any:
        if isinstance(value, list):
            return [extended(one) for one in value]
        if isinstance(value, dict):
            more = {} if all(isinstance(one, int) for one in value.values()) or "reasons" in str(value.keys()) else {"later": None}
            return {name: extended(one) for name, one in value.items()} | more
        return value

    later = {
        **ran.json,
        "later": 1,
        "findings": [{**row, "later": []} for row in ran.json["findings"]],
        "run": {**ran.json["run"], "later": {}},
    }
    Draft202012Validator(regaudit("schema", "report").json).validate(later)
    assert decode(json.dumps(later)) == decode(ran.stdout)


def test_the_schema_describes_every_member() -> None:
    schema = regaudit("schema", "report").json
    assert len(schema["$defs"]) > 25
    for name, definition in schema["$defs"].items():
        assert definition["description"], name
        assert definition.get("additionalProperties") is not False, f"{name} is closed"
        for member, value in definition.get("properties", {}).items():
            assert len(value["description"]) > 5, f"{name}.{member}"


# -- enumerations that compare


def test_words_with_an_order_compare_by_it() -> None:
    assert Severity.critical > Severity.high > Severity.medium > Severity.low > Severity.info
    assert (Severity.high >= "medium", Severity.high == "high", Severity.high > "low") == (True, True, True)
    assert Certainty.certain > Certainty.likely
    order = [Status.fail, Status.waived, Status.baselined, Status.error, Status.not_evaluated, Status.passed, Status.not_applicable]
    assert sorted(Status, reverse=True) == order
    with pytest.raises(ValueError, match="'hgih' is not a valid Severity"):
        assert Severity.high > "hgih"
    for kind in (Severity, Certainty, Status):
        for word in kind:
            assert msgspec.json.decode(msgspec.json.encode(word), type=kind) is word
            assert msgspec.json.encode(word) == f'"{word.value}"'.encode()
    assert {auditor.Severity, auditor.Status, auditor.Certainty} == {Severity, Status, Certainty}


# -- numbers that add up


@pytest.fixture
def owned(tmp_path: Path) -> Path:
    """Registrations of two owners, of nobody, and of whom nobody knows; one of them is in order."""
    apps = [
        registration("One", 1, owners=[owner("ann")], passwordCredentials=[secret("a", "2024-01-31T00:00:00Z")]),
        registration(
            "Two", 2, owners=[owner("ann"), owner("bob")], web={"redirectUris": ["http://two.contoso.com/", "http://b.contoso.com/"]}
        ),
        registration("Three", 3, owners=[], web={"redirectUris": ["http://three.contoso.com/"]}),
        registration("Four", 4, owners=[owner("bob")], web={"redirectUris": []}, passwordCredentials=[secret("d", "2026-02-01T00:00:00Z")]),
    ]
    unknown = registration("Five", 5, web={"redirectUris": ["http://five.contoso.com/"]})
    return write(tmp_path / "apps.json", {"value": [*apps, unknown]})


def test_the_summary_adds_up(owned: Path) -> None:
    args = ("scan", owned, *TODAY, "--select", "redirect-http,secret-expired", "--output-format", "json")
    report = decode(regaudit(*args).stdout)
    summary = report.summary
    assert summary.findings == len(report.findings) == 5
    assert sum(summary.by_severity.values()) == sum(summary.by_area.values()) == sum(summary.by_rule.values()) == 5
    assert summary.by_rule == {"redirect-http": 4, "secret-expired": 1}
    assert list(summary.by_severity) == list(reversed(Severity))
    assert (summary.applications, summary.applications_with_findings) == (5, 4)
    assert {one.owner: (one.objects, one.findings) for one in summary.by_owner} == {"ann@contoso.com": (2, 3), "bob@contoso.com": (1, 2)}
    assert (summary.without_owner, summary.owner_not_known) == (1, 1)
    assert summary.earliest_expiry == "2026-02-01T00:00:00Z"
    assert [app.findings for app in report.applications] == [1, 2, 1, 0, 1]
    assert report.run.coverage.verdicts.failed == 4
    few = decode(regaudit(*args, "--min-severity", "critical").stdout)
    assert (few.findings, few.summary) == ([], summary), "what is not listed is counted"


def test_numbers_have_thousands_separators(tmp_path: Path) -> None:
    apps = [
        {**registration("Payroll"), "id": f"{i:08d}-1111-4111-8111-111111111111", "appId": f"{i:08d}-2222-4222-8222-222222222222",
         "web": {"redirectUris": ["http://a.contoso.com/"]}}
        for i in range(1200)
    ]  # fmt: skip
    ran = regaudit("scan", write(tmp_path / "apps.json", apps), *TODAY, "--select", "redirect-http,owner-none")
    assert "Read 1,200 app registrations from 1 file." in ran.out
    assert "  (1,200)\n" in ran.out
    assert "… and 1,198 more\n" in ran.out
    assert "Not evaluated: 1,200 checks, all of 1 rule that could not be evaluated at all. Missing is tenant data (owners)" in ran.out
    assert "Findings: 1,200 high." in ran.out
    assert not any(word.isdigit() and len(word) == 4 and word.startswith("12") for word in ran.out.split())


# -- verdicts by area


def test_each_area_of_a_registration_has_a_status_and_what_is_not_known(tmp_path: Path) -> None:
    rules = "secret-expired,redirect-http,owner-none,redirect-on-sp-only"
    apps = [
        registration("Bad", 1, passwordCredentials=[secret("a", "2024-01-31T00:00:00Z")], web={"redirectUris": ["http://a.contoso.com/"]}),
        registration("Good", 2, owners=[owner("ann")], passwordCredentials=[secret("b", "2031-01-31T00:00:00Z")], web={"redirectUris": []}),
        registration("Bare", 3, owners=[], passwordCredentials=[]),
    ]
    report = decode(regaudit("scan", write(tmp_path / "apps.json", apps), *TODAY, "--select", rules, "--output-format", "json").stdout)

    def said(position: int) -> dict[str, Any]:
        areas = report.applications[position].areas
        assert areas is not None
        return {
            area: (str(verdict.status), [report.not_evaluated[reason].what for reason in verdict.reasons])
            for area, verdict in report.area_verdicts[areas].items()
        }

    assert said(0)["credentials"] == ("fail", ["federatedIdentityCredentials"]) or said(0)["credentials"] == ("fail", [])
    assert said(0)["redirect-uris"][0] == "fail"
    assert said(0)["ownership"] == ("not-evaluated", ["owners"])
    assert said(1)["credentials"] == ("pass", [])
    assert said(1)["ownership"] == ("pass", [])
    assert said(2)["ownership"][0] == "fail"
    assert "credentials" not in said(2), "no rule of the area applies"


@pytest.mark.no_cover
def test_the_status_of_a_rule_and_of_an_area_is_what_is_said_of_each_subject(tmp_path: Path) -> None:
    golden_tenants.write(tmp_path)
    folder = Path(__file__).parent.parent / "sample_manifests"
    inputs = Inputs((str(folder), str(tmp_path / "contoso")))

    def everything(world: World) -> list[Any]:
        return [world.tenant, *world.apps, *world.principals, *world.connectors]

    audited = run(AuditRequest(inputs, RuleSelection(profile="strict"), DAY, only=everything, by_area=True, by_rule=10**6))
    assert audited.by_root is not None
    found = {(rank, area): status for rank, areas in audited.by_root.by_area().items() for area, (status, _) in areas.items()}
    wanted: dict[tuple[int, str], Status] = {}
    by_rule: dict[tuple[int, str], Status] = {}
    for world in audited.worlds:
        for root in everything(world):
            for outcome in audited.outcomes:
                for verdict in outcome.of(root).values():
                    for seen, name in ((wanted, outcome.rule.area), (by_rule, outcome.rule.id)):
                        key = root.rank, name
                        seen[key] = max(Status(verdict.says), seen.get(key, Status.not_applicable))
    rules = audited.by_root.by_rule()
    assert rules is not None
    assert [(one.rank, one.rule_id) for one in rules] == sorted(
        key for key, status in by_rule.items() if status is not Status.not_applicable
    )
    assert all(one.status is by_rule[one.rank, one.rule_id] for one in rules)
    assert {one.status for one in rules if one.reason is not None} == {Status.not_evaluated}
    assert found == {key: status for key, status in wanted.items() if status is not Status.not_applicable}
    assert all(count > 20 for count in Counter(found.values()).values())
    assert {Status.fail, Status.passed, Status.not_evaluated} <= set(found.values())


def test_a_service_principal_with_a_finding_is_in_the_report(tmp_path: Path) -> None:
    principal = {
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": "p1", "appId": "22222221-2222-4222-8222-222222222222",
        "displayName": "Payroll", "servicePrincipalType": "Application", "accountEnabled": True, "keyCredentials": [],
        "passwordCredentials": [secret("s", "2024-01-31T00:00:00Z")],
    }  # fmt: skip
    quiet = {**principal, "id": "p2", "appId": "22222222-2222-4222-8222-222222222222", "displayName": "Quiet", "passwordCredentials": []}
    file = write(tmp_path / "principals.json", {"value": [principal, quiet]})
    args = ("scan", file, *TODAY, "--select", "secret-expired,sp-*", "--output-format", "json")
    report = decode(regaudit(*args).stdout)
    (credential,) = report.credentials
    assert credential.principal is not None
    assert report.service_principals[credential.principal].object_id == "p1"
    assert len(report.service_principals) < len(decode(regaudit(*args, "--inventory").stdout).service_principals) == 2


# -- rules and fixes


def test_what_is_constant_of_a_rule_is_there_once(owned: Path) -> None:
    ran = regaudit("scan", owned, *TODAY, "--select", "redirect-http,secret-expired,app-id-uri-missing", "--output-format", "json")
    rules = {rule["id"]: rule for rule in ran.json["rules"]}
    assert rules.keys() == {"redirect-http", "secret-expired", "app-id-uri-missing"}
    rule = rules["secret-expired"]
    assert rule["aadsts"] == [7000222]
    assert rule["why"]
    assert rule["references"][0].startswith("https://learn.microsoft.com/")
    assert "az ad app credential delete --id {app.app_id:word} --key-id {secret.key_id:word}" in rule["commands"]
    assert rule["fix"]["places"]["secret.key_id"] == {"placeholder": "KEY-ID", "member": "credential_key_id"}
    assert not {"why", "fix", "commands"} & rules["app-id-uri-missing"].keys(), "no finding needs them"
    (row,) = (row for row in ran.findings if row["rule_id"] == "secret-expired")
    assert "--id 22222221-2222-4222-8222-222222222222 --key-id a\n" in row["remediation"]
    for text in (rule["title"], rule["why"], rule["fix"]["text"][:40]):
        assert ran.out.count(json.dumps(text)[1:-1]) == 1


def test_fixes_are_those_of_the_audit() -> None:
    """What a report fills in is what the engine's finding says."""
    folder = Path(__file__).parent.parent / "sample_manifests"
    audited = audit(folder, as_of=DAY, select=["ALL"])
    rows = list(Rows(report_of(audited)).findings())
    assert [row.remediation for row in rows] == [found.remediation for found in audited.findings]
    assert sum("22222222" in (row.remediation or "") or "`az " in (row.remediation or "") for row in rows) > 20
    for name in ("file", "line", "column", "pointer", "property_path", "portal_url", "actual", "expected", "owners", "area"):
        assert [getattr(row, name) for row in rows] == [getattr(found, name) for found in audited.findings], name


# -- the inventory


def test_the_inventory_has_owners_permissions_and_uris(tmp_path: Path) -> None:
    graph = "00000003-0000-0000-c000-000000000000"
    app = registration(
        "Payroll", 1, owners=[owner("ann")], identifierUris=["api://payroll"], web={"redirectUris": ["https://a.contoso.com/cb?code=hunter2"]},
        spa={"redirectUris": []}, publicClient={"redirectUris": []},
        requiredResourceAccess=[{"resourceAppId": graph, "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}]}],
    )  # fmt: skip
    args = ("scan", write(tmp_path / "apps.json", [app, registration("Bare", 2)]), *TODAY, "--output-format", "json")
    plain = regaudit(*args)
    assert "inventory" not in plain.json["applications"][0]
    ran = regaudit(*args, "--inventory")
    has, bare = (one["inventory"] for one in ran.json["applications"])
    assert has["owners"] == [{"name": "ann@contoso.com", "object_id": "ann", "kind": "user"}]
    assert has["identifier_uris"] == ["api://payroll"]
    assert has["redirect_uris"] == [{"uri": "https://a.contoso.com/cb?…", "platform": "web"}]
    assert [(one["permission"], one["kind"]) for one in has["permissions"]] == [("User.Read", "delegated")]
    assert bare["owners"] is bare["permissions"] is None, "what is not known is not an empty list"
    assert "hunter2" not in ran.out


@pytest.mark.parametrize(
    ("option", "forms"),
    [("--inventory", []), ("--inventory", ["--output-format", "csv"]), ("--rows", []), ("--rows", ["--output-format", "json"])],
)
def test_an_option_that_no_format_heeds_is_refused(owned: Path, option: str, forms: list[str]) -> None:
    ran = regaudit("scan", owned, *forms, option, *(["credentials"] if option == "--rows" else []))
    assert (ran.code, ran.out) == (2, "")
    assert f"regaudit: {option} is about" in ran.err


# -- flat rows


def table(ran: Ran) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ran.out)))


@pytest.mark.parametrize("kind", KINDS)
def test_csv_and_ndjson_say_the_same(troubled: list[str | Path], kind: str) -> None:
    comma, lines = (regaudit("scan", *troubled, "--output-format", form, "--rows", kind) for form in ("csv", "ndjson"))
    rows, objects = table(comma), [json.loads(line) for line in lines.out.splitlines()]
    assert len(rows) == len(objects) == len(comma.out.splitlines()) - 1 > 3, "a row a line"
    assert all(tuple(row) == columns(kind) == tuple(row_) for row, row_ in zip(rows, objects, strict=True))
    assert {row["row"] for row in rows} == {kind[:-1]}
    key = {"findings": "finding_id", "credentials": "key_id"}.get(kind, "app_id")
    # A cell has no line breaks, and an apostrophe before what a spreadsheet would work out.
    assert [row[key].lstrip("'") for row in rows] == [" ".join(str(row[key] or "").split()) for row in objects]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\t=", " =", "\r\n="])
def test_no_cell_is_a_formula(tmp_path: Path, kind: str, start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    app = hostile_app(text)
    file = write(tmp_path / f"{text.strip()}.json", app)
    principal = write(tmp_path / "principal.json", {
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": "33333333-3333-4333-8333-333333333333",
        "appId": "44444444-4444-4444-8444-444444444444", "displayName": text, "servicePrincipalType": "Application",
    })  # fmt: skip
    ran = regaudit("scan", file, principal, *TODAY, "--profile", "strict", "--output-format", "csv", "--rows", kind)
    rows = table(ran)
    assert rows
    assert "HYPERLINK" in ran.out
    for row in rows:
        for name, value in row.items():
            assert not value.lstrip().startswith(("=", "+", "@", "\uff1d")), (name, value)
            assert not value.lstrip().startswith("-") or name == "days_left", (name, value)


def test_rows_of_applications_have_everything(owned: Path) -> None:
    (row, *_) = table(regaudit("scan", owned, *TODAY, "--output-format", "csv", "--rows", "applications"))
    assert (row["display_name"], row["sign_in_audience"], row["secrets"], row["owners"]) == ("One", "AzureADMyOrg", "1", "ann@contoso.com")
    assert (row["failed_areas"], row["worst_severity"]) == ("credentials", "high")
    assert "servicePrincipals: not in the input" in row["not_evaluated"]


@pytest.mark.no_cover
@pytest.mark.parametrize(("form", "kind"), [(name, kind) for name, form in FORMATS.items() for kind in (KINDS if form.flat else (None,))])
def test_a_report_is_known_again(owned: Path, tmp_path: Path, form: str, kind: str | None) -> None:
    """It may be written over, and is not audited itself, in a folder of registrations."""
    target = tmp_path / f"report.{form}"
    args: list[str | Path] = ["scan", owned, *TODAY, "--output-format", f"{form}={target}", *(["--rows", kind] if kind else [])]
    assert regaudit(*args).code == 1
    before = target.read_bytes()
    assert regaudit(*args).code == 1
    assert target.read_bytes() == before
    ran = regaudit("scan", tmp_path, *TODAY, "--output-format", "json")
    assert (ran.json["run"]["coverage"]["applications_read"], ran.json["run"]["errors"]) == (5, [])


# -- how long it is


def test_a_report_repeats_nothing(tmp_path: Path) -> None:
    """Bytes of a finding and of a registration, however many findings the rules make of it: benchmarks/report_size.py has the ratios."""
    count = 500
    write_page(count, tmp_path / "apps.json")
    report = report_of(audit(tmp_path / "apps.json", as_of="2026-11-01"))
    assert len(report.findings) > count
    assert len(msgspec.json.encode(report.findings)) / len(report.findings) <= 500
    assert len(msgspec.json.encode(report.applications)) / count <= 300
    assert len(msgspec.json.encode(report.credentials)) / len(report.credentials) <= 200


def test_a_report_for_a_text_leaves_out_what_no_text_needs(owned: Path) -> None:
    audited = audit(owned, as_of=DAY, select=["redirect-http"])
    brief, whole = (report_of(audited, depth=depth) for depth in (Depth.findings, Depth.objects))
    assert (len(brief.applications), len(brief.credentials)) == (3, 0)
    assert (len(whole.applications), len(whole.credentials)) == (5, 2)
