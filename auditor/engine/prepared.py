"""Rules of which the installed package holds the code, made when the wheel was built (`scripts/prepare.py`).

A checkout has none, and reads its pages anew. Prepared are the rules as they are shipped, in two variants: for a run that reads
registrations and nothing else (the lone manifest of a hook), and for one in which all that the rule reads can be known. A rule of which
a run knows something between is checked and compiled as it is met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.engine.functions import CHECKS
from auditor.entra.collections import SHIPPED
from auditor.language.logic import Env
from auditor.rulebook import Rule
from auditor.rulebook.book import shipped_rule
from auditor.rulebook.prepared import line
from auditor.severity import Severity
from auditor.startup import prepared
from auditor.template import Template
from auditor.unknown import Unavailable, Unknown

if TYPE_CHECKING:
    from auditor.engine.compiled import CompiledRule
    from auditor.language.exact import ExactChecks, ExactRows


LONE, KNOWN = "checks", "known"  # modules of checks: for registrations alone, and where nothing that a rule reads is unavailable


class Answers(msgspec.Struct, frozen=True):
    """What the engine asks of a rule before it finds anything. `levels`: the severities that are possible, the worst last."""

    place: str
    property_fact: str
    levels: list[Severity]
    may_be_likely: bool
    unknown: Unknown | None


def ready(rule: Rule, unavailable: Unavailable) -> CompiledRule | PreparedRule:
    """The rule, prepared or compiled. Raises RuleError with the page's line."""
    variant = _variant(rule, unavailable)
    if variant is not None:
        return PreparedRule(rule, variant, Answers(*_module(variant, rule.root).ANSWERS[rule.id]))
    from auditor.engine.compiled import compiled

    return compiled(rule, unavailable)


def _variant(rule: Rule, unavailable: Unavailable) -> str | None:
    """The modules that have the rule for what a run cannot know: LONE or KNOWN; None where none has."""
    index = prepared("lines")
    if index is None or rule is not shipped_rule(rule.id):
        return None
    if unavailable.key == index.UNAVAILABLE:
        return LONE
    facts, unknown = _made("reads").FACTS[rule.id]
    own = unavailable.of(facts)
    if own == unknown:
        return LONE
    return KNOWN if not own and rule.id in _module(KNOWN, rule.root).ANSWERS else None


def collections(rules: Iterable[Rule]) -> set[str]:
    """The tenant's collections that decide what these rules say. Raises RuleError with the page's line."""
    return {need.rstrip("*") for rule in rules for need in _needs(rule)} - {SHIPPED.name}


def _needs(rule: Rule) -> Iterable[str]:
    if prepared("lines") is not None and rule is shipped_rule(rule.id):
        needs: Iterable[str] = _made("reads").NEEDS[rule.id]
        return needs
    from auditor.engine.compiled import compiled

    return compiled(rule).collections()


class PreparedRule:
    """A rule whose page says what the shipped one says."""

    has_code = True

    def __init__(self, rule: Rule, variant: str, answers: Answers) -> None:
        self.rule, self._variant = rule, variant
        self.place, self.property_fact, self.levels = answers.place, answers.property_fact, answers.levels
        self.may_be_likely, self.unknown = answers.may_be_likely, answers.unknown

    @cached_property
    def exact_checks(self) -> ExactChecks:
        found: ExactChecks | None = _stored(self.rule.id, KNOWN) if self._variant == KNOWN else None
        return found or self._lone_checks

    @cached_property
    def _lone_checks(self) -> ExactChecks:
        checks: ExactChecks = _stored(self.rule.id, "checks")
        return checks

    @cached_property
    def exact_rows(self) -> ExactRows:
        rows: ExactRows = _stored(self.rule.id, "rows")
        return rows

    @cached_property
    def template(self) -> Template:
        return msgspec.json.decode(line(self.rule.id, "template") or b"", type=Template)

    def functions(self, name: str, env: Env) -> dict[str, Callable[..., Any] | None]:
        """A function of the fast pass, and those that are made with it."""

        def checks() -> ExactChecks:
            return self.exact_checks if name in CHECKS else self._lone_checks  # rows are the same in both variants

        def late(constant: str) -> Callable[..., Any]:
            """A loop over a long list, which looks up what it compares."""
            return lambda local: checks().late[constant](env)(local)

        module = _module(self._variant, self.rule.root) if name in CHECKS else _module("rows", self.rule.area)
        made: dict[str, Callable[..., Any] | None] = module.FUNCTIONS[self.rule.id](_late=late, _unknown=self.unknown, **env)
        return made


def _made(module: str) -> ModuleType:
    """A module of a package that has them."""
    found = prepared(module)
    assert found is not None
    return found


@cache
def _module(kind: str, of: str) -> ModuleType:
    """The functions of rules on one kind of root, or of one area: a run needs those of few."""
    return _made(f"{kind}_{of.replace('-', '_')}")


def _stored(rule: str, what: str) -> Any:
    """A rule in three values."""
    from auditor.language.stored import made

    return made(msgspec.json.decode(line(rule, what) or b""))
