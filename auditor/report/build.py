"""What an audit came to -> a report that is data. The only module of reports that sees worlds and facts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from auditor import __version__, fix
from auditor.display import clean, clean_lines, harmless, iso
from auditor.engine import finding as engine
from auditor.engine.areas import RuleVerdict, Said
from auditor.entra.clouds import graph_of
from auditor.links import rule_page
from auditor.pattern import late
from auditor.pointer import property_path
from auditor.report import Depth, fixes, model, objects, reach, tables
from auditor.report.rows import FindingRow
from auditor.report.verdict import verdict_of
from auditor.results import Report as Audited
from auditor.rulebook.book import shipped_rule
from auditor.severity import Certainty, Severity, Status
from auditor.sources.coverage import TenantInfo
from auditor.template import Template
from auditor.unknown import Reason

if TYPE_CHECKING:
    from auditor.report.risk import Gaps

_LONGEST = 4000  # characters of a line of a rule's texts
_COMMAND = late(r"```\w*\n(?P<fence>.*?)^```|`(?P<inline>[^`]+)`", re.MULTILINE | re.DOTALL)
_PROGRAM = late(r"(?:az|pac|m365|gh|git|terraform) |[A-Z][a-z]+-[A-Z]\w+")


def report_of(
    audited: Audited, *, fail_on: str = "high", strict: bool = False, min_severity: str = Severity.info, depth: Depth = Depth.objects
) -> model.Report:
    """The report of an audit. Findings that cannot be as severe as `min_severity` are counted, but not listed. Raises UsageError."""
    failed = findings_of(audited)
    errors = [row for row in audited.findings if row.status is Status.error]
    passed = [row for row in audited.findings if row.status is Status.passed]
    reasons = sorted(audited.reasons().items(), key=lambda item: str(item[0]))
    kept = audited.by_root.by_rule() if audited.by_root is not None else None
    needed = {row.rank for row in (*failed, *errors, *passed)} | {one.rank for one in kept or ()}
    things = _Objects(audited, [reason for reason, _ in reasons], failed, needed, depth)
    listed = [row for row in failed if row.highest_severity >= min_severity]
    explained = {row.rule.id: row.template for row in listed}
    made = model.Report(
        model.SCHEMA_VERSION,
        model.Tool("regaudit", __version__),
        _run(audited, Severity(min_severity)),
        _summary(audited, failed, things.credentials, fail_on, strict=strict),
        [things.finding(row) for row in listed],
        [things.finding(row) for row in errors],
        [things.finding(row) for row in passed],
        [_not_evaluated(audited, reason, count) for reason, count in reasons],
        [_rule(outcome, explained, defined=depth > Depth.findings) for outcome in audited.outcomes],
        things.files,
        things.area_verdicts,
        things.tenants,
        things.applications,
        things.service_principals,
        things.connectors,
        things.credentials,
        things.rule_verdicts(kept),
        audited.exceptions,
    )
    if depth is Depth.inventory:
        from auditor.report import risk

        risk.fill_in(made, made.findings if len(listed) == len(failed) else map(things.finding, failed), things.gaps())
    return made


_NONE: list[Any] = []  # one for all findings
_FINDINGS = {Status.fail, Status.waived, Status.baselined}


def findings_of(audited: Audited) -> list[engine.Finding]:
    """The findings among the rows of an audit, also those that are accepted: in the order of `findings` in its report."""
    return [row for row in audited.findings if row.status in _FINDINGS]


class _Objects:
    """The objects of a report, and where each is in its list."""

    def __init__(self, audited: Audited, reasons: list[Reason], failed: Iterable[engine.Finding], needed: set[int], depth: Depth) -> None:
        self._counts: Counter[int] = Counter()
        self._worst: dict[int, Severity] = {}
        for row in failed:
            if row.status is Status.fail:
                self._counts[row.rank] += 1
                self._worst[row.rank] = max(self._worst.get(row.rank, row.severity), row.severity)
        self._by_root = audited.by_root
        self._areas = audited.by_root.by_area() if audited.by_root is not None else {}
        self._positions = {reason: position for position, reason in enumerate(reasons)}
        self._verdicts: dict[Any, int] = {}
        self._interned_said: dict[int, int] = {}  # by id(): roots share what is said of them
        self.area_verdicts: list[dict[str, objects.AreaVerdict]] = []
        self._at: dict[int, tuple[str, int, objects.Entity, str | None]] = {}  # rank -> member of a finding, position, object, its file
        self._files: dict[str, int] = {}
        self.tenants: list[objects.Tenant] = []
        self.applications: list[objects.Application] = []
        self.service_principals: list[objects.ServicePrincipal] = []
        self.connectors: list[objects.Connector] = []
        self.credentials: list[objects.Credential] = []
        whole = depth >= Depth.objects
        for number, world in enumerate(audited.worlds):
            self._put("tenant", self.tenants, world.tenant, tables.tenant(world), number)
            apps: list[Any] = world.apps
            principals: list[Any] = world.principals
            for app in apps:
                if whole or app.rank in needed:
                    made = tables.application(app, world, inventory=depth is Depth.inventory)
                    self._put("app", self.applications, app, made, number, tables.credentials_of(app, audited.as_of) if whole else ())
            for principal in principals:
                credentials = list(tables.credentials_of(principal, audited.as_of)) if whole else []
                if principal.rank in needed or credentials or depth is Depth.inventory:
                    held = tables.service_principal(principal, inventory=depth is Depth.inventory)
                    self._put("principal", self.service_principals, principal, held, number, credentials)
            for connector in world.connectors:
                self._put("connector", self.connectors, connector, tables.connector(connector), number)
        self.files = list(self._files)

    def _put(
        self, member: str, rows: list[Any], root: Any, row: objects.Entity, tenant: int, credentials: Iterable[objects.Credential] = ()
    ) -> None:
        row.tenant, row.findings, row.worst_severity = tenant, self._counts[root.rank], self._worst.get(root.rank)
        if (said := self._areas.get(root.rank)) is not None:
            row.areas = self._interned(said)
        file = None if root.document is None else root.document.file.shown
        if file is not None:
            row.file = self._files.setdefault(file, len(self._files))
        for credential in credentials:
            setattr(credential, member, len(rows))
            self.credentials.append(credential)
        self._at[root.rank] = member, len(rows), row, file
        rows.append(row)

    def _interned(self, said: Said) -> int:
        if (position := self._interned_said.get(id(said))) is not None:
            return position
        key = tuple(
            (area, status, tuple(sorted(self._positions[reason] for reason in reasons))) for area, (status, reasons) in sorted(said.items())
        )
        if key not in self._verdicts:
            self._verdicts[key] = len(self.area_verdicts)
            self.area_verdicts.append({area: objects.AreaVerdict(status, list(reasons)) for area, status, reasons in key})
        self._interned_said[id(said)] = self._verdicts[key]
        return self._verdicts[key]

    def gaps(self) -> Gaps | None:
        """Why rules about what applications can do, and how others get in, could not be evaluated."""
        if self._by_root is None:
            return None
        made: list[dict[reach.Key, set[str]]] = []
        for rules in (reach.POWER - reach.BESIDE, reach.WAYS_IN - reach.BESIDE):
            found: dict[reach.Key, set[str]] = defaultdict(set)
            for rank, reasons in self._by_root.left_open(rules).items():
                member, _, of, _ = self._at[rank]
                if member in ("app", "principal"):
                    found[reach.key(of)].update(clean(str(reason)) for reason in reasons)
            made.append(found)
        from auditor.report.risk import Gaps

        return Gaps(*made)

    def rule_verdicts(self, kept: list[RuleVerdict] | None) -> list[model.RuleVerdict] | None:
        if kept is None:
            return None
        rows: list[model.RuleVerdict] = []
        for one in kept:
            row = model.RuleVerdict(one.rule_id, one.status, reason=None if one.reason is None else self._positions[one.reason])
            member, position, *_ = self._at[one.rank]
            setattr(row, member, position)
            rows.append(row)
        return rows

    def finding(self, row: engine.Finding) -> model.Finding:
        member, position, of, file = self._at[row.rank]
        made = model.Finding(
            row.finding_id, row.rule.id, row.rule.area, row.severity, row.status, None, None, None, None, row.line, row.column, None,
            row.message, row.actual, row.credential_key_id, row.values,
            row.highest_severity if row.highest_severity is not row.severity else None, row.weak, row.certainty,
            row.stands_for or _NONE, related=_NONE, among_unknown=row.among_unknown, known_by=row.known_by, change=cast(Any, row.change),
        )  # fmt: skip
        setattr(made, member, position)
        made.waiver, made.baseline = row.waiver, row.baseline
        if row.related:
            made.related = [model.Related(one.label, one.file, one.line, one.pointer) for one in row.related]
        if row.pointer is None:
            return made
        below = row.pointer.removeprefix(of.pointer)
        if row.file == file and of.pointer + below == row.pointer and below[:1] in ("", "/"):
            made.pointer = below
        else:
            made.elsewhere = model.Elsewhere(row.file, row.pointer)
        if row.property_path != property_path(made.pointer or ""):
            made.property_path = row.property_path
        return made


def _run(audited: Audited, min_severity: Severity) -> model.Run:
    return model.Run(
        audited.run_id,
        _moment(audited.started),
        _moment(audited.finished),
        _moment(audited.as_of),
        "manifest" if not audited.tenants else "mixed" if audited.files_read else "graph",
        [harmless(path, 1000) for path in audited.paths],
        [clean(tenant.tenant_id) for tenant in audited.tenants],
        audited.profile,
        min_severity,
        model.Coverage(
            audited.applications,
            audited.service_principals,
            audited.connectors,
            audited.entra_connectors,
            audited.saved_secrets,
            audited.files_read,
            len(audited.passed_over),
            model.Verdicts(*(audited.count(name) for name in model.Verdicts.__struct_fields__)),
            [harmless(name, 1000) for name in audited.passed_over],
            [harmless(name, 1000) for name in audited.inexact],
        ),
        [_remark(error, error.hint) for error in audited.errors],
        [_remark(note) for note in audited.notes],
    )


def _moment(value: Any) -> str:
    return iso(value) or ""


def _remark(said: Any, hint: str = "") -> model.Remark:
    """An error or a note. The name of a file is shown as it is, so that it can be found."""
    return model.Remark(
        clean(said.message, 500), harmless(said.file, 1000) or None, said.line or None, said.column or None, clean(hint, 500) or None
    )


def _summary(
    audited: Audited, failed: list[engine.Finding], credentials: list[objects.Credential], fail_on: str, *, strict: bool
) -> model.Summary:
    """`failed`: all findings, also those that are waived."""
    found = [row for row in failed if row.status is Status.fail]
    severities, statuses = Counter(row.severity for row in found), Counter(row.status for row in audited.findings)
    owners: dict[str, set[int]] = defaultdict(set)
    by_owner: Counter[str] = Counter()
    nobody = not_known = 0
    for row in found:
        if row.owners:
            for owner in set(row.owners):
                by_owner[owner] += 1
                owners[owner].add(row.rank)
        elif row.owners is None:
            not_known += 1
        else:
            nobody += 1
    gate = audited.gate(fail_on, strict=strict)
    return model.Summary(
        len(found),
        audited.applications,
        len({row.rank for row in found if row.resource_kind == "application"}),
        {severity: severities[severity] for severity in reversed(Severity)},
        sum(row.certainty is Certainty.likely for row in found),
        {status: statuses[status] for status in (Status.fail, Status.waived, Status.baselined, Status.error)},
        _most_first(row.area for row in found),
        _most_first(row.rule_id for row in found),
        [
            model.ByOwner(owner, len(owners[owner]), count)
            for owner, count in sorted(by_owner.items(), key=lambda item: (-item[1], item[0]))
        ],
        nobody,
        not_known,
        model.Gate(
            verdict_of(audited, gate),
            gate.fail_on,
            gate.findings,
            gate.findings > 0,
            not gate.incomplete,
            [model.Shortfall(one.cause.value, one.message, one.count, one.rules) for one in gate.incomplete],
            gate.exit_code,
        ),
        min((one.end for one in credentials if one.end and one.state in ("valid", "expiring")), default=None),
    )


def _most_first(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _not_evaluated(audited: Audited, reason: Reason, count: int) -> model.NotEvaluated:
    rules = {outcome.rule.id: outcome.reasons[reason] for outcome in audited.outcomes if reason in outcome.reasons}
    return model.NotEvaluated(
        clean(reason.what), clean(reason.why), reason.collection, count, dict(sorted(rules.items())), audited.remedy(reason)
    )


def _rule(outcome: engine.Outcome, explained: dict[str, Template | None], *, defined: bool) -> model.Rule:
    rule = outcome.rule
    verdicts = model.Verdicts(outcome.passed, outcome.failed, outcome.not_applicable, outcome.not_evaluated, outcome.errors)
    row = model.Rule(rule.id, rule.area, harmless(rule.title), verdicts, rule.aadsts, definition=rule.definition if defined else None)
    row.frameworks = rule.frameworks
    if (template := explained.get(rule.id)) is not None:
        row.tags = rule.tags
        row.identity = rule.identity if rule.identity != rule.id else None
        row.page = rule_page(rule.identity) if shipped_rule(rule.id) is not None else None
        row.expected, row.why, row.references = rule.require, clean_lines(rule.why, _LONGEST), rule.references
        row.fix = Template(clean_lines(template.text, _LONGEST), template.places, template.placeholders)
        row.commands = list(commands(row.fix.text))
    return row


def commands(text: str) -> Iterable[str]:
    """The commands of a fix: those in blocks, requests with their bodies, and between backticks what begins with a program's name."""
    for part in fix.parts(text):
        if isinstance(part, fix.Command):
            yield part.text
        elif isinstance(part, fix.Request):
            yield f"{part.method} {part.path} {part.body}".strip()
        else:
            for found in _COMMAND.finditer(part.text):
                yield from (line.strip() for line in (found["fence"] or found["inline"]).split("\n") if _PROGRAM.match(line))


def fix_of(row: engine.Finding | FindingRow, tenants: Iterable[TenantInfo] = ()) -> fixes.Fix:
    """The fix of a finding without its report, ready to be rendered for a shell. `tenants`: the live ones and snapshots."""
    graphs = {clean(tenant.tenant_id): graph_of(tenant.graph, tenant.portal) or fixes.UNKNOWN for tenant in tenants}
    roots = {*graphs.values()}
    other = "" if row.file or not roots else roots.pop() if len(roots) == 1 else fixes.UNKNOWN
    placeholders = row.template.placeholders if isinstance(row, engine.Finding) and row.template else ()
    return fixes.Fix(row.finding_id, row.remediation or "", placeholders, graphs.get(row.tenant_id or "", other))
