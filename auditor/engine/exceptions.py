"""What a run accepts: waivers, overrides of the configuration, a baseline. Applied to its outcomes, and summed up for its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import msgspec

from auditor.accepted import Exceptions
from auditor.engine.areas import RootVerdicts
from auditor.engine.baseline import Baseline, Comparing, Fate
from auditor.engine.finding import Finding, Outcome
from auditor.engine.waivers import MAX_DAYS, Accepting, Override, Waivers
from auditor.joins.world import World
from auditor.rulebook import Rule, Rulebook
from auditor.severity import Severity, Status


def _no_overrides(book: Rulebook) -> tuple[Override, ...]:
    return ()


class Accepted(msgspec.Struct, frozen=True):
    """What a run is asked to accept. `configuration`: the files that it follows, the one that decides first."""

    configuration: tuple[str, ...] = ()
    overrides: Callable[[Rulebook], tuple[Override, ...]] = _no_overrides
    waivers: Waivers | None = None
    max_waiver_days: int = MAX_DAYS
    baseline: Baseline | None = None

    @property
    def files(self) -> list[str]:
        """The files that say so: no output takes their place."""
        return [*self.configuration, *(one.path for one in (self.waivers, self.baseline) if one is not None)]


class Applying:
    """Applies it. Waivers come before findings give way, since none gives way to a waived one; a baseline was made after that."""

    def __init__(self, accepted: Accepted, book: Rulebook, today: date) -> None:
        self._accepted = accepted
        if accepted.waivers is not None:
            accepted.waivers.check(today, accepted.max_waiver_days)
        self._accepting = Accepting(accepted.waivers, accepted.overrides(book), book, today)
        self._comparing = Comparing(accepted.baseline) if accepted.baseline is not None else None

    def waive(self, outcomes: Iterable[Outcome]) -> None:
        self._accepting.apply(outcomes)

    def compare(self, outcomes: list[Outcome], by_root: RootVerdicts | None) -> None:
        if self._comparing is not None:
            self._comparing.apply(outcomes)
        if by_root is not None:
            _settle(outcomes, by_root)

    def summed_up(
        self, findings: list[Finding], worlds: list[World], rules: list[Rule], unconfigured: list[Finding] | None, *, certain_only: bool
    ) -> tuple[Exceptions, Baseline | None]:
        """What it came to, and the baseline without what is fixed. `unconfigured`: the findings of the rules that the configuration
        changes or leaves out, as they would be without it.
        """
        found = Exceptions(
            list(self._accepted.configuration),
            waived=sum(row.status is Status.waived for row in findings),
            waivers=self._accepting.uses(),
        )
        lowered = self._accepting.lowered
        if unconfigured:
            severities: dict[str, Severity] = {row.finding_id: row.severity for row in findings}
            found.left_out = sum(row.finding_id not in severities for row in unconfigured)
            lowered = lowered | {row.finding_id for row in unconfigured if severities.get(row.finding_id, row.severity) < row.severity}
        found.lowered = len(lowered)
        if self._comparing is None:
            return found, None
        fates = self._comparing.fates(worlds, rules, certain_only=certain_only)
        found.baseline, found.risen = self._comparing.baseline.path, self._comparing.risen
        found.baselined = sum(row.status is Status.baselined for row in findings)
        found.fixed, found.not_seen = (sum(fate is wanted for fate in fates.values()) for wanted in (Fate.fixed, Fate.not_seen))
        return found, self._comparing.shrunk(fates, worlds, rules)


def _settle(outcomes: Iterable[Outcome], by_root: RootVerdicts) -> None:
    """What rules, and areas of rules, say of objects follows what became of their findings."""
    statuses: dict[tuple[str, str, int], Status] = {}
    for outcome in outcomes:
        for row in (*(row for _, row in outcome.rows), *outcome.gave_way.values()):
            if row.status in (Status.fail, Status.waived, Status.baselined):
                key = outcome.rule.id, outcome.rule.area, row.rank
                statuses[key] = max(statuses.get(key, row.status), row.status)
    by_root.accept(statuses)
