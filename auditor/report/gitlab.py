"""GitLab's code quality report: an array with an element for each finding that is neither waived nor known before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.display import escaped
from auditor.report import Options
from auditor.report.model import Finding, Report
from auditor.report.rows import Rows
from auditor.severity import Certainty, Severity, Status

_SEVERITIES = {
    Severity.critical: "blocker", Severity.high: "critical", Severity.medium: "major", Severity.low: "minor", Severity.info: "info",
}  # fmt: skip
_BATCH = 1000
_encode = msgspec.json.Encoder().encode


def render(report: Report, options: Options) -> Iterator[bytes]:
    rows = Rows(report)
    findings = [finding for finding in report.findings if finding.status is Status.fail]
    yield b"["
    for first in range(0, len(findings), _BATCH):
        yield (b"," if first else b"") + escaped(_encode([_element(rows, finding) for finding in findings[first : first + _BATCH]]))[1:-1]
    yield b"]\n"


def _element(rows: Rows, finding: Finding) -> dict[str, Any]:
    path, line, _ = rows.artifact_of(finding)
    likely = " (likely)" if finding.certainty is Certainty.likely else ""
    return {
        "engine_name": "regaudit", "check_name": finding.rule_id, "description": f"{rows.name_of(finding)}: {finding.message}{likely}",
        "fingerprint": finding.finding_id, "severity": _SEVERITIES[finding.severity],
        "location": {"path": path, "lines": {"begin": line}},
    }  # fmt: skip
