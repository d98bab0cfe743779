"""Reports for machines, read by parsers and schemas that are not ours; and what all formats have in common."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from lxml import etree
from markdown_it import MarkdownIt
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from prometheus_client.parser import text_string_to_metric_families

from auditor.links import DOCS
from auditor.report import FORMATS, KINDS, Options, render
from auditor.report.model import Finding, Report, decode
from auditor.severity import Certainty, Severity, Status
from tests import golden_tenants, test_harmless
from tests.helpers import PAGE, ROOT, process, regaudit, registration, write

SCHEMAS = ROOT.parent / "shared/data/schemas"
needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the public schemas are not here")
TODAY = ("--as-of", "2026-11-24")
# What stands for the file's name: --output-format FORMAT=FILE.
FILES = {name: f"report.{name}" for name in FORMATS}
Reports = dict[str, bytes]


def scan(folder: Path, *args: str | Path, into: Path) -> tuple[int, Reports]:
    """The exit code, and the reports of one run in every format."""
    wanted = [f"--output-format={name}={into / file}" for name, file in FILES.items()]
    ran = regaudit("scan", folder, *args, *TODAY, *wanted)
    assert ran.out == ""
    return ran.code, {name: (into / file).read_bytes() for name, file in FILES.items()}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Of Tailspin, which is what people really hand over: several files, harmful names, a broken file."""
    folder = tmp_path_factory.mktemp("reports")
    golden_tenants.write(folder)
    code, found = scan(folder / "tailspin", into=folder)
    assert code == 2
    return found


@pytest.fixture(scope="module")
def model(reports: Reports) -> Report:
    return decode(reports["json"])


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Of a snapshot: no finding has a file."""
    folder = tmp_path_factory.mktemp("live")
    golden_tenants.write(folder)
    return scan(folder / "adatum.ndjson", into=folder)[1]


def failing(model: Report) -> list[Finding]:
    return [finding for finding in model.findings if finding.status is Status.fail]


def rendered(model: Report, form: str, **options: Any) -> bytes:
    return b"".join(render(model, form, Options(**options)))


def copy(model: Report) -> Report:
    return decode(msgspec.json.encode(model))


def many(model: Report, count: int) -> Report:
    """A report with so many findings."""
    made = copy(model)
    made.findings = (made.findings * (count // len(made.findings) + 1))[:count]
    return made


def with_statuses(model: Report, *statuses: Status) -> Report:
    """A report whose first findings have these statuses."""
    made = copy(model)
    for finding, status in zip(made.findings, statuses, strict=False):
        finding.status = status
    return made


# -- SARIF


@needs_schemas
@pytest.mark.parametrize("change", ["as it is", "waived", "live", "empty"])
def test_sarif_fits_the_schema_of_oasis(reports: Reports, live: Reports, model: Report, change: str) -> None:
    empty = copy(model)
    empty.findings = []
    sarif = {
        "as it is": reports["sarif"],
        "waived": rendered(with_statuses(model, Status.waived, Status.baselined), "sarif"),
        "live": live["sarif"],
        "empty": rendered(empty, "sarif"),
    }[change]
    schema = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text("utf-8"))
    assert [f"{error.json_path}: {error.message}"[:300] for error in Draft7Validator(schema).iter_errors(json.loads(sarif))] == []


def test_sarif_has_what_github_shows(reports: Reports, model: Report) -> None:
    (run,) = json.loads(reports["sarif"])["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert len(results) == len(model.findings) > 100
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [result["ruleId"] for result in results]
    ranks = [Severity(result["properties"]["severity"]).rank for result in results]
    assert ranks == sorted(ranks, reverse=True)
    for rule in rules:
        assert rule["helpUri"] == f"{DOCS}rules/{rule['id']}/"
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert "## Fix" in rule["help"]["markdown"]
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10
        assert len(rule["properties"]["tags"]) <= 20
    worst = sorted(model.findings, key=lambda row: (-row.severity.rank, row.certainty is not Certainty.certain))
    for result, finding in zip(results, worst, strict=True):
        assert result["partialFingerprints"] == {"primaryLocationLineHash": f"{finding.finding_id}:1", "regaudit/v2": finding.finding_id}
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] == finding.line
        assert place["region"].get("startColumn") == finding.column
        assert finding.message.replace("](", "] (") in result["message"]["text"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    said = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert [error.text for error in model.run.errors] == said[: len(model.run.errors)] != []


def test_live_objects_have_stable_places(live: Reports) -> None:
    report = decode(live["json"])
    (tenant,) = report.run.tenants
    (run,) = json.loads(live["sarif"])["runs"]
    assert run["automationDetails"]["id"] == f"regaudit/{tenant}/"
    places = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    ids = {report.applications[finding.app].app_id for finding in report.findings if finding.app is not None}
    assert {f"entra/{tenant}/applications/{app_id}.json" for app_id in ids} <= places
    assert all(re.fullmatch(rf"entra/{tenant}/\w+/[\w.-]+\.json", place) for place in places)
    paths = {element["location"]["path"] for element in json.loads(live["gitlab"])}
    undone = {"regaudit", *(error.file for error in report.run.errors)}
    assert paths - undone == places


def test_waived_is_suppressed_and_baselined_is_unchanged(model: Report) -> None:
    (run,) = json.loads(rendered(with_statuses(model, Status.waived, Status.baselined), "sarif"))["runs"]
    *others, baselined, waived = sorted(
        run["results"], key=lambda result: ("suppressions" in result, result["baselineState"] == "unchanged")
    )
    ids = [result["partialFingerprints"]["regaudit/v2"] for result in (waived, baselined)]
    assert ids == [finding.finding_id for finding in model.findings[:2]]
    assert waived["suppressions"] == [{"kind": "external", "status": "accepted"}]
    assert baselined["baselineState"] == "unchanged"
    assert "suppressions" not in baselined
    assert {other["baselineState"] for other in others} == {"new"}
    (plain,) = json.loads(rendered(with_statuses(model, Status.waived), "sarif"))["runs"]
    assert not any("baselineState" in result for result in plain["results"])


def test_sarif_is_cut_at_the_worst_and_says_so(model: Report) -> None:
    (run,) = json.loads(rendered(many(model, 26_000), "sarif"))["runs"]
    assert len(run["results"]) == 25_000
    assert run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"].startswith(
        "This report has the worst 25,000 of 26,000"
    )
    least = min(Severity(result["properties"]["severity"]).rank for result in run["results"])
    assert sum(finding.severity.rank > least for finding in many(model, 26_000).findings) < 25_000


def test_fingerprints_outlive_new_names_of_rule_and_file(tmp_path: Path) -> None:
    def run(rule: str, more: str, file: str) -> list[dict[str, Any]]:
        page = PAGE.format(id=rule, severity="high", tag="house", title="Name is careless").replace("tags ", more + "\ntags ")
        for old in tmp_path.rglob("*.*"):
            old.unlink()
        write(tmp_path / "rules" / f"{rule}.md", page)
        write(tmp_path / "in" / file, registration("Payroll", 1))
        ran = regaudit("scan", tmp_path / "in", "--extend-rules", tmp_path / "rules", "--select", rule, *TODAY, "--output-format", "sarif")
        assert ran.code == 1
        results: list[dict[str, Any]] = ran.json["runs"][0]["results"]
        return results

    (before,) = run("name-careless", "", "app.json")
    (after,) = run("name-dull", 'aliases = ["name-careless"]\nidentity = "name-careless"', "below/moved.json")
    assert after["partialFingerprints"] == before["partialFingerprints"]
    assert after["ruleId"] == before["ruleId"] == "name-careless"
    uri = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in (before, after)]
    assert uri[0] != uri[1]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b/ü#1.json", "a%20b/%C3%BC%231.json"),
        ("/srv/x.json", "file:///srv/x.json"),
        ("C:\\x\\y.json", "file:///C:/x/y.json"),
        ("a:b/c", "a%3Ab/c"),
    ],
)
def test_paths_become_uris(file: str, uri: str) -> None:
    from auditor.report.sarif import address_of

    assert address_of(file) == uri


# -- JUnit


@needs_schemas
def test_junit_fits_its_schema(reports: Reports, live: Reports, model: Report) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "JUnit.xsd"))
    without = copy(model)
    without.rule_verdicts = None
    for junit in (reports["junit"], live["junit"], rendered(without, "junit")):
        schema.assertValid(etree.fromstring(junit))


def test_junit_has_a_case_for_every_verdict(live: Reports) -> None:
    model, root = decode(live["json"]), etree.fromstring(live["junit"])
    suites = root.findall("testsuite")
    assert len(suites) == 1 + len({(one.app, one.principal, one.connector, one.tenant) for one in model.rule_verdicts or ()}) > 20
    for suite in suites:
        for name in ("failure", "error", "skipped"):
            assert int(suite.get(name if name == "skipped" else f"{name}s", "")) == len(suite.findall(f"testcase/{name}"))
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    run, *objects = (
        [
            (case.get("name"), case[0].tag if len(case) else "passed", case[0].get("message", "") if len(case) else "")
            for case in suite.findall("testcase")
        ]
        for suite in suites
    )
    cases = [case for suite in objects for case in suite]
    verdicts = model.run.coverage.verdicts
    assert sum(outcome == "passed" for _, outcome, _ in cases) == verdicts.passed
    gave_way = [case for case in cases if case[1] == "skipped" and case[2].endswith(" reports it")]
    assert sum(outcome == "failure" for _, outcome, _ in cases) + len(gave_way) == verdicts.failed > 20
    reasons = {f"{one.what}: {one.why}" for one in model.not_evaluated}
    not_evaluated = [case for case in cases + run if case[1] == "skipped" and case not in gave_way]
    assert len(not_evaluated) == verdicts.not_evaluated > 20
    assert all({*message.split("; ")} <= reasons for _, _, message in not_evaluated)
    failures = " ".join(message for _, outcome, message in cases if outcome == "failure")
    assert all(finding.message in failures for finding in failing(model))


def test_junit_says_what_could_not_be_read(reports: Reports, model: Report) -> None:
    errors = [
        case[0].get("message") for case in etree.fromstring(reports["junit"])[0].findall("testcase") if len(case) and case[0].tag == "error"
    ]
    assert errors == [*(error.text for error in model.run.errors), *(one.message for one in model.summary.gate.incomplete)]
    assert len(model.run.errors) == 3


def test_junit_skips_what_is_waived_or_hidden(live: Reports) -> None:
    model = decode(live["json"])
    made = with_statuses(model, *[Status.waived] * len(model.findings))
    cases = etree.fromstring(rendered(made, "junit")).findall("testsuite/testcase")
    assert not [case for case in cases if len(case) and case[0].tag == "failure"]
    assert sum(case[0].get("message") == "waived" for case in cases if len(case)) > 20
    made.findings, made.run.min_severity = [], Severity.critical
    cases = etree.fromstring(rendered(made, "junit")).findall("testsuite/testcase")
    assert sum(case[0].get("message") == "below --min-severity critical" for case in cases if len(case)) > 20


def test_junit_of_too_many_cases_counts(model: Report) -> None:
    made = copy(model)
    made.rule_verdicts = None
    run, rules = etree.fromstring(rendered(made, "junit")).findall("testsuite")
    assert run.get("name") == "regaudit"
    messages = {case.get("name"): case[0].get("message") if len(case) else "" for case in rules}
    rule = max(model.rules, key=lambda rule: rule.verdicts.failed)
    assert str(messages[rule.id]).startswith(f"{rule.verdicts.failed:,} failed")
    checked = [
        rule.id for rule in model.rules if rule.verdicts.passed + rule.verdicts.failed + rule.verdicts.not_evaluated + rule.verdicts.errors
    ]
    assert [name for name in messages if name] == checked


def test_verdicts_by_rule_are_kept_up_to_a_number(tmp_path: Path) -> None:
    from auditor.pipeline import AuditRequest, Inputs, run
    from auditor.report.build import report_of

    write(tmp_path / "apps.json", {"value": [registration(f"App {i}", i) for i in range(10)]})
    audited = run(AuditRequest(Inputs((str(tmp_path),)), as_of="2026-01-01", by_rule=100_000))
    verdicts = audited.by_root.by_rule() if audited.by_root else None
    assert verdicts
    assert len(verdicts) == sum(audited.count(name) for name in ("passed", "failed", "not_evaluated", "errors")) - sum(
        outcome.not_evaluated for outcome in audited.outcomes if outcome.rule.root != "app" and not outcome.passed
    )
    assert report_of(audited).rule_verdicts
    fewer = run(AuditRequest(Inputs((str(tmp_path),)), as_of="2026-01-01", by_rule=len(verdicts) - 1))
    assert report_of(fewer).rule_verdicts is None


# -- annotations


def properties(text: str, end: str, unescape: dict[str, str]) -> dict[str, str]:
    found = dict(part.partition("=")[::2] for part in text.rstrip(end).split(end))
    for code, character in unescape.items():
        found = {name: value.replace(code, character) for name, value in found.items()}
    return found


def test_github_annotates_the_worst(reports: Reports, model: Report) -> None:
    lines = reports["github"].decode().splitlines()
    assert lines[0] == model.summary.gate.verdict
    assert (
        lines[-1]
        == f"regaudit: annotated {sum('title=regaudit%3A not read' not in line and 'incomplete' not in line for line in lines[1:-1])} of {len(failing(model)):,} findings."
    )
    kinds = [line[2:].split(" ", 1)[0] for line in lines[1:-1]]
    assert {kind: kinds.count(kind) for kind in kinds} == {"error": 10, "warning": 10, "notice": 10}
    found = [re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line) for line in lines[1:-1]]
    assert all(found)
    values = [properties(match[2], ",", {"%3A": ":", "%2C": ",", "%25": "%"}) for match in found if match]
    assert values[0]["title"] == "regaudit: not read"
    assert values[0]["file"].endswith(model.run.errors[0].file or "?")
    worst = [finding.severity for finding in failing(model) if finding.severity >= Severity.high]
    assert "critical" in worst
    assert sum("(critical" in match[3] for match in found if match) == min(worst.count(Severity.critical), 10 - kinds_of_errors(lines))


def kinds_of_errors(lines: list[str]) -> int:
    return sum(line.startswith("::error ") and ("%3A not read:" in line or "%3A incomplete:" in line) for line in lines)


def test_azure_logs_issues_and_uploads_the_summary(tmp_path: Path) -> None:
    write(tmp_path / "app.json", registration("Payroll", 1, web={"redirectUris": ["http://payroll.contoso.com/cb"]}))
    summary = tmp_path / "50%.md"
    ran = regaudit("scan", tmp_path / "app.json", *TODAY, "--output-format", "azure", "--output-format", f"markdown={summary}")
    lines = ran.out.splitlines()
    issues = [re.fullmatch(r"##vso\[task\.logissue ([^\]]*)\](.*)", line) for line in lines if "logissue" in line]
    values = [properties(match[1], ";", {"%3B": ";", "%5D": "]", "%AZP25": "%"}) for match in issues if match]
    assert len(values) == len(issues) > 0
    assert {"error", "warning"} >= {value["type"] for value in values}
    (http,) = (value for value in values if value["code"] == "redirect-http")
    assert http["sourcepath"].endswith("app.json")
    assert int(http["linenumber"]) == 1
    assert lines[-1] == f"##vso[task.uploadsummary]{summary.as_posix().replace('%', '%AZP25')}"
    assert summary.read_text("utf-8").startswith("<!-- Report of regaudit ")
    alone = regaudit("scan", tmp_path / "app.json", *TODAY, "--output-format", "azure")
    assert "uploadsummary" not in alone.out


@pytest.mark.parametrize("form", ["github", "azure", "gitlab"])
def test_what_is_waived_is_not_shown(model: Report, form: str) -> None:
    made = with_statuses(model, *[Status.waived] * len(model.findings))
    made.run.errors, made.summary.gate.incomplete, made.summary.by_status = [], [], {Status.fail: 0}
    text = rendered(made, form).decode()
    if form == "gitlab":
        assert json.loads(text) == []
    else:
        assert text.splitlines() == [made.summary.gate.verdict, "regaudit: annotated 0 of 0 findings."]


# -- GitLab, OCSF, Prometheus, Markdown, Excel


def test_gitlab_has_what_its_page_asks_for(reports: Reports, model: Report) -> None:
    assert not reports["gitlab"].startswith(b"\xef\xbb\xbf")
    # https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    text = {"type": "string", "minLength": 1}
    element = {
        "type": "object", "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": text, "check_name": text, "fingerprint": text, "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {"type": "object", "required": ["path", "lines"], "properties": {
                "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^\./"}},
                "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
            }},
        },
    }  # fmt: skip
    found = json.loads(reports["gitlab"])
    Draft202012Validator({"type": "array", "items": element}).validate(found)
    shown = [(row.finding_id, row.rule_id) for row in failing(model)]
    assert [(one["fingerprint"], one["check_name"]) for one in found][-len(shown) :] == shown
    undone = {one["description"]: one["location"]["path"] for one in found[: -len(shown)]}
    assert undone == {error.text: error.file for error in model.run.errors} | {
        one.message: "regaudit" for one in model.summary.gate.incomplete
    }


def test_ocsf_fits_its_schema(reports: Reports, live: Reports, model: Report) -> None:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.5.0")).get_class_schema("detection_finding", profiles=["cloud"])
    validator = Draft202012Validator(schema)
    waived = rendered(with_statuses(model, Status.waived), "ocsf")
    for ocsf in (reports["ocsf"], live["ocsf"], waived):
        events = json.loads(ocsf)
        for event in events[::7]:  # each takes a millisecond
            assert [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(event)] == []
    events = json.loads(reports["ocsf"])
    assert [event["finding_info"]["uid"] for event in events] == [finding.finding_id for finding in model.findings]
    assert {event["class_uid"] for event in events} == {2004}
    assert json.loads(waived)[0]["status"] == "Suppressed"
    assert {event["cloud"]["account"]["uid"] for event in json.loads(live["ocsf"])} == set(decode(live["json"]).run.tenants)


def test_prometheus_reads_the_metrics(reports: Reports, model: Report) -> None:
    text = reports["prometheus"].decode()
    assert text.endswith("\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(family.type == "gauge" and family.documentation for family in families.values())
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for family in families.values() for sample in family.samples]
    assert len(series) == len(set(series))
    severities = {sample.labels["severity"]: sample.value for sample in families["regaudit_findings_by_severity"].samples}
    assert severities == model.summary.by_severity
    assert sum(sample.value for sample in families["regaudit_findings"].samples) == len(model.findings)
    ends = {sample.labels["key_id"]: sample.value for sample in families["regaudit_credential_expiry_timestamp_seconds"].samples}
    some = next(one for one in model.credentials if one.end and one.key_id and one.state == "expiring")
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends[some.key_id or ""])) == some.end
    assert {sample.timestamp for family in families.values() for sample in family.samples} == {
        None
    }  # node_exporter refuses files with them


def table_of(markdown: bytes) -> list[list[str]]:
    """The rows of the table, as a Markdown parser reads them; no HTML in it, and links to our site or the portal alone."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.decode())
    rows: list[list[str]] = []
    inside = False
    for token in tokens:
        inside = (inside or token.type == "tbody_open") and token.type != "tbody_close"
        if token.type == "html_block":
            assert re.fullmatch(
                r"<!-- Report of regaudit [\w.+]+ -->\n?|<details><summary>Not evaluated: [^<>]*</summary>\n?|</details>\n?", token.content
            )
        if token.type == "tr_open" and inside:
            rows.append([])
        for child in token.children or ():
            assert child.type != "html_inline" or child.content == "<!-- -->", child.content
            if child.type == "link_open":
                assert str(child.attrs["href"]).startswith((DOCS, "https://entra.microsoft.com/"))
            assert child.type not in ("image", "code_inline", "strong_open", "em_open") or not inside
        if token.type == "inline" and inside:
            rows[-1].append("".join(child.content for child in token.children or () if child.type in ("text", "text_special")))
    return rows


def test_markdown_is_a_table_of_findings(reports: Reports, live: Reports, model: Report) -> None:
    rows = table_of(reports["markdown"])
    assert len(rows) == len(model.findings)
    ranks = [Severity(row[0].partition(",")[0]).rank for row in rows]
    assert ranks == sorted(ranks, reverse=True)
    assert sorted(row[1] for row in rows) == sorted(finding.rule_id for finding in model.findings)
    assert sorted(row[3].replace("@", "") for row in rows) == sorted(finding.message.replace("@", "") for finding in model.findings)
    assert table_of(live["markdown"])


def test_markdown_is_cut_at_a_row(model: Report) -> None:
    made = many(model, 9_000)
    text = rendered(made, "markdown")
    assert (1 << 20) - 5000 < len(text) <= 1 << 20
    rows = table_of(text)
    assert len({len(row) for row in rows}) == 1
    assert f"The worst {len(rows):,} of 9,000 findings" in text.decode()


def test_excel_has_four_sheets(reports: Reports, model: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(reports["xlsx"]))
    assert book.sheetnames == ["findings", "registrations", "credentials", "service principals"]
    for kind, name in zip(KINDS, book.sheetnames, strict=True):
        sheet = book[name]
        header, *rows = sheet.iter_rows(values_only=True)
        assert len(rows) == len(getattr(model, kind))
        assert sheet.auto_filter.ref
        assert "app_id" in header
    messages = [
        row[list(next(book["findings"].values)).index("message")] for row in book["findings"].iter_rows(min_row=2, values_only=True)
    ]
    assert messages == [" ".join(finding.message.split()) for finding in model.findings]
    registrations = list(book["registrations"].iter_rows(values_only=True))
    assert any(row[registrations[0].index("sign_in_audience")] for row in registrations[1:])  # of the inventory


# -- all formats


def test_each_format_is_recognised_and_replaced(tmp_path: Path) -> None:
    """Also where it was read as a part of the folder."""
    write(tmp_path / "app.json", registration("Payroll", 1, web={"redirectUris": ["http://payroll.contoso.com/cb"]}))
    first, _ = scan(tmp_path, into=tmp_path)
    again, found = scan(tmp_path, into=tmp_path)
    assert first == again
    assert json.loads(found["json"])["run"]["coverage"]["files_read"] == 1  # none of them is taken for a registration
    for name, form in FORMATS.items():
        assert form.wrote(found[name][: 1 << 20], found[name][-(1 << 20) :]), name
        others = [other for other in FORMATS if other != name and FORMATS[other].wrote(found[name], found[name])]
        assert set(others) <= {"github", "azure", "gitlab", "ocsf"}, name


def test_no_format_takes_the_place_of_an_input(tmp_path: Path) -> None:
    app = write(tmp_path / "app.json", registration("Payroll", 1))
    for name in FORMATS:
        ran = regaudit("scan", app, "--output-format", f"{name}={app}")
        assert ran.code == 2
        assert "take the place of" in ran.err
    assert json.loads(app.read_text())["displayName"] == "Payroll"


@pytest.mark.parametrize(("case", "code"), [("tidy", 0), ("careless", 1), ("broken", 2)])
def test_exit_codes_are_the_same_under_every_format(tmp_path: Path, case: str, code: int) -> None:
    uri = {"tidy": "https://payroll.contoso.com/cb", "careless": "http://payroll.contoso.com/cb"}.get(case, "https://x.contoso.com")
    write(tmp_path / "app.json", registration("Payroll", 1, web={"redirectUris": [uri]}, spa=None, publicClient=None))
    if case == "broken":
        write(tmp_path / "broken.json", '{"appId": "x", "displayName": ')
    for name in FORMATS:
        ran = regaudit("scan", tmp_path, *TODAY, "--select", "redirect-http", "--output-format", name)
        assert ran.code == code, name


def test_a_killed_run_leaves_no_half_written_file(tmp_path: Path) -> None:
    target = tmp_path / "report.sarif"
    target.write_text("what was there")
    code = f"""
import sys, time
from pathlib import Path
from auditor.commands.output import write
def pieces():
    yield b"half" * 100_000
    print("writing", flush=True)
    time.sleep(60)
write(pieces(), Path({str(target)!r}))
"""
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert running.stdout
    assert running.stdout.readline() == b"writing\n"
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()
    assert target.read_text() == "what was there"


@pytest.mark.parametrize("form", list(FORMATS))
def test_a_report_that_fails_half_way_is_not_there(tmp_path: Path, form: str) -> None:
    app = write(tmp_path / "in/app.json", registration("Payroll", 1))
    out = tmp_path / "out"
    out.mkdir()

    def broken(*_: object) -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with mock.patch("auditor.commands.rendering.render", broken):
        ran = regaudit("scan", app, "--output-format", f"{form}={out / 'report'}")
    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert list(out.iterdir()) == []


def test_an_unknown_format_is_not_far_from_a_known_one(tmp_path: Path) -> None:
    ran = regaudit("scan", tmp_path, "--output-format", "Sariff")
    assert ran.code == 2
    assert "no report format is called 'Sariff'; did you mean 'sarif'? There are: text, json," in ran.err


def test_a_workbook_is_not_for_a_terminal_and_needs_its_package(tmp_path: Path) -> None:
    write(tmp_path / "app.json", registration("Payroll", 1))
    import pty  # not on Windows

    said = io.BytesIO()
    pty.spawn([sys.executable, "-m", "auditor", "scan", str(tmp_path), "--output-format", "xlsx"], lambda terminal: _heard(terminal, said))
    assert b"regaudit: xlsx is not for a terminal: give it a file, as in --output-format xlsx=report.xlsx" in said.getvalue()
    assert b"PK" not in said.getvalue()
    with mock.patch("importlib.util.find_spec", return_value=None):
        ran = regaudit("scan", tmp_path, "--output-format", f"xlsx={tmp_path / 'r.xlsx'}")
    assert ran.code == 2
    assert 'pip install "regaudit[xlsx]"' in ran.err
    piped = process("scan", tmp_path, "--output-format", "xlsx")
    assert openpyxl.load_workbook(io.BytesIO(piped.stdout)).sheetnames[0] == "findings"


def _heard(terminal: int, said: io.BytesIO) -> bytes:
    data = os.read(terminal, 4096)
    said.write(data)
    return b""


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "text"])
def test_only_a_workbook_loads_its_writer(form: str) -> None:
    code = f"""
import sys
from auditor.report import FORMATS
from importlib import import_module
import_module("auditor.report." + FORMATS[{form!r}].module)
print(sorted({{"xlsxwriter", "lxml", "xml.etree"}} & sys.modules.keys()))
"""
    assert process(python=("-c", code)).out == "[]\n"


# -- hostile names

PARTS = ["=PLANT|' /C calc'!A0", "+PLANT", "@PLANT", "::error::PLANT", "##vso[task.PLANT]", "##[error]PLANT", "\x1b[31m", "\u202e", "\r\n", "\n",
         "\u2028", " ", "字", "]]>", "&amp;", "<!--", "-->", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](https://evil.example)",
         "![x](//evil.example)", "https://evil.example", "www.evil.example", "|", "`", "``", "\\", "*b*", "_i_", "~~s~~", "{0}", "%0A::error::PLANT", "%s", ";", "]", ",",
         "\"", "'", "\ufffe", "\ud800", "$x$", "# h", ":smile:", "\t", "a@b.example"]  # fmt: skip
NAMES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join)


def assert_text_is_harmless(form: str, report: bytes) -> None:
    text = report.decode("utf-8")
    ours = {
        "github": r"::(error|warning|notice) [^:]*::(?!.*##(vso)?\[)",
        "azure": r"##vso\[task\.(logissue [^\]]*;|uploadsummary)\](?!.*##(vso)?\[)",
    }
    for line in re.split(r"\r?\n", text):
        if form in ours and re.match(ours[form], line):
            continue
        assert not {unicodedata.category(c) for c in line} & test_harmless.FORBIDDEN, (form, line)
        assert not re.search(r"##(vso)?\[", line, re.IGNORECASE), (form, line)
        assert not re.match(r"\s*::", line), (form, line)
        assert not re.match(r"\s*[=+@-]PLANT", line), (form, line)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", text), form


@pytest.mark.slow
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(name=NAMES, other=NAMES)
@example("=PLANT|' /C calc'!A0", "".join(PARTS))
@example("".join(PARTS), "@PLANT")
def test_hostile_names_do_no_harm_in_any_format(name: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as below:
        folder = Path(below)
        test_harmless.tenant(folder / "in", name, f"https://me:{test_harmless.SECRET}@h.contoso.com/{other}", other)
        code, reports = scan(folder / "in", "--profile", "strict", "--select", "ALL", into=folder)
    assert code in (1, 2)
    assert_harmless(reports)


def assert_harmless(reports: Reports) -> None:
    count = len(json.loads(reports["json"])["findings"])
    assert count
    for form, report in reports.items():
        if form not in ("xlsx", "html"):  # tests/test_html.py
            assert test_harmless.SECRET.encode() not in report, form
            assert_text_is_harmless(form, report)
    (run,) = json.loads(reports["sarif"])["runs"]
    assert len(run["results"]) == count
    assert not any("](" in result["message"]["text"] for result in run["results"])
    assert len(json.loads(reports["ocsf"])) == count <= len(json.loads(reports["gitlab"]))
    assert len(reports["ndjson"].splitlines()) == count
    assert len(table_of(reports["markdown"])) == count
    assert not re.search(r"(?<!\()https?://|(?i:www\.)|@\w", re.sub(r"\]\([^)]*\)", "](", reports["markdown"].decode()))
    list(text_string_to_metric_families(reports["prometheus"].decode()))
    etree.fromstring(reports["junit"])
    _, *rows = csv.reader(io.StringIO(reports["csv"].decode(), newline=""))
    assert len(rows) == count
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "@", "-")) and cell != "-"]
    book = openpyxl.load_workbook(io.BytesIO(reports["xlsx"]))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in "snb"
                assert cell.hyperlink is None
                text = str(cell.value or "")
                assert test_harmless.SECRET not in text
                assert not text.lstrip().startswith(("=", "+", "@", "-")) or cell.data_type == "n" or cell.quotePrefix, text
