"""The report for pipelines and dashboards: flat rows, every key always there, times in UTC. `regaudit schema report` describes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from auditor import __version__
from auditor.display import clean, clean_or_none, escaped, harmless, iso
from auditor.engine.finding import Finding, Status
from auditor.engine.identity import Identity, fingerprint
from auditor.pipeline import Report
from auditor.report import Options
from auditor.report.tables import applications, connectors, credentials, earliest_expiry
from auditor.report.verdict import verdict_of
from auditor.severity import Severity
from auditor.sources.coverage import TenantInfo

SCHEMA_VERSION = "1.0"
_BATCH = 2000  # rows encoded at a time
_encoder = msgspec.json.Encoder()


def render(report: Report, options: Options) -> Iterator[bytes]:
    yield b'{"schema_version":' + _encode(SCHEMA_VERSION)
    yield b',"tool":' + _encode({"name": "regaudit", "version": __version__})
    yield b',"run":' + _encode(_run(report))
    yield b',"summary":' + _encode(_summary(report, options))
    yield from _rows("findings", _findings(report, options))
    yield from _rows("credentials", credentials(report))
    yield from _rows("applications", applications(report))
    yield from _rows("connectors", connectors(report))
    yield b"}\n"


def _encode(value: Any) -> bytes:
    return escaped(_encoder.encode(value))


def _rows(name: str, rows: Iterable[Any]) -> Iterator[bytes]:
    """A list of rows, one a line, encoded in batches."""
    yield f',"{name}":['.encode()
    batch: list[Any] = []
    first = True
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield (b"" if first else b",") + _encode(batch)[1:-1]
            first = False
            batch.clear()
    if batch:
        yield (b"" if first else b",") + _encode(batch)[1:-1]
    yield b"]"


def _run(report: Report) -> dict[str, Any]:
    return {
        "id": report.run_id,
        "started": iso(report.started),
        "finished": iso(report.finished),
        "as_of": iso(report.as_of),
        "source": _source(report),
        "paths": [harmless(path, 1000) for path in report.paths],
        "profile": report.profile,
        "rules": [outcome.rule.id for outcome in report.outcomes],
        "coverage": {
            "applications_read": report.applications,
            "service_principals_read": report.service_principals,
            "connectors_read": report.connectors,
            "files_read": report.files_read,
            "files_passed_over": report.files_passed_over,
            "verdicts": {name: report.count(name) for name in ("passed", "failed", "not_applicable", "not_evaluated", "errors")},
            "not_evaluated": [
                {
                    "reason": clean(str(reason)),
                    "remedy": report.remedy(reason),
                    "count": count,
                    "rules": sorted(o.rule.id for o in report.outcomes if reason in o.reasons),
                }
                for reason, count in sorted(report.reasons().items(), key=lambda item: str(item[0]))
            ],
            "tenants": [
                {
                    "tenant_id": clean(world.tenant.id) if isinstance(world.tenant.id, str) else None,
                    "folder": None if world.info is not None else harmless(world.scope, 1000) or None,
                    "complete_collections": sorted(world.complete),
                    "collections": _covered(world.info),
                    "applications_read": len(world.apps),
                    "service_principals_read": len(world.principals),
                }
                for world in report.worlds
            ],
            "without_exact_places": [harmless(name, 1000) for name in report.inexact],
        },
        "errors": [
            {"file": harmless(e.file, 1000), "line": e.line or None, "column": e.column or None, "message": clean(e.message, 500)}
            for e in report.errors
        ],
        "notes": [
            {"file": harmless(n.file, 1000) or None, "line": n.line or None, "column": n.column or None, "message": clean(n.message, 500)}
            for n in report.notes
        ],
    }


def _source(report: Report) -> str:
    if not report.tenants:
        return "manifest"
    return "mixed" if report.files_read else "graph"


def _covered(info: TenantInfo | None) -> list[dict[str, Any]]:
    """What a live tenant or a snapshot says of its collections."""
    return [
        {
            "collection": clean(covered.collection), "status": clean(covered.status), "count": covered.count,
            "reason": clean_or_none(covered.reason or None), "missing_permission": clean_or_none(covered.permission or None),
        }
        for covered in (info.covered if info is not None else ())
    ]  # fmt: skip


def _summary(report: Report, options: Options) -> dict[str, Any]:
    by_severity = report.by_severity()
    by_status = Counter(finding.status for finding in report.findings)
    return {
        "findings": by_status[Status.fail],
        "by_severity": {severity: by_severity[severity] for severity in reversed(Severity)},
        "by_status": {"fail": by_status[Status.fail], "error": by_status[Status.error], "not_evaluated": report.count("not_evaluated")},
        "earliest_expiry": iso(earliest_expiry(report)),
        "gate": _gate(report, options),
    }


def _gate(report: Report, options: Options) -> dict[str, Any]:
    gate = report.gate(options.fail_on, strict=options.strict)
    return gate.row(verdict_of(report, gate))


def _findings(report: Report, options: Options) -> Iterator[Finding]:
    yield from filter(options.shows, report.findings)
    for outcome in report.outcomes:
        for reason, count in sorted(outcome.reasons.items(), key=lambda item: str(item[0])):
            rule = outcome.rule
            yield Finding(
                fingerprint(rule.identity, Identity(()), Status.not_evaluated.value, str(reason)),
                rule.id, rule.title, rule.area, Severity.info, Severity.info, Status.not_evaluated,
                message=clean(f"not evaluated: {reason}"), reference_url=rule.references[0] if rule.references else None,
                aadsts=rule.aadsts, count=count,
            )  # fmt: skip
