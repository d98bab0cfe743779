"""Verdicts by root, gathered while rules are judged: of the rules of each area and, where somebody asks for it, of each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import compress
from operator import attrgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from auditor.rulebook import Rule
from auditor.severity import Status
from auditor.unknown import Reason

Said = dict[str, tuple[Status, list[Reason]]]  # area -> status, and why a part of it is not evaluated
_One = tuple[str, Status | Reason]  # what one rule of an area says
_rank = attrgetter("rank")
_LAST = 1024  # roots


class AreaVerdicts:
    """Verdicts of a run, gathered while it judges. Roots are told apart by their rank, which is unique in a run."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, Status], _Marks] = defaultdict(_Marks)
        self._gaps: dict[tuple[str, Reason], _Marks] = defaultdict(_Marks)

    def add(self, area: str, status: Status, roots: Iterable[Any]) -> None:
        """A rule of the area says this of these roots."""
        self._said[area, status].add(roots)

    def leave_open(self, area: str, reason: Reason, roots: Iterable[Any]) -> None:
        """A rule of the area could not be evaluated on these roots."""
        self._gaps[area, reason].add(roots)

    def accept(self, statuses: dict[tuple[str, int], Status]) -> None:
        """Of these areas and ranks the rules that fail come to another status: all that they found is waived, or in the baseline."""
        for (area, rank), status in statuses.items():
            if status is not Status.fail:
                self._said[area, Status.fail].by_rank()[rank] = 0
                _mark(self._said[area, status].by_rank(), [rank])

    def by_root(self) -> dict[int, Said]:
        """Rank -> area -> status, and why a part of the area is not evaluated. Areas of which no rule applies to a root are not there.

        The status is "pass" only where every rule that applies was evaluated. Roots of which the same was said share one value.
        """
        # Tens of thousands of roots have a few thousand combinations: each root gets the number of its own.
        all_said: list[tuple[_One, ...]] = [()]
        numbers: dict[int, int] = {}  # rank -> position in `all_said`
        said, gaps = sorted(self._said), sorted(self._gaps)
        marks: list[tuple[_One, bytearray]] = [(one, self._said[one].by_rank()) for one in said]
        marks += [(one, self._gaps[one].by_rank()) for one in gaps]
        for one, marked in marks:  # of statuses the most telling comes last
            with_it: dict[int, int] = {}
            for rank in compress(range(len(marked)), marked):
                before = numbers.get(rank, 0)
                number = with_it.get(before)
                if number is None:
                    number = with_it[before] = len(all_said)
                    all_said.append((*all_said[before], one))
                numbers[rank] = number
        made = {number: _together(all_said[number]) for number in set(numbers.values())}
        return {rank: made[number] for rank, number in numbers.items()}


class _Marks:
    """Roots of which the same is said, many times of each: the last few as they come, all others as a byte by their rank.

    Sets of all would take more memory than all findings; to mark each byte each time takes a tenth of the time of a run.
    """

    __slots__ = ("_last", "_marked")

    def __init__(self) -> None:
        self._last: set[Any] = set()
        self._marked = bytearray()

    def add(self, roots: Iterable[Any]) -> None:
        self._last.update(roots)
        if len(self._last) >= _LAST:
            self.by_rank()

    def by_rank(self) -> bytearray:
        """A byte for each root, 1 where it is marked."""
        _mark(self._marked, list(map(_rank, self._last)))
        self._last.clear()
        return self._marked


def _mark(marked: bytearray, ranks: list[int]) -> None:
    if not ranks:
        return
    first, end = min(ranks), max(ranks) + 1
    if end > len(marked):
        marked.extend(bytes(end - len(marked)))
    if end - first == len(ranks):  # all there are
        marked[first:end] = b"\1" * len(ranks)
        return
    for rank in ranks:
        marked[rank] = 1


def _together(all_said: Iterable[_One]) -> Said:
    found: Said = {}
    for area, one in all_said:
        status, reasons = found.get(area, (Status.not_evaluated, []))
        if isinstance(one, Status):
            status = one
        else:
            reasons.append(one)
            status = max(status, Status.not_evaluated)
        found[area] = status, reasons
    return found


class RuleVerdict(Struct, frozen=True):
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
        self._open: dict[tuple[str, Reason], bytearray] = defaultdict(bytearray)  # rule, why -> a byte for each root, by its rank
        self._most = most
        self._by_rule: list[RuleVerdict] | None = [] if most else None

    def add(self, rule: Rule, status: Status, roots: list[Any]) -> None:
        """A rule says this of these roots."""
        self._areas.add(rule.area, status, roots)
        if status is Status.error and roots:
            _mark(self._open[rule.id, Reason(rule.id, "the rule broke")], list(map(_rank, roots)))
        self._keep(rule, status, roots)

    def leave_open(self, rule: Rule, reason: Reason, roots: list[Any]) -> None:
        """A rule could not be evaluated on these roots."""
        self._areas.leave_open(rule.area, reason, roots)
        _mark(self._open[rule.id, reason], list(map(_rank, roots)))
        self._keep(rule, Status.not_evaluated, roots, reason)

    def _keep(self, rule: Rule, status: Status, roots: list[Any], reason: Reason | None = None) -> None:
        if self._by_rule is not None:
            self._by_rule += [RuleVerdict(root.rank, rule.id, status, reason) for root in roots]
            if len(self._by_rule) > self._most:
                self._by_rule = None

    def accept(self, statuses: dict[tuple[str, str, int], Status]) -> None:
        """Of these rules, areas and ranks of roots all that was found is accepted, or the worst of it is not."""
        by_area: dict[tuple[str, int], Status] = {}
        for (_, area, rank), status in statuses.items():
            by_area[area, rank] = max(by_area.get((area, rank), status), status)
        self._areas.accept(by_area)
        if self._by_rule is not None:
            by_rule = {(rule, rank): status for (rule, _, rank), status in statuses.items()}
            self._by_rule = [
                replace(one, status=by_rule.get((one.rule_id, one.rank), one.status)) if one.status is Status.fail else one
                for one in self._by_rule
            ]

    def by_area(self) -> dict[int, Said]:
        """As `AreaVerdicts.by_root`."""
        return self._areas.by_root()

    def left_open(self, rules: Collection[str]) -> dict[int, set[Reason]]:
        """Rank -> why some of these rules could not be evaluated; a root of which each says something, or does not apply, is not there."""
        found: dict[int, set[Reason]] = defaultdict(set)
        for (rule_id, reason), marked in self._open.items():
            if rule_id in rules:
                for rank in compress(range(len(marked)), marked):
                    found[rank].add(reason)
        return found

    def by_rule(self) -> list[RuleVerdict] | None:
        """By root, then by rule; None where they were not asked for, or are too many."""
        return None if self._by_rule is None else sorted(self._by_rule, key=lambda one: (one.rank, one.rule_id))
