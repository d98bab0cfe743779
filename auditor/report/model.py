"""A report as data: what an audit came to, without worlds and facts. Its JSON is these structs, and decodes to them again.

The text below a member describes it, also in the JSON Schema (`regaudit schema report`). A member that is not required and not there
has its default. Texts are clean: no terminal or CI log obeys them. Positions in lists count from 0, lines and columns from 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from auditor.accepted import Baselined, Exceptions, Waiver
from auditor.report.objects import Application, AreaVerdict, Connector, Credential, Model, Row, ServicePrincipal, Tenant, Time
from auditor.severity import Certainty, Severity, Status
from auditor.template import Template

SCHEMA_VERSION = "2.1"
Change = Literal["new", "newly-visible", "known"]


# -- rules and findings


class Verdicts(Model):
    """Numbers of verdicts: one for each rule and object."""

    passed: int
    """The rule was evaluated and holds."""
    failed: int
    """At least one finding."""
    not_applicable: int
    """The rule does not apply to the object."""
    not_evaluated: int
    """Something that the rule needs is not known."""
    errors: int
    """The rule broke."""


def blind(of_rules: Iterable[Any]) -> list[int]:
    """Of each rule that could be evaluated on none of several objects, on how many: what it needs was not read. Counted by themselves,
    these say no more than that. `of_rules`: verdicts, or outcomes.
    """
    return [one.not_evaluated for one in of_rules if one.not_evaluated > 1 and not (one.passed or one.failed or one.errors)]


class Rule(Row):
    """What is the same for all findings of a rule. From `tags` to `references` it is there only where the report has a finding of it."""

    id: str
    """Its name."""
    area: str
    """Its area."""
    title: str
    """What it finds, in a few words."""
    verdicts: Verdicts
    """How often it passed, failed, …"""
    aadsts: list[int] = []
    """Codes with which a sign-in fails because of this."""
    tags: list[str] = []
    """Its tags."""
    identity: str | None = None
    """Its first name, by which its findings are known; null: it has never been renamed."""
    page: str | None = None
    """Address of its documentation; null for a rule that is not of regaudit."""
    expected: str | None = None
    """The condition that must hold, in the language of rules."""
    why: str | None = None
    """Why it matters, in Markdown."""
    fix: Template | None = None
    """What to do, in Markdown."""
    commands: list[str] = []
    """The commands of the fix, each a template with the same places as `fix`."""
    references: list[str] = []
    """Addresses of documentation; the first is the most telling."""
    definition: str | None = None
    """What it judges by, as a hash: two reports with the same checked the same, also with the same parameters."""
    frameworks: dict[str, list[str]] = {}
    """What it is about in CIS, NIST and others: framework -> items. Also of a rule without findings."""


class RuleVerdict(Row):
    """What one rule says of one object. One of `app`, `principal`, `connector` and `tenant` says of which."""

    rule_id: str
    """The rule: `id` in `rules`."""
    status: Status
    """pass, fail, error or not-evaluated."""
    app: int | None = None
    """Position of its app registration in `applications`."""
    principal: int | None = None
    """Position of its service principal in `service_principals`."""
    connector: int | None = None
    """Position of its connector in `connectors`."""
    tenant: int | None = None
    """Position of its tenant in `tenants`, where it is of the tenant itself."""
    reason: int | None = None
    """Position in `not_evaluated`: why it is not evaluated."""


class Elsewhere(Model):
    """A place that is not within the object that a finding is of."""

    file: str | None
    """The file; null for an object of a live tenant or a snapshot."""
    pointer: str
    """JSON Pointer within the file."""


class Related(Model):
    """Another object that the message names, and where it is."""

    label: str
    """Its name."""
    file: str | None
    """The file that it is in."""
    line: int | None
    """The line on which it begins."""
    pointer: str
    """JSON Pointer within the file."""


class Finding(Row):
    """A rule that fails at one subject. One of `app`, `principal`, `connector` and `tenant` says of which object."""

    finding_id: str
    """Identity over runs, from the object, the rule and the subject: never from names, messages, order or lines."""
    rule_id: str
    """Its rule: `id` in `rules`."""
    area: str
    """The area of its rule."""
    severity: Severity
    """How grave it is; where something that is not known decides, in the ordinary case."""
    status: Status
    """fail, waived or baselined; error in `rule_errors`; pass in `passed`."""
    app: int | None = None
    """Position of its app registration in `applications`."""
    principal: int | None = None
    """Position of its service principal in `service_principals`."""
    connector: int | None = None
    """Position of its connector in `connectors`."""
    tenant: int | None = None
    """Position of its tenant in `tenants`, where it is of the tenant itself."""
    line: int | None = None
    """The line of the place, in the file of the object."""
    column: int | None = None
    """The column of the place; null in files of more than 8 MiB."""
    pointer: str | None = None
    """JSON Pointer of the place below the object: it follows the object's `pointer`."""
    message: str = ""
    """What is wrong."""
    actual: str | None = None
    """The value that was found."""
    key_id: str | None = None
    """Key ID of the secret or certificate."""
    values: dict[str, str] = {}
    """What the fix takes from this finding, by place; where a place names a `member`, it is not repeated here."""
    highest_severity: Severity | None = None
    """The highest severity that is possible, where something that is not known decides; null: that is `severity`."""
    weak: bool = False
    """Whether another object may come to have the same `finding_id`: the object has no ID."""
    certainty: Certainty | None = Certainty.certain
    """likely, where it rests on an exemption that is not known, or on what the format of a file cannot carry; null in `rule_errors` and
    `passed`."""
    stands_for: list[str] = []
    """Rules that found the same fault on the same object, and gave way to this finding."""
    property_path: str | None = None
    """The property, where it has another name than in `pointer`: files of other formats."""
    elsewhere: Elsewhere | None = None
    """Where the place is not within the object: `pointer` is not there then, and `line` and `column` are those of this file."""
    related: list[Related] = []
    """Other objects that the message names."""
    among_unknown: bool = False
    """Whether the rule could not evaluate other subjects of the same object, such as another credential of it."""
    known_by: int = 0
    """Which of the keys of its subject `finding_id` is made with: 0, the best, or a later one, since what the others need is not known."""
    change: Change | None = None
    """With `scan --against`: new, newly-visible or known; null where the report was not compared."""
    waiver: Waiver | None = None
    """What accepts it, where its status is waived."""
    baseline: Baselined | None = None
    """What the baseline says of it, where its status is baselined."""


class NotEvaluated(Model):
    """Verdicts that are missing for one reason."""

    what: str
    """What is not known: a collection of the tenant, or a property."""
    why: str
    """Why it is not known."""
    is_collection: bool
    """Whether `what` is a collection."""
    count: int
    """Number of verdicts that are missing."""
    rules: dict[str, int]
    """Rule -> number of its verdicts that are missing."""
    remedy: str | None = None
    """What to do to make it known."""


# -- the run


class Remark(Model):
    """An error or a note about the input."""

    message: str
    """What it says."""
    file: str | None = None
    """The file."""
    line: int | None = None
    """The line."""
    column: int | None = None
    """The column."""
    hint: str | None = None
    """What to do."""

    @property
    def text(self) -> str:
        """What it says, and what to do."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Coverage(Model):
    """What was read."""

    applications_read: int
    """Number of app registrations."""
    service_principals_read: int
    """Number of service principals."""
    connectors_read: int
    """Number of connectors."""
    connectors_through_entra_id: int
    """Number of them that sign in through Microsoft Entra ID."""
    saved_secrets_read: int
    """Number of saved answers with a client secret, and of keys in policies of connectors."""
    files_read: int
    """Number of files that hold something of Microsoft Entra ID."""
    files_passed_over: int
    """Number of the other files."""
    verdicts: Verdicts
    """One verdict for each rule and object."""
    passed_over: list[str] = []
    """The files that were skipped."""
    without_exact_places: list[str] = []
    """Files of more than 8 MiB, in which findings have no column."""


class Run(Model):
    """How the report was made."""

    id: str
    """Of this run; with `--as-of` it derives from the input."""
    started: Time
    """When it began."""
    finished: Time
    """When it ended."""
    as_of: Time
    """The moment that counts as now."""
    source: Literal["manifest", "graph", "mixed"]
    """Files; a live tenant or a snapshot; both."""
    paths: list[str]
    """What was audited."""
    tenants: list[str]
    """The live tenants and the snapshots among them, by tenant ID."""
    profile: str
    """The profile of rules."""
    min_severity: Severity
    """Findings that cannot be as severe are not listed."""
    coverage: Coverage
    """What was read."""
    errors: list[Remark] = []
    """What could not be read: the job is not complete."""
    notes: list[Remark] = []
    """What a person should know about the input."""


class Shortfall(Model):
    """A part of the job that could not be done."""

    cause: str
    """empty, nothing-checked, errors, broken-checks, not-evaluated-at-gate, may-reach-gate, strict or not-compared."""
    message: str
    """What it is."""
    count: int
    """Number of what the message speaks of."""
    rules: list[str]
    """The rules that it is about."""


class Gate(Model):
    """What the run came to, and what the exit code follows from."""

    verdict: str
    """In one line: the first of the text report."""
    fail_on: str
    """The severity from which on findings count, or never."""
    findings: int
    """Number of findings that count."""
    failed: bool
    """Whether a finding counts."""
    complete: bool
    """Whether the whole job was done."""
    incomplete: list[Shortfall]
    """What could not be done."""
    exit_code: int
    """0: complete, and no finding counts; 1: complete, and one does; 2: not complete."""


class ByOwner(Model):
    """Findings of the objects of one owner."""

    owner: str
    """Name of the owner."""
    objects: int
    """Number of its objects with findings."""
    findings: int
    """Number of their findings."""


class Summary(Model):
    """Numbers of everything, also of findings that are not listed."""

    findings: int
    """Number of findings with status fail."""
    applications: int
    """Number of app registrations."""
    applications_with_findings: int
    """Number of those that have a finding with status fail."""
    by_severity: dict[Severity, int]
    """Findings by severity."""
    likely: int
    """Number of findings that are only likely."""
    by_status: dict[Status, int]
    """Rows of findings by status."""
    by_area: dict[str, int]
    """Area of rules -> number of findings, the most first."""
    by_rule: dict[str, int]
    """Rule -> number of findings, the most first."""
    by_owner: list[ByOwner]
    """Findings by owner, the most first; those of an object with several owners count for each of them."""
    without_owner: int
    """Number of findings of objects that have no owner."""
    owner_not_known: int
    """Number of findings of objects whose owners are not known."""
    gate: Gate
    """What the exit code follows from."""
    earliest_expiry: Time | None = None
    """When the next credential ends that is valid now."""


class Tool(Model):
    """What made the report."""

    name: Literal["regaudit"]
    """Its name."""
    version: str
    """Its version."""


class Report(Model):
    """What an audit came to."""

    schema_version: str
    """Version of this schema: within one major version members are only added."""
    tool: Tool
    """What made the report."""
    run: Run
    """How the report was made."""
    summary: Summary
    """Numbers of everything."""
    findings: list[Finding]
    """What is wrong, by object, then by rule."""
    rule_errors: list[Finding]
    """Where a rule broke: the fault is in the rule, which did not check the object."""
    passed: list[Finding]
    """With `--show-passed`, where a rule was evaluated and holds."""
    not_evaluated: list[NotEvaluated]
    """Verdicts that are missing, by reason."""
    rules: list[Rule]
    """The rules that were checked."""
    files: list[str]
    """The files that objects were read from."""
    area_verdicts: list[dict[str, AreaVerdict]]
    """What the areas of rules say of an object: each combination once. Area -> verdict; an area of which no rule applies is not there."""
    tenants: list[Tenant]
    """What was joined."""
    applications: list[Application]
    """All app registrations; in a report for text alone, those with a finding."""
    service_principals: list[ServicePrincipal]
    """Service principals that have a finding or a credential; all of them with `--inventory`."""
    connectors: list[Connector]
    """All connectors."""
    credentials: list[Credential]
    """All client secrets and certificates."""
    rule_verdicts: list[RuleVerdict] | None = None
    """What each rule that applies says of each object, by object. Null where there are more than 50,000, or no report of the run asked
    for it."""
    exceptions: Exceptions | None = None
    """What took findings away; not there in a run without configuration, waivers and baseline."""

    @property
    def has_inventory(self) -> bool:
        """Whether it was made with `--inventory`."""
        return any(app.inventory for app in self.applications) or any(one.inventory for one in self.service_principals)


def decode(json: bytes | str) -> Report:
    """The report that a JSON text is. Raises msgspec.DecodeError, ValueError for a schema of another major version and for a position
    at which nothing is.
    """
    report = msgspec.json.decode(json, type=Report)
    if report.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ValueError(f"the report has schema_version {report.schema_version}, not {SCHEMA_VERSION}")
    if wrong := next(_misplaced(report), ""):
        raise ValueError(f"the report was changed: {wrong}")
    return report


def _misplaced(report: Report) -> Iterator[str]:
    """What names something that the report does not have."""
    rules = {rule.id for rule in report.rules}
    sizes: dict[str, int] = {
        "tenant": len(report.tenants), "app": len(report.applications), "principal": len(report.service_principals),
        "connector": len(report.connectors), "file": len(report.files), "areas": len(report.area_verdicts),
    }  # fmt: skip
    named: dict[str, Iterable[Any]] = {
        "a finding": (*report.findings, *report.rule_errors, *report.passed), "a credential": report.credentials,
        "an object": (*report.applications, *report.service_principals, *report.connectors, *report.tenants),
    }  # fmt: skip
    for what, rows in named.items():
        for row in rows:
            positions = {member: getattr(row, member, None) for member in sizes}
            wrong = [member for member, at in positions.items() if isinstance(at, int) and not 0 <= at < sizes[member]]
            yield from (f"{what} has the {member} {positions[member]}, of {sizes[member]}" for member in wrong)
            if what != "an object" and all(positions[member] is None for member in ("tenant", "app", "principal", "connector")):
                yield f"{what} is of no object"
            if isinstance(row, Finding) and row.rule_id not in rules:
                yield "a finding is of a rule that is not in `rules`"
    reasons = {at for areas in report.area_verdicts for verdict in areas.values() for at in verdict.reasons}
    if not reasons <= {*range(len(report.not_evaluated))}:
        yield "an area has a reason that is not in `not_evaluated`"
