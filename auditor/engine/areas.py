"""What the rules of each area say of each root: the worst that one of them says, and what the others could not know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import compress
from operator import attrgetter
from typing import Any

from auditor.severity import Status
from auditor.unknown import Reason

Said = dict[str, tuple[Status, list[Reason]]]  # area -> status, and why a part of it is not evaluated
_One = tuple[str, Status | Reason]  # what one rule of an area says
_rank = attrgetter("rank")


class AreaVerdicts:
    """Verdicts of a run, gathered while it judges. Roots are told apart by their rank, which is unique in a run."""

    def __init__(self) -> None:
        # A byte for each root, by its rank: sets would take more memory than all findings.
        self._said: dict[tuple[str, Status], bytearray] = defaultdict(bytearray)
        self._gaps: dict[tuple[str, Reason], bytearray] = defaultdict(bytearray)

    def add(self, area: str, status: Status, roots: Iterable[Any]) -> None:
        """A rule of the area says this of these roots."""
        _mark(self._said[area, status], roots)

    def leave_open(self, area: str, reason: Reason, roots: Iterable[Any]) -> None:
        """A rule of the area could not be evaluated on these roots."""
        _mark(self._gaps[area, reason], roots)

    def accept(self, statuses: dict[tuple[str, int], Status]) -> None:
        """Of these areas and ranks the rules that fail come to another status: all that they found is waived, or in the baseline."""
        for (area, rank), status in statuses.items():
            if status is not Status.fail:
                self._said[area, Status.fail][rank] = 0
                _mark_ranks(self._said[area, status], [rank])

    def by_root(self) -> dict[int, Said]:
        """Rank -> area -> status, and why a part of the area is not evaluated. Areas of which no rule applies to a root are not there.

        The status is "pass" only where every rule that applies was evaluated. Roots of which the same was said share one value.
        """
        # Tens of thousands of roots have a few thousand combinations: each root gets the number of its own.
        all_said: list[tuple[_One, ...]] = [()]
        numbers: dict[int, int] = {}  # rank -> position in `all_said`
        marks: list[tuple[_One, bytearray]] = [*sorted(self._said.items()), *sorted(self._gaps.items())]
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


def _mark(marked: bytearray, roots: Iterable[Any]) -> None:
    _mark_ranks(marked, list(map(_rank, roots)))


def _mark_ranks(marked: bytearray, ranks: list[int]) -> None:
    if ranks and (missing := max(ranks) + 1 - len(marked)) > 0:
        marked.extend(bytes(missing))
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
