"""GitLab's code quality report: an array with an element for each finding that is neither waived nor known before.

What could not be read or done is an element, too: GitLab would show an empty array as a clean result.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath
from typing import Any

import msgspec

from auditor.digest import sha256
from auditor.display import escaped
from auditor.report import Options
from auditor.report.model import Finding, Remark, Report
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
    undone = [*_undone(report)]
    yield escaped(_encode(undone))[1:-1]
    if undone and findings:
        yield b","
    for first in range(0, len(findings), _BATCH):
        yield (b"," if first else b"") + escaped(_encode([_element(rows, finding) for finding in findings[first : first + _BATCH]]))[1:-1]
    yield b"]\n"


def _undone(report: Report) -> Iterator[dict[str, Any]]:
    said = [("not-read", error) for error in report.run.errors]
    said += [(f"incomplete-{one.cause}", Remark(one.message)) for one in report.summary.gate.incomplete]
    for name, remark in said:
        path = remark.file or "regaudit"
        yield {
            "engine_name": "regaudit", "check_name": name, "description": remark.text,
            "fingerprint": sha256(ascii((name, path, remark.message)).encode()).hexdigest()[:32], "severity": "blocker",
            "location": {"path": normpath(path), "lines": {"begin": remark.line or 1}},
        }  # fmt: skip


def _element(rows: Rows, finding: Finding) -> dict[str, Any]:
    at = rows.artifact_of(finding)
    likely = " (likely)" if finding.certainty is Certainty.likely else ""
    return {
        "engine_name": "regaudit", "check_name": finding.rule_id, "description": f"{rows.name_of(finding)}: {finding.message}{likely}",
        "fingerprint": finding.finding_id, "severity": _SEVERITIES[finding.severity],
        "location": {"path": at.path, "lines": {"begin": at.line}},
    }  # fmt: skip
