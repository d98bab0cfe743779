"""Flat rows: a finding, an app registration, a credential with everything that belongs to it. Functions of the report alone.

Columns are stable: within one major schema_version they are only added, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from posixpath import normpath
from typing import Literal
from urllib.parse import quote

import msgspec

from auditor.accepted import Baselined, Waiver
from auditor.entra.clouds import graph_of, portal_url
from auditor.pattern import late
from auditor.pointer import property_path
from auditor.report import fixes, model, objects
from auditor.severity import Certainty, Severity, Status
from auditor.template import Template

LINK = late(r"https://[\w./#~:&?=%-]+")  # a snapshot, which may be anybody's, names its portal
_MEMBERS = {  # of a finding, that say which object it is of -> resource_kind
    "app": "application", "principal": "servicePrincipal", "connector": "connector", "tenant": "tenant",
}  # fmt: skip


# Of a credential: whether anybody has signed in with it of late. new: it is too young to say; other purpose: it signs or encrypts tokens,
# or Microsoft renews it.
Use = Literal["used", "unused", "new", "other purpose", "not known"]
UNUSED_FOR = 90  # days, where nobody says how many


class Artifact(msgspec.Struct, frozen=True):
    """Where a system that knows files alone shows a finding. An object of a live tenant is in a file that does not exist."""

    path: str
    line: int
    column: int | None


class FindingRow(msgspec.Struct):
    """A finding with what it is of, the texts of its rule, and its fix."""

    finding_id: str
    rule_id: str
    rule_title: str
    area: str
    severity: Severity
    highest_severity: Severity
    certainty: Certainty | None
    weak: bool
    status: Status
    resource_kind: str | None
    app_id: str | None
    object_id: str | None
    app_display_name: str | None
    tenant_id: str | None
    owners: list[str] | None
    tags: list[str] | None
    service_management_reference: str | None
    file: str | None
    line: int | None
    column: int | None
    pointer: str | None
    property_path: str | None
    portal_url: str | None
    credential_key_id: str | None
    message: str
    actual: str | None
    expected: str | None
    remediation: str | None
    reference_url: str | None
    aadsts: list[int]
    related: list[model.Related] | None
    stands_for: list[str] | None
    waiver: Waiver | None = None
    baseline: Baselined | None = None
    frameworks: list[str] = []  # framework:item


class LoneFindingRow(FindingRow, omit_defaults=True):
    """The same as `regaudit connect` prints it, which has no columns: what accepts it is there only where something does."""


class ApplicationRow(msgspec.Struct):
    """An app registration, with the status of each area of rules: `area_credentials` and so on."""

    app_id: str | None
    object_id: str | None
    display_name: str | None
    tenant_id: str | None
    owners: list[str] | None
    tags: list[str] | None
    service_management_reference: str | None
    file: str | None
    line: int | None
    pointer: str
    sign_in_audience: str | None
    created: str | None
    service_principal_id: str | None
    secrets: int | None
    certificates: int | None
    federated_credentials: int | None
    requested_permissions: int | None
    earliest_expiry: str | None
    findings: int
    worst_severity: Severity | None
    failed_areas: list[str]
    passed_areas: list[str]
    not_evaluated_areas: list[str]
    not_evaluated: list[str]  # what is not known, so that these areas are not evaluated, or not wholly
    accepted_areas: list[str]  # all that failed there is waived, or in the baseline
    reach: objects.Reach | None
    reach_reasons: list[str]
    exposure: objects.Exposure | None
    exposure_reasons: list[str]


class PrincipalRow(msgspec.Struct):
    """A service principal (enterprise application)."""

    app_id: str | None
    object_id: str | None
    display_name: str | None
    tenant_id: str | None
    owners: list[str] | None
    tags: list[str] | None
    file: str | None
    line: int | None
    pointer: str
    kind: str | None
    enabled: bool | None
    home_tenant_id: str | None
    secrets: int | None
    certificates: int | None
    granted_permissions: int | None
    directory_roles: int | None
    findings: int
    worst_severity: Severity | None
    reach: objects.Reach | None
    reach_reasons: list[str]
    exposure: objects.Exposure | None
    exposure_reasons: list[str]


class CredentialRow(msgspec.Struct):
    """A client secret or certificate, with the registration or service principal that has it."""

    app_id: str | None
    object_id: str | None
    app_display_name: str | None
    key_id: str | None
    kind: str
    on: str  # application or servicePrincipal
    display_name: str | None
    start: str | None
    end: str | None
    days_left: int | None
    state: str
    is_superseded: bool | None
    owners: list[str] | None


class LoneCredentialRow(CredentialRow, omit_defaults=True):
    """The same as `regaudit credentials` lists it: with what accepts that it ends, where something does, and when it was last used."""

    waiver: Waiver | None = None
    last_used: str | None = None  # that the report of credentials' sign-ins knows of
    use: Use | None = None  # always there


class Rows:
    """The rows of a report."""

    def __init__(self, report: model.Report) -> None:
        self.report = report
        self.rules = {rule.id: rule for rule in report.rules}
        self._lists: dict[str, list[objects.Entity]] = {
            "app": [*report.applications], "principal": [*report.service_principals],
            "connector": [*report.connectors], "tenant": [*report.tenants],
        }  # fmt: skip
        self._last: tuple[object, tuple[str, objects.Entity]] = (None, ("", objects.Entity()))

    def object_of(self, finding: model.Finding | model.RuleVerdict | objects.Credential) -> tuple[str, objects.Entity]:
        """The object that a finding or a verdict is of, or that has a credential, and its kind."""
        if finding is not self._last[0]:  # all that is said of a finding asks for it
            self._last = finding, self._look_up(finding)
        return self._last[1]

    def _look_up(self, finding: model.Finding | model.RuleVerdict | objects.Credential) -> tuple[str, objects.Entity]:
        for member, kind in _MEMBERS.items():
            if (position := getattr(finding, member, None)) is not None:
                return kind, self._lists[member][position]
        raise ValueError("a finding names the object that it is of")

    def file_of(self, of: objects.Entity) -> str | None:
        return None if of.file is None else self.report.files[of.file]

    def place_of(self, finding: model.Finding) -> tuple[str | None, str | None, str | None]:
        """File, JSON Pointer within it, and the property for people."""
        _, of = self.object_of(finding)
        if (elsewhere := finding.elsewhere) is not None:
            return elsewhere.file, elsewhere.pointer, finding.property_path
        if finding.pointer is None:
            return None, None, finding.property_path
        return self.file_of(of), of.pointer + finding.pointer, finding.property_path or property_path(finding.pointer)

    def artifact_of(self, finding: model.Finding) -> Artifact:
        """The place of a finding in its file, else in entra/TENANT/applications/APP-ID.json: the same over runs."""
        kind, of = self.object_of(finding)
        file = finding.elsewhere.file if finding.elsewhere is not None else self.file_of(of)
        if file is not None:
            return Artifact(normpath(file), finding.line or of.line or 1, finding.column)
        name = (of.object_id or of.app_id) if kind == "servicePrincipal" else (of.app_id or of.object_id)
        return Artifact(f"entra/{quote(self._tenant_id(of) or 'tenant', '')}/{kind}s/{quote(name or 'unknown', '')}.json", 1, None)

    def name_of(self, finding: model.Finding) -> str:
        """The object for people: Payroll (11111111-1111-4111-8111-111111111111)."""
        kind, of = self.object_of(finding)
        return named(of, kind)

    def portal_of(self, finding: model.Finding) -> str | None:
        """Where the object is managed; None where it is not of a live tenant, or is no address that may be a link."""
        return self.link_to(*self.object_of(finding), finding.area)

    def link_to(self, kind: str, of: objects.Entity, area: str = "") -> str | None:
        """Where an object is managed, at the page for an area of rules; None as with `portal_of`."""
        portal = self.report.tenants[of.tenant].portal
        address = portal_url(portal, kind, of.app_id, of.object_id, area) if portal else None
        return address if address and LINK.fullmatch(address) else None

    def fix_of(self, finding: model.Finding) -> str | None:
        """The fix of its rule, with its values."""
        template = self.rules[finding.rule_id].fix
        return None if template is None else template.filled(self.values_of(finding, template))

    def values_of(self, finding: model.Finding, template: Template) -> dict[str, str | None]:
        """What a finding and its object have for the places of a fix."""
        _, of = self.object_of(finding)
        own = {"app_id": of.app_id, "object_id": of.object_id, "credential_key_id": finding.key_id}
        return {**finding.values, **{name: own[place.member] for name, place in template.places.items() if place.member in own}}

    def commands_of(self, finding: model.Finding) -> fixes.Fix:
        """The fix, ready to be rendered for a shell."""
        template = self.rules[finding.rule_id].fix
        placeholders = template.placeholders if template else ()
        return fixes.Fix(finding.finding_id, self.fix_of(finding) or "", placeholders, self.graph_of(finding))

    def graph_of(self, finding: model.Finding) -> str:
        """The address of Microsoft Graph to which the requests of a fix go."""
        tenant = self.report.tenants[self.object_of(finding)[1].tenant]
        return graph_of(tenant.graph or "", tenant.portal or "") or fixes.UNKNOWN

    def findings(self) -> Iterator[FindingRow]:
        from auditor.frameworks import labels

        for finding in self.report.findings:
            rule, (kind, of) = self.rules[finding.rule_id], self.object_of(finding)
            file, pointer, path = self.place_of(finding)
            yield FindingRow(
                finding.finding_id, rule.id, rule.title, finding.area, finding.severity, finding.highest_severity or finding.severity,
                finding.certainty, finding.weak, finding.status, kind, of.app_id, of.object_id, of.display_name, self._tenant_id(of),
                of.owners, of.tags, of.service_management_reference, file, finding.line, finding.column, pointer, path,
                self.portal_of(finding), finding.key_id, finding.message, finding.actual, rule.expected, self.fix_of(finding),
                next(iter(rule.references), None), rule.aadsts, finding.related or None, finding.stands_for or None, finding.waiver,
                finding.baseline, labels(rule.frameworks),
            )  # fmt: skip

    def applications(self) -> Iterator[ApplicationRow]:
        report = self.report
        ends: dict[int | None, str] = {}
        for one in report.credentials:
            if one.end is not None and one.state != "expired":
                ends[one.app] = min(one.end, ends.get(one.app, one.end))
        for position, of in enumerate(report.applications):
            areas = {} if of.areas is None else report.area_verdicts[of.areas]
            by_status: dict[Status, list[str]] = {}
            for area, verdict in areas.items():
                by_status.setdefault(verdict.status, []).append(area)
            has = of.inventory or objects.Inventory()
            gaps = sorted({reason for verdict in areas.values() for reason in verdict.reasons})
            yield ApplicationRow(
                of.app_id, of.object_id, of.display_name, self._tenant_id(of), of.owners, of.tags, of.service_management_reference,
                self.file_of(of), of.line, of.pointer, has.sign_in_audience, has.created, has.service_principal_id, has.secrets,
                has.certificates, has.federated_credentials, has.requested_permissions, ends.get(position), of.findings, of.worst_severity,
                by_status.get(Status.fail, []), by_status.get(Status.passed, []),
                by_status.get(Status.not_evaluated, []) + by_status.get(Status.error, []),
                [f"{report.not_evaluated[gap].what}: {report.not_evaluated[gap].why}" for gap in gaps],
                by_status.get(Status.waived, []) + by_status.get(Status.baselined, []), *_places(has.risk),
            )  # fmt: skip

    def service_principals(self) -> Iterator[PrincipalRow]:
        for of in self.report.service_principals:
            has = of.inventory or objects.PrincipalInventory()
            yield PrincipalRow(
                of.app_id, of.object_id, of.display_name, self._tenant_id(of), of.owners, of.tags, self.file_of(of), of.line, of.pointer,
                has.kind, has.enabled, has.home_tenant_id, has.secrets, has.certificates, _size(has, "grants"), _size(has, "roles"),
                of.findings, of.worst_severity, *_places(has.risk),
            )  # fmt: skip

    def credentials(self) -> Iterator[CredentialRow]:
        now = datetime.fromisoformat(self.report.run.as_of)
        for found in self.report.credentials:
            kind, of = self.object_of(found)
            yield credential(found, kind, of.app_id, of.object_id, of.display_name, of.owners, now)

    def _tenant_id(self, of: objects.Entity) -> str | None:
        return self.report.tenants[of.tenant].tenant_id


def _places(risk: objects.Risk | None) -> tuple[objects.Reach | None, list[str], objects.Exposure | None, list[str]]:
    return (None, [], None, []) if risk is None else (risk.reach, risk.reach_reasons, risk.exposure, risk.exposure_reasons)


def _size(of: objects.PrincipalInventory, name: str) -> int | None:
    """Of a list; None where it may have more entries."""
    values = getattr(of, name)
    return None if values is None or name in of.incomplete else len(values)


def said_of(finding: model.Finding | FindingRow) -> str:
    """Why a finding does not count, in words; '' for one that does."""
    if (waiver := finding.waiver) is not None:
        until = f"waived until {waiver.until}" if waiver.until else "waived by the configuration"
        by = f", approved by {waiver.approver}" if waiver.approver else ""
        return f"{until}{by}: {waiver.reason} ({waiver.file}:{waiver.line})"
    if (baseline := finding.baseline) is not None:
        return f"in the baseline since {baseline.since} ({baseline.file})"
    return ""


def named(of: objects.Entity, kind: str) -> str:
    """An object for people, by its name and its ID."""
    name = of.display_name or ("tenant" if kind == "tenant" else "(no name)")
    identity = of.app_id or of.object_id
    return f"{name} ({identity})" if identity and identity != name else name


def worst(findings: list[model.Finding], most: int) -> list[model.Finding]:
    """At most so many findings, the worst first; what is waived or known comes last, what is only likely after what is certain."""
    from heapq import nsmallest

    return nsmallest(most, findings, key=_order)


def _order(finding: model.Finding) -> tuple[bool, int, bool]:
    return finding.status is not Status.fail, -finding.severity.rank, finding.certainty is not Certainty.certain


def credential(
    found: objects.Credential,
    on: str,
    app_id: str | None,
    object_id: str | None,
    name: str | None,
    owners: list[str] | None,
    now: datetime,
) -> CredentialRow:
    left = None if found.end is None else (datetime.fromisoformat(found.end) - now).days
    return CredentialRow(
        app_id, object_id, name, found.key_id, found.kind, on, found.display_name, found.start, found.end, left,
        found.state, found.is_superseded, owners,
    )  # fmt: skip
