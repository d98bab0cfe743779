"""What changed between two runs, as data. Its JSON is these structs; `regaudit schema diff` describes it.

The text below a member describes it. Texts are clean: no terminal or CI log obeys them.
"""

from __future__ import annotations

from typing import Literal

from auditor.report.model import Gate, Tool
from auditor.report.objects import Model, Row, Time
from auditor.severity import Certainty, Severity, Status

SCHEMA_VERSION = "1.0"
DiffClass = Literal["new", "newly-visible", "fixed", "not-seen"]


class Side(Model):
    """One of the two runs."""

    name: str
    """The report or the snapshot, as it was named."""
    run_id: str
    """The run: `run.id` of its report."""
    as_of: Time
    """The moment that counted as now."""
    tool_version: str
    """The version of regaudit that made the report."""
    profile: str
    """The profile of rules."""
    tenants: list[str]
    """The live tenants and snapshots that were audited, by tenant ID."""
    applications: int
    """Number of app registrations."""
    findings: int
    """Number of findings in the report."""
    has_inventory: bool
    """Whether it says what each object holds: without it no changes can be told."""
    complete: bool
    """Whether its whole job was done."""


class Object(Row):
    """The object that a finding or a change is of."""

    resource_kind: str
    """application, servicePrincipal, connector or tenant."""
    app_id: str | None = None
    """Its Application (client) ID."""
    object_id: str | None = None
    """Its object ID."""
    display_name: str | None = None
    """Its name."""
    tenant_id: str | None = None
    """Its tenant, where it is known."""


class DiffFinding(Object, kw_only=True):
    """A finding that only one of the reports has, or that counts only now."""

    finding_id: str
    """Its identity over runs."""
    rule_id: str
    """Its rule."""
    rule_title: str
    """What the rule finds."""
    severity: Severity
    """How grave it is."""
    status: Status
    """fail, waived or baselined."""
    certainty: Certainty | None = Certainty.certain
    """likely, where it rests on what is not known."""
    weak: bool = False
    """Whether another object may come to have the same `finding_id`."""
    was: Severity | None = None
    """Its severity in the older report, where it is new because it counts only now."""
    because: str | None = None
    """Why it is of its class, where that is not plain."""
    message: str
    """What is wrong."""
    file: str | None = None
    """The file; null for an object of a live tenant or a snapshot."""
    line: int | None = None
    """The line."""
    pointer: str | None = None
    """JSON Pointer within the file."""
    property_path: str | None = None
    """The property."""


class Change(Object, kw_only=True):
    """A change of an object itself."""

    kind: str
    """What happened: credential-added, owner-removed, consent-given, …"""
    what: str
    """What was added, removed or changed: its name, and what tells it from others."""
    id: str | None = None
    """Its ID: of a credential the key ID, of an owner the object ID, of a permission its own."""


class Summary(Model):
    """Numbers of findings by class."""

    new: int
    """The older run would have found them, and did not; or they count only now."""
    newly_visible: int
    """The older run could not have found them."""
    known: int
    """Both reports have them."""
    fixed: int
    """The newer run evaluated the rule and does not find them, or the object is not there any more."""
    not_seen: int
    """The newer run could not have found them."""
    changes: int
    """Changes of objects."""
    gate: Gate
    """What the exit code follows from. Findings that are known do not count."""


class Diff(Model):
    """What changed between two runs. Each finding of both reports is of one class; those that are known are only counted."""

    schema_version: str
    """Version of this schema: within one major version members are only added."""
    tool: Tool
    """What compared the reports."""
    old: Side
    """The older run."""
    new: Side
    """The newer run."""
    summary: Summary
    """Numbers."""
    new_findings: list[DiffFinding]
    """Findings that are new, the worst first."""
    newly_visible: list[DiffFinding]
    """Findings that the older run could not have found, the worst first."""
    fixed: list[DiffFinding]
    """Findings that are fixed."""
    not_seen: list[DiffFinding]
    """Findings that the newer run could not have found."""
    changes: list[Change]
    """What changed of the objects, by object."""
    notes: list[str]
    """What cannot be told from these reports."""
