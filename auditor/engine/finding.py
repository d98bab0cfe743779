"""What an audit finds: severities, statuses, findings and their fingerprints."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import msgspec


class Severity(IntEnum):
    """In order: `Severity.high >= Severity.medium`."""

    info = 0
    low = 1
    medium = 2
    high = 3
    critical = 4

    def __str__(self) -> str:
        return self.name


SEVERITIES = tuple(severity.name for severity in Severity)
SEVERITY_RANK = {severity.name: severity.value for severity in Severity}


class Finding(msgspec.Struct, gc=False):
    """One row of a report: a rule that fails at one subject, an error, or what a rule could not judge and why.

    A row of status "not-evaluated" stands for `count` registrations (or other roots), and names none of them.
    """

    finding_id: str
    rule_id: str
    rule_title: str
    area: str
    severity: str
    status: str
    app_id: str | None = None
    object_id: str | None = None
    app_display_name: str | None = None
    resource_kind: str | None = None
    tenant_id: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    pointer: str | None = None
    credential_key_id: str | None = None
    property_path: str | None = None
    actual: str | None = None
    expected: str | None = None
    message: str = ""
    remediation: str | None = None
    reference_url: str | None = None
    aadsts: list[int] = []
    owners: list[str] | None = None
    tags: list[str] | None = None
    service_management_reference: str | None = None
    related: list[Related] | None = None
    count: int = 1
    portal_url: str | None = None


class Related(msgspec.Struct, gc=False):
    """Another fact that the message names, and where it stands."""

    label: str
    file: str | None
    line: int | None
    pointer: str


def fingerprint(tenant: str, rule: str, obj: str, key: str) -> str:
    """Identity of a finding over runs: never the name, the message, the order or the line."""
    return hashlib.sha256(f"regaudit/v1\0{tenant}\0{rule}\0{obj}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(slots=True)
class Outcome:
    """What one rule came to over all of its roots: one verdict for each root, one finding for each subject that fails."""

    rule: Any
    failed: int = 0
    passed: int = 0
    not_applicable: int = 0
    not_evaluated: int = 0
    errors: int = 0
    rows: list[tuple[int, Finding]] = field(default_factory=list)  # with the rank of the root, by which reports order them
    reasons: Counter[str] = field(default_factory=Counter)  # why not evaluated -> number of roots

    def add(self, other: Outcome) -> None:
        """The same rule over another world."""
        self.failed += other.failed
        self.passed += other.passed
        self.not_applicable += other.not_applicable
        self.not_evaluated += other.not_evaluated
        self.errors += other.errors
        self.rows = self.rows + other.rows if self.rows else other.rows
        self.reasons.update(other.reasons)
