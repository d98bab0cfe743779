"""Rules in three values as JSON, and made again of it: what a wheel holds of them, so that no page need be checked (`scripts/prepare.py`).

What is no value of JSON is an object with one member: the name of what makes it, and what it is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec.structs import astuple

from auditor.language import exact, logic
from auditor.language.exact import ExactChecks, ExactRows
from auditor.language.lookup import Plan
from auditor.severity import Severity
from auditor.template import Way

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "lower": str.lower, "startswith": str.startswith, "endswith": str.endswith, "days": logic.days_or_unknown, "matches": logic.matches,
}  # fmt: skip
_MAKERS: dict[str, Callable[..., Any]] = {
    "function": _FUNCTIONS.__getitem__,
    "tuple": lambda *items: items,
    "set": lambda *items: frozenset(items),
    "dict": lambda *items: dict(items),
    "severity": Severity,
    "way": Way,
    "plan": Plan,
    "checks": ExactChecks,
    "rows": ExactRows,
    **{
        make.__name__: make
        for make in (
            exact.constant, exact.local, exact.fact, exact.lift, exact.size, exact.add, exact.later, exact.conjunction, exact.disjunction,
            exact.negation, exact.compare, exact.null_check, exact.contains, exact.choose, exact.elements, exact.quantify, exact.looked_up,
        )
    },
}  # fmt: skip


def made(stored: Any) -> Any:
    """What was stored, made again."""
    if stored.__class__ is dict:
        ((name, given),) = stored.items()
        return _MAKERS[name](*map(made, given))
    return [made(item) for item in stored] if stored.__class__ is list else stored


def stored(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, Severity):
        return {"severity": [str(value)]}
    if isinstance(value, Way):
        return {"way": [str(value)]}
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, list):
        return [stored(item) for item in value]
    if isinstance(value, Plan):
        return _object("plan", (value.variable, value.keys, value.given, value.unequal))
    if isinstance(value, (ExactChecks, ExactRows)):
        return _object("checks" if isinstance(value, ExactChecks) else "rows", astuple(value))
    if isinstance(value, tuple):
        return _object("tuple", value)
    if isinstance(value, frozenset):
        return _object("set", sorted(value))
    if isinstance(value, dict):
        return _object("dict", value.items())
    if value in _names():
        return {"function": [_names()[value]]}
    making = exact.making(value)
    assert _MAKERS[making.function.__name__] is making.function
    return _object(making.function.__name__, making.given)


def _object(name: str, given: Any) -> dict[str, Any]:
    return {name: [stored(item) for item in given]}


@cache
def _names() -> dict[Callable[..., Any], str]:
    return {function: name for name, function in _FUNCTIONS.items()}
