"""Rules of which the installed package holds the code, made when the wheel was built (`scripts/prepare.py`).

A checkout has none, and reads its pages anew. Prepared are the rules as they are shipped, for what a run cannot know that reads
registrations and nothing else: the lone manifest of a hook. Everything else is checked and compiled as it is met.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.engine.functions import CHECKS
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


class Answers(msgspec.Struct, frozen=True):
    """What the engine asks of a rule before it finds anything. `levels`: the severities that are possible, the worst last."""

    place: str
    property_fact: str
    levels: list[Severity]
    may_be_likely: bool
    unknown: Unknown | None


def ready(rule: Rule, unavailable: Unavailable) -> CompiledRule | PreparedRule:
    """The rule, prepared or compiled. Raises RuleError with the page's line."""
    index = prepared("lines")
    if index is not None and rule is shipped_rule(rule.id) and unavailable.key == index.UNAVAILABLE:
        return PreparedRule(rule, Answers(*_module("checks", rule.root).ANSWERS[rule.id]))
    from auditor.engine.compiled import compiled

    return compiled(rule, unavailable)


class PreparedRule:
    """A rule whose page says what the shipped one says."""

    has_code = True

    def __init__(self, rule: Rule, answers: Answers) -> None:
        self.rule = rule
        self.place, self.property_fact, self.levels = answers.place, answers.property_fact, answers.levels
        self.may_be_likely, self.unknown = answers.may_be_likely, answers.unknown

    @cached_property
    def exact_checks(self) -> ExactChecks:
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

        def late(constant: str) -> Callable[..., Any]:
            """A loop over a long list, which looks up what it compares."""
            return lambda local: self.exact_checks.late[constant](env)(local)

        module = _module("checks", self.rule.root) if name in CHECKS else _module("rows", self.rule.area)
        made: dict[str, Callable[..., Any] | None] = module.FUNCTIONS[self.rule.id](_late=late, _unknown=self.unknown, **env)
        return made


@cache
def _module(kind: str, of: str) -> ModuleType:
    """The functions of rules on one kind of root, or of one area: a run needs those of few."""
    found = prepared(f"{kind}_{of.replace('-', '_')}")
    assert found is not None
    return found


def _stored(rule: str, what: str) -> Any:
    """A rule in three values."""
    from auditor.language.stored import made

    return made(msgspec.json.decode(line(rule, what) or b""))
