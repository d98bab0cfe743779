"""What an audit finds: severities, statuses, findings and their fingerprints."""

from __future__ import annotations

import hashlib
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


class Finding(msgspec.Struct, frozen=False):
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


class Related(msgspec.Struct):
    """Another fact that the message names, and where it stands."""

    label: str
    file: str | None
    line: int | None
    pointer: str


def fingerprint(tenant: str, rule: str, obj: str, key: str) -> str:
    """Identity of a finding over runs: never the name, the message, the order or the line."""
    return hashlib.sha256(f"regaudit/v1\0{tenant}\0{rule}\0{obj}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Outcome(msgspec.Struct):
    """What one rule came to over all of its roots."""

    rule: Any
    failed: int = 0
    passed: int = 0
    not_applicable: int = 0
    not_evaluated: int = 0
    errors: int = 0
    findings: list[Finding] = []
    reasons: dict[str, int] = {}  # why not evaluated -> number of roots
    mendable: bool = False  # one of the reasons is a cause that can be mended

    @property
    def roots(self) -> int:
        return self.failed + self.passed + self.not_applicable + self.not_evaluated + self.errors
