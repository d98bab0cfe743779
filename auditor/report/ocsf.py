"""OCSF 1.5: an array of Detection Findings (class 2004), as Prowler writes them, for a SIEM or a data lake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from auditor.display import escaped
from auditor.frameworks import labels
from auditor.report import Options
from auditor.report.model import Finding, Report
from auditor.report.objects import Entity
from auditor.report.rows import Rows
from auditor.severity import Certainty, Severity, Status

VERSION = "1.5.0"
_SEVERITIES = {
    Severity.info: (1, "Informational"), Severity.low: (2, "Low"), Severity.medium: (3, "Medium"), Severity.high: (4, "High"),
    Severity.critical: (5, "Critical"),
}  # fmt: skip
_CONFIDENCES = {Certainty.certain: (3, "High"), Certainty.likely: (2, "Medium")}
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")
_BATCH = 1000
_encode = msgspec.json.Encoder().encode


def render(report: Report, options: Options) -> Iterator[bytes]:
    made = _Events(report)
    yield b"["
    for first in range(0, len(report.findings), _BATCH):
        events = [made.event(finding) for finding in report.findings[first : first + _BATCH]]
        yield (b"," if first else b"") + escaped(_encode(events))[1:-1]
    yield b"]\n"


class _OfRule(NamedTuple):
    title: msgspec.Raw
    metadata: msgspec.Raw
    why: msgspec.Raw
    remediation: msgspec.Raw
    frameworks: list[str]


class _Events:
    """What is the same for all findings of a rule or an object is encoded once."""

    def __init__(self, report: Report) -> None:
        self._report, self._rows = report, Rows(report)
        self._time = int(datetime.fromisoformat(report.run.as_of).timestamp() * 1000)
        self._rules: dict[str, _OfRule] = {}
        self._clouds: dict[int, msgspec.Raw] = {}
        self._last: tuple[Entity, msgspec.Raw] | None = None  # findings are in the order of objects

    def event(self, finding: Finding) -> dict[str, Any]:
        rule = self._rules.get(finding.rule_id) or self._rule(finding.rule_id)
        kind, of = self._rows.object_of(finding)
        severity_id, severity = _SEVERITIES[finding.severity]
        confidence_id, confidence = _CONFIDENCES.get(finding.certainty or Certainty.certain, (0, "Unknown"))
        status_id, status = _NEW if finding.status is Status.fail else _SUPPRESSED
        unmapped: dict[str, Any] = {"area": finding.area, "weak": finding.weak}
        if finding.key_id:
            unmapped["credential_key_id"] = finding.key_id
        if finding.actual is not None:
            unmapped["actual"] = finding.actual
        if rule.frameworks:
            unmapped["frameworks"] = rule.frameworks
        if finding.waiver is not None:
            unmapped |= {"waiver_reason": finding.waiver.reason, "waiver_until": finding.waiver.until}
        return {
            "metadata": rule.metadata, "activity_id": 1, "activity_name": "Create", "category_uid": 2, "category_name": "Findings",
            "class_uid": 2004, "class_name": "Detection Finding", "type_uid": 200401, "type_name": "Detection Finding: Create",
            "time": self._time, "severity_id": severity_id, "severity": severity, "confidence_id": confidence_id, "confidence": confidence,
            "status_id": status_id, "status": status, "status_code": "FAIL", "status_detail": finding.status,
            "message": finding.message,
            "finding_info": {"uid": finding.finding_id, "title": rule.title, "desc": finding.message, "types": [finding.area]},
            "risk_details": rule.why, "remediation": rule.remediation, "cloud": self._cloud(of.tenant),
            "resources": self._resource(kind, of, finding), "unmapped": unmapped,
        }  # fmt: skip

    def _rule(self, rule_id: str) -> _OfRule:
        rule, report = self._rows.rules[rule_id], self._report
        product = {"name": "regaudit", "vendor_name": "regaudit", "version": report.tool.version}
        metadata: dict[str, Any] = {
            "product": product, "version": VERSION, "profiles": ["cloud"], "event_code": rule.id, "correlation_uid": report.run.id,
        }  # fmt: skip
        fix = rule.fix.filled({}) if rule.fix is not None else rule.title
        references = [*([rule.page] if rule.page else []), *rule.references]
        texts = _raw(rule.title), _raw(metadata), _raw(rule.why or rule.title), _raw({"desc": fix, "references": references})
        made = _OfRule(*texts, labels(rule.frameworks))
        self._rules[rule_id] = made
        return made

    def _cloud(self, tenant: int) -> msgspec.Raw:
        if tenant not in self._clouds:
            cloud: dict[str, Any] = {"provider": "Azure"}
            if uid := self._report.tenants[tenant].tenant_id:
                cloud["account"] = {"uid": uid, "type_id": 6, "type": "Azure AD Account"}
            self._clouds[tenant] = _raw(cloud)
        return self._clouds[tenant]

    def _resource(self, kind: str, of: Entity, finding: Finding) -> msgspec.Raw:
        if self._last is None or self._last[0] is not of:
            made: dict[str, Any] = {"type": kind, "name": of.display_name or "", "uid": of.app_id or of.object_id or self._place(finding)}
            if of.owners:
                made["owner"] = {"name": of.owners[0]}
            if of.tags:
                made["labels"] = of.tags
            made["data"] = {"application_id": of.app_id, "object_id": of.object_id, "file": self._rows.file_of(of), "pointer": of.pointer}
            self._last = of, _raw([made])
        return self._last[1]

    def _place(self, finding: Finding) -> str:
        """What names an object without an ID."""
        at = self._rows.artifact_of(finding)
        return f"{at.path}:{at.line}"


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))
