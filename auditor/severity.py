"""Words that have an order: how grave a finding is, how certain, and what became of it."""

from __future__ import annotations

from enum import StrEnum


class Ordered(StrEnum):
    """A text with an order, the least first: `Severity.high >= Severity.medium`, `Severity.high == "high"`."""

    rank: int

    def __new__(cls, value: str) -> Ordered:
        member = str.__new__(cls, value)
        member._value_ = value
        member.rank = len(cls.__members__)
        return member

    # Texts compare by their letters.

    def _rank_of(self, other: str) -> int:
        return (other if isinstance(other, type(self)) else type(self)(other)).rank

    def __lt__(self, other: str) -> bool:
        return self.rank < self._rank_of(other)

    def __le__(self, other: str) -> bool:
        return self.rank <= self._rank_of(other)

    def __gt__(self, other: str) -> bool:
        return self.rank > self._rank_of(other)

    def __ge__(self, other: str) -> bool:
        return self.rank >= self._rank_of(other)


class Severity(Ordered):
    """How grave a finding is."""

    info = "info"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


class Certainty(Ordered):
    """How sure a failure is. Likely is one that rests on an exemption that is not known, or on what the format of a file cannot carry."""

    likely = "likely"
    certain = "certain"


class Status(Ordered):
    """What a rule says of a subject, or an area of rules of an object: the most telling comes last, and wins where several hold."""

    not_applicable = "not-applicable"
    passed = "pass"
    not_evaluated = "not-evaluated"
    error = "error"
    baselined = "baselined"
    waived = "waived"
    fail = "fail"


SEVERITIES = tuple(severity.value for severity in Severity)  # the least first
