"""The report for pipelines and dashboards: flat rows, every key always there, times in UTC. `regaudit schema report` describes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from auditor import __version__
from auditor.display import clean, iso
from auditor.facts import App, ServicePrincipal
from auditor.finding import SEVERITIES, Finding, fingerprint
from auditor.report import Options
from auditor.scan import Report
from auditor.unknown import Partial, Unknown

SCHEMA_VERSION = "1.0"
_BATCH = 2000  # rows encoded at a time
# What JSON may hold and a CI log would obey: command prefixes, and characters that move the cursor or turn the line round.
_OBEYED = re.compile(rb"##|[\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf")
_encoder = msgspec.json.Encoder()


class Credential(msgspec.Struct):
    app_id: str | None
    object_id: str | None
    app_display_name: str | None
    key_id: str | None
    kind: str
    on: str
    display_name: str | None
    start: str | None
    end: str | None
    days_left: int | None
    state: str
    is_superseded: bool | None


class Application(msgspec.Struct):
    app_id: str | None
    object_id: str | None
    display_name: str | None
    file: str
    line: int
    pointer: str
    sign_in_audience: str | None
    created: str | None
    owners: list[str] | None
    tags: list[str] | None
    service_management_reference: str | None
    service_principal_id: str | None
    secrets: int | None
    certificates: int | None
    federated_credentials: int | None
    requested_permissions: int | None
    earliest_expiry: str | None
    findings: int
    worst_severity: str | None


def render(report: Report, options: Options) -> Iterator[bytes]:
    credentials = list(_credentials(report))
    yield b'{"schema_version":' + _encode(SCHEMA_VERSION)
    yield b',"tool":' + _encode({"name": "regaudit", "version": __version__})
    yield b',"run":' + _encode(_run(report))
    yield b',"summary":' + _encode(_summary(report, credentials))
    yield from _rows("findings", _findings(report))
    yield from _rows("credentials", credentials)
    yield from _rows("applications", _applications(report))
    yield b"}\n"


def _encode(value: Any) -> bytes:
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError:
        text = _encoder.encode(msgspec.json.decode(repr(value).encode("utf-8", "replace")))
    return _OBEYED.sub(_escape, text) if _OBEYED.search(text) else text


def _escape(found: re.Match[bytes]) -> bytes:
    return b"".join(b"\\u%04x" % ord(c) for c in found[0].decode("utf-8"))


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
        "source": "manifest",
        "paths": [clean(path, 1000) for path in report.paths],
        "profile": report.profile,
        "rules": [outcome.rule.id for outcome in report.outcomes],
        "coverage": {
            "applications_read": report.applications,
            "service_principals_read": report.service_principals,
            "files_read": report.files_read,
            "files_passed_over": report.files_passed_over,
            "verdicts": {name: report.count(name) for name in ("passed", "failed", "not_applicable", "not_evaluated", "errors")},
            "not_evaluated": [
                {"reason": clean(reason), "count": count, "rules": sorted(o.rule.id for o in report.outcomes if reason in o.reasons)}
                for reason, count in sorted(report.reasons().items())
            ],
            "tenants": [
                {
                    "tenant_id": world.tenant.id if isinstance(world.tenant.id, str) else None,
                    "folder": clean(world.scope, 1000) or None,
                    "complete_collections": sorted(world.complete),
                    "applications_read": len(world.apps),
                    "service_principals_read": len(world.principals),
                }
                for world in report.worlds
            ],
            "without_exact_places": [clean(name, 1000) for name in report.inexact],
        },
        "errors": [
            {"file": clean(e.file, 1000), "line": e.line or None, "column": e.column or None, "message": clean(e.message, 500)}
            for e in report.errors
        ],
        "notes": [
            {"file": clean(n.file, 1000) or None, "line": n.line or None, "column": n.column or None, "message": clean(n.message, 500)}
            for n in report.notes
        ],
    }


def _summary(report: Report, credentials: list[Credential]) -> dict[str, Any]:
    by_severity = report.by_severity()
    by_status = {"fail": 0, "error": 0, "pass": 0}
    for finding in report.findings:
        by_status[finding.status] = by_status.get(finding.status, 0) + 1
    ends = [credential.end for credential in credentials if credential.end is not None and credential.state in ("valid", "expiring")]
    return {
        "findings": by_status["fail"],
        "by_severity": {severity: by_severity[severity] for severity in reversed(SEVERITIES)},
        "by_status": {"fail": by_status["fail"], "error": by_status["error"], "not_evaluated": report.count("not_evaluated")},
        "earliest_expiry": min(ends, default=None),
    }


def _findings(report: Report) -> Iterator[Finding]:
    yield from report.findings
    for outcome in report.outcomes:
        for reason, count in sorted(outcome.reasons.items()):
            rule = outcome.rule
            yield Finding(
                fingerprint("", rule.id, "not-evaluated", reason),
                rule.id, rule.title, rule.area, "info", "not-evaluated",
                message=clean(f"not evaluated: {reason}"), reference_url=rule.references[0] if rule.references else None,
                aadsts=rule.aadsts, count=count,
            )  # fmt: skip


def _text(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) and value else None


def _known(values: Any) -> list[Any]:
    return [] if isinstance(values, Unknown) else values.known() if isinstance(values, Partial) else list(values)


def _credentials(report: Report) -> Iterator[Credential]:
    for world in report.worlds:
        for one in (*world.apps, *world.principals):
            on = "application" if isinstance(one, App) else "servicePrincipal"
            for kind, found in (("secret", _known(one.secrets)), ("certificate", _known(one.certificates))):
                for credential in found:
                    yield _credential(report, one, on, kind, credential)


def _credential(report: Report, one: App | ServicePrincipal, on: str, kind: str, credential: Any) -> Credential:
    now = report.as_of
    start = None if isinstance(credential.start, Unknown) else credential.start
    end = None if isinstance(credential.end, Unknown) else credential.end
    left = None if end is None else (end - now).days
    if isinstance(credential.end, Unknown):
        state = "unknown"
    elif end is not None and end <= now:
        state = "expired"
    elif start is not None and start > now:
        state = "not-yet-valid"
    else:
        state = "expiring" if left is not None and left < 30 else "valid"
    superseded = credential.superseded
    return Credential(
        _text(one.app_id), _text(one.id), _text(one.display_name), _text(credential.key_id), kind, on, _text(credential.display_name),
        iso(start), iso(end), left, state, None if isinstance(superseded, Unknown) else superseded,
    )  # fmt: skip


def _applications(report: Report) -> Iterator[Application]:
    rank = {severity: i for i, severity in enumerate(SEVERITIES)}
    worst: dict[tuple[str | None, str | None], tuple[int, str]] = {}
    for finding in report.findings:
        if finding.status == "fail" and finding.resource_kind == "application":
            key = (finding.app_id, finding.object_id)
            count, severity = worst.get(key, (0, "info"))
            worst[key] = (count + 1, max(severity, finding.severity, key=rank.__getitem__))
    for world in report.worlds:
        for app in world.apps:
            app_id, object_id = _text(app.app_id), _text(app.id)
            count, most = worst.get((app_id, object_id), (0, None))
            ends = [
                c.end for c in (*_known(app.secrets), *_known(app.certificates)) if c.end is not None and not isinstance(c.end, Unknown)
            ]
            principal = app.service_principal if "servicePrincipals" in world.given else None
            subject = getattr(app, "subject", None)
            yield Application(
                app_id, object_id, _text(app.display_name), app.document.file.shown, app.document.line, app.document.pointer,
                _text(app.audience), None if isinstance(app.created, Unknown) else iso(app.created),
                subject.owners if subject else None,
                [clean(tag) for tag in app.tags] if app.tags.__class__ is list else None,
                _text(app.service_management_reference),
                _text(principal.id) if isinstance(principal, ServicePrincipal) else None,
                _size(app.secrets), _size(app.certificates), _size(app.federated_credentials), _size(app.requested_permissions),
                iso(min((end for end in ends if end > report.as_of), default=None)), count, most,
            )  # fmt: skip


def _size(values: Any) -> int | None:
    return len(values) if values.__class__ is list else None
