"""What an audit comes to, as objects: what was read (`Loaded`), and what the rules say of it (`Report`).

`report/build.py` makes data of it.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from auditor import joins
from auditor.digest import sha256
from auditor.engine import gate
from auditor.engine.areas import RootVerdicts
from auditor.engine.finding import Finding, Outcome
from auditor.engine.gate import Gate
from auditor.errors import InputError
from auditor.files import Identity
from auditor.joins.world import World
from auditor.severity import Severity
from auditor.sources import Note
from auditor.sources.coverage import TenantInfo
from auditor.unknown import Reason

if TYPE_CHECKING:
    from auditor.accepted import Exceptions
    from auditor.engine.baseline import Baseline


class Loaded(msgspec.Struct, kw_only=True):
    """What was read, joined, and nothing judged."""

    worlds: list[World]
    errors: list[InputError]
    notes: list[Note]
    paths: list[str]
    as_of: datetime
    files_read: int
    passed_over: list[str]
    inexact: list[str]
    tenants: list[TenantInfo] = []  # live ones and snapshots
    is_empty: bool = False  # all of it was read, and it holds nothing to audit
    allow_empty: bool = False  # as the request says
    opened: set[Identity] = set()  # every file that was read: no report takes its place

    def __repr__(self) -> str:  # not of all that was read
        return f"<{type(self).__name__} of {', '.join(self.paths)}>"

    @property
    def files_passed_over(self) -> int:
        return len(self.passed_over)

    @property
    def applications(self) -> int:
        return sum(len(world.apps) for world in self.worlds)

    @property
    def service_principals(self) -> int:
        return sum(len(world.principals) for world in self.worlds)

    @property
    def connectors(self) -> int:
        return sum(connector.signs_in_by_itself for world in self.worlds for connector in world.connectors)

    @property
    def entra_connectors(self) -> int:
        """How many of them are known to sign in through Microsoft Entra ID."""
        of = (connector for world in self.worlds for connector in world.connectors if connector.signs_in_by_itself)
        return sum(connector.entra is True for connector in of)

    @property
    def saved_secrets(self) -> int:
        """Answers with a client secret, and keys in policies of connectors."""
        return sum(len(world.connectors) for world in self.worlds) - self.connectors

    @property
    def objects(self) -> dict[str, int]:
        """Kind of object -> how many of them were read."""
        tenants = sum(world.tenant.document is not None for world in self.worlds)
        kinds = "application", "servicePrincipal", "connector", "savedSecret", "tenant"
        counts = self.applications, self.service_principals, self.connectors, self.saved_secrets, tenants
        return dict(zip(kinds, counts, strict=True))

    def remedy(self, reason: Reason) -> str | None:
        """What would make known what is not."""
        said = next((found[reason] for found in (tenant.remedies() for tenant in self.tenants) if reason in found), None)
        if said is None and reason.collection:
            said = joins.REMEDIES.get(reason.what)
        return said or None


class Report(Loaded, kw_only=True):
    """What an audit came to. Findings are in a fixed order; `exit_code` says what a pipeline should do."""

    outcomes: list[Outcome]
    findings: list[Finding]
    by_root: RootVerdicts | None
    profile: str
    started: datetime
    finished: datetime
    fixed: bool  # the clock was given, so that nothing of this run differs from another over the same input
    exceptions: Exceptions | None = None  # what configuration, waivers and baseline took away
    baseline: Baseline | None = None  # without what is fixed
    against: gate.Against = gate.Against()  # what a comparison with an older run asks of the gate
    with_findings: Counter[str] = msgspec.field(default_factory=Counter)  # kind of object -> how many of them something is wrong with

    @property
    def run_id(self) -> str:
        """Under a given clock it derives from that and from what was read."""
        import uuid

        if not self.fixed:
            return str(uuid.uuid4())
        digest = sha256(repr((self.as_of.isoformat(), self.profile, [outcome.rule.id for outcome in self.outcomes])).encode())
        for finding in self.findings:
            digest.update(finding.finding_id.encode())
        for world in self.worlds:
            for root in (*world.apps, *world.principals, *world.connectors):
                place = f"{root.document.file.name}\0{root.document.start}\0{root.document.end}\0{root.label}"
                digest.update(place.encode("utf-8", "surrogatepass"))
        return str(uuid.UUID(digest.hexdigest()[:32]))

    def count(self, status: str) -> int:
        """Verdicts: one for each rule and registration (or other root)."""
        return sum(map(attrgetter(status), self.outcomes))

    def by_severity(self) -> Counter[Severity]:
        """Failures, by severity."""
        return Counter(finding.severity for finding in self.findings if gate.is_failure(finding))

    def reasons(self) -> Counter[Reason]:
        """Why verdicts are missing -> how many."""
        found: Counter[Reason] = Counter()
        for outcome in self.outcomes:
            for reason, number in outcome.reasons.items():
                found[reason] += number
        return found

    def gate(self, fail_on: str = "high", *, strict: bool = False) -> Gate:
        """Which findings count at `fail_on`, a severity or "never", and what could not be done. Raises UsageError.

        `strict`: whatever could not be evaluated counts as not done.
        """
        return gate.of_audit(
            fail_on,
            self.outcomes,
            self.findings,
            errors=len(self.errors),
            mendable={reason for tenant in self.tenants for reason in tenant.mendable()},
            optional={reason for tenant in self.tenants for reason in tenant.optional()},
            is_empty=self.is_empty,
            allow_empty=self.allow_empty,
            strict=strict,
            against=self.against,
        )

    def exit_code(self, fail_on: str = "high", *, strict: bool = False) -> int:
        """0 clean, 1 findings at or above `fail_on`, 2 the job, or a part of it, could not be done. 2 wins over 1. Raises UsageError."""
        return self.gate(fail_on, strict=strict).exit_code
