"""How grave a finding is."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """A text with an order, the least first: `Severity.high >= Severity.medium`, `Severity.high == "high"`."""

    info = "info"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"

    rank: int

    # Texts compare by their letters.

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


for _rank, _severity in enumerate(Severity):
    _severity.rank = _rank
SEVERITIES = tuple(severity.value for severity in Severity)  # the least first
