"""What an audit finds: statuses, findings, verdicts, outcomes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from auditor.accepted import Baselined, Waiver
from auditor.rulebook.page import Rule
from auditor.severity import Certainty, Severity, Status
from auditor.template import Template
from auditor.unknown import Reason


class Finding(msgspec.Struct, gc=False):
    """What one rule says of one subject: it fails (a finding), the rule broke there, or, if that was asked for, it passes.

    `severity` is that of the ordinary case where an unknown decides; `highest_severity` is the highest that is possible then.
    Lines and columns count from 1; `pointer` is a JSON Pointer into the file, `property_path` the place below the object.
    `certainty` is that of a failure; null of every other row.
    """

    finding_id: str
    rule: Rule
    severity: Severity
    highest_severity: Severity
    status: Status
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
    message: str = ""
    owners: list[str] | None = None
    tags: list[str] | None = None
    service_management_reference: str | None = None
    related: list[Related] | None = None
    portal_url: str | None = None
    certainty: Certainty | None = None
    stands_for: list[str] | None = None  # rules that found the same fault on the same object, and gave way to this one
    weak: bool = False  # another object may come to have the same finding_id: what it is of has no ID
    known_by: int = 0  # which of the alternatives of its subject's natural key the identity has (`Fact.KEY`)
    among_unknown: bool = False  # of a failure: the rule could not evaluate other subjects of the same object
    values: dict[str, str] = {}  # what the fix takes from this subject
    template: Template | None = None  # the fix
    rank: int = 0  # of the root
    change: str | None = None  # new, newly-visible or known, where the run was compared with an older one
    waiver: Waiver | None = None  # where its status is waived
    baseline: Baselined | None = None  # where its status is baselined

    @property
    def rule_id(self) -> str:
        return self.rule.id

    @property
    def rule_title(self) -> str:
        return self.rule.title

    @property
    def area(self) -> str:
        return self.rule.area

    @property
    def expected(self) -> str:
        return self.rule.require

    @property
    def reference_url(self) -> str | None:
        return next(iter(self.rule.references), None)

    @property
    def aadsts(self) -> list[int]:
        return self.rule.aadsts

    @property
    def frameworks(self) -> list[str]:
        from auditor.frameworks import labels

        return labels(self.rule.block.frameworks)

    @property
    def remediation(self) -> str | None:
        """The fix in Markdown, with what is known of this subject."""
        if self.template is None:
            return None
        own = {name: getattr(self, place.member) for name, place in self.template.places.items() if place.member is not None}
        return self.template.filled({**self.values, **own})


class Related(msgspec.Struct, gc=False):
    """Another fact that the message names, and where it stands."""

    label: str
    file: str | None
    line: int | None
    pointer: str


class Undecided(msgspec.Struct, frozen=True):
    """A failure's severity and the highest that is possible, since something is not known for this reason."""

    finding_id: str
    severity: Severity
    highest: Severity
    reason: Reason

    def may_reach(self, gate: Severity) -> bool:
        return self.severity < gate <= self.highest


class Says(StrEnum):
    """What a rule says of one subject, in the words of a page's examples."""

    failed = "fail"
    passed = "pass"
    not_applicable = "not-applicable"
    not_evaluated = "not-evaluated"
    error = "error"


class Verdict(msgspec.Struct, frozen=True):
    """What one rule says of one subject. Not evaluated has a reason; failed and error have a finding."""

    says: Says
    reason: Reason | None = None
    finding: Finding | None = None


Verdicts = dict[str | None, Verdict]  # of one root, by subject key; None: the subjects that are not known, '': the root or an error of it


class About(msgspec.Struct, frozen=True):
    """What a row is about: the rank of its root, by which reports order them, and the key of its subject ('': the root)."""

    rank: int
    key: str


class Outcome(msgspec.Struct):
    """What one rule came to over all of its roots: one verdict for each root, one finding for each subject that fails."""

    rule: Rule
    failed: int = 0
    passed: int = 0
    not_applicable: int = 0
    not_evaluated: int = 0
    errors: int = 0
    rows: list[tuple[About, Finding]] = []
    reasons: dict[Reason, int] = {}  # why not evaluated -> number of roots
    undecided: set[Undecided] = set()  # severities of failures that an unknown decides
    gave_way: dict[int, Finding] = {}  # id() of a finding -> that of another rule that stands for it
    verdicts: dict[int, Verdicts] | None = None  # by id() of the root, where they were to be recorded; roots without subjects have none

    def of(self, root: object) -> Verdicts:
        """What was recorded of one root: `rows.subject_key` gives the keys."""
        assert self.verdicts is not None, "judge_all(…, record=True) records verdicts"
        return self.verdicts.get(id(root), {})

    def leave_open(self, reason: Reason, number: int) -> None:
        """This many roots more are not evaluated for this reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + number

    def add(self, other: Outcome) -> None:
        """The same rule over another world."""
        self.failed += other.failed
        self.passed += other.passed
        self.not_applicable += other.not_applicable
        self.not_evaluated += other.not_evaluated
        self.errors += other.errors
        self.rows = self.rows + other.rows if self.rows else other.rows
        for reason, number in other.reasons.items():
            self.leave_open(reason, number)
        self.undecided |= other.undecided
        if other.verdicts is not None:
            self.verdicts = {**(self.verdicts or {}), **other.verdicts}
