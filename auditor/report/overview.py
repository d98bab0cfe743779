"""An overview of reports as data: what is worst, who owns it, what expires next, what is dangerous and within reach, what was not checked.

A function of reports alone. Where a report has no inventory, what is known of reach and exposure follows from its findings. The text
below a member describes it, also in the JSON Schema (`regaudit schema overview`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from auditor.report import model, objects
from auditor.report.model import Finding, Report
from auditor.report.objects import Exposure, Model, Reach
from auditor.report.reach import Key, key, key_of, reach_of
from auditor.report.reach import Reach as Found
from auditor.report.risk import EXPOSURES, TIERS, not_known, powerful, risks, worst_ids
from auditor.report.rows import Rows
from auditor.severity import Severity, Status

SCHEMA_VERSION = "1.0"
SPANS = (7, 30, 90)  # days


class ByRule(Model):
    """Findings of a rule."""

    id: str
    """Its name."""
    title: str
    """What it finds."""
    severity: Severity
    """The highest severity among its findings."""
    findings: int
    """Number of its findings."""
    objects: int
    """Number of objects that they are of."""


class ByObject(Model):
    """Findings of an app registration with its service principal, a connector or the tenant."""

    name: str | None
    """Its name."""
    id: str | None
    """Application ID, else object ID."""
    kind: str
    """application, servicePrincipal, connector or tenant."""
    severity: Severity
    """The highest severity among its findings."""
    findings: int
    """Number of its findings."""
    owners: list[str] | None
    """Its owners; null where they are not known."""


class ByOwner(Model):
    """Findings of what somebody owns."""

    owner: str | None
    """User principal name or name; null for what has no owner, or none that is known."""
    is_known: bool
    """Whether owners were read; false: `owner` is null because it is unknown."""
    severity: Severity
    """The highest severity among the findings."""
    objects: int
    """Number of objects with findings."""
    findings: int
    """Number of their findings; those of an object with several owners count for each of them."""


class Expiring(Model):
    """A credential that is valid, ends, and has no successor."""

    end: objects.Time
    """When it ends."""
    days_left: int
    """Days until then."""
    kind: Literal["secret", "certificate"]
    """Which of both it is."""
    name: str | None
    """Its name, else its key ID."""
    of: str | None
    """Name of the app registration or service principal."""
    id: str | None
    """Application ID of that."""
    owners: list[str] | None
    """Its owners; null where they are not known."""


class Expiry(Model):
    """When credentials end that no longer-lived one replaces."""

    expired: int
    """Number of those that have ended."""
    within: dict[int, int]
    """Days -> number of those that end within them."""
    next: list[Expiring]
    """The first that end."""


class Dangerous(Model):
    """An application with powerful permissions and a way in."""

    name: str | None
    """Its name."""
    id: str | None
    """Application ID, else object ID."""
    tier: Reach
    """How far it reaches."""
    permissions: list[str] | None
    """Names of its powerful permissions; null where the report has no inventory of it."""
    power: list[str]
    """Rules that find what it can do, the worst first."""
    ways_in: list[str]
    """Rules that find how others get in, the worst first."""
    owners: list[str] | None
    """Its owners; null where they are not known."""


class NotChecked(Model):
    """What was not checked."""

    checks: int | None
    """Number of checks that were not evaluated; null for one of several tenants of a run: it counts them together."""
    reasons: dict[str, int]
    """Why -> number of checks, the most first."""
    collections: dict[str, str]
    """Collection of a tenant that was not read completely -> why."""
    errors: list[str]
    """What could not be read."""


class Part(Model):
    """A tenant, a folder, files that were named together; or all of them."""

    name: str
    """What it is."""
    tenant_id: str | None
    """ID of the tenant, where it is one and known."""
    reports: list[str]
    """What was audited."""
    as_of: objects.Time
    """The moment that counts as now."""
    applications: int
    """Number of app registrations."""
    applications_with_findings: int
    """Number of those with findings."""
    service_principals: int
    """Number of service principals."""
    findings: int
    """Number of findings that nobody has accepted."""
    accepted: int
    """Number of findings that are waived or in a baseline."""
    by_severity: dict[Severity, int]
    """Findings by severity."""
    rules: list[ByRule]
    """The rules with the worst findings."""
    objects: list[ByObject]
    """The objects with the worst findings."""
    owners: list[ByOwner]
    """The owners of the worst findings."""
    expiry: Expiry
    """When credentials end."""
    reach: dict[Reach, dict[Exposure, int]]
    """How far applications reach (tier 0, high, other, not evaluated) -> exposure (way in, credential, none known, not evaluated) -> number
    of applications, those of other tenants among them."""
    not_placed: dict[str, int]
    """What is not known, so that reach or exposure is not evaluated -> number of applications, the most first."""
    dangerous: list[Dangerous]
    """The worst of those with powerful permissions and a way in."""
    has_inventory: bool
    """Whether tiers follow from permissions; false: from findings alone."""
    not_checked: NotChecked
    """What was not checked."""


class Overview(Model):
    """What one or several audits came to."""

    schema_version: str
    """Version of this schema: within one major version members are only added."""
    tool: model.Tool
    """What made it."""
    total: Part
    """All tenants together."""
    tenants: list[Part]
    """Each tenant, folder or set of files by itself, in the order of the input."""


class _One:
    """What a report says of one of its tenants."""

    def __init__(self, report: Report, rows: Rows, tenant: int, risks: dict[Key, objects.Risk], *, is_alone: bool) -> None:
        self.report, self.rows, self.is_alone = report, rows, is_alone
        self.tenant = report.tenants[tenant] if report.tenants else objects.Tenant()
        self.findings: list[Finding] = []
        self.credentials: list[tuple[objects.Credential, objects.Entity]] = []
        self.entities: dict[Key, objects.Entity] = {}  # an app registration, else its service principal
        self.reach: dict[Key, Found] = {}
        self.risks = risks

    @property
    def applications(self) -> list[objects.Application]:
        return [of for of in self.entities.values() if isinstance(of, objects.Application)]

    @property
    def name(self) -> str:
        folder, tenant_id, paths = self.tenant.folder, self.tenant.tenant_id, self.report.run.paths
        if folder and tenant_id:
            return f"{folder} ({tenant_id})"
        more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
        return folder or tenant_id or f"{', '.join(paths[:3])}{more}" or "input"


def _tenants(report: Report) -> list[_One]:
    """The tenants of a report that hold anything; at least one."""
    rows = Rows(report)
    has = {of.tenant for of in (*report.applications, *report.service_principals, *report.connectors)}
    inhabited = [i for i, tenant in enumerate(report.tenants) if i in has or tenant.collections or tenant.applications_read] or [0]
    places = risks(rows)
    ones = {i: _One(report, rows, i, places, is_alone=len(inhabited) == 1) for i in inhabited}
    for row in report.findings:
        ones[rows.object_of(row)[1].tenant].findings.append(row)
    for credential in report.credentials:
        of = rows.object_of(credential)[1]
        ones[of.tenant].credentials.append((credential, of))
    for entity in (*report.applications, *report.service_principals):
        ones[entity.tenant].entities.setdefault(key(entity), entity)
    for at, reach in reach_of(rows).items():
        ones[at[0]].reach[at] = reach
    return list(ones.values())


def overview(reports: Iterable[Report], most: int = 10) -> Overview:
    """Of at least one report. `most`: rows of each list; 0: all."""
    reports = list(reports)
    by_report = [_tenants(report) for report in reports]
    ones = [one for of in by_report for one in of]
    parts = [_part(one.name, [one], [one.report], most) for one in ones]
    return Overview(SCHEMA_VERSION, reports[0].tool, _part("total", ones, reports, most), parts)


def _part(name: str, ones: list[_One], reports: list[Report], most: int) -> Part:
    failing = [(one, row) for one in ones for row in one.findings if row.status is Status.fail]
    severities = Counter(row.severity for _, row in failing)
    reach, table, not_placed = _reach(ones)
    return Part(
        name,
        ones[0].tenant.tenant_id if len(ones) == 1 else None,
        sorted({path for report in reports for path in report.run.paths}),
        max(report.run.as_of for report in reports),
        sum(one.tenant.applications_read for one in ones),
        sum(app.findings > 0 for one in ones for app in one.applications),
        sum(one.tenant.service_principals_read for one in ones),
        len(failing),
        sum(row.status in (Status.waived, Status.baselined) for one in ones for row in one.findings),
        {severity: severities[severity] for severity in reversed(Severity)},
        _most(_rules(failing), most),
        _most(_objects(failing), most),
        _most(_owners(failing), most),
        _expiry(ones, most),
        table,
        dict(_most(sorted(not_placed.items(), key=lambda item: (-item[1], item[0])), most)),
        _most(reach, most),
        any(app.inventory is not None for one in ones for app in one.applications),
        _not_checked(ones, reports),
    )


def _most(rows: list[Any], most: int) -> list[Any]:
    return rows[:most] if most else rows


Failing = list[tuple[_One, Finding]]


def _grouped(failing: Failing, keys: Any) -> Iterator[tuple[Any, list[Finding], set[Any]]]:
    """What `keys` says of a finding -> the findings, and the objects that they are of."""
    groups: dict[Any, list[Finding]] = defaultdict(list)
    of: dict[Any, set[Any]] = defaultdict(set)
    for one, row in failing:
        for name in keys(one, row):
            groups[name].append(row)
            of[name].add((id(one), key_of(one.rows, row)))
    return ((name, rows, of[name]) for name, rows in groups.items())


def _worst_first(rows: list[Finding]) -> tuple[int, ...]:
    """The worst comes first: by number of findings of each severity."""
    counts = Counter(row.severity for row in rows)
    return tuple(-counts[severity] for severity in reversed(Severity))


def _rules(failing: Failing) -> list[ByRule]:
    titles = {rule.id: rule.title for one, _ in failing for rule in one.rows.rules.values()}
    groups = sorted(_grouped(failing, lambda _, row: [row.rule_id]), key=lambda group: (_worst_first(group[1]), group[0]))
    return [ByRule(name, titles[name], max(row.severity for row in rows), len(rows), len(of)) for name, rows, of in groups]


def _objects(failing: Failing) -> list[ByObject]:
    first: dict[Any, tuple[_One, Finding]] = {}

    def keys(one: _One, row: Finding) -> list[Any]:
        at = id(one), key_of(one.rows, row)
        first.setdefault(at, (one, row))
        return [at]

    made = []
    for group, rows, _ in sorted(_grouped(failing, keys), key=lambda group: _worst_first(group[1])):
        one, row = first[group]
        kind, of = one.rows.object_of(row)
        made.append(ByObject(of.display_name, of.app_id or of.object_id, kind, max(row.severity for row in rows), len(rows), of.owners))
    return made


def _owners(failing: Failing) -> list[ByOwner]:
    def keys(one: _One, row: Finding) -> list[tuple[str | None, bool]]:
        owners = one.rows.object_of(row)[1].owners
        return [(owner, True) for owner in dict.fromkeys(owners)] if owners else [(None, owners is not None)]

    groups = sorted(_grouped(failing, keys), key=lambda group: (_worst_first(group[1]), group[0][0] or "", group[0][1]))
    return [ByOwner(owner, known, max(row.severity for row in rows), len(of), len(rows)) for (owner, known), rows, of in groups]


# -- credentials


def _expiry(ones: list[_One], most: int) -> Expiry:
    ahead: list[Expiring] = []
    expired = 0
    for one in ones:
        now = datetime.fromisoformat(one.report.run.as_of)
        for credential, of in one.credentials:
            if credential.end is None or credential.is_superseded:
                continue
            if credential.state == "expired":
                expired += 1
                continue
            days = (datetime.fromisoformat(credential.end) - now).days
            name = credential.display_name or credential.key_id
            ahead.append(Expiring(credential.end, days, credential.kind, name, of.display_name, of.app_id or of.object_id, of.owners))
    ahead.sort(key=lambda row: (row.end, row.id or "", row.name or ""))
    return Expiry(expired, {days: sum(row.days_left <= days for row in ahead) for days in SPANS}, _most(ahead, most))


# -- what is dangerous and within reach


def _reach(ones: list[_One]) -> tuple[list[Dangerous], dict[Reach, dict[Exposure, int]], Counter[str]]:
    """Applications with powerful permissions and a way in, the worst first; all by tier and exposure; and what is not known of how many."""
    table: dict[Reach, dict[Exposure, int]] = {tier: dict.fromkeys(EXPOSURES, 0) for tier in TIERS}
    found: list[tuple[Any, Dangerous]] = []
    missing = Counter[str]()
    for one in ones:
        for at_key, of in one.entities.items():
            risk = one.risks[at_key]
            table[risk.reach][risk.exposure] += 1
            reach_gaps = not_known(risk.reach_reasons) if risk.reach == "not evaluated" else []
            exposure_gaps = not_known(risk.exposure_reasons) if risk.exposure == "not evaluated" else []
            missing.update({*reach_gaps, *exposure_gaps})
            if risk.reach in ("tier 0", "high") and risk.exposure == "way in":
                at = one.reach.get(at_key, Found([], []))
                permissions = powerful(of)
                names = None if permissions is None else [name for name, _ in permissions]
                power, ways_in = worst_ids(at.power), worst_ids(at.ways_in)
                row = Dangerous(of.display_name, of.app_id or of.object_id, risk.reach, names, power, ways_in, of.owners)
                found.append(((TIERS.index(risk.reach), at.rank, of.display_name or "", row.id or ""), row))
    return [row for _, row in sorted(found, key=lambda item: item[0])], table, missing


# -- what was not checked


def _not_checked(ones: list[_One], reports: list[Report]) -> NotChecked:
    is_whole = len(ones) > 1 or ones[0].is_alone
    reasons = Counter[str]()
    for report in reports if is_whole else ():
        for reason in report.not_evaluated:
            reasons[f"{reason.what}: {reason.why}"] += reason.count
    collections = {
        (covered.collection if len(ones) == 1 else f"{one.name}: {covered.collection}"): covered.reason or covered.status
        for one in ones
        for covered in one.tenant.collections
        if covered.status not in ("complete", "selected")
    }
    said = {f"{one.tenant.tenant_id}: {covered.collection}: {covered.reason}" for one in ones for covered in one.tenant.collections}
    errors = [f"{error.file}: {error.message}" if error.file else error.message for report in reports for error in report.run.errors]
    return NotChecked(
        sum(report.run.coverage.verdicts.not_evaluated for report in reports) if is_whole else None,
        dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        collections,
        [error for error in errors if error not in said] if is_whole else [],
    )
