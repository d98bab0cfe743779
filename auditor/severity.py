"""How grave a finding is, and how sure."""

from __future__ import annotations

from enum import StrEnum


class Ordered(StrEnum):
    """A text with an order, the least first."""

    rank: int

    def __init__(self, _: str) -> None:
        self.rank = len(self.__class__.__members__)  # those before it

    # Texts compare by their letters.

    def __lt__(self, other: str) -> bool:
        return self.rank < self.__class__(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= self.__class__(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > self.__class__(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= self.__class__(other).rank


class Severity(Ordered):
    """`Severity.high >= Severity.medium`, `Severity.high == "high"`."""

    info = "info"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


class Certainty(Ordered):
    """How sure a failure is. Likely is one that rests on an exemption that is not known, or on what the format of a file cannot carry."""

    likely = "likely"
    certain = "certain"


SEVERITIES = tuple(severity.value for severity in Severity)  # the least first
