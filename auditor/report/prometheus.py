"""Metrics for Prometheus, as a file for node_exporter's textfile collector: when credentials end, and how many findings there are.

Moments, not numbers of days, which would be wrong until the next run. No series is there twice, whatever was read twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from auditor.report import Options
from auditor.report.model import Report
from auditor.report.rows import Rows

_BATCH = 1000  # lines


def render(report: Report, options: Options) -> Iterator[bytes]:
    run, summary = report.run, report.summary
    yield from _gauge("build_info", "The version of regaudit that wrote this file.", {_labels(version=report.tool.version): 1})
    yield from _gauge("run_timestamp_seconds", "The moment that counted as now in the run.", {"": _seconds(run.as_of)})
    yield from _gauge("run_complete", "Whether the whole job was done.", {"": int(summary.gate.complete)})
    yield from _gauge("run_exit_code", "0: no finding counts; 1: one does; 2: the job is not complete.", {"": summary.gate.exit_code})
    yield from _gauge("run_errors", "Number of errors: what could not be read.", {"": len(run.errors)})
    read = run.coverage
    objects = {
        "application": read.applications_read, "servicePrincipal": read.service_principals_read, "connector": read.connectors_read,
    }  # fmt: skip
    yield from _gauge("objects", "Number of objects that were read.", {_labels(kind=kind): count for kind, count in objects.items()})
    verdicts = {_labels(verdict=name.replace("_", "-")): getattr(read.verdicts, name) for name in read.verdicts.__struct_fields__}
    yield from _gauge("checks", "Number of verdicts: one for each rule and object.", verdicts)
    # All severities are there, also with 0, so that an alert ends when the last finding is gone.
    severities = {_labels(severity=severity): count for severity, count in summary.by_severity.items()}
    yield from _gauge("findings_by_severity", "Number of findings that are neither waived nor known before.", severities)
    found = Counter((finding.rule_id, finding.area, finding.severity, finding.status) for finding in report.findings)
    by_rule = {
        _labels(rule=rule, area=area, severity=severity, status=status): count
        for (rule, area, severity, status), count in sorted(found.items())
    }
    yield from _gauge("findings", "Number of findings of a rule.", by_rule)
    yield from _gauge("credential_expiry_timestamp_seconds", "When a client secret or certificate ends.", _expiries(report))


def _gauge(name: str, what: str, samples: Mapping[str, int]) -> Iterator[bytes]:
    lines = [f"# HELP regaudit_{name} {what}\n# TYPE regaudit_{name} gauge\n"]
    for labels, value in samples.items():
        lines.append(f"regaudit_{name}{labels} {value}\n")
        if len(lines) == _BATCH:
            yield "".join(lines).encode("utf-8", "replace")
            lines.clear()
    yield "".join(lines).encode("utf-8", "replace")


def _expiries(report: Report) -> dict[str, int]:
    """By credential; of several that nothing tells apart the first that ends."""
    rows = Rows(report)
    found: dict[str, int] = {}
    for one in report.credentials:
        if one.end is None:
            continue
        on, of = rows.object_of(one)
        labels = _labels(
            tenant_id=report.tenants[of.tenant].tenant_id or "", app_id=of.app_id or "", app=of.display_name or "", on=on, kind=one.kind,
            key_id=one.key_id or "", superseded={True: "yes", False: "no", None: "unknown"}[one.is_superseded],
        )  # fmt: skip
        end = _seconds(one.end)
        found[labels] = min(end, found.get(labels, end))
    return found


def _labels(**values: str) -> str:
    listed = ",".join(f'{name}="{_value(value)}"' for name, value in values.items())
    return f"{{{listed}}}"


def _value(text: str) -> str:
    if "\\" in text or '"' in text or "\n" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return text


@lru_cache(maxsize=10_000)
def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
