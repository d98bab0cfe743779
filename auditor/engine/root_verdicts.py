"""Verdicts by root, gathered while rules are judged: the worst that the rules of each area say, and what the others could not know; and,
where somebody asks for it, what each rule says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

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
        self._most = most
        self._by_rule: list[RuleVerdict] | None = [] if most else None
        self._ranks: dict[tuple[str, Status], set[int]] = defaultdict(set)
        self._gaps: dict[tuple[str, Reason], set[int]] = defaultdict(set)

    def add(self, rule: Rule, status: Status, roots: Iterable[Any]) -> None:
        """A rule says this of these roots."""
        ranks = [root.rank for root in roots]
        self._ranks[rule.area, status].update(ranks)
        if self._by_rule is not None:
            self._keep(self._by_rule, rule, status, ranks)

    def leave_open(self, rule: Rule, reason: Reason, roots: Iterable[Any]) -> None:
        """A rule could not be evaluated on these roots."""
        ranks = [root.rank for root in roots]
        self._gaps[rule.area, reason].update(ranks)
        if self._by_rule is not None:
            self._keep(self._by_rule, rule, Status.not_evaluated, ranks, reason)

    def _keep(self, kept: list[RuleVerdict], rule: Rule, status: Status, ranks: list[int], reason: Reason | None = None) -> None:
        kept += [RuleVerdict(rank, rule.id, status, reason) for rank in ranks]
        if len(kept) > self._most:
            self._by_rule = None

    def by_rule(self) -> list[RuleVerdict] | None:
        """By root, then by rule; None where they were not asked for, or are too many."""
        return None if self._by_rule is None else sorted(self._by_rule, key=lambda one: one[:2])

    def by_area(self) -> dict[int, dict[str, tuple[Status, list[Reason]]]]:
        """Rank -> area -> status, and why a part of the area is not evaluated. Areas of which no rule applies to a root are not there.

        The status is "pass" only where every rule that applies was evaluated.
        """
        found: dict[int, dict[str, tuple[Status, list[Reason]]]] = {}
        for (area, status), ranks in sorted(self._ranks.items()):  # in the order of statuses: the most telling one stays
            for rank in ranks:
                found.setdefault(rank, {})[area] = status, []
        for (area, reason), ranks in sorted(self._gaps.items()):
            for rank in ranks:
                status, reasons = found.setdefault(rank, {}).setdefault(area, (Status.not_evaluated, []))
                reasons.append(reason)
                found[rank][area] = max(status, Status.not_evaluated), reasons
        return found
