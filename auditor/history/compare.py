"""The findings of two reports: which are new, which are fixed, and where it cannot be told, since one of the runs did not look.

A finding of the newer report is new, newly visible or known; one of the older report is fixed, not seen or known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from enum import StrEnum

import msgspec

from auditor.engine.gate import counts
from auditor.history.seen import NAMES, Seen, entities
from auditor.report.model import Finding, Report
from auditor.severity import Severity, Status


class Class(StrEnum):
    """What became of a finding."""

    new = "new"  # the older run would have found it; or it is as severe as --fail-on asks for only now
    newly_visible = "newly-visible"  # the older run could not have found it
    known = "known"
    fixed = "fixed"  # the newer run evaluated the rule, or the object is gone
    not_seen = "not-seen"  # the newer run could not have found it


class Compared(msgspec.Struct, frozen=True):
    """A finding, and why it is of its class: '' where it is known."""

    finding: Finding
    be: Class
    because: str = ""
    was: Severity | None = None  # of a new one that is more severe than it was


class Comparison(msgspec.Struct, frozen=True):
    """Of each report the findings in their order."""

    old: list[Compared]
    new: list[Compared]
    comparable: bool  # whether both runs looked at a common object with a common rule, or one of them had nothing to look at

    def of(self, be: Class) -> list[Compared]:
        """All findings of a class; those that are known as the newer report has them."""
        return [one for one in (self.old if be in (Class.fixed, Class.not_seen) else self.new) if one.be is be]


def compare(old: Report, new: Report, at: Severity | None) -> Comparison:
    """`at`: the severity from which on a finding counts, None for never. One that did not count before and does now is new."""
    return _Comparing(Seen(old, "older"), Seen(new, "newer"), at).comparison()


class _Comparing:
    def __init__(self, old: Seen, new: Seen, at: Severity | None) -> None:
        self.old, self.new, self.at = old, new, at
        self.before: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        for row in old.report.findings:
            self.before[old.finding_key(row)].append(row)
        self.now = {new.finding_key(row) for row in new.report.findings}
        self.unmatched = {old: _unmatched(old, self.now), new: _unmatched(new, self.before)}

    def comparison(self) -> Comparison:
        return Comparison(
            [self.of_old(row) for row in self.old.report.findings],
            [self.of_new(row) for row in self.new.report.findings],
            self.is_possible(),
        )

    def is_possible(self) -> bool:
        old, new = self.old, self.new
        audited = [any(kind != "tenant" for kind, _ in entities(side.report)) for side in (old, new)]
        common = any(
            old.same(kind, entity, new) for kind, entity in entities(new.report) if kind != "tenant" or getattr(entity, "tenant_id", None)
        )
        return not all(audited) or bool(common and old.rules.keys() & new.rules.keys())

    def of_new(self, row: Finding) -> Compared:
        if before := self.before.get(self.new.finding_key(row)):
            return self._again(row, before)
        gap = self._gap(self.new, row, self.old)
        return Compared(row, Class.new) if gap is None else Compared(row, Class.newly_visible, gap)

    def _again(self, row: Finding, before: list[Finding]) -> Compared:
        if not counts(row, self.at) or any(counts(one, self.at) for one in before):
            return Compared(row, Class.known)
        most = max(before, key=lambda one: (one.status is Status.fail, one.severity))
        if most.status is not Status.fail:
            return Compared(row, Class.new, f"it was {most.status} in the older report")
        return Compared(row, Class.new, f"its severity was {most.severity}", most.severity)

    def of_old(self, row: Finding) -> Compared:
        if self.old.finding_key(row) in self.now:
            return Compared(row, Class.known)
        gap = self._gap(self.old, row, self.new)
        if gap is not None:
            return Compared(row, Class.not_seen, gap)
        kind, entity = self.old.rows.object_of(row)
        return Compared(row, Class.fixed, "" if self.new.same(kind, entity, self.old) else f"the {NAMES[kind]} is not there any more")

    def _gap(self, of: Seen, row: Finding, other: Seen) -> str | None:
        """Why the other run may not have found it although it was there."""
        kind, entity = of.rows.object_of(row)
        if gap := other.gap(of.rules[row.rule_id], kind, entity, of):
            return gap
        for one in other.same(kind, entity, of):
            kinds = self.unmatched[other].get((row.rule_id, id(one)))
            if kinds and (row.weak or kinds != {row.known_by} or of.is_known_otherwise(kind, entity, one)):
                return f"the {other.side} report has a finding that may be the same: an ID is missing that would tell them apart"
        return None


def _unmatched(seen: Seen, matched: Container[tuple[str, str]]) -> dict[tuple[str, int], set[int]]:
    """By rule and object the findings that the other report does not have: with which keys of their subjects their IDs are made.

    Two findings of one rule and object with different keys may be one: what tells subjects apart was not read. -1 is a weak one.
    """
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    for row in seen.report.findings:
        if seen.finding_key(row) not in matched:
            found[row.rule_id, id(seen.rows.object_of(row)[1])].add(-1 if row.weak else row.known_by)
    return found
