"""What the HTML report knows, as JSON: texts of the first screen, columns of the tables, and what the page of each object shows.

The page reads the head and the columns when it opens, and the details of an object when somebody asks for it. Positions count from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from auditor.display import counted, placed
from auditor.report import model, objects
from auditor.report.html_fixes import Fixes, prose
from auditor.report.reach import key, reach_of
from auditor.report.rows import LINK, Rows, said_of
from auditor.report.summary import Summary, exceptions_said
from auditor.severity import Certainty, Status
from auditor.shell import Shell

KINDS = ("application", "servicePrincipal", "connector", "tenant")
_TIERS = ("tier 0", "high", "medium", "low")
_STATES = ("valid", "expiring", "expired", "not-yet-valid", "unknown")
_POWER, _WAY_IN = 1, 2
_SOME = 500  # objects whose details are packed together

Columns = dict[str, list[Any]]


class Data:
    """All that a page needs of a report."""

    def __init__(self, report: model.Report, shell: Shell) -> None:
        self._report, self._rows, self._shell = report, Rows(report), shell
        self._fixes = Fixes(self._rows)
        lists: list[list[objects.Entity]] = [
            [*report.applications], [*report.service_principals], [*report.connectors], [*report.tenants]
        ]  # fmt: skip
        self._all = [(kind, of) for kind, members in zip(KINDS, lists, strict=True) for of in members]
        self._at = {id(of): position for position, (_, of) in enumerate(self._all)}
        self._rule_at = {rule.id: position for position, rule in enumerate(report.rules)}
        self._findings: dict[int, list[model.Finding]] = defaultdict(list)
        self._credentials: dict[int, list[objects.Credential]] = defaultdict(list)
        for finding in (*report.findings, *report.rule_errors):
            self._findings[self._of(finding)].append(finding)
        for credential in report.credentials:
            self._credentials[self._of(credential)].append(credential)

    def _of(self, thing: model.Finding | objects.Credential) -> int:
        return self._at[id(self._rows.object_of(thing)[1])]

    # -- the first screen

    def head(self) -> dict[str, Any]:
        """What the first screen says, and the texts of rules. Asked for last: the fixes of all findings are in it."""
        report = self._report
        gate, run, summary = report.summary.gate, report.run, report.summary
        said = Summary(report, verbose=True, colour=False)
        return {
            "version": report.tool.version, "asOf": run.as_of, "started": run.started, "profile": run.profile, "paths": run.paths,
            "verdict": gate.verdict, "failed": gate.failed, "complete": gate.complete, "exitCode": gate.exit_code, "failOn": gate.fail_on,
            "incomplete": [one.message for one in gate.incomplete],
            "errors": [_remark(one) for one in run.errors], "notes": [_remark(one) for one in run.notes],
            "said": [sentence for sentence in (said.read(), said.connectors(), said.evaluated()) if sentence],
            "bySeverity": {str(severity): count for severity, count in summary.by_severity.items()},
            "byArea": summary.by_area, "likely": summary.likely, "minSeverity": str(run.min_severity),
            "registrations": summary.applications, "withFindings": summary.applications_with_findings,
            "verdicts": run.coverage.verdicts,
            "notEvaluated": [
                {"what": one.what, "why": one.why, "count": one.count, "rules": len(one.rules), "remedy": prose(one.remedy or "")}
                for one in sorted(report.not_evaluated, key=lambda one: (-one.count, one.what, one.why))
            ],
            "takenAway": [
                [one.text, one.is_warning] for one in (exceptions_said(report.exceptions, verbose=True) if report.exceptions else ())
            ],
            "tenants": [tenant.tenant_id or tenant.folder or "" for tenant in report.tenants],
            "files": report.files, "rules": [self._rule(rule) for rule in report.rules], "fixes": self._fixes.written,
            "hasInventory": report.has_inventory,
            "shells": [str(shell) for shell in Shell], "shell": str(self._shell), "some": _SOME,
        }  # fmt: skip

    def _rule(self, rule: model.Rule) -> dict[str, Any]:
        links = [address for address in rule.references if LINK.fullmatch(address)]
        page = rule.page if rule.page and LINK.fullmatch(rule.page) else None
        return {
            "id": rule.id, "area": rule.area, "title": rule.title, "codes": rule.aadsts, "page": page, "references": links,
            "why": prose(rule.why or ""),
        }  # fmt: skip

    # -- tables

    def tables(self) -> dict[str, Columns]:
        """Columns of the objects, the findings and the credentials; the values of a row are at one position in each."""
        return {"objects": self._objects(), "findings": self._of_findings(), "credentials": self._of_credentials()}

    def _objects(self) -> Columns:
        return _columns((
            "kind", "name", "appId", "objectId", "tenant", "worst", "findings", "owners", "tags", "file", "line", "audience", "created",
            "expiry", "secrets", "certificates", "federated", "permissions", "tier", "reach", "team",
        ), self._object_rows())  # fmt: skip

    def _object_rows(self) -> Iterator[tuple[Any, ...]]:
        reach, tiers = reach_of(self._rows), self._tiers()
        for position, (kind, of) in enumerate(self._all):
            has = of.inventory if isinstance(of, objects.Application) else None
            own = of.inventory if isinstance(of, objects.ServicePrincipal) else None
            ends = [one.end for one in self._credentials[position] if one.end is not None and one.state != "expired"]
            known = reach.get(key(of, kind if kind not in KINDS[:2] else ""))
            within = (_POWER if known and known.power else 0) | (_WAY_IN if known and known.ways_in else 0)
            counted_ = [row for row in self._findings[position] if row.status is Status.fail]
            credentials = has or own
            yield (
                KINDS.index(kind), of.display_name, of.app_id, of.object_id, of.tenant,
                max((row.severity.rank for row in counted_), default=-1), len(counted_), of.owners, of.tags or [], of.file, of.line,
                has.sign_in_audience if has else None, has.created if has else None, min(ends, default=None),
                credentials.secrets if credentials else None, credentials.certificates if credentials else None,
                has.federated_credentials if has else None, has.requested_permissions if has else None,
                tiers.get(key(of)), within, of.service_management_reference,
            )  # fmt: skip

    def _tiers(self) -> dict[Any, int]:
        """The highest tier of what an application requests or was granted, as a position in _TIERS."""
        found: dict[Any, int] = {}
        for _, of in self._all:
            entries: list[Any] = []
            if isinstance(of, objects.Application) and of.inventory is not None:
                entries += of.inventory.permissions or []
            elif isinstance(of, objects.ServicePrincipal) and of.inventory is not None:
                entries += of.inventory.grants or []
            ranks = [_TIERS.index(one.tier) for one in entries if one.tier in _TIERS]
            if ranks:
                found[key(of)] = min(*ranks, found.get(key(of), len(_TIERS)))
        return found

    def _of_findings(self) -> Columns:
        return _columns((
            "object", "rule", "severity", "highest", "likely", "status", "change", "message", "file", "line", "column", "property",
        ), self._finding_rows())  # fmt: skip

    def _finding_rows(self) -> Iterator[tuple[Any, ...]]:
        statuses = list(Status)
        for position in range(len(self._all)):
            for finding in self._findings[position]:
                file, _, path = self._rows.place_of(finding)
                possible = finding.highest_severity
                yield (
                    position, self._rule_at[finding.rule_id], finding.severity.rank,
                    possible.rank if possible is not None and possible is not finding.severity else -1,
                    int(finding.certainty is Certainty.likely), statuses.index(finding.status), finding.change, finding.message, file,
                    finding.line, finding.column, path,
                )  # fmt: skip

    def _of_credentials(self) -> Columns:
        rows = (
            (position, int(one.kind == "certificate"), _STATES.index(one.state), one.display_name, one.key_id, one.start, one.end,
             one.is_superseded)
            for position in range(len(self._all)) for one in self._credentials[position]
        )  # fmt: skip
        return _columns(("object", "kind", "state", "name", "keyId", "start", "end", "superseded"), rows)

    # -- pages of objects

    def details(self) -> Iterator[list[dict[str, Any]]]:
        """What the pages of some objects show, in the order of the objects."""
        for start in range(0, len(self._all), _SOME):
            yield [self._details(position) for position in range(start, min(start + _SOME, len(self._all)))]

    def _details(self, position: int) -> dict[str, Any]:
        kind, of = self._all[position]
        areas = {} if of.areas is None else self._report.area_verdicts[of.areas]
        missing = sorted({reason for verdict in areas.values() for reason in verdict.reasons})
        reasons = [self._report.not_evaluated[at] for at in missing]
        found: dict[str, Any] = {
            "findings": [self._finding(finding) for finding in self._findings[position]],
            "areas": {area: str(verdict.status) for area, verdict in sorted(areas.items())},
            "missing": [f"{one.what}: {one.why}" for one in reasons],
            "pointer": of.pointer, "portal": self._rows.link_to(kind, of),
        }  # fmt: skip
        if isinstance(of, (objects.Application, objects.ServicePrincipal)):
            found["inventory"] = of.inventory
        elif isinstance(of, objects.Connector):
            found["connector"] = of
        return found

    def _finding(self, finding: model.Finding) -> dict[str, Any]:
        _, pointer, _ = self._rows.place_of(finding)
        fix = self._fixes.of(finding)
        found: dict[str, Any] = {
            "id": finding.finding_id, "actual": finding.actual, "pointer": pointer, "portal": self._rows.portal_of(finding),
            "accepted": said_of(finding), "fix": fix, "related": finding.related, "standsFor": finding.stands_for,
            "unknown": finding.among_unknown,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}


def _columns(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Columns:
    columns: Columns = {name: [] for name in names}
    for row in rows:
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def _remark(remark: model.Remark) -> str:
    return f"{placed(remark.file, remark.line, remark.column)}: {remark.text}" if remark.file else remark.text


def title(report: model.Report) -> str:
    """Of the page, as a tab of the browser shows it."""
    return f"regaudit: {counted(report.summary.findings, 'finding')}, {report.run.as_of[:10]}"


def packed(value: Any) -> bytes:
    """JSON, compressed, in base64."""
    import base64
    import gzip

    return base64.b64encode(gzip.compress(msgspec.json.encode(value), 6, mtime=0))
