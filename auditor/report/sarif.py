"""SARIF 2.1.0 for code scanning: GitHub, Azure DevOps, editors. A result a finding, the worst first.

GitHub takes 25,000 results. It knows an alert again by its rule and its fingerprint: neither follows the name of the rule or the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from auditor.accepted import Waiver
from auditor.display import escaped
from auditor.frameworks import catalogue, labels, title
from auditor.links import DOCS
from auditor.report import Options
from auditor.report.model import Finding, Remark, Report, Rule
from auditor.report.rows import Rows, worst
from auditor.severity import Certainty, Severity, Status

MOST = 25_000  # results, as GitHub takes them
_BATCH = 500
_MOST_TAGS = 20
_LEVELS = {
    Severity.critical: "error", Severity.high: "error", Severity.medium: "warning", Severity.low: "note", Severity.info: "note",
}  # fmt: skip
# GitHub's words for numbers: critical from 9.0, high from 7.0, medium from 4.0, low above 0.
_SCORES = {Severity.critical: "9.5", Severity.high: "8.0", Severity.medium: "5.5", Severity.low: "2.0", Severity.info: "0.1"}
_encode = msgspec.json.Encoder().encode


def render(report: Report, options: Options) -> Iterator[bytes]:
    results = worst(report.findings, MOST)
    rules = _rules(report, results)
    positions = {rule.id: position for position, rule in enumerate(rules)}
    highest: dict[str, Severity] = {}
    for finding in report.findings:
        highest[finding.rule_id] = max(highest.get(finding.rule_id, Severity.info), finding.severity)
    driver: dict[str, Any] = {
        "name": "regaudit", "version": report.tool.version, "semanticVersion": report.tool.version, "informationUri": DOCS,
        "rules": [_rule(rule, highest[rule.id]) for rule in rules],
    }  # fmt: skip
    run: dict[str, Any] = {"tool": {"driver": driver}}
    if taxonomies := _taxonomies(rules):
        driver["supportedTaxonomies"] = [{"name": one["name"], "index": position} for position, one in enumerate(taxonomies)]
        run["taxonomies"] = taxonomies
    head = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    yield escaped(_encode(head))[:-3]
    yield b',"automationDetails":' + _encode({"id": "/".join(["regaudit", *report.run.tenants, ""])})  # a category for each tenant
    yield b',"columnKind":"unicodeCodePoints","invocations":[' + escaped(_encode(_invocation(report, len(results)))) + b'],"results":['
    rows, has_baseline = Rows(report), any(finding.status is Status.baselined for finding in report.findings)
    made = partial(_result, rows, positions, has_baseline=has_baseline)
    for first in range(0, len(results), _BATCH):
        yield (b"," if first else b"") + escaped(_encode([made(finding) for finding in results[first : first + _BATCH]]))[1:-1]
    yield b"]}]}\n"


def _rules(report: Report, results: Iterable[Finding]) -> list[Rule]:
    found = {finding.rule_id for finding in results}
    return [rule for rule in report.rules if rule.id in found]


def _rule(rule: Rule, highest: Severity) -> dict[str, Any]:
    """`id` is the rule's first name, so that an alert outlives a new one."""
    why = rule.why or rule.title
    fix = rule.fix.filled({}) if rule.fix is not None else ""
    links = "".join(f"\n- <{address}>" for address in rule.references)
    text = f"{why}\n\nFix:\n\n{fix}".strip()
    markdown = f"{why}\n\n## Fix\n\n{fix}".strip() + (f"\n\n## References\n{links}" if links else "")
    made: dict[str, Any] = {
        "id": rule.identity or rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(why.partition("\n\n")[0].split())[:1000]},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[highest]},
        "properties": {
            "tags": ["security", rule.area, *rule.tags, *labels(rule.frameworks)][:_MOST_TAGS], "precision": "high",
            "problem.severity": _problem(highest), "security-severity": _SCORES[highest],
        },
    }  # fmt: skip
    if rule.frameworks:
        made["relationships"] = [
            {"target": {"id": item, "toolComponent": {"name": framework}}, "kinds": ["relevant"]}
            for framework, items in rule.frameworks.items()
            for item in items
        ]
    if address := rule.page or next(iter(rule.references), None):
        made["helpUri"] = address
    return made


def _taxonomies(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The frameworks that these rules name, with the items that they name."""
    named: dict[str, set[str]] = {}
    for rule in rules:
        for framework, items in rule.frameworks.items():
            named.setdefault(framework, set()).update(items)
    return [_taxonomy(framework, sorted(items)) for framework, items in sorted(named.items())]


def _taxonomy(framework: str, items: list[str]) -> dict[str, Any]:
    """A page of a user's own may name a framework, or an item of one, that the catalogue does not have."""
    taxa: list[dict[str, Any]] = [{"id": item} for item in items]
    for taxon in taxa:
        if text := title(f"{framework}:{taxon['id']}"):
            taxon["shortDescription"] = {"text": f"{text}."}
    made: dict[str, Any] = {"name": framework, "isComprehensive": False, "taxa": taxa}
    if (known := catalogue().get(framework)) is not None:
        made |= {"fullName": known.title, "informationUri": known.page, "shortDescription": {"text": f"{known.name}."}}
    return made


def _problem(severity: Severity) -> str:
    level = _LEVELS[severity]
    return "recommendation" if level == "note" else level


def _invocation(report: Report, shown: int) -> dict[str, Any]:
    run, gate = report.run, report.summary.gate
    said = [_notification(error, "error", "not-read") for error in run.errors]
    said += [_notification(Remark(f"{row.rule_id}: {row.message}"), "error", "rule-error") for row in report.rule_errors]
    said += [_notification(Remark(one.message), "error", f"incomplete-{one.cause}") for one in gate.incomplete]
    if shown < len(report.findings):
        text = f"This report has the worst {shown:,} of {len(report.findings):,} findings: code scanning takes no more."
        said.append(_notification(Remark(text), "warning", "cut"))
    return {
        "executionSuccessful": gate.complete, "exitCode": gate.exit_code, "exitCodeDescription": gate.verdict,
        "startTimeUtc": run.started, "endTimeUtc": run.finished, "toolExecutionNotifications": said,
    }  # fmt: skip


def _notification(remark: Remark, level: str, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {"level": level, "descriptor": {"id": kind}, "message": _message(remark.text)}
    if remark.file:
        made["locations"] = [_location(remark.file, remark.line, remark.column)]
    return made


def _message(text: str) -> dict[str, str]:
    """No part of it is a link or a place for an argument."""
    return {"text": text.replace("](", "] (")}


def _result(rows: Rows, positions: dict[str, int], finding: Finding, *, has_baseline: bool) -> dict[str, Any]:
    rule, (_, of) = rows.rules[finding.rule_id], rows.object_of(finding)
    at = rows.artifact_of(finding)
    location = _location(at.path, at.line, at.column)
    _, pointer, path_of = rows.place_of(finding)
    location["logicalLocations"] = [{"name": rows.name_of(finding), "fullyQualifiedName": pointer or of.pointer or "/", "kind": "object"}]
    more: dict[str, Any] = {"severity": finding.severity, "certainty": finding.certainty, "area": finding.area}
    made: dict[str, Any] = {
        "ruleId": rule.identity or rule.id,
        "ruleIndex": positions[rule.id],
        "level": _LEVELS[finding.severity],
        "message": _message(f"{rows.name_of(finding)}: {finding.message}" + (" (likely)" if finding.certainty is Certainty.likely else "")),
        "locations": [location],
        # GitHub reads the first, which is to end with a number; other systems take the second.
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.finding_id}:1", "regaudit/v2": finding.finding_id},
        "properties": more,
    }
    if path_of:
        more["property"] = path_of
    if address := rows.portal_of(finding):
        made["hostedViewerUri"] = address
    if finding.related:
        made["relatedLocations"] = [
            {"id": number, "message": _message(one.label), **_location(one.file, one.line, None)}
            for number, one in enumerate(finding.related, 1)
            if one.file
        ]
    if finding.status is Status.waived:
        made["suppressions"] = [_suppression(finding.waiver)]
    if has_baseline:  # all results have it, or none
        made["baselineState"] = "unchanged" if finding.status is Status.baselined else "new"
    return made


def _suppression(waiver: Waiver | None) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": "external", "status": "accepted"}
    if waiver is not None:
        made |= {"justification": waiver.reason, "location": _location(waiver.file, waiver.line, None)}
        if more := {name: value for name, value in (("until", waiver.until), ("approver", waiver.approver)) if value}:
            made["properties"] = more
    return made


def _location(file: str, line: int | None, column: int | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": address_of(file)}, "region": {"startLine": line or 1}}
    if column:
        place["region"]["startColumn"] = column
    return {"physicalLocation": place}


def address_of(file: str) -> str:
    """The path of a file as a URI."""
    path = quote(file.replace("\\", "/"), "/:")
    if path[:1] == "/":
        return f"file://{path}"
    return f"file:///{path}" if path[1:3] == ":/" else path.replace(":", "%3A")
