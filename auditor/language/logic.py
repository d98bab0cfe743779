"""Three-valued logic: what operators mean where something is unknown (`exact.py` puts them together), and what compiled code calls."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from auditor.display import show
from auditor.facts.lists import is_long
from auditor.severity import Severity
from auditor.template import Way, written
from auditor.unknown import Partial, Unknown, Unread, known

Env = dict[str, Any]
Exact = Callable[[Env], Any]  # an expression's value in three-valued logic: a value, None (null), an Unknown or a Range


class Range:
    """A number of which only bounds are known, because of `unknown`."""

    __slots__ = ("hi", "lo", "unknown")

    def __init__(self, lo: float, hi: float, unknown: Unknown) -> None:
        self.lo, self.hi, self.unknown = lo, hi, unknown

    def __str__(self) -> str:
        return f"at least {self.lo}"


class Choice:
    """A severity that an unknown decides: the possible ones, that of the ordinary case, and what is not known."""

    __slots__ = ("ordinary", "severities", "unknowns")

    def __init__(self, ordinary: Severity, severities: frozenset[Severity], unknowns: tuple[Unknown, ...]) -> None:
        self.ordinary, self.severities, self.unknowns = ordinary, severities, unknowns


PRESUMED = "_presumed"  # in an environment: the paths of the facts that a rule presumes to be empty or null


class Likely:
    """A failure that rests on what is not known: an exemption, or what the format of a file cannot carry."""

    __slots__ = ("unknowns",)

    def __init__(self, unknowns: tuple[Unknown, ...]) -> None:
        self.unknowns = unknowns


def presumed(env: Env, path: str, owner: Any, unknown: Unknown) -> Any:
    """What counts as the value of a fact that is not known: what may be presumed of it, else the unknown itself."""
    return owner.presumed(path.rpartition(".")[2], unknown) if path in env.get(PRESUMED, ()) else unknown


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def either(first: Severity | Choice, ordinary: Severity | Choice, unknowns: tuple[Unknown, ...]) -> Severity | Choice:
    """The one severity or the other, which `unknowns` decide; what an expression names last is the ordinary case."""
    sides = [side if isinstance(side, Choice) else Choice(side, frozenset({side}), ()) for side in (first, ordinary)]
    severities = sides[0].severities | sides[1].severities
    if len(severities) == 1:
        return sides[1].ordinary
    return Choice(sides[1].ordinary, severities, (*unknowns, *sides[0].unknowns, *sides[1].unknowns))


def _bounds(value: Any) -> tuple[float, float]:
    return (value.lo, value.hi) if value.__class__ is Range else (value, value)


def compare(symbol: str, left: Any, right: Any) -> Any:
    for value in (left, right):
        if value.__class__ is Unknown:
            return value
    if left.__class__ is not Range and right.__class__ is not Range:
        return COMPARE[symbol](left, right)
    unknown = (left if left.__class__ is Range else right).unknown
    (low, high), (other_low, other_high) = _bounds(left), _bounds(right)
    if symbol in (">", ">="):
        return compare("<" if symbol == ">" else "<=", right, left)
    if symbol == "<":
        return True if high < other_low else False if low >= other_high else unknown
    if symbol == "<=":
        return True if high <= other_low else False if low > other_high else unknown
    same = False if high < other_low or other_high < low else True if low == high == other_low == other_high else unknown
    return same if symbol == "==" or same is unknown else not same


def add(left: Any, right: Any, sign: int) -> Any:
    for value in (left, right):
        if value.__class__ is Unknown:
            return value
    if left.__class__ is Range or right.__class__ is Range:
        (low, high), (other_low, other_high) = _bounds(left), _bounds(right)
        unknown = (left if left.__class__ is Range else right).unknown
        return Range(low + other_low, high + other_high, unknown) if sign > 0 else Range(low - other_high, high - other_low, unknown)
    return left + right if sign > 0 else left - right


def contains(needle: Any, hay: Any) -> Any:
    if hay.__class__ is Unknown:
        return hay
    if hay.__class__ is str:
        return needle if needle.__class__ is Unknown else needle in hay
    values, missing = (hay.known(), hay.unknown) if hay.__class__ is Partial else (hay, None)
    if needle.__class__ is Unknown:
        return needle if len(values) or missing is not None else False
    for value in values:
        if value.__class__ is Unknown:
            missing = value if missing is None else missing
        elif value == needle:
            return True
    return False if missing is None else missing


def size(value: Any) -> Any:
    if value.__class__ is Unknown:
        return value
    return Range(len(value.known()), INFINITE, value.unknown) if value.__class__ is Partial else len(value)


INFINITE = math.inf
MOST_ELEMENTS = 60  # each finding has the whole list: what a registration says of n of them grows with n squared
TOO_MANY = Unknown("elements", "too many")


def few(values: Any) -> Any:
    """The list, unless it is longer than one that is written out may be."""
    if len(values) > MOST_ELEMENTS:
        raise Unread(TOO_MANY)
    return values


# -- called by compiled code


def decided(value: Any) -> Any:
    """What the three-valued form of a loop comes to, for plain Python: what is not known raises Unread."""
    gap = value if value.__class__ is Unknown else value.unknown if value.__class__ is Range else None
    if gap is not None:
        raise Unread(gap)
    return value


def days(number: Any) -> timedelta:
    """A duration; beyond what dates can differ by, the largest."""
    return timedelta(days=max(-4_000_000, min(4_000_000, int(number))))


def days_or_unknown(number: Any) -> Any:
    """The duration of a number of days, of which perhaps only bounds are known."""
    return number.unknown if number.__class__ is Range else days(number)


def has(needle: Any, hay: str) -> bool:
    """`needle in hay` for texts; an unknown needle raises Unread instead of TypeError."""
    if needle.__class__ is Unknown:
        raise Unread(needle)
    return needle in hay


class Glob:
    """`*` stands for any run of characters, everything else for itself, over the whole text, in linear time."""

    def __init__(self, pattern: str) -> None:
        first, *rest = pattern.split("*")
        self.first, self.last = first, rest[-1] if rest else None
        self.middle = rest[:-1]

    def __call__(self, text: Any) -> bool:
        if text.__class__ is Unknown:
            raise Unread(text)
        if self.last is None:
            return bool(text == self.first)
        if len(text) < len(self.first) + len(self.last) or not text.startswith(self.first) or not text.endswith(self.last):
            return False
        at, stop = len(self.first), len(text) - len(self.last)
        for part in self.middle:
            at = text.find(part, at, stop)
            if at < 0:
                return False
            at += len(part)
        return True


def matches(text: str, pattern: str) -> bool:
    """Whether a text is as a pattern with `*` says."""
    return Glob(pattern)(text)


def later(now: datetime, length: timedelta) -> datetime:
    """At the end of the calendar, the last day of it."""
    try:
        return now + length
    except OverflowError:
        return datetime.max.replace(tzinfo=now.tzinfo)


BUILTINS: dict[str, Any] = {
    "__builtins__": {},
    "_any": any, "_all": all, "_len": len, "_days": days, "_Unread": Unread, "_Exception": Exception,
    "_list": list, "_has": has, "_Glob": Glob, "_known": known, "_is_long": is_long, "_few": few,
    **{f"_{severity}": severity for severity in Severity},
    # of messages and fixes
    "_show": show, "_later": later, "_written": written, **{f"_way_{way}": way for way in Way},
}  # fmt: skip
