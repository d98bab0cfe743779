"""Expressions in three-valued logic: closures, each made by one of the functions here, which gives the value in an environment.

A closure knows how it was made (`Making`), so that a wheel can have the source that makes it again (`scripts/prepare.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from msgspec import Struct

from auditor.display import show
from auditor.facts.lists import is_long
from auditor.language import logic
from auditor.language.logic import Choice, Env, Exact, Range
from auditor.severity import Severity
from auditor.template import Way, written
from auditor.unknown import Partial, Unknown

if TYPE_CHECKING:
    from auditor.language.lookup import Plan

P = ParamSpec("P")


class Making(Struct, frozen=True):
    """A closure: the function that made it, and of what."""

    function: Callable[..., Exact]
    given: tuple[Any, ...]


def making(exact: Exact) -> Making:
    """How a closure was made."""
    made: Making = cast("Any", exact).made
    return made


def _making(function: Callable[P, Exact]) -> Callable[P, Exact]:
    @wraps(function)
    def make(*given: P.args, **named: P.kwargs) -> Exact:
        exact = function(*given, **named)
        assert not named, "what makes it again is written by place"
        cast("Any", exact).made = Making(make, given)
        return exact

    return make


# -- values


@_making
def constant(value: Any) -> Exact:
    return lambda env: value


@_making
def local(name: str) -> Exact:
    """What has a name in the environment."""
    return lambda env: env[name]


@_making
def fact(owner: Exact, name: str, path: str) -> Exact:
    """A fact; `path` is that by which a page names it ("app.redirect_uris")."""

    def run(env: Env) -> Any:
        value = owner(env)
        if value.__class__ is Unknown:
            return value
        found = getattr(value, name)
        return logic.presumed(env, path, value, found) if found.__class__ is Unknown else found

    return run


@_making
def lift(function: Callable[..., Any], *parts: Exact) -> Exact:
    """A function of known values; an unknown argument is the result."""

    def run(env: Env) -> Any:
        values = [part(env) for part in parts]
        for value in values:
            if value.__class__ is Unknown:
                return value
        return function(*values)

    return run


@_making
def size(value: Exact) -> Exact:
    return lambda env: logic.size(value(env))


@_making
def add(left: Exact, right: Exact, sign: int) -> Exact:
    return lambda env: logic.add(left(env), right(env), sign)


@_making
def later(duration: Exact) -> Exact:
    """The day that comes so much later than now."""

    def run(env: Env) -> Any:
        length = duration(env)
        return length if length.__class__ is Unknown else logic.later(env["now"], length)

    return run


# -- conditions


@_making
def conjunction(parts: list[Exact]) -> Exact:
    def run(env: Env) -> Any:
        unknown = None
        for part in parts:
            value = part(env)
            if value is False:
                return False
            if unknown is None and value.__class__ is Unknown:
                unknown = value
        return True if unknown is None else unknown

    return run


@_making
def disjunction(parts: list[Exact]) -> Exact:
    def run(env: Env) -> Any:
        unknown = None
        for part in parts:
            value = part(env)
            if value is True:
                return True
            if unknown is None and value.__class__ is Unknown:
                unknown = value
        return False if unknown is None else unknown

    return run


@_making
def negation(part: Exact) -> Exact:
    def run(env: Env) -> Any:
        value = part(env)
        return value if value.__class__ is Unknown else not value

    return run


def unknowns(condition: Exact, env: Env) -> tuple[Unknown, ...]:
    """All that is not known and keeps a condition undecided, where its value names the first."""
    value = condition(env)
    if not isinstance(value, Unknown):
        return ()
    made = making(condition)
    terms = made.given[0] if made.function in (conjunction, disjunction) else made.given if made.function is negation else ()
    found = (unknown for term in terms for unknown in unknowns(term, env))
    return tuple({unknown.key: unknown for unknown in found}.values()) or (value,)


@_making
def compare(symbol: str, left: Exact, right: Exact) -> Exact:
    return lambda env: logic.compare(symbol, left(env), right(env))


@_making
def null_check(value: Exact, is_null: bool) -> Exact:
    """Whether a value is null, or is not."""

    def run(env: Env) -> Any:
        found = value(env)
        return found if found.__class__ is Unknown else (found is None) == is_null

    return run


@_making
def contains(needle: Exact, hay: Exact) -> Exact:
    return lambda env: logic.contains(needle(env), hay(env))


@_making
def choose(test: Exact, body: Exact, other: Exact, is_severity: bool) -> Exact:
    """`body if test else other`; of severities an unknown test gives what either may be."""

    def run(env: Env) -> Any:
        which = test(env)
        if which.__class__ is not Unknown:
            return (body if which else other)(env)
        return logic.either(body(env), other(env), unknowns(test, env)) if is_severity else which

    return run


# -- loops


@_making
def elements(over: Exact, conditions: Exact, body: Exact, name: str) -> Exact:
    """What a loop says of each element to which its conditions apply; unknown as a whole where a part is."""

    def run(env: Env) -> Any:
        values = over(env)
        if values.__class__ is Unknown:
            return values
        if values.__class__ is Partial:
            return values.unknown
        if len(values) > logic.MOST_ELEMENTS:
            return logic.TOO_MANY
        found = []
        for value in values:
            env[name] = value
            applies = conditions(env)
            said = body(env) if applies is True else applies
            if said.__class__ is Unknown:
                return said
            if applies is True:
                found.append(said)
        return found

    return run


@_making
def quantify(
    kind: str, over: Exact, conditions: Exact, body: Exact, name: str, plan: Plan | None = None, enough: int | None = None
) -> Exact:
    """any, all or count over a list of which a part may be unknown. A count stops at what is `enough`; of a long list only those
    elements are looked at that a plan finds.
    """

    def run(env: Env) -> Any:
        values = over(env)
        if values.__class__ is Unknown:
            return values
        known, missing = (values.known(), values.unknown) if values.__class__ is Partial else (values, None)
        if plan is None or not is_long(values):
            return looped(known, missing, env)
        return plan.run(values, known, env, lambda candidates: looped(candidates, missing, env))

    def looped(values: Iterable[Any], missing: Unknown | None, env: Env) -> Any:
        low, high = 0.0, 0.0 if missing is None else logic.INFINITE
        for value in values:
            env[name] = value
            applies = conditions(env)
            if applies is False:
                continue
            holds = body(env)
            sure = applies is True
            if kind == "any" and sure and holds is True:
                return True
            if kind == "all" and sure and holds is False:
                return False
            if holds is (kind == "all"):
                continue
            if kind == "count":
                high += 1
                low += sure and holds is True
                if enough is not None and low >= enough:
                    return int(low)
            if missing is None and not (sure and holds.__class__ is bool):
                missing = applies if applies.__class__ is Unknown else holds
        if kind == "count":
            return int(low) if missing is None or low == high else Range(low, high, missing)
        return (kind == "all") if missing is None else missing

    return run


@_making
def looked_up(loop: Exact) -> Exact:
    """A loop for compiled code: a function of the names that it speaks of besides those of the run. What is not known raises Unread."""
    return lambda run: lambda names: logic.decided(loop({**run, **names}))


# -- a rule


class ExactChecks(Struct, frozen=True):
    """What decides a verdict. `given` is all that says whether a subject is one that the rule is about, `outer` the part of it that
    does not speak of the subject, `about` the page's own `given`. `guards` may be null on the path of `each`, and then there is nothing.
    `presumed`: paths of what a rule presumes to be empty or null. `late`: loops over long lists, by the name that compiled code gives them.
    """

    require: Exact
    given: Exact | None
    outer: Exact | None
    about: Exact | None
    unless: Exact | None
    each: Exact | None
    guards: tuple[Exact, ...]
    presumed: frozenset[str]
    late: dict[str, Exact]

    def unknowns(self, env: Env) -> tuple[Unknown, ...]:
        """All that keeps the rule undecided."""
        parts = [part for part in (self.unless, self.about, self.require) if part is not None]
        return tuple({one.key: one for part in parts for one in unknowns(part, env)}.values())

    def fails_if_presumed(self, env: Env) -> bool:
        """Whether a subject fails where lists that its format cannot carry are empty, and an exemption that is not known does not hold."""
        env = {**env, logic.PRESUMED: self.presumed}
        if self.about is not None and self.about(env) is not True:
            return False
        if self.unless is not None and self.unless(env) is True:
            return False
        return self.require(env) is False


class ExactRows(Struct, frozen=True):
    """What a row says: the severity, the message as texts and (fact, format), the facts that it names besides the subject, and by its
    place in the fix what that takes from the subject: (fact, way, format).
    """

    severity: Exact
    message: list[str | tuple[Exact, str]]
    named: list[Exact]
    values: dict[str, tuple[Exact, Way, str]]

    def severity_of(self, env: Env) -> Severity | Choice:
        found: Severity | Choice = self.severity(env)
        return found

    def rendered(self, env: Env) -> str:
        """The message; what is unknown reads "unknown"."""
        return "".join(part if isinstance(part, str) else show(part[0](env), part[1]) for part in self.message)

    def values_of(self, env: Env) -> dict[str, str]:
        """The values of the fix, as far as they are known."""
        found = {key: written(fact(env), way, form) for key, (fact, way, form) in self.values.items()}
        return {key: value for key, value in found.items() if value is not None}
