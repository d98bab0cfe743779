"""Verdicts by root, gathered while rules are judged: by area, and, where somebody asks for it, by rule."""

from __future__ import annotations

from typing import Any, NamedTuple

from auditor.engine.areas import AreaVerdicts, Said
from auditor.rulebook import Rule
from auditor.severity import Status
from auditor.unknown import Reason


class RuleVerdict(NamedTuple):
    """What one rule says of one root; the reason where it is not evaluated."""

    rank: int  # of the root
    rule_id: str
    status: Status
    reason: Reason | None = None


class RootVerdicts:
    """Verdicts of a run. Roots are told apart by their rank, which is unique in a run.

    `most` verdicts are also kept by rule; if there are more, none is. "Not applicable" is no verdict here.
    """

    def __init__(self, most: int = 0) -> None:
        self._areas = AreaVerdicts()
        self._most = most
        self._by_rule: list[RuleVerdict] | None = [] if most else None

    def add(self, rule: Rule, status: Status, roots: list[Any]) -> None:
        """A rule says this of these roots."""
        self._areas.add(rule.area, status, roots)
        self._keep(rule, status, roots)

    def leave_open(self, rule: Rule, reason: Reason, roots: list[Any]) -> None:
        """A rule could not be evaluated on these roots."""
        self._areas.leave_open(rule.area, reason, roots)
        self._keep(rule, Status.not_evaluated, roots, reason)

    def _keep(self, rule: Rule, status: Status, roots: list[Any], reason: Reason | None = None) -> None:
        if self._by_rule is not None:
            self._by_rule += [RuleVerdict(root.rank, rule.id, status, reason) for root in roots]
            if len(self._by_rule) > self._most:
                self._by_rule = None

    def by_area(self) -> dict[int, Said]:
        """As `AreaVerdicts.by_root`."""
        return self._areas.by_root()

    def by_rule(self) -> list[RuleVerdict] | None:
        """By root, then by rule; None where they were not asked for, or are too many."""
        return None if self._by_rule is None else sorted(self._by_rule, key=lambda one: one[:2])
