"""What the rules of each area say of each root: the worst that one of them says, and what the others could not know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from auditor.severity import Status
from auditor.unknown import Reason


class AreaVerdicts:
    """Verdicts of a run, gathered while it judges. Roots are told apart by their rank, which is unique in a run."""

    def __init__(self) -> None:
        self._ranks: dict[tuple[str, Status], set[int]] = defaultdict(set)
        self._gaps: dict[tuple[str, Reason], set[int]] = defaultdict(set)

    def add(self, area: str, status: Status, roots: Iterable[Any]) -> None:
        """A rule of the area says this of these roots."""
        self._ranks[area, status].update([root.rank for root in roots])

    def leave_open(self, area: str, reason: Reason, roots: Iterable[Any]) -> None:
        """A rule of the area could not be evaluated on these roots."""
        self._gaps[area, reason].update([root.rank for root in roots])

    def accept(self, statuses: dict[tuple[str, int], Status]) -> None:
        """Of these areas and ranks the rules that fail come to another status: all that they found is waived, or in the baseline."""
        for (area, rank), status in statuses.items():
            if status is not Status.fail:
                self._ranks[area, Status.fail].discard(rank)
                self._ranks[area, status].add(rank)

    def by_root(self) -> dict[int, dict[str, tuple[Status, list[Reason]]]]:
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
